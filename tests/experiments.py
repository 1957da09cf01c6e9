"""Experiments for tests, built from what people answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, SampledNumbers, check_request
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import all_options
from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    Persona,
    StudySet,
    cells_table,
)

Value = str | int | None

ONE_TO_FIVE = AnswerScale((1, 2, 3, 4, 5))


def people(weights: Sequence[float | None] | None = None, **attributes: Sequence[Value]) -> pl.DataFrame:
    """A participant table of the study `s`, ids counting from 0."""
    columns = {name: pl.Series(list(values)) for name, values in attributes.items()}
    count = len(weights) if weights is not None else len(next(iter(columns.values())))
    base = pl.DataFrame(
        {
            "participant_id": range(count),
            "study_id": ["s"] * count,
            "participant": [f"p{i}" for i in range(count)],
            "weight": list(weights) if weights is not None else [None] * count,
        },
        schema=PARTICIPANTS_SCHEMA,
    )
    return base.with_columns(**columns)


@dataclass(frozen=True)
class Arm:
    """One cell and its answers."""

    stimulus: str
    answers: Mapping[int, Sequence[int]]
    """participant_id → what this person answered, off-scale answers included."""
    condition: int = 1
    task: int = 1
    label: str | None = None
    scale: AnswerScale = ONE_TO_FIVE
    design: str = "between"


def experiment(participants: pl.DataFrame, arms: Sequence[Arm], title: str = "A study") -> StudySet:
    """One study `s` of these arms; cell ids count from 0."""
    cells = [Cell(i, "s", a.condition, a.task, a.stimulus, a.scale, a.label, a.design) for i, a in enumerate(arms)]
    responses = [
        (i, person, answer, arm.scale.contains(answer))
        for i, arm in enumerate(arms)
        for person, given in arm.answers.items()
        for answer in given
    ]
    return StudySet(
        studies=pl.DataFrame(
            [("s", title, "made up", "CC0", "none", "experiment", False, "s")], schema=STUDIES_SCHEMA, orient="row"
        ),
        cells=cells_table(cells),
        participants=participants,
        responses=pl.DataFrame(responses, schema=RESPONSES_SCHEMA, orient="row"),
        manifest=Manifest(source="made up"),
    )


class AgeModel:
    """Puts all mass on one option: the older, the higher, from 20 (lowest) to 80 (highest); unknown age in the middle.

    The word "lower" in the stimulus turns it around.
    """

    description = ModelDescription("age", template="shared", trained_on=frozenset({"another"}))

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        """(cell_id, personas) of every call."""

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        check_request(cell, personas)
        self.asked.append((cell.cell_id, len(personas)))
        count = len(all_options(cell.scale))
        ages = np.array([float(persona.get("age") or 50) for persona in personas])
        place = np.rint((ages - 20).clip(0, 60) / 60 * (count - 1)).astype(int)
        if "lower" in cell.stimulus:
            place = count - 1 - place
        probs = np.full((len(personas), count), 0.04 / count)
        probs[np.arange(len(personas)), place] += 0.96
        return AnswerDistributions(probs, np.full(len(personas), 0.9))


class AmountModel(AgeModel):
    """Writes ten times the age and a digit; whoever is 99 writes a number that does not end."""

    def sampled_numbers(
        self,
        cell: Cell,
        personas: Sequence[Persona],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> SampledNumbers:
        self.asked.append((cell.cell_id, len(personas)))
        ages = np.array([int(persona.get("age") or 50) for persona in personas])
        values = 10 * ages + (rng.integers(10, size=len(ages)) if temperature else 0)
        if progress:
            progress(len(personas), len(personas))
        return SampledNumbers(np.where(ages == 99, -1, values), ages != 99, np.full(len(ages), 0.8))
