"""A really slow model behind the app: who waits for it is counted, and everything else goes on."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui.catalogue import cell_mark, open_catalogue
from tests.servers.app_server import Answer, AppServer, app_server
from tests.servers.chat_server import Asked, Say, chat_server, completion

SLOW = 6.0
"""Seconds that the model takes for each answer."""


@pytest.fixture(scope="module")
def app() -> Iterator[AppServer]:
    def answer(asked: Asked, _: int) -> Say:
        if asked.path != "/v1/chat/completions":
            return Say({"error": {"message": "no such path"}}, status=404)
        shares = {"1": 0.5, "2": 0.3, "3": 0.2}
        return replace(completion("1", {digit: math.log(share) for digit, share in shares.items()}), delay=SLOW)

    with chat_server(answer) as slow, app_server("--model", f"endpoint:slow@{slow.url}") as running:
        yield running


def result(number: int = 0, kind: str = "json") -> str:
    studies = open_catalogue([], frozenset()).source(BUNDLED).studies
    cell = studies.cells_of("gss-welfare")[0]
    return f"/result/{kind}?cell={cell.cell_id}.{cell_mark(studies, cell)}&n=2&seed={number}"


def quickest(app: AppServer, path: str) -> float:
    began = time.monotonic()
    assert app.ask("GET", path).status == 200
    return time.monotonic() - began


def test_forty_five_equal_requests_leave_the_page_and_other_routes_answering(app: AppServer) -> None:
    app.ask("GET", "/config")  # what is loaded once
    done: list[Answer] = []
    path = result()
    with ThreadPoolExecutor(45) as asking:
        waiting = [asking.submit(app.ask, "GET", path) for _ in range(45)]
        time.sleep(1.0)  # all are there; the first waits for the model
        assert any(not one.done() for one in waiting)
        for other in ("/", "/config", "/theme.css", "/gradio_api/info"):
            assert quickest(app, other) < 3.0, other
        busy = app.handler("source", "input")  # a handler of the page, in the threads that all share
        began = time.monotonic()
        assert app.call(busy["id"], ["uniform", BUNDLED]).status in (200, 500)
        assert time.monotonic() - began < 3.0
        assert any(not one.done() for one in waiting)  # the model was slower than all of this
        done = [one.result() for one in waiting]
    statuses = Counter(one.status for one in done)
    # two may be at work or wait for it, four may be in the threads or the queue; most of the others find those taken
    assert statuses[200] == 2
    assert statuses[400] + statuses[429] == 43
    assert statuses[429] > 20
    refused = next(one for one in done if one.status == 429)
    assert refused.headers["retry-after"] == "30"
    assert "Traceback" not in app.log()


def test_the_owner_waits_in_the_same_bounded_queue(app: AppServer) -> None:
    with ThreadPoolExecutor(30) as asking:
        waiting = [asking.submit(app.ask, "GET", result(1), app.owner) for _ in range(30)]
        time.sleep(1.0)
        assert quickest(app, "/config") < 3.0
        statuses = Counter(one.result().status for one in waiting)
    assert statuses[503] >= 10  # four at work and sixteen waiting
    assert statuses[200] == 30 - statuses[503]


def test_downloads_are_charged_even_if_the_result_is_there_already(app: AppServer) -> None:
    known = result()
    statuses: list[int] = []
    while len(statuses) < 400 and (not statuses or statuses[-1] == 200):
        answer = app.ask("GET", known)
        statuses.append(answer.status)
    # 20,000 people's worth at 200 each, and what comes back in the meantime
    assert "others are waiting" in answer.text
    assert 90 <= len(statuses) < 400
    assert app.ask("GET", known, app.owner).status == 200
