"""The adapters offered on the page: the bundled one, the one of the command line, and pulled ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.inspection import AdapterConfig, inspect_config
from socrates_core.hub.pull.installed import PulledAdapter, adapters_root, installed_adapters
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.folder import DEMO, DEMO_ADAPTER
from socrates_core.model.record import ModelRecord

WEIGHTS: Final = "adapter_model.safetensors"


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter on this machine; everything here is known without loading it."""

    title: str
    """Unique name in menus and links: OWNER/NAME@COMMIT, `demo`, or the path of the command line."""
    folder: Path
    record: ModelRecord | None
    """None if the adapter has no record of its training."""
    config: AdapterConfig | None
    """None if it is not a plain LoRA adapter."""
    size: int
    """Size of its weights in bytes."""
    pulled: PulledAdapter | None = None
    """Its origin, if it was pulled from the Hub."""

    @property
    def owner_only(self) -> bool:
        """Whether it is offered to the owner of this app alone."""
        return self.pulled is not None and self.pulled.owner_only

    @property
    def base(self) -> str | None:
        """The base model that it names."""
        if self.record is not None and self.record.base is not None:
            return self.record.base
        return self.config.base if self.config else None


def adapters_here(started: ModelDescription, root: Path | None = None) -> tuple[Adapter, ...]:
    """All adapters offered on the page, in menu order.

    Args:
        started: The model of the command line, which may have an adapter.
        root: Directory of pulled adapters; `adapters_root()` when None.
    """
    found: list[Adapter] = []
    if started.adapter not in (None, DEMO) and Path(started.adapter).is_dir():
        found.append(_of_folder(started.adapter, Path(started.adapter)))
    if (DEMO_ADAPTER / WEIGHTS).is_file() and not any(_same(adapter.folder, DEMO_ADAPTER) for adapter in found):
        found.append(_of_folder(DEMO, DEMO_ADAPTER))
    for one in installed_adapters(adapters_root() if root is None else root):
        if not any(_same(adapter.folder, one.folder) for adapter in found):
            title = f"{one.repo_id}@{one.commit[:7]}"
            found.append(Adapter(title, one.folder, one.record, one.config, one.size, one))
    return tuple(found)


def _of_folder(title: str, folder: Path) -> Adapter:
    """An adapter in any folder, which need not pass the checks of a pull; config and record may be missing."""
    try:
        config, record = inspect_config(folder)
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
