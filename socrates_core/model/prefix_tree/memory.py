"""How much of a request fits in a device's memory at a time."""

from dataclasses import dataclass
from typing import Any, Final

import psutil
import torch

PASS_TOKENS: Final = {"cpu": 2048, "cuda": 16384}
"""Maximum tokens of one forward pass: enough to keep a processor busy, few enough for its caches."""

MIN_TOKENS: Final = 256
"""The smallest pass that is planned, however little memory is free; if even that does not fit, it is halved later."""

LOGIT_CELLS: Final = {"cpu": 1 << 21, "cuda": 1 << 27}
"""Maximum entries of a (rows, V) matrix of logits at a time: what fits in a CPU's caches, 512 MiB on a GPU."""

PASS_SHARE: Final = 0.3
"""Share of the free memory for the activations of a pass."""
PATH_SHARE: Final = 0.4
"""Share of the free memory for the keys and values cached between passes."""


@dataclass(frozen=True)
class Sizes:
    """The dimensions of a network that determine its memory use."""

    layers: int
    hidden: int
    """Width of the residual stream."""
    inner: int
    """Width inside the feed-forward part."""
    heads: int
    kv_heads: int
    head_width: int
    number_bytes: int
    """Bytes per number in the network's arithmetic."""


@dataclass(frozen=True)
class MemoryBudget:
    """How many tokens fit."""

    pass_tokens: int
    """Tokens of one forward pass, padding included."""
    path_tokens: int
    """Tokens whose keys and values are cached at a time."""


def sizes_of(config: Any, dtype: torch.dtype) -> Sizes:
    """The sizes of a transformers network, from its configuration."""
    text = config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return Sizes(
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        inner=text.intermediate_size,
        heads=text.num_attention_heads,
        kv_heads=getattr(text, "num_key_value_heads", None) or text.num_attention_heads,
        head_width=width,
        number_bytes=dtype.itemsize,
    )


def memory_budget(free_bytes: int, sizes: Sizes, max_tokens: int) -> MemoryBudget:
    """Plan the token budget of a request.

    A token of a pass takes, in the layer being computed: five vectors of the residual stream (itself, normalised, what
    a sublayer adds, the sum, what an adapter adds), three of the feed-forward part, five of the heads (queries, keys
    and values repeated for every head, both parts of the attention) and three of them in float32 while the parts are
    joined. In bf16 an adapter, whose weights are float32, adds two vectors of the feed-forward part in float32. A
    cached token takes its keys and values in every layer, twice while a path is extended.

    Args:
        free_bytes: Free memory of the device.
        sizes: Dimensions of the network.
        max_tokens: Upper limit on the tokens of a pass, however much is free.
    """
    heads = sizes.heads * sizes.head_width
    in_pass = sizes.number_bytes * (5 * sizes.hidden + 3 * sizes.inner + 5 * heads) + 4 * 3 * heads
    in_pass += 4 * 2 * sizes.inner if sizes.number_bytes < 4 else 0
    cached = 2 * 2 * sizes.layers * sizes.kv_heads * sizes.head_width * sizes.number_bytes
    fits = int(free_bytes * PASS_SHARE / in_pass)
    return MemoryBudget(
        pass_tokens=min(max_tokens, max(MIN_TOKENS, fits)),
        path_tokens=max(MIN_TOKENS, int(free_bytes * PATH_SHARE / cached)),
    )


def free_memory(device: torch.device) -> int:
    """Bytes that this process can still allocate: on the GPU, PyTorch's reserved memory included, or on the machine."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return int(psutil.virtual_memory().available)


def is_oom(error: Exception) -> bool:
    """Whether an error means that the GPU or this machine is out of memory.

    CUDA and Python have specific exceptions for it; PyTorch's CPU allocator raises a plain RuntimeError.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
