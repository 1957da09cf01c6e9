"""A training from start to end: steps, validation, checkpoints; it can be stopped anywhere and goes on."""

import json
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from socrates_core.errors import TrainingError
from socrates_core.finetune.adapter import publish_adapter, save_adapter
from socrates_core.finetune.batch.examples import ExampleEncoder
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.batch.order import Order
from socrates_core.finetune.batch.packs import OptionScales, pack_of
from socrates_core.finetune.checkpoint import checkpoints, read_state, restore, save_checkpoint, step_name
from socrates_core.finetune.network import Learner, no_memory_left
from socrates_core.finetune.recipe import Recipe
from socrates_core.finetune.step import StepFailed, StepLearner
from socrates_core.finetune.training_log import Journal, Progress
from socrates_core.finetune.validation import Validation, ValidationResult, answer_model
from socrates_core.model.prefix_tree.encoding import digit_tokens
from socrates_core.model.record import ModelRecord

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

CHANGEABLE: Final = frozenset(
    {
        "attention",
        "checkpoint_every",
        "clip_norm",
        "device",
        "distribution_weight",
        "learning_rate",
        "pack_tokens",
        "recompute",
        "report_to",
        "schedule",
        "shard",
        "validate_every",
        "warm_up",
        "weight_decay",
    }
)
"""Settings that a resumed training may change: neither the order of the examples nor the adapter depends on them."""

CHECKED: Final = 4
"""Examples whose loss is compared with the plain path before anything is learned."""

CHECKPOINTS: Final = "checkpoints"
BEST: Final = "best"


@dataclass(frozen=True, eq=False)
class Job:
    """Everything a training works with."""

    recipe: Recipe
    out: Path
    encoder: ExampleEncoder
    order: Order
    scales: OptionScales
    validation: Validation
    record: ModelRecord
    """Of the adapter, without how validation went."""
    accelerator: Any
    """Of accelerate."""


