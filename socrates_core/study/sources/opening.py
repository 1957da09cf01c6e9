"""Opens a source by its name or path; its kind is recognised by content, not by the name of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from socrates_core.errors import LossError, SourceError
from socrates_core.scale.loss import refusal
from socrates_core.study.files import other_than_a_file, parse_json
from socrates_core.study.sources import alpaca, socsci210
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.bundled import BUNDLED, load_bundled
from socrates_core.study.sources.file.delimited import TextForm, suffix_of
from socrates_core.study.sources.file.frames import SAVED, TABLES, column_names, saved_files
from socrates_core.study.sources.file.qualtrics import SUFFIX, export_beside
from socrates_core.study.sources.grouping import GROUPINGS, grouped
from socrates_core.study.sources.hub_dataset import PREFIX, HubName, cached_file, fetch
from socrates_core.study.sources.table.codebook import Codebook
from socrates_core.study.sources.table.columns import NEEDED, is_tidy
from socrates_core.study.sources.table.map.form import TableMap
from socrates_core.study.sources.table.tidy import TableSource, form_of, load_table, table_at
from socrates_core.study.split import ALL_PARTS, PARTS
from socrates_core.study.study_set import StudySet

NAMED: Final = (BUNDLED, "socsci210")
ACCEPTED: Final = (
    "bundled, socsci210, hub:OWNER/NAME, or a path: a prepared study folder, a folder of SocSci210's Parquet shards, "
    "train|val|test.jsonl in the original run's form, a saved DatasetDict, or a table: text, Excel, "
    "Parquet, Feather, JSON, SPSS (.sav), Stata (.dta) or Qualtrics (.qsf beside its export)"
)
_IN_FOLDERS: Final = (".jsonl", ".parquet", ".csv", ".tsv", ".tab")

_OTHER_PROGRAMS: Final = {
    **dict.fromkeys((".rds", ".rdata"), "a file of R"),
    ".sas7bdat": "a file of SAS",
    ".numbers": "a workbook of Numbers",
}


@dataclass(frozen=True)
class Stated:
    """What is stated about a source beside its name."""

    columns: TableMap | None = None
    """What the columns of a table are."""
    group_by: str | None = None
    """What makes a group of studies: a column of a table, or one of `grouping.GROUPINGS`."""
    encoding: str | None = None
    """Of the texts of a table; None for what a map says, or else to find it."""


def open_source(
    name_or_path: str,
    revision: str | None = None,
    progress: Progress | None = None,
    allow_loss: bool = False,
    stated: Stated | None = None,
) -> StudySet:
    """The studies of a source.

    Args:
        name_or_path: `bundled`, `socsci210` or `hub:OWNER/NAME` (from the Hugging Face Hub), or a path (see ACCEPTED).
        revision: For a data set of the Hub: a commit, branch or tag; the newest commit when None.
        progress: Called with (done, total) while a large source is read.
        allow_loss: Go on without answers that cannot be read, however many they are; the manifest names them.
        stated: What else is stated about it.

    Raises:
        SourceError: If there is no such source, it cannot be read, or a revision or a map is given for another source.
        LossError: If more answers cannot be read than may be lost.
    """
    studies = _opened(name_or_path, revision, progress, stated or Stated())
    prepared = (Path(name_or_path) / "manifest.json").is_file()  # who prepared it allowed its losses
    if studies.manifest.losses and not prepared and not allow_loss:
        raise LossError(refusal(studies.manifest.losses))
    return studies


def _opened(name_or_path: str, revision: str | None, progress: Progress | None, stated: Stated) -> StudySet:
    name = _hub_name(name_or_path, revision)
    if name is None and revision:
        raise SourceError(
            f"a revision belongs to a data set of the Hub (socsci210, hub:…), not to {name_or_path}; leave --revision "
            "out"
        )
    if name is not None:
        found = _open_hub(name, progress, stated)
    else:
        found = load_bundled() if name_or_path == BUNDLED else _open_path(Path(name_or_path), progress, stated)
    if isinstance(found, TableSource):
        return _load_grouped(_with_encoding(found, stated.encoding), stated.group_by, progress)
    if stated.encoding is not None:
        raise SourceError(f"an encoding is of a table, which {name_or_path} is not; leave --encoding out")
    if stated.columns is not None:
        raise SourceError(f"a map says what the columns of a table are, and {name_or_path} is none; leave --map out")
    return found if stated.group_by is None else grouped(found, stated.group_by)


def _with_encoding(table: TableSource, encoding: str | None) -> TableSource:
    """The table with the stated encoding of its texts."""
    if encoding is None:
        return table
    columns = table.columns or TableMap()
    if columns.encoding not in (None, encoding):
        raise SourceError(f"the map says `encoding: {columns.encoding}` and --encoding {encoding}; keep one of them")
    return replace(table, columns=columns.model_copy(update={"encoding": encoding}))


def _load_grouped(table: TableSource, group_by: str | None, progress: Progress | None) -> StudySet:
    """The studies of a table, grouped by one of its columns or by what is known of them."""
    form = form_of(table.columns or TableMap())
    if group_by is None or all(group_by in column_names(file, form) for file in table.files):
        return load_table(replace(table, group_by=group_by), progress)
    if group_by not in GROUPINGS:
        listed = ", ".join(column_names(table.files[0], form))
        raise SourceError(
            f"{table.source} has no column {group_by!r} for --group-by; it has {listed:.300}. Without a column: "
            f"--group-by {' or '.join(GROUPINGS)}"
        )
    return grouped(load_table(table, progress), group_by)


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


def _open_hub(name: HubName, progress: Progress | None, stated: Stated) -> StudySet | TableSource:
    fetched = fetch(name)
    files = fetched.files
    form = TextForm(stated.encoding)
    kinds = {file: "table" if stated.columns else kind_of(column_names(file, form)) for file in files}
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
    whole = name.config is None and name.split is None
    return TableSource(files, name.repo_id, name.repo_id, studies, stated.columns, fetched.commit, whole)


def kind_of(columns: Sequence[str]) -> str | None:
    """`socsci210`, `alpaca` or `table`, by the columns of a data file; None if they match none of these."""
    if all(mark in columns for mark in socsci210.MARKS):
        return "socsci210"
    if all(name in columns for name in alpaca.COLUMNS):
        return "alpaca"
    return "table" if is_tidy(columns) else None


def _other_columns(what: str, file: Path, kind: str | None) -> str:
    needed = {
        "table": ", ".join(" or ".join(names) for names in NEEDED),
        "socsci210": ", ".join(socsci210.COLUMNS),
        "alpaca": ", ".join(alpaca.COLUMNS),
    }
    found = ", ".join(column_names(file)) or "no columns"
    wanted = needed[kind] if kind else "; or ".join(needed.values())
    return f"{what} has the columns {found:.400}; needed are {wanted}"


# -- paths ----------------------------------------------------------------------------------------------------


def _open_path(path: Path, progress: Progress | None, stated: Stated) -> StudySet | TableSource:
    if not path.exists():
        raise SourceError(f"there is no file or folder {path}; a source is {ACCEPTED}")
    if path.is_dir():
        if (path / "manifest.json").is_file():
            return StudySet.load(path, verify=True)
        if (path / SAVED).is_file():
            codebook = Codebook.load(path / "studies.json")
            return TableSource(saved_files(path), str(path), path.name, codebook, stated.columns)
        files = _files_of(path)
    else:
        path = table_file(path)
        files = [path]
    for file in files:
        _check_form(file)
    kinds = {"table"} if stated.columns else {_kind(file) for file in files}
    if kinds == {"alpaca"}:
        return alpaca.load(files, str(path), progress=progress)
    if kinds == {"socsci210"}:
        return socsci210.load(files, str(path), progress=progress)
    if kinds == {"table"} and len(files) == 1:
        return table_at(files[0], stated.columns)
    raise SourceError(
        f"{path} holds more than one source ({_some(files)}); pass one of its files, or a folder of one kind"
    )


def table_file(path: Path) -> Path:
    """The file with the rows of a table: the path itself, or the export beside a survey file of Qualtrics.

    Args:
        path: A file that exists.

    Raises:
        SourceError: If it is empty, no file, or of a kind that nothing here reads.
    """
    other = other_than_a_file(path)
    if other is not None:
        raise SourceError(f"{path} is {other}; save the rows as a file")
    file = export_beside(path) if path.suffix.lower() == SUFFIX else path
    if file.stat().st_size == 0:
        raise SourceError(f"{file} is empty")
    _check_form(file)
    return file


def _files_of(folder: Path) -> list[Path]:
    """The files of a folder that make up its source."""
    parts = _parts_files(folder)
    if parts:
        return parts
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    known = [file for file in files if suffix_of(file) in _IN_FOLDERS]
    for file in known:
        if not file.name.isprintable():
            raise SourceError(f"{file} has a name that is not UTF-8 text on one line; rename it")
    if not known:
        raise SourceError(f"{folder} holds no source (found {_some(files)}); a source is {ACCEPTED}")
    return known


def _parts_files(folder: Path) -> list[Path]:
    found = [file for part in ALL_PARTS if (file := folder / f"{part}.jsonl").is_file()]
    return found if any(file.stem in PARTS for file in found) else []


def _check_form(file: Path) -> None:
    """Raise a SourceError for a file that no reader of tables is for."""
    suffix = suffix_of(file)
    if suffix in (".yaml", ".yml"):
        raise SourceError(f"{file} is a study file, without answers; read it with read_study or socrates simulate")
    if suffix in _OTHER_PROGRAMS:
        raise SourceError(f"{file} is {_OTHER_PROGRAMS[suffix]}, which is not read; save it as CSV in UTF-8")
    if suffix not in TABLES:
        raise SourceError(f"{file} is not a source; a source is {ACCEPTED}")


def _kind(file: Path) -> str:
    """`alpaca`, `socsci210` or `table`, by the content of the file."""
    suffix = suffix_of(file)
    if suffix == ".jsonl" and file.suffix.lower() != ".gz":
        return "table" if is_tidy(_first_keys(file)) else "alpaca"
    if suffix != ".parquet":
        return "table"
    return kind_of(column_names(file)) or "table"


def _first_keys(file: Path) -> list[str]:
    """The keys of a JSONL file's first object; none if its first line is no object."""
    with file.open("rb") as lines:
        line = next((line for line in lines if line.strip()), b"")
    try:
        found = parse_json(line.decode("utf-8-sig"))
    except ValueError:
        return []
    return list(found) if isinstance(found, dict) else []


def _some(files: Sequence[Path], most: int = 5) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(file.name for file in files[:most]) + more if files else "nothing"
