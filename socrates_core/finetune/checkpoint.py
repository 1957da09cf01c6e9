"""Checkpoints: everything a training needs to resume as if it had never stopped.

A checkpoint is a folder `step-000040` with `state.safetensors` (adapter, AdamW's moments, random states of every
process) and `state.json` (the step, which determines the sampler's position and the learning rate, and everything else
that is not a tensor). It is written to a temporary folder, flushed to disk and renamed, so a folder of that name is
always complete.
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
from socrates_core.finetune.network import LoraNetwork
from socrates_core.study.files import partial_of, put_in_place, read_json

TENSORS: Final = "state.safetensors"
STATE: Final = "state.json"


def save_checkpoint(
    folder: Path,
    step: int,
    lora: LoraNetwork,
    optimiser: torch.optim.Optimizer,
    random_states: Mapping[str, torch.Tensor],
    state: Mapping[str, Any],
) -> None:
    """Write the checkpoint of a step; older ones are removed only once it is complete.

    Args:
        folder: The folder of all checkpoints.
        step: Optimiser steps done.
        lora: The network whose adapter is saved.
        optimiser: An AdamW over `lora.weights`.
        random_states: Generator states of all processes, by name.
        state: Everything else to save, as JSON.

    Raises:
        OSError: If it cannot be written; older checkpoints are left in place.
    """
    tensors = {f"random/{name}": value for name, value in random_states.items()}
    for name, weight in zip(lora.names, lora.weights, strict=True):
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
    except SafetensorError as error:  # safetensors wraps the operating system's errors
        raise OSError(str(error)) from error
    finally:  # half of one would hold the space that is missing
        shutil.rmtree(partial, ignore_errors=True)
    for other in checkpoints(folder):
        if other != place:
            shutil.rmtree(other)


def step_name(step: int) -> str:
    """The folder name for what was saved after `step` steps; names sort in the order of the steps."""
    return f"step-{step:06d}"


def checkpoints(folder: Path) -> list[Path]:
    """The existing checkpoints, oldest first."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def read_state(place: Path) -> dict[str, Any]:
    """The part of a checkpoint that is not tensors.

    Raises:
        TrainingError: If it cannot be read.
    """
    try:
        state = read_json(place / STATE)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{place} cannot be read ({error}); delete it to resume from an older one") from error
    if not isinstance(state, dict) or not isinstance(state.get("step"), int):
        raise TrainingError(f"{place / STATE} is not a checkpoint's state; delete {place} to resume from an older one")
    return state


def restore(place: Path, lora: LoraNetwork, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Load a checkpoint's adapter and moments in place; returns the random states by name.

    Raises:
        TrainingError: If it cannot be read or contains an adapter of another shape.
    """
    try:
        tensors = load_file(place / TENSORS)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{place} cannot be read ({error}); delete it to resume from an older one") from error
    for name, weight in zip(lora.names, lora.weights, strict=True):
        saved = tensors.get(f"weight/{name}")
        if saved is None or saved.shape != weight.shape:
            raise TrainingError(f"{place} contains an adapter of another shape; resume with the recipe that made it")
        weight.data.copy_(saved)
        moments = {kind: tensors[f"{kind}/{name}"] for kind in ("step", "exp_avg", "exp_avg_sq")}
        optimiser.state[weight] = {
            "step": moments["step"],
            "exp_avg": moments["exp_avg"].to(weight.device),
            "exp_avg_sq": moments["exp_avg_sq"].to(weight.device),
        }
    return {name.removeprefix("random/"): value for name, value in tensors.items() if name.startswith("random/")}
