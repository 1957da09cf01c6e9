"""The rule by which a question is inside what was tested, at its edge, or outside.

Six features are looked at, each by itself, and the least favourable one decides. The rule and its constants were
declared before the coverage inside and outside was looked at, and are not fitted to it. At the edge intervals are
shown with this warning; outside none is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from socrates_core.people.edit import attribute_words
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.similarity import ALIKE, without_instruction
from socrates_core.trust.error_model.evidence import family_of
from socrates_core.trust.support.features import SupportFeatures, attribute_name, values_of, words_of
from socrates_core.trust.support.language import language_of

Place = Literal["inside", "edge", "outside"]
PLACES: Final[tuple[Place, ...]] = ("inside", "edge", "outside")
"""From the most favourable on."""

PLACE_WORDS: Final[Mapping[Place, str]] = {
    "inside": "inside what was tested",
    "edge": "at the edge of what was tested",
    "outside": "outside what was tested",
}

TWICE: Final = 2
"""Groups from which a property counts as tested: one alone may be one of a kind."""

FAMILY: Final = 5
"""Groups from which a family of scales counts as tested: as many as an error model is fitted on."""

LOWEST: Final = 0.1
"""Share of the tested groups that may be less like the others in their words than a text that is inside: nine in ten
are as like. Below half of what they share, a text is outside."""

FEW_WORDS: Final = 8
"""Distinct words below which a text is too short for a share of them to put it outside."""

STRANGERS: Final = 0.1
"""Share of the different profiles with an untested value of a tested attribute above which people count as untested."""

COUNTRY: Final = re.compile(r"\b(country|nation|nationality|citizenship|residence)\b")
AMERICAN: Final = frozenset(
    {"us", "usa", "u s", "u s a", "united states", "united states of america", "america", "american"}
)


@dataclass(frozen=True, eq=False)
class SupportQuestion:
    """What is asked, and of whom."""

    scale: AnswerScale
    stimuli: Sequence[str]
    """Those of all arms that are compared."""
    people: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """Attribute → its values in the different profiles of the simulated people, in one order; None where it is not
    known."""
    edited: bool = False
    """Whether shares were moved or people replaced: nobody has answered as such a population."""


@dataclass(frozen=True)
class Finding:
    """What one feature says."""

    feature: Literal["scale", "attributes", "language", "text", "people", "population"]
    place: Place
    sentence: str
    """Why, without a full stop."""


@dataclass(frozen=True)
class Support:
    """Whether an interval can be claimed for a question."""

    findings: tuple[Finding, ...]
    """One for each feature, the least favourable first."""
    tested: str | None
    """The tested study that has nearly the same text, if one has."""

    @property
    def place(self) -> Place:
        """That of the least favourable finding."""
        return self.findings[0].place

    @property
    def sentence(self) -> str:
        """`At the edge of what was tested: …` with what decided it; `Inside what was tested` where nothing spoke
        against it. Without a full stop.
        """
        words = PLACE_WORDS[self.place][:1].upper() + PLACE_WORDS[self.place][1:]
        why = [one.sentence for one in self.findings if one.place == self.place != "inside"]
        return f"{words}: {'; '.join(why)}" if why else words


def support_of(features: SupportFeatures, asked: SupportQuestion) -> Support:
    """Judge a question by the studies of a calibration.

    Args:
        features: What the calibration's studies are like.
        asked: The question, its arms and its people.
    """
    near = [features.nearest(stimulus) for stimulus in asked.stimuli]
    study, similarity = max(near, key=lambda one: one[1], default=("", 0.0))
    tested = study if similarity >= ALIKE else None
    findings = [
        _scale(features, asked.scale),
        _attributes(features, asked),
        _language(features, asked.stimuli),
        _text(features, asked.stimuli, tested),
        _people(features, asked),
        _population(asked),
    ]
    return Support(tuple(sorted(findings, key=lambda one: -PLACES.index(one.place))), tested)


def _scale(features: SupportFeatures, scale: AnswerScale) -> Finding:
    if scale.values is None or scale.nominal or len(scale.values) < 2:
        kind = "answers are any number" if scale.values is None else "the options have no order"
        return Finding("scale", "outside", f"{kind}, and only scales with ordered options were tested")
    options = len(scale.values)
    family = family_of(options)
    alike = {int(length): n for length, n in features.lengths.items() if family_of(int(length)) == family}
    told = f"a scale with {options} options"
    if not alike:
        return Finding("scale", "outside", f"{told}, and none with {family} was tested")
    groups = features.families.get(family, 0)
    if groups < FAMILY:
        return Finding("scale", "edge", f"{told}, and {_groups(groups)} with {family} {_were(groups)} tested")
    if not min(alike) <= options <= max(alike):
        return Finding("scale", "edge", f"{told}; those of this kind that were tested had {_lengths(alike)}")
    return Finding("scale", "inside", f"{told}: {groups} groups with {family} were tested")


def _attributes(features: SupportFeatures, asked: SupportQuestion) -> Finding:
    names = _described(asked.people)
    if not names:
        n = features.undescribed
        place: Place = "inside" if n >= TWICE else "edge"
        return Finding("attributes", place, f"people without a profile, as in {_groups(n)} that were tested")
    known = {name: features.attributes.get(attribute_name(name), 0) for name in names}
    new = [name for name, groups in known.items() if groups < TWICE]
    if not new:
        return Finding("attributes", "inside", f"profiles of {_listed(names)}, which were tested")
    told = f"{_listed(new)} in the profiles {_were(len(new))} tested in fewer than {TWICE} groups"
    return Finding("attributes", "outside" if not any(known.values()) else "edge", told)


def _language(features: SupportFeatures, stimuli: Sequence[str]) -> Finding:
    found = {language_of(without_instruction(one)).language for one in stimuli} or {"unclear"}
    others = features.groups - features.english
    if "other" in found:
        place: Place = "edge" if others >= TWICE else "outside"
        return Finding("language", place, "a text that is not English, and the tested ones are English")
    if features.english < TWICE:
        return Finding("language", "outside", "an English text, and the tested ones are not English")
    if "unclear" in found:
        return Finding("language", "edge", "a text with too few common words to tell that it is English")
    return Finding("language", "inside", "English, as the tested texts are")


def _text(features: SupportFeatures, stimuli: Sequence[str], tested: str | None) -> Finding:
    if tested is not None:
        return Finding("text", "inside", f"nearly the text of the tested study {tested}")
    known = [(features.known_share(words), len(words)) for words in map(words_of, stimuli) if len(words)]
    if not known or not features.likeness:
        return Finding("text", "edge", "a text without words to compare with the tested ones")
    share, words = min(known)
    usual = float(np.quantile(features.likeness, LOWEST))
    told = f"{100 * share:.0f} % of the text's words are in tested texts"
    if share >= usual:
        return Finding("text", "inside", f"{told}, as in those that were left out to try the intervals")
    far = share < usual / 2 and words >= FEW_WORDS
    return Finding("text", "outside" if far else "edge", f"only {told}, fewer than in nine of ten tested ones")


def _people(features: SupportFeatures, asked: SupportQuestion) -> Finding:
    for name, values in asked.people.items():
        if COUNTRY.search(attribute_name(name)):
            elsewhere = sorted({str(one) for one in values if one is not None and not _american(one)})
            if elsewhere:
                where = f"people of {elsewhere[0][:40]}"
                return Finding("people", "outside", f"{where}, and those tested were people in the United States")
    who = features.people or "people of whom the studies do not say where they live"
    share = _strangers(features, asked.people)
    if share > STRANGERS:
        return Finding("people", "edge", f"{100 * share:.0f} % of the profiles have a value that was not tested")
    return Finding("people", "inside", f"tested on {who}; that yours are like them is for you to judge")


def _population(asked: SupportQuestion) -> Finding:
    if asked.edited:
        told = "people were replaced or shares moved, and studies with known profiles are too few to show that it holds"
        return Finding("population", "outside", told)
    return Finding("population", "inside", "people as they are, none replaced and no share moved")


def _described(people: Mapping[str, Sequence[object]]) -> list[str]:
    """Attributes that are known of somebody."""
    return [name for name, values in people.items() if any(one is not None for one in values)]


def _strangers(features: SupportFeatures, people: Mapping[str, Sequence[object]]) -> float:
    """Share of the profiles with an untested value of a tested attribute, in [0, 1]."""
    columns = []
    for name, values in people.items():
        if features.attributes.get(attribute_name(name), 0):
            different = list(dict.fromkeys(values))
            known = np.isin(values_of(name, different), features.known_values)
            new = {one for one, there in zip(different, known.tolist(), strict=True) if one is not None and not there}
            columns.append([one in new for one in values])
    return float(np.any(columns, axis=0).mean()) if columns and columns[0] else 0.0


def _american(value: object) -> bool:
    return re.sub(r"[\W_]+", " ", str(value).casefold()).strip() in AMERICAN


def _groups(n: int) -> str:
    return f"{n} group{'s' * (n != 1)}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _lengths(alike: Mapping[int, int]) -> str:
    low, high = min(alike), max(alike)
    return f"{low}" if low == high else f"{low} to {high}"


def _listed(names: Sequence[str]) -> str:
    plain = [attribute_words(name)[:40] for name in names]
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"
