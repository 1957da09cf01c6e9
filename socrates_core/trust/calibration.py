"""The fitted error model of one model's predictions: `calibration.json`.

Everything is fitted twice: on the predictions as they are, and on sharpened ones where sharpening helps. A family of
scales has parts of its own if eight groups or more have it; all others share those of all scales together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.study.files import write_json
from socrates_core.trust.coverage import Coverage, What, coverages
from socrates_core.trust.distance import DistanceModel, fit_distance
from socrates_core.trust.evidence import ALL, FAMILIES, Evidence, evidence_of, family_of
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.hierarchy import LEAST_GROUPS, ErrorModel, fit
from socrates_core.trust.responses import actual_effects, errors_of_means
from socrates_core.trust.sharpness import Setting, Sharpness, best_without, fit_sharpness, log_scores
from socrates_core.trust.worth import Worth, distribution_worth, effect_worth, person_variance

FORMAT: Final = 1
"""Version of calibration.json."""

FILE: Final = "calibration.json"

LEAST_OF_FAMILY: Final = 8
"""Groups that a family needs for parts of its own: leaving one out, seven are left to fit on."""


@dataclass(frozen=True)
class EffectModel:
    """Actual effects given predicted ones, in points."""

    error: ErrorModel
    """β is the slope for prediction: it is not corrected for the error of the predictor, and is not 1 by assumption."""
    person_variance: float
    """Variance of single answers in points²."""
    people: float
    """People an arm, median of the calibration."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if not 0 <= self.person_variance <= 100**2 or not 0 < self.people < float("inf"):
            raise ValueError("the variance of answers is 0 to 10,000 points², and people are 1 or more")

    def interval(self, predicted: float, level: float, sampling: float = 0.0) -> tuple[float, float]:
        """Within which the effect lies, in points; see `AnswersModel.effect_interval`."""
        low, high = self.error.predict(predicted, sampling).interval(level)
        return max(-100.0, float(low[0])), min(100.0, float(high[0]))

    def positive(self, predicted: float) -> float:
        """Probability of a true effect above 0."""
        return float(1 - self.error.predict(predicted).below(0.0)[0])

    def worth(self, predicted: float) -> Worth:
        """How many people an arm would give an effect as certain."""
        return effect_worth(self.error, predicted, self.person_variance, self.people)


@dataclass(frozen=True)
class AnswersModel:
    """The parts that are fitted on one kind of predictions, raw or sharpened; None with too few groups."""

    mean: ErrorModel | None
    """Actual minus predicted means, in widths of the scale."""
    effect: EffectModel | None
    distance: DistanceModel | None
    distribution_worth: Worth | None
    coverage: tuple[Coverage, ...]

    def tried(self, what: What, level: float) -> Coverage | None:
        """How this interval did on groups left out; None if too few groups are left to try it."""
        return next((one for one in self.coverage if (one.what, one.level) == (what, level)), None)

    def offered(self, what: What, level: float) -> bool:
        """Whether the interval may be shown: it was tried, and held."""
        found = self.tried(what, level)
        return found is not None and found.holds

    def mean_interval(self, predicted: float, level: float, sampling: float = 0.0) -> tuple[float, float] | None:
        """Within which the true mean of a new study's cell lies, in [0, 1]; None if that is not offered.

        Args:
            predicted: The predicted mean, in [0, 1].
            level: 0.8 or 0.95.
            sampling: For the mean that some people will give instead of the true one: its sampling variance.
        """
        if self.mean is None or not self.offered("mean", level):
            return None
        low, high = self.mean.predict(1.0, sampling).interval(level)
        return max(0.0, predicted + float(low[0])), min(1.0, predicted + float(high[0]))

    def effect_interval(self, predicted: float, level: float, sampling: float = 0.0) -> tuple[float, float] | None:
        """Within which a new study's true effect lies, in points; None if that is not offered.

        Args:
            predicted: The predicted effect, in points.
            level: 0.8 or 0.95.
            sampling: For the effect that some people will show instead of the true one: its sampling variance.
        """
        if self.effect is None or not self.offered("effect", level):
            return None
        return self.effect.interval(predicted, level, sampling)

    @property
    def knows_effects(self) -> bool:
        """Whether predicted effects make the intervals of effects better than no effect does."""
        found = self.tried("effect", 0.8)
        return found is not None and found.informative


