"""The demo model on the device: an evaluation whose figures must be the CPU's, and steps of its recipe."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from eval.bench.gpu_parts.setting import Figures
from socrates_core.errors import SourceError
from socrates_core.finetune.recipe import load_recipe, recipe_file, recipe_text
from socrates_core.finetune.training_log import FILE as TRAINING_LOG

PER_CELL: Final = "20"
SAVING: Final = 8.0
"""Seconds that a training takes to stop."""

SMALLER: Final[dict[str, Any]] = {"fraction": 0.05, "validation_cells": 1}
"""What differs from the recipe: counting the tokens of all answers, and validating in full before the first step, would
take the time that there is."""

PATIENCE: Final = 120.0
"""Seconds after which a command is given up."""


class OnTheCpu:
    """What takes long and needs no GPU: the evaluation on this machine's processors, and the studies to train on."""

    def __init__(self, folder: Path, studies: tuple[str, ...]) -> None:
        """Start both beside the rest of the suite.

        Args:
            folder: For the run and the studies.
            studies: The bundled test studies to evaluate; all if empty.
        """
        self.out, self.studies = folder / "cpu", folder / "studies"
        self._evaluation = _start(_evaluation(self.out, studies), {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "4"})
        self._preparation = _start(["-m", "train.prepare", "--source", "bundled", "--out", str(self.studies)])

    def figures(self) -> dict[str, Any]:
        """The evaluation's metrics, when it has ended."""
        return _metrics(self._evaluation, self.out)

    def prepared(self) -> Path:
        """The study folder, when it is there."""
        _finish(self._preparation)
        return self.studies

    def stop(self) -> None:
        """End what still runs."""
        self._evaluation.kill()
        self._preparation.kill()


def measure_demo(
    figures: Figures, on_the_cpu: OnTheCpu, folder: Path, studies: tuple[str, ...], seconds: float
) -> None:
    """Train for a while on a part of the answers, and meanwhile compare the evaluations.

    Args:
        figures: Filled.
        on_the_cpu: The same evaluation, started before.
        folder: For a run and a training.
        studies: As for `OnTheCpu`.
        seconds: How long to train, at most; less if the suite's time ends.
    """

    def evaluate() -> None:
        out = folder / "device"
        started = time.perf_counter()
        here = _metrics(_start(_evaluation(out, studies)), out)
        took = time.perf_counter() - started
        pairs = [(abs(one - other), name) for name, one, other in _numbers(here, on_the_cpu.figures())]
        distances = [pair for pair in pairs if ".model" in pair[1]]
        (any_gap, name), (gap, cell) = max(pairs), max(distances)
        figures.add(
            "evaluation",
            {"distances": len(distances), "largest_difference_of_W": gap, "in": cell, "figures": len(pairs)}
            | {"largest_difference": any_gap, "of": name, "seconds": took},
            f"demo: {len(distances)} distances W of studies at most {gap:.2g} from the CPU's, all {len(pairs)} figures "
            f"at most {any_gap:.2g} ({name}), in {took:.0f} s",
        )

    def train() -> None:
        ends = time.monotonic() + min(seconds, figures.left - SAVING)
        out = folder / "adapter"
        recipe = folder / "recipe.yaml"
        recipe.write_text(recipe_text(replace(load_recipe(recipe_file(Path("demo"))), **SMALLER)), "utf-8")
        command = ["-m", "train.qlora", "--config", str(recipe), "--out", str(out)]
        process = _start([*command, "--studies", str(on_the_cpu.prepared())])
        figures.attempt("evaluation", 20, evaluate)
        try:
            process.wait(max(1.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # it saves a checkpoint and ends
        output = process.communicate(timeout=PATIENCE)[0]
        log = out / TRAINING_LOG
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        steps = [line for line in lines if "tokens_per_second" in line]
        if not steps:
            figures.add("recipe", {"steps": 0}, f"demo: its recipe took no step in the time left: {output[-500:]}")
            return
        last, times = steps[-1], sorted(line["seconds"] for line in steps)
        figures.add(
            "recipe",
            {"steps": last["step"], "first_loss": steps[0]["loss"], "last_loss": last["loss"]}
            | {"step_seconds": times[len(times) // 2], "tokens_per_second": last["tokens_per_second"]},
            f"demo: {last['step']} steps of its recipe, loss {steps[0]['loss']:.3f} → {last['loss']:.3f}, a step in "
            f"{times[len(times) // 2]:.2f} s",
        )

    figures.attempt("recipe", 25, train)


def demo_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed afterwards."""
    return tempfile.TemporaryDirectory(prefix="socrates-gpu-", ignore_cleanup_errors=True)


def _evaluation(out: Path, studies: tuple[str, ...]) -> list[str]:
    chosen = [part for study in studies for part in ("--study", study)]
    model = ["--model", "demo", "--adapter", "demo", "--per-cell", PER_CELL]
    return ["-m", "eval.run", "--studies", "bundled", "--split", "test", *model, "--out", str(out), *chosen]


def _start(arguments: list[str], more: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **(more or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> None:
    """Wait for a command.

    Raises:
        SourceError: If it fails; holds the end of its output.
    """
    output = process.communicate(timeout=PATIENCE)[0]
    if process.returncode:
        raise SourceError(f"{' '.join(map(str, process.args))} ended with {process.returncode}: {output[-2000:]}")  # type: ignore[arg-type]


def _metrics(process: subprocess.Popen[str], out: Path) -> dict[str, Any]:
    _finish(process)
    found: dict[str, Any] = json.loads((out / "metrics.json").read_text("utf-8"))
    return {name: value for name, value in found.items() if name != "provenance"}


def _numbers(one: Any, other: Any, name: str = "") -> Any:
    """All pairs of numbers at the same place of two documents, with its name."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() & other.keys():
            yield from _numbers(one[key], other[key], f"{name}.{key}" if name else key)
    elif isinstance(one, list) and isinstance(other, list):
        for at, pair in enumerate(zip(one, other, strict=False)):
            yield from _numbers(*pair, f"{name}[{at}]")
    elif isinstance(one, float) and isinstance(other, float):
        yield name, one, other
