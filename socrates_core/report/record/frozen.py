"""The prediction of a record as it was registered: distributions, intervals, and what was said of its error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from socrates_core.errors import ModelError, SocratesError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import MAX_DIGITS, AnswerDistributions, ModelDescription
from socrates_core.report.record.registered import registered_statement
from socrates_core.scale.distribution import Floats, all_options
from socrates_core.simulation.open_ended import Ints
from socrates_core.study.study_set import Cell, Persona
from socrates_core.trust.statement.record import Statement

SHARES_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class FrozenArm:
    """One outcome in one condition."""

    cell: Mapping[str, Any]
    """Texts and options, as in prediction.json."""
    values: Ints
    """(L,) all options, ascending, on the axis and off it; the numbers of an open-ended outcome."""
    shares: Floats
    """(L,) their predicted shares, which add up to 1."""
    mean_interval: Interval
    """95 % over simulated people, as every interval here."""
    share_intervals: tuple[Interval, ...]
    """(K,) of the options on the axis."""
    on_scale_mass: float
    n_predicted: int
    n_personas: int
    n_valid: int
    """Numbers that are answers; all of `n_predicted` where there are options."""
    worth: float
    """How many equally weighted numbers they are worth."""

    @property
    def options(self) -> list[float]:
        """(K,) the options on the axis, in the scale's own numbers; empty if the outcome is open-ended."""
        return [float(self.cell["unit"]) * value for value in self.cell["scale_values"] or ()]

    @property
    def key(self) -> tuple[int, int]:
        """Number of the condition and of the outcome."""
        return int(self.cell["condition_num"]), int(self.cell["task_num"])


@dataclass(frozen=True)
class FrozenClaim:
    """What was said of a true mean or effect."""

    label: str
    """The condition."""
    predicted: float
    """In the scale's own numbers; an effect in points."""
    inner: Interval | None
    """At 80 %; None if nothing was claimed."""
    outer: Interval | None
    """At 95 %."""


@dataclass(frozen=True, eq=False)
class FrozenOutcome:
    """One outcome."""

    name: str
    refused: str
    """Why it was not predicted; empty if it was."""
    arms: tuple[FrozenArm, ...]
    effects: Mapping[str, tuple[float, Interval]]
    """Condition → predicted effect with its interval."""
    share_effects: Mapping[str, tuple[tuple[float, ...], tuple[Interval, ...]]]
    """Condition → (K,) predicted differences of shares with their intervals, where the options have no order."""
    said: Statement
    """What was said of how far off it may be."""
    notes: tuple[str, ...]

    def arm(self, cell: Cell) -> FrozenArm:
        """What was predicted of a cell.

        Raises:
            ModelError: If nothing was.
        """
        for arm in self.arms:
            if arm.key == (cell.condition_num, cell.task_num):
                return arm
        raise ModelError(f"the record has no prediction of {cell.condition_label}")


@dataclass(frozen=True, eq=False)
class FrozenPrediction:
    """All of a record's prediction."""

    outcomes: tuple[FrozenOutcome, ...]
    model: ModelDescription
    study: str
    """The study file that was predicted."""
    settings: Mapping[str, Any]
    """People, seed, temperature and top-p of the first outcome that was predicted; see `SimulationRequest`."""


