"""Own data from the files of other programs and from the Hub, an own study by keyboard, and a link to two settings."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import openpyxl
import polars as pl
import pyreadstat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit, choose, press_run, running_app
from tests.servers.dataset_hub import COMMIT, DatasetHub

expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]

ARMS, ANSWERS = ["label", "plain"] * 20, [5, 1, 4, 2] * 10
"""Means of 4.5 and 1.5 on a scale from 1 to 5."""
OPTIONS = {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"}
TABLE = pl.DataFrame({"id": [f"p{i}" for i in range(40)], "arm": ARMS, "q1": ANSWERS, "news_1": [1, 0, 0, 1] * 10})


def spss(folder: Path) -> list[Path]:
    labels = {"q1": "How often would you order it?"}
    rows = TABLE.drop("news_1").to_pandas()
    pyreadstat.write_sav(rows, str(folder / "menu.sav"), column_labels=labels, variable_value_labels={"q1": OPTIONS})
    return [folder / "menu.sav"]


def excel(folder: Path) -> list[Path]:
    book = openpyxl.Workbook()
    for row in (("id", "arm", "How often would you order it?"), *TABLE.drop("news_1").rows()):
        book.active.append(row)
    book.save(folder / "menu.xlsx")
    return [folder / "menu.xlsx"]


def qualtrics(folder: Path) -> list[Path]:
    """A survey with a question of one answer and one of several, and its download with texts of choices."""
    often = {"QuestionType": "MC", "Selector": "SAVR", "DataExportTag": "q1", "QuestionID": "QID1",
             "QuestionText": "How often would you order it?",
             "Choices": {str(code): {"Display": text} for code, text in OPTIONS.items()}}  # fmt: skip
    news = {"QuestionType": "MC", "Selector": "MAVR", "DataExportTag": "news", "QuestionID": "QID2",
            "QuestionText": "Where do you read news?", "Choices": {"1": {"Display": "In a paper"}}}  # fmt: skip
    elements = [{"Element": "SQ", "Payload": one} for one in (often, news)]
    (folder / "menu.qsf").write_text(json.dumps({"SurveyEntry": {}, "SurveyElements": elements}))
    head = ",".join(TABLE.columns)
    ids = ",".join(f'"{{""ImportId"":""{name}""}}"' for name in TABLE.columns)
    rows = [",".join(map(str, (who, arm, OPTIONS[answer], news))) for who, arm, answer, news in TABLE.rows()]
    (folder / "menu.csv").write_text("\n".join((head, head, ids, *rows)) + "\n")
    return [folder / "menu.qsf", folder / "menu.csv"]


@pytest.fixture(scope="module")
def journey_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app whose Hub is a server of this machine that has one data set."""
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("dataset")
    TABLE.drop("news_1").write_parquet(data / "train.parquet")
    with DatasetHub(data) as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
        with running_app("--model", "uniform", **settings) as address:
            yield address


def at_the_data(page: Page) -> None:
    page.click("button[role=tab]:has-text('Your data')")
    page.wait_for_selector("#data-file", state="attached")


def predicted(page: Page, means: Sequence[str]) -> None:
    """Press the button; these are the actual means of the conditions."""
    expect(page.locator("#data-run")).to_be_enabled()
    page.click("#data-run")
    page.wait_for_selector("#data-histogram .main-svg .bars")
    for mean in means:
        expect(page.locator("#data-effects")).to_contain_text(mean)


