"""The part of an evaluation's report that is about distances: tables, studies, and single cells."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from socrates_core.evaluation.scores import Evaluation
from socrates_core.report.document import Folded, Part, Picture, Table, Warned
from socrates_core.report.evaluation_figures import cell_bars, distance_against_n, forest
from socrates_core.report.words import SHOWN_ROWS, cut, number, with_interval

SHOWN_CELLS: Final = 3
"""Worst and best cells that are drawn."""

_ROWS: Final = (
    ("uniform", "Guessing evenly"),
    ("pooled", "Human answers pooled over arms"),
    ("marginal", "Training answers on the scale"),
    ("human_split_half", "Another sample of people"),
)


def distances(metrics: Mapping[str, Any]) -> list[Part]:
    """The model beside what it has to beat, in both conventions, and how they come about."""
    wasserstein, baselines = metrics["wasserstein"], metrics["baselines"]
    rows = [
        ("Model", *(with_interval(wasserstein[how]) for how in ("scale", "observed"))),
        (
            "Noise floor: a perfect model",
            *(number(metrics["noise_floor"][how]["mean"]) for how in ("scale", "observed")),
        ),
        ("Excess over the floor", *(with_interval(metrics["excess"][how]) for how in ("scale", "observed"))),
    ]
    for key, name in _ROWS:
        rows.append((name, *(_baseline(baselines[key][how]) for how in ("scale", "observed"))))
    rows.append(
        ("Model, flat mean over cells", *(number(wasserstein[how]["flat_mean"]) for how in ("scale", "observed")))
    )
    parts: list[Part] = [
        Table(("", "Stated scale", "Observed range"), tuple(rows)),
        "Means over the cells of a study, then over studies, with 95 % intervals from resampling studies. In brackets, "
        "what the model scores on the same cells: pooled answers need two arms, another sample needs four people.",
        f"Squared-CDF (Cramér) distance, free of the bias of small samples: {with_interval(metrics['cramer'], 5)}.",
        _kinds(metrics),
        Table(
            ("What counts as one cell", "W, observed range", "Flat mean", "Floor", "Evenly", "Cells", "Studies"),
            tuple(_grouping_row(one) for one in metrics["by_grouping"]),
        ),
        _shares(metrics),
        _verdicts(metrics["verdicts"]),
        Warned(_separate(wasserstein["separate"])),
    ]
    return [part for part in parts if part]


def _kinds(metrics: Mapping[str, Any]) -> Part:
    kinds = {kind: found for kind, found in metrics["by_kind"].items() if found}
    rows = tuple(
        (
            f"{kind} studies",
            *(with_interval(found[how]) for how in ("scale", "observed")),
            str(found["scale"]["studies"]),
        )
        for kind, found in kinds.items()
    )
    return Table(("Model on", "Stated scale", "Observed range", "Studies"), rows) if rows else ""


def _grouping_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    mixed = f" ({one['mixed_scales']} mix scales)" if one["mixed_scales"] else ""
    figures = (with_interval(one), *(number(one.get(key)) for key in ("flat_mean", "noise_floor", "uniform")))
    return (one["grouping"] + mixed, *figures, f"{one['cells']:,}", f"{one['studies']:,}")


def _shares(metrics: Mapping[str, Any]) -> Part:
    rows = tuple(
        (name, *(f"{found[key]:.1%}" for key in ("at_0", "under_0.1", "under_0.3")), f"{found['cells']:,}")
        for name, found in metrics["shares"].items()
        if found["cells"]
    )
    return Table(("Share of cells with W", "at 0", "under 0.1", "under 0.3", "cells"), rows) if rows else ""


def _verdicts(verdicts: Mapping[str, int]) -> str:
    words = {
        "within_chance": "within what two samples of people would differ",
        "better_than_uniform": "closer than guessing evenly, beyond chance from the answers",
        "like_uniform": "not reliably closer than guessing evenly",
        "worse_than_uniform": "worse than guessing evenly",
        "too_few": "too few people to say",
    }
    counted = [f"{verdicts[code]:,} {said}" for code, said in words.items() if verdicts.get(code)]
    return f"Cell by cell: {'; '.join(counted)}." if counted else ""


def _separate(found: Mapping[str, Any]) -> str:
    return (
        f"Under the convention 'separate': flat mean {number(found['flat_mean'], 5)}, mean over studies "
        f"{number(found['mean'], 5)} ({found['cells']:,} cells of {found['studies']:,} studies, by study and "
        f"condition). "
        f"{found['invalid']}"
    )


def studies(metrics: Mapping[str, Any]) -> list[Part]:
    """Study by study, as a figure and as a table."""
    convention = "scale" if any(row["scale"]["model"] is not None for row in metrics["studies"]) else "observed"
    rows = [row for row in metrics["studies"] if row[convention]["model"] is not None]
    if not rows:
        return ["No study has a distance."]
    table = tuple(
        (
            row["study"],
            {True: "real", False: "synthetic", None: ""}[row["real"]],
            f"{row['n']:,}",
            f"{row['cells']:,}",
            *(number(row[convention][side]) for side in ("model", "floor", "uniform", "pooled")),
        )
        for row in rows[:SHOWN_ROWS]
    )
    header = ("Study", "Kind", "Answers", "Cells", "W", "Floor", "Evenly", "Pooled")
    return [
        Picture(forest(metrics["studies"], convention), "Each study's mean distance; the interval is over its cells."),
        Table(header, table),
        *cut(len(rows)),
    ]


def against_n(cells: Sequence[Mapping[str, Any]]) -> Part:
    """Every cell by how many people answered it."""
    caption = "A cell of few people is far even from a perfect prediction: compare each distance with its own floor."
    return Picture(distance_against_n(cells), caption)


def extremes(evaluation: Evaluation, cells: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The cells that exceed their floor by most and by least, among those with enough people where there are any."""
    enough = [row for row in cells if row["n"] >= 30] or list(cells)
    ranked = sorted(enough, key=lambda row: row["scale"]["excess"], reverse=True)
    few = min(SHOWN_CELLS, (len(ranked) + 1) // 2)
    parts: list[Part] = []
    for kind, rows in (("Worst", ranked[:few]), ("Best", ranked[::-1][: min(few, len(ranked) - few)])):
        for row in rows:
            cell = evaluation.cells[row["cell"]]
            said = (
                f"{kind}: {row['name']}. W {row['scale']['model']:.3f}, floor {row['scale']['floor']:.3f}, "
                f"guessing evenly {row['scale']['uniform']:.3f}, n = {row['n']:,}."
            )
            parts += [said, Picture(cell_bars(cell), "")]
            if cell.stimulus:
                parts.append(Folded("What was shown", cell.stimulus))
    return parts


def _baseline(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return "none"
    return f"{number(found['mean'])} [model {number(found['model_on_the_same_cells'])}]"
