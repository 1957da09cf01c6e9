"""The plan of a training, computed before any weights are read: examples, tokens, steps, memory, time."""

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from socrates_core.finetune.batch.blocks import CHUNK, chunk_keys
from socrates_core.finetune.batch.examples import ExampleEncoder, Ints
from socrates_core.finetune.batch.loss import computes_in_bf16
from socrates_core.finetune.batch.order import Order
from socrates_core.finetune.batch.packs import OptionScales, pack_of, tree_size
from socrates_core.finetune.batch.processes import packs_by_process
from socrates_core.finetune.network import adapts
from socrates_core.finetune.recipe import Recipe

MEASURED_STEPS: Final = 32
"""Steps whose packs are built for the plan; a longer training is extrapolated from this many, evenly spaced."""

SHARES_OF_PEAK: Final = (0.5, 0.25)
"""Shares of the peak matrix rate that training reaches: at best, and with a network as small as the demo model (0.27
measured)."""

A100_RATE: Final = 156e12
"""Multiply-adds per second of an A100 in bf16 (312 TFLOPS), for a plan made without a GPU."""


@dataclass(frozen=True)
class Plan:
    """The size of a training. Time and memory are estimates; the rest is counted."""

    examples: int
    """Examples in one epoch."""
    off_scale: int
    """Answers left out because they are not an option of their scale."""
    too_long: int
    """Examples left out because they are longer than `max_tokens` or than the base's context."""
    steps: int
    prompt_tokens: int
    """Tokens of all examples of one epoch, each in a row of its own."""
    tree_tokens: int
    """Tokens that the packs of all epochs compute (extrapolated from the steps that were built)."""
    sharing_bound: float
    """Tokens of a step's prompts ÷ tokens of their prefix tree, mean over the steps: the most that sharing can save."""
    shared: float
    """The same ratio for the packs as built: what sharing does save."""
    packs_a_step: float
    busiest_tokens: int
    """Tokens of the process with the most in each step, which the others wait for; all of them with one process."""
    passes: int
    """How often the base's matrices pass each token: forward, input gradients and, if recomputed, forward again."""
    matrices: int
    """Weights of the base in the matrix products of every token."""
    parameters: int
    """Parameters of the base."""
    adapter_parameters: int
    memory_gb: float
    """Estimated peak memory of each process."""
    hours: tuple[float, float]
    """Estimated range, without validation."""
    estimated_on: str
    """The device that `hours` was estimated for."""


def plan_of(
    recipe: Recipe,
    encoder: ExampleEncoder,
    order: Order,
    lengths: Ints,
    too_long: int,
    scales: OptionScales,
    config: Any,
    processes: int,
) -> Plan:
    """Build the packs of some steps and count.

    Args:
        recipe: The training recipe.
        encoder: Encodes the training examples.
        order: The examples of all epochs.
        lengths: (N,) tokens of each example.
        too_long: Number of examples that were left out as too long.
        scales: For the distribution term.
        config: The base's configuration.
        processes: Number of processes that share the work.
    """
    chosen = np.unique(np.linspace(0, order.steps - 1, MEASURED_STEPS).round().astype(int))
    hung = scales if recipe.distribution_weight > 0 else None
    unshared = computed = busiest = fewest = examples = packs = 0
    longest, most_rows, most_pairs = 0, 0, 0
    for step in chosen.tolist():
        members = encoder.encode_all(*order.step(step))
        examples += len(members)
        unshared += sum(one.tokens - 1 for one in members)
        fewest += tree_size(sorted(members, key=lambda one: one.prompt.astype(">u4").tobytes()))
        loads = []
        for own in packs_by_process(members, recipe.pack_tokens, hung, processes):
            built = [pack_of(some, hung) for some in own]
            packs += len(built)
            loads.append(sum(len(pack.tokens) for pack in built))
            for pack in built:
                rows = len(pack.rows) + sum(group.places.size for group in pack.groups)
                longest, most_rows = max(longest, len(pack.tokens)), max(most_rows, rows)
                most_pairs = max(most_pairs, chunk_keys(pack))
        computed, busiest = computed + sum(loads), busiest + max(loads)
    scale_up = len(order.index) / examples
    sizes = _sizes(recipe, config)
    busiest_tokens = round(busiest * scale_up)
    passes = 3 if recipe.recompute else 2
    hours, device = hours_of(recipe, config, busiest_tokens * passes)
    return Plan(
        examples=len(lengths),
        off_scale=encoder.examples.off_scale,
        too_long=too_long,
        steps=order.steps,
        prompt_tokens=int(lengths.sum()),
        tree_tokens=round(computed * scale_up),
        sharing_bound=unshared / fewest,
        shared=unshared / computed,
        packs_a_step=packs / len(chosen),
        busiest_tokens=busiest_tokens,
        passes=passes,
        matrices=sizes.matrices,
        parameters=sizes.parameters,
        adapter_parameters=sizes.adapter,
        memory_gb=_memory(recipe, config, sizes, _Longest(longest, most_rows, most_pairs), processes) / 1e9,
        hours=hours,
        estimated_on=device,
    )


