from collections.abc import Sequence
from pathlib import Path

import pytest

from socrates_core.errors import SourceError
from socrates_core.study.study_set import Cell, StudySet
from tests.study.sources.table.test_map import load
from tests.study.sources.table.test_tidy import HEADER

QUESTION = '"Fine? Only return an integer from 1 to 5."'


def cells(studies: StudySet) -> Sequence[Cell]:
    return studies.cells_of(studies.study_ids[0])


def everything(folder: Path) -> str:
    """All that a prepared folder would hold, as text."""
    return "".join(file.read_text("utf-8", "ignore") for file in folder.rglob("*") if file.is_file())


def test_personal_attributes_are_left_out_and_said(tmp_path: Path) -> None:
    rows = [f"s,1,p{i},3,{QUESTION},ann{i}@example.org,10.0.0.{i},{20 + i}" for i in range(3)]
    studies = load(tmp_path, "{}", f"{HEADER},demo_contact,demo_ip,demo_age", *rows)
    assert studies.attributes == ["age"]
    notes = "\n".join(studies.manifest.notes)
    assert "the column demo_contact holds an e-mail address and is left out; if people agreed to that" in notes
    assert "the column demo_ip holds an IP address and is left out" in notes
    studies.save(tmp_path / "studies")
    assert "example.org" not in everything(tmp_path / "studies")


def test_a_map_keeps_a_personal_attribute_only_where_it_says_so(tmp_path: Path) -> None:
    header, rows = "id,y,vorname,town", ["a,1,Ann,Ulm", "b,2,Bob,Bonn"]
    outcome = "outcomes: {y: {question: 'Fine?', scale: {from: 1, to: 2}}}"
    assert load(tmp_path, f"{{attributes: [vorname, town], {outcome}}}", header, *rows).attributes == ["town"]
    kept = load(tmp_path, f"{{attributes: {{vorname: {{personal: true}}}}, {outcome}}}", header, *rows)
    assert kept.participants["vorname"].to_list() == ["Ann", "Bob"]
    assert "mine.csv: the column vorname is kept, since the map says `personal: true`" in kept.manifest.notes


def test_a_row_a_person_keeps_no_attribute_that_the_map_does_not_name(tmp_path: Path) -> None:
    columns = "{participant: id, outcomes: {y: {question: 'Fine?', scale: {from: 1, to: 2}}}}"
    studies = load(tmp_path, columns, "id,y,demo_age,demo_city", "a,1,30,Ulm", "b,2,40,Bonn")
    assert studies.attributes == []
    assert "mine.csv: the map does not name the column demo_age, demo_city; nothing reads it" in studies.manifest.notes


def test_participants_are_not_called_by_their_addresses(tmp_path: Path) -> None:
    rows = [f"s,1,{who}@example.org,{answer},{QUESTION}" for who, answer in (("ann", 1), ("bob", 2), ("ann", 9))]
    studies = load(tmp_path, "{}", HEADER, *rows)
    assert studies.participants["participant"].to_list() == ["person 1", "person 2"]
    assert studies.answers(0).responses.tolist() == [1, 9, 2]
    assert "participants are called by running numbers instead" in "\n".join(studies.manifest.notes)


def test_conditions_are_not_called_by_addresses_unless_the_map_says_so(tmp_path: Path) -> None:
    header, rows = "id,mail,y", ["a,ann@example.org,1", "b,bob@example.org,2", "c,ann@example.org,2"]
    rest = "participant: id, outcomes: {y: {question: 'Fine?', scale: {from: 1, to: 2}}}"
    studies = load(tmp_path, f"{{condition: mail, {rest}}}", header, *rows)
    assert [(cell.condition, studies.answers(cell.cell_id).responses.tolist()) for cell in cells(studies)] == [
        ("condition 1", [1, 2]), ("condition 2", [2]),
    ]  # fmt: skip
    told = "the conditions in the column mail are called by an e-mail address; they get running numbers instead, unless"
    assert told in "\n".join(studies.manifest.notes)
    studies.save(tmp_path / "studies")
    assert "example.org" not in everything(tmp_path / "studies")
    kept = load(tmp_path, f"{{condition: {{column: mail, personal: true}}, {rest}}}", header, *rows)
    assert [cell.condition for cell in cells(kept)] == ["ann@example.org", "bob@example.org"]
    labels = "{ann@example.org: her, bob@example.org: him}"
    named = load(tmp_path, f"{{condition: {{column: mail, labels: {labels}}}, {rest}}}", header, *rows)
    assert [cell.condition for cell in cells(named)] == ["her", "him"]
    with pytest.raises(SourceError, match="and the map names the control by it; give each condition a label"):
        load(tmp_path, f"{{condition: {{column: mail, control: ann@example.org}}, {rest}}}", header, *rows)


def test_messages_do_not_quote_what_may_tell_who_somebody_is(tmp_path: Path) -> None:
    rows = [f"s,1,p{i},ann{i}@example.org,{QUESTION}" for i in range(3)]
    with pytest.raises(SourceError) as told:
        load(tmp_path, "{}", HEADER, *rows)
    assert "example.org" not in str(told.value)
    assert "(an e-mail address)" in str(told.value)
    nested = f"{HEADER},demographics"
    with pytest.raises(SourceError, match="row 2 of those read: the text in the column demographics is not an") as told:
        load(tmp_path, "{}", nested, f"s,1,a,1,{QUESTION},", f"s,1,b,1,{QUESTION},Ann Smith 1 High Street")
    assert "Smith" not in str(told.value)
