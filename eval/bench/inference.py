"""The inference suite: exact answer distributions on a prefix tree, compared with the usual ways to get answers.

One network with random weights (a small Qwen2 on a CPU, the 14B shape on a GPU) answers a seven-point scale for people
who share a prefix. Every repeat runs all contenders, one after the other, so that a busy moment affects all; the
figures are medians. A contender that takes one person at a time is timed on a few people and reported per answer; the
decision pipeline is one, and reads its own prompts with as many tokens. Every contender's answers are checked first.
"""

import statistics
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from transformers import Qwen2Config, logging

from eval.bench.contenders.adapters import measure_adapters
from eval.bench.contenders.answers import (
    FULL_ROWS,
    OURS,
    SUFFIX,
    check_contenders,
    contenders_of,
    digit_options,
    random_network,
    random_prompts,
    scorer_of,
)
from eval.bench.contenders.shapes import FOURTEEN_B, SMALL
from eval.bench.gpu_parts.device import free_memory, peak_gb, seconds_of
from socrates_core.model.prefix_tree.tree import PromptTree

CONFIGURATIONS: Final = ((256, 32), (256, 128), (512, 32), (512, 128), (1024, 32), (1024, 64), (1024, 128))
"""Tokens of the shared prefix, people."""
REPEATS: Final = 5


def run_inference_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time all contenders at all sizes, slider scales against seven points, and adapters."""
    logging.set_verbosity_error()
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = FOURTEEN_B if device == "cuda" else SMALL
    network = random_network(config, device)
    rate = _matrix_rate(config, device)
    kernels = scorer_of(network).kernels.names
    print(
        f"inference: {_parameters(network) / 1e6:.1f} M parameters on {device}, {rate / 1e12:.3f} T multiply-adds a "
        f"second, attention: {kernels}"
    )
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "parameters": _parameters(network),
        "multiply_adds_per_second": rate,
        "attention": kernels,
        "suffix_tokens": SUFFIX,
        "configurations": [measure_sizes(network, *sizes, rng, rate, REPEATS) for sizes in CONFIGURATIONS],
        "scales": measure_scales(network, 512, 128, rng, REPEATS),
        "adapters": measure_adapters(network, 512, 128, rng, seconds_of, REPEATS),
    }


def measure_sizes(
    network: Any, prefix: int, people: int, rng: np.random.Generator, rate: float, repeats: int
) -> dict[str, Any]:
    """All contenders at one length of the prefix and number of people.

    Args:
        network: Of random weights, with our attention.
        prefix: Tokens of the shared prefix.
        people: Number of prompts.
        rng: Generates prompts.
        rate: Multiply-adds per second that the device is capable of.
        repeats: Rounds, each of all contenders.
    """
    prompts = random_prompts(prefix, people, network.config.vocab_size, rng)
    options = digit_options(range(1, 8))
    tree = PromptTree(prompts, [options] * people)
    contenders = contenders_of(network, options)
    check_contenders(network, contenders, prompts)
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(repeats):
        for contender in contenders:
            chosen = prompts[: contender.people]
            seconds[contender.name].append(seconds_of(partial(contender.run, chosen)) / len(chosen))
    per_answer = {name: statistics.median(times) for name, times in seconds.items()}
    ours, bound = per_answer[OURS], tree.tokens_unshared / tree.tokens
    free_memory()
    contenders[0].run(prompts)
    peak = peak_gb()
    row = {
        "prefix": prefix,
        "people": people,
        "milliseconds_per_answer": {name: 1000 * value for name, value in per_answer.items()},
        "times_slower": {name: value / ours for name, value in per_answer.items()},
        "sharing_bound": bound,
        "share_of_bound": per_answer[FULL_ROWS] / ours / bound,
        "share_of_matrix_rate": tree.tokens * _parameters(network) / (ours * people) / rate,
        "peak_gpu_gb": peak,
    }
    ratios = ", ".join(f"{name} {value / ours:.1f}x" for name, value in per_answer.items())
    print(
        f"inference: prefix {prefix}, {people} people: {ratios}; bound {bound:.1f}, {row['share_of_bound']:.0%} of it; "
        f"{row['share_of_matrix_rate']:.0%} of the matrix rate"
    )
    return row


def measure_scales(network: Any, prefix: int, people: int, rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    """How much longer a 0-100 scale takes than a seven-point one, and how many more tokens it has to compute.

    An option's probability has a factor that needs the output after that option, so each of the 101 options is a token
    to compute for every person: the ratio of tokens is what an engine without overhead would reach.
    """
    prompts, scorer = random_prompts(prefix, people, network.config.vocab_size, rng), scorer_of(network)
    trees = {"1 to 7": digit_options(range(1, 8)), "0 to 100": digit_options(range(101))}
    seconds: dict[str, list[float]] = {name: [] for name in trees}
    for _ in range(repeats + 1):  # the first round warms up
        for name, options in trees.items():
            seconds[name].append(seconds_of(partial(scorer.log_probs, prompts, [options] * len(prompts))))
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    tokens = {name: PromptTree(prompts, [options] * len(prompts)).tokens for name, options in trees.items()}
    ratio, of_tokens = (values["0 to 100"] / values["1 to 7"] for values in (medians, tokens))
    print(
        f"inference: a 0-100 scale takes {ratio:.2f} times as long as a seven-point one, with {of_tokens:.2f} times as "
        "many tokens"
    )
    return {"seconds": medians, "ratio": ratio, "tokens": tokens, "token_ratio": of_tokens}


def _parameters(network: Any) -> int:
    """Of the layers: the output matrix meets few rows."""
    return sum(parameter.numel() for parameter in network.get_decoder().parameters())


def _matrix_rate(config: Qwen2Config, device: str) -> float:
    """Multiply-adds a second of the largest matrix product of this network, median of repeats."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    rows = 4096
    a = torch.randn(rows, config.hidden_size, device=device, dtype=dtype)
    b = torch.randn(config.hidden_size, config.intermediate_size, device=device, dtype=dtype)
    return rows * config.hidden_size * config.intermediate_size / seconds_of(lambda: a @ b, 15)
