"""The numeric precision of a network's weights, as requested or as the device's memory allows.

NF4 (bitsandbytes) stores a weight in four bits and computes with it in bf16 (float32 on a CPU). Dequantising costs time
in every pass. `nf4-dequantised` dequantises once, when the network is loaded: the same numbers in ordinary layers,
faster, with the memory use of bf16. An adapter that was trained on an NF4 base has learnt to compensate for NF4's
rounding, so that is the base it gets, dequantised if memory allows.
"""

from typing import Any, Final, Literal, get_args

from socrates_core.errors import ModelError

Precision = Literal["auto", "nf4", "nf4-dequantised", "bf16", "float32"]

FILLED: Final = 2 / 3
"""Share of a GPU's free memory that weights may take; the rest is for activations."""


def check_precision(requested: str) -> None:
    """Raise a ModelError unless there is such a precision."""
    if requested not in get_args(Precision):
        raise ModelError(f"no precision {requested!r}; choose {', '.join(get_args(Precision))}")


def chosen_precision(requested: Precision, config: Any, learned_on: str | None = None) -> Precision:
    """The precision for a network on this machine's device; never `auto`.

    Args:
        requested: The requested precision.
        config: The network's configuration.
        learned_on: Precision of the base that its adapter was trained on, if known.
    """
    import torch

    if requested != "auto":
        return requested
    if not torch.cuda.is_available():
        return "float32"
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        parameters = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    free, _ = torch.cuda.mem_get_info()
    return automatic_precision(parameters, free, learned_on)


def automatic_precision(parameters: int, free_bytes: int, learned_on: str | None) -> Precision:
    """The precision on a GPU: two bytes per weight if they fit, dequantised NF4 if the adapter was trained on NF4.

    Args:
        parameters: Number of parameters of the network.
        free_bytes: Free memory of the GPU.
        learned_on: As for `chosen_precision`.
    """
    if 2 * parameters >= free_bytes * FILLED:
        return "nf4"
    return "nf4-dequantised" if learned_on == "nf4" else "bf16"


def weight_options(precision: Precision, to_shard: bool = False) -> dict[str, Any]:
    """Arguments for `from_pretrained`.

    Args:
        precision: Precision of the weights.
        to_shard: For sharding over processes: weights stay in host memory, and quantised ones are stored in the dtype
            of the others, because FSDP gathers all weights of a layer together.
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
    """Finish the conversion, in place, of a network just loaded with `weight_options`."""
    if precision == "nf4-dequantised":
        network.dequantize(dtype=network.dtype)
        network.requires_grad_(False)
    # bitsandbytes' AVX512-BF16 kernel crashes on layers with bias or silently loses gradients, so it is avoided
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
