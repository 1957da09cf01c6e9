"""A real HTTP server on this machine that answers as it is told to: as the protocol says, or in one of the ways in
which servers fail."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.local_server import LocalServer


@dataclass(frozen=True)
class Say:
    """What to send back."""

    body: Any = None
    """Sent as JSON, or as it is where it is bytes."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before it."""
    drip: float = 0.0
    """Seconds between one byte of the body and the next."""
    drip_headers: float = 0.0
    """Seconds between one byte and the next of a header that does not end."""
    drop: bool = False
    """Close the connection in place of an answer."""


@dataclass(frozen=True)
class Asked:
    """What came in."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class ChatServer:
    """A running server."""

    url: str
    log: list[Asked] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0

    def count(self, path: str) -> int:
        return sum(asked.path == f"/v1/{path}" for asked in self.log)


@contextmanager
def chat_server(answer: Callable[[Asked, int], Say]) -> Iterator[ChatServer]:
    """Serve `answer(request, how many requests of this path came before)` until the block ends."""
    lock, closing = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Asked(self.path, json.loads(raw) if raw else {}, {k.lower(): v for k, v in self.headers.items()})
            with lock:
                before = sum(other.path == asked.path for other in made.log)
                made.log.append(asked)
                made.at_once += 1
                made.most_at_once = max(made.most_at_once, made.at_once)
            try:
                self._send(answer(asked, before))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with lock:
                    made.at_once -= 1

        def _send(self, say: Say) -> None:
            closing.wait(say.delay)
            if say.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            body = say.body if isinstance(say.body, bytes) else json.dumps(say.body).encode()
            self.send_response(say.status)
            for name, value in {"content-type": "application/json", **say.headers}.items():
                self.send_header(name, value)
            if say.drip_headers:
                self.flush_headers()
                self.wfile.write(b"x-more: ")
                while not closing.wait(say.drip_headers):
                    self.wfile.write(b"x")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            for i in range(0, len(body), 1 if say.drip else max(1, len(body))):
                if closing.is_set():
                    return
                self.wfile.write(body[i : i + 1] if say.drip else body)
                time.sleep(say.drip)

    with LocalServer(Handler) as server:
        made = ChatServer(f"{server.url}/v1")
        try:
            yield made
        finally:
            closing.set()


def completion(text: str | None = "", tops: dict[str, float] | None = None, finish: str = "stop", **more: Any) -> Say:
    """A chat completion, with log-probabilities of its first token where `tops` gives them."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
        "logprobs": None,
    }
    if tops is not None:
        listed = [{"token": token, "logprob": log, "bytes": None} for token, log in tops.items()]
        choice["logprobs"] = {"content": [{**listed[0], "top_logprobs": listed}]}
    return Say({"object": "chat.completion", "choices": [choice], **more})
