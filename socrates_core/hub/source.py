"""`source.json` beside a pulled adapter: repository, commit, requested revisions, and the sha256 of every file."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from socrates_core.errors import HubError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.inspection import FILES, WEIGHTS
from socrates_core.study.files import file_sha256, partial_of, read_json, write_json
from socrates_core.study.incoming.fields import Expected, read_as

SOURCE: Final = "source.json"
FORMAT: Final = 1


@dataclass(frozen=True)
class _File:
    size: int
    sha256: str


@dataclass(frozen=True)
class _Source:
    format: Annotated[int, Expected(str(FORMAT), ge=FORMAT, le=FORMAT)]
    repo_id: str
    commit: Annotated[str, Expected("a commit", pattern=r"^[0-9a-f]{40}$")]
    asked: Annotated[Mapping[str, float], Expected("revisions, each with a time", min_length=1)]
    files: Mapping[str, _File]
    owner_only: bool = False

    def __post_init__(self) -> None:
        if not {WEIGHTS} <= set(self.files) <= set(FILES):
            raise ValueError(f"files: expected {WEIGHTS}, and no others than {', '.join(FILES)}")


def write_source(folder: Path, repo_id: str, revision: str | None, commit: str, owner_only: bool = False) -> None:
    """Record where the files of a folder came from, their hashes, and whether they are for the app's owner alone."""
    files = {
        path.name: {"size": path.stat().st_size, "sha256": file_sha256(path)}
        for name in FILES
        if (path := folder / name).is_file()
    }
    asked = {revision or "": time.time()}
    source = {"format": FORMAT, "repo_id": repo_id, "commit": commit, "asked": asked, "files": files}
    source["owner_only"] = owner_only
    write_json(folder / SOURCE, source)


def record_revision(folder: Path, revision: str | None) -> None:
    """Record that a revision resolves to this commit now, for later pulls without a connection to the Hub."""
    source = read_source(folder)
    write_json(folder / SOURCE, {**source, "asked": {**source["asked"], revision or "": time.time()}})


def record_audience(folder: Path, owner_only: bool) -> None:
    """Record whether the page offers an adapter to its owner alone."""
    write_json(folder / SOURCE, {**read_source(folder), "owner_only": owner_only})


def read_source(folder: Path) -> Mapping[str, Any]:
    """Read where the files of a folder came from.

    Raises:
        HubError: If nothing was pulled into it, or its source.json is damaged.
    """
    path = folder / SOURCE
    try:
        raw = read_json(path, strict=True)
        check_repo_id(read_as(_Source, raw).repo_id)
    except OSError as error:
        raise HubError(f"{path} cannot be read ({error}): nothing was pulled into {folder}") from error
    except ValueError as error:
        raise HubError(f"{path} is not a valid record of a pull ({error}); remove {folder} and pull again") from error
    return dict(raw)


def is_pulled(path: Path) -> bool:
    """Whether an adapter was pulled into this folder."""
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".") and (path / SOURCE).is_file()


def unexpected_files(folder: Path) -> list[str]:
    """Names of the files in a folder that do not belong to a pulled adapter."""
    return sorted({path.name for path in folder.iterdir()} - {*FILES, SOURCE, partial_of(folder / SOURCE).name})
