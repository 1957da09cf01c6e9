"""Predictions as a table: `predictions.parquet`, and the units of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.elsewhere.values import first_line
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.study.files import read_parquet
from socrates_core.study.sources.file.delimited import SIMULATED

ATTRIBUTE: Final = "demo_"
"""The prefix of the columns of participants' attributes."""


PROVENANCE: Final = "socrates.provenance"
"""Metadata key of predictions.parquet that holds the provenance of the predictions as JSON."""


MARK: Final = {SIMULATED: "true"}
"""Metadata of every file of predictions: they are no people's answers."""


SCHEMA: Final = pl.Schema(
    {
        "study_id": pl.String(),
        "title": pl.String(),
        "real": pl.Boolean(),
        "group": pl.String(),
        "cell_id": pl.Int64(),
        "condition_num": pl.Int64(),
        "condition": pl.String(),
        "task_num": pl.Int64(),
        "stimulus": pl.String(),
        "design": pl.String(),
        "wording_contrast": pl.Boolean(),
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
        "unit": pl.Float64(),
        "nominal": pl.Boolean(),
        "off_axis": pl.List(pl.Int64),
        "off_axis_labels": pl.List(pl.String),
        "off_probs": pl.List(pl.Float32),
    }
)
"""The fixed columns; beside them `simulated`, which is true, and `demo_ATTRIBUTE`, each a list of N texts."""


LATER: Final = (
    "group",
    "scale_labels",
    "unit",
    "nominal",
    "off_axis",
    "off_axis_labels",
    "off_probs",
    "wording_contrast",
)
"""Columns that earlier predictions lack: their options were whole numbers in an order, all on the axis, and
no arms were matched."""


ROUNDING: Final = 0.001
"""How far from 1 probabilities may add up, being stored in single precision."""


MASS_ROUNDING: Final = 0.02
"""How far above 1 the probability on the scale may be: a sum of what endpoints and half precision round."""


def unit_table(cells: Iterable[CellPredictions]) -> pl.DataFrame:
    """Cells as rows of `predictions.parquet`."""
    return pl.concat([_frame(cell) for cell in cells], how="diagonal")


def read_table(path: Path) -> pl.DataFrame:
    """Read a `predictions.parquet` or a unit of one.

    Raises:
        PredictionError: If it cannot be read, lacks columns, or its lists differ in length.
    """
    try:
        table = read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise PredictionError(
            f"{shown(path)} cannot be read ({first_line(error)}); run the evaluation again"
        ) from error
    if SIMULATED not in table.columns:  # earlier predictions say so in their metadata alone
        table = table.with_columns(pl.lit(True).alias(SIMULATED))
    if table.schema[SIMULATED] != pl.Boolean() or not table[SIMULATED].fill_null(False).all():
        raise PredictionError(
            f"{shown(path)}: its column {SIMULATED} is not true in every row, as it is in predictions; run it again"
        )
    table = table.with_columns(pl.lit(None, SCHEMA[name]).alias(name) for name in LATER if name not in table.columns)
    table = table.with_columns(pl.col("wording_contrast").fill_null(False))
    wrong = [name for name, kind in SCHEMA.items() if table.schema.get(name) != kind]
    if wrong:
        raise PredictionError(f"{shown(path)} lacks the columns {', '.join(wrong[:5])} as they should be; run it again")
    people = pl.col("responses").list.len()
    unfit = table.filter(
        (pl.col("participant_ids").list.len() != people)
        | (pl.col("probs").list.len() != people * pl.col("scale_values").list.len())
        | (pl.col("drawn").list.len() != people)
        | (pl.col("scale_labels").list.len() != pl.col("scale_values").list.len())
        | (pl.col("probs").is_null() == pl.col("drawn").is_null())
        | (pl.col("off_axis_labels").list.len() != pl.col("off_axis").list.len())
        | (pl.col("off_probs").list.len() != people * pl.col("off_axis").list.len())
        | (pl.col("off_probs").is_null() != (pl.col("probs").is_null() | pl.col("off_axis").is_null()))
    )
    if len(unfit):
        raise PredictionError(
            f"{shown(path)}: the lists of cell {unfit['cell_id'][0]} do not fit together; run it again"
        )
    for wrong_cells, what in _impossible([name for name in table.columns if name.startswith(ATTRIBUTE)]):
        unfit = table.filter(wrong_cells.fill_null(False))
        if len(unfit):
            raise PredictionError(
                f"{shown(path)}: {what} (cell {unfit['cell_id'][0]}, study {unfit['study_id'][0]!r}); run it again"
            )
    arms = table.group_by("study_id", "condition_num", maintain_order=True)
    mixed = arms.agg(pl.col("drawn").is_null().n_unique()).filter(pl.col("drawn") > 1)
    if len(mixed):
        study, condition, _ = mixed.row(0)
        raise PredictionError(
            f"{shown(path)} holds distributions for some cells of condition {condition} of study {shown(study)} and "
            "single numbers for others; score the two in files of their own"
        )
    twice = table["cell_id"].filter(table["cell_id"].is_duplicated())
    if len(twice):
        raise PredictionError(f"{shown(path)} holds cell {twice[0]} twice; run it again")
    return table


