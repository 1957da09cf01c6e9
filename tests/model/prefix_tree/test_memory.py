"""How much fits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from socrates_core.model.prefix_tree import attention
from socrates_core.model.prefix_tree.encoding import PromptEncoder, digit_tokens
from socrates_core.model.prefix_tree.memory import (
    PASS_SHARE,
    PATH_SHARE,
    Sizes,
    free_memory,
    memory_budget,
    sizes_of,
)
from socrates_core.model.prefix_tree.options import option_tree
from socrates_core.model.prefix_tree.scoring import TreeScorer
from tests.memory import peak_bytes
from tests.model.tiny import tokenizer

SEVEN = range(1, 8)

GB = 10**9
QWEN_14B = Sizes(layers=48, hidden=5120, inner=13824, heads=40, kv_heads=8, head_width=128, number_bytes=2)


def test_the_sizes_of_a_network_stand_in_its_configuration() -> None:
    config = Qwen2Config(
        hidden_size=5120, intermediate_size=13824, num_hidden_layers=48, num_attention_heads=40, num_key_value_heads=8
    )
    assert sizes_of(config, torch.bfloat16) == QWEN_14B


@pytest.mark.parametrize(
    ("free", "pass_tokens", "path_tokens"),
    [
        (0, 256, 256),  # a plan is made all the same: running out of memory is met by halving
        # a token of a pass takes 2 (5 · 5120 + 3 · 13824 + 5 · 5120) + 4 · 3 · 5120 + 4 · 2 · 13824 = 357,376 bytes, so
        # 0.3 · 2 GB are 1,678 of them; a kept one takes 2 · 192 KiB, so 0.4 · 2 GB are 2,034 of them
        (2 * GB, 1678, 2034),
        (50 * GB, 16384, 50862),
    ],
)
def test_a_14b_network_on_a_gpu_with_so_much_free(free: int, pass_tokens: int, path_tokens: int) -> None:
    budget = memory_budget(free, QWEN_14B, 16384)
    assert (budget.pass_tokens, budget.path_tokens) == (pass_tokens, path_tokens)


def test_what_is_planned_never_exceeds_what_is_free() -> None:
    for free in (GB, 7 * GB, 60 * GB):
        budget = memory_budget(free, QWEN_14B, 10**9)
        assert budget.pass_tokens * 246_784 + budget.path_tokens * 393_216 < 0.75 * free


def test_wider_numbers_need_more_room() -> None:
    wide = replace(QWEN_14B, number_bytes=4)
    assert memory_budget(4 * GB, wide, 16384).path_tokens == memory_budget(4 * GB, QWEN_14B, 16384).path_tokens // 2
    assert memory_budget(4 * GB, wide, 16384).pass_tokens < memory_budget(4 * GB, QWEN_14B, 16384).pass_tokens


def test_this_machine_has_some_memory_free() -> None:
    assert 10**7 < free_memory(torch.device("cpu")) < 10**14


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("shared", "people"), [(300, 200), (2000, 100)], ids=["short path", "long path"])
def test_passes_take_what_they_are_planned_to_take(dtype: torch.dtype, shared: int, people: int) -> None:
    # with an adapter, which the plan allows for; without one a pass takes about two thirds of it
    torch.manual_seed(0)
    shape = Qwen2Config(
        vocab_size=600,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
    )
    network = Qwen2ForCausalLM(shape).to(dtype)
    network.set_attn_implementation(attention.NAME)
    every = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    network = get_peft_model(network, LoraConfig(r=8, target_modules=every)).eval().get_base_model()
    scorer = TreeScorer(network, digit_tokens(tokenizer(), 600))
    scorer.pass_tokens = 1024
    rng = np.random.default_rng(1)
    begin = rng.integers(10, 500, shared)
    prompts = [np.concatenate([begin, rng.integers(10, 500, 40)]).astype(np.int32) for _ in range(people)]
    options = option_tree([(str(value), PromptEncoder(tokenizer(), "shared").encode_option(value)) for value in SEVEN])
    measured = peak_bytes(lambda: scorer.log_probs(prompts, [options] * people))
    # what the budget divides the free memory by, for the longest pass and the path above it
    sizes, plenty = sizes_of(shape, dtype), 10**12
    budget = memory_budget(plenty, sizes, plenty)
    planned = max(1024, shared) * PASS_SHARE * plenty / budget.pass_tokens
    planned += shared * PATH_SHARE * plenty / budget.path_tokens
    assert 0.95 * measured <= planned <= 1.5 * measured
