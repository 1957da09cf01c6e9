"""A Hugging Face Hub that holds one dataset, on a port of this machine."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.servers.local_server import LocalServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class DatasetHub(LocalServer):
    """Serves a folder as the dataset of any name, at one commit that is also `main`."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[tuple[str, str]] = []
        """(method, path) of everything asked for."""
        super().__init__(_handler(folder, self.requests))

    def requested(self, name: str) -> int:
        return sum(path.endswith(name) for _, path in self.requests)

    def downloads(self, name: str) -> int:
        return sum(method == "GET" and path.endswith(name) for method, path in self.requests)


def _handler(folder: Path, requests: list[tuple[str, str]]) -> type[BaseHTTPRequestHandler]:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, with_body: bool) -> None:
            path = self.path.split("?")[0]
            requests.append((self.command, path))
            if path.startswith("/api/datasets/"):
                revision = path.partition("/revision/")[2] or path.partition("/tree/")[2].split("/")[0] or "main"
                if revision not in ("main", COMMIT):
                    self._send(404, b"{}", with_body, {"X-Error-Code": "RevisionNotFound"})
                elif "/tree/" in path:
                    self._send(200, json.dumps([_entry(folder, name) for name in files]).encode(), with_body)
                else:
                    info = {"id": "socratesft/SocSci210", "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]}
                    self._send(200, json.dumps(info).encode(), with_body)
                return
            name = path.partition(f"/resolve/{COMMIT}/")[2]
            if name not in files:
                self._send(404, b"", with_body, {"X-Error-Code": "EntryNotFound"})
                return
            body = (folder / name).read_bytes()
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(body).hexdigest()}"'}
            self._send(200, body, with_body, headers)

        def _send(self, status: int, body: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Tests are silent."""

    return Handler


def _entry(folder: Path, name: str) -> dict[str, Any]:
    body = (folder / name).read_bytes()
    return {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
