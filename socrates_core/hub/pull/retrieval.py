"""Pull an adapter: from a name on the Hub to a verified folder on this machine."""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import OfflineModeIsEnabled

from socrates_core.errors import HubError
from socrates_core.hub.access import Progress, client, hub_step, is_unreachable, split_revision
from socrates_core.hub.inspection import FILES, WEIGHTS, inspect, inspect_config
from socrates_core.hub.pull.install import check_target, install, locked, partial_folder
from socrates_core.hub.pull.installed import PulledAdapter, adapters_root, find_installed, folder_name, open_installed
from socrates_core.hub.pull.listing import Listing, commit_of, list_adapter
from socrates_core.hub.pull.transfer import download
from socrates_core.hub.source import record_audience, record_revision, write_source

SPARE: Final = 50_000_000
"""Bytes of disk space that must remain free."""


@dataclass(frozen=True)
class _Request:
    """What to pull, from where and to where."""

    repo_id: str
    revision: str | None
    target: Path | None
    """None for a new folder below `adapters_root()`."""
    token: str | None
    endpoint: str | None
    progress: Progress
    owner_only: bool | None = None
    """Whom the page offers it to; None leaves an adapter that is here as it is, and offers a new one to everybody."""

    def step(self) -> AbstractContextManager[None]:
        """The context for requests to the Hub."""
        name = f"pulling {self.repo_id}" + (f"@{self.revision}" if self.revision else "")
        return hub_step(name, self.token, self.repo_id, self.revision, self.endpoint)

    def installed(self, revision: str | None, exact: bool = False) -> PulledAdapter | None:
        """The adapter if it is on this machine already."""
        if self.target is not None:
            with locked(self.target.parent):
                found = find_installed(self.target, self.repo_id, revision, exact)
            if found is not None:
                return found
        with locked(adapters_root()):
            return find_installed(adapters_root(), self.repo_id, revision, exact)


def pull(
    repo: str,
    out: Path | None = None,
    token: str | None = None,
    progress: Progress | None = None,
    offline: bool = False,
    *,
    endpoint: str | None = None,
    owner_only: bool | None = None,
) -> PulledAdapter:
    """Download an adapter, verify it, and install it atomically in a folder.

    A commit that was pulled before is not downloaded again. If the Hub cannot be reached, the commit that a branch or
    tag pointed to at the last pull is used, and the notes of the result say so.

    Args:
        repo: OWNER/NAME, or OWNER/NAME@REV with a branch, tag or commit.
        out: The folder of the adapter; a new one below `adapters_root()` when None.
        token: For a private or gated repository; None for anonymous access.
        progress: Called with the share that is done and the current step.
        offline: Do not contact the Hub.
        endpoint: Address of the Hub; HF_ENDPOINT or the public Hub when None.
        owner_only: Whether the page offers it to its owner alone; None leaves an adapter that is here as it is.

    Raises:
        HubError: If the adapter does not exist, is not accessible, fails a check, or cannot be written. No files are
            left behind.
    """
    repo_id, revision = split_revision(repo)
    target = out if out is None or out.name not in ("", "..") else out.resolve()
    if target is not None and target.resolve() == Path.cwd():
        raise HubError(f"{out} is the working directory; choose another folder, such as adapters/mine")
    request = _Request(repo_id, revision, target, token, endpoint, progress or (lambda share, step: None), owner_only)
    try:
        if target is not None:
            with locked(target.parent):
                check_target(target)
        return _offline(request, "the Hub was not contacted") if offline else _online(request)
    except OSError as error:
        raise HubError(f"{repo_id} cannot be written to {target or adapters_root()}: {error}") from error


def _online(request: _Request) -> PulledAdapter:
    if request.revision and len(request.revision) == 40 and (known := request.installed(request.revision, exact=True)):
        return _installed_at(known, request)
    request.progress(0.0, f"looking up {request.repo_id}")
    with request.step():
        api = client(request.token, request.endpoint)
        try:
            commit = commit_of(api.model_info(request.repo_id, revision=request.revision), request.repo_id)
        except (OfflineModeIsEnabled, httpx2.HTTPError) as error:
            if not is_unreachable(error) or request.installed(request.revision) is None:
                raise
            return _offline(request, "the Hub could not be reached")
    if known := request.installed(commit, exact=True):
        return _installed_at(known, request)
    with request.step():
        listing = list_adapter(api, request.repo_id, commit)
    folder = request.target or adapters_root() / folder_name(request.repo_id, commit)
    with partial_folder(folder.parent, folder.name) as partial:
        _check_space(partial, listing.size)
        _fetch(api, listing, partial, request)
        inspect(partial)
        write_source(partial, request.repo_id, request.revision, commit, bool(request.owner_only))
        found = open_installed(partial)
        install(partial, folder)
    request.progress(1.0, f"{request.repo_id} is installed")
    return replace(found, folder=folder, notes=listing.notes)


def _fetch(api: HfApi, listing: Listing, partial: Path, request: _Request) -> None:
    """Download and check the config first, before gigabytes of weights that may be rejected."""
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        request.progress(min(0.99, done / max(1, listing.size)), f"{done / 1e6:,.1f} of {listing.size / 1e6:,.1f} MB")

    for file in sorted(listing.files, key=lambda one: one.name == WEIGHTS):
        if file.name == WEIGHTS:
            inspect_config(partial)
        with request.step():
            download(api, listing.repo_id, listing.commit, file, partial / file.name, on_bytes)


def _offline(request: _Request, why: str) -> PulledAdapter:
    """The commit that a revision pointed to when it was last pulled."""
    known = request.installed(request.revision)
    if known is None:
        where = f"{request.target} or {adapters_root()}" if request.target else str(adapters_root())
        asked = f"{request.repo_id}@{request.revision}" if request.revision else request.repo_id
        raise HubError(f"{asked} is not on this machine (looked in {where}), and {why}; pull it once while online")
    return replace(
        _installed_at(known, request, asked=False), notes=(f"{why}: commit {known.commit[:12]} was pulled earlier",)
    )


def _installed_at(known: PulledAdapter, request: _Request, asked: bool = True) -> PulledAdapter:
    """Install a local adapter in the requested folder, without downloading anything.

    Args:
        known: The adapter on this machine.
        request: What was requested.
        asked: Whether the Hub has just resolved the revision to this commit.
    """
    folder = request.target or known.folder
    if folder.resolve() != known.folder.resolve():
        with partial_folder(folder.parent, folder.name) as partial:
            _check_space(partial, known.size)
            for name in FILES:
                if (known.folder / name).is_file():
                    shutil.copyfile(known.folder / name, partial / name)
            write_source(partial, request.repo_id, request.revision, known.commit, bool(request.owner_only))
            known = open_installed(partial)
            install(partial, folder)
    elif asked:
        with locked(folder.parent):
            record_revision(folder, request.revision)
    if request.owner_only is not None:
        with locked(folder.parent):
            record_audience(folder, request.owner_only)
        known = replace(known, owner_only=request.owner_only)
    notes = (f"commit {known.commit[:12]} is on this machine already; nothing was downloaded",)
    return replace(known, folder=folder, revision=request.revision, notes=notes)


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise HubError(f"{size / 1e6:,.0f} MB are needed, but only {free / 1e6:,.0f} MB are free at {folder.parent}")
