"""Data sets of the Hugging Face Hub: finds the files of a data set, and fetches them.

    hub:OWNER/NAME                    all rows of the default configuration, at the newest commit
    hub:OWNER/NAME:CONFIG/SPLIT       one configuration, or one split of it
    hub:OWNER/NAME@REVISION           at a commit, branch or tag

`datasets` decides which files belong to a configuration and a split. The files then come into the Hub's own cache
(HF_HOME, HF_HUB_CACHE): after a dropped connection the download resumes where it stopped, after a killed process with
the first incomplete file. They are read there in slices; iterating over them with `datasets` takes two to three times
the processor time and twice the memory. The list of files is saved next to the cache of `datasets`, because `datasets`
cannot find them again without a network.
"""

import glob
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from socrates_core.errors import HubError, SourceError
from socrates_core.study.files import named_by_hash, read_json, write_json
from socrates_core.study.sources.builder import Progress

PREFIX: Final = "hub:"
READABLE: Final = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".arrow")
"""Endings of the data files that can be read."""

BESIDE: Final = ("metadata/participant_mapping.json", "studies.json")
"""Files that are fetched along with the data if they exist: SocSci210's own split, and a table's codebook."""

MOST_FILES: Final = 200
"""Most files of a data set of which only so many bytes are wanted."""

_NAME: Final = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.+ -]+)(?:/(?P<split>[\w.-]+))?)?(?:@(?P<revision>[\w./+-]+))?",
    re.ASCII,
)
_NOT_READ: Final = "such a data set is not read"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubName:
    """The parts of `hub:OWNER/NAME:CONFIG/SPLIT@REVISION`."""

    repo_id: str
    config: str | None = None
    """The configuration; None for the default one."""
    split: str | None = None
    """The split; None for all of them, one after the other."""
    revision: str | None = None
    """A commit, branch or tag; None for the newest commit."""

    @classmethod
    def parse(cls, source: str, revision: str | None = None) -> "HubName":
        """Read a source's name.

        Args:
            source: `hub:…`.
            revision: A revision given separately from the name.

        Raises:
            SourceError: If it is not of that form, or two revisions are given.
        """
        match = _NAME.fullmatch(source.removeprefix(PREFIX))
        if not match:
            raise SourceError(
                f"{source!r:.140} does not name a data set; expected hub:OWNER/NAME, hub:OWNER/NAME:CONFIG or "
                "hub:OWNER/NAME:CONFIG/SPLIT, each with @REVISION at its end or without"
            )
        if revision and match["revision"] and revision != match["revision"]:
            raise SourceError(f"{source} and --revision {revision} name two revisions; leave one of them out")
        return cls(match["repo"], match["config"], match["split"], match["revision"] or revision)


@dataclass(frozen=True)
class Access:
    """By what right files are fetched, to where, and how many; the defaults are those of the commands."""

    token: str | bool | None = None
    """The token that is sent to the Hub: None for that of this machine, False for none."""
    cache: Path | None = None
    """The folder for them, and for what is noted of them; None for the Hub's own cache."""
    most: int | None = None
    """Most bytes of them all; None for any number."""
    progress: Progress | None = None
    """Called with (bytes fetched, bytes in all) while they come."""


@dataclass(frozen=True)
class HubFiles:
    """A data set's files in the cache."""

    repo_id: str
    commit: str
    folder: Path
    """The cached copy of the repository; holds only the fetched files."""
    files: tuple[Path, ...]
    """The data files, in the order of the splits."""


AS_A_COMMAND: Final = Access()


def fetch(name: HubName, access: Access = AS_A_COMMAND) -> HubFiles:
    """A data set's files, from the cache or the Hub.

    Files that are in the cache are not fetched again, and each is compared with its hash.

    Raises:
        SourceError: If there is no such data set, configuration, split or revision, it may not be read, holds no files
            that can be read, files outside of itself or more than is wanted, the Hub cannot be reached, or a file
            arrived damaged.
    """
    commit = find_commit(name, access)
    files = _data_files(name, commit, access)
    from huggingface_hub import snapshot_download

    with _hub_step(name, commit):
        bar = None if access == AS_A_COMMAND else _bar(access.progress, _size(name, commit, files, access))
        folder = Path(
            snapshot_download(
                name.repo_id,
                repo_type="dataset",
                revision=commit,
                allow_patterns=[*map(glob.escape, files), *BESIDE],
                token=access.token,
                cache_dir=access.cache,
                tqdm_class=bar,
            )
        )
    paths = tuple(folder / file for file in files)
    for path in paths:
        _check_bytes(path, name)
    return HubFiles(name.repo_id, commit, folder, paths)


def find_commit(name: HubName, access: Access = AS_A_COMMAND) -> str:
    """Ask the Hub for the commit of a branch or tag, or for the newest one.

    Raises:
        SourceError: As for `fetch`.
    """
    if name.revision and _COMMIT.fullmatch(name.revision):
        return name.revision
    from huggingface_hub import HfApi  # slow to import, and needed only for the Hub

    with _hub_step(name, name.revision):
        commit = HfApi(token=access.token).dataset_info(name.repo_id, revision=name.revision).sha
    if not commit or not _COMMIT.fullmatch(commit):  # it becomes part of a path
        raise SourceError(f"the Hub names no commit for {name.repo_id}; pass one with --revision")
    return commit


