"""A predicted study as design advice needs it: the cells with their shares, from a simulation or a saved prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import PredictionError, shown
from socrates_core.metrics.uncertainty import grouped, groups_of_options
from socrates_core.model.folder import shown_name
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.trust.calibration import AnswersModel, Calibration
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.error_model.sharpness import Setting
from socrates_core.trust.statement.finding import calibration_of, trust
from socrates_core.trust.statement.making import ALIKE, CONTRAST, NO_CALIBRATION, read_by, statement_of

PREDICTION: Final = "prediction.json"
NO_ORDER: Final = "its options have no order, so it has no mean and no effect in points"
NO_SCALE: Final = "it is open-ended, so it has no scale whose width an effect is a share of"
SAVED: Final = "Assurance needs the error model itself: name the study file in place of its saved prediction."
DIFFERENT_QUESTIONS: Final = f"{CONTRAST[:1].upper()}{CONTRAST[1:]}."
READ_ALIKE: Final = f"{ALIKE[:1].upper()}{ALIKE[1:]}."
ONE_ARM: Final = "the study has one condition, so there is no effect to detect"


@dataclass(frozen=True, eq=False)
class PredictedCell:
    """One outcome in one condition."""

    outcome: str
    condition: str
    control: bool
    scale: AnswerScale
    shares: Floats
    """(K,) predicted shares of the options on the axis, adding up to 1."""
    answering: float
    """Predicted share of people who answer on the axis."""

    @property
    def places(self) -> tuple[Floats, Floats]:
        """(G,) positions in points and (G,) shares; a scale of more than 256 options in groups of neighbours."""
        values = np.asarray(self.scale.values, dtype=np.float64)
        starts, positions = groups_of_options(100 * (values - values[0]) / (values[-1] - values[0]))
        return positions, grouped(self.shares, starts)

    def position(self, option: int) -> float:
        """Where an option of the axis lies, in points, in its group."""
        assert self.scale.values is not None
        values = np.asarray(self.scale.values)
        starts, positions = groups_of_options(100 * (values - values[0]) / float(values[-1] - values[0]))
        place = int(np.searchsorted(values, option))
        return float(positions[int(np.searchsorted(starts, place, side="right")) - 1])


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of how wrong the predictions of one outcome may be."""

    answers: AnswersModel | None
    """The error model of predictions as they stand in the cells; None if nothing can be said."""
    why: str
    """Why not, as a sentence; empty if something can."""
    family: str = ""
    """The scales whose error model it is; outcomes of one are updated together."""
    why_no_effect: str = ""
    """Why nothing can be said of its effects though something can of its means, as a sentence; empty if it can."""
    alike: frozenset[str] = frozenset()
    """Conditions that read as the control does, of whose effects nothing can be said."""


