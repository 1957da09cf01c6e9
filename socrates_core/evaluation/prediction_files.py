"""Predictions that were made elsewhere: one answer per row, as JSON, JSONL, CSV or Parquet, with common column names.

A row names a study and a condition, and holds the answer of a person and the prediction for that person. The scale
comes from the columns scale_min and scale_max, or is read from the stimulus; without either, the convention `scale`
cannot be used. People count by a column of survey weights, if there is one. The predictions file of the original run
(`input, true_response, predicted_response, true_numeric, pred_numeric`) is read as it is.

A prediction that is not a number, or not a possible answer, is invalid: it is counted and excluded from all figures. A
row without a human answer is left out and counted. Where more than 2 % of the answers cannot be read, or some lie
between the options of their scale, the file is refused: without them, W would be about other people. A person with
several rows in a cell counts once.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from socrates_core.errors import PredictionError, ScaleError, counted, listed, shown
from socrates_core.evaluation.elsewhere.columns import find_columns
from socrates_core.evaluation.elsewhere.lines import Line, Unread, read_lines
from socrates_core.evaluation.elsewhere.numbering import Numbering
from socrates_core.evaluation.elsewhere.outcomes import with_outcomes
from socrates_core.evaluation.elsewhere.rows import Rows, read_rows
from socrates_core.evaluation.elsewhere.values import first_line, printable
from socrates_core.evaluation.elsewhere.weights import with_weights
from socrates_core.evaluation.prediction_table import LATER, PROVENANCE, SCHEMA, cells_of, read_table
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.scale.instruction import parse_scale
from socrates_core.scale.loss import MOST_LOST
from socrates_core.scale.off_axis import within_ends
from socrates_core.study.files import other_than_a_file, parquet_metadata, parquet_schema, parse_json

EXAMPLES: Final = 3


@dataclass(frozen=True, eq=False)
class PredictionFile:
    """The contents of a file of predictions."""

    cells: tuple[CellPredictions, ...]
    provenance: dict[str, Any]
    """The file, its hash, the number of its rows, and how much of them could not be read."""
    elsewhere: bool = True
    """Whether it was made elsewhere; False for a run's."""


def load_predictions(path: Path, encoding: str | None = None) -> PredictionFile:
    """Read predictions: a run's folder or predictions.parquet, or a file that was made elsewhere.

    Args:
        path: The folder or the file.
        encoding: Of a text file that was made elsewhere; None to find it.

    Raises:
        PredictionError: If there is no such file, or it cannot be read, lacks a column, or holds no rows; or it is no
            text and has an encoding.
    """
    try:
        path, content = _found(path)
    except OSError as error:
        raise PredictionError(f"{shown(path)} cannot be read ({error.strerror})") from error
    if encoding is not None and path.suffix.lower() == ".parquet":
        raise PredictionError(f"--encoding is of a text file, which {shown(path)} is not; leave it out")
    provenance = {"file": printable(path.name), "sha256": hashlib.sha256(content).hexdigest()}
    if path.suffix.lower() == ".parquet" and _ours(path):
        cells = cells_of(read_table(path))
        if not cells:
            raise PredictionError(f"{shown(path)} holds no predictions")
        return PredictionFile(tuple(cells), _told(path) or provenance, elsewhere=False)
    read = read_rows(path, content, encoding)
    if not read.rows:
        raise PredictionError(f"{shown(path)} holds no predictions")
    cells, said = _cells(read, path)
    return PredictionFile(tuple(cells), {**provenance, **said})


# -- files -------------------------------------------------------------------------------------------------------


def _found(path: Path) -> tuple[Path, bytes]:
    """The file itself, and what is in it."""
    if path.is_dir():
        if not (path / "predictions.parquet").is_file():
            raise PredictionError(
                f"{shown(path)} holds no predictions.parquet; finish the run with python -m eval.run --out "
                f"{shown(path)}, or pass a file of predictions"
            )
        path = path / "predictions.parquet"
    other = other_than_a_file(path) if path.exists() else None
    if other is not None:
        raise PredictionError(f"{shown(path)} is {other}; save the predictions as a file")
    if not path.is_file():
        raise PredictionError(
            f"there is no file or run {shown(path)}; pass a run's folder, or predictions as .json, .jsonl, .csv or "
            ".parquet"
        )
    return path, path.read_bytes()


