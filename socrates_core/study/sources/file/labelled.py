"""Files of SPSS (.sav, .zsav, .por) and Stata (.dta), which say what their columns and values mean.

Texts are read byte by byte and decoded here: the library that opens the files turns a text that is not in the declared
encoding into an empty one without a word.
"""

import codecs
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError, listed
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.file.western import WAYS_OUT, WESTERN, strange_word, western

SUFFIXES: Final = (".sav", ".zsav", ".por", ".dta")

_CELLS: Final = 2_000_000
"""Values in memory at a time: Python objects, about 100 MB."""
_FEWEST_ROWS: Final = 200
_WHOLE: Final = 2.0**53
_NUMBERS: Final = ("double", "float", "int8", "int16", "int32")
_LISTED: Final = 6
"""Columns that a sentence names."""


@dataclass(frozen=True)
class _Header:
    """What a file says before its rows."""

    names: Mapping[str, str]
    """The library's name of a column → ours."""
    encoding: str
    """In which its texts are, if they are what it says."""
    raw: bool
    """Whether the library gives texts byte by byte."""
    meta: Any
    file: Path
    guessed: bool = False
    """Whether the file does not say its encoding, as those of old Stata do not."""


def labelled_columns(file: Path, encoding: str | None = None) -> list[str]:
    """The columns of a file of SPSS or Stata; arguments and errors as for `labelled_notes`."""
    return list(_header(file, encoding).names.values())


def labelled_notes(file: Path, encoding: str | None = None) -> dict[str, ColumnNotes]:
    """What such a file says of its columns, for those of which it says something.

    Args:
        file: The file.
        encoding: Of its texts; None for the one that it declares.

    Raises:
        SourceError: If it cannot be read.
    """
    header = _header(file, encoding)
    decode = _Decoder(header)
    found = {}
    for theirs, name in header.names.items():
        label = decode.text(header.meta.column_names_to_labels.get(theirs) or "")
        stata = file.suffix.lower() == ".dta"
        values = {
            _code(value, stata): " ".join(decode.text(text).split())
            for value, text in header.meta.variable_value_labels.get(theirs, {}).items()
        }
        missing = _missing(header, theirs, values, stata)
        if label or values or missing:
            found[name] = ColumnNotes(
                " ".join(label.split()), {key: text for key, text in values.items() if text}, missing
            )
    return found


