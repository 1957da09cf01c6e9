"""Attention along a prefix tree: a token attends to the whole path above its block and to its ancestors in the block.

The two parts are computed separately and merged by their log-sum-exps, so no key of a path is ever copied per block or
masked: softmax over [path | own] = (e^{a} · out_path + e^{b} · out_own) / (e^{a} + e^{b}), with a, b the two
log-sum-exps (as FlashAttention splits along keys; Dao et al. 2022, section 3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from socrates_core.errors import ModelError
from socrates_core.model.prefix_tree.kernels import CPU, Kernel, Kernels

NAME = "socrates_tree"
"""The name under which this attention is registered with transformers."""


@dataclass(frozen=True, eq=False)
class Path:
    """Keys and values of P computed tokens, layer by layer."""

    keys: tuple[torch.Tensor, ...]
    """Each (1, Hkv, P, D)."""
    values: tuple[torch.Tensor, ...]

    def extended(self, keys: list[torch.Tensor], values: list[torch.Tensor]) -> "Path":
        """The path, extended by the tokens that follow it."""
        return Path(_joined(self.keys, keys), _joined(self.values, values))


EMPTY = Path((), ())


@dataclass(eq=False)
class TreePass:
    """Everything besides tokens that a forward pass over S blocks of L tokens needs."""

    groups: list[tuple[Path, int, int]]
    """A path and the blocks [first, last) below it; together the groups cover all S blocks."""
    keep: bool
    """Whether to return the keys and values of these tokens; true for trunks."""
    kernels: Kernels = CPU
    keys: list[torch.Tensor] = field(default_factory=list)
    """Per layer (S, Hkv, L, D), filled during the pass if `keep`."""
    values: list[torch.Tensor] = field(default_factory=list)


def tree_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    tree: TreePass | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """A transformers attention function; without `tree`, plain scaled dot-product attention.

    Args:
        module: The attention layer; its index is `module.layer_idx`.
        query: (S, H, L, D).
        key: (S, Hkv, L, D).
        value: (S, Hkv, L, D).
        attention_mask: (S, 1, L, L), added to the scores within each block.
        scaling: Factor on the scores; 1 / sqrt(D) when None.
        tree: The current pass.
        **kwargs: Passed along by transformers.

    Raises:
        ModelError: If the layer's scores are more than scaled products.
    """
    refuse_other_scores(module, kwargs)
    if tree is None:
        plain = ALL_ATTENTION_FUNCTIONS["sdpa"]
        out, _ = plain(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return out, None
    if tree.keep:
        tree.keys.append(key)
        tree.values.append(value)
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    repeats = query.shape[1] // key.shape[1]
    own, own_log = tree.kernels.own(
        query, key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1), attention_mask, scale
    )
    joined = []
    for path, first, last in tree.groups:
        part, part_log = own[first:last], own_log[first:last]
        if path.keys:
            above, above_log = _attend_path(query[first:last], path, module.layer_idx, scale, tree.kernels.path)
            part = _join(part, part_log, above, above_log)
        joined.append(part)
    out = joined[0] if len(joined) == 1 else torch.cat(joined)
    return out.to(query.dtype).transpose(1, 2), None


CHANGES_OF_SCORES = {
    "softcap": "caps its scores",
    "s_aux": "has sinks beside its scores",
    "position_bias": "adds to its scores by position",
}
"""Arguments by which transformers' layers ask for more than scaled products → what such an attention does."""


def refuse_other_scores(module: Any, asked: Mapping[str, Any]) -> None:
    """Raise a ModelError for an attention layer that does more than our kernels compute, rather than leave it out.

    Args:
        module: The attention layer.
        asked: The further arguments that it passes to its attention function.
    """
    for name, does in CHANGES_OF_SCORES.items():
        if asked.get(name) is not None:
            raise ModelError(
                f"the attention of {type(module).__name__} {does} ({name}), which prefix trees and packs do not "
                "compute: its answers would be wrong. Choose a model of another family, such as Qwen2.5 or Llama 3"
            )


def longest_row(config: Any) -> int | None:
    """Most tokens of a prompt and its answer: the context, or the window of layers that see only the nearest tokens.

    Args:
        config: A transformers configuration.

    Returns:
        None if the configuration states neither.
    """
    text = config.get_text_config()
    limits = [getattr(text, "max_position_embeddings", None)]
    kinds = getattr(text, "layer_types", None)
    if kinds is None or "sliding_attention" in kinds:
        limits.append(getattr(text, "sliding_window", None))
    return min((limit for limit in limits if limit is not None), default=None)


def _attend_path(
    query: torch.Tensor, path: Path, layer: int, scale: float, kernel: Kernel
) -> tuple[torch.Tensor, torch.Tensor]:
    """All queries of some blocks against the path they share, with blocks and query heads folded into rows."""
    blocks, heads, length, width = query.shape
    kv_heads = path.keys[layer].shape[1]
    folded = query.reshape(blocks, kv_heads, heads // kv_heads, length, width).permute(1, 2, 0, 3, 4)
    out, log = kernel(
        folded.reshape(1, kv_heads, -1, width).contiguous(), path.keys[layer], path.values[layer], None, scale
    )
    out = out.reshape(kv_heads, heads // kv_heads, blocks, length, width).permute(2, 0, 1, 3, 4)
    log = log.reshape(kv_heads, heads // kv_heads, blocks, length).permute(2, 0, 1, 3)
    return out.reshape(blocks, heads, length, width), log.reshape(blocks, heads, length)


def _join(a: torch.Tensor, a_log: torch.Tensor, b: torch.Tensor, b_log: torch.Tensor) -> torch.Tensor:
    share = torch.sigmoid((a_log - b_log).float())[..., None]
    return a.float() * share + b.float() * (1 - share)


def _joined(above: tuple[torch.Tensor, ...], below: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    if not above:
        return tuple(below)
    return tuple(torch.cat(pair, dim=2) for pair in zip(above, below, strict=True))


ALL_ATTENTION_FUNCTIONS.register(NAME, tree_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
