import json
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import LeakError, PredictionError, RunError, SplitError, StudyFolderError
from socrates_core.evaluation.in_memory import compare, evaluate
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.spec import specify
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.baselines import MarginalModel, UniformModel
from socrates_core.runs.folder import open_run
from socrates_core.runs.worker import work
from socrates_core.study.sources.society.society import make_society, study_set
from socrates_core.study.split import make_split
from socrates_core.study.studies import Studies, load_studies
from tests.tables import plain

SOCIETY = study_set(make_society(7, studies=12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "society"
    Studies.of(SOCIETY, make_split(SOCIETY, "study")).save(path)
    return path


@pytest.fixture(scope="module")
def studies(folder: Path) -> Studies:
    return load_studies(folder)


def same(one: Any, other: Any) -> bool:
    """Equal, numbers to 1e-12."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return bool(one == pytest.approx(other, abs=1e-12, rel=1e-12))
    return bool(one == other)


@pytest.mark.parametrize(("name", "per_cell", "only"), [("uniform", None, 3), ("marginal", 40, 0)])
def test_figures_are_those_of_a_run(
    folder: Path, studies: Studies, tmp_path: Path, name: str, per_cell: int | None, only: int
) -> None:
    train = studies.part("train")
    model: AnswerModel = UniformModel() if name == "uniform" else MarginalModel(train)
    part, chosen = ("train", train.study_ids[:only]) if name == "uniform" else ("test", [])
    split = studies.split
    assert split is not None
    spec = specify(studies, split, str(folder), part, name, per_cell=per_cell, seed=5, only=chosen)
    open_run(tmp_path / "run", spec)
    assert work(tmp_path / "run")
    run = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    found = evaluate(studies, model, part, only=chosen, per_cell=per_cell, seed=5)
    here = as_json(found.metrics)
    assert run.keys() == here.keys()
    for key in run.keys() - {"provenance"}:
        assert same(here[key], run[key]), key
    ours, theirs = here["provenance"], run["provenance"]
    beside = {"revisions", "studies", "versions"}  # where the files lie, and what is installed
    assert {key: ours[key] for key in ours.keys() - beside} == {key: theirs[key] for key in theirs.keys() - beside}


def test_an_evaluation_says_its_w_with_everything_that_a_distance_needs(studies: Studies) -> None:
    found = evaluate(studies, UniformModel(), "train")
    summary = found.metrics.wasserstein.scale
    assert found.interval is not None
    assert (found.w, found.interval) == (summary.mean, summary.ci95)
    assert found.uniform == pytest.approx(found.w)
    assert found.noise_floor == found.metrics.noise_floor.scale.mean
    lines = str(found).splitlines()
    assert lines[0] == f"uniform: {summary.cells} cells of {summary.studies} synthetic studies, W by the stated scale"
    assert lines[1].startswith(f"  W                 {found.w:.4f} (95 % interval {found.interval.low:.4f} to ")
    titles = ["noise floor", "uniform baseline", "marginal baseline"]
    assert [line[2:20].strip() for line in lines[2:]] == titles


def test_what_a_model_has_learned_from_is_not_evaluated_unless_it_is_allowed(studies: Studies) -> None:
    model = MarginalModel(studies.part("train"))
    with pytest.raises(LeakError, match=r"was trained on .*in Python: allow_seen=True"):
        evaluate(studies, model, "train")
    found = evaluate(studies, model, "train", allow_seen=True)
    assert found.contaminated
    assert "CONTAMINATED" in str(found)


def test_progress_counts_cells(studies: Studies) -> None:
    told: list[tuple[int, int]] = []
    evaluate(studies, UniformModel(), per_cell=5, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (len(studies.part("test").cells),) * 2


def test_a_selection_without_training_studies_has_no_marginal_baseline(studies: Studies) -> None:
    whole, alone = evaluate(studies, UniformModel()), evaluate(studies.part("test"), UniformModel())
    assert (alone.w, alone.interval) == (whole.w, whole.interval)
    assert whole.metrics.baselines.marginal.scale.mean is not None
    assert alone.metrics.baselines.marginal.scale.mean is None
    assert "marginal" not in str(alone)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"part": "tset"}, RunError, "no part 'tset' of this split; choose train, val, test"),
        ({"per_cell": 1}, RunError, "too few people"),
        ({"only": ["nobody"]}, StudyFolderError, "no study nobody here"),
    ],
)
def test_what_makes_no_sense_is_said(
    studies: Studies, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(studies, UniformModel(), **arguments)


def test_the_calibration_part_is_evaluated_and_guarded_by_group() -> None:
    bundled = load_studies()
    found = evaluate(bundled, UniformModel(), "calibration", only=["f538-flying-1", "f538-flying-2"], per_cell=5)
    assert (found.metrics.provenance.part, found.contaminated) == ("calibration", False)
    neighbour = MarginalModel(bundled.select(["f538-flying-1"]))  # of the same poll
    with pytest.raises(LeakError, match="f538-flying-2"):
        evaluate(bundled, neighbour, "calibration", only=["f538-flying-2"], per_cell=5)
    assert not evaluate(bundled, neighbour, "calibration", only=["f538-food-ireland"], per_cell=5).contaminated


def test_studies_without_a_split_are_not_evaluated() -> None:
    with pytest.raises(SplitError, match="have no split into training and test"):
        evaluate(Studies.of(plain("a", "b", "c")), UniformModel())


def test_evaluations_are_compared_with_paired_differences(studies: Studies) -> None:
    marginal = MarginalModel(studies.part("val"))
    found = compare(evaluate(studies, UniformModel(), "train"), evaluate(studies, marginal, "train"))
    (duel,) = found.differences
    lines = str(found).splitlines()
    assert (duel.one, duel.other) == ("uniform", "marginal")
    assert lines[0] == f"W by the stated scale, {found.cells} cells of {found.studies} studies"
    assert lines[-1] == duel.sentence
    assert sorted(row.name for row in found.leaderboard if row.kind == "model") == ["marginal", "uniform"]


def test_evaluations_of_one_model_are_told_apart(studies: Studies) -> None:
    twice = [evaluate(studies, UniformModel()) for _ in range(2)]
    (duel,) = compare(*twice).differences
    assert (duel.one, duel.other, duel.difference) == ("uniform #1", "uniform #2", 0)


def test_a_comparison_needs_two_and_a_known_convention(studies: Studies) -> None:
    one = evaluate(studies, UniformModel())
    with pytest.raises(PredictionError, match="two runs or more"):
        compare(one)
    with pytest.raises(PredictionError, match="no convention 'separate'; choose scale or observed"):
        compare(one, one, convention="separate")
