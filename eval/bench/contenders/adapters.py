"""Adapters in the inference suite: the cost of switching between a base and its adapters."""

import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import torch
from peft import LoraConfig
from safetensors.torch import save_file

from eval.bench.contenders.answers import digit_options, random_prompts, scorer_of
from socrates_core.model.adapters import WEIGHTS, Adapters

RANK: Final = 16
TARGETS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def measure_adapters(
    network: Any,
    prefix: int,
    people: int,
    rng: np.random.Generator,
    timed: Callable[[Callable[[], Any]], float],
    repeats: int,
) -> dict[str, Any]:
    """Time two random adapters on one network, which is restored afterwards.

    Args:
        network: Of random weights, with our attention.
        prefix: Tokens of the shared prefix.
        people: Number of prompts.
        rng: Generates prompts.
        timed: Runs a function and returns its seconds.
        repeats: Repeats of every measurement.
    """
    prompts = random_prompts(prefix, people, network.config.vocab_size, rng)
    options = [digit_options(range(1, 8))] * people
    adapters, scorer = Adapters(network), scorer_of(network)
    with TemporaryDirectory() as folder:
        keys = [
            adapters.acquire(random_adapter(network, Path(folder, str(seed)), seed), str(seed), "") for seed in (1, 2)
        ]

    def answers(key: str | None) -> Any:
        adapters.activate(key)
        return np.exp(np.array(scorer.log_probs(prompts, options)))

    assert np.abs(answers(None) - answers(keys[0])).max() > 1e-4, "the adapter changes nothing"
    seconds = [timed(lambda key=key: adapters.activate(key)) for _ in range(repeats) for key in (*keys, None)]  # type: ignore[misc]
    for key in keys:
        adapters.release(key)
    median = statistics.median(seconds)
    print(f"inference: an adapter is switched in {1000 * median:.1f} ms")
    return {"switch_seconds": median, "rank": RANK}


def random_adapter(network: Any, folder: Path, seed: int) -> Path:
    """Write a LoRA adapter with random weights that are large enough to change answers."""
    made = torch.Generator().manual_seed(seed)
    folder.mkdir()
    tensors = {}
    for name, module in network.named_modules():
        if name.rpartition(".")[2] in TARGETS:
            wide, high = module.in_features, module.out_features
            tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(RANK, wide, generator=made) / wide**0.5
            tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(high, RANK, generator=made) / 50
    save_file(tensors, folder / WEIGHTS)
    LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=list(TARGETS)).save_pretrained(str(folder))
    return folder
