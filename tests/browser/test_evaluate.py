"""The tab Evaluate in a real browser: runs are started, left alone, found again, read, compared and deleted."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from socrates_core.runs import queue as run_queue
from socrates_core.runs.state import state
from tests.browser.conftest import PATIENCE, Visit, choose, running_app, wait_for
from tests.servers.app_server import RUNNING

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate") / "runs"


@pytest.fixture(scope="module")
def app(runs: Path) -> Iterator[str]:
    """Everybody may read evaluations here."""
    with running_app("--model", "uniform", "--runs", str(runs), SOCRATES_READ="anyone") as address:
        yield address


def open_tab(visit: Visit, address: str) -> Page:
    """Go to the tab and wait for what a run would take."""
    visit.open(address)
    visit.page.get_by_role("tab", name="Evaluate").click()
    expect(visit.page.locator("#run-preview")).to_contain_text("Human answers compared")
    return visit.page


def ask_for(page: Page, people: int, model: str | None = None) -> None:
    """Fill the form and wait until what it would take is counted anew."""
    if model is not None:
        choose(page, "run-model", model)
    page.locator("#run-people input").fill(str(people))
    page.locator("#run-people input").blur()
    expect(page.locator("#run-preview")).to_contain_text(f"at most {people} per cell")


def row_of(page: Page, words: str) -> Any:
    return page.locator("#run-table tbody tr", has_text=words)


def report_in(page: Page) -> FrameLocator:
    return page.frame_locator("#run-reader iframe")


def test_a_run_goes_on_when_the_page_is_closed_and_its_report_opens_in_the_page(
    app: str, runs: Path, visit: Callable[..., Visit]
) -> None:
    first = visit()
    page = open_tab(first, app)
    expect(page.locator("#run-table")).to_contain_text("No runs yet")
    expect(page.locator("#run-preview")).to_contain_text("52")
    ask_for(page, 5)
    with run_queue.queued(runs, "something else", lambda _: None, lambda: False):
        page.click("#run-start")
        expect(page.locator("#run-message")).to_contain_text("The run continues when this page is closed")
        expect(page.locator("#run-live")).to_contain_text("waiting, next in the queue")
        first.page.goto("about:blank")
        again = open_tab(visit(apart=True), app)
        expect(again.locator("#run-live")).to_contain_text("waiting, next in the queue")
        assert again.locator("#run-live [role=progressbar]").get_attribute("aria-valuenow") == "0"
    expect(row_of(again, "uniform")).to_contain_text("finished")
    expect(row_of(again, "uniform")).to_contain_text("floor")
    again.get_by_role("button", name="Open uniform").click()
    inside = report_in(again)
    expect(inside.locator("h1")).to_have_text("Evaluation of uniform")
    expect(inside.locator(".main-svg .bars").first).to_be_attached()
    expect(inside.locator("h2[id^=section]")).to_have_count(17)
    group = inside.locator(".group", has=inside.locator(".drawing")).first
    group.locator("summary").first.click()
    group.locator(".group summary").first.click()
    expect(group.locator(".drawing svg path.actual").first).to_be_visible()
    inside.locator(".contents a", has_text="Provenance").click()
    expect(inside.locator("h2", has_text="Provenance")).to_be_in_viewport()
    with again.expect_download() as kept:
        again.locator("#run-reader a", has_text="metrics.json").click()
    assert json.loads(kept.value.path().read_text())["wasserstein"]["scale"]["cells"] == 184
    with again.expect_download() as kept:
        again.locator("#run-reader a", has_text="predictions.parquet").click()
    assert kept.value.path().read_bytes()[:4] == b"PAR1"


def test_the_same_form_is_the_same_run(app: str, visit: Callable[..., Visit]) -> None:
    page = open_tab(visit(), app)
    ask_for(page, 5)
    page.click("#run-start")
    expect(page.locator("#run-message")).to_contain_text("This run is finished already")
    assert row_of(page, "uniform").count() == 1


def test_what_a_model_has_seen_is_refused_by_name_or_stamped(app: str, visit: Callable[..., Visit]) -> None:
    page = open_tab(visit(), app)
    ask_for(page, 3, "marginal")
    page.locator("#run-part label", has_text="training").click()
    expect(page.locator("#run-seen")).to_contain_text("The model was trained on 183 of these studies")
    page.click("#run-start")
    expect(page.locator("#run-message")).to_contain_text("Not started")
    assert row_of(page, "marginal").count() == 0
    page.locator("#run-allow-seen input").check()
    page.click("#run-start")
    expect(page.locator("#run-message")).to_contain_text("Started")
    expect(row_of(page, "marginal")).to_contain_text("CONTAMINATED", timeout=3 * PATIENCE)
    page.locator("#run-part label", has_text="test").click()
    expect(page.locator("#run-seen p")).to_have_count(0)
    expect(page.locator("#run-allow-seen")).to_be_hidden()
    ask_for(page, 5)
    page.click("#run-start")
    expect(row_of(page, "test").filter(has_text="marginal")).to_contain_text("finished")


def test_runs_are_compared_and_deleted_after_a_question(app: str, runs: Path, visit: Callable[..., Visit]) -> None:
    page = open_tab(visit(), app)
    expect(page.locator("#run-compare")).to_be_disabled()
    for name in ("uniform", "marginal"):
        row_of(page, "5 people per cell").filter(has_text=name).locator("input[type=checkbox]").check()
    expect(page.locator("#run-compare")).to_have_text("Compare 2 runs")
    page.click("#run-compare")
    inside = report_in(page)
    expect(inside.locator("h1")).to_have_text("Comparison of evaluations")
    for name in ("uniform", "marginal", "pooled human answers", "human split-half", "noise floor"):
        expect(inside.locator("table").first).to_contain_text(name)
    expect(inside.locator(".main-svg").first).to_be_attached()
    for kind, other in (("synthetic", "real"), ("real", "synthetic")):
        inside.get_by_label(f"{kind} studies").check()
        expect(inside.locator("h2", has_text=f"Leaderboard: {kind}")).to_be_visible()
        expect(inside.locator("h2", has_text=f"Leaderboard: {other}")).to_be_hidden()
    with page.expect_download() as kept:
        page.locator("#run-reader a", has_text="comparison.json").click()
    compared = json.loads(kept.value.path().read_text())
    assert compared["studies"] == 52
    assert {row["studies"] for row in compared["leaderboard"]} == {"real", "synthetic"}
    expect(page).to_have_url(re.compile("#/evaluate/compare/scale/"))
    row_of(page, "5 people per cell").get_by_role("button", name="Open uniform").click()
    expect(inside.locator("h1")).to_have_text("Evaluation of uniform")
    expect(page).to_have_url(re.compile("#/evaluate/run/"))
    page.go_back()
    expect(inside.locator("h1")).to_have_text("Comparison of evaluations")
    linked = page.url
    page.go_back()
    expect(page.locator("#run-reader iframe")).to_have_count(0)  # before a report was opened
    page.go_forward()
    expect(inside.locator("h1")).to_have_text("Comparison of evaluations")
    page.go_forward()
    expect(inside.locator("h1")).to_have_text("Evaluation of uniform")
    again = visit().page
    again.goto(linked)  # somebody was sent the address of the comparison
    expect(report_in(again).locator("h1")).to_have_text("Comparison of evaluations")
    ticked = row_of(page, "5 people per cell").locator("input:checked")
    assert ticked.count() == 2  # ticks outlast a redraw of the table
    before = len(list(runs.glob("*/spec.json")))
    delete = row_of(page, "3 people per cell").get_by_role("button", name="Delete marginal")
    delete.click()
    expect(page.locator("#run-question")).to_contain_text("cannot be undone")
    page.click("#run-keep")
    expect(page.locator("#run-question")).to_be_hidden()
    assert len(list(runs.glob("*/spec.json"))) == before
    delete.click()
    page.click("#run-delete")
    expect(page.locator("#run-notice")).to_contain_text("Deleted: marginal")
    expect(row_of(page, "3 people per cell")).to_have_count(0)
    assert len(list(runs.glob("*/spec.json"))) == before - 1


def test_a_run_survives_a_new_app_waits_is_cancelled_and_goes_on(runs: Path, visit: Callable[..., Visit]) -> None:
    with run_queue.queued(runs, "something else", lambda _: None, lambda: False):
        with running_app("--model", "uniform", "--runs", str(runs)) as address:
            page = open_tab(visit(), address)
            ask_for(page, 7)
            page.click("#run-start")
            expect(row_of(page, "7 people per cell")).to_contain_text("waiting")
            page.goto("about:blank")
        with running_app("--model", "marginal", "--runs", str(runs)) as address:
            page = open_tab(visit(), address)
            waiting = row_of(page, "7 people per cell")
            expect(waiting).to_contain_text("next in the queue")
            page.get_by_role("button", name="Cancel uniform").click()
            expect(waiting).to_contain_text("cancelled")
            waiting.get_by_role("button", name="Resume").click()
            expect(waiting).to_contain_text("waiting")
            page.goto("about:blank")
    folder = next(path.parent for path in runs.glob("*/spec.json") if json.loads(path.read_text())["per_cell"] == 7)
    wait_for(lambda: state(folder).code == "finished", "the run to finish without any app")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "dark")])
def test_nothing_is_cut_off_on_a_phone_or_in_the_dark(
    app: str, width: int, scheme: str, visit: Callable[..., Visit]
) -> None:
    page = open_tab(visit(width, scheme), app)
    expect(row_of(page, "uniform").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Open uniform").first.click()
    expect(report_in(page).locator(".main-svg").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_folders_of_any_content_are_only_text(app: str, runs: Path, visit: Callable[..., Visit]) -> None:
    evil = "<img src=x onerror=document.title=1>"
    folder = runs / evil.replace("/", "")
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"format": 0, "id": evil}))
    page = open_tab(visit(), app)
    expect(row_of(page, "cannot be read")).to_contain_text("is a run of format version 0")
    assert page.locator("#run-table img").count() == 0
    assert page.title() == "Socrates"


# -- forged calls ----------------------------------------------------------------------------------------------------


class Caller:
    """Somebody who calls the app's programming interface without a page."""

    def __init__(self, address: str, **headers: str) -> None:
        self.address = address
        self.headers = {"content-type": "application/json", **headers}
        self.page = json.loads(self._send("config"))

    def _send(self, path: str, body: object | None = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, self.headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return str(reply.read().decode())

    def call(self, elem_id: str, event: str, data: list[object], sent: object = None) -> list[Any]:
        """What the handler of an event gives back."""
        target = next(one["id"] for one in self.page["components"] if one["props"].get("elem_id") == elem_id)
        handler = next(one["id"] for one in self.page["dependencies"] if [target, event] in one["targets"])
        body = {"data": data, "fn_index": handler, "session_hash": "forged", "event_data": sent, "trigger_id": target}
        self._send("gradio_api/queue/join", body)
        said = self._send("gradio_api/queue/data?session_hash=forged").splitlines()
        messages = [json.loads(line.removeprefix("data: ")) for line in said if line.startswith("data: ")]
        last = next(one for one in messages if one["msg"] == "process_completed")
        assert last["success"], last
        found: list[Any] = last["output"]["data"]
        return found


FORM = ["uniform", "", "bundled", "test", 2, 99, False]


@pytest.mark.parametrize(
    ("elem_id", "event", "data", "sent"),
    [
        ("run-start", "click", FORM, None),
        ("run-table", "click", [None], {"act": "resume", "run": "RUN"}),
        ("run-table", "click", [None], {"act": "cancel", "run": "RUN"}),
        ("run-table", "click", [None], {"act": "delete", "run": "RUN"}),
        ("run-delete", "click", ["RUN", None], None),
    ],
)
def test_a_visitor_who_may_not_is_refused_by_the_server_too(
    app: str, runs: Path, elem_id: str, event: str, data: list[object], sent: dict[str, str] | None
) -> None:
    before = sorted(runs.glob("*/spec.json"))
    name = before[0].parent.name
    data = [name if one == "RUN" else one for one in data]
    told = None if sent is None else {**sent, "run": name}
    said = json.dumps(Caller(app).call(elem_id, event, data, told))
    assert "Only the owner of this app may" in said
    assert sorted(runs.glob("*/spec.json")) == before


def test_a_stranger_sees_runs_and_gets_no_single_answers(app: str, visit: Callable[..., Visit]) -> None:
    page = open_tab(visit(stranger=True), app)
    expect(page.locator("#run-start")).to_be_disabled()
    expect(page.locator("#run-preview")).to_contain_text("Only the owner of this app may start evaluations")
    expect(page.get_by_role("button", name="Delete uniform").first).to_be_disabled()
    page.get_by_role("button", name="Open uniform").first.click()
    expect(report_in(page).locator("h1")).to_have_text("Evaluation of uniform")
    expect(page.locator("#run-reader .files")).not_to_contain_text("predictions.parquet")
    source = page.locator("#run-reader iframe").get_attribute("src") or ""
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(app + source.replace("report.html", "predictions.parquet"), timeout=60)


@pytest.mark.parametrize(
    "sent", [None, 3, "x", {}, {"act": "launch"}, {"act": "delete", "run": "../.."}, {"act": ["open"], "run": {}}]
)
def test_an_event_of_any_content_gets_a_sentence(app: str, sent: object) -> None:
    port = int(app.rstrip("/").rsplit(":", 1)[1])
    owner = Caller(app, cookie=f"socrates-owner-{port}={RUNNING[port]}")
    said = json.dumps(owner.call("run-table", "click", [None], sent))
    assert "reload the page" in said or "there is no run" in said
