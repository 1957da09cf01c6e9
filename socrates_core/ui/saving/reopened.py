"""Reads a saved result (the JSON of a simulation) back, to show it as it was: nothing is predicted again."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import polars as pl
from pydantic import TypeAdapter, ValidationError

from socrates_core.errors import SocratesError
from socrates_core.evaluation.results.json_file import first_problem
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import ModelDescription
from socrates_core.report.simulation import FORMAT
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import NumberResult
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import (
    ArmResult,
    EffectRow,
    NominalScore,
    OffAxisAnswers,
    OffAxisBounds,
    Score,
    Simulation,
)
from socrates_core.study.files import parse_json
from socrates_core.study.study_set import Cell, Study

LARGEST: Final = 5_000_000
"""Characters of a file that is read."""


@dataclass(frozen=True, eq=False)
class Reopened:
    """A saved result."""

    simulation: Simulation
    """Without its people, who are not in the file."""
    version: str
    """Of the software that made it."""
    sha256: str
    """Of the first cell's text and options."""


def read_result(content: str) -> Reopened:
    """Read what `to_json` of a simulation wrote.

    Raises:
        SocratesError: If it is something else; says what is wrong and what to do.
    """
    if len(content) > LARGEST:
        raise SocratesError(f"This file is too large to be a saved result: more than {LARGEST // 10**6} MB")
    try:
        raw = parse_json(content, strict=True)
    except ValueError as error:
        raise SocratesError(f"This file is not a saved result ({error}). {AGAIN}") from None
    if not isinstance(raw, dict) or raw.get("simulated") is not True or "arms" not in raw:
        raise SocratesError(f"This file is not a saved result: it holds no simulated answers. {AGAIN}")
    if raw.get("format") != FORMAT:
        raise SocratesError(
            f"This file is of format {str(raw.get('format'))[:20]}, and this version reads {FORMAT}. Open it with the "
            "version of the software that it names"
        )
    try:
        found = Reopened(_simulation(raw), str(raw["versions"]["socrates"]), str(raw["arms"][0]["cell"]["sha256"]))
    except ValidationError as error:
        raise SocratesError(f"This file is not a saved result ({first_problem(error)}). {AGAIN}") from None
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise SocratesError(
            f"This file is not a complete saved result ({type(error).__name__}: {error}). {AGAIN}"
        ) from None
    return found


AGAIN: Final = "Choose the file that “JSON for reproduction” saved"


def _simulation(raw: dict[str, Any]) -> Simulation:
    arms = tuple(map(_arm, raw["arms"]))
    cells = {arm.cell.cell_id: arm.cell for arm in arms}
    known = {field.name for field in fields(ModelDescription)}
    model = {name: value for name, value in raw["model"].items() if name in known}
    return Simulation(
        SimulationRequest.from_json(raw["request"]),
        _as(Study, raw["study"]),
        _as(ModelDescription, model),
        arms,
        cells[raw["control"]["cell_id"]],
        tuple(_effect(row, cells) for row in raw["effects"]),
        pl.DataFrame(),
        _as(tuple[str, ...], raw["notes"]),
    )


def _arm(raw: dict[str, Any]) -> ArmResult:
    cell = _cell(raw["cell"])
    return ArmResult(
        cell=cell,
        predicted=_distribution(raw["predicted"], cell),
        on_scale_mass=_as(float, raw["on_scale_mass"]),
        n_predicted=_as(int, raw["n_predicted"]),
        # options without an order have no mean, and nothing shows an interval of it
        predicted_mean_interval=_as(Interval | None, raw["predicted_mean_interval"]) or Interval(0.0, 0.0),
        n_personas=_as(int, raw["n_personas"]),
        actual=None if raw["actual"] is None else _distribution(raw["actual"], cell),
        actual_group=_as(str, raw["actual_group"]),
        n_actual=_as(int, raw["n_actual"]),
        n_effective=_as(float, raw["n_effective"]),
        n_off_scale=_as(int, raw["n_off_scale"]),
        actual_mean_interval=_as(Interval | None, raw["actual_mean_interval"]),
        score=_as(Score | None, raw["score"]),
        unscored=_as(str | None, raw["unscored"]),
        numbers=_as(NumberResult | None, raw["numbers"]),
        off_axis=_off_axis(raw["off_axis"], cell),
        nominal=_as(NominalScore | None, raw["nominal"]),
        n_given=_as(int | None, raw.get("n_given")),
        share_intervals=_as(tuple[Interval, ...], raw["predicted_share_intervals"]),
    )


def _cell(raw: dict[str, Any]) -> Cell:
    columns = (raw["scale_values"], raw["scale_labels"], raw["off_axis"], raw["off_axis_labels"])
    scale = AnswerScale.from_columns(*columns, raw["unit"], raw["measurement"])
    numbers = (_as(int, raw["condition_num"]), _as(int, raw["task_num"]))
    return Cell(
        _as(int, raw["cell_id"]), _as(str, raw["study_id"]), *numbers, _as(str, raw["stimulus"]), scale,
        condition=_as(str | None, raw["condition"]),
    )  # fmt: skip


def _distribution(raw: dict[str, Any], cell: Cell) -> AnswerDistribution:
    values = raw["values"] if cell.scale.values is None else cell.scale.values
    return AnswerDistribution(np.array(values, dtype=np.int64), np.array(raw["shares"], dtype=np.float64))


def _off_axis(raw: dict[str, Any] | None, cell: Cell) -> OffAxisAnswers | None:
    if raw is None:
        return None
    sides = _as(tuple[float, ...], raw["predicted"]), _as(tuple[float, ...] | None, raw["actual"])
    return OffAxisAnswers(cell.scale.off_axis, *sides, _as(int, raw["n_actual"]))


def _effect(raw: dict[str, Any], cells: dict[int, Cell]) -> EffectRow:
    cell = cells[raw["cell_id"]]
    what = "median_difference" if cell.scale.values is None else "percent_of_scale"
    return EffectRow(
        cell,
        _as(float, raw[f"predicted_{what}"]),
        _as(Interval, raw["predicted_interval"]),
        _as(float | None, raw[f"actual_{what}"]),
        _as(Interval | None, raw["actual_interval"]),
        _as(OffAxisBounds | None, raw["off_axis_bounds"]),
    )


def _as(kind: Any, raw: Any) -> Any:
    """The value as this type; a number that is written as text, or a field that is missing, is an error."""
    return TypeAdapter(kind).validate_python(_pairs(raw))


def _pairs(raw: Any) -> Any:
    """The same with intervals as pairs, as they are read, where the file names their ends."""
    if isinstance(raw, dict):
        return [raw["low"], raw["high"]] if set(raw) == {"low", "high"} else {k: _pairs(v) for k, v in raw.items()}
    return [_pairs(one) for one in raw] if isinstance(raw, list) else raw
