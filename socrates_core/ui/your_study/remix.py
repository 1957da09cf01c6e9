"""Moving shares: the same prediction for other weights, from answers that are known already.

p(k) = Σ_i w_i p_i(k) over the people drawn for the weights, with options off the axis Σ_i w_i p_i(k) / Σ_i w_i (1 −
p_i(off)). The p_i are remembered from the last Run, in which everybody who could be drawn was asked; so what is shown
is what Run, and the command with the saved study file, would give.
"""

import json
from collections.abc import Callable
from typing import Final

import polars as pl

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.people.distinct import distinct_personas
from socrates_core.report.prediction.picture import shares_of_bars
from socrates_core.report.words import signed
from socrates_core.simulation.arm import BATCH
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import OutcomeResult, Sampling
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.population.people import Loaded, people_of
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_set import persona_rows
from socrates_core.ui.answer_memory import AnswerMemory, UnaskedError
from socrates_core.ui.your_study.draft import Draft
from socrates_core.ui.your_study.population import MARGINS

MOST_REMEMBERED: Final = 800_000
"""Probabilities that a visitor's page keeps, 6 MB."""
HERE: Final = "your study"

Progress = Callable[[int, int], None]


def live_json(one: OutcomeResult) -> str:
    """The prediction in small, for beside the shares: of every condition the mean, the effect and the histogram.

    Empty where the outcome is not predicted or open-ended.
    """
    found = one.simulation
    if found is None or found.arms[0].open_ended:
        return ""
    bars, shares = shares_of_bars(found)
    effects = {row.cell.cell_id: signed(row.predicted) for row in found.effects}
    nominal = found.arms[0].cell.scale.nominal
    arms = [
        {
            "label": arm.label,
            "mean": "" if nominal else f"{arm.predicted_mean:.2f}",
            "effect": effects.get(arm.cell.cell_id, ""),
            "shares": [round(share, 2) for share in side],
        }
        for arm, side in zip(found.arms, shares, strict=True)
    ]
    return json.dumps({"outcome": one.name, "bars": list(bars.names), "arms": arms}, ensure_ascii=False)


def only_shares_differ(draft: Draft, other: Draft) -> bool:
    """Whether two drafts weight the same people to other shares and are the same in everything else."""
    if {draft.people.kind, other.people.kind} != {MARGINS}:
        return False
    shares = {"margins": other.people.margins, "tables": other.people.tables}
    return draft != other and draft.model_copy(update={"people": draft.people.model_copy(update=shares)}) == other


def ask_everybody(
    studies: Studies, of: pl.DataFrame, model: AnswerModel, most: int, progress: Progress | None = None
) -> bool:
    """Put everybody who could be drawn to a model that remembers, if there are at most `most` different people.

    Args:
        studies: The study.
        of: Those who are weighted, as a `StudySet` holds them.
        model: From `AnswerMemory.asking`.
        most: As many as were to be simulated in each condition, so that nobody pays for more than they asked for.
        progress: Called with (done, in all).

    Returns:
        Whether they were asked.
    """
    kinds = of.drop("participant_id", "study_id", "participant", "weight").unique(maintain_order=True)
    known = [{name: value for name, value in row.items() if value is not None} for row in persona_rows(kinds)]
    personas = distinct_personas(known).personas
    if len(personas) > most:
        return False
    cells = [cell for cell in studies.cells_of(studies.study_ids[0]) if cell.scale.values is not None]
    for place, cell in enumerate(cells):
        for start in range(0, len(personas), BATCH):
            model.answer_distributions(cell, personas[start : start + BATCH])
        if progress is not None:
            progress((place + 1) * len(personas), len(cells) * len(personas))
    return True


def remixed(
    form: StudyForm, memory: AnswerMemory, model: AnswerModel, sampling: Sampling, loaded: Loaded
) -> PredictedSetting:
    """The prediction of a study with moved shares, without asking the model.

    Raises:
        SocratesError: If no weights give these shares, somebody has not been asked, or an outcome is open-ended.
    """
    studies = study_of(form, None, HERE, loaded)
    if any(cell.scale.values is None for cell in studies.cells_of(studies.study_ids[0])):
        raise SocratesError(
            "Numbers of an open-ended outcome are drawn anew: press Run to see what these shares change"
        )
    try:
        return predict_setting(Setting(studies, memory.recalling(model), sampling))
    except UnaskedError as error:
        base = people_of(getattr(form.population, "of", None), "own", None, HERE, loaded)
        there = len(base.drop("participant_id", "study_id", "participant", "weight").unique())
        if there <= sampling.people:
            raise SocratesError(
                "These are more answers than the page remembers. Press Run to see what they change"
            ) from error
        raise SocratesError(
            f"{error}. Press Run; with {there:,} simulated people or more it asks all of them, and then shares can be "
            "moved without it"
        ) from error
