import io
import re
import sys

import pytest

from socrates_core import command


class Screen(io.StringIO):
    """What is written to stderr, in a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed."""
    now = [100.0]
    monkeypatch.setattr(command.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(command.shutil, "get_terminal_size", lambda: command.os.terminal_size((60, 24)))
    return now


def shown(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> Screen:
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_log_gets_a_line_each_time_about_once_a_second(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    screen, show = shown(monkeypatch, False), command.progress("cells")
    for seconds, done in ((0.5, 1), (2.0, 4), (2.5, 5), (4.0, 8)):
        clock[0] = 100 + seconds
        show(done, 8)
    assert screen.getvalue().splitlines() == [
        "cells        4 of 8 (50%), 2 cells a second, 2 s left",
        "cells        8 of 8 (100%), 2 cells a second, 0 s left",
    ]


def test_a_terminal_keeps_one_line_as_wide_as_it_is(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    screen, show = shown(monkeypatch, True), command.progress("cells", "very long units of work")
    clock[0] = 102
    show(1, 2, 10, 20)
    clock[0] = 104
    show(2, 2, 20, 20)
    first, last = (line.removesuffix("\x1b[K") for line in screen.getvalue().lstrip("\r").rstrip("\n").split("\r"))
    assert first == "cells        1 of 2 (50%), 5 very long units of work a seco"
    assert len(last) == 59
    assert screen.getvalue().endswith("\x1b[K\n")


def test_earlier_results_count_as_done_but_not_as_fast(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    screen, show = shown(monkeypatch, False), command.progress("cells", "answers")
    clock[0] = 110
    show(90, 100, 20, 120)
    assert screen.getvalue() == "cells        90 of 100 (90%), 2 answers a second, 50 s left\n"


def test_what_has_no_total_has_a_rate(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    screen, show = shown(monkeypatch, False), command.arrivals("answers")
    for seconds, done in ((0, 41), (3, 50), (10, 60)):
        clock[0] = 100 + seconds
        show(done)
    assert screen.getvalue() == "answers      60 so far, 2 answers a second\n"


def test_what_is_read_has_no_rate(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    screen, show = shown(monkeypatch, False), command.progress("read", None)
    clock[0] = 101
    show(0, 2_000)
    clock[0] = 104
    show(1_000, 2_000)
    assert re.findall(r"[^\n]+", screen.getvalue()) == [
        "read         0 of 2,000 (0%), time left unknown",
        "read         1,000 of 2,000 (50%), 4 s left",
    ]
