import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from socrates_core.errors import LeakError, ModelError, RunError, SplitError, StudyFolderError
from socrates_core.evaluation.data import EvaluationData, batches, evaluation_data
from socrates_core.evaluation.prediction import leaks, predict
from socrates_core.evaluation.results.metrics import load_metrics
from socrates_core.evaluation.spec import EvaluationSpec, open_studies
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.runs import index as run_index
from socrates_core.runs.evaluate import run
from socrates_core.runs.folder import cancel, delete, open_run, read_spec, worker
from socrates_core.runs.index import KindFigures
from socrates_core.runs.state import events, is_alive, record, state
from socrates_core.runs.units import Engine, collect, finished_units, local_results, predict_units
from socrates_core.runs.worker import duplicates, with_precision_of_units
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.study.files import write_json
from socrates_core.study.leaks import STIMULI, sketches_text
from socrates_core.study.sources.society.society import make_society, study_set
from socrates_core.study.split import Split, make_split, parts_digest
from socrates_core.study.study_set import Cell, Persona, StudySet
from socrates_core.trust.fingerprint import Fingerprint
from tests.ends import exit_code
from tests.evaluations import write_metrics
from tests.experiments import ONE_TO_FIVE, Arm, experiment, people
from tests.tables import plain
from tests.tables import study_set as made_up

SPEC = EvaluationSpec(studies="bundled", data="d", part="test", split="s", model="uniform")


@pytest.fixture(scope="module")
def society() -> StudySet:
    return study_set(make_society(5, studies=8))


@pytest.fixture(scope="module")
def data(society: StudySet) -> EvaluationData:
    return evaluation_data(society, make_split(society, "study"), "train")


def ask(data: EvaluationData, spec: EvaluationSpec = SPEC) -> Engine:
    return lambda groups: local_results(groups, lambda cells: predict(UniformModel(), data, cells, spec, None))


# -- what is predicted -------------------------------------------------------------------------------------------


def test_a_cell_is_predicted_for_the_people_who_answered_it(society: StudySet, data: EvaluationData) -> None:
    cell = data.cells[0]
    (found,) = predict(UniformModel(), data, [cell], SPEC, None)
    answers = society.answers(cell.cell_id)
    np.testing.assert_array_equal(found.responses, answers.responses)
    np.testing.assert_array_equal(found.people, answers.participant_ids)
    assert found.probs is not None
    assert found.probs.shape == (len(answers.responses), len(cell.scale.values or ()))
    someone = society.participants.filter(participant_id=int(found.people[3]))
    assert found.attributes["gender"][3] == someone["gender"][0]


class Counting:
    """Guesses evenly and counts whom it is asked about."""

    description = ModelDescription("counting")

    def __init__(self) -> None:
        self.asked: list[int] = []

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        self.asked.append(len(personas))
        return UniformModel().answer_distributions(cell, personas)


def test_equal_personas_are_asked_once() -> None:
    studies = experiment(people(age=[30, 30, 40]), [Arm("How much?", {0: [1], 1: [2], 2: [3, 3]})])
    split = all_test(studies)
    data, model = evaluation_data(studies, split, "test"), Counting()
    (found,) = predict(model, data, data.cells, SPEC, None)
    assert model.asked == [2]
    assert found.people.tolist() == [0, 1, 2, 2]


def all_test(studies: StudySet):
    parts = {"train": (), "val": (), "test": tuple(studies.study_ids)}
    return Split("study", 1, "made up", parts, parts_digest(parts))


def test_a_sample_of_people_is_the_same_whatever_else_is_done(data: EvaluationData) -> None:
    spec = replace(SPEC, per_cell=5)
    alone = predict(UniformModel(), data, [data.cells[3]], spec, None)[0]
    together = predict(UniformModel(), data, data.cells[:4], spec, None)[3]
    assert len(alone.responses) == 5
    np.testing.assert_array_equal(alone.people, together.people)


