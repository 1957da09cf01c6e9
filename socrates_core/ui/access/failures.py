"""When something breaks that nobody foresaw, the visitor reads a sentence with a number, and the log has the rest.

A `SocratesError` is foreseen: its text is meant for the visitor and is shown as it is.
"""

import functools
import html
import inspect
import logging
import os
import re
import secrets
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import gradio as gr
from starlette.requests import ClientDisconnect

from socrates_core.errors import SocratesError
from socrates_core.hub.access import scrub

_LOG: Final = logging.getLogger("socrates")

_SECRET_NAME: Final = re.compile(r"TOKEN|SECRET|PASSWORD|_KEY\b|APIKEY", re.I)
"""Environment variables whose values never reach the log."""


class Unforeseen(Exception):  # noqa: N818 - it is what a visitor reads, not a name for programmers
    """Something broke; the text is for the visitor and names the entry of the log."""


class Reported:
    """A context that writes what nobody foresaw to the log and raises `Unforeseen` in its place."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pass on what is foreseen, and what ends the program."""
        if not isinstance(error, Exception) or isinstance(error, SocratesError | gr.Error | ClientDisconnect):
            return
        number = secrets.token_hex(4)
        told = "".join(traceback.format_exception(kind, error, trace))
        _LOG.error("Unforeseen error %s\n%s", number, without_secrets(told))
        raise Unforeseen(
            "Something went wrong here that should not, and it was not your doing. Try again; if it happens again, "
            f"tell whoever runs this app: error {number} of its log."
        ) from None


def shield(page: gr.Blocks) -> None:
    """Let no handler of a finished page show a visitor more than a sentence."""
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = _shielded(event.fn)


def without_secrets(told: str, environ: Mapping[str, str] = os.environ) -> str:
    """A text without tokens, nor the value of any variable that is named like a secret."""
    hidden = (value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= 6)
    for value in sorted(hidden, key=len, reverse=True):
        told = told.replace(value, "[secret]")
    return scrub(told)


def _shielded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler with errors as messages; Gradio reads its signature to know what to pass."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def flow(*values: Any, **named: Any) -> Any:
            with _Shown(), Reported():
                yield from handler(*values, **named)

        return flow
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def wait(*values: Any, **named: Any) -> Any:
            with _Shown(), Reported():
                return await handler(*values, **named)

        return wait

    @functools.wraps(handler)
    def call(*values: Any, **named: Any) -> Any:
        with _Shown(), Reported():
            return handler(*values, **named)

    return call


class _Shown:
    """A context that turns what a visitor should read into Gradio's message."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Messages are shown as HTML, so they are escaped."""
        if isinstance(error, SocratesError | Unforeseen):
            raise gr.Error(html.escape(str(error)), title="Not possible", print_exception=False) from None
