"""The inference suite at a small size: every contender runs, and all agree before they are timed."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from transformers import Qwen2Config
from transformers.utils import logging

from eval.bench.contenders.adapters import measure_adapters
from eval.bench.contenders.answers import random_network
from eval.bench.inference import measure_scales, measure_sizes

TINY = Qwen2Config(
    vocab_size=4096,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=1024,
    tie_word_embeddings=True,
)


@pytest.fixture
def network() -> Iterator[torch.nn.Module]:
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    torch.manual_seed(1)
    yield random_network(TINY, "cpu")
    logging.set_verbosity(level)


def test_all_contenders_agree_and_are_compared_per_answer(network: torch.nn.Module) -> None:
    found = measure_sizes(network, 256, 9, np.random.default_rng(2), 1e10, 1)
    names = {"prefix tree", "full rows", "batched generate", "continuous batching", "generate", "decision pipeline"}
    assert set(found["times_slower"]) == set(found["milliseconds_per_answer"]) == names
    assert found["times_slower"]["prefix tree"] == 1
    # 9 · (256 + 60) tokens in rows, about 256 + 9 · 60 in the tree
    assert found["sharing_bound"] == pytest.approx(9 * 316 / (256 + 9 * 60), rel=0.05)
    assert found["peak_gpu_gb"] is None


def test_a_slider_has_101_tokens_more_for_everybody(network: torch.nn.Module) -> None:
    found = measure_scales(network, 100, 5, np.random.default_rng(2), 1)
    assert found["tokens"]["0 to 100"] - found["tokens"]["1 to 7"] == 5 * 101
    assert found["ratio"] > 0


def test_switching_adapters_is_timed_and_the_network_is_left_as_it_was(network: torch.nn.Module) -> None:
    before = [name for name, _ in network.named_modules()]
    found = measure_adapters(network, 100, 5, np.random.default_rng(2), lambda run: [run(), 1.0][1], 1)
    assert found["switch_seconds"] == 1
    assert [name for name, _ in network.named_modules()] == before
