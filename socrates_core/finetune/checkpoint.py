"""Checkpoints: all that a training needs to go on as if it had never stopped.

A checkpoint is a folder `step-000040` with `state.safetensors` (adapter, AdamW's moments, random states of every
process) and `state.json` (the step, which places the sampler and the learning rate, and what else is not a tensor). It
is written beside its place, made durable and renamed, so that a folder of that name is whole.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from socrates_core.errors import TrainingError
from socrates_core.finetune.network import Learner
from socrates_core.study.files import partial_of, put_in_place

TENSORS: Final = "state.safetensors"
STATE: Final = "state.json"


def save_checkpoint(
    folder: Path,
    step: int,
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    random_states: Mapping[str, torch.Tensor],
    state: Mapping[str, Any],
) -> None:
    """Write the checkpoint of a step; only when it stands do older ones go.

    Args:
        folder: Of all checkpoints.
        step: Optimiser steps done.
        learner: Whose adapter is kept.
        optimiser: An AdamW over `learner.weights`.
        random_states: Of all processes, by name.
        state: What else to keep, as JSON.

    Raises:
        OSError: If it cannot be written; older checkpoints stay.
    """
    tensors = {f"random/{name}": value for name, value in random_states.items()}
    for name, weight in zip(learner.names, learner.weights, strict=True):
        tensors[f"weight/{name}"] = weight.detach().cpu().contiguous()
        for kind, value in optimiser.state.get(weight, {}).items():
            tensors[f"{kind}/{name}"] = value.detach().cpu().contiguous()
    place = folder / step_name(step)
    partial = partial_of(place)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        save_file(tensors, partial / TENSORS)
        (partial / STATE).write_text(json.dumps({**state, "step": step}, indent=1) + "\n", "utf-8")
        put_in_place(partial, place)
    except SafetensorError as error:  # its writer wraps the operating system's errors
        raise OSError(str(error)) from error
    for other in checkpoints(folder):
        if other != place:
            shutil.rmtree(other)


def step_name(step: int) -> str:
    """The folder's name of what was kept after so many steps; in the order of the steps."""
    return f"step-{step:06d}"


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that stand, oldest first."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def read_state(place: Path) -> dict[str, Any]:
    """What a checkpoint holds beside tensors.

    Raises:
        TrainingError: If it cannot be read.
    """
    try:
        state = json.loads((place / STATE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{place} cannot be read ({error}); delete it to go on from an older one") from error
    if not isinstance(state, dict) or not isinstance(state.get("step"), int):
        raise TrainingError(f"{place / STATE} is no checkpoint's state; delete {place} to go on from an older one")
    return state


def restore(place: Path, learner: Learner, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Put a checkpoint's adapter and moments back; returns the random states by name.

    Raises:
        TrainingError: If it cannot be read or holds another adapter.
    """
    try:
        tensors = load_file(place / TENSORS)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{place} cannot be read ({error}); delete it to go on from an older one") from error
    for name, weight in zip(learner.names, learner.weights, strict=True):
        kept = tensors.get(f"weight/{name}")
        if kept is None or kept.shape != weight.shape:
            raise TrainingError(f"{place} holds an adapter of another shape; resume with the recipe that made it")
        weight.data.copy_(kept)
        moments = {kind: tensors[f"{kind}/{name}"] for kind in ("step", "exp_avg", "exp_avg_sq")}
        optimiser.state[weight] = {
            "step": moments["step"],
            "exp_avg": moments["exp_avg"].to(weight.device),
            "exp_avg_sq": moments["exp_avg_sq"].to(weight.device),
        }
    return {name.removeprefix("random/"): value for name, value in tensors.items() if name.startswith("random/")}
