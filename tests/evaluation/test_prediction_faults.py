"""Files of predictions as they come: each with what is right about it, worked out by hand."""

import csv
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.prediction_files import PredictionFile, load_predictions
from socrates_core.evaluation.prediction_table import PROVENANCE, unit_table
from socrates_core.evaluation.results.metrics import Metrics, load_metrics
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell.worst_case import worst_distance
from socrates_core.report.commands import score, what_was_read
from socrates_core.report.evaluated.headline import headline
from socrates_core.report.evaluation import report
from tests.ends import exit_code
from tests.predictions import cell

HEADER = ["study_id", "condition_num", "true", "predicted", "scale_min", "scale_max"]


def table(
    path: Path,
    rows: Sequence[Sequence[Any]],
    header: Sequence[str] = HEADER,
    separator: str = ",",
    coding: str = "utf-8",
) -> Path:
    with path.open("w", newline="", encoding=coding) as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def pairs(*found: tuple[Any, Any], low: int = 1, high: int = 7) -> list[list[Any]]:
    """Lines of one cell: what was answered and what was predicted."""
    return [["a", 1, true, predicted, low, high] for true, predicted in found]


def metrics_of(loaded: PredictionFile) -> Metrics:
    return evaluate(loaded.cells, loaded.provenance).metrics


# -- predictions off the scale -----------------------------------------------------------------------------------


def test_predictions_off_the_scale_are_counted_and_cost(tmp_path: Path) -> None:
    loaded = load_predictions(table(tmp_path / "p.csv", pairs((1, 0), (7, 7), (4, 0), (4, 4))))
    found = metrics_of(loaded)
    # {4, 7} against {1, 4, 4, 7}: ¼ apart from 1 to 7, all the way at a quarter → 3/6 · ¼ + 3/6 · ¼
    assert found.wasserstein.scale.mean == pytest.approx(0.25)
    # both zeros as 7: {4, 7, 7, 7} against {1, 4, 4, 7}: ¼ apart up to 4, ½ up to 7
    assert found.predictions.worst.mean == pytest.approx(0.375)
    assert (found.predictions.predictions, found.predictions.used, found.predictions.off_scale) == (4, 2, 2)
    assert (found.cells[0].worst, found.cells[0].off_scale_predictions) == (pytest.approx(0.375), 2)
    said = "W rests on 2 of 4 predictions: 2 are no option of the scale. With each of these as the worst option, W"
    assert said in headline(found)
    assert "off scale    2 of 4 predictions and 0 human answers are no option of their scale" in what_was_read(loaded)
    assert all(said in text for text in report(evaluate(loaded.cells, loaded.provenance)))


@pytest.mark.parametrize("off", [9, 0, -40, 4.5, 1e14])
def test_a_file_with_all_predictions_off_the_scale_is_read_and_has_the_worst_figure_alone(
    tmp_path: Path, off: float
) -> None:
    loaded = load_predictions(table(tmp_path / "p.csv", pairs((1, off), (7, off), (4, off), (4, off))))
    found = metrics_of(loaded)
    assert (found.wasserstein.scale.mean, found.wasserstein.scale.cells) == (None, 0)
    # all on 1 or all on 7: ¾ apart on one half of the width, ¼ on the other
    assert found.predictions.worst.mean == pytest.approx(0.5)
    assert (found.predictions.used, found.predictions.off_scale) == (0, 4)
    assert "rests on 0 of 4 predictions" in headline(found)
    assert (found.individual.n, found.individual.off_scale_predictions) == (4, 4)


def test_unreadable_predictions_cost_as_much_as_those_off_the_scale(tmp_path: Path) -> None:
    rows = pairs((1, "none"), (7, 7), (4, ""), (4, 4))
    found = metrics_of(load_predictions(table(tmp_path / "p.csv", rows)))
    assert found.predictions.worst.mean == pytest.approx(0.375)
    assert (found.predictions.off_scale, found.predictions.invalid) == (0, 2)
    assert "2 are no option of the scale, 2 of them unreadable" in headline(found)


