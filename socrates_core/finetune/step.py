"""One optimiser step: exactly so many examples, in packs that fit the memory, over one process or several."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.loss import PackLoss, PackReader
from socrates_core.finetune.batch.packs import OptionScales, Pack, halves, largest_group, pack_of, partition
from socrates_core.finetune.network import Learner, no_memory_left
from socrates_core.finetune.recipe import Recipe

SMALLEST_PACK: Final = 16

PACKS_A_PROCESS: Final = 2
"""In a step, at least: with fewer and larger packs some processes would have nothing to do while others work."""


class StepFailed(Exception):  # noqa: N818 - no error of the user's yet: the trainer keeps a checkpoint and says so
    """A step that cannot be made; nothing was learned, in no process."""


@dataclass
class _Sums:
    """Over the packs of a step, then over all processes."""

    cross_entropy: float = 0.0
    distribution: float = 0.0
    correct: float = 0.0
    tokens: float = 0.0
    tokens_unshared: float = 0.0
    stopped: float = 0.0
    failed: float = 0.0


class StepLearner:
    """Learns the examples of a step: gradients of all packs, summed over processes, then one step of AdamW."""

    def __init__(
        self, recipe: Recipe, learner: Learner, reader: PackReader, scales: OptionScales | None, accelerator: Any
    ) -> None:
        """Make the optimiser.

        Args:
            recipe: Rates, decay, clipping and pack size.
            learner: What learns.
            reader: Gives the losses of packs.
            scales: For the distribution term; None without it.
            accelerator: Of accelerate; knows the other processes.
        """
        self.recipe = recipe
        self.pack_tokens = recipe.pack_tokens
        self.optimiser = torch.optim.AdamW(learner.weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        self._learner, self._reader, self._scales = learner, reader, scales
        self._accelerator = accelerator

    def learn(
        self, members: Sequence[Example], step: int, steps: int, stopping: Callable[[], bool]
    ) -> dict[str, float] | None:
        """Learn a step's examples; None, and nothing learned, when `stopping` came true in any process.

        Where memory runs out, the pack is halved, and all packs from here on are built half as large. Where processes
        share out the layers, that is no option, and the error goes to the caller.

        Args:
            members: The same in every process.
            step: Counted from 0.
            steps: Of the whole training.
            stopping: Asked before every pack.

        Raises:
            StepFailed: If a loss or the gradient is no number, or a single example does not fit the memory.
        """
        started = time.monotonic()
        gradient = [torch.zeros_like(weight) for weight in self._learner.weights]
        learn = self._gradient_together if self.recipe.shard else self._gradient
        sums, failure = learn(members, gradient, stopping)
        sums = self._over_processes(sums, gradient)
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

    def _gradient(
        self, members: Sequence[Example], gradient: list[torch.Tensor], stopping: Callable[[], bool]
    ) -> tuple[_Sums, str | None]:
        """Add the gradients of this process's packs; what was learned of them, and what went wrong."""
        sums = _Sums()
        try:
            queue = self._own(members)
        except MemoryError:
            sums.failed = 1
            return sums, f"out of memory before the {len(members)} examples of a step were laid out in packs"
        while queue:
            if stopping():
                sums.stopped = 1
                break
            some, fits, failure = queue.pop(0), True, None
            try:
                failure = self._add(some, len(members), gradient, sums)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not no_memory_left(error):
                    raise
                fits = False
            if not fits:  # only here: until now the error's traceback held the pack's tensors
                failure = self._shrink(some)
                queue[:0] = halves(some) if failure is None else []
            if failure is not None:
                sums.failed = 1
                return sums, failure
        return sums, None

    def _gradient_together(
        self, members: Sequence[Example], gradient: list[torch.Tensor], stopping: Callable[[], bool]
    ) -> tuple[_Sums, str | None]:
        """As `_gradient`, where a pass needs all processes: one without packs makes passes that do not count."""
        sums, failure = _Sums(), None
        queue = self._own(members)
        shortest = min(members, key=lambda one: one.tokens)
        while True:
            busy, stopped, failed = self._anywhere(bool(queue), stopping(), failure is not None)
            sums.stopped, sums.failed = float(stopped), float(failed)
            if stopped or failed or not busy:
                return sums, failure
            if queue:
                failure = self._add(queue.pop(0), len(members), gradient, sums)
            else:
                self._pass([shortest], len(members))

    def _anywhere(self, *here: bool) -> list[bool]:
        """What is true in any process."""
        own = torch.tensor([here], dtype=torch.int32, device=self._learner.device)
        return [bool(told) for told in self._accelerator.gather(own).any(dim=0).tolist()]

    def _add(self, some: Sequence[Example], examples: int, gradient: list[torch.Tensor], sums: _Sums) -> str | None:
        """Add a pack's gradient; where memory runs out on the way, nothing is added. Says what went wrong."""
        pack, loss, total, parts = self._pass(some, examples)
        if not math.isfinite(total):
            studies = ", ".join(sorted({one.cell.study_id for one in some})[:5])
            return f"the loss is {total} in {studies}; choose a smaller learning_rate or a clip_norm"
        for whole, part in zip(gradient, parts, strict=True):
            whole += part
        sums.cross_entropy += loss.cross_entropy.item()
        sums.distribution += loss.distribution.item()
        sums.correct += loss.correct
        sums.tokens += len(pack.tokens)
        sums.tokens_unshared += pack.tokens_unshared
        return None

    def _pass(self, some: Sequence[Example], examples: int) -> tuple[Pack, PackLoss, float, tuple[torch.Tensor, ...]]:
        """Pack, losses, what is minimised, and its gradient divided by the examples of the step."""
        pack = pack_of(some, self._scales)
        loss = self._reader.loss(pack)
        total = loss.cross_entropy + self.recipe.distribution_weight * loss.distribution
        # not backward(): that would leave half a gradient behind when memory runs out
        return pack, loss, total.item(), torch.autograd.grad(total / examples, self._learner.weights)

    def _shrink(self, some: Sequence[Example]) -> str | None:
        """Smaller packs from here on; says what is wrong when they cannot be smaller."""
        if self._learner.device.type == "cuda":
            torch.cuda.empty_cache()
        self.pack_tokens = max(SMALLEST_PACK, self.pack_tokens // 2)
        if len(some) > 1:
            return None
        return (
            f"out of memory with a single example of {some[0].tokens} tokens (study {some[0].cell.study_id}, cell "
            f"{some[0].cell.cell_id}); set recompute: true, a smaller max_tokens, or precision: nf4"
        )

    def _own(self, members: Sequence[Example]) -> list[list[Example]]:
        """The packs of this process: the largest go first, each to the process with the fewest tokens so far."""
        processes = self._accelerator.num_processes
        if processes == 1:
            return partition(members, self.pack_tokens, self._scales)
        whole = len(pack_of(members, self._scales).tokens)
        # groups stay whole, because the distribution term is one of a whole group
        share = max(largest_group(members, self._scales), whole // (PACKS_A_PROCESS * processes))
        packs = partition(members, min(self.pack_tokens, share), self._scales)
        sizes = [len(pack_of(some, self._scales).tokens) for some in packs]
        load, own = [0] * processes, []
        for number in sorted(range(len(packs)), key=lambda number: -sizes[number]):
            least = load.index(min(load))
            load[least] += sizes[number]
            if least == self._accelerator.process_index:
                own.append(packs[number])
        return own

    def _over_processes(self, sums: _Sums, gradient: list[torch.Tensor]) -> _Sums:
        """Add up what all processes did; afterwards all have the same gradient, sums and pack size."""
        if self._accelerator.num_processes == 1:
            return sums
        flat = self._accelerator.reduce(torch.cat([part.flatten() for part in gradient]), "sum")
        for part, whole in zip(gradient, flat.split([part.numel() for part in gradient]), strict=True):
            part.copy_(whole.view_as(part))
        own = [*asdict(sums).values(), float(self.pack_tokens)]
        rows = self._accelerator.gather(torch.tensor([own], dtype=torch.float64, device=self._learner.device)).cpu()
        self.pack_tokens = int(rows[:, -1].min())
        return _Sums(*rows[:, :-1].sum(dim=0).tolist())

    def _update(self, gradient: list[torch.Tensor], rate: float) -> float:
        """One step of AdamW; returns the gradient's norm before it is clipped.

        Raises:
            StepFailed: If the norm is no number.
        """
        norm = float(torch.nn.utils.get_total_norm(gradient))
        if not math.isfinite(norm):
            raise StepFailed(f"the gradient's norm is {norm}; choose a smaller learning_rate or a clip_norm")
        clip = self.recipe.clip_norm
        shorten = clip / norm if clip is not None and norm > clip else 1.0
        for weight, part in zip(self._learner.weights, gradient, strict=True):
            weight.grad = part * shorten
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        return norm


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate of a step, counted from 0: a line up over the warm-up, then the schedule down to 0.

    With w = ⌈warm_up · steps⌉ it is rate · s / w for s < w. From there, with a = (s − w) / (steps − w), it is
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
