"""What a choice in a menu shows, by a page that may have moved on since."""

import json

import pytest

from socrates_core.errors import SocratesError
from socrates_core.ui.catalogue import BUNDLED, Catalogue, Source, open_catalogue
from socrates_core.ui.choosing.menus import Chosen, chosen_cell, chosen_of
from socrates_core.ui.simulate.form import place_text


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return open_catalogue([], frozenset())


@pytest.fixture(scope="module")
def source(catalogue: Catalogue) -> Source:
    return catalogue.source(BUNDLED)


def places(source: Source, study_id: str) -> list[str]:
    return [place_text(source.name, cell.cell_id) for cell in source.studies.cells_of(study_id)]


def test_a_condition_and_an_outcome_are_those_of_the_study_that_is_shown(catalogue: Catalogue, source: Source) -> None:
    here, there = places(source, "gss-welfare")[:2]
    found = chosen_cell(catalogue, here, Chosen("condition", 2, here), demo=False)
    assert found is not None
    assert place_text(source.name, found[1].cell_id) == there
    moved_on = places(source, "society-207")[0]
    for menu in ("condition", "outcome"):
        assert chosen_cell(catalogue, moved_on, Chosen(menu, 2, here), demo=False) is None


def test_an_outcome_is_asked_in_the_condition_that_is_shown_by_now(catalogue: Catalogue, source: Source) -> None:
    studies = source.studies
    study = next(
        entry.study.study_id for entry in source.entries
        if len({cell.task_num for cell in studies.cells_of(entry.study.study_id)}) > 1
        and len({cell.condition_num for cell in studies.cells_of(entry.study.study_id)}) > 1
    )  # fmt: skip
    cells = studies.cells_of(study)
    asked = next(cell for cell in cells if cell.task_num != cells[0].task_num)
    now = next(cell for cell in cells if cell.condition_num != asked.condition_num)
    before = place_text(source.name, cells[0].cell_id)
    found = chosen_cell(
        catalogue, place_text(source.name, now.cell_id), Chosen("outcome", asked.cell_id, before), demo=False
    )
    assert found is not None
    assert (found[1].condition_num, found[1].task_num) == (now.condition_num, asked.task_num)


def test_what_is_shown_already_changes_nothing(catalogue: Catalogue, source: Source) -> None:
    here = places(source, "gss-welfare")[0]
    assert chosen_cell(catalogue, here, Chosen("study", "gss-welfare", here), demo=False) is None
    assert chosen_cell(catalogue, here, Chosen("source", source.name, here), demo=False) is None
    found = chosen_cell(catalogue, here, Chosen("study", "society-207", here), demo=False)
    assert found is not None
    assert found[1].study_id == "society-207"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "null",
        "[]",
        "{}",
        "1",
        "[" * 100_000,
        '{"menu": "condition", "value": "1", "place": "20 bundled"}',
        '{"menu": "study", "value": 1, "place": "20 bundled"}',
        '{"menu": "outcome", "value": true, "place": "20 bundled"}',
        '{"menu": "model", "value": "demo", "place": "20 bundled"}',
        '{"menu": "study", "value": "gss-welfare", "place": 20}',
    ],
)
def test_what_the_page_never_sends_is_refused(sent: str) -> None:
    with pytest.raises(SocratesError, match="Choose again from the list"):
        chosen_of(sent)


@pytest.mark.parametrize(
    ("menu", "value", "place"),
    [
        ("source", "elsewhere", "20 bundled"),
        ("study", "nowhere", "20 bundled"),
        ("condition", 99, "20 bundled"),
        ("outcome", 10**6, "20 bundled"),
        ("study", "society-207", "x"),
        ("study", "society-207", "20 elsewhere"),
    ],
)
def test_what_does_not_exist_is_refused(catalogue: Catalogue, menu: str, value: str | int, place: str) -> None:
    chosen = chosen_of(json.dumps({"menu": menu, "value": value, "place": place}))
    with pytest.raises(SocratesError):
        chosen_cell(catalogue, "20 bundled", chosen, demo=False)
