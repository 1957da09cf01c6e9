"""A simulated study that says how far off it may be: what `simulate` gives in Python."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Final, ParamSpec

from socrates_core.simulation import named
from socrates_core.simulation.result import Simulation
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import ArmStatement, Statement

MOST_ARMS: Final = 4
"""Conditions whose interval stands in the printed sentence."""

P = ParamSpec("P")


@dataclass(frozen=True, eq=False)
class Prediction(Simulation):
    """The result of `simulate`."""

    @property
    def how_far_off(self) -> Statement:
        """What the model's calibration says: intervals of true means, shares and effects, the distance to expect, what
        it rests on and whether the question is like those that were tested; or `why` nothing can be said.
        """
        return trust(self)

    def __str__(self) -> str:
        """As every simulation, with how far off it may be in a sentence."""
        return f"{super().__str__()}\n  {sentence(self.how_far_off)}"


def sentence(said: Statement) -> str:
    """How far off a prediction may be, or why that cannot be said."""
    if not said.applied:
        return said.why or ""
    claims = [one.mean_claim for one in said.arms]
    if any(one.inner is None for one in claims):
        why = next(one.why for one in claims if one.inner is None)
        return f"Can't say how far off the means are: {why}."
    more = f" and {len(said.arms) - MOST_ARMS} more in how_far_off" if len(said.arms) > MOST_ARMS else ""
    return (
        "How far off: with a probability of 80 % each, true means lie in "
        f"{', '.join(map(_ends, said.arms[:MOST_ARMS]))}{more}."
    )


def _ends(arm: ArmStatement) -> str:
    found = arm.mean_claim.inner
    assert found is not None
    return f"{found.low:.2f} to {found.high:.2f} ({arm.label})"


def _saying(work: Callable[P, Simulation]) -> Callable[P, Prediction]:
    """The same function, whose result says how far off it may be."""

    @wraps(work)
    def predict(*args: P.args, **kwargs: P.kwargs) -> Prediction:
        found = work(*args, **kwargs)
        return Prediction(**{one.name: getattr(found, one.name) for one in fields(found)})

    return predict


simulate = _saying(named.simulate)
