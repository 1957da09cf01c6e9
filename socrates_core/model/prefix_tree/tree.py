"""Which tokens to compute, and in which order, so that shared prefixes of prompts are computed once.

Prompts are sorted by their tokens; neighbours then share the longest prefixes, and a range of prompts is a subtree.
A subtree either fits in a **block** (tokens that attend to each other along the tree), or its common prefix is long
enough to become a **trunk**, computed once, whose keys and values the blocks below it attend to. Level by level:

    trunk: instruction ─┬─ trunk: stimulus of cell 1 ─┬─ block: personas 1-4 with their answer nodes
                        │                             └─ block: personas 5-8 …
                        └─ trunk: stimulus of cell 2 ─── …
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from socrates_core.model.prefix_tree.encoding import Tokens
from socrates_core.model.prefix_tree.options import OptionTree

Ints = npt.NDArray[np.int64]

BLOCK_TOKENS = 128
"""Approximate tokens per block. Within a block all pairs of tokens are computed and masked, so larger blocks waste
arithmetic, while smaller ones compute more shared prefixes twice."""

TRUNK_GAIN = 64
"""A common prefix becomes a trunk if that saves at least this many tokens, which pays for a pass of its own."""


@dataclass(frozen=True, eq=False)
class Block:
    """L tokens below an already computed path, as one row of a pass."""

    tokens: Ints
    """(L,)"""
    positions: Ints
    """(L,) index of each token in its prompt."""
    attends: npt.NDArray[np.bool_]
    """(L, L) whether token i attends to token j: itself and its ancestors in the tree."""
    rows: tuple[tuple[int, Ints], ...]
    """For each prompt that ends here: its index among the sorted prompts, and the (R,) indices in the block whose
    outputs predict its options. Empty for a trunk."""


@dataclass(frozen=True)
class Stretch:
    """The prompts [first, last) below a path that covers their first `depth` tokens."""

    first: int
    last: int
    depth: int


class PromptTree:
    """N distinct prompts, sorted, each with the option tree that follows it."""

    def __init__(self, prompts: Sequence[Tokens], options: Sequence[OptionTree]) -> None:
        """Sort the prompts and measure the common prefixes of neighbours.

        Args:
            prompts: Distinct, none empty.
            options: One tree per prompt; prompts of one scale share the same object.
        """
        self.order = sorted(range(len(prompts)), key=lambda index: prompts[index].tolist())
        self.prompts = [prompts[index] for index in self.order]
        self.options = [options[index] for index in self.order]
        self.lengths = np.asarray([len(prompt) for prompt in self.prompts])
        self.fed = np.asarray([len(tree.fed) for tree in self.options])
        pairs = pairwise(self.prompts)
        # a prompt's last token is never shared, even if another prompt continues from it: its options are below it
        self.common = np.asarray([min(_common(a, b), len(a) - 1, len(b) - 1) for a, b in pairs], dtype=np.int64)
        own = self.lengths + self.fed
        own[1:] -= self.common
        self._own_before = np.concatenate([[0], np.cumsum(own)])

    @property
    def tokens(self) -> int:
        """Tokens in the whole tree: the minimum that any engine must compute."""
        return int(self._own_before[-1])

    @property
    def tokens_unshared(self) -> int:
        """Tokens of all prompts and answer nodes without sharing; divided by `tokens`, this is the sharing bound."""
        return int((self.lengths + self.fed).sum())

    def whole(self) -> Stretch:
        """All prompts, with nothing computed yet."""
        return Stretch(0, len(self.prompts), 0)

    def cut(self, stretch: Stretch, block_tokens: int) -> Iterator[tuple[Stretch, int]]:
        """Cut the subtree below a path into blocks and trunks.

        Yields (stretch, depth): if depth is the stretch's own, a block of all its tokens; otherwise a trunk of the
        tokens from the stretch's depth to that depth, below which the stretch is to be cut again.
        """
        limit = max(block_tokens, self._longest(stretch))
        if self._size(stretch) <= limit:
            yield stretch, stretch.depth
            return
        common = int(self.common[stretch.first : stretch.last - 1].min())
        copies = -(-self._size(stretch) // limit)
        if (common - stretch.depth) * (copies - 1) >= TRUNK_GAIN:
            yield stretch, common
            return
        for child in self._packed(stretch, common, limit):
            if self._size(child) <= limit:
                yield child, child.depth
            else:
                yield from self.cut(child, block_tokens)

    def trunk(self, stretch: Stretch, depth: int) -> Block:
        """The common tokens of a stretch, from its depth to `depth`."""
        tokens = self.prompts[stretch.first][stretch.depth : depth]
        square = np.tril(np.ones((len(tokens), len(tokens)), dtype=bool))
        return Block(tokens, np.arange(stretch.depth, depth), square, ())

    def block(self, stretch: Stretch) -> Block:
        """All tokens of a stretch below its path: prompts, with shared parts once, then their answer nodes."""
        size = self._size(stretch)
        tokens, positions = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        attends = np.zeros((size, size), dtype=bool)
        path = np.empty(int(self.lengths[stretch.first : stretch.last].max()), dtype=np.int64)
        rows, at = [], 0
        for index in range(stretch.first, stretch.last):
            start = stretch.depth if index == stretch.first else max(stretch.depth, int(self.common[index - 1]))
            end = int(self.lengths[index])
            new = np.arange(at, at + end - start)
            tokens[new], positions[new] = self.prompts[index][start:end], np.arange(start, end)
            attends[new[:, None], path[stretch.depth : start]] = True
            attends[at : at + len(new), at : at + len(new)] = np.tril(np.ones((len(new), len(new)), dtype=bool))
            path[start:end] = new
            at += len(new)
            answers, tree = np.arange(at, at + self.fed[index]), self.options[index]
            tokens[answers], positions[answers] = tree.tokens[tree.fed], end - 1 + tree.depth[tree.fed]
            attends[answers[:, None], path[stretch.depth : end]] = True
            attends[at : at + len(answers), at : at + len(answers)] = tree.ancestry
            at += len(answers)
            rows.append((index, np.concatenate([path[end - 1 : end], answers])))
        return Block(tokens, positions, attends, tuple(rows))

    def _size(self, stretch: Stretch) -> int:
        """Tokens of a stretch below its path."""
        inner = self._own_before[stretch.last] - self._own_before[stretch.first + 1]
        if stretch.last - stretch.first > 1:
            # the common prefix of neighbours is never shorter than the path itself
            first = self.lengths[stretch.first] + self.fed[stretch.first] - stretch.depth
            return int(first + inner)
        return int(self.lengths[stretch.first] + self.fed[stretch.first] - stretch.depth)

    def _longest(self, stretch: Stretch) -> int:
        """Tokens of the longest prompt of a stretch, below its path and with its answer nodes."""
        part = slice(stretch.first, stretch.last)
        return int((self.lengths[part] + self.fed[part]).max()) - stretch.depth

    def _packed(self, stretch: Stretch, common: int, limit: int) -> Iterator[Stretch]:
        """The children of a stretch, with neighbours merged as long as they fit the limit together."""
        edges = np.flatnonzero(self.common[stretch.first : stretch.last - 1] == common) + stretch.first + 1
        starts = [stretch.first, *edges.tolist(), stretch.last]
        begin = starts[0]
        for here, after in pairwise(starts[1:]):
            if self._size(Stretch(begin, after, stretch.depth)) > limit:
                yield Stretch(begin, here, stretch.depth)
                begin = here
        yield Stretch(begin, stretch.last, stretch.depth)


def _common(a: Tokens, b: Tokens) -> int:
    """Length of the longest common prefix."""
    shorter = min(len(a), len(b))
    differ = np.flatnonzero(a[:shorter] != b[:shorter])
    return int(differ[0]) if len(differ) else shorter
