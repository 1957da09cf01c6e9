"""Files: the location of bundled ones, hashes, Parquet by exact path, and atomic writing of files and folders."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

_PACKAGE: Final = Path(__file__).resolve().parents[1]

INSTALLED: Final = (_PACKAGE / "assets").is_dir()
"""Whether this is an installed package, not a checkout."""

ASSETS: Final = _PACKAGE / "assets" if INSTALLED else _PACKAGE.parent / "assets"
"""Bundled studies, the demo model, style sheet and script: inside an installed package, beside it in a checkout."""


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_parquet(path: Path) -> pl.DataFrame:
    """The table in one Parquet file.

    Polars takes a path for a pattern: `runs/[ab]/predictions.parquet` would read the predictions of `runs/a`.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        PolarsError: If it is not a Parquet file.
    """
    return pl.read_parquet(path, glob=False)


def parquet_schema(path: Path) -> dict[str, pl.DataType]:
    """Column → type of one Parquet file, without reading its rows; errors as for `read_parquet`."""
    with path.open("rb") as file:
        return dict(pl.read_parquet_schema(file))


def parquet_metadata(path: Path) -> dict[str, str]:
    """The texts that one Parquet file keeps beside its table; errors as for `read_parquet`."""
    with path.open("rb") as file:
        return pl.read_parquet_metadata(file)


def partial_of(path: Path) -> Path:
    """The hidden temporary name, next to a file or folder, under which it is written before it is renamed."""
    return path.with_name(f".{path.name}.partial")


def write_file(path: Path, content: str | bytes | memoryview, durable: bool = False) -> None:
    """Write a file atomically.

    Args:
        path: The file; an existing one is replaced.
        content: Text is encoded as UTF-8.
        durable: Return only once the file would survive a power cut.

    Raises:
        OSError: If it cannot be written; an existing file is left unchanged.
    """
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if durable:
        sync(path.parent)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """`write_file` of JSON; undefined numbers must be None, because JSON has no NaN."""
    write_file(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def put_in_place(partial: Path, folder: Path, replaced: Path | None = None) -> None:
    """Rename a finished folder into place and flush it to disk; an existing one is deleted only after that.

    Args:
        partial: The finished folder, on the same disk.
        folder: Its final path.
        replaced: Temporary path of the existing folder; by default hidden, next to it.

    Raises:
        OSError: If it cannot be done; an existing folder is left unchanged.
    """
    for path in (*partial.iterdir(), partial):
        sync(path)
    replaced = replaced or folder.with_name(f".{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.replace(replaced)
    try:
        partial.replace(folder)
    except OSError:
        if replaced.exists():
            replaced.replace(folder)
        raise
    sync(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