def cached_file(repo_id: str, commit: str, file: str) -> Path | None:
    """An additional file that `fetch` fetched with the data; None if the data set has none."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repo_id, file, revision=commit, repo_type="dataset")
    return Path(found) if isinstance(found, str) else None


def _size(name: HubName, commit: str, files: Sequence[str], access: Access) -> int:
    """Bytes of the data files and of those beside them, as the Hub states them.

    Raises:
        SourceError: If they are more, or more bytes, than is wanted.
    """
    from huggingface_hub import HfApi, RepoFile

    if access.most is not None and len(files) > MOST_FILES:
        raise SourceError(f"{_shown(name)} holds {len(files):,} files; up to {MOST_FILES} are fetched here")
    found = HfApi(token=access.token).get_paths_info(
        name.repo_id, [*files, *BESIDE], repo_type="dataset", revision=commit
    )
    size = sum(one.size for one in found if isinstance(one, RepoFile))
    if access.most is not None and size > access.most:
        raise SourceError(
            f"{_shown(name)} has {size / 1024**2:,.0f} MB; up to {access.most / 1024**2:,.0f} MB are fetched here"
        )
    return size


def _bar(progress: Progress | None, size: int) -> Any:
    """A progress bar of `huggingface_hub` that draws nothing and calls `progress` instead."""
    from huggingface_hub.utils.tqdm import tqdm

    done = 0

    class Bar(tqdm):
        """Counts the bytes of all files; those of the transfer and the number of files are other bars."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self.counts = str(options.get("desc")).startswith("Reconstructing")
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal done
            if self.counts:
                done = min(size, done + int(n or 0))
                if progress is not None and size:
                    progress(done, size)
            return None

    return Bar


# -- which files ----------------------------------------------------------------------------------------------


def _data_files(name: HubName, commit: str, access: Access) -> list[str]:
    """The paths of the data files in the repository, in the order of the splits."""
    note = _note_of(name, commit, access.cache)
    splits = _read_note(note) or _resolved(name, commit, access)
    for file in (file for files in splits.values() for file in files):
        _check_path(file, name)
    if name.split is not None and name.split not in splits:
        raise SourceError(f"{_shown(name)} has no split {name.split}; it has {', '.join(splits)}")
    note.parent.mkdir(parents=True, exist_ok=True)
    write_json(note, splits)
    chosen = splits if name.split is None else {name.split: splits[name.split]}
    # one file can belong to several splits; its rows count once
    return list(dict.fromkeys(file for files in chosen.values() for file in files))


def _resolved(name: HubName, commit: str, access: Access) -> dict[str, list[str]]:
    """Split → data files, as `datasets` finds them in the repository at a commit."""
    import datasets  # slow to import, and needed only the first time

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # it would tell a server of each data set that is opened
    # `datasets` falls back on what it once prepared of the same name, at whatever commit: an empty cache holds nothing
    with _hub_step(name, commit), tempfile.TemporaryDirectory(prefix="socrates-hub-") as empty:
        _check_card(name, commit, access)
        builder = datasets.load_dataset_builder(
            name.repo_id, name.config, revision=commit, cache_dir=empty, token=access.token
        )
    inside = f"hf://datasets/{name.repo_id}@{commit}/"
    found: Mapping[str, list[str]] = builder.config.data_files or {}
    splits: dict[str, list[str]] = {}
    for split, addresses in found.items():
        for address in map(str, addresses):
            if not address.startswith(inside):
                raise SourceError(
                    f"{_shown(name)} takes its rows from {address!r:.140}, which is not in it; {_NOT_READ}"
                )
            splits.setdefault(str(split), []).append(address.removeprefix(inside))
    if not splits:
        raise SourceError(f"{_shown(name)} holds no data files")
    return splits


def _check_card(name: HubName, commit: str, access: Access) -> None:
    """Raise a SourceError for a card that names files of other hosts: `datasets` would ask there while it resolves."""
    import yaml
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for file in ("README.md", ".huggingface.yaml"):
        try:
            path = hf_hub_download(
                name.repo_id, file, repo_type="dataset", revision=commit, token=access.token, cache_dir=access.cache
            )
            text = Path(path).read_text("utf-8")
        except RemoteEntryNotFoundError:
            continue
        told = yaml.safe_load(text.split("---")[1] if text.startswith("---") else text if file[0] == "." else "")
        parts, seen = [told.get("configs") if isinstance(told, dict) else None], set()
        while parts:
            part = parts.pop()
            if isinstance(part, str) and "://" in part and not part.startswith("hf://"):
                raise SourceError(f"{_shown(name)} takes its rows from {part!r:.140}, which is not in it; {_NOT_READ}")
            # an alias of YAML can stand in a list a million times
            if isinstance(part, dict | list) and id(part) not in seen:
                seen.add(id(part))
                parts.extend(part.values() if isinstance(part, dict) else part)


