"""The load suite: many visitors at once, each of whom must get their own result; waiting times and memory.

    python -m eval.bench --suite load --out bench.json

Starts the app with the demo model and sends requests as pages do, through the queue. Every visitor alternates between
two own requests, whose answers must be the same each time and contain the requested values.
"""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import numpy as np
import psutil

from socrates_core.errors import SocratesError
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.simulate.form import place_text

ROOT: Final = Path(__file__).parents[2]
VISITORS: Final = 30
REQUESTS: Final = 1_000
PATIENCE: Final = 600.0
"""Timeout of one answer, in seconds."""


@dataclass(frozen=True)
class Got:
    """One answer."""

    seconds: float
    """Seconds from the request to the complete answer."""
    place: int
    """The last position in the queue that was shown to the visitor; 0 for none."""
    shown: str
    """The link to the result."""
    body: str
    """The options with their shares, as HTML."""


@dataclass
class Load:
    """The results so far."""

    answers: list[Got] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Client:
    """The programming interface of a running app, as its own page uses it."""

    def __init__(self, port: int) -> None:
        """Read which handler runs a simulation."""
        self.port = port
        config = self._ask("GET", "/config", None)
        parts = {one["id"]: one["props"] for one in config["components"]}
        button = next(number for number, props in parts.items() if props.get("elem_id") == "run")
        runs = (one for one in config["dependencies"] if [button, "click"] in one["targets"])
        self._handler = next(one for one in runs if len(one["inputs"]) > 1)
        self._inputs = [(parts[i].get("elem_id"), parts[i].get("value")) for i in self._handler["inputs"]]
        self._outputs = [parts[i].get("elem_id") for i in self._handler["outputs"]]
        first = open_catalogue([], frozenset()).source(BUNDLED)
        self._place = place_text(BUNDLED, first.studies.cells_of(first.first_study(demo=False))[0].cell_id)

    def simulate(self, **wanted: Any) -> Got:
        """Run one simulation; controls that are not given keep the values of the page.

        Raises:
            SocratesError: If the app answers with an error.
        """
        wanted = {"place": self._place, **wanted}
        data = [wanted.get(name or "", value) for name, value in self._inputs]
        session, started, place = secrets.token_hex(6), time.perf_counter(), 0
        asked = {"data": data, "fn_index": self._handler["id"], "session_hash": session}
        self._ask("POST", "/gradio_api/queue/join", asked)
        found: dict[str | None, Any] = {}
        for event in self._stream(f"/gradio_api/queue/data?session_hash={session}"):
            if event["msg"] == "estimation":
                place = max(place, int(event["rank"]))
            elif event["msg"] == "process_completed" and event["success"]:
                found = dict(zip(self._outputs, event["output"]["data"], strict=True))
        if not isinstance(found.get("shown"), str):
            raise SocratesError(f"the app answered {wanted} with {found.get('notice', 'an error')}")
        return Got(time.perf_counter() - started, place, found["shown"], str(found["options"]))

    def _ask(self, method: str, path: str, body: object) -> Any:
        sent = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, sent, {"content-type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status != 200:
            raise SocratesError(f"{path} was answered with status {answer.status}: {text[:200]}")
        return json.loads(text)

    def _stream(self, path: str) -> Iterator[dict[str, Any]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path)
            with connection.getresponse() as answer:
                for line in answer:
                    if line.startswith(b"data: "):
                        yield json.loads(line[6:])


def run_load_suite(rows: int, seed: int) -> dict[str, Any]:
    """Thirty visitors and a thousand requests; `rows` is not used.

    Raises:
        SocratesError: If a visitor got an error or another visitor's result.
    """
    del rows
    return measure_load(VISITORS, REQUESTS, seed)


def measure_load(visitors: int, requests: int, seed: int, *arguments: str) -> dict[str, Any]:
    """Let visitors send requests concurrently, up to a total number.

    Args:
        visitors: Threads that send requests.
        requests: Number of requests in all.
        seed: The first of the simulations' seeds.
        arguments: For the app, `--model uniform` for example.

    Raises:
        SocratesError: If a visitor got an error or another visitor's result.
    """
    with running_app(*arguments) as (port, process):
        client, load, lock = Client(port), Load(), threading.Lock()
        client.simulate()  # the first one loads what is loaded once
        before, started = process.memory_info().rss, time.perf_counter()
        share = [requests // visitors + (number < requests % visitors) for number in range(visitors)]
        threads = [
            threading.Thread(target=_visit, args=(client, number, count, seed, load, lock))
            for number, count in enumerate(share)
        ]
        for thread in threads:
            thread.start()
        peak = before
        while any(thread.is_alive() for thread in threads):
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.2)
        spent, after = time.perf_counter() - started, process.memory_info().rss
    if load.wrong:
        raise SocratesError(f"{len(load.wrong)} of {requests} requests went wrong, such as: {load.wrong[0]}")
    seconds = np.array([one.seconds for one in load.answers])
    return {
        "visitors": visitors,
        "requests": len(load.answers),
        "seconds": round(spent, 1),
        "answers_per_second": round(len(load.answers) / spent, 2),
        "wait_median": round(float(np.median(seconds)), 2),
        "wait_95": round(float(np.quantile(seconds, 0.95)), 2),
        "furthest_place": max(one.place for one in load.answers),
        "memory_before_mb": round(before / 1e6),
        "memory_peak_mb": round(peak / 1e6),
        "memory_after_mb": round(after / 1e6),
    }


def _visit(client: Client, number: int, count: int, seed: int, load: Load, lock: threading.Lock) -> None:
    """One visitor: alternates between two requests, each with its own number of people and seed."""
    known: dict[int, Got] = {}
    for turn in range(count):
        own = seed + 2 * number + turn % 2
        people = 50 + 2 * number + turn % 2
        try:
            got = client.simulate(seed=own, n=people)
            wrong = _differs(got, own, people, known.setdefault(own, got))
        except (SocratesError, OSError, ValueError) as error:
            with lock:
                load.wrong.append(str(error))
            continue
        with lock:
            load.answers.append(got)
            load.wrong += [wrong] if wrong else []


def _differs(got: Got, seed: int, people: int, first: Got) -> str:
    """What is wrong with an answer; empty if it fits the request and equals the earlier answer."""
    query = parse_qs(got.shown)
    if query.get("seed") != [str(seed)] or query.get("n") != [str(people)]:
        return f"asked for seed {seed} and {people} people, got {got.shown}"
    return "" if got.body == first.body else f"two answers to {got.shown}"


@contextmanager
def running_app(*arguments: str) -> Iterator[tuple[int, psutil.Process]]:
    """The app on a free port of this machine.

    Raises:
        SocratesError: If it does not start; shows its output.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # all visitors come from this machine, and the limit of one visitor is not what is measured
    command = [sys.executable, "app.py", "--port", str(port), "--no-token", *arguments]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        settings = {**os.environ, "SOCRATES_RUNS": f"{folder}/runs", "SOCRATES_ADAPTERS": f"{folder}/adapters"}
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=said, stderr=subprocess.STDOUT)
        try:
            while "\nReady " not in _text(said):
                if process.poll() is not None:
                    raise SocratesError(f"the app did not start: {_text(said)}")
                time.sleep(0.1)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read())
