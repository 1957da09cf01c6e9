"""The similarity in wording between stimuli, computed exactly for all pairs at once.

Similarity is the Jaccard index |A ∩ B| / |A ∪ B| of two stimuli's sets of phrases, a phrase being five consecutive
words without case and punctuation. The answer instruction is excluded: half of all stimuli end in the same one.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from socrates_core.scale.instruction import instruction_start

ALIKE: Final = 0.5
"""Similarity from which two stimuli are near-duplicates. Half of the phrases in common is far above what two unrelated
stimuli share; changing one name in a vignette of 100 words leaves about 0.9."""

WORDS: Final = 5
"""Consecutive words that make up a phrase."""

INSTRUCTION_LENGTH: Final = 800
"""In characters: enough for an instruction with a label on each of a dozen options; a request for a number further from
the end belongs to the vignette."""

_BLOCK: Final = 512
"""Rows of the similarity matrix that are in memory at a time."""


def similar_pairs(stimuli: Sequence[str], groups: Sequence[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """The pairs of stimuli in different groups that are at least as similar as the threshold.

    Args:
        stimuli: C texts.
        groups: C names, one per stimulus.
        threshold: In (0, 1].

    Yields:
        Positions of two stimuli, and their similarity in (0, 1]; 1 is the same phrases.

    Raises:
        ValueError: If the threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must lie in (0, 1], got {threshold}")
    matrix = _phrases([re.findall(r"\w+", without_instruction(stimulus).casefold()) for stimulus in stimuli])
    sizes = np.diff(matrix.indptr)  # (C,) phrases in each stimulus
    names = np.asarray(groups)
    for left, right in combinations(dict.fromkeys(groups), 2):
        rows, columns = np.flatnonzero(names == left), np.flatnonzero(names == right)
        transposed = matrix[columns].T.tocsr()
        for start in range(0, len(rows), _BLOCK):
            common = (matrix[rows[start : start + _BLOCK]] @ transposed).tocoo()
            a, b = rows[start + common.row], columns[common.col]
            similarity = common.data / (sizes[a] + sizes[b] - common.data)
            enough = similarity >= threshold
            yield from zip(a[enough].tolist(), b[enough].tolist(), similarity[enough].tolist(), strict=True)


def without_instruction(stimulus: str) -> str:
    """The stimulus up to its answer instruction ("Only return an integer from 1 to 7, nothing else.")."""
    start = instruction_start(stimulus)
    return stimulus if start < len(stimulus) - INSTRUCTION_LENGTH else stimulus[:start]


def _phrases(texts: list[list[str]]) -> Any:
    """(C, G) sparse 0/1 matrix: which of the G distinct phrases occur in which of the C texts.

    A text shorter than a phrase is one phrase, and an empty text has none.
    """
    vocabulary: dict[str, int] = {}
    stream: list[int] = []  # the texts in turn, each followed by WORDS − 1 blanks (0)
    owners: list[npt.NDArray[np.int64]] = []
    for row, words in enumerate(texts):
        stream += [vocabulary.setdefault(word, len(vocabulary) + 1) for word in words] + [0] * (WORDS - 1)
        phrases = max(min(1, len(words)), len(words) - WORDS + 1)
        owners.append(np.r_[np.full(phrases, row), np.full(len(words) + WORDS - 1 - phrases, -1)])
    numbers, owner = np.asarray(stream, np.int64), np.concatenate([*owners, np.zeros(0, np.int64)])
    phrase = numbers
    for step in range(1, WORDS):  # number the pairs of (phrase so far, next word) anew each time: exact, no hashing
        following = np.r_[numbers[step:], np.zeros(min(step, len(numbers)), np.int64)]
        phrase = np.unique(phrase * (len(vocabulary) + 1) + following, return_inverse=True)[1]
    kept = owner >= 0
    shape = (len(texts), int(phrase.max(initial=0)) + 1)
    matrix = scipy.sparse.csr_array((np.ones(kept.sum(), np.int32), (owner[kept], phrase[kept])), shape=shape)
    matrix.data[:] = 1  # a set: repeated phrases were summed
    return matrix
