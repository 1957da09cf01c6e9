"""The adapters on this machine that the page knows: the bundled one, the one the app was started with, pulled ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.inspection import AdapterConfig, inspect_description
from socrates_core.hub.pull.installed import PulledAdapter, adapters_root, pulled
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.folder import DEMO, DEMO_ADAPTER
from socrates_core.model.record import ModelRecord

WEIGHTS: Final = "adapter_model.safetensors"


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter on this machine, as far as it is known without loading it."""

    title: str
    """Unique; how menus and links call it: OWNER/NAME@COMMIT, `demo`, or what the app was started with."""
    folder: Path
    record: ModelRecord | None
    """None where the adapter does not say how it was made."""
    config: AdapterConfig | None
    """None where it is more than the Hub part of this software reads."""
    size: int
    """Bytes of its weights."""
    pulled: PulledAdapter | None = None
    """Where it came from, if it was fetched from the Hub by this software."""

    @property
    def base(self) -> str | None:
        """The base model that it names."""
        if self.record is not None and self.record.base is not None:
            return self.record.base
        return self.config.base if self.config else None


def adapters_here(started: ModelDescription, root: Path | None = None) -> tuple[Adapter, ...]:
    """All adapters that the page offers, in the order of its menu.

    Args:
        started: The model that the app was started with, which may have an adapter.
        root: Where adapters are pulled to; `adapters_root()` when None.
    """
    found: list[Adapter] = []
    if started.adapter not in (None, DEMO) and Path(started.adapter).is_dir():
        found.append(_of_folder(started.adapter, Path(started.adapter)))
    if (DEMO_ADAPTER / WEIGHTS).is_file() and not any(_same(adapter.folder, DEMO_ADAPTER) for adapter in found):
        found.append(_of_folder(DEMO, DEMO_ADAPTER))
    for one in pulled(adapters_root() if root is None else root):
        if not any(_same(adapter.folder, one.folder) for adapter in found):
            title = f"{one.repo_id}@{one.commit[:7]}"
            found.append(Adapter(title, one.folder, one.record, one.config, one.size, one))
    return tuple(found)


def _of_folder(title: str, folder: Path) -> Adapter:
    """A folder that came from somewhere else; it need not keep the rules of pulled ones, so all of it may be absent."""
    try:
        config, record = inspect_description(folder)
    except HubError:
        config, record = None, _record(folder)
    size = (folder / WEIGHTS).stat().st_size if (folder / WEIGHTS).is_file() else 0
    return Adapter(title, folder, record, config, size)


def _record(folder: Path) -> ModelRecord | None:
    try:
        return ModelRecord.load(folder)
    except SocratesError:
        return None


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