def test_no_answers_in_their_place_could_give_more_than_the_worst_case() -> None:
    # the middle can be worst: humans at both ends, predictions at both ends, one of five off the scale
    cases = [([1, 5, 1, 5, 3], [1, 5, 9, 1, 5]), ([1, 1, 2, 5, 5], [9, 9, 2, 5, 1]), ([3, 3, 3], [9, 1, 5])]
    for answers, drawn in cases:
        one = cell(answers, drawn=drawn)
        tried = []
        for first in range(1, 6):
            for second in range(1, 6):
                options = iter((first, second))
                filled = cell(answers, drawn=[next(options) if number == 9 else number for number in drawn])
                tried.append(worst_distance(filled.actual, filled.predicted))
        assert worst_distance(one.actual, one.predicted) == pytest.approx(max(tried))


def test_without_predictions_off_the_scale_the_worst_case_is_the_distance() -> None:
    found = evaluate(
        [cell([1, 2, 5], [0.1, 0.2, 0.4, 0.2, 0.1]), cell([1, 2, 3], drawn=[3, 3, 5], cell_id=1, study="t")], {}
    ).metrics
    assert found.predictions.worst.mean == pytest.approx(found.wasserstein.scale.mean)
    assert "rests on" not in headline(found)


# -- human answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [2.5, "4.5", 1.01])
def test_human_answers_between_the_options_are_refused_with_a_way_out(tmp_path: Path, answer: object) -> None:
    path = table(tmp_path / "p.csv", pairs((answer, 3), (4, 4), (3, 3), high=5))
    with pytest.raises(PredictionError, match=r"1 of 3 human answers lie between the options .*from 1 to 5.*leave out"):
        load_predictions(path)
    # the way out: without a scale, by the range of the answers
    loaded = load_predictions(table(path, [row[:4] for row in pairs((2.5, 3), (4.5, 4), (4, 4), (3, 3))], HEADER[:4]))
    # 2.5, 3, 4, 4.5 against 3, 3, 4, 4 on a width of 2
    assert metrics_of(loaded).wasserstein.observed.mean == pytest.approx(0.25 / 2)


def test_human_answers_off_the_scale_are_counted_in_the_first_lines(tmp_path: Path) -> None:
    loaded = load_predictions(table(tmp_path / "p.csv", pairs((1, 1), (7, 7), (98, 4))))
    assert "off scale    0 of 3 predictions and 1 human answer is no option of their scale" in what_was_read(loaded)


def test_equal_lines_of_one_person_are_one(tmp_path: Path) -> None:
    rows = [["a", 1, 2, 2, 1, 5, "p1"]] * 50 + [["a", 1, 4, 5, 1, 5, "p2"]]
    loaded = load_predictions(table(tmp_path / "p.csv", rows, [*HEADER, "participant_id"]))
    found = metrics_of(loaded)
    # {2, 5} against {2, 4}: ½ apart between 4 and 5, of four gaps
    assert found.wasserstein.scale.mean == pytest.approx(0.125)
    assert (found.cells[0].n, found.cells[0].n_effective, found.individual.n) == (2, 2, 2)
    assert "repeated people 1: p1 in a, condition 1: 50 lines" in what_was_read(loaded)
    assert "(1 such: p1 in a, condition 1: 50 lines)" in report(evaluate(loaded.cells, loaded.provenance))[1]


def test_several_answers_of_one_person_count_for_their_parts_of_the_person(tmp_path: Path) -> None:
    rows = [["a", 1, 1, 1, 1, 5, 7], ["a", 1, 3, 5, 1, 5, 7.0], ["a", 1, 5, 5, 1, 5, 8]]
    loaded = load_predictions(table(tmp_path / "p.csv", rows, [*HEADER, "Respondent ID"]))
    found = metrics_of(loaded)
    # people: 1 and 3 a quarter each, 5 a half; predicted: 1 a quarter, 5 three quarters → ¼ apart from 3 to 5
    assert found.wasserstein.scale.mean == pytest.approx(0.125)
    assert found.cells[0].n_effective == 2
    # person 7: errors 0 and 2, on average 1; person 8: none
    assert (found.individual.n, found.individual.mae) == (2, pytest.approx(0.5))
    assert found.individual.exact == pytest.approx(0.75)


