"""What a server's reply says of an answer: log-probabilities, a typed decision, or a text with a number in it.

Whatever does not have the form of the protocol is an error that names the field; it is never guessed.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from socrates_core.scale.distribution import Floats

UNKNOWN_SHARE: Final = 1e-3
"""Of the mass on the scale: how much may be unaccounted for when a list of log-probabilities counts as exact. The
distance between two distributions that differ by that much is at most 0.001."""

ROUNDING: Final = 1e-3
"""How far a server's probabilities may sum to other than 1."""

SAYS_MISSING: Final = -9000.0
"""Servers write −9999 for a token that has no log-probability worth the name."""

_NUMBER: Final = re.compile(
    r"(?P<sign>(?<![\w)\]])[-\u2212])?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?P<part>\.[0-9]+)?(?P<more>\w|,[0-9])?"
)
_THOUGHT: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class MalformedReplyError(ValueError):
    """A reply without the fields of the protocol, or with impossible values in them."""


@dataclass(frozen=True)
class Written:
    """What a model wrote."""

    text: str
    is_cut: bool
    """Whether it was about to go on when its tokens ran out."""


@dataclass(frozen=True)
class Reading:
    """The number that a text gives as its answer."""

    value: int | None
    """None where there is none, or it is no whole number."""
    is_number: bool
    """Whether a number was written, on the scale or not."""


def choice_of(data: Any) -> Mapping[str, Any]:
    """The first choice of a chat completion.

    Raises:
        MalformedReplyError: If there is none.
    """
    if not isinstance(data, dict):
        raise MalformedReplyError("the reply is no JSON object")
    if data.get("error"):
        raise MalformedReplyError(f"the reply holds an error: {data['error']}")
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise MalformedReplyError("the reply has no choices[0]")
    return choices[0]


def text_of(data: Any) -> Written:
    """The text of a chat completion.

    Raises:
        MalformedReplyError: If the reply has no text.
    """
    choice = choice_of(data)
    message = choice.get("message")
    if not isinstance(message, dict) or "content" not in message:
        raise MalformedReplyError("the reply has no choices[0].message.content")
    content = message["content"]
    if content is not None and not isinstance(content, str):
        raise MalformedReplyError(f"choices[0].message.content is {type(content).__name__}, not text")
    return Written(content or "", is_cut=choice.get("finish_reason") == "length")  # None: a refusal, or reasoning alone


def first_number(written: Written) -> Reading:
    """The first number that a text writes, digits as in 7, -2 or 1,000.

    What stands in a leading <think> block is no answer; a block that never ends leaves none. A number with a fraction,
    with letters attached (10k, 3rd), or at the very end of a text that was cut off, is one that no option equals.
    """
    text = _THOUGHT.sub("", written.text, count=1)
    found = None if text.lstrip().startswith("<think>") else _NUMBER.search(text)
    if found is None:
        return Reading(None, is_number=False)
    digits = found["digits"].replace(",", "")
    may_go_on = written.is_cut and not text[found.end() :].strip(".,")
    if may_go_on or found["more"] or len(digits) > 18 or (found["part"] and found["part"].strip(".0")):
        return Reading(None, is_number=True)
    return Reading(-int(digits) if found["sign"] else int(digits), is_number=True)


def first_tokens(data: Any) -> dict[str, float] | None:
    """Probabilities of the most likely first tokens, by their text without outer blanks; None where the server gave
    no log-probabilities.

    Tokens that differ in blanks alone write the same number, so they are added up.

    Raises:
        MalformedReplyError: If log-probabilities are there but malformed.
    """
    logs = choice_of(data).get("logprobs")
    content = logs.get("content") if isinstance(logs, dict) else None
    if not content:
        return None
    if not isinstance(content, list) or not isinstance(content[0], dict):
        raise MalformedReplyError("choices[0].logprobs.content is no list of tokens")
    tops = content[0].get("top_logprobs")
    if not tops:
        return None
    if not isinstance(tops, list):
        raise MalformedReplyError("choices[0].logprobs.content[0].top_logprobs is no list")
    listed = [_token(entry) for entry in tops]
    own = _token(content[0])
    if own[0] not in {token for token, _ in listed}:  # the sampled token stands apart where it is not among the top
        listed.append(own)
    out: dict[str, float] = {}
    for token, prob in listed:
        out[token.strip()] = out.get(token.strip(), 0.0) + prob
    if sum(out.values()) > 1 + ROUNDING:
        raise MalformedReplyError(f"the first token's probabilities sum to {sum(out.values()):.4g}, more than 1")
    return out


