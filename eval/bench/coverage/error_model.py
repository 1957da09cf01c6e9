"""Whether the error model's intervals hold where the truth is known: simulated calibrations of 30 or 10 groups.

A group is an experiment or a pool of people: one to three outcomes of two to four arms on 2, 5, 7 or 11 options, whose
true answers are those of a latent normal variable cut at thresholds. Group, outcome and arm move its mean; 50 to 1,000
people answer in each arm. A prediction of quality r has latent means that correlate with the true ones by r (and, as
models do, is too sure: its spread is 0.8 of the true one, and 0.2 too high): useless at r = 0, good at r = 0.97; the
uniform prediction says nothing at all. Errors are neither normal nor of equal size, as real ones are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr

from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.distance import conformal_bound
from socrates_core.trust.error_model.evidence import CellEvidence
from socrates_core.trust.error_model.hierarchy import Responses, fit_components
from socrates_core.trust.error_model.shares import cuts, errors_of_shares, upper_shares

QUALITIES: Final[Mapping[str, float | None]] = {"uniform": None, "useless": 0.0, "poor": 0.4, "fair": 0.8, "good": 0.97}
GROUPS: Final = (10, 30)
OPTIONS: Final = (2, 5, 7, 11)
NEW: Final = 25
"""New groups on which each calibration's intervals are tried."""
LEVELS: Final = (0.8, 0.95)


@dataclass(frozen=True, eq=False)
class Drawn:
    """C cells of G groups with E effects; means in widths of the scale, effects in points."""

    group: npt.NDArray[np.int64]
    """(C,) of each cell."""
    true: Floats
    """(C,) true means."""
    seen: Floats
    """(C,) means of the people who answered."""
    predicted: Floats
    """(C,) predicted means."""
    variance: Floats
    """(C,) estimated sampling variances."""
    w: Floats
    """(C,) W of the prediction to the answers."""
    w_true: Floats
    """(C,) W of the prediction to the truth."""
    arm: npt.NDArray[np.int64]
    """(E,) cell of each effect's arm."""
    control: npt.NDArray[np.int64]
    """(E,) cell of its control."""
    shares: Floats
    """(C, 11) true shares of the options; 0 beyond the last one."""
    cells: tuple[CellEvidence, ...]
    """(C,) as a calibration is given them."""
    options: npt.NDArray[np.int64]
    """(C,) how many there are."""

    def effect(self, of: Floats) -> Floats:
        """(E,) effects in points from (C,) means."""
        return np.asarray(100 * (of[self.arm] - of[self.control]))

    @property
    def errors(self) -> Responses:
        """Of the means."""
        n = len(self.group)
        y = self.seen - self.predicted
        return Responses(y, np.ones(n), self.variance, np.arange(n), np.zeros(n), self.group, contrasts=False)

    @property
    def effects(self) -> Responses:
        """Given the predicted ones."""
        first, block = np.unique(self.control, return_inverse=True)
        return Responses(
            y=self.effect(self.seen),
            x=self.effect(self.predicted),
            variance=100**2 * self.variance[self.arm],
            block=block.astype(np.int64),
            shared=100**2 * self.variance[first],
            group=self.group[first],
            contrasts=True,
        )


def draw(groups: int, quality: float | None, rng: np.random.Generator) -> Drawn:
    """Groups with their truths, answers and predictions.

    Args:
        groups: G.
        quality: Correlation of predicted with true latent means, in [0, 1]; None for the uniform prediction.
        rng: Draws everything.
    """
    outcomes = rng.integers(1, 4, groups)
    group_of = np.repeat(np.arange(groups), outcomes)
    arms = rng.integers(2, 5, len(group_of))
    outcome = np.repeat(np.arange(len(group_of)), arms)
    first = np.cumsum(arms) - arms
    control = np.zeros(len(outcome), bool)
    control[first] = True
    group = group_of[outcome]
    options = rng.choice(OPTIONS, groups)[group]
    people = np.exp(rng.uniform(np.log(50), np.log(1000), len(outcome))).astype(np.int64)
    r = 0.0 if quality is None else quality
    truth, guess = np.zeros((2, len(outcome)))
    # a control lies where its outcome does; the other arms are moved from there
    for sd, place, moved in ((0.7, group, True), (0.4, outcome, True), (0.35, np.arange(len(outcome)), ~control)):
        actual, unrelated = rng.normal(0, sd, (2, place.max() + 1))
        truth += actual[place] * moved
        guess += (r * actual + np.sqrt(1 - r * r) * unrelated)[place] * moved
    positions = np.minimum(np.arange(max(OPTIONS)), options[:, None] - 1) / (options[:, None] - 1)
    p = shares(truth, 1.0, options)
    evenly = (np.arange(max(OPTIONS)) < options[:, None]) / options[:, None]
    q = evenly if quality is None else shares(guess + 0.2, 0.8, options)
    seen = rng.multinomial(people, p) / people[:, None]
    smooth = (seen * people[:, None] + 2 * evenly) / (people[:, None] + 2)
    middle = (smooth * positions).sum(axis=1, keepdims=True)
    effects = np.flatnonzero(~control)
    given = zip(group, positions, q, seen, people, options, strict=True)
    cells = [
        CellEvidence(str(of), f"{of:04d}", at[:k], guessed[:k], answers[:k], float(n), None)
        for of, at, guessed, answers, n, k in given
    ]
    return Drawn(
        cells=tuple(cells),
        group=group,
        true=(p * positions).sum(axis=1),
        seen=(seen * positions).sum(axis=1),
        predicted=(q * positions).sum(axis=1),
        variance=(smooth * (positions - middle) ** 2).sum(axis=1) / people,
        w=distances(q, seen, positions),
        w_true=distances(q, p, positions),
        arm=effects,
        control=first[outcome[effects]],
        shares=p,
        options=options,
    )


