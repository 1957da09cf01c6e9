"""In which numbers the weights of a network are held, by choice or by what the device's memory allows.

NF4 (bitsandbytes) stores a weight in four bits and computes with it in bf16 (float32 on a CPU). Unpacking costs time
in every pass. `nf4-dequantised` unpacks once, when the network is loaded: the same numbers in ordinary layers, faster,
at the memory of bf16. An adapter that learned on an NF4 base has learned to make up for NF4's rounding, so that is the
base it gets where the memory allows.
"""

import logging
from typing import Any, Final, Literal, get_args

from socrates_core.errors import ModelError

Precision = Literal["auto", "nf4", "nf4-dequantised", "bf16", "float32"]

FILLED: Final = 2 / 3
"""Share of a GPU's free memory that weights may take; the rest is for the work."""


KERNEL_NOTICE: Final = "Failed to load CPU gemm_4bit_forward from kernels-community"
"""How bitsandbytes, wherever it is imported on a CPU, warns of an optional kernel; without it nothing is missing."""

logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(lambda told: not str(told.msg).startswith(KERNEL_NOTICE))


def check_precision(asked: str) -> None:
    """Raise a ModelError unless there is such a precision."""
    if asked not in get_args(Precision):
        raise ModelError(f"no precision {asked!r}; choose {', '.join(get_args(Precision))}")


def chosen_precision(asked: Precision, config: Any, learned_on: str | None = None) -> Precision:
    """The precision for a network on this machine's device; never `auto`.

    Args:
        asked: What was asked for.
        config: The network's configuration.
        learned_on: Precision of the base that its adapter was trained on, if known.
    """
    import torch

    if asked != "auto":
        return asked
    if not torch.cuda.is_available():
        return "float32"
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        parameters = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    free, _ = torch.cuda.mem_get_info()
    return automatic_precision(parameters, free, learned_on)


def automatic_precision(parameters: int, free_bytes: int, learned_on: str | None) -> Precision:
    """The precision on a GPU: two bytes a weight where they fit, in NF4's numbers where the adapter learned on those.

    Args:
        parameters: Of the network.
        free_bytes: Of the GPU's memory.
        learned_on: As for `chosen_precision`.
    """
    if 2 * parameters >= free_bytes * FILLED:
        return "nf4"
    return "nf4-dequantised" if learned_on == "nf4" else "bf16"


def weight_options(precision: Precision, to_shard: bool = False) -> dict[str, Any]:
    """What `from_pretrained` is to be told.

    Args:
        precision: Of the weights.
        to_shard: For weights that processes share out: they stay in the host's memory, and packed ones have the dtype
            of the others, because FSDP gathers a layer's weights together.
    """
    import torch
    from transformers import BitsAndBytesConfig

    cuda = torch.cuda.is_available()
    options: dict[str, Any] = {"dtype": torch.float32 if precision == "float32" else torch.bfloat16}
    if cuda:
        options["device_map"] = {"": "cpu" if to_shard else torch.cuda.current_device()}
    if precision in ("nf4", "nf4-dequantised"):
        compute = torch.bfloat16 if cuda else torch.float32
        options["dtype"] = compute
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute,
            bnb_4bit_quant_storage=compute if to_shard else torch.uint8,
        )
    return options


def apply_precision(network: Any, precision: Precision) -> None:
    """Bring a network that was just loaded with `weight_options` into its precision, in place."""
    if precision == "nf4-dequantised":
        network.dequantize(dtype=network.dtype)
        network.requires_grad_(False)
    # bitsandbytes' AVX512-BF16 kernel crashes on layers with bias or loses gradients in silence: keep off it
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
