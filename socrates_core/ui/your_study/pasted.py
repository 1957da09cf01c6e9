"""Tables that a visitor pastes or uploads as text: personas, and shares of several attributes."""

import csv
import io
from collections.abc import Iterator
from typing import Final

import polars as pl

from socrates_core.study.study_file.population.people import MOST_PERSONAS

MOST_COLUMNS: Final = 64
_SEPARATORS: Final = "\t;,"


class TableError(Exception):
    """What keeps a text from being a table, in a sentence without its end."""


def pasted_table(text: str) -> list[dict[str, str]]:
    """The rows of a table with its names on the first line: column → cell, cells without text left out.

    Cells are text whatever they hold, formulas and markup too.

    Args:
        text: Fields end with a tab, a semicolon or a comma, whichever the first line has most of.

    Raises:
        TableError: If it is not a table, or has more than `MOST_PERSONAS` rows; names the row.
    """
    lines = text.lstrip("\ufeff").lstrip("\r\n")
    head = lines.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    rows = _rows(lines, separator)
    names = [name.strip() for name in next(rows, (0, []))[1]]
    if not names or not all(names) or len(names) > MOST_COLUMNS:
        raise TableError(f"the first line names the columns, 1 to {MOST_COLUMNS}, none of them empty")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise TableError(f"two columns are called {twice[0]!r}; rename one")
    found = []
    for number, cells in rows:
        if len(cells) != len(names):
            raise TableError(f"row {number} has {len(cells)} cells, and the first line names {len(names)} columns")
        found.append({name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()})
        if len(found) > MOST_PERSONAS:
            count = sum(1 for line in lines.splitlines() if line.strip()) - 1
            raise TableError(f"the table has {count:,} rows, at most {MOST_PERSONAS:,} can be pasted")
    if not found:
        raise TableError("the table has names of columns and no row")
    return found


def pasted_tables(text: str) -> list[pl.DataFrame]:
    """Several tables, with an empty line between two; all columns are text.

    Raises:
        TableError: As for `pasted_table`.
    """
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [pl.DataFrame(pasted_table("\n".join(block)), infer_schema_length=None) for block in blocks if block]


def written_table(rows: list[dict[str, str]]) -> str:
    """Rows as a text that `pasted_table` reads; a column for every name that one of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    table = csv.DictWriter(file, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The row's number, the first line's being 0, and its cells; without empty rows."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    number = -1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(f"row {number + 1} cannot be read ({error}); look at its quotation marks") from error
        if any(cell.strip() for cell in cells):
            number += 1
            yield number, cells
