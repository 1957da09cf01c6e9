"""The fitted error model of one model's predictions: `calibration.json`.

Everything is fitted twice: on the predictions as they are, and on sharpened ones where sharpening helps. A family of
scales has parts of its own if 19 groups or more have it, so that its intervals can be tried; all others share those of
all scales together. Where studies were kept for a test, how the intervals did on them stands beside; what fails there
is not offered.

A file of an older version is refused: its intervals were offered by a rule that asked less of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from scipy.special import expit

from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.model.record import CALIBRATION
from socrates_core.study.files import write_json
from socrates_core.trust.error_model.coverage import SHARE_LEVEL, Coverage, What
from socrates_core.trust.error_model.distance import DistanceModel
from socrates_core.trust.error_model.evidence import ALL, FAMILIES, family_of
from socrates_core.trust.error_model.hierarchy import LEAST_GROUPS, ErrorModel
from socrates_core.trust.error_model.sharpness import Sharpness
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.support.features import SupportFeatures
from socrates_core.trust.worth import MOST_PEOPLE, Worth, effect_worth

FORMAT: Final = 3
"""Version of calibration.json."""


UNITS: Final = {"mean": 1.0, "share": 10.0, "effect": 100.0}
"""Of errors: the width of the scale for means, 10 logits for shares, of which all people are a few, and 100 points."""
LARGEST: Final = 20.0
SMALLEST: Final = 1e-6
"""Standard deviations of errors in these units, far beyond and far below what people's answers can show: a file with
others would claim nothing, or everything."""


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
        if not 0 <= self.person_variance <= 100**2 or not 0 < self.people <= MOST_PEOPLE:
            raise ValueError(f"person_variance is 0 to 10,000 points², and people are 1 to {MOST_PEOPLE:,.0f}")

    def interval(self, predicted: float, level: float, sampling: float = 0.0) -> tuple[float, float]:
        """Within which the effect lies, in points; see `AnswersModel.effect_interval`."""
        low, high = self.error.predict(predicted, sampling).interval(level)
        return clipped(float(low[0]), -100.0, 100.0), clipped(float(high[0]), -100.0, 100.0)

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
    share: ErrorModel | None
    """Actual minus predicted shares of people at or above an option, in logits."""
    effect: EffectModel | None
    distance: DistanceModel | None
    distribution_worth: Worth | None
    coverage: tuple[Coverage, ...]
    """On the groups that all this is fitted on, one left out at a time."""
    tested: tuple[Coverage, ...]
    """On groups that were kept for a test; empty if there are none."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        for name, rows in (("coverage", self.coverage), ("tested", self.tested)):
            if len({(one.what, one.level) for one in rows}) < len(rows):
                raise ValueError(f"{name} has two rows of one interval")
        effects = None if self.effect is None else self.effect.error
        for name, model in (("mean", self.mean), ("share", self.share), ("effect", effects)):
            if model is not None and (wrong := _impossible(model, UNITS[name])):
                raise ValueError(f"{name}: {wrong}")
        if self.mean is not None and max(map(abs, self.mean.components.coefficient)) > 1:
            raise ValueError("mean: a bias is at most the width of the scale, 1")

    def tried(self, what: What, level: float) -> Coverage | None:
        """How this interval did on groups left out; None if too few groups are left to try it."""
        return next((one for one in self.coverage if (one.what, one.level) == (what, level)), None)

    def test_of(self, what: What, level: float) -> Coverage | None:
        """How this interval did on the test part; None without one."""
        return next((one for one in self.tested if (one.what, one.level) == (what, level)), None)

    def offered(self, what: What, level: float) -> bool:
        """Whether the interval may be shown: it was tried on groups left out, held there, and did not fail a test."""
        if what == "share" and level > SHARE_LEVEL:
            return False
        found, test = self.tried(what, level), self.test_of(what, level)
        return found is not None and found.holds and (test is None or test.reached)

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
        return clipped(predicted + float(low[0]), 0.0, 1.0), clipped(predicted + float(high[0]), 0.0, 1.0)

    def share_interval(self, logits: float, level: float, sampling: float = 0.0) -> tuple[float, float] | None:
        """Within which the true share of people at or above an option lies, in [0, 1]; None if that is not offered.

        Args:
            logits: Of the predicted share, see `predicted_logits`.
            level: 0.8 or 0.95.
            sampling: For the share that some people will show instead of the true one: its sampling variance in logits.
        """
        if self.share is None or not self.offered("share", level):
            return None
        low, high = self.share.predict(1.0, sampling).interval(level)
        return float(expit(logits + low[0])), float(expit(logits + high[0]))

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
    def knows_means(self) -> bool:
        """Whether predictions make the intervals of means better than ignoring them does."""
        found = self.tried("mean", 0.8)
        return found is not None and found.informative

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

    def __post_init__(self) -> None:
        """Refuse sharpened predictions without what sharpens them: they would be raw ones under another name."""
        used = self.sharpness is not None and self.sharpness.used and self.change is not None and self.change.harmless
        if self.sharpened is not None and not used:
            raise ValueError("sharpened: predictions are sharpened only where a sharpness was found to help")


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
    tested_on: int
    """Groups of the test part, none of them among those; 0 without one."""
    data: tuple[str, ...]
    """Digests of the contents of the studies, where the runs state them."""
    families: Mapping[str, FamilyModel]
    """By name; `all scales` is always there."""
    merged: tuple[str, ...]
    """Families that are there in too few groups for parts of their own."""
    left_out: tuple[str, ...]
    """What was not used, and why."""
    support: SupportFeatures
    """What the studies are like, to say whether a question is like theirs."""
    tested_effects: int | None = None
    """Groups of the test part with an effect; None without a test part, and in files that do not state it."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if ALL not in self.families or set(self.families) - {ALL, *FAMILIES}:
            raise ValueError(f"there are parts for {ALL!r}, and for families of scales besides")
        if self.groups < LEAST_GROUPS or self.studies < self.groups or self.tested_on < 0:
            raise ValueError(f"a calibration rests on {LEAST_GROUPS} groups of studies or more")
        for family in self.families.values():
            tried = [one.groups for kind in (family.raw, family.sharpened) if kind for one in kind.coverage]
            if max([family.groups, *tried]) > self.groups or family.studies > self.studies:
                raise ValueError("no part of a calibration rests on more groups or studies than all of it")
            if any(
                one.groups > self.tested_on for kind in (family.raw, family.sharpened) if kind for one in kind.tested
            ):
                raise ValueError("no part of a calibration was tested on more groups than all of it")
        if not 0 <= (self.tested_effects or 0) <= self.tested_on:
            raise ValueError("no more groups of the test part have effects than it has")
        if self.tested_on and (missing := self._untested()):
            raise ValueError(f"tested_on is {self.tested_on}, and there is no row {missing} in `tested` of {ALL!r}")

    def _untested(self) -> str:
        """An interval of all scales that was tried on groups left out and not on the test part; empty if there is none.

        Effects can be without a test if the file states that fewer than two of its groups have some. Were their rows
        merely missing, what failed a test would be offered.
        """
        whole = self.families[ALL]
        few = self.tested_effects is not None and self.tested_effects < 2
        for kind in filter(None, (whole.raw, whole.sharpened)):
            tested = {(one.what, one.level) for one in kind.tested}
            for row in kind.coverage:
                if not (few and row.what == "effect") and (row.what, row.level) not in tested:
                    return f"of the {row.what} at {row.level:g}"
        return ""

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


def _impossible(model: ErrorModel, unit: float) -> str:
    """Which of the model's deviations no errors of people's answers have; empty if none."""
    parts = model.components
    for name, values in (("tau", (model.tau, *parts.tau)), ("sigma", (model.sigma, *parts.sigma))):
        if max(values) > LARGEST * unit:
            return f"{name} is {max(values):g}, more than errors can be"
    if math.hypot(*parts.tau, *parts.sigma) < SMALLEST * unit:
        return "tau and sigma are all but 0, and no prediction is without error"
    return ""


def clipped(value: float, low: float, high: float) -> float:
    """The nearest possible value: a mean lies on its scale, whatever the error model adds to it."""
    return min(max(value, low), high)


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
    file = path / CALIBRATION if path.is_dir() else path
    again = "calibrate again with python -m eval.calibrate RUN"
    try:
        return read_record(Calibration, FORMAT, file, "a calibration", again)
    except OSError as error:
        missing = f"{path} has no {CALIBRATION}" if path.is_dir() else f"{path} cannot be read ({error.strerror})"
        raise PredictionError(f"{missing}; make one with python -m eval.calibrate RUN") from error
