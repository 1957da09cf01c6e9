import json
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import ColumnError, SocratesError
from socrates_core.study.sources.table.map.form import TableMap, map_of
from socrates_core.study.sources.table.map.recognition import Proposal, propose
from socrates_core.ui.your_data.mapping import MapDraft, draft_of, map_from, table_json

ROWS = "ResponseId,email,arm,q1,dish,age\nR_1,a@b.org,plain,1,Pasta,30\nR_2,c@d.org,label,5,Steak,41\n"


@pytest.fixture(scope="module")
def proposal(tmp_path_factory: pytest.TempPathFactory) -> Proposal:
    table = tmp_path_factory.mktemp("data") / "t.csv"
    table.write_text(ROWS, "utf-8")
    return propose(table)


def as_sent(proposal: Proposal, form: TableMap, **changes: dict[str, Any]) -> MapDraft:
    """What the page sends after these changes to columns, as the script puts it together."""
    drawn = json.loads(table_json(proposal, form))
    keys = {"outcome": ("name", "question", "kind", "low", "high", "labels", "off", "missing"),
            "attribute": ("name", "missing")}  # fmt: skip
    columns, arms = [], []
    for row in drawn["columns"]:
        row |= changes.get(row["column"], {})
        if row["role"] == "left out":
            continue
        sent = {key: row[key] for key in ("i", "role", *keys.get(row["role"], ()))}
        columns.append(sent | ({"labels": row["texts"]} if row["role"] == "attribute" else {}))
        if row["role"] == "condition":
            arms = row.get("arms") or [
                {"value": value, "label": drawn["labels"].get(value, text), "text": drawn["texts"].get(value, "")}
                for value, text in row["values"]
            ]
    control = changes.get("control", {}).get("value", drawn["control"])
    return draft_of(json.dumps({"columns": columns, "arms": arms, "control": control, "missing": drawn["missing"]}))


def test_an_untouched_table_is_the_proposed_map(proposal: Proposal) -> None:
    form = map_from(as_sent(proposal, proposal.form), proposal, proposal.form)
    expected = proposal.form.model_dump(exclude_none=True)
    expected["outcomes"]["q1"]["scale"]["off_axis"] = {}  # a person has seen that there are none
    assert form.model_dump(exclude_none=True) == expected
    assert form.leave_out == ("email", "dish")


def test_corrections_are_in_the_map(proposal: Proposal) -> None:
    arms = [{"value": "label", "label": "Climate label", "text": "You read: green."},
            {"value": "plain", "label": "", "text": ""}]  # fmt: skip
    form = map_from(
        as_sent(
            proposal,
            proposal.form,
            q1={"question": "How likely?", "low": "1", "high": "7", "labels": "Very unlikely\n7 = Very likely",
                "off": "Don't know", "missing": "99; -99"},
            dish={"role": "outcome", "question": "Which dish?"},
            age={"name": "years", "missing": "999"},
            arm={"arms": arms},
            control={"value": "plain"},
        ),
        proposal,
        proposal.form,
    )  # fmt: skip
    assert form == map_of(
        {
            "participant": "ResponseId",
            "condition": {
                "column": "arm",
                "labels": {"label": "Climate label", "plain": "plain"},
                "texts": {"label": "You read: green.", "plain": ""},
                "control": "plain",
            },
            "attributes": {"age": {"name": "years", "missing": [999]}},
            "leave_out": ["email"],
            "outcomes": {
                "q1": {
                    "question": "How likely?",
                    "scale": {
                        "from": 1,
                        "to": 7,
                        "labels": {1: "Very unlikely", 7: "Very likely"},
                        "off_axis": {8: "Don't know"},
                    },
                    "missing": [99, -99],
                },
                "dish": {
                    "question": "Which dish?",
                    "scale": {"nominal": True, "labels": {1: "Pasta", 2: "Steak"}, "off_axis": {}},
                },
            },
        },
        "the test",
    )


def test_who_chooses_a_personal_column_as_an_attribute_keeps_it(proposal: Proposal) -> None:
    drawn = json.loads(table_json(proposal, proposal.form))["columns"][1]
    assert "it would stand in the prompts" in drawn["personal"]
    form = map_from(as_sent(proposal, proposal.form, email={"role": "attribute"}), proposal, proposal.form)
    assert form.attributes["email"].personal
    assert not form.attributes["age"].personal


def test_a_map_that_was_brought_is_shown_and_kept(proposal: Proposal) -> None:
    raw = {
        "participant": "ResponseId",
        "condition": {"column": "arm", "labels": {"plain": "A", "label": "B"}, "texts": {"plain": "x", "label": "y"}},
        "decimal": ",",
        "design": "between",
        "missing": ["-1"],
        "leave_out": ["email", "age"],
        "outcomes": {
            "q1": {"question": "Half steps?", "scale": {"from": 1, "to": 5, "step": 0.5}, "text": "Read."},
            "dish": {"question": "Which?", "scale": {"nominal": True, "labels": {1: "Pasta", 2: "Steak"}}},
        },
    }
    base = map_of(raw, "the test")
    form = map_from(as_sent(proposal, base), proposal, base)
    raw["outcomes"]["dish"]["scale"]["off_axis"] = {}  # type: ignore[index]
    assert form == map_of(raw, "the test")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"email": {"role": "participant"}}, "Two columns are “Person .id.”: 'ResponseId' and 'email'"),
        ({"q1": {"question": " "}}, "q1: write the question"),
        ({"q1": {"low": "one"}}, "q1: the scale needs two whole numbers"),
        ({"q1": {"labels": "1 = A\n1 = B"}}, "q1: two labels have the same number"),
        ({"q1": {"low": "5", "high": "1"}}, "the map, outcomes.q1.scale: 5 to 1 by 1 is not a scale"),
        ({"age": {"texts": "30"}}, "age: '30': expected value = text"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(
    proposal: Proposal, changes: dict[str, dict[str, Any]], problem: str
) -> None:
    with pytest.raises(ColumnError, match=problem) as told:
        map_from(as_sent(proposal, proposal.form, **changes), proposal, proposal.form)
    assert set(changes) <= set(told.value.columns)  # it stands beside each of them


def test_a_table_without_an_outcome_is_refused(proposal: Proposal) -> None:
    with pytest.raises(SocratesError, match="Choose at least one column that is an outcome"):
        map_from(as_sent(proposal, proposal.form, q1={"role": "left out"}), proposal, proposal.form)


@pytest.mark.parametrize("sent", ["", "[]", '{"columns": [{"i": 1}]}', '{"x": 1}', "x" * 90_001])
def test_what_no_page_sends_is_refused(sent: str) -> None:
    with pytest.raises(SocratesError, match=r"cannot be read|too long"):
        draft_of(sent)


def test_a_column_that_is_not_there_is_refused(proposal: Proposal) -> None:
    with pytest.raises(SocratesError, match="of another file"):
        map_from(draft_of('{"columns": [{"i": 99, "role": "outcome"}]}'), proposal, proposal.form)


def test_the_table_of_a_tidy_file_is_drawn_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "study,participant,arm,antwort,frage,demo_age,note\ns,a,x,1,Only return 1 or 2. Why?,30,z\n", "utf-8"
    )
    proposal = propose(tmp_path / "t.csv")
    form = map_from(as_sent(proposal, proposal.form), proposal, proposal.form)
    assert form == proposal.form
    assert form.stated_columns == {
        "study_id": "study",
        "participant_id": "participant",
        "condition": "arm",
        "response": "antwort",
        "question": "frage",
    }
