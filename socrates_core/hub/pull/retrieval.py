"""Pull an adapter: from a name on the Hub to a checked folder on this machine."""

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
from socrates_core.hub.inspection import FILES, WEIGHTS, inspect, inspect_description
from socrates_core.hub.pull.install import check_target, install, locked, partial_folder
from socrates_core.hub.pull.installed import PulledAdapter, adapters_root, find_kept, folder_name, open_kept
from socrates_core.hub.pull.listing import Listing, commit_of, list_adapter
from socrates_core.hub.pull.transfer import download
from socrates_core.hub.source import note_asked, write_source

SPARE: Final = 50_000_000
"""Bytes that must stay free on the disk."""


@dataclass(frozen=True)
class _Wish:
    """What is to be pulled, from where and to where."""

    repo_id: str
    revision: str | None
    target: Path | None
    """None for a folder of its own below `adapters_root()`."""
    token: str | None
    endpoint: str | None
    tell: Progress

    def step(self) -> AbstractContextManager[None]:
        """Around everything that asks the Hub."""
        name = f"pulling {self.repo_id}" + (f"@{self.revision}" if self.revision else "")
        return hub_step(name, self.token, self.repo_id, self.revision, self.endpoint)

    def kept(self, revision: str | None, exact: bool = False) -> PulledAdapter | None:
        """What is on this machine already."""
        if self.target is not None:
            with locked(self.target.parent):
                found = find_kept(self.target, self.repo_id, revision, exact)
            if found is not None:
                return found
        with locked(adapters_root()):
            return find_kept(adapters_root(), self.repo_id, revision, exact)


def pull(
    repo: str,
    out: Path | None = None,
    token: str | None = None,
    progress: Progress | None = None,
    offline: bool = False,
    *,
    endpoint: str | None = None,
) -> PulledAdapter:
    """Fetch an adapter, check it, and put it into a folder, which appears whole or not at all.

    What was pulled before is not fetched again: a commit is the same for ever. Where the Hub cannot be reached, the
    commit that a branch or tag was at the last pull stands in, and the result's notes say so.

    Args:
        repo: OWNER/NAME, or OWNER/NAME@REV with a branch, tag or commit.
        out: The adapter's folder; one of its own below `adapters_root()` when None.
        token: For a private or gated repository; None asks as anybody.
        progress: Told the share that is done and what is being done.
        offline: Do not ask the Hub.
        endpoint: Of the Hub; HF_ENDPOINT or the public one when None.

    Raises:
        HubError: If there is no such adapter, it may not be seen, it is not what an adapter may be, or it cannot be
            written. Nothing is left behind.
    """
    repo_id, revision = split_revision(repo)
    target = out if out is None or out.name not in ("", "..") else out.resolve()
    if target is not None and target.resolve() == Path.cwd():
        raise HubError(f"{out} is the working directory; choose a folder of its own, such as adapters/mine")
    wish = _Wish(repo_id, revision, target, token, endpoint, progress or (lambda share, doing: None))
    try:
        if target is not None:
            with locked(target.parent):
                check_target(target)
        return _offline(wish, "the Hub was not asked") if offline else _online(wish)
    except OSError as error:
        raise HubError(f"{repo_id} cannot be written to {target or adapters_root()}: {error}") from error


def _online(wish: _Wish) -> PulledAdapter:
    if wish.revision and len(wish.revision) == 40 and (known := wish.kept(wish.revision, exact=True)):
        return _placed(known, wish)
    wish.tell(0.0, f"asking for {wish.repo_id}")
    with wish.step():
        api = client(wish.token, wish.endpoint)
        try:
            commit = commit_of(api.model_info(wish.repo_id, revision=wish.revision), wish.repo_id)
        except (OfflineModeIsEnabled, httpx2.HTTPError) as error:
            if not is_unreachable(error) or wish.kept(wish.revision) is None:
                raise
            return _offline(wish, "the Hub could not be reached")
    if known := wish.kept(commit, exact=True):
        return _placed(known, wish)
    with wish.step():
        listing = list_adapter(api, wish.repo_id, commit)
    folder = wish.target or adapters_root() / folder_name(wish.repo_id, commit)
    with partial_folder(folder.parent, folder.name) as partial:
        _check_space(partial, listing.size)
        _fetch(api, listing, partial, wish)
        inspect(partial)
        write_source(partial, wish.repo_id, wish.revision, commit)
        found = open_kept(partial)
        install(partial, folder)
    wish.tell(1.0, f"{wish.repo_id} is here")
    return replace(found, folder=folder, notes=listing.notes)


def _fetch(api: HfApi, listing: Listing, partial: Path, wish: _Wish) -> None:
    """Fetch and check the description first: a gigabyte of weights is not fetched for what will be refused."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        wish.tell(min(0.99, done / max(1, listing.size)), f"{done / 1e6:,.1f} of {listing.size / 1e6:,.1f} MB")

    for file in sorted(listing.files, key=lambda one: one.name == WEIGHTS):
        if file.name == WEIGHTS:
            inspect_description(partial)
        with wish.step():
            download(api, listing.repo_id, listing.commit, file, partial / file.name, told)


def _offline(wish: _Wish, why: str) -> PulledAdapter:
    """What a name stood for when it was pulled last."""
    known = wish.kept(wish.revision)
    if known is None:
        where = f"{wish.target} or {adapters_root()}" if wish.target else str(adapters_root())
        asked = f"{wish.repo_id}@{wish.revision}" if wish.revision else wish.repo_id
        raise HubError(f"{asked} is not on this machine (looked in {where}), and {why}; pull it once with a network")
    return replace(_placed(known, wish, asked=False), notes=(f"{why}: commit {known.commit[:12]} was pulled earlier",))


def _placed(known: PulledAdapter, wish: _Wish, asked: bool = True) -> PulledAdapter:
    """An adapter that is here, in the folder where it is wanted; nothing is fetched.

    Args:
        known: As it is here.
        wish: What is wanted.
        asked: Whether the Hub has just said that the revision is this commit.
    """
    folder = wish.target or known.folder
    if folder.resolve() != known.folder.resolve():
        with partial_folder(folder.parent, folder.name) as partial:
            _check_space(partial, known.size)
            for name in FILES:
                if (known.folder / name).is_file():
                    shutil.copyfile(known.folder / name, partial / name)
            write_source(partial, wish.repo_id, wish.revision, known.commit)
            known = open_kept(partial)
            install(partial, folder)
    elif asked:
        with locked(folder.parent):
            note_asked(folder, wish.revision)
    notes = (f"commit {known.commit[:12]} is on this machine already; nothing was fetched",)
    return replace(known, folder=folder, revision=wish.revision, notes=notes)


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise HubError(f"{size / 1e6:,.0f} MB are to be fetched and {free / 1e6:,.0f} MB are free at {folder.parent}")
