"""A predicted study as design advice needs it: the cells with their shares, from a simulation or a saved prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import PredictionError, shown
from socrates_core.metrics.uncertainty import grouped, groups_of_options
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.fingerprint import Fingerprint

PREDICTION: Final = "prediction.json"
NO_ORDER: Final = "its options have no order, so it has no mean and no effect in points"
NO_SCALE: Final = "it is open-ended, so it has no scale whose width an effect is a share of"
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


@dataclass(frozen=True)
class MadeBy:
    """What predicted, and how: what an error model must have been fitted on to say something of it."""

    model: str
    adapter: str | None
    template: str | None
    precision: str
    temperature: float
    top_p: float
    demo: bool = False

    @property
    def fits(self) -> Fingerprint:
        """As a calibration names it; commits are not known of a prediction."""
        return Fingerprint(
            self.model, None, self.adapter, None, self.template, self.precision, self.temperature, self.top_p
        )

    def of(self, calibration: Calibration) -> Calibration:
        """Give a calibration back if it was fitted on predictions that were made so.

        Raises:
            PredictionError: If model, adapter, template, precision, temperature or top-p differ.
        """
        commits = {key: getattr(calibration.fingerprint, key) for key in ("model_revision", "adapter_revision")}
        return calibration.for_predictions(replace(self.fits, **commits))


@dataclass(frozen=True, eq=False)
class PredictedStudy:
    """All cells whose options have an order."""

    title: str
    made_by: MadeBy
    cells: tuple[PredictedCell, ...]
    refused: tuple[tuple[str, str], ...]
    """Outcome, and why nothing can be said about it."""
    within: bool = False
    """Whether the same people are in every condition."""

    @property
    def demo(self) -> bool:
        """Whether the demo model predicted."""
        return self.made_by.demo

    @property
    def model(self) -> str:
        """Who predicted, in words."""
        adapter = f" with adapter {self.made_by.adapter}" if self.made_by.adapter else ""
        return f"{self.made_by.model}{adapter}"

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
    def of(cls, title: str, found: Sequence[OutcomeResult], within: bool = False) -> "PredictedStudy":
        """From predictions at hand.

        Raises:
            PredictionError: If nothing was predicted.
        """
        told = [(one.name, one.simulation, one.refused) for one in found]
        first = next((one for _, one, _ in told if one is not None), None)
        if first is None:
            raise PredictionError(f"nothing was predicted of {shown(title)}")
        cells: list[PredictedCell] = []
        refused: list[tuple[str, str]] = []
        for name, simulation, why in told:
            if simulation is None:
                refused.append((name, why or "it was not predicted"))
            else:
                _add(name, [_cell(name, simulation, place) for place in range(len(simulation.arms))], cells, refused)
        model, request = first.model, first.request
        made_by = MadeBy(
            model.name, model.adapter, model.template, model.precision, request.temperature, request.top_p, model.demo
        )
        return cls(title, made_by, tuple(cells), tuple(refused), within)


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
    predicted = [one for one in outcomes if "arms" in one]
    for one in outcomes:
        if "arms" not in one:
            refused.append((str(one["name"]), str(one.get("refused"))))
        else:
            _add(str(one["name"]), [_cell_of(one, arm) for arm in one["arms"]], cells, refused)
    model, request = predicted[0]["model"], predicted[0]["request"]
    made_by = MadeBy(
        str(model["name"]), model.get("adapter"), model.get("template"), str(model.get("precision", "exact")),
        float(request["temperature"]), float(request["top_p"]), bool(model.get("demo")),
    )  # fmt: skip
    return PredictedStudy(str(predicted[0]["study"]["title"]), made_by, tuple(cells), tuple(refused))


def _cell_of(outcome: dict[str, Any], arm: dict[str, Any]) -> PredictedCell:
    cell = arm["cell"]
    scale = AnswerScale.from_columns(
        cell["scale_values"], cell["scale_labels"], cell.get("off_axis"), cell.get("off_axis_labels"),
        cell.get("unit"), cell.get("measurement"),
    )  # fmt: skip
    shares = np.asarray(arm["predicted"]["shares"], dtype=np.float64)
    if not np.isfinite(shares).all() or (shares < 0).any() or abs(float(shares.sum()) - 1) > 1e-3:
        raise ValueError("shares are 0 or more and add up to 1")
    if scale.values is not None and len(scale.values) != len(shares):
        raise ValueError("an option has one share")
    off = sum(arm["off_axis"]["predicted"]) if arm.get("off_axis") else 0.0
    control = cell["cell_id"] == outcome["control"]["cell_id"]
    name = cell["condition"] or f"condition {cell['condition_num']}"
    return PredictedCell(str(outcome["name"]), str(name), control, scale, shares / shares.sum(), 1.0 - float(off))


def _cell(name: str, simulation: Simulation, place: int) -> PredictedCell:
    arm = simulation.arms[place]
    return PredictedCell(
        outcome=name,
        condition=arm.label,
        control=arm.cell == simulation.control,
        scale=arm.cell.scale,
        shares=arm.predicted.probs / arm.predicted.probs.sum(),
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
