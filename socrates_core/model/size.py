"""Whether a model fits on this machine, checked before its weights are fetched."""

import gc
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from socrates_core.errors import ModelError
from socrates_core.model.loading import plan_network
from socrates_core.model.precision import Precision, automatic_precision_on_cpu, bf16_speed_up
from socrates_core.study.files import data_size

BYTES: Final[Mapping[str, float]] = {"nf4": 0.6, "nf4-dequantised": 2.0, "bf16": 2.0, "float32": 4.0}
"""Bytes per parameter; in 4 bits including its share of the quantisation scales and of the 16-bit layers."""

CGROUP: Final = Path("/sys/fs/cgroup")
"""Contains a container's own memory limit; other interfaces report the whole machine's memory."""


@dataclass(frozen=True)
class MemoryNeed:
    """The memory that the weights of a model take, and what there is."""

    parameters: int
    needed: float
    """Bytes."""
    free: int
    """Bytes."""
    where: str
    """Of what kind, as in "of GPU memory"."""

    @property
    def fits(self) -> bool:
        """Whether there is enough."""
        return self.needed <= self.free

    @property
    def size(self) -> str:
        """In words, like "14.8 billion parameters"."""
        large = self.parameters >= 5e7
        many = f"{self.parameters / 1e9:,.1f} billion" if large else f"{self.parameters / 1e6:,.1f} million"
        return f"{many} parameters"

    @property
    def memory(self) -> str:
        """In words, like "about 2.0 GB of memory without a GPU in float32; 7.1 GB are free here"."""
        return f"about {data_size(self.needed)} {self.where}; {data_size(self.free)} are free here"


def memory_need(name: str, precision: Precision = "auto") -> MemoryNeed:
    """What the weights of a model take of the memory they would be loaded into; only its configuration is fetched.

    With `auto` they need at least 4 bits each on a GPU; on a CPU they are bf16 or float32, as their configuration says
    that they are stored.

    Args:
        name: A folder or a Hub id (with `@revision`).
        precision: As requested.

    Raises:
        ModelError: If there is no such model.
    """
    import torch
    from transformers import AutoModelForCausalLM

    from socrates_core.model.prefix_tree.memory import free_memory

    config = plan_network(name).config
    try:
        with torch.device("meta"):
            parameters = sum(weight.numel() for weight in AutoModelForCausalLM.from_config(config).parameters())
    except (ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"{name} is not a causal language model that can be loaded here: {error}") from error
    held: str = precision
    if torch.cuda.is_available():
        free = free_memory(torch.device("cuda", torch.cuda.current_device()))
        held, where = "nf4" if held == "auto" else held, "of GPU memory"
    else:
        free, where = available_memory(), "of memory without a GPU"
        if held == "auto":
            in_bf16 = getattr(config, "dtype", None) == torch.bfloat16
            held = automatic_precision_on_cpu("BF16", None, bf16_speed_up()) if in_bf16 else "float32"
    where += " even in 4 bits" if held == "nf4" else f" in {held}"
    return MemoryNeed(parameters, parameters * BYTES[held], free, where)


def check_size(name: str, precision: Precision = "auto") -> None:
    """Raise a ModelError unless the weights of a model fit in the memory they would be loaded into.

    Args:
        name: A folder or a Hub id (with `@revision`).
        precision: As requested.
    """
    need = memory_need(name, precision)
    if not need.fits:
        raise ModelError(
            f"{name} has {need.size} and needs {need.memory}. Choose larger hardware (one A100 holds a model of 14 "
            "billion), or a smaller model"
        )


def give_back_memory() -> None:
    """Return what dropped models held to the machine, so that the next look at free memory counts it."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


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
