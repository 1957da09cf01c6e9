"""Proper scores, reliability and group structure of an evaluation, for studies of one kind."""

from collections.abc import Mapping
from dataclasses import dataclass

from socrates_core.metrics.proper.reliability import ReliabilityOf
from socrates_core.metrics.proper.scores import ProperScores
from socrates_core.metrics.proper.structure import AttributeStructure


@dataclass(frozen=True)
class Probabilities:
    """How good predictions are for single people and for groups, which W of all people together does not say."""

    proper: ProperScores | None
    """Brier, ranked probability and log score; None if predictions state no probabilities."""
    reliability: ReliabilityOf | None
    """Whether stated probabilities come true; None likewise."""
    structure: Mapping[str, AttributeStructure]
    """Attribute → whether its groups differ as people's answers do; without attributes that have two groups of five
    people in a cell."""
