import json
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from socrates_core import __version__
from socrates_core.errors import LeakError, ModelError, SocratesError
from socrates_core.finetune.adapter import ADAPTER_FILES, CONFIG, WEIGHTS
from socrates_core.finetune.recipe import load_recipe
from socrates_core.model.loading import load_model
from socrates_core.model.record import FILE as RECORD
from socrates_core.model.record import ModelRecord
from socrates_core.model.transformer import TransformerModel
from socrates_core.study.leaks import STIMULI, load_sketches, refuse_overlap
from socrates_core.study.split import Split
from socrates_core.study.study_set import StudySet, persona_rows
from tests.finetune.folders import command, make_base, make_recipe, make_studies, qlora
from tests.model.tiny import tokenizer
from tests.servers.programs import Program, free_port


@dataclass(frozen=True)
class Place:
    base: Path
    studies: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("qlora")
    return Place(make_base(root / "base"), make_studies(root / "studies"))


@pytest.fixture(scope="module")
def undisturbed(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter after 80 steps: 80 examples of four studies, eight of them a step, eight epochs."""
    out = tmp_path_factory.mktemp("undisturbed") / "adapter"
    done = qlora(make_recipe(out.parent / "recipe.yaml", place.base, epochs=8), place.studies, out, anew=True)
    assert done.returncode == 0, done.stderr
    (out / "said.txt").write_text(done.stdout + done.stderr)
    return out


def lines(out: Path, event: str) -> list[dict[str, Any]]:
    if not (out / "metrics.jsonl").exists():
        return []
    told = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines() if line.endswith("}")]
    return [one for one in told if one["event"] == event]


def started(place: Place, recipe: Path, out: Path, *more: str) -> Program:
    return Program(*command(recipe, place.studies, out, *more))


def end_after(run: Program, out: Path, step: int, number: int) -> str:
    """Send a signal when a step is told; what the program said."""
    limit = time.monotonic() + 200
    while run.poll() is None and time.monotonic() < limit:
        if any(one["step"] >= step for one in lines(out, "step")):
            run.send_signal(number)
            break
        time.sleep(0.005)
    assert run.wait(100) in (-number, 130 if number == signal.SIGINT else 2), run.stderr
    return run.stdout


def test_a_run_says_and_saves_what_it_decided(place: Place, undisturbed: Path) -> None:
    split = Split.load(place.studies / "split.json")
    said = (undisturbed / "said.txt").read_text()
    for text in (
        f"split        {split.digest}",
        "examples     80 of 4 studies",
        "steps        80 of 8",
        "seed         7",
        "note: share of the probability on the scale in typical prompts: shared ",
    ):
        assert text in said
    decided = json.loads((undisturbed / "run.json").read_text("utf-8"))
    assert decided["training"]["plan"]["steps"] == 80
    steps = lines(undisturbed, "step")
    assert [one["step"] for one in steps] == list(range(1, 81))
    assert {one["examples"] for one in steps} == {8}
    told = {"loss", "accuracy", "gradient_norm", "learning_rate", "tokens_per_second", "unique_share", "seconds"}
    assert told <= set(steps[0])
    assert [one["step"] for one in lines(undisturbed, "validation")] == [0, *range(3, 80, 3), 80]
    losses = [one["loss"] for one in steps]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:8])
    # answers are drawn evenly from five options: no adapter can know more than that
    assert np.mean(losses[-8:]) > np.log(5)


def test_killed_and_terminated_and_resumed_it_ends_with_the_same_adapter(
    place: Place, undisturbed: Path, tmp_path: Path
) -> None:
    recipe, out = make_recipe(tmp_path / "recipe.yaml", place.base, epochs=8), tmp_path / "adapter"
    end_after(started(place, recipe, out), out, 7, signal.SIGKILL)
    assert not (out / WEIGHTS).exists()
    said = end_after(started(place, recipe, out, "--resume"), out, 30, signal.SIGTERM)
    assert "stopped      by SIGTERM; resume from its last checkpoint" in said
    done = qlora(recipe, place.studies, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert (out / WEIGHTS).read_bytes() == (undisturbed / WEIGHTS).read_bytes()
    kept = {"loss", "accuracy", "gradient_norm", "wasserstein", "low", "high", "step"}
    for event in ("step", "validation"):
        both = [
            [{key: one[key] for key in kept & set(one)} for one in lines(folder, event)]
            for folder in (out, undisturbed)
        ]
        assert both[0] == both[1]
    assert qlora(recipe, place.studies, out, "--resume").returncode == 0  # a finished run only says so again
    assert (out / WEIGHTS).read_bytes() == (undisturbed / WEIGHTS).read_bytes()
    assert (out / CONFIG).read_bytes() == (undisturbed / CONFIG).read_bytes()
    assert record_without_times(out) == record_without_times(undisturbed)


def record_without_times(folder: Path) -> dict[str, Any]:
    """The record of an adapter, less the hours that its training was expected to take: they follow a measurement."""
    found: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    assert len(found["training"]["plan"].pop("hours")) == 2
    assert "seconds" not in json.dumps(found)
    return found


def test_two_equal_trainings_have_equal_records_but_for_their_times(place: Place, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, epochs=1, fraction=0.5)
    for name in ("one", "two"):
        done = qlora(recipe, place.studies, tmp_path / name)
        assert done.returncode == 0, done.stderr
    one, two = tmp_path / "one", tmp_path / "two"
    assert record_without_times(one) == record_without_times(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in (CONFIG, WEIGHTS))


def test_the_adapter_says_how_it_was_made(place: Place, undisturbed: Path) -> None:
    assert {path.name for path in undisturbed.glob("*.safetensors")} == {WEIGHTS}
    assert all((undisturbed / name).is_file() for name in ADAPTER_FILES)
    config = json.loads((undisturbed / CONFIG).read_text("utf-8"))
    assert (config["base_model_name_or_path"], config["revision"]) == (None, None)
    assert str(place.base.parent) not in (undisturbed / CONFIG).read_text("utf-8")
    record = ModelRecord.load(undisturbed)
    assert record is not None
    split = Split.load(place.studies / "split.json")
    assert record.trained_on == split.parts["train"]
    assert record.split == split.digest
    assert record.template == "shared"
    training = record.training
    assert training is not None
    assert training["data"]["hashes"] == StudySet.load(place.studies).manifest.hashes
    assert training["recipe"] == json.loads(json.dumps(asdict(load_recipe(undisturbed.parent / "recipe.yaml"))))
    assert training["validation_studies"] == list(split.parts["val"])
    assert training["versions"]["torch"] == version("torch")
    assert training["versions"]["socrates"] == __version__
    told = training["validation"]
    assert told["low"] <= told["wasserstein"] <= told["high"]
    best = min(lines(undisturbed, "validation")[1:], key=lambda one: one["loss"])
    assert (training["step"], told["loss"]) == (best["step"], best["loss"])


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_base_of_the_hub_is_named_with_its_commit(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "hub" / "models--acme--tiny"
    shutil.copytree(place.base, kept / "snapshots" / COMMIT)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(COMMIT)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, base in (("by id", "acme/tiny"), ("by folder", str(kept / "snapshots" / COMMIT))):
        if name == "by folder":
            monkeypatch.undo()
        out = tmp_path / name
        recipe = make_recipe(tmp_path / "recipe.yaml", base, fraction=0.1)
        done = qlora(recipe, place.studies, out)
        assert done.returncode == 0, done.stderr
        config = json.loads((out / CONFIG).read_text("utf-8"))
        assert (config["base_model_name_or_path"], config["revision"]) == ("acme/tiny", COMMIT)
        record = ModelRecord.load(out)
        assert record is not None
        assert (record.base, record.base_revision) == ("acme/tiny", COMMIT)
        assert str(tmp_path) not in (out / CONFIG).read_text("utf-8")


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replaced(name: str, key: str, value: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_text(json.dumps({**json.loads((folder / name).read_text("utf-8")), key: value}), "utf-8")

    return spoil


SPOILT: dict[str, Callable[[Path], object]] = {
    "weights cut off": lambda folder: halve(folder / WEIGHTS),
    "weights of nothing": lambda folder: (folder / WEIGHTS).write_bytes(b""),
    "weights that say to be endless": lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 64),
    "weights gone": lambda folder: (folder / WEIGHTS).unlink(),
    "weights as a pickle": lambda folder: (folder / WEIGHTS).rename(folder / "adapter_model.bin"),
    "description cut off": lambda folder: halve(folder / CONFIG),
    "description gone": lambda folder: (folder / CONFIG).unlink(),
    "another rank": replaced(CONFIG, "r", 2),
    "other targets": replaced(CONFIG, "target_modules", ["magic"]),
    "another kind": replaced(CONFIG, "peft_type", "MAGIC"),
    "record cut off": lambda folder: halve(folder / RECORD),
    "record of a list": lambda folder: (folder / RECORD).write_text("[]"),
    "another template": replaced(RECORD, "template", "magic"),
    "another tokenizer": replaced(RECORD, "tokenizer", "0" * 64),
    "other weights of the base": replaced(RECORD, "base_weights", "0" * 64),
    "another base": lambda folder: [
        replaced(RECORD, key, value)(folder) for key, value in (("base", "acme/other"), ("base_weights", None))
    ],
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_adapter_is_refused_with_a_message(place: Place, undisturbed: Path, tmp_path: Path, name: str) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    for file in ADAPTER_FILES:
        shutil.copyfile(undisturbed / file, adapter / file)
    SPOILT[name](adapter)
    with pytest.raises(SocratesError):
        load_model(str(place.base), str(adapter))


def test_the_leak_guard_reads_it(place: Place, undisturbed: Path) -> None:
    record = ModelRecord.load(undisturbed)
    assert record is not None
    split = Split.load(place.studies / "split.json")
    assert refuse_overlap(record.trained_on, split.parts["test"]) == ()
    with pytest.raises(LeakError):
        refuse_overlap(record.trained_on, split.parts["train"])
    # where the studies themselves are not at hand
    assert set(load_sketches(undisturbed / STIMULI).studies) == set(split.parts["train"])


def test_it_loads_with_plain_peft_and_with_our_loader(place: Place, undisturbed: Path) -> None:
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(place.base), str(undisturbed)).eval()
    ours = load_model(str(place.base), str(undisturbed))
    assert isinstance(ours, TransformerModel)
    row = torch.tensor([tokenizer()("Do you like a?").input_ids])
    with torch.no_grad():
        same = plain(input_ids=row).logits, ours.network(input_ids=row).logits
        base = AutoModelForCausalLM.from_pretrained(place.base)(input_ids=row).logits
    assert torch.allclose(*same, atol=1e-4)
    assert not torch.allclose(same[0], base, atol=0.1)


def test_the_recorded_validation_is_what_the_loaded_adapter_scores(place: Place, undisturbed: Path) -> None:
    record = ModelRecord.load(undisturbed)
    assert record is not None
    assert record.training is not None
    model = load_model(str(place.base), str(undisturbed))
    studies = StudySet.load(place.studies)
    losses = []
    for study_id in record.training["validation_studies"]:
        for cell in studies.cells_of(study_id):
            answers = studies.answers(cell.cell_id)
            predicted = model.answer_distributions(cell, persona_rows(studies.participants_of(study_id)))
            chosen = predicted.probs[np.arange(10), answers.responses - 1] * predicted.on_scale_mass
            losses += (-np.log(chosen)).tolist()
    assert np.mean(losses) == pytest.approx(record.training["validation"]["loss"], abs=1e-5)


def test_a_template_that_it_was_not_trained_on_is_refused(place: Place, undisturbed: Path) -> None:
    with pytest.raises(ModelError, match="trained on the template shared"):
        load_model(str(place.base), str(undisturbed), template="alpaca")


LAUNCH = (
    *("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)


def launched(recipe: Path, studies: Path, out: Path, *more: str) -> Program:
    """Two processes, started by `accelerate launch`."""
    return Program(*LAUNCH, *command(recipe, studies, out, *more), environ={"ACCELERATE_USE_CPU": "true"}, anew=True)


def together(recipe: Path, studies: Path, out: Path, *more: str) -> list[Program]:
    """Two processes with the variables that `accelerate launch` gives them, after their end."""
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    settings = {**meeting, "ACCELERATE_USE_CPU": "true", "ACCELERATE_MIXED_PRECISION": "no"}
    ranks = [{**settings, "RANK": number, "LOCAL_RANK": number} for number in "01"]
    both = [Program(*command(recipe, studies, out, *more), environ=rank) for rank in ranks]
    for one in both:
        one.wait()
    return both


@pytest.mark.parametrize(
    ("precision", "shard"),
    [("float32", False), ("float32", True), ("nf4", True)],
    ids=["whole", "shared", "nf4-shared"],
)
def test_two_processes_learn_as_one_does(place: Place, tmp_path: Path, precision: str, shard: bool) -> None:
    settings = {"lora_dropout": 0.0, "precision": precision, "distribution_weight": 0.5 if shard else 0.0}
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, **settings)
    alone, both = tmp_path / "one", tmp_path / "two"
    one = qlora(recipe, place.studies, alone)
    assert one.returncode == 0, one.stderr
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, **settings, shard=shard)
    first, second = together(recipe, place.studies, both)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "processes    2" in first.stdout
    for event, keys in (("step", ("loss", "accuracy")), ("validation", ("loss", "wasserstein"))):
        for key in keys:
            told = [[line[key] for line in lines(out, event)] for out in (alone, both)]
            assert told[0] == pytest.approx(told[1], rel=1e-4), key
    weights = [load_file(out / WEIGHTS) for out in (alone, both)]
    for name, weight in weights[0].items():
        assert torch.allclose(weight, weights[1][name], atol=1e-3), name


def test_processes_that_share_the_base_are_stopped_and_resumed_to_the_same_adapter(
    place: Place, tmp_path: Path
) -> None:
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, shard=True, epochs=2)
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    whole = together(recipe, place.studies, undisturbed)
    assert [one.returncode for one in whole] == [0, 0], whole[0].stderr + whole[1].stderr
    run, limit = launched(recipe, place.studies, out), time.monotonic() + 200
    while run.poll() is None and time.monotonic() < limit and len(lines(out, "step")) < 7:
        time.sleep(0.005)
    run.send_signal(signal.SIGTERM)
    run.wait(100)
    assert "stopped      by SIGTERM; resume from its last checkpoint" in run.stdout, run.stderr
    assert 6 < len(lines(out, "step")) < 20
    alone = qlora(recipe, place.studies, out, "--resume")
    assert (alone.returncode, "there is only one" in alone.stderr) == (2, True)
    resumed = together(recipe, place.studies, out, "--resume")
    assert [one.returncode for one in resumed] == [0, 0], resumed[0].stderr + resumed[1].stderr
    assert (out / WEIGHTS).read_bytes() == (undisturbed / WEIGHTS).read_bytes()


def test_a_loss_that_is_no_number_ends_all_processes_that_share_the_base(place: Place, tmp_path: Path) -> None:
    wild = {"learning_rate": 1e30, "warm_up": 0.0, "shard": True}
    both = together(make_recipe(tmp_path / "recipe.yaml", place.base, **wild), place.studies, tmp_path / "out")
    for one in both:
        assert one.returncode == 2, one.stderr
        assert "choose a smaller learning_rate or a clip_norm" in one.stderr
    assert len(list((tmp_path / "out" / "checkpoints").iterdir())) == 1


def test_a_four_bit_base_learns_answers_and_distributions(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    settings = {"precision": "nf4", "distribution_weight": 1.0, "recompute": True, "group_cells": 2}
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, **settings, choose_by="wasserstein", fraction=0.5)
    done = qlora(recipe, place.studies, out, "--seed", "3", anew=True)
    assert done.returncode == 0, done.stderr
    assert "examples     40 of 4 studies" in done.stdout
    assert "seed         3" in done.stdout
    assert "kernels-community" not in done.stderr  # bitsandbytes' word about a kernel that is not needed
    steps = lines(out, "step")
    assert all(one["distribution"] != 0 for one in steps)
    assert steps[-1]["loss"] < steps[0]["loss"]
    validated = lines(out, "validation")[1:]
    record = ModelRecord.load(out)
    assert record is not None
    assert record.training is not None
    assert record.training["validation"]["wasserstein"] == min(one["wasserstein"] for one in validated)
    loaded = load_model(str(place.base), str(out), precision="nf4")
    assert loaded.description.precision == "nf4"


def test_a_dry_run_prints_the_plan_and_writes_nothing(place: Place, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base, device="cuda")
    done = qlora(recipe, place.studies, tmp_path / "out", "--dry-run")
    assert done.returncode == 0, done.stderr
    for word in ("sharing", "memory", "steps        10 of 8"):
        assert word in done.stdout
    assert re.search(r"time         about [\d.]+ to [\d.]+ min on one A100, by its data sheet", done.stdout)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda"}, "needs a GPU"),
        ({"lora_targets": ["q_proj", "magic"]}, "lora_targets names magic"),
        ({"max_tokens": 16}, "longer than max_tokens 16"),
        ({"report_to": "wandb"}, "pip install wandb"),
        ({"base_revision": "main"}, "base_revision is for a base on the Hub"),
        ({"learning_rate": 1e30, "warm_up": 0.0}, "choose a smaller learning_rate or a clip_norm"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_user_can_fix_is_told_without_a_traceback(
    place: Place, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    done = qlora(make_recipe(tmp_path / "recipe.yaml", place.base, **settings), place.studies, tmp_path / "out")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_loss_that_is_no_number_leaves_a_checkpoint_that_goes_on_with_a_smaller_rate(
    place: Place, tmp_path: Path
) -> None:
    out, settings = tmp_path / "out", {"warm_up": 0.0, "checkpoint_every": 100}
    failed = qlora(make_recipe(tmp_path / "wild.yaml", place.base, learning_rate=1e30, **settings), place.studies, out)
    assert failed.returncode == 2
    assert "the last checkpoint is" in failed.stderr
    tame = make_recipe(tmp_path / "tame.yaml", place.base, learning_rate=0.001, **settings)
    other = make_recipe(tmp_path / "other.yaml", place.base, group_size=2, **settings)
    refused = qlora(other, place.studies, out, "--resume")
    assert (refused.returncode, "group_size from 4 to 2" in refused.stderr) == (2, True)
    resumed = qlora(tame, place.studies, out, "--resume")
    assert "learning_rate: 1e+30 → 0.001" in resumed.stdout


def test_an_adapter_kept_after_the_checkpoint_that_is_gone_on_from_is_not_published(
    place: Place, undisturbed: Path, tmp_path: Path
) -> None:
    settings = {"epochs": 8, "checkpoint_every": 4, "validate_every": 1, "choose_by": "wasserstein"}
    recipe, out = make_recipe(tmp_path / "recipe.yaml", place.base, **settings), tmp_path / "out"
    end_after(started(place, recipe, out), out, 6, signal.SIGKILL)
    for kept in (out / "best").iterdir():  # as if one of another course had been better
        assert kept.name.startswith("step-")
    stray = out / "best" / "step-000099"
    shutil.copytree(kept, stray)
    done = qlora(recipe, place.studies, out, "--resume")
    assert done.returncode == 0, done.stderr
    record = ModelRecord.load(out)
    assert record is not None
    assert record.training is not None
    validated = lines(out, "validation")[1:]
    assert record.training["validation"]["wasserstein"] == min(one["wasserstein"] for one in validated)
    assert [path.name for path in (out / "best").iterdir()] == [f"step-{record.training['step']:06d}"]


def test_metrics_that_were_deleted_are_not_filled_up_when_a_training_goes_on(place: Place, tmp_path: Path) -> None:
    recipe, out = make_recipe(tmp_path / "recipe.yaml", place.base, epochs=8), tmp_path / "out"
    end_after(started(place, recipe, out), out, 5, signal.SIGTERM)
    (out / "metrics.jsonl").unlink()
    assert qlora(recipe, place.studies, out, "--resume").returncode == 0
    assert b"\0" not in (out / "metrics.jsonl").read_bytes()
    assert lines(out, "step")[-1]["step"] == 80


def test_a_folder_that_holds_something_else_is_left_alone(place: Place, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path / "recipe.yaml", place.base)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    for more in ((), ("--resume",)):
        refused = qlora(recipe, place.studies, tmp_path / "out", *more)
        assert (refused.returncode, "--out" in refused.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_full_disk_is_reported_and_the_last_checkpoint_survives(place: Place, tmp_path: Path) -> None:
    recipe, out = make_recipe(tmp_path / "recipe.yaml", place.base, epochs=8), tmp_path / "out"
    end_after(started(place, recipe, out), out, 5, signal.SIGTERM)
    standing = [path.name for path in (out / "checkpoints").iterdir()]
    assert len(standing) == 1
    full = Program(*command(recipe, place.studies, out, "--resume"), largest_file=50_000)  # no checkpoint fits
    assert full.wait() == 2, full.stderr
    assert "cannot be written" in full.stderr
    assert re.search(rf"the last checkpoint is \S*{standing[0]}\.", full.stderr)
    assert [path.name for path in (out / "checkpoints").iterdir()] == standing  # no half of another
    again = qlora(recipe, place.studies, out, "--resume")
    assert again.returncode == 0, again.stderr
