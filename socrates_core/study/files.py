"""Files: bundled ones, reading by exact path, and atomic writing of files and folders."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import polars as pl

_PACKAGE: Final = Path(__file__).resolve().parents[1]

INSTALLED: Final = (_PACKAGE / "assets").is_dir()
"""Whether this is an installed package, not a checkout."""

ASSETS: Final = _PACKAGE / "assets" if INSTALLED else _PACKAGE.parent / "assets"
"""Bundled studies, the demo model, style sheet and script: inside an installed package, beside it in a checkout."""

DEEPEST: Final = 100
"""Levels of lists and objects in a JSON file; no file of ours has more than ten."""


_OTHERS: Final = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


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


def read_bytes(path: Path) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: If there is none, it cannot be read, or it is a pipe or a device, which may never end.
    """
    other = other_than_a_file(path)
    if other is not None:
        raise OSError(errno.EINVAL, f"it is {other}, no regular file", str(path))
    return path.read_bytes()


def other_than_a_file(path: Path) -> str | None:
    """What a path is that is neither a file nor a folder, such as `a named pipe`; None if it is one of these.

    Raises:
        OSError: If there is nothing of this name.
    """
    mode = path.stat().st_mode
    return next((what for is_one, what in _OTHERS if is_one(mode)), None)


def parse_json(text: str, strict: bool = False, whole: Callable[[str], Any] | None = None) -> Any:
    """JSON of at most `DEEPEST` levels.

    Args:
        text: The JSON.
        strict: Whether NaN, infinity and a name that stands twice in an object are errors; other software writes them.
        whole: What a whole number becomes; an `int` when None.

    Raises:
        ValueError: If it is not JSON, or nested deeper: what reads it further calls itself at every level.
    """
    pairs, constant = (_unique, _no_constant) if strict else (None, None)
    try:
        found = json.loads(text, parse_int=whole, object_pairs_hook=pairs, parse_constant=constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(found) > DEEPEST:
        raise ValueError("it is nested too deeply")
    return found


def read_json(path: Path, strict: bool = False) -> Any:
    """`parse_json` of a file in UTF-8; errors as for it and for `read_bytes`."""
    return parse_json(read_bytes(path).decode("utf-8"), strict)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _depth(value: Any) -> int:
    level, levels = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        levels += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return levels


def read_parquet(path: Path) -> pl.DataFrame:
    """The table in one Parquet file.

    Polars takes a path for a pattern: `runs/[ab]/predictions.parquet` would read the predictions of `runs/a`, and
    `~/a.parquet`, in a folder that is called `~`, the one of the home directory.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        PolarsError: If it is not a Parquet file.
    """
    return pl.read_parquet(path.absolute(), glob=False)


def write_parquet(table: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet.

    Raises:
        OSError: If it cannot be written; Polars tells a full disk as an error of computation.
    """
    try:
        table.write_parquet(path.absolute(), compression="zstd")
    except pl.exceptions.ComputeError as error:
        told = re.search(r"\(os error (\d+)\)", str(error))
        if told is None:
            raise
        raise OSError(int(told[1]), os.strerror(int(told[1])), str(path)) from error


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


@contextmanager
def replacing(path: Path, durable: bool = False, shared: bool = False) -> Iterator[Path]:
    """Write a file atomically: the block writes it under a temporary name, and its end puts it in place.

    Args:
        path: The file; an existing one is replaced.
        durable: End only once the file would survive a power cut.
        shared: Others may write it at the same time, so the temporary name is of this process and thread alone. Where
            nobody does, one name is better: after a kill, the next try takes away what was left under it.

    Raises:
        OSError: If it cannot be written; an existing file is left unchanged.
    """
    partial = partial_of(path)
    if shared:
        partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        yield partial
        if durable:
            sync(partial)
        partial.replace(path)
    except OSError as error:
        error.filename = str(path)  # where the disk is full it has none
        raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    if durable:
        sync(path.parent)


def write_file(path: Path, content: str | bytes | memoryview, durable: bool = False, shared: bool = False) -> None:
    """`replacing` of a file by a text, encoded as UTF-8, or by bytes; errors as for it."""
    with replacing(path, durable, shared) as partial, partial.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def append(path: Path, text: str) -> None:
    """Append a text; it would survive a power cut when this returns."""
    with path.open("ab") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """`write_file` of JSON; undefined numbers must be None, because JSON has no NaN."""
    write_file(path, json_text(content))


def json_text(content: Mapping[str, Any]) -> str:
    """What `write_json` writes."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_files(folder: Path, contents: Mapping[str, str]) -> None:
    """Write files that belong together; on an error none of them is there, and no folder that was made for them.

    Args:
        folder: Theirs; made where it does not exist.
        contents: Name → text. The last one appears last.

    Raises:
        OSError: If one cannot be written; existing files are left unchanged.
    """
    partials = {name: partial_of(folder / name) for name in contents}
    with unmade_on_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for name, content in contents.items():
                write_file(partials[name], content)
            for name in contents:
                if (folder / name).is_dir():  # before any is in place
                    raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
            for name, partial in partials.items():
                partial.replace(folder / name)
        except OSError as error:
            error.filename = str(folder)
            raise
        finally:
            for partial in partials.values():
                with suppress(OSError):
                    partial.unlink(missing_ok=True)


@contextmanager
def unmade_on_error(folder: Path) -> Iterator[None]:
    """If the block ends in an error, remove this folder and those above it that it made and left empty."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        yield
    except BaseException:
        for one in new:
            with suppress(OSError):
                one.rmdir()
        raise


def check_folder(folder: Path) -> None:
    """Raise an OSError, before any work, where there can be no folder of this name: it is or lies below a file."""
    nearest = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if nearest.exists() and not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))


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
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows flushes what can be written
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def data_size(size: float) -> str:
    """A size in bytes, in words."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size:.0f} bytes"
