"""JSON tables: a list of objects, an object that holds one or the columns, or an object a line; compressed or not."""

import gzip
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import parse_json
from socrates_core.study.sources.file.delimited import check_names

SUFFIXES: Final = (".json", ".jsonl", ".ndjson")

LARGEST: Final = 256 * 1024**2
"""Most bytes of an unpacked table that is not an object a line; it is read as a whole, in about eight times as much."""
_LONGEST_LINE: Final = 16 * 1024**2
_MOST_LINES: Final = 50_000_000
_IN: Final = ("data", "rows", "records", "responses")
"""Keys under which an object holds its rows."""


def is_json_lines(file: Path) -> bool:
    """Whether the first line of a file is an object that ends there.

    Raises:
        SourceError: If it cannot be unpacked.
    """
    with _opened(file) as lines:
        start = next((line for line in _read(lines, file) if line.strip()), b"").strip().removeprefix(b"\xef\xbb\xbf")
    try:
        found = parse_json(start.decode("utf-8"))
    except ValueError:
        return False
    return isinstance(found, dict) and _rows(found) is None


def json_columns(file: Path) -> list[str]:
    """The columns of a JSON table, in the order in which they appear; errors as for `json_frames`."""
    if not is_json_lines(file):
        return next(json_frames(file, 1), pl.DataFrame()).columns
    names: dict[str, None] = {}
    for one in _lines(file):
        names.update(dict.fromkeys(one))
    check_names(list(names), file)
    return list(names)


def json_frames(file: Path, rows: int, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows, so many at a time; a column whose values are of several kinds is text.

    Args:
        file: The table.
        rows: Of a frame.
        columns: The columns to read; None for all.

    Raises:
        SourceError: If it is not JSON or not a table, names the line; or is larger than can be read as a whole.
    """
    if is_json_lines(file):
        names = json_columns(file) if columns is None else list(columns)
        objects: Iterable[Mapping[str, Any]] = _lines(file)
    else:
        objects = _whole(file)
        names = list(dict.fromkeys(name for one in objects for name in one))
        check_names(names, file)
        names = names if columns is None else list(columns)
    waiting = iter(objects)
    while part := list(itertools.islice(waiting, rows)):
        yield pl.DataFrame([_column(name, [one.get(name) for one in part], file) for name in names])


# -- reading ---------------------------------------------------------------------------------------------------


def _opened(file: Path) -> Any:
    with file.open("rb") as start:
        packed = start.read(2) == b"\x1f\x8b"
    return gzip.open(file, "rb") if packed else file.open("rb")


def _read(lines: Any, file: Path) -> Iterator[bytes]:
    try:
        for _ in range(_MOST_LINES):
            line: bytes = lines.readline(_LONGEST_LINE)
            if not line:
                return
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{file} cannot be unpacked ({error}); fetch it again") from error
    raise SourceError(f"{file} has more than {_MOST_LINES:,} lines; save it as Parquet")


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with _opened(file) as lines:
        for number, line in enumerate(_read(lines, file), start=1):
            if not line.strip():
                continue
            try:
                found = parse_json(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except ValueError as error:
                raise SourceError(f"{file}, line {number:,}: it is not JSON ({_place(error)})") from error
            if not isinstance(found, dict):
                raise SourceError(f"{file}, line {number:,}: expected an object, found {type(found).__name__}")
            yield found


def _whole(file: Path) -> list[Mapping[str, Any]]:
    with _opened(file) as opened:
        try:
            content: bytes = opened.read(LARGEST + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise SourceError(f"{file} cannot be unpacked ({error}); fetch it again") from error
    if len(content) > LARGEST:
        raise SourceError(
            f"{file} has more than {LARGEST // 1024**2} MB of JSON in one piece; write an object a line (JSONL), or "
            "save it as Parquet"
        )
    try:
        found = parse_json(content.decode("utf-8-sig"))
    except ValueError as error:
        raise SourceError(f"{file} is not JSON ({_place(error)})") from error
    rows = _rows(found)
    wrong = next((number for number, one in enumerate(rows or (), start=1) if not isinstance(one, dict)), None)
    if rows is None or wrong is not None:
        at = f", entry {wrong:,}" if wrong is not None else ""
        raise SourceError(
            f'{file}{at}: expected a list of objects ([{{"id": 1, "q": 5}}, …]), or an object with such a list as '
            '"data" or with a list for each column'
        )
    return rows


def _place(error: ValueError) -> str:
    """Where JSON is wrong, without what stands there, which may be about a person."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno:,}, column {error.colno:,}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start:,} is not UTF-8"
    return str(error)


def _rows(found: Any) -> list[Any] | None:
    """The rows of what a file holds; None if it is not a table."""
    if isinstance(found, list):
        return found
    if not isinstance(found, dict):
        return None
    inside: list[Any] | None = next((found[key] for key in _IN if isinstance(found.get(key), list)), None)
    names = found.get("columns")
    if inside and isinstance(names, list) and all(isinstance(row, list) and len(row) == len(names) for row in inside):
        return [dict(zip(map(str, names), row, strict=True)) for row in inside]
    if inside and all(isinstance(one, dict) for one in inside):
        return inside
    columns = [value for value in found.values() if isinstance(value, list)]
    same = len(columns) == len(found) > 0 and len({len(value) for value in columns}) == 1 and len(columns[0]) > 0
    if same and not any(isinstance(one, dict) for value in columns for one in value):
        return [dict(zip(found, row, strict=True)) for row in zip(*columns, strict=True)]
    return None


def _column(name: str, values: Sequence[Any], file: Path) -> pl.Series:
    kinds = {type(one) for one in values if one is not None}
    if kinds <= {int, float} and all(abs(one) < 2**63 for one in values if type(one) is int):
        return pl.Series(name, values, pl.Float64 if float in kinds else pl.Int64 if kinds else pl.String)
    if len(kinds) == 1 and kinds <= {str, bool}:
        return pl.Series(name, values)
    if kinds <= {list} or kinds <= {dict}:
        try:
            return pl.Series(name, values)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            return pl.Series(name, [None if one is None else json.dumps(one) for one in values], pl.String)
    return pl.Series(name, [None if one is None else _text(one) for one in values], pl.String)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
