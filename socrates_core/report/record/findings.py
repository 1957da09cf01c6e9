"""What people showed of what was registered besides means and effects: W, probabilities, and proper scores."""

import json
from collections.abc import Sequence
from typing import Any, Final

from socrates_core.evaluation.results.json_file import as_json
from socrates_core.metrics.proper.sampled import SampledScores, ScoreIntervals
from socrates_core.metrics.proper.scores import Scores
from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Part, Table
from socrates_core.report.record.judging import ArmScores
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.report.record.scoring import ScoredOutcome, ScoredRecord
from socrates_core.report.trust.distance import comparable_of, distance_words, distances_sentence
from socrates_core.report.trust.tables import CANNOT, shares_trust_table
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import number, percent, signed, with_interval
from socrates_core.simulation.result import ArmResult, Simulation

FORMAT: Final = 1
"""Version of scored.json."""
ONE_OUTCOME: Final = (
    "These are probabilities, and each of them is of one outcome, which cannot show it to be right or wrong: what was "
    "said stands beside what people showed."
)
EXPLAIN_SCORES: Final = (
    "Proper scores of the registered shares, given the answers on the axis: 0 is best, and nobody can expect a better "
    "one by stating other shares than those that they believe. Brier is in [0, 2], the ranked probability score in [0, "
    "1], the log score in nats, with probabilities under 10⁻⁶ taken as 10⁻⁶. People's own shares, known only "
    "afterwards, are the best that one prediction for everybody could have scored. Intervals (95 %) are over samples "
    "of people; the uniform baseline minus a prediction is above 0 where the prediction is better, for the same people."
)


NO_ORDER: Final = "no order"
TOO_FEW: Final = "too few answered"
TIED: Final = 1e-9
"""In the scale's own numbers: means of the same answers differ by less, for they are added up in different orders."""


def finding_parts(one: ScoredOutcome) -> list[Part]:
    """Shares, W, probabilities and proper scores of an outcome, each with what is to be known to read it."""
    made = one.result.simulation
    if made is None:
        return []
    parts: list[Part] = []
    shares = shares_trust_table(one.said)
    if shares is not None:
        parts += [
            "Shares, and whether people's lay inside of the registered interval with their sampling error.",
            shares,
        ]
    distances = distances_table(one, made)
    parts += [] if distances is None else [comparable_of(one.said), distances]
    chances = [table for table in (positive_table(one, made), highest_table(one, made)) if table is not None]
    parts += [ONE_OUTCOME, *chances] if chances else []
    return [*parts, EXPLAIN_SCORES, scores_table(one.scores)] if one.scores else parts


def finding_lines(one: ScoredOutcome) -> list[str]:
    """The same as lines of text; W stands among those of the comparison."""
    made = one.result.simulation
    if made is None:
        return []
    told = []
    shares = [share.checked for arm in one.said.arms for share in arm.shares if share.checked is not None]
    known = [found for found in shares if found.inner is not None]
    if known:
        inside = sum(found.inner is True for found in known)
        told.append(
            f"{inside} of {len(known)} shares lay inside of the registered 80 % interval, sampling error included"
        )
    tables = ((positive_table(one, made), "effect above 0"), (highest_table(one, made), "highest true mean"))
    for table, what in tables:
        for label, said, *seen in () if table is None else table.rows:
            shown = f"people's {', '.join(seen)}" if seen[0] != TOO_FEW else "too few people answered"
            told.append(f"{label}: {what} was given {said}; {shown}")
    for arm in one.scores:
        kinds = ", ".join(f"{name} {_brief(scores)}" for name, scores, _ in _kinds(arm))
        told.append(f"{arm.label}: Brier, ranked probability and log score: {kinds}")
        told += [f"{arm.label}: {name}, Brier score: {_better(of)[0]}" for name, of in _gains(arm)]
    return told


def distances_table(one: ScoredOutcome, made: Simulation) -> Table | None:
    """W of each condition beside what was registered of it; None where nothing was, or nobody answered."""
    said = one.said.distance
    if said is None or not distances_sentence(one.said):
        return None
    both = bool(raw_words(one.said, "both"))
    header = ["Condition", *(["W, raw"] if both else []), "W, calibrated" if both else "W", "Registered to expect"]
    header += ["Registered: at most, 80 %"] + ["At most, 95 %"] * (said.outer is not None) + ["Answers"]
    rows = []
    for arm, theirs in zip(made.arms, one.said.arms, strict=True):
        row = [arm.label, *([number(arm.w)] if both else []), distance_words(theirs.distance), number(said.expected)]
        row += [CANNOT if said.inner is None else number(said.inner)]
        row += [number(said.outer)] * (said.outer is not None) + [f"{arm.n_actual:,}"]
        rows.append(tuple(row))
    return Table(tuple(header), tuple(rows))


def positive_table(one: ScoredOutcome, made: Simulation) -> Table | None:
    """The registered probability of each effect above 0 beside people's effect; None where none was."""
    said = [(found.label, found.positive) for found in one.said.effects if found.positive is not None]
    seen = {row.label: (row.actual, row.actual_interval) for row in made.effects}
    rows = tuple((label, percent(chance), *_effect_seen(*seen.get(label, (None, None)))) for label, chance in said)
    header = ("Condition", "Registered probability of an effect above 0", "People's effect (95 % interval)", "Shows")
    return Table(header, rows) if rows else None


