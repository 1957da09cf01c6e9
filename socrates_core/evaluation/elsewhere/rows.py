"""A file that other software wrote, as it stands: its encoding, its separator, its rows, and no value read yet."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import polars as pl

from socrates_core.errors import PredictionError, counted, shown
from socrates_core.evaluation.elsewhere.columns import recognised
from socrates_core.evaluation.elsewhere.values import first_line, number
from socrates_core.study.files import parse_json
from socrates_core.study.sources.file.western import WAYS_OUT, first_accented, western

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
TABLES: Final = (".csv", ".tsv", ".tab", ".psv")
JSON_LINES: Final = (".jsonl", ".ndjson")
NOTHING: Final = ("", "NA")
"""What stands in a table for no value."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What a file holds."""

    rows: list[dict[str, Any]]
    """One for each prediction: column → value."""
    assumed: tuple[str, ...] = ()
    """What the file does not say and was taken for granted, in words."""
    decimal_commas: bool = False
    """Whether a number may be written with a comma, which does not separate values."""


def read_rows(path: Path, content: bytes, encoding: str | None = None) -> Rows:
    """Read JSON, JSONL, Parquet, or a table with commas, semicolons, tabs or pipes.

    Args:
        path: The file.
        content: What is in it.
        encoding: Of its text; None to find it.

    Raises:
        PredictionError: If it is nothing of that, or not what its ending says.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return Rows(_parquet_rows(path, content))
    if suffix not in (".json", *JSON_LINES, *TABLES):
        raise PredictionError(
            f"{shown(path)} is not a file of predictions; pass .json, .jsonl, .csv or .parquet (.csv for a table with "
            "semicolons, tabs or pipes too)"
        )
    text, said = _decoded(path, content, encoding)
    if "\0" in text:
        _unreadable(path, "it holds zero bytes; it may be damaged")
    if suffix in TABLES:
        rows, separator = _table_rows(path, text)
        told = [] if separator == "," else [f"{SEPARATORS[separator]} separate the columns"]
        return Rows(rows, (*said, *told), decimal_commas=separator != ",")
    return Rows(_json_rows(path, text) if suffix == ".json" else _jsonl_rows(path, text), said)


def _decoded(path: Path, content: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The text and, where it is not UTF-8 and nobody says what it is, what it was taken for."""
    if encoding is not None:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), ()
        except (ValueError, LookupError) as error:  # of the codec, or no such codec
            reason = getattr(error, "reason", error)
            raise PredictionError(f"{shown(path)} is not text in {shown(encoding)} ({reason}); {WAYS_OUT}") from error
    start = content[:2000]
    marked = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if marked or start.count(0) > len(start) / 5:
        # without a mark, the zeros of Latin letters say which byte comes first
        coding = "utf-16" if marked else "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"
        try:
            return content.decode(coding), ("the file is UTF-16",)
        except UnicodeDecodeError as error:
            raise PredictionError(
                f"{shown(path)} is neither UTF-8 nor UTF-16 ({error.reason}); save it as UTF-8"
            ) from (error)
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        text = western(content)
    except ValueError as error:
        raise PredictionError(f"{shown(path)} {error}") from error
    return text, (f"the file is not UTF-8, so it is read as Windows-1252 (Latin-1), as in {first_accented(text)!r}",)


# -- tables ------------------------------------------------------------------------------------------------------


def _table_rows(path: Path, text: str) -> tuple[list[dict[str, Any]], str]:
    separator, text = _separator(text)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = next((line for line in lines if any(cell.strip() for cell in line)), None)
        if header is None:
            _unreadable(path, "it is empty")
        twice = [name for name, count in Counter(header).items() if name.strip() and count > 1]
        if twice:
            _unreadable(path, f"two columns are called {shown(twice[0])}")
        return [_row(path, header, line, lines.line_num) for line in lines if any(cell.strip() for cell in line)], (
            separator
        )
    except csv.Error as error:
        raise PredictionError(f"{shown(path)} cannot be read (line {lines.line_num}: {first_line(error)})") from error


def _row(path: Path, header: list[str], line: list[str], place: int) -> dict[str, Any]:
    if len(line) < len(header) or any(cell.strip() for cell in line[len(header) :]):
        _unreadable(path, f"line {place} has {counted(len(line), 'value')} for {counted(len(header), 'column')}")
    return {
        name: None if cell.strip() in NOTHING else cell
        for name, cell in zip(header, line, strict=False)
        if name.strip()
    }


def _separator(text: str) -> tuple[str, str]:
    """What separates the columns, and the text without Excel's line that says so."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and first.strip()[4:] in SEPARATORS:
        return first.strip()[4:], rest

    def fits(separator: str) -> tuple[int, int]:
        names = next(csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator), [])
        return len(recognised(names)), len(names)

    try:
        return max(SEPARATORS, key=fits), text
    except csv.Error:
        return ",", text


def _unreadable(path: Path, why: str) -> NoReturn:
    raise PredictionError(f"{shown(path)} cannot be read ({why})")


# -- Parquet and JSON --------------------------------------------------------------------------------------------


def _parquet_rows(path: Path, content: bytes) -> list[dict[str, Any]]:
    try:
        return pl.read_parquet(content).to_dicts()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise PredictionError(f"{shown(path)} cannot be read ({first_line(error)})") from error


def _json_rows(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        raw = parse_json(text, whole=number)
    except ValueError as error:
        raise PredictionError(f"{shown(path)} is not JSON ({error})") from error
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise PredictionError(f"{shown(path)}: expected a list of objects, one for each prediction")
    return raw


def _jsonl_rows(path: Path, text: str) -> list[dict[str, Any]]:
    rows = []
    for count, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line, whole=number)
        except ValueError as error:
            raise PredictionError(
                f"{shown(path)}, line {count}: not JSON ({error}); expected one object a line"
            ) from error
        if not isinstance(row, dict):
            raise PredictionError(f"{shown(path)}, line {count}: expected an object, found {type(row).__name__}")
        rows.append(row)
    return rows
