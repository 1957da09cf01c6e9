"""The three ways to learn from a server how one persona answers, and which of them it offers."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeVar

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import Method
from socrates_core.model.endpoint.client import EndpointClient, Reply, without_key
from socrates_core.model.endpoint.plan import ANSWER_TOKENS, EndpointPrompt, estimated_tokens
from socrates_core.model.endpoint.reply import (
    MalformedReplyError,
    Written,
    decision_probs,
    first_number,
    first_tokens,
    option_probs,
    text_of,
    used_tokens,
)
from socrates_core.scale.distribution import Floats

T = TypeVar("T")

TOP: Final = (20, 5)
"""How many log-probabilities of a token are asked for: as many as any server gives, and as few as the strictest."""
NO_LOGPROBS: Final = re.compile("logprob|top_n_tokens", re.IGNORECASE)
"""How a refusal speaks of log-probabilities; the second is TGI's word."""
PATIENCE: Final = 4
"""Times `samples`: how many answers are drawn at most for a persona none of whose answers is on the scale."""
QUESTION: Final = "Which of these answers does this person give?"
CHAT: Final = "chat/completions"
TYPED: Final = "systemone"
PROBE: Final = [{"role": "user", "content": "Write ten random words and numbers. Be surprising."}]


@dataclass(frozen=True, eq=False)
class Answer:
    """How one persona answers."""

    probs: Floats
    """(K,) summing to 1."""
    mass: float
    """In [0, 1]: the share on the scale before renormalising."""
    method: Method