def test_one_person_with_one_answer_and_many_draws_is_one(tmp_path: Path) -> None:
    rows = [["a", 1, 2, 1 + place % 5, 1, 5, "p"] for place in range(50)] + [["a", 1, 4, 3, 1, 5, "q"]]
    found = metrics_of(load_predictions(table(tmp_path / "p.csv", rows, [*HEADER, "participant"])))
    # p's draws a tenth on each option and half on 3: .1, .2, .8, .9 against 0, ½, ½, 1
    assert found.wasserstein.scale.mean == pytest.approx((0.1 + 0.3 + 0.3 + 0.1) / 4)
    assert (found.cells[0].n_effective, found.individual.n) == (2, 2)
    # answers vary by 1 around 3, in 16ths of a squared width, times n / (n − 1); predictions by .1 · (4 + 1 + 1 + 4)
    assert found.dispersion.variance_ratio == pytest.approx(1.0)


@pytest.mark.parametrize("nobody", ["", "NA", "nan", "None", ".", "-"])
def test_people_without_an_id_are_nobody_else(tmp_path: Path, nobody: str) -> None:
    rows = [["a", 1, 2, 2, 1, 5, nobody]] * 3 + [["a", 1, 4, 5, 1, 5, "p"]]
    loaded = load_predictions(table(tmp_path / "p.csv", rows, [*HEADER, "participant"]))
    assert metrics_of(loaded).cells[0].n_effective == 4
    assert loaded.provenance["repeated_people"]["people"] == 0


@pytest.mark.parametrize("written", ["n/a", "NULL", "none", ".", "-"])
def test_what_programs_write_for_no_answer_is_none(tmp_path: Path, written: str) -> None:
    loaded = load_predictions(table(tmp_path / "p.csv", pairs((written, 1), (2, 2))))
    assert loaded.provenance["unreadable_answers"] == {"rows": 1, "examples": ["line 1: no answer"]}


@pytest.mark.parametrize("written", ["#N/A", "missing", "<NA>", "#NULL!"])
def test_what_may_stand_for_a_lost_answer_is_one(tmp_path: Path, written: str) -> None:
    with pytest.raises(PredictionError, match="1 of 2 lines cannot be read"):
        load_predictions(table(tmp_path / "p.csv", pairs((written, 1), (2, 2))))


# -- arms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["condition", "Condition Label", "arm_name", "ARM", "treatment-group"])
def test_arms_have_the_names_of_the_file(tmp_path: Path, column: str) -> None:
    rows = [["a", arm, 2, 2, 1, 5] for arm in ("control", "1", "2", "1.0") for _ in range(2)]
    cells = load_predictions(table(tmp_path / "p.csv", rows, ["study", column, *HEADER[2:]])).cells
    assert [one.label for one in cells] == ["a, control", "a, 1", "a, 2"]
    assert len({one.condition_num for one in cells}) == 3


def test_numbered_arms_keep_their_numbers_and_take_labels_from_a_second_column(tmp_path: Path) -> None:
    rows = [["a", arm, name, 2, 2, 1, 5] for arm, name in ((2, "cold"), (0, "warm")) for _ in range(2)]
    cells = load_predictions(
        table(tmp_path / "p.csv", rows, ["study_id", "condition_num", "condition", *HEADER[2:]])
    ).cells
    assert [(one.condition_num, one.label) for one in cells] == [(2, "a, cold"), (0, "a, warm")]


def test_a_number_with_two_labels_is_refused_and_a_label_of_two_numbers_is_named(tmp_path: Path) -> None:
    def rows(*arms: tuple[int, str]) -> list[list[Any]]:
        return [["a", number, label, 2, 2, 1, 5] for number, label in arms]

    header = ["study_id", "condition_num", "condition_label", *HEADER[2:]]
    with pytest.raises(PredictionError, match="condition 1 has the labels 'cold' and 'warm'; give each"):
        load_predictions(table(tmp_path / "p.csv", rows((1, "cold"), (1, "warm")), header))
    loaded = load_predictions(table(tmp_path / "p.csv", rows((1, "cold"), (2, "cold")), header))
    assert loaded.provenance["assumed"] == ["a: the conditions 1 and 2 are both called 'cold'"]


