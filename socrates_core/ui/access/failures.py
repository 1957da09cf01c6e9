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
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from starlette.requests import ClientDisconnect

from socrates_core.errors import SocratesError
from socrates_core.hub.access import scrub
from socrates_core.ui.html import worded_here

_LOG: Final = logging.getLogger("socrates")

_SECRET_NAME: Final = re.compile(r"TOKEN|SECRET|PASSWORD|_KEY\b|APIKEY", re.I)
"""Environment variables whose values are removed from the log."""


_IN_ADDRESS: Final = re.compile(r"(\btoken=|socrates-owner-\d+=)[\w.~-]+")
"""The owner's token in an address or a cookie."""


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
    """Wrap all handlers of a finished page, and what reads their values, so that visitors never see more than a
    sentence, and nothing that they send fills the log.
    """
    read = page.preprocess_data

    @functools.wraps(read)
    async def preprocess(block_fn: BlockFunction, inputs: list[Any], *rest: Any, **named: Any) -> list[Any]:
        with _RefuseValues():
            typing = [_unfinished(block, value) for block, value in zip(block_fn.inputs, inputs, strict=False)]
            known = [block_fn.inputs[i].minimum if typing[i] else value for i, value in enumerate(inputs)]
            values: list[Any] = await read(block_fn, known, *rest, **named)
            found = zip(block_fn.inputs, values, typing, strict=False)
            return [None if unfinished else _checked(block, value) for block, value, unfinished in found]

    page.preprocess_data = preprocess
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = _shielded(event.fn)


def without_secrets(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Remove tokens from a text, and the values of environment variables that are named like secrets."""
    hidden = (value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= 6)
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return scrub(_IN_ADDRESS.sub(r"\1[token]", text))


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


_KINDS: Final[tuple[tuple[type[Block], tuple[type, ...], Any], ...]] = (
    (gr.Checkbox, (bool,), False),
    (gr.Number, (int, float), None),
    (gr.Slider, (int, float), None),
    (gr.Radio, (str, int, float), None),
    (gr.Dropdown, (str, int, float), None),
    (gr.Textbox, (str,), ""),
    (gr.HTML, (str,), ""),
)
"""Component → the types of its value, and what an absent value is read as."""


def _checked(block: Block, value: Any) -> Any:
    """A value as a handler may expect it from this component.

    Raises:
        gr.Error: If it has another type.
    """
    for kind, types, absent in _KINDS:
        if isinstance(block, kind):
            if value is None:
                return absent
            if isinstance(block, gr.Dropdown):
                types = (list,) if block.multiselect else _choice_types(block) or types
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise _wrong_value()
    return value


def _unfinished(block: Block, value: Any) -> bool:
    """Whether this is what the field beside a slider holds while somebody types, such as nothing, or the 0 of 0.5."""
    if not isinstance(block, gr.Slider) or isinstance(value, bool):
        return False
    return value is None or (isinstance(value, int | float) and not block.minimum <= value <= block.maximum)


def _choice_types(menu: gr.Dropdown) -> tuple[type, ...]:
    """The types of a menu's values; empty for a menu that is filled later. Typed text is text, as its choices are."""
    return tuple({type(value) for _, value in menu.choices})


def _wrong_value() -> gr.Error:
    return gr.Error(
        "A value of this request is not one that the page offers. Reload the page and try again.",
        title="Not possible", print_exception=False,
    )  # fmt: skip


class _RefuseValues:
    """A context that turns whatever a value breaks into a message: the page never sends such values."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """One line for the log, without the value, which anybody can choose."""
        if isinstance(error, Exception):
            _LOG.warning("Refused a request with a value that the page does not offer (%s)", type(error).__name__)
            raise _wrong_value() from None


class _AsGradioError:
    """A context that converts errors written for the visitor into Gradio's messages."""

    def __enter__(self) -> None:
        """Nothing is done on the way in."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Escape the message, which Gradio renders as HTML."""
        if isinstance(error, SocratesError | UnexpectedError):
            raise gr.Error(html.escape(worded_here(str(error))), title="Not possible", print_exception=False) from None
