"""Power over all that the effect may be: assurance, and how many people show that a prediction is wrong.

Assurance is the mean power over the error model's distribution of the true effect given the predicted one (O'Hagan,
Stevens and Campbell 2005, Pharmaceutical Statistics 4, 187): the probability that the test will be significant in the
predicted direction, before anybody knows the effect. With more people it rises to the probability that the effect has
that direction at all, and no further.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.power import MOST_PEOPLE, Answers, Sizes, Test, direction_of, fewest, power
from socrates_core.trust.error_model.predictive import Predictive

CELLS: Final = 400
"""Cells into which effects are divided, finer around none: a tenth of a point and less there."""

CURVATURE: Final = 5.0


@dataclass(frozen=True, eq=False)
class Possible:
    """What the true effect may be, in cells, and the arm's answers with each."""

    weight: Floats
    """(E,) probability of each cell, adding up to 1."""
    answers: Answers
    """With the effect in the middle of each cell."""

    @classmethod
    def of(cls, contrast: Contrast, effects: Predictive) -> "Possible":
        """From one predictive distribution; what lies beyond the ends of the scale is added to the outermost cells."""
        edges = _edges(*contrast.reach)
        upto = _below(effects, edges)
        upto[0], upto[-1] = 0.0, 1.0
        middles = (edges[:-1] + edges[1:]) / 2
        return cls(np.diff(upto), Answers.of(contrast, contrast.with_effects(middles)))

    def mean(self, values: Floats) -> Floats:
        """(N,) means of (E, N) over what may be."""
        return np.asarray(self.weight @ values)


def assurance(
    test: Test, contrast: Contrast, possible: Possible, n: Floats, alpha: float, sizes: Sizes
) -> Floats | None:
    """(N,) the probability that n (N,) people in the arm show the predicted direction; None if none is predicted."""
    way = direction_of(test, contrast)
    if way == 0:
        return None
    return possible.mean(power(test, possible.answers, sizes.people(contrast, n), alpha, way))


def limit(test: Test, contrast: Contrast, possible: Possible) -> float | None:
    """What assurance comes to with ever more people: P(the effect has the predicted direction); None without one.

    For the Wilcoxon-Mann-Whitney test an effect is one of P(X > Y) against P(X < Y).
    """
    way = direction_of(test, contrast)
    found = possible.answers.effect if test == "welch" else possible.answers.delta
    return float(possible.weight @ (way * found > 0)) if way else None


def people_for_assurance(
    test: Test, contrast: Contrast, possible: Possible, alpha: float, wanted: float, sizes: Sizes
) -> int | None:
    """The fewest people in the arm with this assurance; None if no number has it."""
    if not 0 < alpha < 1 or wanted >= (limit(test, contrast, possible) or 0.0):
        return None

    def enough(n: int) -> bool:
        found = assurance(test, contrast, possible, np.array([float(n)]), alpha, sizes)
        return found is not None and float(found[0]) >= wanted

    return fewest(enough)


# -- showing the prediction wrong --------------------------------------------------------------------------------


def people_to_refute(
    contrast: Contrast, truth: float, alpha: float, wanted: float, sizes: Sizes, most: int = MOST_PEOPLE
) -> int | None:
    """The fewest people in the arm whose answers reject the predicted effect with this power, if the true one differs.

    Welch's test of the difference against the predicted effect; None if that is the true one, or `most` are too few.

    Args:
        contrast: The predicted arms.
        truth: The true effect, in points.
        alpha: Two-sided level.
        wanted: Power.
        sizes: The control's.
        most: Stop there.
    """
    truth = float(np.clip(truth, *contrast.reach))
    answers = Answers.of(contrast, contrast.with_effects(np.array([truth])))
    way = int(np.sign(round(truth - contrast.effect, 9)))
    if way == 0 or not 0 < alpha < 1:
        return None

    def enough(n: int) -> bool:
        people = sizes.people(contrast, np.array([float(n)]))
        return bool(power("welch", answers, people, alpha, way, contrast.effect)[0, 0] >= wanted)

    return fewest(enough, most)


def people_to_refute_on_average(
    contrast: Contrast, possible: Possible, alpha: float, wanted: float, sizes: Sizes
) -> int | None:
    """The same, with power averaged over all that the effect may be; None if none are enough."""

    def enough(n: int) -> bool:
        people = sizes.people(contrast, np.array([float(n)]))
        both = [power("welch", possible.answers, people, alpha, way, contrast.effect) for way in (1, -1)]
        return bool(possible.mean(both[0] + both[1])[0] >= wanted)

    return fewest(enough) if 0 < alpha < 1 else None


def _edges(low: float, high: float) -> Floats:
    """(CELLS + 1,) from one end, 0 or below, to the other, 0 or above; one is 0, and they are closer around it."""
    below = round(CELLS * -low / (high - low))
    below = min(max(below, 1 if low < 0 else 0), CELLS - 1 if high > 0 else CELLS)
    bent = [np.sinh(np.linspace(0, CURVATURE, count + 1)) / np.sinh(CURVATURE) for count in (below, CELLS - below)]
    return np.concatenate([low * bent[0][:0:-1], high * bent[1]])


def _below(effects: Predictive, edges: Floats) -> Floats:
    """(E,) of one distribution, at many edges."""
    whole = Predictive(
        effects.weight, np.repeat(effects.mean, len(edges), axis=0), np.repeat(effects.sd, len(edges), axis=0)
    )
    return whole.below(edges)