@pytest.mark.parametrize("column", ["condition", "task"])
def test_one_number_in_two_spellings_of_programs_is_one_and_others_are_refused(tmp_path: Path, column: str) -> None:
    header = [*HEADER, "task"] if column == "task" else HEADER

    def rows(*names: str) -> list[list[Any]]:
        return [["a", name, 2, 2, 1, 5] if column == "condition" else ["a", 1, 2, 2, 1, 5, name] for name in names]

    loaded = load_predictions(table(tmp_path / "p.csv", rows("1", "2", "1.0"), header))
    assert f"assumed      study a: 1 and 1.0 are one {column}, 1" in what_was_read(loaded)
    assert len(loaded.cells) == 2
    with pytest.raises(PredictionError, match=f"a has a {column} called '01' and one called '1', which may be one"):
        load_predictions(table(tmp_path / "p.csv", rows("01", "1", "2"), header))


SCALE = "Only return an integer from 1 to 5."


def asked(folder: Path, *texts: tuple[str, str, int, int]) -> PredictionFile:
    """A file without tasks: arm, text, answer and prediction, each of three people."""
    header = ["study_id", "condition", "stimulus", "true", "predicted"]
    rows = [["room", arm, f"{text} {SCALE}", true, drawn] for arm, text, true, drawn in texts for _ in range(3)]
    return load_predictions(table(folder / "p.csv", rows, header))


def test_one_text_in_two_arms_is_one_outcome_with_an_effect(tmp_path: Path) -> None:
    loaded = asked(tmp_path, ("control", "How warm?", 2, 2), ("heater", "How warm?", 4, 3))
    (effect,) = metrics_of(loaded).effects.each
    assert (effect.actual, effect.predicted) == (50, 25)  # 2 and 1 of 4 steps
    assert loaded.provenance["assumed"][-1] == (
        "room: arms are compared on 1 text that several of them read, since the file has no column task"
    )


def test_vignettes_before_one_question_are_one_outcome_and_other_questions_a_wording_contrast(tmp_path: Path) -> None:
    loaded = asked(tmp_path, ("control", "It is off. How warm?", 2, 2), ("heater", "It is on. How warm?", 4, 3))
    assert metrics_of(loaded).effects.n == 1
    loaded = asked(tmp_path, ("control", "Should they allow it?", 2, 2), ("heater", "Should they forbid it?", 4, 3))
    assert metrics_of(loaded).effects.n == 0
    assert [cell.wording_contrast for cell in loaded.cells] == [True, True]
    assert "wording contrasts, polarity unchecked, in no summary" in loaded.provenance["assumed"][-1]


def test_texts_that_belong_to_no_outcome_for_sure_are_named_with_the_way_out(tmp_path: Path) -> None:
    loaded = asked(
        tmp_path, ("control", "How warm?", 2, 2), ("control", "How cold?", 2, 2), ("heater", "How dry?", 4, 3)
    )
    assert metrics_of(loaded).effects.n == 0
    assert loaded.provenance["assumed"][-1] == (
        "room: 3 texts read in one arm only and compared with nothing; to compare arms, give cells of one outcome the "
        "same number in a column task"
    )


@pytest.mark.parametrize("stated", [True, False])
def test_a_code_that_the_stimulus_gives_to_no_answer_is_no_point_of_the_axis(tmp_path: Path, stated: bool) -> None:
    text = "How warm? Only return an integer from 1 to 6. If you don't know, return 6."
    header = ["study_id", "condition_num", "true", "predicted", "stimulus", *(HEADER[4:] if stated else [])]
    rows = [
        ["a", 1, true, drawn, text, *([1, 6] if stated else [])] for true, drawn in ((1, 1), (5, 5), (6, 6), (6, 1))
    ]
    (cell,) = load_predictions(table(tmp_path / "p.csv", rows, header)).cells
    assert cell.values is not None
    assert (cell.values.tolist(), dict(cell.off_axis)) == ([1, 2, 3, 4, 5], {6: "don't know"})


