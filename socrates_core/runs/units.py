"""The finished cells of a run, one immutable file each.

Unit files are the checkpoint: each is written under a temporary name, flushed to disk and renamed, so it is either
complete or absent. A unit that is unreadable all the same is moved to quarantine/ and predicted again.
"""

import io
import json
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from socrates_core import command
from socrates_core.errors import PredictionError, RunError, SocratesError
from socrates_core.evaluation.data import EvaluationData
from socrates_core.evaluation.prediction import predict
from socrates_core.evaluation.prediction_table import MARK, PROVENANCE, read_table, unit_table
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.baselines import MarginalModel
from socrates_core.model.endpoint.answer import FILE as ANSWERS
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.model.loading import load_model
from socrates_core.model.precision import Precision
from socrates_core.runs.folder import read_spec
from socrates_core.runs.state import record, this_machine
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.study.files import write_file
from socrates_core.study.study_set import Cell

Predict = Callable[[Sequence[Cell]], list[CellPredictions]]
Result = list[CellPredictions] | Exception
"""A predicted batch of cells, or the error it ended in."""
Engine = Callable[[Sequence[Sequence[Cell]]], Generator[tuple[int, Result], None, None]]
"""Batches ↦ (index, result) of each, in order of completion."""
Progress = Callable[[int, int, int, int], None]
"""Called with cells done, cells in all, answers predicted by this worker, answers it has to predict in all."""

MAX_FAILURES: Final = 3
"""Consecutive failures after which a worker stops, since the cause is then unlikely to be the cells."""


def local_results(groups: Sequence[Sequence[Cell]], predict: Predict) -> Generator[tuple[int, Result], None, None]:
    """Predict one batch after the other in this process."""
    for place, group in enumerate(groups):
        try:
            yield place, predict(group)
        except (SocratesError, RuntimeError, MemoryError) as error:  # CUDA's out-of-memory error is a RuntimeError
            yield place, error


class LocalEngine:
    """Predicts with a model in this process."""

    def __init__(self, spec: EvaluationSpec, data: EvaluationData, folder: Path | None = None) -> None:
        """Load the model.

        Args:
            spec: The run's specification.
            data: The studies of its part.
            folder: Of the run; answers of a server are kept there as they arrive.

        Raises:
            ModelError: If it cannot be loaded.
            RunError: If it does not fit in memory.
        """
        self._spec = spec
        self._data = data
        try:
            self._model = load_model(
                spec.model,
                spec.adapter,
                template=spec.template,
                training=data.training,
                other_base=spec.other_base,
                precision=cast("Precision", spec.precision),
            )
        except (RuntimeError, MemoryError) as error:  # CUDA's out-of-memory error is a RuntimeError
            reason = str(error).splitlines()[0] if str(error) else "out of memory"
            raise RunError(
                f"the model {spec.model} cannot be loaded ({reason}); if another process has loaded a model too, such "
                "as the app, stop it; then re-run the command"
            ) from error
        self._marginal = MarginalModel(data.training) if data.training is not None else None
        self.answers_before = 0
        """Answers of a server that an earlier session of this run has obtained."""
        if isinstance(self._model, EndpointModel):
            self._model.on_answer = command.arrivals("answers")
            if folder is not None:
                self.answers_before = self._model.keep_in(folder / ANSWERS)
        self._asked = in_both_orders(self._model) if spec.both_orders else self._model
        self.description = self._asked.description

    @property
    def rests_on(self) -> str:
        """What a server's answers rest on, in words; empty for other models."""
        return self._model.rests_on() if isinstance(self._model, EndpointModel) else ""

    @property
    def asked(self) -> str:
        """What this session has asked of a server, in words; empty for other models."""
        return str(self._model.report()) if isinstance(self._model, EndpointModel) else ""

    def __enter__(self) -> "LocalEngine":
        """Nothing to set up; the Ray engine connects here."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to clean up."""

    def results(self, groups: Sequence[Sequence[Cell]]) -> Generator[tuple[int, Result], None, None]:
        """(index, result) of each batch, in order."""
        return local_results(groups, lambda cells: predict(self._asked, self._data, cells, self._spec, self._marginal))


