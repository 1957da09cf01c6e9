"""What nobody foresaw: a sentence for the visitor, the rest for the log, and no secret in either."""

import logging

import gradio as gr
import pytest

from socrates_core.errors import SocratesError
from socrates_core.ui.access.failures import LogUnexpected, UnexpectedError, _shielded, without_secrets


def broken(token: str) -> None:
    raise KeyError(f"token {token} at hf_AbcdefghijklmnopqrstuvwxyZ")


def test_the_visitor_reads_a_number_and_the_log_has_the_rest_without_tokens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as shown:
        _shielded(broken)("x")
    number = str(shown.value.message).split("error ")[1].split(" ")[0]
    assert "KeyError" not in str(shown.value.message)
    assert shown.value.print_exception is False
    assert number in caplog.text
    assert "KeyError" in caplog.text
    assert "hf_Abc" not in caplog.text


def test_what_was_foreseen_is_shown_as_it_is_but_never_as_html() -> None:
    def refused() -> None:
        raise SocratesError("choose <b>another</b> study")

    with pytest.raises(gr.Error) as shown:
        _shielded(refused)()
    assert shown.value.message == "choose &lt;b&gt;another&lt;/b&gt; study"


def test_handlers_that_give_one_result_after_the_other_are_shielded_too() -> None:
    def flow() -> object:
        yield 1
        raise ZeroDivisionError

    given = _shielded(flow)()
    assert next(given) == 1
    with pytest.raises(gr.Error, match="Something went wrong"):
        next(given)


def test_ending_the_program_is_no_failure() -> None:
    with pytest.raises(KeyboardInterrupt), LogUnexpected():
        raise KeyboardInterrupt
    with pytest.raises(UnexpectedError), LogUnexpected():
        raise ValueError


def test_values_of_secret_variables_never_reach_the_log() -> None:
    environ = {"OAUTH_CLIENT_SECRET": "very-secret", "SOCRATES_ENDPOINT_KEY": "sk-123456", "HOME": "/home/ada"}
    assert without_secrets("a very-secret b sk-123456 c /home/ada", environ) == "a [secret] b [secret] c /home/ada"
