"""From the evaluations of one model to its error model.

For each family of scales with groups enough, and for all scales together: first the sharpness, then everything else on
the sharpened predictions, and again on the predictions as they are. Coverage is tried with one group left out at a
time, of the sharpness too; and on a test part, if there is one, which nothing is fitted on.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Literal

import numpy as np

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.trust.calibration import FORMAT, AnswersModel, Calibration, ChangeOfW, EffectModel, FamilyModel
from socrates_core.trust.error_model.coverage import LEAST_TRIED, coverages, coverages_on
from socrates_core.trust.error_model.distance import fit_distance
from socrates_core.trust.error_model.evidence import ALL, FAMILIES, Evidence, evidence_of, usable
from socrates_core.trust.error_model.hierarchy import LEAST_GROUPS, fit
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means
from socrates_core.trust.error_model.shares import errors_of_shares
from socrates_core.trust.error_model.sharpness import Setting, best_without, fit_sharpness, log_scores
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.support.features import features_of
from socrates_core.trust.worth import distribution_worth, person_variance

LEAST_OF_FAMILY: Final = LEAST_TRIED[0.95]
"""Groups that a family needs for parts of its own: as many as both its intervals must be tried on."""


Run = tuple[Sequence[CellPredictions], Provenance]
"""The cells of an evaluation, and where their predictions come from."""


def calibrate(runs: Sequence[Run], seed: int = 42, real: bool = True, test: Sequence[Run] = ()) -> Calibration:
    """Fit the error model on the evaluations of one model. Studies that it was trained on are left out.

    Args:
        runs: One or more, of different studies: their cells, and where these come from.
        seed: Seed of the resamples behind "as good as asking k people".
        real: Whether to fit on the real studies, or on the synthetic ones.
        test: Runs of the same model on studies that are tried and not fitted on.

    Raises:
        PredictionError: If there are too few independent groups, the predictions name no model, those of several runs
            are of several models or of the same studies, or a group is in the test part too.
    """
    every = [*runs, *test]
    fingerprint = _one_fingerprint([provenance for _, provenance in every])
    by_run = _studies_once(every)
    cells = [cell for of_run in by_run[: len(runs)] for cell in of_run]
    fresh = unseen([provenance for _, provenance in every], cells)
    evidence, left_out = evidence_of(fresh, real)
    tested = _test_part(every, [cell for of_run in by_run[len(runs) :] for cell in of_run], evidence, real)
    if seen := len({cell.study_id for cell in cells} - {cell.study_id for cell in fresh}):
        left_out = (f"{seen} studies that the model was trained on, or another study of their group", *left_out)
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
        tested_on=len(tested.groups),
        data=tuple(sorted({str(digest) for _, one in runs if (digest := one.said.get("data_digest"))})),
        families={
            name: _family(part, seed, tested if name == ALL else _part(tested, name)) for name, part in families.items()
        },
        merged=tuple(merged),
        left_out=left_out,
        support=features_of(usable(fresh, real), next((one.source for _, one in runs if one.source), None)),
        tested_effects=len({one.group for one in tested.effects}) if test else None,
    )


def unseen(provenances: Sequence[Provenance], cells: Sequence[CellPredictions]) -> list[CellPredictions]:
    """The cells of groups of which the model was trained on no study."""
    studies = {study for one in provenances for study in one.contaminated}
    groups = {cell.group for cell in cells if cell.study_id in studies} - {None}
    return [cell for cell in cells if cell.study_id not in studies and cell.group not in groups]


def _test_part(runs: Sequence[Run], cells: Sequence[CellPredictions], evidence: Evidence, real: bool) -> Evidence:
    """The evidence of the test part.

    Raises:
        PredictionError: If there is a test part, and it has fewer than two groups or one that is fitted on.
    """
    found, _ = evidence_of(unseen([provenance for _, provenance in runs], cells), real)
    if both := sorted({*found.groups} & {*evidence.groups}):
        raise PredictionError(
            f"group {shown(both[0])} is in the test part and among those fitted on; its studies belong to one of them"
        )
    if cells and len(found.groups) < 2:
        raise PredictionError(
            f"a test needs two groups or more that the model has not seen; this has {len(found.groups)}"
        )
    return found


def _one_fingerprint(provenances: Sequence[Provenance]) -> Fingerprint:
    first, *others = map(Fingerprint.of, provenances)
    for other in others:
        first.refuse_other(other)
    return first


def _studies_once(runs: Sequence[Run]) -> list[Sequence[CellPredictions]]:
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


def _family(evidence: Evidence, seed: int, test: Evidence) -> FamilyModel:
    scores = log_scores(evidence.cells, evidence.groups)
    sharpness = fit_sharpness(scores)
    sharpened = change = None
    if sharpness is not None:
        chosen = dict(zip(evidence.groups, best_without(scores), strict=True))

        @cache
        def under(setting: Setting) -> Evidence:
            return _under(setting, evidence)

        change = _change(evidence, lambda group: under(chosen[group]))
        if sharpness.used and change.harmless:
            setting = sharpness.setting
            sharpened = _answers(under(setting), lambda group: under(chosen[group]), seed, _under(setting, test))
    return FamilyModel(
        groups=len(evidence.groups),
        studies=len({cell.study for cell in evidence.cells}),
        cells=len(evidence.cells),
        effects=len(evidence.effects),
        sharpness=sharpness,
        change=change,
        raw=_answers(evidence, lambda _: evidence, seed, test),
        sharpened=sharpened,
    )


def _under(setting: Setting, evidence: Evidence) -> Evidence:
    return evidence.predicting(lambda cell: setting.apply(cell.predicted))


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


def _answers(evidence: Evidence, folds: Callable[[str], Evidence], seed: int, test: Evidence) -> AnswersModel:
    """All parts on one kind of predictions.

    Args:
        evidence: With the predictions that are made once everything is fitted.
        folds: Group ↦ the evidence with the predictions that are made if it had no part in the fit.
        seed: Seed of resamples.
        test: Groups that are tried alone, with the predictions that are made once everything is fitted.
    """
    distances: dict[str, list[float]] = {}
    for cell in evidence.cells:
        distances.setdefault(cell.group, []).append(cell.w)
    # of those left out, as the formula asks
    unseen = [cell for group in evidence.groups for cell in folds(group).cells if cell.group == group]
    return AnswersModel(
        mean=fit(errors_of_means(evidence.cells)),
        share=fit(errors_of_shares(evidence.cells)[0]),
        effect=_effect(evidence),
        distance=fit_distance(distances),
        distribution_worth=distribution_worth(unseen, np.random.default_rng([seed, 15])),
        coverage=coverages(folds, evidence),
        tested=coverages_on(test, evidence) if len(test.groups) > 1 else (),
    )


def _effect(evidence: Evidence) -> EffectModel | None:
    if not evidence.effects:
        return None
    error = fit(actual_effects(evidence.effects))
    if error is None:
        return None
    people = float(np.median([one.n for one in evidence.effects]))
    return EffectModel(error, person_variance(evidence.effects), people)
