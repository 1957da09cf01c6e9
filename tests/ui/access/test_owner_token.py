"""What makes a visitor the owner, and what a start does with the token."""

import pytest

from socrates_core.errors import LaunchError
from socrates_core.ui.access.failures import without_secrets
from socrates_core.ui.access.owner_token import NOBODY, OwnerToken, owner_token

OWN = "a-token-of-ones-own"


def test_every_start_makes_a_token_that_cannot_be_guessed_and_prints_it() -> None:
    one, other = (owner_token({}, space=False, sign_in=False) for _ in range(2))
    assert one.secret != other.secret
    assert len(one.secret) >= 43  # 256 bits
    assert one.printed
    assert one.secret not in repr(one)


def test_a_token_of_the_environment_is_taken_and_never_printed() -> None:
    assert owner_token({"SOCRATES_TOKEN": OWN}, space=False, sign_in=False) == OwnerToken(OWN, printed=False)


@pytest.mark.parametrize(
    ("environ", "sign_in", "expected"),
    [
        ({}, True, NOBODY),  # accounts decide
        ({"SOCRATES_TOKEN": OWN}, True, NOBODY),  # one way at a time
        ({"SOCRATES_TOKEN": OWN}, False, OwnerToken(OWN)),
        ({}, False, NOBODY),  # a Space's log is no place for a token
    ],
)
def test_on_a_space_the_owner_signs_in_or_where_nobody_can_has_the_secret(
    environ: dict[str, str], sign_in: bool, expected: OwnerToken
) -> None:
    assert owner_token(environ, space=True, sign_in=sign_in) == expected


@pytest.mark.parametrize("given", ["short", "x" * 201, "sixteen letters, spaced", "with/slashes/and/more", "é" * 20])
def test_a_token_that_could_be_guessed_or_needs_quoting_is_refused(given: str) -> None:
    with pytest.raises(LaunchError, match="SOCRATES_TOKEN: set it to 16 to 200 letters"):
        owner_token({"SOCRATES_TOKEN": given}, space=False, sign_in=False)


def test_without_a_token_everyone_is_the_owner_but_never_on_a_space() -> None:
    free = owner_token({}, space=False, sign_in=False, no_token=True)
    assert free.owns({}, {})
    assert not free.printed
    with pytest.raises(LaunchError, match="a Space, which is public"):
        owner_token({}, space=True, sign_in=False, no_token=True)


@pytest.mark.parametrize(
    ("headers", "owns"),
    [
        ({"cookie": f"a=b; socrates-owner-7860={OWN}"}, True),
        ({"authorization": f"Bearer {OWN}"}, True),
        ({"cookie": f"socrates-owner-7861={OWN}"}, False),  # that of another app on this machine
        ({"cookie": f"socrates-owner-7860={OWN}x"}, False),
        ({"cookie": "socrates-owner-7860="}, False),
        ({"authorization": f"Basic {OWN}"}, False),
        ({"authorization": "Bearer"}, False),
        ({}, False),
    ],
)
def test_a_request_proves_it_by_its_own_cookie_or_a_header_that_no_page_can_send(
    headers: dict[str, str], owns: bool
) -> None:
    scope = {"server": ("127.0.0.1", 7860)}
    assert OwnerToken(OWN).owns(scope, headers) is owns
    assert not NOBODY.owns(scope, headers)


def test_neither_address_nor_cookie_reaches_the_log() -> None:
    said = without_secrets(f"GET /?cell=1&token={OWN}&n=2 with socrates-owner-7860={OWN}; a=b", {})
    assert OWN not in said
    assert "&n=2" in said
