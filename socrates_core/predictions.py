"""Predicted answers beside the answers that people gave: all that an evaluation needs, and no model.

`predictions.parquet` has one row a cell. Its lists are as long as the cell has answers (N), and `probs` holds N·K
probabilities, person after person. A model whose probabilities are known fills `probs`; predictions that were made
elsewhere, one number for each answer, fill `drawn`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.distribution import Floats
from socrates_core.errors import PredictionError
from socrates_core.scale import AnswerScale

MOST: Final = 1e15
"""A drawn number beyond this is no answer that anybody could have meant: it is invalid."""

ATTRIBUTE: Final = "demo_"
"""What the columns of the participants' attributes begin with."""

PROVENANCE: Final = "socrates.provenance"
"""Where predictions.parquet keeps, as JSON among its metadata, where the predictions come from."""

SCHEMA: Final = pl.Schema(
    {
        "study_id": pl.String(),
        "title": pl.String(),
        "real": pl.Boolean(),
        "cell_id": pl.Int64(),
        "condition_num": pl.Int64(),
        "condition": pl.String(),
        "task_num": pl.Int64(),
        "stimulus": pl.String(),
        "design": pl.String(),
        "scale_values": pl.List(pl.Int64),
        "scale_labels": pl.List(pl.String),
        "participant_ids": pl.List(pl.Int64),
        "responses": pl.List(pl.Float64),
        "weights": pl.List(pl.Float64),
        "probs": pl.List(pl.Float32),
        "on_scale_mass": pl.List(pl.Float32),
        "drawn": pl.List(pl.Float64),
        "marginal": pl.List(pl.Float32),
        "method": pl.String(),
    }
)
"""The fixed columns; every other one is `demo_ATTRIBUTE`, a list of N texts."""

LATER: Final = ("scale_labels",)
"""Columns that a file may lack: no figure depends on them."""

Grouping = Literal["text", "task", "condition"]
"""What counts as one cell: (study, condition, task, stimulus text); (study, condition, task), as in the Socrates paper;
or (study, condition), as in the original run, which puts answers to different questions on one axis."""

GROUPINGS: Final[dict[Grouping, str]] = {
    "text": "study, condition, task, stimulus text",
    "task": "study, condition, task",
    "condition": "study, condition",
}


@dataclass(frozen=True, eq=False)
class CellPredictions:
    """One cell: what N people answered and what was predicted for each of them."""

    study_id: str
    cell_id: int
    condition_num: int
    task_num: int | None
    """None where the file names no task."""
    values: npt.NDArray[np.int64] | None
    """(K,) the options; None where the scale is not known."""
    responses: Floats
    """(N,) the answers, off-scale ones included."""
    people: npt.NDArray[np.int64]
    """(N,) who answered; the same number is the same person of the study."""
    probs: Floats | None = None
    """(N, K) the predicted distribution of each person; needs `values`."""
    drawn: Floats | None = None
    """(N,) one predicted number for each answer in place of `probs`; NaN where it could not be read."""
    weights: Floats | None = None
    """(N,) how much each answer counts; equally when None."""
    mass: Floats | None = None
    """(N,) share of the model's mass that fell on the scale."""
    marginal: Floats | None = None
    """(K,) what the training answers on this scale predict."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Option → its label, where it has one."""
    condition: str | None = None
    stimulus: str | None = None
    title: str | None = None
    real: bool | None = None
    design: str = "between"
    method: str | None = None
    attributes: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """Attribute → (N,) values."""

    def __post_init__(self) -> None:
        assert (self.probs is None) != (self.drawn is None), "either probabilities or drawn numbers"
        assert self.probs is None or self.values is not None, "probabilities need options"

    @property
    def on_scale(self) -> npt.NDArray[np.bool_]:
        """(N,) whether an answer is one of the options; all are where the scale is not known."""
        return np.ones(len(self.responses), bool) if self.values is None else _among(self.responses, self.values)

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(N,) whether there is a prediction: a distribution always is one; a drawn number may be unreadable."""
        if self.drawn is None:
            return np.ones(len(self.responses), bool)
        return np.isfinite(self.drawn) & (np.abs(np.nan_to_num(self.drawn)) <= MOST)

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(N,) whether the prediction is an answer that can be given: valid, and an option where they are known."""
        if self.drawn is None or self.values is None:
            return self.valid
        return self.valid & _among(np.where(self.valid, self.drawn, np.inf), self.values)

    @property
    def mass_of(self) -> Floats:
        """(N,) weights, ones where there are none."""
        return np.ones(len(self.responses)) if self.weights is None else self.weights

    @property
    def label(self) -> str:
        """How a report names the cell."""
        task = "" if self.task_num is None else f", task {self.task_num}"
        return f"{self.study_id}, {self.condition or f'condition {self.condition_num}'}{task}"


