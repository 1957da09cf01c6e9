"""Folders of models and adapters on this machine, and which Hub model a folder contains."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final, Literal

from socrates_core.command import refusal
from socrates_core.errors import HubError, ModelError
from socrates_core.model.record import ModelRecord
from socrates_core.study.files import ASSETS, named_by_hash, parse_json, read_json, write_file

DEMO: Final = "demo"
"""The name of the bundled demo model, and of the adapter that comes with it."""

NO_ADAPTER: Final = "none"
"""In place of an adapter on the command line, for a model that would bring its own."""

DEMO_BASE: Final = ASSETS / "demo" / "base"

DEMO_ADAPTER: Final = DEMO_BASE.with_name("adapter")
"""The adapter that the demo recipe trains on the demo base."""

BUNDLED_MODELS: Final = (DEMO, "uniform", "marginal")
"""Names of the models that come with the software."""

CHOICES: Final = {
    "model": (
        "uniform, marginal, demo, the folder of a model, a Hub id like Qwen/Qwen2.5-14B-Instruct, or endpoint:NAME@URL"
    ),
    "adapter": "demo, the folder of an adapter, or a Hub id like OWNER/NAME",
}
"""What can be named, as a phrase for messages."""

HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
COMMIT: Final = re.compile(r"[0-9a-f]{40}")

DOWNLOADED: Final = Path(".cache", "huggingface", "download", "config.json.metadata")
"""Metadata that the Hub client writes to a folder it downloads to; its first line is the commit."""

CANNOT_STORE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors of this machine's disk, not of the network."""

SAMPLED_BLOCKS: Final = 16
SAMPLED_BYTES: Final = 4096
"""Blocks of each tensor that are hashed, and bytes of each."""

LARGEST_HEADER: Final = 100_000_000
"""Bytes of a safetensors header, at most, by its specification."""


@dataclass(frozen=True)
class Origin:
    """The origin of the weights in a folder, as far as it is known."""

    hub_id: str | None
    """A Hub id, or `demo`; None if unknown."""
    revision: str | None
    """The Hub commit; None if unknown, and for the demo model."""


def check_name(name: str, what: Literal["model", "adapter"]) -> None:
    """Raise a ModelError unless a name is `demo`, a folder that is there, or has the form of a Hub id; asks nobody."""
    identity = name.partition("@")[0]
    folder = bool(name) and Path(name).is_dir()
    if name != DEMO and not folder and (not HUB_ID.fullmatch(identity) or identity.startswith(".")):
        raise ModelError(f"no {what} {name!r}; choose {CHOICES[what]}")


def local_folder(name: str, what: Literal["model", "adapter"], weights: bool = True) -> Path:
    """The local folder of a model or an adapter, fetched from the Hub if the name is a Hub id.

    Args:
        name: `demo` for the bundled one, a folder, or a Hub id (with `@revision`).
        what: `model` or `adapter`, for messages.
        weights: If False, only the small files are fetched, without the weights.

    Raises:
        ModelError: If the name is none of these, cannot be fetched from the Hub, or arrived damaged.
    """
    if name == DEMO:
        return DEMO_ADAPTER if what == "adapter" else DEMO_BASE
    if name and Path(name).is_dir():
        return Path(name)
    check_name(name, what)
    identity, _, revision = name.partition("@")
    return _fetched(name, identity, revision or None, what, weights)


