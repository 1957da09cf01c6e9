"""How much fits."""

from dataclasses import replace

import pytest
import torch
from transformers import Qwen2Config

from socrates_core.model.prefix_tree.memory import Sizes, free_memory, memory_budget, sizes_of

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
        # a token of a pass takes 2 (5 · 5120 + 3 · 13824 + 5 · 5120) + 4 · 3 · 5120 = 246,784 bytes, so 0.3 · 2 GB are
        # 2,431 of them; a kept one takes 2 · 192 KiB, so 0.4 · 2 GB are 2,034 of them
        (2 * GB, 2431, 2034),
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
