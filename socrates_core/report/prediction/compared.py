"""Predicted against actual answers of a study file that names human answers."""

import re
from collections.abc import Sequence

from socrates_core.report.simulation import to_csv, to_html, to_json
from socrates_core.report.trust.distance import distances_sentence
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import from_to
from socrates_core.simulation.result import ArmResult
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.trust.statement.finding import trust


def is_answered(one: OutcomeResult) -> bool:
    """Whether people answered an outcome that was predicted."""
    return one.simulation is not None and any(arm.n_actual or arm.n_off_scale for arm in one.simulation.arms)


def comparison_files(found: Sequence[OutcomeResult]) -> dict[str, str]:
    """Name → content of a report, a table and everything as JSON for each outcome that people answered."""
    files: dict[str, str] = {}
    for place, one in enumerate(found, start=1):
        if not is_answered(one):
            continue
        assert one.simulation is not None
        name = f"compared-{place}-{re.sub(r'[^a-z0-9]+', '-', one.name.lower()).strip('-')[:40] or 'outcome'}"
        writers = {"html": to_html, "csv": to_csv, "json": to_json}
        files |= {f"{name}.{kind}": write(one.simulation) for kind, write in writers.items()}
    return files


def comparison_lines(one: OutcomeResult) -> list[str]:
    """Predicted against actual in every condition, a line each; empty if nobody answered."""
    if one.simulation is None or not is_answered(one):
        return []
    said = trust(one.simulation)
    told = [f"{arm.label}: {_words(arm, raw_words(said, ' (raw)'))}" for arm in one.simulation.arms]
    return [*told, *([distances_sentence(said)] if distances_sentence(said) else [])]


def _words(arm: ArmResult, raw: str) -> str:
    """The comparison of one condition; `raw` tells its figures from calibrated ones, where there are any."""
    if not arm.n_actual and arm.n_off_scale:
        return f"not compared: none of {arm.n_off_scale:,} answers is an option of the scale"
    if arm.nominal is not None:
        apart = arm.nominal
        return (
            f"total variation {apart.total_variation:.3f} against {arm.n_actual:,} answers{_outside(arm)}; noise floor "
            f"{apart.noise_floor:.3f}, uniform baseline {apart.uniform:.3f} (the options have no order, so there is no "
            "W)"
        )
    if arm.numbers is not None and arm.numbers.score is not None and arm.numbers.actual is not None:
        numbers = arm.numbers.score
        return (
            f"W = {numbers.observed:.3f} by the observed range, {numbers.low:,} to {numbers.high:,} (95 % interval "
            f"{from_to(numbers.interval)}) against {arm.n_actual:,} answers; noise floor {numbers.noise_floor:.3f}; "
            f"median predicted {arm.numbers.predicted.median:,}, actual {arm.numbers.actual.median:,}"
        )
    if arm.score is None:
        return str(arm.unscored) if arm.n_actual else "nobody answered"
    score = arm.score
    return (
        f"W{raw} = {score.wasserstein:.3f} (95 % interval {from_to(score.interval)}) against {arm.n_actual:,} answers"
        f"{_outside(arm)}; noise floor {score.noise_floor:.3f}, uniform baseline {score.uniform:.3f}; mean "
        f"predicted{raw} {arm.predicted_mean:.2f}, actual {arm.actual_mean:.2f}"
    )


def _outside(arm: ArmResult) -> str:
    return f"; {arm.n_off_scale:,} more are off the scale and left out" if arm.n_off_scale else ""