def unit_table(cells: Iterable[CellPredictions]) -> pl.DataFrame:
    """Cells as `predictions.parquet` has them."""
    return pl.concat([_frame(cell) for cell in cells], how="diagonal")


def read_table(path: Path) -> pl.DataFrame:
    """A `predictions.parquet` or a unit of one.

    Raises:
        PredictionError: If it cannot be read, lacks columns, or its lists do not fit together.
    """
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PredictionError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); run the evaluation again"
        ) from error
    table = table.with_columns(pl.lit(None, SCHEMA[name]).alias(name) for name in LATER if name not in table.columns)
    wrong = [name for name, kind in SCHEMA.items() if table.schema.get(name) != kind]
    if wrong:
        raise PredictionError(f"{path} lacks the columns {', '.join(wrong[:5])} as they should be; run it again")
    people = pl.col("responses").list.len()
    unfit = table.filter(
        (pl.col("participant_ids").list.len() != people)
        | (pl.col("probs").list.len() != people * pl.col("scale_values").list.len())
        | (pl.col("drawn").list.len() != people)
        | (pl.col("scale_labels").list.len() != pl.col("scale_values").list.len())
        | (pl.col("probs").is_null() == pl.col("drawn").is_null())
    )
    if len(unfit):
        raise PredictionError(f"{path}: the lists of cell {unfit['cell_id'][0]} do not fit together; run it again")
    return table


def cells_of(table: pl.DataFrame) -> list[CellPredictions]:
    """The cells of such a table, by study, then cell."""
    attributes = [name for name in table.columns if name.startswith(ATTRIBUTE)]
    ordered = table.sort("study_id", "cell_id")
    numbers = {name: ordered[name] for name, kind in SCHEMA.items() if isinstance(kind, pl.List) and name not in LATER}
    plain = ordered.select(name for name in SCHEMA if not isinstance(SCHEMA[name], pl.List)).to_dicts()
    known = [ordered[name] for name in attributes]
    cells = []
    for row, fixed in enumerate(plain):
        arrays = {name: _array(column, row) for name, column in numbers.items()}
        values, probs = arrays["scale_values"], arrays["probs"]
        texts = {
            name.removeprefix(ATTRIBUTE): column[row].to_list()
            for name, column in zip(attributes, known, strict=True)
            if column[row] is not None
        }
        labels = ordered["scale_labels"][row]
        cells.append(_cell(fixed, arrays, values, probs, texts, [] if labels is None else labels.to_list()))
    return cells


def groups_of(cells: Sequence[CellPredictions], grouping: Grouping) -> list[list[CellPredictions]]:
    """The cells that a grouping takes for one, in the order of the first of each."""
    if grouping == "text":
        return [[cell] for cell in cells]
    groups: dict[tuple[object, ...], list[CellPredictions]] = {}
    for cell in cells:
        key = (cell.study_id, cell.condition_num, *([cell.task_num] if grouping == "task" else []))
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def joined(group: Sequence[CellPredictions]) -> CellPredictions:
    """Several cells as one, with the answers of all.

    Distributions are over the union of the options, which is no scale of anybody where the cells' scales differ: only
    the conventions `observed` and `separate` can score that.
    """
    return group[0] if len(group) == 1 else _merge(group)


def one_scale(cells: Sequence[CellPredictions]) -> bool:
    """Whether all these cells have the same known options."""
    first = cells[0].values
    return first is not None and all(c.values is not None and np.array_equal(c.values, first) for c in cells)


