"""A result belongs to its controls: it is renewed, greyed or named, kept in view, and found again by its address."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PATIENCE, Visit, choose, pick, press_run

ARGUMENTS: list[str] = ["--model", "marginal"]
expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]

IN_VIEW = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight + 1 && box.height > 0;
}"""

INSIDE = """(it) => getComputedStyle(it).overflow === 'visible'
  && it.getBoundingClientRect().right <= it.parentElement.getBoundingClientRect().right"""


def title(page: Page, words: str) -> None:
    expect(page.locator("#verdict h2")).to_contain_text(words)
    expect(page.locator("#study input")).to_have_value(re.compile(words))
    expect(page.locator("#stale p")).to_have_count(0)


def test_changes_run_at_once_and_back_and_forward_walk_through_their_results(app: str, visit: Begin) -> None:
    page = visit(live=True).open(app)
    choose(page, "study", "disease outbreak, replication")
    title(page, "disease outbreak, replication")
    choose(page, "study", "Spending on the poor")
    title(page, "Spending on the poor")
    page.locator("#mode label", has_text="Only some").click()
    page.locator("#only label", has_text="Republican").click()
    expect(page.locator("#verdict")).to_contain_text("Democrat or Independent")
    page.wait_for_url("**edits=**")
    page.click("button[role=tab]:has-text('Evaluate')")
    page.wait_for_url("**#/evaluate")
    page.reload()  # the tab has an address
    expect(page.locator("#run-start")).to_be_visible()
    page.go_back()
    expect(page.locator("#histogram")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("Democrat or Independent")
    page.evaluate("history.go(-1)")  # the edit replaced the result of the same cell
    title(page, "disease outbreak, replication")
    page.go_forward()
    title(page, "Spending on the poor")
    expect(page.locator("#chips li")).to_contain_text("Democrat or Independent")


def test_a_result_of_earlier_settings_is_grey_and_named_and_a_reload_keeps_the_settings(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "disease outbreak, replication")
    expect(page.locator("#state")).to_contain_text("Spending on the poor")
    page.wait_for_function("getComputedStyle(document.querySelector('#verdict > .html-container')).opacity < 0.6")
    top = page.locator("#verdict").bounding_box()
    page.locator("#n input").fill("123")
    expect(page.locator("#stale [data-wanted*='n=123']")).to_have_count(1)
    assert page.locator("#verdict").bounding_box() == top
    page.reload()
    expect(page.locator("#stale [data-wanted*='n=123']")).to_have_count(1)
    expect(page.locator("#verdict h2")).to_contain_text("Spending on the poor")
    expect(page.locator("#study input")).to_have_value(re.compile("disease outbreak, replication"))
    expect(page.locator("#n input")).to_have_value("123")
    expect(page.locator("#stop")).to_be_disabled()
    press_run(page)
    expect(page.locator("#state p")).to_have_count(0)
    title(page, "disease outbreak, replication")


def test_an_old_result_is_grey_and_words_in_its_place_are_not(app: str, visit: Begin) -> None:
    page = visit().open(app)
    outdated = page.locator("#columns[data-outdated=true]")
    expect(page.locator("#columns[data-outdated=false]")).to_be_visible()
    page.evaluate("document.querySelector('#stale').innerHTML = '<p class=stale>changed</p>'")
    expect(outdated).to_be_visible()
    page.evaluate(
        "document.querySelector('#verdict').insertAdjacentHTML('beforeend', '<p class=waiting>Press Run</p>')"
    )
    expect(outdated).to_have_count(0)


def test_the_keyboard_alone_leaves_a_menu_and_walks_through_radio_buttons(app: str, visit: Begin) -> None:
    page = visit().open(app)
    page.locator("#condition input").focus()
    expect(page.locator("ul.option-list")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator("#condition input")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#control input:focus")).to_have_count(1)
    expect(page.locator("ul.option-list")).to_have_count(1)  # that of the next menu
    page.locator("#mode input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#only input").first).to_be_visible()
    expect(page.locator("#mode input:focus")).to_have_value("Only some")


def test_the_conditions_of_a_study_without_demographics_can_be_chosen(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "disease outbreak, replication")
    expect(page.locator("#attribute")).to_be_hidden()
    pick(page, "condition", 1)
    press_run(page)
    condition = page.locator("#condition input").input_value()
    expect(page.locator("#verdict").get_by_text(condition, exact=True)).to_be_visible()


def test_a_number_typed_beside_a_slider_is_no_mistake_before_it_is_whole(app: str, visit: Begin) -> None:
    page = visit().open(app)
    field = page.locator("#top-p input[type=number]")
    field.select_text()
    for typed in ("0", ".", "5"):
        page.keyboard.type(typed)
        expect(page.locator("#stale p")).to_be_visible()
    expect(page.locator("#stale [data-wanted*='top_p=0.5']")).to_have_count(1)
    field.fill("")
    expect(page.locator("#stale [data-wanted='']")).to_have_count(1)
    field.fill("12")
    field.press("Enter")  # the field goes to the end of the slider, and what it says is run
    expect(page.locator("#stale p")).to_have_count(0)
    expect(field).to_have_value("1")
    expect(page.locator(".toast-body")).to_have_count(0)


def test_enter_keeps_the_focus_where_it_is(app: str, visit: Begin) -> None:
    page = visit().open(app)
    condition = page.locator("#condition input")
    before = condition.input_value()
    condition.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(condition).not_to_have_value(before)
    expect(condition).to_be_focused()
    expect(condition).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowUp")  # the arrows open the list again
    page.keyboard.press("Enter")
    expect(condition).to_have_value(before)
    expect(condition).to_be_focused()
    condition.click()  # and so does a click, though the focus is there already
    expect(condition).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(condition).to_have_attribute("aria-expanded", "false")
    condition.click()
    expect(condition).to_have_attribute("aria-expanded", "true")
    page.locator("#n input").fill("123")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict .request")).to_contain_text("123 simulated people")
    expect(page.locator("#n input")).to_be_focused()
    page.locator("#mode label", has_text="Everyone is").click()
    page.locator("#chips button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chips li")).to_have_count(0)
    expect(page.locator("#mode input:focus")).to_have_count(1)


