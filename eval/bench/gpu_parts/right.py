"""Whether the device computes what it should: every figure is a largest difference, and says from what.

Small networks with random weights are compared with plain forward passes, one row a person, of the same weights: the
scorer's log-probabilities in three precisions, gradients of packs, attention kernels, and NF4's numbers.
"""

import copy
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config

from eval.bench.contenders.answers import digit_options, random_network, random_prompts, scorer_of
from eval.bench.contenders.trainers import random_examples
from eval.bench.gpu_parts.device import seconds_of
from eval.bench.gpu_parts.setting import Figures
from eval.bench.training import pack_layers, unpack_layers
from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.loss import PackReader, computes_in_bf16
from socrates_core.finetune.batch.packs import pack_of
from socrates_core.finetune.network import recompute_activations
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS
from socrates_core.model.prefix_tree.kernels import ON_CUDA, formula, own_example, path_example
from socrates_core.model.prefix_tree.plain import plain_log_probs

PRECISIONS: Final = ("float32", "bf16", "nf4")
SCALES: Final = {"1 to 7": range(1, 8), "0 to 100": range(101)}
PROMPTS: Final = 3


def measure_right(figures: Figures, config: Qwen2Config, device: torch.device) -> None:
    """All checks, in order of importance."""
    for precision in PRECISIONS:
        found = scorer_differences(config, device, precision)
        figures.add(
            f"scorer, {precision}",
            found,
            f"scorer in {precision}: log-probabilities at most {found['from_plain']:.2g} from plain rows of the same "
            f"weights; from the same in float32, {found['from_float32']:.2g} (plain rows: "
            f"{found['plain_from_float32']:.2g})",
        )
    for precision, dense in (("float32", False), ("float32", True), ("nf4", False)):
        found = gradient_differences(config, device, precision, dense)
        masked = "dense" if dense else "block"
        figures.add(
            f"gradient, {precision}, {masked}",
            found,
            f"gradient of a pack in {precision}, attention {masked}: {found['from_rows']:.2g} from separate rows, "
            f"relative; from float32, {found['from_float32']:.2g} (separate rows: {found['rows_from_float32']:.2g})",
        )
    if device.type == "cuda":
        for name, kernel in kernel_differences(device).items():
            said = ", ".join(f"{one} {value}" for one, value in kernel.items())
            figures.add(f"kernel, {name}", kernel, f"kernel {name}: {said}")
        found = nf4_differences(device)
        figures.add(
            "nf4",
            found,
            f"NF4: GPU and CPU unpack the same bits with a difference of {found['unpacking']:.2g} at most; rounding "
            f"costs {found['error']:.2%} of a matrix on the GPU, {found['cpu_error']:.2%} on the CPU",
        )


def network_in(config: Qwen2Config, precision: str, device: torch.device) -> Any:
    """A small network in a precision; the same weights in all, before rounding."""
    torch.manual_seed(5)
    network = random_network(config, "cpu").float()
    network.requires_grad_(False)
    if precision == "float32":
        return network.to(device)
    network = network.to(torch.bfloat16 if precision == "bf16" or device.type == "cuda" else torch.float32).to(device)
    if precision == "nf4":
        pack_layers(network)
    return network


def float32_twin(network: Any) -> Any:
    """The same numbers, as they are after rounding, in float32."""
    twin = copy.deepcopy(network)
    unpack_layers(twin, torch.float32)
    return twin.float()


