"""An evaluation as a report to read: what was found, how far it can be trusted, what was left out."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from socrates_core.errors import PredictionError
from socrates_core.evaluation.effect_summary import Estimate
from socrates_core.evaluation.results.metrics import Effects, Metrics, save_metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.evaluation.results.rows import Excluded
from socrates_core.evaluation.scores import ScoredCells
from socrates_core.metrics.fairness import AttributeFairness
from socrates_core.report.distances import against_n, distances, extremes, studies
from socrates_core.report.document import Folded, Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.report.evaluation_figures import effects_figure, groups_figure
from socrates_core.report.words import SHOWN_ROWS, cut, headline, number, shown_model, with_interval
from socrates_core.study.files import write_file

PAPER: Final = "The Socrates paper reports 0.151 for its 14B model and 0.203 for guessing evenly on 40 unseen studies."


def report(scored: ScoredCells) -> tuple[str, str]:
    """The report as a self-contained HTML page and as Markdown."""
    title = f"Evaluation of {shown_model(scored.metrics.provenance)}"
    sections = _sections(scored)
    return to_html(title, sections), to_markdown(title, sections)


def write_results(scored: ScoredCells, out: Path) -> None:
    """Write metrics.json and the report."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        page, text = report(scored)
        for name, content in (("report.html", page), ("report.md", text)):
            write_file(out / name, content)
        save_metrics(scored.metrics, out / "metrics.json")
    except FileExistsError as error:
        raise PredictionError(f"{out} cannot be made a folder; choose another one") from error


def _sections(scored: ScoredCells) -> list[Section]:
    metrics = scored.metrics
    cells = [(row, row.scale) for row in metrics.cells if row.scale is not None]
    found = [
        Section("", [*_stamps(metrics), headline(metrics), headline(metrics, "observed"), PAPER]),
        Section("Distances", distances(metrics)),
        Section("Studies", studies(metrics)),
        Section("Treatment effects", _effects(metrics.effects)),
    ]
    if cells:
        found += [
            Section("Distance and number of people", [against_n(cells)]),
            Section("Worst and best cells", extremes(scored, cells)),
        ]
    return [
        *found,
        Section("Single people", _individual(metrics)),
        Section("Groups of people", _groups(metrics.fairness)),
        Section("What was left out", _excluded(metrics.excluded)),
        Section("What the model may have known", _leaks(metrics.provenance)),
        Section("Where this comes from", _provenance(metrics.provenance)),
    ]


def _stamps(metrics: Metrics) -> list[Part]:
    stamps: list[Part] = []
    if metrics.contaminated:
        seen = metrics.provenance.contaminated
        some = ", ".join(seen[:10]) + (f" and {len(seen) - 10} more" if len(seen) > 10 else "")
        stamps.append(
            Warned(f"CONTAMINATED: the model has learned from {len(seen)} of these studies ({some}). This is no test.")
        )
    if metrics.provenance.base_note:
        stamps.append(Warned(f"Not surely the adapter's base: {metrics.provenance.base_note}."))
    if metrics.provenance.demo:
        stamps.append(Warned("This is the demo model: it shows how things work and is no science."))
    if "synthetic" in metrics.by_kind:
        only = "All" if len(metrics.by_kind) == 1 else "Some"
        stamps.append(f"{only} of these studies are synthetic: their answers were generated, nobody was asked.")
    return stamps


def _effects(effects: Effects) -> list[Part]:
    if not effects.n:
        return ["There is no effect to compare: no outcome was asked in two arms.", *_left_out(effects)]

    def shown(found: Estimate) -> str:
        return with_interval(found.value, found.ci95, 2)

    def corrected(raw: Estimate, found: Estimate) -> str:
        return f"{shown(raw)}; noise-corrected {shown(found)}"

    direction, known = effects.direction, effects.direction_resolved
    undirected = f"; {direction.no_direction} have none on one side" if direction.no_direction else ""
    rows = (
        ("Same direction", f"{shown(direction)} of {direction.n} effects{undirected}"),
        ("Same direction, where the actual one is known", f"{shown(known)} of {known.n}"),
        ("Pearson r", corrected(effects.pearson, effects.pearson_corrected)),
        ("Spearman", corrected(effects.spearman, effects.spearman_corrected)),
        ("RMSE, points of 100", corrected(effects.rmse, effects.rmse_corrected)),
        ("RMSE of predicting no effect", corrected(effects.no_effect_rmse, effects.no_effect_rmse_corrected)),
        ("Calibration slope", shown(effects.calibration.slope)),
        ("Calibration intercept", shown(effects.calibration.intercept)),
    )
    against = "the first arm" if effects.contrasts == "control" else "every other arm"
    return [
        f"{effects.n:,} effects of {effects.studies:,} studies: each arm's mean minus that of {against}, in "
        "percentage points of the scale's width. The noise correction takes out what sampling the answers adds.",
        Table(("Figure", "Value (95 % interval over studies)"), rows),
        Picture(
            effects_figure(effects),
            "A slope below 1 means that effects are predicted too big. Bars are 95 % intervals of the actual effects.",
        ),
        *_left_out(effects),
    ]