def test_a_scale_of_more_options_than_can_be_is_refused_or_named(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"from 1 to 1,000,000,000,000 has more than 1,000,001 options; leave"):
        load_predictions(table(tmp_path / "p.csv", pairs((1, 1), (2, 2), high=10**12)))
    text = "How much? Only return an integer from 1 to 1000000000000."
    loaded = load_predictions(
        table(tmp_path / "p.csv", [["a", 1, 1, 1, text]], ["study", "arm", "true", "predicted", "stimulus"])
    )
    assert loaded.provenance["assumed"] == [
        "no scale for 1 text: cannot read the answer scale of “Only return an integer from 1 to 1000000000000.”: "
        "1,000,000,000,000 options from 1 to 1,000,000,000,000 are more than 1,000,001."
    ]


# -- tables of other programs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "separator", "coding", "assumed"),
    [
        ("p.csv", ";", "utf-8", ["semicolons separate the columns"]),
        ("p.csv", "\t", "utf-8", ["tabs separate the columns"]),
        ("p.tsv", "\t", "utf-8", ["tabs separate the columns"]),
        ("p.csv", "|", "utf-8", ["pipes separate the columns"]),
        ("p.csv", ",", "utf-8-sig", []),
        ("p.csv", ",", "utf-16", ["the file is UTF-16"]),
        ("p.csv", ",", "utf-16-le", ["the file is UTF-16"]),
        ("p.csv", ",", "utf-16-be", ["the file is UTF-16"]),
        ("p.csv", ",", "latin-1", ["the file is not UTF-8, so it is read as Windows-1252 (Latin-1), as in 'Köln'"]),
    ],
)
def test_tables_of_other_programs_are_read_with_a_word_on_what_was_assumed(
    tmp_path: Path, name: str, separator: str, coding: str, assumed: list[str]
) -> None:
    rows = [['Köln, "Dom"', 1, 1, 2, 1, 5], ['Köln, "Dom"', 1, 3, 3, 1, 5]]
    loaded = load_predictions(table(tmp_path / name, rows, separator=separator, coding=coding))
    assert loaded.cells[0].study_id == 'Köln, "Dom"'
    # {2, 3} against {1, 3}: ½ apart between 1 and 2, of four gaps
    assert metrics_of(loaded).wasserstein.scale.mean == pytest.approx(0.125)
    assert loaded.provenance["assumed"] == assumed
    assert [line for line in what_was_read(loaded) if line.startswith("assumed")] == [
        f"assumed      {line}" for line in assumed
    ]


def test_decimal_commas_are_read_where_commas_do_not_separate(tmp_path: Path) -> None:
    rows = pairs(("1,0", "2,0"), ("3,0", "3,0"), high=5)
    loaded = load_predictions(table(tmp_path / "p.csv", rows, separator=";"))
    assert metrics_of(loaded).wasserstein.scale.mean == pytest.approx(0.125)
    assert loaded.provenance["assumed"][1] == "predicted, true: 2,5 is 2.5"