def test_batches_hold_cells_of_one_study_and_every_cell_once(data: EvaluationData) -> None:
    found = batches(data, None)
    assert [cell for group in found for cell in group] == list(data.cells)
    assert all(len({cell.study_id for cell in group}) == 1 and len(group) <= 8 for group in found)


def test_a_batch_holds_at_most_2000_people_unless_one_cell_alone_has_more() -> None:
    studies = made_up({"s": [(1, task, f"Question {task}?") for task in range(1, 6)]})
    whole = evaluation_data(studies, all_test(studies), "test")
    counts = dict(zip((cell.cell_id for cell in whole.cells), (1500, 500, 1, 2500, 1), strict=True))
    data = replace(whole, rows={cell: np.arange(count) for cell, count in counts.items()})

    def sizes(per_cell: int | None) -> list[list[int]]:
        return [[counts[cell.cell_id] for cell in group] for group in batches(data, per_cell)]

    assert sizes(None) == [[1500, 500], [1], [2500], [1]]
    assert sizes(400) == [[1500, 500, 1, 2500, 1]]  # 400 + 400 + 1 + 400 + 1 of them are asked


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([1, 3, 2], [0.5, 1.5, 1]), ([1, None, 2], [2 / 3, 1, 4 / 3]), ([None, None, None], None)],
)
def test_weights_have_a_mean_of_1_and_an_unknown_one_counts_as_the_average(
    weights: list[float | None], expected: list[float] | None
) -> None:
    studies = experiment(people(weights, age=[30, 40, 50]), [Arm("How much?", {0: [1], 1: [2], 2: [3]})])
    data = evaluation_data(studies, all_test(studies), "test")
    (found,) = predict(UniformModel(), data, data.cells, SPEC, None)
    assert (None if found.weights is None else found.weights.tolist()) == (expected and pytest.approx(expected))


def test_cells_that_cannot_be_predicted_are_named() -> None:
    arms = [
        Arm("How much?", {0: [1]}),
        Arm("How many dollars?", {0: [7]}, condition=2, scale=AnswerScale(None)),
        Arm("Why?", {}, condition=3, scale=ONE_TO_FIVE),
    ]
    studies = experiment(people(age=[30]), arms)
    data = evaluation_data(studies, all_test(studies), "test")
    assert [(one["cell"], one["reason"]) for one in data.left_out] == [(1, "open-ended outcome"), (2, "no response")]
    nothing = experiment(people(age=[30]), arms[1:])
    with pytest.raises(SplitError, match="nothing to evaluate"):
        evaluation_data(nothing, all_test(nothing), "test")


def test_an_empty_part_and_unknown_studies_are_refused(society: StudySet) -> None:
    studies = plain("a", "b")
    with pytest.raises(SplitError, match="the part train of this split is empty; parts with studies: test"):
        evaluation_data(studies, all_test(studies), "train")
    with pytest.raises(StudyFolderError, match="no study nowhere"):
        evaluation_data(society, make_split(society, "study"), "test", ["nowhere"])
    with pytest.raises(StudyFolderError, match="there is no folder"):
        open_studies("no/such/folder")


class Learned(Counting):
    def __init__(self, *study_ids: str) -> None:
        super().__init__()
        self.description = ModelDescription("learned", trained_on=frozenset(study_ids))


def test_seen_studies_are_refused_or_stamped_and_near_duplicates_named(society: StudySet) -> None:
    split = make_split(society, "study")
    data = evaluation_data(society, split, "test")
    seen = data.studies.study_ids[0]
    with pytest.raises(LeakError, match=seen):
        leaks(data, Learned(seen).description, allow_seen=False)
    assert leaks(data, Learned(seen).description, allow_seen=True)["contaminated"] == [seen]
    honest = leaks(data, Learned(*split.parts["train"]).description, allow_seen=False)
    assert (honest["contaminated"], honest["stimuli_compared"], honest["trained_on"]) == (
        [],
        True,
        len(split.parts["train"]),
    )
    assert not leaks(data, Learned("elsewhere").description, allow_seen=False)["stimuli_compared"]


