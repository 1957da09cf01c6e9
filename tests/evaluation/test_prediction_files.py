import csv
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.elsewhere.values import number
from socrates_core.evaluation.prediction_files import load_predictions
from socrates_core.evaluation.scores import evaluate

ROWS = [
    {"study_id": "s", "condition_num": 1, "task_num": 1, "true": 2, "predicted": 3},
    {"study_id": "s", "condition_num": 1, "task_num": 1, "true": 4, "predicted": 3},
    {"study_id": "s", "condition_num": 2, "task_num": 1, "true": 1, "predicted": 1},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows), "utf-8")
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".parquet"])
def test_the_same_predictions_are_read_from_every_kind_of_file(tmp_path: Path, suffix: str) -> None:
    found = load_predictions(write(tmp_path / f"p{suffix}", ROWS))
    assert [(cell.study_id, cell.condition_num, cell.task_num) for cell in found.cells] == [("s", 1, 1), ("s", 2, 1)]
    first = found.cells[0]
    assert first.drawn is not None
    assert (first.responses.tolist(), first.drawn.tolist(), first.values) == ([2, 4], [3, 3], None)
    assert found.provenance["rows"] == 3
    assert found.provenance["invalid_predictions"] == 0


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (("study", "arm", "human", "pred"), ("s", 1, 2, 3)),
        (("Study_ID", "Condition", "Actual", "Prediction"), ("s", "treated", "2", "Response: 3")),
        (("study_id", "condition_num", "response", "simulated"), (7, 1.0, 2.0, 3.0)),
    ],
)
def test_common_names_and_forms_are_accepted(tmp_path: Path, names: tuple[str, ...], given: tuple[Any, ...]) -> None:
    (cell,) = load_predictions(write(tmp_path / "p.json", [dict(zip(names, given, strict=True))] * 2)).cells
    assert cell.drawn is not None
    assert (cell.responses.tolist(), cell.drawn.tolist()) == ([2, 2], [3, 3])
    assert cell.condition == ("treated" if "Condition" in names else None)
    assert cell.study_id == str(given[0])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3), ("3", 3), (" -2.5 ", -2.5), ("Response: 4", 4), ("response:4.", 4), ("1e3", 1000), (True, None),
        (None, None), ("", None), ("four", None), ("4 (agree)", None), ("NaN", None), ("inf", None), (math.nan, None),
        (math.inf, None), ("3 or 4", None), ([3], None), ({"a": 3}, None), (10**400, None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_a_number_is_read_and_nothing_is_guessed(value: object, expected: float | None) -> None:
    assert number(value) == expected if expected is not None else math.isnan(number(value))


def test_a_scale_comes_from_its_ends_or_from_the_stimulus(tmp_path: Path) -> None:
    ends = [{**row, "scale_min": 1, "scale_max": 5} for row in ROWS]
    text = [{**row, "stimulus": "How much? Only return an integer from 0 to 10, nothing else."} for row in ROWS]
    vague = [{**row, "stimulus": "How much?"} for row in ROWS]
    options = [load_predictions(write(tmp_path / "p.json", rows)).cells[0].values for rows in (ends, text, vague)]
    assert [None if found is None else found.tolist() for found in options] == [[1, 2, 3, 4, 5], list(range(11)), None]


def test_unreadable_answers_are_left_out_and_unreadable_predictions_are_invalid(tmp_path: Path) -> None:
    many = [dict(row) for row in ROWS * 30]
    rows = [
        *ROWS,
        {**ROWS[0], "true": "n/a"},
        {**ROWS[0], "predicted": "I would say four"},
        {**ROWS[0], "study_id": None},
        *many,
    ]
    found = load_predictions(write(tmp_path / "p.json", rows))
    assert found.provenance["unreadable_answers"]["rows"] == 2
    assert found.provenance["unreadable_answers"]["examples"] == ["line 4: no answer", "line 6: no study"]
    assert found.provenance["invalid_predictions"] == 1
    assert found.cells[0].valid.tolist()[:3] == [True, True, False]


@pytest.mark.parametrize("written", ["1,5 or 2", "5 - strongly", "\N{MINUS SIGN}3", "Agree", "'3'"])
def test_a_file_most_of_whose_answers_cannot_be_read_has_no_w_of_the_rest(tmp_path: Path, written: str) -> None:
    rows = [
        row
        for pair in zip((ROWS * 14)[:40], (ROWS * 14)[:40], strict=True)
        for row in (pair[0], {**pair[1], "true": written})
    ]
    with pytest.raises(PredictionError, match=r"40 of 80 lines cannot be read .*W would be about other people"):
        load_predictions(write(tmp_path / "p.json", rows))
    unasked = [{**row, "true": None} if place % 2 else row for place, row in enumerate(rows)]
    assert sum(len(cell.responses) for cell in load_predictions(write(tmp_path / "p.json", unasked)).cells) == 40


def test_answers_between_the_steps_of_a_stated_scale_are_refused(tmp_path: Path) -> None:
    text = "How much? Only return a multiple of 10 between 0 and 100."
    rows = [{**ROWS[0], "stimulus": text, "true": true, "predicted": 20} for true in (10, 20, 15, 25)]
    with pytest.raises(PredictionError, match="2 of 4 human answers lie between the options"):
        load_predictions(write(tmp_path / "p.json", rows))


def test_a_control_by_its_name_is_compared_with_wherever_it_stands_in_the_file(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "condition_num": arm} for arm in ("treatment", "Control group", "other")]
    found = load_predictions(write(tmp_path / "p.json", rows))
    assert [(cell.condition_num, cell.condition) for cell in found.cells] == [
        (2, "treatment"),
        (1, "Control group"),
        (3, "other"),
    ]
    assert found.provenance["assumed"] == ["s: the others are compared with Control group, a control by its name"]


