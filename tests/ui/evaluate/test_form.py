"""The form of the tab Evaluate, read against the app's studies and models."""

from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.study.split import Split, parts_digest
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.form import Filled, RunForm
from socrates_core.ui.evaluate.form_actions import FormActions
from socrates_core.ui.results import Results
from tests.tables import plain

OWNER = Visitor(None, "owner", "here")
ANYONE = Visitor(None, "anyone", "there")
FILLED = Filled("uniform", "", "bundled", "test", 5, 42, False)


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> RunForm:
    folder = tmp_path_factory.mktemp("studies")
    plain("a", "b").save(folder / "own")
    parts = {"train": ("a",), "val": ("b",), "test": ()}
    Split("study", 1, "made up", parts, parts_digest(parts)).save(folder / "own" / "split.json")
    plain("d", "e").save(folder / "unsplit")
    model = UniformModel()
    catalogue = open_catalogue([folder / "own", folder / "unsplit"], ())
    return RunForm(Results(catalogue, model), RunBoard(folder / "runs"))


def test_menus_offer_what_there_is(form: RunForm) -> None:
    assert [name for _, name in form.models()] == ["uniform", "demo", "marginal"]
    assert form.adapters("uniform") == [("none", "")]
    assert [name for _, name in form.sources()] == ["own", "bundled"]
    assert [name for _, name in form.parts("own")] == ["val", "train"]
    assert form.parts("bundled") == [
        ("test (unseen): 52 in 31 groups", "test"),
        ("calibration: 21 in 10 groups", "calibration"),
        ("validation: 20", "val"),
        ("training: 183 in 175 groups", "train"),
    ]


def test_a_form_becomes_the_specification_that_the_command_line_makes(form: RunForm) -> None:
    from socrates_core.evaluation.spec import open_studies, specify

    expected = specify(*open_studies("bundled"), "bundled", "test", "uniform", per_cell=5)
    assert form.spec(FILLED, OWNER) == expected
    own = form.spec(replace(FILLED, source="own", part="val", people=None), OWNER)
    assert (Path(own.studies).name, own.per_cell) == ("own", None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": ""}, "Model: choose one"),
        ({"model": None}, "Model: choose one"),
        ({"model": "x" * 501}, "not the name of a model"),
        ({"model": "a\x00b"}, "not the name of a model"),
        ({"source": "nowhere"}, "no source 'nowhere'"),
        ({"source": None}, "no source"),
        ({"source": "unsplit"}, "has no split"),
        ({"part": "all"}, "no part 'all'"),
        ({"part": None}, "no part"),
        ({"people": 1}, "whole number from 2"),
        ({"people": 2.5}, "whole number from 2"),
        ({"people": float("nan")}, "whole number from 2"),
        ({"people": 1e300}, "whole number from 2"),
        ({"people": "many"}, "whole number from 2"),
        ({"seed": None}, "Seed: enter a whole number"),
        ({"seed": -1}, "Seed: enter a whole number"),
        ({"seed": 1e18}, "Seed: enter a whole number"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(form: RunForm, changed: dict[str, object], said: str) -> None:
    with pytest.raises(SocratesError, match=said):
        form.spec(replace(FILLED, **changed), OWNER)  # type: ignore[arg-type]


def test_an_empty_part_is_named(form: RunForm) -> None:
    filled = replace(FILLED, source="own")
    with pytest.raises(SocratesError, match="the part test of this split is empty"):
        form.data(filled, form.spec(filled, OWNER))


@pytest.mark.parametrize(
    ("model", "adapter"), [("/etc", ""), ("someone/huge", ""), ("endpoint:x@http://10.0.0.1/v1", ""), ("demo", "/etc")]
)
def test_only_the_owner_names_what_is_not_in_the_menus(form: RunForm, model: str, adapter: str) -> None:
    filled = replace(FILLED, model=model, adapter=adapter)
    assert form.spec(filled, OWNER).model == model
    with pytest.raises(SocratesError, match="Only the owner"):
        form.spec(filled, ANYONE)
    assert form.spec(replace(FILLED, model="demo"), ANYONE).model == "demo"


def test_a_preview_says_what_the_model_has_seen(form: RunForm) -> None:
    filled = replace(FILLED, source="own", part="train", model="marginal")
    spec = form.spec(filled, OWNER)
    assert form.preview(filled, OWNER, thorough=True).seen == ("a",)
    assert form.refused(filled, spec) == ("a",)
    assert form.preview(replace(filled, model="uniform"), OWNER, thorough=True).seen == ()


def test_a_preview_for_who_may_not_start_asks_no_model(form: RunForm) -> None:
    found = form.preview(replace(FILLED, model="demo"), ANYONE, thorough=False)
    assert (found.plan.cells > 0, found.tokens, found.pace) == (True, None, None)


def test_a_model_that_cannot_be_read_is_said_in_the_preview(form: RunForm) -> None:
    found = form.preview(replace(FILLED, model="no such model"), OWNER, thorough=True)
    assert "no model 'no such model'" in found.no_tokens


def test_the_apps_own_model_is_tried_and_kept(tmp_path: Path) -> None:
    model = load_model("demo")
    form = RunForm(Results(open_catalogue([], ()), model), RunBoard(tmp_path))
    filled = replace(FILLED, model="demo", people=2)
    first = form.preview(filled, OWNER, thorough=True)
    assert first.pace is not None
    assert first.pace.source == "calibration"
    assert first.tokens is not None
    assert form.preview(filled, OWNER, thorough=True) == first
    assert not first.own_on_gpu


def test_the_form_proposes_the_model_that_the_page_uses_with_its_adapter(tmp_path: Path) -> None:
    results = Results(open_catalogue([], ()), load_model("demo", "demo"))
    actions = RunActions(RunForm(results, RunBoard(tmp_path)), RunBoard(tmp_path), results.policy)
    assert actions.form.of_page() == ("demo", "demo")
    handlers = FormActions(actions)
    base = handlers.follow_page("demo shared", "demo", "demo")
    assert (base["model"]["value"], base["adapter"]["value"]) == ("demo", "")
    uniform = handlers.follow_page("uniform", "demo", "")
    assert (uniform["model"]["value"], uniform["adapter"]["value"]) == ("uniform", "")
    assert not uniform["adapter"]["interactive"]
    assert "value" not in handlers.follow_page("demo shared", "demo", "")["model"]