@pytest.mark.parametrize(
    ("trained_on", "compared", "pairs", "words"),
    [
        (0, 0, [], "not compared: no training studies of the model are on record"),
        (3, 3, [{}], "1 stimuli close to a training stimulus"),
        (3, 0, [], "not compared: the stimuli of the 3 training studies are not at hand"),
        (3, 2, [], "0 stimuli close to a training stimulus of 2 training studies; not compared with the other 1"),
    ],
)
def test_duplicates_that_were_not_looked_for_are_not_said_to_be_none(
    trained_on: int, compared: int, pairs: list[dict[str, str]], words: str
) -> None:
    provenance = {"trained_on": trained_on, "studies_compared": compared, "near_duplicates": pairs}
    assert duplicates(provenance) == words


def test_a_training_stimulus_that_returns_is_named() -> None:
    text = (
        "Please read about the new bridge over the river and then tell us how much you would like it to be built here."
    )
    studies = made_up({"a": [(1, 1, text)], "b": [(1, 1, text + " Thank you.")], "c": [(1, 1, "Something else")]})
    parts = {"train": ("a",), "val": ("c",), "test": ("b",)}
    data = evaluation_data(studies, Split("study", 1, "made up", parts, parts_digest(parts)), "test")
    (pair,) = leaks(data, Learned("a").description, allow_seen=False)["near_duplicates"]
    assert (pair["training_study"], pair["study"], pair["cell"]) == ("a", "b", 1)
    assert pair["similarity"] > 0.8


def test_training_stimuli_that_are_not_at_hand_are_compared_by_the_hashes_of_the_adapter(tmp_path: Path) -> None:
    text = (
        "Please read about the new bridge over the river and then tell us how much you would like it to be built here."
    )
    learned = made_up({"a": [(1, 1, text)], "d": [(1, 1, "Something else")]})
    (tmp_path / STIMULI).write_text(sketches_text(learned.cells), "utf-8")
    evaluated = made_up({"b": [(1, 1, text + " Thank you.")]})
    data = evaluation_data(evaluated, all_test(evaluated), "test")
    model = ModelDescription("m", trained_on=frozenset("ad"), stimuli=tmp_path / STIMULI)
    found = leaks(data, model, allow_seen=False)
    assert (found["stimuli_compared"], found["studies_compared"], found["studies_sketched"]) == (True, 2, 2)
    assert [(pair["training_study"], pair["study"]) for pair in found["near_duplicates"]] == [("a", "b")]
    assert duplicates(found) == (
        "1 stimuli close to a training stimulus (2 studies compared by the hashes that came with the adapter)"
    )
    more = replace(model, trained_on=frozenset("ade"))
    assert not leaks(data, more, allow_seen=False)["stimuli_compared"]


# -- the folder --------------------------------------------------------------------------------------------------


def test_the_same_specification_attaches_and_another_is_refused(tmp_path: Path) -> None:
    open_run(tmp_path / "run", SPEC)
    open_run(tmp_path / "run", SPEC)
    assert read_spec(tmp_path / "run") == SPEC
    with pytest.raises(RunError, match="different run \\(model 'uniform' there, 'marginal' here\\)"):
        open_run(tmp_path / "run", replace(SPEC, model="marginal"))
    assert SPEC.run_id != replace(SPEC, seed=1).run_id
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(RunError, match="not empty and not a run"):
        open_run(tmp_path / "other", SPEC)


def test_a_precision_is_part_of_what_a_run_is_and_the_default_changes_no_name() -> None:
    assert "precision" not in SPEC.to_json()
    exact = replace(SPEC, precision="float32")
    assert exact.run_id != SPEC.run_id
    assert EvaluationSpec.from_json(exact.to_json()) == exact
    assert EvaluationSpec.from_json(SPEC.to_json()) == SPEC


