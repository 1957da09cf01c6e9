"""The training loop: steps, validation, checkpoints; it can be stopped at any point and resumed.

What the classes of this package do together, in the order in which it happens:

    for step in range(steps_done, steps):
        examples = encode(order.step(step))                    # step_examples people, the same in every process
        gradient = zeros_like(adapter weights)
        for pack in own_packs(examples):                       # shared tokens once; halved when out of memory
            loss = cross_entropy(pack) + distribution_weight * distribution(pack)
            gradient += autograd.grad(loss / len(examples), adapter weights)
        gradient = all_reduce(gradient, "sum")
        gradient *= min(1, clip_norm / norm(gradient))
        adamw.step(gradient, lr=learning_rate(step))           # up to here: `OptimiserStep.take`
        log(step, loss, accuracy, norm(gradient), ...)
        if step + 1 is due for validation: measure loss and W, and save the adapter if it is the best so far
        if step + 1 is due for a checkpoint: save adapter, AdamW moments, random states
    publish(best adapter)
"""

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
from socrates_core.finetune.batch.loss import PackReader, computes_in_bf16
from socrates_core.finetune.batch.order import Order
from socrates_core.finetune.batch.packs import OptionScales, pack_of
from socrates_core.finetune.checkpoint import checkpoints, read_state, restore, save_checkpoint, step_name
from socrates_core.finetune.network import LoraNetwork
from socrates_core.finetune.recipe import Recipe
from socrates_core.finetune.step import OptimiserStep, StepFailed
from socrates_core.finetune.training_log import Progress, TrainingLog
from socrates_core.finetune.validation import Validation, ValidationResult, answer_model, template_advice
from socrates_core.model.prefix_tree.encoding import digit_tokens
from socrates_core.model.prefix_tree.memory import is_oom
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
"""Settings that may change on resumption: neither the order of the examples nor the adapter's shape depends on them."""

CHECKED: Final = 4
"""Examples whose packed loss is checked against the plain path before the first step."""

CHECKPOINTS: Final = "checkpoints"
BEST: Final = "best"


@dataclass(frozen=True, eq=False)
class Job:
    """Everything a training run needs."""

    recipe: Recipe
    out: Path
    encoder: ExampleEncoder
    order: Order
    scales: OptionScales
    validation: Validation
    record: ModelRecord
    """The adapter's record, without validation results."""
    accelerator: Any
    """accelerate's `Accelerator`."""
    stimuli: str = ""
    """The sketches of the training stimuli, for the adapter's folder."""


