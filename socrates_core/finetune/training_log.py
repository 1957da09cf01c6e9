"""Metrics of a running training: JSON lines (always), progress lines on stderr, and an optional experiment tracker."""

import importlib.util
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import TrainingError
from socrates_core.finetune.validation import ValidationResult
from socrates_core.report.words import duration
from socrates_core.study.files import append

FILE: Final = "metrics.jsonl"

PACKAGES: Final = {"trackio": "trackio", "tensorboard": "tensorboard", "wandb": "wandb"}
"""The package that each reporter requires."""


class TrainingLog:
    """Writes metrics in the main process, and nothing in the others."""

    def __init__(self, out: Path, accelerator: Any, report_to: str | None, length: int) -> None:
        """Open the file and the tracker.

        Args:
            out: The folder of the training.
            accelerator: accelerate's `Accelerator`; its main process writes.
            report_to: The recipe's reporter.
            length: Bytes of an existing file to keep: steps after the checkpoint are taken and logged again.
        """
        self._accelerator = accelerator
        self._path = out / FILE
        self._tracked = report_to is not None
        if accelerator.is_main_process:
            with self._path.open("ab") as file:
                file.truncate(min(length, file.tell()))  # a larger size would pad the file with zero bytes
        if report_to is not None:
            accelerator.init_trackers("socrates")

    @property
    def length(self) -> int:
        """Bytes in the file."""
        return self._path.stat().st_size if self._path.exists() else 0

    def write(self, event: str, step: int, values: Mapping[str, Any]) -> None:
        """Append one line; it is on disk when this returns."""
        if self._accelerator.is_main_process:
            append(self._path, json.dumps({"event": event, "step": step, **values}) + "\n")
        if self._tracked:
            numbers = {f"{event}/{name}": value for name, value in values.items() if isinstance(value, int | float)}
            self._accelerator.log(numbers, step=step)

    def close(self) -> None:
        """Close the tracker."""
        if self._tracked:
            self._accelerator.end_training()


class Progress:
    """Progress lines on stderr: one for each step, at most one a second, with the time left."""

    def __init__(self, steps: int, done: int) -> None:
        """Start from the number of steps already done."""
        self._steps, self._first = steps, done
        self._started = time.monotonic()
        self._printed = 0.0

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Print a step's metrics."""
        now = time.monotonic()
        if step < self._steps and now - self._printed < 1:
            return
        self._printed = now
        left = (now - self._started) / max(1, step - self._first) * (self._steps - step)
        sys.stderr.write(
            f"step {step}/{self._steps}  loss {values['loss']:.4f}  accuracy {values['accuracy']:.1%}  "
            f"gradient {values['gradient_norm']:.3g}  learning rate {values['learning_rate']:.2e}  "
            f"{values['tokens_per_second']:,.0f} tokens a second  unique {values['unique_share']:.1%}  "
            f"{duration(left)} left\n"
        )
        sys.stderr.flush()

    def note(self, text: str) -> None:
        """Print a note before the first step; nothing without text."""
        if text:
            sys.stderr.write(f"note: {text}\n")
            sys.stderr.flush()

    def validation(self, step: int, result: ValidationResult) -> None:
        """Print a validation's metrics."""
        sys.stderr.write(
            f"step {step}/{self._steps}  validation: loss {result.loss:.4f}, W {result.wasserstein:.4f} "
            f"[{result.low:.4f}, {result.high:.4f}], noise floor {result.noise_floor:.4f}, "
            f"uniform baseline {result.uniform:.4f}, {result.mass_on_scale} "
            f"({result.people} people, {result.cells} cells, {result.studies} studies)\n"
        )
        sys.stderr.flush()


def check_reporter(report_to: str | None) -> None:
    """Raise a TrainingError if the package of the recipe's reporter is not installed."""
    if report_to is not None and importlib.util.find_spec(PACKAGES[report_to]) is None:
        raise TrainingError(
            f"report_to: {report_to} needs the package {PACKAGES[report_to]}, which is not installed; install it with "
            f"pip install {PACKAGES[report_to]}, or leave report_to out ({FILE} is always written)"
        )