class Questioner:
    """Asks one model on one server about one persona at a time, from several threads."""

    def __init__(self, client: EndpointClient, name: str) -> None:
        """Know nothing yet of what the server offers."""
        self.name = name
        self.counts: Counter[str] = Counter()
        """off_scale, unreadable, prompt_tokens, answer_tokens."""
        self.takes_seeds = True
        """False once the server refused one: its samples cannot be repeated."""
        self._client = client
        self._settings = client.settings
        self._lock = threading.Lock()
        self._samples: dict[str, dict[int, Written]] = {}
        # None is not known yet
        self._logprobs: bool | None = None
        self._typed: bool | None = None
        self._samples_differ: bool | None = None
        self._refused: set[tuple[Method, tuple[int, ...]]] = set()
        self._limit_name = "max_tokens"
        self._top = TOP[0]

    def fewest_requests(self, prompt: EndpointPrompt) -> int:
        """In the best way that the server is not known to lack."""
        return self._settings.samples if self._ways(prompt.values)[:1] == ["sampled"] else 1

    def most_requests(self, prompt: EndpointPrompt) -> int:
        """When every better way turns out to be lacking."""
        return sum(self._settings.samples if way == "sampled" else 1 for way in self._ways(prompt.values))

    def answer(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer:
        """Ask in the best way that the server offers.

        Raises:
            ModelError: If it offers none, fails for good, or answers nonsense.
        """
        asks: dict[Method, Callable[[EndpointPrompt, threading.Event], Answer | None]] = {
            "exact": self._exact,
            "typed": self._decide,
            "sampled": self._sample,
        }
        for way, ask in asks.items():
            if way in self._ways(prompt.values):  # what one way finds out can rule out the next
                answer = ask(prompt, stop)
                if answer is not None:
                    return answer
        method, count = self._settings.method, len(prompt.values)
        lacking = "typed decisions over" if method == "typed" else "log-probabilities that tell"
        raise ModelError(
            f"{self._client.url} gives no {lacking} all {count} options of the scale, which method {method} needs; "
            "choose method auto or sampled"
        )

    def check_that_it_samples(self) -> None:
        """Refuse a server that decodes greedily: its samples would look like people who all agree.

        Where the samples of no persona ever differed, the model may be that sure; a random task at a high temperature
        tells.

        Raises:
            ModelError: If three seeds give the same text.
        """
        if self._samples_differ is None:
            stop = threading.Event()
            texts = {self._write(PROBE, f"probe:{index}", 2.0, stop).text for index in range(3)}
            self._samples_differ = len(texts) > 1
        if not self._samples_differ:
            raise ModelError(
                f"{self._client.url} writes the same text whatever the seed and temperature: it does not sample, so "
                "its answers are no distribution; switch sampling on (for transformers serve: `do_sample` in the "
                "model's generation_config.json), or choose method exact or typed"
            )

    # -- the three ways --------------------------------------------------------------------------------------

    def _ways(self, values: tuple[int, ...]) -> list[Method]:
        """Those that the server is not known to lack for a scale, the best first."""
        method = self._settings.method
        ways: list[Method] = []
        if method in ("auto", "exact") and len(values) <= self._top and self._logprobs is not False:
            ways.append("exact")
        if method == "typed" or (method == "auto" and self._logprobs is not True and self._typed is not False):
            ways.append("typed")
        if method in ("auto", "sampled"):
            ways.append("sampled")
        return [way for way in ways if (way, values) not in self._refused]

    def _exact(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer | None:
        """From the log-probabilities of the first token; None where they do not tell every option."""
        wanted = {"logprobs": True, "temperature": 1, "top_p": 1}
        reply = self._complete(prompt.messages, {**wanted, "top_logprobs": self._top}, 1, stop)
        if reply.status in (400, 422) and NO_LOGPROBS.search(reply.text):
            reply = self._complete(prompt.messages, {**wanted, "top_logprobs": TOP[-1]}, 1, stop)
            self._top = TOP[-1] if reply.ok else self._top
        if not reply.ok and not NO_LOGPROBS.search(reply.text):
            raise self._client.refusal(reply, CHAT, self.name)
        tokens = self._read(first_tokens, reply) if reply.ok else None
        if tokens is None:
            self._logprobs = bool(self._logprobs)  # one reply without them does not undo those that had them
            return None
        self._logprobs = True
        probs = option_probs(tokens, prompt.values)
        if probs is not None:
            return Answer(probs / probs.sum(), min(1.0, float(probs.sum())), "exact")
        if any(len(str(value)) > 1 and str(value) not in tokens for value in prompt.values):
            self._refused.add(("exact", prompt.values))  # written in several tokens: so it is for every persona
        return None

    def _decide(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer | None:
        """From a typed decision; None where the server has none over these options."""
        question = {
            "type": "choice",
            "instructions": QUESTION,
            "criteria": {str(value): prompt.labels.get(value) for value in prompt.values},
        }
        # without the system message: it asks for a number in so many words, and here a letter is the answer
        asked = prompt.messages[-1]
        body = {"model": self.name, "state": asked["content"], "questions": {"answer": question}}
        reply = self._client.ask(TYPED, body, stop)
        if reply.ok:
            self._typed = True
            self._spend(reply, estimated_tokens([asked]), 0)
            probs = self._read(lambda data: decision_probs(data, "answer", prompt.values), reply)
            return Answer(probs, 1.0, "typed")
        if reply.status in (400, 413, 422):  # too many options for this model, or labels that it has no tokens for
            self._refused.add(("typed", prompt.values))
        elif self._typed:
            raise self._client.refusal(reply, TYPED, self.name)
        else:
            self._typed = False
        return None

    def _sample(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer:
        """From the first numbers of sampled answers; those finished before a failure are not drawn again."""
        with self._lock:
            drawn = self._samples.setdefault(prompt.key, {})
        counts = np.zeros(len(prompt.values))
        off_scale = unreadable = index = 0
        while index < self._settings.samples or (not counts.any() and index < PATIENCE * self._settings.samples):
            if index not in drawn:
                seed = f"{self._settings.seed}:{index}:{prompt.key}"
                drawn[index] = self._write(prompt.messages, seed, 1.0, stop)
            reading = first_number(drawn[index])
            if reading.value in prompt.values:
                counts[prompt.values.index(reading.value)] += 1
            else:
                off_scale += reading.is_number
                unreadable += not reading.is_number
            index += 1
        if not counts.any():
            raise ModelError(
                f"{self._client.url}: none of {index} sampled answers of {self.name!r} is on the scale "
                f"{prompt.values[0]} to {prompt.values[-1]}; it wrote {without_key(drawn[0].text)[:80]!r}; choose "
                "another template or model"
            )
        with self._lock:
            self.counts.update({"off_scale": off_scale, "unreadable": unreadable})
            if len({written.text for written in drawn.values()}) > 1:
                self._samples_differ = True
            self._samples.pop(prompt.key, None)
        return Answer(counts / counts.sum(), float(counts.sum()) / index, "sampled")

    # -- one request -----------------------------------------------------------------------------------------

    def _write(self, asked: list[dict[str, str]], seed: str, temperature: float, stop: threading.Event) -> Written:
        """One sampled answer."""
        number = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") >> 1
        wanted = {"temperature": temperature, "top_p": 1}
        reply = self._complete(asked, {**wanted, "seed": number} if self.takes_seeds else wanted, ANSWER_TOKENS, stop)
        if reply.status in (400, 422) and self.takes_seeds and "seed" in reply.text.lower():
            self.takes_seeds = False
            reply = self._complete(asked, wanted, ANSWER_TOKENS, stop)
        if reply.status in (400, 422) and temperature > 1:  # some servers allow no more than 1
            return self._write(asked, seed, 1.0, stop)
        if not reply.ok:
            raise self._client.refusal(reply, CHAT, self.name)
        return self._read(text_of, reply)

    def _complete(
        self, asked: list[dict[str, str]], wanted: dict[str, Any], limit: int, stop: threading.Event
    ) -> Reply:
        """A chat completion; newer hosted models call the limit of an answer by another name."""
        whole = {"model": self.name, "messages": asked, **wanted}
        reply = self._client.ask(CHAT, {**whole, self._limit_name: limit}, stop)
        if reply.status == 400 and self._limit_name == "max_tokens" and "max_completion_tokens" in reply.text:
            self._limit_name = "max_completion_tokens"
            reply = self._client.ask(CHAT, {**whole, self._limit_name: limit}, stop)
        if reply.ok:
            self._spend(reply, estimated_tokens(asked), limit)
        return reply

    def _spend(self, reply: Reply, prompt_tokens: int, answer_tokens: int) -> None:
        """Count the tokens of a request: the server's count where it gives one, else these."""
        prompt, answer = used_tokens(reply.data) or (prompt_tokens, answer_tokens)
        with self._lock:
            self.counts.update({"prompt_tokens": prompt, "answer_tokens": answer})

    def _read(self, parse: Callable[[Any], T], reply: Reply) -> T:
        try:
            return parse(reply.data)
        except MalformedReplyError as error:
            raise ModelError(
                f"{self._client.url} does not answer as an OpenAI-compatible server: {without_key(str(error))[:300]} "
                f"(the reply begins {reply.text[:120]!r})"
            ) from None