def hours_of(recipe: Recipe, config: Any, tokens: int) -> tuple[tuple[float, float], str]:
    """How long it takes to pass tokens through the base once: a range of hours, and the device it is estimated for.

    Args:
        recipe: Names the base's precision and device.
        config: The base's configuration.
        tokens: Number of them; a training passes each two or three times.
    """
    rate, device = _rate(recipe, config)
    seconds_at_peak = tokens * _sizes(recipe, config).matrices / rate
    least, most = (seconds_at_peak / share / 3600 for share in SHARES_OF_PEAK)
    return (least, most), device


@dataclass(frozen=True)
class _Sizes:
    parameters: int
    matrices: int
    """Weights in the matrix products of every token."""
    largest: int
    """Weights of the largest of them."""
    adapter: int
    adapted_inputs: int
    """Width of the inputs of all adapted modules, added up."""


@dataclass(frozen=True)
class _Longest:
    """The most that a pack of the training has of each."""

    tokens: int
    rows: int
    """Places at which logits are computed."""
    chunk_keys: int
    """Keys that the chunks of attention on a CPU select, added up."""


def _sizes(recipe: Recipe, config: Any) -> _Sizes:
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    head = network.get_output_embeddings()
    linear = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }
    targets = [module for name, module in linear.items() if adapts(recipe, name)]
    return _Sizes(
        parameters=sum(weight.numel() for weight in network.parameters()),
        matrices=sum(module.weight.numel() for module in linear.values()),
        largest=max(module.weight.numel() for module in linear.values()),
        adapted_inputs=sum(module.in_features for module in targets),
        adapter=sum(recipe.lora_rank * (module.in_features + module.out_features) for module in targets),
    )


def _memory(recipe: Recipe, config: Any, sizes: _Sizes, longest: _Longest, processes: int) -> float:
    """Bytes: weights, adapter with two gradient buffers and two moments, activations and logits of the longest pack.

    A layer keeps for the backward pass, per token: twelve vectors of the residual stream (input, normalised inputs as
    dropped out for each projection, queries, keys, values, attention) and four of the feed-forward part. On a CPU,
    where dropout has no kernel of its own, it also keeps the noise as numbers, and the keys and values as each chunk
    of tokens selects them. The backward pass of one layer adds the gradients of two of each.
    """
    on_cpu = recipe.device != "cuda" and not torch.cuda.is_available()
    width = 4 if recipe.precision == "float32" or on_cpu else 2
    matrices = sizes.matrices * (0.52 if recipe.precision == "nf4" else width)
    text = config.get_text_config()
    layers = text.num_hidden_layers
    if recipe.shard:  # a slice of each layer, and two layers whole: the current one and the next
        matrices *= 1 / processes + 2 / layers
    dequantised = width * sizes.largest if recipe.precision == "nf4" else 0
    weights = matrices + dequantised + (sizes.parameters - sizes.matrices) * width
    a_layer = longest.tokens * (12 * text.hidden_size + 4 * text.intermediate_size)
    if on_cpu and recipe.lora_dropout > 0:
        a_layer += longest.tokens * sizes.adapted_inputs / layers
    mask = longest.tokens**2
    if recipe.attention != "dense":
        mask = CHUNK * longest.chunk_keys if on_cpu else 0
        a_layer += 2 * text.hidden_size * longest.chunk_keys if on_cpu else 0
    kept = longest.tokens * text.hidden_size * layers + a_layer if recipe.recompute else a_layer * layers
    backward = longest.tokens * 2 * (text.hidden_size + text.intermediate_size)
    logits = 3 * 4 * longest.rows * text.vocab_size
    return weights + 20 * sizes.adapter + width * (kept + backward + mask) + logits


def _rate(recipe: Recipe, config: Any) -> tuple[float, str]:
    """Multiply-adds per second of a matrix product as wide as the base's layers, and the device it was measured on."""
    if recipe.device == "cuda" and not torch.cuda.is_available():
        return A100_RATE, "one A100, by its data sheet (this machine has no GPU)"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if computes_in_bf16(torch.device(device), recipe.precision) else torch.float32
    text = config.get_text_config()
    left = torch.ones(2048, text.hidden_size, device=device, dtype=dtype)
    right = torch.ones(text.hidden_size, text.intermediate_size, device=device, dtype=dtype)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        product = left @ right
        product[0, 0].item()  # waits for the GPU to finish
        seconds.append(time.perf_counter() - started)
    name = torch.cuda.get_device_name() if device == "cuda" else f"this CPU with {torch.get_num_threads()} threads"
    return left.numel() * text.intermediate_size / min(seconds), name
