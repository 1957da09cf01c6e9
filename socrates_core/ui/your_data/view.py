"""A visitor's data as HTML: what was found, the rows as they are read, the cells that come out, what is left out."""

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from socrates_core.study.question import question_of
from socrates_core.study.sources.table.map.look import LOOKED_AT
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Cell, StudySet
from socrates_core.ui.access.uploads import LARGEST, READ
from socrates_core.ui.html import about_columns, table, text
from socrates_core.ui.your_data.work import OwnData, short

ROWS: Final = 10
"""People shown."""
MOST_CELLS: Final = 80
MOST_COLUMNS: Final = 12

WAITING: Final = (
    "<section class='verdict waiting'><h2>Predicted against actual</h2><p class='quiet'>Choose a file, look at what "
    "its columns were taken for, and press <b>Use this study</b>.</p></section>"
)
EMPTY: Final = "<div class='empty'><p>Here you will see your rows as they are read, and what is left out.</p></div>"
STALE: Final = "<p class='stale' role='status'>The columns have changed. <b>Use this study</b> reads them anew.</p>"


def intro_html(space: bool) -> str:
    """What the tab does, and where the data goes."""
    where = "to this Space's server" if space else "to the machine on which this app runs"
    kinds = ", ".join((*dict.fromkeys(READ.values()), "Qualtrics"))
    return (
        "<div class='empty'><p><b>Bring a survey file, see predicted against actual answers.</b></p>"
        f"<p>{text(kinds)} (also packed with gzip), up to {LARGEST / 1024**2:.0f} MB, with a row a person or a row an "
        f"answer. The file goes {where} and nowhere else; it stays in a temporary folder of this page, no other page "
        "shows it, and it is deleted when this one is closed or another file is chosen. Columns that are left out are "
        "not kept. A data set of the Hugging Face Hub is fetched into the same folder.</p></div>"
    )


def found_html(own: OwnData) -> str:
    """The file, and how many columns were taken for what."""
    guesses = own.proposal.guesses
    checks = sum(bool(guess.checks) for guess in guesses)
    rows = max((guess.look.rows for guess in guesses), default=0)
    kind = "a row an answer" if own.proposal.long else "a row a person"
    look = f" <b>{checks} to check</b> before you believe a number." if checks else ""
    more = rows == LOOKED_AT or len(own.upload.files) > 1
    size = f"{rows:,}{' or more' * more} rows, {len(guesses):,} columns, {kind}"
    return f"<p class='found' role='status'><b>{text(own.upload.name)}</b>: {size}.{look}</p>"


def preview_html(own: OwnData) -> str:
    """The cells that come out, ten rows as they are read, and what is left out with the reasons."""
    studies = own.studies
    if studies is None:
        return EMPTY
    people = studies.responses["participant_id"].n_unique()
    conditions = studies.cells.select("study_id", "condition_num").n_unique()
    head = (
        f"<p class='ready' role='status'>{people:,} people, {len(studies.responses):,} answers, {conditions} "
        f"condition{'s' * (conditions != 1)}.</p>"
    )
    head += "".join(about_columns(f"<p class='warning'>{text(told)}.</p>", columns) for columns, told in own.beyond)
    notes = "".join(f"<li>{text(note)}</li>" for note in studies.manifest.notes)
    said = f"<h3>What was assumed</h3><ul class='quiet'>{notes}</ul>" if notes else ""
    return f"{head}{_cells(studies)}{_people(studies)}{_left_out(own)}{said}"


def _cells(studies: StudySet) -> str:
    """Condition × outcome with n and mean."""
    weighted = studies.participants["weight"].null_count() < len(studies.participants)
    head = "<th scope='col' class='asked'>Outcome</th><th scope='col'>Condition</th>"
    mean = "Mean (unweighted)" if weighted else "Mean"
    head += f"<th scope='col' class='num'>Answers</th><th scope='col' class='num'>{mean}</th>"
    rows = []
    ordered = sorted(_every_cell(studies), key=lambda cell: (cell.study_id, cell.task_num, cell.condition_num))
    for cell in ordered[:MOST_CELLS]:
        n, mean, off = _figures(studies, cell)
        rows.append(
            f"<tr><td>{text(short(question_of(cell)))}</td><th scope='row'>{text(short(cell.condition_label))}</th>"
            f"<td class='num'>{n:,}{off}</td><td class='num'>{mean}</td></tr>"
        )
    more = len(ordered) - MOST_CELLS
    rest = f"<p class='quiet'>and {more:,} more cells</p>" if more > 0 else ""
    return f"<h3>What comes out</h3>{table('Answers by outcome and condition', head, rows)}{rest}"


