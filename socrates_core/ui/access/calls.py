"""Calls of the page's handlers: whether the body of a request is one, before Gradio reads it.

Gradio answers a call that it cannot read with an internal error and a traceback in the log, which anybody could fill.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import gradio as gr

DEEPEST: Final = 20
"""Levels of lists and objects in a call."""

_LARGEST: Final = 2**63
_SESSION: Final = re.compile(r"[\w-]{1,64}")
_ROUTE: Final = re.compile(r"/gradio_api/(queue/join|run|call)(?:/([\w/-]+?))?/?")


@dataclass(frozen=True)
class Calls:
    """The handlers that can be called."""

    inputs: Mapping[int, int] = field(default_factory=dict)
    """Id of a handler → number of its inputs."""
    names: frozenset[str] = frozenset()
    """Names of the endpoints for programs."""

    @classmethod
    def of(cls, page: gr.Blocks) -> "Calls":
        """The handlers of a finished page."""
        names = frozenset(fn.api_name for fn in page.fns.values() if isinstance(fn.api_name, str))
        return cls({number: len(fn.inputs) for number, fn in page.fns.items()}, names)

    def match(self, method: str, path: str) -> bool:
        """Whether a request has a body that Gradio reads: a call, or what cancels one."""
        return method == "POST" and path.startswith("/gradio_api/")

    def fault(self, path: str, body: bytes) -> str | None:
        """What is wrong with the body of such a request, for the visitor; None if nothing is."""
        try:
            call = json.loads(body)
        except (ValueError, RecursionError):
            return "The request is not valid JSON."
        if not isinstance(call, dict):
            return "The request is not a JSON object."
        if not _is_plain(call):
            return f"A request holds finite numbers, valid text, and at most {DEEPEST} levels of lists and objects."
        if _ROUTE.fullmatch(path) is None:
            return None
        if not isinstance(call.get("data"), list):
            return "A call has a list `data`."
        session = call.get("session_hash")
        if session is not None and not (isinstance(session, str) and _SESSION.fullmatch(session)):
            return "`session_hash` is up to 64 letters and digits."
        return self._wrong_handler(path, call)

    def _wrong_handler(self, path: str, call: Mapping[str, Any]) -> str | None:
        number = call.get("fn_index")
        if number is None:
            match = _ROUTE.fullmatch(path)
            known = match is not None and match[1] != "queue/join" and match[2] in self.names
            return None if known else "There is no endpoint of this name; /gradio_api/info lists them."
        if isinstance(number, bool) or not isinstance(number, int) or number not in self.inputs:
            return "There is no handler of this number; reload the page."
        needed = self.inputs[number]
        return None if len(call["data"]) == needed else f"This handler takes {needed} values; reload the page."


def _is_plain(value: object) -> bool:
    """Whether JSON holds nothing that would break what reads it: walked level by level, since nesting has no end."""
    level = [value]
    for _ in range(DEEPEST):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below += [*one, *one.values()]
            elif isinstance(one, list):
                below += one
            elif not _is_sound(one):
                return False
        if not below:
            return True
        level = below
    return False


def _is_sound(one: object) -> bool:
    if isinstance(one, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in one)
    return not isinstance(one, int | float) or (math.isfinite(one) and abs(one) < _LARGEST)
