"""Outcomes without options: a model of language writes numbers, and the page says what they are worth."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit, choose, press_run, running_app
from tests.browser.test_own_studies import strange_studies

expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]


@pytest.fixture(scope="module")
def demo_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("own") / "strange"
    strange_studies().save(folder)
    with running_app("--studies", str(folder)) as address:
        yield address


def dollars(page: Page) -> None:
    """Simulate how many dollars people would give."""
    choose(page, "source", "strange")
    choose(page, "study", "Money")
    expect(page.locator("#stimulus")).to_contain_text("Would you donate?")  # the menu of outcomes is that study's now
    choose(page, "outcome", "open-ended")
    expect(page.locator("#stimulus .open-ended")).to_contain_text("one whole number of 0 or more")
    press_run(page)


def test_numbers_are_predicted_shown_kept_and_linked(demo_app: str, visit: Begin) -> None:
    page = visit().open(demo_app)
    dollars(page)
    expect(page.locator("#verdict .group")).to_contain_text("Negative numbers and decimals cannot be predicted.")
    expect(page.locator("#histogram .legendtext").nth(1)).to_contain_text("Actual (30 answers)")
    expect(page.locator(".tile h4")).to_have_text(
        ["W (observed range)", "Noise floor", "Median, predicted", "Median, actual", "Actual answers", "Invalid"]
    )
    expect(page.locator("#tiles")).to_contain_text("middle half 670 to 820")
    expect(page.locator("#tiles .range")).to_contain_text("on the range of the actual answers, 600 to 890")
    with page.expect_download() as waiting:
        page.locator(".files a[href^='result/json']").click()
    numbers = json.loads(waiting.value.path().read_text("utf-8"))["arms"][0]["numbers"]
    assert numbers["n_valid"] + numbers["n_invalid"] == 200
    assert numbers["actual"] == {"low": 670, "median": 740, "high": 820}
    other = visit(apart=True).open(page.locator("#result-link").input_value())
    for block in ("#verdict", "#tiles", "#options"):
        assert other.locator(block).inner_text() == page.locator(block).inner_text()


def test_a_phone_shows_numbers_without_sideways_scrolling(demo_app: str, visit: Begin) -> None:
    page = visit(width=390, scheme="dark").open(demo_app)
    dollars(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
