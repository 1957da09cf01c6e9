"""Request filtering: hosts, routes, cross-site requests, size and form of requests, the owner's token, headers.

Gradio has routes that this page does not use, for serving files, uploads, fetching URLs and saving state; they are
closed. Requests for another host name and cross-site requests are rejected before they reach a handler, because the
visitor's browser would attach the cookies to them. This holds for every route, whatever is mounted behind it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from socrates_core.ui.access.calls import Calls
from socrates_core.ui.access.failures import LogUnexpected, UnexpectedError
from socrates_core.ui.access.hosts import AllowedHosts, is_foreign
from socrates_core.ui.access.owner_token import NOBODY, OWNER, OwnerToken
from socrates_core.ui.access.sign_in import LOGIN, in_a_tab

POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors "
)
"""The browser loads nothing from other hosts; Gradio's own scripts are inline and evaluate templates."""

FRAMES: Final = "'self'"
"""Only this site may frame the page, which prevents clickjacking."""

FRAMES_ON_SPACE: Final = "'self' https://huggingface.co https://*.huggingface.co"
"""The Hub displays Spaces in frames."""

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every response that does not set them itself."""

LASTING: Final = "public, max-age=31536000, immutable"
"""For scripts and styles whose names hold a hash of their content: a browser that has one need not ask again. Without
it, five megabytes were compressed and sent anew to whoever opened the page a second time."""

_HASHED: Final = re.compile(r"/assets/[\w.-]+-[\w-]{8}\.\w+")

MAX_BODY: Final = 100_000
"""Largest request in bytes, but for files. The longest other thing that the page sends is a list of edits, and what it
sends is kept with its state."""

PATIENCE: Final = 30.0
"""Seconds in which the body of a call must arrive."""

_OPEN: Final = re.compile(
    r"/gradio_api/(?:queue/(?:join|data)|run/[\w-]+|call/[\w/-]+|info|startup-events|app_id|theme\.css|cancel|reset/?"
    r"|heartbeat/[\w-]+)/?"
)
"""The routes of Gradio's API that the page and `gradio_client` need."""

_TOOLS: Final = {"/gradio_api/mcp": ("POST",), "/gradio_api/mcp/": ("POST",), "/gradio_api/mcp/schema": ("GET", "HEAD")}
"""Routes of the tools for MCP clients, and how they are asked; without streams, which nobody would end."""

_CLOSED: Final = re.compile(r"/(?:gradio_api|file|proxy|upload|monitoring|custom_component)(?:[/=].*)?", re.DOTALL)
"""All other routes of the API, including legacy ones."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Middleware that admits only the requests the page needs, and adds `HEADERS` to every response."""

    def __init__(
        self,
        app: App,
        hosts: AllowedHosts = AllowedHosts(),  # noqa: B008 - it cannot be changed
        owner: OwnerToken = NOBODY,
        calls: Calls = Calls(),  # noqa: B008
        space: bool = False,
        files: Mapping[str, int] = MappingProxyType({}),
        mcp: bool = False,
    ) -> None:
        """Wrap an app.

        Args:
            app: The app.
            hosts: The names by which it may be reached.
            owner: What makes a request the owner's.
            calls: The handlers of the page.
            space: Whether it is a Space, which the Hub shows in a frame.
            files: Address that takes a file → most bytes of it.
            mcp: Whether MCP clients may call the endpoints as tools.
        """
        self.files, self.tools = files, _TOOLS if mcp else {}
        self.app, self.hosts, self.owner, self.calls = app, hosts, owner, calls
        policy = POLICY + (FRAMES_ON_SPACE if space else FRAMES)
        self.headers = {**HEADERS, "content-security-policy": policy}
        if not space:
            self.headers["x-frame-options"] = "SAMEORIGIN"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or reject a request."""
        if scope["type"] == "websocket":  # the page has none, and they know no same-origin rule
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name.lower() for name, _ in message["headers"]}
                ours = [(name.encode(), value.encode()) for name, value in self.headers.items()]
                if message["status"] == 200 and _HASHED.fullmatch(scope["path"]):
                    ours.append((b"cache-control", LASTING.encode()))
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in own)]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None and self.calls.match(scope["method"], scope["path"]):
            refusal, receive = await self._read_call(scope, receive)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        scope[OWNER] = self.owner.owns(scope, Headers(scope=scope))
        try:
            with LogUnexpected():
                await self.app(scope, receive, answer)
        except UnexpectedError as error:
            if started:
                raise
            await PlainTextResponse(f"{error}\n", 500)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if not self.hosts.answer_to(host):
            shown = ascii(host[:60])
            return PlainTextResponse(
                f"This app does not answer to the host name {shown}. Its operator can allow it: --allowed-host NAME, "
                "or the variable SOCRATES_ALLOWED_HOSTS.\n",
                403,
            )
        if path == "/login/callback" and b"error=" in scope["query_string"]:
            return RedirectResponse("/", 303)  # the visitor cancelled the sign-in
        if path == LOGIN and headers.get("sec-fetch-dest") == "iframe":
            return in_a_tab(scope["query_string"].decode("latin-1"))
        if path in self.tools and scope["method"] not in self.tools[path]:
            return PlainTextResponse("MCP clients ask here with POST.\n", 405, {"allow": "POST"})
        if _CLOSED.fullmatch(path) and not _OPEN.fullmatch(path) and path not in self.tools:
            return PlainTextResponse("This app does not serve this address.\n", 403)
        if is_foreign(scope["method"], headers, self.hosts):
            return PlainTextResponse("Requests from the pages of other sites are refused.\n", 403)
        if "transfer-encoding" in headers:
            return PlainTextResponse("Requests must have a content-length header.\n", 411)
        most = self.files.get(path, MAX_BODY)
        if int(headers.get("content-length", "0")) > most:  # the server has validated that it is a number
            return PlainTextResponse(f"Requests to this address may have up to {most:,} bytes.\n", 413)
        return self.owner.arrival(scope)

    async def _read_call(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """Read the body of a call: a refusal if it is none, and a `receive` that gives it to the app."""
        body = b""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        break
        except TimeoutError:
            return PlainTextResponse("The request did not arrive in time.\n", 408), receive
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        fault = self.calls.fault(scope["path"], body)
        return (None if fault is None else JSONResponse({"detail": fault}, 422)), again