def test_the_result_stays_in_view_beside_the_controls_and_in_little_on_a_phone(app: str, visit: Begin) -> None:
    page = visit(live=True).open(app)
    slider = "#temperature input[type=range]"
    move = (
        "(s) => { s.value = 0.5; for (const e of ['input', 'change']) s.dispatchEvent(new Event(e, {bubbles: true})); }"
    )
    page.locator(slider).scroll_into_view_if_needed()
    page.locator(slider).evaluate(move)
    expect(page.locator("#verdict .request")).to_contain_text("temperature 0.5")
    for selector in ("#histogram", "#run", slider):
        page.wait_for_function(IN_VIEW, arg=selector)
    phone = visit(width=390, live=True).open(app)
    phone.locator(slider).evaluate("(s) => s.scrollIntoView({ block: 'center' })")
    for selector in ("#compact svg", "#run", slider):
        phone.wait_for_function(IN_VIEW, arg=selector)
    figure = phone.locator("#compact em")
    expect(figure).to_have_text(re.compile(r"W\s0\.\d{3}"))
    assert figure.evaluate(INSIDE)  # a name may be cut, W never
    before = phone.locator("#compact svg").inner_html()
    phone.locator(slider).evaluate(move)
    phone.wait_for_function("(old) => document.querySelector('#compact svg').innerHTML !== old", arg=before)
    expect(phone.locator("#compact")).to_contain_text("Spending on the poor")


# -- far from the server, what is chosen before the answer to an earlier choice has come counts all the same --------


@pytest.fixture
def far(app: str, visit: Callable[..., Visit]) -> Page:
    return visit(far=True).open(app)


def shown(page: Page, menu: str) -> str:
    return page.locator(f"#{menu} input").input_value()


def edits(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(page.locator("#edits :is(textarea, input)").input_value())
    return found


def settled(page: Page) -> None:
    """Wait until nothing is on its way, nor is sent because of the last answer."""
    page.wait_for_timeout(200)
    page.wait_for_function("far.onTheWay === 0 && performance.now() - far.last > 300")


def test_of_two_choices_in_a_menu_the_second_is_shown_and_run(far: Page) -> None:
    first = shown(far, "condition")
    pick(far, "condition", 1)
    pick(far, "condition", 0)
    settled(far)
    assert shown(far, "condition") == first
    pick(far, "condition", 1)
    second = shown(far, "condition")
    assert second != first
    far.click("#run")
    expect(far.locator("#verdict").get_by_text(second, exact=True)).to_be_visible()
    expect(far.locator("#stale p")).to_have_count(0)


def test_a_study_that_is_chosen_meanwhile_is_shown_and_so_is_the_one_before_when_chosen_again(far: Page) -> None:
    first, conditions = shown(far, "study"), shown(far, "condition")
    pick(far, "condition", 1)
    choose(far, "study", "Comma poll: correct grammar")
    settled(far)
    other = shown(far, "study")
    assert "Comma poll" in other
    choose(far, "study", "Spending on the poor")
    choose(far, "study", "Comma poll: correct grammar")  # which the page shows, while another is on its way
    settled(far)
    assert shown(far, "study") == other
    condition = shown(far, "condition")
    choose(far, "study", "Spending on the poor")
    pick(far, "condition", 0)  # of a study that is on its way out
    settled(far)
    assert condition != conditions
    assert (shown(far, "study"), shown(far, "condition")) == (first, conditions)


def test_every_box_and_every_digit_counts(far: Page) -> None:
    far.locator("#mode label", has_text="Only some").click()
    boxes = far.locator("#only label:has(input)")
    expect(boxes.nth(2)).to_be_visible()
    for place in (0, 1):
        boxes.nth(place).click()
    settled(far)
    ticked = far.locator("#only input:checked")
    assert len(edits(far)[0]["values"]) == ticked.count() == boxes.count() - 2
    choose(far, "study", "synthetic")
    settled(far)
    choose(far, "attribute", "Age")
    settled(far)
    low = far.locator("#low input")
    far.locator("#mode label", has_text="Only some").click()
    low.select_text()
    low.press_sequentially("35", delay=50)
    settled(far)
    assert edits(far)[0]["low"] == 35
    far.locator("#high input").select_text()
    far.locator("#high input").press_sequentially("40", delay=50)
    far.locator("#attribute input").click()  # the answer to the last digit leaves it alone
    far.locator("#attribute [role=option]", has_text="Education").click()
    settled(far)
    assert (edits(far)[0]["high"], shown(far, "attribute")) == (40, "Education")


def test_run_waits_for_what_was_chosen_before_it_was_pressed(app: str, visit: Begin) -> None:
    page = visit().open(app)
    held: list[Route] = []
    chosen = re.compile("Everyone is")

    def hold(route: Route) -> None:
        if held or not chosen.search(route.request.post_data or ""):
            route.continue_()
        else:
            held.append(route)

    page.route("**/gradio_api/run/**", hold)
    page.locator("#mode label", has_text=chosen).click()
    with page.expect_request("**/gradio_api/queue/join**"):
        page.click("#run")
    held[0].continue_()
    expect(page.locator("#verdict .request")).to_contain_text("edited: party identification is set to")
    expect(page.locator("#stale p")).to_have_count(0)
