"""From a simulated outcome and a calibration to what is said of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from socrates_core.metrics.uncertainty import Interval, smoothed
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.result import ArmResult, EffectRow, Simulation
from socrates_core.study.study_set import Cell
from socrates_core.trust.calibration import AnswersModel, Calibration, EffectModel, FamilyModel
from socrates_core.trust.error_model.coverage import LEAST_TRIED, Coverage
from socrates_core.trust.statement.claims import checked_distance, claim_of, effect_claim
from socrates_core.trust.statement.record import (
    ArmStatement,
    Basis,
    Checked,
    Claim,
    Covered,
    DistanceStatement,
    EffectStatement,
    Statement,
    Trial,
)
from socrates_core.trust.statement.refusal import EDITED, refusal_of
from socrates_core.trust.statement.shares import shares_of
from socrates_core.trust.support.asked import by_hand, question_of
from socrates_core.trust.support.rule import support_of

DRAWS: Final = 100_000
"""Of the arms' true effects, behind the probability of the highest mean: its Monte Carlo error is at most 0.0016."""

CONTRAST: Final = "the conditions ask different questions, and such differences were not tried"
"""Why nothing is said of effects."""
ALIKE: Final = "both conditions read the same, so the prediction cannot tell them apart"
"""Why nothing is said of an effect. The true one need not be none: what people saw may not be in the text."""

NO_CALIBRATION: Final = (
    "Can't say how far off this is: this model came with no calibration. To have one, try it on studies with answers "
    "(python -m eval.run, then python -m eval.calibrate RUN) and name it: --calibration RUN/calibration.json of this "
    "command or of app.py, calibration= of load_model. On SocSci210 one command tries an adapter: socrates reproduce "
    "--adapter ADAPTER --out DIR."
)


def statement_of(simulation: Simulation, calibration: Calibration | None, sharpened: bool = True) -> Statement:
    """What is said of a simulated outcome.

    Args:
        simulation: All arms of the outcome.
        calibration: Of the model that simulated it; None if it has none.
        sharpened: Whether to speak of sharpened predictions where there are some, or of those as they are.
    """
    if calibration is None:
        return Statement(False, NO_CALIBRATION)
    refused = refusal_of(simulation, calibration)
    if refused is not None:
        return Statement(False, refused)
    support = support_of(calibration.support, question_of(simulation))
    if by_hand(simulation):
        return Statement(False, EDITED, support=support)
    scale = simulation.arms[0].cell.scale
    assert scale.values is not None
    family, model = calibration.of(len(scale.values))
    use = sharpened and model.sharpened is not None
    answers = model.sharpened if use and model.sharpened is not None else model.raw
    basis = Basis(
        kind=calibration.kind,
        groups=calibration.groups,
        studies=calibration.studies,
        family=family,
        sharpened=use,
        telling=answers.knows_means,
        informed=answers.knows_effects,
        trials=tuple(_trial(answers, one) for one in answers.coverage),
    )
    found = _Speaker(simulation, model, answers, use)
    if support.place == "outside":
        why = f"Can't say how far off this is: {support.sentence[:1].lower()}{support.sentence[1:]}."
        return Statement(False, why, basis, support, model.sharpened is not None)
    return Statement(
        True, None, basis, support, model.sharpened is not None, found.arms(), found.effects(), found.distance()
    )


def not_applied(why: str) -> Statement:
    """That nothing is said, and why, as a sentence."""
    return Statement(False, why)


def _trial(answers: AnswersModel, found: Coverage) -> Trial:
    test = answers.test_of(found.what, found.level)
    left_out = Covered(found.groups, found.covered, found.covered_se)
    on_test = None if test is None else Covered(test.groups, test.covered, test.covered_se)
    return Trial(found.what, found.level, left_out, on_test, answers.offered(found.what, found.level))


