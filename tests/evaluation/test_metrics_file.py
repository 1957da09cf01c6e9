import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.metrics import load_metrics, save_metrics
from socrates_core.evaluation.results.provenance import read_provenance
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.uncertainty import Interval
from tests.evaluations import metrics_json
from tests.predictions import cell

EVENLY = [0.2] * 5


@st.composite
def cells(draw: st.DrawFn) -> list[CellPredictions]:
    """Up to four studies of one or two arms: with a scale or none, distributions or numbers, real or not, groups."""
    found = []
    for study in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["distributions", "numbers", "no scale"]))
        real = draw(st.sampled_from([True, False, None]))
        for arm in range(1, draw(st.integers(1, 2)) + 1):
            n = draw(st.integers(2, 6))
            answers = draw(st.lists(st.integers(1, 6), min_size=n, max_size=n))
            if kind == "distributions":
                weights = draw(st.lists(st.integers(1, 9), min_size=5, max_size=5))
                predicted: dict[str, Any] = {"prediction": (np.array(weights) / sum(weights)).tolist()}
            else:
                predicted = {"drawn": draw(st.lists(st.sampled_from([1, 2, 5, 7, 2e99]), min_size=n, max_size=n))}
            found.append(
                cell(
                    answers,
                    **predicted,
                    **({"values": None, "task": None} if kind == "no scale" else {}),
                    study=f"s{study}",
                    condition=arm,
                    cell_id=len(found),
                    real=real,
                    attributes={"group": [draw(st.sampled_from(["a", "b"])) for _ in answers]},
                )
            )
    return found


@settings(max_examples=60, deadline=None)
@given(cells())
def test_what_is_written_is_read_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, cells: list[CellPredictions]
) -> None:
    path = tmp_path_factory.mktemp("out") / "metrics.json"
    left_out = [{"cell": 60, "study": "s0", "name": "s0", "convention": "all", "reason": "open-ended outcome"}]
    try:
        metrics = evaluate(cells, {"model": "m", "contaminated": ["s0"], "left_out": left_out, "rows": 7}).metrics
    except PredictionError:  # none of them can be scored
        return
    save_metrics(metrics, path)
    written = path.read_bytes()
    assert load_metrics(path) == metrics
    save_metrics(load_metrics(path.parent), path)
    assert path.read_bytes() == written


def test_an_evaluation_with_nothing_to_report_has_its_counts_and_no_figures() -> None:
    # one arm each, and everybody agrees: no effect, no distance by the observed range, one kind of studies
    alike = [cell([3, 3], EVENLY, study=f"s{i}", cell_id=i) for i in range(4)]
    found = as_json(evaluate(alike, {"model": "m"}).metrics)
    assert found["effects"] == {"n": 0, "studies": 0, "contrasts": "control", "left_out": [], "each": []}
    assert found["shares"]["observed"] == {"cells": 0}
    assert list(found["by_kind"]) == ["real"]
    assert found["by_kind"]["real"]["paper"] == found["paper"]
    assert found["paper"] == {
        "grouping": "study, condition, task",
        "convention": "observed",
        "mixed_scales": 0,
        "mean": None,
        "cells": 0,
        "studies": 0,
    }


def test_what_json_has_no_word_for_is_null() -> None:
    found = as_json({"a": math.nan, "b": Interval(0, 1), "c": (np.float64(2), np.int64(3)), "d": frozenset({"y", "x"})})
    assert found == {"a": None, "b": [0, 1], "c": [2.0, 3], "d": ["x", "y"]}


def changed(place: str, value: Any) -> str:
    """The file with something else at a place; with the place taken out for `...`."""
    told = metrics_json()
    *way, last = place.split(".")
    inside: Any = told
    for key in way:
        inside = inside[int(key) if isinstance(inside, list) else key]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return json.dumps(told)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not the metrics of an evaluation (Expecting property name"),
        ("[]", "is not the metrics of an evaluation (it names no format)"),
        ("[" * 100_000, "is not the metrics of an evaluation (it is nested too deeply"),
        ('{"format": "1"}', "(it names no format)"),
        ('{"wasserstein": {}}', "(it names no format)"),
        (changed("format", 1), "is of format 1, this version reads 5"),
        (changed("format", 2), "is of format 2, this version reads 5"),
        (changed("format", 3), "is of format 3, this version reads 5"),
        (changed("wasserstein.scale.mean", math.nan), "(NaN is not valid JSON)"),
        (changed("wasserstein.scale.mean", "0.1"), "wasserstein.scale.mean: Input should be a valid number, not '0.1'"),
        (changed("wasserstein.scale.mean", True), "wasserstein.scale.mean: Input should be a valid number, not 'True'"),
        (changed("wasserstein.scale.cells", 4.5), "wasserstein.scale.cells: Input should be a valid integer"),
        (changed("wasserstein.scale.ci95", [0.1]), "wasserstein.scale.ci95.1 is missing"),
        (changed("wasserstein.scale", ...), "wasserstein.scale is missing"),
        (changed("noise_floor", ...), "(noise_floor is missing)"),
        (changed("effects.pearson", ...), "(effects.pearson is missing)"),
        (changed("effects.each.0.predicted", None), "effects.each.0.predicted: Input should be a valid number"),
        (changed("cells.2.scale.excess", ...), "(cells.2.scale.excess is missing)"),
        (changed("cells.2.verdict", "splendid"), "cells.2.verdict: Input should be 'within_chance'"),
        (changed("provenance.contaminated", "s0"), "provenance.contaminated: Input should be a valid array, not 's0'"),
        (changed("provenance", 3), "provenance: Input should be an object, not '3'"),
        (changed("invented", 1), "(invented is not known)"),
        (changed("individual.invented", 1), "(individual.invented is not known)"),
    ],
)  # fmt: skip
def test_a_file_of_another_form_says_what_is_wrong_and_what_to_do(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(content, "utf-8")
    with pytest.raises(PredictionError, match=re.escape(said)) as error:
        load_metrics(tmp_path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert message.endswith("; score it again with python -m eval.score RUN --out DIR")
    assert "\n" not in message


def test_a_folder_without_metrics_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"has no metrics\.json; finish the run with python -m eval\.run"):
        load_metrics(tmp_path)


def test_a_record_of_where_predictions_come_from_keeps_all_that_it_says() -> None:
    said = {"model": "m", "per_cell": None, "versions": {"python": "3.11"}, "near_duplicates": [
        {"training_study": "a", "study": "b", "cell": 3, "similarity": 0.5}
    ]}  # fmt: skip
    found = read_provenance(said)
    assert (found.model, found.per_cell, found.trained_on, found.near_duplicates[0].cell) == ("m", None, None, 3)
    assert as_json(found) == said
    with pytest.raises(PredictionError, match="per_cell: Input should be a valid integer, not 'many'"):
        read_provenance({"per_cell": "many"})
