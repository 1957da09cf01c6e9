"""The page: header, tabs, and the server."""

import errno
import os
import socket
from typing import Final
from urllib.request import getproxies_environment

import gradio as gr
from gradio import http_server
from markupsafe import Markup
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from socrates_core import __version__
from socrates_core.errors import LaunchError
from socrates_core.report.markup import markup
from socrates_core.ui.access.calls import Calls
from socrates_core.ui.access.failures import shield
from socrates_core.ui.access.guard import Guard
from socrates_core.ui.access.hosts import AllowedHosts
from socrates_core.ui.access.owner_token import OwnerToken
from socrates_core.ui.access.sign_in import account_html
from socrates_core.ui.access.visitors import on_space, visitor_of
from socrates_core.ui.adapters.tab import adapters_tab, refresh_adapters
from socrates_core.ui.api.endpoints import Endpoints
from socrates_core.ui.api.tools import give_json
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.files import run_routes
from socrates_core.ui.evaluate.form import RunForm
from socrates_core.ui.evaluate.tab import evaluate_tab, follow_runs
from socrates_core.ui.help.view import help_html
from socrates_core.ui.listeners import QUICK, Updates
from socrates_core.ui.loading.loader import Loader
from socrates_core.ui.loading.panel import loading_panel
from socrates_core.ui.model_choice import ModelChoice, draw_choice, model_choice
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.exports import export_route
from socrates_core.ui.simulate.study_view import banner
from socrates_core.ui.simulate.tab import simulate_tab
from socrates_core.ui.startup import Startup
from socrates_core.ui.theme import STYLE_SHEET, head, theme
from socrates_core.ui.your_data.tab import your_data_tab
from socrates_core.ui.your_data.upload import PATH, upload_route
from socrates_core.ui.your_study.tab import your_study_tab

ONE_SENTENCE: Final = (
    "Predicts how people answer in a social-science experiment before it is run, "
    "and says how far to trust the prediction."
)
DOORS: Final = Markup(
    "<ul class='doors'><li><b>Simulate</b> Pick a study that was run, change who takes part, and see predicted beside "
    "actual answers.</li><li><b>Your study</b> Write your own question before you ask anybody, or bring a survey file "
    "in <b>Your data</b>.</li><li><b>Evaluate</b> Measure a model on many studies that it has not seen.</li></ul>"
)
"""What can be done here, by the names of the tabs."""

LOOK_EVERY: Final = 2.0
"""Seconds between checks of a model that is being loaded."""

SESSIONS: Final = 1_000
"""Pages whose state is kept, half a megabyte each; beyond that, the one that has been idle longest must be reloaded."""

COMPRESSED: Final = Middleware(
    GZipMiddleware,
    compresslevel=4,
    exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/javascript", "text/javascript", "text/css"),
)
"""Sends the page, 670 kB, in 86 kB, for four milliseconds of work; Gradio compresses scripts and styles only.
Streams of events are let through as they are."""

Guarded = tuple[AllowedHosts, OwnerToken]

QUEUE: Final = 64
"""Longest request queue; further visitors see that the app is busy."""


def build_page(
    results: Results, board: RunBoard, startup: Startup | None = None, loader: Loader | None = None
) -> gr.Blocks:
    """The page, ready to launch.

    Args:
        results: Computes and caches results.
        board: The evaluation runs.
        startup: A model that is being loaded in the background, if any.
        loader: Loads further models; one with the default settings when None.
    """
    refresh_adapters(results)
    choice = model_choice(results.models)
    with gr.Blocks(title="Socrates", analytics_enabled=False, fill_width=True) as page:
        _wire_account(page, results)
        top = gr.HTML(_header(results.model_name, results), elem_id="top", js_on_load=None)
        _wire_startup(page, startup, choice, results)
        loading_panel(page, results, choice, loader or Loader(results))
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Simulate", id="simulate"):
                simulate_tab(page, results, choice)
            with gr.Tab("Your study", id="study"):
                your_study_tab(results, choice)
            with gr.Tab("Your data", id="data"):
                your_data_tab(results, choice)
            with gr.Tab("Evaluate", id="evaluate") as evaluate:
                runs = evaluate_tab(evaluate, results, board, choice.menu)
            with gr.Tab("Adapters", id="adapters") as tab:
                adapters_tab(page, tabs, tab, results, choice)
            with gr.Tab("Help", id="help"):
                gr.HTML(help_html(results.policy), elem_id="help-text", js_on_load=None)
        footer = markup("<footer class='colophon'>Socrates {{ version }}</footer>", version=__version__)
        gr.HTML(footer, elem_id="colophon", js_on_load=None)
        follow_runs(page, runs, results, board)
        Endpoints(results, RunActions(RunForm(results, board), board, results.policy)).register()
        choice.menu.change(lambda name: _header(name, results), choice.menu, top, **QUICK)
    return page


