"""A running app and a real browser."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from eval.bench.app import BROWSERS, FLAGS
from tests.servers.app_server import READY, RUNNING
from tests.servers.programs import Program, free_port

PATIENCE = 60_000
"""Milliseconds that a busy machine may take for what a quiet one does at once."""
START = 240
"""Seconds that it may take to start the app, which imports and loads for ten."""

FAR: Final = """
  const near = window.fetch;
  window.far = { onTheWay: 0, last: 0 };
  window.fetch = async (...request) => {
    if (!String(request[0]?.url ?? request[0]).includes("/run/")) return near(...request);
    far.onTheWay += 1;
    await new Promise((arrived) => setTimeout(arrived, 500));
    const answer = await near(...request);
    far.onTheWay -= 1;
    far.last = performance.now();
    return answer;
  };
"""
"""What is sent arrives late, and in the order in which it was sent."""


@dataclass
class Visit:
    """A page of its own, with what went wrong on it."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    """Requests to other hosts."""
    complaints: list[str] = field(default_factory=list)
    """Errors on the console, uncaught exceptions, and failed requests."""

    def open(self, address: str) -> Page:
        """Go to an address and wait for a first result or message."""
        self.page.goto(address)
        self.page.wait_for_selector("#histogram .main-svg .bars", timeout=PATIENCE)
        return self.page


@contextmanager
def running_app(*arguments: str, **environ: str) -> Iterator[str]:
    """`python app.py` with these arguments and variables on a free port; gives its address for visitors."""
    port = free_port()
    process = Program("app.py", "--port", port, *arguments, environ=environ)

    def log() -> str:
        return process.stdout + process.stderr

    try:
        wait_for(lambda: READY.search(log()) or process.poll() is not None, "the app to be ready", START)
        ready = READY.search(log())
        assert ready, log()
        RUNNING[port] = ready[1] or ""
        yield f"http://127.0.0.1:{port}/"
    finally:
        RUNNING.pop(port, None)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert "Traceback" not in log(), log()


@pytest.fixture(scope="module")
def app(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an app started with the module's `ARGUMENTS`."""
    with running_app(*request.module.ARGUMENTS) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shared_contexts(browser: Browser) -> Iterator[dict[tuple[int, str], BrowserContext]]:
    """One browser context for each width and colour scheme: its cache spares most of what opening a page costs."""
    contexts: dict[tuple[int, str], BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def visit(browser: Browser, shared_contexts: dict[tuple[int, str], BrowserContext]) -> Iterator[Callable[..., Visit]]:
    """Opens visits, which end with the test."""
    with visits(browser, shared_contexts) as begin:
        yield begin


@pytest.fixture(scope="module")
def opened(app: str, browser: Browser, shared_contexts: dict[tuple[int, str], BrowserContext]) -> Iterator[Page]:
    """The page as it opens, once for all tests of a module that only look at it."""
    with visits(browser, shared_contexts) as begin:
        yield begin().open(app)


@contextmanager
def visits(browser: Browser, shared: dict[tuple[int, str], BrowserContext]) -> Iterator[Callable[..., Visit]]:
    """Opens visits; afterwards none may have asked another host for anything or complained.

    A visit `apart` shares nothing with others, like that of somebody else. A visit is the owner's, as after opening the
    address that the start prints, unless it is a `stranger`'s, which is apart too. Changes wait for Run unless the
    visit is `live`, so that a test is sure which result it sees. To a `far` visit every answer takes half a second.
    """
    begun: list[Visit] = []
    contexts: list[BrowserContext] = []

    def new_context(width: int, scheme: Literal["light", "dark"]) -> BrowserContext:
        return browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)

    def begin(
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        apart: bool = False,
        stranger: bool = False,
        live: bool = False,
        far: bool = False,
    ) -> Visit:
        if apart or stranger:
            contexts.append(new_context(width, scheme))
        elif (width, scheme) not in shared:
            shared[width, scheme] = new_context(width, scheme)
        context = contexts[-1] if apart or stranger else shared[width, scheme]
        if not stranger:
            context.add_cookies([cookie(port, token) for port, token in RUNNING.items() if token])
        new = Visit(context.new_page())
        new.page.set_default_timeout(PATIENCE)
        if not live:
            new.page.add_init_script("try { localStorage.setItem('socrates.live', 'false') } catch {}")
        if far:
            new.page.add_init_script(FAR)
        local = ("http://127.0.0.1:", "data:", "blob:")
        new.page.on("request", lambda r: None if r.url.startswith(local) else new.foreign.append(r.url))
        new.page.on("console", lambda m: new.complaints.append(m.text) if m.type == "error" else None)
        new.page.on("pageerror", lambda error: new.complaints.append(str(error)))
        begun.append(new)
        return new

    yield begin
    for each in begun:
        if not each.page.is_closed() and each.page.url.startswith("http"):
            each.page.evaluate("() => localStorage.clear()")  # a choice of this visitor is not one of the next
        each.page.close()
    for context in contexts:
        context.close()
    assert [each.foreign for each in begun if each.foreign] == []
    complaints = [left for each in begun if (left := without_aborted(each.complaints))]
    assert complaints == []


def without_aborted(complaints: list[str]) -> list[str]:
    """Without those of a page that was loaded anew: it aborts what it has asked for, and Gradio complains of that."""
    cut_off = ("AbortError: signal is aborted", "AbortError: BodyStreamBuffer was aborted")
    if not any(text.startswith(cut_off) for text in complaints):
        return complaints
    aborted = (*cut_off, "Unexpected error Connection errored out")
    return [text for text in complaints if not text.startswith(aborted)]


def cookie(port: int, token: str) -> SetCookieParam:
    """What the app sets when its owner opens the address that the start prints."""
    return {
        "name": f"socrates-owner-{port}", "value": token, "domain": "127.0.0.1", "path": "/", "httpOnly": True,
        "sameSite": "Strict",
    }  # fmt: skip


def warm(page: Page) -> Page:
    """Let changes run by themselves from now on."""
    page.locator("#live input").check()
    return page


def press_run(page: Page) -> None:
    """Press Run after a change and wait for the new result."""
    page.wait_for_selector("#stale p")
    page.click("#run")
    page.wait_for_selector("#stale p", state="detached")


def choose(page: Page, field_id: str, words: str) -> None:
    """Pick the first entry of a dropdown that contains the words, as a visitor types them.

    Another source is waited for until its studies are there: Gradio's dropdown stumbles over a list that gets shorter
    while it is open. One that the page has opened with stays as it is.
    """
    if field_id == "source" and words in page.locator("#source input").input_value():
        return
    study = page.locator("#study input").input_value() if field_id == "source" else None
    box = page.locator(f"#{field_id} input")
    box.click()
    if box.is_editable():
        box.press_sequentially(words)
    page.locator(f"#{field_id} [role=option]", has_text=words).first.click()
    if study is not None:
        expect(page.locator("#study input")).not_to_have_value(study, timeout=PATIENCE)


def pick(page: Page, field_id: str, place: int) -> None:
    """Pick the entry of a dropdown at this place, from 0."""
    page.locator(f"#{field_id} input").click()
    page.locator(f"#{field_id} [role=option]").nth(place).click()


def wait_for(happens: Callable[[], object], what: str, seconds: float = PATIENCE / 1000) -> None:
    """Poll until something happens."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.05)