def predict_units(
    folder: Path,
    data: EvaluationData,
    groups: Sequence[Sequence[Cell]],
    engine: Engine,
    progress: Progress | None = None,
) -> bool:
    """Predict the missing cells and write a unit for each. Call within `worker`.

    A batch with some finished units is predicted again as a whole, because the last digits of a prediction can depend
    on the other cells of its batch.

    Args:
        folder: The run's folder.
        data: Its studies.
        groups: The run's fixed prediction batches, which cover all cells.
        engine: Predicts batches, in any order.
        progress: Called after every batch.

    Returns:
        False if the run was cancelled.

    Raises:
        RunError: If a batch failed; the others were finished, unless too many failed in succession.
        OSError: If a unit cannot be written.
    """
    done = finished_units(folder)
    missing = [group for group in groups if any(cell.cell_id not in done for cell in group)]
    most = read_spec(folder).per_cell
    people = [sum(len(data.rows[cell.cell_id][:most]) for cell in group) for group in missing]
    record(
        folder,
        "started",
        cells=len(data.cells),
        done=len(done),
        answers=sum(people),
        pid=os.getpid(),
        host=this_machine(),
    )
    if _is_cancelled(folder, left=bool(missing)):
        return False
    failed: list[str] = []
    predicted = in_a_row = 0
    with closing(engine(missing)) as results:
        for place, found in results:
            if isinstance(found, Exception):
                failed.append(f"cells {', '.join(str(cell.cell_id) for cell in missing[place])}: {found}")
                record(folder, "unit_failed", message=failed[-1])
                in_a_row += 1
                if in_a_row == MAX_FAILURES:
                    break
                continue
            in_a_row = 0
            for cell in found:
                if cell.cell_id not in done:
                    write_unit(folder, cell)
                    done.add(cell.cell_id)
            predicted += people[place]
            record(folder, "units", cells=[cell.cell_id for cell in found], answers=people[place])
            if progress is not None:
                progress(len(done), len(data.cells), predicted, sum(people))
            if _is_cancelled(folder, left=len(done) < len(data.cells)):
                return False
    if failed:
        batches = "1 batch" if len(failed) == 1 else f"{len(failed)} batches"
        raise RunError(
            f"{batches} of cells failed, {len(done)} of {len(data.cells)} cells are done; re-run the command to retry "
            f"the rest. First failure: {failed[0]}"
        )
    return True


def _is_cancelled(folder: Path, left: bool) -> bool:
    """Consume a request to stop and record it; if nothing is left to predict, the request is ignored."""
    if not left or not (folder / "cancel").exists():
        return False
    (folder / "cancel").unlink()
    record(folder, "cancelled")
    return True


def write_unit(folder: Path, cell: CellPredictions) -> None:
    """Write one cell's unit atomically."""
    path = folder / "units" / f"{cell.cell_id}.parquet"
    content = io.BytesIO()
    unit_table([cell]).write_parquet(content, compression="zstd", metadata=MARK)
    write_file(path, content.getbuffer(), durable=True)


def finished_units(folder: Path) -> set[int]:
    """The cells with a valid unit; invalid units are moved to quarantine/ and recorded."""
    done = set()
    for path in sorted((folder / "units").glob("*.parquet")):
        try:
            table = read_table(path)
            whole = len(table) == 1 and str(table["cell_id"][0]) == path.stem
            problem = "it holds a different cell from the one in its name"
        except PredictionError as error:
            whole, problem = False, str(error)
        if whole:
            done.add(int(path.stem))
            continue
        quarantine = folder / "quarantine"
        quarantine.mkdir(exist_ok=True)
        path.replace(quarantine / f"{path.stem}-{time.time_ns()}.parquet")
        record(folder, "quarantined", unit=path.name, message=problem)
    return done


def collect(folder: Path, provenance: Mapping[str, Any]) -> pl.DataFrame:
    """All units as one table, also written to predictions.parquet with the provenance in its metadata.

    Raises:
        PredictionError: If a unit cannot be read.
    """
    units = sorted((folder / "units").glob("[0-9]*.parquet"), key=lambda path: int(path.stem))
    table = pl.concat([read_table(path) for path in units], how="diagonal").sort("study_id", "cell_id")
    content = io.BytesIO()
    metadata = {PROVENANCE: json.dumps(provenance, ensure_ascii=False), **MARK}
    table.write_parquet(content, compression="zstd", metadata=metadata)
    write_file(folder / "predictions.parquet", content.getbuffer())
    return table
