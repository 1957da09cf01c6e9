"""The GPU suite: what only a GPU can show, in under four minutes.

    python -m eval.bench --suite gpu --out gpu.json

In this order: whether the device computes what it should; training at Qwen2.5-14B's shape with random weights, in NF4
with recomputed activations; answers at the same shape in NF4 and bf16; the demo model. Every figure is printed and
written as it comes, so that a cut loses nothing; what does not fit in memory or in the time says so. On a CPU the same
runs in a tiny shape, whose figures say only that it runs.
"""

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
import transformers

from eval.bench.gpu_parts.demo import OnTheCpu, demo_folder, measure_demo
from eval.bench.gpu_parts.device import free_memory, matrix_rate
from eval.bench.gpu_parts.large import measure_answers, measure_training
from eval.bench.gpu_parts.right import measure_right
from eval.bench.gpu_parts.setting import ON_A_CPU, ON_A_GPU, Figures

SECONDS: Final = 205.0
"""When the suite should end; pieces that would take longer are skipped and say so."""

STUDIES_ON_A_CPU: Final = ("classic-allow-forbid",)
"""Where there is no GPU, the demo model is evaluated on this study alone."""


def run_gpu_suite(seed: int, keep: Callable[[dict[str, Any]], None], seconds: float = SECONDS) -> dict[str, Any]:
    """Run all parts.

    Args:
        seed: Of all generated data.
        keep: Writes the figures so far.
        seconds: Limit of time.
    """
    transformers.logging.set_verbosity_error()
    on_gpu = torch.cuda.is_available()
    device, sizes = torch.device("cuda" if on_gpu else "cpu"), ON_A_GPU if on_gpu else ON_A_CPU
    ends = time.monotonic() + seconds
    results: dict[str, Any] = {"device": _described(device)}

    def part(name: str) -> Figures:
        return Figures(results.setdefault(name, {}), lambda: keep(results), ends)

    studies = () if on_gpu else STUDIES_ON_A_CPU
    with demo_folder() as folder:
        on_the_cpu = OnTheCpu(Path(folder), studies)
        try:
            rate = matrix_rate(device, sizes.matrix)
            part("matrix").add("multiply_adds_per_second", rate, f"matrix products: {2 * rate / 1e12:.1f} TFLOP/s")
            measure_right(part("right"), sizes.checked, device)
            network = measure_training(part("training"), sizes, device, rate, seed)
            measure_answers(part("answers"), network, sizes, device, rate, seed)
            del network
            free_memory()
            measure_demo(part("demo"), on_the_cpu, Path(folder), studies, 120.0 if on_gpu else 20.0)
        finally:
            on_the_cpu.stop()
    return results


def _described(device: torch.device) -> dict[str, Any]:
    versions = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
    }
    if device.type == "cpu":
        return {"name": f"CPU, {torch.get_num_threads()} threads", **versions}
    free, total = torch.cuda.mem_get_info()
    return {"name": torch.cuda.get_device_name(), "memory_gb": total / 1e9, "free_gb": free / 1e9, **versions}
