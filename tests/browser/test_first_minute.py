"""A newcomer's first minute: the command without any option, and the bundled demo model."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE, Visit, press_run

ARGUMENTS: list[str] = []
expect.set_options(timeout=PATIENCE)


def test_one_command_shows_predicted_and_actual_answers_and_says_that_it_is_a_demo(
    app: str, visit: Callable[..., Visit]
) -> None:
    page = visit().open(app)
    expect(page.locator("#top")).to_contain_text("Demo model.")
    expect(page.locator("#top")).to_contain_text("not for science")
    expect(page.locator("#about .badge-unseen")).to_be_visible()
    expect(page.locator("#histogram .legendtext").nth(1)).to_contain_text("Actual (5,243 answers)")
    page.locator("#prompt summary").click()
    expect(page.locator("#prompt pre")).to_contain_text("Who the person is:")
    before = page.locator("#options").inner_text()
    page.locator("#mode label", has_text="Everyone is").click()
    press_run(page)
    expect(page.locator("#prompt pre")).to_contain_text("- Party Id: Democrat")
    assert page.locator("#options").inner_text() != before
    assert page.locator("#effects tbody tr").count() == 2
