"""An HTTP server on a port of this machine, in a thread of its own while it is used."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

POLL = 0.02
"""Seconds after which a server sees that it is to stop."""

_TAKEN: set[int] = set()
"""Ports of earlier servers of this process: what was learnt of an address must not be true of another server."""


class LocalServer:
    """Answers with a handler; `with` starts and stops it. The port is taken from the beginning."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = _at_new_port(handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _at_new_port(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """A server whose port no earlier server of this process had."""
    refused = []
    while True:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        port = int(server.server_address[1])
        if port not in _TAKEN:
            break
        refused.append(server)  # held until another is found, or the system would offer it again
    for one in refused:
        one.server_close()
    _TAKEN.add(port)
    return server
