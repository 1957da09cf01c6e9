"""Packs: the prompts and answers of many people as one row of tokens, in which shared prefixes occur once.

    instruction ─┬─ stimulus of cell 1 ─┬─ persona A ─ 4
                 │                      └─ persona B ─┬─ 2
                 │                                    └─ 5      (two people with the same persona)
                 └─ stimulus of cell 2 ─── persona C ─ 1

The tokens are in depth-first order, so the subtree of token j is the range [j, last[j]), and token i attends to token j
exactly when j ≤ i < last[j]. Each token's position is its index in its own prompt, so the network computes for each
person what it would compute for that person alone. For two people, A who answers 4 and B who answers 2, with the
instruction I and the stimulus S in common (one token each), the pack, its positions and its attention mask are

              key:  I  S  A  4  B  2     last   position
    query:  I       1  0  0  0  0  0        6          0
            S       1  1  0  0  0  0        6          1
            A       1  1  1  0  0  0        4          2    predicts 4
            4       1  1  1  1  0  0        4          3    predicts A's end of turn
            B       1  1  0  0  1  0        6          2    predicts 2
            2       1  1  0  0  1  1        6          3    predicts B's end of turn

6 tokens where two separate rows have 8. The end of a turn is predicted but never fed to the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from socrates_core.finetune.batch.examples import Example, Ints
from socrates_core.model.prefix_tree.encoding import PromptEncoder
from socrates_core.model.prefix_tree.options import OptionTree, option_tree
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats, option_values


@dataclass(frozen=True, eq=False)
class OptionScale:
    """The options on the axis of a bounded scale, as a token tree and as numbers."""

    tree: OptionTree
    values: Ints
    """(K,) the options."""
    gaps: Floats
    """(K - 1,) distances between neighbouring options, as shares of the scale's width; they sum to 1."""


class OptionScales:
    """The option trees of scales, each built once."""

    def __init__(self, encoder: PromptEncoder) -> None:
        """Use the encoder that also encodes the prompts."""
        self._encoder = encoder
        self._known: dict[AnswerScale, OptionScale] = {}

    def of(self, scale: AnswerScale) -> OptionScale:
        """The options on the axis of a bounded scale. An answer off the axis has no place among them."""
        if scale not in self._known:
            values = option_values(scale)
            texts = [scale.written(value) for value in values.tolist()]
            tree = option_tree([(text, self._encoder.encode_option(text)) for text in texts])
            self._known[scale] = OptionScale(tree, values, np.diff(values) / max(1, values[-1] - values[0]))
        return self._known[scale]


@dataclass(frozen=True, eq=False)
class GroupOptions:
    """n ≥ 2 people of one cell in a pack, with the token indices at which their options are predicted."""

    options: OptionScale
    places: Ints
    """(n, R) index in the pack of row r of each person's option tree: the prompt's last token, then the fed nodes."""
    answer: Ints
    """(n,) index of the option that each person chose, of K."""


@dataclass(frozen=True, eq=False)
class Pack:
    """B examples as one row of L tokens."""

    tokens: Ints
    """(L,)"""
    positions: Ints
    """(L,) index of each token in its own prompt."""
    last: Ints
    """(L,) one past the end of each token's subtree."""
    rows: Ints
    """(R,) indices whose next token belongs to an answer: for each example, the tokens of its answer in order."""
    targets: Ints
    """(R,) that next token."""
    owner: Ints
    """(R,) the example it belongs to, from 0 to B - 1."""
    examples: tuple[Example, ...]
    """Sorted by their prompts."""
    groups: tuple[GroupOptions, ...]
    """Input of the distribution term; empty without it."""

    @property
    def attends(self) -> npt.NDArray[np.bool_]:
        """(L, L) the attention mask: whether token i attends to token j."""
        at = np.arange(len(self.tokens))
        return np.asarray((at[None, :] <= at[:, None]) & (at[:, None] < self.last[None, :]))

    @property
    def tokens_unshared(self) -> int:
        """Tokens fed to the network if each example had its own row (the end of a turn is never fed)."""
        return sum(example.tokens - 1 for example in self.examples)


def pack_of(examples: Sequence[Example], scales: OptionScales | None = None) -> Pack:
    """Pack examples into one row.

    Args:
        examples: One or more.
        scales: For the distribution term: append all options of the scale below each person of a group of two or
            more. None without the term.
    """
    ordered = sorted(examples, key=_sort_key)
    tree = _Tree()
    ends = tree.add_prompts([example.prompt for example in ordered])
    rows: list[int] = []
    targets: list[int] = []
    owner: list[int] = []
    for number, (example, place) in enumerate(zip(ordered, ends, strict=True)):
        for token in example.answer[:-1]:
            rows.append(place)
            place = tree.below(place, token)
        rows.append(place)
        targets += example.answer
        owner += [number] * len(example.answer)
    placed = _add_options(tree, ordered, ends, scales) if scales is not None else []
    start, last = tree.depth_first()
    return Pack(
        tokens=_moved(tree.tokens, start),
        positions=_moved(tree.depth, start),
        last=_moved(last, start),
        rows=start[np.array(rows)],
        targets=np.array(targets),
        owner=np.array(owner),
        examples=tuple(ordered),
        groups=tuple(GroupOptions(options, start[places], answer) for options, places, answer in placed),
    )