def _check_path(file: str, name: HubName) -> None:
    """Raise a SourceError for a path outside its repository, or a file of a kind that cannot be read."""
    path = PurePosixPath(file)
    if path.is_absolute() or not {"..", "."}.isdisjoint(file.split("/")) or "\\" in file or not file.isprintable():
        raise SourceError(f"{_shown(name)} lists the file {file!r:.140}, which leads out of it; nothing was fetched")
    if path.suffix.lower() not in READABLE:
        raise SourceError(
            f"{_shown(name)} holds {file!r:.140}; its files must be {', '.join(READABLE)}, uncompressed, with one "
            "answer a row"
        )


def _check_bytes(path: Path, name: HubName) -> None:
    """Raise a SourceError, and remove the file from the cache, unless its hash is that of the Hub.

    In the cache a file is a link to a blob that is named by its hash; on a system without links there is no hash.
    """
    blob = path.resolve()
    if path.is_symlink() and not named_by_hash(blob):
        path.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        raise SourceError(
            f"{path.name} of {_shown(name)} is damaged in the cache and was removed; run the same command to fetch it "
            "again"
        )


def _note_of(name: HubName, commit: str, folder: Path | None) -> Path:
    """The file with the saved list; its place is found without importing `datasets`, which would hold 0.1 GB."""
    from huggingface_hub import constants

    cache = folder or os.environ.get("HF_DATASETS_CACHE") or f"{constants.HF_HOME}/datasets"
    folder = Path(cache).expanduser() / "socrates" / name.repo_id.replace("/", "--") / commit
    return folder / f"{quote(name.config or '', safe='')}.splits.json"


def _read_note(note: Path) -> dict[str, list[str]] | None:
    try:
        raw = read_json(note)
    except (OSError, ValueError):
        return None
    whole = isinstance(raw, dict) and all(isinstance(files, list) for files in raw.values())
    return {str(split): [str(file) for file in files] for split, files in raw.items()} if whole and raw else None


# -- what went wrong ------------------------------------------------------------------------------------------


@contextmanager
def _hub_step(name: HubName, revision: str | None) -> Iterator[None]:
    """Turn all errors of the Hub into a SourceError with advice."""
    import httpx2
    import yaml
    from huggingface_hub import errors

    from socrates_core.study.hub_client import guard

    try:
        guard()
        yield
    except HubError as error:
        raise SourceError(f"{name.repo_id} cannot be fetched: {error}") from None
    except RecursionError:
        raise SourceError(f"{name.repo_id} cannot be fetched: the Hub sent an answer nested too deeply") from None
    except errors.RevisionNotFoundError:
        raise _no_revision(name, revision) from None
    except errors.GatedRepoError:
        raise _gated(name) from None
    except errors.RepositoryNotFoundError:
        raise _no_dataset(name) from None
    except errors.HfHubHTTPError as error:
        if error.response.status_code in (401, 403):
            raise _no_dataset(name) from None
        raise _unreachable(name, error) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, errors.LocalEntryNotFoundError) as error:
        raise _unreachable(name, error) from error
    except FileNotFoundError as error:  # raised by `datasets` for what it does not find
        told = str(error)
        if "Revision" in told:
            raise _no_revision(name, revision) from None
        if "exist on the Hub" in told:
            raise _no_dataset(name) from None
        if "gated" in told:
            raise _gated(name) from None
        if "LocalEntryNotFoundError" in told:
            raise _unreachable(name, error) from error
        raise SourceError(f"{_shown(name)} holds no files that can be read ({_first_line(error)})") from error
    except OSError as error:
        raise _unreachable(name, error) from error
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError, yaml.YAMLError) as error:
        raise SourceError(f"{_shown(name)} cannot be opened: {_first_line(error)}") from error


def _no_revision(name: HubName, revision: str | None) -> SourceError:
    return SourceError(f"{name.repo_id} has no revision {revision!r}; pass a commit, branch or tag that it has")


def _gated(name: HubName) -> SourceError:
    return SourceError(
        f"{name.repo_id} is gated: ask for access at https://huggingface.co/datasets/{name.repo_id}, then log in with "
        "`hf auth login`, or set HF_TOKEN"
    )


def _no_dataset(name: HubName) -> SourceError:
    return SourceError(
        f"the Hub shows no data set {name.repo_id}: check the name, or if it is private or gated, log in with "
        "`hf auth login`, or set HF_TOKEN"
    )


def _unreachable(name: HubName, error: Exception) -> SourceError:
    return SourceError(
        f"{name.repo_id} cannot be fetched from the Hugging Face Hub ({_first_line(error)}); check the connection and "
        "HF_HUB_OFFLINE and run the same command again (finished files are kept), or pass --revision with a commit "
        "that is already in the cache"
    )


def _shown(name: HubName) -> str:
    return name.repo_id + (f":{name.config}" if name.config else "")


def _first_line(error: BaseException) -> str:
    told = " ".join((str(error).strip() or type(error).__name__).split())
    return told if len(told) <= 300 else f"{told[:300]}…"
