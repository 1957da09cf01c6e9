import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.sources.builder import UNREADABLE_SCALE, StudySetBuilder
from socrates_core.study.sources.socsci210 import describe
from socrates_core.study.study_set import CELLS_SCHEMA, PARTICIPANTS_SCHEMA, RESPONSES_SCHEMA, STUDIES_SCHEMA, StudySet

ONE_TO_FIVE = "How was it? Only return an integer from 1 to 5, nothing else."
YES_NO = "Did you go? Only return 1 for Yes or 2 for No."
NO_SCALE = "How was it?"


def rows(**columns: object) -> pl.DataFrame:
    """Two people of one study, with any column replaced."""
    plain = {
        "study_id": ["s", "s"],
        "condition_num": [1, 2],
        "task_num": [0, 0],
        "stimulus": [ONE_TO_FIVE, ONE_TO_FIVE],
        "participant": ["ann", "bob"],
        "response": [3, 4],
    }
    return pl.DataFrame({**plain, **columns}, strict=False)


def built(*batches: pl.DataFrame) -> StudySet:
    builder = StudySetBuilder("here", describe)
    for batch in batches:
        builder.add(batch)
    return builder.build()


def dropped(studies: StudySet) -> dict[str, int]:
    return {item.reason: item.rows for item in studies.manifest.dropped}


def test_the_tables_have_the_schemas_of_a_study_set() -> None:
    studies = built(rows(age=[30, 40], gender=["Male", None]))
    assert studies.studies.schema == STUDIES_SCHEMA
    assert studies.cells.schema == CELLS_SCHEMA
    assert studies.responses.schema == RESPONSES_SCHEMA
    assert dict(studies.participants.schema) == {**PARTICIPANTS_SCHEMA, "age": pl.Int64, "gender": pl.String}


def test_a_cell_is_study_condition_task_and_text() -> None:
    studies = built(
        rows(
            study_id=["s"] * 6,
            condition_num=[1, 1, 1, 1, 2, 1],
            task_num=[0, 0, 0, 1, 0, 0],
            stimulus=[ONE_TO_FIVE, YES_NO, ONE_TO_FIVE, ONE_TO_FIVE, ONE_TO_FIVE, f"  {ONE_TO_FIVE}\n"],
            participant=list("abcdef"),
            response=[1, 1, 2, 3, 4, 5],
        )
    )
    keys = studies.cells.select("condition_num", "task_num", "stimulus").rows()
    assert keys == [(1, 0, ONE_TO_FIVE), (1, 0, YES_NO), (1, 1, ONE_TO_FIVE), (2, 0, ONE_TO_FIVE)]
    # outer blanks do not make another question
    assert studies.answers(0).responses.tolist() == [1, 2, 5]


def test_how_rows_are_cut_into_batches_does_not_matter() -> None:
    whole = pl.concat([rows(age=[30, None]), rows(participant=["bob", "eve"], age=[50, 60], response=[1, 9])])
    at_once, one_by_one = built(whole), built(*(whole[at] for at in range(len(whole))))
    for name in ("studies", "cells", "participants", "responses"):
        assert getattr(at_once, name).equals(getattr(one_by_one, name))
    assert at_once.manifest == one_by_one.manifest


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("study_id", ["s", None], "missing study_id"),
        ("study_id", ["s", "  "], "missing study_id"),
        ("condition_num", [1, None], "missing condition_num"),
        ("condition_num", ["1", "control"], "condition_num is not an integer"),
        ("task_num", [0.0, 0.5], "task_num is not an integer"),
        ("stimulus", [ONE_TO_FIVE, " \n"], "missing stimulus"),
        ("stimulus", [ONE_TO_FIVE, NO_SCALE], UNREADABLE_SCALE),
        ("participant", ["ann", None], "missing participant"),
        ("response", [3, None], "missing response"),
        ("response", [3.0, float("nan")], "missing response"),
        ("response", ["3", ""], "missing response"),
        ("response", [3.0, 2.5], "response is not an integer"),
        ("response", [3.0, float("inf")], "response is not an integer"),
        ("response", [3.0, 1e300], "response is not an integer"),
        ("response", ["3", "three"], "response is not an integer"),
        ("response", ["3", "2" + "0" * 99], "response is not an integer"),
    ],
)
def test_a_row_that_lacks_something_is_counted_by_reason(column: str, values: list[object], reason: str) -> None:
    studies = built(rows(**{column: values}))
    assert dropped(studies) == {reason: 1}
    assert len(studies.responses) == 1
    assert studies.manifest.counts["rows_read"] == 2
    assert len(studies.manifest.dropped[0].examples) == 1


