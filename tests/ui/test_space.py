"""The app as a Hugging Face Space: its card, and how it starts with the variables that a Space sets."""

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.api.asked import Asked
from socrates_core.ui.api.predictions import prediction
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.startup import Startup, Wanted
from tests.servers.app_server import ROOT, AppServer, app_server
from tests.servers.openid_server import OpenIdServer
from tests.ui.test_api import call

SPACE = {
    "SYSTEM": "spaces",
    "SPACE_ID": "ada/socrates",
    "SPACE_AUTHOR_NAME": "ada",
    "SPACE_REPO_NAME": "socrates",
    "SPACE_HOST": "ada-socrates.hf.space",
    "SPACE_TITLE": "Socrates",
    "CPU_CORES": "2",
    "MEMORY": "16Gi",
}

# -- the card

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HARDWARE = {"cpu-basic", "cpu-upgrade", "t4-small", "l4x1", "a10g-small", "a10g-large", "a100-large", "zero-a10g"}
SCOPES = {
    "email", "read-billing", "read-repos", "gated-repos", "contribute-repos", "write-repos", "manage-repos",
    "inference-api", "jobs", "webhooks", "write-discussions",
}  # fmt: skip
CARD: dict[str, Any] = {
    "title": lambda value: isinstance(value, str) and value,
    "emoji": lambda value: isinstance(value, str) and 1 <= len(value) <= 4,
    "colorFrom": lambda value: value in COLOURS,
    "colorTo": lambda value: value in COLOURS,
    "sdk": lambda value: value == "gradio",
    "sdk_version": lambda value: re.fullmatch(r"\d+\.\d+\.\d+", str(value)),
    "python_version": lambda value: re.fullmatch(r"3\.\d+(\.\d+)?", str(value)),
    "app_file": lambda value: (ROOT / value).is_file(),
    "license": lambda value: value == "apache-2.0",
    "suggested_hardware": lambda value: value in HARDWARE,
    "short_description": lambda value: 0 < len(value) <= 60,
    "startup_duration_timeout": lambda value: re.fullmatch(r"\d+(?:h|m|min)", str(value)),
    "fullWidth": lambda value: isinstance(value, bool),
    "hf_oauth": lambda value: value is True,
    "hf_oauth_expiration_minutes": lambda value: isinstance(value, int) and 1 <= value <= 43_200,
    "hf_oauth_scopes": lambda value: isinstance(value, list) and set(value) <= SCOPES,
}
"""The keys of the Spaces configuration reference that this card uses, and the values they take."""


def test_the_card_holds_what_the_hub_accepts() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    card = yaml.safe_load(text.split("---\n")[1])
    assert set(card) == set(CARD)
    assert {key: value for key, value in card.items() if not CARD[key](value)} == {}


def test_signing_in_asks_for_what_pushing_and_fetching_need_and_no_more() -> None:
    card = yaml.safe_load((ROOT / "README.md").read_text("utf-8").split("---\n")[1])
    # make repositories and write to those made here alone; read private ones that were made elsewhere
    assert card["hf_oauth_scopes"] == ["contribute-repos", "read-repos"]
    assert Policy.from_environment(SPACE).least["push"] == "signed-in"


# -- starting


def shown(app: AppServer, element: str) -> str:
    """The value of a component when the page is loaded."""
    found = (one["props"] for one in app.config["components"] if one["props"].get("elem_id") == element)
    return str(next(found)["value"])


def note_of(app: AppServer) -> str:
    """What the page says of a model that is on its way, now."""
    loads = [one for one in app.config["dependencies"] if one["backend_fn"] and len(one["outputs"]) == 3]
    ids = {one["id"]: one["props"].get("elem_id") for one in app.config["components"]}
    look = next(one for one in loads if ids[one["outputs"][0]] == "startup")
    answer = json.loads(app.call(look["id"], [shown(app, "model")]).text)
    return str(answer["data"][0])


def wait_until(app: AppServer, words: str, seconds: float = 90) -> str:
    end = time.monotonic() + seconds
    while words not in (said := note_of(app)):
        assert time.monotonic() < end, said
        time.sleep(0.5)
    return said


def test_a_space_without_token_and_sign_in_starts_with_the_demo_model() -> None:
    with app_server(environ={**SPACE, "HF_HUB_OFFLINE": "1"}) as app:
        assert app.ask("GET", "/").status == 200
        assert "Demo model." in shown(app, "top")
        policy = app.ask("GET", "/").headers["content-security-policy"]
        assert "frame-ancestors 'self' https://huggingface.co" in policy
        assert "x-frame-options" not in app.ask("GET", "/").headers
        assert not app.config.get("space_id")  # nothing for which the browser would ask another host
        assert app.ask("GET", "/login/huggingface").status == 404
        assert "LoginButton" not in json.dumps([one["type"] for one in app.config["components"]])
        refused = app.call(app.handler("fetch-go", "click")["id"], ["ada/adapter", None])
        assert "Only the owner of this Space may fetch adapters" in refused.text
        assert "Traceback" not in app.log()