class Trainer:
    """Runs a job from its last checkpoint to the end."""

    def __init__(self, job: Job, lora: LoraNetwork) -> None:
        """Set up optimiser, losses and validation, and check the packed loss; no step is taken yet."""
        self.job, self.lora = job, lora
        recipe = job.recipe
        tokenizer, vocabulary = lora.base.tokenizer, lora.network.get_output_embeddings().weight.shape[0]
        reader = PackReader(
            lora.network,
            torch.from_numpy(digit_tokens(tokenizer, vocabulary)),
            dense=recipe.attention == "dense",
            autocast=computes_in_bf16(lora.device, recipe.precision),
        )
        first = job.encoder.encode_all(*job.order.step(0))[:CHECKED]
        reader.check(pack_of(first))
        scales = job.scales if recipe.distribution_weight > 0 else None
        self._step = OptimiserStep(recipe, lora, reader, scales, job.accelerator)
        self._model = answer_model(lora.network, tokenizer, recipe.template, lora.base.precision)
        self._best: dict[str, Any] | None = None
        self.stopped_by: int | None = None
        """The signal that stopped this training early."""

    def run(self) -> ValidationResult | None:
        """Train to the end; returns the best adapter's validation, or None if SIGTERM or Ctrl-C stopped the training.

        Raises:
            TrainingError: If the loss is not finite, a single example does not fit in memory, or the disk is full; the
                last checkpoint is intact.
        """
        before = {number: signal.signal(number, self._request_stop) for number in STOPPING}
        try:
            return self._train()
        except OSError as error:
            raise TrainingError(
                f"{self.job.out} cannot be written ({error}); {self._last_checkpoint()}. Free some disk space and "
                "resume the training"
            ) from error
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            # without sharding, steps and validation have already retried with smaller passes
            if not self.job.recipe.shard or not is_oom(error):
                raise
            raise TrainingError(
                "out of memory, and a pass cannot be repeated when the layers are sharded over processes; "
                f"{self._last_checkpoint()}. Set a smaller pack_tokens, or recompute: true, and resume the training"
            ) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _train(self) -> ValidationResult | None:
        job, total = self.job, self.job.order.steps
        torch.manual_seed(job.recipe.seed + job.accelerator.process_index)  # dropout differs between processes
        done, length = self._resume()
        self._log = TrainingLog(job.out, job.accelerator, job.recipe.report_to, length)
        self._progress = Progress(total, done)
        if done == 0:
            self._validate(0)
            self._advise()
        self.lora.peft_model.train()
        for step in range(done, total):
            if not self._take_step(step):
                self._log.close()
                return None
            last = step + 1 == total
            if last or (step + 1) % job.recipe.validate_every == 0:
                self._validate(step + 1)
            if last or (step + 1) % job.recipe.checkpoint_every == 0:
                self._checkpoint(step + 1)
        self._log.close()
        assert self._best is not None
        if job.accelerator.is_main_process:
            publish_adapter(job.out / BEST / step_name(self._best["step"]), job.out)
        return ValidationResult(**self._best["validation"])

    def _take_step(self, step: int) -> bool:
        """Take a step and log it; if it was stopped (False) or failed, save a checkpoint of the state before it."""
        job = self.job
        before = random_states()
        members = job.encoder.encode_all(*job.order.step(step))
        try:
            values = self._step.take(members, step, job.order.steps, lambda: self.stopped_by is not None)
        except StepFailed as failure:
            set_random_states(before)
            self._checkpoint(step)
            raise TrainingError(
                f"step {step + 1}: {failure}. {self._last_checkpoint()}; a resumed training continues from it, with "
                "changes only to settings that leave the order of the examples alone"
            ) from failure
        if values is None:
            set_random_states(before)
            self._checkpoint(step)
            return False
        self._log.write("step", step + 1, values)
        if job.accelerator.is_main_process:
            self._progress.step(step + 1, values)
        return True

    def _advise(self) -> None:
        """Say under which template a base without a record puts most probability on the scale; the recipe's stays."""
        if self.lora.base.record is None and self.job.accelerator.num_processes == 1:
            self._progress.note(template_advice(self._model))

    def _validate(self, step: int) -> None:
        """Validate, and save the adapter if it is the best so far; step 0 measures the base alone and saves nothing."""
        job, started = self.job, time.monotonic()
        result = job.validation.measure(self._model, np.random.default_rng(job.recipe.seed))
        self._log.write("validation", step, {**asdict(result), "seconds": time.monotonic() - started})
        if job.accelerator.is_main_process:
            self._progress.validation(step, result)
        if step == 0:
            return
        key = job.recipe.choose_by
        if self._best is None or asdict(result)[key] < self._best["validation"][key]:
            self._best = {"step": step, "validation": asdict(result)}
            if job.accelerator.is_main_process:
                training = {**(job.record.training or {}), **self._best}
                # named by step: a run resumed from before it may train differently and must not publish this one
                record, folder = replace(job.record, training=training), job.out / BEST / step_name(step)
                save_adapter(self.lora, record, folder, job.stimuli)

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def _checkpoint(self, step: int) -> None:
        """Save the state after `step` steps, in the main process; step 0 needs none: a new training starts there."""
        job = self.job
        own = {f"{kind}/{job.accelerator.process_index}": value for kind, value in random_states().items()}
        gathered: list[Any] = [own]
        if job.accelerator.num_processes > 1:
            gathered = [None] * job.accelerator.num_processes
            torch.distributed.all_gather_object(gathered, own)
        if step == 0 or not job.accelerator.is_main_process:
            return
        state = {
            "best": self._best,
            "pack_tokens": self._step.pack_tokens,
            "metrics_bytes": self._log.length,
            "processes": job.accelerator.num_processes,
            "recipe": asdict(job.recipe),
            "split": job.record.split,
            "data": (job.record.training or {}).get("data"),
            "changes": (job.record.training or {}).get("changes", []),
        }
        states = {name: value for one in gathered for name, value in one.items()}
        save_checkpoint(job.out / CHECKPOINTS, step, self.lora, self._step.optimiser, states, state)
        for other in (job.out / BEST).glob("step-*"):
            if self._best is None or other.name != step_name(self._best["step"]):
                shutil.rmtree(other)

    def _resume(self) -> tuple[int, int]:
        """Restore the last checkpoint, if any; returns the steps done, and the bytes of metrics.jsonl to keep."""
        job = self.job
        existing = checkpoints(job.out / CHECKPOINTS)
        if not existing:
            return 0, 0
        state = read_state(existing[-1])
        if state["processes"] != job.accelerator.num_processes:
            raise TrainingError(
                f"{existing[-1]} was written by {state['processes']} processes and there are now "
                f"{job.accelerator.num_processes}; launch with --num_processes {state['processes']}"
            )
        states = restore(existing[-1], self.lora, self._step.optimiser)
        own = f"/{job.accelerator.process_index}"
        set_random_states({name.removesuffix(own): value for name, value in states.items() if name.endswith(own)})
        self._best = state["best"]
        self._step.pack_tokens = min(job.recipe.pack_tokens, state["pack_tokens"])
        return state["step"], state["metrics_bytes"]

    def _last_checkpoint(self) -> str:
        existing = checkpoints(self.job.out / CHECKPOINTS)
        return f"the last checkpoint is {existing[-1]}" if existing else "there is no checkpoint yet"

    def _request_stop(self, number: int, _frame: Any) -> None:
        self.stopped_by = number


