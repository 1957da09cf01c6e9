"""How much of a request fits a device's memory at a time."""

from dataclasses import dataclass
from typing import Any, Final

import psutil
import torch

PASS_TOKENS: Final = {"cpu": 2048, "cuda": 16384}
"""Most tokens of one forward pass: enough to keep a processor busy, few enough for its caches."""

LEAST_TOKENS: Final = 256
"""A pass is planned with no fewer tokens, however little is free; where they do not fit it is halved on the way."""

LOGIT_CELLS: Final = {"cpu": 1 << 21, "cuda": 1 << 27}
"""Most entries of a (rows, V) matrix of logits at a time: what a CPU's caches hold, 512 MiB on a GPU."""

PASS_SHARE: Final = 0.3
"""Of the free memory, for what a pass computes with."""
PATH_SHARE: Final = 0.4
"""Of the free memory, for the keys and values that are kept between passes."""


@dataclass(frozen=True)
class Sizes:
    """Of a network, as far as its memory depends on them."""

    layers: int
    hidden: int
    """Width of the residual stream."""
    inner: int
    """Width within the feed-forward part."""
    heads: int
    kv_heads: int
    head_width: int
    number_bytes: int
    """Of one number in the network's arithmetic."""


@dataclass(frozen=True)
class Room:
    """What fits."""

    pass_tokens: int
    """Of one forward pass, padding included."""
    path_tokens: int
    """Whose keys and values are kept at a time."""


def sizes_of(config: Any, dtype: torch.dtype) -> Sizes:
    """The sizes of a transformers network."""
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


def room_for(free_bytes: int, sizes: Sizes, most_tokens: int) -> Room:
    """Plan a request.

    A token of a pass takes, in the layer that is at work: five vectors of the residual stream (itself, normalised, what
    a sublayer adds, the sum, what an adapter adds), three of the feed-forward part, five of the heads (queries, keys
    and values repeated for every head, both parts of the attention) and three of them in float32 while the parts are
    joined. A kept token takes its keys and values in every layer, twice while a path is extended.

    Args:
        free_bytes: Of the device.
        sizes: Of the network.
        most_tokens: Of a pass, whatever is free.
    """
    heads = sizes.heads * sizes.head_width
    in_pass = sizes.number_bytes * (5 * sizes.hidden + 3 * sizes.inner + 5 * heads) + 4 * 3 * heads
    kept = 2 * 2 * sizes.layers * sizes.kv_heads * sizes.head_width * sizes.number_bytes
    fits = int(free_bytes * PASS_SHARE / in_pass)
    return Room(
        pass_tokens=min(most_tokens, max(LEAST_TOKENS, fits)),
        path_tokens=max(LEAST_TOKENS, int(free_bytes * PATH_SHARE / kept)),
    )


def free_memory(device: torch.device) -> int:
    """Bytes that this process can still take: of the GPU with what PyTorch holds in reserve, or of the machine."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return int(psutil.virtual_memory().available)