def test_a_space_with_sign_in_sends_visitors_to_the_provider_and_back_to_its_own_host() -> None:
    with OpenIdServer({"bob": "hf_x"}) as provider, app_server(environ={**SPACE, **provider.environ}) as app:
        answer = app.ask("GET", "/login/huggingface?_target_url=/")
        assert answer.status == 302
        assert answer.headers["location"].startswith(f"{provider.url}/oauth/authorize?")
        assert "redirect_uri=https%3A%2F%2Fada-socrates.hf.space%2Flogin%2Fcallback" in answer.headers["location"]
        cookie = answer.headers["set-cookie"].lower()
        assert "secure" in cookie
        assert "httponly" in cookie
        own = {"origin": "https://ada-socrates.hf.space", "host": "ada-socrates.hf.space"}
        assert app.ask("POST", "/gradio_api/queue/join", own, b"{}").status == 422  # let in; it lacks its parts
        assert app.ask("POST", "/gradio_api/queue/join", {"origin": provider.url}, b"{}").status == 403
        forged = app.ask("GET", "/login/callback?code=stolen&state=guessed")
        assert forged.status in (302, 307)  # back to signing in: the state is not one of ours


OWN = "a-secret-of-the-owner"


def test_a_space_without_sign_in_has_an_owner_by_a_secret_that_its_log_never_shows() -> None:
    with app_server("--model", "uniform", environ={**SPACE, "SOCRATES_TOKEN": OWN}) as app:
        fetch = app.handler("fetch-go", "click")["id"]
        assert "Only the owner of this Space may fetch adapters" in app.call(fetch, ["a/b/c", None]).text
        own = {"host": "ada-socrates.hf.space", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
        opened = app.ask("GET", f"/?token={OWN}", own)
        assert (opened.status, opened.headers["location"]) == (303, "./")
        cookie = opened.headers["set-cookie"].lower()
        assert "secure" in cookie
        assert "samesite=strict" in cookie
        owner = {**own, "cookie": f"socrates-owner-{app.port}={OWN}"}
        assert "is not a valid repository name" in app.call(fetch, ["a/b/c", None], owner).text
        assert app.ask("GET", "/", {"host": "evil.example"}).status == 403
        assert OWN not in app.log()


def test_where_visitors_sign_in_accounts_alone_decide() -> None:
    with (
        OpenIdServer({"bob": "hf_x"}) as provider,
        app_server("--model", "uniform", environ={**SPACE, **provider.environ, "SOCRATES_TOKEN": OWN}) as app,
    ):
        assert app.ask("GET", f"/?token={OWN}").status == 200  # a page like any other
        fetch = app.handler("fetch-go", "click")["id"]
        owner = {"cookie": f"socrates-owner-{app.port}={OWN}", "authorization": f"Bearer {OWN}"}
        assert "Only the owner of this Space may fetch adapters" in app.call(fetch, ["a/b/c", None], owner).text


def test_a_space_without_a_token_is_refused() -> None:
    free = app_server("--model", "uniform", "--no-token", environ=SPACE)
    with pytest.raises(AssertionError, match="a Space, which is public"), free:
        pass


def test_a_model_that_cannot_be_had_leaves_the_demo_model_and_says_why() -> None:
    settings = {**SPACE, "HF_HUB_OFFLINE": "1", "SOCRATES_MODEL": "nobody/nothing-14b", "HF_HOME": "/nonexistent"}
    settings["SOCRATES_LAUNCH"] = "anyone"
    with app_server(environ=settings) as app:
        said = wait_until(app, "could not be loaded")
        assert "nobody/nothing-14b" in said
        assert "so the demo model stays in use" in said
        assert "Demo model." in shown(app, "top")
        stands_in = "The model nobody/nothing-14b could not be loaded, so the demo model stays in use"
        made, _ = call(app, "simulate", study="gss-welfare", people=4)
        assert made["model"]["name"] == "demo"
        assert made["warnings"][0].startswith(stands_in)
        advice, _ = call(app, "advise", study="gss-welfare", people=4)
        assert advice["notes"][0].startswith(stands_in)
        both, _ = call(app, "what_if", study="gss-welfare", people=4, change={"seed": 1})
        assert [stands_in in note for note in both["notes"]].count(True) == 1
        begun, _ = call(app, "launch", people=2)
        assert begun["message"].startswith(stands_in)
        named, _ = call(app, "simulate", study="gss-welfare", people=4, model="demo demo shared")
        assert not any(stands_in in warning for warning in named["warnings"])  # it was asked for
        assert "Traceback" not in app.log()


def test_a_model_named_by_a_variable_takes_over_when_it_is_ready() -> None:
    base = ROOT / "assets" / "demo" / "base"
    with app_server(environ={**SPACE, "SOCRATES_MODEL": str(base)}) as app:
        end = time.monotonic() + 90
        while note_of(app):
            assert time.monotonic() < end, app.log()
            time.sleep(0.5)
        first, *later = app.log().splitlines()
        assert first == f"Loading  demo, then {base} in the background"  # nobody takes it for the line that follows
        assert f"Model    {base} is ready" in later
        listed, _ = call(app, "studies", most=500)
        unseen = {row["study"]: row["unseen"] for row in listed["studies"]}
        learned = next(one for one in load_model("demo", "demo").description.trained_on if one in unseen)
        one, _ = call(app, "study", study=learned)
        made, _ = call(app, "simulate", study=learned, outcome=one["outcomes"][0]["number"], people=4)
        assert made["model"]["name"] == str(base)
        assert made["unseen"] is one["unseen"] is unseen[learned] is True  # by what answers now


def test_until_a_model_is_ready_programs_learn_what_answers_in_its_place() -> None:
    results = Results(open_catalogue([], frozenset()), UniformModel())
    wanted, gate, ended = str(ROOT / "assets" / "demo" / "base"), threading.Event(), threading.Event()

    def load() -> AnswerModel:
        assert gate.wait(90)
        return load_model(wanted)

    startup = Startup(Wanted(wanted), load, results.models.start_with, lambda _: ended.set(), "the uniform baseline")
    results.models.start_with(results.model, startup.words)
    startup.start()
    asked, visitor = Asked(study="gss-welfare", people=4), Visitor("me", "owner", "me")
    before = prediction(results, visitor, asked)
    gate.set()
    assert ended.wait(90)
    after = prediction(results, visitor, asked)
    assert before["warnings"][0] == (
        f"The model {wanted} is being loaded; until it is ready, the uniform baseline is used."
    )
    assert before["page"].endswith("&model=uniform")  # the link keeps to what was predicted
    assert (before["model"]["name"], after["model"]["name"]) == ("uniform", wanted)
    assert not any("is being loaded" in warning for warning in after["warnings"])


def test_a_model_too_large_for_the_machine_is_refused_before_its_weights_are_read(tmp_path: Path) -> None:
    config = json.loads((ROOT / "assets" / "demo" / "base" / "config.json").read_text("utf-8"))
    for path in (ROOT / "assets" / "demo" / "base").iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    wide = {"hidden_size": 65536, "intermediate_size": 262144, "num_attention_heads": 64, "num_key_value_heads": 64}
    (tmp_path / "config.json").write_text(json.dumps({**config, **wide, "head_dim": 1024}))
    with app_server(environ={**SPACE, "SOCRATES_MODEL": str(tmp_path)}) as app:
        said = wait_until(app, "could not be loaded")
        assert "billion parameters and needs about" in said
        assert "without a GPU" in said


@pytest.mark.parametrize("variable", ["SOCRATES_LAUNCH", "SOCRATES_PULL", "SOCRATES_SIMULATE"])
def test_a_misspelt_role_stops_the_start(variable: str) -> None:
    misspelt = app_server("--model", "uniform", environ={**SPACE, variable: "everybody"})
    with pytest.raises(AssertionError, match="set it to owner, signed-in or anyone"), misspelt:
        pass


# -- a lent GPU


LENDER = '''
"""Stands where the platform's package stands: lends a GPU to a process that is forked for each call."""
import multiprocessing
import sys

assert "torch" not in sys.modules, "imported after torch"
forking = multiprocessing.get_context("fork")


def gradio_auto_wrap(task):
    return task


def GPU(task=None, *, duration=None):
    assert duration == 60
    def lend(task):
        def call(*arguments):
            queue = forking.SimpleQueue()
            process = forking.Process(target=lambda: queue.put(task(*arguments)))
            process.start()
            answer = queue.get()
            process.join()
            print("LENT", flush=True)
            return answer
        return call
    return lend
'''


def test_on_zero_gpu_the_model_answers_in_processes_that_borrow_the_gpu(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(LENDER)
    settings = {**SPACE, "SPACES_ZERO_GPU": "true", "PYTHONPATH": str(tmp_path)}
    with app_server("--model", "uniform", environ=settings) as app:
        answer = app.ask("GET", "/result/json?cell=" + first_cell(app))
        assert answer.status == 200, answer.text
        assert "LENT" in app.log()


def first_cell(app: AppServer) -> str:
    """The mark of a cell, from the link that the page opens with."""
    from socrates_core.study.sources.bundled import BUNDLED
    from socrates_core.ui.catalogue import cell_mark, open_catalogue

    studies = open_catalogue([], frozenset()).source(BUNDLED).studies
    cell = studies.cells_of("gss-welfare")[0]
    return f"{cell.cell_id}.{cell_mark(studies, cell)}"
