"""The adapters that were pulled to this machine.

Each has a folder of its own with a `source.json`: repository, commit, and the sha256 of every file. A folder gets its
final name only when it is complete and verified.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.inspection import AdapterConfig, inspect
from socrates_core.hub.pull.install import discarded_name, locked
from socrates_core.hub.source import SOURCE, is_pulled, read_source, unexpected_files
from socrates_core.model.folder import DEMO
from socrates_core.model.record import ModelRecord
from socrates_core.study.files import file_sha256

ROOT_VARIABLE: Final = "SOCRATES_ADAPTERS"


@dataclass(frozen=True)
class PulledAdapter:
    """An adapter that was pulled to this machine; everything here is known without loading it."""

    repo_id: str
    revision: str | None
    """The requested branch, tag or commit; None for the default branch."""
    commit: str
    """The commit it resolved to: 40 hexadecimal digits."""
    folder: Path
    record: ModelRecord | None
    """None for an adapter made with other software, whose template must be given when it is loaded."""
    config: AdapterConfig
    parameters: int
    """Number of parameters."""
    size: int
    """Size of all files in bytes."""
    owner_only: bool = False
    """Whether the page offers it to its owner alone."""
    notes: tuple[str, ...] = ()
    """Remarks about this pull, for example that the Hub was not contacted."""

    @property
    def base(self) -> str:
        """Hub id of its base model, or `demo`."""
        return self.config.base

    @property
    def base_revision(self) -> str | None:
        """Commit of the base model it was trained on, where known."""
        return (self.record.base_revision if self.record else None) or self.config.base_revision

    @property
    def template(self) -> str | None:
        """The prompt template it was trained on; None where unknown."""
        return self.record.template if self.record else None

    @property
    def demo(self) -> bool:
        """Whether it belongs to the demo model, which is not for science."""
        return self.base == DEMO or bool(self.record and self.record.demo)


def adapters_root() -> Path:
    """The directory of pulled adapters: SOCRATES_ADAPTERS, or `adapters` in the working directory."""
    return Path(os.environ.get(ROOT_VARIABLE) or "adapters")


def folder_name(repo_id: str, commit: str) -> str:
    """A unique folder name per repository and commit; repository names on the Hub never contain `--`."""
    return f"{check_repo_id(repo_id).replace('/', '--')}--{commit[:12]}"


# -- contents ---------------------------------------------------------------------------------------------------


def installed_adapters(root: Path | None = None) -> list[PulledAdapter]:
    """All adapters in a directory, sorted by folder name; damaged ones are skipped.

    Args:
        root: `adapters_root()` when None.
    """
    root = adapters_root() if root is None else root
    found = []
    with locked(root):
        for folder in sorted(path for path in root.iterdir() if is_pulled(path)) if root.is_dir() else []:
            try:
                found.append(open_installed(folder))
            except HubError:
                continue
    return found


def open_installed(folder: Path, verify: bool = False) -> PulledAdapter:
    """Open a pulled adapter by its folder.

    Args:
        folder: As created by `pull`.
        verify: Compare hashes; otherwise only file sizes are compared.

    Raises:
        HubError: If it was not pulled, or has changed since.
    """
    source = read_source(folder)
    for name, recorded in source["files"].items():
        path = folder / name
        complete = path.is_file() and path.stat().st_size == recorded["size"]
        if not complete or (verify and file_sha256(path) != recorded["sha256"]):
            raise HubError(
                f"{path} has changed since it was pulled from {source['repo_id']}; remove {folder} and pull again"
            )
    found = inspect(folder)
    return PulledAdapter(
        repo_id=source["repo_id"],
        revision=max(source["asked"], key=source["asked"].get) or None,
        commit=source["commit"],
        folder=folder,
        record=found.record,
        config=found.config,
        parameters=found.parameters,
        size=sum(recorded["size"] for recorded in source["files"].values()),
        owner_only=source.get("owner_only", False),
    )


def find_installed(root: Path, repo_id: str, revision: str | None, exact: bool = False) -> PulledAdapter | None:
    """Find a pulled adapter by repository and revision; the most recently pulled one if several match.

    Args:
        root: A directory of adapters, or the folder of one.
        repo_id: OWNER/NAME.
        revision: A commit (at least 7 digits), or the branch or tag that was requested when it was pulled.
        exact: Match commits only, not branches or tags.
    """
    folders = [root] if (root / SOURCE).is_file() else list(root.iterdir()) if root.is_dir() else []
    matching = []
    for folder in folders:
        if not is_pulled(folder):
            continue
        try:
            source = read_source(folder)
        except HubError:
            continue
        is_commit = len(revision or "") >= 7 and source["commit"].startswith(revision or "")
        asked = source["asked"].get(revision or "")
        if source["repo_id"] == repo_id and (is_commit or (not exact and asked is not None)):
            matching.append((asked or 0.0, folder))
    for _, folder in sorted(matching, reverse=True):
        try:
            return open_installed(folder, verify=True)
        except HubError:
            continue
    return None


def remove(folder: Path) -> None:
    """Delete a pulled adapter, and nothing else.

    Raises:
        HubError: If the folder was not created by `pull`, or cannot be deleted.
    """
    if not is_pulled(folder):
        raise HubError(f"{folder} was not created by a pull (it has no {SOURCE}); delete it manually")
    read_source(folder)
    unexpected = unexpected_files(folder)
    if unexpected:
        raise HubError(f"{folder} also holds {', '.join(unexpected[:5])}, which was not pulled; move it away first")
    hidden = discarded_name(folder)
    try:
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise HubError(f"{folder} cannot be deleted: {error}") from error
