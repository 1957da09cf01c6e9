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


def git_blob_id(path: Path) -> str:
    """The id that git gives a file's bytes: the SHA-1, in hexadecimal digits, of `blob SIZE`, a zero byte and them."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1024**2):
            digest.update(chunk)
    return digest.hexdigest()


def named_by_hash(path: Path) -> bool:
    """Whether a file's name is its hash, as in the Hub's cache: sha256 for large files, git's for small ones."""
    hash_of = {64: file_sha256, 40: git_blob_id}.get(len(path.name))
    return hash_of is not None and hash_of(path) == path.name


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
