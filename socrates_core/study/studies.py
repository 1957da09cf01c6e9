"""Studies with their split, in which conditions and outcomes are found by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from socrates_core.errors import SplitError, StudyFolderError, counted
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.question import question_of
from socrates_core.study.sources.bundled import BUNDLED, BUNDLED_STUDIES, load_bundled
from socrates_core.study.sources.opening import open_source, stated_parts
from socrates_core.study.split import ALL_PARTS, PARTS, Split, make_split, part, parts_digest
from socrates_core.study.study_set import Cell, StudySet


@dataclass(frozen=True)
class Outcome:
    """One outcome of a study."""

    number: int
    """Its task number; the same in every condition."""
    name: str | None
    """Its name in a study file; None for studies from elsewhere."""
    question: str
    """Shortened to a line."""
    scale: AnswerScale
    """Its scale in the first condition that has the outcome."""

    def __str__(self) -> str:
        """`1 (intention): How likely are you to order it?`."""
        name = f" ({self.name})" if self.name else ""
        return f"{self.number}{name}: {self.question}"


@dataclass(frozen=True, repr=False)
class Studies(StudySet):
    """A `StudySet` with its split and the names of its outcomes."""

    split: Split | None = None
    """The studies that train, choose, calibrate and test a model; None if not stated."""
    names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Study id → task number → the outcome's name, if a study file gives one."""

    def __repr__(self) -> str:
        """Counts in place of four tables."""
        counts = ", ".join(
            (
                counted(len(self.studies), "study"),
                counted(len(self.cells), "cell"),
                counted(len(self.responses), "response"),
            )
        )
        return f"<Studies from {self.manifest.source}: {counts}>"

    @classmethod
    def of(cls, studies: StudySet, split: Split | None = None) -> "Studies":
        """A study set from elsewhere, with its split."""
        return cls(**{one.name: getattr(studies, one.name) for one in fields(StudySet)}, split=split)

    def part(self, name: str) -> "Studies":
        """The studies that train (`train`), choose (`val`), calibrate (`calibration`) or test (`test`) a model.

        Raises:
            SplitError: If there is no split or no such part, or the part holds none of these studies.
        """
        found = part(self, need_split(self), name)
        assert isinstance(found, Studies)  # made of self by `replace`
        return found

    def select(self, study_ids: Sequence[str]) -> "Studies":
        """Only these studies, with the same split.

        Raises:
            StudyFolderError: If one of them is not here.
        """
        found = super().select([study_ids] if isinstance(study_ids, str) else study_ids)
        assert isinstance(found, Studies)
        return found

    def save(self, folder: Path) -> "Studies":
        """Write a study folder, with the split if there is one."""
        saved = super().save(folder)
        assert isinstance(saved, Studies)
        if self.split is not None:
            self.split.save(folder / "split.json")
        return saved

    def conditions(self, study: str | None = None) -> dict[int, str]:
        """Number → label of a study's conditions, in order.

        Raises:
            StudyFolderError: If there is no such study; without an id, if there is more than one.
        """
        return {cell.condition_num: cell.condition_label for cell in self.cells_of(self._id_of(study))}

    def outcomes(self, study: str | None = None) -> tuple[Outcome, ...]:
        """The outcomes of a study, in order.

        Raises:
            StudyFolderError: As `conditions` does.
        """
        study_id = self._id_of(study)
        names = self.names.get(study_id, {})
        first: dict[int, Cell] = {}
        for cell in self.cells_of(study_id):
            first.setdefault(cell.task_num, cell)
        return tuple(
            Outcome(number, names.get(number), question_of(cell), cell.scale) for number, cell in sorted(first.items())
        )

    def find(
        self, study: str | None = None, *, condition: str | int | None = None, outcome: str | int | None = None
    ) -> Cell:
        """One outcome as shown in one condition of a study.

        Args:
            study: Its id; optional if there is only one.
            condition: Its label, a unique part of it, or its number; the first one when None.
            outcome: Its name, a unique part of its question, or its number; optional if the study has only one. Of
                several texts under one outcome, the first.

        Raises:
            StudyFolderError: If nothing or more than one thing fits; lists the choices.
        """
        study_id = self._id_of(study)
        conditions = self.conditions(study_id)
        asked = {one.number: (one.name or "", one.question) for one in self.outcomes(study_id)}
        number = next(iter(conditions))
        if condition is not None:
            labels = {key: (label,) for key, label in conditions.items()}
            number = _pick(condition, labels, f"condition of {study_id}")
        task = _pick(outcome, asked, f"outcome of {study_id}")
        for cell in self.cells_of(study_id):
            if (cell.condition_num, cell.task_num) == (number, task):
                return cell
        raise StudyFolderError(
            f"the condition {conditions[number]!r} of {study_id} is not asked the outcome {task}; choose another one"
        )

    def _id_of(self, study: str | None) -> str:
        """The id of the requested study, which has cells."""
        if study is None:
            if len(self.studies) != 1:
                raise StudyFolderError(f"there are {len(self.studies):,} studies here; name one, as in study='ID'")
            study = self.study_ids[0]
        if not self.cells_of(self.study(study).study_id):
            raise StudyFolderError(f"the study {study} has no question; prepare it again")
        return study


