"""Opens a source by its name or path; its kind is recognised by content, not by the name of a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from socrates_core.errors import LossError, SourceError
from socrates_core.scale.loss import refusal
from socrates_core.study.sources import alpaca, socsci210, tables
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.bundled import BUNDLED, load_bundled
from socrates_core.study.sources.codebook import Codebook
from socrates_core.study.sources.frames import SAVED, column_names, saved_files
from socrates_core.study.sources.hub_dataset import PREFIX, HubName, cached_file, fetch
from socrates_core.study.study_set import StudySet

NAMED: Final = (BUNDLED, "socsci210")
ACCEPTED: Final = (
    "bundled, socsci210, hub:OWNER/NAME, or a path: a prepared study folder, a folder of SocSci210's Parquet shards, "
    "train|val|test.jsonl in the original run's form, a saved DatasetDict, or a tidy .csv or .parquet table"
)
_SUFFIXES: Final = (".jsonl", ".parquet", ".csv", ".tsv")


def open_source(
    name_or_path: str, revision: str | None = None, progress: Progress | None = None, allow_loss: bool = False
) -> StudySet:
    """The studies of a source.

    Args:
        name_or_path: `bundled`, `socsci210` or `hub:OWNER/NAME` (from the Hugging Face Hub), or a path (see ACCEPTED).
        revision: For a data set of the Hub: a commit, branch or tag; the newest commit when None.
        progress: Called with (done, total) while a large source is read.
        allow_loss: Go on without answers that cannot be read, however many they are; the manifest names them.

    Raises:
        SourceError: If there is no such source, it cannot be read, or a revision is given for another source.
        LossError: If more answers cannot be read than may be lost.
    """
    studies = _opened(name_or_path, revision, progress)
    prepared = (Path(name_or_path) / "manifest.json").is_file()  # who prepared it allowed its losses
    if studies.manifest.losses and not prepared and not allow_loss:
        raise LossError(refusal(studies.manifest.losses))
    return studies


def _opened(name_or_path: str, revision: str | None, progress: Progress | None) -> StudySet:
    name = _hub_name(name_or_path, revision)
    if name is not None:
        return _open_hub(name, progress)
    if revision:
        raise SourceError(
            f"a revision belongs to a data set of the Hub (socsci210, hub:…), not to {name_or_path}; leave --revision "
            "out"
        )
    return load_bundled() if name_or_path == BUNDLED else _open_path(Path(name_or_path), progress)


def stated_parts(name_or_path: str, studies: StudySet) -> Mapping[str, Sequence[str]] | None:
    """The split by study that a folder of the original run's files states; None for any other source.

    Args:
        name_or_path: As for `open_source`.
        studies: The result of `open_source`.

    Raises:
        SourceError: If metadata.json cannot be read or contradicts the files.
    """
    folder = Path(name_or_path)
    if name_or_path in NAMED or not folder.is_dir() or (folder / "manifest.json").exists():
        return None
    return alpaca.stated_parts(folder, studies) if _parts_files(folder) else None


def stated_unseen(name_or_path: str, studies: StudySet) -> list[str] | None:
    """The ids that SocSci210's own split file lists as unseen; None if the source holds no such file.

    Args:
        name_or_path: As for `open_source`.
        studies: The result of `open_source`.

    Raises:
        SourceError: If the file cannot be read.
    """
    name = _hub_name(name_or_path)
    mapping: Path | None = Path(name_or_path) / socsci210.MAPPING
    if name is not None:
        mapping = cached_file(name.repo_id, studies.manifest.revision or "", socsci210.MAPPING)
    return socsci210.unseen_studies(mapping) if mapping is not None and mapping.is_file() else None


# -- the Hub --------------------------------------------------------------------------------------------------


def _hub_name(name_or_path: str, revision: str | None = None) -> HubName | None:
    if name_or_path == "socsci210":
        return HubName(socsci210.DATASET, revision=revision)
    return HubName.parse(name_or_path, revision) if name_or_path.startswith(PREFIX) else None


def _open_hub(name: HubName, progress: Progress | None) -> StudySet:
    fetched = fetch(name)
    files = fetched.files
    kinds = {file: kind_of(column_names(file)) for file in files}
    kind = kinds[files[0]]
    for file, found in kinds.items():
        if found is None or found != kind:
            raise SourceError(_other_columns(f"{file.relative_to(fetched.folder)} of {name.repo_id}", file, kind))
    if kind == "socsci210":
        return socsci210.load(files, name.repo_id, fetched.commit, progress)
    if kind == "alpaca":
        return alpaca.load(files, name.repo_id, fetched.commit, progress)
    codebook = cached_file(name.repo_id, fetched.commit, "studies.json")
    studies = Codebook.load(codebook or fetched.folder / "studies.json", required=codebook is not None)
    return tables.load_files(files, name.repo_id, name.repo_id, studies, fetched.commit, progress)


def kind_of(columns: Sequence[str]) -> str | None:
    """`socsci210`, `alpaca` or `table`, by the columns of a data file; None if they match none of these."""
    if all(mark in columns for mark in socsci210.MARKS):
        return "socsci210"
    if all(name in columns for name in alpaca.COLUMNS):
        return "alpaca"
    return "table" if tables.is_table(columns) else None


def _other_columns(what: str, file: Path, kind: str | None) -> str:
    needed = {
        "table": ", ".join(tables.REQUIRED_HERE),
        "socsci210": ", ".join(socsci210.COLUMNS),
        "alpaca": ", ".join(alpaca.COLUMNS),
    }
    found = ", ".join(column_names(file)) or "no columns"
    wanted = needed[kind] if kind else "; or ".join(needed.values())
    return f"{what} has the columns {found:.400}; needed are {wanted}"


# -- paths ----------------------------------------------------------------------------------------------------


def _open_path(path: Path, progress: Progress | None) -> StudySet:
    if not path.exists():
        raise SourceError(f"there is no file or folder {path}; a source is {ACCEPTED}")
    if path.is_dir():
        if (path / "manifest.json").is_file():
            return StudySet.load(path, verify=True)
        if (path / SAVED).is_file():
            return tables.load_files(saved_files(path), str(path), path.name, Codebook.load(path / "studies.json"))
        files = _files_of(path)
    else:
        files = [path]
    if path.stat().st_size == 0 and path.is_file():
        raise SourceError(f"{path} is empty")
    kinds = {_kind(file) for file in files}
    if kinds == {"alpaca"}:
        return alpaca.load(files, str(path), progress=progress)
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
    for file in known:
        if not file.name.isprintable():
            raise SourceError(f"{file} has a name that is not UTF-8 text on one line; rename it")
    if not known:
        raise SourceError(f"{folder} holds no source (found {_some(files)}); a source is {ACCEPTED}")
    return known


def _parts_files(folder: Path) -> list[Path]:
    return [file for part in alpaca.PARTS if (file := folder / f"{part}.jsonl").is_file()]


def _kind(file: Path) -> str:
    """`alpaca`, `socsci210` or `table`, by the content of the file."""
    suffix = file.suffix.lower()
    if suffix == ".jsonl":
        return "alpaca"
    if suffix in (".yaml", ".yml"):
        raise SourceError(f"{file} is a study file, without answers; read it with read_study or socrates simulate")
    if suffix not in _SUFFIXES:
        raise SourceError(f"{file} is not a source; a source is {ACCEPTED}")
    if suffix != ".parquet":
        return "table"
    return kind_of(column_names(file)) or "table"


def _some(files: Sequence[Path], most: int = 5) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(file.name for file in files[:most]) + more if files else "nothing"
