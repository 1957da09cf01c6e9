"""The numeric precision of a network's weights, as requested or as the device's memory allows.

NF4 (bitsandbytes) stores a weight in four bits and computes with it in bf16 (float32 on a CPU). Dequantising costs time
in every pass. `nf4-dequantised` dequantises once, when the network is loaded: the same numbers in ordinary layers,
faster, with the memory use of bf16. An adapter that was trained on an NF4 base has learnt to compensate for NF4's
rounding, so that is the base it gets, dequantised if memory allows.

`auto` rounds no stored weight as long as memory allows. Weights stored in float32 (or float16, which has more digits
than bf16) run in float32, weights stored in bf16 in bf16. On the demo model, which is trained in float32,
computing in bf16 moved the distance of a study by up to 0.015 on a GPU.
"""

import gc
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from socrates_core.errors import ModelError
from socrates_core.model.folder import LARGEST_HEADER
from socrates_core.study.files import parse_json

Precision = Literal["auto", "nf4", "nf4-dequantised", "bf16", "float32"]

FILLED: Final = 2 / 3
"""Share of a GPU's free memory that weights may take; the rest is for activations."""

FINER_THAN_BF16: Final = frozenset({"F32", "F64", "F16"})
"""Types whose weights bf16 would round, by their name in safetensors files."""

CLEARLY_FASTER: Final = 1.3
"""How much faster bf16 has to be on a CPU to be chosen; more than two measurements on a busy machine differ by, so that
the choice is the same each time."""


def check_precision(requested: str) -> None:
    """Raise a ModelError unless there is such a precision."""
    if requested not in get_args(Precision):
        raise ModelError(f"no precision {requested!r}; choose {', '.join(get_args(Precision))}")


def chosen_precision(requested: Precision, config: Any, folder: Path, learned_on: str | None = None) -> Precision:
    """The precision for a network on this machine's device; never `auto`.

    Args:
        requested: The requested precision.
        config: The network's configuration.
        folder: The folder with its weights.
        learned_on: Precision of the base that its adapter was trained on, if known.
    """
    import torch

    if requested != "auto":
        return requested
    stored = stored_type(folder)
    if not torch.cuda.is_available():
        plain = stored != "BF16" or learned_on == "float32"
        return "float32" if plain else automatic_precision_on_cpu(stored, learned_on, bf16_speed_up())
    from transformers import AutoModelForCausalLM

    from socrates_core.model.prefix_tree.memory import free_memory

    with torch.device("meta"):
        parameters = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    free = free_memory(torch.device("cuda", torch.cuda.current_device()))
    return automatic_precision(parameters, free, stored, learned_on)


def automatic_precision(parameters: int, free_bytes: int, stored: str | None, learned_on: str | None) -> Precision:
    """The precision on a GPU: the most exact of those that add something and fit in its memory.

    Float32 adds something to weights stored with more digits than bf16 has, and to an adapter trained on a float32
    base. It takes four bytes per weight, bf16 and dequantised NF4 take two; NF4 is left when not even these fit.

    Args:
        parameters: Number of parameters of the network.
        free_bytes: Free memory of the GPU.
        stored: As `stored_type` gives it.
        learned_on: As for `chosen_precision`; an adapter gets the precision of the base that it was trained on.
    """
    room = free_bytes * FILLED
    if 2 * parameters >= room:
        return "nf4"
    if learned_on == "nf4":
        return "nf4-dequantised"
    exact = learned_on == "float32" or (learned_on != "bf16" and stored in FINER_THAN_BF16)
    return "float32" if exact and 4 * parameters < room else "bf16"


def automatic_precision_on_cpu(stored: str | None, learned_on: str | None, speed_up: float) -> Precision:
    """The precision on a CPU: bf16 for weights stored in it, where that is clearly faster; float32 otherwise.

    Args:
        stored: As `stored_type` gives it.
        learned_on: As for `chosen_precision`.
        speed_up: As `bf16_speed_up` gives it.
    """
    return "bf16" if stored == "BF16" and learned_on != "float32" and speed_up >= CLEARLY_FASTER else "float32"


def stored_type(folder: Path) -> str | None:
    """The type in which most weights of a model are stored, as safetensors name it (F32, BF16, F16, U8).

    Only the headers of the files are read. None without any file, or if a header is damaged, which loading reports.
    """
    numbers: Counter[str] = Counter()
    try:
        for path in folder.glob("*.safetensors"):
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = parse_json(file.read(min(length, LARGEST_HEADER)).decode("utf-8"))
            for name, entry in header.items():
                if name != "__metadata__":
                    begin, end = entry["data_offsets"]
                    numbers[str(entry["dtype"])] += end - begin
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return numbers.most_common(1)[0][0] if numbers else None


@cache
def bf16_speed_up() -> float:
    """How many times as fast as in float32 this CPU takes a matrix product in bf16; below 1 where it is slower.

    Takes about 20 ms. Measured in place of asking for instructions: PyTorch emulates what a processor lacks, and some
    builds do so slowly.
    """
    import torch

    def seconds(dtype: torch.dtype) -> float:
        left, right = torch.ones(256, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype)
        found = []
        for _ in range(5):
            started = time.perf_counter()
            _ = left @ right
            found.append(time.perf_counter() - started)
        return min(found)

    with torch.inference_mode():
        return seconds(torch.float32) / seconds(torch.bfloat16)


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
        gc.collect()  # the replaced layers refer to their 4-bit weights and these to them, a quarter of what stands now
    # bitsandbytes' AVX512-BF16 kernel crashes on layers with bias or silently loses gradients, so it is avoided
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
