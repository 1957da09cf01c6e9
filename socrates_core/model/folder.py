"""Where a model or an adapter lies on this machine, and which model of the Hub a folder holds."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Literal

from socrates_core.errors import ModelError
from socrates_core.model.record import ModelRecord
from socrates_core.study.files import ASSETS

DEMO: Final = "demo"
"""The name of the bundled demo model, and of the adapter that comes with it."""

DEMO_BASE: Final = ASSETS / "demo" / "base"

DEMO_ADAPTER: Final = DEMO_BASE.with_name("adapter")
"""What the demo recipe makes of the demo base."""

BUNDLED_MODELS: Final = (DEMO, "uniform", "marginal")
"""Names of the models that come with the software."""

CHOICES: Final = {
    "model": (
        "uniform, marginal, demo, the folder of a model, a Hub id like Qwen/Qwen2.5-14B-Instruct, or endpoint:NAME@URL"
    ),
    "adapter": "demo, the folder of an adapter, or a Hub id like OWNER/NAME",
}
"""What can be named, in words."""

HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
COMMIT: Final = re.compile(r"[0-9a-f]{40}")

DOWNLOADED: Final = Path(".cache", "huggingface", "download", "config.json.metadata")
"""What the Hub's client leaves in a folder that it filled; its first line is the commit."""


@dataclass(frozen=True)
class Origin:
    """Which weights a folder holds, as far as that is known."""

    hub_id: str | None
    """A Hub id, or `demo`; None where nothing says."""
    revision: str | None
    """The Hub's commit; None where nothing says, and for the demo model."""


def local_folder(name: str, what: Literal["model", "adapter"], weights: bool = True) -> Path:
    """The local folder of a model or an adapter, fetched from the Hub where the name is a Hub id.

    Args:
        name: `demo` for the bundled one, a folder, or a Hub id (with `@revision`).
        what: `model` or `adapter`, for messages.
        weights: Without them only the small files beside them are fetched.

    Raises:
        ModelError: If the name is neither, or the Hub does not give it.
    """
    if name == DEMO:
        return DEMO_ADAPTER if what == "adapter" else DEMO_BASE
    if name and Path(name).is_dir():
        return Path(name)
    identity, _, revision = name.partition("@")
    if not HUB_ID.fullmatch(identity) or identity.startswith("."):
        raise ModelError(f"no {what} {name!r}; choose {CHOICES[what]}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        small = ["*.json", "*.txt", "*.jinja"]
        patterns = [*small, "*.safetensors"] if weights else small
        path = snapshot_download(identity, revision=revision or None, allow_patterns=patterns)
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the Hub has no {what} {identity}, or it is private: check the name, or log in with `hf auth login`"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"the {what} {name} is not on this machine and the Hub cannot be reached"
            f"{' (offline mode is on)' if os.environ.get('HF_HUB_OFFLINE') else ''}; choose {CHOICES[what]}"
        ) from error
    return Path(path)


def need_safetensors(folder: Path, name: str, file: str = "*.safetensors") -> None:
    """Raise a ModelError unless the folder holds weights that are mere numbers.

    Args:
        folder: Of a model or an adapter.
        name: As it was asked for.
        file: The file's name, or a pattern.
    """
    if not any(folder.glob(file)):
        found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise ModelError(
            f"{name} holds no {file} weights ({found} in {folder}); other weight files can run code when "
            "loaded and are refused"
        )


def origin_of(folder: Path) -> Origin:
    """Which model of the Hub a folder holds.

    The Hub client's cache says so by its folder names, and a folder that the client filled knows the commit. Any other
    folder is what its own record names. The name in its `config.json` is not believed: a fine-tune keeps its
    original's there.
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


def shown_name(name: str) -> str:
    """How a model or an adapter is called: a folder of this machine by its own name, any other as it was asked for."""
    return PurePath(name).name or name if PurePath(name).is_absolute() else name
