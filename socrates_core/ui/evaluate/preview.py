"""The preview of a run as HTML: its size, tokens and time, and warnings."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from socrates_core.report.markup import markup
from socrates_core.report.words import duration
from socrates_core.ui.evaluate.form import Preview

SHOWN_IDS: Final = 12
"""Number of study ids listed in a message."""


def preview_html(preview: Preview, active: int) -> Markup:
    """Size, tokens and time of a run.

    Args:
        preview: The run.
        active: Number of runs that are running or queued.
    """
    plan = preview.plan
    facts = [
        ("Studies", f"{plan.studies:,}", ""),
        ("Cells", f"{plan.cells:,}", _left_out(plan.left_out)),
        ("Human answers compared", f"{plan.answers:,}", _drawn(preview)),
    ]
    if preview.tokens:
        about = "about " if preview.tokens.estimated else ""
        facts += [
            ("Tokens to compute", f"{about}{_brief(preview.tokens.computed)}", "with shared prefixes computed once"),
            (
                "Saved by sharing, at most",
                f"{about}{preview.tokens.sharing_bound:.1f}×",
                f"{about}{_brief(preview.tokens.unshared)} tokens without sharing",
            ),
        ]
    if preview.pace:
        facts.append(("Time", f"about {duration(preview.pace.seconds(plan))}", _pace(preview)))
    return markup(
        "<div class='tiles plan'>{% for name, value, note in facts %}<div class='tile'><h3>{{ name }}</h3>"
        "<div class='value'>{{ value }}</div><div class='below'>{{ note }}</div></div>{% endfor %}</div>"
        "{% for note in notes %}<p class='quiet'>{{ note }}</p>{% endfor %}",
        facts=facts, notes=_notes(preview, active),
    )  # fmt: skip


def _notes(preview: Preview, active: int) -> list[str]:
    notes = []
    if preview.no_tokens:
        notes.append(f"Tokens and time cannot be estimated: {preview.no_tokens}")
    elif preview.pace is None and preview.tokens:
        notes.append("No time estimate: this model has not run on this machine yet.")
    elif preview.pace is None and preview.measured:
        notes.append("No time estimate: no comparable run on this machine yet. Tokens of this model cannot be counted.")
    if preview.plan.fewest < 10:
        notes.append(
            f"The smallest cell has {preview.plan.fewest} people: the fewer, the higher the noise floor, and the "
            "less W says."
        )
    if preview.own_on_gpu:
        notes.append(
            "This app has the same model on the GPU, and a run loads it a second time. If memory is too small for "
            "both, stop the app and start the run from the command line, or start the app with the demo model."
        )
    else:
        notes.append("A run is a separate process with its own copy of the model in memory.")
    if active:
        notes.append(f"{_runs(active)} running or queued; this one will wait in the queue.")
    return notes


def _drawn(preview: Preview) -> str:
    """Which of the human answers a prediction is made for and compared with."""
    plan, most = preview.plan, preview.spec.per_cell
    if plan.answers == plan.given:
        return "all of these cells"
    return (
        f"of {plan.given:,}: at most {most or 0:,} per cell, drawn at random. The others are not compared; enter 0 as "
        "People per cell to compare all"
    )


def _pace(preview: Preview) -> str:
    pace = preview.pace
    assert pace is not None
    rate = f"{pace.rate:,.0f}" if pace.rate >= 10 else f"{pace.rate:.2g}"
    if pace.source == "calibration":
        return f"at {rate} answers per second, measured on a few cells; loading and scoring not included"
    studies = "these studies" if pace.source == "same studies" else "other studies"
    return f"at {rate} answers per second, from this model's last run here on {studies}; loading included"


def seen_html(seen: Sequence[str]) -> Markup:
    """Why a run is refused, and the alternatives."""
    if not seen:
        return Markup()
    some = ", ".join(seen[:SHOWN_IDS]) + (f" and {len(seen) - SHOWN_IDS:,} more" if len(seen) > SHOWN_IDS else "")
    studies = "1 of these studies" if len(seen) == 1 else f"{len(seen):,} of these studies"
    return markup(
        "<p class='warning' role='alert'>The model was trained on {{ studies }}: {{ some }}. Scores on them say "
        "nothing about unseen studies, so the run is refused. Choose another part, or tick the box below.</p>",
        studies=studies, some=some,
    )  # fmt: skip


def _brief(count: int) -> str:
    for size, letter in ((1_000_000_000, " billion"), (1_000_000, " million"), (10_000, "k")):
        if count >= size:
            unit = 1000 if letter == "k" else size
            return f"{count / unit:.3g}{letter}" if count / unit < 1000 else f"{count / unit:,.0f}{letter}"
    return f"{count:,}"


def _left_out(count: int) -> str:
    return f"{count:,} more cannot be evaluated: open-ended or without answers" if count else ""


def _runs(count: int) -> str:
    return "1 run is" if count == 1 else f"{count} runs are"
