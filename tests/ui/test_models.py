"""Several models on one page: names, fitting, switching, and which studies each has seen."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.errors import SocratesError
from socrates_core.hub.source import record_audience, write_source
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.model.record import FILE, ModelRecord
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui import models as module
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.adapters.choices import Adapter, adapters_here
from socrates_core.ui.adapters.view import adapter_card
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.models import Models
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import Link, model_name
from tests.demo_adapter import demo_adapter

BASE, TUNED = "demo shared", "demo demo shared"
SEEN, OTHER = "demo ada/seen@aaaaaaa shared", "demo ada/other@bbbbbbb shared"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pulled adapters for the demo model."""
    folder = tmp_path_factory.mktemp("adapters")
    for seed, (name, letter, trained) in enumerate([("seen", "a", ("gss-welfare",)), ("other", "b", ())]):
        place = demo_adapter(folder / f"ada--{name}--{letter * 12}", seed, trained)
        write_source(place, f"ada/{name}", None, letter * 40)
    return folder


@pytest.fixture(scope="module")
def results(root: Path) -> Results:
    model = load_model("demo")
    made = Results(open_catalogue([], model.description.trained_on), model)
    made.models.set_adapters(adapters_here(model.description, root))
    return made


def link(model: str, seed: int = 1) -> Link:
    cell = open_catalogue([], frozenset()).source(BUNDLED).studies.cells_of("gss-welfare")[0]
    return Link(BUNDLED, SimulationRequest(cell.cell_id, n=20, seed=seed, max_arms=1), model)


def test_every_fitting_adapter_can_be_chosen_by_its_name(results: Results) -> None:
    assert dict(results.models.choices()) == {
        "demo without adapter": BASE,
        "its bundled adapter": TUNED,
        "ada/seen@aaaaaaa": SEEN,
        "ada/other@bbbbbbb": OTHER,
        "uniform baseline": "uniform",
        "marginal baseline (training answers by scale)": "marginal",
    }
    assert results.models.get(SEEN).description.adapter == "ada/seen@aaaaaaa"
    assert results.models.get(SEEN) is results.models.get(SEEN)
    assert results.models.get("") is results.model


def test_results_of_several_models_are_kept_apart(results: Results) -> None:
    answers = {name: results.get(link(name)).arms[0].predicted.probs.tolist() for name in (BASE, SEEN, OTHER)}
    assert answers[BASE] != answers[SEEN] != answers[OTHER] != answers[BASE]
    assert {name: results.get(link(name)).arms[0].predicted.probs.tolist() for name in (OTHER, SEEN, BASE)} == answers
    assert results.get(link("")) is results.get(link(BASE))


def test_a_study_is_marked_seen_for_the_model_that_has_learned_from_it_alone(results: Results) -> None:
    def seen(name: str) -> bool:
        return results.catalogue_of(name).source(BUNDLED).entry("gss-welfare").seen

    assert {name: seen(name) for name in (BASE, SEEN, OTHER)} == {BASE: False, SEEN: True, OTHER: False}
    assert results.catalogue_of(SEEN).source(BUNDLED).entries[-1].study.study_id == "gss-welfare"


def test_a_model_that_is_not_here_is_named(results: Results) -> None:
    with pytest.raises(SocratesError, match="'demo ada/gone@1234567 shared' is not available"):
        results.get(link("demo ada/gone@1234567 shared"))


def test_an_adapter_that_is_removed_is_let_go_and_the_least_used_ones_leave_the_memory(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOADED", 1)
    shutil.copytree(root, tmp_path / "adapters")
    models = Models(load_model("demo"))
    models.set_adapters(adapters_here(models.default.description, tmp_path / "adapters"))
    first = models.get(SEEN)
    models.get(OTHER)
    assert models.get(SEEN) is not first  # it was let go, and is loaded anew
    shutil.rmtree(tmp_path / "adapters" / f"ada--seen--{'a' * 12}")
    models.set_adapters(adapters_here(models.default.description, tmp_path / "adapters"))
    assert not models.has(SEEN)
    with pytest.raises(SocratesError, match="is not available"):
        models.get(SEEN)


def test_an_adapter_that_does_not_say_its_template_is_offered_with_each(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / f"ada--other--{'b' * 12}"
    shutil.copytree(root / folder.name, folder)
    (folder / FILE).unlink()
    write_source(folder, "ada/other", None, "b" * 40)
    models = Models(load_model("demo"))
    models.set_adapters(adapters_here(models.default.description, tmp_path))
    assert [label for label, _ in models.choices()] == [
        "demo without adapter",
        "its bundled adapter",
        "ada/other@bbbbbbb, template shared",
        "ada/other@bbbbbbb, template socrates",
        "ada/other@bbbbbbb, template alpaca",
        "uniform baseline",
        "marginal baseline (training answers by scale)",
    ]
    assert models.get("demo ada/other@bbbbbbb alpaca").description.template == "alpaca"


def test_the_bundled_adapter_is_on_the_menu_once_where_the_app_was_started_with_it(root: Path) -> None:
    models = Models(load_model("demo", "demo"))
    models.set_adapters(adapters_here(models.default.description, root))
    assert models.choices()[:2] == [("demo with its bundled adapter", TUNED), ("demo without adapter", BASE)]
    assert [name for _, name in models.choices()].count(TUNED) == 1
    assert models.get(BASE).description.adapter is None


def test_a_model_that_takes_no_adapters_says_so(root: Path) -> None:
    models = Models(UniformModel())
    models.set_adapters(adapters_here(models.default.description, root))
    assert [name for _, name in models.choices()] == ["uniform", TUNED, BASE, "marginal"]
    assert models.misfit(models.adapters[0]) == "the model uniform does not support adapters"


def test_another_model_takes_over_and_those_before_it_are_gone(root: Path) -> None:
    models = Models(load_model("demo"))
    models.set_adapters(adapters_here(models.default.description, root))
    models.get(SEEN)
    models.start_with(UniformModel())
    assert models.default_name == "uniform"
    assert not models.has(SEEN)


def test_what_comes_with_the_software_can_be_chosen_whatever_the_app_was_started_with() -> None:
    models = Models(UniformModel())
    for _, name in models.choices():
        assert model_name(models.get(name).description) == name
    assert models.get("marginal") is models.get("marginal")


OWNER, STRANGER = Visitor(None, "owner", "here"), Visitor(None, "anyone", "address:1")


@pytest.fixture
def asked_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Visitor | None], None]:
    """Says whose request is being handled."""

    def by(visitor: Visitor | None) -> None:
        monkeypatch.setattr(module, "asking", lambda: visitor)

    return by


