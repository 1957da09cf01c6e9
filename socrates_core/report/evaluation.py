"""The report of an evaluation: the results, how reliable they are, and what was left out."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from socrates_core.errors import counted
from socrates_core.evaluation.effect_summary import Estimate
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.metrics import Effects, Metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.evaluation.results.rows import Excluded
from socrates_core.evaluation.scores import ScoredCells
from socrates_core.metrics.effects import WORDING_CONTRAST
from socrates_core.metrics.fairness import AttributeFairness
from socrates_core.people.edit import attribute_words
from socrates_core.report.distances import against_n, distances, extremes, studies
from socrates_core.report.document import Folded, Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.report.evaluated.cells import every_cell
from socrates_core.report.evaluated.headline import answers_compared, headlines
from socrates_core.report.evaluated.off_axis import nominal, off_axis
from socrates_core.report.evaluation_figures import effects_figure, groups_figure
from socrates_core.report.probabilities.sections import probability_sections
from socrates_core.report.words import SHOWN_ROWS, cut, number, shown_model, with_interval
from socrates_core.study.files import json_text, write_files

PAPER: Final = (
    "The Socrates paper reports W = 0.151 for its 14B model and 0.203 for the uniform baseline (guessing evenly) on 40 "
    "unseen studies."
)


def report(scored: ScoredCells) -> tuple[str, str]:
    """The report as a self-contained HTML page and as Markdown."""
    title = f"Evaluation of {shown_model(scored.metrics.provenance)}"
    sections = _sections(scored)
    return to_html(title, sections), to_markdown(title, sections)


def write_results(scored: ScoredCells, out: Path) -> None:
    """Write metrics.json and the report, all of them or none.

    Raises:
        OSError: If they cannot be written.
    """
    page, text = report(scored)
    metrics = json_text(as_json(scored.metrics))
    write_files(out, {"report.html": page, "report.md": text, "metrics.json": metrics})


def _sections(scored: ScoredCells) -> list[Section]:
    metrics = scored.metrics
    cells = [(row, row.scale) for row in metrics.cells if row.scale is not None]
    found = [
        Section("", _opening(metrics)),
        Section("Wasserstein distance (W)", distances(metrics)),
        *(Section(title, parts) for title, parts in _apart(metrics).items() if parts),
        Section("Studies", studies(metrics)),
        Section("Treatment effects", _effects(metrics.effects)),
    ]
    if cells:
        found += [
            Section("W and number of people", [against_n(cells)]),
            Section("Worst and best cells", extremes(scored, cells)),
        ]
    if scored.metrics.cells:
        found.append(Section("Every cell", every_cell(scored)))
    return [
        *found,
        Section("Individual people", _individual(metrics)),
        *probability_sections(metrics),
        Section("Groups of people", _groups(metrics.fairness)),
        Section("What was left out", _excluded(metrics.excluded)),
        Section("Contamination and near-duplicates", _leaks(metrics.provenance)),
        Section("Provenance", _provenance(metrics.provenance)),
    ]


def _opening(metrics: Metrics) -> list[Part]:
    figures = [*headlines(metrics), *headlines(metrics, "observed")]
    return [*_stamps(metrics), *figures, answers_compared(metrics), *_as_read(metrics), PAPER]


def _apart(metrics: Metrics) -> dict[str, list[Part]]:
    return {"Answers off the axis": off_axis(metrics), "Options without an order": nominal(metrics)}


def _stamps(metrics: Metrics) -> list[Part]:
    stamps: list[Part] = [Warned(sentence) for sentence in metrics.provenance.warnings]
    if metrics.provenance.template_note:
        stamps.append(f"Template: {metrics.provenance.template_note}.")
    if metrics.provenance.demo:
        stamps.append(Warned("This is the demo model: it shows how the software works and is not for science."))
    if "synthetic" in metrics.by_kind:
        only = "All" if len(metrics.by_kind) == 1 else "Some"
        stamps.append(f"{only} of these studies are synthetic: their answers were generated, not given by people.")
    return stamps


def _as_read(metrics: Metrics) -> list[Part]:
    """What was assumed about a file that was made elsewhere, and which of its lines do not count in full."""
    origin = metrics.provenance
    lines = [f"Assumed: {what}." for what in origin.assumed]
    if origin.repeated_people and origin.repeated_people.people:
        examples = "; ".join(origin.repeated_people.examples)
        lines.append(
            f"In a cell with several lines of one person, the person counts once ({origin.repeated_people.people:,} "
            f"such: {examples})."
        )
    if origin.unreadable_answers and origin.unreadable_answers.rows:
        examples = "; ".join(origin.unreadable_answers.examples)
        lines.append(f"{counted(origin.unreadable_answers.rows, 'line')} cannot be read and left out ({examples}).")
    return [" ".join(lines)] if lines else []


def _effects(effects: Effects) -> list[Part]:
    contrasts = _wording_contrasts(effects)
    if not effects.n:
        none = [] if contrasts else ["There are no effects to compare: no outcome was asked in two arms."]
        return [*none, *contrasts, *_left_out(effects)]

    def shown(found: Estimate) -> str:
        return with_interval(found.value, found.ci95, 2)

    def corrected(raw: Estimate, found: Estimate) -> str:
        return f"{shown(raw)}; noise-corrected {shown(found)}"

    direction, known = effects.direction, effects.direction_resolved
    undirected = f"; {direction.no_direction} are 0 on one side" if direction.no_direction else ""
    rows = (
        ("Same direction", f"{shown(direction)} of {counted(direction.n, 'effect')}{undirected}"),
        ("Same direction, if the actual one is known", f"{shown(known)} of {known.n}"),
        ("Pearson r", corrected(effects.pearson, effects.pearson_corrected)),
        ("Spearman", corrected(effects.spearman, effects.spearman_corrected)),
        ("RMSE, percentage points", corrected(effects.rmse, effects.rmse_corrected)),
        ("RMSE of predicting no effect", corrected(effects.no_effect_rmse, effects.no_effect_rmse_corrected)),
        ("Calibration slope", shown(effects.calibration.slope)),
        ("Calibration intercept", shown(effects.calibration.intercept)),
    )
    against = "the first arm" if effects.contrasts == "control" else "every other arm"
    return [
        f"{counted(effects.n, 'effect')} of {counted(effects.studies, 'study')}: each arm's mean minus that of "
        f"{against}, in percentage points of the scale's width. The noise correction removes the contribution of "
        "sampling.",
        Table(("Figure", "Value (95 % interval over studies)"), rows),
        Picture(
            effects_figure(effects),
            "A slope below 1: predicted effects are too large. Bars are 95 % intervals of the actual effects.",
        ),
        *contrasts,
        *_left_out(effects),
    ]


def _wording_contrasts(effects: Effects) -> list[Part]:
    """The effects between arms that ask different questions, which are in no summary."""
    found = [one for one in effects.each if one.wording_contrast]
    if not found:
        return []
    rows = tuple(
        (
            one.name,
            with_interval(one.predicted, one.predicted_interval, 1),
            with_interval(one.actual, one.actual_interval, 1),
        )
        for one in found
    )
    return [
        f"Effects that are a {WORDING_CONTRAST}, in percentage points, of raw codes. The arms ask different questions, "
        "so that a higher answer may mean the opposite; they are in no figure above.",
        Table(("Effect", "Predicted", "Actual"), rows),
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
        ("Pearson r within cells", number(found.pearson_within_cells)),
        ("Predicted variance / actual variance", with_interval(spread.variance_ratio, spread.ci95, 2)),
        ("Variance between personas / actual variance", number(spread.between_people)),
        ("Answers", f"{found.n:,}"),
        ("Predictions that are not an answer",
         f"{found.invalid:,} invalid, {found.off_scale_predictions:,} off the scale"),
        ("Human answers off the scale", f"{found.off_scale_answers:,}"),
        ("Probability mass on the scale", number(metrics.on_scale_mass.mean)),
    )  # fmt: skip
    return [
        "Each figure is the expectation over one answer drawn from each person's predicted distribution.",
        Table(("Figure", "Value"), rows),
        *_as_original(metrics),
    ]


def _as_original(metrics: Metrics) -> list[Part]:
    found = metrics.individual_as_original
    if found.n is None:
        return []
    rows = (
        ("Exactly right", number(found.exact)),
        ("Right within one", number(found.within_one)),
        ("Pearson r, absurd predictions included", number(found.pearson)),
        (f"Pearson r without the {found.absurd or 0:,} absurd ones", number(found.pearson_without_absurd)),
        (
            f"Mean absolute error over the {found.n_up_to_ten or 0:,} pairs in which neither number exceeds 10",
            number(found.mae_up_to_ten),
        ),
    )
    return [
        f"As the original run's report computed them, for recognition: over all {found.n:,} pairs of an answer and a "
        "predicted number alike, whatever their scale, answers and predictions off the scale included.",
        Table(("Figure, as the original report has it", "Value"), rows),
    ]


def _groups(fairness: Mapping[str, AttributeFairness]) -> list[Part]:
    if not any(found.groups for found in fairness.values()):
        return ["No attribute of the participants has a group of 30 answers or more."]
    rows = []
    for attribute, found in fairness.items():
        if found.gap is not None:
            gap = f"{number(found.gap)} ({found.worst} worst, {found.best} best)"
            rows.append((attribute_words(attribute), gap, number(found.gap_excess)))
    skipped = [
        f"{attribute_words(attribute)}: {row.group} (n = {row.n})"
        for attribute, found in fairness.items()
        for row in found.skipped
    ]
    parts: list[Part] = [
        "A small group has a larger W even under a perfect prediction; the gap in the excess over each group's noise "
        "floor corrects for that. Each group is measured on the studies that it took part in, which can differ.",
        Table(("Attribute", "Worst minus best W", "Gap in the excess"), tuple(rows)),
        Picture(groups_figure(fairness), "W by group with 95 % intervals over studies."),
    ]
    if skipped:
        parts.append(Folded(f"Skipped, under 30 answers ({counted(len(skipped), 'group')})", "\n".join(skipped)))
    return parts


def _excluded(excluded: Sequence[Excluded]) -> list[Part]:
    if not excluded:
        return ["Nothing: every cell is in all figures."]
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
    if provenance.trained_on == 0:
        parts.append("No training studies of the model are on record, so there was nothing to compare with.")
    elif provenance.trained_on is not None:
        parts.append(
            f"According to its record, the model was trained on {counted(provenance.trained_on, 'study')}; "
            f"{len(provenance.contaminated):,} of them are evaluated here."
        )
        pairs = provenance.near_duplicates
        if not provenance.stimuli_compared:
            compared = provenance.studies_compared
            with_whom = (
                f"compared only with those of {counted(compared, 'study')}" if compared else "not compared with them"
            )
            parts.append(
                f"Not all of its training stimuli are available. The evaluated ones were {with_whom}, and "
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
        parts.append("The file does not state what its model was trained on.")
    parts.append(
        "The pretraining data of a base model are not known: they may include published studies, and no check can "
        "exclude that."
    )
    return parts


def _provenance(provenance: Provenance) -> list[Part]:
    shown = {key: value for key, value in provenance.said.items() if key != "near_duplicates"}
    return [Folded("Model, data, versions, seeds", json.dumps(shown, indent=1, ensure_ascii=False))]