def random_states() -> dict[str, torch.Tensor]:
    """The generator states of this process, which dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def set_random_states(states: Mapping[str, torch.Tensor]) -> None:
    """Restore the generator states of this process."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


@dataclass(frozen=True)
class Change:
    """Settings that were changed when a training was resumed."""

    step: int
    """The step after which they changed."""
    settings: Mapping[str, tuple[Any, Any]]
    """Name → (old value, new value)."""


def changes_since(out: Path, recipe: Recipe, record: ModelRecord) -> list[dict[str, Any]]:
    """Settings changed at earlier resumptions of a training, and those that this recipe changes, as JSON.

    Raises:
        TrainingError: If the training cannot be resumed with this recipe or this data.
    """
    existing = checkpoints(out / CHECKPOINTS)
    if not existing:
        return []
    state = read_state(existing[-1])
    before, now = state["recipe"], json.loads(json.dumps(asdict(recipe)))
    changed = {name: (before.get(name), value) for name, value in now.items() if before.get(name) != value}
    fixed = sorted(set(changed) - CHANGEABLE)
    if fixed:
        listed = ", ".join(f"{name} from {changed[name][0]} to {changed[name][1]}" for name in fixed)
        raise TrainingError(
            f"{existing[-1]} cannot be resumed with a different recipe ({listed}); start anew in another --out"
        )
    if state["split"] != record.split or state["data"] != (record.training or {}).get("data"):
        raise TrainingError(
            f"{existing[-1]} was made from different studies or a different split; start anew in another --out"
        )
    new = [asdict(Change(state["step"], changed))] if changed else []
    return [*state["changes"], *new]
