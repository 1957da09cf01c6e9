"""Reporting of unexpected errors: the visitor sees a sentence with an error number, the log has the details.

A `SocratesError` is expected: its text is written for the visitor and is shown unchanged.
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
"""Environment variables whose values are removed from the log."""


class UnexpectedError(Exception):
    """An unexpected error; the text is for the visitor and contains the error number."""


class LogUnexpected:
    """A context that logs unexpected errors and raises `UnexpectedError` in its place."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let expected errors pass, and exceptions that end the program."""
        if not isinstance(error, Exception) or isinstance(error, SocratesError | gr.Error | ClientDisconnect):
            return
        number = secrets.token_hex(4)
        details = "".join(traceback.format_exception(kind, error, trace))
        _LOG.error("Unexpected error %s\n%s", number, without_secrets(details))
        raise UnexpectedError(
            "Something went wrong on the server. Try again; if it happens again, report error "
            f"{number} to the operator of this app, who finds it in the log."
        ) from None


def shield(page: gr.Blocks) -> None:
    """Wrap all handlers of a finished page so that visitors never see more than a sentence."""
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = _shielded(event.fn)


def without_secrets(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Remove tokens from a text, and the values of environment variables that are named like secrets."""
    hidden = (value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= 6)
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return scrub(text)


def _shielded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler to show errors as messages; its signature is kept because Gradio reads it."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def flow(*values: Any, **named: Any) -> Any:
            with _AsGradioError(), LogUnexpected():
                yield from handler(*values, **named)

        return flow
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def wait(*values: Any, **named: Any) -> Any:
            with _AsGradioError(), LogUnexpected():
                return await handler(*values, **named)

        return wait

    @functools.wraps(handler)
    def call(*values: Any, **named: Any) -> Any:
        with _AsGradioError(), LogUnexpected():
            return handler(*values, **named)

    return call


class _AsGradioError:
    """A context that converts errors written for the visitor into Gradio's messages."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Escape the message, which Gradio renders as HTML."""
        if isinstance(error, SocratesError | UnexpectedError):
            raise gr.Error(html.escape(str(error)), title="Not possible", print_exception=False) from None
