"""Which runs are shown, and the form filled as for one of them."""

from dataclasses import replace

import pytest

from socrates_core.errors import RunError
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.model.baselines import UniformModel
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.evaluate.actions import starter
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.duplicate import duplicate
from socrates_core.ui.evaluate.filters import RunFilter
from socrates_core.ui.evaluate.form import Filled, RunForm
from socrates_core.ui.evaluate.view import table_html
from socrates_core.ui.results import Results
from tests.ui.evaluate.test_view import FREE, ROW, words

MINE = replace(ROW, name="mine", owner="ada", seconds=125.0)
FAILED = replace(
    ROW, name="f1", model="Qwen/Qwen2.5-14B", state="failed", message="No GPU memory", kinds=(), owner="bob"
)
ROWS = [MINE, FAILED, replace(ROW, name="old")]
OWNER, STRANGER = Visitor(None, "owner", "a"), Visitor(None, "anyone", "b")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (RunFilter(), ["mine", "f1", "old"]),
        (RunFilter(None, None, None, None), ["mine", "f1", "old"]),
        (RunFilter("gpu qwen"), ["f1"]),
        (RunFilter("gpu demo"), []),
        (RunFilter(state="failed"), ["f1"]),
        (RunFilter(model="demo"), ["mine", "old"]),
        (RunFilter(owner="ada"), ["mine"]),
        (RunFilter(owner="not recorded"), ["old"]),
        (RunFilter("<img src=x>" * 1000), []),
    ],
)
def test_every_part_of_a_filter_must_agree(asked: RunFilter, names: list[str]) -> None:
    assert [row.name for row in ROWS if asked.picks(row)] == names


def test_the_menus_offer_what_there_is_and_forget_what_is_gone() -> None:
    state, model, owner = RunFilter(state="running", model="demo").menus(ROWS)
    assert (state["choices"], state["value"]) == (
        [("any state", ""), ("failed", "failed"), ("finished", "finished")],
        "",
    )
    assert (model["choices"][1:], model["value"]) == ([("demo", "demo"), ("Qwen/Qwen2.5-14B",) * 2], "demo")
    assert [value for _, value in owner["choices"]] == ["", "ada", "bob", "not recorded"]


def test_a_filtered_list_says_of_how_many_and_still_knows_what_can_be_compared() -> None:
    page = table_html(ROWS, FREE, picks=RunFilter(owner="ada").picks, titles={"bundled": "Bundled with Socrates"})
    assert "1 of 3 runs" in words(page)
    assert "Bundled with Socrates, test 20 people per cell, seed 42" in words(page)
    assert "took 2 min by ada" in words(page)
    assert "[&#34;mine&#34;, &#34;old&#34;]" in page
    assert "No run matches" in words(table_html(ROWS, FREE, picks=lambda row: False))


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> RunForm:
    return RunForm(Results(open_catalogue([], ()), UniformModel()), RunBoard(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def spec(form: RunForm) -> EvaluationSpec:
    return form.spec(Filled("demo", "demo", "bundled", "val", 7, 3, False), OWNER)


def test_a_duplicated_run_fills_the_form_with_exactly_its_settings(form: RunForm, spec: EvaluationSpec) -> None:
    made = duplicate(form, spec, OWNER)
    assert made.filled == Filled("demo", "demo", "bundled", "val", 7, 3, False)
    assert "the same run" in made.message
    assert form.spec(made.filled, OWNER).run_id == spec.run_id


def test_what_the_form_cannot_say_of_a_run_is_named(form: RunForm, spec: EvaluationSpec) -> None:
    other = replace(spec, only=("gss-welfare",), data="earlier", other_base=True)
    said = duplicate(form, other, OWNER).message
    assert "except that its studies have been prepared again since; and it was about chosen studies" in said
    assert "another base model" in said


def test_a_run_on_studies_that_are_not_open_here_is_not_duplicated(form: RunForm, spec: EvaluationSpec) -> None:
    with pytest.raises(RunError, match=r"\(mine, part val\) are not open here"):
        duplicate(form, replace(spec, studies="/data/mine"), OWNER)


def test_a_visitor_learns_no_path_from_a_run_of_the_owner(form: RunForm, spec: EvaluationSpec) -> None:
    with pytest.raises(RunError, match="Only the owner may enter models") as caught:
        duplicate(form, replace(spec, model="/home/ada/secret"), STRANGER)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("visitor", "name"),
    [(Visitor("ada", "signed-in", "name:ada"), "ada"), (OWNER, "owner"), (STRANGER, "a visitor")],
)
def test_who_started_a_run_is_an_account_or_a_role_and_never_an_address(visitor: Visitor, name: str) -> None:
    assert starter(visitor) == name
