"""The app suite: waiting times of a visitor in a real browser.

The app is started several times with the demo model. Each time a page is opened, and 200 simulated people in each arm
of the first study are run repeatedly: with Run and another seed, and by releasing a slider. A wait ends with the frame
in which the new result is drawn, timed by the page itself. Predictions for personas are cached by the app, as for any
visitor; only the first result has to compute all of them.
"""

import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import psutil

from socrates_core.errors import LaunchError, SourceError

ROOT: Final = Path(__file__).parents[2]
BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS: Final = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
STARTS: Final = 3
REPEATS: Final = 7
"""Repeats of each kind of wait, after every start."""
PATIENCE: Final = 120.0
"""Timeout of every step, in seconds."""

WAIT: Final = """([act, selector, value, expected]) => new Promise((done, failed) => {
  const verdict = document.querySelector("#verdict");
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (!verdict.querySelector(".request")?.innerText.includes(expected)) return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  });
  seen.observe(verdict, { childList: true, subtree: true, characterData: true });
  setTimeout(() => failed(new Error("no result that says " + expected)), 60000);
  const field = document.querySelector(selector);
  if (act === "press") { field.click(); return; }
  field.value = value;
  for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
})"""
"""Operates a control and waits for the figure of the result whose description contains the expected text."""

REAL: Final = ".guide button[data-pick$=gss-welfare]"
"""Opens the welfare experiment, with which all but the first picture is measured."""
TEMPERATURE: Final = "#temperature input[type=range]"
SHARE: Final = ".share input[type=range]"


def run_app_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Measure a visitor's waiting times in seconds: medians over all starts and repeats.

    Raises:
        SourceError: If Playwright or Chromium is not installed.
        LaunchError: If the app does not start.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SourceError(
            "the app suite drives a browser through Playwright, which is not installed; "
            "pip install -r tests/requirements.txt, or choose another suite"
        ) from error
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SourceError(f"the app suite needs a browser: none of {', '.join(BROWSERS)} is on the path")
    waits: dict[str, list[float]] = {}
    memory = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for start in range(STARTS):
            with _app() as (address, ready, process):
                found = {"command_ready": [ready], **_visit(browser, address, seed + start * REPEATS)}
                memory.append(_memory(process))
            for name, seconds in found.items():
                waits.setdefault(name, []).extend(seconds)
            print(f"app: start {start + 1} of {STARTS}: " + _medians(found))
        browser.close()
    return {
        "starts": STARTS,
        "repeats": REPEATS,
        "participants": 200,
        "arms": 2,
        "seconds": {name: _summary(seconds) for name, seconds in waits.items()},
        "memory_gb": max(memory),
    }


def _visit(browser: Any, address: str, seed: int) -> dict[str, list[float]]:
    """The waiting times of one visitor, in seconds."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * PATIENCE)
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#histogram .main-svg .bars")
    waits: dict[str, list[float]] = {"first_picture": [time.perf_counter() - began]}

    def wait(name: str, *does: object) -> None:
        waits.setdefault(name, []).append(page.evaluate(WAIT, list(does)) / 1000)

    page.click(REAL)
    page.wait_for_function("document.querySelector('#verdict .arm')?.innerText === 'Welfare'")
    for number in range(REPEATS):
        page.locator("#seed input").fill(str(seed + number + 1))
        page.wait_for_selector("#stale p")
        wait("run", "press", "#run", None, f"seed {seed + number + 1} ")
        page.wait_for_selector("#stale p", state="detached")
    for number in range(REPEATS):
        temperature = round(0.9 - number / 20, 2)
        wait("temperature_redraw", "move", TEMPERATURE, temperature, f"temperature {temperature:g} ")
    page.locator("#mode label", has_text="Shares").click()
    page.wait_for_selector(SHARE)
    for number in range(REPEATS):
        share = 60 + 3 * number
        wait("share_redraw", "move", SHARE, share, f" {share}.0% ")
    page.close()
    return waits


@contextmanager
def _app() -> Iterator[tuple[str, float, subprocess.Popen[bytes]]]:
    """A running app with the demo model: its owner's address, seconds until it was ready, and its process.

    The owner has no rate limit.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "app.py", "--port", str(port), "--runs", folder]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            while "\nReady" not in _text(said):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    raise LaunchError(f"the app did not start; its output:\n{_text(said)[-2000:]}")
                time.sleep(0.02)
            ready = time.perf_counter() - began
            found = re.search(r"^Ready +(\S+)  ", _text(said), re.MULTILINE)
            assert found, _text(said)
            yield found[1], ready, process
        finally:
            process.terminate()
            process.wait(timeout=30)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _memory(process: subprocess.Popen[bytes]) -> float:
    """Gigabytes that the app holds at the end of a visit."""
    return round(psutil.Process(process.pid).memory_info().rss / 1e9, 3)


def _summary(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 3),
        "least": round(min(seconds), 3),
        "most": round(max(seconds), 3),
        "waits": len(seconds),
    }


def _medians(found: dict[str, list[float]]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {statistics.median(seconds):.2f} s" for name, seconds in found.items())
