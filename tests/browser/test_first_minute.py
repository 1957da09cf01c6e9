"""A newcomer's first minute: the command without any option, and the bundled demo model."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE, Visit, press_run

ARGUMENTS: list[str] = []
expect.set_options(timeout=PATIENCE)


def test_one_command_shows_what_the_toy_predicts_and_one_click_where_it_fails(
    app: str, visit: Callable[..., Visit]
) -> None:
    page = visit().open(app)
    expect(page.locator("#top")).to_contain_text("Demo model.")
    expect(page.locator("#top")).to_contain_text("not for science")
    assert "--" not in page.locator("#top").inner_text()
    expect(page.locator("#about .badge")).to_have_text(["synthetic", "unseen"])
    expect(page.locator("#guide")).to_contain_text("This study is invented")
    effects = page.locator("#verdict .effects-line")
    expect(effects).to_contain_text("Effects against the control, control, in % of the scale")
    expect(effects).to_contain_text("failure elsewhere: predicted −8.6 %, actual −20.7 %")
    page.click("#guide button:has-text('real experiment')")
    expect(page.locator("#guide")).to_contain_text("the toy model fails")
    expect(page.locator("#guide summary")).to_have_text("How to load a real model")
    expect(page.locator("#about .badge-unseen")).to_be_visible()
    expect(page.locator("#verdict .mark")).to_have_text("Worse than uniform")
    expect(page.locator("#histogram .legendtext").nth(1)).to_contain_text("Actual (5,243 answers)")
    page.locator("#prompt summary").click()
    expect(page.locator("#prompt pre")).to_contain_text("Who the person is:")
    before = page.locator("#options").inner_text()
    page.locator("#mode label", has_text="Everyone is").click()
    press_run(page)
    expect(page.locator("#prompt pre")).to_contain_text("- Party Id: Democrat")
    assert page.locator("#options").inner_text() != before
    assert page.locator("#effects tbody tr").count() == 2
