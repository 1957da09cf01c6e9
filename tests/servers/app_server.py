"""`python app.py` in a process of its own, and its programming interface as anybody can reach it."""

import http.client
import json
import os
import re
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.servers.programs import ROOT, Program, free_port

PATIENCE = 120.0
"""Seconds that a busy machine may take."""

READY = re.compile(r"^Ready    http://[^\s?]+(?:\?token=(\S+))?  ", re.MULTILINE)
"""The line that the start prints when the page is there, with the owner's token."""

RUNNING: dict[int, str] = {}
"""Port → the owner's token of every app that the tests have running."""

NEVER = ("HF_TOKEN", "HF_ENDPOINT", "SYSTEM", "SOCRATES_", "SPACE_", "OAUTH_")
"""Beginnings of variables that a started app does not inherit."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True, eq=False)
class AppServer:
    """A running app."""

    port: int
    process: Program
    token: str = ""
    """That of its owner, as the start printed it; empty if it printed none."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def link(self) -> str:
        """The address that the start printed for the owner."""
        return f"{self.address}?token={self.token}"

    @property
    def owner(self) -> dict[str, str]:
        """The headers by which a request is the owner's."""
        return {"cookie": f"socrates-owner-{self.port}={self.token}"}

    def log(self) -> str:
        """All that it has printed."""
        return self.process.stdout + self.process.stderr

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request, its path sent exactly as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            got = connection.getresponse()
            kept = {name.lower(): value for name, value in got.getheaders()}
            try:
                said = got.read()
            except http.client.IncompleteRead as error:  # the server gave up in the middle
                said = error.partial
            return Answer(got.status, kept, said.decode("utf-8", "replace"))
        finally:
            connection.close()

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the page is told of its components and handlers."""
        found: dict[str, Any] = json.loads(self.ask("GET", "/config").text)
        return found

    def handler(self, element: str, event: str) -> dict[str, Any]:
        """What is called when something happens to a component."""
        ids = {one["id"] for one in self.config["components"] if one["props"].get("elem_id") == element}
        wanted = {(number, event) for number in ids}
        found: list[dict[str, Any]] = self.config["dependencies"]
        return next(one for one in found if wanted & {tuple(target) for target in one["targets"]})

    def call(
        self, function: int, data: list[Any], headers: Mapping[str, str] | None = None, session: str = ""
    ) -> Answer:
        """Call a handler without a page, through the queue where it goes through the queue.

        Without a `session`, it is a new one, for which the app makes all components of a page: 0.02 s.
        """
        queued = next(one["queue"] for one in self.config["dependencies"] if one["id"] == function)
        session = session or secrets.token_hex(5)
        asked = {"data": data, "fn_index": function, "session_hash": session, "event_data": None}
        sent = {"content-type": "application/json", **(headers or {})}
        body = json.dumps(asked).encode()
        if not queued:
            return self.ask("POST", "/gradio_api/run/predict", sent, body)
        joined = self.ask("POST", "/gradio_api/queue/join", sent, body)
        if joined.status != 200:
            return joined
        return self.ask("GET", f"/gradio_api/queue/data?session_hash={quote(session)}", headers)


@contextmanager
def app_server(
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = ("app.py",),
    cwd: Path = ROOT,
) -> Iterator[AppServer]:
    """Start the app on a free port, and stop it."""
    port = free_port()
    not_inherited = dict.fromkeys(name for name in os.environ if name.startswith(NEVER))
    with tempfile.TemporaryDirectory() as folder:
        places = {"SOCRATES_RUNS": f"{folder}/runs", "SOCRATES_ADAPTERS": f"{folder}/adapters"}
        settings = {**not_inherited, **places, **(environ or {})}
        process = Program(*program, "--port", port, *arguments, environ=settings, cwd=cwd)
        server = AppServer(port, process)
        try:
            end = time.monotonic() + PATIENCE
            while not (ready := READY.search(server.log())):
                assert process.poll() is None, server.log()
                assert time.monotonic() < end, server.log()
                time.sleep(0.1)
            server = replace(server, token=ready[1] or "")
            RUNNING[port] = server.token
            yield server
        finally:
            RUNNING.pop(port, None)
            process.send_signal(signal.SIGTERM)
            process.wait(30)
