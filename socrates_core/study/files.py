"""Files: where the bundled ones lie, their hashes, Parquet by exact path, and writes that leave all or nothing."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

_PACKAGE: Final = Path(__file__).resolve().parents[1]

ASSETS: Final = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent / "assets"
"""Bundled studies, the demo model, style sheet and script: inside an installed package, beside it in a checkout."""


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
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
    """The hidden name beside a file or folder under which it is written before it gets its own."""
    return path.with_name(f".{path.name}.partial")


def write_file(path: Path, content: str | bytes | memoryview, durable: bool = False) -> None:
    """Write a file that is there as a whole or not at all.

    Args:
        path: Where; a file of that name is replaced.
        content: Text is written as UTF-8.
        durable: Return only when it would outlast a power cut.

    Raises:
        OSError: If it cannot be written; what was there stays.
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
    """`write_file` of JSON; what is not defined has to be None, because JSON knows no NaN."""
    write_file(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def put_in_place(partial: Path, folder: Path, replaced: Path | None = None) -> None:
    """Give a written folder its name and make it durable; one of that name goes only when the new one stands.

    Args:
        partial: The written folder, on the same disk.
        folder: Its name.
        replaced: The name under which the old folder stands meanwhile; default: hidden, beside it.

    Raises:
        OSError: If it cannot be done; what was there stays.
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
    """Wait until a file, or the names in a folder, are on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
