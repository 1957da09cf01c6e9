"""A visitor's data as HTML: what was found, the rows as they are read, the cells that come out, what is left out."""

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from markupsafe import Markup

from socrates_core.report.markup import joined, markup
from socrates_core.study.question import question_of
from socrates_core.study.sources.table.map.look import LOOKED_AT
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Cell, StudySet
from socrates_core.ui.access.uploads import LARGEST, READ
from socrates_core.ui.html import about_columns, table
from socrates_core.ui.your_data.work import OwnData, short

ROWS: Final = 10
"""People shown."""
MOST_CELLS: Final = 80
MOST_COLUMNS: Final = 12

WAITING: Final = markup(
    "<section class='verdict waiting'><h2>Predicted against actual</h2><p class='quiet'>Choose a file, look at what "
    "its columns were taken for, and press <b>Use this study</b>.</p></section>"
)
EMPTY: Final = markup(
    "<div class='empty'><p>Here you will see your rows as they are read, and what is left out.</p></div>"
)
STALE: Final = markup(
    "<p class='stale' role='status'>The columns have changed. <b>Use this study</b> reads them anew.</p>"
)


def intro_html(space: bool) -> Markup:
    """What the tab does, and where the data goes."""
    return markup(
        "<div class='empty'><p><b>Bring a survey file, see predicted against actual answers.</b></p>"
        "<p>{{ kinds }} (also packed with gzip), up to {{ largest }} MB, with a row a person or a row an answer. "
        "The file goes to {{ where }} and nowhere else; it stays in a temporary folder of this page, no other page "
        "shows it, and it is deleted when this one is closed or another file is chosen. Columns that are left out are "
        "not kept. A data set of the Hugging Face Hub is fetched into the same folder.</p></div>",
        kinds=", ".join((*dict.fromkeys(READ.values()), "Qualtrics")), largest=f"{LARGEST / 1024**2:.0f}",
        where="this Space's server" if space else "the machine on which this app runs",
    )  # fmt: skip


def found_html(own: OwnData) -> Markup:
    """The file, and how many columns were taken for what."""
    guesses = own.proposal.guesses
    checks = sum(bool(guess.checks) for guess in guesses)
    rows = max((guess.look.rows for guess in guesses), default=0)
    kind = "a row an answer" if own.proposal.long else "a row a person"
    more = rows == LOOKED_AT or len(own.upload.files) > 1
    size = f"{rows:,}{' or more' * more} rows, {len(guesses):,} columns, {kind}"
    return markup(
        "<p class='found' role='status'><b>{{ name }}</b>: {{ size }}."
        "{% if checks %} <b>{{ checks }} to check</b> before you believe a number.{% endif %}</p>",
        name=own.upload.name, size=size, checks=checks,
    )  # fmt: skip


def preview_html(own: OwnData) -> Markup:
    """The cells that come out, ten rows as they are read, and what is left out with the reasons."""
    studies = own.studies
    if studies is None:
        return EMPTY
    people = studies.responses["participant_id"].n_unique()
    conditions = studies.cells.select("study_id", "condition_num").n_unique()
    size = f"{people:,} people, {len(studies.responses):,} answers, {conditions} condition{'s' * (conditions != 1)}"
    warnings = (
        about_columns(markup("<p class='warning'>{{ told }}.</p>", told=told), columns) for columns, told in own.beyond
    )
    return markup(
        "<p class='ready' role='status'>{{ size }}.</p>{{ warnings }}{{ cells }}{{ people }}{{ left_out }}"
        "{% if notes %}<h3>What was assumed</h3>"
        "<ul class='quiet'>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}",
        size=size, warnings=joined(warnings), cells=_cells(studies), people=_people(studies),
        left_out=_left_out(own), notes=studies.manifest.notes,
    )  # fmt: skip


def _cells(studies: StudySet) -> Markup:
    """Condition × outcome with n and mean."""
    head = markup(
        "<th scope='col' class='asked'>Outcome</th><th scope='col'>Condition</th><th scope='col' class='num'>Answers"
        "</th><th scope='col' class='num'>Mean{% if weighted %} (unweighted){% endif %}</th>",
        weighted=studies.participants["weight"].null_count() < len(studies.participants),
    )
    ordered = sorted(_every_cell(studies), key=lambda cell: (cell.study_id, cell.task_num, cell.condition_num))
    rows = [_cell_row(studies, cell) for cell in ordered[:MOST_CELLS]]
    more = len(ordered) - MOST_CELLS
    return markup(
        "<h3>What comes out</h3>{{ drawn }}{% if more %}<p class='quiet'>and {{ more }} more cells</p>{% endif %}",
        drawn=table("Answers by outcome and condition", head, rows), more=f"{more:,}" if more > 0 else "",
    )  # fmt: skip


