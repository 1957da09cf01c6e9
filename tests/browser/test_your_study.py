"""From an empty page to a prediction, as somebody does it who has never seen the tab; every click is counted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from socrates_core.report.record.opening import open_record
from tests.browser.conftest import PATIENCE, Visit

ARGUMENTS: list[str] = []
expect.set_options(timeout=PATIENCE)

ATTACK = "<img src=x onerror=\"document.title='stolen'\">"


class Hand:
    """Clicks and types, and counts the clicks."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, selector: str) -> None:
        self.page.locator(selector).click()
        self.clicks += 1

    def write(self, selector: str, text: str) -> None:
        self.click(selector)
        self.page.keyboard.type(text)

    def choose(self, selector: str, value: str) -> None:
        """A click that opens the list and one on an entry."""
        self.page.locator(selector).select_option(value)
        self.clicks += 2


def at_the_desk(visit: Visit, app: str) -> Hand:
    visit.open(app)
    hand = Hand(visit.page)
    hand.click("button[role=tab]:has-text('Your study')")
    visit.page.wait_for_selector("#study-editor fieldset")
    return hand


def run(hand: Hand) -> None:
    hand.click("#study-run")
    hand.page.wait_for_selector("#study-picture .main-svg .bars", timeout=PATIENCE)


def test_an_empty_page_leads_to_a_prediction_in_a_dozen_clicks(app: str, visit: Callable[..., Visit]) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    expect(page.locator("#study-preview")).to_contain_text("Write a study, see what people would answer.")
    expect(page.locator("#study-editor .says li")).to_have_count(0)  # nobody is reproached before writing
    hand.write("#ys-study-title", "Two greetings")
    hand.write("#ys-conditions-0-label", "Plain")
    hand.write("#ys-conditions-0-text", "You read: Good morning.")
    hand.write("#ys-conditions-1-label", "Warm")
    hand.write("#ys-conditions-1-text", "You read: How lovely to see you!")
    hand.write("#ys-outcomes-0-name", "liking")
    hand.write("#ys-outcomes-0-question", "How satisfied are you with this greeting?")
    expect(page.locator("#ys-outcomes-0-scale-kind-says .open")).to_have_text("Choose how people answer.")
    hand.choose("#ys-outcomes-0-scale-kind", "satisfaction-5")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run: 2 conditions × 1 outcome.")
    expect(page.locator("#study-preview blockquote")).to_have_text(
        "You read: Good morning.\n\nHow satisfied are you with this greeting?\n\nOnly return an integer from 1 to 5, "
        'where 1 means "Very dissatisfied", 2 means "Dissatisfied", 3 means "Neither satisfied nor dissatisfied", 4 '
        'means "Satisfied" and 5 means "Very satisfied".'
    )
    page.locator("#study-preview summary").click()  # to look, not needed
    expect(page.locator("#study-preview pre")).to_contain_text("Who the person is:\n- Gender:")
    run(hand)
    assert hand.clicks == 11
    expect(page.locator("#study-says")).to_contain_text("Nobody has answered this study.")
    expect(page.locator("#study-ranking tbody tr")).to_have_count(2)
    expect(page.locator("#study-tables")).to_contain_text("They do not say how wrong the model may be")
    for empty in ("nan", "None", "undefined", "–\n–"):
        assert empty not in page.locator("#study-result").inner_text()


