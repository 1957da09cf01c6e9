"""Fetching on behalf of a visitor: whose it is then, and what a sign-in opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.pull.installed import installed_adapters
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.adapters.transfer_policy import Caller, fetch
from tests.hub.adapters import files
from tests.servers.hub_server import HubServer, Token

ADA = "hf_AdaAdaAdaAdaAdaAdaAdaAdaAda1"
SPACE = {"SYSTEM": "spaces", "SPACE_AUTHOR_NAME": "ada", "SOCRATES_PULL": "anyone"}
OWNER = Caller(Visitor("ada", "owner", "name:ada"), ADA, Policy.from_environment(SPACE))
VISITOR = Caller(Visitor(None, "anyone", "address:1"), None, OWNER.policy)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub with a private and a public adapter of ada's."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("SOCRATES_ADAPTERS", str(tmp_path))
    with HubServer() as server:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        server.tokens[ADA] = Token("ada", role=None)
        server.add("ada/public", files())
        server.add("ada/private", files(), private=True)
        yield server


def got(name: str, caller: Caller, owner_only: bool = True) -> bool:
    """Fetch, and return whether it is the owner's alone."""
    return fetch(name, caller, Limits(), lambda share, step: None, owner_only).owner_only


def test_what_the_owner_fetches_is_theirs_until_they_say_otherwise(hub: HubServer) -> None:
    assert got("ada/private", OWNER)
    assert [one.owner_only for one in installed_adapters()] == [True]
    assert not got("ada/private", OWNER, owner_only=False)
    assert [one.owner_only for one in installed_adapters()] == [False]


def test_a_visitor_opens_nothing_that_the_owner_keeps_by_naming_its_commit(hub: HubServer) -> None:
    got("ada/private", OWNER)
    commit = hub.repos["ada/private"].branches["main"]
    for name in ("ada/private", f"ada/private@{commit}"):
        with pytest.raises(HubError, match="cannot be found without a token"):
            got(name, VISITOR)
    assert [one.owner_only for one in installed_adapters()] == [True]
    assert not got("ada/public", VISITOR)  # what anybody can read is for everybody, whatever is asked


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        ("openid profile contribute-repos", "opens only repositories that this Space made; add read-repos to"),
        ("openid profile contribute-repos read-repos", "ada/gone cannot be fetched: it does not exist, or the account"),
    ],
)
def test_a_refusal_speaks_of_the_sign_in_and_of_no_token(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, scopes: str, said: str
) -> None:
    monkeypatch.setenv("OAUTH_SCOPES", scopes)
    with pytest.raises(SocratesError, match=said) as refused:
        got("ada/gone", OWNER)
    assert "token" not in str(refused.value)
