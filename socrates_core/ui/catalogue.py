"""What the page offers to choose from: sources, their studies in the order of interest, and which are unseen."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.errors import SocratesError, StudyFolderError
from socrates_core.report.simulation import cell_hash
from socrates_core.study.leaks import seen
from socrates_core.study.question import question_of
from socrates_core.study.sources.bundled import BUNDLED_STUDIES, load_bundled
from socrates_core.study.split import Split, study_of
from socrates_core.study.study_set import Cell, Study, StudySet

BUNDLED: Final = "bundled"
"""The name of the source that is always there."""

FIRST_STUDY: Final = "gss-welfare"
"""What a newcomer sees: a real experiment whose effect is large and famous."""


@dataclass(frozen=True)
class StudyEntry:
    """A study as the menu lists it."""

    study: Study
    people: int
    """Who answered at least once."""
    seen: bool
    """Whether the model has learned from it."""
    in_test: bool
    """Whether the source's split keeps it for testing."""
    described: bool
    """Whether anything is known about the people who answered."""

    @property
    def badges(self) -> tuple[str, ...]:
        """`real` or `synthetic`, `paraphrased` where the text is not the original one, `unseen` or `seen`."""
        text = "paraphrase" in f"{self.study.title} {self.study.source} {self.study.licence}".lower()
        return (
            "real" if self.study.real else "synthetic",
            *(["paraphrased"] if text else []),
            "seen by this model" if self.seen else "unseen",
        )

    @property
    def title(self) -> str:
        """The study's title on one line, without what a badge says."""
        return " ".join(self.study.title.split()).removesuffix(" (paraphrased)")

    @property
    def people_words(self) -> str:
        """How many people answered."""
        return f"{self.people:,} people" if self.people != 1 else "1 person"

    @property
    def label(self) -> str:
        """Title, size and badges in one line."""
        return " · ".join([self.title, self.people_words, *self.badges])


