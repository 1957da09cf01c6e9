"""Typed decisions of one model on one server: one `choice` question in two formats, and which of them it answers.

- `decisions`: OpenAI's Decisions API, also served by vLLM, SGLang and LiteLLM; questions and probabilities are lists.
- `systemone`: the older System One API of `transformers serve`, sparrow-decider, Ollama and others; both are objects.

In both a server puts the options to its model in words of its own, and returns a probability for each. A reply with
other options than those offered, or whose probabilities do not sum to 1, is an error.
"""

import math
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.chat import Chat, MalformedReplyError, ReplyPart, Text, read_part
from socrates_core.model.endpoint.client import EndpointClient, Reply, UnusableReplyError
from socrates_core.model.endpoint.prompt import (
    EndpointPrompt,
    Offer,
    can_be_binned,
    estimated_tokens,
    in_bins,
    one_by_one,
)
from socrates_core.scale.distribution import Floats
from socrates_core.study.incoming.fields import number
from socrates_core.study.incoming.problems import place_text

Format = Literal["decisions", "systemone"]
"""Also the path below the server's URL."""
FORMATS: Final[tuple[Format, ...]] = ("decisions", "systemone")
NAME: Final = "answer"
"""Of the question."""

LEAST_ROOM: Final = 1e-3
"""How far the sum of a server's probabilities may deviate from 1 however many digits they have: servers that compute
in 16 bits are off by that much."""
MOST_ROOM: Final = 0.02
"""How far it may deviate at most: rounded more coarsely than this, they are no longer a distribution."""

SIZES: Final = (255, 208, 26)
"""Most options of a question on different servers, tried in turn for a longer scale: OpenAI's and vLLM's `decisions`,
Fireworks's, and servers that read the answer as one letter."""
NO_DECISIONS: Final = (
    "if it has no typed decisions and cannot say so, name the template (--template shared): then it is asked for "
    "log-probabilities first"
)
UNFIT: Final = frozenset({400, 413, 422})
"""Statuses that refuse a question, as one with more options than the model has labels, and not the path."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A server's answer to one question over M options."""

    probs: Floats
    """(M,) summing to 1, in the order of the offer."""
    mass: float
    """In [0, 1]: the share of the model's probability on the options, before renormalising; 1 if it is not told."""


Probability = Annotated[float, number("a probability")]


class _Named(ReplyPart):
    answer: dict[str, Any]


class _ByName(ReplyPart):
    answers: _Named


class _InOrder(ReplyPart):
    answers: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1)]


class _Kind(ReplyPart):
    type: Text = "choice"
    choice: Any = None


class _Shares(ReplyPart):
    probabilities: dict[str, Probability]


class _Pair(ReplyPart):
    value: Text
    probability: Probability


class _Pairs(ReplyPart):
    probabilities: list[_Pair]


class _About(ReplyPart):
    label_mass: Annotated[float | None, number("a probability", ge=0, le=1 + LEAST_ROOM)] = None


def request_body(form: Format, model: str, state: str, offer: Offer) -> dict[str, Any]:
    """The request that puts an offer about a state (who the person is, and what they read) to a model."""
    question = {"type": "choice", "instructions": offer.question}
    if form == "systemone":
        criteria = {name: offer.texts.get(name) for name in offer.names}
        return {"model": model, "state": state, "questions": {NAME: {**question, "criteria": criteria}}}
    choices = [
        {"value": name, **({"description": offer.texts[name]} if name in offer.texts else {})} for name in offer.names
    ]
    return {"model": model, "input": state, "questions": [{**question, "name": NAME, "choices": choices}]}


def read_decision(form: Format, data: Any, names: Sequence[str]) -> Decision:
    """The decision in a reply.

    Raises:
        MalformedReplyError: If an option is missing, another was returned, or the values are not probabilities.
        ModelError: If the model refused to answer.
    """
    by_name = form == "systemone"
    place = ("answers", NAME if by_name else 0)
    answer = read_part(_ByName, data).answers.answer if by_name else read_part(_InOrder, data).answers[0]
    kind, where = read_part(_Kind, answer, place), place_text(place)
    if kind.type == "refusal":
        raise ModelError("the model refuses to answer this question; choose another model, or method exact or sampled")
    if kind.type != "choice":
        raise MalformedReplyError(f"{where} is of type {kind.type!r}, not a choice")
    if by_name:
        found = [*read_part(_Shares, answer, place).probabilities.items()]
    else:
        found = [(one.value, one.probability) for one in read_part(_Pairs, answer, place).probabilities]
    counts = Counter(name for name, _ in found)
    missing = [name for name in names if name not in counts]
    others = [name for name in counts if name not in names]
    if missing:
        raise MalformedReplyError(f"{where}.probabilities lacks the options {missing[:5]}")
    if others or ("choice" in answer and kind.choice not in names):
        raise MalformedReplyError(f"{where} has options that were not offered: {(others or [kind.choice])[:5]}")
    if len(found) > len(names):
        raise MalformedReplyError(f"{where}.probabilities has an option twice")
    probs = dict(found)
    return Decision(_summing_to_one([probs[name] for name in names], where), _label_mass(data))


