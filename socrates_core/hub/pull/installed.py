"""Adapters that were pulled, on this machine: where they lie, what they are, where they came from.

Each lies in a folder of its own with `source.json` beside its files: repository, commit, and the sha256 of every file.
A folder appears under its name only when it is whole and checked.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.inspection import AdapterConfig, inspect
from socrates_core.hub.pull.install import leaving, locked
from socrates_core.hub.source import SOURCE, is_pulled, read_source, strangers
from socrates_core.model.folder import DEMO
from socrates_core.model.record import ModelRecord
from socrates_core.study.files import file_sha256

ROOT_VARIABLE: Final = "SOCRATES_ADAPTERS"


@dataclass(frozen=True)
class PulledAdapter:
    """An adapter on this machine, as far as it is known without loading it."""

    repo_id: str
    revision: str | None
    """What was asked for: a branch, tag or commit; None for the default branch."""
    commit: str
    """What that was on the Hub: 40 hexadecimal digits."""
    folder: Path
    record: ModelRecord | None
    """None for an adapter of another program, whose template has to be named when it is loaded."""
    config: AdapterConfig
    parameters: int
    """Numbers in its weights."""
    size: int
    """Bytes of its files."""
    notes: tuple[str, ...] = ()
    """What a reader should know of this pull: that the Hub was not asked, for example."""

    @property
    def base(self) -> str:
        """Hub id of the base model that it is for, or `demo`."""
        return self.config.base

    @property
    def base_revision(self) -> str | None:
        """The base's commit that it was trained on, where it is known."""
        return (self.record.base_revision if self.record else None) or self.config.base_revision

    @property
    def template(self) -> str | None:
        """The prompt template that it was trained on; None where it is not known."""
        return self.record.template if self.record else None

    @property
    def demo(self) -> bool:
        """Whether it shows the software at work and knows nothing of the world."""
        return self.base == DEMO or bool(self.record and self.record.demo)

    def obstacles(self, model: str, template: str | None = None) -> tuple[str, ...]:
        """Why it would not load on a model, in words; empty where nothing is known to stand against it.

        Args:
            model: The base as `--model` takes it, with or without `@revision`.
            template: The one asked for, if any.
        """
        found = []
        base, _, revision = model.partition("@")
        if base != self.base:
            found.append(f"it is for the base {self.base}, and the model is {base}")
        elif revision and self.base_revision and revision != self.base_revision:
            found.append(f"it was trained on revision {self.base_revision} of its base, and the model is at {revision}")
        if self.template is None and template is None:
            found.append("it does not say which template it was trained on: name one with --template")
        elif self.template is not None and template not in (None, self.template):
            found.append(f"it was trained on the template {self.template}, not {template}")
        return tuple(found)


# -- where -------------------------------------------------------------------------------------------------------


def adapters_root() -> Path:
    """The folder that adapters are pulled into: SOCRATES_ADAPTERS, or `adapters` in the working directory."""
    return Path(os.environ.get(ROOT_VARIABLE) or "adapters")


def folder_name(repo_id: str, commit: str) -> str:
    """A name of its own for every commit of every repository: the Hub allows no `--` in a name."""
    return f"{check_repo_id(repo_id).replace('/', '--')}--{commit[:12]}"


# -- what is there -----------------------------------------------------------------------------------------------


def pulled(root: Path | None = None) -> list[PulledAdapter]:
    """All adapters that were pulled into a folder, by name; damaged ones are left out.

    Args:
        root: `adapters_root()` when None.
    """
    root = adapters_root() if root is None else root
    found = []
    with locked(root):
        for folder in sorted(path for path in root.iterdir() if is_pulled(path)) if root.is_dir() else []:
            try:
                found.append(open_kept(folder))
            except HubError:
                continue
    return found


def open_kept(folder: Path, verify: bool = False) -> PulledAdapter:
    """A pulled adapter by its folder.

    Args:
        folder: As `pull` made it.
        verify: Hash every file again; sizes alone are compared otherwise.

    Raises:
        HubError: If it was not pulled, or is not what was pulled any more.
    """
    source = read_source(folder)
    for name, told in source["files"].items():
        path = folder / name
        whole = path.is_file() and path.stat().st_size == told["size"]
        if not whole or (verify and file_sha256(path) != told["sha256"]):
            raise HubError(f"{path} is not what was pulled from {source['repo_id']}; remove {folder} and pull again")
    found = inspect(folder)
    return PulledAdapter(
        repo_id=source["repo_id"],
        revision=max(source["asked"], key=source["asked"].get) or None,
        commit=source["commit"],
        folder=folder,
        record=found.record,
        config=found.config,
        parameters=found.parameters,
        size=sum(told["size"] for told in source["files"].values()),
    )


def find_kept(root: Path, repo_id: str, revision: str | None, exact: bool = False) -> PulledAdapter | None:
    """The adapter in a folder, or right below it, that a name stands for; the newest where several do.

    Args:
        root: A folder of adapters, or an adapter's own.
        repo_id: OWNER/NAME.
        revision: A commit or the beginning of one, or the branch or tag that was asked for when it was pulled.
        exact: Take a commit alone, not what a branch or tag was then.
    """
    folders = [root] if (root / SOURCE).is_file() else list(root.iterdir()) if root.is_dir() else []
    fitting = []
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
            fitting.append((asked or 0.0, folder))
    for _, folder in sorted(fitting, reverse=True):
        try:
            return open_kept(folder, verify=True)
        except HubError:
            continue
    return None


def remove(folder: Path) -> None:
    """Delete an adapter that was pulled, and nothing else.

    Raises:
        HubError: If it is no folder that `pull` made, or cannot be deleted.
    """
    if not is_pulled(folder):
        raise HubError(f"{folder} is no adapter that was pulled (it has no {SOURCE}); delete it yourself")
    read_source(folder)
    strange = strangers(folder)
    if strange:
        raise HubError(f"{folder} also holds {', '.join(strange[:5])}, which was not pulled; move that away first")
    hidden = leaving(folder)
    try:
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise HubError(f"{folder} cannot be deleted: {error}") from error