def _header(name: str, results: Results) -> Markup:
    """Title, and the banner of a model."""
    return markup(
        "<header class='masthead'><h1>Socrates</h1><p>{{ what }}</p>{{ doors }}</header>{{ banner }}",
        what=ONE_SENTENCE, doors=DOORS, banner=banner(results.models.get(name).description),
    )  # fmt: skip


def _wire_account(page: gr.Blocks, results: Results) -> None:
    """Show who is signed in above all tabs, where visitors can sign in."""
    if not results.policy.sign_in:  # outside a Space Gradio would sign in every visitor as the owner of the machine
        return
    gr.LoginButton(visible=False)  # Gradio opens its routes for signing in where a page has this button
    account = gr.HTML(elem_id="account", js_on_load=None)

    def look(request: gr.Request) -> Markup:
        return account_html(visitor_of(request), results.policy)

    page.load(look, None, account, **QUICK)


def _wire_startup(page: gr.Blocks, startup: Startup | None, choice: ModelChoice, results: Results) -> None:
    """Show the progress of a model that is being loaded, and offer it once it is ready."""
    if startup is None:
        return
    note = gr.HTML(startup.note(), elem_id="startup", js_on_load=None)
    timer = gr.Timer(LOOK_EVERY)
    stand_in = results.model_name

    def look(name: str) -> Updates:
        if startup.state == "loading":
            return {note: startup.note()}
        # a page that shows the stand-in goes over to the new model; what a visitor chose, or a link named, stays
        stays = name != stand_in and results.models.has(name)
        menu = draw_choice(results.models, name if stays else results.model_name)
        return {note: startup.note(), choice.menu: menu, timer: gr.Timer(active=False)}

    page.load(lambda: [startup.note(), gr.Timer(active=startup.state == "loading")], None, [note, timer], **QUICK)
    timer.tick(look, choice.menu, [note, choice.menu, timer], **QUICK)


def serve(
    page: gr.Blocks, results: Results, board: RunBoard, guarded: Guarded, host: str, port: int, mcp: bool = False
) -> str:
    """Start the server in the background and return its address.

    Args:
        page: The page.
        results: Computes and caches results.
        board: The evaluation runs.
        guarded: The names by which the app may be reached, and what makes a visitor its owner.
        host: The interface to listen on.
        port: The port to listen on.
        mcp: Whether the endpoints are MCP tools too.

    Raises:
        LaunchError: If the port is not available, or the tools cannot be started.
    """
    check_port(host, port)
    shield(page)
    hosts, owner = guarded
    calls, files = Calls.of(page), {PATH: results.uploads.largest}
    guard = Middleware(Guard, hosts=hosts, owner=owner, calls=calls, space=on_space(), files=files, mcp=mcp)
    # on a Space, Gradio would make the browser load a header and fonts from other hosts, and start a second server for
    # hot reloading
    page.space_id = None
    http_server.get_space = lambda: None
    pass_proxies(host)
    page.queue(default_concurrency_limit=4, max_size=QUEUE, api_open=False)
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            show_error=False,
            mcp_server=mcp,
            run_history=False,
            state_session_capacity=SESSIONS,
            footer_links=[],
            enable_monitoring=False,
            _frontend=False,  # else the start fails if a busy machine needs over three seconds for the page itself
            theme=theme(),
            css_paths=[STYLE_SHEET],
            head=head(),
            app_kwargs={
                "routes": [export_route(results), upload_route(results), *run_routes(board, results.policy)],
                "middleware": [guard, COMPRESSED],
                "docs_url": None,
                "redoc_url": None,
            },
        )
    except OSError as error:  # taken since the check
        raise LaunchError(_port_message(host, port, str(error))) from error
    if mcp:
        give_json(page)
    return str(address)


def pass_proxies(host: str) -> None:
    """Let requests to this program itself, as Gradio makes one at the start, go past a proxy of the environment.

    Args:
        host: The interface that it listens on.
    """
    named = getproxies_environment()
    if not named:  # left alone, since a list of exceptions would replace the proxies in the settings of macOS
        return
    past = ",".join(dict.fromkeys(filter(None, [named.get("no", ""), "localhost", "127.0.0.1", "::1", host])))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = past


def check_port(host: str, port: int) -> None:
    """Raise a LaunchError unless the port is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # a port just released by another server counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            raise LaunchError(_port_message(host, port, "it is in use" if taken else str(error))) from error


def _port_message(host: str, port: int, why: str) -> str:
    other = port + 1 if port < 65535 else 7860
    return f"cannot listen on port {port} of {host}: {why}. Choose another port, for example --port {other}"
