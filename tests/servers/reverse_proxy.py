"""A reverse proxy on this machine that means no good: it says of its visitors what it likes, or nothing.

Its requests come from 127.0.0.1, as the owner's do. It passes everything on as it came, adds the headers it was made
with, and names the app's own address as the host unless it is told to keep that of the visitor.
"""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.local_server import LocalServer

OWN = {"host", "connection", "transfer-encoding", "content-length"}
"""Headers that belong to a connection."""


@dataclass
class ReverseProxy(LocalServer):
    """Passes requests on to a port of this machine."""

    to: int
    adds: Mapping[str, str] = field(default_factory=dict)
    """Headers that it adds."""
    keeps_host: bool = False

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._pass_on(self)

            def do_POST(self) -> None:
                outer._pass_on(self)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(Handler)

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0))) or None
        sent = {name: value for name, value in handler.headers.items() if name.lower() not in OWN}
        sent["Host"] = handler.headers["host"] if self.keeps_host else f"127.0.0.1:{self.to}"
        connection = http.client.HTTPConnection("127.0.0.1", self.to, timeout=60)
        connection.request(handler.command, handler.path, body, {**sent, **self.adds})
        got = connection.getresponse()
        content = got.read()
        handler.send_response(got.status)
        for name, value in got.getheaders():
            if name.lower() not in OWN:
                handler.send_header(name, value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        connection.close()