class Trainer:
    """Runs a job from where it stands to its end."""

    def __init__(self, job: Job, learner: Learner) -> None:
        """Set up optimiser, losses and validation; nothing is learned yet."""
        self.job, self.learner = job, learner
        recipe = job.recipe
        tokenizer, vocabulary = learner.base.tokenizer, learner.network.get_output_embeddings().weight.shape[0]
        reader = PackReader(
            learner.network,
            torch.from_numpy(digit_tokens(tokenizer, vocabulary)),
            dense=recipe.attention == "dense",
            autocast=learner.device.type == "cuda",
        )
        first = job.encoder.encode_all(*job.order.step(0))[:CHECKED]
        reader.check(pack_of(first))
        scales = job.scales if recipe.distribution_weight > 0 else None
        self._steps = StepLearner(recipe, learner, reader, scales, job.accelerator)
        self._model = answer_model(learner.network, tokenizer, recipe.template, learner.base.precision)
        self._best: dict[str, Any] | None = None
        self.stopped_by: int | None = None
        """The signal that ended this training early."""

    def run(self) -> ValidationResult | None:
        """Train to the end; returns how the kept adapter validates, or None where SIGTERM or Ctrl-C stopped it.

        Raises:
            TrainingError: If the loss is no number, a single example does not fit the memory, or the disk is full; the
                last checkpoint stands.
        """
        before = {number: signal.signal(number, self._note_stop) for number in STOPPING}
        try:
            return self._run()
        except OSError as error:
            raise TrainingError(
                f"{self.job.out} cannot be written ({error}); {self._whence()}. Make room and go on with --resume"
            ) from error
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            # where each process holds the whole base, steps and validation have made smaller passes before
            if not self.job.recipe.shard or not no_memory_left(error):
                raise
            raise TrainingError(
                f"out of memory, and processes that share out the layers cannot make a pass anew; {self._whence()}. "
                "Set a smaller pack_tokens, or recompute: true, and go on with --resume"
            ) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _run(self) -> ValidationResult | None:
        job, total = self.job, self.job.order.steps
        torch.manual_seed(job.recipe.seed + job.accelerator.process_index)  # dropout differs between processes
        done, length = self._resumed()
        self._journal = Journal(job.out, job.accelerator, job.recipe.report_to, length)
        self._progress = Progress(total, done)
        if done == 0:
            self._validate(0)
        self.learner.tuned.train()
        for step in range(done, total):
            if not self._learn(step):
                self._journal.close()
                return None
            last = step + 1 == total
            if last or (step + 1) % job.recipe.validate_every == 0:
                self._validate(step + 1)
            if last or (step + 1) % job.recipe.checkpoint_every == 0:
                self._checkpoint(step + 1)
        self._journal.close()
        assert self._best is not None
        if job.accelerator.is_main_process:
            publish_adapter(job.out / BEST / step_name(self._best["step"]), job.out)
        return ValidationResult(**self._best["validation"])

    def _learn(self, step: int) -> bool:
        """Make a step; where it was stopped or failed, keep a checkpoint of the state before it."""
        job = self.job
        before = random_states()
        members = job.encoder.encode_all(*job.order.step(step))
        try:
            values = self._steps.learn(members, step, job.order.steps, lambda: self.stopped_by is not None)
        except StepFailed as failure:
            set_random_states(before)
            self._checkpoint(step)
            raise TrainingError(
                f"step {step + 1}: {failure}. {self._whence()}; --resume goes on from it, and settings that leave the "
                "order of the examples alone can change"
            ) from failure
        if values is None:
            set_random_states(before)
            self._checkpoint(step)
            return False
        self._journal.write("step", step + 1, values)
        if job.accelerator.is_main_process:
            self._progress.tell(step + 1, values)
        return True

    def _validate(self, step: int) -> None:
        """Measure; keep the adapter when it is the best so far. The base itself, at step 0, is measured only."""
        job, started = self.job, time.monotonic()
        result = job.validation.measure(self._model, np.random.default_rng(job.recipe.seed))
        self._journal.write("validation", step, {**asdict(result), "seconds": time.monotonic() - started})
        if job.accelerator.is_main_process:
            self._progress.validated(step, result)
        if step == 0:
            return
        key = job.recipe.choose_by
        if self._best is None or asdict(result)[key] < self._best["validation"][key]:
            self._best = {"step": step, "validation": asdict(result)}
            if job.accelerator.is_main_process:
                told = {**(job.record.training or {}), **self._best}
                # by its step: a training that goes on from before it may learn otherwise and must not end with this one
                save_adapter(self.learner, replace(job.record, training=told), job.out / BEST / step_name(step))

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def _checkpoint(self, step: int) -> None:
        """Write the state after so many steps, in the main process; step 0 is where a training starts anyway."""
        job = self.job
        own = {f"{kind}/{job.accelerator.process_index}": value for kind, value in random_states().items()}
        everybody: list[Any] = [own]
        if job.accelerator.num_processes > 1:
            everybody = [None] * job.accelerator.num_processes
            torch.distributed.all_gather_object(everybody, own)
        if step == 0 or not job.accelerator.is_main_process:
            return
        state = {
            "best": self._best,
            "pack_tokens": self._steps.pack_tokens,
            "metrics_bytes": self._journal.length,
            "processes": job.accelerator.num_processes,
            "recipe": asdict(job.recipe),
            "split": job.record.split,
            "data": (job.record.training or {}).get("data"),
            "changes": (job.record.training or {}).get("changes", []),
        }
        states = {name: value for one in everybody for name, value in one.items()}
        save_checkpoint(job.out / CHECKPOINTS, step, self.learner, self._steps.optimiser, states, state)
        for other in (job.out / BEST).glob("step-*"):
            if self._best is None or other.name != step_name(self._best["step"]):
                shutil.rmtree(other)

    def _resumed(self) -> tuple[int, int]:
        """Steps done and bytes of metrics.jsonl to keep; the state of the last checkpoint is put back."""
        job = self.job
        standing = checkpoints(job.out / CHECKPOINTS)
        if not standing:
            return 0, 0
        state = read_state(standing[-1])
        if state["processes"] != job.accelerator.num_processes:
            raise TrainingError(
                f"{standing[-1]} was made by {state['processes']} processes and there are "
                f"{job.accelerator.num_processes}; launch as many"
            )
        states = restore(standing[-1], self.learner, self._steps.optimiser)
        own = f"/{job.accelerator.process_index}"
        set_random_states({name.removesuffix(own): value for name, value in states.items() if name.endswith(own)})
        self._best = state["best"]
        self._steps.pack_tokens = min(job.recipe.pack_tokens, state["pack_tokens"])
        return state["step"], state["metrics_bytes"]

    def _whence(self) -> str:
        standing = checkpoints(self.job.out / CHECKPOINTS)
        return f"the checkpoint {standing[-1]} stands" if standing else "there is no checkpoint yet"

    def _note_stop(self, number: int, _frame: Any) -> None:
        self.stopped_by = number


def random_states() -> dict[str, torch.Tensor]:
    """Of this process: what dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def set_random_states(states: Mapping[str, torch.Tensor]) -> None:
    """Put them back."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


@dataclass(frozen=True)
class Change:
    """Settings that were changed on the way."""

    step: int
    """After which."""
    settings: Mapping[str, tuple[Any, Any]]
    """Name → (before, from here on)."""


def changes_since(out: Path, recipe: Recipe, record: ModelRecord) -> list[dict[str, Any]]:
    """What was changed at earlier resumptions of a training, and what this recipe changes, as JSON.

    Raises:
        TrainingError: If a training with this recipe or this data could not go on as the one that stopped.
    """
    standing = checkpoints(out / CHECKPOINTS)
    if not standing:
        return []
    state = read_state(standing[-1])
    before, now = state["recipe"], json.loads(json.dumps(asdict(recipe)))
    changed = {name: (before.get(name), value) for name, value in now.items() if before.get(name) != value}
    fixed = sorted(set(changed) - CHANGEABLE)
    if fixed:
        told = ", ".join(f"{name} from {changed[name][0]} to {changed[name][1]}" for name in fixed)
        raise TrainingError(f"{standing[-1]} cannot go on with another recipe ({told}); start anew in another --out")
    if state["split"] != record.split or state["data"] != (record.training or {}).get("data"):
        raise TrainingError(f"{standing[-1]} was made with other studies or another split; start anew in another --out")
    new = [asdict(Change(state["step"], changed))] if changed else []
    return [*state["changes"], *new]