def _every_cell(studies: StudySet) -> Sequence[Cell]:
    return list(itertools.chain.from_iterable(map(studies.cells_of, studies.study_ids)))


def _figures(studies: StudySet, cell: Cell) -> tuple[int, str, str]:
    """Answers on the scale, their mean in words, and how many others there are."""
    found = studies.answers(cell.cell_id)
    kept = found.responses[found.on_scale & ~np.isin(found.responses, list(cell.scale.off_axis))]
    off = len(found.responses) - len(kept)
    mean = "no order" if cell.scale.nominal else f"{kept.mean() * cell.scale.unit:.3f}" if len(kept) else "–"
    return len(kept), mean, f"<small>{off:,} off the scale</small>" if off else ""


def _people(studies: StudySet) -> str:
    """The first people with what is known of them, and their answers."""
    people = studies.participants_of(studies.study_ids[0]).head(ROWS)
    names = [name for name in people.columns if name not in PARTICIPANTS_SCHEMA][:MOST_COLUMNS]
    weight = ["weight"] if people["weight"].null_count() < len(people) else []
    cells = {cell.cell_id: cell for cell in _every_cell(studies)}
    answers = studies.responses.filter(pl.col("participant_id").is_in(people["participant_id"].implode()))
    asked = sorted({cells[one].task_num for one in answers["cell_id"]})[:MOST_COLUMNS]
    titles = {task: next(short(question_of(c)) for c in cells.values() if c.task_num == task) for task in asked}
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in ("Person", "Condition", *names, *weight))
    head += "".join(f"<th scope='col' class='asked'>{text(title)}</th>" for title in titles.values())
    rows = []
    for person in people.iter_rows(named=True):
        own = answers.filter(pl.col("participant_id") == person["participant_id"])
        given = [(cells[cell_id], value) for cell_id, value in own.select("cell_id", "response").iter_rows()]
        arms = ", ".join(dict.fromkeys(short(cell.condition_label) for cell, _ in given))
        told = [person["participant"], arms, *(person[name] for name in (*names, *weight))]
        told += ["; ".join(_answer(cell, value) for cell, value in given if cell.task_num == task) for task in asked]
        cut = ("" if value is None else short(str(value)) for value in told)
        rows.append("<tr>" + "".join(f"<td>{text(value)}</td>" for value in cut) + "</tr>")
    return f"<h3>The first {len(rows)} people, as they are read</h3>{table('People as they are read', head, rows)}"


def _answer(cell: Cell, value: int) -> str:
    label = cell.scale.texts.get(value)
    return f"{cell.scale.written(value)} {label}" if label else cell.scale.written(value)


def _left_out(own: OwnData) -> str:
    form = own.form
    left = set() if form is None else set(form.leave_out)
    reasons = [
        f"<li><b>{text(short(one.name))}</b>: {text(one.reason if one.role == 'left out' else 'you left it out')}</li>"
        for one in own.proposal.guesses
        if one.name in left
    ]
    if not reasons:
        return ""
    title = "1 column is left out" if len(reasons) == 1 else f"{len(reasons)} columns are left out"
    return f"<details class='fold'><summary>{title}</summary><ul>{''.join(reasons)}</ul></details>"


def keep_html(own: OwnData) -> str:
    """Buttons that save the map and the files of a result."""
    files = "".join(
        f"<button type='button' data-file='{kind}'>{name}</button>"
        for kind, name in (("csv", "CSV of the shares"), ("html", "HTML report"), ("json", "JSON for reproduction"))
    )
    return (
        f"<div class='keep'><h3>Save this result</h3><p class='files'>{files}</p><p class='quiet'>The report holds "
        "shares and figures of your data; JSON also has the profiles of the simulated people. With the map, the "
        f"command line gives the same study: <code>python -m train.prepare --source {text(own.upload.source)} --map "
        "map.yaml --out FOLDER</code></p></div>"
    )
