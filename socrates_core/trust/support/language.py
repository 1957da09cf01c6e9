"""Whether a text is English, told from its letters and its commonest words.

This separates running English text from other languages; it does not name the other language, and it cannot tell from
a handful of words. A text in several languages counts by its share of English.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["english", "other", "unclear"]

COMMON: Final = frozenset(
    (
        "a", "about", "all", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
        "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its", "like", "make", "many",
        "more", "most", "much", "my", "no", "not", "of", "on", "one", "only", "or", "other", "our", "people", "please",
        "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "there", "these", "they", "this",
        "to", "very", "was", "we", "were", "what", "when", "where", "which", "who", "will", "with", "would", "you",
        "your",
    )
)  # fmt: skip
"""Words that make up 40 to 55 % of the words of English prose, and few of those of other languages."""

LATIN: Final = 0.8
"""Letters that are Latin in a text that can be English at all: names and symbols of other scripts may stand in it."""

ENGLISH: Final = 0.25
"""Share of common words from which a text is English: half of what English prose has."""

OTHER: Final = 0.15
"""Share below which it is not. German, French, Spanish and Dutch prose share up to a tenth of their words with `COMMON`
(in, so, was, a, on, is)."""

LEAST_WORDS: Final = 8
"""Words below which a share says nothing."""


@dataclass(frozen=True)
class Told:
    """What a text's letters and words say of its language."""

    words: int
    latin: float
    """Share of its letters that are Latin, in [0, 1]; 1 where it has none."""
    common: float
    """Share of its words that are in `COMMON`, in [0, 1]."""

    @property
    def language(self) -> Language:
        """English, another one, or too few words to tell."""
        if self.latin < LATIN:
            return "other"
        if self.words < LEAST_WORDS:
            return "unclear"
        if self.common >= ENGLISH:
            return "english"
        return "other" if self.common < OTHER else "unclear"


def language_of(text: str) -> Told:
    """What the letters and words of a text say of its language."""
    words = re.findall(r"[^\W\d_]+", text.casefold().replace("’", "'"))
    letters = "".join(words)
    latin = sum(one.isascii() or "À" <= one <= "ɏ" for one in letters)
    common = sum(word in COMMON for word in words)
    return Told(len(words), latin / len(letters) if letters else 1.0, common / len(words) if words else 0.0)
