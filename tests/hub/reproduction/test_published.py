from pathlib import Path
from typing import Any

import pytest

from socrates_core.evaluation.results.metrics import load_metrics
from socrates_core.hub.reproduction.published import UNSEEN_RESPONSES, Comparison, as_markdown, compare
from socrates_core.study.sources.socsci210 import DATASET
from tests.evaluations import write_metrics

INTERVAL = [0.12, 0.18]
PAPER = {"mean": 0.16, "ci95": INTERVAL, "cells": 788, "studies": 40, "uniform": 0.202}


def compared(folder: Path, responses: int = UNSEEN_RESPONSES, **changes: Any) -> Comparison:
    """An evaluation of the 40 unseen studies in full, but for the changes."""
    paper = {**PAPER, **changes.pop("paper", {})}
    provenance = {"model": "m", "source": DATASET, **changes.pop("provenance", {})}
    write_metrics(folder, paper=paper, provenance=provenance, **changes)
    return compare(load_metrics(folder), "m", responses)


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (0.160, "W is 0.0090 above the paper's 0.151: a gap that 40 studies do not resolve"),
        (0.142, "W is 0.0090 below the paper's 0.151: a gap that 40 studies do not resolve"),
        (0.130, "The figures do not agree: this model is closer to what people answered"),
        (0.190, "The figures do not agree: this model is further from what people answered"),
    ],
)
def test_the_verdict_is_about_the_gap_that_forty_studies_resolve(mean: float, expected: str, tmp_path: Path) -> None:
    found = compared(tmp_path, paper={"mean": mean})
    assert found.not_full == ()
    assert found.verdict.startswith("On 788 of the 801 cells (open-ended outcomes have no W here)")
    assert expected in found.verdict


def test_without_the_published_uniform_baseline_nothing_is_said_of_the_model(tmp_path: Path) -> None:
    # 0.1678 is the uniform baseline by the stated scale: someone has measured by another convention
    found = compared(tmp_path, paper={"mean": 0.151, "uniform": 0.1678})
    assert found.verdict.startswith("No verdict: on 788 of the 801 cells")
    assert "0.1678 here and 0.203 and 0.2015 as published, so W is not measured in the same way" in found.verdict


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"provenance": {"source": "me/mine"}}, "come from me/mine, not from socratesft/SocSci210"),
        ({"provenance": {"per_cell": 20}}, "at most 20 people of a cell were asked"),
        ({"paper": {"studies": 39}}, "39 of 40 studies have a W"),
        ({"responses": 4826}, "they hold 4,826 answers, not 482,642"),
        ({"contaminated": True}, "the model was trained on some of them"),
    ],
)
def test_anything_but_the_forty_studies_in_full_gets_no_verdict(
    changes: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    found = compared(tmp_path, **changes)
    assert found.verdict.startswith("No verdict: these are not the 40 unseen studies in full")
    assert expected in found.verdict
    assert "agree" not in found.verdict


def test_every_figure_stands_with_its_convention_and_counts(tmp_path: Path) -> None:
    text = as_markdown(compared(tmp_path))
    by_range = "range of the human answers (the paper's)"
    for line in (
        f"| m | this run | {by_range} | 0.1600 (0.1200 to 0.1800) | 40 | 788 |",
        f"| uniform baseline | this run | {by_range} | 0.2020 | 40 | 788 |",
        f"| Socrates-Qwen-14B | the paper | {by_range} | 0.151 | 40 | not stated |",
        f"| uniform baseline | the paper | {by_range} | 0.203 | 40 | not stated |",
        f"| the paper's “empirical best” | the paper | {by_range} | 0.125 | 40 | not stated |",
        f"| Socrates-Qwen-14B, the released weights | an independent reproduction | {by_range} | 0.1499 | 40 "
        "| not stated |",
        f"| uniform baseline | an independent reproduction | {by_range} | 0.2015 | 40 | not stated |",
        "| uniform baseline | an independent reproduction | stated scale | 0.1678 | 40 | not stated |",
    ):
        assert line in text.splitlines()
    # ours by the stated scale, over the three studies of this evaluation
    assert "| m | this run | stated scale | " in text