def _every_cell(studies: StudySet) -> Sequence[Cell]:
    return list(itertools.chain.from_iterable(map(studies.cells_of, studies.study_ids)))


def _cell_row(studies: StudySet, cell: Cell) -> Markup:
    """Answers on the scale, how many others there are, and the mean."""
    found = studies.answers(cell.cell_id)
    kept = found.responses[found.on_scale & ~np.isin(found.responses, list(cell.scale.off_axis))]
    off = len(found.responses) - len(kept)
    mean = "no order" if cell.scale.nominal else f"{kept.mean() * cell.scale.unit:.3f}" if len(kept) else "–"
    return markup(
        "<tr><td>{{ question }}</td><th scope='row'>{{ condition }}</th><td class='num'>{{ n }}"
        "{% if off %}<small>{{ off }} off the scale</small>{% endif %}</td><td class='num'>{{ mean }}</td></tr>",
        question=short(question_of(cell)), condition=short(cell.condition_label), n=f"{len(kept):,}",
        off=f"{off:,}" if off else "", mean=mean,
    )  # fmt: skip


def _people(studies: StudySet) -> Markup:
    """The first people with what is known of them, and their answers."""
    people = studies.participants_of(studies.study_ids[0]).head(ROWS)
    names = [name for name in people.columns if name not in PARTICIPANTS_SCHEMA][:MOST_COLUMNS]
    weight = ["weight"] if people["weight"].null_count() < len(people) else []
    cells = {cell.cell_id: cell for cell in _every_cell(studies)}
    answers = studies.responses.filter(pl.col("participant_id").is_in(people["participant_id"].implode()))
    asked = sorted({cells[one].task_num for one in answers["cell_id"]})[:MOST_COLUMNS]
    titles = {task: next(short(question_of(c)) for c in cells.values() if c.task_num == task) for task in asked}
    head = markup(
        "{% for name in names %}<th scope='col'>{{ name }}</th>{% endfor %}"
        "{% for title in titles %}<th scope='col' class='asked'>{{ title }}</th>{% endfor %}",
        names=("Person", "Condition", *names, *weight), titles=titles.values(),
    )  # fmt: skip
    rows = []
    for person in people.iter_rows(named=True):
        own = answers.filter(pl.col("participant_id") == person["participant_id"])
        given = [(cells[cell_id], value) for cell_id, value in own.select("cell_id", "response").iter_rows()]
        arms = ", ".join(dict.fromkeys(short(cell.condition_label) for cell, _ in given))
        told = [person["participant"], arms, *(person[name] for name in (*names, *weight))]
        told += ["; ".join(_answer(cell, value) for cell, value in given if cell.task_num == task) for task in asked]
        cut = ["" if value is None else short(str(value)) for value in told]
        rows.append(markup("<tr>{% for value in cut %}<td>{{ value }}</td>{% endfor %}</tr>", cut=cut))
    return markup(
        "<h3>The first {{ n }} people, as they are read</h3>{{ drawn }}",
        n=len(rows), drawn=table("People as they are read", head, rows),
    )  # fmt: skip


def _answer(cell: Cell, value: int) -> str:
    label = cell.scale.texts.get(value)
    return f"{cell.scale.written(value)} {label}" if label else cell.scale.written(value)


def _left_out(own: OwnData) -> Markup:
    form = own.form
    left = set() if form is None else set(form.leave_out)
    reasons = [
        (short(one.name), one.reason if one.role == "left out" else "you left it out")
        for one in own.proposal.guesses
        if one.name in left
    ]
    return markup(
        "{% if reasons %}<details class='fold'><summary>"
        "{% if reasons | length == 1 %}1 column is{% else %}{{ reasons | length }} columns are{% endif %} left out"
        "</summary><ul>{% for name, why in reasons %}<li><b>{{ name }}</b>: {{ why }}</li>{% endfor %}</ul></details>"
        "{% endif %}",
        reasons=reasons,
    )


def keep_html(own: OwnData) -> Markup:
    """Buttons that save the map and the files of a result."""
    return markup(
        "<div class='keep'><h3>Save this result</h3><p class='files'>"
        "<button type='button' data-file='csv'>CSV of the shares</button>"
        "<button type='button' data-file='html'>HTML report</button>"
        "<button type='button' data-file='json'>JSON for reproduction</button></p><p class='quiet'>The report holds "
        "shares and figures of your data; JSON also has the profiles of the simulated people. With the map, the "
        "command line gives the same study: <code>python -m train.prepare --source {{ source }} --map "
        "map.yaml --out FOLDER</code></p></div>",
        source=own.upload.source,
    )
