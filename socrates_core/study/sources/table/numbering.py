"""The numbers of conditions and outcomes, and the groups of studies, over all slices of a table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, listed
from socrates_core.study.sources.personal import masked
from socrates_core.study.sources.rows import as_codes, integers
from socrates_core.study.sources.table.codebook import Codebook
from socrates_core.study.sources.table.columns import nearest
from socrates_core.study.sources.table.map.form import TableMap
from socrates_core.study.sources.table.numerals import Spellings, whole_number

CONTROL: Final = re.compile(
    r"(?:the\s+)?(?:control|placebo|baseline|no[- ]treatment|untreated|status[- ]quo|kontroll\w*)\b", re.IGNORECASE
)
"""What the label of a control arm begins with."""


_NUMBERED: Final = {"condition_num": "condition", "condition": "condition", "task_num": "task", "outcome": "outcome"}
"""Column whose values may be numbers in several spellings → what they number."""

COMPARED: Final = "the others are compared with the first"
"""In the note on the arms of a study that the table alone orders."""


@dataclass
class Numbering:
    """What the slices of a table have to agree on."""

    codebook: Codebook
    columns: TableMap
    asked: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    """Study → condition → its questions (stimuli, if the table has no questions)."""
    without_tasks: set[str] = field(default_factory=set)
    """Studies whose outcomes nobody numbered or named."""
    _labels: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    """(study, condition) → its labels."""
    _numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    """Study → label → condition number, where the table has no numbers."""
    _arms: dict[str, dict[str, None]] = field(default_factory=dict)
    """Study → the labels found so far, in order."""
    _tasks: dict[str, dict[str | None, int]] = field(default_factory=dict)
    """Study → outcome, question or stimulus → task_num."""
    _groups: dict[str, str | None] = field(default_factory=dict)
    """Study → its group."""
    _met: set[tuple[str, str]] = field(default_factory=set)
    """(outcome, question) of the map that a row has."""
    _spelt: dict[str, Spellings] = field(
        default_factory=lambda: {name: Spellings(what) for name, what in _NUMBERED.items()}
    )
    """Column → how it spells names."""
    _studies: Spellings = field(default_factory=lambda: Spellings("study", floats=False))

    # -- the first look --------------------------------------------------------------------------------------

    def needs_look(self, columns: list[str]) -> bool:
        """Whether all rows have to be seen before the first one is numbered."""
        return "condition_num" not in columns or any(map(self.codebook.outcomes, self.codebook.entries))

    def look_at(self, rows: pl.DataFrame) -> None:
        """Take note of a slice's studies, arms and questions."""
        if "condition_num" in rows.columns:
            number = integers(rows["condition_num"])
        else:
            number = pl.Series("condition_num", [None] * len(rows), pl.Int64)
        distinct = rows.select("study_id", _label(rows), number, asked=pl.coalesce("question", "stimulus"))
        for study_id, label, condition_num, question in distinct.unique(maintain_order=True).iter_rows():
            arms = self._arms.setdefault(study_id, {}) if "condition_num" not in rows.columns else {}
            if label is not None:
                arms.setdefault(label)
            place = condition_num if condition_num is not None else list(arms).index(label) if label else 0
            if question is not None:
                self.asked.setdefault(study_id, {}).setdefault(place, set()).add(question)

    def decide(self, notes: dict[str, None]) -> None:
        """Number the arms of the studies looked at that have no numbers.

        Raises:
            SourceError: If the codebook has labels for a study's arms, and a row has another one; or the map names a
                control, and no row has it or the table numbers its arms.
        """
        if self.columns.condition and self.columns.condition.control is not None and not self._arms:
            raise SourceError(
                "the column condition_num numbers the conditions, so the lowest number is the control; leave `control` "
                "out of the map, or that column (`leave_out: [condition_num]`)"
            )
        for study_id, labels in self._arms.items():
            stated = {label: number for study, number, label in self.codebook.condition_labels() if study == study_id}
            control = self._stated_control(labels)
            if labels and all(map(_is_whole, labels)) and control is None:
                self._numbers[study_id] = {label: whole_number(label) or 0 for label in labels}
                continue
            unknown = [label for label in labels if stated and label not in stated]
            if unknown:
                raise SourceError(
                    f"{self.codebook.path}, study {study_id}: the table has the condition {unknown[0]!r}, which is "
                    f"none of its conditions{nearest(unknown[0], list(stated))}"
                )
            # the control first, since the others are compared with the first
            ordered = sorted(labels, key=lambda label: not CONTROL.match(label))
            if control is not None:
                ordered.sort(key=lambda label: label != control)
            self._numbers[study_id] = stated or {label: place for place, label in enumerate(ordered, start=1)}
            if not stated and len(ordered) > 1:
                told = listed([f"{place} = {label}" for place, label in enumerate(ordered, start=1)], 8)
                notes.setdefault(
                    f"study {study_id}: its conditions are {told}; {COMPARED}, " + _why_first(ordered[0], control)
                )

    def _stated_control(self, labels: Iterable[str]) -> str | None:
        """The label of the arm that the map names as the control; None if it names none.

        Raises:
            SourceError: If no row has it.
        """
        form = self.columns.condition
        if form is None or form.control is None:
            return None
        control = form.labels.get(form.control, form.control)
        if control not in labels:
            raise SourceError(
                f"no row has the condition {form.control!r}, which the map names as the control"
                f"{nearest(control, list(labels))}"
            )
        return control

    # -- the rows --------------------------------------------------------------------------------------------

    def numbered(self, rows: pl.DataFrame, where: str) -> pl.DataFrame:
        """The rows with condition_num, condition and task_num; what the slices have to agree on is checked.

        Raises:
            SourceError: If a condition has two labels, or a study two groups.
        """
        self._check_spellings(rows, where)
        rows = self._with_conditions(rows)
        self._check_conditions(rows, where)
        self._note_groups(rows, where)
        return self._with_tasks(_with_described_labels(rows, self.codebook))

    @property
    def conditions(self) -> dict[str, set[int]]:
        """Study → the numbers of its conditions."""
        found: dict[str, set[int]] = {}
        for study_id, number in self._labels:
            found.setdefault(study_id, set()).add(number)
        return found

    def said(self) -> list[str]:
        """A sentence on each number that a study writes in two ways, and on each label of several conditions."""
        numbers: dict[tuple[str, str], list[int]] = {}
        for (study_id, number), names in self._labels.items():
            for name in names:
                numbers.setdefault((study_id, name), []).append(number)
        return [sentence for spelt in self._spelt.values() for sentence in spelt.said()] + [
            f"study {study_id}: the conditions {' and '.join(map(str, same))} are both called {name!r}"
            for (study_id, name), same in numbers.items()
            if len(same) > 1
        ]

    def group_of(self, study_id: str) -> str | None:
        """The group that the table names for a study; None if it names none."""
        return self._groups.get(study_id)

    def check_used(self, where: str) -> None:
        """Raise a SourceError for a question that the map puts into an outcome and no row asks."""
        if not isinstance(self.columns.outcome, dict):
            return
        for name, questions in self.columns.outcome.items():
            for question in questions:
                if (name, _words(question)) not in self._met:
                    raise SourceError(
                        f"{where}: no row asks {question!r:.120}, which the map names in the outcome {name!r}; write "
                        "questions (or, without a column question, stimuli) as the table has them"
                    )

    def _with_conditions(self, rows: pl.DataFrame) -> pl.DataFrame:
        if "condition_num" in rows.columns:
            return rows if "condition" in rows.columns else rows.with_columns(_label(rows))
        rows = rows.with_columns(_label(rows))
        numbers = pl.DataFrame(
            [(study, label, number) for study, arms in self._numbers.items() for label, number in arms.items()],
            schema={"study_id": pl.String, "condition": pl.String, "condition_num": pl.Int64},
            orient="row",
        )
        rows = rows.join(numbers, on=["study_id", "condition"], how="left", maintain_order="left")
        whole = [study for study, arms in self._numbers.items() if all(map(_is_whole, arms))]
        bare = pl.col("study_id").is_in(whole)  # 1 and 2 are numbers, not what the arms are called
        return rows.with_columns(pl.when(bare).then(None).otherwise(pl.col("condition")).alias("condition"))

    def _check_spellings(self, rows: pl.DataFrame, where: str) -> None:
        """Raise a SourceError where one arm, task or study may have two names."""
        for study_id in rows["study_id"].drop_nulls().unique(maintain_order=True):
            self._studies.add("", study_id)
        clash = self._studies.clash()
        if clash is not None:
            raise SourceError(f"{where}: {clash}")
        for name, spelt in self._spelt.items():
            if name not in rows.columns or (name == "condition" and "condition_num" in rows.columns):
                continue
            distinct = rows.select("study_id", pl.col(name).cast(pl.String).str.strip_chars()).drop_nulls()
            for study_id, called in distinct.unique(maintain_order=True).iter_rows():
                spelt.add(study_id, called)
            clash = spelt.clash()
            if clash is not None:
                raise SourceError(f"{where}: {clash}")

    def _check_conditions(self, rows: pl.DataFrame, where: str) -> None:
        """One number, one label: else two arms would be pooled into one without a word."""
        distinct = rows.select("study_id", integers(rows["condition_num"]), "condition").unique(maintain_order=True)
        for study_id, number, name in distinct.filter(pl.col("condition_num").is_not_null()).iter_rows():
            names = self._labels.setdefault((study_id, number), set())
            names |= {name} - {None}
            if len(names) > 1:
                raise SourceError(
                    f"{where}, study {study_id}: condition_num {number} has the labels "
                    f"{listed([repr(one) for one in sorted(names)], 4)}; give each condition a number of its own"
                )

    def _note_groups(self, rows: pl.DataFrame, where: str) -> None:
        if "group" not in rows.columns:
            return
        for study_id, group in rows.select("study_id", "group").unique(maintain_order=True).iter_rows():
            known = self._groups.setdefault(study_id, group or None)
            if known != (group or None):
                raise SourceError(
                    f"{where}, study {study_id}: its rows have the groups {masked(known or 'none')!r} and "
                    f"{masked(group or 'none')!r}; "
                    "a group joins whole studies (of one experiment, one pool, one replication); call a column that "
                    "holds the arm condition"
                )

    def _with_tasks(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with a task_num: the outcomes of a study, else its questions or stimuli, by first appearance."""
        studies = rows["study_id"].drop_nulls().unique().to_list()
        if "task_num" in rows.columns:
            return rows
        if "outcome" not in rows.columns:
            self.without_tasks |= {study for study in studies if not isinstance(self.columns.outcome, dict)}
        named = as_codes(pl.col("outcome")) if "outcome" in rows.columns else pl.lit(None, pl.String)
        rows = rows.with_columns(named.alias("_outcome"), _asked=pl.coalesce("question", "stimulus"))
        distinct = rows.select("study_id", "_outcome", "_asked").unique(maintain_order=True)
        numbers = []
        for study_id, outcome, asked in distinct.iter_rows():
            known = self._tasks.setdefault(study_id, {})
            numbers.append(known.setdefault(outcome or self._outcome_of(asked) or asked, len(known)))
        distinct = distinct.with_columns(pl.Series("task_num", numbers, pl.Int64))
        keys = ["study_id", "_outcome", "_asked"]
        joined = rows.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")
        return joined.drop("_outcome", "_asked")

    def _outcome_of(self, asked: str | None) -> str | None:
        """The outcome to which the map says that a question belongs."""
        if asked is None or not isinstance(self.columns.outcome, dict):
            return None
        for name, questions in self.columns.outcome.items():
            if _words(asked) in map(_words, questions):
                self._met.add((name, _words(asked)))
                return f"outcome {name}"
        return None


def _with_described_labels(rows: pl.DataFrame, codebook: Codebook) -> pl.DataFrame:
    """The rows, with the codebook's condition labels filled in where the table has none."""
    labels = pl.DataFrame(
        codebook.condition_labels(),
        schema={"study_id": pl.String, "_number": pl.Int64, "_label": pl.String},
        orient="row",
    )
    rows = rows.with_columns(integers(rows["condition_num"]).alias("_number"))
    rows = rows.join(labels, on=["study_id", "_number"], how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("condition", "_label").alias("condition")).drop("_number", "_label")


def _label(rows: pl.DataFrame) -> pl.Expr:
    given = pl.col("condition") if "condition" in rows.columns else pl.lit(None, pl.String)
    named = as_codes(given) if "condition_num" not in rows.columns else given
    return pl.when(named != "").then(named).alias("condition")


def _is_whole(label: str) -> bool:
    return whole_number(label) is not None


def _words(text: str) -> str:
    return " ".join(text.split()).casefold()


def _why_first(label: str, control: str | None) -> str:
    if control is not None:
        return "the control in the map"
    return "a control by its name" if CONTROL.match(label) else "which comes first in the table"