def labelled_frames(
    file: Path,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    note: Callable[[str], object] | None = None,
    kept: Mapping[str, Collection[str]] | None = None,
) -> Iterator[pl.DataFrame]:
    """The rows, a slice at a time: whole numbers as Int64, other numbers as Float64, dates and texts as text.

    Codes that the file declares to be no answer are null.

    Args:
        file: The file.
        columns: The columns to read, all of which it has; None for all.
        encoding: Of its texts; None for the one that it declares.
        note: Called with each thing that had to be assumed, and with what became null, behind the last slice.
        kept: Column → codes that stay, though the file declares them to be no answer.

    Raises:
        SourceError: If it cannot be read to its end; says behind which row.
    """
    header = _header(file, encoding)
    decode = _Decoder(header)
    wanted = [theirs for theirs, name in header.names.items() if columns is None or name in columns]
    rows = max(_FEWEST_ROWS, _CELLS // max(1, len(wanted)))
    gone: dict[str, Counter[str]] = {}
    at = 0
    while True:
        read, meta = _read(file, header.raw, usecols=wanted, row_offset=at, row_limit=rows, user_missing=True)
        frame = pl.DataFrame([_series(theirs, read[theirs], meta, decode) for theirs in wanted])
        if frame.is_empty():
            break
        for theirs in wanted:
            name = header.names[theirs]
            stays = (kept or {}).get(name, ())
            frame = _without_missing(frame, theirs, read[theirs], meta, stays, gone.setdefault(name, Counter()))
        frame = frame.rename({theirs: header.names[theirs] for theirs in wanted})
        yield frame if columns is None else frame.select(columns)
        at += len(frame)
        if len(frame) < rows:
            break
    if note is not None:
        for sentence in (decode.assumed(file), _gone_sentence(file, gone)):
            if sentence:
                note(sentence)


def labelled_rows(file: Path) -> int:
    """How many rows such a file says it has; 0 if it does not say."""
    return max(0, int(_header(file, None).meta.number_rows or 0))


# -- opening ---------------------------------------------------------------------------------------------------


def _header(file: Path, encoding: str | None) -> _Header:
    portable = file.suffix.lower() == ".por"
    declared = encoding or ("utf-8" if portable else _declared(file))
    try:
        codecs.lookup(declared)
    except LookupError:
        if encoding:
            raise SourceError(f"there is no encoding {encoding!r}, which the map names for {file}") from None
        declared = WESTERN
    _, meta = _read(file, not portable, metadataonly=True, user_missing=True)
    guessed = encoding is None and file.suffix.lower() == ".dta" and declared == WESTERN
    header = _Header({}, declared, not portable, meta, file, guessed)
    decode = _Decoder(header)
    return replace(header, names={theirs: decode.text(theirs) for theirs in meta.column_names})


def _declared(file: Path) -> str:
    """The encoding that a file says its texts are in."""
    if file.suffix.lower() == ".dta":
        with file.open("rb") as opened:
            start = opened.read(120)
        release = start.partition(b"<release>")[2][:3]
        return "utf-8" if release.isdigit() and int(release) >= 118 else WESTERN
    _, meta = _read(file, False, metadataonly=True)
    return meta.file_encoding or "utf-8"


def _read(file: Path, raw: bool, **options: Any) -> tuple[Any, Any]:
    """Columns as lists, and what the file says of them; `raw` gives every byte of a text as one character.

    Raises:
        SourceError: If it cannot be read.
    """
    import pyreadstat  # slow to import, and not needed for other files

    suffix = file.suffix.lower()
    opened = {".dta": pyreadstat.read_dta, ".por": pyreadstat.read_por}.get(suffix, pyreadstat.read_sav)
    if suffix == ".por":  # which states neither
        options.pop("user_missing", None)
    elif raw:
        options["encoding"] = "ISO-8859-1"
    try:
        return opened(str(file), output_format="dict", **options)  # type: ignore[no-any-return]
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError, OverflowError) as error:
        program = "Stata" if suffix == ".dta" else "SPSS"
        behind = f" behind row {options['row_offset']:,}" if options.get("row_offset") else ""
        raise SourceError(
            f"{file} is not a {program} file that can be read{behind} ({str(error).strip()}); save it again there, or "
            f"as CSV in UTF-8{', or name its encoding in a map (--map): `encoding: NAME`' * ('encoding' in str(error))}"
        ) from error


class _Decoder:
    """Decodes texts in the declared encoding, and what is not in it as Windows-1252 where it can be that."""

    def __init__(self, header: _Header) -> None:
        self._header = header
        self._strange: str | None = None

    def text(self, given: str) -> str:
        if not self._header.raw or given.isascii():
            return given
        content = given.encode("latin-1")
        try:
            found = content.decode(self._header.encoding)
        except UnicodeDecodeError:
            try:
                found = western(content)
            except ValueError as error:
                raise SourceError(f"{self._header.file}: a text {error}") from error
            self._strange = self._strange or found
        word = strange_word(found) if self._header.guessed else None
        if word is not None:
            raise SourceError(
                f"{self._header.file} does not say its encoding, and as Windows-1252 it would have {word!r}; {WAYS_OUT}"
            )
        return found

    def column(self, texts: pl.Series) -> pl.Series:
        """Each distinct text is decoded once."""
        if not self._header.raw:
            return texts
        distinct = texts.unique().drop_nulls()
        changed = {one: self.text(one) for one in distinct if not one.isascii()}
        return texts.replace(changed) if changed else texts

    def assumed(self, file: Path) -> str | None:
        """What to say of texts that are in another encoding than the file declares."""
        if self._strange is None:
            return None
        return (
            f"{file.name}: its texts are not in the encoding that it declares ({self._header.encoding}), so they are "
            "read as Windows-1252; a map may name another (`encoding: NAME`)"
        )


