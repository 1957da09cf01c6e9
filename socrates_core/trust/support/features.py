"""What a calibration keeps of the studies that it was fitted on, to say later whether a question is like theirs.

It keeps no text and no row. Of stimuli it keeps 32-bit hashes: of their words, and a small sketch of their phrases.
With these one can tell that a text is nearly one of theirs, and what share of its words they have; one cannot read
them. Of people it keeps the names of attributes, and hashes of their values.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.study.similarity import Hashes, sketch, sketch_similarity, without_instruction
from socrates_core.trust.error_model.evidence import FAMILIES, family_of
from socrates_core.trust.support.language import COMMON, language_of

PHRASES: Final = 32
"""Hashes in the sketch of a stimulus; the standard error of a similarity of 0.5 is 0.09."""

MOST_STIMULI: Final = 1000
"""Stimuli that are sketched, those of a study in turn: 170 kB at most."""

MOST_HASHES: Final = 2**15
"""Hashes of words, and of values of attributes: 175 kB each at most."""

SHORTEST_WORD: Final = 4
"""Letters of a word that says what a text is about."""

PEOPLE: Final = {
    "bundled": "mostly people in the United States (General Social Survey, American polls and panels, Many Labs)",
    "socsci210": "people in the United States (representative panels of TESS)",
}
"""Source of studies → who answered them, as far as it states."""

Numbers = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class SupportFeatures:
    """What the studies of a calibration are like. Counts are of independent groups."""

    groups: int
    families: Mapping[str, int]
    """Family of scales → groups with one of it."""
    lengths: Mapping[str, int]
    """Options on the axis → groups with such a scale. Keys are texts, as in JSON."""
    attributes: Mapping[str, int]
    """Attribute, see `attribute_name` → groups whose people were described by it."""
    undescribed: int
    """Groups with people of whom no attribute is known."""
    english: int
    """Groups whose texts are English, see `language`."""
    people: str
    """Who answered, in words; empty where the source does not say."""
    values: str
    """Hashes of `attribute: value`, in base64."""
    words: str
    """Hashes of the words of all stimuli, in base64."""
    sketches: tuple[tuple[str, str], ...]
    """Study and the sketch of one of its stimuli, in base64."""
    likeness: tuple[float, ...]
    """Ascending, of each group: the share of its words that the others' stimuli have, mean over its own stimuli.
    Intervals are tried on groups left out, that is, on texts as new as these shares say."""

    def __post_init__(self) -> None:
        """Refuse what no studies have."""
        by_name = (self.families, self.lengths, self.attributes)
        counts = [*(n for some in by_name for n in some.values()), self.undescribed, self.english]
        if self.groups < 1 or not all(0 <= one <= self.groups for one in counts) or set(self.families) - set(FAMILIES):
            raise ValueError("counts of groups are from 0 to all of them, by known families of scales")
        if not all(re.fullmatch(r"[1-9]\d{0,8}", one) for one in self.lengths):
            raise ValueError("lengths of scales are whole numbers")
        if not all(0 <= one <= 1 for one in self.likeness):
            raise ValueError("shares of words are in [0, 1]")
        if len(self.sketches) > MOST_STIMULI:
            raise ValueError(f"at most {MOST_STIMULI} stimuli are sketched")
        for packed in (self.values, self.words, *(one for _, one in self.sketches)):
            _unpacked(packed)

    @cached_property
    def known_values(self) -> Numbers:
        """Sorted hashes."""
        return _unpacked(self.values)

    @cached_property
    def known_words(self) -> Numbers:
        """Sorted hashes."""
        return _unpacked(self.words)

    @cached_property
    def known_sketches(self) -> tuple[tuple[Hashes, ...], Hashes, npt.NDArray[np.int64]]:
        """The sketches, all their hashes in a row, and the place of the sketch that each is of."""
        found = tuple(_unpacked(packed).astype(np.uint64) for _, packed in self.sketches)
        place = np.repeat(np.arange(len(found)), [len(one) for one in found])
        return found, np.concatenate([*found, np.zeros(0, np.uint64)]), place

    def nearest(self, stimulus: str) -> tuple[str, float]:
        """The tested study with the most similar stimulus, and the similarity of their phrases in [0, 1]; none, and 0,
        if no phrase is in common.
        """
        asked = phrases_of(stimulus)
        sketches, every, place = self.known_sketches
        common = np.unique(place[np.isin(every, asked)]).tolist()
        found = [(sketch_similarity(sketches[one], asked, PHRASES), self.sketches[one][0]) for one in common]
        similarity, study = max(found, default=(0.0, ""))
        return study, similarity

    def known_share(self, words: Numbers) -> float:
        """Share of these words, one or more of `words_of`, that are in tested stimuli, in [0, 1]."""
        return float(np.isin(words, self.known_words).mean())


def features_of(cells: Sequence[CellPredictions], source: str | None = None) -> SupportFeatures:
    """What is kept of studies.

    Args:
        cells: Those that an error model is fitted on, one or more; all have options with an order.
        source: Where the studies come from, as their manifest states.
    """
    families: dict[str, set[str]] = {}
    lengths: dict[str, set[str]] = {}
    attributes: dict[str, set[str]] = {}
    texts: dict[str, list[str]] = {}
    undescribed, values = set(), set()
    stimuli: dict[str, dict[str, None]] = {}
    for cell in cells:
        assert cell.values is not None
        group = cell.group or cell.study_id
        families.setdefault(family_of(len(cell.values)), set()).add(group)
        lengths.setdefault(str(len(cell.values)), set()).add(group)
        for name, known in cell.attributes.items():
            attributes.setdefault(attribute_name(name), set()).add(group)
            values |= {value_text(name, one) for one in set(known) if one is not None}
        if not cell.attributes:
            undescribed.add(group)
        stimulus = cell.stimulus or ""
        texts.setdefault(group, []).append(without_instruction(stimulus))
        stimuli.setdefault(cell.study_id, {})[stimulus] = None
    every = [stimulus for of_study in stimuli.values() for stimulus in of_study]
    return SupportFeatures(
        groups=len(texts),
        families={name: len(families[name]) for name in FAMILIES if name in families},
        lengths={length: len(lengths[length]) for length in sorted(lengths, key=int)},
        attributes={name: len(attributes[name]) for name in sorted(attributes)},
        undescribed=len(undescribed),
        english=sum(language_of(" ".join(one)).language == "english" for one in texts.values()),
        people=next((words for name, words in PEOPLE.items() if name in (source or "").casefold()), ""),
        values=_packed(_hashes(values)[:MOST_HASHES]),
        words=_packed(np.unique(np.concatenate([words_of(one) for one in every]))[:MOST_HASHES]),
        sketches=tuple((study, _packed(phrases_of(one))) for study, one in _in_turn(stimuli)),
        likeness=_likeness(texts),
    )


def attribute_name(name: str) -> str:
    """The same for names that studies give to one attribute: `age_group`, `Age`."""
    plain = re.sub(r"[\W_]+", " ", name.casefold()).strip()
    return ALIASES.get(plain, plain)


ALIASES: Final = {
    "age group": "age", "age bracket": "age", "sex": "gender", "educ": "education", "education level": "education",
    "household income": "income", "party id": "party", "party identification": "party", "census region": "region",
    "race ethnicity": "race", "ethnicity": "race", "political ideology": "ideology",
}  # fmt: skip
"""Another name of an attribute → its name here."""


def value_text(attribute: str, value: object) -> str:
    """What is hashed of one value."""
    return f"{attribute_name(attribute)}: {str(value).strip().casefold()}"


def values_of(attribute: str, values: Iterable[object]) -> Numbers:
    """(N,) hashes of these values, in order."""
    return np.array([_hash(value_text(attribute, one)) for one in values], dtype=np.uint32)


def words_of(stimulus: str) -> Numbers:
    """(U,) sorted hashes of the distinct words of four letters or more, the answer instruction and the commonest words
    left out.
    """
    found = re.findall(r"[^\W\d_]+", without_instruction(stimulus).casefold())
    return _hashes({word for word in found if len(word) >= SHORTEST_WORD and word not in COMMON})


def phrases_of(stimulus: str) -> Hashes:
    """(≤ 32,) the upper halves of a stimulus's sketch, sorted."""
    return np.asarray(sketch(stimulus, PHRASES) >> np.uint64(32))


