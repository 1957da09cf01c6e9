"""The report of a comparison: the leaderboard, and which differences are resolved."""

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from socrates_core.evaluation.results.comparison import (
    Basis,
    Comparison,
    LeaderboardRow,
    PairwiseDifference,
    basis_sentences,
)
from socrates_core.evaluation.results.distances import StudyKind
from socrates_core.report.document import Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress, lines_of
from socrates_core.report.words import percent

TITLE = "Comparison of evaluations"


def report(comparison: Comparison) -> tuple[str, str]:
    """The report as a self-contained HTML page and as Markdown."""
    sections = [
        Section("", _introduction(comparison)),
        *(
            section
            for kind in comparison.kinds
            for section in (
                Section(_titled("Leaderboard", comparison, kind), _leaderboard(comparison, kind), kind),
                Section(_titled("Pair by pair", comparison, kind), _pairs(comparison, kind), kind),
            )
        ),
    ]
    return to_html(TITLE, sections), to_markdown(TITLE, sections)


def _titled(title: str, comparison: Comparison, kind: StudyKind) -> str:
    return title if len(comparison.kinds) == 1 else f"{title}: {kind} studies"


def leaderboard_table(comparison: Comparison, kind: StudyKind) -> Table:
    """Models and references on studies of one kind, closest first."""
    found = [row for row in comparison.leaderboard if row.studies == kind]
    rows = tuple(
        (
            row.name + (" (CONTAMINATED)" if row.contaminated else ""),
            _number(row.mean, 4),
            "" if row.ci95 is None else f"{row.ci95.low:.4f} to {row.ci95.high:.4f}",
            *_basis(row.basis),
            _number(row.flat_mean, 4),
            f"{row.cells:,}",
            *(_number(value, 2) for value in (row.effects_pearson, row.calibration_slope)),
            _number(row.effects_rmse, 1),
            _number(row.accuracy, 3),
        )
        for row in found
    )
    basis = ("W at worst", "Predictions used", "Mass on scale")
    header = (
        *("Model", "W", "95 % interval", *basis, "Flat mean", "Cells"),
        *("Effects r", "Slope", "Effects RMSE", "Accuracy"),
    )
    figures = any(row.accuracy is not None or row.effects_rmse is not None for row in found)
    shown = len(header) if figures else header.index("Effects r")
    return Table(header[:shown], tuple(row[:shown] for row in rows))


def _basis(basis: Basis | None) -> tuple[str, str, str]:
    """What a model's W is at worst, how many predictions it rests on, and the mass on the scale."""
    if basis is None:
        return "", "", ""
    return (
        "" if basis.worst is None else _number(basis.worst.mean, 4),
        f"{basis.predictions - basis.unusable:,} of {basis.predictions:,}",
        "" if basis.on_scale_mass is None else percent(basis.on_scale_mass),
    )


def _introduction(comparison: Comparison) -> list[Part]:
    by = "the stated scale" if comparison.convention == "scale" else "the range of the human answers"
    of_kind = "" if comparison.kind == "all" else f"{comparison.kind} "
    figures = any(row.accuracy is not None for row in comparison.leaderboard)
    parts: list[Part] = [
        f"Wasserstein distances (W) by {by} on {comparison.cells:,} cells of {comparison.studies:,} {of_kind}studies "
        "that all evaluations scored with the same human answers. Smaller is closer. The uniform baseline guesses "
        "evenly: every option has the same share."
        + (" Effects and accuracy are over all cells of each evaluation." if figures else "")
        + (" Real and synthetic studies are compared separately." if len(comparison.kinds) > 1 else "")
    ]
    if comparison.convention == "scale":
        parts.append(
            "W at worst counts each prediction that is no option of the scale, or cannot be read, as the option that "
            "makes W largest, also in cells where too few others are left for a W; models are ranked by it."
        )
    parts += [Warned(sentence) for sentence in basis_sentences(comparison)]
    fewer = [f"{name}: {count:,}" for name, count in comparison.left_out.items() if count]
    if fewer:
        parts.append(f"Cells left out because not all evaluations have them: {'; '.join(fewer)}.")
    contaminated = sorted({row.name for row in comparison.leaderboard if row.contaminated})
    if contaminated:
        parts.append(Warned(f"CONTAMINATED: trained on studies that are evaluated here: {', '.join(contaminated)}."))
    return parts


def _leaderboard(comparison: Comparison, kind: StudyKind) -> list[Part]:
    rows = [row for row in comparison.leaderboard if row.studies == kind]
    return [
        leaderboard_table(comparison, kind),
        *_proper_scores(rows),
        Picture(_dots(rows), "Mean W with 95 % intervals over studies."),
    ]


SCORE_NAMES: Final = {"brier": "Brier score", "rps": "Ranked probability score", "log": "Log score"}


def _proper_scores(leaderboard: Sequence[LeaderboardRow]) -> list[Part]:
    """Proper scores of the models that state probabilities, and of the uniform baseline."""
    rows = tuple(
        (row.name, *(_number(value, 4) for value in (row.scores.brier, row.scores.rps, row.scores.log)),
         f"{row.scores.cells:,}")
        for row in leaderboard
        if row.scores.cells
    )  # fmt: skip
    if not rows:
        return []
    return [
        Table(("Model", *SCORE_NAMES.values(), "Cells"), rows),
        "Proper scores judge the distribution predicted for each person by this person's answer; smaller is better. "
        "They are over the cells in which all evaluations state probabilities.",
    ]


def _score_pairs(differences: Sequence[PairwiseDifference]) -> list[Part]:
    rows = tuple(
        (
            pair.one,
            pair.other,
            SCORE_NAMES[found.score],
            f"{found.difference:+.4f}",
            "" if found.ci95 is None else f"{found.ci95.low:+.4f} to {found.ci95.high:+.4f}",
            f"{found.cells:,}",
        )
        for pair in differences
        for found in pair.scores
    )
    header = ("Model", "Compared with", "Proper score", "Better by", "95 % interval", "Cells")
    return [Table(header, rows)] if rows else []


def _pairs(comparison: Comparison, kind: StudyKind) -> list[Part]:
    differences = [pair for pair in comparison.differences if pair.studies == kind]
    rows = tuple(
        (
            pair.one,
            pair.other,
            f"{pair.difference:+.4f}",
            "" if pair.ci95 is None else f"{pair.ci95.low:+.4f} to {pair.ci95.high:+.4f}",
            f"{pair.wins} : {pair.losses}" + (f", {pair.ties} tied" if pair.ties else ""),
            "yes" if pair.resolved else "no",
        )
        for pair in differences
    )
    header = ("Model", "Compared with", "Closer by (W)", "95 % interval", "Studies won : lost", "Resolved")
    return [Table(header, rows), *(pair.sentence for pair in differences), *_score_pairs(differences)]


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
            y=[lines_of(row.name if len(row.name) <= 28 else row.name[:27] + "…") for row, _ in chosen],
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
