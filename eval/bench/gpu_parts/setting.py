"""What the parts of the GPU suite share: sizes, the time that is left, and figures that are kept as they come."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from transformers import Qwen2Config

from eval.bench.contenders.shapes import FOURTEEN_B, MIDDLE, TINY
from eval.bench.gpu_parts.device import free_memory


@dataclass(frozen=True)
class Sizes:
    """What is measured: Qwen2.5-14B's shape on a GPU, a tiny one on a CPU, where only that it runs is of interest."""

    checked: Qwen2Config
    """Shape of the network on which the checks are made."""
    config: Qwen2Config
    """Shape of the network that is trained and asked; its weights are random."""
    shared: int
    """Tokens that the people of a cell have in common, in training."""
    own: int
    """Tokens of a persona, give or take a twelfth."""
    step_examples: int
    people: tuple[int, ...]
    """People of a cell, one configuration of the training each."""
    row_examples: int
    """Examples of a step of the padded loop, which is compared per example."""
    row_batch: int
    """Rows of one of its batches."""
    pack_tokens: tuple[int, ...]
    """Tokens of a pack; the first, the recipe's, for all configurations, the others for the first alone."""
    asked: tuple[tuple[int, int], ...]
    """Tokens of the shared prefix and people, one configuration of the answers each."""
    full_rows: int
    """People on whom batched full rows are timed, per answer."""
    repeats: int
    matrix: int
    """Rows and columns of the matrix product by which the device's rate is measured."""


ON_A_GPU: Final = Sizes(
    checked=MIDDLE,
    config=FOURTEEN_B,
    shared=448,
    own=60,
    step_examples=256,
    people=(16, 8),
    row_examples=32,
    row_batch=8,
    pack_tokens=(16384,),
    asked=((512, 128), (1024, 128)),
    full_rows=64,
    repeats=2,
    matrix=8192,
)
ON_A_CPU: Final = Sizes(
    checked=TINY,
    config=TINY,
    shared=48,
    own=12,
    step_examples=8,
    people=(4, 2),
    row_examples=4,
    row_batch=2,
    pack_tokens=(256, 512),
    asked=((32, 4),),
    full_rows=4,
    repeats=1,
    matrix=256,
)


class Figures:
    """The figures of a part; each is printed and kept as it comes, so that a cut loses nothing."""

    def __init__(self, values: dict[str, Any], keep: Callable[[], None], ends: float) -> None:
        """Collect into `values`.

        Args:
            values: Filled by `add`.
            keep: Writes all figures so far.
            ends: When the suite should end, by `time.monotonic`.
        """
        self.values = values
        self._keep, self._ends = keep, ends

    def add(self, name: str, value: Any, words: str) -> None:
        """Keep a figure and print it in words."""
        self.values[name] = value
        print(f"gpu: {words} [{self.left:.0f} s left]", flush=True)
        self._keep()

    @property
    def left(self) -> float:
        """Seconds until the suite should end."""
        return self._ends - time.monotonic()

    def attempt(self, name: str, needs: float, run: Callable[[], None]) -> bool:
        """Run a piece of a part if its time is left; out of memory is a figure too.

        Args:
            name: The piece, for the message.
            needs: Seconds that it takes on an H100, about.
            run: Measures and adds.

        Returns:
            Whether it ran to its end.
        """
        if self.left < needs:
            self.add(name, {"skipped": "no time left"}, f"{name}: skipped, takes about {needs:.0f} s")
            return False
        failed = ""
        try:
            run()
        except torch.OutOfMemoryError as error:
            failed = str(error).splitlines()[0]
        if failed:  # not in the except block, whose traceback holds the tensors
            self.add(name, {"out_of_memory": failed}, f"{name}: does not fit in memory ({failed})")
        free_memory()
        return not failed
