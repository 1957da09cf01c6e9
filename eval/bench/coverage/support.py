"""Coverage inside and outside what was tested, and by fame and date of the studies, one group left out at a time.

Each study is judged by the rule of `trust.support` against all studies of other groups, as if it were new. Fame and
date were declared before the coverage was looked at: classic are the experiments of textbooks and their replications,
with the wording experiments of the General Social Survey; polls are those of a news site; new is a mega-study of 2025.
The date of a study is the last year that its source names, which for a replication is that of the replication.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import StudySet
from socrates_core.trust.error_model.evidence import Evidence
from socrates_core.trust.error_model.hierarchy import Responses, fit_components
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means, numbered
from socrates_core.trust.support.features import features_of
from socrates_core.trust.support.rule import SupportQuestion, support_of

FAME: Final = {"classic-": "classic experiments", "gss-": "classic experiments", "f538-": "polls", "t2k-": "new"}
"""Beginning of a study's id → its fame."""

DATES: Final = ((2014, "up to 2014"), (2023, "2015 to 2023"), (9999, "2024 on"))
"""Last year of a period, and its name; models of today have read little of the last one."""

LEVELS: Final = (0.8, 0.95)


def fame_of(study: str) -> str:
    """How well known a bundled study is."""
    return next((fame for start, fame in FAME.items() if study.startswith(start)), "not known")


def date_of(source: str) -> str:
    """The period of the last year that a source names."""
    years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", source)]
    return next(name for last, name in DATES if years[-1] <= last) if years else "not known"


def places_of(cells: Sequence[CellPredictions], source: str | None) -> dict[str, str]:
    """Study → whether it is inside what the other groups test, at its edge, or outside."""
    groups = {cell.study_id: cell.group or cell.study_id for cell in cells}
    found: dict[str, str] = {}
    for group in set(groups.values()):
        features = features_of([cell for cell in cells if groups[cell.study_id] != group], source)
        for study in (one for one, of in groups.items() if of == group):
            found[study] = support_of(features, _question([cell for cell in cells if cell.study_id == study])).place
    return found


def _question(cells: Sequence[CellPredictions]) -> SupportQuestion:
    """A study as somebody would ask it: its first scale, all its stimuli, its people."""
    values = cells[0].values
    assert values is not None
    names = list(dict.fromkeys(name for cell in cells for name in cell.attributes))
    people = {name: [one for cell in cells for one in cell.attributes.get(name, [None] * len(cell.people))]
              for name in names}  # fmt: skip
    scale = AnswerScale(tuple(values.tolist()))
    return SupportQuestion(scale, [cell.stimulus or "" for cell in cells], people)


def labels_of(cells: Sequence[CellPredictions], studies: StudySet, source: str | None) -> dict[str, dict[str, str]]:
    """What is told apart → study → its label."""
    sources = dict(studies.studies.select("study_id", "source").iter_rows())
    ids = list(dict.fromkeys(cell.study_id for cell in cells))
    return {
        "support": places_of(cells, source),
        "fame": {study: fame_of(study) for study in ids},
        "date": {study: date_of(sources[study]) for study in ids},
    }


def coverage_by(evidence: Evidence, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Coverage of observed means and effects by every label, with the model fitted on all other groups.

    Args:
        evidence: With raw predictions.
        labels: What is told apart → study → its label.
    """
    tried: dict[str, tuple[Responses, Sequence[str]]] = {
        "mean": (errors_of_means(evidence.cells), [cell.study for cell in evidence.cells])
    }
    if evidence.effects:
        tried["effect"] = (actual_effects(evidence.effects), [one.study for one in evidence.effects])
    found: dict[str, Any] = {}
    for what, (responses, studies) in tried.items():
        inside = _inside(responses)
        for kind, by_study in labels.items():
            of = np.array([by_study[study] for study in studies])
            for label in sorted(set(of.tolist())):
                row = _row(inside, responses.group[responses.block], of == label)
                found.setdefault(kind, {}).setdefault(label, {})[what] = row
    return found


def _inside(responses: Responses) -> dict[float, npt.NDArray[np.bool_]]:
    """Level → (N,) whether each response is within the interval of a model that has not seen its group."""
    found = {level: np.zeros(len(responses.y), bool) for level in LEVELS}
    for group in range(responses.groups):
        model = fit_components(responses.without(group))
        assert model is not None
        own = responses.only(group)
        sampling = responses.variance[own] + responses.shared[responses.block[own]]
        seen = model.predict(responses.x[own], sampling)
        for level in LEVELS:
            low, high = seen.interval(level)
            found[level][own] = (low <= responses.y[own]) & (responses.y[own] <= high)
    return found


def _row(
    inside: Mapping[float, npt.NDArray[np.bool_]], group: npt.NDArray[np.int64], among: npt.NDArray[np.bool_]
) -> dict[str, float]:
    """Shares inside, means over a group's responses, then over groups, with their standard errors."""
    place = numbered([str(one) for one in group[among]])
    row: dict[str, float] = {"groups": int(place.max()) + 1, "responses": int(among.sum())}
    for level, every in inside.items():
        shares = np.bincount(place, every[among]) / np.bincount(place)
        n = len(shares)
        # with every share alike the standard error would be 0: never below that of a share of the level
        chance = float(np.sqrt(level * (1 - level) / n))
        row[f"{level:.0%}"] = float(shares.mean())
        row[f"{level:.0%} se"] = max(float(shares.std(ddof=1) / np.sqrt(n)), chance) if n > 1 else chance
    return row
