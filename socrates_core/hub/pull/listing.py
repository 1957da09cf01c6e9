"""Lists the files of a repository at one commit and selects those of the adapter."""

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from huggingface_hub import HfApi
from huggingface_hub.hf_api import ModelInfo, RepoFile

from socrates_core.errors import HubError
from socrates_core.hub.inspection import CARD, CONFIG, FILES, MAX_TEXT, WEIGHTS

MAX_ENTRIES: Final = 10_000
"""Files and folders in a repository; that of an adapter has a handful."""

LIMIT_VARIABLE: Final = "SOCRATES_ADAPTER_MAX_GB"
MAX_GB: Final = 4.0
"""Default size limit of an adapter in gigabytes; rank 64 on a 72B model takes less than 2."""

PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
"""Extensions of weight files that can execute code when loaded."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ListedFile:
    """A file to download."""

    name: str
    size: int
    sha256: str | None
    """Hash of the content, from the Hub's pointer to large files; None for a small file, which has no pointer."""
    blob_id: str
    """Hash that git gives the entry: of the content of a small file, of the pointer to a large one."""


@dataclass(frozen=True)
class Listing:
    """The files of an adapter at one commit."""

    repo_id: str
    commit: str
    files: tuple[ListedFile, ...]
    notes: tuple[str, ...]
    """Remarks about other files in the repository, which are ignored."""

    @property
    def size(self) -> int:
        """Total size in bytes."""
        return sum(file.size for file in self.files)


def max_bytes() -> int:
    """Size limit of an adapter in bytes.

    Raises:
        HubError: If the environment variable that sets it is not a number above 0.
    """
    text = os.environ.get(LIMIT_VARIABLE) or str(MAX_GB)
    try:
        most = float(text)
    except ValueError:
        most = 0.0
    if not 0 < most < 1e6:
        raise HubError(f"{LIMIT_VARIABLE} is {text!r}; expected gigabytes, a number above 0")
    return int(most * 1e9)


def check_name(info: ModelInfo, repo_id: str) -> None:
    """Raise a HubError if the repository was renamed: its old name could be taken over by another account."""
    if info.id != repo_id:
        raise HubError(f"{repo_id} was renamed to {_printable(str(info.id))}; use that name if it is the one you meant")


def commit_of(info: ModelInfo, repo_id: str) -> str:
    """The commit that the Hub resolved a revision to.

    Raises:
        HubError: If the repository was renamed, or the response does not name a commit.
    """
    check_name(info, repo_id)
    if not isinstance(info.sha, str) or not _COMMIT.fullmatch(info.sha):
        raise HubError(f"the Hub returned no commit of {repo_id}; it is empty, or HF_ENDPOINT is not a Hub")
    return info.sha


def list_adapter(api: HfApi, repo_id: str, commit: str) -> Listing:
    """List the files of an adapter at a commit and check their names and sizes.

    Raises:
        HubError: If the repository holds no loadable adapter, or exceeds a limit; the message says which.
    """
    tree = api.list_repo_tree(repo_id, revision=commit, recursive=True)
    entries = list(islice(tree, MAX_ENTRIES + 1))
    if len(entries) > MAX_ENTRIES:
        raise HubError(f"{repo_id} holds more than {MAX_ENTRIES:,} files; expected an adapter with a handful")
    for entry in entries:
        _check_path(repo_id, entry.path)
    files = {entry.path: _listed(repo_id, entry) for entry in entries if isinstance(entry, RepoFile)}
    _check_present(repo_id, sorted(files))
    chosen = [files[name] for name in FILES if name in files]
    notes = []
    for file in chosen:
        if file.name != WEIGHTS and file.size > MAX_TEXT:
            if file.name != CARD:
                raise HubError(f"{repo_id}: {file.name} has {file.size:,} bytes; expected a few thousand")
            notes.append(f"its card of {file.size:,} bytes was skipped")
    chosen = [file for file in chosen if file.name != CARD or file.size <= MAX_TEXT]
    left = sorted(set(files) - set(FILES) - {".gitattributes"})
    if left:
        notes.append(f"ignored in the repository: {_some(left)}")
    listing = Listing(repo_id, commit, tuple(chosen), tuple(notes))
    if listing.size > max_bytes():
        raise HubError(
            f"the adapter in {repo_id} has {listing.size / 1e9:,.2f} GB, and the limit is {max_bytes() / 1e9:,.2f} GB; "
            f"set {LIMIT_VARIABLE} higher if you trust it"
        )
    return listing


def _check_path(repo_id: str, path: str) -> None:
    """Reject file names that could escape the folder or imitate another name."""
    parts = PurePosixPath(path).parts
    inside = (
        bool(path) and not path.startswith("/") and "\\" not in path and not {"..", ".", ".git"} & {*path.split("/")}
    )
    printable = not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in path)
    if not inside or not printable or len(path) > 1000 or len(parts) > 50:
        raise HubError(
            f"{repo_id} holds a file with the name {_printable(path)!r}, which could be written outside of its folder "
            "or passes for another; nothing of the repository was fetched"
        )


def _listed(repo_id: str, entry: RepoFile) -> ListedFile:
    size, digest = entry.size, None
    if entry.lfs is not None:
        size, digest = entry.lfs.size, entry.lfs.sha256
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or size != entry.size:
            raise HubError(
                f"{repo_id}: the pointer to {_printable(entry.path)!r} does not match its entry; try again later"
            )
    if type(size) is not int or size < 0:
        raise HubError(f"{repo_id}: the Hub does not report the size of {_printable(entry.path)!r}; try again later")
    if not isinstance(entry.blob_id, str) or not _COMMIT.fullmatch(entry.blob_id):
        raise HubError(f"{repo_id}: the Hub does not report the hash of {_printable(entry.path)!r}; try again later")
    return ListedFile(entry.path, size, digest, entry.blob_id)


def _check_present(repo_id: str, names: Sequence[str]) -> None:
    """Reject a repository without an adapter in safetensors at its root, and say what it holds instead."""
    if WEIGHTS in names and CONFIG in names:
        return
    if WEIGHTS in names:
        raise HubError(f"{repo_id} has weights but no {CONFIG}, which describes them; its owner has to add it")
    pickles = [name for name in names if name.lower().endswith(PICKLES)]
    if pickles:
        raise HubError(
            f"{repo_id} has its weights as {_some(pickles)} only: loading these can execute code, so none was fetched; "
            f"ask its owner for {WEIGHTS}"
        )
    deeper = [name for name in names if name.endswith(f"/{WEIGHTS}")]
    if deeper:
        raise HubError(f"{repo_id} has its adapter in {_some(deeper)}; expected {WEIGHTS} at the root")
    if any(name.endswith(".safetensors") for name in names):
        raise HubError(f"{repo_id} is not an adapter; if it is a complete model, load it with --model {repo_id}")
    raise HubError(f"{repo_id} holds no adapter: {WEIGHTS} is not among {_some(names) or 'its files (there are none)'}")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(_printable(name)[:80] for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
