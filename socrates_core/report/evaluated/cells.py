"""Every scored cell of an evaluation, folded: its shares as bars, and what people were shown and the model read."""

from typing import Final

from socrates_core.errors import counted
from socrates_core.evaluation.results.rows import CellRow
from socrates_core.evaluation.scores import ScoredCells
from socrates_core.metrics.cell_predictions import CellPredictions, scale_of
from socrates_core.people.edit import attribute_words
from socrates_core.prompt import TEMPLATES, segments
from socrates_core.report.document import Drawing, Folded, Group, Part
from socrates_core.report.evaluation_figures import CellShares, cell_shares
from socrates_core.report.figures import bar_shares, bars_of, with_off_axis
from socrates_core.report.markup import markup
from socrates_core.report.words import number
from socrates_core.study.study_set import Cell

MOST: Final = 3000
"""Cells that can be opened: about 10 MB of a page. Of more, those with the largest W above their noise floor."""

WIDTH: Final = 360
HEIGHT: Final = 80
"""Of the bars, in points."""


def every_cell(scored: ScoredCells, most: int = MOST) -> list[Part]:
    """The scored cells by study, at most so many; each opens to its bars and its prompt."""
    rows = list(scored.metrics.cells)
    note = ""
    if len(rows) > most:
        kept = {row.cell for row in sorted(rows, key=_above_floor, reverse=True)[:most]}
        note = f" Of {len(rows):,} cells, these are the {most:,} furthest above their noise floor."
        rows = [row for row in rows if row.cell in kept]
    titles = {row.study: row.title or row.study for row in scored.metrics.studies}
    by_study: dict[str, list[CellRow]] = {}
    for row in rows:
        by_study.setdefault(row.study, []).append(row)
    template = scored.metrics.provenance.template or ""
    parts: list[Part] = [
        "Open a study, then a cell (in report.html), for the shares of answers, dashed as predicted and solid as given "
        f"by people, and for what was read.{note}"
    ]
    for study, members in sorted(by_study.items()):
        cells = tuple(_cell(scored.cells[row.cell], row, template) for row in members)
        title = titles.get(study, study)
        whose = title if title == study else f"{title} ({study})"
        parts.append(Group(f"{whose}: {counted(len(cells), 'cell')}", cells))
    return parts


def _above_floor(row: CellRow) -> float:
    found = row.scale or row.observed or row.nominal
    return found.excess if found else 0.0


def _cell(cell: CellPredictions, row: CellRow, template: str) -> Group:
    parts: list[Part] = []
    if cell.values is not None:
        parts.append(_drawing(cell_shares(cell)))
    return Group(f"{row.name.removeprefix(f'{row.study}, ')}: {_figures(row)}", (*parts, *_read(cell, template)))


def _figures(row: CellRow) -> str:
    """What a cell's line says: its distance with what it is judged by, and the number of answers."""
    found, what = row.scale, "W"
    if found is None:
        found, what = (row.nominal, "total variation") if row.nominal else (row.observed, "W, observed range")
    if found is None:
        return f"no distance, n = {row.n:,}"
    uniform = "" if found.uniform is None else f", uniform {number(found.uniform)}"
    return f"{what} {number(found.model)}, noise floor {number(found.floor)}{uniform}, n = {row.n:,}"


def _read(cell: CellPredictions, template: str) -> list[Part]:
    """The prompt, if there is one; otherwise what people were shown."""
    if not cell.stimulus:
        return []
    if template not in TEMPLATES or cell.probs is None:
        return [Folded("What people were shown", cell.stimulus)]
    # no person's own values: a report may be read by those who may not see single people
    persona = {name: f"‹{attribute_words(name)}›" for name in cell.attributes}
    asked = Cell(cell.cell_id, cell.study_id, cell.condition_num, cell.task_num or 0, cell.stimulus, scale_of(cell))
    prompt = "".join("\n\n" if part.control else part.text for part in segments(template, asked, persona)).strip()
    where = "; ‹…› stands for the person's own value, and unknown ones are left out" if persona else ""
    return [Folded(f"The prompt, which holds what people were shown{where}", prompt)]


def _drawing(shares: CellShares) -> Drawing:
    """Predicted and actual bars of each option, as two paths: half a kilobyte for seven options."""
    bars = bars_of(shares.cell, shares.predicted)
    apart = shares.off_axis
    bars = with_off_axis(bars, shares.cell) if apart else bars
    sides = (
        bar_shares(bars, shares.predicted, apart[0] if apart else None),
        bar_shares(bars, shares.actual, apart[1] if apart else None),
    )
    most = max(1.0, *(max(side) for side in sides))
    slot, scale = WIDTH / (bars.at[-1] + 1), HEIGHT / most
    paths = [
        "".join(
            f"M{slot * (at + 0.1 + 0.4 * side):.1f} {HEIGHT}v-{scale * share:.1f}h{0.4 * slot:.1f}V{HEIGHT}"
            for at, share in zip(bars.at, shares_of, strict=True)
            if share > 0
        )
        for side, shares_of in enumerate(sides)
    ]
    told = "; ".join(
        f"{name}: predicted {ours:.0f} %, actual {theirs:.0f} %"
        for name, ours, theirs in zip(bars.names, *sides, strict=True)
    )
    # the answer under each bar while there is room, otherwise under every fifth or so
    every = max(1, len(bars.at) // 6) if len(bars.at) > 11 else 1
    named = list(zip(bars.at, bars.names, strict=True))[::every]
    ticks = [(slot * (at + 0.5), name.partition(" = ")[0][:9]) for at, name in named]
    return Drawing(
        markup(
            '<svg viewBox="0 0 {{ width }} {{ height + 18 }}" role="img" aria-label="{{ told }}">'
            '<path class="predicted" d="{{ paths[0] }}"/><path class="actual" d="{{ paths[1] }}"/>'
            '<path d="M0 {{ height }}h{{ width }}"/>{% for x, name in ticks %}'
            '<text x="{{ \'%.0f\' % x }}" y="{{ height + 13 }}">{{ name }}</text>{% endfor %}</svg>'
            "<small>Dashed: {{ shares.predicted_name.lower() }}. Solid: {{ shares.actual_name.lower() }}. The highest "
            "bar is {{ '%.0f' % most }} %.</small>",
            width=WIDTH, height=HEIGHT, told=told, paths=paths, ticks=ticks, shares=shares, most=most,
        )
    )  # fmt: skip
