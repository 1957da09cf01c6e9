"""What the event listeners of all tabs share: the type of their updates, and the settings of the quick ones."""

from typing import Any, Final

from gradio.blocks import Block

Updates = dict[Block, Any]
"""What a handler returns: component → its new value, or `gr.update(…)`. Components that are left out do not change."""

QUICK: Final[dict[str, Any]] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
"""For listeners that only redraw controls."""