def shares(mean: Floats, sd: float, options: npt.NDArray[np.int64]) -> Floats:
    """(C, 11) of a latent normal variable cut at evenly spaced thresholds between −2 and 2; 0 beyond the options.

    Two options are cut at 0.
    """
    step = np.arange(1, max(OPTIONS))
    cuts = np.where(step < options[:, None], -2 + 4 * step / options[:, None], np.inf)
    upto = ndtr((cuts - mean[:, None]) / sd)
    return np.diff(np.hstack([np.zeros((len(mean), 1)), upto, np.ones((len(mean), 1))]), axis=1)


def distances(one: Floats, other: Floats, positions: Floats) -> Floats:
    """(C,) W between two distributions (C, 11)."""
    ahead = np.abs(np.cumsum(one - other, axis=1))[:, :-1]
    return np.asarray((ahead * np.diff(positions, axis=1)).sum(axis=1))


def trust_coverage(rounds: int, seed: int) -> dict[str, Any]:
    """Coverage and width in every setting: quality of the prediction × number of groups.

    Args:
        rounds: Calibrations in each setting.
        seed: Of all draws.
    """
    found = {}
    for number, (name, quality) in enumerate(QUALITIES.items()):
        for groups in GROUPS:
            rng = np.random.default_rng([seed, 16, number, groups])
            rows = [one_round(groups, quality, rng) for _ in range(rounds)]
            found[f"{name}, {groups} groups"] = {
                key: [float(np.mean([row[key] for row in rows])), float(np.std([row[key] for row in rows]))]
                for key in rows[0]
            }
    return found


def one_round(groups: int, quality: float | None, rng: np.random.Generator) -> dict[str, float]:
    """One calibration, tried on new groups: shares covered (mean over a group's cells, then over groups) and widths.

    A value is inside a central interval where the share of the predictive distribution below it is within its tails.
    """
    known, new = draw(groups, quality, rng), draw(NEW, quality, rng)
    row = {}
    asked, asked_effects = new.errors, new.effects
    tried = (
        ("mean", fit_components(known.errors), asked, new.true - new.predicted, new.group),
        ("effect", fit_components(known.effects), asked_effects, new.effect(new.true), new.group[new.arm]),
    )
    for what, model, responses, truth, group in tried:
        assert model is not None
        sampling = responses.variance + responses.shared[responses.block]
        x = responses.x if np.ptp(responses.x) > 0 else responses.x[:1]  # one interval for all where all are equal
        true, seen = model.predict(x), model.predict(responses.x, sampling)
        below, seen_below = model.predict(responses.x).below(truth), seen.below(responses.y)
        for level in LEVELS:
            tail = (1 - level) / 2
            low, high = true.interval(level)
            row[f"{what} {level:.0%}"] = over_groups((tail <= below) & (below <= 1 - tail), group)
            row[f"{what} {level:.0%} width"] = over_groups(np.broadcast_to(high - low, truth.shape), group)
            row[f"observed {what} {level:.0%}"] = over_groups((tail <= seen_below) & (seen_below <= 1 - tail), group)
    row |= _shares(known, new)
    by_group = [known.w[known.group == group].tolist() for group in range(groups)]
    for level in LEVELS:
        bound = conformal_bound(by_group, level)
        if bound is not None:
            row[f"distance {level:.0%}"] = over_groups(new.w <= bound, new.group)
            row[f"true distance {level:.0%}"] = over_groups(new.w_true <= bound, new.group)
    return row


def _shares(known: Drawn, new: Drawn) -> dict[str, float]:
    """The same for shares of people at or above an option."""
    model = fit_components(errors_of_shares(known.cells)[0])
    assert model is not None
    responses, at = errors_of_shares(new.cells)
    cells = zip(new.shares, new.options, new.cells, strict=True)
    truths = [upper_shares(p[:k], cuts(cell.positions)) for p, k, cell in cells]
    truth, group = np.concatenate(truths), responses.group[responses.block]
    ends = model.predict()
    below = ends.below(logit(truth.clip(1e-12, 1 - 1e-12)) - at)
    seen_below = model.predict(responses.x, responses.variance).below(responses.y)
    row = {}
    for level in LEVELS:
        tail = (1 - level) / 2
        low, high = (expit(at + float(end[0])) for end in ends.interval(level))
        row[f"share {level:.0%}"] = over_groups((tail <= below) & (below <= 1 - tail), group)
        row[f"share {level:.0%} width"] = over_groups(high - low, group)
        row[f"observed share {level:.0%}"] = over_groups((tail <= seen_below) & (seen_below <= 1 - tail), group)
    return row


def over_groups(values: npt.NDArray[Any], group: npt.NDArray[np.int64]) -> float:
    """The mean over a group's cells, then over groups."""
    return float((np.bincount(group, values) / np.bincount(group)).mean())