def partition(examples: Sequence[Example], budget: int, scales: OptionScales | None = None) -> list[list[Example]]:
    """Divide examples into packs of about `budget` tokens, keeping neighbours in the tree together.

    Groups stay whole if they fit. The size of a pack is an upper estimate, from the prefixes of neighbouring groups.

    Args:
        examples: The examples of one optimiser step.
        budget: Tokens per pack; a single longer example gets a pack of its own.
        scales: As in `pack_of`.
    """
    pieces = [piece for group in _sorted_groups(examples) for piece in _fitting(group, budget, scales)]
    packs: list[list[Example]] = []
    filled = 0
    for piece in sorted(pieces, key=lambda piece: _sort_key(piece[0])):
        size = tree_size(piece, scales)
        shared = common_prefix(packs[-1][-1].prompt, piece[0].prompt) if packs else 0
        if packs and filled + size - shared <= budget:
            packs[-1] += piece
            filled += size - shared
        else:
            packs.append(list(piece))
            filled = size
    return packs


def largest_group(examples: Sequence[Example], scales: OptionScales | None = None) -> int:
    """The smallest budget at which `partition` splits no group."""
    return max(tree_size(group, scales) for group in _sorted_groups(examples))


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Split two or more examples in two, between groups if there are several."""
    ordered = sorted(examples, key=lambda example: (example.group, *_sort_key(example)))
    middle = len(ordered) // 2
    edges = [i for i in range(1, len(ordered)) if ordered[i].group != ordered[i - 1].group]
    cut = min(edges, key=lambda edge: abs(edge - middle)) if edges else middle
    return ordered[:cut], ordered[cut:]


def tree_size(examples: Sequence[Example], scales: OptionScales | None = None) -> int:
    """Tokens of sorted examples in one tree; prefixes shared by answers are not deducted."""
    own = sum(example.tokens - 1 for example in examples)
    if scales is not None and len(examples) > 1:
        own += sum(len(scales.of(e.cell.scale).tree.fed) for e in examples if e.has_place)
    return own - sum(common_prefix(a.prompt, b.prompt) for a, b in pairwise(examples))


def common_prefix(a: Ints, b: Ints) -> int:
    """Length of the longest common prefix."""
    shorter = min(len(a), len(b))
    differ = np.flatnonzero(a[:shorter] != b[:shorter])
    return int(differ[0]) if len(differ) else shorter


class _Tree:
    """Tokens with the parent of each; parents come before their children."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.depth: list[int] = []
        self.parent: list[int] = []
        self._known: dict[tuple[int, int], int] = {}

    def add_prompts(self, prompts: Sequence[Ints]) -> list[int]:
        """Add sorted prompts; returns the index of each prompt's last token."""
        path: list[int] = []
        ends = []
        for number, prompt in enumerate(prompts):
            shared = common_prefix(prompts[number - 1], prompt) if number else 0
            del path[shared:]
            for token in prompt[shared:].tolist():
                path.append(self._add(path[-1] if path else -1, token))
            ends.append(path[-1])
        return ends

    def below(self, place: int, token: int) -> int:
        """The index of an answer token below another token, added if it is new."""
        if (place, token) not in self._known:
            self._known[place, token] = self._add(place, token)
        return self._known[place, token]

    def depth_first(self) -> tuple[Ints, Ints]:
        """(L,) each token's index in depth-first order, and (L,) one past the end of its subtree in that order."""
        size = [1] * len(self.tokens)
        for place in range(len(size) - 1, -1, -1):
            if self.parent[place] >= 0:
                size[self.parent[place]] += size[place]
        start, free, top = [0] * len(size), [0] * len(size), 0
        for place, above in enumerate(self.parent):
            if above >= 0:
                start[place] = free[above]
                free[above] += size[place]
            else:
                start[place] = top
                top += size[place]
            free[place] = start[place] + 1
        return np.array(start), np.array(start) + np.array(size)

    def _add(self, above: int, token: int) -> int:
        self.tokens.append(token)
        self.parent.append(above)
        self.depth.append(self.depth[above] + 1 if above >= 0 else 0)
        return len(self.tokens) - 1


def _moved(values: Sequence[int] | Ints, start: Ints) -> Ints:
    out = np.empty(len(start), dtype=np.int64)
    out[start] = values
    return out


def _sorted_groups(examples: Sequence[Example]) -> list[list[Example]]:
    """The examples of each group, sorted."""
    by_group: dict[int, list[Example]] = {}
    for example in sorted(examples, key=_sort_key):
        by_group.setdefault(example.group, []).append(example)
    return list(by_group.values())


def _sort_key(example: Example) -> tuple[bytes, tuple[int, ...]]:
    """Sorts by token ids: big-endian bytes compare in the order of the numbers."""
    return example.prompt.astype(">u4").tobytes(), example.answer


def _fitting(group: list[Example], budget: int, scales: OptionScales | None) -> list[list[Example]]:
    """A sorted group, halved until each part fits the budget or is a single example."""
    if len(group) == 1 or tree_size(group, scales) <= budget:
        return [group]
    middle = len(group) // 2
    return [*_fitting(group[:middle], budget, scales), *_fitting(group[middle:], budget, scales)]


def _add_options(
    tree: _Tree, examples: Sequence[Example], ends: Sequence[int], scales: OptionScales
) -> list[tuple[OptionScale, Ints, Ints]]:
    """Add the fed option nodes below the people of each group of two or more.

    Returns:
        For each group, its options, (n, R) indices of their rows and (n,) indices of the answers.
    """
    members: dict[int, list[int]] = {}
    for number, example in enumerate(examples):
        if example.has_place:
            members.setdefault(example.group, []).append(number)
    out = []
    for numbers in members.values():
        if len(numbers) < 2:
            continue
        options = scales.of(examples[numbers[0]].cell.scale)
        places = []
        for number in numbers:
            at = {-1: ends[number]}
            for node in options.tree.fed.tolist():
                at[node] = tree.below(at[int(options.tree.parent[node])], int(options.tree.tokens[node]))
            places.append(list(at.values()))
        answers = np.searchsorted(options.values, [examples[number].response for number in numbers])
        out.append((options, np.array(places), answers))
    return out