class FrozenModel:
    """Gives the distributions of an outcome, to everybody the same: their mean over people is what was registered."""

    def __init__(self, outcome: FrozenOutcome, description: ModelDescription) -> None:
        """Of one outcome with options."""
        self._outcome, self.description = outcome, description

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The registered distribution of the cell.

        Raises:
            ModelError: If the record has none, or one over other options.
        """
        arm = self._outcome.arm(cell)
        if arm.values.tolist() != all_options(cell.scale).tolist():
            raise ModelError(f"the record has no prediction of {cell.condition_label} on this scale")
        mass = np.full(len(personas), arm.on_scale_mass)
        return AnswerDistributions(np.tile(arm.shares, (len(personas), 1)), mass)


def frozen_prediction(prediction: Mapping[str, Any]) -> FrozenPrediction:
    """Read prediction.json.

    Raises:
        SocratesError: If something of it is missing, or shares are no probabilities.
    """
    try:
        raw = prediction["outcomes"]
        predicted = [one for one in raw if one.get("arms")]
        first = predicted[0]
        return FrozenPrediction(
            outcomes=tuple(map(_outcome, raw)),
            model=_model(first["model"]),
            study=str(prediction["study_file"]),
            settings={name: first["request"][name] for name in ("n", "seed", "temperature", "top_p")},
        )
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise SocratesError(f"the prediction of this record cannot be read: {_fault(error)}") from error


def _fault(error: Exception) -> str:
    """What is wrong with prediction.json, in words."""
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, KeyError):
        return f"it lacks {str(error.args[0])!r}"
    if isinstance(error, IndexError):
        return "no outcome of it was predicted"
    return "something of it is of another kind than in any record"


def _model(raw: Mapping[str, Any]) -> ModelDescription:
    return ModelDescription(
        name=str(raw["name"]),
        adapter=raw["adapter"],
        template=raw["template"],
        precision=str(raw["precision"]),
        demo=bool(raw["demo"]),
        trained_on=frozenset(map(str, raw["trained_on"])),
        adapter_digest=raw.get("adapter_digest"),
        model_digest=raw.get("model_digest"),
    )


def _outcome(raw: Mapping[str, Any]) -> FrozenOutcome:
    arms = tuple(map(_arm, raw.get("arms", ())))
    if len({arm.key for arm in arms}) != len(arms):
        raise ValueError("a condition stands twice")
    effects: dict[str, tuple[float, Interval]] = {}
    for row in raw.get("effects", ()):
        name = "predicted_median_difference" if "predicted_median_difference" in row else "predicted_percent_of_scale"
        effects[str(row["condition"])] = _number(row[name]), _interval(row["predicted_interval"])
    return FrozenOutcome(
        name=str(raw["name"]),
        refused="" if arms else str(raw.get("refused") or "It was not predicted."),
        arms=arms,
        effects=effects,
        share_effects={
            str(row["condition"]): (
                tuple(map(_number, row["predicted_difference"])),
                tuple(map(_interval, row["predicted_intervals"])),
            )
            for row in raw.get("share_effects", ())
        },
        said=registered_statement(raw.get("trust") or {}, {arm.key[0]: arm.options for arm in arms}),
        notes=tuple(map(str, raw.get("notes", ()))),
    )


def _arm(raw: Mapping[str, Any]) -> FrozenArm:
    cell, told, numbers = raw["cell"], raw["predicted"], raw["numbers"]
    shares = np.array([_number(one) for one in told["shares"]])
    if cell["scale_values"] is None:
        values = np.array([_whole(value) for value in told["values"]], dtype=np.int64)
        if not np.array_equal(values, np.unique(values)) or values[0] < 0 or values[-1] >= 10**MAX_DIGITS:
            raise ValueError("its numbers do not ascend from 0")
    else:
        off = np.array([_number(one) for one in (raw["off_axis"] or {"predicted": []})["predicted"]])
        values = np.array([_whole(one) for one in (*cell["scale_values"], *(cell["off_axis"] or ()))], dtype=np.int64)
        shares = np.concatenate([shares * (1 - off.sum()), off])
    if len(values) != len(shares) or (shares < 0).any() or abs(shares.sum() - 1) > SHARES_TOLERANCE:
        raise ValueError("the shares of the options do not add up to 1")
    order = np.argsort(values)
    people = _whole(raw["n_predicted"])
    n_valid = people if numbers is None else _whole(numbers["n_valid"])
    worth = float(n_valid) if numbers is None else _number(numbers.get("worth", n_valid))
    if not 1 <= worth <= n_valid + SHARES_TOLERANCE or n_valid > people:
        raise ValueError("it counts more answers than simulated people, or none")
    return FrozenArm(
        cell=cell,
        values=values[order],
        shares=np.asarray(shares[order] / shares.sum()),
        mean_interval=Interval(np.nan, np.nan) if (at := raw["predicted_mean_interval"]) is None else _interval(at),
        share_intervals=tuple(map(_interval, raw["predicted_share_intervals"])),
        on_scale_mass=_number(raw["on_scale_mass"]),
        n_predicted=people,
        n_personas=_whole(raw["n_personas"]),
        n_valid=n_valid,
        worth=worth,
    )


def _interval(raw: Any) -> Interval:
    low, high = (raw["low"], raw["high"]) if isinstance(raw, Mapping) else raw
    if _number(low) > _number(high):
        raise ValueError("an interval begins above its end")
    return Interval(float(low), float(high))


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not np.isfinite(raw):
        raise ValueError(f"expected a number, got {raw!r}"[:80])
    return float(raw)


def _whole(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise ValueError(f"expected a whole number, got {raw!r}"[:80])
