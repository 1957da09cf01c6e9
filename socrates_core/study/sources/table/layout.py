"""The rows of a table under our names, one answer a row, whatever the table looks like."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, counted, listed
from socrates_core.study.sources.personal import masked
from socrates_core.study.sources.rows import as_codes, check_attributes, integers
from socrates_core.study.sources.table.answers import NO_VALUE
from socrates_core.study.sources.table.columns import (
    DEMOGRAPHIC,
    KNOWN,
    SCALE_COLUMNS,
    check_needed,
    nearest,
    recognised,
    with_plain_columns,
)
from socrates_core.study.sources.table.map.form import OutcomeMap, TableMap
from socrates_core.study.sources.table.map.rule import EVERY, RULE, AnswerRule, rule_of
from socrates_core.study.sources.table.nested import with_attributes
from socrates_core.study.sources.table.numerals import has_decimal_comma, notation_of, response_numbers, with_points
from socrates_core.study.sources.table.privacy import Privacy

_STRUCTURE: Final = ("study_id", "condition_num", "condition", "participant_id", "weight", "group", "design")
"""What a table with a row a person may have beside the columns that a map names; no attribute is kept unnamed."""

_TEXTS: Final = ("study_id", "stimulus", "question", "condition", "outcome", "group")


@dataclass
class Layout:
    """What the columns of a table are, decided once per file and applied to each of its slices."""

    columns: TableMap
    name: str
    """The table's, from which a study is named that has no id."""
    group_by: str | None = None
    """The column that holds a study's group."""
    notes: dict[str, None] = field(default_factory=dict)
    """What was assumed, in the order in which it was found."""
    noted: Collection[str] = ()
    """Keys of the rules for which the file's value labels are a scale."""
    names: dict[Path, list[str]] = field(default_factory=dict)
    """File → its columns, which cost a reading of all of it in some forms."""
    counted: Counter[str] = field(default_factory=Counter)
    """What was counted over all slices so far: what is said of it → how many."""
    _arms: set[str] = field(default_factory=set)
    """Values of the map's column of the arms."""
    _labelled: bool = False
    """Whether a column condition_num holds labels."""
    _privacy: Privacy = field(init=False)

    def __post_init__(self) -> None:
        self._privacy = Privacy(self.columns.attributes, self.notes)

    @property
    def rules(self) -> dict[str, AnswerRule]:
        """Key → what the map says about answers.

        Raises:
            SourceError: If a scale has a label that belongs to no option.
        """
        stated = {EVERY: self.columns.scale, **{key: one.scale for key, one in self.columns.outcomes.items()}}
        try:
            return {key: rule for key, form in stated.items() if (rule := rule_of(form)) is not None}
        except ValueError as error:
            raise SourceError(f"a scale in the map is none: {error}") from error

    def begin(self) -> None:
        """Forget what was counted: the slices come again from the first one."""
        self.counted.clear()

    def end(self, where: str) -> None:
        """After the last slice, check what no single one shows, and say what was counted.

        Raises:
            SourceError: If no row has a condition that the map names.
        """
        self._check_arms(where)
        self.notes.update(
            (what.replace("{}", counted(count, "person")), None) for what, count in self.counted.items() if count
        )

    def _check_arms(self, where: str) -> None:
        """Raise a SourceError for a condition of the map that no row so far has."""
        form = self.columns.condition
        if form is None or not form.labels:
            return
        unknown = [one for one in (*form.labels, *form.texts) if one not in self._arms]
        if unknown:
            raise SourceError(
                f"{where}: no row has the condition {unknown[0]!r}, which the map names; the column {form.column} "
                f"has {listed([repr(masked(one)) for one in sorted(self._arms)], 12)}"
            )

    def wanted(self, names: Sequence[str], file: Path) -> list[str]:
        """The columns of a file that are read; of a table with a row a person those that the map names, and its arms.

        What is named and not there is all read, so that the message about it can say what is.

        Raises:
            SourceError: If a column may be two things, or one that the map leaves out is not there.
        """
        form = self.columns
        for name in form.leave_out:
            if name not in names:
                raise SourceError(f"{file} has no column {name!r}, which the map leaves out{nearest(name, names)}")
        told = {*form.outcomes, *form.attributes}
        displaced = [name for name, other in form.stated_columns.items() if name in names and name != other]
        displaced = [name for name in displaced if name not in {*told, *form.stated_columns.values(), *form.leave_out}]
        for name in displaced:
            self.notes.setdefault(
                f"{file.name}: nothing reads the column {name}, since the map takes {form.stated_columns[name]} for it"
            )
        there = [name for name in names if name not in {*form.leave_out, *displaced}]
        grouped = {self.group_by} if self.group_by is not None else set()
        if not form.outcomes or not told | grouped <= set(there):
            return there
        renames = recognised([one for one in there if one not in told], str(file), form.stated_columns).renames
        read = [one for one in there if one in told | grouped or renames.get(one, one) in _STRUCTURE]
        for one in read:  # what has our name in another spelling is named anyway
            if one in _STRUCTURE and one not in {*told, *grouped, *form.stated_columns.values()}:
                self.notes.setdefault(
                    f"{file.name}: the map does not name the column {one}, which is read for its name; if it is "
                    f"something else, `leave_out: [{one}]`"
                )
        left = [one for one in there if one not in read]
        if left:
            self.notes.setdefault(
                f"{file.name}: the map does not name the column {', '.join(left)[:300]}; nothing reads it"
            )
        return read

    def laid_out(self, frame: pl.DataFrame, file: Path, before: int = 0) -> pl.DataFrame:
        """A slice under our names; its attributes begin with `demo_`.

        Args:
            frame: The slice.
            file: Where it is from.
            before: The rows of the table that come before it.

        Raises:
            SourceError: If a column is missing, may be two things, or contains something else than text or numbers.
        """
        where = str(file)
        rows = self._with_group(frame, where)
        told = {*self.columns.outcomes, *self.columns.attributes}
        found = recognised([name for name in rows.columns if name not in told], where, self.columns.stated_columns)
        for sentence in found.assumed:
            self.notes.setdefault(f"{file.name}: {sentence}")
        rows = self._with_stated_attributes(rows, where)
        rows = self._with_own_notation(rows.rename(dict(found.renames)))
        if "participant_id" in rows.columns:
            called = {ours: theirs for theirs, ours in found.renames.items()}.get("participant_id", "participant_id")
            nobody = pl.col("participant_id").cast(pl.String).str.strip_chars().str.to_lowercase().is_in(NO_VALUE)
            rows = rows.with_columns(participant_id=pl.when(~nobody).then("participant_id"))  # no ids are no one person
            rows = rows.with_columns(self._privacy.safe_ids(rows["participant_id"], called, file.name))
        rows = self._with_label(rows, file)
        rows = self._long(rows, file, before) if self.columns.outcomes else self._with_study(rows, file)
        check_needed(rows.columns, frame.columns, where)
        rows = self._privacy.without_unlisted(self._with_nested(rows, where), file.name)
        rows = self._used(rows, file)
        rows = self._with_numbers(self._without_codes(rows), file)
        for name in ("stimulus", "question"):
            if name not in rows.columns:
                rows = rows.with_columns(pl.lit(None, pl.String).alias(name))
        texts = [name for name in _TEXTS if name in rows.columns]
        return rows.with_columns(pl.col(name).cast(pl.String).str.strip_chars() for name in texts).rename(
            {"participant_id": "participant"}
        )

    # -- columns ---------------------------------------------------------------------------------------------

    def _with_group(self, frame: pl.DataFrame, where: str) -> pl.DataFrame:
        """The rows with the column that --group-by names a second time, as `group`."""
        if self.group_by is None:
            return frame
        if self.group_by not in frame.columns:
            raise SourceError(
                f"{where} has no column {self.group_by!r} for --group-by{nearest(self.group_by, frame.columns)}"
            )
        return frame.with_columns(pl.col(self.group_by).alias("group"))

    def _with_stated_attributes(self, rows: pl.DataFrame, where: str) -> pl.DataFrame:
        """The rows with the map's attributes, under their names and with their labels."""
        for column, form in self.columns.attributes.items():
            if column not in rows.columns:
                raise SourceError(
                    f"{where} has no column {column!r}, which the map lists under attributes"
                    f"{nearest(column, rows.columns)}"
                )
            name = DEMOGRAPHIC + (form.name or column.removeprefix(DEMOGRAPHIC)).strip()
            if self._privacy.leaves_out(rows[column], form, Path(where).name):
                rows = rows.drop(column)
                continue
            value = pl.col(column).cast(pl.String).str.strip_chars()
            whole = as_codes(pl.col(column))
            known = whole.replace_strict(dict(form.labels), default=value, return_dtype=pl.String)
            codes = [*self.columns.missing, *form.missing]
            if codes:
                known = pl.when(whole.is_in(codes)).then(None).otherwise(known)
            rows = rows.with_columns(known.alias(name))
            rows = rows if name == column else rows.drop(column)
        return rows

    def _with_study(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        if self.columns.study is not None and "study_id" not in rows.columns:
            rows = rows.with_columns(study_id=pl.lit(self.columns.study))
        if self.columns.design is not None:
            rows = rows.with_columns(design=pl.lit(self.columns.design))
        if self.columns.condition and self.columns.condition.texts:
            rows = self._with_read_texts(rows, str(file))
            before = pl.col("stimulus").cast(pl.String).fill_null("") if "stimulus" in rows.columns else pl.lit("")
            shown = pl.concat_str(pl.col("_text"), pl.lit("\n\n"), before).str.strip_chars()
            rows = rows.with_columns(stimulus=pl.when(shown != "").then(shown)).drop("_text")
        if self.columns.condition and self.columns.condition.labels:
            rows = self._with_labels(rows, str(file))
        rows = self._with_safe_arms(rows, file)
        stated = self.columns.scale is not None or EVERY in self.noted
        rule = pl.lit(EVERY) if stated else pl.lit(None, pl.String)
        return rows.with_columns(rule.alias(RULE))

    def _with_label(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        """The rows; a column condition_num that holds labels is what it holds."""
        if "condition" in rows.columns or "condition_num" not in rows.columns:
            return rows
        given = rows["condition_num"].cast(pl.String).str.strip_chars()
        labels = given.filter(integers(rows["condition_num"]).is_null() & (given != ""))
        if labels.is_empty() and not self._labelled:
            return rows
        self._labelled = True
        if not labels.is_empty():
            self.notes.setdefault(f"{file.name}: the column condition_num holds labels of conditions, no numbers")
        return rows.rename({"condition_num": "condition"})

    def _with_labels(self, rows: pl.DataFrame, where: str) -> pl.DataFrame:
        """The rows with the map's labels of their arms, every one of which must have one."""
        form = self.columns.condition
        assert form is not None
        value = as_codes(rows["condition"])
        found = value.drop_nulls().unique(maintain_order=True).to_list()
        self._arms |= set(found)
        left = [one for one in found if one not in form.labels]
        if left:
            self._check_arms(where)  # one is probably the other, misspelt
            some = listed([repr(masked(one)) for one in left], 5)
            raise SourceError(
                f"{where}: the column {form.column} has {some}, for which the map gives no label; give every arm one"
            )
        return rows.with_columns(value.replace_strict(dict(form.labels), return_dtype=pl.String).alias("condition"))

    def _with_safe_arms(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        """The rows, whose arms are not called by what may tell who somebody is."""
        if "condition" not in rows.columns:
            return rows
        return rows.with_columns(self._privacy.safe_arms(rows["condition"], self.columns.condition, file.name))

    def _with_read_texts(self, rows: pl.DataFrame, where: str) -> pl.DataFrame:
        """The rows with what people in their arm read, by the map, as `_text`; every arm has a text, or none has."""
        texts = self.columns.condition.texts if self.columns.condition else {}
        value = as_codes(rows["condition"])
        left = [one for one in value.drop_nulls().unique(maintain_order=True).to_list() if one not in texts]
        if texts and left:
            raise SourceError(
                f'{where}: the map gives texts for other conditions and none for {masked(left[0])!r}; give one, or ""'
            )
        read = value.replace_strict(dict(texts), default="", return_dtype=pl.String)
        return rows.with_columns(read.alias("_text"))

    def _with_nested(self, rows: pl.DataFrame, where: str) -> pl.DataFrame:
        if "demographics" not in rows.columns:
            return rows
        return with_attributes(rows, "demographics", where)

    def _used(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        """The rows without columns that nothing reads, which are named."""
        kept = (*KNOWN, RULE)
        unused = [name for name in rows.columns if name not in kept and not name.startswith(DEMOGRAPHIC)]
        if (
            "outcome" in rows.columns
            and self.columns.stated_columns.get("outcome") is None
            and not self.columns.outcomes
        ):
            unused.append("outcome")
        if not isinstance(rows.schema.get("scale_values"), pl.List):
            unused += [name for name in SCALE_COLUMNS if name in rows.columns]
        unread = [name for name in unused if name != self.group_by]
        if unread:
            self.notes.setdefault(
                f"{file.name}: nothing reads the column {', '.join(unread)} (the names of attributes begin with "
                f"{DEMOGRAPHIC}, or a map lists them under `attributes`)"
            )
        rows = rows.drop(unused)
        rows = with_plain_columns(rows, str(file))
        check_attributes(
            (name.removeprefix(DEMOGRAPHIC) for name in rows.columns if name.startswith(DEMOGRAPHIC)), str(file)
        )
        return rows

    # -- values ----------------------------------------------------------------------------------------------

    def _without_codes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows without answers and weights that are codes for "no answer"."""
        if not self.columns.missing:
            return rows
        for name in ("response", "weight"):
            if name in rows.columns:
                text = as_codes(pl.col(name))
                kept = pl.when(text.is_in(list(self.columns.missing))).then(None).otherwise(pl.col(name))
                gone = rows.select(text.is_in(list(self.columns.missing)).sum()).item()
                rows = rows.with_columns(kept.alias(name))
                if gone:
                    self.notes[f"{name}: codes for no answer ({', '.join(self.columns.missing)})"] = None
        return rows

    def _with_own_notation(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows, with numbers that are no texts written as the texts: 1.125 is never 1125."""
        if self.columns.decimal != ",":
            return rows
        return rows.with_columns(pl.selectors.float().cast(pl.String).str.replace(".", ",", literal=True))

    def _with_numbers(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        """The rows with numbers in our notation."""
        notation = notation_of(rows, str(file), self.columns.decimal)
        if notation.assumed:
            self.notes.setdefault(f"{file.name}: {notation.assumed}")
        numeric = ("weight", "scale_min", "scale_max", "condition_num", "task_num")
        rows = rows.with_columns(with_points(rows[name], notation.decimal) for name in numeric if name in rows.columns)
        if notation.decimal == "." and has_decimal_comma(rows["response"]):
            self.notes.setdefault(f"{file.name}: a comma is the decimal mark of answers, some of which end in ,0")
        answers = response_numbers(rows["response"], notation, str(file), stated=self.columns.decimal is not None)
        return rows.with_columns(answers)

    # -- a row a person --------------------------------------------------------------------------------------

    def _long(self, rows: pl.DataFrame, file: Path, before: int) -> pl.DataFrame:
        """One answer a row, of a table with one person a row."""
        form = self.columns
        lacking = [name for name in form.outcomes if name not in rows.columns]
        if lacking:
            raise SourceError(
                f"{file} has no column {lacking[0]!r}, which the map lists under outcomes"
                f"{nearest(lacking[0], rows.columns)}"
            )
        if "study_id" not in rows.columns:
            rows = rows.with_columns(study_id=pl.lit(form.study or Path(self.name).name.split(".")[0]))
        if "participant_id" not in rows.columns:
            rows = rows.with_columns(participant_id=pl.int_range(before + 1, before + pl.len() + 1).cast(pl.String))
            self.notes.setdefault(f"{file.name}: each row is a person, called by its number")
        if "condition" not in rows.columns:
            rows = rows.with_columns(condition_num=pl.lit(1, pl.Int64))
        else:
            rows = self._with_read_texts(rows, str(file))
            rows = self._with_labels(rows, str(file)) if form.condition and form.condition.labels else rows
            rows = self._with_safe_arms(rows, file)
        if form.design is not None:
            rows = rows.with_columns(design=pl.lit(form.design))
        return self._unpivoted(rows, file)

    def _unpivoted(self, rows: pl.DataFrame, file: Path) -> pl.DataFrame:
        form = self.columns
        own = set(KNOWN) | {"_text"}
        others = [n for n in rows.columns if n not in form.outcomes and (n in own or n.startswith(DEMOGRAPHIC))]
        parts = []
        for column, outcome in form.outcomes.items():
            asked = rows.select(*others, pl.col(column).cast(pl.String).alias("response")).drop_nulls("response")
            empty = len(rows) - len(asked)
            self.counted[f"{file.name}: {column} is not answered by {{}}"] += empty
            asked = self._without_own_codes(asked, column, outcome)
            stated = outcome.scale is not None or column in self.noted
            before = pl.col("_text") if "_text" in asked.columns else pl.lit("")
            shown = pl.concat_str(before, pl.lit("\n\n"), pl.lit(outcome.text)).str.strip_chars()
            parts.append(
                asked.with_columns(
                    stimulus=shown,
                    question=pl.lit(outcome.question),
                    outcome=pl.lit(outcome.name or column),
                ).with_columns(pl.lit(column if stated else None, pl.String).alias(RULE))
            )
        return pl.concat(parts).drop("_text", strict=False)

    def _without_own_codes(self, asked: pl.DataFrame, column: str, outcome: OutcomeMap) -> pl.DataFrame:
        """The answers in one column without those that are its own codes for "no answer"."""
        if not outcome.missing:
            return asked
        text = as_codes(pl.col("response"))
        kept = asked.filter(~text.is_in(list(outcome.missing)))
        if len(kept) < len(asked):
            self.notes[f"{column}: codes for no answer ({', '.join(outcome.missing)})"] = None
        return kept
