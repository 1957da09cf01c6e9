"""A folder of one's own: strange texts stay texts, thin and open-ended studies say what cannot be done."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import expect

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    StudySet,
    cells_table,
)
from tests.browser.conftest import PATIENCE, Visit, choose, press_run, running_app

expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]

EVIL = (
    '<img src=x onerror="window.hit=1"> **bold** $x^2$ </script><script>window.hit=1</script> {{value}} ${value} & \'"'
)
"""HTML, Markdown, LaTeX, and the languages of Gradio's own templates."""


def strange_studies() -> StudySet:
    """A hostile study, one with a single answer, and one with an open-ended outcome."""
    scale = AnswerScale((1, 2, 3), {1: EVIL, 3: f"much {EVIL}"})
    cells = [
        Cell(0, "evil", 1, 1, f"{EVIL}\n\nHow much? Only return 1, 2 or 3.", scale, condition=EVIL),
        Cell(1, "evil", 2, 1, f"Again: {EVIL}\n\nHow much? Only return 1, 2 or 3.", scale, condition="plain"),
        Cell(
            2,
            "lonely",
            1,
            1,
            "How much do you agree? Only return an integer from 1 to 5.",
            AnswerScale((1, 2, 3, 4, 5)),
        ),
        Cell(3, "open", 1, 1, "How many dollars would you give? Only return an integer.", AnswerScale(None)),
        Cell(4, "open", 1, 2, "Would you donate? Only return 1 for yes or 2 for no.", AnswerScale((1, 2))),
    ]
    people = [(i, "evil" if i < 60 else "open", f"p{i}", None, EVIL if i % 3 else "other", 20 + i) for i in range(90)]
    people.append((90, "lonely", "p90", None, None, None))
    answers = [(i % 2, i, i % 3 + 1, True) for i in range(60)]
    answers += [(3, i, 10 * i, True) for i in range(60, 90)] + [(4, i, i % 2 + 1, True) for i in range(60, 90)]
    answers.append((2, 90, 4, True))
    titles = {"evil": EVIL, "lonely": "One answer only", "open": "Money and more"}
    rows = [(key, title, EVIL, EVIL, EVIL, "experiment", True, key) for key, title in titles.items()]
    return StudySet(
        studies=pl.DataFrame(rows, schema=STUDIES_SCHEMA, orient="row"),
        cells=cells_table(cells),
        participants=pl.DataFrame(
            people, schema={**PARTICIPANTS_SCHEMA, "party_id": pl.String, "age": pl.Int64}, orient="row"
        ),
        responses=pl.DataFrame(answers, schema=RESPONSES_SCHEMA, orient="row"),
        manifest=Manifest(source="made up"),
    )


@pytest.fixture(scope="module")
def own_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("own") / "strange"
    strange_studies().save(folder)
    with running_app("--model", "uniform", "--studies", str(folder)) as address:
        yield address


def test_hostile_texts_are_shown_and_never_run(own_app: str, visit: Begin) -> None:
    page = visit().open(own_app)
    choose(page, "source", "strange")
    choose(page, "study", "onerror")
    expect(page.locator("#stimulus blockquote")).to_contain_text(EVIL)
    page.locator("#mode label", has_text="Only some").click()
    expect(page.locator("#only label").first).to_contain_text(EVIL)
    page.locator("#only label").last.click()
    expect(page.locator("#chips li")).to_contain_text(EVIL)
    press_run(page)
    expect(page.locator("#verdict h2")).to_contain_text(EVIL)
    expect(page.locator("#options tbody th").first).to_contain_text(EVIL)
    expect(page.locator("#effects tbody th").first).to_contain_text(EVIL)
    page.locator("#mode label", has_text="Shares").click()
    expect(page.locator(".share label").first).to_contain_text(EVIL)
    choose(page, "condition", "plain")
    expect(page.locator("#stimulus blockquote")).to_contain_text("Again:")
    assert page.evaluate("window.hit") is None
    assert page.locator("#columns img, #columns .katex, #columns strong:has-text('bold')").count() == 0


def test_a_study_with_one_answer_shows_the_prediction_and_says_why_there_is_no_distance(
    own_app: str, visit: Begin
) -> None:
    page = visit().open(own_app)
    choose(page, "source", "strange")
    choose(page, "study", "One answer")
    press_run(page)
    expect(page.locator("#verdict")).to_contain_text("Only one person answered")
    expect(page.locator(".tile")).to_have_count(3)
    expect(page.locator("#effects")).to_contain_text("in one condition only")


def test_an_open_ended_outcome_cannot_be_run_by_a_model_of_options_and_says_so(own_app: str, visit: Begin) -> None:
    page = visit().open(own_app)
    choose(page, "source", "strange")
    choose(page, "study", "Money")
    expect(page.locator("#stimulus")).to_contain_text("Would you donate?")  # the bounded one comes first
    choose(page, "outcome", "open-ended")
    expect(page.locator("#stimulus .notice")).to_contain_text("uniform can only choose among options")
    expect(page.locator("#run")).to_be_disabled()
    choose(page, "outcome", "Would you donate?")
    expect(page.locator("#run")).to_be_enabled()