def test_both_orders_are_part_of_what_a_run_is_and_stand_in_what_it_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "both_orders" not in SPEC.to_json()  # the names of earlier runs stay
    assert replace(SPEC, both_orders=True).run_id != SPEC.run_id
    out = tmp_path / "twice"
    asked = ("--studies", "bundled", "--model", "uniform", "--per-cell", 5, "--both-orders")
    assert exit_code(monkeypatch, run, *asked, "--study", "society-023", "--out", out) == 2
    assert "study society-023: control: The scale has 101 options" in capsys.readouterr().err
    assert not out.exists()
    assert exit_code(monkeypatch, run, *asked, "--study", "f538-comma-data", "--out", out) == 0
    assert read_spec(out).both_orders
    fitted = Fingerprint.of(load_metrics(out).provenance)
    answering = in_both_orders(load_model("uniform"))
    assert fitted.template == "none, options in both orders"
    assert fitted.evaluated_by == "python -m eval.run --both-orders"
    assert not fitted.differences(Fingerprint.of_model(answering.description))  # a calibration of it speaks of these


def test_a_resumed_run_keeps_the_precision_of_its_finished_cells(tmp_path: Path) -> None:
    # a run that began on a GPU in bf16 and goes on where `auto` would be float32
    assert with_precision_of_units(tmp_path, SPEC) == SPEC
    write_json(tmp_path / "provenance.json", {"precision": "bf16"})
    assert with_precision_of_units(tmp_path, SPEC) == SPEC  # no cell is finished yet
    (tmp_path / "units").mkdir()
    (tmp_path / "units" / "7.parquet").touch()
    assert with_precision_of_units(tmp_path, SPEC).precision == "bf16"
    assert with_precision_of_units(tmp_path, replace(SPEC, precision="nf4")).precision == "nf4"
    write_json(tmp_path / "provenance.json", {"precision": "as served"})
    assert with_precision_of_units(tmp_path, SPEC) == SPEC


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": 1}', "cannot be read"),
        ('{"format": 1, "id": "x", "model": "m"}', "studies is missing"),
        ('{"format": 99, "id": "x"}', "a run of format version 99, but this software reads 1"),
    ],
)
def test_a_folder_of_another_version_or_none_says_so(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "spec.json").write_text(content, "utf-8")
    with pytest.raises(RunError, match=said):
        read_spec(tmp_path)
    with pytest.raises(RunError, match="is not a run"):
        state(tmp_path / "nowhere")


def test_a_run_is_new_then_running_then_what_its_last_event_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socrates_core.runs.folder.PATIENCE", 0.1)
    open_run(tmp_path, SPEC)
    assert state(tmp_path).code == "new"
    with worker(tmp_path):
        record(tmp_path, "started", cells=3)
        assert is_alive(tmp_path)
        assert state(tmp_path).code == "running"
        with pytest.raises(RunError, match="another worker"), worker(tmp_path):
            pass
        with pytest.raises(RunError, match="a worker is running"):
            delete(tmp_path)
    assert state(tmp_path).code == "interrupted"  # it ended without a word
    for event in ("cancelled", "failed", "finished"):
        record(tmp_path, event, message="why")
        assert state(tmp_path).code == event
    assert state(tmp_path).total == 3
    with pytest.raises(RunError, match="nothing to cancel"):
        cancel(tmp_path)


def test_the_index_shows_a_worker_on_a_run_that_had_ended_before_its_first_event(tmp_path: Path) -> None:
    open_run(tmp_path / "one", SPEC)
    record(tmp_path / "one", "cancelled")
    assert [row.state for row in run_index.refresh(tmp_path)] == ["cancelled"]
    with worker(tmp_path / "one"):
        assert [row.state for row in run_index.refresh(tmp_path)] == ["running"]
    assert [row.state for row in run_index.refresh(tmp_path)] == ["cancelled"]