def test_the_example_is_three_clicks_away_and_can_be_saved_and_opened(
    app: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    hand.click("#study-example")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run: 3 conditions × 2 outcomes.")
    run(hand)
    assert hand.clicks == 3
    with page.expect_download() as saving:
        page.click("#study-save")
    assert saving.value.suggested_filename == "labels-on-a-menu.yaml"
    saving.value.save_as(tmp_path / "menu.yaml")
    for kind, beginning in (("csv", "outcome,condition,control"), ("json", "{"), ("html", "<!doctype html>")):
        with page.expect_download() as saving:
            page.click(f"#study-keep button[data-file={kind}]")
        assert Path(saving.value.path()).read_text("utf-8").startswith(beginning)
    with page.expect_download() as saving:
        page.click("#study-keep button[data-file=zip]")
    assert saving.value.suggested_filename == "labels-on-a-menu.zip"
    saving.value.save_as(tmp_path / "menu.zip")
    digest = page.locator("#study-digest pre").first.inner_text()
    saved = open_record(tmp_path / "menu.zip", digest)
    assert (saved.quoted, saved.about["title"]) == (True, "Labels on a menu")
    score_with_answers(page, tmp_path, digest)
    page.click("#study-copy")
    expect(page.locator("#ys-study-title")).to_have_value("Labels on a menu (copy)")
    expect(page.locator("#study-stale")).to_contain_text("The study has changed.")
    page.click("#study-new")
    expect(page.locator("#ys-study-title")).to_have_value("")
    with page.expect_file_chooser() as choosing:
        page.click("#study-open")
    choosing.value.set_files(tmp_path / "menu.yaml")
    expect(page.locator("#ys-study-title")).to_have_value("Labels on a menu")
    expect(page.locator("#ys-conditions-2-label")).to_have_value("Popular dish")


def score_with_answers(page: Page, folder: Path, digest: str) -> None:
    """Give the record that lies in a folder to the page, with answers that people gave later."""
    arms = ("Plain menu", "Climate label", "Popular dish")
    answers = [f"{who},{arms[who % 3]},{who % 7 + 1},{who % 5 + 1}" for who in range(60)]
    (folder / "people.csv").write_text("\n".join(["who,arm,intention,price", *answers]) + "\n")
    page.get_by_role("button", name="Score a record with people's answers").click()
    page.set_input_files("#record-zip", folder / "menu.zip")
    page.set_input_files("#record-answers", folder / "people.csv")
    page.fill("#record-digest", digest)
    page.click("#record-score")
    says = page.locator("#record-says")
    expect(says).to_contain_text("Labels on a menu: registered and answered")
    expect(says).to_contain_text("Outcomes by their names (intention, price), conditions by arm")
    expect(says).to_contain_text("W (raw) = ")
    expect(page.locator("#record-picture .main-svg").first).to_be_visible()
    with page.expect_download() as saving:
        page.click("#record-save")
    assert saving.value.suggested_filename == "labels-on-a-menu-scored.html"


def test_a_change_stands_beside_what_was_before_it_and_a_reload_keeps_the_study(
    app: str, visit: Callable[..., Visit]
) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    page.click("#study-example")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run")
    run(hand)
    page.click("#what-if-compare")
    expect(page.locator("#what-if-says")).to_contain_text("Kept as A: Labels on a menu, 200 people, demo with adapter")
    page.fill("#ys-conditions-1-text", "You read a menu. A red label says: High climate impact.")
    page.locator("#ys-conditions-1-text").blur()
    page.click("#study-run")
    page.wait_for_selector("#what-if-picture .main-svg .bars", timeout=PATIENCE)
    rows = page.locator("#what-if-table table").first.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("0.0\n0.0 to 0.0", use_inner_text=True)  # its text is the same
    expect(page.locator("#what-if-shares")).to_contain_text("paired: the same 200 people answer in both settings")
    with page.expect_download() as saving:
        page.click("#what-if-files button[data-file=csv]")
    lines = Path(saving.value.path()).read_text("utf-8").splitlines()
    assert {line.partition(",")[0] for line in lines[1:]} == {"simulated"}
    assert ["A," in line or "B (other texts)," in line for line in lines[1:]] == [True] * (len(lines) - 1)
    page.click("#what-if-baselines")
    expect(page.locator("#what-if-verdict h2")).to_have_text("base, adapter and uniform")
    page.reload()
    page.click("button[role=tab]:has-text('Your study')")
    expect(page.locator("#ys-conditions-1-text")).to_have_value(
        "You read a menu. A red label says: High climate impact."
    )
    expect(page.locator("#study-summary")).to_contain_text("Ready to run: 3 conditions × 2 outcomes.")


def test_what_is_wrong_stands_beside_its_field_as_one_types(app: str, visit: Callable[..., Visit]) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    page.click("#study-example")
    expect(page.locator("#ys-conditions-1-label")).to_have_value("Climate label")
    page.fill("#ys-conditions-1-label", "plain menu")
    expect(page.locator("#ys-conditions-1-label-says .bad")).to_contain_text("occurs twice, condition 1 has it too")
    page.fill("#ys-conditions-2-text", "Dear [NAME], a menu.")
    expect(page.locator("#ys-conditions-2-text-says .doubt")).to_contain_text("[NAME] looks like a placeholder")
    page.fill("#ys-conditions-2-text", page.locator("#ys-conditions-0-text").input_value())
    expect(page.locator("#ys-conditions-2-text-says .doubt")).to_contain_text("Reads exactly as in 'Plain menu'")
    page.fill("#ys-conditions-2-text", "word " * 6000)
    page.fill("#ys-conditions-1-label", "Climate")
    expect(page.locator("#ys-conditions-2-text-says .bad")).to_contain_text("What the model reads has")
    page.click("#study-run")
    expect(page.locator("#study-notice")).to_contain_text("The study cannot be run yet: conditions[2].text")


def test_a_link_opens_the_study_in_a_page_of_somebody_else_and_markup_stays_text(
    app: str, visit: Callable[..., Visit]
) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    page.click("#study-example")
    expect(page.locator("#ys-conditions-0-label")).to_have_value("Plain menu")
    page.fill("#ys-conditions-0-label", ATTACK)
    page.fill("#ys-conditions-0-text", ATTACK)
    expect(page.locator("#study-preview blockquote")).to_contain_text(ATTACK)
    page.locator("#ys-conditions-0-label").blur()
    run(hand)
    expect(page.locator("#study-ranking")).to_contain_text(ATTACK)
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.click("#study-keep button[data-study]")
    page.wait_for_function("window.copied")
    link = page.evaluate("window.copied")
    assert "#study=" in link
    other = visit(stranger=True).page
    sent: list[str] = []
    other.on("request", lambda request: sent.append(request.url))
    other.goto(link)
    expect(other.locator("#ys-conditions-0-label")).to_have_value(ATTACK)
    expect(other.locator("#study-summary")).to_contain_text("Ready to run")
    other.click("#study-run")
    other.wait_for_selector("#study-picture .main-svg .bars", timeout=PATIENCE)
    assert not any("study=" in url for url in sent)
    assert [one.title() for one in (page, other)] == ["Socrates", "Socrates"]


def test_below_a_prediction_stands_how_many_people_to_ask_and_what_a_few_already_say(
    app: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    hand = at_the_desk(visit(), app)
    page = hand.page
    page.click("#study-example")
    expect(page.locator("#study-summary")).to_contain_text("Ready to run")
    run(hand)
    expect(page.locator("#study-design-says")).to_be_hidden()
    page.click("#study-design > button")
    expect(page.locator("#study-design-says")).to_contain_text("people in each arm find the predicted effect")
    page.wait_for_selector("#study-design-picture .main-svg .scatterlayer")
    page.fill("#study-design-people input[type=number]", "900")
    expect(page.locator("#study-design-says")).to_contain_text("900 people asked in each arm")
    page.click("#study-design-pilot > button")
    pilot = tmp_path / "pilot.csv"
    pilot.write_text("condition,intention\n" + "Plain menu,2\nClimate label,5\n" * 3)
    page.set_input_files("#study-design-upload input[type=file]", pilot)
    expect(page.locator("#study-design-pilot-says")).to_contain_text("What 6 people already say")
    with page.expect_download() as saved:
        page.click("#study-design-files button[data-file=csv]")
    assert saved.value.suggested_filename == "labels-on-a-menu-design.csv"


def test_another_visitor_finds_nothing_of_it(app: str, visit: Callable[..., Visit]) -> None:
    first = at_the_desk(visit(stranger=True), app)
    first.page.click("#study-example")
    expect(first.page.locator("#ys-study-title")).to_have_value("Labels on a menu")
    first.page.fill("#ys-study-title", "A secret")
    run(first)
    second = at_the_desk(visit(stranger=True), app).page
    expect(second.locator("#ys-study-title")).to_have_value("")
    assert "A secret" not in second.content()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_nothing_sticks_out_on_any_screen(app: str, visit: Callable[..., Visit], width: int, scheme: str) -> None:
    hand = at_the_desk(visit(width, scheme), app)
    hand.page.click("#study-example")
    expect(hand.page.locator("#study-summary")).to_contain_text("Ready to run")
    run(hand)
    wide = hand.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    text, ground = (
        json.loads(hand.page.evaluate(f"JSON.stringify(getComputedStyle(document.querySelector({selector!r})).{what})"))
        for selector, what in (("#ys-study-title", "color"), ("#ys-study-title", "backgroundColor"))
    )
    assert text != ground


def test_by_keyboard_duplicating_and_removing_lead_to_the_part_beside(app: str, visit: Callable[..., Visit]) -> None:
    page = at_the_desk(visit(), app).page
    for button, place in (
        ("Duplicate Condition 1", "conditions-1-label"),
        ("Remove Condition 3", "conditions-1-label"),
        ("Remove Condition 1", "conditions-0-label"),
        ("Duplicate Outcome 1", "outcomes-1-name"),
        ("Remove Outcome 2", "outcomes-0-name"),
    ):
        page.get_by_role("button", name=button).focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"#ys-{place}")).to_be_focused()
