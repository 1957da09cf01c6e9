import math

import pytest

from socrates_core.model.endpoint.answer import first_number, option_probs
from socrates_core.model.endpoint.chat import Completion, MalformedReplyError, first_tokens, text_of, used_tokens
from tests.servers.chat_server import completion


@pytest.mark.parametrize(
    ("text", "value", "is_number"),
    [
        ("5", "5", True),
        (" 5\n", "5", True),
        ("Response: 2", "2", True),
        ("I would say 6, not 7.", "6", True),
        ("5/7", "5", True),
        ("50%", "50", True),
        ("$1,000 a year", "1000", True),
        ("-2", "-2", True),
        ("\N{MINUS SIGN}2", "-2", True),
        ("option-2", "2", True),
        ("5.", "5", True),
        ("5.0", "5", True),
        ("007", "7", True),
        ("3.5", "3.5", True),
        ("-3.50", "-3.5", True),
        ("1,5", None, True),
        ("10k", None, True),
        ("1e5", None, True),
        ("2" + "0" * 99, None, True),
        ("9" * 100_000, None, True),
        ("five", None, False),
        ("\N{FULLWIDTH DIGIT FIVE}", None, False),
        ("", None, False),
        ("<think>On a scale from 1 to 7 I take 4</think>\n6", "6", True),
        ("<think>On a scale from 1 to 7 I", None, False),
    ],
)
def test_the_first_number_counts_and_nothing_is_guessed(text: str, value: str | None, is_number: bool) -> None:
    reading = first_number(Completion(text, is_cut=False))
    assert (reading.value, reading.is_number) == (value, is_number)


@pytest.mark.parametrize(
    ("text", "value"), [("10", None), ("the answer is 10.", None), ("1,", None), ("10 out of", "10")]
)
def test_a_number_that_was_cut_off_may_go_on(text: str, value: str | None) -> None:
    assert first_number(Completion(text, is_cut=True)).value == value


def logs(**probs: float) -> dict[str, float]:
    return {token.replace("_", " "): math.log(prob) for token, prob in probs.items()}


def test_tokens_that_differ_in_blanks_write_the_same_number() -> None:
    tokens = first_tokens(completion("5", {"5": math.log(0.5), " 5": math.log(0.25), "x": -9999.0}).body)
    assert tokens == pytest.approx({"5": 0.75, "x": 0.0})


@pytest.mark.parametrize(
    "logs",
    [
        None,
        [],
        {},
        {"content": None},
        {"content": []},
        {"content": {}},
        {"content": [{"token": "5"}]},
        {"tokens": ["5"]},
    ],
)
def test_a_reply_without_log_probabilities_has_none(logs: object) -> None:
    assert first_tokens({"choices": [{"logprobs": logs}]}) is None


@pytest.mark.parametrize("content", [{"token": "5"}, "5", ["5"], [{"token": "5", "top_logprobs": "5"}]])
def test_log_probabilities_in_another_shape_are_malformed(content: object) -> None:
    with pytest.raises(MalformedReplyError, match=r"choices\[0\].logprobs.content"):
        first_tokens({"choices": [{"logprobs": {"content": content}}]})


def test_the_sampled_token_counts_where_it_is_not_among_the_most_likely() -> None:
    body = completion("3", {"1": math.log(0.6), "2": math.log(0.3)}).body
    body["choices"][0]["logprobs"]["content"][0]["token"] = "3"
    body["choices"][0]["logprobs"]["content"][0]["logprob"] = math.log(0.1)
    assert first_tokens(body) == pytest.approx({"1": 0.6, "2": 0.3, "3": 0.1})


@pytest.mark.parametrize(
    ("tokens", "values", "probs"),
    [
        ({"1": 0.5, "2": 0.3, "I": 0.2}, (1, 2), [0.5, 0.3]),
        # 3 has at most the 0.0001 of the rarest token listed: 1 in 9999 of the scale's mass is open
        ({"1": 0.6, "2": 0.3999, "x": 0.0001}, (1, 2, 3), [0.6, 0.3999, 0.0]),
        ({"1": 0.6, "2": 0.39, "x": 0.01}, (1, 2, 3), None),
        # "10" is no token here; its mass is part of that of "1"
        ({"1": 0.9, "0": 0.05, "x": 1e-9}, (0, 1, 10), None),
        ({"1": 0.5, "0": 0.1, "10": 0.4}, (0, 1, 10), [0.1, 0.5, 0.4]),
        ({"-1": 0.5, "1": 0.4, "-": 0.1}, (-1, 1), None),
        # a blank may be followed by any option
        ({"1": 0.5, "2": 0.4, "": 0.1}, (1, 2), None),
        # nearly everything is text: what is left of the scale says nothing
        ({"I": 0.9, "The": 0.09, "1": 0.0001, "2": 0.0001, "x": 0.0001}, (1, 2, 3), None),
        ({"x": 1.0}, (1, 2), None),
        ({"1": 0.0, "2": 0.0}, (1, 2), None),
    ],
)
def test_first_tokens_give_a_distribution_only_where_they_tell_every_option(
    tokens: dict[str, float], values: tuple[int, ...], probs: list[float] | None
) -> None:
    found = option_probs(tokens, [str(value) for value in values])
    assert (found is None) if probs is None else found == pytest.approx(probs)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "expected keys with values"),
        ({}, "choices is missing"),
        ({"choices": []}, "choices: expected one or more"),
        ({"choices": ["5"]}, r"choices\[0\]: expected keys with values, got '5'"),
        ({"error": {"message": "overloaded"}}, "overloaded"),
        ({"choices": [{"text": "5"}]}, "message is missing"),
        ({"choices": [{"message": {}}]}, r"choices\[0\].message.content is missing"),
        ({"choices": [{"message": {"content": 5}}]}, "content: expected a text, got 5"),
    ],
)
def test_a_reply_without_a_text_is_malformed(data: object, said: str) -> None:
    with pytest.raises(MalformedReplyError, match=said):
        text_of(data)


@pytest.mark.parametrize(
    ("tops", "said"),
    [
        ({"1": 0.5}, "at most 0, got 0.5"),
        ({"1": math.log(0.9), "2": math.log(0.9)}, "sum to 1.8"),
        ({"1": math.nan}, "got nan"),
        ({"1": math.inf}, "got inf"),
        ({"1": 10**400}, "got 1000"),
        ({"1": None}, "got None"),
        ({"1": True}, "got True"),
    ],
)
def test_impossible_log_probabilities_are_malformed(tops: dict[str, float], said: str) -> None:
    with pytest.raises(MalformedReplyError, match=said):
        first_tokens(completion("1", tops).body)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 12, "completion_tokens": 1}, (12, 1)),
        ({"input_tokens": 12, "output_tokens": 0}, (12, 0)),
        ({"prompt_tokens": None}, None),
        ({"prompt_tokens": -1, "completion_tokens": 1}, None),
        ("many", None),
    ],
)
def test_tokens_are_those_that_the_server_counted(usage: object, tokens: tuple[int, int] | None) -> None:
    assert used_tokens({"usage": usage}) == tokens
