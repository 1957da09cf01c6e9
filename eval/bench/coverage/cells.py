"""Whether the intervals of one cell hold the truth: simulated with a known one.

A truth is drawn, people answer from it, and a prediction that stands in a known relation to the truth is held beside
the answers. The interval of the distance should hold the distance between prediction and truth, that of the gain how
much closer to the truth the prediction is than guessing evenly.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from socrates_core.metrics.cell.chance import Prediction, distance_intervals
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import TIE
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import Floats

OPTIONS: Final = (2, 5, 7, 11)
PEOPLE: Final = (10, 30, 100, 300, 1000)
TRUTHS: Final = {"flat": 1.0, "peaked": 0.3}
"""Name → concentration of the Dirichlet distribution that truths are drawn from."""

Kind = Literal["right", "near", "far", "timid", "no gain"]
KINDS: Final[tuple[Kind, ...]] = ("right", "near", "far", "timid", "no gain")
"""The truth itself; four fifths of it; nothing of it; close to guessing evenly; as far from the truth as guessing
evenly, so that any claim to be better or worse is false."""

ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Setting:
    """What a row of the table was simulated with."""

    options: int
    people: int
    truths: str
    """One of TRUTHS."""
    prediction: Kind


def settings(options: tuple[int, ...] = OPTIONS, people: tuple[int, ...] = PEOPLE) -> list[Setting]:
    """All rows; with two options, no other prediction is as far from the truth as guessing evenly."""
    return [
        Setting(k, n, truths, kind)
        for k in options
        for n in people
        for truths in TRUTHS
        for kind in KINDS
        if k > 2 or kind != "no gain"
    ]


@dataclass(frozen=True)
class Row:
    """Shares of rounds."""

    options: int
    people: int
    truths: str
    prediction: Kind
    distance: float
    """Whose interval of W holds the true one."""
    gain: float
    """Whose interval of the gain does."""
    claims: float
    """Whose interval of the gain leaves 0 out."""
    gain_width: float
    """Mean width of the gain's interval."""


def cell_coverage(rounds: int, seed: int, rows: list[Setting] | None = None) -> dict[str, Any]:
    """Shares of rounds whose intervals of W and of the gain hold the truth, for each setting and over all.

    Args:
        rounds: In each setting.
        seed: Of everything drawn.
        rows: The settings; all when None.
    """
    table = []
    for row in settings() if rows is None else rows:
        # of its own, so that a setting comes out the same whichever others are run
        rng = np.random.default_rng([seed, row.options, row.people, *row.truths.encode(), *row.prediction.encode()])
        table.append(_setting_coverage(row, rounds, rng))
    return {"rounds": rounds, "summary": _summary(table), "settings": [vars(row) for row in table]}


def _summary(table: list[Row]) -> dict[str, dict[str, float]]:
    """Mean and worst coverage over the rows of each kind, and false claims where the true gain is 0."""
    found = {}
    for kind in ("all", *KINDS):
        rows = [row for row in table if kind in ("all", row.prediction)]
        if rows:
            distances, gains = [row.distance for row in rows], [row.gain for row in rows]
            found[kind] = {
                "distance": float(np.mean(distances)),
                "distance_worst": min(distances),
                "gain": float(np.mean(gains)),
                "gain_worst": min(gains),
            }
    claims = [row.claims for row in table if row.prediction == "no gain"]
    if claims:
        found["no gain"] |= {"claims": float(np.mean(claims)), "claims_worst": max(claims)}
    return found


def _setting_coverage(row: Setting, rounds: int, rng: np.random.Generator) -> Row:
    positions, even = np.linspace(0, 1, row.options), np.full(row.options, 1 / row.options)
    seen = []
    for _ in range(rounds):
        truth = rng.dirichlet(np.full(row.options, TRUTHS[row.truths]))
        shares = prediction(row.prediction, truth, rng)
        answers = rng.multinomial(row.people, truth) / row.people
        found = distance_intervals(Prediction(shares), answers, positions, row.people, rng)
        distance, evenly = wasserstein_rows(np.array([shares, even]), truth, positions).tolist()
        claimed = found.gain.low > TIE or found.gain.high < -TIE
        held = (holds(found.distance, distance), holds(found.gain, evenly - distance))
        seen.append((*held, claimed, found.gain.high - found.gain.low))
    means = np.mean(np.array(seen, np.float64), axis=0).tolist()
    return Row(row.options, row.people, row.truths, row.prediction, *means)


def prediction(kind: Kind, truth: Floats, rng: np.random.Generator) -> Floats:
    """(K,) a prediction that stands in a known relation to a truth (K,)."""
    even = np.full(len(truth), 1 / len(truth))
    other = rng.dirichlet(np.ones(len(truth)))
    if kind == "no gain":
        return _as_far_as_even(truth, other, even)
    known = {"right": truth, "near": 0.8 * truth + 0.2 * other, "far": other, "timid": 0.85 * even + 0.15 * other}
    return known[kind]


def _as_far_as_even(truth: Floats, other: Floats, even: Floats) -> Floats:
    """(K,) the mixture of the truth and another distribution that is as far from the truth as guessing evenly is.

    Where the other one is too close for that, all answers at the end that is further from the truth take its place.
    """
    positions = np.linspace(0, 1, len(truth))
    target, away = wasserstein_rows(np.array([even, other]), truth, positions).tolist()
    if away < target:
        other = np.eye(len(truth))[-1 if truth @ positions < 0.5 else 0]
        away = float(wasserstein_rows(other, truth, positions))
    share = target / away  # W(truth, mixture) is this share of W(truth, other)
    return np.asarray((1 - share) * truth + share * other)


def holds(interval: Interval, value: float) -> bool:
    """Whether a value lies in an interval."""
    return interval.low - ROUNDING <= value <= interval.high + ROUNDING
