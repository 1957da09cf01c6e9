"""Predictions that were made elsewhere: one answer per row, as JSON, JSONL, CSV or Parquet, with common column names.

A row names a study and a condition, and holds the answer of a person and the prediction for that person. The scale
comes from the columns scale_min and scale_max, or is read from the stimulus; without either, the convention `scale`
cannot be used. The predictions file of the original run (`input, true_response, predicted_response, true_numeric,
pred_numeric`) is read as it is.

A prediction that is not a number, or not a possible answer, is invalid: it is counted and excluded from all figures. A
row whose human answer cannot be read is left out and counted.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from socrates_core.errors import PredictionError, ScaleError
from socrates_core.evaluation.prediction_table import PROVENANCE, SCHEMA, cells_of, read_table
from socrates_core.metrics.cell.answers import MOST
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.files import parquet_metadata, parquet_schema

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "study": ("study_id", "study"),
    "condition": ("condition_num", "condition", "arm", "treatment"),
    "task": ("task_num", "task", "outcome"),
    "true": ("true_numeric", "true", "actual", "response", "human", "y_true", "true_response"),
    "predicted": ("pred_numeric", "predicted", "prediction", "pred", "y_pred", "simulated", "predicted_response"),
    "participant": ("participant_id", "participant"),
    "stimulus": ("stimulus", "stimuli", "input"),
    "low": ("scale_min",),
    "high": ("scale_max",),
}
"""Field → accepted column names; the first one found is used. Case does not matter."""

REQUIRED: Final = ("study", "condition", "true", "predicted")
SCENARIO: Final = "Scenario: "
"""What precedes the stimulus in the original run's `input`."""

EXAMPLES: Final = 3

