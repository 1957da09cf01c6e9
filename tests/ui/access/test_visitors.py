"""Who a visitor is and what the policy lets them do."""

import time
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from socrates_core.errors import LaunchError
from socrates_core.ui.access.owner_token import OWNER
from socrates_core.ui.access.visitors import Action, Policy, Visitor, has_sign_in, token_of, visitor_of

SPACE = {"SYSTEM": "spaces", "SPACE_ID": "ada/socrates", "SPACE_AUTHOR_NAME": "Ada"}
OAUTH = {
    "OAUTH_CLIENT_ID": "id",
    "OAUTH_CLIENT_SECRET": "secret",
    "OAUTH_SCOPES": "openid profile",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
}


def asked(
    host: str = "127.0.0.1",
    forwarded: str = "",
    name: str = "",
    expires: float | None = None,
    owner: bool = False,
    **session: Any,
) -> gr.Request:
    """A request from an address, perhaps with the owner's token or of somebody who is signed in."""
    headers = [(b"host", b"localhost:7860")] + ([(b"x-forwarded-for", forwarded.encode())] if forwarded else [])
    if name:
        info = {"userinfo": {"preferred_username": name}, "access_token": f"hf_of_{name}", "expires_at": expires}
        session = {"oauth_info": info}
    scope = {"type": "http", "headers": headers, "client": (host, 1), "session": session, OWNER: owner}
    return gr.Request(Request(scope))


@pytest.mark.parametrize(
    ("request_", "environ", "expected"),
    [
        # whoever has the token is the owner, wherever the request comes from
        (asked(owner=True), {}, Visitor(None, "owner", "address:127.0.0.1")),
        (asked("192.168.1.7", owner=True), {}, Visitor(None, "owner", "address:192.168.1.7")),
        (None, {}, Visitor(None, "owner", "address:here")),
        # nobody is by the address alone: a proxy on this machine brings anybody
        (asked(), {}, Visitor(None, "anyone", "address:127.0.0.1")),
        (asked("::1"), {}, Visitor(None, "anyone", "address:::/64")),
        (asked("::ffff:127.0.0.1"), {}, Visitor(None, "anyone", "address:::ffff:127.0.0.1")),
        (asked("192.168.1.7"), {}, Visitor(None, "anyone", "address:192.168.1.7")),
        (asked("127.0.0.1", "127.0.0.1"), {}, Visitor(None, "anyone", "address:127.0.0.1")),
        (asked("2001:db8:1:2:3:4:5:6"), {}, Visitor(None, "anyone", "address:2001:db8:1:2::/64")),
        # a session says nothing outside a Space
        (asked("192.168.1.7", name="ada"), {}, Visitor(None, "anyone", "address:192.168.1.7")),
        # on a Space the account counts, in whatever case it is written
        (asked(), SPACE, Visitor(None, "anyone", "address:127.0.0.1")),
        (None, SPACE, Visitor(None, "anyone", "address:here")),
        (asked(name="ada"), SPACE, Visitor("ada", "owner", "name:ada")),
        (asked(name="Bob"), SPACE, Visitor("Bob", "signed-in", "name:bob")),
        (asked(name="Bob"), {**SPACE, "SOCRATES_OWNERS": "carol, bob"}, Visitor("Bob", "owner", "name:bob")),
        (asked(name="bob"), {"SYSTEM": "spaces", "SPACE_AUTHOR_NAME": ""}, Visitor("bob", "signed-in", "name:bob")),
        (asked(name="ada", expires=time.time() - 1), SPACE, Visitor(None, "anyone", "address:127.0.0.1")),
        (asked(oauth_info="ada"), SPACE, Visitor(None, "anyone", "address:127.0.0.1")),
        (asked(oauth_info={"userinfo": {}}), SPACE, Visitor(None, "anyone", "address:127.0.0.1")),
        # or, without sign-in, the token of its owner
        (asked("10.0.0.9", "8.8.8.8", owner=True), SPACE, Visitor(None, "owner", "address:8.8.8.8")),
        # what a visitor wrote into the header comes first and does not count; private hops do not either
        (asked("10.0.0.9", "1.1.1.1, 8.8.8.8, 10.0.0.1"), SPACE, Visitor(None, "anyone", "address:8.8.8.8")),
        (asked("10.0.0.9", "nonsense"), SPACE, Visitor(None, "anyone", "address:10.0.0.9")),
    ],
)
def test_a_visitor_is_told_by_token_and_account_never_by_address(
    request_: gr.Request | None, environ: dict[str, str], expected: Visitor
) -> None:
    assert visitor_of(request_, environ) == expected


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("owner", {"simulate", "read", "launch", "cancel", "delete", "pull", "push", "load"}),
        ("signed-in", {"simulate", "read", "push"}),
        ("anyone", {"simulate", "read"}),
    ],
)
def test_without_variables_everything_costly_is_the_owners(role: Any, may: set[Action]) -> None:
    policy = Policy.from_environment({**SPACE, **OAUTH})
    assert {action for action in policy.least if policy.refusal(Visitor(None, role, ""), action) is None} == may


def test_a_variable_opens_an_action_and_another_closes_one() -> None:
    opened = {**SPACE, **OAUTH, "SOCRATES_LAUNCH": "anyone", "SOCRATES_SIMULATE": "signed-in"}
    policy = Policy.from_environment(opened)
    nobody, bob = Visitor(None, "anyone", ""), Visitor("bob", "signed-in", "")
    assert policy.refusal(nobody, "launch") is None
    assert policy.refusal(nobody, "simulate") == "Sign in with Hugging Face to simulate."
    assert policy.refusal(bob, "simulate") is None
    assert "Only the owner" in str(policy.refusal(bob, "delete"))


def test_where_nobody_can_sign_in_the_refusal_says_so() -> None:
    assert not has_sign_in(SPACE)
    refusal = Policy.from_environment(SPACE).refusal(Visitor(None, "anyone", ""), "push")
    assert "hf_oauth: true" in str(refusal)


def test_visitors_without_the_token_only_simulate_outside_a_space() -> None:
    policy = Policy.from_environment({})
    elsewhere = visitor_of(asked(), {})
    assert "?token=" in str(policy.refusal(elsewhere, "read"))  # the studies may be somebody's own
    assert "SOCRATES_LAUNCH=anyone" in str(policy.refusal(elsewhere, "launch"))
    assert "SOCRATES_PUSH" not in str(policy.refusal(elsewhere, "push"))
    assert policy.refusal(elsewhere, "simulate") is None


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SOCRATES_LAUNCH", "everyone", "owner, signed-in or anyone"),
        ("SOCRATES_DELETE", "OWNER", "owner, signed-in or anyone"),
        ("SOCRATES_PUSH", "anyone", "owner or signed-in"),
    ],
)
def test_a_misspelt_role_is_refused_with_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    with pytest.raises(LaunchError, match=rf"{variable} is '{value}'; set it to {allowed}"):
        Policy.from_environment({variable: value})


def test_on_a_space_only_the_visitors_own_token_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_space")
    assert token_of(asked(name="bob"), SPACE) == "hf_of_bob"
    assert token_of(asked(), SPACE) is None
    assert token_of(asked(name="bob", expires=1.0), SPACE) is None
    assert token_of(asked(owner=True), SPACE) is None
    assert token_of(asked(owner=True), {}) == "hf_of_the_space"
    assert token_of(asked(), {}) is None
