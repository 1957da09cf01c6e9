"""Questions of Qualtrics with a column for each choice: multi-select, rank order, constant sum.

Each column is an outcome of its own: a choice is selected or not, an item has a rank, an entry a part of the total. The
names of the columns follow Qualtrics' downloads: the tag and the number of the choice, for multi-select its recode.
In a multi-select question 1 is "selected"; a choice that was seen and not selected is blank, or 0 or −99 if the
download was asked to write that. So a blank alone does not tell "not selected" from "never shown".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from socrates_core.study.sources.file.notes import ColumnNotes

SELECTED: Final[Mapping[str, str]] = {"0": "Not selected", "1": "Selected"}
"""The codes of a choice of a multi-select question."""
_SEEN: Final = ("0", "-99")
"""What a download writes, if it is asked to, for a choice that was seen and not selected."""
_LARGEST_TOTAL: Final = 1_000
_OPTION: Final = "“Recode seen but unanswered multi-value fields as 0”"

Question = Mapping[str, Any]


@dataclass(frozen=True)
class MultiSelect:
    """A multi-select question."""

    tag: str
    choices: Mapping[str, str]
    """Column → text of its choice."""
    forced: bool
    """Whether nobody goes on without a choice."""
    same_for_all: bool
    """Whether everybody who sees the question sees all of its choices."""


def multi_select(question: Question, tag: str, texts: Mapping[str, str]) -> MultiSelect | None:
    """A multi-select question with its columns; None for any other question.

    Args:
        question: As the survey file has it.
        tag: Its export tag.
        texts: Id of a choice → its text, in order.
    """
    selector = str(question.get("Selector", ""))
    if question.get("QuestionType") != "MC" or not selector.startswith(("MA", "MSB")) or not texts:
        return None
    recodes = question.get("RecodeValues")
    recodes = recodes if isinstance(recodes, dict) else {}
    columns = {f"{tag}_{recodes.get(key, key)}": text for key, text in texts.items()}
    if len(columns) < len(texts):  # two choices of one code share a column
        return None
    forced = _settings(question).get("ForceResponse") == "ON"
    return MultiSelect(tag, columns, forced, _shows_all(question))


def several_columns(question: Question, tag: str, text: str, texts: Mapping[str, str]) -> dict[str, ColumnNotes]:
    """Column → what is known of it, for a rank-order or constant-sum question; nothing where nothing can be told.

    A rank says something only beside the ranks of all other items, so a question that does not show everybody the same
    items has none to give. Without a total that everybody must meet, an amount has no scale: a map may state one.

    Args:
        question: As the survey file has it.
        tag: Its export tag.
        text: What people are asked.
        texts: Id of an item → its text, in order.
    """
    kind = question.get("QuestionType")
    if kind == "RO" and len(texts) > 1 and _shows_all(question):
        last = len(texts)
        values = {str(rank): str(rank) for rank in range(1, last + 1)} | {"1": "ranked first", str(last): "ranked last"}
    elif kind == "CS":
        total = _total(question)
        values = {} if total is None else {str(part): str(part) for part in range(total + 1)}
        if total is not None:
            values |= {"0": f"none of {total}", str(total): f"all of {total}"}
    else:
        return {}
    return {f"{tag}_{key}": ColumnNotes(f"{text} {item}".strip(), values) for key, item in texts.items()}


def _total(question: Question) -> int | None:
    """The sum that all entries of everybody have; None if none is enforced."""
    settings = _settings(question)
    stated = str(settings.get("ChoiceTotal", ""))
    if settings.get("Type") != "ChoicesTotal" or not (stated.isascii() and stated.isdecimal() and len(stated) <= 4):
        return None
    return int(stated) if 1 < int(stated) <= _LARGEST_TOTAL else None


def _settings(question: Question) -> Mapping[str, Any]:
    validation = question.get("Validation")
    settings = validation.get("Settings") if isinstance(validation, dict) else None
    return settings if isinstance(settings, dict) else {}


def _shows_all(question: Question) -> bool:
    """Whether no choice depends on earlier answers, and no random part of the choices is shown."""
    choices = question.get("Choices")
    listed = choices.values() if isinstance(choices, dict) else choices if isinstance(choices, list) else []
    random = question.get("Randomization")
    some = isinstance(random, dict) and random.get("Type") not in (None, "", "None", "All")
    return not (question.get("DynamicChoices") or some or any(
        isinstance(one, dict) and one.get("DisplayLogic") for one in listed
    ))  # fmt: skip


# -- the answers of a multi-select question ----------------------------------------------------------------------


def with_siblings(columns: Sequence[str], there: Sequence[str], questions: Sequence[MultiSelect]) -> list[str]:
    """The columns with all others of the same multi-select questions, of those that the table has."""
    wanted = dict.fromkeys(columns)
    for question in questions:
        if wanted.keys() & question.choices.keys():
            wanted |= dict.fromkeys(name for name in question.choices if name in there)
    return list(wanted)


def with_selected(rows: pl.DataFrame, question: MultiSelect) -> tuple[pl.DataFrame, Iterator[str]]:
    """The rows with 1 for a choice that was selected and 0 for one that was seen and not selected.

    Where the file does not tell whether a choice was seen, its column is empty: shares of a part of the people, taken
    for those of all, would be wrong without showing it.

    Args:
        rows: Of a text table, with all columns of the question that it has.
        question: The question.

    Returns:
        The rows, and what is to be said of them.
    """
    here = [name for name in question.choices if name in rows.columns]
    if not here:
        if question.tag not in rows.columns:
            return rows, iter(())
        return rows, iter((
            f"{question.tag}: all choices stand in one column, which is not read; download the answers anew with "
            "“Split multi-value fields into columns”",
        ))  # fmt: skip
    values = [_selected(name, question.choices[name]) for name in here]
    told = rows.select(values)
    if (told == "0").sum_horizontal().sum():  # the download has them, so a blank was not seen
        return rows.with_columns(values), iter(())
    chose = told.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    nobody = int((~chose).sum())
    if not question.same_for_all:
        why = "not everybody saw all choices"
    elif nobody and not question.forced:
        why = f"{nobody:,} people selected none, or never saw it"
    else:
        filled = [pl.when(chose).then(value.fill_null("0")).otherwise(None).alias(name)
                  for name, value in zip(here, values, strict=True)]  # fmt: skip
        return rows.with_columns(filled), iter(())
    said = f"{question.tag}: {why}, and the file does not tell which, so nothing of it is read; download the answers "
    return (
        rows.with_columns(pl.lit(None, pl.String).alias(name) for name in here),
        iter((f"{said}anew with {_OPTION}",)),
    )


def _selected(name: str, text: str) -> pl.Expr:
    """A column with 1, 0, or nothing in place of what a download writes; anything else stays."""
    value = pl.col(name).str.strip_chars()
    spelt = value.str.replace_all(r"\s+", " ").str.to_lowercase()
    is_text = spelt == " ".join(text.split()).casefold()
    seen = value.is_in(_SEEN) if text.strip() not in _SEEN else pl.lit(False)
    return pl.when(is_text).then(pl.lit("1")).when(seen).then(pl.lit("0")).when(value != "").then(value).alias(name)
