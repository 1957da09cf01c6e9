"""The options of a scale as a token tree, and their probabilities from those of the tokens.

An option's probability is that of *the first number the model writes* being that option: the product over its
tokens, times the probability that the next token does not begin with a digit. The last factor distinguishes 1 from 10
and 100; it is left out if no option's text is a proper prefix of another's, as on 1..7. Where options have decimals, a
decimal point goes on with a number too: 3 is not the beginning of 3.5. (A full stop after the number looks the same, so
its probability counts as off the scale.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from socrates_core.scale.distribution import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OptionTree:
    """K options as a tree of E tokens below the last token of a prompt. Nodes come after their parents.

    To compute all options' probabilities the network has to be fed the R - 1 nodes of `fed` below the prompt; the
    prompt's last token is row 0, the fed nodes are rows 1..R-1, and the output at a row predicts the tokens below it.
    """

    tokens: Ints
    """(E,) the token at each node."""
    parent: Ints
    """(E,) the parent node, -1 for the prompt."""
    depth: Ints
    """(E,) depth below the prompt, from 1."""
    ends: Ints
    """(K,) the node that ends each option."""
    stops: bool
    """Whether the probability that the number ends after the option is a factor."""
    points: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(Q,) the tokens of a decimal point with which an option goes on after another one; they do not end a number."""

    @cached_property
    def fed(self) -> Ints:
        """(R - 1,) the nodes to feed to the network: those with children, and all ends if `stops`."""
        needed = np.zeros(len(self.tokens), dtype=bool)
        needed[self.parent[self.parent >= 0]] = True
        if self.stops:
            needed[self.ends] = True
        return np.flatnonzero(needed)

    @cached_property
    def source_row(self) -> Ints:
        """(E,) the row whose output predicts each node's token."""
        row = np.zeros(len(self.tokens) + 1, dtype=np.int64)
        row[self.fed] = np.arange(1, len(self.fed) + 1)
        row[-1] = 0  # parent -1, the prompt
        return row[self.parent]

    @cached_property
    def end_row(self) -> Ints:
        """(K,) the row whose output predicts whether the number continues after each option; only if `stops`."""
        return np.searchsorted(self.fed, self.ends) + 1

    @cached_property
    def ancestry(self) -> npt.NDArray[np.bool_]:
        """(R - 1, R - 1) whether fed node j is fed node i or an ancestor of it."""
        position = {int(node): index for index, node in enumerate(self.fed)}
        above = np.eye(len(self.fed), dtype=bool)
        for index, node in enumerate(self.fed):
            if self.parent[node] >= 0:
                above[index] |= above[position[int(self.parent[node])]]
        return above

    def log_probs(self, token_logs: Floats, stop_logs: Floats | None) -> Floats:
        """(N, K) log-probabilities of the options.

        Args:
            token_logs: (N, E) log P(node's token | all before it).
            stop_logs: (N, K) log P(the next token does not begin with a digit | option); None unless `stops`.
        """
        total = np.empty_like(token_logs)
        for node, above in enumerate(self.parent):
            total[:, node] = token_logs[:, node] + (total[:, above] if above >= 0 else 0.0)
        logs = total[:, self.ends]
        return logs if stop_logs is None else np.asarray(logs + stop_logs)


def option_tree(options: Sequence[tuple[str, tuple[int, ...]]]) -> OptionTree:
    """The tree of some options, each a text and its tokens.

    Raises:
        ValueError: If there are none, or two have the same tokens.
    """
    texts = {text for text, _ in options}
    stops = any(text[:length] in texts for text in texts for length in range(1, len(text)))
    nodes: dict[tuple[int, ...], int] = {}
    tokens: list[int] = []
    parent: list[int] = []
    depth: list[int] = []
    ends: list[int] = []
    known = dict(options)
    points = {
        longer[len(ids)]
        for other, longer in options
        if "." in other and (ids := known.get(other.partition(".")[0])) and longer[: len(ids)] == ids
    }
    for _, ids in options:
        for length in range(1, len(ids) + 1):
            path = ids[:length]
            if path not in nodes:
                nodes[path] = len(tokens)
                tokens.append(path[-1])
                parent.append(nodes[path[:-1]] if length > 1 else -1)
                depth.append(length)
        ends.append(nodes[ids])
    if len(set(ends)) != len(options) or not options:
        raise ValueError(f"options need distinct tokens, got {[text for text, _ in options]}")
    after = np.array(sorted(points), dtype=np.int64)
    return OptionTree(np.array(tokens), np.array(parent), np.array(depth), np.array(ends), stops, after)
