"""The studies offered on the page: sources, their studies in order of relevance, and which of them are unseen."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.errors import SocratesError, StudyFolderError
from socrates_core.report.simulation import cell_hash
from socrates_core.study.leaks import groups_of, seen
from socrates_core.study.question import question_of
from socrates_core.study.sources.bundled import BUNDLED, BUNDLED_STUDIES, load_bundled
from socrates_core.study.split import Split, study_of
from socrates_core.study.study_set import Cell, Study, StudySet

REAL_EXAMPLE: Final = "gss-welfare"
"""The study that the page opens with: a real experiment with a large, well-known effect."""

INVENTED_EXAMPLE: Final = "society-207"
"""Where the page opens with the demo model: a study of the invented society that the demo model learned from, which
it has not seen itself. Its treatments have effects that can be seen."""


@dataclass(frozen=True)
class StudyEntry:
    """A study with what the menu shows about it."""

    study: Study
    people: int
    """Number of people who answered at least once."""
    seen: bool
    """Whether the model was trained on it."""
    in_test: bool
    """Whether it is in the test part of the source's split."""
    described: bool
    """Whether any demographics are known."""

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
        """Title on one line, without what a badge already shows."""
        return " ".join(self.study.title.split()).removesuffix(" (paraphrased)")

    @property
    def people_words(self) -> str:
        """Number of people in words."""
        return f"{self.people:,} people" if self.people != 1 else "1 person"

    @property
    def label(self) -> str:
        """Title, size and badges in one line."""
        return " · ".join([self.title, self.people_words, *self.badges])


@dataclass(frozen=True, eq=False)
class Source:
    """A set of studies."""

    name: str
    """Short and unique; used in links."""
    title: str
    studies: StudySet
    entries: tuple[StudyEntry, ...]
    """Sorted: unseen before seen, then test part, real studies, and studies with demographics first."""
    split: Split | None = None
    """None where the folder has no split.json."""
    folder: Path | None = None
    """Study folder; None for the bundled studies."""

    def entry(self, study_id: str) -> StudyEntry:
        """The study with this id.

        Raises:
            StudyFolderError: If it does not exist.
        """
        for entry in self.entries:
            if entry.study.study_id == study_id:
                return entry
        raise StudyFolderError(f"no study {study_id!r} in {self.title}; choose one from the list")

    def first_study(self, demo: bool) -> str:
        """Id of the study that the page opens with: an example that the model has not seen, or else the first one.

        Args:
            demo: Whether the demo model answers.
        """
        unseen = {entry.study.study_id for entry in self.entries if not entry.seen}
        examples = (*([INVENTED_EXAMPLE] if demo else []), REAL_EXAMPLE)
        return next((one for one in examples if one in unseen), self.entries[0].study.study_id)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All sources."""

    sources: tuple[Source, ...]
    _marked: dict[frozenset[str], "Catalogue"] = field(default_factory=dict)
    """Results of `seen_by` so far."""

    def source(self, name: str) -> Source:
        """The source with this name.

        Raises:
            SocratesError: If it does not exist.
        """
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources)
        raise SocratesError(f"no source {name!r} here; available: {known}. Choose one from the list")

    def seen_by(self, trained_on: Collection[str]) -> "Catalogue":
        """The same studies, marked and sorted for a model trained on these units."""
        learned = frozenset(trained_on)
        if learned not in self._marked:
            marked = Catalogue(tuple(_marked(source, learned) for source in self.sources), self._marked)
            self._marked[learned] = marked
        return self._marked[learned]


def open_catalogue(folders: Sequence[Path], trained_on: Collection[str]) -> Catalogue:
    """Load prepared study folders, followed by the bundled studies.

    Args:
        folders: Study folders as `train.prepare` writes them, with or without `split.json`.
        trained_on: What the model was trained on: study ids, or units within studies.

    Raises:
        StudyFolderError: If one of them is not a study folder, or holds no studies.
        SplitError: If a split cannot be read.
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
    groups = groups_of(source.studies)
    entries = [replace(entry, seen=bool(seen(trained_on, [entry.study.study_id], groups))) for entry in source.entries]
    return replace(source, entries=tuple(sorted(entries, key=_relevance)))


