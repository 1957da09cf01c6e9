"""By which names an app answers, and whose pages may act."""

import pytest

from socrates_core.ui.access.hosts import AllowedHosts, allowed_hosts, is_foreign

PUBLIC = allowed_hosts(["Socrates.example.org"], "0.0.0.0", {"SPACE_HOST": "ada-socrates.hf.space, own.example"})


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("localhost", True),
        ("LOCALHOST:9000", True),
        ("127.0.0.1:7860", True),
        ("[::1]:7860", True),
        ("192.168.1.7:7860", True),  # nobody can make a number lead elsewhere
        ("socrates.example.org", True),
        ("socrates.example.org:8443", True),
        ("ada-socrates.hf.space", True),
        ("own.example", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("socrates.example.org.evil.example", False),
        ("evil.example#socrates.example.org", False),
        ("user@localhost", False),
        ("localhost:7860:1", False),
        ("127.1.evil.example", False),
        ("", False),
        ("x" * 10_000, False),
    ],
)
def test_only_numbers_and_allowed_names_are_answered(host: str, answers: bool) -> None:
    assert PUBLIC.answer_to(host) is answers


def test_the_name_that_it_listens_on_is_answered() -> None:
    assert allowed_hosts([], "my-machine", {}).answer_to("my-machine:7860")
    assert not allowed_hosts([], "127.0.0.1", {}).answer_to("my-machine:7860")


HERE = {"host": "127.0.0.1:7860"}


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),  # a program
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:7860"}, False),
        ({"origin": "http://127.0.0.1:7860"}, False),
        ({"origin": "http://127.0.0.1:8888"}, True),  # another server on this machine
        ({"origin": "http://localhost:7860"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "https://socrates.example.org", "sec-fetch-site": "same-origin"}, False),  # a proxy replaced Host
        ({"origin": "https://socrates.example.org:444"}, True),
        ({"origin": "http://evil.example", "sec-fetch-site": "same-origin"}, True),  # likewise, by another name
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),  # a form that is posted
    ],
)
def test_who_may_act(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign("POST", {**HERE, **headers}, PUBLIC) is foreign


def test_following_a_link_is_not_acting() -> None:
    followed = {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert not is_foreign("GET", followed, AllowedHosts())
