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
