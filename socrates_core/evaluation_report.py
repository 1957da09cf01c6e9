"""An evaluation as a report to read: what was found, how far it can be trusted, what was left out."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socrates_core.document import Folded, Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.evaluation import Evaluation
from socrates_core.evaluation_figures import cell_bars, distance_against_n, effects_figure, forest, groups_figure

PAPER: Final = "The Socrates paper reports 0.151 for its 14B model and 0.203 for guessing evenly on 40 unseen studies."

SHOWN_CELLS: Final = 3
SHOWN_ROWS: Final = 50
"""Longer lists are cut in the report, which says so; metrics.json has them whole."""

_ROWS: Final = (
    ("uniform", "Guessing evenly"),
    ("pooled", "Human answers pooled over arms"),
    ("marginal", "Training answers on the scale"),
    ("human_split_half", "Another sample of people"),
)


def report(evaluation: Evaluation) -> tuple[str, str]:
    """The report as a self-contained HTML page and as Markdown."""
    title = _title(evaluation.metrics["provenance"])
    sections = _sections(evaluation)
    return to_html(title, sections), to_markdown(title, sections)


def headline(metrics: Mapping[str, Any], convention: str = "scale") -> str:
    """The result in a sentence, with everything that a distance needs beside it.

    Args:
        metrics: As in metrics.json.
        convention: `scale`, or `observed` for the paper's: its convention, grouping and mean.
    """
    if convention == "observed":
        found, floor, uniform = metrics["paper"], metrics["paper"].get("noise_floor"), metrics["paper"].get("uniform")
        how = "by the observed range, a cell being study, condition and task"
    else:
        found, floor = metrics["wasserstein"]["scale"], metrics["noise_floor"]["scale"]["mean"]
        uniform, how = metrics["baselines"]["uniform"]["scale"]["mean"], "by the stated scale"
    if found["mean"] is None:
        return f"There is no distance {how}: no cell has what it needs."
    return (
        f"W = {found['mean']:.4f}{_interval(found['ci95'], ' (95 % interval {} to {})')} {how}; noise floor "
        f"{_number(floor)}, guessing evenly {_number(uniform)}; {found['cells']:,} cells of {found['studies']:,} "
        "studies."
    )


def _title(provenance: Mapping[str, Any]) -> str:
    if "model" in provenance:
        adapter = f" with {provenance['adapter']}" if provenance.get("adapter") else ""
        return f"Evaluation of {provenance['model']}{adapter}"
    return f"Evaluation of the predictions in {provenance.get('file', 'a file')}"


def _sections(evaluation: Evaluation) -> list[Section]:
    metrics = evaluation.metrics
    cells = [row for row in metrics["cells"] if row["scale"] is not None]
    found = [
        Section("", [*_stamps(metrics), headline(metrics), headline(metrics, "observed"), PAPER]),
        Section("Distances", _distances(metrics)),
        Section("Studies", _studies(metrics)),
        Section("Treatment effects", _effects(metrics["effects"])),
    ]
    if cells:
        found += [
            Section("Distance and number of people", [_against_n(cells)]),
            Section("Worst and best cells", _extremes(evaluation, cells)),
        ]
    return [
        *found,
        Section("Single people", _individual(metrics)),
        Section("Groups of people", _groups(metrics["fairness"])),
        Section("What was left out", _excluded(metrics)),
        Section("What the model may have known", _leaks(metrics)),
        Section("Where this comes from", _provenance(metrics["provenance"])),
    ]


def _stamps(metrics: Mapping[str, Any]) -> list[Part]:
    stamps: list[Part] = []
    provenance = metrics["provenance"]
    if metrics["contaminated"]:
        seen = provenance["contaminated"]
        some = ", ".join(seen[:10]) + (f" and {len(seen) - 10} more" if len(seen) > 10 else "")
        stamps.append(
            Warned(f"CONTAMINATED: the model has learned from {len(seen)} of these studies ({some}). This is no test.")
        )
    if provenance.get("demo"):
        stamps.append(Warned("This is the demo model: it shows how things work and is no science."))
    if "synthetic" in metrics["by_kind"]:
        only = "All" if len(metrics["by_kind"]) == 1 else "Some"
        stamps.append(f"{only} of these studies are synthetic: their answers were generated, nobody was asked.")
    return stamps


def _distances(metrics: Mapping[str, Any]) -> list[Part]:
    wasserstein, baselines = metrics["wasserstein"], metrics["baselines"]
    rows = [
        ("Model", *(_with_interval(wasserstein[how]) for how in ("scale", "observed"))),
        (
            "Noise floor: a perfect model",
            *(_number(metrics["noise_floor"][how]["mean"]) for how in ("scale", "observed")),
        ),
        ("Excess over the floor", *(_with_interval(metrics["excess"][how]) for how in ("scale", "observed"))),
    ]
    for key, name in _ROWS:
        rows.append((name, *(_baseline(baselines[key][how]) for how in ("scale", "observed"))))
    rows.append(
        ("Model, flat mean over cells", *(_number(wasserstein[how]["flat_mean"]) for how in ("scale", "observed")))
    )
    parts: list[Part] = [
        Table(("", "Stated scale", "Observed range"), tuple(rows)),
        "Means over the cells of a study, then over studies, with 95 % intervals from resampling studies. In brackets, "
        "what the model scores on the same cells: pooled answers need two arms, another sample needs four people.",
        f"Squared-CDF (Cramér) distance, free of the bias of small samples: {_with_interval(metrics['cramer'], 5)}.",
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
            *(_with_interval(found[how]) for how in ("scale", "observed")),
            str(found["scale"]["studies"]),
        )
        for kind, found in kinds.items()
    )
    return Table(("Model on", "Stated scale", "Observed range", "Studies"), rows) if rows else ""


def _grouping_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    mixed = f" ({one['mixed_scales']} mix scales)" if one["mixed_scales"] else ""
    figures = (_with_interval(one), *(_number(one.get(key)) for key in ("flat_mean", "noise_floor", "uniform")))
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
        f"Under the convention 'separate': flat mean {_number(found['flat_mean'], 5)}, mean over studies "
        f"{_number(found['mean'], 5)} ({found['cells']:,} cells of {found['studies']:,} studies, by study and "
        f"condition). "
        f"{found['invalid']}"
    )


def _studies(metrics: Mapping[str, Any]) -> list[Part]:
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
            *(_number(row[convention][side]) for side in ("model", "floor", "uniform", "pooled")),
        )
        for row in rows[:SHOWN_ROWS]
    )
    header = ("Study", "Kind", "Answers", "Cells", "W", "Floor", "Evenly", "Pooled")
    return [
        Picture(forest(metrics["studies"], convention), "Each study's mean distance; the interval is over its cells."),
        Table(header, table),
        *_cut(len(rows)),
    ]


def _effects(effects: Mapping[str, Any]) -> list[Part]:
    if not effects["n"]:
        return ["There is no effect to compare: no outcome was asked in two arms.", *_left_out(effects)]

    def value(key: str, digits: int = 2) -> str:
        return _with_interval({"mean": effects[key]["value"], "ci95": effects[key].get("ci95")}, digits)

    slope, intercept = (effects["calibration"][key] for key in ("slope", "intercept"))
    direction = effects["direction"]
    undirected = f"; {direction['no_direction']} have none on one side" if direction["no_direction"] else ""
    rows = (
        ("Same direction", f"{value('direction')} of {direction['n']} effects{undirected}"),
        ("Same direction, where the actual one is known",
         f"{value('direction_resolved')} of {effects['direction_resolved']['n']}"),
        ("Pearson r", f"{value('pearson')}; noise-corrected {value('pearson_corrected')}"),
        ("Spearman", f"{value('spearman')}; noise-corrected {value('spearman_corrected')}"),
        ("RMSE, points of 100", f"{value('rmse')}; noise-corrected {value('rmse_corrected')}"),
        ("RMSE of predicting no effect",
         f"{value('no_effect_rmse')}; noise-corrected {value('no_effect_rmse_corrected')}"),
        ("Calibration slope", _with_interval({"mean": slope["value"], "ci95": slope["ci95"]}, 2)),
        ("Calibration intercept", _with_interval({"mean": intercept["value"], "ci95": intercept["ci95"]}, 2)),
    )  # fmt: skip
    against = "the first arm" if effects["contrasts"] == "control" else "every other arm"
    return [
        f"{effects['n']:,} effects of {effects['studies']:,} studies: each arm's mean minus that of {against}, in "
        "percentage points of the scale's width. The noise correction takes out what sampling the answers adds.",
        Table(("Figure", "Value (95 % interval over studies)"), rows),
        Picture(
            effects_figure(effects),
            "A slope below 1 means that effects are predicted too big. Bars are 95 % intervals of the actual effects.",
        ),
        *_left_out(effects),
    ]


def _left_out(effects: Mapping[str, Any]) -> list[Part]:
    left_out = effects.get("left_out") or []
    return [Folded(f"Left out of the effects ({len(left_out)})", "\n".join(left_out))] if left_out else []


def _against_n(cells: Sequence[Mapping[str, Any]]) -> Part:
    caption = "A cell of few people is far even from a perfect prediction: compare each distance with its own floor."
    return Picture(distance_against_n(cells), caption)


def _extremes(evaluation: Evaluation, cells: Sequence[Mapping[str, Any]]) -> list[Part]:
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


def _individual(metrics: Mapping[str, Any]) -> list[Part]:
    found, spread = metrics["individual"], metrics["dispersion"]
    ratio = {"mean": spread["variance_ratio"], "ci95": spread["ci95"]}
    rows = (
        ("Accuracy, 1 − |error| / width of the scale",
         _with_interval({"mean": found["accuracy"], "ci95": found["accuracy_ci95"]})),
        ("Exactly right", _number(found["exact"])),
        ("Right within one", _number(found["within_one"])),
        ("Mean absolute error", f"{_number(found['mae'])} raw, {_number(found['mae_percent'], 1)} % of the scale"),
        ("Root mean square error", f"{_number(found['rmse'])} raw, {_number(found['rmse_percent'], 1)} % of the scale"),
        ("Pearson r of answers and drawn predictions", _number(found["pearson"])),
        ("Pearson r of answers and expected predictions", _number(found["pearson_expected"])),
        ("The same within cells", _number(found["pearson_within_cells"])),
        ("Predicted variance / actual variance", _with_interval(ratio, 2)),
        ("Variance between personas / actual variance", _number(spread["between_people"])),
        ("Answers", f"{found['n']:,}"),
        ("Predictions that are no answer",
         f"{found['invalid']:,} invalid, {found['off_scale_predictions']:,} off the scale"),
        ("Human answers off the scale", f"{found['off_scale_answers']:,}"),
        ("Mass on the scale", _number(metrics["on_scale_mass"]["mean"])),
    )  # fmt: skip
    return [
        "Each figure is what one answer drawn from each person's predicted distribution is expected to score.",
        Table(("Figure", "Value"), rows),
    ]


def _groups(fairness: Mapping[str, Any]) -> list[Part]:
    if not any(found["groups"] for found in fairness.values()):
        return ["No attribute of the participants has a group of 30 answers or more."]
    rows = []
    for attribute, found in fairness.items():
        if found["gap"] is not None:
            gap = f"{_number(found['gap'])} ({found['worst']} worst, {found['best']} best)"
            rows.append((attribute, gap, _number(found["gap_excess"])))
    skipped = [
        f"{attribute}: {row['group']} (n = {row['n']})"
        for attribute, found in fairness.items()
        for row in found["skipped"]
    ]
    parts: list[Part] = [
        "A small group is further even from a perfect prediction; the gap of the excess over each group's floor is "
        "free of that. Each group is measured on the studies that it took part in, which are not always the same.",
        Table(("Attribute", "Worst minus best W", "The same of the excess"), tuple(rows)),
        Picture(groups_figure(fairness), "Distance by group with 95 % intervals over studies."),
    ]
    if skipped:
        parts.append(Folded(f"Skipped, under 30 answers ({len(skipped)} groups)", "\n".join(skipped)))
    return parts


def _excluded(metrics: Mapping[str, Any]) -> list[Part]:
    excluded = metrics["excluded"]
    if not excluded:
        return ["Nothing: every cell is in every figure."]
    reasons = Counter((row["reason"], row["convention"]) for row in excluded)
    rows = tuple((reason, convention, f"{count:,}") for (reason, convention), count in reasons.most_common())
    names = "\n".join(f"cell {row['cell']}: {row['name']}: {row['reason']}" for row in excluded[:SHOWN_ROWS])
    return [
        Table(("Reason", "Not in the figures of", "Cells"), rows),
        Folded(f"The cells ({len(excluded):,})", names),
        *_cut(len(excluded)),
    ]


def _leaks(metrics: Mapping[str, Any]) -> list[Part]:
    provenance = metrics["provenance"]
    parts: list[Part] = []
    if "trained_on" in provenance:
        parts.append(
            f"The model's record names {provenance['trained_on']:,} studies that it has learned from; "
            f"{len(provenance['contaminated']):,} of them are evaluated here."
        )
        pairs = provenance["near_duplicates"]
        if not provenance["stimuli_compared"]:
            parts.append("Not all of its training stimuli are at hand: near-duplicates of them cannot be ruled out.")
        if pairs:
            rows = tuple(
                (f"{pair['similarity']:.2f}", pair["training_study"], pair["study"], str(pair["cell"]))
                for pair in pairs[:SHOWN_ROWS]
            )
            parts += [
                f"{len(pairs):,} evaluated stimuli share at least half of their wording with a training stimulus.",
                Table(("Similarity", "Trained on", "Evaluated", "Cell"), rows),
                *_cut(len(pairs)),
            ]
        elif provenance["trained_on"] and provenance["stimuli_compared"]:
            parts.append("No evaluated stimulus shares half of its wording with a training stimulus.")
    else:
        parts.append("The file does not say what its model has learned from.")
    parts.append(
        "What a base model has read is not known: published studies may be among it, and no check can exclude that."
    )
    return parts


def _provenance(provenance: Mapping[str, Any]) -> list[Part]:
    shown = {key: value for key, value in provenance.items() if key != "near_duplicates"}
    return [Folded("Model, data, versions, seeds", json.dumps(shown, indent=1, ensure_ascii=False))]


# -- numbers -----------------------------------------------------------------------------------------------------


def _number(value: float | None, digits: int = 3) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def _interval(ci95: Sequence[float] | None, form: str = " ({} to {})", digits: int = 3) -> str:
    return "" if ci95 is None else form.format(*(f"{end:.{digits}f}" for end in ci95))


def _with_interval(found: Mapping[str, Any], digits: int = 3) -> str:
    return _number(found["mean"], digits) + _interval(found.get("ci95"), digits=digits)


def _baseline(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return "none"
    return f"{_number(found['mean'])} [model {_number(found['model_on_the_same_cells'])}]"


def _cut(count: int) -> list[Part]:
    return [f"The first {SHOWN_ROWS} of {count:,} are shown; metrics.json has all."] if count > SHOWN_ROWS else []
