"""Data files as streams of frames: Parquet and text tables through polars, JSON and Arrow through `datasets`."""

import glob
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import parquet_schema, read_json
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.file.delimited import (
    AS_FOUND,
    SUFFIXES,
    TextForm,
    delimited_columns,
    read_delimited,
    suffix_of,
)

SLICE_ROWS: Final = 50_000
"""Rows in memory at a time: about 100 MB of SocSci210's text."""

SAVED: Final = "dataset_dict.json"
"""The file by which a folder is recognised as a saved `DatasetDict`."""


def column_names(file: Path) -> list[str]:
    """The columns of a data file, without reading its rows.

    Raises:
        SourceError: If it cannot be read.
    """
    if file.suffix.lower() == ".parquet":
        try:
            return list(parquet_schema(file))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(f"{file} is not a readable Parquet file ({first_line(error)}); fetch it again") from error
    if suffix_of(file) in SUFFIXES:
        return delimited_columns(file)
    return next(iter(_json_or_arrow(file, 1)), pl.DataFrame()).columns


def frames(file: Path, columns: Sequence[str] | None = None, text: TextForm = AS_FOUND) -> Iterator[pl.DataFrame]:
    """The rows of a data file, `SLICE_ROWS` at a time; those of a text table are all text.

    Args:
        file: Parquet, text table, JSON or Arrow, by its ending.
        columns: The columns to read, all of which the file has; None for all.
        text: What is stated about text tables.

    Raises:
        SourceError: If it cannot be read to its end.
    """
    if file.suffix.lower() == ".parquet":
        yield from _parquet(file, columns)
        return
    found: Iterable[pl.DataFrame]
    if suffix_of(file) in SUFFIXES:
        table = read_delimited(file, text)
        found = [table.rows]
        if text.note is not None:
            for sentence in table.assumed:
                text.note(sentence)
    else:
        found = _json_or_arrow(file, SLICE_ROWS)
    for frame in found:
        yield frame if columns is None else frame.select(columns)


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
        progress: Called with (rows read, rows in all) after every frame if all files are Parquet, else with (bytes
            read, bytes in all) after every file of several.
        text: As for `frames`.
    """
    by_rows = all(file.suffix.lower() == ".parquet" for file in files)
    sizes = [_rows_of(file) if by_rows else file.stat().st_size for file in files]
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
    scan = pl.scan_parquet(file.absolute(), glob=False)
    try:
        wanted = scan if columns is None else scan.select(columns)
        yield from wanted.collect_batches(chunk_size=SLICE_ROWS, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file} cannot be read to its end ({first_line(error)}); fetch it again") from error


def _rows_of(file: Path) -> int:
    column_names(file)  # says what is wrong with it
    return int(pl.scan_parquet(file.absolute(), glob=False).select(pl.len()).collect().item())


# -- JSON and Arrow -------------------------------------------------------------------------------------------


def _json_or_arrow(file: Path, rows: int) -> Iterator[pl.DataFrame]:
    import datasets  # slow to import, and not needed for Parquet and CSV

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # it would count this reading on a server
    try:
        with tempfile.TemporaryDirectory(prefix="socrates-read-") as cache:
            for table in _opened(datasets, file, cache).with_format("arrow").iter(batch_size=rows):
                frame = pl.from_arrow(table)
                assert isinstance(frame, pl.DataFrame)  # a table, not one column
                yield frame
    except (datasets.exceptions.DatasetsError, OSError, ValueError, TypeError, KeyError) as error:
        # `datasets` names the cause in the error behind its own; pyarrow's are ValueErrors
        cause = error.__cause__ or error
        raise SourceError(f"{file} cannot be read ({first_line(cause)}); expected rows of the same columns") from error


def _opened(datasets: Any, file: Path, cache: str) -> Any:
    if file.suffix.lower() == ".arrow":
        return datasets.Dataset.from_file(str(file))
    check_single(file)
    address = glob.escape(str(file.absolute()))
    return datasets.load_dataset("json", data_files=[address], split="train", streaming=True, cache_dir=cache)
