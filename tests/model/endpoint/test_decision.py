"""Typed decisions in both formats: what is asked, and what counts as an answer."""

import math
from typing import Any

import numpy as np
import pytest
from openai.types import Decision as OpenAiDecision
from openai.types.decision_create_params import DecisionCreateParams
from pydantic import TypeAdapter

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.chat import MalformedReplyError
from socrates_core.model.endpoint.decision import FORMATS, Format, read_decision, request_body
from socrates_core.model.endpoint.prompt import QUESTION, Offer

TWO = ("1", "2")
OFFER = Offer(QUESTION, TWO, {"1": "Never"}, ((0,), (1,)))
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 9,
}


def reply(form: Format, probs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reply in a format; names may end in blanks, so that one can be there twice."""
    if form == "systemone":
        return {"answers": {"answer": {"type": "choice", "probabilities": probs, **more}}}
    listed = [{"value": name.strip(), "probability": prob} for name, prob in probs.items()]
    return {"answers": [{"type": "choice", "name": "answer", "probabilities": listed, **more}]}


def test_the_question_of_a_decision_holds_every_option_with_its_text() -> None:
    assert request_body("systemone", "m", "A person.", OFFER) == {
        "model": "m",
        "state": "A person.",
        "questions": {"answer": {"type": "choice", "instructions": QUESTION, "criteria": {"1": "Never", "2": None}}},
    }


def test_a_decision_of_the_newer_format_is_asked_and_read_as_openai_types_it() -> None:
    body = request_body("decisions", "m", "A person.", OFFER)
    assert TypeAdapter(DecisionCreateParams).validate_python(body)["input"] == "A person."
    assert body["questions"][0]["choices"] == [{"value": "1", "description": "Never"}, {"value": "2"}]
    data = {"model": "m", "usage": USAGE, **reply("decisions", {"2": 0.75, "1": 0.25}, choice="2", confidence=0.5)}
    OpenAiDecision.model_validate(data)
    assert read_decision("decisions", data, TWO).probs.tolist() == [0.25, 0.75]


@pytest.mark.parametrize("form", FORMATS)
def test_a_decision_gives_the_options_in_the_order_of_the_offer(form: Format) -> None:
    found = read_decision(form, reply(form, {"2": 0.75, "1": 0.25}), TWO)
    assert (found.probs.tolist(), found.mass) == ([0.25, 0.75], 1.0)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("probs", "more", "said"),
    [
        ({"1": 1.0}, {}, r"lacks the options \['2'\]"),
        ({"1": 0.5, "2": 0.5, "3": 0.0}, {}, r"not offered: \['3'\]"),
        ({"1": 0.5, "2": 0.5}, {"choice": "Never"}, r"not offered: \['Never'\]"),
        ({"1": 0.5, "2": 0.6}, {}, r"sum to 1\.1"),
        ({"1": 0.5, "2": 0.45}, {}, r"sum to 0\.95"),
        ({"1": 0.5, "2": 0.498}, {}, r"sum to 0\.998"),
        ({"1": 1.5, "2": -0.5}, {}, "are not probabilities"),
        ({"1": "0.5", "2": 0.5}, {}, "a probability, got '0.5'"),
        ({"1": math.nan, "2": 0.5}, {}, "a probability, got nan"),
        ({"1": math.inf, "2": 0.5}, {}, "a probability, got inf"),
        ({"1": 10**400, "2": 0.5}, {}, "a probability, got 1000"),
        ({"1": True, "2": 0.0}, {}, "a probability, got True"),
        ({"1": None, "2": 1.0}, {}, "a probability, got None"),
        ({"1": 0.5, "2": 0.5}, {"type": "score"}, "'score', not a choice"),
        ({}, {"probabilities": 5}, "answers.*probabilities: expected .*, got 5"),
    ],
)
def test_a_decision_without_one_probability_for_each_option_is_malformed(
    form: Format, probs: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(MalformedReplyError, match=said):
        read_decision(form, reply(form, probs, **more), TWO)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("data", [None, [], {}, {"answers": []}, {"answers": {}}, {"answers": [5]}, {"error": "no"}])
def test_a_reply_without_the_answer_is_malformed(form: Format, data: object) -> None:
    with pytest.raises(MalformedReplyError):
        read_decision(form, data, TWO)


def test_an_option_twice_and_a_second_answer_are_malformed() -> None:
    with pytest.raises(MalformedReplyError, match="an option twice"):
        read_decision("decisions", reply("decisions", {"1": 0.25, "2": 0.5, "1 ": 0.25}), TWO)
    twice = {"answers": 2 * reply("decisions", {"1": 0.5, "2": 0.5})["answers"]}
    with pytest.raises(MalformedReplyError, match="answers: expected at most 1, got 2"):
        read_decision("decisions", twice, TWO)


def test_a_refusal_is_an_error_that_says_so() -> None:
    data = {"model": "m", "usage": USAGE, "answers": [{"type": "refusal", "name": "answer"}]}
    OpenAiDecision.model_validate(data)
    with pytest.raises(ModelError, match="refuses to answer"):
        read_decision("decisions", data, TWO)
    with pytest.raises(ModelError, match="refuses to answer"):
        read_decision("systemone", {"answers": {"answer": {"type": "refusal", "choice": None}}}, TWO)


def test_what_rounding_takes_away_is_made_up_for_and_no_more() -> None:
    # 200 options of 0.00004 are rounded to 0.0000 and 55 share the rest: with four digits each, 0.008 is missing
    names = [str(value) for value in range(255)]
    exact = np.array([0.00004] * 200 + [0.992 / 55] * 55)
    rounded = [round(float(prob), 4) for prob in exact]
    found = read_decision("systemone", reply("systemone", dict(zip(names, rounded, strict=True))), names)
    assert sum(rounded) < 0.995
    assert found.probs == pytest.approx(np.array(rounded) / sum(rounded), abs=1e-15)
    # seven options of four digits can be off by 0.00035 together, less than the 0.001 allowed in any case
    short = dict(zip("1234567", [0.1429] * 6 + [0.1414], strict=True))
    with pytest.raises(MalformedReplyError, match="sum to"):
        read_decision("systemone", reply("systemone", {**short, "7": 0.1401}), list("1234567"))


def test_the_mass_on_the_options_is_the_servers_where_it_tells_it() -> None:
    data = {**reply("systemone", {"1": 0.5, "2": 0.5}), "diagnostics": {"answer": {"label_mass": 0.125}}}
    assert read_decision("systemone", data, TWO).mass == 0.125
    data["diagnostics"] = {"answer": {"label_mass": 1.5}}
    with pytest.raises(MalformedReplyError, match="label_mass: expected a probability, or null, got 1"):
        read_decision("systemone", data, TWO)
