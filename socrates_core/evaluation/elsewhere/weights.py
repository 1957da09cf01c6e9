"""Survey weights in a file of predictions."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from socrates_core.errors import PredictionError, counted, shown
from socrates_core.evaluation.elsewhere.lines import Line

EXAMPLES: Final = 3


def with_weights(lines: Sequence[Line], column: str) -> tuple[list[Line], list[str]]:
    """The lines with a weight each, and what is said of it, as of a table of answers.

    Who has no weight counts with the average weight of the others in the study, or 1 where nobody has one.

    Args:
        lines: As read, NaN where no weight is given.
        column: The column of weights, by its name in the file.

    Raises:
        PredictionError: If nobody in a study counts.
    """
    by_study: dict[str, list[float]] = {}
    for line in lines:
        by_study.setdefault(line.study, []).append(line.weight)
    average: dict[str, float] = {}
    said: list[str] = []
    for study, weights in by_study.items():
        known = [weight for weight in weights if not math.isnan(weight)]
        if known and not any(known):
            raise PredictionError(
                f"study {shown(study)}: {shown(column)} is 0 in every line, so nobody counts; correct the weights, or "
                "leave them out"
            )
        average[study] = float(np.mean(known)) if known else 1.0
        without = len(weights) - len(known)
        if known and without:
            said.append(
                f"study {shown(study)}: {without:,} of {counted(len(weights), 'line')} have no {shown(column)}; they "
                "count with the average of the others"
            )
    weighted = [replace(line, weight=average[line.study]) if math.isnan(line.weight) else line for line in lines]
    left = len(said) - EXAMPLES
    more = [f"and the same of {counted(left, 'more study')}"] if left > 0 else []
    return weighted, [f"{shown(column)} is a survey weight: people count by it", *said[:EXAMPLES], *more]