@pytest.mark.parametrize(
    ("separator", "answer"),
    [(";", "1,500"), (",", "1,3")],  # a thousand and a half, or 1.5; one and three ticked, or 1.3
)
def test_commas_that_could_mean_something_else_are_not_guessed(tmp_path: Path, separator: str, answer: str) -> None:
    rows = pairs((answer, 2), *[(3, 3)] * 60, high=5)
    loaded = load_predictions(table(tmp_path / "p.csv", rows, separator=separator))
    assert f"unreadable answers 1: line 1: answer '{answer}'" in what_was_read(loaded)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"study_id,condition_num,true,predicted\n", "holds no predictions"),
        (b"study_id,condition_num,true,predicted\na,1,1", "line 2 has 3 values for 4 columns"),
        (b"study_id,condition_num,true,predicted\na,1,1,1,1", "line 2 has 5 values for 4 columns"),
        (b'study_id,condition_num,true,predicted\n"a,1,1,1\n', "unexpected end of data"),
        (b"study_id,condition_num,true,true\na,1,1,1\n", "two columns are called true"),
        (b"study_id,condition_num,true,TRUE,pred\na,1,1,1,1\n", "both read as true"),
        (b"study_id,condition_num,true,predicted\n\0,1,1,1\n", "zero bytes"),
        (b"\xff\xfea", "neither UTF-8 nor UTF-16"),
        (b"study_id,condition_num,true,predicted\na,1,nan,1\na,1,inf,1\n", r"no line .* can be read .*no answer"),
        (b"study_id,condition_num,true,predicted,scale_min,scale_max\na,1,1,1,5,1\n", "line 1: from scale_min '5'"),
        (b"study_id,condition_num,true,predicted,scale_min,scale_max\na,1,1,1,1,\n", "to scale_max '' is no scale"),
        (b"study_id,condition_num,true,predicted,scale_min,scale_max\na,1,1,1,1,inf\n", "is no scale"),
    ],
)
def test_a_damaged_table_says_what_is_wrong(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(PredictionError, match=said) as error:
        load_predictions(tmp_path / "p.csv")
    assert "\n" not in str(error.value)


def test_half_a_letter_in_json_does_not_stop_the_report(tmp_path: Path) -> None:
    rows = [{"study_id": "\ud800", "arm": "\udfff", "true": i, "predicted": 2, "stimulus": "\ud800"} for i in range(3)]
    (tmp_path / "p.json").write_text(json.dumps(rows), "utf-8")
    page, _ = report(evaluate(load_predictions(tmp_path / "p.json").cells, {}))
    page.encode()


# -- single people, and the original report ----------------------------------------------------------------------


def original(place: int, true: float, predicted: float) -> dict[str, Any]:
    """A line of the original run's file; each of another condition, so that no cell has a second answer."""
    return {
        "study_id": f"s{place % 3}",
        "condition_num": place,
        "input": "Demographics: Age: 40\n\nScenario: How much? Only return an integer from 1 to 9, nothing else.",
        "true_response": f"Response: {true}",
        "predicted_response": f"Response: {predicted}",
        "true_numeric": true,
        "pred_numeric": predicted,
    }


LONE = [(1, 1), (2, 3), (4, 2), (8, 9), (12, 9), (3, int("2" + "0" * 99))]


def test_single_people_need_no_second_answer_and_stand_beside_what_the_original_report_had(tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps([original(place, *pair) for place, pair in enumerate(LONE)]), "utf-8")
    loaded = load_predictions(path)
    scored = evaluate(loaded.cells, loaded.provenance)
    found = scored.metrics
    # the first four: 12 is no option of 1 to 9, and 2e99 is no answer
    assert (found.individual.n, found.individual.exact, found.individual.mae) == (4, 0.25, 1.0)
    theirs = found.individual_as_original
    assert (theirs.n, theirs.exact, theirs.within_one) == (6, pytest.approx(1 / 6), pytest.approx(3 / 6))
    # 0, 1, 2 and 1 off; the others have a number above 10
    assert (theirs.mae_up_to_ten, theirs.n_up_to_ten, theirs.absurd) == (1.0, 4, 1)
    # with 2e99 the others are all 0 beside it: r of (1, 2, 4, 8, 12, 3) and (0, 0, 0, 0, 0, 1), mean 5, Σ(x−5)² = 88
    assert theirs.pearson == pytest.approx((3 - 5) / math.sqrt(88 * 5 / 6))
    # without: x − 5.4 = (−4.4, −3.4, −1.4, 2.6, 6.6), y − 4.8 = (−3.8, −1.8, −2.8, 4.2, 4.2)
    assert theirs.pearson_without_absurd == pytest.approx(65.4 / math.sqrt(83.2 * 60.8))
    page, text = report(scored)
    for shown in (page, text):
        assert "As the original run" in shown
        assert "over the 4 pairs in which neither number exceeds 10" in shown


def test_a_run_with_distributions_has_none_of_the_original_figures() -> None:
    found = evaluate([cell([1, 2], [0.2] * 5), cell([4], [0.2] * 5, cell_id=1)], {}).metrics
    assert found.individual_as_original.n is None
    assert found.individual.n == 3


# -- predictions.parquet -----------------------------------------------------------------------------------------

UNIT = unit_table([cell([1, 2, 3], [0.2] * 5, cell_id=1)])
FLOATS, INTEGERS = pl.List(pl.Float64), pl.List(pl.Int64)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"study_id": pl.lit(None, pl.String)}, "study_id is empty"),
        ({"cell_id": pl.lit(None, pl.Int64)}, "cell_id is empty"),
        ({"participant_ids": pl.lit([1, None, 3], INTEGERS)}, "an id of participant_ids is empty"),
        ({"responses": pl.lit([1, None, 3], FLOATS)}, "a response is not a number"),
        ({"responses": pl.lit([1, math.inf, 3], FLOATS)}, "a response is not a number"),
        ({"probs": pl.lit([math.nan] * 15, pl.List(pl.Float32))}, "a probability is not a number"),
        ({"probs": pl.lit([0.0] * 15, pl.List(pl.Float32))}, "add up to 0, not to 1"),
        ({"weights": pl.lit([1, -1, 1], FLOATS)}, "a weight is not a number"),
        ({"scale_values": pl.lit([1, 2, 2, 4, 5], INTEGERS)}, "ascending order"),
        ({"on_scale_mass": pl.lit([0.5], pl.List(pl.Float32))}, "on_scale_mass does not fit"),
        ({"on_scale_mass": pl.lit([0.5, 3, 1], pl.List(pl.Float32))}, "the probability on the scale is not"),
        ({"on_scale_mass": pl.lit([0.5, -1, 1], pl.List(pl.Float32))}, "the probability on the scale is not"),
    ],
)
def test_a_run_that_no_evaluation_wrote_is_refused_by_its_cell(
    tmp_path: Path, change: dict[str, pl.Expr], said: str
) -> None:
    UNIT.with_columns(**change).write_parquet(tmp_path / "predictions.parquet")
    with pytest.raises(PredictionError, match=said):
        load_predictions(tmp_path)


