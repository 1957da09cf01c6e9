"""The planned memory of a training against what PyTorch allocates in a step, on a CPU in float32."""

from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.batch.order import order_of
from socrates_core.finetune.batch.packs import OptionScales
from socrates_core.finetune.network import LoraNetwork, recompute_activations
from socrates_core.finetune.plan import plan_of
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS, Recipe
from socrates_core.finetune.step import OptimiserStep
from socrates_core.model.loading import LoadedNetwork
from socrates_core.model.prefix_tree.encoding import digit_tokens
from tests.finetune.people import encoder, studies
from tests.memory import peak_bytes
from tests.model.tiny import tokenizer


def config(vocabulary: int) -> Qwen2Config:
    """In the proportions of Qwen2.5-14B, so that activations are most of what a step takes."""
    return Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )


def lora_network(recipe: Recipe, shape: Qwen2Config) -> LoraNetwork:
    torch.manual_seed(0)
    base = Qwen2ForCausalLM(shape)
    for weight in base.parameters():
        weight.requires_grad_(False)
    if recipe.recompute:
        recompute_activations(base)
    adapter = LoraConfig(r=recipe.lora_rank, lora_dropout=recipe.lora_dropout, target_modules=list(SEVEN_PROJECTIONS))
    tuned = get_peft_model(base, adapter).train()
    named = sorted((name, weight) for name, weight in tuned.named_parameters() if weight.requires_grad)
    loaded = LoadedNetwork(base, tokenizer(), None, "float32", None)
    return LoraNetwork(tuned, loaded, tuple(name for name, _ in named), tuple(weight for _, weight in named))


@pytest.mark.parametrize(
    ("changes", "vocabulary"),
    [
        ({}, 600),
        ({"recompute": True}, 600),
        ({"attention": "dense"}, 600),
        ({"attention": "dense", "recompute": True}, 600),
        ({"lora_dropout": 0.0}, 600),
        ({"distribution_weight": 1.0, "recompute": True}, 8000),
    ],
    ids=["kept", "recomputed", "dense", "dense, recomputed", "no dropout", "distribution term, many logits"],
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="the plan would be that of the GPU")
def test_the_planned_memory_is_what_a_step_takes_and_at_most_half_as_much_again(
    changes: dict[str, Any], vocabulary: int
) -> None:
    recipe = Recipe(
        base="tiny", precision="float32", lora_rank=8, step_examples=64, pack_tokens=1000, group_size=8, **changes
    )
    shape, made = config(vocabulary), ExampleEncoder(examples_of(studies(people=16)), encoder())
    order = order_of(made.examples, 1, 8, 1, 64, np.random.default_rng(1))
    scales = OptionScales(encoder())
    plan = plan_of(recipe, made, order, made.lengths(), 0, scales, shape, 1)
    lora = lora_network(recipe, shape)
    digits = torch.from_numpy(digit_tokens(tokenizer(), vocabulary))
    reader = PackReader(lora.network, digits, dense=recipe.attention == "dense", autocast=False)
    step = OptimiserStep(recipe, lora, reader, scales if recipe.distribution_weight else None, Accelerator())
    members = made.encode_all(*order.step(0))
    weights = sum(weight.numel() * weight.element_size() for weight in lora.peft_model.parameters())
    measured = weights + peak_bytes(lambda: step.take(members, 0, 10, lambda: False))
    assert 0.95 * measured <= plan.memory_gb * 1e9 <= 1.5 * measured
