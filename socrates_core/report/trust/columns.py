"""What is said of a condition's options, as columns of a table: the same in every CSV of a prediction."""

from collections.abc import Iterator
from itertools import repeat
from typing import Final

from socrates_core.simulation.result import Simulation
from socrates_core.trust.statement.finding import trust

TRUST_COLUMNS: Final = (
    "calibrated_share", "calibration_applied", "at_or_above", "at_or_above_low", "at_or_above_high",
)  # fmt: skip
"""The calibrated share of the option; and of the calibrated shares of it and all above, with the 80 % interval of the
true one, error of the model included. Empty where nothing is said."""

DISTANCE_COLUMNS: Final = (
    "calibrated_wasserstein", "calibrated_wasserstein_at_most", "calibrated_wasserstein_inside",
)  # fmt: skip
"""W of the calibrated shares to people's answers, what it is at most with a probability of 80 %, and whether it is. W
of the raw shares is another figure. Empty where nothing is said, or nobody answered."""


def trust_columns(simulation: Simulation, place: int) -> Iterator[tuple[str, ...]]:
    """A row for every option of the arm at this place; then without end, for the options off the axis."""
    said = trust(simulation)
    applied = "yes" if said.applied else "no"
    if said.applied:
        arm = said.arms[place]
        shares = {share.value: share for share in arm.shares}
        scale = simulation.arms[place].cell.scale
        for value, calibrated in zip(scale.values or (), arm.calibrated, strict=True):
            one = shares.get(scale.unit * value)
            at = None if one is None else one.claim.inner
            told = [None] * 3 if one is None or at is None else [one.predicted, at.low, at.high]
            yield (f"{calibrated:.6f}", applied, *("" if share is None else f"{share:.6f}" for share in told))
    yield from repeat(("", applied, "", "", ""))


def distance_columns(simulation: Simulation, place: int) -> tuple[str, str, str]:
    """For every option of the arm at this place."""
    said = trust(simulation)
    found = said.arms[place].distance if said.applied else None
    bound = None if said.distance is None else said.distance.inner
    inside = "" if found is None or found.inner is None else "yes" if found.inner else "no"
    return (
        "" if found is None else f"{found.observed:.6f}",
        "" if bound is None else f"{bound:.6f}",
        inside,
    )