def test_a_cell_that_stands_twice_is_refused(tmp_path: Path) -> None:
    pl.concat([UNIT, UNIT]).write_parquet(tmp_path / "predictions.parquet")
    with pytest.raises(PredictionError, match="holds cell 1 twice"):
        load_predictions(tmp_path)


def test_a_record_that_is_null_is_none(tmp_path: Path) -> None:
    UNIT.write_parquet(tmp_path / "predictions.parquet", metadata={PROVENANCE: "null"})
    assert load_predictions(tmp_path).provenance["file"] == "predictions.parquet"


@pytest.mark.parametrize(
    ("record", "said"), [("[1]", "is no object"), ("{", "is not JSON"), ("[" * 100_000, "not JSON")]
)
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, record: str, said: str) -> None:
    UNIT.write_parquet(tmp_path / "predictions.parquet", metadata={PROVENANCE: record})
    with pytest.raises(PredictionError, match=said):
        load_predictions(tmp_path)


# -- survey weights ----------------------------------------------------------------------------------------------

WEIGHTED = [*HEADER, "participant_id", "weight"]


def weighted(*found: tuple[Any, Any, str, Any]) -> list[list[Any]]:
    return [["a", 1, true, predicted, 1, 7, person, weight] for true, predicted, person, weight in found]


def test_people_count_by_their_survey_weight_and_it_is_said(tmp_path: Path) -> None:
    rows = weighted((1, 4, "p", 3), (7, 4, "q", 1))
    loaded = load_predictions(table(tmp_path / "p.csv", rows, WEIGHTED))
    found = metrics_of(loaded)
    # everybody is 3/6 away
    assert loaded.cells[0].mass_of.tolist() == [3, 1]
    assert found.wasserstein.scale.mean == pytest.approx(0.5)
    assert "weight is a survey weight: people count by it" in loaded.provenance["assumed"]
    moved = table(tmp_path / "q.csv", weighted((1, 1, "p", 3), (7, 1, "q", 1)), WEIGHTED)
    # a quarter of the people is the whole width off
    assert metrics_of(load_predictions(moved)).wasserstein.scale.mean == pytest.approx(0.25)