def _label_mass(data: Mapping[str, Any]) -> float:
    """The share of the vocabulary's probability that is on the options, which vLLM tells; 1 where it is not told."""
    told = data.get("diagnostics")
    about = told.get(NAME) if isinstance(told, dict) else None
    share = read_part(_About, about, ("diagnostics", NAME)).label_mass if isinstance(about, dict) else None
    return 1.0 if share is None else min(1.0, share)


def _summing_to_one(values: Sequence[float], where: str) -> Floats:
    """The values divided by their sum, which may deviate from 1 by as much as rounding explains.

    M values rounded to d decimals are off by at most M · 10⁻ᵈ / 2 together; d is read off the longest of them.
    """
    probs = np.array(values, dtype=np.float64)
    digits = max(-int(Decimal(repr(value)).as_tuple().exponent) for value in values)
    room = min(MOST_ROOM, max(LEAST_ROOM, len(values) * 10.0**-digits / 2))
    if (probs < 0).any() or abs(probs.sum() - 1) > room + 1e-12:
        raise MalformedReplyError(f"{where}.probabilities are not probabilities: they sum to {probs.sum():.4g}")
    return np.asarray(probs / probs.sum(), dtype=np.float64)


class Decider:
    """Asks for typed decisions in the first format that the server answers. Thread-safe.

    What a server answers is found out by asking: a path that it does not have, or that refuses this model, is not
    asked again, and neither are as many options as it has refused. What it has answered once it has to go on answering.
    """

    def __init__(self, client: EndpointClient, chat: Chat) -> None:
        """Start without knowledge of what the server answers; `chat` counts the tokens."""
        self.form: Format | None = None
        """The format of the last answer; None before."""
        self._client, self._chat = client, chat
        self._lock = threading.Lock()
        self._most: dict[Format, int] = {}
        """The most options answered."""
        self._refused: dict[Format, int] = {}
        """The fewest options refused; 0 for a path that is not there."""

    def requests(self, prompt: EndpointPrompt, bins: bool) -> int:
        """The most requests that a decision can take; 0 if it is known that there will be none."""
        return sum(len(self._sizes(form, prompt, bins)) for form in FORMATS)

    def decide(self, prompt: EndpointPrompt, bins: bool, stop: threading.Event) -> tuple[Offer, Decision] | None:
        """Ask for a decision over all options, or over bins of them.

        Args:
            prompt: Its last message is what the question is about. A system message, which asks for a number, is left
                out: the server words the question and the form of the answer.
            bins: Whether neighbours on the axis are put in bins.
            stop: Ends the waiting between retries.

        Returns:
            What was asked, and the decision; None if the server answers no such question.

        Raises:
            ModelError: If a request fails permanently, or a reply is not an answer to the question.
        """
        about = prompt.messages[-1]
        for form in FORMATS:
            for most in self._sizes(form, prompt, bins):
                offer = in_bins(prompt, most) if bins else one_by_one(prompt)
                reply = self._send(form, request_body(form, self._chat.name, about["content"], offer), stop)
                if not self._answered(form, reply, len(offer.names)):
                    continue
                self._chat.spend(reply, estimated_tokens([about]), 0)
                decision = self._chat.read(partial(read_decision, form, names=offer.names), reply)
                with self._lock:
                    self.form = form
                    self._most[form] = max(self._most.get(form, 0), len(offer.names))
                return offer, decision
        return None

    def _send(self, form: Format, body: dict[str, Any], stop: threading.Event) -> Reply:
        """Send a request; a fault does not tell whether the server is only busy, so it is not taken for an answer."""
        try:
            return self._client.send(form, body, stop)
        except UnusableReplyError as error:
            if self._most:
                raise
            raise ModelError(f"{error}; {NO_DECISIONS}") from error

    def _sizes(self, form: Format, prompt: EndpointPrompt, bins: bool) -> list[int]:
        """Numbers of options, or of bins and options, that may be asked about, the largest first."""
        sizes = [most for most in SIZES if can_be_binned(prompt, most)] if bins else [len(prompt.values)]
        fit = [size for size in sizes if size < self._refused.get(form, math.inf)]
        return fit[:1] if fit and fit[0] <= self._most.get(form, 0) else fit

    def _answered(self, form: Format, reply: Reply, options: int) -> bool:
        """Whether a reply is an answer; if it is not, what it says about the server is kept, or raised.

        Some servers reply to paths that they do not have with status 200 and an error (LM Studio).
        """
        error = reply.data.get("error") if isinstance(reply.data, dict) and "answers" not in reply.data else None
        if reply.ok and not (error and form not in self._most):
            return True
        most = self._most.get(form, 0)
        if options <= most or (most and reply.status not in UNFIT):
            raise self._client.refusal_error(reply, form, self._chat.name)
        with self._lock:
            fewest = options if reply.status in UNFIT else 0
            self._refused[form] = min(fewest, self._refused.get(form, fewest))
        return False