@dataclass(frozen=True)
class ChangeOfW:
    """What sharpening does to W on groups that had no part in choosing it; means over cells, then over groups."""

    before: float
    after: float
    se: float
    """Standard error of the difference, over groups, paired."""

    def __post_init__(self) -> None:
        """Refuse what no distances give."""
        if not (0 <= self.before <= 1 and 0 <= self.after <= 1 and 0 <= self.se < float("inf")):
            raise ValueError("distances are in [0, 1], and a standard error is 0 or more")

    @property
    def harmless(self) -> bool:
        """Whether W does not grow by more than its standard error."""
        return self.after <= self.before + self.se


@dataclass(frozen=True)
class FamilyModel:
    """The error model of the scales of one family, or of all."""

    groups: int
    studies: int
    cells: int
    effects: int
    sharpness: Sharpness | None
    change: ChangeOfW | None
    """None with too few groups for a sharpness."""
    raw: AnswersModel
    """Of the predictions as they are."""
    sharpened: AnswersModel | None
    """Of sharpened ones; None where sharpening does not help those left out, or their W grows beyond chance."""


@dataclass(frozen=True)
class Calibration:
    """What calibration.json holds."""

    format: int
    fingerprint: Fingerprint
    kind: Literal["real", "synthetic"]
    """The studies that it was fitted on. Synthetic ones say nothing about errors on real ones."""
    groups: int
    """Independent groups: experiments, pools of people, replications."""
    studies: int
    data: tuple[str, ...]
    """Digests of the contents of the studies, where the runs state them."""
    families: Mapping[str, FamilyModel]
    """By name; `all scales` is always there."""
    merged: tuple[str, ...]
    """Families that are there in too few groups for parts of their own."""
    left_out: tuple[str, ...]
    """What was not used, and why."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if ALL not in self.families or set(self.families) - {ALL, *FAMILIES}:
            raise ValueError(f"there are parts for {ALL!r}, and for families of scales besides")
        if self.groups < LEAST_GROUPS or self.studies < self.groups:
            raise ValueError(f"a calibration rests on {LEAST_GROUPS} groups of studies or more")

    def of(self, options: int) -> tuple[str, FamilyModel]:
        """The error model for a scale with this many options, and the family whose it is."""
        name = family_of(options)
        return (name, self.families[name]) if name in self.families else (ALL, self.families[ALL])

    def for_predictions(self, asked: Fingerprint) -> "Calibration":
        """Give the calibration back if it was fitted on such predictions.

        Raises:
            PredictionError: If model, adapter, template, precision, temperature or top-p differ.
        """
        self.fingerprint.refuse_other(asked)
        return self


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write calibration.json, whole or not at all.

    Raises:
        OSError: If it cannot be written; an existing file is kept.
    """
    write_json(path, as_json(calibration))


def load_calibration(path: Path) -> Calibration:
    """Read calibration.json as `save_calibration` wrote it, to the last digit.

    Args:
        path: The file, or a folder that has one.

    Raises:
        PredictionError: If there is none, it is of another version, or it is not valid.
    """
    file = path / FILE if path.is_dir() else path
    again = "calibrate again with python -m eval.calibrate RUN"
    try:
        return read_record(Calibration, FORMAT, file, "a calibration", again)
    except OSError as error:
        raise PredictionError(f"{path} has no {FILE}; make one with python -m eval.calibrate RUN") from error


# -- fitting -----------------------------------------------------------------------------------------------------


def calibrate(
    runs: Sequence[tuple[Sequence[CellPredictions], Provenance]], seed: int = 42, real: bool = True
) -> Calibration:
    """Fit the error model on the evaluations of one model. Studies that it was trained on are left out.

    Args:
        runs: One or more, of different studies: their cells, and where these come from.
        seed: Seed of the resamples behind "as good as asking k people".
        real: Whether to fit on the real studies, or on the synthetic ones.

    Raises:
        PredictionError: If there are too few independent groups, the predictions name no model, or those of several
            runs are of several models or of the same studies.
    """
    fingerprint = _one_fingerprint([provenance for _, provenance in runs])
    seen = {study for _, provenance in runs for study in provenance.contaminated}
    cells = [cell for of_run in _studies_once(runs) for cell in of_run if cell.study_id not in seen]
    evidence, left_out = evidence_of(cells, real)
    if seen:
        left_out = (f"{len(seen)} studies that the model was trained on", *left_out)
    kind: Literal["real", "synthetic"] = "real" if real else "synthetic"
    if len(evidence.groups) < LEAST_GROUPS:
        raise PredictionError(
            f"an error model needs {LEAST_GROUPS} independent groups of {kind} studies that the model has not seen; "
            f"this run has {len(evidence.groups)}: evaluate on more, for example --studies bundled --split test"
        )
    families, merged = {ALL: evidence}, []
    for name in FAMILIES:
        part = _part(evidence, name)
        if len(part.groups) >= LEAST_OF_FAMILY:
            families[name] = part
        elif part.cells:
            merged.append(name)
    return Calibration(
        format=FORMAT,
        fingerprint=fingerprint,
        kind=kind,
        groups=len(evidence.groups),
        studies=len({cell.study for cell in evidence.cells}),
        data=tuple(sorted({str(digest) for _, one in runs if (digest := one.said.get("data_digest"))})),
        families={name: _family(part, seed) for name, part in families.items()},
        merged=tuple(merged),
        left_out=left_out,
    )