def test_a_person_with_several_lines_shares_one_weight(tmp_path: Path) -> None:
    rows = weighted((1, 1, "p", 4), (2, 1, "p", 4), (7, 1, "q", 1), (7, 1, "q", 1))
    (cell,) = load_predictions(table(tmp_path / "p.csv", rows, WEIGHTED)).cells
    assert cell.mass_of.tolist() == [2, 2, 1]


def test_who_has_no_weight_counts_as_the_average_and_zero_does_not_count(tmp_path: Path) -> None:
    rows = weighted((1, 1, "p", 3), (7, 1, "q", ""), (4, 1, "r", 0))
    loaded = load_predictions(table(tmp_path / "p.csv", rows, WEIGHTED))
    assert loaded.cells[0].mass_of.tolist() == [3, 1.5, 0]
    assert metrics_of(loaded).answers.without_weight == 1
    assert (
        "study a: 1 of 3 lines have no weight; they count with the average of the others"
        in (loaded.provenance["assumed"])
    )


def test_decimal_commas_of_weights_are_read(tmp_path: Path) -> None:
    rows = weighted((1, 1, "p", "0,5"), (7, 1, "q", "1,25"))
    loaded = load_predictions(table(tmp_path / "p.csv", rows, WEIGHTED, ";"))
    assert loaded.cells[0].mass_of.tolist() == [0.5, 1.25]


@pytest.mark.parametrize("weight", ["-1", "heavy", "1e300"])
def test_a_weight_that_is_none_is_refused(tmp_path: Path, weight: str) -> None:
    with pytest.raises(PredictionError, match=r"line 2: the weight .* is not a number of 0 or more"):
        load_predictions(table(tmp_path / "p.csv", weighted((1, 1, "p", 1), (7, 1, "q", weight)), WEIGHTED))


def test_weights_that_leave_nobody_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="nobody counts"):
        load_predictions(table(tmp_path / "p.csv", weighted((1, 1, "p", 0), (7, 1, "q", 0)), WEIGHTED))


# -- through the command -----------------------------------------------------------------------------------------


def test_the_command_says_first_what_is_off_the_scale_and_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path / "p.csv", pairs((1, 0), (7, 7), (4, 0), (4, 4)), separator=";")
    assert exit_code(monkeypatch, score, path, "--out", tmp_path / "out") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "assumed      semicolons separate the columns"
    assert lines[4].startswith("off scale    2 of 4 predictions")
    assert load_metrics(tmp_path / "out").predictions.worst.mean == pytest.approx(0.375)


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")
@pytest.mark.parametrize("name", [b"[ab]*?.csv", b"new\nline.csv"])
def test_any_path_is_read_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: bytes
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    table(path, pairs((1, 2), (3, 3), high=5))
    assert exit_code(monkeypatch, score, path, "--out", path.with_suffix(".out")) == 0
    assert "W = 0.1250" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="there is no mkfifo")
def test_what_cannot_be_read_or_written_ends_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = table(tmp_path / "good.csv", pairs((1, 2), (3, 3), high=5))
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "taken" / "report.md").mkdir(parents=True)  # a folder where a report should be
    before = sorted(tmp_path.rglob("*"))
    for read, out in (
        ("fifo.csv", "out"), ("folder", "out"), ("x" * 300, "out"), ("no\nfile.csv", "out"),
        ("good.csv", "y" * 300), ("good.csv", "good.csv/out"), ("good.csv", "good.csv"), ("good.csv", "fifo.csv"),
        ("good.csv", "taken"),
    ):  # fmt: skip
        assert exit_code(monkeypatch, score, tmp_path / read, "--out", tmp_path / out) == 2
        message = capsys.readouterr().err
        assert message.startswith("error: ")
        assert message.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
    assert good.is_file()
