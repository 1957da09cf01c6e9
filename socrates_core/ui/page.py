"""The page as a whole: header, tabs, and the server that shows it."""

import errno
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import gradio as gr
from starlette.middleware import Middleware

from socrates_core.errors import LaunchError
from socrates_core.ui.exports import export_route
from socrates_core.ui.results import Results
from socrates_core.ui.simulate_tab import simulate_tab
from socrates_core.ui.study_view import banner
from socrates_core.ui.theme import STYLE_SHEET, head, theme

ONE_SENTENCE: Final = (
    "Predicts how people answer in a social-science experiment before it is run, "
    "and says how far to trust the prediction."
)

POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
)
"""The browser asks no other host for anything; Gradio's own scripts are inline and evaluate templates."""

MAX_UPLOAD: Final = "1mb"
"""The page takes no files."""


def build_page(results: Results) -> gr.Blocks:
    """The page, ready to launch."""
    with gr.Blocks(title="Socrates", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(
            f"<header class='masthead'><div><h1>Socrates</h1><p>{ONE_SENTENCE}</p></div>"
            "<a class='jump' href='#result'>See the result ↓</a></header>"
            f"{banner(results.model.description)}",
            elem_id="top", js_on_load=None,
        )  # fmt: skip
        with gr.Tabs(elem_id="tabs"), gr.Tab("Simulate", id="simulate"):
            simulate_tab(page, results)
    return page


def serve(page: gr.Blocks, results: Results, host: str, port: int) -> str:
    """Start the server in the background and return its address.

    Raises:
        LaunchError: If the port cannot be had.
    """
    check_port(host, port)
    page.queue(default_concurrency_limit=4, max_size=64)
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            show_error=False,
            run_history=False,
            footer_links=[],
            enable_monitoring=False,
            max_file_size=MAX_UPLOAD,
            theme=theme(),
            css_paths=[STYLE_SHEET],
            head=head(),
            app_kwargs={
                "routes": [export_route(results)],
                "middleware": [Middleware(OwnHostOnly)],
                "docs_url": None,
                "redoc_url": None,
            },
        )
    except OSError as error:  # taken between the check and now
        raise LaunchError(_port_message(host, port, str(error))) from error
    return str(address)


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class OwnHostOnly:
    """Sends `POLICY` with every page."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode("ascii")),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        await self.app(scope, receive, with_policy)


def check_port(host: str, port: int) -> None:
    """Raise a LaunchError unless the port is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # a port that a closed server has just left counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            raise LaunchError(_port_message(host, port, "it is in use" if taken else str(error))) from error


def _port_message(host: str, port: int, why: str) -> str:
    other = port + 1 if port < 65535 else 7860
    return f"cannot listen on port {port} of {host}: {why}. Choose another port, for example --port {other}"
