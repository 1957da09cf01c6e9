"""Workbooks of Excel (.xlsx, .xls) and LibreOffice (.ods): one sheet, its cells as the texts that a CSV would have.

A cell with a formula counts as the value that was saved with it. A workbook is a zip archive, so what it unpacks to is
checked before anything is unpacked.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

import polars as pl

from socrates_core.errors import SourceError, counted, shown
from socrates_core.study.sources.file.delimited import check_names

SUFFIXES: Final = (".xlsx", ".xlsm", ".xls", ".ods")

_LARGEST: Final = 1024**3
"""Most bytes that a workbook may unpack to: about 40 million cells."""
_PACKED_MOST: Final = 200
"""Most bytes that one byte of the archive may unpack to; sheets of real answers unpack to 5 to 50."""
_SMALL: Final = 16 * 1024**2
"""Bytes of an unpacked part below which its ratio does not matter."""
_CHUNK: Final = 4 * 1024**2
_CELL: Final = re.compile(rb"<c\b(?P<attributes>[^>]*?)(?:/>|>(?P<inside>.*?)</c>)", re.DOTALL)
_ROW: Final = re.compile(
    rb"<table:table-row\b(?P<attributes>[^>]*?)(?:/>|>(?P<inside>.*?)</table:table-row>)", re.DOTALL
)
_ROWS_REPEATED: Final = re.compile(rb'number-rows-repeated="(\d{1,12})"')
_COLUMNS_REPEATED: Final = re.compile(rb'number-columns-repeated="(\d{1,12})"')
_SHEET_ROWS: Final = 1024**2
_MOST_REPEATED: Final = 40_000_000
"""Cells that an .ods may have by saying that they repeat."""
_PLACE: Final = re.compile(rb'\br="([A-Z]+\d+)"')
_VALUE: Final = re.compile(rb"<v\b[^>]*>[^<]+</v>|<is\b")
_MIDNIGHT: Final = r"^(\d{4}-\d\d-\d\d) 00:00:00$"
_LISTED: Final = 5


@dataclass(frozen=True)
class _Sheet:
    """The chosen sheet."""

    name: str
    others: tuple[str, ...]
    rows: pl.DataFrame
    """All columns are text, under the names in the first row that is not empty; empty cells are null."""
    unnamed: int
    """Columns that hold values under no name; they are left out."""


def workbook_columns(file: Path, sheet: str | None = None) -> list[str]:
    """The columns of a sheet; errors as for `workbook_frame`."""
    return _sheet(file, sheet, most=1).rows.columns


def workbook_frame(
    file: Path,
    sheet: str | None = None,
    decimal_comma: bool = False,
    note: Callable[[str], object] | None = None,
) -> pl.DataFrame:
    """The rows of a sheet, all of them text: numbers as 2 and 2.5, dates as 2020-01-02, yes or no as true or false.

    Args:
        file: The workbook.
        sheet: Its sheet; the first one that is not hidden where it is None.
        decimal_comma: Whether numbers are written with a comma, since the texts of the table are.
        note: Called with each thing that had to be assumed.

    Raises:
        SourceError: If it cannot be read, unpacks to more than it may, has no such sheet, no header, or two columns of
            one name.
    """
    found = _sheet(file, sheet)
    rows = found.rows
    if decimal_comma:
        rows = _with_commas(file, found)
    if note is not None:
        for sentence in _assumed(file, found):
            note(sentence)
    return rows


def _assumed(file: Path, sheet: _Sheet) -> Iterator[str]:
    if sheet.others:
        others = ", ".join(map(repr, sheet.others[:_LISTED])) + (" and more" if len(sheet.others) > _LISTED else "")
        yield f"{file.name}: the sheet {sheet.name!r} is read; there are also {others} (a map may say `sheet: NAME`)"
    if sheet.unnamed:
        yield (
            f"{file.name}: {counted(sheet.unnamed, 'column')} with values under no name left out; names are "
            "read from the first row that is not empty, so delete a title above them"
        )
    empty, errors = _formulas(file, sheet.name)
    if empty:
        yield (
            f"{file.name}: {_places(empty)} hold a formula without a saved value, so they are empty; open the workbook "
            "once in Excel and save it"
        )
    if errors:
        yield f"{file.name}: {_places(errors)} hold an error such as #DIV/0!, so they are empty"


def _places(cells: Sequence[str]) -> str:
    more = f" and {len(cells) - _LISTED:,} more" if len(cells) > _LISTED else ""
    return f"the cells {', '.join(cells[:_LISTED])}{more}"


# -- sheets ----------------------------------------------------------------------------------------------------


def _sheet(file: Path, name: str | None, most: int | None = None) -> _Sheet:
    _check_packing(file)
    book = _opened(file)
    names: list[str] = list(book.sheet_names)
    if not names:
        raise SourceError(f"{file} holds no sheet")
    chosen = _first_shown(file, names) if name is None else name
    if chosen not in names:
        raise SourceError(f"{file} has no sheet {chosen!r}; it has {', '.join(map(repr, names[:20]))}")
    others = tuple(one for one in names if one != chosen)
    cells = _cells(file, book, chosen, None if most is None else most + 1)
    filled = pl.any_horizontal(pl.all().is_not_null()) if cells.width else pl.lit(False)
    cells = cells.filter(filled)
    if cells.is_empty():
        also = f"; there are also {', '.join(map(repr, others[:_LISTED]))} (a map may say `sheet: NAME`)"
        raise SourceError(f"{file}: the sheet {chosen!r} is empty{also if others else ''}")
    header = [None if one is None else str(one).strip() or None for one in cells.row(0)]
    body = cells[1:]
    named = [place for place, one in enumerate(header) if one is not None]
    unnamed = [place for place, one in enumerate(header) if one is None and body[:, place].null_count() < len(body)]
    check_names([str(header[place]) for place in named], file)
    rows = pl.DataFrame([body[:, place].alias(str(header[place])) for place in named])
    return _Sheet(chosen, others, rows.with_columns(pl.all().str.replace(_MIDNIGHT, "$1")), len(unnamed))


def _opened(file: Path) -> Any:
    import fastexcel

    try:
        return fastexcel.read_excel(file.absolute())
    except (fastexcel.FastExcelError, OSError, ValueError) as error:
        raise SourceError(f"{file} is not a workbook that can be read ({_first(error)}); save it again") from error


def _cells(file: Path, book: Any, sheet: str, rows: int | None) -> pl.DataFrame:
    """The cells of a sheet from its first filled row on, as texts."""
    import fastexcel

    try:
        read = book.load_sheet(sheet, header_row=None, n_rows=rows, dtypes="string", whitespace_as_null=True)
        table = read.to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise SourceError(f"{file}: the sheet {shown(sheet)!r} cannot be read ({_first(error)})") from error
    assert isinstance(table, pl.DataFrame)
    return table


def _with_commas(file: Path, found: _Sheet) -> pl.DataFrame:
    """The rows, with a comma in the numbers of columns that hold numbers alone."""
    book = _opened(file)
    whole = book.load_sheet(found.name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    filled = whole.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(False)).to_series()
    header = int(filled.arg_true()[0])
    typed = book.load_sheet(found.name, header_row=None, skip_rows=header + 1, schema_sample_rows=None).to_polars()
    numeric = [place for place, kind in enumerate(typed.dtypes) if kind.is_numeric()]
    names = [name.strip() for place in numeric if (name := whole[header, place])]
    return found.rows.with_columns(pl.col(name).str.replace(".", ",", literal=True) for name in names)


def _first(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


# -- the archive -----------------------------------------------------------------------------------------------


def _check_packing(file: Path) -> None:
    """Raise a SourceError for an archive that unpacks to more than a workbook does, before anything is unpacked."""
    with file.open("rb") as opened:
        if opened.read(4) != b"PK\x03\x04":
            return  # an .xls, or what the reader says it is
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SourceError(f"{file} is not a workbook that can be read ({error}); save it again") from error
    size = sum(part.file_size for part in parts)
    way_out = "save the sheet as 'CSV UTF-8'"
    if size > _LARGEST:
        raise SourceError(f"{file} unpacks to {size / 1024**3:.1f} GiB, more than {_LARGEST / 1024**3:.0f}; {way_out}")
    if file.suffix.lower() == ".ods":
        _check_repeats(file)
    for part in parts:
        if part.file_size > _SMALL and part.file_size > _PACKED_MOST * max(1, part.compress_size):
            raise SourceError(
                f"{file}: its part {shown(part.filename)} unpacks to {part.file_size // max(1, part.compress_size)} "
                f"times its size, as no sheet of answers does; {way_out}"
            )


def _check_repeats(file: Path) -> None:
    """Raise a SourceError for an .ods whose rows and cells that say how often they repeat are more than can be held."""
    cells = 0
    try:
        with zipfile.ZipFile(file) as packed, packed.open("content.xml") as xml:
            for row in _blocks(xml, _ROW, b"<table:table-row", (b"-repeated",)):
                columns = sum(int(one) for one in _COLUMNS_REPEATED.findall(row["inside"] or b""))
                rows = _ROWS_REPEATED.search(row["attributes"])
                if b"office:value" in (row["inside"] or b"") or b"<text:p" in (row["inside"] or b""):
                    cells += min(int(rows[1]) if rows else 1, _SHEET_ROWS) * (columns + 1)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise SourceError(f"{file} is not a workbook that can be read ({_first(error)}); save it again") from error
    if cells > _MOST_REPEATED:
        raise SourceError(f"{file} repeats its rows and cells {cells:,} times; save the sheet as 'CSV UTF-8'")


def _formulas(file: Path, sheet: str) -> tuple[list[str], list[str]]:
    """The cells of an .xlsx that hold a formula without a value, and those that hold an error.

    Raises:
        SourceError: If a part of the archive is larger than the archive says.
    """
    if file.suffix.lower() not in (".xlsx", ".xlsm"):
        return [], []
    empty: list[str] = []
    errors: list[str] = []
    try:
        with zipfile.ZipFile(file) as packed, packed.open(_part_of(packed, sheet)) as xml:
            for cell in _blocks(xml, _CELL, b"<c ", (b"<f", b't="e"')):
                place = _PLACE.search(cell["attributes"])
                where = place[1].decode("ascii") if place else "?"
                if b't="e"' in cell["attributes"]:
                    errors.append(where)
                elif b"<f" in (cell["inside"] or b"") and not _VALUE.search(cell["inside"]):
                    empty.append(where)
    except (zipfile.BadZipFile, KeyError, OSError, ElementTree.ParseError, EOFError) as error:
        raise SourceError(f"{file} is not a workbook that can be read ({_first(error)}); save it again") from error
    return empty, errors


def _blocks(
    xml: IO[bytes], pattern: re.Pattern[bytes], begin: bytes, marks: tuple[bytes, ...]
) -> Iterator[re.Match[bytes]]:
    """The elements of the chunks in which there is one of the marks; `begin` is what an element begins with."""
    rest = b""
    while chunk := xml.read(_CHUNK):
        text = rest + chunk
        cut = text.rfind(begin)
        text, rest = (text[:cut], text[cut:]) if cut > 0 else (b"", text)
        if any(mark in text for mark in marks):
            yield from pattern.finditer(text)
    yield from pattern.finditer(rest)


def _first_shown(file: Path, names: Sequence[str]) -> str:
    """The first sheet that is not hidden, as far as an .xlsx says so; what is hidden is seldom what people answered."""
    if len(names) < 2 or file.suffix.lower() not in (".xlsx", ".xlsm"):
        return names[0]
    try:
        with zipfile.ZipFile(file) as packed:
            book = ElementTree.fromstring(packed.read("xl/workbook.xml"))
    except (zipfile.BadZipFile, KeyError, OSError, ElementTree.ParseError):
        return names[0]  # the reader has opened it, so it is a workbook of another layout
    hidden = {
        one.get("name")
        for one in book.iter()
        if one.tag.endswith("}sheet") and one.get("state", "visible") != "visible"
    }
    return next((name for name in names if name not in hidden), names[0])


def _part_of(packed: zipfile.ZipFile, sheet: str) -> str:
    """The path of a sheet in its archive."""
    book = ElementTree.fromstring(packed.read("xl/workbook.xml"))
    links = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == sheet:
            key = next((value for name, value in one.attrib.items() if name.endswith("}id")), None)
            target = targets.get(key, "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(f"no part for the sheet {sheet}")
