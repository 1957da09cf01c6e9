"""The app suite: what can be told without timing anything."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eval.bench import app as bench_app
from eval.bench.app import run_app_suite
from socrates_core.errors import SourceError


def test_without_playwright_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(SourceError, match=r"pip install -r tests/requirements.txt, or choose another suite"):
        run_app_suite(0, 0)


def test_without_a_browser_it_says_which_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match=r"none of chromium-headless-shell, chromium, .*, google-chrome is on"):
        run_app_suite(0, 0)


def test_it_measures_every_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(map(bench_app.shutil.which, bench_app.BROWSERS)) and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    monkeypatch.setattr(bench_app, "STARTS", 1)
    monkeypatch.setattr(bench_app, "REPEATS", 2)
    with ThreadPoolExecutor(1) as apart:  # the browser tests may have left Playwright's loop running in this thread
        figures: dict[str, Any] = apart.submit(run_app_suite, 0, 5).result()
    waits = {name: summary["waits"] for name, summary in figures["seconds"].items()}
    assert waits == {"command_ready": 1, "first_picture": 1, "run": 2, "temperature_redraw": 2, "share_redraw": 2}
    assert all(0 < summary["least"] <= summary["median"] <= summary["most"] for summary in figures["seconds"].values())
    assert 0.1 < figures["memory_gb"] < 8
