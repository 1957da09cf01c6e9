import json
from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.errors import ModelError, SocratesError
from socrates_core.evaluation.data import EvaluationData, batches, evaluation_data
from socrates_core.evaluation.prediction import questions
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.model.loading import load_model
from socrates_core.runs import plan as run_plan
from socrates_core.runs.folder import open_run
from socrates_core.runs.plan import Pace, calibrate, count_tokens, measured_pace, plan_run, seen_studies
from socrates_core.runs.state import this_machine
from socrates_core.study.split import Split
from socrates_core.study.study_set import StudySet


@pytest.fixture(scope="module")
def bundled() -> tuple[StudySet, Split]:
    return open_studies("bundled")


@pytest.fixture(scope="module")
def spec(bundled: tuple[StudySet, Split]) -> EvaluationSpec:
    return specify(*bundled, "bundled", "test", "demo", per_cell=3)


@pytest.fixture(scope="module")
def data(bundled: tuple[StudySet, Split]) -> EvaluationData:
    experiments = [unit for unit in bundled[1].parts["test"] if unit.startswith(("classic-", "gss-"))]
    return evaluation_data(*bundled, "test", experiments[:12])


def test_a_plan_counts_what_is_predicted(data: EvaluationData, spec: EvaluationSpec) -> None:
    plan = plan_run(data, spec)
    assert (plan.studies, plan.cells, plan.fewest) == (12, len(data.cells), 3)
    assert plan.answers == 3 * plan.cells
    assert plan_run(data, replace(spec, per_cell=None)).answers == data.people


def test_tokens_are_those_that_the_model_computes(data: EvaluationData, spec: EvaluationSpec) -> None:
    counted = count_tokens(data, spec)
    assert counted is not None
    assert not counted.estimated
    model = load_model("demo")
    encode = model._encoder.encode  # type: ignore[attr-defined]
    prompts = [
        {encode(cell, persona).tobytes() for persona in personas}
        for group in batches(data, spec.per_cell)
        for cell, personas in questions(data, group, spec)
    ]
    # what stands in prompts when nothing is shared; answer nodes come on top
    assert counted.unshared >= sum(len(prompt) // 8 for cell in prompts for prompt in cell)
    assert 1 < counted.sharing_bound < 20
    assert counted.sharing_bound == pytest.approx(counted.unshared / counted.computed)


def test_many_tokens_are_estimated_from_groups_spread_over_the_run(
    data: EvaluationData, spec: EvaluationSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = count_tokens(data, spec)
    monkeypatch.setattr(run_plan, "MOST_PROMPTS", 60)
    some = count_tokens(data, spec)
    assert whole is not None
    assert some is not None
    assert some.estimated
    assert some.unshared == pytest.approx(whole.unshared, rel=0.5)


@pytest.mark.parametrize("model", ["uniform", "marginal", "endpoint:x@http://localhost:1/v1"])
def test_models_that_read_nothing_here_have_no_tokens(data: EvaluationData, spec: EvaluationSpec, model: str) -> None:
    assert count_tokens(data, replace(spec, model=model)) is None


def test_a_model_that_is_not_here_is_named(data: EvaluationData, spec: EvaluationSpec) -> None:
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        count_tokens(data, replace(spec, model="nowhere"))
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        seen_studies(data, replace(spec, model="nowhere"))


def test_what_a_model_has_seen_is_known_before_it_is_loaded(
    bundled: tuple[StudySet, Split], data: EvaluationData, spec: EvaluationSpec, tmp_path: Path
) -> None:
    train = evaluation_data(*bundled, "train", bundled[1].parts["train"][:5])
    assert seen_studies(data, replace(spec, model="marginal")) == []
    assert len(seen_studies(train, replace(spec, model="marginal"))) == 5
    assert seen_studies(train, replace(spec, model="uniform")) == []
    record = {"template": "shared", "tokenizer": "a" * 64, "trained_on": ["classic-disease-framing-ml1", "elsewhere"]}
    (tmp_path / "socrates.json").write_text(json.dumps(record))
    twice = ["classic-disease-framing-1981", "classic-disease-framing-ml1"]  # one experiment, repeated
    assert seen_studies(data, replace(spec, adapter=str(tmp_path))) == twice


def run_with(root: Path, spec: EvaluationSpec, *happened: tuple[float, str, dict[str, object]]) -> None:
    folder = root / spec.run_id
    open_run(folder, spec)
    lines = [json.dumps({"time": time, "event": event, **more}) for time, event, more in happened]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")


def story(at: float, answers: int, seconds: float, host: str = "") -> list[tuple[float, str, dict[str, object]]]:
    started = {"answers": answers, "cells": 10, "host": host or this_machine()}
    return [(at, "loading", {}), (at + 4, "started", started), (at + 4 + seconds, "units", {"answers": answers}),
            (at + 5 + seconds, "scoring", {}), (at + 8 + seconds, "finished", {})]  # fmt: skip


def test_the_pace_is_that_of_the_last_run_of_this_model_on_this_machine(tmp_path: Path, spec: EvaluationSpec) -> None:
    assert measured_pace(tmp_path / "none", spec) is None
    run_with(tmp_path, replace(spec, seed=1), *story(100, 50, 5))
    run_with(tmp_path, replace(spec, seed=2), *story(200, 80, 4))
    run_with(tmp_path, replace(spec, seed=3, model="other"), *story(300, 1000, 1))
    run_with(tmp_path, replace(spec, seed=4), *story(400, 1000, 1, host="another machine"))
    run_with(tmp_path, replace(spec, seed=5, data="others"), *story(500, 30, 10))
    run_with(tmp_path, replace(spec, seed=6), (600, "loading", {}), (601, "failed", {"message": "x"}))
    assert measured_pace(tmp_path, spec) == Pace(20.0, 4.0, 0.3, "same studies")
    assert measured_pace(tmp_path, replace(spec, data="new")) == Pace(3.0, 4.0, 0.3, "other studies")


def test_time_is_loading_predicting_and_scoring(data: EvaluationData, spec: EvaluationSpec) -> None:
    plan = plan_run(data, spec)
    pace = Pace(rate=2.0, before=7.0, after=0.1, source="same studies")
    assert pace.seconds(plan) == pytest.approx(7 + plan.answers / 2 + 0.1 * plan.cells)


def test_a_loaded_model_is_tried_on_a_few_cells(data: EvaluationData, spec: EvaluationSpec) -> None:
    tokens = count_tokens(data, spec)
    assert tokens is not None
    pace = calibrate(load_model("demo"), data, spec, tokens)
    assert pace.source == "calibration"
    assert 0.1 < pace.rate < 1e5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"part": "middle"}, "no part 'middle'"),
        ({"per_cell": 1}, "2 or more"),
        ({"seed": -1}, "0 or more"),
        ({"seed": 2**60}, "too large"),
    ],
)
def test_a_specification_that_makes_no_sense_is_refused(
    bundled: tuple[StudySet, Split], wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(SocratesError, match=said):
        specify(*bundled, "bundled", **{"part": "test", "model": "demo", **wrong})  # type: ignore[arg-type]


def test_folders_are_named_in_full_and_other_names_stay(
    bundled: tuple[StudySet, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    made = specify(*bundled, "bundled", "test", "demo", adapter="adapter")
    assert (made.model, made.adapter, made.studies) == ("demo", str(tmp_path / "adapter"), "bundled")
    assert specify(*bundled, "bundled", "test", "a/b", adapter="x" * 5000).adapter == "x" * 5000
    assert specify(*bundled, "bundled", "test", "a\0b").model == "a\0b"
