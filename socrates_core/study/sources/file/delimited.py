"""Text tables as other programs write them: any common encoding and separator, compressed or not.

Whatever is not stated by the file is decided by rule, and said: `Delimited.assumed`.
"""

import csv
import gzip
import io
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import polars as pl

from socrates_core.errors import SourceError, counted
from socrates_core.study.files import read_bytes
from socrates_core.study.sources.file.western import WAYS_OUT, first_accented, western

SUFFIXES: Final = (".csv", ".tsv", ".tab", ".txt")
"""Endings of text tables; each may be followed by .gz."""

SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MISSING: Final = ("", "NA")
"""Fields without a value; R writes NA."""

SIMULATED: Final = "simulated"
"""The column that every table of predictions has."""

MOST_COLUMNS: Final = 20_000
"""In any table; the longest panels have about ten thousand."""

_LARGEST: Final = 4 * 1024**3
"""Most bytes of an unpacked file: a small one can unpack to more than there is memory."""
_LOOKED_AT: Final = 50
"""Records from which the separator is found."""
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OTHER_FORMS: Final = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as 'CSV UTF-8', or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as 'CSV UTF-8'",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"$FL2": "an SPSS file; save it as CSV with the values, not the labels",
}
"""First bytes → what a file is instead of a text table."""
_IMPORT_ID: Final = '{"ImportId":'
"""In the third line of a Qualtrics export, after the names and the texts of the questions."""


@dataclass(frozen=True)
class TextForm:
    """What is stated about a file beside its name, each for the kinds of files that it is about."""

    encoding: str | None = None
    """Of its texts; None to find it."""
    separator: str | None = None
    """Of the fields of a text table; None to find it."""
    note: Callable[[str], object] | None = None
    """Called with each thing that had to be assumed."""
    sheet: str | None = None
    """Of a workbook; None for the first one."""
    decimal_comma: bool = False
    """Whether the numbers of the table have a comma; those of a workbook are written so too."""
    kept: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Column → codes that are answers, though a file of SPSS declares them to be none."""
    survey: Path | None = None
    """The survey file of Qualtrics that belongs to an export; None for the one of its name beside it."""
    answers: Literal["codes", "texts"] | None = None
    """What an export of Qualtrics holds; None to find it."""


AS_FOUND: Final = TextForm()


@dataclass(frozen=True)
class Delimited:
    """A text table."""

    rows: pl.DataFrame
    """All columns are text; empty fields and NA are null."""
    assumed: tuple[str, ...] = ()
    """What was decided without being stated, a sentence each."""


def suffix_of(file: Path) -> str:
    """The ending that tells a file's form: `.csv` of both `a.csv` and `a.CSV.gz`."""
    name = file.name.lower().removesuffix(".gz")
    return Path(name).suffix


def read_delimited(file: Path, form: TextForm = AS_FOUND, columns: Sequence[str] | None = None) -> Delimited:
    """Read a text table.

    Args:
        file: The file, compressed by gzip or not.
        form: What is stated about it.
        columns: The columns to read, all of which it has; None for all.

    Raises:
        SourceError: If it cannot be read, is of another form, or has two columns of one name.
    """
    text, assumed = _decoded(_unpacked(file), file, form.encoding)
    body, separator = _without_declaration(text, form.separator)
    found = separator or _separator(body)
    names = _names(body, found, file)
    described = _described_rows(body, found)
    read = names if columns is None else [name for name in names if name in columns]
    places = [names.index(name) for name in read]
    content = body.encode()
    del text, body  # each is as large as the file
    try:
        rows = pl.read_csv(content, separator=found, infer_schema=False, null_values=list(MISSING), columns=places)
    except pl.exceptions.PolarsError as error:
        where = _broken_row(content.decode(), found, len(names))
        raise SourceError(f"{file} cannot be read as a table: {where}") from error
    if found != "," and separator is None and suffix_of(file) == ".csv":
        assumed = [*assumed, f"{file.name}: fields end with a {SEPARATORS[found]}"]
    rows = rows.rename(
        dict(zip(rows.columns, names if columns is None else sorted(columns, key=names.index), strict=True))
    )
    if described:
        assumed = [*assumed, f"{file.name}: the first {described} rows are descriptions, as Qualtrics writes them"]
    return Delimited(rows[described:], tuple(assumed))


def delimited_columns(file: Path, form: TextForm = AS_FOUND) -> list[str]:
    """The columns of a text table; errors as for `read_delimited`."""
    text, _ = _decoded(_beginning(file), file, form.encoding, whole=False)
    body, separator = _without_declaration(text, form.separator)
    return _names(body, separator or _separator(body), file)


# -- bytes ----------------------------------------------------------------------------------------------------


def _unpacked(file: Path) -> bytes:
    content = read_bytes(file)
    if content[:2] != b"\x1f\x8b":
        return content
    return _gunzipped(file, _LARGEST)


def _beginning(file: Path, most: int = 1_000_000) -> bytes:
    """The first bytes of a file, unpacked, cut behind a line break where there is one."""
    with file.open("rb") as opened:
        start = opened.read(most)
    if start[:2] == b"\x1f\x8b":
        start = _gunzipped(file, most, whole=False)
    return start if len(start) < most else start[: start.rfind(b"\n") + 1] or start


