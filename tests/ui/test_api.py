"""What programs get from a started page, as the owner and as a stranger."""

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from gradio_client import Client

from tests.servers.app_server import PATIENCE, ROOT, AppServer, app_server

JSON = {"content-type": "application/json"}
OWN = """
socrates_study: 1
title: Labels on a menu
conditions:
  - {label: Plain, text: You read a menu., control: true}
  - {label: Green, text: You read a menu with green labels.}
outcomes:
  - {name: intention, question: "How likely?", scale: {from: 1, to: 7}}
population: gss-answers
"""


@pytest.fixture(scope="module")
def app() -> Iterator[AppServer]:
    with app_server("--model", "uniform") as server:
        yield server
        assert "Traceback" not in server.log()


def call(app: AppServer, endpoint: str, owner: bool = False, **arguments: Any) -> tuple[Any, str]:
    """The answer and the error, of which one is empty."""
    headers = {**JSON, **({"authorization": f"Bearer {app.token}"} if owner else {})}
    joined = app.ask("POST", f"/gradio_api/call/v2/{endpoint}", headers, json.dumps(arguments).encode())
    if joined.status != 200:
        return None, joined.text
    event = json.loads(joined.text)["event_id"]
    said = app.ask("GET", f"/gradio_api/call/{endpoint}/{event}", headers).text
    data = json.loads(said.partition("data: ")[2].split("\n")[0])
    return (data[0], "") if said.startswith("event: complete") else (None, str(data["error"]))


def test_the_named_endpoints_are_all_that_is_listed_and_each_argument_has_a_type(app: AppServer) -> None:
    info = json.loads(app.ask("GET", "/gradio_api/info").text)
    assert list(info["named_endpoints"]) == [
        "/studies", "/study", "/simulate", "/what_if", "/advise", "/runs", "/launch", "/report",
    ]  # fmt: skip
    assert info["unnamed_endpoints"] == {}
    simulate = info["named_endpoints"]["/simulate"]
    assert "of groups, not of individuals" in simulate["description"]
    types = {one["parameter_name"]: one["python_type"]["type"] for one in simulate["parameters"]}
    assert (types["study"], types["people"], types["temperature"]) == ("str", "int", "float")


def test_a_prediction_is_numbers_that_agree_with_the_library(app: AppServer) -> None:
    found, _ = call(app, "simulate", study="gss-welfare", people=100)
    arm = found["outcomes"][0]["arms"][0]
    assert arm["predicted"]["shares"] == pytest.approx([1 / 3] * 3)  # the uniform baseline of three options
    assert arm["score"]["wasserstein"] == pytest.approx(0.0742, abs=5e-5)  # as in the docstring of the library
    assert found["unseen"] is True
    assert "simulated" in found["simulated"]
    page, _ = call(app, "simulate", study="gss-welfare", people=100)
    assert page["page"] == found["page"] != ""


def test_a_study_of_ones_own_comes_as_text_and_is_compared_with_a_changed_one(app: AppServer) -> None:
    shown, _ = call(app, "study", study_file=OWN)
    assert shown["conditions"] == ["Plain", "Green"]
    made, _ = call(app, "simulate", study_file=OWN, people=20)
    assert [arm["predicted"]["mean"] for arm in made["outcomes"][0]["arms"]] == pytest.approx([4.0, 4.0])
    both, _ = call(app, "what_if", study_file=OWN, people=20, change={"temperature": 0.5})
    assert both["comparisons"][0]["outcome"] == "intention"
    assert len(both["settings"]) == 2


def test_advice_has_a_number_of_people_where_an_effect_is_predicted_and_a_reason_elsewhere(app: AppServer) -> None:
    advice, _ = call(app, "advise", study="gss-welfare", people=50, ask=300)
    (effect,) = advice["effects"]
    assert (effect["people"], advice["plan"]["people"]) == (None, 300)  # the uniform baseline predicts no effect
    assert effect["cannot"]
    assert "simulated" in advice["simulated"]
    useless, _ = call(app, "advise", study="gss-welfare", people=50, alpha=0)  # as `socrates design` says it
    assert "no test finds anything" in useless["effects"][0]["cannot"]


def test_weights_by_hand_leave_a_prediction_without_a_statement_of_how_far_off_it_is(app: AppServer) -> None:
    weighted = OWN.replace("gss-answers", "{of: gss-answers, margins: {gender: {Female: 70, Male: 30}}}")
    made, _ = call(app, "simulate", study_file=weighted, people=20)
    assert "say how far off" in json.dumps(made["outcomes"][0]["trust"])
    both, _ = call(app, "what_if", study_file=weighted, people=20, change={"seed": 1})
    assert all("trust" not in outcome for setting in both["settings"] for outcome in setting["outcomes"])


