"""How well single people's answers are predicted.

A prediction is a distribution, and each figure here is its expectation over one answer drawn for each person (so a
prediction of one number is a distribution with all mass on it, and the figures are the usual ones). Everything is a
formula of sums over people, so that studies can be resampled without looking at anybody again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.scale.distribution import Floats

_SUMS: Final = (
    "n", "accuracy", "error", "square", "exact", "within_one", "percent_error", "percent_square",
    "y", "yy", "p", "pp", "yp", "u", "uu", "q", "qq", "uq", "within_uu", "within_qq", "within_uq", "scaled",
)  # fmt: skip
"""What is summed over people: errors; y and p, the answer and the drawn prediction, raw; u and q, the answer and the
*expected* prediction in shares of the scale, and their products within cells; people on a known scale."""


@dataclass(frozen=True, eq=False)
class IndividualSums:
    """Sums over the people of one cell; see `_SUMS`."""

    sums: Floats
    """(Q,)."""
    invalid: int
    """Predictions that could not be read as a number."""
    off_scale: int
    """Answers that are no option of the scale; in no figure."""
    off_scale_predictions: int
    """Drawn numbers that are no option of the scale; they count with the error that they make."""


def individual_sums(cell: CellPredictions) -> IndividualSums:
    """The sums of one cell over the people whose answer is on the scale and whose prediction is valid."""
    valid, on = cell.valid, cell.on_scale
    used = valid & on
    strays = 0
    if cell.drawn is not None and cell.values is not None:
        strays = int((~np.isin(cell.drawn[valid], cell.values)).sum())
    y = cell.responses[used]
    sums = dict.fromkeys(_SUMS, 0.0)
    if len(y):
        if cell.probs is not None and cell.values is not None:
            options, probs = cell.values.astype(np.float64)[None, :], cell.probs[used]
        else:
            assert cell.drawn is not None
            options, probs = cell.drawn[used][:, None], np.ones((len(y), 1))
        miss = np.abs(options - y[:, None])
        mean, square = (probs * options).sum(axis=1), (probs * options**2).sum(axis=1)
        sums |= {
            "n": len(y),
            "error": (probs * miss).sum(),
            "square": (probs * miss**2).sum(),
            "exact": probs[miss < 1e-9].sum(),
            "within_one": probs[miss <= 1 + 1e-9].sum(),
            "y": y.sum(),
            "yy": (y**2).sum(),
            "p": mean.sum(),
            "pp": square.sum(),
            "yp": (y * mean).sum(),
        }
        if cell.values is not None:
            low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
            u, q = (y - low) / width, (mean - low) / width
            du, dq = u - u.mean(), q - q.mean()
            # a drawn number far off the scale is as wrong as the scale allows
            share = np.minimum(miss / width, 1.0)
            sums |= {
                "scaled": len(y),
                "accuracy": (probs * (1 - share)).sum(),
                "percent_error": 100 * (probs * share).sum(),
                "percent_square": 1e4 * (probs * share**2).sum(),
                "u": u.sum(), "uu": (u**2).sum(), "q": q.sum(), "qq": (q**2).sum(), "uq": (u * q).sum(),
                "within_uu": (du**2).sum(), "within_qq": (dq**2).sum(), "within_uq": (du * dq).sum(),
            }  # fmt: skip
    return IndividualSums(np.array(list(sums.values())), int((~valid).sum()), int((~on).sum()), strays)


def individual(sums: Sequence[IndividualSums], study_ids: Sequence[str], resamples: StudyResamples) -> dict[str, Any]:
    """The figures over all people, under the names that metrics.json has.

    `accuracy` is the paper's, 1 − |predicted − answer| / (max − min) by the stated scale. `mae`, `rmse`, `exact`,
    `within_one` and `pearson` are in raw numbers, mixed over scales; `mae_percent` and `rmse_percent` are in percent of
    each scale's width. `pearson_expected` correlates the answer with the expected prediction, both in shares of the
    scale; `pearson_within_cells` does so within cells, where knowing the question is of no help.

    Args:
        sums: Of each cell.
        study_ids: Of each cell.
        resamples: Of the studies.
    """
    table = np.zeros((len(resamples.study_ids), len(_SUMS)))
    for place, cell in zip(resamples.place(study_ids), sums, strict=True):
        table[place] += cell.sums
    total = dict(zip(_SUMS, table.sum(axis=0), strict=True))
    n, scaled = total["n"], total["scaled"]
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy, interval = resamples.statistic(table[:, [_SUMS.index("accuracy"), _SUMS.index("scaled")]], _ratio)
        return {
            "accuracy": accuracy,
            "accuracy_ci95": interval,
            "pearson": _correlation(n, *(total[key] for key in ("y", "p", "yy", "pp", "yp"))),
            "mae": total["error"] / n,
            "rmse": np.sqrt(total["square"] / n),
            "exact": total["exact"] / n,
            "within_one": total["within_one"] / n,
            "n": int(n),
            "invalid": sum(cell.invalid for cell in sums),
            "off_scale_answers": sum(cell.off_scale for cell in sums),
            "off_scale_predictions": sum(cell.off_scale_predictions for cell in sums),
            "mae_percent": total["percent_error"] / scaled,
            "rmse_percent": np.sqrt(total["percent_square"] / scaled),
            "pearson_expected": _correlation(scaled, *(total[key] for key in ("u", "q", "uu", "qq", "uq"))),
            "pearson_within_cells": total["within_uq"] / np.sqrt(total["within_uu"] * total["within_qq"])
            if total["within_uu"] > 1e-9 and total["within_qq"] > 1e-9
            else np.nan,
        }


def _ratio(totals: Floats) -> Floats:
    return np.asarray(totals[..., 0] / totals[..., 1])


def _correlation(n: float, x: float, y: float, xx: float, yy: float, xy: float) -> float:
    """Pearson's r from sums; NaN where a side does not vary."""
    if n < 2:
        return np.nan
    vx, vy = xx - x * x / n, yy - y * y / n
    if vx <= 1e-9 * max(xx, 1e-300) or vy <= 1e-9 * max(yy, 1e-300):
        return np.nan
    return float((xy - x * y / n) / np.sqrt(vx * vy))