def _one_fingerprint(provenances: Sequence[Provenance]) -> Fingerprint:
    first, *others = map(Fingerprint.of, provenances)
    for other in others:
        first.refuse_other(other)
    return first


def _studies_once(runs: Sequence[tuple[Sequence[CellPredictions], Provenance]]) -> list[Sequence[CellPredictions]]:
    """The cells of each run.

    Raises:
        PredictionError: If a study is in two of them: its people would count twice.
    """
    there: set[str] = set()
    for cells, _ in runs:
        studies = {cell.study_id for cell in cells}
        if twice := sorted(there & studies):
            raise PredictionError(f"study {shown(twice[0])} is in two of these runs; calibrate on runs without overlap")
        there |= studies
    return [cells for cells, _ in runs]


def _part(evidence: Evidence, family: str) -> Evidence:
    """The cells and effects of one family. All cells of an effect are of its family: they have the same options."""
    places = [place for place, cell in enumerate(evidence.cells) if cell.family == family]
    return evidence.select(places, [one for one in evidence.effects if one.family == family])


def _family(evidence: Evidence, seed: int) -> FamilyModel:
    scores = log_scores(evidence.cells, evidence.groups)
    sharpness = fit_sharpness(scores)
    sharpened = change = None
    if sharpness is not None:
        chosen = dict(zip(evidence.groups, best_without(scores), strict=True))

        @cache
        def under(setting: Setting) -> Evidence:
            return evidence.predicting(lambda cell: setting.apply(cell.predicted))

        change = _change(evidence, lambda group: under(chosen[group]))
        if sharpness.used and change.harmless:
            sharpened = _answers(under(sharpness.setting), lambda group: under(chosen[group]), seed)
    return FamilyModel(
        groups=len(evidence.groups),
        studies=len({cell.study for cell in evidence.cells}),
        cells=len(evidence.cells),
        effects=len(evidence.effects),
        sharpness=sharpness,
        change=change,
        raw=_answers(evidence, lambda _: evidence, seed),
        sharpened=sharpened,
    )


def _change(evidence: Evidence, folds: Callable[[str], Evidence]) -> ChangeOfW:
    means = np.array(
        [
            [np.mean([cell.w for cell in one.cells if cell.group == group]) for one in (evidence, folds(group))]
            for group in evidence.groups
        ]
    )
    before, after = means.mean(axis=0)
    difference = means[:, 1] - means[:, 0]
    return ChangeOfW(float(before), float(after), float(difference.std(ddof=1) / np.sqrt(len(difference))))


def _answers(evidence: Evidence, folds: Callable[[str], Evidence], seed: int) -> AnswersModel:
    """All parts on one kind of predictions.

    Args:
        evidence: With the predictions that are made once everything is fitted.
        folds: Group ↦ the evidence with the predictions that are made if it had no part in the fit.
        seed: Seed of resamples.
    """
    distances: dict[str, list[float]] = {}
    for cell in evidence.cells:
        distances.setdefault(cell.group, []).append(cell.w)
    # of those left out, as the formula asks
    unseen = [cell for group in evidence.groups for cell in folds(group).cells if cell.group == group]
    return AnswersModel(
        mean=fit(errors_of_means(evidence.cells)),
        effect=_effect(evidence),
        distance=fit_distance(distances),
        distribution_worth=distribution_worth(unseen, np.random.default_rng([seed, 15])),
        coverage=coverages(folds, evidence),
    )


def _effect(evidence: Evidence) -> EffectModel | None:
    if not evidence.effects:
        return None
    error = fit(actual_effects(evidence.effects))
    if error is None:
        return None
    people = float(np.median([one.n for one in evidence.effects]))
    return EffectModel(error, person_variance(evidence.effects), people)