def test_what_the_owner_keeps_is_there_for_nobody_else(
    root: Path, tmp_path: Path, results: Results, asked_by: Callable[[Visitor | None], None]
) -> None:
    shutil.copytree(root, tmp_path / "adapters")
    record_audience(tmp_path / "adapters" / f"ada--seen--{'a' * 12}", owner_only=True)
    made = Results(results.catalogue, results.model, policy=Policy.from_environment({}))
    made.models.set_adapters(adapters_here(results.model.description, tmp_path / "adapters"))
    for visitor in (STRANGER, None):  # outside of a request nobody is the owner
        asked_by(visitor)
        assert SEEN not in {name for _, name in made.models.choices()}
        assert not made.models.has(SEEN)
        assert [one.title for one in made.models.adapters if "seen" in one.title] == []
        with pytest.raises(SocratesError, match="is not available"):
            made.models.get(SEEN)
    asked_by(OWNER)
    assert made.models.has(SEEN)
    shown = made.get(link(SEEN), visitor=OWNER)
    assert made.get(link(SEEN), visitor=OWNER) is shown
    asked_by(STRANGER)
    with pytest.raises(SocratesError, match="is not available"):  # nor what is in memory
        made.get(link(SEEN), visitor=STRANGER)
    record_audience(tmp_path / "adapters" / f"ada--seen--{'a' * 12}", owner_only=False)
    made.models.set_adapters(adapters_here(results.model.description, tmp_path / "adapters"))
    assert made.get(link(SEEN), visitor=STRANGER) is shown


def test_a_model_loaded_from_the_page_brings_its_adapters_for_those_who_may_use_it(
    root: Path, asked_by: Callable[[Visitor | None], None]
) -> None:
    models = Models(UniformModel())
    models.set_adapters(adapters_here(models.default.description, root))
    base = load_model("demo")
    base.description = replace(base.description, name="ada/base")
    base.shared.description = base.description
    name = models.place(base, owner_only=True)
    adapted = "ada/base ada/seen@aaaaaaa shared"
    asked_by(STRANGER)
    assert not models.has(name)
    assert not models.has(adapted)
    asked_by(OWNER)
    assert ("ada/base", name) in models.choices()
    assert ("ada/base with ada/seen@aaaaaaa", adapted) in models.choices()
    assert models.get(adapted).description.adapter == "ada/seen@aaaaaaa"
    models.unplace(name)
    assert not models.has(name)
    assert not models.has(adapted)
    with pytest.raises(SocratesError, match="is in the menu already"):
        models.place(UniformModel(), owner_only=True)


def test_only_what_has_to_be_computed_counts_against_a_visitor() -> None:
    limits = Limits(burst=100, rate=0.001)
    model = UniformModel()
    made = Results(open_catalogue([], frozenset()), model, policy=Policy.from_environment({}), limits=limits)
    visitor = Visitor(None, "anyone", "address:1")
    first = made.get(link("", 1), visitor=visitor)
    for _ in range(20):
        assert made.get(link("", 1), visitor=visitor) is first
    for seed in range(2, 6):  # five runs of 20 participants empty a bucket of 100
        made.get(link("", seed), visitor=visitor)
    with pytest.raises(SocratesError, match="much in a short time"):
        made.get(link("", 6), visitor=visitor)


def test_a_visitor_who_may_not_simulate_gets_what_is_there_and_nothing_new() -> None:
    made = Results(
        open_catalogue([], frozenset()), UniformModel(), policy=Policy.from_environment({"SOCRATES_SIMULATE": "owner"})
    )
    stranger = Visitor(None, "anyone", "address:1")
    with pytest.raises(SocratesError, match="may simulate"):
        made.get(link("", 1), visitor=stranger)
    made.get(link("", 1), visitor=Visitor(None, "owner", "address:2"))
    made.get(link("", 1), visitor=stranger)


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "1e999", "true", '"9"', "-1", "null", "1" + "0" * 400])
def test_impossible_figures_in_a_strangers_record_are_left_out(tmp_path: Path, odd: str) -> None:
    figures = {"wasserstein": 0.1, "uniform": "ODD", "cells": "ODD", "studies": 3}
    ModelRecord("shared", "0" * 64, (), base="demo", training={"validation": figures}).save(tmp_path)
    path = tmp_path / FILE
    path.write_text(path.read_text("utf-8").replace('"ODD"', odd), "utf-8")
    adapter = Adapter("ada/other", tmp_path, ModelRecord.load(tmp_path), None, 0)
    assert "<b>0.100</b> · 3 studies</p>" in adapter_card(adapter, Models(UniformModel()))
