"""The owner, who opens the address that the start prints, and visitors, who open the one without the token."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from socrates_core.evaluation.spec import EvaluationSpec
from tests.browser.conftest import PATIENCE, Visit
from tests.runs.test_runs import SPEC, finish
from tests.servers.app_server import AppServer, app_server

expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """An app with a finished run, whose report is a page of two words."""
    runs = tmp_path_factory.mktemp("runs")
    finish(runs / "done", EvaluationSpec.from_json({**SPEC.to_json(), "seed": 3}))
    Path(runs / "done" / "report.html").write_text("<p>My report</p>")
    with app_server("--model", "uniform", environ={"SOCRATES_RUNS": str(runs)}) as server:
        yield server
        assert server.log().count(server.token) == 1  # the line of the start
        assert "Traceback" not in server.log()


def open_tab(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_selector("#histogram .main-svg .bars", timeout=PATIENCE)
    page.get_by_role("tab", name=name).click()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_printed_address_makes_the_owner_and_loses_its_token(app: AppServer, visit: Begin, width: int) -> None:
    page = visit(width, stranger=True).page
    open_tab(page, app.link, "Evaluate")
    assert app.token not in page.url
    assert app.token not in page.content()
    assert page.evaluate("document.cookie") == ""  # no script reads it
    expect(page.locator("#run-start")).to_be_enabled()
    # the report is a frame without an origin of its own, and still the owner's
    page.locator("#run-table button[data-act=open]").click()
    expect(page.frame_locator("#run-reader iframe").get_by_text("My report")).to_be_visible()
    # a link without the token opens as the owner's too, until the browser is closed
    again = page.context.new_page()
    open_tab(again, app.address, "Adapters")
    expect(again.locator("#fetch-go")).to_be_enabled()
    again.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_visitor_simulates_and_launches_reads_and_fetches_nothing(app: AppServer, visit: Begin, width: int) -> None:
    page = visit(width, stranger=True).page
    open_tab(page, app.address, "Evaluate")
    expect(page.locator("#run-start")).to_be_disabled()
    expect(page.locator("#run-table")).to_contain_text("Only the owner of this app may read and compare evaluations")
    assert page.locator("#run-table [data-run]").count() == 0
    page.get_by_role("tab", name="Adapters").click()
    expect(page.locator("#fetch-go")).to_be_disabled()
    expect(page.locator("#push-preview")).to_be_disabled()
    page.get_by_role("tab", name="Simulate").click()
    page.locator("#seed input").fill("5")
    page.wait_for_selector("#stale p")
    page.click("#run")
    expect(page.locator("#verdict .request")).to_contain_text("seed 5")
    # nothing sticks out of a narrow page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_wrong_token_is_a_sentence_that_says_what_to_do(app: AppServer, visit: Begin) -> None:
    visitor = visit(stranger=True)
    answer = visitor.page.goto(f"{app.address}?token=another")
    assert answer
    assert answer.status == 403
    expect(visitor.page.locator("body")).to_contain_text("Open the address that the app printed when it started last")
    visitor.complaints.clear()  # the browser's own line about the 403
