"""What a visitor does on the tab Simulate."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit, choose, press_run, warm

ARGUMENTS = ["--model", "marginal"]

CONTRAST = """(selector) => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let below = element;
  const solid = (node) => {
    const c = channels(getComputedStyle(node).backgroundColor);
    return (c[3] ?? 1) > 0.5 ? c : null;
  };
  while (below && !solid(below)) below = below.parentElement;
  const back = below ? solid(below) : [255, 255, 255];
  const style = getComputedStyle(element);
  const ink = channels(element instanceof SVGElement ? style.fill : style.color);
  const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""

Begin = Callable[..., Visit]
expect.set_options(timeout=PATIENCE)


def verdict(page: Page) -> str:
    return page.locator("#verdict section").inner_text()


def link(page: Page) -> str:
    return page.locator("#result-link").input_value()


def mode(page: Page, name: str) -> None:
    page.locator("#mode label", has_text=name).click()


def options(page: Page) -> str:
    return page.locator("#options").inner_text()


def test_the_page_opens_with_a_picture_of_a_real_unseen_study(opened: Page) -> None:
    expect(opened.locator("#about .badge")).to_have_text(["real", "paraphrased", "unseen"])
    expect(opened.locator("#histogram .bars .point path")).to_have_count(6)
    expect(opened.locator("#histogram .legendtext").nth(1)).to_contain_text("Actual (5,243 answers)")
    expect(opened.locator(".tile")).to_have_count(7)
    expect(opened.locator("#effects")).to_contain_text("Assistance to the poor")
    assert "200 simulated people" in verdict(opened)
    expect(opened.locator("#top")).to_contain_text("marginal")


def test_another_study_shows_its_stimulus_at_once_and_run_computes_it(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "disease outbreak, replication")
    expect(page.locator("#stimulus")).to_contain_text("600 people are expected to die")
    assert "Spending on the poor" in verdict(page)
    press_run(page)
    assert "disease outbreak, replication" in verdict(page)
    expect(page.locator("#options tbody tr")).to_have_count(2)


def test_choosing_the_other_condition_keeps_the_outcome_and_changes_what_is_read(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "condition", "Assistance to the poor")
    expect(page.locator("#stimulus")).to_contain_text("Assistance to the poor")
    press_run(page)
    expect(page.locator("#verdict .arm")).to_have_text("Assistance to the poor")


def test_a_filter_chooses_the_simulated_and_the_actual_people_alike(app: str, visit: Begin) -> None:
    page = visit().open(app)
    before = options(page)
    mode(page, "Only some")
    page.locator("#only label", has_text="Republican").click()
    expect(page.locator("#chips li")).to_have_text(["party identification is Democrat or Independent×"])
    expect(page.locator("#chips .badge")).to_have_text("edited")
    press_run(page)
    assert (
        "Compared with the actual answers of the people whose party identification is Democrat or Independent"
        in verdict(page)
    )
    assert options(page) != before
    page.click("#chips .reset")
    press_run(page)
    assert options(page) == before
    expect(page.locator("#chips li")).to_have_count(0)


