"""What the event listeners of all tabs share: the type of their updates, settings of the quick ones, progress."""

import time
from collections.abc import Callable
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

LEAST_WAIT: Final = 1.0
"""Seconds of computing before the remaining time is estimated."""

Updates = dict[Block, Any]
"""What a handler returns: component → its new value, or `gr.update(…)`. Components that are left out do not change."""

QUICK: Final[dict[str, Any]] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
"""For listeners that only redraw controls."""


def report_progress(progress: gr.Progress) -> Callable[[int, int], None]:
    """A callback that shows progress and remaining time in the status line of a run."""
    start = time.monotonic()

    def report(done: int, total: int) -> None:
        spent = time.monotonic() - start
        left = ""
        if done and spent > LEAST_WAIT:
            left = f", about {max(1, round(spent * (total - done) / done)):,} s left"
        progress((done, total), desc=f"Asking the model: {done:,} of {total:,} profiles{left}", unit="")

    return report