@dataclass(frozen=True, eq=False)
class Source:
    """A set of studies that the page can choose from."""

    name: str
    """Short and unique; stands in links."""
    title: str
    studies: StudySet
    entries: tuple[StudyEntry, ...]
    """Unseen ones first; among these those kept for testing, then real ones, then those with demographics."""
    split: Split | None = None
    """None where the folder has none."""
    folder: Path | None = None
    """Where they come from; None for the bundled ones."""

    def entry(self, study_id: str) -> StudyEntry:
        """The study of this id.

        Raises:
            StudyFolderError: If there is none.
        """
        for entry in self.entries:
            if entry.study.study_id == study_id:
                return entry
        raise StudyFolderError(f"no study {study_id!r} in {self.title}; choose one from the list")

    @property
    def first_study(self) -> str:
        """What the page opens with."""
        ids = [entry.study.study_id for entry in self.entries]
        unseen = {entry.study.study_id for entry in self.entries if not entry.seen}
        return FIRST_STUDY if FIRST_STUDY in unseen else ids[0]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All sources."""

    sources: tuple[Source, ...]
    _marked: dict[frozenset[str], "Catalogue"] = field(default_factory=dict)
    """What `seen_by` gave for the models so far."""

    def source(self, name: str) -> Source:
        """The source of this name.

        Raises:
            SocratesError: If there is none.
        """
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources)
        raise SocratesError(f"no source {name!r} here; there are {known}. Start the app with --studies to add one")

    def seen_by(self, trained_on: Collection[str]) -> "Catalogue":
        """The same studies, marked and ordered for a model that has learned from these."""
        learned = frozenset(trained_on)
        if learned not in self._marked:
            marked = Catalogue(tuple(_marked(source, learned) for source in self.sources), self._marked)
            self._marked[learned] = marked
        return self._marked[learned]


def open_catalogue(folders: Sequence[Path], trained_on: Collection[str]) -> Catalogue:
    """The bundled studies and those of prepared folders, the given ones first.

    Args:
        folders: Study folders as `train.prepare` writes them, with or without `split.json`.
        trained_on: What the model has learned from: study ids, or units within studies.

    Raises:
        StudyFolderError: If one of them is no study folder, or holds no studies.
        SplitError: If its split cannot be read.
    """
    sources: list[Source] = []
    for folder in folders:
        split = Split.load(folder / "split.json") if (folder / "split.json").is_file() else None
        name = _unique(folder.resolve().name or "studies", [BUNDLED, *(source.name for source in sources)])
        source = _source(name, f"{folder.resolve().name} (own folder)", StudySet.load(folder), split, trained_on)
        sources.append(replace(source, folder=folder.resolve()))
    split = Split.load(BUNDLED_STUDIES / "split.json")
    sources.append(_source(BUNDLED, "Bundled with Socrates", load_bundled(), split, trained_on))
    return Catalogue(tuple(sources))


def _marked(source: Source, trained_on: Collection[str]) -> Source:
    entries = [replace(entry, seen=bool(seen(trained_on, [entry.study.study_id]))) for entry in source.entries]
    return replace(source, entries=tuple(sorted(entries, key=_interest)))


def _unique(name: str, taken: Collection[str]) -> str:
    candidates = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _source(name: str, title: str, studies: StudySet, split: Split | None, trained_on: Collection[str]) -> Source:
    with_cells = studies.cells["study_id"].unique().implode()
    table = studies.studies.filter(pl.col("study_id").is_in(with_cells))
    if table.is_empty():
        raise StudyFolderError(f"{title} holds no study with a question; prepare it again with python -m train.prepare")
    owners = studies.responses.join(studies.cells.select("cell_id", "study_id"), on="cell_id")
    counted = owners.group_by("study_id").agg(pl.col("participant_id").n_unique())
    people = dict(counted.iter_rows())
    tested = {study_of(unit) for unit in split.parts["test"]} if split else set()
    known = (
        pl.any_horizontal(pl.col(name).is_not_null() for name in studies.attributes) if studies.attributes else False
    )
    described = set(studies.participants.filter(known)["study_id"].unique().to_list())
    entries = []
    for row in table.iter_rows(named=True):
        study = Study(**row)
        learned = bool(seen(trained_on, [study.study_id]))
        key = study.study_id
        entries.append(StudyEntry(study, people.get(key, 0), learned, key in tested, key in described))
    entries.sort(key=_interest)
    return Source(name, title, studies, tuple(entries), split)


def _interest(entry: StudyEntry) -> tuple[bool, bool, bool, bool, str, str]:
    study = entry.study
    return entry.seen, not entry.in_test, not study.real, not entry.described, study.title.lower(), study.study_id


# -- conditions and outcomes ----------------------------------------------------------------------------------


def conditions(cells: Sequence[Cell]) -> dict[int, str]:
    """Condition number → what the menu calls it, in order; equal labels are told apart by number."""
    labels: dict[int, str] = {}
    for cell in cells:
        labels.setdefault(cell.condition_num, " ".join(cell.condition_label.split()))
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    return {number: f"{label} ({number})" if label in twice else label for number, label in labels.items()}


def outcomes(cells: Sequence[Cell], condition_num: int) -> dict[int, str]:
    """Cell id → what the menu calls the outcome, for one condition."""
    chosen = [cell for cell in cells if cell.condition_num == condition_num]
    alone = len(chosen) == 1
    return {cell.cell_id: _outcome_label(cell, alone) for cell in chosen}


def _outcome_label(cell: Cell, alone: bool) -> str:
    words = question_of(cell)
    if cell.scale.values is None:
        words = f"{words} (open-ended)"
    return words if alone else f"{cell.task_num}. {words}"


def same_outcome(cells: Sequence[Cell], condition_num: int, task_num: int | None) -> Cell:
    """A condition's cell with this task number, or its first bounded one, or its first.

    Raises:
        StudyFolderError: If the condition has no cell.
    """
    chosen = [cell for cell in cells if cell.condition_num == condition_num]
    if not chosen:
        raise StudyFolderError(f"no condition {condition_num} in this study; choose one from the list")
    bounded = [cell for cell in chosen if cell.scale.values is not None]
    return next((cell for cell in chosen if cell.task_num == task_num), (bounded or chosen)[0])


def cell_mark(studies: StudySet, cell: Cell) -> str:
    """Eight hex digits of what a cell shows and how often each answer was given: stands in links."""
    answers = np.sort(studies.answers(cell.cell_id).responses).astype("<i8")
    return hashlib.sha256(cell_hash(cell).encode("ascii") + answers.tobytes()).hexdigest()[:8]
