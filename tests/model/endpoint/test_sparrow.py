"""Typed decisions against sparrow-decider's server, compared with what it says when it is asked without Socrates."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import httpx2
import numpy as np
import polars as pl
import pytest

from socrates_core.evaluation.spec import open_studies, specify
from socrates_core.model.endpoint.endpoint_model import EndpointModel, load_endpoint
from socrates_core.model.endpoint.prompt import QUESTION
from socrates_core.prompt import messages
from socrates_core.report.record.making import make_record
from socrates_core.report.record.words import population_words
from socrates_core.runs.folder import open_run
from socrates_core.runs.worker import work
from socrates_core.simulation.method_notes import TYPED
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import simulate
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.study_file.reading import read_form, study_of
from socrates_core.study.study_set import Cell, Persona
from tests.servers.sparrow import sparrow_serve

STUDIES: Final = load_bundled()
WELFARE: Final = STUDIES.cells_of("gss-welfare")[0]
PEOPLE: Final[list[Persona]] = [{"gender": "Female", "party_id": "Democrat"}, {"age_group": "18-34"}, {}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with sparrow_serve() as url:
        yield url


@pytest.fixture
def model(url: str) -> EndpointModel:
    return load_endpoint(f"endpoint:sparrow@{url}")


def plainly(url: str, cell: Cell, persona: Persona) -> np.ndarray:
    """(L,) what the server itself says of a prompt, with four decimals."""
    options = cell.scale.options or ()
    criteria = {str(option): cell.scale.texts.get(option) for option in options}
    question = {"type": "choice", "instructions": QUESTION, "criteria": criteria}
    state = messages("shared", cell, persona)[-1]["content"]
    body = {"model": "sparrow", "state": state, "questions": {"q": question}}
    said = httpx2.post(f"{url}/systemone", json=body, trust_env=False).json()["answers"]["q"]["probabilities"]
    return np.array([said[str(option)] for option in options])


def test_the_shares_of_a_bundled_study_are_those_that_the_server_gives_for_the_very_same_prompts(
    url: str, model: EndpointModel
) -> None:
    result = simulate(STUDIES, model, SimulationRequest(WELFARE.cell_id, n=25, max_arms=1))
    people = result.profiles.drop("participant_id", "predicted_mean", "simulated_answer").to_dicts()
    said = np.array([plainly(url, WELFARE, persona) for persona in people])
    assert len(said) == 25
    assert np.ptp(said, axis=0).max() > 0.0005  # people differ
    assert said.sum(axis=1) == pytest.approx(np.ones(25), abs=1.5001e-4)
    exact = (said / said.sum(axis=1, keepdims=True)).mean(axis=0)
    assert result.arms[0].predicted.probs == pytest.approx(exact, abs=1e-12)
    assert result.arms[0].predicted.probs == pytest.approx(said.mean(axis=0), abs=1e-4)
    assert TYPED in result.notes
    distinct = len({tuple(person.values()) for person in people})
    assert model.rests_on() == f"{distinct} from typed decisions at /systemone"


def test_a_slider_of_101_options_takes_one_request_for_each_person(url: str, model: EndpointModel) -> None:
    cell = STUDIES.cells_of("society-013")[0]
    answer = model.answer_distributions(cell, PEOPLE)
    said = np.array([plainly(url, cell, persona) for persona in PEOPLE])
    assert answer.method == "typed"
    assert answer.probs.shape == (3, 101)
    assert answer.probs == pytest.approx(said / said.sum(axis=1, keepdims=True), abs=1e-12)
    # whether the server is there, whether it has /decisions, and three people
    assert model.report().requests == 1 + 1 + 3
    assert model.rests_on().startswith("3 from typed decisions")


def test_a_run_says_in_every_row_and_in_its_provenance_that_the_answers_are_typed_decisions(
    url: str, tmp_path: Path
) -> None:
    whole, split = open_studies("bundled")
    spec = specify(whole, split, "bundled", "test", f"endpoint:sparrow@{url}", per_cell=5, only=["gss-welfare"])
    open_run(tmp_path / "run", spec)
    assert work(tmp_path / "run")
    rows = pl.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert set(rows["method"]) == {"typed"}
    provenance = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["provenance"]
    assert provenance["answers_rest_on"].endswith(" from typed decisions at /systemone")
    kept = (tmp_path / "run" / "answers.jsonl").read_text("utf-8")
    assert '"method": "typed"' in kept
    assert url not in kept


def test_a_record_for_preregistration_says_how_the_server_was_asked(model: EndpointModel, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        "socrates_study: 1\ntitle: Menus\n"
        "conditions:\n  - {label: plain, text: You read a menu., control: true}\n"
        'outcomes:\n  - {name: a, question: "How likely?", scale: {from: 1, to: 3, labels: {1: Not, 3: Very}}}\n'
        "population: gss-answers\n"
    )
    form = read_form(tmp_path / "study.yaml")
    found = simulate_study(study_of(form, tmp_path, "s"), model, Sampling(10), keep_answers=True)
    record = make_record(form, found, population_words(form.population), datetime(2026, 11, 28, tzinfo=UTC))
    with zipfile.ZipFile(BytesIO(record)) as archive:
        said = {item["topic"]: item["answer"] for item in json.loads(archive.read("record.json"))["to_report"]}
    reached = f"Asked over the network: server {model.url}, as served, typed decisions first. {TYPED}"
    assert said["How it was reached"] == reached
