"""`source.json` beside a pulled adapter: repository, commit, requested revisions, and the sha256 of every file."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import HubError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.inspection import FILES, WEIGHTS
from socrates_core.study.files import file_sha256, partial_of, read_json, write_json

SOURCE: Final = "source.json"
FORMAT: Final = 1
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


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
        found = read_json(path, strict=True)
        sound = (
            found["format"] == FORMAT
            and bool(check_repo_id(found["repo_id"]))
            and bool(_COMMIT.fullmatch(found["commit"]))
            and bool(found["asked"])
            and all(isinstance(when, int | float) for when in found["asked"].values())
            and {WEIGHTS} <= set(found["files"]) <= set(FILES)
            and isinstance(found.get("owner_only", False), bool)
            and all(isinstance(one["size"], int) and isinstance(one["sha256"], str) for one in found["files"].values())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubError(
            f"{path} cannot be read ({error}): nothing was pulled into {folder}, or the file is damaged"
        ) from error
    if not sound:
        raise HubError(f"{path} is not a valid record of a pull; remove {folder} and pull again")
    return dict(found)


def is_pulled(path: Path) -> bool:
    """Whether an adapter was pulled into this folder."""
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".") and (path / SOURCE).is_file()


def unexpected_files(folder: Path) -> list[str]:
    """Names of the files in a folder that do not belong to a pulled adapter."""
    return sorted({path.name for path in folder.iterdir()} - {*FILES, SOURCE, partial_of(folder / SOURCE).name})
