"""The report of a comparison: the leaderboard, and which differences are resolved."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import plotly.graph_objects as go

from socrates_core.evaluation.comparison import Comparison, LeaderboardRow
from socrates_core.evaluation.results.distances import StudyKind
from socrates_core.report.document import Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress
from socrates_core.report.words import TRUSTED_MASS

TITLE = "Comparison of evaluations"

KIND_TITLES: Final[Mapping[StudyKind, str]] = {
    "real": "Real studies",
    "synthetic": "Synthetic studies",
    "unknown": "Studies of unknown kind",
}


def report(comparison: Comparison) -> tuple[str, str]:
    """The report as a self-contained HTML page and as Markdown."""
    sections = _sections(comparison)
    return to_html(TITLE, sections), to_markdown(TITLE, sections)


def report_by_kind(comparisons: Mapping[StudyKind, Comparison]) -> tuple[str, str]:
    """The report of `compare_by_kind`: the kinds of studies one after the other, without a figure over both."""
    sections = []
    if len(comparisons) > 1:
        sections.append(Section("", ["Each kind of studies is compared apart: what holds on one need not on another."]))
    for kind, comparison in comparisons.items():
        title = KIND_TITLES[kind]
        sections += [replace(one, title=f"{title}: {one.title.lower()}" if one.title else title)
                     for one in _sections(comparison)]  # fmt: skip
    return to_html(TITLE, sections), to_markdown(TITLE, sections)


def _sections(comparison: Comparison) -> list[Section]:
    return [
        Section("", _introduction(comparison)),
        Section("Leaderboard", _leaderboard(comparison)),
        Section("Pair by pair", _pairs(comparison)),
    ]


def leaderboard_table(comparison: Comparison) -> Table:
    """Models and references, closest first."""
    rows = tuple(
        (
            row.name + (" (CONTAMINATED)" if row.contaminated else ""),
            _number(row.mean, 4),
            "" if row.on_scale_mass is None else f"{row.on_scale_mass:.1%}",
            "" if row.ci95 is None else f"{row.ci95.low:.4f} to {row.ci95.high:.4f}",
            _number(row.flat_mean, 4),
            f"{row.cells:,}",
            *(_number(value, 2) for value in (row.effects_pearson, row.calibration_slope)),
            _number(row.effects_rmse, 1),
            _number(row.accuracy, 3),
        )
        for row in comparison.leaderboard
    )
    header = (
        "Model",
        "W",
        "On the scale",
        "95 % interval",
        "Flat mean",
        "Cells",
        "Effects r",
        "Slope",
        "Effects RMSE",
        "Accuracy",
    )
    shown = len(header) if comparison.kind == "all" else header.index("Effects r")
    return Table(header[:shown], tuple(row[:shown] for row in rows))


def _introduction(comparison: Comparison) -> list[Part]:
    by = "the stated scale" if comparison.convention == "scale" else "the range of the human answers"
    whole = comparison.kind == "all"
    of_kind = "" if whole else f"{comparison.kind} "
    parts: list[Part] = [
        f"Wasserstein distances (W) by {by} on {comparison.cells:,} cells of {comparison.studies:,} {of_kind}studies "
        "that all evaluations scored with the same human answers. Smaller is closer. The uniform baseline guesses "
        "evenly: every option has the same share."
        + (" Effects and accuracy are over all cells of each evaluation." if whole else "")
    ]
    fewer = [f"{name}: {count:,}" for name, count in comparison.left_out.items() if count]
    if fewer:
        parts.append(f"Cells left out because not all evaluations have them: {'; '.join(fewer)}.")
    parts += [
        Warned(
            f"Only {row.on_scale_mass:.1%} of the probability of {row.name} is on the scale: otherwise it would have "
            "written something else than an answer, which its W leaves out."
        )
        for row in comparison.leaderboard
        if row.on_scale_mass is not None and row.on_scale_mass < TRUSTED_MASS
    ]
    contaminated = [row.name for row in comparison.leaderboard if row.contaminated]
    if contaminated:
        parts.append(Warned(f"CONTAMINATED: trained on studies that are evaluated here: {', '.join(contaminated)}."))
    return parts


def _leaderboard(comparison: Comparison) -> list[Part]:
    return [
        leaderboard_table(comparison),
        Picture(_dots(comparison.leaderboard), "Mean W with 95 % intervals over studies."),
    ]


def _pairs(comparison: Comparison) -> list[Part]:
    rows = tuple(
        (
            pair.one,
            pair.other,
            f"{pair.difference:+.4f}",
            "" if pair.ci95 is None else f"{pair.ci95.low:+.4f} to {pair.ci95.high:+.4f}",
            f"{pair.wins} : {pair.losses}" + (f", {pair.ties} tied" if pair.ties else ""),
            "yes" if pair.resolved else "no",
        )
        for pair in comparison.differences
    )
    header = ("Model", "Compared with", "Closer by (W)", "95 % interval", "Studies won : lost", "Resolved")
    return [Table(header, rows), *(pair.sentence for pair in comparison.differences)]


def _dots(leaderboard: Sequence[LeaderboardRow]) -> go.Figure:
    rows = [(row, row.mean) for row in leaderboard if row.mean is not None]
    figure = go.Figure()
    for kind, name, colour, symbol in (
        ("model", "Models", PREDICTED, "diamond"),
        ("reference", "References", ACTUAL, "circle"),
    ):
        chosen = [(row, mean) for row, mean in rows if row.kind == kind]
        figure.add_scatter(
            name=name,
            mode="markers",
            x=[mean for _, mean in chosen],
            y=[html.escape(row.name if len(row.name) <= 28 else row.name[:27] + "…") for row, _ in chosen],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [0 if row.ci95 is None else row.ci95.high - mean for row, mean in chosen],
                "arrayminus": [0 if row.ci95 is None else mean - row.ci95.low for row, mean in chosen],
                "color": NEUTRAL,
            },
            marker={"color": colour, "symbol": symbol, "size": 10},
        )
    dress(figure, height=140 + 30 * len(rows))
    figure.update_xaxes(title={"text": "Wasserstein distance (W)"}, rangemode="tozero")
    return figure


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
