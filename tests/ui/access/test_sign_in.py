"""The link that signs in, and what a frame shows in its place."""

import pytest

from socrates_core.ui.access.sign_in import account_html, in_a_tab
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.html import notice_html, worded_here

SIGNING_IN = Policy(DEFAULTS, space=True, sign_in=True)
WITHOUT = Policy(DEFAULTS, space=True, sign_in=False)


def test_the_header_says_who_is_signed_in_and_leads_in_or_out() -> None:
    stranger, bob, ada = Visitor(None, "anyone", "a"), Visitor("bob", "signed-in", "b"), Visitor("ada", "owner", "c")
    assert "id='sign-in'" in account_html(stranger, SIGNING_IN)
    assert account_html(bob, SIGNING_IN).startswith("<p>Signed in as <b>bob</b> <a id='sign-out'")
    assert "<b>ada</b>, the owner of this Space <a" in account_html(ada, SIGNING_IN)
    assert account_html(stranger, WITHOUT) == ""


def test_a_refusal_that_asks_for_a_sign_in_leads_there() -> None:
    refusal = SIGNING_IN.refusal(Visitor(None, "anyone", "a"), "push")
    assert refusal == "Sign in with Hugging Face to push adapters."
    assert notice_html(refusal).count("class='sign-in'") == 1
    assert notice_html(refusal).endswith("Sign in with Hugging Face</a> to push adapters.</p>")
    assert "<a" not in notice_html("To push, Sign in with Hugging Face")  # nor does a text that only mentions it
    assert "<b>" not in notice_html("Sign in with Hugging Face <b>")


def test_a_frame_shows_a_link_to_a_tab_with_the_way_back() -> None:
    body = bytes(in_a_tab("_target_url=/?a=1'><script>").body).decode()
    assert "target='_blank'" in body
    assert "href='/login/huggingface?_target_url=/?a=1&#39;&gt;&lt;script&gt;'" in body


def test_on_a_space_messages_name_variables_and_commands_for_elsewhere_keep_their_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = "leave --template out, or load --model Qwen/Q@main; --template alpaca has the most"
    command = "python -m train.prepare --studies x"
    assert worded_here(told) == told
    monkeypatch.setenv("SYSTEM", "spaces")
    assert worded_here(told) == (
        "leave SOCRATES_TEMPLATE out, or load SOCRATES_MODEL=Qwen/Q@main; SOCRATES_TEMPLATE=alpaca has the most"
    )
    assert worded_here(command) == command
    assert "SOCRATES_STUDIES to add one" in notice_html("Start the app with --studies to add one")