def _left_out(effects: Effects) -> list[Part]:
    left_out = effects.left_out
    return [Folded(f"Left out of the effects ({len(left_out)})", "\n".join(left_out))] if left_out else []


def _individual(metrics: Metrics) -> list[Part]:
    found, spread = metrics.individual, metrics.dispersion
    rows = (
        ("Accuracy, 1 − |error| / width of the scale",
         with_interval(found.accuracy, found.accuracy_ci95)),
        ("Exactly right", number(found.exact)),
        ("Right within one", number(found.within_one)),
        ("Mean absolute error", f"{number(found.mae)} raw, {number(found.mae_percent, 1)} % of the scale"),
        ("Root mean square error", f"{number(found.rmse)} raw, {number(found.rmse_percent, 1)} % of the scale"),
        ("Pearson r of answers and drawn predictions", number(found.pearson)),
        ("Pearson r of answers and expected predictions", number(found.pearson_expected)),
        ("The same within cells", number(found.pearson_within_cells)),
        ("Predicted variance / actual variance", with_interval(spread.variance_ratio, spread.ci95, 2)),
        ("Variance between personas / actual variance", number(spread.between_people)),
        ("Answers", f"{found.n:,}"),
        ("Predictions that are no answer",
         f"{found.invalid:,} invalid, {found.off_scale_predictions:,} off the scale"),
        ("Human answers off the scale", f"{found.off_scale_answers:,}"),
        ("Mass on the scale", number(metrics.on_scale_mass.mean)),
    )  # fmt: skip
    return [
        "Each figure is what one answer drawn from each person's predicted distribution is expected to score.",
        Table(("Figure", "Value"), rows),
    ]


def _groups(fairness: Mapping[str, AttributeFairness]) -> list[Part]:
    if not any(found.groups for found in fairness.values()):
        return ["No attribute of the participants has a group of 30 answers or more."]
    rows = []
    for attribute, found in fairness.items():
        if found.gap is not None:
            gap = f"{number(found.gap)} ({found.worst} worst, {found.best} best)"
            rows.append((attribute, gap, number(found.gap_excess)))
    skipped = [
        f"{attribute}: {row.group} (n = {row.n})" for attribute, found in fairness.items() for row in found.skipped
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


def _excluded(excluded: Sequence[Excluded]) -> list[Part]:
    if not excluded:
        return ["Nothing: every cell is in every figure."]
    reasons = Counter((row.reason, row.convention) for row in excluded)
    rows = tuple((reason, convention, f"{count:,}") for (reason, convention), count in reasons.most_common())
    names = "\n".join(f"cell {row.cell}: {row.name}: {row.reason}" for row in excluded[:SHOWN_ROWS])
    return [
        Table(("Reason", "Not in the figures of", "Cells"), rows),
        Folded(f"The cells ({len(excluded):,})", names),
        *cut(len(excluded)),
    ]


def _leaks(provenance: Provenance) -> list[Part]:
    parts: list[Part] = []
    if provenance.trained_on is not None:
        parts.append(
            f"The model's record names {provenance.trained_on:,} studies that it has learned from; "
            f"{len(provenance.contaminated):,} of them are evaluated here."
        )
        pairs = provenance.near_duplicates
        if not provenance.stimuli_compared:
            compared = provenance.studies_compared
            with_whom = f"compared only with those of {compared:,} studies" if compared else "not compared with them"
            parts.append(
                f"Not all of its training stimuli are at hand. The evaluated ones were {with_whom}, and "
                "near-duplicates of the others cannot be ruled out."
            )
        if pairs:
            rows = tuple(
                (f"{pair.similarity:.2f}", pair.training_study, pair.study, str(pair.cell))
                for pair in pairs[:SHOWN_ROWS]
            )
            parts += [
                f"{len(pairs):,} evaluated stimuli share at least half of their wording with a training stimulus.",
                Table(("Similarity", "Trained on", "Evaluated", "Cell"), rows),
                *cut(len(pairs)),
            ]
        elif provenance.trained_on and provenance.stimuli_compared:
            parts.append("No evaluated stimulus shares half of its wording with a training stimulus.")
    else:
        parts.append("The file does not say what its model has learned from.")
    parts.append(
        "What a base model has read is not known: published studies may be among it, and no check can exclude that."
    )
    return parts


def _provenance(provenance: Provenance) -> list[Part]:
    shown = {key: value for key, value in provenance.said.items() if key != "near_duplicates"}
    return [Folded("Model, data, versions, seeds", json.dumps(shown, indent=1, ensure_ascii=False))]
