"""Attributes that a table keeps together in one column: as JSON, as a Python dictionary, or as a struct."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import parse_json
from socrates_core.study.sources.table.columns import DEMOGRAPHIC

_LONGEST: Final = 20_000
"""Characters of one person's attributes; more are no attributes."""


def with_attributes(rows: pl.DataFrame, column: str, where: str) -> pl.DataFrame:
    """The rows with the attributes of one column as columns of their own, called `demo_NAME`.

    An object within the object gives names such as `home_region`, a list one text.

    Args:
        rows: The table.
        column: Text or struct.
        where: The table, in messages.

    Raises:
        SourceError: If a text is no object, or an attribute is called as another column.
    """
    if isinstance(rows.schema[column], pl.Struct):
        values = rows[column].to_list()
    elif rows.schema[column] == pl.String:
        texts = rows[column].unique(maintain_order=True).to_list()
        parsed = {text: _object(text, column, where, rows) for text in texts if text}
        values = [parsed.get(text) for text in rows[column]]
    else:
        raise SourceError(
            f"{where}: the column {column} contains {rows.schema[column]}, expected an object of attributes "
            '({"age": 30}); rename it to demo_ANYTHING if it is one attribute'
        )
    flat = [dict(_leaves(value)) if value else {} for value in values]
    names = list(dict.fromkeys(name for one in flat for name in one))
    taken = [name for name in names if DEMOGRAPHIC + name in rows.columns]
    if taken:
        raise SourceError(f"{where}: {DEMOGRAPHIC}{taken[0]} is a column and an attribute in {column}; rename one")
    new = [pl.Series(DEMOGRAPHIC + name, [one.get(name) for one in flat], pl.String) for name in names]
    return rows.drop(column).with_columns(new)


def _object(text: str, column: str, where: str, rows: pl.DataFrame) -> Mapping[str, Any] | None:
    if not text.strip():
        return None
    found: Any = None
    if len(text) <= _LONGEST:
        try:
            found = parse_json(text)
        except ValueError:
            try:
                found = ast.literal_eval(text.strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                found = None
    if not isinstance(found, dict):
        place = rows[column].to_list().index(text) + 1  # the text itself may tell who somebody is
        raise SourceError(
            f"{where}, row {place:,} of those read: the text in the column {column} is not an object of attributes; "
            "expected "
            '{"age": 30, "gender": "Female"}'
        )
    return found


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | None]]:
    for key, inner in value.items():
        name = f"{before}{key}".strip().replace(" ", "_")
        if isinstance(inner, Mapping):
            yield from _leaves(inner, f"{name}_")
        else:
            yield name, _text(inner)


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list | tuple | set):
        return "; ".join(filter(None, map(_text, value))) or None
    return str(value)
