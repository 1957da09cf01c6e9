"""Tested studies and a question like theirs."""

from collections.abc import Mapping, Sequence
from typing import Final

from socrates_core.metrics.cell_predictions import CellPredictions
from tests.predictions import cell

TOPICS: Final = ("taxes", "schools", "parks", "trains", "hospitals", "libraries", "bridges", "museums")

STIMULUS: Final = (
    "Imagine that your city plans to spend more money on {topic} during the coming year. Some neighbours support the "
    "plan, while others think that the money is needed elsewhere. How strongly do you support the plan?"
)


def stimulus(topic: str) -> str:
    return STIMULUS.format(topic=topic)


def on_topics(
    groups: int = 8, values: Sequence[int] = (1, 2, 3, 4, 5), attributes: Mapping[str, Sequence[str]] | None = None
) -> list[CellPredictions]:
    """One study a group, of two people each; by default nothing is known about them."""
    return [
        cell([1, 2], [1 / len(values)] * len(values), values=values, study=f"on-{topic}", stimulus=stimulus(topic),
             attributes=attributes)
        for topic in TOPICS[:groups]
    ]  # fmt: skip