def _fetched(name: str, identity: str, revision: str | None, what: str, weights: bool) -> Path:
    """The folder in the Hub's cache, after checking the hashes of its files."""
    from httpx2 import HTTPError, InvalidURL, StreamError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    from socrates_core.study.hub_client import guard

    try:
        guard()
        small = ["*.json", "*.txt", "*.jinja"]
        patterns = [*small, "*.safetensors"] if weights else small
        folder = Path(snapshot_download(identity, revision=revision, allow_patterns=patterns))
        damaged = [path.name for path in sorted(folder.rglob("*")) if path.is_symlink() and not _is_whole(path)]
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the Hub has no {what} {identity}, or it is private: check the name, or log in with `hf auth login`"
        ) from error
    except HubError as error:
        raise ModelError(f"the {what} {name} cannot be fetched: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"the {what} {name} cannot be fetched: the Hub sent an invalid answer ({reason})") from error
    except (HTTPError, InvalidURL, StreamError, OSError) as error:
        if isinstance(error, OSError) and error.errno in CANNOT_STORE:
            raise ModelError(f"the {what} {name} cannot be stored in the Hub's cache: {refusal(error)}") from error
        raise ModelError(
            f"the {what} {name} is not on this machine, and the Hub cannot be reached"
            f"{' (offline mode is on)' if os.environ.get('HF_HUB_OFFLINE') else ''}; choose {CHOICES[what]}"
        ) from error
    if damaged:
        raise ModelError(
            f"{', '.join(damaged[:5])} of the {what} {name} did not have the hash that the Hub states, and was removed "
            "from the cache; run the same command to fetch it again"
        )
    return folder


def _is_whole(path: Path) -> bool:
    """Whether a file of the cache has the hash it is named by; one that has not is removed.

    Hashing tens of gigabytes takes a minute, so a note of size and time of the checked bytes is kept beside the cache.
    """
    from huggingface_hub import constants

    blob = path.resolve()
    note = Path(constants.HF_HOME, "socrates", "checked", blob.name)
    checked = f"{blob.stat().st_size} {blob.stat().st_mtime_ns}"
    if note.is_file() and note.read_text("utf-8") == checked:
        return True
    if not named_by_hash(blob):
        path.unlink()
        blob.unlink()
        return False
    with suppress(OSError):  # where nothing can be written, it is hashed again
        note.parent.mkdir(parents=True, exist_ok=True)
        write_file(note, checked)
    return True


def need_safetensors(folder: Path, name: str, file: str = "*.safetensors") -> None:
    """Raise a ModelError unless the folder contains safetensors weights, which cannot run code.

    Args:
        folder: The folder of a model or an adapter.
        name: The name under which it was requested.
        file: The file's name, or a pattern.
    """
    if not any(folder.glob(file)):
        found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise ModelError(
            f"{name} has no {file} weights ({found} in {folder}); other weight files can run code when loaded "
            "and are refused"
        )


def weights_digest(folder: Path) -> str | None:
    """sha256 of the names, types and shapes of a model's tensors and of a sample of their bytes; None without weights.

    The sample is 16 blocks of 4 KiB spread evenly over each tensor, so that a model of 28 GB takes a second. Training
    changes every matrix that it touches throughout; a change of a few rows of a large matrix can go unnoticed. The
    digest does not depend on how the tensors are shared out over files.

    Raises:
        ModelError: If a file is damaged.
    """
    index, whole = folder / "model.safetensors.index.json", folder / "model.safetensors"
    try:
        if index.is_file():
            paths = sorted({folder / str(name) for name in read_json(index)["weight_map"].values()})
        else:
            paths = [whole] if whole.is_file() else sorted(folder.glob("*.safetensors"))
        if not paths or not all(path.is_file() for path in paths):
            return None
        parts = dict(part for path in paths for part in _sampled(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the weights in {folder} cannot be read ({error}); fetch them again") from error
    return hashlib.sha256(json.dumps(sorted(parts.items())).encode()).hexdigest()


def _sampled(path: Path) -> Iterator[tuple[str, list[Any]]]:
    """Name ↦ type, shape and digest of the sampled bytes, of each tensor in a safetensors file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(min(length, LARGEST_HEADER)).decode("utf-8"))
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            sample = hashlib.sha256()
            for block in range(SAMPLED_BLOCKS):
                start = begin + (end - begin) * block // SAMPLED_BLOCKS
                file.seek(8 + length + start)
                sample.update(file.read(min(SAMPLED_BYTES, end - start)))
            yield name, [entry["dtype"], entry["shape"], sample.hexdigest()]


def origin_of(folder: Path) -> Origin:
    """Which Hub model a folder contains.

    The Hub client's cache encodes it in its folder names, and a folder that the client downloaded to has the commit.
    For any other folder it is what its own record names. The name in its `config.json` is not trusted: a fine-tune
    keeps the original's name there.
    """
    if folder.exists() and DEMO_BASE.exists() and folder.samefile(DEMO_BASE):
        return Origin(DEMO, None)
    cached = folder.parent.parent.name.split("--", 2)
    if folder.parent.name == "snapshots" and len(cached) == 3 and cached[0] == "models":
        return Origin(f"{cached[1]}/{cached[2]}", folder.name)
    record = ModelRecord.load(folder)
    return Origin(
        record.base if record else None, _downloaded_commit(folder) or (record.base_revision if record else None)
    )


def _downloaded_commit(folder: Path) -> str | None:
    try:
        first = (folder / DOWNLOADED).read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return first if COMMIT.fullmatch(first) else None


def requested_revision(name: str | None) -> str | None:
    """The revision that the name of a model or an adapter asks for; the address of an endpoint has none."""
    if name is None or name.startswith("endpoint:"):
        return None
    return name.partition("@")[2] or None


def chosen_adapter(model: str, adapter: str | None) -> str | None:
    """The adapter that options name: the demo model brings its own unless `none` is asked for."""
    if adapter is None and model == DEMO:
        return DEMO
    return None if adapter == NO_ADAPTER else adapter


def shown_name(name: str) -> str:
    """The display name of a model or an adapter: a local folder's own name, otherwise the requested name."""
    return PurePath(name).name or name if PurePath(name).is_absolute() else name