def test_every_row_is_a_response_or_counted_as_dropped() -> None:
    studies = built(rows(), rows(response=[None, 1]), rows(stimulus=[NO_SCALE, YES_NO]), rows(study_id=[None, None]))
    assert studies.manifest.counts["rows_read"] == len(studies.responses) + sum(dropped(studies).values()) == 8


def test_at_most_five_different_examples_are_kept_and_long_ones_cut() -> None:
    bad = [f"{number}{'x' * 500}" for number in range(20)]
    plain = rows()[:1]
    many = pl.concat([plain.with_columns(response=pl.lit(text)) for text in ["4", *bad, *bad]])
    (item,) = built(many).manifest.dropped
    assert (item.rows, len(item.examples)) == (40, 5)
    assert max(map(len, item.examples)) < 200


@pytest.mark.parametrize(("given", "kept"), [("3", 3), (" 3 ", 3), ("3.0", 3), ("+3", 3), ("-3", -3), ("03", 3)])
def test_integers_written_as_text_are_read(given: str, kept: int) -> None:
    assert built(rows(response=[given, "1"])).responses["response"].to_list() == [kept, 1]


def test_off_scale_answers_stay_and_are_flagged() -> None:
    studies = built(rows(condition_num=[1, 1], response=[3, 98]))
    assert studies.answers(0).on_scale.tolist() == [True, False]
    assert studies.manifest.counts["off_scale"] == 1


def test_every_integer_is_on_an_open_ended_scale() -> None:
    text = "What did it cost? Only return an integer representing dollars."
    studies = built(rows(stimulus=[text, text], response=[-5, 60_100_000]))
    assert studies.cells["scale_values"].to_list() == [None, None]
    assert studies.responses["on_scale"].to_list() == [True, True]


def test_a_scale_with_gaps_flags_what_lies_between_its_options() -> None:
    builder = StudySetBuilder("here", describe)
    builder.add(rows(stimulus=["Pick", "Pick"], response=[2, 4]), {"Pick": AnswerScale((1, 2, 8), {1: "one"})})
    studies = builder.build()
    assert studies.responses["on_scale"].to_list() == [True, False]
    assert studies.cells["scale_labels"].to_list() == [["one", None, None]] * 2


def test_scales_with_the_same_options_and_other_labels_stay_apart() -> None:
    other = "Was it you? Only return 1 for Never or 2 for Always."
    studies = built(rows(stimulus=[YES_NO, other], response=[1, 2]))
    assert studies.cells["scale_labels"].to_list() == [["Yes", "No"], ["Never", "Always"]]


@pytest.mark.parametrize(
    ("people", "conditions", "design"),
    [(["ann", "bob"], [1, 2], "between"), (["ann", "ann"], [1, 2], "within"), (["ann", "ann"], [1, 1], "between")],
)
def test_a_design_is_within_when_somebody_answers_in_two_conditions(
    people: list[str], conditions: list[int], design: str
) -> None:
    studies = built(rows(participant=people, condition_num=conditions))
    assert set(studies.cells["design"]) == {design}


def test_people_of_the_same_name_in_two_studies_are_two_people() -> None:
    studies = built(rows(study_id=["s", "t"], participant=["ann", "ann"]))
    assert len(studies.participants) == 2
    assert set(studies.cells["design"]) == {"between"}