def _gunzipped(file: Path, most: int, whole: bool = True) -> bytes:
    try:
        with gzip.open(file, "rb") as packed:
            content = packed.read(most)
            if whole and packed.read(1):
                raise SourceError(f"{file} unpacks to more than {most / 1024**3:.0f} GiB; save it as Parquet")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{file} cannot be unpacked ({error}); fetch it again") from error
    return content


def _decoded(content: bytes, file: Path, encoding: str | None, whole: bool = True) -> tuple[str, list[str]]:
    """The text of a file, and what was assumed."""
    for magic, form in _OTHER_FORMS.items():
        if content.startswith(magic):
            raise SourceError(f"{file} is {form}")
    named = encoding or next((name for bom, name in _BOMS if content.startswith(bom)), None) or _wide(content)
    errors = "strict" if whole else "ignore"  # a cut may lie within a character
    if named is not None:
        try:
            return content.decode(named, errors).removeprefix("\ufeff"), []
        except (ValueError, LookupError) as error:  # of the codec, or no such codec
            raise SourceError(
                f"{file} is not text in {named} ({getattr(error, 'reason', error)}); {WAYS_OUT}"
            ) from error
    try:
        return content.decode("utf-8", "strict"), []
    except UnicodeDecodeError as error:
        if not whole and error.start >= len(content) - 4:
            return content.decode("utf-8", "ignore"), []
        return _western(content, file)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its first characters is zero."""
    start = content[:200]
    if start[1::2] and not any(start[1::2]):
        return "utf-16-le"
    return "utf-16-be" if start[::2] and not any(start[::2]) else None


def _western(content: bytes, file: Path) -> tuple[str, list[str]]:
    """The text in Windows-1252, with the first word in which that matters, so that a reader can see whether it fits."""
    try:
        text = western(content)
    except ValueError as error:
        raise SourceError(f"{file} {error}, or `encoding: NAME` in a map (--map)") from error
    if "\0" in text:
        raise SourceError(f"{file} is not text (it holds zero bytes); {WAYS_OUT}")
    word = first_accented(text)
    return text, [
        f"{file.name}: the encoding is Windows-1252, as in {word!r}, since it is not UTF-8; --encoding or a map may "
        "name another"
    ]


# -- fields ---------------------------------------------------------------------------------------------------


def _without_declaration(text: str, separator: str | None) -> tuple[str, str | None]:
    """The text without blank lines and Excel's `sep=;` before its header, and the separator that this states."""
    body = text.lstrip("\r\n")
    first, _, rest = body.partition("\n")
    declared = first.strip("\r\n \"'").lower() if len(first) < 12 else ""
    if declared.startswith("sep=") and declared[4:] in SEPARATORS:
        return rest, separator or declared[4:]
    if first.strip("\r\n").lower() == "sep=\t":
        return rest, separator or "\t"
    return body, separator


def _separator(text: str) -> str:
    """The separator by which most records have as many fields as the header, and the header most of them."""

    def fit(separator: str) -> tuple[float, int]:
        records = list(_first_records(text, separator))
        width = len(records[0]) if records else 0
        return (sum(len(one) == width for one in records) / len(records) if width > 1 else 0.0), width

    found = {separator: fit(separator) for separator in SEPARATORS}
    # a text with commas in it has more fields in one row than in another
    best = max(SEPARATORS, key=lambda one: (found[one][0] > 0.9, found[one][1], found[one][0]))
    return best if found[best][1] > 1 else ","


def _first_records(text: str, separator: str) -> Iterable[list[str]]:
    reader = csv.reader(io.StringIO(text[:1_000_000]), delimiter=separator)
    try:
        for _, record in zip(range(_LOOKED_AT), reader, strict=False):
            if record:
                yield record
    except csv.Error:  # a field of more than 128 KB
        return


def _names(text: str, separator: str, file: Path) -> list[str]:
    """The names in the header; several columns of one name are refused."""
    names = next(iter(_first_records(text, separator)), [])
    check_names(names, file)
    return names


def check_names(names: Sequence[str], file: Path) -> None:
    """Raise a SourceError for several columns of one name, more columns than a survey has, and for what this software
    has simulated: its tables have a column `simulated`.
    """
    if SIMULATED in {name.strip().casefold() for name in names}:
        raise SourceError(
            f"{file} has the column {SIMULATED!r}: it holds simulated answers, which are no people's. If these are "
            "people's answers, give that column another name"
        )
    if len(names) > MOST_COLUMNS:
        raise SourceError(
            f"{file} has {len(names):,} columns, more than {MOST_COLUMNS:,}; save only those that are needed, a row a "
            "person and a column a question"
        )
    counts = Counter(names)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise SourceError(f"{file} has more than one column named {', '.join(map(repr, twice[:8]))}")


def _described_rows(text: str, separator: str) -> int:
    """Rows at the start that hold texts and ids of questions, no answers."""
    start = list(itertools.islice(_first_records(text, separator), 1, 4))
    marked = [at for at, row in enumerate(start) if any(value.startswith(_IMPORT_ID) for value in row)]
    return marked[0] + 1 if marked else 0


def _broken_row(text: str, separator: str, width: int) -> str:
    """Where a text is no table, without what stands there, which may tell who somebody is."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    begin = 1
    try:
        for record in reader:
            if len(record) > width:
                return f"line {begin:,} has {counted(len(record), 'field')}, the header {width:,}; put texts in quotes"
            begin = reader.line_num + 1
    except csv.Error as error:
        return f"line {begin:,}: {error}; a text in quotes may not end there"
    return "its rows cannot be told apart; save it as 'CSV UTF-8'"
