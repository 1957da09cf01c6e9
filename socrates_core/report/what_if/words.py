"""What settings have in common and in what they differ, in words."""

from collections.abc import Sequence
from typing import Final

from socrates_core.report.document import Table
from socrates_core.simulation.what_if.naming import aspects, texts
from socrates_core.simulation.what_if.setting import PredictedSetting

EXCERPT: Final = 90
"""Characters of a text that are shown, from where the settings begin to differ."""
AROUND: Final = 12
"""Characters before what differs."""
MOST_TEXTS: Final = 6


def settings_table(settings: Sequence[PredictedSetting]) -> Table:
    """In what the settings differ, a row each; the model stands there in any case."""
    described = [aspects(one) for one in settings]
    rows = [
        (aspect, *(one[aspect] for one in described))
        for aspect in described[0]
        if aspect == "Model" or len({one[aspect] for one in described}) > 1
    ]
    populations = list(dict.fromkeys(one.population for one in settings))
    if len(populations) > 1:
        named = (f"population {1 + populations.index(one.population)}" for one in settings)
        rows.append(("Who can take part", *named))
    return Table(("Setting", *(one.name for one in settings)), (*rows, *_texts(settings)))


def same_words(settings: Sequence[PredictedSetting]) -> str:
    """What all settings have in common, as a sentence."""
    described = [aspects(one) for one in settings]
    same = [
        f"{aspect.lower()} {described[0][aspect]}"
        for aspect in described[0]
        if aspect != "Model" and described[0][aspect] != "none" and len({one[aspect] for one in described}) == 1
    ]
    if len({one.population for one in settings}) == 1:
        same.append("the people who can take part")
    same += [] if _texts(settings) else ["all texts"]
    return f"The same in all: {', '.join(same)}." if same else ""


def _texts(settings: Sequence[PredictedSetting]) -> list[tuple[str, ...]]:
    """The texts that differ, each once, from where they begin to."""
    by_setting = [texts(one) for one in settings]
    labels = {arm.label.casefold(): arm.label for found in settings[0].predicted for arm in found.arms}
    rows: dict[tuple[str, ...], str] = {}
    for outcome, condition in by_setting[0]:
        read = [one.get((outcome, condition), "") for one in by_setting]
        if len(set(read)) > 1:
            rows.setdefault(_excerpts(read), labels[condition])
    named = [(f"Text of {label}", *excerpts) for excerpts, label in rows.items()]
    if len(named) <= MOST_TEXTS:
        return named
    more = f"{len(named) - MOST_TEXTS} more texts differ"
    return [*named[:MOST_TEXTS], (more, *("…" for _ in settings))]


def _excerpts(read: Sequence[str]) -> tuple[str, ...]:
    """What differs in the texts, in whole words, with a word or two before it."""
    flat = [" ".join(text.split()) for text in read]
    there = [text for text in flat if text]
    start = there[0].rfind(" ", 0, max(0, _alike(there) - AROUND)) + 1
    tail = _alike([text[start:][::-1] for text in there])
    after = len(there[0][len(there[0]) - tail :].partition(" ")[2])
    shown = []
    for text in flat:
        part = text[start : len(text) - after]
        cut = after > 0 or len(part) > EXCERPT
        shown.append(f"{'…' * (start > 0)}{part[:EXCERPT].rstrip()}{'…' * cut}" if text else "not there")
    return tuple(shown)


def _alike(read: Sequence[str]) -> int:
    """How many letters the texts have in common from their beginning."""
    columns = enumerate(zip(*read, strict=False))
    return next((i for i, letters in columns if len(set(letters)) > 1), min(map(len, read)))
