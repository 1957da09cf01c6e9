"""Request filtering: allowed routes, cross-site requests, request size, and security headers.

Gradio has routes that this page does not use, for serving files, uploads, fetching URLs and saving state; they are
closed. Cross-site requests are rejected before they reach a handler, because the visitor's browser would attach the
session cookie to them.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from socrates_core.ui.access.failures import LogUnexpected, UnexpectedError

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

MAX_BODY: Final = 1_000_000
"""Largest request in bytes. The page has no uploads; the longest thing it sends is a list of edits."""

_OPEN: Final = re.compile(
    r"/gradio_api/(?:queue/(?:join|data)|run/[\w-]+|call/[\w/-]+|info|startup-events|app_id|theme\.css|cancel|reset/?"
    r"|heartbeat/[\w-]+)/?"
)
"""The routes of Gradio's API that the page and `gradio_client` need."""

_CLOSED: Final = re.compile(r"/(?:gradio_api|file|proxy|upload|monitoring|custom_component)(?:[/=].*)?", re.DOTALL)
"""All other routes of the API, including legacy ones."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Middleware that admits only the requests the page needs, and adds `HEADERS` to every response."""

    def __init__(self, app: App, space: bool = False, space_host: str = "") -> None:
        """Wrap an app; `space_host` lists the host names of a Space, separated by commas."""
        self.app = app
        policy = POLICY + (FRAMES_ON_SPACE if space else FRAMES)
        self.headers = {**HEADERS, "content-security-policy": policy}
        if not space:
            self.headers["x-frame-options"] = "SAMEORIGIN"
        self.hosts = {host.strip().lower() for host in space_host.split(",") if host.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or reject a request."""
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
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in own)]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            with LogUnexpected():
                await self.app(scope, receive, answer)
        except UnexpectedError as error:
            if started:
                raise
            await PlainTextResponse(f"{error}\n", 500)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if path == "/login/callback" and b"error=" in scope["query_string"]:
            return RedirectResponse("/", 303)  # the visitor cancelled the sign-in
        if _CLOSED.fullmatch(path) and not _OPEN.fullmatch(path):
            return PlainTextResponse("This app does not serve this address.\n", 403)
        if is_foreign(scope["method"], headers, self.hosts):
            return PlainTextResponse("Requests from the pages of other sites are refused.\n", 403)
        if "transfer-encoding" in headers:
            return PlainTextResponse("Requests must have a content-length header.\n", 411)
        if int(headers.get("content-length", "0")) > MAX_BODY:  # the server has validated that it is a number
            return PlainTextResponse(f"Requests may have up to {MAX_BODY:,} bytes; uploads are closed.\n", 413)
        return None


def is_foreign(method: str, headers: Mapping[str, str], hosts: set[str]) -> bool:
    """Whether a request is cross-site. Following a link to the app does not count.

    Browsers send `Sec-Fetch-Site`; where they do not (plain HTTP to another machine), the `Origin` must be the
    requested host. Programs send neither.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        followed = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        return site not in ("same-origin", "none") and not followed
    if origin is None:
        return False
    return origin.lower().partition("//")[2] not in {headers.get("host", "").lower(), *hosts}
