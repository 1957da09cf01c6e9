import json
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_set import StudySet
from tests.study.sources.table.test_tidy import table

HEADER = "study_id,condition_num,participant_id,response,stimulus,question"
WORDINGS = ("s,1,ann,1,A parade.,Allow it?", "s,2,bob,2,A parade.,Forbid it?")
YES = {"min": 1, "max": 2, "labels": {"1": "Yes", "2": "No"}}


def load(folder: Path, entries: list[dict[str, Any]], *rows: str) -> StudySet:
    (folder / "studies.json").write_text(json.dumps(entries), "utf-8")
    return load_table(table_at(table(folder / "mine.csv", HEADER, *rows)))


def labels(studies: StudySet) -> list[dict[int, str]]:
    return [dict(cell.scale.labels) for study in studies.study_ids for cell in studies.cells_of(study)]


def test_labels_are_those_of_all_wordings_of_the_only_outcome(tmp_path: Path) -> None:
    studies = load(tmp_path, [{"study_id": "s", "outcome": {"question": "Allow or forbid?", **YES}}], *WORDINGS)
    assert labels(studies) == [{1: "Yes", 2: "No"}] * 2
    assert studies.cells["stimulus"].str.contains('1 means "Yes" and 2 means "No"', literal=True).all()


def test_each_of_several_outcomes_has_its_own_scale(tmp_path: Path) -> None:
    outcomes = [{"question": "Allow it?", **YES}, {"question": "Nice?", "min": 1, "max": 5, "labels": {"5": "Very"}}]
    studies = load(tmp_path, [{"study_id": "s", "outcomes": outcomes}], WORDINGS[0], "s,1,ann,4,A parade.,Nice?")
    assert labels(studies) == [{1: "Yes", 2: "No"}, {5: "Very"}]
    assert [cell.scale.values for cell in studies.cells_of("s")] == [(1, 2), (1, 2, 3, 4, 5)]


def test_a_question_is_found_within_a_stimulus_where_there_is_no_column_for_it(tmp_path: Path) -> None:
    (tmp_path / "studies.json").write_text(json.dumps([{"study_id": "s", "outcome": {"question": "Nice?", **YES}}]))
    header = "study_id,condition_num,participant_id,response,stimulus"
    studies = load_table(table_at(table(tmp_path / "mine.csv", header, "s,1,ann,1,A blue room. Nice?")))
    assert labels(studies) == [{1: "Yes", 2: "No"}]


def test_labels_go_with_a_scale_that_the_text_states(tmp_path: Path) -> None:
    asked = '"Nice? Only return an integer from 1 to 2."'
    studies = load(tmp_path, [{"study_id": "s", "outcome": {"labels": YES["labels"]}}], f"s,1,ann,1,A room.,{asked}")
    assert labels(studies) == [{1: "Yes", 2: "No"}]


def test_a_scale_that_a_map_states_wins_over_the_codebook(tmp_path: Path) -> None:
    (tmp_path / "studies.json").write_text(json.dumps([{"study_id": "s", "outcome": {"question": "Nice?", **YES}}]))
    rows = table(tmp_path / "mine.csv", HEADER, "s,1,ann,3,A room.,Nice?")
    form = map_of({"scale": {"from": 1, "to": 3, "labels": {1: "No", 3: "Yes"}}}, "the map")
    assert labels(load_table(table_at(rows, form))) == [{1: "No", 3: "Yes"}]


def entry(**keys: Any) -> dict[str, Any]:
    return {"study_id": "s", **keys}


ALLOW = {"question": "Allow it?", **YES}


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([entry(), entry(study_id="ss")], "no row belongs to the study ss; correct the id, or take the entry out"),
        ([entry(study_id="parade")], "no row belongs to the study parade"),
        ([entry(conditions=[{"condition_num": 3, "label": "x"}])], "no row has its condition 3 .*; the table has 1, 2"),
        ([entry(outcome={"lables": {}})], "no key lables; did you mean labels"),
        ([entry(license="CC0")], "no key license; did you mean licence"),
        ([entry(outcome=YES, outcomes=[YES])], "both outcome and outcomes"),
        ([entry(outcomes=[YES, YES])], "every one of several outcomes needs its question"),
        ([entry(outcomes={})], "outcomes: expected a list, got {}"),
        ([entry(outcome={"labels": {"--1": "x"}})], r"outcome.labels.--1: expected the number of an option, got '--1'"),
        ([entry(outcome={"min": 1})], "outcome: expected both min and max, or neither"),
        (
            [entry(conditions=[{"condition_num": 1.0}])],
            r"conditions\[0\].condition_num: expected a whole number, got 1.0",
        ),
        ([entry(group=3)], "group: expected a text, got 3"),
        (
            [entry(outcomes=[ALLOW, {**ALLOW, "question": "Forbid it?"}, {**ALLOW, "question": "Gone?"}])],
            "the outcome 'Gone.' cannot be applied: no row asks this question; asked are “Allow it.”; “Forbid it.”",
        ),
    ],
)
def test_what_a_codebook_says_in_vain_is_an_error(tmp_path: Path, entries: list[dict[str, Any]], problem: str) -> None:
    scaled = [row.replace("A parade.", "A parade. Only return an integer from 1 to 2.") for row in WORDINGS]
    with pytest.raises(SourceError, match=problem):
        load(tmp_path, entries, *scaled)


def test_a_misspelt_study_is_named_with_the_one_it_may_mean(tmp_path: Path) -> None:
    rows = [row.replace("s,", "parade,", 1) for row in WORDINGS]
    outcome = {"question": "Allow or forbid?", **YES}
    entries = [{"study_id": "parade", "outcome": outcome}, {"study_id": "parrade", "outcome": outcome}]
    with pytest.raises(SourceError, match=r"no row belongs to the study parrade .did you mean parade\?."):
        load(tmp_path, entries, *rows)
    # a codebook of several tables in a folder says nothing wrong about one of them
    table(tmp_path / "other.csv", HEADER)
    studies = load(tmp_path, entries, *rows)
    assert any("no row here belongs to the study parrade" in note for note in studies.manifest.notes)


def test_keys_that_nothing_reads_are_named(tmp_path: Path) -> None:
    rows = [f'{WORDINGS[0].rpartition(",")[0]},"Nice? Only return an integer from 1 to 2."']
    studies = load(tmp_path, [{"study_id": "s", "wave": 3, "conditions": [{"condition_num": 1, "text": "…"}]}], *rows)
    assert studies.manifest.notes == ("studies.json: nothing reads wave, conditions: text",)


def test_a_codebook_numbers_the_arms_that_have_labels_alone(tmp_path: Path) -> None:
    conditions = [{"condition_num": 7, "label": "blue"}, {"condition_num": 3, "label": "red"}]
    (tmp_path / "studies.json").write_text(json.dumps([{"study_id": "s", "conditions": conditions}]), "utf-8")
    header = "study_id,condition,participant_id,response,stimulus"
    end = '"Nice? Only return an integer from 1 to 5."'
    path = table(tmp_path / "mine.csv", header, f"s,red,ann,3,{end}", f"s,blue,bob,3,{end}")
    assert load_table(table_at(path)).cells.select("condition_num", "condition").rows() == [(3, "red"), (7, "blue")]
    with pytest.raises(SourceError, match=r"the condition 'blu', .*did you mean 'blue'"):
        load_table(table_at(table(path, header, f"s,blu,ann,3,{end}")))