@dataclass(frozen=True, eq=False)
class PredictedStudy:
    """All cells whose options have an order."""

    title: str
    model: str
    """Who predicted, in words."""
    demo: bool
    cells: tuple[PredictedCell, ...]
    """Where an error model is known, with the sharpened shares that it speaks of, if it does."""
    refused: tuple[tuple[str, str], ...]
    """Outcome, and why nothing can be said about it."""
    within: bool = False
    """Whether the same people are in every condition."""
    known: Mapping[str, Known] = field(default_factory=dict)
    """Outcome → how wrong its predictions may be; nothing is known of others."""
    sharpened: tuple[str, ...] = ()
    """The outcomes whose shares are sharpened ones."""

    def known_of(self, outcome: str) -> Known:
        """How wrong the predictions of an outcome may be."""
        return self.known.get(outcome, Known(None, NO_CALIBRATION))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Places of every arm and of its control."""
        controls = {cell.outcome: place for place, cell in enumerate(self.cells) if cell.control}
        return tuple(
            (place, controls[cell.outcome])
            for place, cell in enumerate(self.cells)
            if not cell.control and cell.outcome in controls
        )

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every arm against its control."""
        return tuple(_contrast(self.cells[arm], self.cells[control]) for arm, control in self.pairs)

    @classmethod
    def of(
        cls,
        title: str,
        found: Sequence[OutcomeResult],
        within: bool = False,
        calibration: Calibration | None = None,
    ) -> "PredictedStudy":
        """From predictions at hand.

        Args:
            title: The study's.
            found: Its outcomes.
            within: Whether the same people are in every condition.
            calibration: Of the model; when None, the one that came with it, if any. It is asked, as everywhere, whether
                it speaks of these predictions.

        Raises:
            PredictionError: If nothing was predicted.
        """
        first = next((one.simulation for one in found if one.simulation is not None), None)
        if first is None:
            raise PredictionError(f"nothing was predicted of {shown(title)}")
        cells: list[PredictedCell] = []
        refused: list[tuple[str, str]] = []
        known: dict[str, Known] = {}
        sharpened: list[str] = []
        for one in found:
            if one.simulation is None:
                refused.append((one.name, one.refused or "it was not predicted"))
                continue
            known[one.name], setting = _known(one.simulation, calibration)
            sharpened += [] if setting is None else [one.name]
            arms = range(len(one.simulation.arms))
            _add(one.name, [_cell(one.name, one.simulation, place, setting) for place in arms], cells, refused)
        model = _words(first.model.name, first.model.adapter)
        return cls(title, model, first.model.demo, tuple(cells), tuple(refused), within, known, tuple(sharpened))


def _known(simulation: Simulation, calibration: Calibration | None) -> tuple[Known, Setting | None]:
    """What is known of an outcome, or why nothing is; and how its shares are sharpened for that."""
    said = trust(simulation) if calibration is None else statement_of(simulation, calibration)
    if not said.applied or said.basis is None:
        return Known(None, str(said.why)), None
    calibration = calibration or calibration_of(simulation.model)
    assert calibration is not None
    family, model = calibration.of(len(simulation.control.scale.values or ()))
    answers, setting = model.raw, None
    if said.basis.sharpened and model.sharpened is not None and model.sharpness is not None:
        answers, setting = model.sharpened, model.sharpness.setting
    if any(arm.cell.wording_contrast for arm in simulation.arms):  # the statement speaks of each question by itself
        return Known(replace(answers, effect=None), "", f"{family}, different questions", DIFFERENT_QUESTIONS), setting
    control = read_by(simulation.control)
    alike = frozenset(
        arm.label for arm in simulation.arms if arm.cell != simulation.control and read_by(arm.cell) == control
    )
    return Known(answers, "", family, alike=alike), setting


