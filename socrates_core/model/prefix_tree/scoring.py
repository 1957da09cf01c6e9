"""Run a network over a prefix tree: shared tokens are computed once, and only the required rows produce logits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from socrates_core.errors import ModelError
from socrates_core.model.prefix_tree.attention import EMPTY, Path, TreePass
from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.kernels import ALIGNMENT, kernels_for
from socrates_core.model.prefix_tree.memory import (
    PASS_TOKENS,
    MemoryBudget,
    free_memory,
    is_oom,
    memory_budget,
    sizes_of,
)
from socrates_core.model.prefix_tree.options import OptionTree
from socrates_core.model.prefix_tree.readout import End, option_log_probs
from socrates_core.model.prefix_tree.tree import BLOCK_TOKENS, Block, PromptTree, Stretch
from socrates_core.scale.distribution import Floats

_Result = TypeVar("_Result")

Progress = Callable[[int, int], None]
"""Called with the number of prompts done, and the total."""


@dataclass(frozen=True, eq=False)
class _Work:
    """A block to compute, the path above it and, for a trunk, the prompts below it."""

    block: Block
    path: Path
    below: Stretch | None


@dataclass(eq=False)
class _Job:
    """A request in progress."""

    tree: PromptTree
    budget: MemoryBudget
    results: list[Floats | None]
    """The (K,) log-probabilities of each prompt."""
    progress: Progress | None
    done: int = 0


class TreeScorer:
    """Scores options after prompts with one causal language model."""

    def __init__(self, network: Any, digits: npt.NDArray[np.bool_]) -> None:
        """Wrap a network with the attention implementation `attention.NAME`.

        Args:
            network: A transformers causal language model, in eval mode.
            digits: (V,) the tokens that begin with a digit.
        """
        self._network = network
        self._device = network.get_input_embeddings().weight.device
        self._dtype = next(p.dtype for p in network.parameters() if p.is_floating_point())
        self._sizes = sizes_of(network.config, self._dtype)
        self._digits = torch.from_numpy(np.flatnonzero(digits)).to(self._device)
        self.kernels = kernels_for(
            self._device, self._dtype, self._sizes.heads, self._sizes.kv_heads, self._sizes.head_width
        )
        self.pass_tokens = PASS_TOKENS[self._device.type]
        self.block_tokens = BLOCK_TOKENS
        # with sharded layers (FSDP) all processes make the same passes, so one of them must not repeat a pass
        self._sharded = any(hasattr(weight, "device_mesh") for weight in network.parameters())

    @torch.inference_mode()
    def log_probs(
        self, prompts: Sequence[Tokens], options: Sequence[OptionTree], progress: Progress | None = None
    ) -> list[Floats]:
        """(K,) log-probabilities of each prompt's options.

        Args:
            prompts: Distinct token ids.
            options: One option tree per prompt; prompts of one scale share the same object.
            progress: Called after every pass.

        Raises:
            ModelError: If even the smallest pass does not fit in memory.
        """
        tree = PromptTree(prompts, options)
        budget = memory_budget(free_memory(self._device), self._sizes, self.pass_tokens)
        job = _Job(tree, budget, [None] * len(prompts), progress)
        self._descend(job, [(tree.whole(), EMPTY)])
        return [logs for logs in job.results if logs is not None]

    def _descend(self, job: _Job, frontier: list[tuple[Stretch, Path]]) -> None:
        """Compute everything below some paths: first the blocks, then as many trunks as can be cached at a time."""
        work = [
            self._work(job.tree, piece, depth, path)
            for stretch, path in frontier
            for piece, depth in job.tree.cut(stretch, self.block_tokens)
        ]
        frontier.clear()  # drop the last reference to paths that are no longer needed
        trunks = [item for item in work if item.below]
        blocks = [item for item in work if not item.below]
        del work
        for _ in self._each_pass(job, blocks, self._run_blocks):
            pass
        blocks.clear()
        while trunks:
            some = _first_that_fit(trunks, job.budget.path_tokens)
            del trunks[: len(some)]
            below: list[tuple[Stretch, Path]] = []
            for ran in self._each_pass(job, some, self._run_trunks):
                below += ran
            some.clear()
            self._descend(job, below)

    def _work(self, tree: PromptTree, piece: Stretch, depth: int, path: Path) -> _Work:
        if depth == piece.depth:
            return _Work(tree.block(piece), path, None)
        return _Work(tree.trunk(piece, depth), path, Stretch(piece.first, piece.last, depth))

    def _each_pass(
        self, job: _Job, work: list[_Work], run: Callable[[_Job, list[_Work]], list[_Result]]
    ) -> Iterator[list[_Result]]:
        """Run work in passes of about `pass_tokens`; when memory runs out, halve it and continue with the rest."""
        paths = {id(item.path): place for place, item in reversed(list(enumerate(work)))}
        queue = sorted(work, key=lambda item: (paths[id(item.path)], len(item.block.tokens)))
        while queue:
            most = min(job.budget.pass_tokens, self.pass_tokens)
            count, longest = 1, len(queue[0].block.tokens)
            while count < len(queue):
                longest = max(longest, len(queue[count].block.tokens))
                if (count + 1) * longest > most:
                    break
                count += 1
            try:
                ran = run(job, queue[:count])
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not is_oom(error) or self._sharded:
                    raise
                self._shrink(count, longest)
                continue
            del queue[:count]
            yield ran

    def _shrink(self, count: int, longest: int) -> None:
        if count == 1:
            raise ModelError(
                f"out of memory with a single block of {longest} tokens: choose a smaller model, "
                "--precision nf4, or a device with more memory"
            )
        self.pass_tokens = count * longest // 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _run_trunks(self, job: _Job, batch: list[_Work]) -> list[tuple[Stretch, Path]]:
        _, ran = self._forward(job, batch, keep=True)
        out = []
        for row, item in enumerate(batch):
            part = slice(row, row + 1), slice(None), slice(0, len(item.block.tokens))
            keys, values = ([layer[part] for layer in side] for side in (ran.keys, ran.values))
            assert item.below is not None
            out.append((item.below, item.path.extended(keys, values)))
        return out

    def _run_blocks(self, job: _Job, batch: list[_Work]) -> list[None]:
        hidden, _ = self._forward(job, batch, keep=False)
        ends = [End(row, index, places) for row, item in enumerate(batch) for index, places in item.block.rows]
        by_scale: dict[int, list[End]] = {}
        for end in ends:
            by_scale.setdefault(id(job.tree.options[end.prompt]), []).append(end)
        head = self._network.get_output_embeddings()
        for group in by_scale.values():
            logs = option_log_probs(hidden, group, job.tree.options[group[0].prompt], head, self._digits)
            for end, found in zip(group, logs, strict=True):
                job.results[job.tree.order[end.prompt]] = found
        job.done += len(ends)
        if job.progress:
            job.progress(job.done, len(job.tree.order))
        return []

    def _forward(self, job: _Job, batch: list[_Work], keep: bool) -> tuple[torch.Tensor, TreePass]:
        """Hidden states (S, L, width) of S blocks padded to L tokens."""
        length = max(len(item.block.tokens) for item in batch)
        tokens = np.zeros((len(batch), length), dtype=np.int64)
        positions = np.zeros((len(batch), length), dtype=np.int64)
        # rows are padded to the alignment that a GPU's kernels require
        hides = np.ones((len(batch), 1, length, length + -length % ALIGNMENT), dtype=bool)
        hides[:, 0, np.arange(length), np.arange(length)] = (
            False  # padding attends to itself, so that no row is fully masked
        )
        groups: list[tuple[Path, int, int]] = []
        for row, item in enumerate(batch):
            size = len(item.block.tokens)
            tokens[row, :size], positions[row, :size] = item.block.tokens, item.block.positions
            np.logical_not(item.block.attends, out=hides[row, 0, :size, :size])
            if groups and groups[-1][0] is item.path:
                groups[-1] = (item.path, groups[-1][1], row + 1)
            else:
                groups.append((item.path, row, row + 1))
        mask = torch.zeros(hides.shape, dtype=self._dtype, device=self._device)
        mask.masked_fill_(torch.from_numpy(hides).to(self._device), -torch.inf)
        tree = TreePass(groups, keep, self.kernels)
        output = self._network.base_model(
            input_ids=torch.from_numpy(tokens).to(self._device),
            attention_mask=mask[..., :length],
            position_ids=torch.from_numpy(positions).to(self._device),
            use_cache=False,
            tree=tree,
        )
        return output.last_hidden_state, tree


def _first_that_fit(trunks: list[_Work], path_tokens: int) -> list[_Work]:
    """The first trunks whose paths fit in the cache together; at least one."""
    kept = 0
    for count, item in enumerate(trunks):
        assert item.below is not None
        kept += item.below.depth
        if count and kept > path_tokens:
            return trunks[:count]
    return trunks[:]