def test_files_of_other_programs_and_a_data_set_of_the_hub_are_predicted_against_actual(
    journey_app: str, visit: Begin, tmp_path: Path
) -> None:
    page = visit().open(journey_app)
    at_the_data(page)
    for write in (spss, excel, qualtrics):
        files = write(tmp_path)
        page.set_input_files("#data-file", files)
        expect(page.locator("#data-found")).to_contain_text(files[-1].name)  # and not the one before
        expect(page.locator("#data-preview")).to_contain_text("40 people")
        predicted(page, ("4.50", "1.50"))
        if write is not excel:
            expect(page.locator("#data-options")).to_contain_text("Sometimes")
    # a choice of several is an outcome of its own: half of each condition selected it
    choose(page, "data-outcome", "In a paper")
    predicted(page, ("0.50",))
    expect(page.locator("#data-options")).to_contain_text("Not selected")

    # nothing is fetched before the button is pressed, and what is fetched is read as a file is
    page.get_by_text("Or a data set of the Hugging Face Hub").click()
    page.fill("#data-hub textarea, #data-hub input", "me/nothing here")
    page.click("#data-fetch")
    expect(page.locator("#data-message")).to_contain_text("does not name a data set; expected OWNER/NAME")
    page.fill("#data-hub textarea, #data-hub input", "me/menu")
    page.click("#data-fetch")
    expect(page.locator("#data-found")).to_contain_text(f"me/menu at {COMMIT[:7]}: 40 rows, 3 columns")
    predicted(page, ("4.50", "1.50"))
    expect(page.locator("#data-keep")).to_contain_text(f"--source hub:me/menu@{COMMIT} --map map.yaml")
    stranger = visit(stranger=True).open(journey_app)
    at_the_data(stranger)
    stranger.get_by_text("Or a data set of the Hugging Face Hub").click()
    stranger.fill("#data-hub textarea, #data-hub input", "me/menu")
    stranger.click("#data-fetch")
    expect(stranger.locator("#data-message")).to_contain_text("Only the owner of this app may fetch")


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until this has the focus, and see that the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(one) => Boolean(document.activeElement?.closest(one))", selector):
            outlined = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
            )
            assert outlined, selector
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def write(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def test_a_study_is_written_replaced_brought_back_and_predicted_by_keyboard_alone(
    journey_app: str, visit: Begin
) -> None:
    page = visit(390, "dark").open(journey_app)
    tab_to(page, "button[role=tab]")
    for _ in range(8):
        if page.evaluate("document.activeElement.textContent.trim()") == "Your study":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#study-editor fieldset")
    write(page, "#ys-study-title", "Two greetings")
    write(page, "#ys-conditions-0-label", "Plain")
    write(page, "#ys-conditions-0-text", "Good morning.")
    write(page, "#ys-conditions-1-label", "Warm")
    write(page, "#ys-conditions-1-text", "How lovely to see you!")
    write(page, "#ys-outcomes-0-name", "liking")
    write(page, "#ys-outcomes-0-question", "How satisfied are you?")
    tab_to(page, "#ys-outcomes-0-scale-kind")
    page.keyboard.type("Satisfaction")  # as a list takes what is typed
    expect(page.locator("#study-summary")).to_contain_text("Ready to run")

    # New takes it away, unsaved; it can be brought back until something is written
    page.locator("#study-new").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#study-editor .undo")).to_contain_text("“Two greetings” was not saved")
    tab_to(page, "#study-editor .undo button")
    page.keyboard.press("Enter")
    expect(page.locator("#ys-conditions-1-label")).to_have_value("Warm")
    expect(page.locator("#study-editor .undo")).to_have_count(0)
    expect(page.locator("#study-summary")).to_contain_text("Ready to run")
    tab_to(page, "#study-run")
    page.keyboard.press("Enter")
    page.wait_for_selector("#study-picture .main-svg .bars")
    expect(page.locator("#study-ranking tbody tr")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    # a reload keeps the study, and says that its prediction is not kept
    page.reload()
    page.click("button[role=tab]:has-text('Your study')")
    expect(page.locator("#ys-conditions-1-label")).to_have_value("Warm")
    expect(page.locator("#study-says")).to_contain_text("its prediction is not kept. Run gives the same one again")


def test_a_link_opens_two_settings_side_by_side(journey_app: str, visit: Begin) -> None:
    page = visit().open(journey_app)
    page.click("#compare-compare")
    page.fill("#n input", "50")
    page.locator("#n input").blur()
    press_run(page)
    page.wait_for_selector("#compare .main-svg")
    query = page.locator("#compare-files button[data-query]").get_attribute("data-query")
    other = visit(apart=True).open(f"{journey_app}?{query}")
    other.wait_for_selector("#compare .main-svg")
    expect(other.locator("#compare-verdict")).to_contain_text("50")
    expect(other.locator("#n input")).to_have_value("50")
    assert other.locator("#compare-verdict table").inner_text() == page.locator("#compare-verdict table").inner_text()
