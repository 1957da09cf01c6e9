"""What the event listeners of all tabs share: the type of their updates, the settings of the quick ones, and state."""

from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

Updates = dict[Block, Any]
"""What a handler returns: component → its new value, or `gr.update(…)`. Components that are left out do not change."""

QUICK: Final[dict[str, Any]] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
"""For listeners that only redraw controls."""

KEPT_SECONDS: Final = 8 * 3600
"""How long the state of an idle page is kept: a working day."""


def kept(value: object) -> gr.State:
    """A value that stays on the server with a visitor's page, and is forgotten when the page has been idle for long."""
    return gr.State(value, time_to_live=KEPT_SECONDS)
