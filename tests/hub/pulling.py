"""What the tests of pulling ask, and what they find."""

from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import HubError
from socrates_core.hub.pull.retrieval import pull
from tests.servers.hub_server import HubServer


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def refusal(hub: HubServer, name: str = "bob/it", **options: Any) -> str:
    """Why a pull is refused; nothing may be left of it."""
    before = everything(Path.cwd())
    with pytest.raises(HubError) as caught:
        pull(name, endpoint=hub.url, **options)
    assert set(everything(Path.cwd())) - {"adapters"} == set(before) - {"adapters"}
    return str(caught.value)