def _impossible(attributes: Sequence[str]) -> list[tuple[pl.Expr, str]]:
    """What no evaluation writes: which cells have it, and what to say of them."""
    one = pl.element()
    not_a_share = ~(one.is_finite() & (one >= 0)).fill_null(False)

    def some(name: str, wrong: pl.Expr) -> pl.Expr:
        return pl.col(name).list.eval(wrong).list.any()

    return [
        *((pl.col(name).is_null(), f"{name} is empty") for name in ("study_id", "cell_id", "condition_num")),
        *((pl.col(name).is_null(), f"{name} is empty") for name in ("participant_ids", "responses")),
        (some("participant_ids", one.is_null()), "an id of participant_ids is empty"),
        (some("responses", ~one.is_finite().fill_null(False)), "a response is not a number"),
        (pl.col("probs").is_not_null() & pl.col("scale_values").is_null(), "there are probabilities and no options"),
        (some("probs", not_a_share), "a probability is not a number from 0 to 1"),
        (some("off_probs", not_a_share | (one > 1 + ROUNDING)), "a probability is not a number from 0 to 1"),
        (
            some("on_scale_mass", not_a_share | (one > 1 + MASS_ROUNDING)),
            "the probability on the scale is not a number from 0 to 1",
        ),
        (
            (pl.col("off_axis").list.len() < 1)
            | some("off_axis", ~(one.diff().fill_null(1) > 0) | one.is_null())
            | (pl.col("off_axis").list.set_intersection("scale_values").list.len() > 0),
            "off_axis are not options in ascending order besides those of the scale",
        ),
        (~(pl.col("unit").is_finite() & (pl.col("unit") > 0)), "unit is not a positive number"),
        (some("weights", not_a_share), "a weight is not a number from 0"),
        (some("marginal", not_a_share) | (pl.col("marginal").list.sum() <= 0), "marginal is not a distribution"),
        (pl.col("marginal").list.len() != pl.col("scale_values").list.len(), "marginal does not fit scale_values"),
        *(
            (pl.col(name).list.len() != pl.col("responses").list.len(), f"{name} does not fit the responses")
            for name in ("weights", "on_scale_mass", *attributes)
        ),
        (
            (pl.col("scale_values").list.len() < 2)
            | some("scale_values", ~(one.diff().fill_null(1) > 0) | one.is_null()),
            "scale_values are not two options or more in ascending order",
        ),
    ]


def cells_of(table: pl.DataFrame) -> list[CellPredictions]:
    """The cells of such a table, sorted by study, then cell."""
    attributes = [name for name in table.columns if name.startswith(ATTRIBUTE)]
    ordered = table.sort("study_id", "cell_id")
    texts_of = ("scale_labels", "off_axis_labels")
    lists = [name for name, kind in SCHEMA.items() if isinstance(kind, pl.List) and name not in texts_of]
    numbers = {name: ordered[name] for name in lists}
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
        labels, off_labels = (None if (found := ordered[name][row]) is None else found.to_list() for name in texts_of)
        cells.append(_cell(fixed, arrays, values, probs, texts, labels or [], off_labels))
    return cells


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
    off_labels: Sequence[str | None] | None,
) -> CellPredictions:
    if probs is not None:
        probs = probs.astype(np.float64).reshape(-1, len(values))
        sums = probs.sum(axis=1)
        if (np.abs(sums - 1) > ROUNDING).any():
            raise PredictionError(
                f"the probabilities of a person in cell {fixed['cell_id']} add up to "
                f"{sums[np.abs(sums - 1).argmax()]:g}, not to 1; run the evaluation again"
            )
        probs = probs / probs.sum(axis=1, keepdims=True)  # stored in single precision
    marginal = arrays["marginal"]
    if marginal is not None:
        marginal = marginal.astype(np.float64) / marginal.astype(np.float64).sum()
    codes = [] if arrays["off_axis"] is None else arrays["off_axis"].tolist()
    off_probs = arrays["off_probs"]
    if off_probs is not None:
        off_probs = off_probs.astype(np.float64).reshape(-1, len(codes))
        if (off_probs.sum(axis=1) > 1 + ROUNDING).any():
            raise PredictionError(
                f"the shares off the axis of a person in cell {fixed['cell_id']} exceed 1; run the evaluation again"
            )
    return CellPredictions(
        **{**fixed, "unit": fixed["unit"] or 1.0, "nominal": bool(fixed["nominal"])},
        off_axis={code: text or "" for code, text in zip(codes, off_labels or [None] * len(codes), strict=True)},
        off_probs=off_probs,
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
        "off_axis": list(cell.off_axis) or None,
        "off_axis_labels": [text or None for text in cell.off_axis.values()] or None,
        "off_probs": None if cell.off_probs is None else cell.off_probs.astype(np.float32).ravel(),
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
    columns[SIMULATED] = pl.Series(SIMULATED, [True])
    return pl.DataFrame(list(columns.values()))
