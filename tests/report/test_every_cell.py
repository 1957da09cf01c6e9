"""Every scored cell of a report opens to its bars and its prompt."""

import re
from xml.etree import ElementTree

from socrates_core.evaluation.scores import ScoredCells, evaluate
from socrates_core.report.document import part_html
from socrates_core.report.evaluated.cells import every_cell
from socrates_core.report.evaluation import report
from tests.predictions import cell

HOSTILE = "<img src=x onerror=alert(1)>"


def scored(template: str = "shared") -> ScoredCells:
    cells = [
        cell([1, 2, 2, 2], [0.5, 0.25, 0.25], values=(1, 2), off_axis={98: HOSTILE}, stimulus=HOSTILE,
             attributes={"party_id": ["Democrat", None, "Independent", "Republican"]}),
        cell(list(range(40)), [1 / 101] * 101, values=range(101), cell_id=1, condition=2),
        cell([1, 2, 3, 3], [0.5, 0.25, 0.25], values=(1, 2, 3), nominal=True, cell_id=2, study="t"),
        cell([1, 2, 3, 3], drawn=[1, 2, 2, 3], cell_id=3, study="t", condition=2),
        cell([1, 2, 3, 9], drawn=[1, 2, 2, 3], values=None, cell_id=4, study="t", condition=3),
    ]  # fmt: skip
    return evaluate(cells, {"model": "m", "template": template})


def test_every_scored_cell_opens_to_its_bars_and_to_what_was_read() -> None:
    found = scored()
    page = "".join(map(part_html, every_cell(found)))
    assert page.count('<details class="group">') == 2 + len(found.metrics.cells)
    drawings = re.findall(r"<svg.*?</svg>", page)
    assert len(drawings) == 4  # the last cell has no known scale
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    # half answer 2 of those on the axis are predicted; a quarter of all answers off it, and nobody did
    assert "1: predicted 67 %, actual 25 %; 2: predicted 33 %, actual 75 %" in drawings[0]
    assert "<img" not in page
    assert "- Party Id: ‹party identification›" in page
    assert "Democrat" not in page
    assert "condition 2, task 1: W " in page
    assert "condition 1, task 1: total variation 0.250" in page
    assert "no distance" not in page


def test_without_a_template_a_cell_shows_what_people_were_shown() -> None:
    page = "".join(map(part_html, every_cell(scored(template="none"))))
    assert page.count("<summary>What people were shown</summary>") == 5
    assert "The prompt" not in page


def test_the_cells_are_in_the_page_and_not_in_the_markdown() -> None:
    page, text = report(scored())
    assert page.count('<p class="drawing">') == 4
    assert "## Every cell" in text
    assert "‹party identification›" not in text


def test_a_report_of_very_many_cells_opens_the_furthest_from_their_floor() -> None:
    told, *groups = every_cell(scored(), most=1)
    assert "Of 5 cells, these are the 1 furthest above their noise floor." in str(told)
    assert len(groups) == 1
