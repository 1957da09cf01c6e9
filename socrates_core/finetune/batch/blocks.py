"""Attention over a pack in chunks of its tokens, each against only those keys that some token of the chunk attends to.

A dense mask over a pack of L tokens costs L² products, most of them masked: a person's tokens attend only to their own
and to the path above. In depth-first order a chunk [a, b) of tokens attends only to keys j < b with last[j] > a, whose
subtree reaches a or beyond: the shared path and the chunk's own neighbourhood. The result equals the dense mask's.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from socrates_core.finetune.batch.packs import Pack
from socrates_core.model.prefix_tree.attention import refuse_other_scores

NAME: Final = "socrates_chunks"
"""The name under which this attention is registered with transformers."""

CHUNK: Final = 64
"""Tokens per chunk, about one persona: larger chunks compute more masked pairs, smaller ones leave the CPU idle."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive tokens of a pack and the keys they attend to."""

    first: int
    stop: int
    """One past the last token."""
    keys: torch.Tensor
    """(P,) indices of the keys."""
    mask: torch.Tensor
    """(1, 1, stop - first, P) zero where a token attends to a key, −∞ elsewhere."""


def chunks_of(pack: Pack, dtype: torch.dtype, device: torch.device) -> tuple[Chunk, ...]:
    """The chunks of a pack, in order."""
    out = []
    for first in range(0, len(pack.tokens), CHUNK):
        stop = min(first + CHUNK, len(pack.tokens))
        keys = np.flatnonzero(pack.last[:stop] > first)
        queries = np.arange(first, stop)[:, None]
        sees = torch.from_numpy((keys <= queries) & (queries < pack.last[keys]))
        mask = torch.zeros(sees.shape, dtype=dtype).masked_fill_(~sees, -torch.inf)[None, None]
        out.append(Chunk(first, stop, torch.from_numpy(keys).to(device), mask.to(device)))
    return tuple(out)


def chunk_keys(pack: Pack) -> int:
    """Number of keys that the chunks of a pack select, added up; counted without building them."""
    starts = range(0, len(pack.tokens), CHUNK)
    return sum(int(np.count_nonzero(pack.last[: first + CHUNK] > first)) for first in starts)


def chunk_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    chunks: tuple[Chunk, ...] = (),
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """A transformers attention function for one pack at a time; without chunks, plain scaled dot-product attention.

    Args:
        module: The attention layer.
        query: (1, H, L, D).
        key: (1, Hkv, L, D).
        value: (1, Hkv, L, D).
        attention_mask: Used only without chunks, which carry masks of their own.
        scaling: Factor on the scores; 1 / sqrt(D) when None.
        chunks: The chunks of the pack; together they cover its L tokens.
        **kwargs: Passed along by transformers.

    Raises:
        ModelError: If the layer's scores are more than scaled products.
    """
    refuse_other_scores(module, kwargs)
    if not chunks:
        plain = ALL_ATTENTION_FUNCTIONS["sdpa"]
        out, _ = plain(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return out, None
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1)
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            query[:, :, chunk.first : chunk.stop],
            key.index_select(2, chunk.keys),
            value.index_select(2, chunk.keys),
            attn_mask=chunk.mask,
            scale=scaling,
        )
        for chunk in chunks
    ]
    return torch.cat(parts, dim=2).transpose(1, 2), None


ALL_ATTENTION_FUNCTIONS.register(NAME, chunk_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