# -- values ----------------------------------------------------------------------------------------------------


def _code(value: object, stata: bool = False) -> str:
    """A value as the frames write it: 1 of 1.0; Stata's extended missing values with their dot, .a."""
    if isinstance(value, str):
        return f".{value}" if stata and len(value) == 1 and value.isalpha() else value
    number = float(str(value))
    return str(int(number)) if number.is_integer() else str(number)


def _missing(header: _Header, theirs: str, values: Mapping[str, str], stata: bool) -> tuple[str, ...]:
    """The codes for no answer that can be listed: single ones, and those of a range that have a label."""
    if stata:
        return tuple(key for key in values if len(key) == 2 and key[0] == "." and key[1].isalpha())
    found: dict[str, None] = {}
    for one in header.meta.missing_ranges.get(theirs, ()):
        if one["lo"] == one["hi"]:
            found.setdefault(_code(one["lo"]))
        else:
            found.update((key, None) for key in values if one["lo"] <= float(key) <= one["hi"])
    return tuple(found)


def _series(theirs: str, values: list[Any], meta: Any, decode: _Decoder) -> pl.Series:
    kind = meta.readstat_variable_types.get(theirs)
    first = next((one for one in values if one is not None), None)
    if kind in _NUMBERS and (first is None or isinstance(first, int | float | str)):
        letters = meta.missing_user_values.get(theirs)
        if letters:
            values = [None if isinstance(one, str) else one for one in values]
        if kind == "float":  # 3.3 of 3.299999952316284
            return pl.Series(theirs, values, pl.Float32, strict=False).cast(pl.String).cast(pl.Float64)
        return pl.Series(theirs, values, pl.Float64, strict=False).fill_nan(None)
    if kind == "string":
        return decode.column(pl.Series(theirs, values, pl.String, strict=False))
    return pl.Series(theirs, [None if one is None else str(one) for one in values], pl.String)


def _without_missing(
    frame: pl.DataFrame, theirs: str, values: list[Any], meta: Any, stays: Collection[str], gone: Counter[str]
) -> pl.DataFrame:
    """The frame with a column's codes for no answer as null, and its whole numbers as such; `gone` counts the codes."""
    column = frame[theirs]
    letters = meta.missing_user_values.get(theirs) or ()
    gone.update({f".{letter}": values.count(letter) for letter in letters})
    for one in meta.missing_ranges.get(theirs, ()):
        inside = column.is_between(one["lo"], one["hi"]).fill_null(False)
        found = column.filter(inside)
        codes = {value: _code(value) for value in found.unique().drop_nulls().to_list()}
        codes = {value: code for value, code in codes.items() if code not in stays}
        if codes:
            out = column.is_in(list(codes))
            gone.update(codes[value] for value in column.filter(out).to_list())
            column = frame.select(pl.when(~out | column.is_null()).then(column).alias(theirs)).to_series()
    if column.dtype == pl.Float64:
        there = column.drop_nulls()
        if bool(((there == there.round(0)) & (there.abs() <= _WHOLE)).all()):
            column = column.cast(pl.Int64)
    return frame.with_columns(column)


def _gone_sentence(file: Path, gone: Mapping[str, Counter[str]]) -> str | None:
    told = [
        f"{name} {sum(codes.values()):,} ({listed(sorted(codes), _LISTED)})"
        for name, counted in gone.items()
        if (codes := +counted)
    ]
    if not told:
        return None
    more = f" and {len(told) - _LISTED:,} more columns" if len(told) > _LISTED else ""
    return f"{file.name}: codes that the file declares to be no answer are none: {'; '.join(told[:_LISTED])}{more}"