def expanded(rows: Floats, values: npt.ArrayLike, onto: npt.ArrayLike) -> Floats:
    """(..., K) over `values` as (..., L) over the longer list `onto`, 0 elsewhere."""
    out = np.zeros((*rows.shape[:-1], len(np.asarray(onto))))
    out[..., np.searchsorted(np.asarray(onto), np.asarray(values))] = rows
    return out


def scale_of(cell: CellPredictions) -> AnswerScale:
    """The cell's scale, with the labels that are known."""
    if cell.values is None:
        return AnswerScale(None)
    return AnswerScale(tuple(int(value) for value in cell.values), dict(cell.labels))


def _merge(cells: Sequence[CellPredictions]) -> CellPredictions:
    responses = np.concatenate([cell.responses for cell in cells])
    weights = None if all(c.weights is None for c in cells) else np.concatenate([c.mass_of for c in cells])
    whole = replace(
        cells[0],
        responses=responses,
        people=np.concatenate([cell.people for cell in cells]),
        weights=weights,
        mass=None,
        marginal=None,
        stimulus=None,
        attributes={},
    )
    if all(cell.probs is not None for cell in cells):
        union = np.unique(np.concatenate([cell.values for cell in cells if cell.values is not None]))
        rows = [expanded(c.probs, c.values, union) for c in cells if c.probs is not None and c.values is not None]
        return replace(whole, values=union, probs=np.concatenate(rows))
    drawn = np.concatenate([cell.drawn for cell in cells if cell.drawn is not None])
    return replace(whole, values=cells[0].values if one_scale(cells) else None, drawn=drawn)


def _among(numbers: Floats, values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    place = np.searchsorted(values, numbers).clip(max=len(values) - 1)
    return np.asarray(values[place] == numbers)


def _array(column: pl.Series, row: int) -> Any:
    found = column[row]
    return None if found is None else found.to_numpy()


def _cell(
    fixed: dict[str, Any],
    arrays: dict[str, Any],
    values: Any,
    probs: Any,
    texts: dict[str, list[str | None]],
    labels: Sequence[str | None],
) -> CellPredictions:
    if probs is not None:
        probs = probs.astype(np.float64).reshape(-1, len(values))
        probs = probs / probs.sum(axis=1, keepdims=True)  # stored in single precision
    marginal = arrays["marginal"]
    if marginal is not None:
        marginal = marginal.astype(np.float64) / marginal.astype(np.float64).sum()
    return CellPredictions(
        **fixed,
        values=values,
        responses=arrays["responses"],
        people=arrays["participant_ids"],
        probs=probs,
        drawn=arrays["drawn"],
        weights=arrays["weights"],
        mass=None if arrays["on_scale_mass"] is None else arrays["on_scale_mass"].astype(np.float64),
        marginal=marginal,
        labels={int(value): label for value, label in zip(values, labels, strict=True) if label} if labels else {},
        attributes=texts,
    )


def _frame(cell: CellPredictions) -> pl.DataFrame:
    labels = None if cell.values is None or not cell.labels else [cell.labels.get(int(value)) for value in cell.values]
    lists: dict[str, Any] = {
        "scale_values": cell.values,
        "scale_labels": labels,
        "participant_ids": cell.people,
        "responses": cell.responses,
        "weights": cell.weights,
        "probs": None if cell.probs is None else cell.probs.astype(np.float32).ravel(),
        "on_scale_mass": None if cell.mass is None else cell.mass.astype(np.float32),
        "drawn": cell.drawn,
        "marginal": None if cell.marginal is None else cell.marginal.astype(np.float32),
    }
    columns: dict[str, pl.Series] = {}
    for name, kind in SCHEMA.items():
        found = lists[name] if name in lists else getattr(cell, name)
        if name in lists and found is not None:
            columns[name] = pl.Series(name, found).cast(kind.inner).implode()  # type: ignore[attr-defined]
        else:
            columns[name] = pl.Series(name, [found], dtype=kind)
    for attribute, known in cell.attributes.items():
        columns[ATTRIBUTE + attribute] = pl.Series(ATTRIBUTE + attribute, [list(known)], dtype=pl.List(pl.String))
    return pl.DataFrame(list(columns.values()))
