"""What stands between the network and the app: whose requests are let in, to where, how large, and with which headers.

Gradio brings routes that this page does not use: it serves files, takes uploads, fetches addresses and saves states.
They are closed, whatever else would have kept them harmless. A request that another site's page sends in a visitor's
name is refused before it reaches a handler: the visitor's browser would add the cookie that says who is signed in.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from socrates_core.ui.access.failures import Reported, Unforeseen

POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors "
)
"""The browser asks no other host for anything; Gradio's own scripts are inline and evaluate templates."""

FRAMES: Final = "'self'"
"""Who may show this page in a frame: nobody else, or a button could be put under a visitor's click."""

FRAMES_ON_SPACE: Final = "'self' https://huggingface.co https://*.huggingface.co"
"""The Hub shows Spaces in frames."""

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every response that does not set its own."""

MAX_BODY: Final = 1_000_000
"""Bytes of a request. The page takes no files; the longest thing that it sends is a list of edits."""

_OPEN: Final = re.compile(
    r"/gradio_api/(?:queue/(?:join|data)|run/[\w-]+|call/[\w/-]+|info|startup-events|app_id|theme\.css|cancel|reset/?"
    r"|heartbeat/[\w-]+)/?"
)
"""Of Gradio's programming interface, what the page and `gradio_client` need."""

_CLOSED: Final = re.compile(r"/(?:gradio_api|file|proxy|upload|monitoring|custom_component)(?:[/=].*)?", re.DOTALL)
"""Everything else of it, at its old addresses too."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Middleware that lets in what the page needs, and sends `HEADERS` with every answer."""

    def __init__(self, app: App, space: bool = False, space_host: str = "") -> None:
        """Guard an app; `space_host` is where a Space is reached, names separated by commas."""
        self.app = app
        policy = POLICY + (FRAMES_ON_SPACE if space else FRAMES)
        self.headers = {**HEADERS, "content-security-policy": policy}
        if not space:
            self.headers["x-frame-options"] = "SAMEORIGIN"
        self.hosts = {host.strip().lower() for host in space_host.split(",") if host.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
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
            with Reported():
                await self.app(scope, receive, answer)
        except Unforeseen as error:
            if started:
                raise
            await PlainTextResponse(f"{error}\n", 500)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if path == "/login/callback" and b"error=" in scope["query_string"]:
            return RedirectResponse("/", 303)  # somebody thought better of signing in
        if _CLOSED.fullmatch(path) and not _OPEN.fullmatch(path):
            return PlainTextResponse("This app does not serve that.\n", 403)
        if is_foreign(scope["method"], headers, self.hosts):
            return PlainTextResponse("Requests from the pages of other sites are refused.\n", 403)
        if "transfer-encoding" in headers:
            return PlainTextResponse("This app takes requests that say how long they are.\n", 411)
        if int(headers.get("content-length", "0")) > MAX_BODY:  # the server has checked that it is a number
            return PlainTextResponse(f"This app takes requests of up to {MAX_BODY:,} bytes, and no files.\n", 413)
        return None


def is_foreign(method: str, headers: Mapping[str, str], hosts: set[str]) -> bool:
    """Whether the page of another site sent this request. Following a link to the app is no such thing.

    Browsers say where a request comes from in `Sec-Fetch-Site`; where they do not (plain HTTP to another machine), its
    `Origin` must be the host that was asked. Programs send neither.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        followed = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        return site not in ("same-origin", "none") and not followed
    if origin is None:
        return False
    return origin.lower().partition("//")[2] not in {headers.get("host", "").lower(), *hosts}
