"""Packs: the prompts and answers of many people as one row of tokens, in which what they have in common stands once.

    instruction ─┬─ stimulus of cell 1 ─┬─ persona A ─ 4
                 │                      └─ persona B ─┬─ 2
                 │                                    └─ 5      (two people with the same persona)
                 └─ stimulus of cell 2 ─── persona C ─ 1

The tokens stand in depth-first order, so the tokens below token j are those from j to `last[j]`, and i sees j exactly
when j ≤ i < last[j]. Every token keeps its place in its own prompt as position, so the network computes for each
person what it would compute for that person alone.
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
    """A bounded scale's options as tokens, and where they lie."""

    tree: OptionTree
    values: Ints
    """(K,) the options."""
    gaps: Floats
    """(K - 1,) distances of neighbouring options in shares of the scale's width; they sum to 1."""


class OptionScales:
    """The option trees of scales, each made once."""

    def __init__(self, encoder: PromptEncoder) -> None:
        """Take the encoder that the prompts come from."""
        self._encoder = encoder
        self._known: dict[AnswerScale, OptionScale] = {}

    def of(self, scale: AnswerScale) -> OptionScale:
        """The options of a bounded scale."""
        if scale not in self._known:
            values = option_values(scale)
            tree = option_tree([(str(v), self._encoder.encode_option(int(v))) for v in values.tolist()])
            self._known[scale] = OptionScale(tree, values, np.diff(values) / max(1, values[-1] - values[0]))
        return self._known[scale]


@dataclass(frozen=True, eq=False)
class GroupOptions:
    """n ≥ 2 people of one cell in a pack, with the places where their options are predicted."""

    options: OptionScale
    places: Ints
    """(n, R) row r of the option tree of each person: the prompt's last token, then the fed nodes."""
    answer: Ints
    """(n,) which of the K options each person chose."""


@dataclass(frozen=True, eq=False)
class Pack:
    """B examples as one row of L tokens."""

    tokens: Ints
    """(L,)"""
    positions: Ints
    """(L,) place of each token in its own prompt."""
    last: Ints
    """(L,) one past the end of what hangs below each token."""
    rows: Ints
    """(R,) places whose next token belongs to an answer: for each example, its answer's tokens in turn."""
    targets: Ints
    """(R,) that next token."""
    owner: Ints
    """(R,) whose answer it is, from 0 to B - 1."""
    examples: tuple[Example, ...]
    """Sorted by their prompts."""
    groups: tuple[GroupOptions, ...]
    """What the distribution term reads; empty where it is not wanted."""

    @property
    def attends(self) -> npt.NDArray[np.bool_]:
        """(L, L) whether token i sees token j."""
        at = np.arange(len(self.tokens))
        return np.asarray((at[None, :] <= at[:, None]) & (at[:, None] < self.last[None, :]))

    @property
    def tokens_unshared(self) -> int:
        """Tokens of the same examples in rows of their own (what is fed: the end of a turn never is)."""
        return sum(example.tokens - 1 for example in self.examples)


def pack_of(examples: Sequence[Example], scales: OptionScales | None = None) -> Pack:
    """Put examples into one row.

    Args:
        examples: One or more.
        scales: Also hang all options of their scales below the people of groups of two or more, for the distribution
            term; None where it is not wanted.
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
    hung = _hang_options(tree, ordered, ends, scales) if scales is not None else []
    start, last = tree.depth_first()
    return Pack(
        tokens=_moved(tree.tokens, start),
        positions=_moved(tree.depth, start),
        last=_moved(last, start),
        rows=start[np.array(rows)],
        targets=np.array(targets),
        owner=np.array(owner),
        examples=tuple(ordered),
        groups=tuple(GroupOptions(options, start[places], answer) for options, places, answer in hung),
    )


def partition(examples: Sequence[Example], budget: int, scales: OptionScales | None = None) -> list[list[Example]]:
    """Share examples out into packs of about `budget` tokens; neighbours in the tree stay together.

    Groups stay whole where they fit. The size of a pack is estimated from above, from what neighbouring groups share.

    Args:
        examples: Of one optimiser step.
        budget: Tokens of a pack; a single example may have more.
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
    """The smallest budget with which `partition` cuts no group."""
    return max(tree_size(group, scales) for group in _sorted_groups(examples))


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """The examples in two parts, between two groups where there are several; needs two examples or more."""
    ordered = sorted(examples, key=lambda example: (example.group, *_sort_key(example)))
    middle = len(ordered) // 2
    edges = [i for i in range(1, len(ordered)) if ordered[i].group != ordered[i - 1].group]
    cut = min(edges, key=lambda edge: abs(edge - middle)) if edges else middle
    return ordered[:cut], ordered[cut:]


def tree_size(examples: Sequence[Example], scales: OptionScales | None = None) -> int:
    """Tokens of these examples in one tree, answers counted without what they share. Needs sorted examples."""
    own = sum(example.tokens - 1 for example in examples)
    if scales is not None and len(examples) > 1:
        own += sum(len(scales.of(e.cell.scale).tree.fed) for e in examples if e.cell.scale.values is not None)
    return own - sum(common_prefix(a.prompt, b.prompt) for a, b in pairwise(examples))


def common_prefix(a: Ints, b: Ints) -> int:
    """Tokens with which both begin."""
    shorter = min(len(a), len(b))
    differ = np.flatnonzero(a[:shorter] != b[:shorter])
    return int(differ[0]) if len(differ) else shorter


class _Tree:
    """Tokens with what stands above each; a token comes after the one above it."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.depth: list[int] = []
        self.parent: list[int] = []
        self._known: dict[tuple[int, int], int] = {}

    def add_prompts(self, prompts: Sequence[Ints]) -> list[int]:
        """The place of each prompt's last token; the prompts are sorted."""
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
        """The place of an answer's token below another token, made when it is new."""
        if (place, token) not in self._known:
            self._known[place, token] = self._add(place, token)
        return self._known[place, token]

    def depth_first(self) -> tuple[Ints, Ints]:
        """(L,) the place of each token in depth-first order, and one past the end of what hangs below it there."""
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
    """Orders by tokens: big-endian bytes compare as the numbers do."""
    return example.prompt.astype(">u4").tobytes(), example.answer


def _fitting(group: list[Example], budget: int, scales: OptionScales | None) -> list[list[Example]]:
    """A sorted group, cut in halves until each part fits or is a single example."""
    if len(group) == 1 or tree_size(group, scales) <= budget:
        return [group]
    middle = len(group) // 2
    return [*_fitting(group[:middle], budget, scales), *_fitting(group[middle:], budget, scales)]


def _hang_options(
    tree: _Tree, examples: Sequence[Example], ends: Sequence[int], scales: OptionScales
) -> list[tuple[OptionScale, Ints, Ints]]:
    """Add the fed option nodes below the people of each group of two or more; options, places (n, R), answers (n,)."""
    members: dict[int, list[int]] = {}
    for number, example in enumerate(examples):
        if example.cell.scale.values is not None:
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
