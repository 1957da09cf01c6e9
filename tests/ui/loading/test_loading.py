"""Loading a model from the page: what is on the machine, what it takes, and what becomes of it."""

import shutil
import time
from pathlib import Path

import pytest

from socrates_core.errors import LaunchError, ModelError, SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.model.folder import DEMO_ADAPTER, DEMO_BASE
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.ui import models as module
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.loading.cached import CachedModel, cached_models
from socrates_core.ui.loading.loader import Loader
from socrates_core.ui.loading.quote import checked_name, quote_html
from socrates_core.ui.results import Results
from tests.servers.programs import free_port
from tests.tables import plain

OWNER = Visitor(None, "owner", "here")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> Results:
    """A page of which the owner asks."""
    monkeypatch.setattr(module, "asking", lambda: OWNER)
    return Results(open_catalogue([], frozenset()), UniformModel(), policy=Policy.from_environment({}))


def finished(loader: Loader) -> str:
    """What it says in the end."""
    end = time.monotonic() + 60
    while loader.busy:
        assert time.monotonic() < end
        time.sleep(0.05)
    return loader.note()


def test_the_cache_offers_complete_models_and_no_adapters(tmp_path: Path) -> None:
    for name, source in (("tiny", DEMO_BASE), ("adapter", DEMO_ADAPTER), ("half", None)):
        place = tmp_path / f"models--ada--{name}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text("1" * 40)
        snapshot = place / "snapshots" / ("1" * 40)
        if source is None:
            snapshot.mkdir(parents=True)
            shutil.copy(DEMO_BASE / "config.json", snapshot)
        else:
            shutil.copytree(source, snapshot)
    size = (DEMO_BASE / "model.safetensors").stat().st_size
    assert cached_models(tmp_path) == [CachedModel("ada/tiny", size)]
    assert cached_models(tmp_path)[0].label == "ada/tiny · on this machine, 4.9 MB"
    assert cached_models(tmp_path / "nowhere") == []


def test_before_it_is_loaded_the_page_says_what_a_model_takes() -> None:
    studies = load_bundled()
    cell = studies.cells_of("gss-welfare")[0]
    local = quote_html(str(DEMO_BASE), studies, cell)
    assert "2.5 million parameters" in local
    assert "are free here" in local
    assert "nothing: it is on this machine" in local
    port = free_port()  # nobody listens: whoever asked would fail
    served = quote_html(f"endpoint:m@http://127.0.0.1:{port}/v1", studies, cell)
    assert "gss-welfare with 200 people in 2 conditions" in served
    assert "requests (at most " in served
    assert "paid with the key of this app" in served


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Enter the name"), (None, "Enter the name"), ("a\x00b/c", "not the name"), ("x" * 501, "not the name"),
     ("uniform", "comes with the software")],
)  # fmt: skip
def test_what_is_no_name_is_refused_before_anything_is_looked_up(typed: str | None, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        checked_name(typed)


def test_a_model_is_loaded_in_the_background_used_and_let_go(results: Results) -> None:
    loader = Loader(results)
    assert loader.note() == ""
    loader.begin(str(DEMO_BASE), None, owner_only=True)
    assert "is ready, for the owner only, and chosen" in finished(loader)
    name = loader.ready
    assert results.models.get(name).description.name == str(DEMO_BASE)
    assert results.models.has(f"{DEMO_BASE} demo shared")  # with the adapter that fits it
    assert loader.unload(name).endswith("is unloaded.")
    assert not results.models.has(name)
    with pytest.raises(SocratesError, match="was not loaded from the page"):
        loader.unload(results.model_name)


def test_a_model_that_cannot_be_had_leaves_everything_as_it_is(results: Results) -> None:
    loader = Loader(results)
    before = results.models.choices()
    for name in (f"endpoint:m@http://127.0.0.1:{free_port()}/v1", "nobody/nothing-at-all"):
        loader.begin(name, None, owner_only=False)
        assert "could not be loaded, so the model chosen before stays in use" in finished(loader)
        assert (results.models.choices(), loader.ready) == (before, "")
    with pytest.raises(ModelError, match="SOCRATES_MODEL"):
        Loader(results, fixed=True).begin("ada/tiny", None, owner_only=True)


def test_an_endpoint_gets_no_people_that_are_not_public_unless_the_start_said_so(tmp_path: Path) -> None:
    plain("a", real=["a"]).save(tmp_path / "mine")
    own = Results(open_catalogue([tmp_path / "mine"], ()), UniformModel(), policy=Policy.from_environment({}))
    endpoint = f"endpoint:m@http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(SocratesError, match="--confirm-people"):
        Loader(own).begin(endpoint, None, owner_only=True)
    Loader(own, confirmed=True).begin(endpoint, None, owner_only=True)


def test_who_may_load_is_not_for_a_variable_to_say() -> None:
    policy = Policy.from_environment({"SYSTEM": "spaces"})
    refusal = policy.refusal(Visitor("bob", "signed-in", "b"), "load")
    assert refusal == "Only the owner of this Space may load further models."
    assert policy.refusal(OWNER, "load") is None
    with pytest.raises(LaunchError, match="SOCRATES_LOAD is 'anyone'; set it to owner"):
        Policy.from_environment({"SOCRATES_LOAD": "anyone"})
