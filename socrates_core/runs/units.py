"""The finished cells of a run, one immutable file each.

A unit file is the checkpoint: it is written under another name, forced to the disk and renamed, so that there is a
whole one or none. A unit that cannot be read all the same goes to quarantine/ and is done again.
"""

import io
import json
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import PredictionError, RunError, SocratesError
from socrates_core.evaluation.data import EvaluationData
from socrates_core.evaluation.prediction import predict
from socrates_core.evaluation.prediction_table import PROVENANCE, read_table, unit_table
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.baselines import MarginalModel
from socrates_core.model.loading import load_model
from socrates_core.runs.folder import read_spec
from socrates_core.runs.state import record, this_machine
from socrates_core.study.files import write_file
from socrates_core.study.study_set import Cell

Predict = Callable[[Sequence[Cell]], list[CellPredictions]]
Result = list[CellPredictions] | Exception
"""A predicted group, or what went wrong with it."""
Engine = Callable[[Sequence[Sequence[Cell]]], Generator[tuple[int, Result], None, None]]
"""Groups ↦ the place of each and its result, in the order in which they are done."""
Progress = Callable[[int, int, int, int], None]
"""Told cells done, cells in all, answers predicted by this worker, answers that it has to predict."""

GIVES_UP: Final = 3
"""Groups that fail one after the other before a worker stops: the trouble is not theirs."""


def local_results(groups: Sequence[Sequence[Cell]], predict: Predict) -> Generator[tuple[int, Result], None, None]:
    """Predict one group after the other in this process."""
    for place, group in enumerate(groups):
        try:
            yield place, predict(group)
        except (SocratesError, RuntimeError, MemoryError) as error:  # a GPU out of memory is a RuntimeError
            yield place, error


class LocalEngine:
    """Predicts with a model in this process."""

    def __init__(self, spec: EvaluationSpec, data: EvaluationData) -> None:
        """Load the model.

        Args:
            spec: What is evaluated.
            data: The studies of its part.

        Raises:
            ModelError: If it cannot be loaded.
            RunError: If the memory does not hold it.
        """
        self._spec = spec
        self._data = data
        try:
            self._model = load_model(spec.model, spec.adapter, template=spec.template, training=data.training)
        except (RuntimeError, MemoryError) as error:  # a GPU out of memory is a RuntimeError
            said = str(error).splitlines()[0] if str(error) else "out of memory"
            raise RunError(
                f"the model {spec.model} cannot be loaded ({said}); if another process holds it too, an app with the "
                "same model say, stop that one; then run the same command"
            ) from error
        self._marginal = MarginalModel(data.training) if data.training is not None else None
        self.description = self._model.description

    def __enter__(self) -> "LocalEngine":
        """As other engines are entered; nothing has to be done."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left behind."""

    def results(self, groups: Sequence[Sequence[Cell]]) -> Generator[tuple[int, Result], None, None]:
        """(place, result) of each group, in order."""
        return local_results(groups, lambda cells: predict(self._model, self._data, cells, self._spec, self._marginal))


def do_units(
    folder: Path,
    data: EvaluationData,
    groups: Sequence[Sequence[Cell]],
    engine: Engine,
    progress: Progress | None = None,
) -> bool:
    """Predict what is missing and write each cell's unit. Call within `worker`.

    A group whose units are partly there is predicted as a whole, so that every cell is computed in the same company.

    Args:
        folder: Of the run.
        data: Its studies.
        groups: The cells in the company in which they are predicted.
        engine: Predicts groups, in any order.
        progress: Told after every group.

    Returns:
        False if it was cancelled.

    Raises:
        RunError: If a unit failed; the others were done.
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
    asked = in_a_row = 0
    with closing(engine(missing)) as results:
        for place, found in results:
            if isinstance(found, Exception):
                failed.append(f"cells {', '.join(str(cell.cell_id) for cell in missing[place])}: {found}")
                record(folder, "unit_failed", message=failed[-1])
                in_a_row += 1
                if in_a_row == GIVES_UP:
                    break
                continue
            in_a_row = 0
            for cell in found:
                if cell.cell_id not in done:
                    write_unit(folder, cell)
                    done.add(cell.cell_id)
            asked += people[place]
            record(folder, "units", cells=[cell.cell_id for cell in found], answers=people[place])
            if progress is not None:
                progress(len(done), len(data.cells), asked, sum(people))
            if _is_cancelled(folder, left=len(done) < len(data.cells)):
                return False
    if failed:
        raise RunError(
            f"{len(failed)} groups of cells failed, {len(done)} of {len(data.cells)} cells are done; the same command "
            f"tries the others again. First: {failed[0]}"
        )
    return True


def _is_cancelled(folder: Path, left: bool) -> bool:
    """Take a request to stop and record it; where nothing is left to predict, the run is finished all the same."""
    if not left or not (folder / "cancel").exists():
        return False
    (folder / "cancel").unlink()
    record(folder, "cancelled")
    return True


def write_unit(folder: Path, cell: CellPredictions) -> None:
    """Write one cell's unit: there is a whole file of that name, or none."""
    path = folder / "units" / f"{cell.cell_id}.parquet"
    content = io.BytesIO()
    unit_table([cell]).write_parquet(content, compression="zstd")
    write_file(path, content.getbuffer(), durable=True)


def finished_units(folder: Path) -> set[int]:
    """The cells whose unit is there and whole; others are put into quarantine and recorded."""
    done = set()
    for path in sorted((folder / "units").glob("*.parquet")):
        try:
            table = read_table(path)
            whole = len(table) == 1 and str(table["cell_id"][0]) == path.stem
            problem = "it holds another cell than its name says"
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
    """All units as one table, which is also written as predictions.parquet with its provenance inside.

    Raises:
        PredictionError: If a unit cannot be read.
    """
    units = sorted((folder / "units").glob("[0-9]*.parquet"), key=lambda path: int(path.stem))
    table = pl.concat([read_table(path) for path in units], how="diagonal").sort("study_id", "cell_id")
    content = io.BytesIO()
    told = json.dumps(provenance, ensure_ascii=False)
    table.write_parquet(content, compression="zstd", metadata={PROVENANCE: told})
    write_file(folder / "predictions.parquet", content.getbuffer())
    return table