@pytest.mark.parametrize(
    ("endpoint", "arguments", "expected"),
    [
        ("simulate", {"study": "nope"}, "there is no 'nope' in any source; /studies lists"),
        ("simulate", {"study": ["gss-welfare"]}, 'study: expected a text, got ["gss-welfare"]'),
        ("simulate", {"study": "gss-welfare", "people": "many"}, "people: expected a whole number from 1 to 10,000"),
        ("simulate", {"study": "gss-welfare", "people": 10**9}, "people: expected a whole number from 1 to 10,000"),
        ("simulate", {"study": "gss-welfare", "people": True}, "people: expected a whole number"),
        ("simulate", {"study": "gss-welfare", "temperature": 1e9}, "temperature: expected a number from 0 to 2"),
        ("simulate", {"study": "gss-welfare", "top_p": 0}, "top_p: expected a number above 0"),
        ("simulate", {"study": "gss-welfare", "model": "gpt"}, "model: there is no 'gpt'; there are uniform"),
        ("simulate", {"study": "gss-welfare", "population": [{"edit": "x"}]}, "expected one of filter"),
        ("simulate", {"study": "gss-welfare", "condition": "Blue"}, "condition of gss-welfare"),
        ("simulate", {}, "study, study_file: give one of them"),
        ("simulate", {"study_file": "x" * 90_000}, "study_file: expected at most 80,000 characters"),
        ("simulate", {"study_file": "a: ["}, "study_file, line 1"),
        ("simulate", {"study_file": OWN.replace("gss-answers", "/etc/passwd.csv")}, "study_file, population"),
        ("simulate", {"study_file": OWN, "outcome": 1}, "outcome: leave it out with study_file"),
        ("what_if", {"study": "gss-welfare", "change": {"colour": 1}}, "there is no argument 'colour'"),
        ("what_if", {"study": "gss-welfare"}, "/what_if needs the argument 'change'"),
        ("simulate", {"colour": 1}, "/simulate has no argument 'colour'"),
        ("advise", {"study": "gss-welfare", "test": "t"}, "test: expected wmw or welch"),
        ("advise", {"study": "gss-welfare", "test": ["wmw"]}, "test: expected a text"),
        ("advise", {"study": "gss-welfare", "power": 2}, "power: expected a number"),
        ("advise", {"study": "gss-welfare", "alpha": 1}, "alpha: expected 0 to below 1"),
        ("predict", {}, "There is no endpoint of this name; there are studies"),
        ("report", {"run": "../../etc"}, "Only the owner of this app may read"),
        ("runs", {}, "Only the owner of this app may read"),
        ("launch", {}, "Only the owner of this app may start evaluations"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(
    app: AppServer, endpoint: str, arguments: dict[str, Any], expected: str
) -> None:
    assert expected in call(app, endpoint, **arguments)[1].replace('\\"', '"')


def test_the_owner_launches_and_reads_evaluations_by_the_token(app: AppServer) -> None:
    started, _ = call(app, "launch", owner=True, part="val", people=2)
    listed, _ = call(app, "runs", owner=True)
    assert [one["run"] for one in listed["runs"]] == [started["run"]]
    end = time.monotonic() + PATIENCE
    while not (found := call(app, "report", owner=True, run=started["run"])[0]):
        assert time.monotonic() < end, app.log()
        time.sleep(0.5)
    assert 0 < found["metrics"]["wasserstein"]["scale"]["mean"] < 1
    assert "no run 'nope' any more" in call(app, "report", owner=True, run="nope")[1]


def test_another_sites_page_cannot_call_and_another_host_name_is_refused(app: AppServer) -> None:
    body = json.dumps({"data": ["gss-welfare", "", ""]}).encode()
    for foreign in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
        assert app.ask("POST", "/gradio_api/run/study", {**JSON, **foreign}, body).status == 403
    assert app.ask("POST", "/gradio_api/run/study", JSON, b'{"data": []}').status == 422


def test_the_examples_of_the_readme_run_against_a_page(app: AppServer) -> None:
    readme = (ROOT / "README.md").read_text("utf-8").replace("http://127.0.0.1:7860/", app.address)
    client = re.search(r"`Client\(\"(\S+?)\"\)\.predict\(\"([\w-]+)\", people=(\d+), api_name=\"(/\w+)\"\)`", readme)
    assert client
    found = Client(client[1], verbose=False).predict(client[2], people=int(client[3]), api_name=client[4])
    assert found["outcomes"][0]["arms"][0]["n_predicted"] == 200
    command = re.search(r"`(curl [^`]+)`", readme)
    assert command
    if shutil.which("curl"):
        said = subprocess.run(shlex.split(command[1]), capture_output=True, text=True, check=True, timeout=60).stdout
        assert json.loads(said)["data"][0]["conditions"] == ["Welfare", "Assistance to the poor"]
