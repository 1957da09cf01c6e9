"""What the event listeners of all tabs share: updates, the settings of the quick ones, state, progress."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

LEAST_WAIT: Final = 1.0
"""Seconds of computing before the remaining time is estimated."""

Updates = dict[Block, Any]
"""What a handler returns: component → its new value, or `gr.update(…)`. Components that are left out do not change."""

Changes = dict[str, Any]
"""What a handler returns that knows no components: the name of one → its new value, or `gr.update(…)`."""

QUICK: Final[dict[str, Any]] = {
    "show_progress": "hidden",
    "show_progress_on": [],
    "queue": False,
    "api_visibility": "private",
}
"""For listeners that only redraw controls. On nothing, because Gradio searches its whole page for every component that
progress could stand on, whenever any listener begins or ends, though hidden progress is never drawn."""

LATEST: Final[dict[str, Any]] = {**QUICK, "trigger_mode": "always_last"}
"""For what a visitor chooses or types. Gradio would drop what is chosen while an earlier choice is being answered; so
that is answered next, from the values that the controls have by then. The handler must not change the control whose
event it answers, nor read the data of the event, which would be those of the earlier one."""

EACH: Final[dict[str, Any]] = {**QUICK, "trigger_mode": "multiple"}
"""Likewise for handlers that read the data of the event: every choice is answered at once."""

EVERYBODY: Final = "everybody"
"""The value of `audience_radio` that lets all visitors see and use something."""

KEPT_SECONDS: Final = 8 * 3600
"""How long the state of an idle page is kept: a working day."""


def on(components: Mapping[str, Block], handler: Callable[..., Changes]) -> Callable[..., Updates]:
    """A handler whose changes are of these components, by name; Gradio reads its signature as that of the original."""

    @wraps(handler)
    def changing(*values: Any) -> Updates:
        return {components[name]: change for name, change in handler(*values).items()}

    return changing


def steps_on(
    components: Mapping[str, Block], handler: Callable[..., Iterator[Changes]]
) -> Callable[..., Iterator[Updates]]:
    """Likewise for a handler that goes on changing them."""

    @wraps(handler)
    def changing(*values: Any) -> Iterator[Updates]:
        for changes in handler(*values):
            yield {components[name]: change for name, change in changes.items()}

    return changing


def once(menu: gr.Dropdown, name: str) -> gr.Button:
    """A hidden button with this id, pressed whenever something is chosen in a menu.

    Gradio tells twice of a choice by mouse, and the answer to the second would undo what is done after the first.
    """
    button = gr.Button(name, visible="hidden", elem_id=name)
    menu.input(None, menu, None, js=f"(value) => socrates.once('{name}', value)")
    return button


def kept(value: object) -> gr.State:
    """A value that stays on the server with a visitor's page, and is forgotten when the page has been idle for long."""
    return gr.State(value, time_to_live=KEPT_SECONDS)


def audience_radio(element: str) -> gr.Radio:
    """Asks the owner whom something is for; shown to nobody else."""
    who = [("Only the owner", "owner"), ("Everybody who visits", EVERYBODY)]
    return gr.Radio(who, value="owner", label="Who may see and use it", elem_id=element, min_width=280, visible=False)


def report_progress(
    progress: gr.Progress, what: str = "Asking the model", units: str = "profiles"
) -> Callable[[int, int], None]:
    """A callback that shows progress and remaining time in the status line of a run."""
    start = time.monotonic()

    def report(done: int, total: int) -> None:
        spent = time.monotonic() - start
        left = ""
        if done and spent > LEAST_WAIT:
            left = f", about {max(1, round(spent * (total - done) / done)):,} s left"
        progress((done, total), desc=f"{what}: {done:,} of {total:,} {units}{left}", unit="")

    return report