def option_probs(tokens: Mapping[str, float], values: Sequence[int]) -> Floats | None:
    """(K,) probabilities of the options, not renormalised; None where the first tokens do not tell them all.

    They do when what they leave open is at most `UNKNOWN_SHARE` of what they put on the scale. Open is the mass of
    tokens that begin an option without being one ("-" of -2, a blank), and of options outside the list, each of which
    has at most the smallest listed probability. That bound holds for options of one character, which every vocabulary
    has as a token; a longer one that is not listed may be written in several tokens and can have any probability.
    """
    texts = [str(value) for value in values]
    if any(len(text) > 1 and text not in tokens for text in texts):
        return None
    least = min(tokens.values())
    unknown = least * sum(text not in tokens for text in texts)
    unknown += sum(prob for token, prob in tokens.items() if token not in texts and _begins(token, texts))
    probs = np.array([tokens.get(text, 0.0) for text in texts], dtype=np.float64)
    return probs if probs.sum() > 0 and unknown <= UNKNOWN_SHARE * probs.sum() else None


def decision_probs(data: Any, question: str, values: Sequence[int]) -> Floats:
    """(K,) probabilities of the options in the reply to a typed `choice` question.

    Raises:
        MalformedReplyError: If an option is missing, or they are no probabilities.
    """
    answers = data.get("answers") if isinstance(data, dict) else None
    answer = answers.get(question) if isinstance(answers, dict) else None
    by_option = answer.get("probabilities") if isinstance(answer, dict) else None
    if not isinstance(by_option, dict):
        raise MalformedReplyError(f"the reply has no answers.{question}.probabilities")
    missing = [value for value in values if str(value) not in by_option]
    if missing:
        raise MalformedReplyError(f"answers.{question}.probabilities lacks the options {missing[:5]}")
    probs = np.array([_number(by_option[str(value)], "a probability") for value in values], dtype=np.float64)
    if (probs < 0).any() or abs(probs.sum() - 1) > ROUNDING:
        raise MalformedReplyError(
            f"answers.{question}.probabilities are no probabilities: they sum to {probs.sum():.4g}"
        )
    return np.asarray(probs / probs.sum(), dtype=np.float64)


def used_tokens(data: Any) -> tuple[int, int] | None:
    """Prompt and answer tokens as the server counted them; None where it did not."""
    usage = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(usage, dict):
        return None
    prompt = _count(usage.get("prompt_tokens", usage.get("input_tokens")))
    answer = _count(usage.get("completion_tokens", usage.get("output_tokens", 0)))
    return None if prompt is None or answer is None else (prompt, answer)


def _begins(token: str, texts: Sequence[str]) -> bool:
    return any(text.startswith(token) for text in texts)


def _token(entry: Any) -> tuple[str, float]:
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        raise MalformedReplyError("an entry of logprobs has no token")
    log = _number(entry.get("logprob"), f"the logprob of {entry['token']!r}", infinite=True)
    if log > ROUNDING:
        raise MalformedReplyError(f"the logprob of {entry['token']!r} is {log}, more than 0")
    return entry["token"], 0.0 if log <= SAYS_MISSING else min(1.0, math.exp(log))


def _number(value: Any, what: str, infinite: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise MalformedReplyError(f"{what} is {value!r}, not a number")
    if math.isinf(value) and not (infinite and value < 0):
        raise MalformedReplyError(f"{what} is {value!r}")
    return float(value)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None
