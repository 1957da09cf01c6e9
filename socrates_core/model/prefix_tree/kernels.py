"""Kernels that compute attention together with its log-sum-exps, and the choice of the fastest for a device.

On a CPU PyTorch has one. On a GPU there are several, each with its own restrictions (numeric types, widths, masks,
alignment), and which is fastest depends on the device. They are tried on small inputs when a network is loaded: those
that run and agree with the formula are timed. The formula itself always works; it processes queries in chunks, so that
its matrix of scores stays small.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import torch

Kernel = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None, float], tuple[torch.Tensor, torch.Tensor]
]
"""(queries (S, H, L, D), keys (S, H, P, D), values (S, H, P, D), mask (S, 1, L, P) added to the scores or None, scale)
↦ attention (S, H, L, D) and log-sum-exps of the scores (S, H, L), in float32."""

SCORE_CELLS: Final = 1 << 26
"""Maximum number of entries of the formula's matrix of scores at a time: 256 MiB in float32."""

ALIGNMENT: Final = 16
"""Rows of a mask begin at multiples of this many entries; the memory-efficient kernel requires 16 bytes."""

AGREEMENT: Final = {torch.float32: 1e-4, torch.bfloat16: 3e-2, torch.float16: 5e-3}
"""Largest difference from the formula that rounding explains, by the kernel's numeric type."""

MARGIN: Final = 0.9
"""A kernel is preferred to an earlier one in the list only if it takes less than this share of its time, so that the
choice between two similar kernels, and with it the last digits of results, does not vary between starts."""

REPEATS: Final = 5


@dataclass(frozen=True)
class Kernels:
    """The kernels chosen for a network on its device."""

    path: Kernel
    """Kernel without mask: many queries against the path above them."""
    own: Kernel
    """Kernel with mask: within blocks."""
    names: str
    """The choice as a phrase for the reader."""


def cpu_flash(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """PyTorch's FlashAttention for CPUs."""
    out, log = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, 0.0, False, attn_mask=mask, scale=scale
    )
    return out, log


def cuda_flash(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """FlashAttention: bf16 or fp16, widths that are multiples of 8, no mask."""
    if mask is not None:
        raise ValueError("this kernel takes no mask")
    found = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value, 0.0, False, False, scale=scale)
    return found[0], found[1][..., : query.shape[2]]


