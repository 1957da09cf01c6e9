"""One optimiser step over an exact number of examples, in packs that fit in memory, on one process or several."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.batch.packs import OptionScales, halves, pack_of
from socrates_core.finetune.batch.processes import packs_by_process
from socrates_core.finetune.network import LoraNetwork
from socrates_core.finetune.recipe import Recipe
from socrates_core.model.prefix_tree.memory import is_oom

SMALLEST_PACK: Final = 16


class StepFailed(Exception):  # noqa: N818 - internal: the trainer saves a checkpoint and raises a TrainingError
    """The step could not be completed; no process updated its weights."""


@dataclass
class _Sums:
    """Totals over the packs of a step, then over all processes."""

    cross_entropy: float = 0.0
    distribution: float = 0.0
    correct: float = 0.0
    tokens: float = 0.0
    tokens_unshared: float = 0.0
    stopped: float = 0.0
    failed: float = 0.0


class OptimiserStep:
    """Accumulates the gradient over all packs of a step, sums it over processes, and takes one step of AdamW."""

    def __init__(
        self, recipe: Recipe, lora: LoraNetwork, reader: PackReader, scales: OptionScales | None, accelerator: Any
    ) -> None:
        """Create the optimiser.

        Args:
            recipe: Learning rate, weight decay, clipping and pack size.
            lora: The network whose adapter is trained.
            reader: Computes the losses of packs.
            scales: Needed by the distribution term; None to train without it.
            accelerator: accelerate's `Accelerator`, which connects the processes.
        """
        self.recipe = recipe
        self.pack_tokens = recipe.pack_tokens
        self.optimiser = torch.optim.AdamW(lora.weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        self._lora, self._reader, self._scales = lora, reader, scales
        self._accelerator = accelerator

    def take(
        self, members: Sequence[Example], step: int, steps: int, stop_requested: Callable[[], bool]
    ) -> dict[str, float] | None:
        """Take one step; returns its metrics, or None (weights unchanged) if any process was asked to stop.

        When memory runs out, the pack is halved and all later packs are built at half the size. Where processes share
        the layers of the base (FSDP) a pass cannot be repeated, and the error propagates to the caller.

        Args:
            members: The examples of the step, the same in every process.
            step: Counted from 0.
            steps: Total steps of the training.
            stop_requested: Checked before every pack.

        Raises:
            StepFailed: If a loss or the gradient is not finite, or a single example does not fit in memory.
        """
        started = time.monotonic()
        gradient = [torch.zeros_like(weight) for weight in self._lora.weights]
        over_packs = self._over_packs_in_lockstep if self.recipe.shard else self._over_packs
        sums, failure = over_packs(members, gradient, stop_requested)
        sums = self._all_reduce(sums, gradient)
        if sums.failed:
            raise StepFailed(failure or "another process failed, see its message")
        if sums.stopped:
            return None
        rate = learning_rate(self.recipe, step, steps)
        norm = self._update(gradient, rate)
        seconds = time.monotonic() - started
        return {
            "loss": sums.cross_entropy / len(members),
            "distribution": sums.distribution / len(members),
            "accuracy": sums.correct / len(members),
            "gradient_norm": norm,
            "learning_rate": rate,
            "examples": len(members),
            "tokens": sums.tokens,
            "unique_share": sums.tokens / sums.tokens_unshared,
            "seconds": seconds,
            "tokens_per_second": sums.tokens / seconds,
        }

    def _accumulate(
        self, some: Sequence[Example], examples: int, gradient: list[torch.Tensor] | None, sums: _Sums
    ) -> str | None:
        """Forward and backward pass of one pack; its gradient, divided by the examples of the step, is added.

        If memory runs out on the way, nothing has been added yet. With `gradient` None the pass is made and discarded.

        Returns:
            What went wrong, or None.
        """
        pack = pack_of(some, self._scales)
        loss = self._reader.loss(pack)
        total = loss.cross_entropy + self.recipe.distribution_weight * loss.distribution
        # not backward(), which would leave half a gradient behind when memory runs out
        parts = torch.autograd.grad(total / examples, self._lora.weights)
        if gradient is None:
            return None
        if not math.isfinite(total.item()):
            studies = ", ".join(sorted({one.cell.study_id for one in some})[:5])
            return f"the loss is {total.item()} in {studies}; choose a smaller learning_rate or a clip_norm"
        for whole, part in zip(gradient, parts, strict=True):
            whole += part
        sums.cross_entropy += loss.cross_entropy.item()
        sums.distribution += loss.distribution.item()
        sums.correct += loss.correct
        sums.tokens += len(pack.tokens)
        sums.tokens_unshared += pack.tokens_unshared
        return None

    def _over_packs(
        self, members: Sequence[Example], gradient: list[torch.Tensor], stop_requested: Callable[[], bool]
    ) -> tuple[_Sums, str | None]:
        """Accumulate the gradient over this process's packs; returns the totals, and what went wrong or None."""
        sums = _Sums()
        try:
            queue = self._own_packs(members)
        except MemoryError:
            sums.failed = 1
            return sums, f"out of memory before the {len(members)} examples of a step were laid out in packs"
        while queue:
            if stop_requested():
                sums.stopped = 1
                break
            some, fits, failure = queue.pop(0), True, None
            try:
                failure = self._accumulate(some, len(members), gradient, sums)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not is_oom(error):
                    raise
                fits = False
            if not fits:  # not in the except block: there the error's traceback still references the pack's tensors
                failure = self._halve_packs(some)
                queue[:0] = halves(some) if failure is None else []
            if failure is not None:
                sums.failed = 1
                return sums, failure
        return sums, None

    def _over_packs_in_lockstep(
        self, members: Sequence[Example], gradient: list[torch.Tensor], stop_requested: Callable[[], bool]
    ) -> tuple[_Sums, str | None]:
        """As `_over_packs`, where every pass needs all processes: one that has run out of packs makes dummy passes."""
        sums, failure = _Sums(), None
        queue = self._own_packs(members)
        shortest = min(members, key=lambda one: one.tokens)
        while True:
            busy, stopped, failed = self._in_any_process(bool(queue), stop_requested(), failure is not None)
            sums.stopped, sums.failed = float(stopped), float(failed)
            if stopped or failed or not busy:
                return sums, failure
            if queue:
                failure = self._accumulate(queue.pop(0), len(members), gradient, sums)
            else:
                self._accumulate([shortest], len(members), None, sums)

    def _in_any_process(self, *here: bool) -> list[bool]:
        """For each flag, whether it is true in any process."""
        own = torch.tensor([here], dtype=torch.int32, device=self._lora.device)
        return [bool(flag) for flag in self._accelerator.gather(own).any(dim=0).tolist()]

    def _halve_packs(self, some: Sequence[Example]) -> str | None:
        """Build smaller packs from here on; returns what is wrong if this pack cannot be any smaller."""
        if self._lora.device.type == "cuda":
            torch.cuda.empty_cache()
        self.pack_tokens = max(SMALLEST_PACK, self.pack_tokens // 2)
        if len(some) > 1:
            return None
        return (
            f"out of memory with a single example of {some[0].tokens} tokens (study {some[0].cell.study_id}, cell "
            f"{some[0].cell.cell_id}); set recompute: true, a smaller max_tokens, or precision: nf4"
        )

    def _own_packs(self, members: Sequence[Example]) -> list[list[Example]]:
        """The packs of this process."""
        dealt = packs_by_process(members, self.pack_tokens, self._scales, self._accelerator.num_processes)
        return dealt[self._accelerator.process_index]

    def _all_reduce(self, sums: _Sums, gradient: list[torch.Tensor]) -> _Sums:
        """Sum over processes; afterwards all have the same gradient, totals and pack size."""
        if self._accelerator.num_processes == 1:
            return sums
        flat = self._accelerator.reduce(torch.cat([part.flatten() for part in gradient]), "sum")
        for part, whole in zip(gradient, flat.split([part.numel() for part in gradient]), strict=True):
            part.copy_(whole.view_as(part))
        own = [*asdict(sums).values(), float(self.pack_tokens)]
        rows = self._accelerator.gather(torch.tensor([own], dtype=torch.float64, device=self._lora.device)).cpu()
        self.pack_tokens = int(rows[:, -1].min())
        return _Sums(*rows[:, :-1].sum(dim=0).tolist())

    def _update(self, gradient: list[torch.Tensor], rate: float) -> float:
        """One step of AdamW; returns the gradient's norm before clipping.

        Raises:
            StepFailed: If the norm is not finite.
        """
        norm = float(torch.nn.utils.get_total_norm(gradient))
        if not math.isfinite(norm):
            raise StepFailed(f"the gradient's norm is {norm}; choose a smaller learning_rate or a clip_norm")
        clip = self.recipe.clip_norm
        scale = clip / norm if clip is not None and norm > clip else 1.0
        for weight, part in zip(self._lora.weights, gradient, strict=True):
            weight.grad = part * scale
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        return norm


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of a step, counted from 0: linear warm-up, then the schedule down to 0.

    With w = ⌈warm_up · steps⌉ it is rate · s / w for s < w. After that, with a = (s − w) / (steps − w), it is
    rate · ½ (1 + cos(π · a)) for `cosine`, as transformers' get_cosine_schedule_with_warmup has it, and
    rate · (1 − a) for `linear`.
    """
    warm = math.ceil(recipe.warm_up * steps)
    if step < warm:
        return recipe.learning_rate * step / warm
    along = (step - warm) / max(1, steps - warm)
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * along))
    return recipe.learning_rate * (1 - along if recipe.schedule == "linear" else 1)
