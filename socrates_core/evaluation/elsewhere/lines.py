"""The lines of a file of predictions: what each is about, what somebody answered and what was predicted."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.elsewhere.rows import Rows
from socrates_core.evaluation.elsewhere.values import has_decimal_commas, name_of, number, printable
from socrates_core.metrics.cell.answers import MOST
from socrates_core.scale.answer_scale import MAX_OPTIONS
from socrates_core.study.sources.table.answers import NO_VALUE
from socrates_core.study.sources.table.numerals import Spellings, as_code

SCENARIO: Final = "Scenario: "
"""What precedes the stimulus in the original run's `input`."""


@dataclass(frozen=True)
class Unread:
    """A line that cannot be read."""

    place: int
    what: str
    missing: bool
    """Whether somebody gave no answer; otherwise there is one that is lost."""

    def __str__(self) -> str:
        return f"line {self.place}: {self.what}"


@dataclass(frozen=True)
class Line:
    """One line that can be read: what it is about, what somebody answered and what was predicted."""

    place: int
    study: str
    condition: str
    label: str
    task: str
    stimulus: str | None
    ends: tuple[int, int] | None
    answer: float
    predicted: float
    person: str
    weight: float
    """The survey weight, 0 or more; NaN where none is given."""


@dataclass(frozen=True)
class Lines:
    """What the lines of a file are."""

    read: list[Line]
    """Those that can be read."""
    unread: list[Unread]
    """The others."""
    assumed: list[str]
    """What they leave open and was taken for granted, in words."""


def read_lines(read: Rows, columns: Mapping[str, str], path: Path) -> Lines:
    """Read the lines of a file.

    Raises:
        PredictionError: If a stated scale or a weight is none, or one study, arm or task may have two names.
    """
    commas = {
        what
        for what in ("true", "predicted", "low", "high", "weight")
        if read.decimal_commas and what in columns and has_decimal_commas(row.get(columns[what]) for row in read.rows)
    }
    lines: list[Line] = []
    unread: list[Unread] = []
    studies, arms, tasks = Spellings("study", floats=False), Spellings("condition"), Spellings("task")
    for place, row in enumerate(read.rows, start=1):
        get = {what: row.get(name) for what, name in columns.items()}
        answer = number(get["true"], "true" in commas)
        study, condition, task = name_of(get["study"]), name_of(get["condition"]), name_of(get.get("task"))
        if not study or not condition or math.isnan(answer) or abs(answer) > MOST:
            missing = name_of(get["true"]).lower() in NO_VALUE
            what = "no answer" if missing else f"answer {shown(get['true'])[:40]!r}"
            what = "no study" if not study else "no condition" if not condition else what
            unread.append(Unread(place, what, missing))
            continue
        studies.add("", study)
        arms.add(study, condition)
        tasks.add(study, task)
        lines.append(
            Line(
                place=place,
                study=study,
                condition=as_code(condition),
                label=name_of(get.get("label")),
                task=as_code(task),
                stimulus=_stimulus(get.get("stimulus")),
                ends=_ends(get.get("low"), get.get("high"), commas, f"{shown(path)}, line {place}"),
                answer=answer,
                predicted=number(get["predicted"], "predicted" in commas),
                person=_person(get.get("participant")),
                weight=_weight(get["weight"], "weight" in commas, f"{shown(path)}, line {place}")
                if "weight" in get
                else 1.0,
            )
        )
    clash = studies.clash() or arms.clash() or tasks.clash()
    if clash is not None:
        raise PredictionError(f"{shown(path)}: {clash}")
    listed = ", ".join(shown(columns[what]) for what in sorted(commas, key=lambda what: columns[what]))
    return Lines(lines, unread, [*([f"{listed}: 2,5 is 2.5"] if commas else []), *arms.said(), *tasks.said()])


def _person(value: object) -> str:
    """Who answered, 7.0 like 7; empty where nobody says."""
    name = name_of(value)
    name = name.partition(".")[0] if re.fullmatch(r"\d+\.0+", name) else name
    return "" if name.lower() in NO_VALUE else name


def _weight(value: object, decimal_comma: bool, where: str) -> float:
    if name_of(value).lower() in NO_VALUE:
        return math.nan
    weight = number(value, decimal_comma)
    if not 0 <= weight <= MOST:
        raise PredictionError(
            f"{where}: the weight {shown(name_of(value))[:40]!r} is not a number of 0 or more; correct it, leave it "
            "empty, or rename the column if it holds no survey weights"
        )
    return weight


def _stimulus(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    value = printable(value)
    return value.partition(SCENARIO)[2] if value.startswith("Demographics:") and SCENARIO in value else value


def _ends(low: object, high: object, commas: set[str], where: str) -> tuple[int, int] | None:
    """The ends of a stated scale; None where none is stated."""
    if not name_of(low) and not name_of(high):
        return None
    first, last = number(low, "low" in commas), number(high, "high" in commas)
    whole = first.is_integer() and last.is_integer() and abs(first) <= MOST and abs(last) <= MOST
    if not whole or first >= last:
        raise PredictionError(
            f"{where}: from scale_min {shown(name_of(low))!r} to scale_max {shown(name_of(high))!r} is no scale; give "
            "two whole numbers, the smaller one first, or leave both empty"
        )
    if last - first >= MAX_OPTIONS:
        raise PredictionError(
            f"{where}: a scale from {int(first):,} to {int(last):,} has more than {MAX_OPTIONS:,} options; leave "
            "scale_min and scale_max empty where the outcome is an amount, and W is by the range of the answers"
        )
    return int(first), int(last)