def cuda_efficient(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The memory-efficient kernel, which adds a mask to the scores; its log-sum-exps are padded to multiples of 32."""
    bias = None
    if mask is not None:
        bias = aligned(mask).expand(query.shape[0], query.shape[1], query.shape[2], key.shape[2])
    found = torch.ops.aten._scaled_dot_product_efficient_attention(query, key, value, bias, True, scale=scale)
    return found[0], found[1][..., : query.shape[2]]


def cuda_cudnn(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """CuDNN's kernel: bf16 or fp16, no mask."""
    if mask is not None:
        raise ValueError("this kernel takes no mask")
    found = torch.ops.aten._scaled_dot_product_cudnn_attention(query, key, value, None, True, scale=scale)
    log = found[1]
    return found[0], (log[..., 0] if log.dim() == 4 else log)[..., : query.shape[2]]


def formula(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """softmax(q kᵀ · scale + mask) v and the log-sum-exps of the scores, a chunk of queries at a time."""
    blocks, heads, length, _ = query.shape
    step = max(1, SCORE_CELLS // (blocks * heads * key.shape[2]))
    outs, logs = [], []
    for start in range(0, length, step):
        part = slice(start, start + step)
        scores = (query[:, :, part] @ key.transpose(-1, -2)).float() * scale
        if mask is not None:
            scores += mask[:, :, part]
        log = torch.logsumexp(scores, dim=-1)
        outs.append(scores.sub_(log[..., None]).exp_().to(value.dtype) @ value)
        logs.append(log)
    return torch.cat(outs, dim=2), torch.cat(logs, dim=2)


def aligned(mask: torch.Tensor) -> torch.Tensor:
    """A mask (S, 1, L, P) whose rows begin at multiples of `ALIGNMENT` entries: itself, or a copy."""
    if mask.stride(-1) == 1 and all(stride % ALIGNMENT == 0 for stride in mask.stride()[:-1]):
        return mask
    return torch.nn.functional.pad(mask, (0, -mask.shape[-1] % ALIGNMENT))[..., : mask.shape[-1]]


ON_CUDA: Final[Mapping[str, Kernel]] = {
    "flash": cuda_flash,
    "efficient": cuda_efficient,
    "cudnn": cuda_cudnn,
    "formula": formula,
}
"""Name → kernel, in order of preference among equally fast ones."""

CPU: Final = Kernels(cpu_flash, cpu_flash, "flash")


@cache
def kernels_for(device: torch.device, dtype: torch.dtype, heads: int, kv_heads: int, width: int) -> Kernels:
    """The kernels for a network on a device; on a GPU by trial and timing, which takes some milliseconds once.

    Args:
        device: The network's device.
        dtype: Numeric type of its computation.
        heads: Number of query heads.
        kv_heads: Number of key and value heads.
        width: Width of a head.
    """
    if device.type == "cpu":
        return CPU
    path = fastest(ON_CUDA, lambda: path_example(device, dtype, heads, kv_heads, width))
    own = fastest(ON_CUDA, lambda: own_example(device, dtype, heads, width))
    return Kernels(ON_CUDA[path], ON_CUDA[own], f"{path} along paths, {own} within blocks")


Example = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None, float]


def path_example(device: torch.device, dtype: torch.dtype, heads: int, kv_heads: int, width: int) -> Example:
    """A typical input along a path: blocks of 2,048 tokens against a path of 515, an odd length as in practice."""
    made = torch.Generator(device).manual_seed(0)
    rows = 2048 * heads // kv_heads
    query = torch.randn(1, kv_heads, rows, width, device=device, dtype=dtype, generator=made)
    key, value = torch.randn(2, 1, kv_heads, 515, width, device=device, dtype=dtype, generator=made)
    return query, key, value, None, width**-0.5


def own_example(device: torch.device, dtype: torch.dtype, heads: int, width: int) -> Example:
    """A typical input within blocks: sixteen causal blocks of 123 tokens."""
    made = torch.Generator(device).manual_seed(0)
    length = 123
    query, key, value = torch.randn(3, 16, heads, length, width, device=device, dtype=dtype, generator=made)
    sees = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    mask = torch.zeros(16, 1, length, length, dtype=dtype, device=device).masked_fill_(~sees, -torch.inf)
    return query, key, value, mask, width**-0.5


@torch.inference_mode()
def fastest(candidates: Mapping[str, Kernel], make: Callable[[], Example]) -> str:
    """The name of the fastest kernel that runs on an example and agrees with the formula on it.

    Args:
        candidates: Name → kernel, in order of preference; `formula` among them.
        make: Creates the example.
    """
    example = make()
    out, log = formula(*example)
    tolerance = AGREEMENT.get(example[0].dtype, AGREEMENT[torch.bfloat16])
    best, best_time = "formula", float("inf")
    for name, kernel in candidates.items():
        try:
            found, found_log = kernel(*example)
        except (RuntimeError, ValueError, IndexError):
            continue  # the kernel does not support these shapes, this numeric type or this device
        close = found.shape == out.shape and found_log.shape == log.shape
        if not close or not (_gap(found, out) <= tolerance and _gap(found_log, log) <= tolerance):
            continue
        took = _seconds(kernel, example)
        if took < MARGIN * best_time:
            best, best_time = name, took
    return best


def _gap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.float() - b.float()).abs().max())


def _seconds(kernel: Kernel, example: Example) -> float:
    """Time of the fastest of several runs."""
    times = []
    for _ in range(REPEATS):
        _wait(example[0].device)
        start = time.perf_counter()
        kernel(*example)
        _wait(example[0].device)
        times.append(time.perf_counter() - start)
    return min(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