def scorer_differences(config: Qwen2Config, device: torch.device, precision: str) -> dict[str, float]:
    """Largest differences of option log-probabilities, over two scales and some prompts of common prefix.

    Returns:
        `from_plain`: the tree's from plain rows of the same network; `from_float32`: from plain rows in float32 of the
        same rounded weights, and `plain_from_float32`: those of the network's own plain rows.
    """
    rng = np.random.default_rng(11)
    network = network_in(config, precision, device)
    twin = float32_twin(network)
    prompts = random_prompts(96, PROMPTS, config.vocab_size, rng)
    worst = {"from_plain": 0.0, "from_float32": 0.0, "plain_from_float32": 0.0}
    digits = torch.zeros(config.vocab_size, dtype=torch.bool, device=device)
    digits[48:58] = True
    for values in SCALES.values():
        tree = digit_options(values)
        found = scorer_of(network).log_probs(prompts, [tree] * len(prompts))
        some = list(values)[:: max(1, len(values) // 7)]
        spelt = [tuple(48 + int(digit) for digit in str(value)) for value in some]
        for prompt, logs in zip(prompts, found, strict=True):
            ours = logs[[value - values.start for value in some]]
            plain = plain_log_probs(network, prompt, spelt, tree.stops, digits)
            exact = plain_log_probs(twin, prompt, spelt, tree.stops, digits)
            for name, pair in (
                ("from_plain", (ours, plain)),
                ("from_float32", (ours, exact)),
                ("plain_from_float32", (plain, exact)),
            ):
                worst[name] = max(worst[name], float(np.abs(pair[0] - pair[1]).max()))
    return worst


def gradient_differences(config: Qwen2Config, device: torch.device, precision: str, dense: bool) -> dict[str, float]:
    """Relative differences of the gradient of the adapter's weights, as one vector: ‖a − b‖ / ‖b‖.

    Returns:
        `from_rows`: one pack against separate rows of the same network; `from_float32` and `rows_from_float32`: each
        against separate rows in float32 of the same rounded weights.
    """
    examples = random_examples(24, 8, 96, 24, config.vocab_size, np.random.default_rng(12))
    network = network_in(config, precision, device)
    twin = float32_twin(network)
    autocast = computes_in_bf16(device, precision)
    packed = _gradient(network, examples, autocast, dense, precision != "float32")
    rows = _gradient(network, examples, autocast, None, False)
    exact = _gradient(twin, examples, False, None, False)
    return {
        "from_rows": _relative(packed, rows),
        "from_float32": _relative(packed, exact),
        "rows_from_float32": _relative(rows, exact),
    }


def _gradient(
    network: Any, examples: list[Example], autocast: bool, dense: bool | None, recompute: bool
) -> torch.Tensor:
    """Gradient of the mean loss: of one pack, or with `dense` None of a row for each example."""
    torch.manual_seed(3)
    tuned = get_peft_model(network, LoraConfig(r=8, lora_alpha=16, target_modules=list(SEVEN_PROJECTIONS)))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    if recompute:
        recompute_activations(tuned.get_base_model())
    tuned.train()
    weights = [weight for _, weight in sorted(tuned.named_parameters()) if weight.requires_grad]
    digits = torch.zeros(network.config.vocab_size, dtype=torch.bool)
    # a row alone has nothing to mask, and FlexAttention would be compiled for its length
    reader = PackReader(tuned.get_base_model(), digits, dense=dense is not False, autocast=autocast)
    groups = [examples] if dense is not None else [[one] for one in examples]
    total = [torch.zeros_like(weight) for weight in weights]
    for group in groups:
        loss = reader.loss(pack_of(group)).cross_entropy / len(examples)
        for whole, part in zip(total, torch.autograd.grad(loss, weights), strict=True):
            whole += part
    tuned.unload()
    return torch.cat([part.flatten() for part in total]).double().cpu()


def _relative(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


def kernel_differences(device: torch.device) -> dict[str, dict[str, str]]:
    """Every kernel on both kinds of input, at Qwen2.5-14B's heads: difference from the formula in float32 and time."""
    heads, kv_heads, width = 40, 8, 128
    examples = {
        "along a path": path_example(device, torch.bfloat16, heads, kv_heads, width),
        "within blocks": own_example(device, torch.bfloat16, heads, width),
    }
    found: dict[str, dict[str, str]] = {}
    for where, example in examples.items():
        query, key, value, mask, scale = example
        exact = (query.float(), key.float(), value.float(), None if mask is None else mask.float(), scale)
        out, log = formula(*exact)
        for name, kernel in ON_CUDA.items():
            try:
                mine, mine_log = kernel(*example)
            except (RuntimeError, ValueError, IndexError) as error:
                found[f"{name} {where}"] = {"not available": str(error).splitlines()[0][:80]}
                continue
            worst = float((mine.float() - out).abs().max()), float((mine_log.float() - log).abs().max())
            took = seconds_of(partial(kernel, *example), 5)
            found[f"{name} {where}"] = {
                "output": f"{worst[0]:.2g}",
                "log-sum-exp": f"{worst[1]:.2g}",
                "ms": f"{1000 * took:.3f}",
            }
    return found


def nf4_differences(device: torch.device) -> dict[str, float]:
    """One float32 matrix in NF4 on the GPU and on the CPU.

    Returns:
        `unpacking`: largest difference of the numbers that both unpack from the same bits; `error` and `cpu_error`:
        the root mean square of what packing and unpacking changes, as a share of the matrix's own, on each.
    """
    import bitsandbytes as bnb

    torch.manual_seed(6)
    weight = torch.randn(1024, 768)
    errors, bits = [], []
    for place in (device, torch.device("cpu")):
        bits.append(bnb.functional.quantize_4bit(weight.to(place), quant_type="nf4", compress_statistics=True))
        unpacked = bnb.functional.dequantize_4bit(*bits[-1]).float().cpu()
        errors.append(float((unpacked - weight).norm() / weight.norm()))
    (packed, state), _ = bits
    on_gpu = bnb.functional.dequantize_4bit(packed, state).float().cpu()
    state.to("cpu")
    on_cpu = bnb.functional.dequantize_4bit(packed.cpu(), state).float()
    return {"unpacking": float((on_gpu - on_cpu).abs().max()), "error": errors[0], "cpu_error": errors[1]}