class _Speaker:
    """The parts of a statement."""

    def __init__(self, simulation: Simulation, model: FamilyModel, answers: AnswersModel, sharpened: bool) -> None:
        self.simulation, self.answers = simulation, answers
        self.contrast = any(arm.cell.wording_contrast for arm in simulation.arms)
        setting = model.sharpness.setting if sharpened and model.sharpness is not None else None
        arms = simulation.arms
        values = np.asarray(arms[0].predicted.values, dtype=np.float64)
        self.low, self.width = float(values[0]), float(values[-1] - values[0])
        self.positions = (values - self.low) / self.width
        self.probs: list[Floats] = [
            arm.predicted.probs if setting is None else setting.apply(np.asarray(arm.predicted.probs)) for arm in arms
        ]
        self.means = [float(one @ self.positions) for one in self.probs]
        by_condition = {arm.cell.condition_num: mean for arm, mean in zip(arms, self.means, strict=True)}
        control = by_condition[simulation.control.condition_num]
        self.predicted = {number: 100 * (mean - control) for number, mean in by_condition.items()}

    def arms(self) -> tuple[ArmStatement, ...]:
        highest = self._highest()
        return tuple(self._arm(place, arm, highest) for place, arm in enumerate(self.simulation.arms))

    def effects(self) -> tuple[EffectStatement, ...]:
        return tuple(map(self._effect, self.simulation.effects))

    def distance(self) -> DistanceStatement | None:
        found = self.answers.distance
        if found is None:
            return None
        inner, outer = (
            found.at(level).cell if self.answers.offered("distance", level) else None for level in LEAST_TRIED
        )
        worth = self.answers.distribution_worth
        return DistanceStatement(found.expected, inner, outer, None if worth is None else worth.most, worth)

    def _arm(self, place: int, arm: ArmResult, highest: tuple[float, ...] | None) -> ArmStatement:
        unit = arm.cell.scale.unit
        mean = self.means[place]

        def shown(level: float) -> Interval | None:
            ends = self.answers.mean_interval(mean, level)
            return None if ends is None else Interval(*(unit * (self.low + self.width * end) for end in ends))

        checked = None
        variance = self._variance(arm)
        if arm.actual is not None and arm.actual_mean is not None and variance is not None:
            at = float(np.asarray(arm.actual.probs) @ self.positions)
            inside = [_inside(at, self.answers.mean_interval(mean, level, variance)) for level in LEAST_TRIED]
            checked = Checked(arm.actual_mean, *inside)
        return ArmStatement(
            condition=arm.cell.condition_num,
            label=arm.label,
            raw=tuple(map(float, arm.predicted.probs)),
            calibrated=tuple(map(float, self.probs[place])),
            mean=unit * (self.low + self.width * mean),
            mean_claim=claim_of(self.answers, "mean", shown),
            shares=shares_of(self.answers, arm, self.probs[place]),
            highest=None if highest is None else highest[place],
            checked=checked,
            distance=checked_distance(self.probs[place], arm, self.distance()),
        )

    def _effect(self, row: EffectRow) -> EffectStatement:
        number = row.cell.condition_num
        predicted, model = self.predicted[number], self.answers.effect
        why = CONTRAST if self.contrast else ALIKE if read_by(row.cell) == read_by(self.simulation.control) else None
        if why is not None:
            return EffectStatement(number, row.label, predicted, Claim(None, None, why), None, None, None)
        told = model is not None and self.answers.offered("effect", 0.8)
        checked = None
        variance = self._effect_variance(row)
        if row.actual is not None and variance is not None:
            inside = [
                _inside(row.actual, self.answers.effect_interval(predicted, level, variance)) for level in LEAST_TRIED
            ]
            checked = Checked(row.actual, *inside)
        return EffectStatement(
            condition=number,
            label=row.label,
            predicted=predicted,
            claim=effect_claim(self.answers, predicted),
            positive=model.positive(predicted) if told and model is not None else None,
            worth=model.worth(predicted) if told and model is not None and self.answers.knows_effects else None,
            checked=checked,
        )

    def _variance(self, arm: ArmResult) -> float | None:
        """Sampling variance of people's mean in widths², as the fit takes it; None without two people."""
        if arm.actual is None or arm.n_effective <= 1:
            return None
        shares = smoothed(np.asarray(arm.actual.probs), arm.n_effective)
        return float(shares @ (self.positions - shares @ self.positions) ** 2) / arm.n_effective

    def _effect_variance(self, row: EffectRow) -> float | None:
        """Sampling variance of people's effect in points²: of both arms. The same people in both make it smaller by how
        alike each one's answers are; then it is that of their own interval, where that is narrower.
        """
        by_cell = {arm.cell.cell_id: self._variance(arm) for arm in self.simulation.arms}
        arm, control = by_cell[row.cell.cell_id], by_cell[self.simulation.control.cell_id]
        if arm is None or control is None or row.actual_interval is None:
            return None
        apart = 100**2 * (arm + control)
        if row.cell.design == "between":
            return apart
        return min(apart, ((row.actual_interval.high - row.actual_interval.low) / (2 * 1.96)) ** 2)

    def _highest(self) -> tuple[float, ...] | None:
        """(A,) probability that an arm's true mean is the highest; None if nothing can be said of effects."""
        model, cells = self.answers.effect, [arm.cell for arm in self.simulation.arms]
        if model is None or not self.answers.offered("effect", 0.8) or len(cells) < 2 or self.contrast:
            return None
        if len(set(map(read_by, cells))) < len(cells):
            return None
        predicted = [self.predicted[cell.condition_num] for cell in cells]
        control = [cell.condition_num for cell in cells].index(self.simulation.control.condition_num)
        return highest_of(model, predicted, control)


def highest_of(model: EffectModel, predicted: Sequence[float], control: int, seed: int = 0) -> tuple[float, ...]:
    """(A,) probability that each arm's true mean is the highest, by draws from the error model.

    What a group shares moves all effects alike, and half of what is left is the control's own deviation, which all
    effects share too, as the error model assumes.

    Args:
        model: Of effects.
        predicted: (A,) predicted effects in points; that of the control is 0.
        control: Its place.
        seed: Of the draws.
    """
    rng = np.random.default_rng([seed, len(predicted)])
    parts = model.error.components
    weight, slope, variance, tau, sigma = (
        np.array(one) for one in (parts.weight, parts.coefficient, parts.variance, parts.tau, parts.sigma)
    )
    chosen = rng.choice(len(weight), DRAWS, p=weight / weight.sum())
    beta = rng.normal(slope[chosen], np.sqrt(variance[chosen]))
    shared = rng.normal(size=DRAWS) * np.sqrt(tau[chosen] ** 2 + sigma[chosen] ** 2 / 2)
    own = rng.normal(size=(DRAWS, len(predicted))) * (sigma[chosen] / np.sqrt(2))[:, None]
    effects = beta[:, None] * np.array(predicted) + shared[:, None] + own
    effects[:, control] = 0.0
    wins = np.bincount(effects.argmax(axis=1), minlength=len(predicted))
    return tuple(float(one) for one in wins / DRAWS)


def read_by(cell: Cell) -> tuple[str, tuple[int, ...] | None]:
    """What people of a condition read, as far as the model knows."""
    return cell.stimulus, cell.scale.values


def _inside(value: float, ends: tuple[float, float] | None) -> bool | None:
    return None if ends is None else bool(ends[0] <= value <= ends[1])
