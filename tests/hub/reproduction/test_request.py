from pathlib import Path
from typing import Any

import pytest
import torch

from socrates_core.errors import RunError, SocratesError, TrainingError
from socrates_core.finetune.recipe import load_recipe, recipe_text
from socrates_core.hub.reproduction.command import reproduce
from socrates_core.hub.reproduction.estimate import (
    of_evaluation_by_published_counts,
    of_training_by_published_counts,
    priced,
)
from socrates_core.hub.reproduction.request import ORIGINAL, Request, checked
from tests.finetune.folders import make_recipe


def asked(out: Path, **changes: Any) -> Request:
    settings: dict[str, Any] = {
        **dict.fromkeys(("revision", "model", "adapter", "recipe", "template", "per_cell")),
        **{"source": "socsci210", "calibration": 20, "seed": 42, "precision": "auto"},
        **changes,
    }
    return Request(out=out, **settings)


def test_without_a_model_the_original_recipe_is_trained(tmp_path: Path) -> None:
    recipe = checked(asked(tmp_path / "out"), None, 0.1).recipe
    assert recipe is not None
    assert (recipe.base, recipe.fraction) == ("Qwen/Qwen2.5-14B-Instruct", 0.1)
    assert checked(asked(tmp_path / "out", model="Qwen/Qwen2.5-0.5B"), None, None).recipe is None


def test_a_model_takes_the_place_of_the_recipes_base(tmp_path: Path) -> None:
    recipe = checked(asked(tmp_path / "out", model="Qwen/Qwen2.5-7B-Instruct@v2"), ORIGINAL, None).recipe
    assert recipe is not None
    assert (recipe.base, recipe.base_revision) == ("Qwen/Qwen2.5-7B-Instruct", "v2")


def test_the_recipe_that_is_written_is_the_one_that_is_read(tmp_path: Path) -> None:
    recipe = load_recipe(make_recipe(tmp_path / "recipe.yaml", "demo", learning_rate=1e-5, lora_layers=3))
    (tmp_path / "again.yaml").write_text(recipe_text(recipe))
    assert load_recipe(tmp_path / "again.yaml") == recipe


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"adapter": "me/mine", "train": "demo"}, "--adapter and --train exclude each other"),
        ({"model": "demo", "share": 0.1}, "--share is for a training, and nothing is trained here"),
        ({"train": "demo", "share": 0.0}, "--share 0 is not a share"),
        ({"train": "demo", "share": 1.5}, "--share 1.5 is not a share"),
        ({"train": "demo", "share": float("nan")}, "--share nan is not a share"),
        ({"train": "demo", "template": "alpaca"}, "--template is for a model without a record"),
        ({"train": "no-recipe"}, "there is no recipe no-recipe; choose demo"),
        ({"per_cell": 1}, "--per-cell 1 leaves too few people"),
        ({"calibration": -1}, "--calibration -1 is negative"),
        ({"seed": -1}, "--seed -1 is negative"),
        ({"precision": "int8"}, "no precision 'int8'; choose auto, nf4"),
        ({"source": "hub:nonsense"}, "does not name a data set"),
        ({"source": "rows.parquet", "revision": "main"}, "--revision belongs to a data set of the Hub"),
        ({"train": "demo", "model": "/no/such/folder"}, "no model '/no/such/folder'; choose uniform"),
        ({"model": "no such model"}, "no model 'no such model'; choose uniform"),
        ({"model": "demo", "adapter": "/no/such/folder"}, "no adapter '/no/such/folder'; choose"),
        ({"model": "demo", "template": "own"}, "no template 'own'; choose one of"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_read(
    options: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(SocratesError, match=expected):
        reproduce(out=tmp_path / "out", **options)
    assert not (tmp_path / "out" / "studies").exists()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty and not a reproduction"):
        reproduce(out=tmp_path)
    with pytest.raises(RunError, match="is a file"):
        reproduce(out=tmp_path / "thesis.txt")


def test_a_dry_run_says_time_and_cost_of_every_stage_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(out=tmp_path / "out", train="demo", share=0.01, dry_run=True)
    data, model, evaluation, calibration, last = capsys.readouterr().out.splitlines()
    assert data.startswith("data         to do: 1.45 GB to fetch")
    # 1 % of 130 of the 170 seen studies' 2,418,748 answers, each with a prompt of 227 tokens
    assert model.startswith(
        "model        to do: training on about 18,496 answers by SocSci210's counts, at most 4,198,592"
    )
    assert evaluation.startswith("evaluation   to do: predicting 482,642 answers by SocSci210's counts")
    assert calibration.startswith("calibration  to do: predicting 284,558 answers")
    assert last == "dry run      nothing was done"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_training_that_needs_a_gpu_is_refused_before_gigabytes_are_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TrainingError, match="needs a GPU") as refused:
        reproduce(out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    reproduce(out=tmp_path / "out", dry_run=True)
    *_, here, last = capsys.readouterr().out.splitlines()
    assert (here, last) == (f"not here     {refused.value}", "dry run      nothing was done")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"calibration": 0, "train": "demo"}, "no studies were set aside (--calibration 0)"),
        ({"calibration": 4, "train": "demo"}, "4 studies that are new to the model are too few"),
        ({"model": "uniform"}, "uniform is a baseline"),
        ({"model": "socratesft/socrates-qwen-14b"}, "was trained on all 170 seen studies"),
    ],
)
def test_a_dry_run_predicts_nothing_for_a_calibration_that_cannot_be(
    options: dict[str, Any], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(out=tmp_path / "out", dry_run=True, **options)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("calibration"))
    assert line.startswith("calibration  to do: nothing to predict: ")
    assert reason in line


def test_what_an_hour_costs_is_known_of_an_a100_alone() -> None:
    # 2 to 4 hours at $2.50
    assert priced(2, 4, "one A100, by its data sheet") == ", $5.00 to $10.00 at $2.50 an hour"
    assert priced(2, 2, "NVIDIA A100-SXM4-80GB") == ", $5.00 at $2.50 an hour"
    assert priced(2, 4, "NVIDIA H100") == ", at the price of this machine"


def test_a_base_that_cannot_be_looked_up_leaves_the_time_open(tmp_path: Path) -> None:
    recipe = checked(asked(tmp_path / "out", model="no/such-model"), ORIGINAL, 1.0).recipe
    assert recipe is not None
    unknown = "; how long is not known, since the base is not on this machine and cannot be looked up on the Hub"
    assert of_training_by_published_counts(recipe, 20).endswith(unknown)
    assert of_evaluation_by_published_counts("no/such-model", 100, "auto").endswith(unknown)
    assert of_evaluation_by_published_counts("uniform", 100, "auto").endswith("seconds, at no cost")
