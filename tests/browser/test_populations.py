"""Who takes part in a study of one's own: shares on sliders, tables that are uploaded, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit

ARGUMENTS: list[str] = []
expect.set_options(timeout=PATIENCE)
SLIDE = """(slider, value) => { slider.value = value; slider.dispatchEvent(new Event("input", { bubbles: true })); }"""

PASTE = """(field) => {
  field.value = "age,gender\\n" + "30,Female\\n".repeat(100000);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def weighted(visit: Visit, app: str) -> Page:
    """The example with people weighted by gender and party."""
    page = visit.open(app)
    page.click("button[role=tab]:has-text('Your study')")
    page.click("#study-example")
    expect(page.locator("#ys-study-title")).to_have_value("Labels on a menu")
    page.select_option("#ys-population-kind", "margins")
    for place, attribute in enumerate(("gender", "party_id")):
        page.select_option("#ys-share-add", attribute)
        expect(page.locator(f"#ys-share-{place}-0")).to_be_focused()
    expect(page.locator("#study-summary")).to_have_text("Ready to run: 3 conditions × 2 outcomes.")
    return page


def says(page: Page, place: str) -> str:
    return page.locator(f"#study-editor .says[data-place='{place}']").inner_text()


def test_a_share_that_is_moved_changes_the_prediction_at_once(app: str, visit: Callable[..., Visit]) -> None:
    page = weighted(visit(), app)
    page.click("#study-run")
    page.wait_for_selector("#study-picture .main-svg .bars")
    expect(page.locator("#ys-live .small-arm")).to_have_count(3)
    rows = page.locator("#study-ranking tbody")
    before = rows.inner_text()
    page.locator(".margin").nth(1).locator("input[type=range]").first.evaluate(SLIDE, "95")
    expect(page.locator("#ys-share-1-0")).to_have_value("95")
    expect(page.locator(".margin .total").nth(1)).to_have_text("Together 100 %.")
    expect(rows).not_to_have_text(before, use_inner_text=True)
    moved = rows.inner_text()
    expect(page.locator("#study-stale p")).to_have_count(0)
    row = page.locator("#study-ranking tbody tr", has_text="Plain menu").inner_text()
    first = row.split("\t")[2].split("\n")[0]  # rank, condition, mean and its interval
    expect(page.locator("#ys-live .small-arm").first.locator(".number").first).to_have_text(first)
    page.click("#study-run")  # asks the model, and gives the same
    page.wait_for_timeout(500)
    expect(rows).to_have_text(moved, use_inner_text=True)
    page.click("#study-run")
    page.locator(".margin").nth(1).locator("input[type=range]").first.evaluate(SLIDE, "5")  # while it is at work
    expect(rows).not_to_have_text(moved, use_inner_text=True)
    page.fill("#ys-share-0-0", "30")
    page.locator("#ys-share-0-0").blur()
    expect(page.locator(".says[data-place='population.margins.gender'] .bad")).to_contain_text("missing")
    expect(page.locator("#study-notice")).to_contain_text("The prediction below is for the shares before")
    expect(page.locator("#ys-live .small-arm")).to_have_count(0)


def test_tables_are_uploaded_and_what_is_wrong_is_one_line(
    app: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = weighted(visit(), app)
    page.get_by_text("Shares of several attributes at once").click()
    (tmp_path / "joint.csv").write_text("gender,age_group,share\nFemale,18-34,60\nMale,55+,40\n", "utf-8")
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Upload a CSV of shares").click()
    choosing.value.set_files(tmp_path / "joint.csv")
    expect(page.locator(".says[data-place='population.margins'] .bad")).to_contain_text(
        "Gender and gender × age_group contradict each other"
    )
    page.select_option("#ys-population-kind", "personas")
    (tmp_path / "people.csv").write_text("age;gender;weight\n30;<b>x</b>;2\n71;=1+1;1\n", "utf-8")
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Upload a table").click()
    choosing.value.set_files(tmp_path / "people.csv")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run")
    page.locator("#study-preview summary").click()
    expect(page.locator("#study-preview pre")).to_contain_text("Gender: <b>x</b>")
    page.locator("#ys-population-personas").evaluate(PASTE)
    expect(page.locator(".says[data-place='population.personas'] li")).to_have_count(1)
    assert "These 100,002 rows are more than the page takes" in says(page, "population.personas")
    page.click("#study-run")
    expect(page.locator("#study-notice")).to_contain_text("at most 80,000 characters")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_sliders_fit_the_screen(app: str, visit: Callable[..., Visit], width: int, scheme: str) -> None:
    page = weighted(visit(width, scheme), app)
    page.click("#study-run")
    expect(page.locator("#ys-live .small-arm")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