def test_missing_columns_are_named_with_what_is_accepted_and_what_was_found(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"study_id": "s", "condition_num": 1, "guess": 3}])
    with pytest.raises(
        PredictionError, match=r"lacks true and predicted.*true_numeric or true.*Found: study_id, condition_num, guess"
    ):
        load_predictions(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.json", "{", "not JSON"),
        ("p.json", "{}", "a list of objects"),
        ("p.json", "[1]", "a list of objects"),
        ("p.json", "[]", "holds no predictions"),
        ("p.json", "[" * 100_000, "not JSON"),
        ("p.jsonl", '{"study_id": 1}\nnonsense', "line 2: not JSON"),
        ("p.jsonl", "[1]", "line 1: expected an object"),
        ("p.csv", "", "cannot be read"),
        ("p.parquet", "PAR1", "not a readable Parquet file"),
        ("p.txt", "study_id", "pass .json, .jsonl, .csv or .parquet"),
    ],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(PredictionError, match=said):
        load_predictions(tmp_path / name)


def test_no_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="there is no file or run"):
        load_predictions(tmp_path / "nothing.json")
    with pytest.raises(PredictionError, match=r"holds no predictions\.parquet"):
        load_predictions(tmp_path)


# -- the original run's predictions file -------------------------------------------------------------------------

AGREE = "Do you agree? Only return an integer from 1 to 9, nothing else."
MONEY = "How much would you give? Only return an integer from 0 to 100, nothing else."


def original(study: str, condition: int, text: str, true: int, predicted: str) -> dict[str, Any]:
    return {
        "study_id": study,
        "condition_num": condition,
        "input": f"Demographics: Age: 40; Income: 40-49K\n\nScenario: {text}",
        "true_response": f"Response: {true}",
        "predicted_response": f"Response: {predicted}",
        "true_numeric": true,
        "pred_numeric": float(predicted),
    }


ORIGINAL = [
    # humans all on 8 and 9, a model all on 1 and 2: by its own range each, a distance of 0
    original("aaaaa", 1, AGREE, 8, "1"),
    original("aaaaa", 1, AGREE, 9, "2"),
    # two questions with two scales on one axis, and a hundred digits that stretch the model's range
    original("bbbbb", 1, AGREE, 1, "3"),
    original("bbbbb", 1, MONEY, 50, "2" + "0" * 99),
    original("bbbbb", 1, MONEY, 50, "50"),
    # a lone answer
    original("bbbbb", 2, AGREE, 4, "4"),
]


def test_the_original_runs_figure_is_reproduced_and_marked_invalid(tmp_path: Path) -> None:
    found = load_predictions(write(tmp_path / "predictions.json", ORIGINAL))
    metrics = evaluate(found.cells, found.provenance).metrics
    separate = metrics.wasserstein.separate
    # aaaaa: {0, 1} against {0, 1}; bbbbb: people {0, 1, 1} against {0, 0, 1} are ⅓ apart
    assert separate.flat_mean == pytest.approx((0 + 1 / 3) / 2)
    assert (separate.cells, separate.studies) == (2, 2)
    assert separate.invalid.startswith("INVALID")
    # beside it: seven of eight points off, by the stated scale and by the humans' own range
    assert metrics.cells[0].scale.model == pytest.approx(7 / 8)
    assert metrics.cells[0].observed.model == pytest.approx(0.5)
    by_condition = metrics.by_grouping[2]
    assert by_condition.mixed_scales == 1
    # 3 and 50 against 1, 50, 50 on 1..50: |½ − ⅓| between 3 and 50, ⅓ between 1 and 3
    assert by_condition.flat_mean == pytest.approx((0.5 + (2 / 3 + 47 / 6) / 49) / 2)


def test_the_answer_with_a_hundred_digits_is_invalid_and_moves_no_error(tmp_path: Path) -> None:
    whole = load_predictions(write(tmp_path / "a.json", ORIGINAL))
    without = load_predictions(write(tmp_path / "b.json", [row for row in ORIGINAL if row["pred_numeric"] < 1e9]))
    assert whole.provenance["invalid_predictions"] == 1
    one, other = (evaluate(found.cells, found.provenance).metrics for found in (whole, without))
    assert one.individual.mae == other.individual.mae < 10
    excluded = {row.reason for row in one.excluded}
    assert excluded >= {"one response", "1 of 2 predictions are options of the scale"}
