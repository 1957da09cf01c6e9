"""What a training tells while it runs: JSON lines always, a line of progress, and a tracker when asked."""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import TrainingError
from socrates_core.finetune.validation import ValidationResult
from socrates_core.report.words import duration

FILE: Final = "metrics.jsonl"

PACKAGES: Final = {"trackio": "trackio", "tensorboard": "tensorboard", "wandb": "wandb"}
"""What each reporter needs to be installed."""


class Journal:
    """Writes metrics in one process, and nothing in the others."""

    def __init__(self, out: Path, accelerator: Any, report_to: str | None, length: int) -> None:
        """Open the file and the tracker.

        Args:
            out: Of the training.
            accelerator: Of accelerate; its main process writes.
            report_to: A recipe's reporter.
            length: Bytes of an older file to keep: what was written after the checkpoint is told again.
        """
        self._accelerator = accelerator
        self._path = out / FILE
        self._tracked = report_to is not None
        if accelerator.is_main_process:
            with self._path.open("ab") as file:
                file.truncate(min(length, file.tell()))  # a longer one would be filled up with zero bytes
        if report_to is not None:
            accelerator.init_trackers("socrates")

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._path.stat().st_size if self._path.exists() else 0

    def write(self, event: str, step: int, values: Mapping[str, Any]) -> None:
        """Add one line, on the disk when this returns."""
        if self._accelerator.is_main_process:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, "step": step, **values}) + "\n")
                file.flush()
                os.fsync(file.fileno())
        if self._tracked:
            numbers = {f"{event}/{name}": value for name, value in values.items() if isinstance(value, int | float)}
            self._accelerator.log(numbers, step=step)

    def close(self) -> None:
        """End the tracker."""
        if self._tracked:
            self._accelerator.end_training()


class Progress:
    """A line on stderr for every step, at most one a second, and how long is left."""

    def __init__(self, steps: int, done: int) -> None:
        """Count from the steps already done."""
        self._steps, self._first = steps, done
        self._started = time.monotonic()
        self._told = 0.0

    def tell(self, step: int, values: Mapping[str, float]) -> None:
        """Say how a step went."""
        now = time.monotonic()
        if step < self._steps and now - self._told < 1:
            return
        self._told = now
        left = (now - self._started) / max(1, step - self._first) * (self._steps - step)
        sys.stderr.write(
            f"step {step}/{self._steps}  loss {values['loss']:.4f}  accuracy {values['accuracy']:.1%}  "
            f"gradient {values['gradient_norm']:.3g}  rate {values['learning_rate']:.2e}  "
            f"{values['tokens_per_second']:,.0f} tokens/s  unique {values['unique_share']:.1%}  "
            f"{duration(left)} left\n"
        )
        sys.stderr.flush()

    def validated(self, step: int, result: ValidationResult) -> None:
        """Say how a validation went."""
        sys.stderr.write(
            f"step {step}/{self._steps}  validation: loss {result.loss:.4f}, W {result.wasserstein:.4f} "
            f"[{result.low:.4f}, {result.high:.4f}], floor {result.noise_floor:.4f}, evenly {result.uniform:.4f} "
            f"({result.people} people, {result.cells} cells, {result.studies} studies)\n"
        )
        sys.stderr.flush()


def check_reporter(report_to: str | None) -> None:
    """Raise a TrainingError if a reporter is asked for whose package is not installed."""
    if report_to is not None and importlib.util.find_spec(PACKAGES[report_to]) is None:
        raise TrainingError(
            f"report_to: {report_to} needs the package {PACKAGES[report_to]}, which is not installed; install it with "
            f"pip install {PACKAGES[report_to]}, or leave report_to out ({FILE} is always written)"
        )