def _unique(name: str, taken: Collection[str]) -> str:
    candidates = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _source(name: str, title: str, studies: StudySet, split: Split | None, trained_on: Collection[str]) -> Source:
    with_cells = studies.cells["study_id"].unique().implode()
    table = studies.studies.filter(pl.col("study_id").is_in(with_cells))
    if table.is_empty():
        raise StudyFolderError(
            f"{title} contains no study with a question; prepare it again with python -m train.prepare"
        )
    owners = studies.responses.join(studies.cells.select("cell_id", "study_id"), on="cell_id")
    counted = owners.group_by("study_id").agg(pl.col("participant_id").n_unique())
    people = dict(counted.iter_rows())
    tested = {study_of(unit) for unit in split.parts["test"]} if split else set()
    known = (
        pl.any_horizontal(pl.col(name).is_not_null() for name in studies.attributes) if studies.attributes else False
    )
    described = set(studies.participants.filter(known)["study_id"].unique().to_list())
    entries, groups = [], groups_of(studies)
    for row in table.iter_rows(named=True):
        study = Study(**row)
        learned = bool(seen(trained_on, [study.study_id], groups))
        key = study.study_id
        entries.append(StudyEntry(study, people.get(key, 0), learned, key in tested, key in described))
    entries.sort(key=_relevance)
    return Source(name, title, studies, tuple(entries), split)


def _relevance(entry: StudyEntry) -> tuple[bool, bool, bool, bool, str, str]:
    study = entry.study
    return entry.seen, not entry.in_test, not study.real, not entry.described, study.title.lower(), study.study_id


# -- conditions and outcomes ----------------------------------------------------------------------------------


def conditions(cells: Sequence[Cell]) -> dict[int, str]:
    """Condition number → menu label, in order; equal labels are distinguished by number."""
    labels: dict[int, str] = {}
    for cell in cells:
        labels.setdefault(cell.condition_num, " ".join(cell.condition_label.split()))
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    return {number: f"{label} ({number})" if label in twice else label for number, label in labels.items()}


def outcomes(cells: Sequence[Cell], condition_num: int) -> dict[int, str]:
    """Cell id → menu label of the outcome, for one condition."""
    chosen = [cell for cell in cells if cell.condition_num == condition_num]
    alone = len(chosen) == 1
    return {cell.cell_id: _outcome_label(cell, alone) for cell in chosen}


def _outcome_label(cell: Cell, alone: bool) -> str:
    words = question_of(cell)
    if cell.scale.values is None:
        words = f"{words} (open-ended)"
    return words if alone else f"{cell.task_num}. {words}"


def same_outcome(cells: Sequence[Cell], condition_num: int, task_num: int | None) -> Cell:
    """The cell of a condition with this task number, or else its first bounded one, or else its first.

    Raises:
        StudyFolderError: If the condition has no cell.
    """
    chosen = [cell for cell in cells if cell.condition_num == condition_num]
    if not chosen:
        raise StudyFolderError(f"no condition {condition_num} in this study; choose one from the list")
    return next((cell for cell in chosen if cell.task_num == task_num), first_bounded(chosen))


def first_bounded(cells: Sequence[Cell]) -> Cell:
    """The first cell whose outcome is bounded, or else the first."""
    return next((cell for cell in cells if cell.scale.values is not None), cells[0])


def cell_mark(studies: StudySet, cell: Cell) -> str:
    """Checksum of a cell's content and answers, as eight hexadecimal digits; used in links."""
    answers = np.sort(studies.answers(cell.cell_id).responses).astype("<i8")
    return hashlib.sha256(cell_hash(cell).encode("ascii") + answers.tobytes()).hexdigest()[:8]
