"""Parsing a chat completion: log-probabilities, or a text with a number in it.

Anything that does not follow the protocol is an error that names the field; nothing is guessed.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from socrates_core.scale.distribution import Floats

UNKNOWN_SHARE: Final = 1e-3
"""Share of the mass on the scale that may be unaccounted for in a list of log-probabilities that counts as exact. The
Wasserstein distance between two distributions that differ by that much is at most 0.001."""

ROUNDING: Final = 1e-3
"""How far the sum of a server's probabilities may deviate from 1."""

SAYS_MISSING: Final = -9000.0
"""Servers write −9999 for a token of negligible probability."""

_NUMBER: Final = re.compile(
    r"(?P<sign>(?<![\w)\]])[-\u2212])?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?P<part>\.[0-9]+)?(?P<more>\w|,[0-9])?"
)
_THOUGHT: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class MalformedReplyError(ValueError):
    """A reply that lacks fields of the protocol, or has impossible values in them."""


@dataclass(frozen=True)
class Completion:
    """The text that a model wrote."""

    text: str
    is_cut: bool
    """Whether it was cut off at the token limit."""


@dataclass(frozen=True)
class ParsedNumber:
    """The number in a completion that counts as its answer."""

    value: str | None
    """As an option is written, such as 7, -2 or 3.5; None if there is none."""
    is_number: bool
    """Whether a number was written, on the scale or not."""


def choice_of(data: Any) -> Mapping[str, Any]:
    """The first choice of a chat completion.

    Raises:
        MalformedReplyError: If there are none.
    """
    if not isinstance(data, dict):
        raise MalformedReplyError("the reply is not a JSON object")
    if data.get("error"):
        raise MalformedReplyError(f"the reply holds an error: {data['error']}")
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise MalformedReplyError("the reply has no choices[0]")
    return choices[0]


def text_of(data: Any) -> Completion:
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
    return Completion(
        content or "", is_cut=choice.get("finish_reason") == "length"
    )  # None: a refusal, or reasoning alone


def first_number(completion: Completion) -> ParsedNumber:
    """The first number in a completion, in digits as in 7, -2 or 1,000.

    A leading <think> block is skipped; if it never ends, there is no number. 3.50 is 3.5, and 3.0 is 3. A number with
    letters attached (10k, 3rd), or at the very end of a text that was cut off equals no option.
    """
    text = _THOUGHT.sub("", completion.text, count=1)
    found = None if text.lstrip().startswith("<think>") else _NUMBER.search(text)
    if found is None:
        return ParsedNumber(None, is_number=False)
    digits = found["digits"].replace(",", "")
    may_go_on = completion.is_cut and not text[found.end() :].strip(".,")
    if may_go_on or found["more"] or len(digits) > 18:
        return ParsedNumber(None, is_number=True)
    decimals = (found["part"] or "").rstrip("0").rstrip(".")
    number = f"{int(digits)}{decimals}"
    return ParsedNumber(f"-{number}" if found["sign"] and number != "0" else number, is_number=True)


def first_tokens(data: Any) -> dict[str, float] | None:
    """Probabilities of the most likely first tokens, by their text without outer blanks; None if the server returned
    no log-probabilities.

    Tokens that differ only in blanks write the same number, so their probabilities are added.

    Raises:
        MalformedReplyError: If log-probabilities are present but malformed.
    """
    logs = choice_of(data).get("logprobs")
    content = logs.get("content") if isinstance(logs, dict) else None
    if not content:
        return None
    if not isinstance(content, list) or not isinstance(content[0], dict):
        raise MalformedReplyError("choices[0].logprobs.content is not a list of tokens")
    tops = content[0].get("top_logprobs")
    if not tops:
        return None
    if not isinstance(tops, list):
        raise MalformedReplyError("choices[0].logprobs.content[0].top_logprobs is not a list")
    listed = [_token(entry) for entry in tops]
    own = _token(content[0])
    if own[0] not in {
        token for token, _ in listed
    }:  # the sampled token is listed separately if it is not among the top
        listed.append(own)
    out: dict[str, float] = {}
    for token, prob in listed:
        out[token.strip()] = out.get(token.strip(), 0.0) + prob
    if sum(out.values()) > 1 + ROUNDING:
        raise MalformedReplyError(f"the first token's probabilities sum to {sum(out.values()):.4g}, more than 1")
    return out


def option_probs(tokens: Mapping[str, float], texts: Sequence[str]) -> Floats | None:
    """(L,) probabilities of the options, not renormalised; None if the first tokens do not determine them all.

    They do if the undetermined mass is at most `UNKNOWN_SHARE` of the mass on the scale. Undetermined is the mass of
    tokens that begin an option without being one ("-" of -2, a blank), and of unlisted options, each of which has at
    most the smallest listed probability. That bound holds for options of one character, which every vocabulary has as
    a token; a longer unlisted option may be written in several tokens and can have any probability. So options with
    decimals are hardly ever determined.
    """
    if any(len(text) > 1 and text not in tokens for text in texts):
        return None
    least = min(tokens.values())
    unknown = least * sum(text not in tokens for text in texts)
    unknown += sum(prob for token, prob in tokens.items() if token not in texts and _begins(token, texts))
    probs = np.array([tokens.get(text, 0.0) for text in texts], dtype=np.float64)
    return probs if probs.sum() > 0 and unknown <= UNKNOWN_SHARE * probs.sum() else None


def used_tokens(data: Any) -> tuple[int, int] | None:
    """Prompt and answer tokens as counted by the server; None if it does not count them."""
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
    log = checked_number(entry.get("logprob"), f"the logprob of {entry['token']!r}", infinite=True)
    if log > ROUNDING:
        raise MalformedReplyError(f"the logprob of {entry['token']!r} is {log}, more than 0")
    return entry["token"], 0.0 if log <= SAYS_MISSING else min(1.0, math.exp(log))


def checked_number(value: Any, what: str, infinite: bool = False) -> float:
    """A JSON number; `infinite` allows −∞.

    Raises:
        MalformedReplyError: If it is none; names `what` it should have been.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedReplyError(f"{what} is {value!r}, not a number")
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if math.isnan(number):
        raise MalformedReplyError(f"{what} is {value!r}, not a number")
    if math.isinf(number) and not (infinite and value < 0):
        raise MalformedReplyError(f"{what} is {number!r}")
    return number


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None
