"""How a run looks before it starts: its size, its tokens, its time, and what speaks against it."""

from collections.abc import Sequence
from typing import Final

from socrates_core.ui.evaluate.form import Preview
from socrates_core.ui.evaluate.view import duration
from socrates_core.ui.html import text

SHOWN_IDS: Final = 12
"""Study ids that a message names."""


def preview_html(preview: Preview, ahead: int) -> str:
    """What a run would be: its size, its tokens, its time.

    Args:
        preview: The run.
        ahead: Runs that are at work or wait already.
    """
    plan = preview.plan
    each = "everybody" if preview.spec.per_cell is None else f"up to {preview.spec.per_cell:,}"
    facts = [
        ("Studies", f"{plan.studies:,}", ""),
        ("Cells", f"{plan.cells:,}", _left_out(plan.left_out)),
        ("Answers to predict", f"{plan.answers:,}", f"{each} of each cell"),
    ]
    if preview.tokens:
        about = "about " if preview.tokens.estimated else ""
        facts += [
            ("Tokens to compute", f"{about}{_brief(preview.tokens.computed)}", "in the tree of all prompts"),
            (
                "Sharing bound",
                f"{about}{preview.tokens.sharing_bound:.1f}×",
                f"{about}{_brief(preview.tokens.unshared)} tokens if nobody shared a prompt",
            ),
        ]
    if preview.pace:
        facts.append(("Time", f"about {duration(preview.pace.seconds(plan))}", _pace(preview)))
    tiles = "".join(
        f"<div class='tile'><h4>{name}</h4><div class='value'>{value}</div><div class='below'>{text(note)}</div></div>"
        for name, value, note in facts
    )
    return f"<div class='tiles plan'>{tiles}</div>{_notes(preview, ahead)}"


def _notes(preview: Preview, ahead: int) -> str:
    notes = []
    if preview.no_tokens:
        notes.append(f"Tokens and time cannot be told before it runs: {preview.no_tokens}")
    elif preview.pace is None and preview.tokens:
        notes.append("No estimate of time: this model has not run on this machine yet.")
    elif preview.pace is None:
        notes.append("No estimate of time: nothing like it has run on this machine yet. Tokens are not counted here.")
    if preview.plan.fewest < 10:
        notes.append(
            f"The smallest cell has {preview.plan.fewest} people: the fewer, the higher the noise floor, and the "
            "less a distance says."
        )
    if preview.own_on_gpu:
        notes.append(
            "This app holds the same model on the GPU. A run loads it once more: if both do not fit, start the run "
            "from the command line with the app stopped, or let the app run the demo model."
        )
    else:
        notes.append("A run works in a process of its own, with its own copy of the model in memory.")
    if ahead:
        notes.append(f"{_runs(ahead)} ahead in the line; this one would wait for its turn.")
    return "".join(f"<p class='quiet'>{text(note)}</p>" for note in notes)


def _pace(preview: Preview) -> str:
    pace = preview.pace
    assert pace is not None
    rate = f"{pace.rate:,.0f}" if pace.rate >= 10 else f"{pace.rate:.2g}"
    if pace.source == "calibration":
        return f"at {rate} answers a second, just tried on a few cells; loading and scoring come on top"
    studies = "these studies" if pace.source == "same studies" else "other studies"
    return f"at {rate} answers a second, measured in this model's last run here, on {studies}; loading included"


def seen_html(seen: Sequence[str]) -> str:
    """Why a run is refused, with the way on."""
    if not seen:
        return ""
    some = ", ".join(seen[:SHOWN_IDS]) + (f" and {len(seen) - SHOWN_IDS:,} more" if len(seen) > SHOWN_IDS else "")
    studies = "1 of these studies" if len(seen) == 1 else f"{len(seen):,} of these studies"
    return (
        f"<p class='warning' role='alert'>The model has learned from {studies}: {text(some)}. What it scores on them "
        "says nothing about unseen ones, so the run is refused. Choose another part, or tick the box below.</p>"
    )


def _brief(count: int) -> str:
    for size, letter in ((1_000_000_000, " billion"), (1_000_000, " million"), (10_000, "k")):
        if count >= size:
            unit = 1000 if letter == "k" else size
            return f"{count / unit:.3g}{letter}" if count / unit < 1000 else f"{count / unit:,.0f}{letter}"
    return f"{count:,}"


def _left_out(count: int) -> str:
    return f"{count:,} more cannot be evaluated: open-ended, or nobody answered" if count else ""


def _runs(count: int) -> str:
    return "1 run is" if count == 1 else f"{count} runs are"