def load_studies(source: str | Path = BUNDLED, *, revision: str | None = None, seed: int = 42) -> Studies:
    """Read studies with people's answers, and their split into train, val, test and perhaps calibration.

    >>> from socrates_core import load_studies
    >>> studies = load_studies("bundled")
    >>> studies.conditions("gss-welfare")
    {1: 'Welfare', 2: 'Assistance to the poor'}
    >>> studies.find("gss-welfare", condition="poor").scale.labels[3]
    'Too much'
    >>> len(studies.part("test").study_ids)
    52

    Args:
        source: `bundled`, a folder that `train.prepare` wrote, or any other source that it reads: `socsci210` from
            the Hub, a folder of its shards, a tidy table, the original run's files.
        revision: Commit, branch or tag, for a source from the Hub.
        seed: Seed of the split, for a source that states none.

    Returns:
        The studies. Their split is the one that the source states, else one by study; fewer than three studies are all
        test. A prepared folder without `split.json` has none, because a new split could test on training studies.

    Raises:
        SourceError: If there is no such source, or it cannot be read.
        StudyFolderError: If a prepared folder is not whole.
        SplitError: If the split that it states cannot be read.
    """
    name = str(source)
    found = load_bundled() if name == BUNDLED else open_source(name, revision)
    if (Path(name) / "manifest.json").is_file() and not (Path(name) / "split.json").is_file():
        return Studies.of(found)
    split, _ = split_of(found, name, seed)
    return Studies.of(found, split)


def split_of(studies: StudySet, source: str, seed: int = 42) -> tuple[Split, str | None]:
    """The split that a source states, else one by study; fewer than three studies are all test.

    Args:
        studies: What was read.
        source: As `open_source` takes it.
        seed: Seed of a split that is made.

    Returns:
        The split, and where it comes from if it is not made by study.

    Raises:
        SplitError: If the stated split cannot be read.
        SourceError: If the stated split contradicts the files.
    """
    if source == BUNDLED:
        return Split.load(BUNDLED_STUDIES / "split.json"), "as it comes with the bundled studies"
    stated = Path(source) / "split.json"
    if stated.is_file() and stated.with_name("manifest.json").is_file():
        return Split.load(stated), f"as stated in {stated}"
    parts, why = stated_parts(source, studies), f"as stated by the files in {source}"
    if parts is None and len(studies.studies) >= len(PARTS):
        return make_split(studies, "study", seed), None
    if parts is None:
        parts = {"train": [], "val": [], "test": studies.study_ids}
        why = "fewer than three studies: all are test, none trains"
    ordered = {name: tuple(sorted(parts[name])) for name in ALL_PARTS if name in parts}
    return Split("study", seed, studies.manifest.source, ordered, parts_digest(ordered)), why


def need_split(studies: Studies) -> Split:
    """The split.

    Raises:
        SplitError: If there is none.
    """
    if studies.split is None:
        raise SplitError(
            f"the studies of {studies.manifest.source} have no split into training and test; prepare them with "
            "python -m train.prepare, which writes one, and load the folder"
        )
    return studies.split


def _pick(wanted: str | int | None, there: Mapping[int, tuple[str, ...]], what: str) -> int:
    """The number of the requested entry: by number, by its whole name, or by a unique part of it."""
    listed = "; ".join(f"{number}: {' – '.join(filter(None, names))}" for number, names in list(there.items())[:12])
    if wanted is None:
        if len(there) == 1:
            return next(iter(there))
        raise StudyFolderError(f"name the {what}; there are {listed}")
    if isinstance(wanted, int):
        if wanted in there:
            return wanted
        raise StudyFolderError(f"no {what} has the number {wanted}; there are {listed}")
    words = _plain(wanted)
    whole = [number for number, names in there.items() if words in map(_plain, names)]
    found = whole or [number for number, names in there.items() if words and any(words in _plain(n) for n in names)]
    if len(found) == 1:
        return found[0]
    count = "more than one" if found else "no"
    raise StudyFolderError(f"{count} {what} is called {wanted!r}; there are {listed}")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
