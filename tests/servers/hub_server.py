"""A Hugging Face Hub for models, on a port of this machine: accounts, repositories with history, LFS, faults on demand.

It speaks the protocol of huggingface_hub 2.4: whoami-v2, repos/create, validate-yaml, preupload, LFS batch, upload and
verify, commit, model info by revision, tree in pages, refs, tags, and resolve with redirects to a storage host.
"""

import json
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.servers.hub_requests import Answer, Refused, Request
from tests.servers.hub_state import Fault, HubState, Token
from tests.servers.local_server import LocalServer

REFUSALS = ("status", "echo", "redirect", "pause")
"""Faults that answer something else than what was asked for."""

__all__ = ["Fault", "HubServer", "Token"]


class HubServer(HubState, LocalServer):
    """The server; `with HubServer() as hub:` runs it."""

    def __init__(self) -> None:
        HubState.__init__(self)
        LocalServer.__init__(self, _handler(self))
        self.storage = f"http://localhost:{self.port}"


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_HEAD(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def log_message(self, *arguments: Any) -> None:
            """Tests are silent."""

        def _serve(self) -> None:
            body = self._body()
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            hub.requests.append((self.command, unquote(self.path), token))
            fault = self._fault()
            if fault and fault.kind == "drop":
                self.close_connection = True
                self.connection.close()
                return
            if fault and fault.kind == "stall":
                time.sleep(fault.value)
            try:
                with hub.lock:
                    asked = Request(hub, self.command, self.path, self.headers, body, token)
                    answer = asked.fail(fault) if fault and fault.kind in REFUSALS else asked.answer()
            except Refused as refused:
                headers = {"X-Error-Message": refused.message, **refused.headers}
                if refused.code:
                    headers["X-Error-Code"] = refused.code
                answer = refused.status, {"error": refused.message}, headers
            self._send(answer, fault)

        def _fault(self) -> Fault | None:
            for fault in hub.faults:
                if fault.times > 0 and re.search(fault.path, f"{self.command} {unquote(self.path)}"):
                    fault.times -= 1
                    return fault
            return None

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _send(self, answer: Answer, fault: Fault | None) -> None:
            status, content, headers = answer
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            if not isinstance(content, bytes):
                headers = {"Content-Type": "application/json; charset=utf-8", **headers}
            if fault and fault.kind == "etag":
                headers = {**headers, "ETag": fault.value, "X-Linked-Etag": fault.value}
            if fault and fault.kind == "headers":
                headers = {**headers, **fault.value()}
            if fault and fault.kind == "bytes":
                body = fault.value(body)
            length = {"Content-Length": str(len(body))}
            if fault and fault.kind == "endless":
                length, self.close_connection = {}, True  # the body ends with the connection
            self.send_response(status)
            for name, value in {**length, **headers}.items():
                self.send_header(name, value)
                if fault and fault.kind == "drip" and fault.value == "headers":
                    self._drip(b"X-More: " + b"x" * 1000)
            self.end_headers()
            if self.command == "HEAD":
                return
            if fault and fault.kind == "truncate":
                body = body[: int(len(body) * fault.value)]
                self.close_connection = True
            if fault and fault.kind == "drip":
                self._drip(body * 1000)
            if fault and fault.kind == "endless":
                self._endless(fault.value)
            for start in range(0, len(body), 65536):
                self.wfile.write(body[start : start + 65536])
                if fault and fault.kind == "slow":
                    self.wfile.flush()
                    time.sleep(fault.value)

        def _drip(self, body: bytes) -> None:
            """A byte now and then, and never all of them."""
            self.flush_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)

        def _endless(self, size: int) -> None:
            """Megabytes of spaces, which JSON may begin with; notes in the Hub how many were taken."""
            for _ in range(size // 1_000_000):
                self.wfile.write(b" " * 1_000_000)
                hub.taken += 1_000_000

    class Quiet(Handler):
        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # a client that was killed or had enough

    return Quiet
