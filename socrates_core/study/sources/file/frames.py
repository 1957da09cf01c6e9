"""Data files as streams of frames, whichever program wrote them.

Parquet, Feather and text tables go through polars, workbooks, files of SPSS and Stata and JSON through the modules
beside this one, and streams of Arrow through `datasets`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import parquet_metadata, parquet_schema, read_json
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.file import delimited, json_table, labelled, workbook
from socrates_core.study.sources.file.delimited import (
    AS_FOUND,
    TextForm,
    check_names,
    delimited_columns,
    read_delimited,
    suffix_of,
)
from socrates_core.study.sources.file.opened import columns_to_read, with_codes

SLICE_ROWS: Final = 50_000
"""Rows in memory at a time: about 100 MB of SocSci210's text."""

SAVED: Final = "dataset_dict.json"
"""The file by which a folder is recognised as a saved `DatasetDict`."""


_IPC: Final = (".feather", ".arrow", ".ipc")
_IPC_MARK: Final = b"ARROW1"
"""First bytes of Arrow's file format; its stream has none."""

TABLES: Final = (
    *delimited.SUFFIXES,
    *workbook.SUFFIXES,
    *labelled.SUFFIXES,
    *json_table.SUFFIXES,
    *_IPC,
    ".parquet",
)
"""Endings of the files that are read as tables; those of text and JSON may be followed by .gz."""


def column_names(file: Path, form: TextForm = AS_FOUND) -> list[str]:
    """The columns of a data file, without reading its rows where its form allows that.

    Args:
        file: The file.
        form: What is stated about it.

    Raises:
        SourceError: If it cannot be read, has two columns of one name, or more columns than a survey has.
    """
    suffix = suffix_of(file)
    if suffix in delimited.SUFFIXES:
        return delimited_columns(file, form)
    if suffix in workbook.SUFFIXES:
        return workbook.workbook_columns(file, form.sheet)
    if suffix == ".parquet":
        try:
            names = list(parquet_schema(file))
            marked = parquet_metadata(file).get(delimited.SIMULATED) == "true"
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(f"{file} is not a readable Parquet file ({first_line(error)}); fetch it again") from error
        if marked:  # whatever its columns are called by now
            raise SourceError(f"{file} says of itself that it is simulated: it holds predictions, no people's answers")
    elif suffix in labelled.SUFFIXES:
        names = labelled.labelled_columns(file, form.encoding)
    elif suffix in json_table.SUFFIXES:
        names = json_table.json_columns(file)
    elif _is_ipc(file):
        names = _ipc(file).collect_schema().names()
    else:
        names = next(iter(_stream(file, 1)), pl.DataFrame()).columns
    check_names(names, file)
    return names


def frames(file: Path, columns: Sequence[str] | None = None, text: TextForm = AS_FOUND) -> Iterator[pl.DataFrame]:
    """The rows of a data file, about `SLICE_ROWS` at a time; those of text tables and workbooks are all text.

    Args:
        file: Of any form, by its ending.
        columns: The columns to read, all of which the file has; None for all.
        text: What is stated about the file.

    Raises:
        SourceError: If it cannot be read to its end, or changes meanwhile.
    """
    before = file_state(file)
    for frame in _frames(file, columns, text):
        yield frame if columns is None else frame.select(columns)
    check_unchanged(file, before)


def _frames(file: Path, columns: Sequence[str] | None, form: TextForm) -> Iterator[pl.DataFrame]:
    suffix = suffix_of(file)
    if suffix == ".parquet":
        yield from _parquet(file, columns)
    elif suffix in delimited.SUFFIXES:
        table = read_delimited(file, form, columns_to_read(file, columns, form))
        if form.note is not None:
            for sentence in table.assumed:
                form.note(sentence)
        yield with_codes(table.rows, file, form)
    elif suffix in workbook.SUFFIXES:
        yield workbook.workbook_frame(file, form.sheet, form.decimal_comma, form.note)
    elif suffix in labelled.SUFFIXES:
        yield from labelled.labelled_frames(file, columns, form.encoding, form.note, form.kept)
    elif suffix in json_table.SUFFIXES:
        yield from json_table.json_frames(file, SLICE_ROWS, columns)
    elif _is_ipc(file):
        yield from _scanned(_ipc(file), file, columns)
    else:
        yield from _stream(file, SLICE_ROWS)


def file_state(file: Path) -> tuple[int, int]:
    """What shows that a file was changed: its size and when it was written."""
    state = file.stat()
    return state.st_size, state.st_mtime_ns


def check_unchanged(file: Path, before: tuple[int, int]) -> None:
    """Raise a SourceError if a file is not in the state in which it was, so that half of it may be older."""
    if file_state(file) != before:
        raise SourceError(f"{file} changed while it was read; wait until it is written, then try again")