def test_a_design_that_the_source_states_stays_and_a_word_that_is_none_is_refused() -> None:
    assert set(built(rows(design=["within", None])).cells["design"]) == {"within", "between"}
    with pytest.raises(SourceError, match=r"'mixed'.*between or within"):
        built(rows(design=["within", "mixed"]))


def test_nothing_usable_is_an_error_that_says_why() -> None:
    with pytest.raises(
        SourceError, match=r"nothing to prepare in here: 2 rows: unreadable scale .study s: .*How was it"
    ):
        built(rows(stimulus=[NO_SCALE, NO_SCALE]))
    with pytest.raises(SourceError, match="it has no rows"):
        built(rows()[:0])


def test_a_batch_without_a_column_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="a batch lacks response"):
        built(rows().drop("response"))


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_lost_answers_are_counted_by_cell_however_the_rows_are_cut(cut: int) -> None:
    # condition 1: 10 of 40 answers lie between two options; condition 2: all 40 are read; 10 of 80 in all
    answers = ["3.5"] * 10 + ["3"] * 70
    whole = rows(
        study_id=["s"] * 80,
        condition_num=[1] * 40 + [2] * 40,
        task_num=[0] * 80,
        stimulus=[ONE_TO_FIVE] * 80,
        participant=[f"p{number}" for number in range(80)],
        response=answers,
    )
    studies = built(*(whole[start : start + cut] for start in range(0, 80, cut)))
    (loss,) = studies.manifest.losses
    assert (loss.study_id, loss.task_num, loss.condition_num, loss.lost, loss.given) == ("s", 0, None, 10, 80)
    assert loss.reasons == {"response is not an integer": 10}
    assert loss.examples == {"response is not an integer": ("3.5",)}


def test_missing_answers_are_no_loss() -> None:
    assert built(rows(response=[3, None])).manifest.losses == ()


def test_a_source_says_itself_which_answers_it_could_not_read() -> None:
    builder = StudySetBuilder("here", describe)
    builder.add(rows())
    keys = {"study_id": ["s"], "condition_num": [1], "task_num": [0], "stimulus": [f" {ONE_TO_FIVE}"]}
    builder.lose(
        pl.DataFrame({**keys, "participant": ["p"], "answer": ["1, 2"], "reason": ["several options"]}),
        {"several options": "cut"},
    )
    studies = builder.build()
    assert dropped(studies) == {"several options": 1}
    assert studies.manifest.counts["rows_read"] == 3
    assert [(loss.lost, loss.given, loss.ways_out) for loss in studies.manifest.losses] == [
        (1, 3, {"several options": "cut"})
    ]


def test_answers_off_the_axis_are_on_the_scale_and_counted() -> None:
    builder = StudySetBuilder("here", describe)
    builder.add(rows(response=[3, 98]), {ONE_TO_FIVE: AnswerScale((1, 2, 3, 4, 5), {}, {98: "Don't know"})})
    studies = builder.build()
    assert studies.responses["on_scale"].to_list() == [True, True]
    assert studies.manifest.counts["off_axis"] == 1
    assert studies.cell(0).scale.off_axis == {98: "Don't know"}


def test_what_was_decided_about_a_scale_is_noted_with_its_outcomes() -> None:
    unsure = "Was it good? Only return 1 for Yes, 2 for Not sure, 3 for No, or 98 for Don't know."
    gappy = "How was it? Only return 1, 2, 4, 5, or 6."
    studies = built(rows(stimulus=[unsure, gappy], task_num=[0, 1], response=[1, 2]))
    assert studies.manifest.notes == (
        's, task 0: off the axis: 98 "Don\'t know"; distances, means and effects leave them out',
        "s, task 0: on the axis, though it may be meant as no answer: 2 'Not sure'; a map can take it off",
        "s, task 1: no options between 2 and 4; distances count the numbers as they are",
    )
    assert built(rows()).manifest.notes == ()
