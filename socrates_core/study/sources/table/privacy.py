"""Keeps what may tell who somebody is out of the attributes and the ids of a table's participants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.sources.personal import personal_arms, personal_id, personal_name, personal_values
from socrates_core.study.sources.table.columns import DEMOGRAPHIC
from socrates_core.study.sources.table.map.form import AttributeMap, ConditionMap


@dataclass
class Privacy:
    """What was found in the slices of a table so far; it holds for the later ones."""

    listed: Mapping[str, AttributeMap]
    """Column → what the map says about this attribute."""
    notes: dict[str, None]
    """Gains a sentence for each column that is left out, kept or replaced."""
    _personal: dict[str, str] = field(default_factory=dict)
    """Column → what it holds that may tell who somebody is."""
    _people: dict[str, str] = field(default_factory=dict)
    """Id of a participant that may tell who somebody is → the one in its place."""
    _arms: dict[str, str] = field(default_factory=dict)
    """Likewise for labels of conditions."""

    def leaves_out(self, column: pl.Series, form: AttributeMap | None, file: str) -> bool:
        """Whether an attribute may tell who somebody is, and the map does not say that it stays.

        Args:
            column: A slice of it, under its own name.
            form: What the map says about it; None if it does not list it.
            file: The name of the table's file.
        """
        name = column.name
        if form is not None and form.personal:
            self.notes.setdefault(f"{file}: the column {name} is kept, since the map says `personal: true`")
            return False
        coded = form is not None and form.labels  # its values are few, and what they mean is known
        what = self._personal.get(name) or personal_name(name) or (None if coded else personal_values(column))
        if what is None:
            return False
        self._personal[name] = what
        self.notes.setdefault(
            f"{file}: the column {name} holds {what} and is left out; if people agreed to that, a map keeps it "
            f"(`attributes: {{{name}: {{personal: true}}}}`)"
        )
        return True

    def without_unlisted(self, rows: pl.DataFrame, file: str) -> pl.DataFrame:
        """The rows without the attributes that the map does not list and that may tell who somebody is."""
        stated = {
            DEMOGRAPHIC + (form.name or name.removeprefix(DEMOGRAPHIC)).strip() for name, form in self.listed.items()
        }
        unlisted = [name for name in rows.columns if name.startswith(DEMOGRAPHIC) and name not in stated]
        return rows.drop([name for name in unlisted if self.leaves_out(rows[name], None, file)])

    def safe_ids(self, ids: pl.Series, called: str, file: str) -> pl.Series:
        """The ids of participants, with running numbers in place of addresses, names and the like.

        Args:
            ids: A slice of them.
            called: The column's own name.
            file: The name of the table's file.
        """
        what = self._personal.get(ids.name) or personal_id(called, ids)
        if what is None:
            return ids
        self._personal[ids.name] = what
        self.notes.setdefault(
            f"{file}: the column {called} holds {what}; participants are called by running numbers instead"
        )
        return _numbered(ids, self._people, "person")

    def safe_arms(self, labels: pl.Series, form: ConditionMap | None, file: str) -> pl.Series:
        """The labels of conditions, with running numbers in place of addresses and the like.

        Args:
            labels: A slice of them, as the table has them.
            form: What the map says about them.
            file: The name of the table's file.

        Raises:
            SourceError: If the map names the control by such a label.
        """
        if form is not None and (form.personal or form.labels):  # the map's own labels are in their place already
            return labels
        what = self._personal.get("condition") or personal_arms(labels)
        if what is None:
            return labels
        called = form.column if form is not None else "condition"
        way = f"`condition: {{column: {called}, personal: true}}`"
        if form is not None and form.control is not None:
            raise SourceError(
                f"{file}: the conditions in the column {called} are called by {what}, and the map names the control by "
                f"it; give each condition a label in the map, or keep them ({way})"
            )
        self._personal["condition"] = what
        self.notes.setdefault(
            f"{file}: the conditions in the column {called} are called by {what}; they get running numbers instead, "
            f"unless a map gives them labels or keeps them ({way})"
        )
        return _numbered(labels, self._arms, "condition")


def _numbered(column: pl.Series, known: dict[str, str], word: str) -> pl.Series:
    """A column with `word` and a running number in place of each value; `known` gains those that are new."""
    texts = column.cast(pl.String)
    for one in texts.drop_nulls().unique(maintain_order=True):
        known.setdefault(one, f"{word} {len(known) + 1}")
    return texts.replace_strict(known, default=None, return_dtype=pl.String)
