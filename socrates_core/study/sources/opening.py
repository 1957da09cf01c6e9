"""Opening a source by its name or path: what is there is told by content, not by the name of the file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import parquet_schema
from socrates_core.study.sources import alpaca, socsci210, tables
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.study_set import StudySet

NAMED: Final = ("bundled", "socsci210")
ACCEPTED: Final = (
    "bundled, socsci210, or a path: a prepared study folder, a folder of SocSci210's Parquet shards, "
    "train|val|test.jsonl in the original run's form, or a tidy .csv or .parquet table"
)
_SUFFIXES: Final = (".jsonl", ".parquet", ".csv", ".tsv")


def open_source(name_or_path: str, revision: str | None = None, progress: Progress | None = None) -> StudySet:
    """The studies of a source.

    Args:
        name_or_path: `bundled`, `socsci210` (from the Hugging Face Hub), or a path (see ACCEPTED).
        revision: For `socsci210`: a commit, branch or tag of the dataset; the newest commit where it is None.
        progress: Told (done, total) while a large source is read.

    Raises:
        SourceError: If there is no such source, it cannot be read, or a revision is given for another source.
    """
    if revision and name_or_path != "socsci210":
        raise SourceError(f"a revision belongs to the source socsci210, not to {name_or_path}; leave --revision out")
    if name_or_path == "bundled":
        return load_bundled()
    if name_or_path == "socsci210":
        commit = socsci210.find_commit(revision)
        shards = sorted(socsci210.download(commit).rglob("*.parquet"))
        if not shards:
            raise SourceError(
                f"{socsci210.DATASET} at {commit} holds no Parquet files; pin another one with --revision"
            )
        return socsci210.load(shards, socsci210.DATASET, commit, progress)
    return _open_path(Path(name_or_path), progress)


def stated_parts(name_or_path: str, studies: StudySet) -> Mapping[str, Sequence[str]] | None:
    """The split by study that a folder of the original run's files states; None for any other source.

    Args:
        name_or_path: As for `open_source`.
        studies: What `open_source` made of it.

    Raises:
        SourceError: If metadata.json cannot be read or contradicts the files.
    """
    folder = Path(name_or_path)
    if name_or_path in NAMED or not folder.is_dir() or (folder / "manifest.json").exists():
        return None
    return alpaca.stated_parts(folder, studies) if _parts_files(folder) else None


def stated_unseen(name_or_path: str, studies: StudySet) -> list[str] | None:
    """The ids that SocSci210's own split file keeps unseen; None where the source holds no such file.

    Args:
        name_or_path: As for `open_source`.
        studies: What `open_source` made of it.

    Raises:
        SourceError: If the file cannot be read.
    """
    if name_or_path == "socsci210":
        return socsci210.unseen_studies(socsci210.download(studies.manifest.revision or ""))
    return None if name_or_path in NAMED else socsci210.unseen_studies(Path(name_or_path))


def _open_path(path: Path, progress: Progress | None) -> StudySet:
    if not path.exists():
        raise SourceError(f"there is no file or folder {path}; a source is {ACCEPTED}")
    if path.is_dir():
        if (path / "manifest.json").is_file():
            return StudySet.load(path, verify=True)
        files = _files_of(path)
    else:
        files = [path]
    if path.stat().st_size == 0 and path.is_file():
        raise SourceError(f"{path} is empty")
    kinds = {_kind(file) for file in files}
    if kinds == {"alpaca"}:
        return alpaca.load(files, str(path), progress)
    if kinds == {"socsci210"}:
        return socsci210.load(files, str(path), progress=progress)
    if kinds == {"table"} and len(files) == 1:
        return tables.load(files[0])
    raise SourceError(
        f"{path} holds more than one source ({_some(files)}); pass one of its files, or a folder of one kind"
    )


def _files_of(folder: Path) -> list[Path]:
    """The files of a folder that make up its source."""
    parts = _parts_files(folder)
    if parts:
        return parts
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    known = [file for file in files if file.suffix.lower() in _SUFFIXES]
    if not known:
        raise SourceError(f"{folder} holds no source (found {_some(files)}); a source is {ACCEPTED}")
    return known


def _parts_files(folder: Path) -> list[Path]:
    return [file for part in alpaca.PARTS if (file := folder / f"{part}.jsonl").is_file()]


def _kind(file: Path) -> str:
    """`alpaca`, `socsci210` or `table`, by what is in the file."""
    suffix = file.suffix.lower()
    if suffix == ".jsonl":
        return "alpaca"
    if suffix not in _SUFFIXES:
        raise SourceError(f"{file} is no source; a source is {ACCEPTED}")
    if suffix != ".parquet":
        return "table"
    try:
        names = parquet_schema(file)
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{file} is no readable Parquet file ({str(error).splitlines()[0]})") from error
    return "socsci210" if all(mark in names for mark in socsci210.MARKS) else "table"


def _some(files: Sequence[Path], most: int = 5) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(file.name for file in files[:most]) + more if files else "nothing"