def read_prediction(path: Path) -> PredictedStudy:
    """The study of a prediction that `socrates simulate` or the page saved: its folder, or its JSON.

    Raises:
        PredictionError: If there is none, or it is not such a file.
    """
    file = path / PREDICTION if path.is_dir() else path
    try:
        raw = parse_json(read_bytes(file).decode("utf-8"))
        outcomes = raw["outcomes"] if "outcomes" in raw else [{"name": raw["study"]["title"], **raw}]
        return _study_of(outcomes)
    except OSError as error:
        raise PredictionError(
            f"{shown(file)} cannot be read ({error.strerror}); name a folder that socrates simulate wrote"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PredictionError(
            f"{shown(file)} is not a prediction: expected the prediction.json of socrates simulate, or the JSON that "
            "the page saves"
        ) from error


def _study_of(outcomes: Sequence[dict[str, Any]]) -> PredictedStudy:
    cells: list[PredictedCell] = []
    refused: list[tuple[str, str]] = []
    known: dict[str, Known] = {}
    sharpened: list[str] = []
    predicted = [one for one in outcomes if "arms" in one]
    for one in outcomes:
        if "arms" not in one:
            refused.append((str(one["name"]), str(one.get("refused"))))
        else:
            _add(str(one["name"]), [_cell_of(one, arm) for arm in one["arms"]], cells, refused)
            said = one.get("trust") or {}
            known[str(one["name"])] = Known(None, SAVED if said.get("applied") else str(said.get("why") or SAVED))
            sharpened += [str(one["name"])] if _calibrated(one) else []
    model = predicted[0]["model"]
    words = _words(str(model["name"]), model.get("adapter"))
    title, demo = str(predicted[0]["study"]["title"]), bool(model.get("demo"))
    return PredictedStudy(title, words, demo, tuple(cells), tuple(refused), known=known, sharpened=tuple(sharpened))


def _calibrated(outcome: dict[str, Any]) -> dict[int, list[float]]:
    """Number of a condition → its sharpened shares, where the statement that was saved speaks of these."""
    said = outcome.get("trust") or {}
    if not said.get("applied") or not said["basis"]["sharpened"]:
        return {}
    return {int(arm["condition"]): arm["calibrated"] for arm in said["arms"]}


def _words(model: str, adapter: str | None) -> str:
    return f"{shown_name(model)} with adapter {shown_name(adapter)}" if adapter else shown_name(model)


def _cell_of(outcome: dict[str, Any], arm: dict[str, Any]) -> PredictedCell:
    cell = arm["cell"]
    scale = AnswerScale.from_columns(
        cell["scale_values"], cell["scale_labels"], cell.get("off_axis"), cell.get("off_axis_labels"),
        cell.get("unit"), cell.get("measurement"),
    )  # fmt: skip
    calibrated = _calibrated(outcome)
    given = calibrated[int(cell["condition_num"])] if calibrated else arm["predicted"]["shares"]
    shares = np.asarray(given, dtype=np.float64)
    if not np.isfinite(shares).all() or (shares < 0).any() or abs(float(shares.sum()) - 1) > 1e-3:
        raise ValueError("shares are 0 or more and add up to 1")
    if scale.values is not None and len(scale.values) != len(shares):
        raise ValueError("an option has one share")
    off = sum(arm["off_axis"]["predicted"]) if arm.get("off_axis") else 0.0
    control = cell["cell_id"] == outcome["control"]["cell_id"]
    name = cell["condition"] or f"condition {cell['condition_num']}"
    return PredictedCell(str(outcome["name"]), str(name), control, scale, shares / shares.sum(), 1.0 - float(off))


def _cell(name: str, simulation: Simulation, place: int, setting: Setting | None) -> PredictedCell:
    arm = simulation.arms[place]
    shares = arm.predicted.probs if setting is None else setting.apply(arm.predicted.probs)
    return PredictedCell(
        outcome=name,
        condition=arm.label,
        control=arm.cell == simulation.control,
        scale=arm.cell.scale,
        shares=shares / shares.sum(),
        answering=1.0 - arm.predicted_off_axis,
    )


def _add(name: str, found: list[PredictedCell], cells: list[PredictedCell], refused: list[tuple[str, str]]) -> None:
    """The cells of one outcome, the control first; or why it has none."""
    scales = {cell.scale.values for cell in found}
    if found[0].scale.nominal or found[0].scale.values is None:
        refused.append((name, NO_ORDER if found[0].scale.nominal else NO_SCALE))
    elif len(scales) > 1:
        refused.append((name, "its conditions have different scales, so their difference is no effect"))
    elif min(cell.answering for cell in found) <= 0:
        refused.append((name, "nobody is predicted to answer it on the axis in one of the conditions"))
    else:
        cells += sorted(found, key=lambda cell: not cell.control)
        if len(found) == 1:
            refused.append((name, ONE_ARM))


def _contrast(arm: PredictedCell, control: PredictedCell) -> Contrast:
    (positions, treated), (_, untreated) = arm.places, control.places
    return Contrast(
        arm.outcome, arm.condition, control.condition, positions, treated, untreated, (arm.answering, control.answering)
    )