def test_a_half_written_event_is_passed_over_and_the_next_one_stands(tmp_path: Path) -> None:
    open_run(tmp_path, SPEC)
    record(tmp_path, "started", cells=1)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"time": 1, "ev')
    with worker(tmp_path):
        record(tmp_path, "finished")
    assert [one["event"] for one in events(tmp_path)] == ["started", "finished"]


# -- units -------------------------------------------------------------------------------------------------------


def test_units_are_done_once_and_what_is_missing_is_done_again(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    groups = batches(data, None)
    told: list[tuple[int, ...]] = []
    assert predict_units(tmp_path, data, groups, ask(data), lambda *numbers: told.append(numbers))
    assert told[-1][:2] == (len(data.cells), len(data.cells))
    files = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "units").iterdir()}
    assert set(files) == {f"{cell.cell_id}.parquet" for cell in data.cells}
    before = collect(tmp_path, {})
    lost = data.cells[2].cell_id
    (tmp_path / "units" / f"{lost}.parquet").unlink()
    assert predict_units(tmp_path, data, groups, ask(data))
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "units").iterdir()}
    assert {name for name in files if files[name] != after[name]} == {f"{lost}.parquet"}
    assert collect(tmp_path, {}).equals(before)


def test_a_half_written_unit_is_quarantined_and_redone(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    predict_units(tmp_path, data, batches(data, None), ask(data))
    broken = tmp_path / "units" / f"{data.cells[0].cell_id}.parquet"
    broken.write_bytes(broken.read_bytes()[:100])
    wrong = tmp_path / "units" / f"{data.cells[1].cell_id}.parquet"
    wrong.write_bytes((tmp_path / "units" / f"{data.cells[2].cell_id}.parquet").read_bytes())
    assert finished_units(tmp_path) == {cell.cell_id for cell in data.cells[2:]}
    assert len(list((tmp_path / "quarantine").iterdir())) == 2
    assert [one["unit"] for one in events(tmp_path) if one["event"] == "quarantined"] == sorted(
        [broken.name, wrong.name]
    )
    assert predict_units(tmp_path, data, batches(data, None), ask(data))
    assert len(finished_units(tmp_path)) == len(data.cells)


def test_a_unit_that_fails_is_named_and_can_be_tried_again(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    groups = batches(data, None)
    bad = groups[1][0].cell_id

    def stumbling(cells: Sequence[Cell]) -> list[CellPredictions]:
        if any(cell.cell_id == bad for cell in cells):
            raise ModelError("its prompt has 9,000 tokens")
        return predict(UniformModel(), data, cells, SPEC, None)

    with pytest.raises(RunError, match=r"1 batch of cells failed.*its prompt has 9,000 tokens"), worker(tmp_path):
        predict_units(tmp_path, data, groups, lambda groups: local_results(groups, stumbling))
    stands = state(tmp_path)
    assert (stands.code, stands.done) == ("failed", len(data.cells) - len(groups[1]))
    assert stands.message is not None
    with worker(tmp_path):
        assert predict_units(tmp_path, data, groups, ask(data))


def test_a_model_that_always_fails_is_not_asked_forever(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    calls: list[int] = []

    def broken(cells: Sequence[Cell]) -> list[CellPredictions]:
        calls.append(len(cells))
        raise RuntimeError("CUDA error")

    with pytest.raises(RunError, match="CUDA error"):
        predict_units(tmp_path, data, [[cell] for cell in data.cells], lambda groups: local_results(groups, broken))
    assert len(calls) == 3


def test_failures_that_are_not_in_a_row_stop_nothing(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    cells = data.cells[:8]
    bad = {cells[place].cell_id for place in (0, 1, 3, 5, 6)}

    def stumbling(group: Sequence[Cell]) -> list[CellPredictions]:
        if group[0].cell_id in bad:
            raise ModelError("its prompt has 9,000 tokens")
        return predict(UniformModel(), data, group, SPEC, None)

    with pytest.raises(RunError, match="5 batches of cells failed, 3 of"):
        predict_units(tmp_path, data, [[cell] for cell in cells], lambda groups: local_results(groups, stumbling))
    assert finished_units(tmp_path) == {cell.cell_id for cell in cells} - bad


def test_a_cancelled_run_keeps_what_is_done_and_goes_on(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    groups = [[cell] for cell in data.cells]

    def cancelling(cells: Sequence[Cell]) -> list[CellPredictions]:
        cancel(tmp_path)
        return predict(UniformModel(), data, cells, SPEC, None)

    with worker(tmp_path):
        assert not predict_units(tmp_path, data, groups, lambda groups: local_results(groups, cancelling))
    assert (state(tmp_path).code, state(tmp_path).done) == ("cancelled", 1)
    with worker(tmp_path):
        assert predict_units(tmp_path, data, groups, ask(data))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_named_and_nothing_half_written_stays(tmp_path: Path, data: EvaluationData) -> None:
    open_run(tmp_path, SPEC)
    cell = data.cells[0]
    (tmp_path / "units" / f".{cell.cell_id}.parquet.partial").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"No space left on device; free some space"), worker(tmp_path):
        predict_units(tmp_path, data, [[cell]], ask(data))
    assert (state(tmp_path).code, state(tmp_path).done) == ("failed", 0)
    assert list((tmp_path / "units").iterdir()) == []
    with worker(tmp_path):
        assert predict_units(tmp_path, data, [[cell]], ask(data))


# -- the index ---------------------------------------------------------------------------------------------------


def finish(folder: Path, spec: EvaluationSpec = SPEC, **metrics: object) -> None:
    """Make a run that is done, with what a table shows of it."""
    open_run(folder, spec)
    record(folder, "started", cells=2)
    scale = {"mean": 0.1, "ci95": [0.05, 0.2], "studies": 3}
    real = {"scale": scale, "noise_floor": {"scale": {"mean": 0.02}}}
    write_metrics(folder, by_kind={"real": real}, contaminated=True, **metrics)
    record(folder, "finished")


def test_the_index_is_made_from_the_folders(tmp_path: Path) -> None:
    finish(tmp_path / "one")
    open_run(tmp_path / "two", replace(SPEC, model="marginal"))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "spec.json").write_text('{"format": 0, "id": "x"}', "utf-8")
    rows = run_index.refresh(tmp_path)
    assert run_index.read(tmp_path) == rows
    found = {row.name: row for row in rows}
    assert rows[0].name == "one"
    one = found["one"]
    assert one.state == "finished"
    assert one.kinds == (KindFigures("real", 0.1, 0.05, 0.2, 0.02, 0.9, 3),)
    assert (one.contaminated, one.has_report, one.at_work) == (True, True, False)
    assert (found["two"].state, found["two"].kinds, found["two"].has_report) == ("new", (), False)
    assert "version 0" in str(found["old"].message)
    assert not found["old"].readable
    assert run_index.refresh(tmp_path) == rows


def test_a_run_that_changes_is_read_anew_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    finish(tmp_path / "one")
    finish(tmp_path / "two", replace(SPEC, seed=1))
    run_index.refresh(tmp_path)
    before = (tmp_path / "two" / "metrics.json").stat()
    (tmp_path / "two" / "metrics.json").write_text(" " * before.st_size)  # would show if it were read
    os.utime(tmp_path / "two" / "metrics.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    record(tmp_path / "one", "cancelled")
    found = {row.name: row for row in run_index.refresh(tmp_path)}
    assert (found["one"].state, found["two"].kinds[0].wasserstein) == ("cancelled", 0.1)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"", b"{}", b'[{"name": "one", "state": "finished"}]'])
def test_a_broken_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    finish(tmp_path / "one")
    (tmp_path / run_index.FILE).write_bytes(content)
    rows = run_index.refresh(tmp_path)
    assert [row.name for row in rows] == ["one"]
    assert run_index.read(tmp_path) == rows


HOSTILE: dict[str, tuple[str, str]] = {
    "spec is a list": ("spec.json", "[]"),
    "spec of wrong kinds": ("spec.json", json.dumps({"format": 1, "id": "x", **SPEC.to_json(), "model": ["m"]})),
    "spec without end": ("spec.json", "[" * 100_000),
    "spec of no text": ("spec.json", "\udcff"),
    "seed beyond any database": ("spec.json", json.dumps({"format": 1, "id": "x", **SPEC.to_json(), "seed": 10**40})),
    "events of anything": ("events.jsonl", '7\nnull\n{"event": 3, "time": "x"}\n{"event": "started", "time": 1e999}\n'),
    "counts of anything": (
        "events.jsonl",
        '{"event": "started", "time": 5, "cells": "many", "answers": [1], "host": {}}\n',
    ),
    "metrics of anything": ("metrics.json", '{"wasserstein": [], "noise_floor": 3, "contaminated": "yes"}'),
    "figures of anything": (
        "metrics.json",
        '{"wasserstein": {"scale": {"mean": NaN, "ci95": ["a", null], "studies": "x"}}, "noise_floor": {"scale": 1}}',
    ),
}


@pytest.mark.parametrize("told", ['{"format": 7}', "{}", ""])
def test_a_finished_run_whose_metrics_cannot_be_read_says_why(tmp_path: Path, told: str) -> None:
    finish(tmp_path / "one")
    (tmp_path / "one" / "metrics.json").write_text(told, "utf-8")
    (row,) = run_index.refresh(tmp_path)
    assert (row.state, row.has_report, row.kinds) == ("finished", True, ())
    assert "score it again with python -m eval.score" in str(row.message)
    assert ("is of format 7, this version reads 5" in str(row.message)) is ("7" in told)
    assert run_index.read(tmp_path) == [row]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_run_that_holds_nonsense_spoils_no_table(tmp_path: Path, name: str) -> None:
    finish(tmp_path / "good")
    finish(tmp_path / "bad")
    file, content = HOSTILE[name]
    (tmp_path / "bad" / file).write_bytes(content.encode("utf-8", "surrogateescape"))
    for _ in range(2):
        found = {row.name: row for row in run_index.refresh(tmp_path)}
        assert found["good"].kinds[0].wasserstein == 0.1
        assert set(found) == {"good", "bad"}


def test_no_runs_are_an_empty_index(tmp_path: Path) -> None:
    assert (
        run_index.refresh(tmp_path) == run_index.read(tmp_path / "nowhere") == run_index.refresh(tmp_path / "no") == []
    )
    assert list(tmp_path.iterdir()) == []


def write_events(folder: Path, *happened: tuple[float, str]) -> None:
    lines = [json.dumps({"time": 1000 + time, "event": event}) for time, event in happened]
    (folder / "events.jsonl").write_text("\n".join(lines))


def test_time_in_the_queue_and_between_workers_is_no_time_at_work(tmp_path: Path) -> None:
    open_run(tmp_path / "run", SPEC)
    first = [(0, "queued"), (60, "loading"), (70, "started"), (90, "units")]  # killed after 30 s at work
    second = [(500, "asked"), (501, "queued"), (520, "loading"), (525, "started"), (535, "scoring"), (536, "finished")]
    write_events(tmp_path / "run", *first)
    assert state(tmp_path / "run").seconds == 30
    write_events(tmp_path / "run", *first, *second)
    assert state(tmp_path / "run").seconds == 46
    write_events(tmp_path / "run", (0, "queued"))
    assert state(tmp_path / "run").seconds is None


def test_who_started_a_run_stays_its_owner_and_is_no_step_of_its_work(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_run(folder, SPEC)
    assert state(folder).owner is None
    record(folder, "asked", by="ada")
    assert (state(folder).code, state(folder).owner) == ("new", "ada")
    record(folder, "cancelled")
    record(folder, "asked", by="bob")
    assert (state(folder).code, state(folder).owner) == ("cancelled", "ada")
    (row,) = run_index.refresh(tmp_path)
    assert (row.owner, row.seconds) == ("ada", None)
