from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import TrainingError
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS, Recipe, load_recipe, recipe_file
from socrates_core.finetune.train import sampled
from tests.finetune.people import studies

ROOT = Path(__file__).parents[2]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_original_runs_recipe_is_kept() -> None:
    recipe = load_recipe(ROOT / "train" / "configs" / "socrates-qwen14b.yaml")
    assert recipe.base == "Qwen/Qwen2.5-14B-Instruct"
    assert (recipe.precision, recipe.device) == ("nf4", "cuda")
    assert (recipe.lora_rank, recipe.lora_alpha, recipe.lora_dropout) == (16, 32, 0.05)
    assert recipe.lora_targets == SEVEN_PROJECTIONS
    assert (recipe.learning_rate, recipe.step_examples, recipe.epochs) == (1e-5, 256, 1)
    assert (recipe.schedule, recipe.warm_up, recipe.weight_decay) == ("cosine", 0.05, 0.1)
    assert (recipe.fraction, recipe.seed, recipe.max_tokens) == (0.01, 42, 2048)
    assert recipe.distribution_weight == 0


@pytest.mark.parametrize("path", sorted((ROOT / "train" / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_can_be_read(path: Path) -> None:
    assert load_recipe(path).base


def test_a_recipe_that_ships_is_found_by_name_and_a_file_of_that_name_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_file(Path("demo")).read_bytes() == (ROOT / "train" / "configs" / "demo.yaml").read_bytes()
    Path("demo").write_text("base: a/b\n")
    assert load_recipe(recipe_file(Path("demo"))).base == "a/b"
    assert recipe_file(Path("missing.yaml")) == Path("missing.yaml")
    with pytest.raises(TrainingError, match="no recipe mine; choose demo, socrates-qwen14b, or name a YAML file"):
        recipe_file(Path("mine"))


def test_a_base_alone_is_a_recipe(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "base: demo\n")) == Recipe(base="demo")


def test_an_exponent_without_a_dot_is_a_number(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "base: demo\nlearning_rate: 1e-5\n")).learning_rate == 1e-5


OTHER: dict[str, Any] = {
    "base": "a/b",
    "base_revision": "main",
    "template": "alpaca",
    "precision": "bf16",
    "device": "cuda",
    "fraction": 0.5,
    "cell_people": 32,
    "max_tokens": 512,
    "lora_rank": 8,
    "lora_alpha": 8.0,
    "lora_dropout": 0.0,
    "lora_targets": ["q_proj"],
    "lora_layers": 4,
    "epochs": 2,
    "step_examples": 64,
    "learning_rate": 0.1,
    "schedule": "linear",
    "warm_up": 0.0,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "group_size": 1,
    "group_cells": 2,
    "pack_tokens": 100,
    "attention": "dense",
    "recompute": True,
    "shard": True,
    "distribution_weight": 1.0,
    "validate_every": 1,
    "validation_cells": 1,
    "validation_people": 1,
    "choose_by": "wasserstein",
    "checkpoint_every": 1,
    "report_to": "tensorboard",
    "seed": 0,
}


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    import yaml

    assert set(OTHER) == {one.name for one in fields(Recipe)}
    recipe = load_recipe(written(tmp_path, yaml.safe_dump(OTHER)))
    default = Recipe(base="demo")
    for name, value in OTHER.items():
        assert getattr(recipe, name) == (tuple(value) if isinstance(value, list) else value)
        assert getattr(recipe, name) != getattr(default, name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("learning_rat: 1", "line 2: there is no setting 'learning_rat'; choose one of base"),
        ("1: 2", "line 2: there is no setting '1'"),
        ("epochs: 0", "line 2: epochs is '0'; expected a whole number from 1 to 10,000"),
        ("epochs: 1.5", "line 2: epochs is '1.5'; expected a whole number"),
        ("epochs: true", "line 2: epochs is 'true'"),
        ("epochs: '3'", "line 2: epochs is '3'; expected a whole number"),
        ("epochs:", "line 2: epochs is ''"),
        ("learning_rate: 0", "line 2: learning_rate is '0'; expected a number above 0"),
        ("learning_rate: -1e-5", "line 2: learning_rate is '-1e-5'"),
        ("learning_rate: fast", "line 2: learning_rate is 'fast'; expected a number"),
        ("learning_rate: .inf", "line 2: learning_rate is '.inf'"),
        ("learning_rate: .nan", "line 2: learning_rate is '.nan'"),
        ("learning_rate: yes", "line 2: learning_rate is 'yes'"),
        ("learning_rate: [1]", "line 2: learning_rate is 'a list or a mapping'"),
        ("lora_dropout: 1.0", "line 2: lora_dropout is '1.0'; expected a share from 0 to below 1"),
        ("fraction: 0", "line 2: fraction is '0'; expected a share above 0 and up to 1"),
        ("fraction: 1.01", "line 2: fraction is '1.01'"),
        ("template: poem", "line 2: template is 'poem'; expected one of shared, socrates, alpaca"),
        ("template: [shared]", "line 2: template is 'a list or a mapping'"),
        ("attention: auto", "line 2: attention is 'auto'; expected one of block, dense"),
        ("precision: 4", "line 2: precision is '4'; expected one of nf4, bf16, float32"),
        ("report_to: mlflow", "line 2: report_to is 'mlflow'; expected one of trackio, tensorboard, wandb, or null"),
        ("recompute: 1", "line 2: recompute is '1'; expected true or false"),
        ("lora_targets: q_proj", "line 2: lora_targets is 'q_proj'; expected a list"),
        ("lora_targets: []", "line 2: lora_targets is"),
        ("lora_targets: [q_proj, q_proj]", "line 2: lora_targets is"),
        ("lora_layers: 0", "line 2: lora_layers is '0'; expected a whole number from 1 to 1,000,000,000, or null"),
        ("seed: -1", "line 2: seed is '-1'; expected a whole number from 0 to 9,007,199,254,740,992"),
        ("seed: !!python/object/apply:os.system ['true']", "line 2: seed is"),
        ("base: again", "line 2: base appears twice"),
        ("epochs: [1", "is not YAML"),
        ("- a", "is not YAML"),
    ],
)
def test_a_line_that_is_not_allowed_is_named_with_what_is(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        load_recipe(written(tmp_path, f"base: demo\n{line}\n"))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b", "epochs: 1"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TrainingError, match=r"is not a recipe|base is missing"):
        load_recipe(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("nowhere.yaml", "binary.yaml"):
        with pytest.raises(TrainingError, match=name):
            load_recipe(tmp_path / name)


def test_answers_are_drawn_one_by_one_or_in_groups_of_a_cell() -> None:
    # 12 people in each of three cells and of one; a quarter are 12 answers, with groups of 12 in one cell of each study
    drawn = [
        sampled(studies(people=12), Recipe(base="demo", fraction=0.25, cell_people=people), np.random.default_rng(1))
        for people in (None, 12)
    ]
    assert [len(sample.responses) for sample in drawn] == [12, 12]
    assert [len(sample.cells) for sample in drawn] == [4, 2]
