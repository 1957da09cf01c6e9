"""The trust suite: whether the error model's intervals hold, in simulation and on the bundled real studies.

On real studies nobody knows the true means, so intervals of observed means and effects are tried: on each independent
group with the model fitted on all the others, and on the groups of the test part with the model fitted on those of the
calibration part. What a model was trained on is left out.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from eval.bench.coverage.deals import DEALS, dealt
from eval.bench.coverage.error_model import over_groups, trust_coverage
from eval.bench.coverage.support import coverage_by, labels_of
from eval.bench.data_parts.rows import ROWS
from socrates_core.model.loading import load_model
from socrates_core.study.studies import load_studies
from socrates_core.study.study_set import StudySet
from socrates_core.trust.calibration import AnswersModel, Calibration
from socrates_core.trust.error_model.evidence import ALL, Evidence, evidence_of, usable
from socrates_core.trust.error_model.hierarchy import ErrorModel, Responses
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means
from socrates_core.trust.evaluated import evaluate_real
from socrates_core.trust.fitting import Run, calibrate, unseen

ROUNDS: Final = 500
PER_CELL: Final = 400
"""People a cell, on real studies."""
MODELS: Final = (("uniform", None), ("marginal", None), ("demo", None), ("demo", "demo"))
PARTS: Final = ("train", "calibration", "test")


def run_trust_suite(rows: int, seed: int) -> dict[str, Any]:
    """Measure the coverage of the error model's intervals.

    Args:
        rows: Fewer than by default make it a quick trial: few rounds, and only the uniform baseline on real studies.
        seed: Seed of all that is drawn.
    """
    whole = rows >= ROWS
    rounds = ROUNDS if whole else max(2, rows // 1000)
    simulated = trust_coverage(rounds, seed)
    for setting, figures in simulated.items():
        shown = ", ".join(f"{name} {value[0]:.3f}" for name, value in figures.items() if "width" not in name)
        print(f"simulated    {setting}, {rounds} calibrations: {shown}")
    real = {}
    for model, adapter in MODELS if whole else MODELS[:1]:
        name = f"{model} with adapter" if adapter else model
        real[name] = real_coverage(model, adapter, PER_CELL if whole else 20, seed, DEALS if whole else 2)
        print(f"real         {name}: {real[name]['left_out']['coverage']}")
    return {"simulated": {"rounds": rounds, "settings": simulated}, "real": real}


def real_coverage(model: str, adapter: str | None, per_cell: int, seed: int, deals: int = DEALS) -> dict[str, Any]:
    """Of one model on the bundled real studies: one group left out at a time, and the test part by the calibration
    part, and by both others. `deals`: into how many other parts the groups are dealt.
    """
    studies, loaded = load_studies("bundled"), load_model(model, adapter)
    runs: dict[str, Run] = {
        part: evaluate_real(studies, loaded, part, per_cell=per_cell, seed=seed, allow_seen=True) for part in PARTS
    }
    left_out = calibrate(list(runs.values()), seed)
    apart = calibrate([runs["calibration"]], seed)
    shipped = calibrate([runs["train"], runs["calibration"]], seed, test=[runs["test"]])
    family = left_out.families[ALL]
    answers = kinds(left_out)
    return {
        "left_out": {
            "groups": left_out.groups,
            "studies": left_out.studies,
            "cells": family.cells,
            "effects": family.effects,
            "change_of_w": family.change and asdict(family.change),
            "slope": {
                name: [one.effect.error.coefficient, one.effect.error.coefficient_se]
                for name, one in answers.items()
                if one.effect
            },
            "deviations": {
                name: {
                    what: [error.tau, error.sigma]
                    for what, error in (
                        ("mean", one.mean),
                        ("share", one.share),
                        ("effect", one.effect and one.effect.error),
                    )
                    if error
                }
                for name, one in answers.items()
            },
            "worth": {name: one.distribution_worth and asdict(one.distribution_worth) for name, one in answers.items()},
            "coverage": {name: [asdict(tried) for tried in one.coverage] for name, one in answers.items()},
        },
        "test_by_calibration": on_other_groups(apart, runs["test"]),
        "test_by_train_and_calibration": {
            "fitted_on": shipped.groups,
            "groups": shipped.tested_on,
            **{
                name: {
                    "left_out": [asdict(one) for one in answers.coverage],
                    "test": [asdict(one) for one in answers.tested],
                    "offered": [
                        f"{one.what} {one.level:.0%}"
                        for one in answers.coverage
                        if answers.offered(one.what, one.level)
                    ],
                }
                for name, answers in kinds(shipped).items()
            },
        },
        "deals": dealt(_evidence(list(runs.values())), shipped.groups, np.random.default_rng([seed, 17]), deals),
        "by": told_apart(list(runs.values()), studies),
    }


def kinds(calibration: Calibration) -> dict[str, AnswersModel]:
    """The error model of all scales together, of predictions as they are and, if there are some, of sharpened ones."""
    family = calibration.families[ALL]
    return {"as predicted": family.raw, **({"sharpened": family.sharpened} if family.sharpened else {})}


def _evidence(runs: Sequence[Run]) -> Evidence:
    """Of all runs, with raw predictions."""
    return evidence_of(unseen([provenance for _, provenance in runs], [cell for cells, _ in runs for cell in cells]))[0]


def told_apart(runs: Sequence[Run], studies: StudySet) -> dict[str, Any]:
    """Coverage of raw predictions inside and outside what the other groups test, and by fame and date."""
    fresh = unseen([provenance for _, provenance in runs], [cell for cells, _ in runs for cell in cells])
    evidence, _ = evidence_of(fresh)
    return coverage_by(evidence, labels_of(usable(fresh), studies, runs[0][1].source))


def on_other_groups(calibration: Calibration, run: Run) -> dict[str, Any]:
    """How the intervals of raw predictions, on all scales together, hold on a run whose groups had no part in them."""
    cells, provenance = run
    evidence, _ = evidence_of(unseen([provenance], cells))
    raw = calibration.families[ALL].raw
    found: dict[str, Any] = {"fitted_on": calibration.groups, "groups": len(evidence.groups)}
    if raw.mean is not None:
        found["mean"] = _covered(raw.mean, errors_of_means(evidence.cells))
    if raw.effect is not None:
        found["effect"] = _covered(raw.effect.error, actual_effects(evidence.effects))
    return found


def _covered(model: ErrorModel, responses: Responses) -> dict[str, float]:
    group = responses.group[responses.block]
    sampling = responses.variance + responses.shared[responses.block]
    found = {}
    for level in (0.8, 0.95):
        low, high = model.predict(responses.x, sampling).interval(level)
        inside = (low <= responses.y) & (responses.y <= high)
        by_group = np.bincount(group, inside) / np.bincount(group)
        found[f"{level:.0%}"] = float(by_group.mean())
        found[f"{level:.0%} se"] = float(by_group.std(ddof=1) / np.sqrt(len(by_group)))
        low, high = model.predict(responses.x).interval(level)
        found[f"{level:.0%} width"] = over_groups(high - low, group)
    return found
