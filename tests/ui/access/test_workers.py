"""Threads of their own for what computes: how many, for whom, and how long one waits."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from starlette.responses import PlainTextResponse, Response

from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.access.workers import Workers


def visitor(name: str) -> Visitor:
    return Visitor(None, "anyone", name)


OWNER = Visitor(None, "owner", "owner")


class Gate:
    """Work that waits until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.most = self.now = 0
        self.lock = threading.Lock()

    def work(self) -> Response:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.opened.wait(20)
        with self.lock:
            self.now -= 1
        return PlainTextResponse("done")


def in_a_thread(asked: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine; the test's own thread may belong to a browser's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(asked())).result()


def statuses(workers: Workers, gate: Gate, who: list[Visitor]) -> list[int]:
    async def all_of_them() -> list[int]:
        asked = [asyncio.create_task(workers.run(one, gate.work)) for one in who]
        await asyncio.sleep(0.3)
        gate.opened.set()
        return [answer.status_code for answer in await asyncio.gather(*asked)]

    return in_a_thread(all_of_them)


def test_one_visitor_gets_four_places_and_others_still_find_theirs() -> None:
    gate = Gate()
    found = statuses(Workers(), gate, [*[visitor("many")] * 9, visitor("other")])
    assert found == [200] * 4 + [429] * 5 + [200]
    assert gate.most == 4  # threads at work at a time


def test_sixteen_wait_and_the_others_are_asked_to_come_back_the_owner_too() -> None:
    everybody = [*(visitor(str(number)) for number in range(19)), OWNER, OWNER, visitor("late")]
    assert statuses(Workers(), Gate(), everybody) == [200] * 20 + [503, 503]


def test_who_waits_too_long_is_told_so_and_leaves_no_trace() -> None:
    gate, workers = Gate(), Workers(threads=1, patience=0.1)
    assert statuses(workers, gate, [visitor("a"), visitor("b")]) == [200, 503]
    assert not workers._inside
    assert statuses(workers, gate, [visitor("b")]) == [200]


def test_a_thread_is_free_again_only_when_its_work_is_done() -> None:
    gate, workers = Gate(), Workers(threads=1, patience=5)

    async def leaves() -> float:
        left = asyncio.create_task(workers.run(visitor("a"), gate.work))
        await asyncio.sleep(0.1)
        left.cancel()
        threading.Timer(0.4, gate.opened.set).start()
        began = time.monotonic()
        await workers.run(visitor("b"), gate.work)
        return time.monotonic() - began

    assert in_a_thread(leaves) > 0.3
    assert gate.most == 1


def test_the_work_knows_whose_request_it_is() -> None:
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")

    async def ask() -> str:
        whose.set("the owner's")
        return await Workers().result(OWNER, whose.get)

    assert in_a_thread(ask) == "the owner's"
