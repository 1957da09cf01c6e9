"""What a picture says in words, for who cannot see it, and what its file is called.

Both travel in the figure itself (`layout.meta`), from where the script of the page reads them: so picture, words and
name are always of the same result.
"""

import re
from typing import Final

import plotly.graph_objects as go

from socrates_core.report.effect_table import shares_by_option
from socrates_core.report.figures import wrapped
from socrates_core.report.words import percent
from socrates_core.simulation.result import ArmResult, Simulation

MOST: Final = 21
"""Options or conditions that are named; the table below a picture has all of them."""

LONGEST: Final = 40
"""Characters of a part of a file name."""


def told(figure: go.Figure, result: Simulation, words: str, what: str) -> go.Figure:
    """The figure with its words, its title as a file, and its file name.

    Args:
        figure: The figure.
        result: What it is of.
        words: What it shows.
        what: What the file's name ends with: `answers` of one condition, or `means` of all.
    """
    model = f"{result.model.name}{f' with adapter {result.model.adapter}' if result.model.adapter else ''}"
    kind = "" if result.study.real else " · invented study"
    condition = f" · {result.arms[0].cell.condition_label}" if what == "answers" else ""
    title = f"{' '.join(result.study.title.split())}{condition}{kind}"
    under = f"Predicted: simulated by {model}, seed {result.request.seed}"
    under += f", {len(result.request.edits)} edits of the people" if result.request.edits else ""
    drawn = {"title": wrapped(title, 100, 2), "under": wrapped(under, 130, 1)}
    figure.update_layout(meta={"alt": words, "file": f"{file_stem(result)}-{what}", **drawn})
    return figure


def shares_words(arm: ArmResult) -> str:
    """The bars of a histogram."""
    rows = shares_by_option(arm)
    said = [
        f"{f'{answer} {label}'.strip()}: predicted {percent(ours)}"
        f"{'' if theirs is None else f', actual {percent(theirs)}'}"
        for answer, label, ours, theirs in rows
        if not arm.open_ended or ours or theirs
    ]
    return f"Bar chart of the shares of answers, {arm.cell.condition_label}. {_listed(said)}"


def means_words(result: Simulation) -> str:
    """The marks of the picture of means, or medians."""
    said = []
    for arm in result.arms:
        if arm.numbers is not None:
            ours, theirs = arm.numbers.predicted.median, arm.numbers.actual.median if arm.numbers.actual else None
            said.append(
                f"{arm.cell.condition_label}: predicted {ours:,}{'' if theirs is None else f', actual {theirs:,}'}"
            )
        else:
            actual = "" if arm.actual_mean is None else f", actual {arm.actual_mean:.2f}"
            said.append(f"{arm.cell.condition_label}: predicted {arm.predicted_mean:.2f}{actual}")
    of = "medians" if result.arms[0].open_ended else "means"
    return f"Chart of the {of} of all conditions. {_listed(said)}"


def _listed(said: list[str]) -> str:
    more = f"; {len(said) - MOST} more in the table below" if len(said) > MOST else ""
    return f"{'; '.join(said[:MOST])}{more}."


def file_stem(result: Simulation) -> str:
    """The beginning of a file's name: `socrates-gss-welfare-assistance-to-the-poor-cell-21`."""
    cell = result.arms[0].cell
    parts = [part for part in (_slug(cell.study_id), _slug(cell.condition_label)) if part]
    return "-".join(["socrates", *parts, f"cell-{cell.cell_id}"])


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.casefold())[:LONGEST].strip("-")
