"""Run a network over a prefix tree: every shared token once, and only the needed rows meet the output matrix."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from socrates_core.distribution import Floats
from socrates_core.errors import ModelError
from socrates_core.model.attention import EMPTY, Path, TreePass
from socrates_core.model.encoding import Tokens
from socrates_core.model.options import OptionTree
from socrates_core.model.prefix_tree import BLOCK_TOKENS, Block, PromptTree, Stretch

PASS_TOKENS = {"cpu": 2048, "cuda": 16384}
"""Tokens of one forward pass: enough to keep a processor busy, few enough for its caches and the memory."""

LOGIT_CELLS = 1 << 26
"""Most entries of a (rows, V) matrix of logits at a time: 256 MiB in float32."""

_Result = TypeVar("_Result")

Progress = Callable[[int, int], None]
"""Called with the prompts done and the prompts in all."""


@dataclass(frozen=True, eq=False)
class _Work:
    """A block to compute, the path above it, and, for a trunk, what is to be cut below it."""

    block: Block
    path: Path
    below: Stretch | None


class TreeScorer:
    """Scores options after prompts with one causal language model."""

    def __init__(self, network: Any, digits: npt.NDArray[np.bool_]) -> None:
        """Take a network whose attention is `attention.NAME`.

        Args:
            network: A transformers causal language model, in eval mode.
            digits: (V,) the tokens that begin with a digit.
        """
        self._backbone = network.base_model
        self._head = network.get_output_embeddings()
        self._device = network.get_input_embeddings().weight.device
        self._dtype = next(p.dtype for p in network.parameters() if p.is_floating_point())
        self._digits = torch.from_numpy(digits).to(self._device)
        self.pass_tokens = PASS_TOKENS[self._device.type]
        self.block_tokens = BLOCK_TOKENS

    @torch.inference_mode()
    def log_probs(
        self, prompts: Sequence[Tokens], options: Sequence[OptionTree], progress: Progress | None = None
    ) -> list[Floats]:
        """(K,) log-probabilities of each prompt's options.

        Args:
            prompts: Distinct token ids.
            options: One option tree per prompt; prompts of one scale hold the same object.
            progress: Called after every pass.

        Raises:
            ModelError: If even the smallest pass does not fit the memory.
        """
        tree = PromptTree(prompts, options)
        results: list[Floats | None] = [None] * len(prompts)
        frontier = [(tree.whole(), EMPTY)]
        done = 0
        while frontier:
            work = [
                self._work(tree, piece, depth, path)
                for stretch, path in frontier
                for piece, depth in tree.cut(stretch, self.block_tokens)
            ]
            frontier = []
            trunks = [item for item in work if item.below]
            blocks = [item for item in work if not item.below]
            for ran in self._each_pass(trunks, self._run_trunks):
                frontier += ran
            for scored in self._each_pass(blocks, lambda batch: self._run_blocks(batch, tree)):
                for index, logs in scored:
                    results[tree.order[index]] = logs
                done += len(scored)
                if progress:
                    progress(done, len(prompts))
        return [logs for logs in results if logs is not None]

    def _work(self, tree: PromptTree, piece: Stretch, depth: int, path: Path) -> _Work:
        if depth == piece.depth:
            return _Work(tree.block(piece), path, None)
        return _Work(tree.trunk(piece, depth), path, Stretch(piece.first, piece.last, depth))

    def _each_pass(self, work: list[_Work], run: Callable[[list[_Work]], list[_Result]]) -> Iterator[list[_Result]]:
        """Run work in passes of about `pass_tokens`; where memory runs out, halve that and go on with what is left."""
        paths = {id(item.path): place for place, item in reversed(list(enumerate(work)))}
        queue = sorted(work, key=lambda item: (paths[id(item.path)], len(item.block.tokens)))
        while queue:
            count, longest = 1, len(queue[0].block.tokens)
            while count < len(queue):
                longest = max(longest, len(queue[count].block.tokens))
                if (count + 1) * longest > self.pass_tokens:
                    break
                count += 1
            try:
                ran = run(queue[:count])
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not out_of_memory(error):
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

    def _run_trunks(self, batch: list[_Work]) -> list[tuple[Stretch, Path]]:
        _, ran = self._forward(batch, keep=True)
        out = []
        for row, item in enumerate(batch):
            part = slice(row, row + 1), slice(None), slice(0, len(item.block.tokens))
            keys, values = ([layer[part] for layer in side] for side in (ran.keys, ran.values))
            assert item.below is not None
            out.append((item.below, item.path.extended(keys, values)))
        return out

    def _run_blocks(self, batch: list[_Work], tree: PromptTree) -> list[tuple[int, Floats]]:
        hidden, _ = self._forward(batch, keep=False)
        ends = [(row, index, places) for row, item in enumerate(batch) for index, places in item.block.rows]
        by_scale: dict[int, list[tuple[int, int, npt.NDArray[np.int64]]]] = {}
        for end in ends:
            by_scale.setdefault(id(tree.options[end[1]]), []).append(end)
        out: list[tuple[int, Floats]] = []
        for group in by_scale.values():
            options = tree.options[group[0][1]]
            logs = self._option_logs(hidden, group, options)
            out += [(index, logs[place]) for place, (_, index, _) in enumerate(group)]
        return out

    def _option_logs(
        self, hidden: torch.Tensor, group: list[tuple[int, int, npt.NDArray[np.int64]]], options: OptionTree
    ) -> Floats:
        """(n, K) for n prompts of one scale, from the hidden states (S, L, width) of their pass."""
        count, per_prompt = len(group), len(options.fed) + 1
        blocks = torch.from_numpy(np.repeat([row for row, _, _ in group], per_prompt)).to(self._device)
        places = torch.from_numpy(np.concatenate([places for _, _, places in group])).to(self._device)
        order = np.argsort(options.source_row, kind="stable")  # nodes by the row that predicts them
        sources = (np.arange(count)[:, None] * per_prompt + options.source_row[order]).ravel()  # (n · E,) ascending
        tokens = np.tile(options.tokens[order], count)
        token_logs, ended = np.empty(len(tokens)), np.empty(len(places))
        step = max(1, LOGIT_CELLS // self._head.weight.shape[0])
        for start in range(0, len(places), step):
            rows = slice(start, min(start + step, len(places)))
            logits = self._head(hidden[blocks[rows], places[rows]]).float()  # (rows, V)
            logs = logits.log_softmax(dim=-1)
            part = slice(*np.searchsorted(sources, [rows.start, rows.stop]))
            token_logs[part] = logs[sources[part] - start, tokens[part]].cpu().numpy()
            if options.stops:
                ended[rows] = logs.masked_fill_(self._digits, -torch.inf).logsumexp(dim=-1).cpu().numpy()
        by_node = np.empty((count, len(order)))
        by_node[:, order] = token_logs.reshape(count, -1)
        stop_logs = ended.reshape(count, per_prompt)[:, options.end_row] if options.stops else None
        return options.log_probs(by_node, stop_logs)

    def _forward(self, batch: list[_Work], keep: bool) -> tuple[torch.Tensor, TreePass]:
        """Hidden states (S, L, width) of S blocks padded to L tokens."""
        length = max(len(item.block.tokens) for item in batch)
        tokens = np.zeros((len(batch), length), dtype=np.int64)
        positions = np.zeros((len(batch), length), dtype=np.int64)
        attends = np.zeros((len(batch), 1, length, length), dtype=bool)
        attends[:, 0, np.arange(length), np.arange(length)] = True  # padding sees itself, so that no row is empty
        groups: list[tuple[Path, int, int]] = []
        for row, item in enumerate(batch):
            size = len(item.block.tokens)
            tokens[row, :size], positions[row, :size] = item.block.tokens, item.block.positions
            attends[row, 0, :size, :size] = item.block.attends
            if groups and groups[-1][0] is item.path:
                groups[-1] = (item.path, groups[-1][1], row + 1)
            else:
                groups.append((item.path, row, row + 1))
        mask = torch.zeros(attends.shape, dtype=self._dtype, device=self._device)
        mask.masked_fill_(~torch.from_numpy(attends).to(self._device), -torch.inf)
        tree = TreePass(groups, keep)
        output = self._backbone(
            input_ids=torch.from_numpy(tokens).to(self._device),
            attention_mask=mask,
            position_ids=torch.from_numpy(positions).to(self._device),
            use_cache=False,
            tree=tree,
        )
        return output.last_hidden_state, tree


def out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own; the CPU's allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
