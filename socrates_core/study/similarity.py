"""The similarity in wording between stimuli, computed exactly for all pairs at once.

Similarity is the Jaccard index |A ∩ B| / |A ∪ B| of two stimuli's sets of phrases, a phrase being five consecutive
words without case and punctuation. The answer instruction is excluded: half of all stimuli end in the same one.
"""

import hashlib
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

SKETCH: Final = 64
"""Hashes in the sketch of a stimulus: the standard error of a similarity of 0.5 is 0.06."""

Hashes = npt.NDArray[np.uint64]

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
    matrix = _phrases([_words(stimulus) for stimulus in stimuli])
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


def sketch(stimulus: str, size: int = SKETCH) -> Hashes:
    """(≤ size,) the smallest hashes of a stimulus's phrases, sorted: a bottom-k sketch (Broder 1997).

    Two sketches estimate the similarity of two texts without containing either; see `sketch_similarity`.
    """
    words = _words(stimulus)
    phrases = {
        " ".join(words[start : start + WORDS]) for start in range(max(min(1, len(words)), len(words) - WORDS + 1))
    }
    hashes = [hashlib.blake2b(phrase.encode(), digest_size=8).digest() for phrase in phrases]
    return np.sort(np.frombuffer(b"".join(hashes), dtype="<u8"))[:size].astype(np.uint64)


def sketch_similarity(a: Hashes, b: Hashes, size: int = SKETCH) -> float:
    """The Jaccard index of two sets of phrases, estimated from their sketches, in [0, 1].

    The `size` smallest hashes of the union are a random sample of it; the estimate is the share of them in both. It is
    exact if the union has no more phrases than that. 0 if one of the texts has none.
    """
    both = np.union1d(a, b)[:size]
    if not len(a) or not len(b):
        return 0.0
    return float((np.isin(both, a) & np.isin(both, b)).mean())


def similar_sketches(
    left: Sequence[Hashes], right: Sequence[Hashes], threshold: float, size: int = SKETCH
) -> Iterator[tuple[int, int, float]]:
    """The pairs of a left and a right sketch whose estimated similarity is at least the threshold.

    Yields:
        Positions on the left and on the right, and the estimate; only pairs with a hash in common are looked at.
    """
    holders: dict[int, list[int]] = {}
    for place, one in enumerate(left):
        for number in one.tolist():
            holders.setdefault(number, []).append(place)
    for b, one in enumerate(right):
        for a in sorted({place for number in one.tolist() for place in holders.get(number, ())}):
            similarity = sketch_similarity(left[a], one, size)
            if similarity >= threshold:
                yield a, b, similarity


def without_instruction(stimulus: str) -> str:
    """The stimulus up to its answer instruction ("Only return an integer from 1 to 7, nothing else.")."""
    start = instruction_start(stimulus)
    return stimulus if start < len(stimulus) - INSTRUCTION_LENGTH else stimulus[:start]


def _words(stimulus: str) -> list[str]:
    return re.findall(r"\w+", without_instruction(stimulus).casefold())


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