def _ours(path: Path) -> bool:
    try:
        return set(SCHEMA) - set(LATER) <= set(parquet_schema(path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise PredictionError(f"{shown(path)} is not a readable Parquet file ({first_line(error)})") from error


def _told(path: Path) -> dict[str, Any]:
    """Where a run's predictions come from, as its table says; empty where it does not."""
    try:
        told = parse_json(parquet_metadata(path).get(PROVENANCE) or "null", strict=True)
    except ValueError as error:
        raise PredictionError(f"{shown(path)}: its record of where it comes from is not JSON ({error})") from error
    if told is not None and not isinstance(told, dict):
        raise PredictionError(
            f"{shown(path)}: its record of where it comes from is no object; run the evaluation again"
        )
    return told or {}


# -- cells -------------------------------------------------------------------------------------------------------


def _cells(read: Rows, path: Path) -> tuple[list[CellPredictions], dict[str, Any]]:
    columns = find_columns(read.rows, path)
    found = read_lines(read, columns, path)
    lines, unread = found.read, found.unread
    if not lines:
        raise PredictionError(
            f"no line of {shown(path)} can be read ({unread[0]}); a line needs a study, a condition and a human "
            "answer that is a number"
        )
    _refuse_lost(unread, len(read.rows), path)
    weighed: list[str] = []
    if "weight" in columns:
        lines, weighed = with_weights(lines, columns["weight"])
    conditions = _numberings((line.study, line.condition) for line in lines)
    tasks = _numberings((line.study, line.task) for line in lines if line.task)
    people = {pair: place for place, pair in enumerate(dict.fromkeys((line.study, line.person) for line in lines), 1)}
    labels, alike = _labels(lines, path)
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.study, line.condition, line.task, line.stimulus, line.ends), []).append(line)
    scales: dict[str, AnswerScale | None] = {}
    unread_scales: list[str] = []
    cells: list[CellPredictions] = []
    repeated: list[str] = []
    for cell_id, ((study, condition, task, stimulus, ends), group) in enumerate(groups.items()):
        scale = _scale(stimulus, ends, scales, unread_scales)
        once, weights, twice = _each_person_once(group)
        cell = CellPredictions(
            study_id=study,
            cell_id=cell_id,
            condition_num=conditions[study].numbers[condition],
            task_num=tasks[study].numbers[task] if task else None,
            values=None if scale is None else np.asarray(scale.values, dtype=np.int64),
            responses=np.array([line.answer for line in once], dtype=np.float64),
            # who has no id is nobody else
            people=np.array([people[study, line.person] if line.person else -line.place for line in once]),
            weights=weights,
            drawn=np.array([line.predicted for line in once], dtype=np.float64),
            off_axis={} if scale is None else dict(scale.off_axis),
            condition=labels.get((study, condition)) or conditions[study].label(condition),
            stimulus=stimulus,
            method="elsewhere",
        )
        cells.append(cell)
        repeated += [
            f"{shown(person)} in {shown(cell.label)}: {counted(times, 'line')}" for person, times in twice.items()
        ]
    _refuse_between(cells, path)
    cells, outcomes = with_outcomes(cells)
    firsts = [
        f"{shown(study)}: the others are compared with {one.first}" for study, one in conditions.items() if one.first
    ]
    unused = [
        shown(name) for name in dict.fromkeys(name for row in read.rows for name in row) if name not in columns.values()
    ]
    nobody = [f"nothing reads {listed(unused, 8)}"] if unused else []
    assumed = [
        *read.assumed,
        *found.assumed,
        *weighed,
        *nobody,
        *alike[:EXAMPLES],
        *_first_few(firsts),
        *_first_few(outcomes),
    ]
    if unread_scales:
        assumed.append(f"no scale for {counted(len(unread_scales), 'text')}: {unread_scales[0]}")
    return cells, {
        "rows": len(read.rows),
        "columns": {what: printable(str(name)) for what, name in columns.items()},
        "assumed": assumed,
        "unreadable_answers": {"rows": len(unread), "examples": [str(one) for one in unread[:EXAMPLES]]},
        "repeated_people": {"people": len(repeated), "examples": repeated[:EXAMPLES]},
        "invalid_predictions": sum(int((~cell.valid).sum()) for cell in cells),
        "off_scale_predictions": sum(int(cell.stray.sum()) for cell in cells),
        "off_scale_answers": sum(int((~cell.on_scale & ~cell.answered_off_axis).sum()) for cell in cells),
        "cells_without_scale": sum(cell.values is None for cell in cells),
    }


def _first_few(sentences: Sequence[str]) -> list[str]:
    """The first sentences on studies, and of how many more the same is to be said."""
    left = len(sentences) - EXAMPLES
    return [*sentences[:EXAMPLES], *([f"and the same of {counted(left, 'more study')}"] if left > 0 else [])]


def _numberings(names: Iterable[tuple[str, str]]) -> dict[str, Numbering]:
    by_study: dict[str, list[str]] = {}
    for study, name in names:
        by_study.setdefault(study, []).append(name)
    return {study: Numbering.of(found) for study, found in by_study.items()}


