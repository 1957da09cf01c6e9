"""Whether a model fits on this machine, checked before its weights are fetched."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil

from socrates_core.errors import ModelError
from socrates_core.model.loading import plan_network
from socrates_core.model.precision import Precision, automatic_precision_on_cpu, bf16_speed_up

BYTES: Final[Mapping[str, float]] = {"nf4": 0.6, "nf4-dequantised": 2.0, "bf16": 2.0, "float32": 4.0}
"""Bytes per parameter; in 4 bits including its share of the quantisation scales and of the 16-bit layers."""

CGROUP: Final = Path("/sys/fs/cgroup")
"""Contains a container's own memory limit; other interfaces report the whole machine's memory."""


def check_size(name: str, precision: Precision = "auto") -> None:
    """Raise a ModelError unless the weights of a model fit in the memory they would be loaded into.

    With `auto` they need at least 4 bits each on a GPU; on a CPU they are bf16 or float32, as their configuration says
    that they are stored. Only the configuration is fetched.

    Args:
        name: A folder or a Hub id (with `@revision`).
        precision: As requested.
    """
    import torch
    from transformers import AutoModelForCausalLM

    config = plan_network(name).config
    with torch.device("meta"):
        parameters = sum(weight.numel() for weight in AutoModelForCausalLM.from_config(config).parameters())
    held: str = precision
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        held, where = "nf4" if held == "auto" else held, "of GPU memory"
    else:
        free, where = available_memory(), "of memory without a GPU"
        if held == "auto":
            in_bf16 = getattr(config, "dtype", None) == torch.bfloat16
            held = automatic_precision_on_cpu("BF16", None, bf16_speed_up()) if in_bf16 else "float32"
    needed = parameters * BYTES[held]
    where += " even in 4 bits" if held == "nf4" else f" in {held}"
    if needed > free:
        raise ModelError(
            f"{name} has {parameters / 1e9:,.1f} billion parameters and needs about {needed / 1e9:,.0f} GB {where}; "
            f"{free / 1e9:,.0f} GB are free here. Choose larger hardware (one A100 holds a model of 14 billion), or a "
            "smaller model"
        )


def available_memory(environ: Mapping[str, str] = os.environ, cgroup: Path = CGROUP) -> int:
    """Bytes that this process can still allocate, a container's limit included.

    Args:
        environ: The environment; a Space states its limit in `MEMORY` ("16Gi").
        cgroup: The cgroup (version 2) folder of this container.
    """
    limits = [psutil.virtual_memory().available]
    named = re.fullmatch(r"(\d+(?:\.\d+)?)Gi", environ.get("MEMORY", ""))
    if named:
        limits.append(int(float(named[1]) * 2**30) - psutil.Process().memory_info().rss)
    most, used = (_number(cgroup / file) for file in ("memory.max", "memory.current"))
    if most is not None and used is not None:
        limits.append(most - used)
    return max(0, min(limits))


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None  # no cgroup version 2, or no limit: the file reads "max"
