"""In what settings differ, and names that say it."""

import string
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from socrates_core.people.edit import describe
from socrates_core.simulation.what_if.setting import PredictedSetting

LONGEST: Final = 36
"""Characters of a value within a name."""


def aspects(setting: PredictedSetting) -> dict[str, str]:
    """Model, sampling and edits of a setting, in words."""
    model, request = setting.first.model, setting.first.request
    return {
        "Model": model.name,
        "Adapter": model.adapter or "none",
        "Template": model.template or "none",
        "Temperature": f"{request.temperature:g}",
        "Top-p": f"{request.top_p:g}",
        "Simulated people": "those who answered" if request.n is None else f"{request.n:,}",
        "Seed": str(request.seed),
        "Edits of the people": "; ".join(map(describe, request.edits)) or "none",
    }


def texts(setting: PredictedSetting) -> dict[tuple[str, str], str]:
    """(outcome, condition) → what people read there; case of names makes no difference."""
    made = ((one.name.casefold(), one.simulation) for one in setting.found if one.simulation is not None)
    return {(name, arm.label.casefold()): arm.cell.stimulus for name, simulation in made for arm in simulation.arms}


def named_apart(settings: Sequence[PredictedSetting]) -> list[PredictedSetting]:
    """Settings without a name as A, B, …, each with what sets it apart: `B (temperature 0.5, other texts)`."""
    if any(one.name for one in settings):
        return list(settings)
    described, first = [aspects(one) for one in settings], settings[0]
    differing = [aspect for aspect in described[0] if len({one[aspect] for one in described}) > 1]
    if "Model" in differing or "Adapter" in differing:  # a template comes with either
        differing = [aspect for aspect in differing if aspect != "Template"]
    if "Model" in differing and "Adapter" in differing:
        models = [one["Model"] for one in described]
        differing = [aspect for aspect in differing if aspect != "Adapter" or len(set(models)) < len(models)]
    named = []
    for letter, setting, values in zip(string.ascii_uppercase, settings, described, strict=False):
        told = [_told(aspect, values[aspect]) for aspect in differing]
        told += ["other people"] if setting.population != first.population else []
        told += ["other texts"] if texts(setting) != texts(first) else []
        named.append(replace(setting, name=f"{letter} ({', '.join(told)})" if told else letter))
    return named


def short(name: str) -> str:
    """A setting's name without what sets it apart, for the head of a table."""
    return name.partition(" (")[0]


def _told(aspect: str, value: str) -> str:
    short = value if len(value) <= LONGEST else f"…{value[-LONGEST:]}"
    if aspect == "Model":
        return short
    if aspect == "Simulated people":
        return f"{short} people"
    if aspect in ("Adapter", "Edits of the people") and value == "none":
        return "no adapter" if aspect == "Adapter" else "no edits"
    return short if aspect == "Edits of the people" else f"{aspect.lower()} {short}"