def _likeness(texts: Mapping[str, Sequence[str]]) -> tuple[float, ...]:
    """See `SupportFeatures.likeness`; empty if there is one group."""
    words = {group: [words_of(one) for one in some] for group, some in texts.items()}
    every = [np.unique(np.concatenate(some)) for some in words.values()]
    found, groups = np.unique(np.concatenate(every), return_counts=True)
    shared = found[groups > 1]
    shares = [[float(np.isin(one, shared).mean()) for one in some if len(one)] for some in words.values()]
    return tuple(sorted(float(np.mean(some)) for some in shares if some)) if len(texts) > 1 else ()


def _in_turn(stimuli: Mapping[str, Mapping[str, None]]) -> list[tuple[str, str]]:
    """(study, stimulus) of every study's first, then of every study's second, up to `MOST_STIMULI`."""
    found = [(place, study, one) for study, some in stimuli.items() for place, one in enumerate(some)]
    return [(study, one) for _, study, one in sorted(found, key=lambda one: one[:2])[:MOST_STIMULI]]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).digest(), "little")


def _hashes(texts: Iterable[str]) -> Numbers:
    return np.unique(np.array([_hash(one) for one in texts], dtype=np.uint32))


def _packed(numbers: npt.NDArray[np.unsignedinteger]) -> str:
    return base64.b64encode(numbers.astype("<u4").tobytes()).decode()


def _unpacked(packed: str) -> Numbers:
    """Raises ValueError for what is no list of 32-bit numbers, or a longer one than is ever kept."""
    try:
        raw = base64.b64decode(packed, validate=True)
    except binascii.Error as error:
        raise ValueError("hashes are in base64") from error
    if len(raw) > 4 * MOST_HASHES or len(raw) % 4:
        raise ValueError(f"hashes are up to {MOST_HASHES} numbers of 32 bits")
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32)