def _labels(lines: Sequence[Line], path: Path) -> tuple[dict[tuple[str, str], str], list[str]]:
    """(study, condition) → what the file calls it beside its number; and a sentence on each label of several numbers.

    Raises:
        PredictionError: If a condition has two labels: two arms would be pooled into one.
    """
    found: dict[tuple[str, str], str] = {}
    numbers: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if not line.label:
            continue
        label = found.setdefault((line.study, line.condition), line.label)
        if label != line.label:
            raise PredictionError(
                f"{shown(path)}, study {shown(line.study)}: condition {shown(line.condition)} has the labels "
                f"{shown(label)!r} and {shown(line.label)!r}; give each condition a number of its own"
            )
    for (study, condition), label in found.items():
        numbers.setdefault((study, label), []).append(condition)
    return found, [
        f"{shown(study)}: the conditions {' and '.join(map(shown, same))} are both called {shown(label)!r}"
        for (study, label), same in numbers.items()
        if len(same) > 1
    ]


def _each_person_once(group: Sequence[Line]) -> tuple[Sequence[Line], Floats | None, dict[str, int]]:
    """The lines that count, their weights (None: equal), and who stands in several of them.

    Equal lines of one person are one. Where somebody has different answers or predictions, each line counts for its
    part of the person. Survey weights multiply these parts.
    """
    times = Counter(line.person for line in group if line.person)
    twice = {person: count for person, count in times.items() if count > 1}
    different: dict[str, set[tuple[float, str, float]]] = {}
    for line in group:
        different.setdefault(line.person, set()).add((line.answer, str(line.predicted), line.weight))
    once = {person for person in twice if len(different[person]) == 1}
    counted: list[Line] = []
    seen: set[str] = set()
    for line in group:
        if line.person not in seen:
            counted.append(line)
        if line.person in once:
            seen.add(line.person)
    several = set(twice) - once
    parts = np.array([line.weight / (twice[line.person] if line.person in several else 1) for line in counted])
    return counted, None if (parts == 1).all() else parts, twice


def _refuse_lost(unread: Sequence[Unread], rows: int, path: Path) -> None:
    """Raise a PredictionError where more human answers are lost than `MOST_LOST`; one that nobody gave is not lost."""
    lost = [one for one in unread if not one.missing]
    if len(lost) > MOST_LOST * rows:
        examples = "; ".join(map(str, lost[:EXAMPLES]))
        raise PredictionError(
            f"{shown(path)}: {len(lost):,} of {counted(rows, 'line')} cannot be read ({examples}). Without them, W "
            "would be about other people. Write every human answer as a number of its scale and name a study and a "
            "condition in every line, or take these lines out of the file"
        )


def _refuse_between(cells: Sequence[CellPredictions], path: Path) -> None:
    """Raise a PredictionError where human answers lie between the options of their scale."""
    count, example = 0, ""
    for cell in cells:
        if cell.values is not None:
            low, high = int(cell.values[0]), int(cell.values[-1])
            inside = ~cell.on_scale & (cell.responses > low) & (cell.responses < high)
            gaps = np.diff(cell.values)
            stepped = len(gaps) > 1 and gaps[0] > 1 and bool((gaps == gaps[0]).all())  # multiples of 10: 15 is none
            between = cell.responses[inside & (stepped | (cell.responses % 1 != 0))]
            count += len(between)
            if len(between) and not example:
                example = f"{between[0]:g} on the scale from {low} to {high} in {shown(cell.label)}"
    if count:
        answers = sum(len(cell.responses) for cell in cells)
        raise PredictionError(
            f"{shown(path)}: {count:,} of {counted(answers, 'human answer')} lie between the options of their scale "
            f"({example}). Without them, W would be about other people. Round them to options in the file, or leave "
            "out what states the scale (scale_min and scale_max, the stimulus) to measure by the range of the answers"
        )


def _scale(
    stimulus: str | None, ends: tuple[int, int] | None, known: dict[str, AnswerScale | None], unread: list[str]
) -> AnswerScale | None:
    """The scale of a cell; None if it is not stated, cannot be read (`unread` gains why), or has no bound.

    Where its ends are stated, the stimulus may still say which of its codes are no answers.
    """
    if stimulus is not None and stimulus not in known:
        try:
            scale = parse_scale(stimulus)
        except ScaleError as error:
            known[stimulus] = None
            if ends is None:
                unread.append(str(error).partition(" Forms that are understood")[0])
        else:
            known[stimulus] = scale if scale.values is not None else None
    found = known[stimulus] if stimulus is not None else None
    if ends is None:
        return found
    return within_ends(AnswerScale(tuple(range(ends[0], ends[1] + 1))), stimulus or "", found)