_NUMBER: Final = re.compile(r"(?:response\s*:\s*)?([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?)\.?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class PredictionFile:
    """The contents of a file of predictions."""

    cells: tuple[CellPredictions, ...]
    provenance: dict[str, Any]
    """The file, its hash, the number of its rows, and how much of them could not be read."""


def load_predictions(path: Path) -> PredictionFile:
    """Read predictions: a run's folder or predictions.parquet, or a file that was made elsewhere.

    Raises:
        PredictionError: If there is no such file, or it cannot be read, lacks a column, or holds no rows.
    """
    if path.is_dir():
        if not (path / "predictions.parquet").is_file():
            raise PredictionError(
                f"{path} holds no predictions.parquet; finish the run with python -m eval.run --out {path}, or pass a "
                "file of predictions"
            )
        path = path / "predictions.parquet"
    if not path.is_file():
        raise PredictionError(f"there is no file or run {path}; pass a run's folder, or predictions as .json, .jsonl, "
                              ".csv or .parquet")  # fmt: skip
    content = path.read_bytes()
    provenance = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    suffix = path.suffix.lower()
    if suffix == ".parquet" and _ours(path):
        told = parquet_metadata(path).get(PROVENANCE)
        return PredictionFile(tuple(cells_of(read_table(path))), json.loads(told) if told else provenance)
    rows = _rows(path, suffix, content)
    if not rows:
        raise PredictionError(f"{path} holds no predictions")
    cells, said = _cells(rows, path)
    return PredictionFile(tuple(cells), {**provenance, **said})


def number(value: object) -> float:
    """Read a number from JSON, CSV or text of a model; NaN if there is none. `Response: 2` is 2; a sentence is NaN."""
    if isinstance(value, bool) or value is None:
        return math.nan
    if isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            return math.nan
        return found if math.isfinite(found) else math.nan
    match = _NUMBER.fullmatch(str(value).strip()[:2000])
    found = float(match[1]) if match else math.nan
    return found if math.isfinite(found) else math.nan


# -- lines -------------------------------------------------------------------------------------------------------


def _ours(path: Path) -> bool:
    try:
        return set(SCHEMA) <= set(parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PredictionError(f"{path} is not a readable Parquet file ({str(error).splitlines()[0]})") from error


def _rows(path: Path, suffix: str, content: bytes) -> list[dict[str, Any]]:
    if suffix in (".json", ".jsonl"):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PredictionError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
        return _json_rows(path, text) if suffix == ".json" else _jsonl_rows(path, text)
    try:
        if suffix == ".csv":
            table = pl.read_csv(content, infer_schema=False, null_values=["", "NA"])
        elif suffix == ".parquet":
            table = pl.read_parquet(content)
        else:
            raise PredictionError(f"{path} is not a file of predictions; pass .json, .jsonl, .csv or .parquet")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PredictionError(f"{path} cannot be read ({str(error).splitlines()[0]})") from error
    return table.to_dicts()


def _json_rows(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        raw = json.loads(text, parse_int=number)
    except (ValueError, RecursionError) as error:
        raise PredictionError(f"{path} is not JSON ({error})") from error
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise PredictionError(f"{path}: expected a list of objects, one for each prediction")
    return raw


def _jsonl_rows(path: Path, text: str) -> list[dict[str, Any]]:
    rows = []
    for count, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=number)
        except (ValueError, RecursionError) as error:
            raise PredictionError(f"{path}, line {count}: not JSON ({error}); expected one object a line") from error
        if not isinstance(row, dict):
            raise PredictionError(f"{path}, line {count}: expected an object, found {type(row).__name__}")
        rows.append(row)
    return rows


def _columns(rows: Sequence[Mapping[str, Any]], path: Path) -> dict[str, str]:
    """Field → the column that has it."""
    found = list(dict.fromkeys(name for row in rows for name in row))
    lowered = {str(name).strip().lower(): name for name in reversed(found)}
    columns = {
        what: lowered[names[0]]
        for what, all_names in NAMES.items()
        if (names := [n for n in all_names if n in lowered])
    }
    missing = [what for what in REQUIRED if what not in columns]
    if missing:
        accepted = "; ".join(f"{what}: {' or '.join(NAMES[what])}" for what in missing)
        raise PredictionError(
            f"{path} lacks {' and '.join(missing)}. Accepted names: {accepted}. "
            f"Found: {', '.join(map(str, found[:20]))}"
        )
    return columns


# -- cells -------------------------------------------------------------------------------------------------------


def _cells(rows: Sequence[Mapping[str, Any]], path: Path) -> tuple[list[CellPredictions], dict[str, Any]]:
    columns = _columns(rows, path)
    conditions = _Numbering()
    tasks = _Numbering()
    people = _Numbering()
    groups: dict[tuple[Any, ...], list[tuple[float, float, int]]] = {}
    unreadable: list[str] = []
    scales: dict[str, AnswerScale | None] = {}
    for count, row in enumerate(rows, start=1):
        get = {what: row.get(name) for what, name in columns.items()}
        answer = number(get["true"])
        study = "" if get["study"] is None else _text(get["study"])
        if not study or get["condition"] is None or math.isnan(answer) or abs(answer) > MOST:
            what = "no study" if not study else f"answer {str(get['true'])[:40]!r}"
            what = "no condition" if study and get["condition"] is None else what
            unreadable.append(f"line {count}: {what}")
            continue
        stimulus = _stimulus(get.get("stimulus"))
        condition = conditions.of(study, get["condition"])
        task = None if get.get("task") is None else tasks.of(study, get["task"])
        key = (study, condition, task, stimulus, _ends(get.get("low"), get.get("high")))
        person = count if get.get("participant") is None else people.of(study, get["participant"], whole=False)
        groups.setdefault(key, []).append((answer, number(get["predicted"]), person))
    cells = []
    for cell_id, (key, lines) in enumerate(groups.items()):
        study, condition, task, stimulus, ends = key
        scale = _scale(stimulus, ends, scales)
        answers, drawn, ids = (np.array(side) for side in zip(*lines, strict=True))
        cells.append(
            CellPredictions(
                study_id=study,
                cell_id=cell_id,
                condition_num=condition,
                task_num=task,
                values=None if scale is None else np.asarray(scale.values, dtype=np.int64),
                responses=answers.astype(np.float64),
                people=ids.astype(np.int64),
                drawn=drawn.astype(np.float64),
                condition=conditions.label(study, condition),
                stimulus=stimulus,
                method="elsewhere",
            )
        )
    invalid = sum(int((~cell.valid).sum()) for cell in cells)
    return cells, {
        "rows": len(rows),
        "columns": {what: str(name) for what, name in columns.items()},
        "unreadable_answers": {"rows": len(unreadable), "examples": unreadable[:EXAMPLES]},
        "invalid_predictions": invalid,
        "cells_without_scale": sum(cell.values is None for cell in cells),
    }


class _Numbering:
    """Numbers names within a study: whole numbers keep their value, texts get the numbers after them."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._taken: dict[str, set[int]] = {}
        self._labels: dict[tuple[str, int], str] = {}

    def of(self, study: str, name: object, whole: bool = True) -> int:
        """The number of a name. With `whole`, whole numbers keep their value."""
        text = _text(name)
        if (study, text) not in self._numbers:
            taken = self._taken.setdefault(study, set())
            value = number(name)
            kept = whole and math.isfinite(value) and abs(value) <= MOST and value == int(value)
            chosen = int(value) if kept and int(value) not in taken else max(taken, default=0) + 1
            taken.add(chosen)
            self._numbers[study, text] = chosen
            if not kept:
                self._labels[study, chosen] = text
        return self._numbers[study, text]

    def label(self, study: str, chosen: int) -> str | None:
        """The name behind a number, if it was a text."""
        return self._labels.get((study, chosen))


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _stimulus(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return value.partition(SCENARIO)[2] if value.startswith("Demographics:") and SCENARIO in value else value


def _ends(low: object, high: object) -> tuple[int, int] | None:
    first, last = number(low), number(high)
    if math.isnan(first) or math.isnan(last) or first != int(first) or last != int(last) or not 0 < last - first <= 1e6:
        return None
    return int(first), int(last)


def _scale(
    stimulus: str | None, ends: tuple[int, int] | None, known: dict[str, AnswerScale | None]
) -> AnswerScale | None:
    """The scale of a cell; None if it is not stated, cannot be read, or has no bound."""
    if ends is not None:
        return AnswerScale(tuple(range(ends[0], ends[1] + 1)))
    if stimulus is None:
        return None
    if stimulus not in known:
        try:
            scale = parse_scale(stimulus)
        except ScaleError:
            known[stimulus] = None
        else:
            known[stimulus] = scale if scale.values is not None else None
    return known[stimulus]
