"""What benchmarks ask of the device: time, memory, and the rate of matrix products."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch


def free_memory() -> None:
    """Give unused memory back, and count the peak from here."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_gb() -> float | None:
    """Most memory of the GPU in use since `free_memory`, weights included, in 10⁹ bytes; None without a GPU."""
    return torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else None


def wait() -> None:
    """Wait until the GPU has done all its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_of(run: Callable[[], Any], repeats: int = 1) -> float:
    """Median wall time of some runs."""
    times = []
    for _ in range(repeats):
        wait()
        started = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def matrix_rate(device: torch.device, rows: int) -> float:
    """Multiply-adds per second of a square matrix product of random numbers, in bf16 on a GPU: median of ten."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    left, right = torch.randn(2, rows, rows, device=device, dtype=dtype)
    for _ in range(3):
        left @ right
    return float(rows**3 / seconds_of(lambda: left @ right, 10))
