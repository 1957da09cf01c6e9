"""Changes run by themselves, sliders when they are let go, where the visitor wants that and the model is quick."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import PATIENCE, Visit, wait_for, warm

ARGUMENTS: list[str] = ["--model", "marginal"]
expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]

DRAG = """(slider, values) => {
  for (const value of values) {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
COMES = """() => {
  document.querySelector("#histogram").append(document.createElement("i"));
  return getComputedStyle(document.querySelector("#controls")).opacity;
}"""
RELEASE = """(slider) => slider.dispatchEvent(new Event("change", { bubbles: true }))"""


def drag(page: Page, selector: str, *values: float) -> None:
    slider = page.locator(selector).first
    slider.evaluate(DRAG, list(values))
    page.wait_for_timeout(300)
    slider.evaluate(RELEASE)


def runs(page: Page) -> list[int]:
    """Fills up with one entry for every run that the page asks for; what follows a run asks for something else."""
    asked: list[int] = []

    def note(request: Request) -> None:
        if "/queue/join" in request.url:
            function = request.post_data_json["fn_index"]
            asked.extend([function] if function in asked or not asked else [])

    page.on("request", note)
    return asked


def restyled(page: Page, script: str) -> int:
    """The number of elements whose style the browser looks up anew because of a script."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # nothing is left to do
    assert page.context.browser
    session = page.context.browser.new_browser_cdp_session()
    told: list[dict[str, Any]] = []
    ended: list[bool] = []
    session.on("Tracing.dataCollected", lambda part: told.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda _: ended.append(True))
    session.send("Tracing.start", {"traceConfig": {"includedCategories": ["blink", "devtools.timeline"]}})
    page.evaluate(script)
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    session.detach()
    looks: list[dict[str, int]] = [one["args"] for one in told if one["name"] == "UpdateLayoutTree"]
    assert looks
    return max(look.get("elementCount", 0) for look in looks)


def request(page: Page) -> str:
    return page.locator("#verdict .request").inner_text()


def test_opening_the_page_runs_once_and_temperature_once_when_it_is_let_go(app: str, visit: Begin) -> None:
    visitor = visit(live=True)
    asked = runs(visitor.page)
    page = visitor.open(app)
    before = page.locator("#options").inner_text()
    drag(page, "#temperature input[type=range]", 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.4")
    expect(page.locator("#stale p")).to_have_count(0)
    assert page.locator("#options").inner_text() != before
    assert len(asked) == 2
    page.wait_for_url(re.compile("temperature=0.4"))


def test_an_element_of_a_figure_that_comes_costs_the_style_of_few_others(app: str, visit: Begin) -> None:
    page = visit().open(app)
    expect(page.locator("#stale p")).to_have_count(0)
    everything = page.locator("#columns *").count()
    assert 0 < restyled(page, COMES) < everything / 10  # plotly adds and takes away hundreds


def test_the_number_box_and_the_reset_of_temperature_redraw_too(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    page.locator("#temperature input[type=number]").fill("0.6")
    page.keyboard.press("Tab")
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.6")
    page.locator("#temperature button").click()
    expect(page.locator("#verdict .request")).to_contain_text("temperature 1 ")
    expect(page.locator("#stale p")).to_have_count(0)


DRAWN = """(number) => {
  const called = gradio_config.dependencies.find((one) => one.id === number);
  const ids = called.outputs.map((id) => gradio_config.components.find((one) => one.id === id).props.elem_id);
  return ids.filter(Boolean);
}"""


def test_a_redraw_asks_for_nothing_that_nobody_sees(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    called: list[int] = []
    page.on("request", lambda sent: called.append(sent.post_data_json["fn_index"]) if sent.post_data_json else None)

    def drawn() -> set[str]:
        return {name for number in set(called) for name in page.evaluate(DRAWN, number)}

    drag(page, "#temperature input[type=range]", 0.5)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.5")
    wait_for(lambda: "compare-says" in drawn(), "what follows a run")
    page.wait_for_timeout(1000)  # nothing else comes behind it
    assert {"histogram", "stale"} <= drawn()
    assert drawn() & {"design-says", "other-ways-table"} == set()
    page.click("#design > .label-wrap")
    expect(page.locator("#design-says p").first).to_be_visible()
    called.clear()
    drag(page, "#temperature input[type=range]", 0.8)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.8")
    wait_for(lambda: "design-says" in drawn(), "advice on what is shown now")


def test_answers_in_other_ways_go_with_the_prediction_that_they_belong_to(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    page.click("#other-ways > .label-wrap")
    page.click("#other-ways-ask")
    expect(page.locator("#other-ways-table table")).to_be_visible()
    expect(page.locator("#other-ways-picture .main-svg").first).to_be_visible()
    drag(page, "#temperature input[type=range]", 0.5)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.5")
    expect(page.locator("#other-ways-table table")).to_have_count(0)
    expect(page.locator("#other-ways-says p")).to_have_count(0)
    expect(page.locator("#other-ways-picture .main-svg")).to_have_count(0)


def test_shares_redraw_when_a_slider_is_let_go(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    page.locator("#mode label", has_text="Shares").click()
    drag(page, ".share input[type=range]", 60, 70, 80)
    expect(page.locator("#verdict .request")).to_contain_text("80.0% Democrat")
    expect(page.locator("#stale p")).to_have_count(0)


def test_presets_and_arrow_keys_redraw_too(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    page.click("#decode-paper")
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.6, top-p 0.9")
    page.locator("#top-p input[type=range]").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#verdict .request")).to_contain_text("top-p 0.7")


def test_of_many_changes_in_a_row_the_last_one_is_shown(app: str, visit: Begin) -> None:
    page = warm(visit().open(app))
    slider = page.locator("#temperature input[type=range]")
    for value in (0.2, 1.8, 0.4, 1.6, 0.5, 1.3):
        slider.evaluate(DRAG, [value])
        slider.evaluate(RELEASE)
        page.wait_for_timeout(120)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 1.3")
    page.wait_for_timeout(2000)  # nothing older arrives behind it
    assert "temperature 1.3" in request(page)
    expect(page.locator("#stale p")).to_have_count(0)


def test_who_does_not_want_it_switches_it_off_for_good(app: str, visit: Begin) -> None:
    apart = visit(apart=True, live=True)
    page = apart.open(app)
    page.locator("#live input").uncheck()
    drag(page, "#temperature input[type=range]", 0.5)
    page.wait_for_selector("#stale p")
    assert "temperature 1 " in request(page)
    reloaded = apart.open(app)
    expect(reloaded.locator("#live input")).not_to_be_checked()
    expect(visit(apart=True, live=True).open(app).locator("#live input")).to_be_checked()