def slices(
    files: Sequence[Path],
    columns: Sequence[str] | None = None,
    progress: Progress | None = None,
    text: TextForm = AS_FOUND,
) -> Iterator[tuple[Path, pl.DataFrame]]:
    """The frames of several files, each with its file.

    Args:
        files: In the order in which they are read.
        columns: As for `frames`.
        progress: Called with (rows read, rows in all) after every frame if all files say how many rows they have
            (Parquet, SPSS, Stata), else with (bytes read, bytes in all) after every file of several.
        text: As for `frames`.
    """
    rows = [_rows_of(file) for file in files]
    by_rows = None not in rows  # a shard without rows says so
    pairs = zip(files, rows, strict=True)
    sizes = [count if by_rows and count is not None else file.stat().st_size for file, count in pairs]
    done = 0
    for file, size in zip(files, sizes, strict=True):
        for frame in frames(file, columns, text):
            yield file, frame
            done += len(frame) if by_rows else 0
            if progress and done and by_rows:
                progress(done, sum(sizes))
        done += 0 if by_rows else size
        if progress and done and not by_rows and len(files) > 1:
            progress(done, sum(sizes))


def progress_of_each(files: Sequence[Path], progress: Progress | None) -> list[Progress | None]:
    """For each of several files that are read one after the other, a progress that goes on where the last one ended.

    Args:
        files: In the order in which they are read.
        progress: Called as for `slices`, with (done, in all) of all files together: in rows if all of them say how many
            they have, else in bytes, which are counted by the share of the file that is read.
    """
    if progress is None or len(files) < 2:
        return [progress] * len(files)
    rows = [_rows_of(file) for file in files]
    sizes = [file.stat().st_size for file in files] if None in rows else [one or 0 for one in rows]

    def after(before: int, size: int) -> Progress:
        return lambda done, total: progress(before + round(size * done / max(1, total)), sum(sizes))

    return [after(sum(sizes[:place]), size) for place, size in enumerate(sizes)]


def saved_files(folder: Path) -> list[Path]:
    """The Arrow files of a `DatasetDict` that was saved to a folder, in the order of its splits.

    Raises:
        SourceError: If the folder is not complete.
    """
    try:
        parts = [folder / str(part) for part in read_json(folder / SAVED)["splits"]]
        states = {part: read_json(part / "state.json") for part in parts}
        files = [part / Path(one["filename"]).name for part in parts for one in states[part]["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{folder} is not a complete DatasetDict ({first_line(error)}); save it again") from error
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise SourceError(f"{folder} lacks {missing[0].relative_to(folder)}; save the DatasetDict again")
    return files


def check_single(path: Path) -> None:
    """Raise a SourceError for a path that `datasets` would take for a chain of file systems: `x::y/a` as `x`."""
    if "::" in str(path.absolute()):
        raise SourceError(f"{path} has :: in its path, which `datasets` cannot read or write; rename that folder")


def first_line(error: BaseException) -> str:
    """The message of an error, on one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


# -- Parquet --------------------------------------------------------------------------------------------------


def _parquet(file: Path, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    yield from _scanned(pl.scan_parquet(file.absolute(), glob=False), file, columns)


def _scanned(scan: pl.LazyFrame, file: Path, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    try:
        wanted = scan if columns is None else scan.select(columns)
        yield from wanted.collect_batches(chunk_size=SLICE_ROWS, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file} cannot be read to its end ({first_line(error)}); fetch it again") from error


def _is_ipc(file: Path) -> bool:
    """Whether a file is Arrow's own format, Feather's second one.

    Raises:
        SourceError: If it is Feather's first format, which nothing here reads.
    """
    if suffix_of(file) not in _IPC:
        return False
    with file.open("rb") as opened:
        start = opened.read(len(_IPC_MARK))
    if start.startswith(b"FEA1"):
        raise SourceError(f"{file} is a Feather file of version 1; save it as version 2 or as Parquet")
    return start == _IPC_MARK


def _ipc(file: Path) -> pl.LazyFrame:
    try:
        scan = pl.scan_ipc(file.absolute(), glob=False)
        scan.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file} is not a readable Feather file ({first_line(error)}); fetch it again") from error
    return scan


def _rows_of(file: Path) -> int | None:
    """How many rows a file says it has; None if it says nothing."""
    if file.suffix.lower() in labelled.SUFFIXES:
        return labelled.labelled_rows(file) or None
    if file.suffix.lower() != ".parquet":
        return None
    column_names(file)  # says what is wrong with it
    return int(pl.scan_parquet(file.absolute(), glob=False).select(pl.len()).collect().item())


# -- Arrow streams --------------------------------------------------------------------------------------------


def _stream(file: Path, rows: int) -> Iterator[pl.DataFrame]:
    """The frames of a stream of Arrow's, as a saved `DatasetDict` holds them."""
    import datasets  # slow to import, and needed for nothing else

    try:
        for table in datasets.Dataset.from_file(str(file)).with_format("arrow").iter(batch_size=rows):
            frame = pl.from_arrow(table)
            assert isinstance(frame, pl.DataFrame)  # a table, not one column
            yield frame
    except (datasets.exceptions.DatasetsError, OSError, ValueError, TypeError, KeyError) as error:
        # `datasets` names the cause in the error behind its own; pyarrow's are ValueErrors
        cause = error.__cause__ or error
        raise SourceError(f"{file} cannot be read ({first_line(cause)}); expected rows of the same columns") from error
