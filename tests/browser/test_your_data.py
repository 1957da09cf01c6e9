"""From a survey file to predicted against actual, as somebody does it who has never seen the tab, clicks counted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit, pick

ARGUMENTS: list[str] = []
expect.set_options(timeout=PATIENCE)

ATTACK = "<img src=x onerror=\"document.title='stolen'\">"


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty people in two arms, with an address, a code for no answer and HTML in a cell."""
    rows = ["ResponseId,email,arm,q1,age,note"]
    for i in range(40):
        answer = 99 if i == 7 else i % 5 + 1
        rows.append(f"R_{i},p{i}@example.org,{'control' if i % 2 else 'label'},{answer},{20 + i},{ATTACK if i else ''}")
    path = tmp_path_factory.mktemp("data") / "survey.csv"
    path.write_text("\n".join(row.replace(ATTACK, '"' + ATTACK.replace('"', '""') + '"') for row in rows), "utf-8")
    return path


def at_the_tab(page: Page) -> None:
    page.click("button[role=tab]:has-text('Your data')")
    page.wait_for_selector("#data-file")


def bring(page: Page, file: Path) -> None:
    page.set_input_files("#data-file", file)
    page.wait_for_selector("#data-table fieldset")


def test_far_from_the_server_the_condition_chosen_just_before_is_predicted(
    app: str, visit: Callable[..., Visit], survey: Path
) -> None:
    page = visit(far=True).open(app)
    at_the_tab(page)
    bring(page, survey)
    menu = page.locator("#data-condition input")
    first = menu.input_value()
    for place in (1, 0, 1):
        pick(page, "data-condition", place)
    second = menu.input_value()
    page.click("#data-run")
    expect(page.locator("#data-verdict").get_by_text(second, exact=True)).to_be_visible()
    expect(menu).to_have_value(second)
    assert {first, second} == {"control", "label"}


def test_a_file_is_predicted_against_actual_in_three_clicks(
    app: str, visit: Callable[..., Visit], survey: Path, tmp_path: Path
) -> None:
    page = visit().open(app)
    at_the_tab(page)  # the first click
    bring(page, survey)  # the second: Choose File
    expect(page.locator("#data-preview")).to_contain_text("39 people, 39 answers, 2 conditions.")
    page.click("#data-run")  # the third
    page.wait_for_selector("#data-histogram .main-svg .bars")
    expect(page.locator("#data-tiles")).to_contain_text("95 % interval")
    expect(page.locator("#data-effects tbody tr")).to_have_count(2)
    expect(page.locator("#data-notes")).to_contain_text("read the same texts, so no model can tell these apart")

    # what was guessed is said, and what is personal is left out
    table = page.locator("#data-table")
    expect(table).to_contain_text("99 occurs 1 times and lies far from 1 to 5: it is taken as no answer.")
    expect(table).to_contain_text("The ends 1 and 5 are only the lowest and highest answer seen")
    page.click("#data-preview summary")
    expect(page.locator("#data-preview")).to_contain_text("email: it holds an e-mail address")
    assert page.title() == "Socrates"  # HTML in a cell is text

    # corrections are read anew
    page.fill("#yd-3-question", "How likely are you to order it?")
    page.fill("#yd-3-high", "7")
    page.fill("#yd-2-0-text", "You read the menu.")
    page.fill("#yd-2-1-text", "You read the menu with a green label.")
    page.locator("#yd-2-1-text").blur()
    expect(page.locator("#data-changed")).to_contain_text("The columns have changed.")
    page.click("#data-run")
    expect(page.locator("#data-options tbody tr")).to_have_count(7)
    expect(page.locator("#data-notes")).not_to_contain_text("read the same texts")
    page.fill("#data-seed input", "3")
    expect(page.locator("#data-stale")).to_contain_text("Press Use this study to update the result.")

    # the map is saved, and read again by a page that has never seen it
    with page.expect_download() as saved:
        page.click("#data-save")
    saved.value.save_as(tmp_path / "map.yaml")
    with page.expect_download() as report:
        page.click("#data-keep button[data-file=csv]")
    assert "predicted_share" in Path(report.value.path()).read_text("utf-8")
    other = visit(390, "dark", apart=True).open(app)
    at_the_tab(other)
    expect(other.locator("#data-table fieldset")).to_have_count(0)  # nothing of the other visitor's
    bring(other, survey)
    other.set_input_files("#data-map", tmp_path / "map.yaml")
    expect(other.locator("#yd-3-high")).to_have_value("7")
    expect(other.locator("#yd-2-1-text")).to_have_value("You read the menu with a green label.")
    other.click("#data-run")
    expect(other.locator("#data-options tbody tr")).to_have_count(7)
    assert other.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_file_that_cannot_be_read_says_so_and_the_page_goes_on(
    app: str, visit: Callable[..., Visit], survey: Path, tmp_path: Path
) -> None:
    page = visit().open(app)
    at_the_tab(page)
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    page.set_input_files("#data-file", empty)
    expect(page.locator("#data-picker p")).to_have_text("empty.csv is empty.")
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(51 * 1024**2)
    page.set_input_files("#data-file", huge)
    expect(page.locator("#data-picker p")).to_contain_text("has 51 MB; the page takes up to 50 MB")
    headers = tmp_path / "a<b>.csv"
    headers.write_text("a,b\n", "utf-8")
    page.set_input_files("#data-file", headers)
    expect(page.locator("#data-message")).to_contain_text("a<b>.csv has no rows below its column names")
    bring(page, survey)
    expect(page.locator("#data-preview")).to_contain_text("39 people")
    page.click("#data-forget")
    expect(page.locator("#data-message")).to_contain_text("The file is deleted.")
    expect(page.locator("#data-table fieldset")).to_have_count(0)
