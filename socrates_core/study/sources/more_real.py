"""Polls of FiveThirtyEight and outcomes of the Twin-2K-500 mega-study: 41 real studies, from published counts.

`assets/studies/more_real.json` has what 22 outcomes of the mega-study and 19 poll questions ask, in paraphrases, and
the mega-study's counts. `more_real_counts.parquet` counts the answers to the polls by the attributes that are known: a
row is a group of people with one answer. Two things differ from the published rows: the income `150000` of the poll
about flying is its highest bracket, $150,000+, and people who preferred not to state their income have none.

The wording of an answer instruction is ours; the scale, its direction and the texts of its options are those that
people saw. Who was asked at all (people who fly, who eat steak, who have tried a cuisine, men) is said in the question.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

import polars as pl

from socrates_core.scale.answer_scale import AnswerScale, answer_instruction
from socrates_core.study.files import ASSETS, read_json, read_parquet
from socrates_core.study.sources.counted import CountedStudy, option_counts
from socrates_core.study.study_set import Cell, Study

POLL_ATTRIBUTES: Final = ("gender", "age_group", "education", "income", "region")
"""What the answers to the polls are counted by; the poll of men is not counted by gender."""

EVERYBODY: Final = "everybody"
"""The one condition of a survey."""

_STUDIES: Final = ASSETS / "studies"


def more_real_studies(first_cell_id: int) -> list[CountedStudy]:
    """The 41 studies, polls first; their cells are numbered from `first_cell_id`."""
    raw, numbers = read_json(_STUDIES / "more_real.json"), count(first_cell_id)
    counted = read_parquet(_STUDIES / "more_real_counts.parquet").partition_by("study_id", as_dict=True)
    polls = [_poll(raw["f538"], one, counted[(one["id"],)], next(numbers)) for one in raw["f538"]["studies"]]
    return [*polls, *(_outcome(raw["t2k"], one, numbers) for one in raw["t2k"]["studies"])]


def _poll(shared: Mapping[str, Any], raw: Mapping[str, Any], rows: pl.DataFrame, cell_id: int) -> CountedStudy:
    """A question of a poll, which everybody saw."""
    poll = shared["polls"][raw["poll"]]
    study = Study(
        study_id=raw["id"],
        title=raw["title"],
        source=f"FiveThirtyEight's data repository ({poll['sample']}), counts; wording paraphrased",
        licence=shared["licence"],
        citation=poll["citation"],
        kind="survey",
        real=True,
        group=raw.get("group", ""),
    )
    return CountedStudy(study, (_cell(raw, cell_id, 1, EVERYBODY),), (rows.drop("study_id"),))


def _outcome(shared: Mapping[str, Any], raw: Mapping[str, Any], numbers: Iterator[int]) -> CountedStudy:
    """An outcome of the mega-study, with its conditions where it is randomised."""
    study = Study(
        study_id=raw["id"],
        title=raw["title"],
        source=shared["source"],
        licence=shared["licence"],
        citation=shared["citation"],
        kind=raw["kind"],
        real=True,
        group=raw.get("group", ""),
    )
    cells = [
        _cell(raw, next(numbers), number, condition["label"], condition.get("text"))
        for number, condition in enumerate(raw["conditions"], start=1)
    ]
    pairs = zip(cells, raw["conditions"], strict=True)
    return CountedStudy(study, tuple(cells), tuple(option_counts(cell, one["counts"]) for cell, one in pairs))


def _cell(raw: Mapping[str, Any], cell_id: int, number: int, condition: str, text: str | None = None) -> Cell:
    scale = AnswerScale(tuple(raw["options"]), {int(option): label for option, label in raw["labels"].items()})
    question = f"{raw['question']} {answer_instruction(scale)}"
    return Cell(
        cell_id=cell_id,
        study_id=raw["id"],
        condition_num=number,
        task_num=1,
        stimulus=f"{text}\n\n{question}" if text else question,
        scale=scale,
        condition=condition,
    )
