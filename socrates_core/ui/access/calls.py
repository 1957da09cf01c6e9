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
_ROUTE: Final = re.compile(r"/gradio_api/(queue/join|run|call/v2|call)(?:/([\w/-]+?))?/?")


@dataclass(frozen=True)
class Parameters:
    """The arguments of an endpoint for programs."""

    names: tuple[str, ...]
    required: frozenset[str]


@dataclass(frozen=True)
class Calls:
    """The handlers that can be called."""

    inputs: Mapping[int, int] = field(default_factory=dict)
    """Id of a handler → number of its inputs."""
    named: Mapping[str, Parameters] = field(default_factory=dict)
    """Name of an endpoint for programs → its arguments."""

    @classmethod
    def of(cls, page: gr.Blocks) -> "Calls":
        """The handlers of a finished page."""
        named = {}
        for name, endpoint in page.get_api_info()["named_endpoints"].items():
            listed = [(one["parameter_name"], one["parameter_has_default"]) for one in endpoint["parameters"]]
            required = frozenset(one for one, optional in listed if not optional)
            named[name.removeprefix("/")] = Parameters(tuple(one for one, _ in listed), required)
        return cls({number: len(fn.inputs) for number, fn in page.fns.items()}, named)

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
        route = _ROUTE.fullmatch(path)
        if route is None:
            return None
        if route[1] == "call/v2":
            return self._wrong_names(route[2], call)
        if not isinstance(call.get("data"), list):
            return "A call has a list `data`."
        session = call.get("session_hash")
        if session is not None and not (isinstance(session, str) and _SESSION.fullmatch(session)):
            return "`session_hash` is up to 64 letters and digits."
        return self._wrong_handler(path, call)

    def _wrong_names(self, name: str | None, call: Mapping[str, Any]) -> str | None:
        """A call with its arguments by name."""
        takes = self.named.get(name or "")
        if takes is None:
            return self._no_endpoint()
        unknown = sorted(set(call) - set(takes.names))
        missing = sorted(takes.required - set(call))
        if not unknown and not missing:
            return None
        wrong = f"has no argument {unknown[0][:60]!r}" if unknown else f"needs the argument {missing[0]!r}"
        return f"/{name} {wrong}; it takes {', '.join(takes.names) or 'none'}."

    def _wrong_handler(self, path: str, call: Mapping[str, Any]) -> str | None:
        number, given = call.get("fn_index"), len(call["data"])
        if number is None:
            match = _ROUTE.fullmatch(path)
            takes = None if match is None or match[1] == "queue/join" else self.named.get(match[2])
            if match is None or takes is None:
                return self._no_endpoint()
            if given == len(takes.names):
                return None
            return f"/{match[2]} takes {len(takes.names)} values: {', '.join(takes.names)}."
        if isinstance(number, bool) or not isinstance(number, int) or number not in self.inputs:
            return "There is no handler of this number; reload the page."
        needed = self.inputs[number]
        return None if given == needed else f"This handler takes {needed} values; reload the page."

    def _no_endpoint(self) -> str:
        return f"There is no endpoint of this name; there are {', '.join(self.named) or 'none'}."


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
