"""A Hugging Face Hub that holds one dataset, on a port of this machine."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.servers.local_server import LocalServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REVISIONS = ("main", COMMIT)


@dataclass
class Behaviour:
    """How the server misbehaves; without any of it, it is an honest Hub."""

    cut: dict[str, int] = field(default_factory=dict)
    """File name → how many more times its connection is cut in the middle."""
    refusal: tuple[int, str] | None = None
    """(status, X-Error-Code) of every answer."""
    listed: tuple[str, ...] = ()
    """Paths that are listed beside those of the folder."""
    storage: str | None = None
    """The address of another server, to which every download is redirected."""
    next_page: str | None = None
    """The address at which every list claims to go on."""
    moved: str | None = None
    """The address of another server, to which every question about the data set is redirected."""
    damaged: set[str] = field(default_factory=set)
    """File names whose bytes arrive altered."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """Without the query."""
    range: str | None
    authorization: str | None


class DatasetHub(LocalServer):
    """Serves a folder as the dataset of any name, at one commit that is also `main`."""

    def __init__(self, folder: Path, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.requests: list[Request] = []
        super().__init__(_handler(folder, self.requests, self.behaviour))

    def requested(self, name: str) -> int:
        return sum(request.path.endswith(name) for request in self.requests)

    def downloads(self, name: str) -> list[Request]:
        return [request for request in self.requests if request.method == "GET" and request.path.endswith(name)]


def _handler(folder: Path, requests: list[Request], behaviour: Behaviour) -> type[BaseHTTPRequestHandler]:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_POST(self) -> None:
            path = self._noted()
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if "/paths-info/" not in path:
                self._send(404, b"{}", True)
                return
            as_json = "json" in self.headers.get("Content-Type", "")
            wanted = json.loads(content)["paths"] if as_json else parse_qs(content).get("paths", [])
            wanted = [wanted] if isinstance(wanted, str) else wanted
            found = [_entry(folder, name) for name in files if name in wanted]
            found += [_folder(name) for name in _folders(files) if name in wanted]
            self._send(200, json.dumps(found).encode(), True)

        def _noted(self) -> str:
            path = unquote(self.path.split("?")[0])
            requests.append(Request(self.command, path, self.headers.get("Range"), self.headers.get("Authorization")))
            return path

        def _answer(self, with_body: bool) -> None:
            path = self._noted()
            if behaviour.refusal is not None:
                status, code = behaviour.refusal
                self._send(status, b"{}", with_body, {"X-Error-Code": code})
            elif path.startswith("/api/datasets/"):
                self._describe(path, with_body)
            else:
                self._file(path, with_body)

        def _describe(self, path: str, with_body: bool) -> None:
            if behaviour.moved is not None:
                self._send(307, b"", with_body, {"Location": f"{behaviour.moved}{self.path}"})
                return
            more = {} if behaviour.next_page is None else {"Link": f'<{behaviour.next_page}>; rel="next"'}
            named = re.search(r"/(?:revision|tree)/([^/]+)", path)
            if named and named[1] not in REVISIONS:
                self._send(404, b"{}", with_body, {"X-Error-Code": "RevisionNotFound"})
            elif "/tree/" in path:
                below = path.partition(f"/tree/{named[1] if named else ''}")[2].strip("/")
                recursive = "recursive=true" in self.path.lower()
                self._send(200, json.dumps(_tree(folder, files, below, recursive, behaviour)).encode(), with_body, more)
            else:
                info = {"id": "socratesft/SocSci210", "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]}
                self._send(200, json.dumps(info).encode(), with_body)

        def _file(self, path: str, with_body: bool) -> None:
            revision, _, name = path.partition("/resolve/")[2].partition("/")
            if revision not in REVISIONS:
                self._send(404, b"", with_body, {"X-Error-Code": "RevisionNotFound"})
                return
            if name not in files:
                self._send(404, b"", with_body, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
                return
            body = (folder / name).read_bytes()
            headers = {
                "X-Repo-Commit": COMMIT,
                "ETag": f'"{hashlib.sha256(body).hexdigest()}"',
                "Accept-Ranges": "bytes",
            }
            if behaviour.storage is not None:
                headers |= {"X-Linked-Size": str(len(body)), "X-Linked-ETag": headers["ETag"]}
                self._send(302, b"", with_body, {**headers, "Location": f"{behaviour.storage}{self.path}"})
                return
            if name.rpartition("/")[2] in behaviour.damaged:
                body = bytes(reversed(body))
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked:
                first, last = int(asked[1]), int(asked[2] or len(body) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                body = body[first : last + 1]
            left = behaviour.cut.get(name.rpartition("/")[2], 0) if with_body else 0
            if left:
                behaviour.cut[name.rpartition("/")[2]] = left - 1
            self._send(206 if asked else 200, body, with_body, headers, len(body) // 2 if left else None)

        def _send(
            self,
            status: int,
            body: bytes,
            with_body: bool,
            headers: Mapping[str, str] | None = None,
            most: int | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body[:most])
            if most is not None:
                self.close_connection = True

        def log_message(self, *arguments: Any) -> None:
            """Tests are silent."""

    return Handler


def _tree(folder: Path, files: list[str], below: str, recursive: bool, behaviour: Behaviour) -> list[dict[str, Any]]:
    inside = f"{below}/" if below else ""
    here = [name for name in files if name.startswith(inside)]
    folders = [name for name in _folders(files) if name.startswith(inside)]
    if not recursive:
        here, folders = ([name for name in names if "/" not in name[len(inside) :]] for names in (here, folders))
    strange = [{"type": "file", "path": name, "size": 9, "oid": "0" * 40} for name in behaviour.listed]
    return [*map(_folder, folders), *(_entry(folder, name) for name in here), *strange]


def _folders(files: list[str]) -> list[str]:
    return sorted({parent.as_posix() for name in files for parent in Path(name).parents} - {"."})


def _folder(name: str) -> dict[str, Any]:
    return {"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()}


def _entry(folder: Path, name: str) -> dict[str, Any]:
    body = (folder / name).read_bytes()
    return {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