def test_choosing_the_study_that_is_shown_keeps_the_edits(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Only some")
    page.locator("#only label", has_text="Republican").click()
    expect(page.locator("#chips li")).to_have_count(1)
    shown = page.locator("#study input").input_value()
    with page.expect_response("**/gradio_api/run/**"):
        choose(page, "study", shown)
    choose(page, "attribute", "Gender")  # answered after it
    expect(page.locator("#mode input:checked")).to_have_value("As observed")
    expect(page.locator("#chips li")).to_have_text(["party identification is Democrat or Independent×"])


def test_everyone_is_something_compares_with_those_who_really_are(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Everyone is")
    expect(page.locator("#chips li")).to_have_text(
        ["party identification is set to Democrat×"]
    )  # the commonest, at once
    choose(page, "everyone", "Republican")
    expect(page.locator("#chips li")).to_have_text(["party identification is set to Republican×"])
    press_run(page)
    assert "who really have party identification Republican" in verdict(page)


def test_sliders_of_shares_always_add_up_to_one_hundred(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Shares")
    sliders = page.locator(".share input[type=range]")
    expect(sliders).to_have_count(3)
    sliders.nth(0).fill("80")
    expect(page.locator("#chips li")).to_contain_text("80.0% Democrat")
    given = json.loads(page.locator("#edits textarea, #edits input").input_value())[0]["shares"]
    assert sum(share for _, share in given) == pytest.approx(1, abs=1e-9)
    assert given[1][1] / given[2][1] == pytest.approx(34.2 / 17.9, rel=0.02)  # the others keep their proportion
    page.locator(".share input[type=number]").nth(1).fill("100")
    page.locator(".share input[type=number]").nth(1).press("Tab")
    expect(page.locator("#chips li")).to_contain_text("0.0% Democrat, 100.0% Republican, 0.0% Independent")
    press_run(page)
    assert "re-weighted so that party identification is 0.0% Democrat, 100.0% Republican" in verdict(page)
    page.locator("#chips [data-remove]").click()
    expect(page.locator("#mode input:checked")).to_have_value("As observed")


def test_edits_of_several_attributes_hold_together_and_leave_one_by_one(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Only some")
    page.locator("#only label", has_text="Republican").click()
    expect(page.locator("#chips li")).to_have_count(1)
    choose(page, "attribute", "Gender")
    mode(page, "Everyone is")
    expect(page.locator("#chips li")).to_have_count(2)
    page.locator("#chips [data-remove]").first.click()
    expect(page.locator("#chips li")).to_have_count(1)
    expect(page.locator("#chips li")).to_contain_text("gender is set to")


def test_a_filter_that_leaves_nobody_is_not_applied_and_says_so(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Only some")
    for party, said in (
        ("Democrat", "party identification is Republican or Independent"),
        ("Republican", "party identification is Independent"),
        ("Independent", "no one would be left"),
    ):
        page.locator("#only label", has_text=party).click()
        expect(page.locator("#chips")).to_contain_text(said)  # at a person's pace: answered before the next click
    # the tick that would have left nobody is back, as the edit is
    expect(page.locator("#only input:checked")).to_have_count(1)
    expect(page.locator("#chips li")).to_contain_text("party identification is Independent")


def test_a_number_is_edited_by_its_range(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "synthetic")
    expect(page.locator("#about .badge-synthetic")).to_be_visible()
    choose(page, "attribute", "Age")
    expect(page.locator("#mode label")).to_have_text(["As observed", "Only some", "Everyone is"])
    mode(page, "Only some")
    page.locator("#low input").fill("40")
    expect(page.locator("#chips li")).to_contain_text("age is 40 to")
    page.locator("#low input").fill("400")
    expect(page.locator("#chips [role=alert]")).to_contain_text("is empty")
    page.locator("#low input").fill("50")
    expect(page.locator("#chips li")).to_contain_text("age is 50 to")
    press_run(page)
    assert "whose age is 50 to" in verdict(page)
    assert "generated by a program, not given by people" in verdict(page)


def test_a_study_without_demographics_says_that_no_profile_can_be_changed(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "disease outbreak, replication")
    expect(page.locator("#chips")).to_contain_text("does not record who its participants were")
    expect(page.locator("#editor")).to_be_hidden()
    press_run(page)
    assert "profiles as observed" in verdict(page)
    expect(page.locator("#histogram .legendtext").nth(1)).to_contain_text("Actual (3,174 answers)")


def test_a_seen_study_runs_only_after_a_tick(app: str, visit: Begin) -> None:
    page = visit().open(app)
    choose(page, "study", "seen by this model")
    expect(page.locator("#about .badge-seen")).to_be_visible()
    page.wait_for_selector("#stale p")
    page.click("#run")
    expect(page.locator("#notice")).to_contain_text("Tick the box")
    assert "Spending on the poor" in verdict(page)  # what was there stays
    page.locator("#confirm input").check()
    press_run(page)
    assert "trained on this study" in verdict(page)
    expect(page.locator("#notice p")).to_have_count(0)


def test_a_link_reopens_the_very_same_result_elsewhere(app: str, visit: Begin) -> None:
    page = visit().open(app)
    page.locator("#n input").fill("77")
    page.locator("#seed input").fill("5")
    page.click("#decode-paper")
    mode(page, "Only some")
    page.locator("#only label", has_text="Republican").click()
    expect(page.locator("#chips li")).to_have_count(1)
    press_run(page)
    assert "77 simulated people" in verdict(page)
    assert "temperature 0.6, top-p 0.9" in verdict(page)
    other = visit(apart=True).open(link(page))
    for block in ("#verdict", "#tiles", "#options", "#effects", "#chips"):
        assert other.locator(block).inner_text() == page.locator(block).inner_text()
    assert other.locator("#n input").input_value() == "77"
    assert not other.locator("#stale p").count()
    reloaded = visit().open(page.url)  # the address of the page is the link
    assert verdict(reloaded) == verdict(page)


def test_a_link_that_makes_no_sense_says_why_and_the_page_works(app: str, visit: Begin) -> None:
    other = visit()
    for query, expected in {
        "cell=abc.1": "cell should be a whole number",
        "cell=20.00000000": "different data",
        "cell=999999.1": "no cell 999999",
        "source=<img src=x onerror=alert(1)>&cell=1.1": "no source '<img src=x onerror=alert(1)>'",
    }.items():
        expect(other.open(f"{app}?{query}").locator("#arrival")).to_contain_text(expected)


def test_a_link_of_another_model_says_that_the_numbers_differ(app: str, visit: Begin) -> None:
    page = visit().open(app)
    other = visit().open(link(page).replace("model=marginal", "model=gpt"))
    expect(other.locator("#arrival")).to_contain_text("made with the model 'gpt'")


def test_two_visitors_do_not_disturb_each_other(app: str, visit: Begin) -> None:
    one, two = visit().open(app), visit(apart=True).open(app)
    mode(one, "Only some")
    one.locator("#only label", has_text="Republican").click()
    choose(two, "study", "disease outbreak, replication")
    one.wait_for_selector("#stale p")
    two.wait_for_selector("#stale p")
    one.click("#run")
    two.click("#run")
    for page in (one, two):
        page.wait_for_selector("#stale p", state="detached")
    assert "Democrat or Independent" in verdict(one)
    assert "Democrat" not in verdict(two)
    assert "disease outbreak" in verdict(two)


def test_a_number_out_of_range_is_named_and_nothing_is_lost(app: str, visit: Begin) -> None:
    page = visit().open(app)
    before = verdict(page)
    for field, value, expected in (
        ("n", "", "Simulated people: enter a whole number from 1 to 10,000; the field is empty."),
        ("n", "99999999", "Simulated people: enter a whole number from 1 to 10,000; got 99,999,999."),
        ("n", "0", "Simulated people: enter a whole number from 1 to 10,000; got 0."),
        ("seed", "", "Seed: enter a whole number from 0"),
        ("seed", "-1", "Seed: enter a whole number from 0"),
    ):
        page.locator("#n input").fill("200")
        page.locator(f"#{field} input").fill(value)
        page.wait_for_selector("#stale p")
        page.click("#run")
        expect(page.locator("#notice")).to_contain_text(expected)
    assert verdict(page) == before
    expect(page.locator("#histogram .bars").first).to_be_visible()


def test_enter_in_a_field_runs_and_pressing_run_twice_runs_once(app: str, visit: Begin) -> None:
    page = visit().open(app)
    page.locator("#n input").fill("50")
    page.wait_for_selector("#stale p")
    page.locator("#n input").press("Enter")
    page.wait_for_selector("#stale p", state="detached")
    assert "50 simulated people" in verdict(page)
    page.locator("#n input").fill("60")
    page.wait_for_selector("#stale p")
    page.locator("#run").dblclick()
    page.wait_for_selector("#stale p", state="detached")
    assert "60 simulated people" in verdict(page)


def test_a_result_downloads(opened: Page) -> None:
    for kind, words in (("csv", "predicted_share"), ("html", "<!doctype html>"), ("json", '"request"')):
        with opened.expect_download() as waiting:
            opened.locator(f".files a[href^='result/{kind}']").click()
        assert words in waiting.value.path().read_text("utf-8")
        assert waiting.value.suggested_filename.endswith(kind)


def test_the_link_holds_the_request(opened: Page) -> None:
    query = parse_qs(urlparse(link(opened)).query)
    assert query["source"] == ["bundled"]
    assert set(query) == {"source", "cell", "model"}  # defaults are left out
    opened.locator(".link button").click()
    expect(opened.locator(".link button")).to_have_text("Copied")


def test_a_phone_needs_no_sideways_scrolling(app: str, visit: Begin) -> None:
    page = visit(width=390).open(app)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    mode(page, "Shares")
    expect(page.locator(".share")).to_have_count(3)
    page.locator(".share input[type=range]").first.fill("70")
    press_run(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".tile summary").first.click()
    expect(page.locator(".tile details p").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_background(app: str, visit: Begin, opened: Page, scheme: str) -> None:
    page = opened if scheme == "light" else visit(scheme=scheme).open(app)
    texts = (
        "#verdict .sentence", "#verdict .mark", "#verdict .request", ".tile .value", ".tile .below", "#options td",
        "#stimulus blockquote", "#about .badge-unseen", "#histogram .xtick text", "#n label span", "#run", ".card h2",
    )  # fmt: skip
    weak = {selector: round(page.evaluate(CONTRAST, selector), 1) for selector in texts}
    assert {selector: ratio for selector, ratio in weak.items() if ratio < 4.5} == {}


def test_the_predicted_bars_keep_their_pattern_when_the_address_changes(app: str, visit: Begin) -> None:
    # plotly refers to patterns by address where the page has a base element; they vanished with the next result
    page = visit().open(app)
    page.locator("#n input").fill("90")
    press_run(page)
    page.wait_for_url("**n=90**")
    fill = page.locator("#histogram .bars .point path").first.evaluate("(bar) => getComputedStyle(bar).fill")
    assert fill.startswith('url("#')


def test_every_control_has_a_name(app: str, visit: Begin) -> None:
    page = visit().open(app)
    mode(page, "Shares")
    page.wait_for_selector(".share")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('#columns input, #columns button, #columns textarea')]
        .filter((e) => e.offsetParent && !(e.labels?.length || e.ariaLabel || e.innerText || e.title
          || e.getAttribute('aria-labelledby'))).map((e) => e.outerHTML.slice(0, 200))"""
    )
    assert nameless == []


def test_effects_keep_their_signs_whichever_condition_is_shown_until_another_control_is_chosen(
    app: str, visit: Begin
) -> None:
    def actual_effects(page: Page) -> dict[str, str]:
        rows = page.locator("#effects tbody tr")
        return {row.locator("th").inner_text(): row.locator("td").nth(3).inner_text() for row in rows.all()}

    page = visit().open(app)
    expect(page.locator("#effects")).to_contain_text("minus that of the control, Welfare")
    first = actual_effects(page)
    assert first["Welfare"] == "control"
    assert first["Assistance to the poor"].startswith("−39.1\N{NO-BREAK SPACE}%")
    choose(page, "condition", "Assistance")
    press_run(page)
    expect(page.locator("#verdict .arm")).to_have_text("Assistance to the poor")
    assert actual_effects(page) == first
    assert "control=" not in link(page)
    warm(page)
    choose(page, "control", "Assistance")
    expect(page.locator("#effects")).to_contain_text("minus that of the control, Assistance to the poor")
    turned = actual_effects(page)
    assert turned["Assistance to the poor"] == "control"
    assert turned["Welfare"].startswith("+39.1\N{NO-BREAK SPACE}%")
    assert parse_qs(urlparse(link(page)).query)["control"] == ["2"]
    # the link brings it back, and another study its own control
    page = visit().open(link(page))
    expect(page.locator("#effects")).to_contain_text("minus that of the control, Assistance to the poor")
    expect(page.locator("#control input")).to_have_value("Assistance to the poor")
    choose(page, "study", "disease outbreak, replication")
    press_run(page)
    assert "control=" not in link(page)
