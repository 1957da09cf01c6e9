"""The training suite: QLoRA steps on packs that share prefixes, compared with a padded loop and TRL's SFTTrainer.

On any machine a small network is trained in float32. With a GPU, a network of Qwen2.5-14B's shape with random weights
in NF4 is trained on the recipe's 256 examples per step as well.

Every repeat runs all contenders one after the other, each on a new adapter, so that a busy moment affects all; the
figures are medians of a step, without each contender's first one. The losses of all steps must agree, so all
contenders make the same steps.
"""

import importlib.util
import statistics
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from eval.bench.contenders.shapes import FOURTEEN_B, SMALL
from eval.bench.contenders.trainers import CONTENDERS, Setting, random_examples
from eval.bench.gpu_parts.device import free_memory, matrix_rate, peak_gb
from socrates_core.errors import TrainingError

SHARED: Final = 448
"""Tokens that the people of a cell have in common."""
OWN: Final = 60
"""Tokens of a persona, give or take a twelfth."""
MATRIX: Final = 8192
"""Rows and columns of the matrix product by which a GPU's rate is measured."""


@dataclass(frozen=True)
class Size:
    """The size of the measurement."""

    config: Qwen2Config
    four_bits: bool
    """NF4, doubly quantised, computing in bf16 on a GPU; else float32."""
    recompute: bool
    people: tuple[int, ...]
    """People of a cell in one group, one configuration each; 1 shares nothing."""
    step_examples: int
    steps: int
    """Steps of each contender in a repeat; the first is not timed."""
    repeats: int
    batch: int
    pack_tokens: int
    tolerance: float
    """Largest relative difference of losses."""


ON_A_CPU: Final = Size(SMALL, False, False, (16, 4, 1), 32, 3, 5, 8, SHARED + 16 * (OWN + 6), 1e-3)
ON_A_GPU: Final = Size(FOURTEEN_B, True, True, (16, 1), 256, 3, 1, 8, 8192, 2e-2)


