from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.servers.hub_server import HubServer, Token

ALICE = "hf_AliceAliceAliceAliceAlice"
READER = "hf_ReaderReaderReaderReader1"
FINE = "hf_FineFineFineFineFineFine1"
BOB = "hf_BobBobBobBobBobBobBobBob1"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub with four accounts; the client may reach it, and the working directory is empty."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("SOCRATES_ADAPTERS", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with HubServer() as server:
        server.tokens[ALICE] = Token("alice", orgs=(("lab", "write"), ("club", "read")))
        server.tokens[READER] = Token("alice", role="read")
        server.tokens[FINE] = Token("alice", "fineGrained", (("user", "alice", ("repo.content.read",)),))
        server.tokens[BOB] = Token("bob")
        yield server
