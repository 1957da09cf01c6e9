import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from socrates_core.errors import TrainingError
from socrates_core.finetune.network import base_name, load_lora_network, raise_on_oom
from socrates_core.finetune.recipe import Recipe
from tests.finetune.folders import make_base

RECIPE = Recipe(base="acme/tiny")


def test_running_out_of_memory_becomes_a_training_error_and_other_errors_pass_through() -> None:
    with (
        pytest.raises(TrainingError, match=r"^out of memory here; do that$"),
        raise_on_oom("here; do that"),
    ):
        torch.empty(1 << 50)
    with pytest.raises(TrainingError, match="out of memory"), raise_on_oom(""):
        bytearray(sys.maxsize)
    with pytest.raises(RuntimeError, match="shape"), raise_on_oom(""):
        torch.empty(6).view(4)


def test_the_first_weights_depend_on_the_seed_alone(tmp_path: Path) -> None:
    recipe = replace(RECIPE, base=str(make_base(tmp_path)), precision="float32", lora_rank=2)
    torch.manual_seed(5)
    one = load_lora_network(recipe).weights
    torch.manual_seed(6)
    same, other = load_lora_network(recipe).weights, load_lora_network(replace(recipe, seed=1)).weights
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert {weight.dtype for weight in one} == {torch.float32}


def test_only_the_adapter_learns_and_it_is_put_on_every_target(tmp_path: Path) -> None:
    recipe = replace(RECIPE, base=str(make_base(tmp_path)), precision="nf4", lora_targets=("q_proj", "down_proj"))
    lora = load_lora_network(recipe)
    assert len(lora.names) == 2 * 2 * 2  # layers, targets, A and B
    assert all(".lora_" in name for name in lora.names)
    assert {weight.dtype for weight in lora.weights} == {torch.float32}


def test_only_the_first_layers_are_adapted_where_the_recipe_says_so(tmp_path: Path) -> None:
    recipe = replace(RECIPE, base=str(make_base(tmp_path)), precision="float32", lora_layers=1)
    lora = load_lora_network(recipe)
    assert len(lora.names) == 1 * 7 * 2
    assert all(".layers.0." in name for name in lora.names)
    with pytest.raises(TrainingError, match=r"lora_layers is 3, but .* has 2 layers"):
        load_lora_network(replace(recipe, lora_layers=3))


def test_a_revision_is_for_a_base_on_the_hub(tmp_path: Path) -> None:
    assert base_name(replace(RECIPE, base_revision="v2")) == "acme/tiny@v2"
    assert base_name(RECIPE) == "acme/tiny"
    (tmp_path / "config.json").write_text(json.dumps({}))
    for base in ("demo", str(tmp_path)):
        with pytest.raises(TrainingError, match="base_revision is for a base on the Hub"):
            base_name(replace(RECIPE, base=base, base_revision="v2"))