def run_training_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time steps at several numbers of people per cell, and at 14B shape if there is a GPU.

    Raises:
        TrainingError: If TRL is not installed.
    """
    if importlib.util.find_spec("trl") is None:
        raise TrainingError("the training suite compares with TRL, which is not installed; pip install trl==1.16.0")
    results = {"small": measure(ON_A_CPU, torch.device("cpu"), np.random.default_rng(seed))}
    if torch.cuda.is_available():
        results["14B shape"] = measure(ON_A_GPU, torch.device("cuda"), np.random.default_rng(seed))
    return results


def measure(size: Size, device: torch.device, rng: np.random.Generator) -> dict[str, Any]:
    """Time all contenders on one network of random weights."""
    network = random_network(size.config, size.four_bits, device)
    setting = Setting(network, size.recompute, size.batch, size.pack_tokens)
    rate = matrix_rate(device, MATRIX) if device.type == "cuda" else None
    matrices = matrix_weights(size.config)
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "matrix_weights": matrices,
        "precision": "nf4" if size.four_bits else "float32",
        "recompute": size.recompute,
        "step_examples": size.step_examples,
        "batch": size.batch,
        "pack_tokens": size.pack_tokens,
        "repeats": size.repeats,
        "multiply_adds_per_second": rate,
        "configurations": [_configuration(size, setting, people, matrices, rate, rng) for people in size.people],
    }


def _configuration(
    size: Size, setting: Setting, people: int, matrices: int, rate: float | None, rng: np.random.Generator
) -> dict[str, Any]:
    words = size.config.vocab_size
    steps = [random_examples(size.step_examples, people, SHARED, OWN, words, rng) for _ in range(size.steps)]
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    losses: dict[str, list[float]] = {}
    tokens: dict[str, float] = {}
    peaks: dict[str, float] = {}
    for _ in range(size.repeats):
        for name, learn in CONTENDERS.items():
            free_memory()
            timed = learn(setting, steps)
            if (peak := peak_gb()) is not None:
                peaks[name] = max(peaks.get(name, 0.0), peak)
            seconds[name] += timed.seconds[1:]
            losses[name], tokens[name] = timed.losses, timed.tokens
            _same_steps(name, timed.losses, losses["packs"], size.tolerance)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    ratio = {name: median[name] / median["packs"] for name in CONTENDERS}
    speeds = ", ".join(f"{size.step_examples / median[name]:.2f} ({ratio[name]:.2f}x) {name}" for name in CONTENDERS)
    print(f"training: {people} people per cell, examples per second (speed-up of packs): {speeds}", flush=True)
    passes = 3 if size.recompute else 2  # forward, the gradient of its inputs, and forward again
    shares = {name: tokens[name] * matrices * passes / median[name] / rate for name in CONTENDERS} if rate else None
    return {
        "people": people,
        "shared_tokens": SHARED if people > 1 else 0,
        "tokens_per_example": sum(one.tokens for one in steps[0]) / len(steps[0]),
        "tokens_per_step": tokens,
        "losses": losses,
        "step_seconds": {name: {"median": median[name], "all": seconds[name]} for name in CONTENDERS},
        "examples_per_second": {name: size.step_examples / median[name] for name in CONTENDERS},
        "packs_are_faster_than": ratio,
        "share_of_matrix_rate": shares,
        "peak_memory_gb": peaks or None,
    }


def _same_steps(name: str, losses: list[float], expected: list[float], tolerance: float) -> None:
    """Later losses depend on earlier updates, so equal losses mean equal gradients and updates."""
    apart = [abs(one / other - 1) for one, other in zip(losses, expected, strict=True)]
    if max(apart) > tolerance:
        raise RuntimeError(f"{name} and packs do not make the same steps: losses {losses} and {expected}")


def random_network(config: Qwen2Config, four_bits: bool, device: torch.device) -> Any:
    """A frozen network of random weights, in bf16 on a GPU and float32 on a CPU, its layers in NF4 if `four_bits`."""
    torch.manual_seed(1)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    with device:
        network = AutoModelForCausalLM.from_config(config, dtype=dtype)
    network.requires_grad_(False)
    if four_bits:
        pack_layers(network)
    return network


def pack_layers(network: Any) -> None:
    """Put the matrices of a network's layers in NF4, in place, computing in the network's numeric type."""
    head = network.get_output_embeddings()
    for layer in network.modules():
        for name, module in list(layer.named_children()):
            if isinstance(module, torch.nn.Linear) and module is not head:
                setattr(layer, name, _packed(module, network.dtype))
    network.is_loaded_in_4bit = True  # PEFT reads this flag


def unpack_layers(network: Any, dtype: torch.dtype) -> None:
    """Make ordinary layers of the same numbers of a network's NF4 layers, in place."""
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    for layer in network.modules():
        for name, module in list(layer.named_children()):
            if isinstance(module, Linear4bit):
                weight = dequantize_4bit(module.weight.data, module.weight.quant_state)
                plain = torch.nn.Linear(module.in_features, module.out_features, module.bias is not None, "meta")
                plain.weight = torch.nn.Parameter(weight.to(dtype), requires_grad=False)
                plain.bias = module.bias
                setattr(layer, name, plain)


def _packed(module: torch.nn.Linear, dtype: torch.dtype) -> Any:
    """The layer in doubly quantised NF4."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    device, biased = module.weight.device, module.bias is not None
    with torch.device("meta"):
        packed = Linear4bit(module.in_features, module.out_features, biased, compute_dtype=dtype, quant_type="nf4")
    weight = Params4bit(module.weight.data, compress_statistics=True, quant_type="nf4", module=packed)
    packed.weight = weight.to(device)
    packed.bias = module.bias
    packed.support_avx512bf16_for_cpu = False  # its kernel crashes on layers with bias, or loses gradients
    return packed


def matrix_weights(config: Qwen2Config) -> int:
    """Number of weights that every token is multiplied with: those of all layers, without the output matrix."""
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    head = network.get_output_embeddings()
    return sum(
        module.weight.numel()
        for module in network.modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    )
