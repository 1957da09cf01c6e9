"""What every simulated profile is predicted to answer, as a table."""

import csv
import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from socrates_core.report.simulation import inert
from socrates_core.scale.distribution import all_options, option_values, split_options
from socrates_core.simulation.person_answers import PersonAnswers
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.trust.support.asked import OF_PERSON

MOST_ROWS: Final = 100_000
"""Of the table; with more, a record has none."""
FIXED: Final = (
    "outcome",
    "condition",
    "profile",
    "weight",
    "predicted_mean",
    "likeliest_answer",
    "its_probability",
    "simulated",
)


def profiles_csv(found: Sequence[OutcomeResult]) -> str | None:
    """A row for each outcome, condition and simulated profile, marked as simulated; None if there are too many rows,
    or what single profiles answer was not kept.

    `predicted_mean` is of the answers on the axis, in the scale's own numbers, empty for options without an order; of
    an open-ended outcome, `likeliest_answer` is the number that was drawn. Attributes have the prefix `attribute_`.
    They serve to recompute shares and subgroups: of a single profile's answer nothing is claimed.
    """
    made = [(one.name, one.simulation) for one in found if one.simulation is not None]
    rows = sum(len(arm.which) for _, simulation in made for arm in simulation.answers)
    if not rows or rows > MOST_ROWS or any(not simulation.answers for _, simulation in made):
        return None
    names = list(dict.fromkeys(name for _, simulation in made for name in _attributes(simulation)))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*FIXED, *(f"attribute_{name}" for name in names)])
    for name, simulation in made:
        known = simulation.profiles
        profiles = [
            [inert("" if value is None else str(value)) for value in row]
            for row in known.select(
                [pl.col(one) if one in known.columns else pl.lit(None).alias(one) for one in names]
            ).iter_rows()
        ] or [[] for _ in range(len(known))]
        for arm, answers in zip(simulation.arms, simulation.answers, strict=True):
            keys = [inert(name), inert(arm.label)]
            for place, figures in enumerate(_figures(answers)):
                weight = f"{answers.weights[place]:.6g}"
                writer.writerow([*keys, place + 1, weight, *figures, "true", *profiles[place]])
    return file.getvalue()


def _attributes(simulation: Simulation) -> list[str]:
    return [name for name in simulation.profiles.columns if name not in OF_PERSON]


def _figures(answers: PersonAnswers) -> list[tuple[str, str, str]]:
    """(N,) mean, likeliest answer and its probability of every profile."""
    scale = answers.scale
    if scale.values is None:
        numbers = answers.rows[answers.which, 0]
        return [("", "" if np.isnan(one) else f"{one:.0f}", "") for one in numbers]
    split = split_options(answers.rows, scale)
    means = scale.unit * (split.on_axis @ option_values(scale))
    options, best = all_options(scale), answers.rows.argmax(axis=1)
    rows = []
    for place, k in enumerate(best):
        mean = "" if scale.nominal or split.substance[place] <= 0 else f"{means[place]:.6f}"
        rows.append((mean, scale.written(int(options[k])), f"{answers.rows[place, k]:.6f}"))
    return [rows[place] for place in answers.which]
