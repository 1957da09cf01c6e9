"""One `choice` question in the two formats of typed decisions, and the probabilities in a server's reply.

- `decisions`: OpenAI's Decisions API, also served by vLLM, SGLang and LiteLLM; questions and probabilities are lists.
- `systemone`: the older System One API of `transformers serve`, sparrow-decider, Ollama and others; both are objects.

In both a server puts the options to its model in words of its own, and returns a probability for each. A reply with
other options than those offered, or whose probabilities do not sum to 1, is an error.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.offer import Offer
from socrates_core.model.endpoint.reply import MalformedReplyError, checked_number
from socrates_core.scale.distribution import Floats

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


@dataclass(frozen=True, eq=False)
class Decision:
    """A server's answer to one question over M options."""

    probs: Floats
    """(M,) summing to 1, in the order of the offer."""
    mass: float
    """In [0, 1]: the share of the model's probability on the options, before renormalising; 1 if it is not told."""


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
    answer, where = _answer(form, data)
    listed = answer.get("probabilities")
    if form == "systemone":
        found = list(listed.items()) if isinstance(listed, dict) else None
    else:
        found = [_pair(entry) for entry in listed] if isinstance(listed, list) else None
    if found is None:
        raise MalformedReplyError(f"the reply has no {where}.probabilities")
    counts = Counter(name for name, _ in found)
    missing = [name for name in names if name not in counts]
    others = [name for name in counts if name not in names]
    if missing:
        raise MalformedReplyError(f"{where}.probabilities lacks the options {missing[:5]}")
    if others or ("choice" in answer and answer["choice"] not in names):
        raise MalformedReplyError(f"{where} has options that were not offered: {(others or [answer['choice']])[:5]}")
    if len(found) > len(names):
        raise MalformedReplyError(f"{where}.probabilities has an option twice")
    by_name = {name: checked_number(value, "a probability") for name, value in found}
    return Decision(_summing_to_one([by_name[name] for name in names], where), _label_mass(data))


def _answer(form: Format, data: Any) -> tuple[Mapping[str, Any], str]:
    """The answer to the one question, and where it stands."""
    answers = data.get("answers") if isinstance(data, dict) else None
    if form == "systemone":
        answer, where = answers.get(NAME) if isinstance(answers, dict) else None, f"answers.{NAME}"
    else:
        single = isinstance(answers, list) and len(answers) == 1
        answer, where = answers[0] if single and answers else None, "answers[0]"
    if isinstance(data, dict) and data.get("error"):
        raise MalformedReplyError(f"the reply holds an error: {data['error']}")
    if not isinstance(answer, dict):
        raise MalformedReplyError(f"the reply has no {where}")
    if answer.get("type") == "refusal":
        raise ModelError("the model refuses to answer this question; choose another model, or method exact or sampled")
    if answer.get("type", "choice") != "choice":
        raise MalformedReplyError(f"{where} is of type {answer['type']!r}, not a choice")
    return answer, where


def _pair(entry: Any) -> tuple[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), str):
        raise MalformedReplyError("an entry of probabilities has no value")
    return entry["value"], entry.get("probability")


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


def _label_mass(data: Mapping[str, Any]) -> float:
    """The share of the vocabulary's probability that is on the options, which vLLM tells; 1 where it is not told."""
    told = data.get("diagnostics")
    about = told.get(NAME) if isinstance(told, dict) else None
    mass = about.get("label_mass") if isinstance(about, dict) else None
    if mass is None:
        return 1.0
    share = checked_number(mass, "label_mass")
    if not 0 <= share <= 1 + LEAST_ROOM:
        raise MalformedReplyError(f"label_mass is {share}, not a probability")
    return min(1.0, share)