def highest_table(one: ScoredOutcome, made: Simulation) -> Table | None:
    """The registered probability of the highest mean beside people's means, highest first; None where none was."""
    pairs = [
        (arm, said.highest)
        for arm, said in zip(made.arms, one.said.arms, strict=False)
        if said.highest is not None and arm.cell.condition_num == said.condition
    ]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: -(pair[0].actual_mean if pair[0].actual_mean is not None else float("-inf")))
    arms = [arm for arm, _ in pairs]
    rows = tuple((arm.label, percent(chance), *_mean_seen(arm, arms)) for arm, chance in pairs)
    header = ("Condition", "Registered probability of the highest", "People's mean (95 % interval)", "Shows")
    return Table(header, rows)


def scores_table(scores: Sequence[ArmScores]) -> Table:
    """A row for each condition and prediction."""
    rows = []
    for arm in scores:
        for name, of, ends in _kinds(arm):
            at = (None, None, None) if ends is None else (ends.brier, ends.rps, ends.log)
            ranked = NO_ORDER if of.rps is None else with_interval(of.rps, at[1])
            shown = (with_interval(of.brier, at[0]), ranked, with_interval(of.log, at[2]))
            rows.append((arm.label, name, *shown, f"{arm.answers:,}"))
        rows += [(arm.label, name, *_better(gain), f"{arm.answers:,}") for name, gain in _gains(arm)]
    header = ("Condition", "Prediction", "Brier score", "Ranked probability score", "Log score", "Answers")
    return Table(header, tuple(rows))


def scored_json(record: OpenedRecord, scored: ScoredRecord) -> str:
    """scored.json: what was registered of every outcome, and what people showed of it, for programs to read.

    `said` is the registered statement with `checked` and `distance` filled in: whether people's figures lay inside,
    sampling error included. `means` and `effects` have both judgements, against the registered interval itself too.
    """
    about = record.about
    content = {
        "format": FORMAT,
        "simulated": True,
        "title": scored.form.title,
        "made": about["made"],
        "model": about["model"],
        "record_sha256": record.digest,
        "record_sha256_was_quoted": record.quoted,
        "outcomes": [_outcome_json(one) for one in scored.outcomes],
    }
    return json.dumps(as_json(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _outcome_json(one: ScoredOutcome) -> dict[str, Any]:
    made = one.result.simulation
    if made is None:
        return {"name": one.name, "not_predicted": one.result.refused}
    seen = [
        {
            "condition": arm.label,
            "answers": arm.n_actual,
            "wasserstein_raw": arm.w,
            "wasserstein_convention": arm.convention,
            "total_variation": None if arm.nominal is None else arm.nominal.total_variation,
            "why_no_distance": arm.unscored,
        }
        for arm in made.arms
    ]
    return {
        "name": one.name,
        "not_predicted": None,
        "conditions": seen,
        "said": one.said,
        "means": one.means,
        "effects": one.effects,
        "scores": one.scores,
    }


def _kinds(arm: ArmScores) -> list[tuple[str, Scores, ScoreIntervals | None]]:
    """Each prediction with its scores; those of people's own shares have no interval, for they are fitted to them."""
    calibrated = [] if arm.calibrated is None else [("calibrated", arm.calibrated, arm.calibrated_intervals)]
    return [
        ("as registered" if arm.calibrated is None else "raw", arm.raw, arm.raw_intervals),
        *calibrated,
        ("uniform baseline", arm.uniform, arm.uniform_intervals),
        ("people's own shares", arm.own_shares, None),
    ]


def _gains(arm: ArmScores) -> list[tuple[str, SampledScores]]:
    raw = "as registered" if arm.calibrated is None else "raw"
    calibrated = [] if arm.calibrated_better is None else [("uniform baseline minus calibrated", arm.calibrated_better)]
    return [(f"uniform baseline minus {raw}", arm.raw_better), *calibrated]


def _better(found: SampledScores) -> tuple[str, str, str]:
    """Differences of Brier, ranked probability and log score with their intervals."""
    of, at = found.scores, found.intervals

    def shown(value: float, ends: Interval) -> str:
        return f"{signed(value, 3)} ({signed(ends.low, 3)} to {signed(ends.high, 3)})"

    ranked = NO_ORDER if of.rps is None or at.rps is None else shown(of.rps, at.rps)
    return shown(of.brier, at.brier), ranked, shown(of.log, at.log)


def _brief(scores: Scores) -> str:
    return f"{number(scores.brier)} / {'–' if scores.rps is None else number(scores.rps)} / {number(scores.log)}"


def _effect_seen(observed: float | None, ends: Interval | None) -> tuple[str, str]:
    if observed is None or ends is None:
        return TOO_FEW, "nothing"
    shows = "above 0" if ends.low > 0 else "below 0" if ends.high < 0 else "not told apart from 0"
    return f"{signed(observed)} ({signed(ends.low)} to {signed(ends.high)})", shows


def _mean_seen(arm: ArmResult, arms: Sequence[ArmResult]) -> tuple[str, str]:
    """People's mean, and whether it is the highest; their intervals say whether that may be chance."""
    ends = arm.actual_mean_interval
    if arm.actual_mean is None or ends is None:
        return TOO_FEW, "nothing"
    others = [(one.actual_mean, one.actual_mean_interval) for one in arms if one is not arm]
    known = [(mean, at) for mean, at in others if mean is not None and at is not None]
    if len(known) < len(others):
        shows = "not all conditions were answered"
    elif any(mean > arm.actual_mean + TIED for mean, _ in known):
        shows = "not the highest"
    elif any(mean > arm.actual_mean - TIED for mean, _ in known):
        shows = "as high as another's"
    else:
        overlaps = any(at.high >= ends.low for _, at in known)
        shows = "highest; its interval overlaps with another's" if overlaps else "highest"
    return f"{arm.actual_mean:.2f} ({ends.low:.2f} to {ends.high:.2f})", shows
