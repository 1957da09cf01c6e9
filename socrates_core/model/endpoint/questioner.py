"""The three methods of obtaining one persona's answer from a server, and which of them the server supports."""

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
    Completion,
    MalformedReplyError,
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
"""Log-probabilities requested per token: the most that any server returns, then the most that the strictest allows."""
NO_LOGPROBS: Final = re.compile("logprob|top_n_tokens", re.IGNORECASE)
"""Terms in a refusal for log-probabilities; the second is TGI's word."""
PATIENCE: Final = 4
"""Multiple of `samples`: the maximum number of answers drawn for a persona none of whose answers is on the scale."""
QUESTION: Final = "Which of these answers does this person give?"
CHAT: Final = "chat/completions"
TYPED: Final = "systemone"
PROBE: Final = [{"role": "user", "content": "Write ten random words and numbers. Be surprising."}]


@dataclass(frozen=True, eq=False)
class Answer:
    """The predicted answer of one persona."""

    probs: Floats
    """(K,) summing to 1."""
    mass: float
    """In [0, 1]: the share of the probability mass on the scale before renormalising."""
    method: Method


class Questioner:
    """Queries one model on one server, one persona per call. Thread-safe."""

    def __init__(self, client: EndpointClient, name: str) -> None:
        """Start without knowledge of what the server supports."""
        self.name = name
        self.counts: Counter[str] = Counter()
        """off_scale, unreadable, prompt_tokens, answer_tokens."""
        self.takes_seeds = True
        """False once the server has rejected a seed; its samples then cannot be reproduced."""
        self._client = client
        self._settings = client.settings
        self._lock = threading.Lock()
        self._samples: dict[str, dict[int, Completion]] = {}
        # None: not known yet
        self._logprobs: bool | None = None
        self._typed: bool | None = None
        self._samples_differ: bool | None = None
        self._refused: set[tuple[Method, tuple[str, ...]]] = set()
        self._limit_name = "max_tokens"
        self._top = TOP[0]

    def fewest_requests(self, prompt: EndpointPrompt) -> int:
        """Requests with the best method not known to be unsupported."""
        return self._settings.samples if self._methods(prompt.values)[:1] == ["sampled"] else 1

    def most_requests(self, prompt: EndpointPrompt) -> int:
        """Requests if all better methods turn out to be unsupported."""
        return sum(self._settings.samples if way == "sampled" else 1 for way in self._methods(prompt.values))

    def answer(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer:
        """Answer a prompt by the best method that the server supports.

        Raises:
            ModelError: If it supports none, or a request fails permanently or returns a malformed reply.
        """
        methods: dict[Method, Callable[[EndpointPrompt, threading.Event], Answer | None]] = {
            "exact": self._exact,
            "typed": self._decide,
            "sampled": self._sample,
        }
        for name, query in methods.items():
            if name in self._methods(prompt.values):  # checked each time: one method's reply can rule out the next
                answer = query(prompt, stop)
                if answer is not None:
                    return answer
        method, count = self._settings.method, len(prompt.values)
        lacking = "typed decisions over" if method == "typed" else "log-probabilities for"
        raise ModelError(
            f"{self._client.url} returns no {lacking} all {count} options of the scale, which method {method} "
            "requires; choose method auto or sampled"
        )

    def check_sampling(self) -> None:
        """Refuse a server that decodes greedily: its samples would look like people who all agree.

        If no persona's samples ever differed, the model may still just be certain; a random task at a high temperature
        decides.

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
                "its answers do not form a distribution; enable sampling (for transformers serve: `do_sample` in the "
                "model's generation_config.json), or choose method exact or typed"
            )

    # -- the three methods -----------------------------------------------------------------------------------

    def _methods(self, values: tuple[str, ...]) -> list[Method]:
        """The methods not known to be unsupported for a scale, best first."""
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
        """From the log-probabilities of the first token; None if they do not cover every option."""
        wanted = {"logprobs": True, "temperature": 1, "top_p": 1}
        reply = self._complete(prompt.messages, {**wanted, "top_logprobs": self._top}, 1, stop)
        if reply.status in (400, 422) and NO_LOGPROBS.search(reply.text):
            reply = self._complete(prompt.messages, {**wanted, "top_logprobs": TOP[-1]}, 1, stop)
            self._top = TOP[-1] if reply.ok else self._top
        if not reply.ok and not NO_LOGPROBS.search(reply.text):
            raise self._client.refusal_error(reply, CHAT, self.name)
        tokens = self._read(first_tokens, reply) if reply.ok else None
        if tokens is None:
            self._logprobs = bool(self._logprobs)  # one reply without them does not override earlier ones with them
            return None
        self._logprobs = True
        probs = option_probs(tokens, prompt.values)
        if probs is not None:
            return Answer(probs / probs.sum(), min(1.0, float(probs.sum())), "exact")
        if any(len(value) > 1 and value not in tokens for value in prompt.values):
            self._refused.add(("exact", prompt.values))  # options of several tokens, for every persona alike
        return None

    def _decide(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer | None:
        """From a typed decision; None if the server supports none over these options."""
        question = {
            "type": "choice",
            "instructions": QUESTION,
            "criteria": {value: prompt.labels.get(value) for value in prompt.values},
        }
        # without the system message, which requests a number, while here the answer is a letter
        message = prompt.messages[-1]
        body = {"model": self.name, "state": message["content"], "questions": {"answer": question}}
        reply = self._client.send(TYPED, body, stop)
        if reply.ok:
            self._typed = True
            self._spend(reply, estimated_tokens([message]), 0)
            probs = self._read(lambda data: decision_probs(data, "answer", prompt.values), reply)
            return Answer(probs, 1.0, "typed")
        if reply.status in (400, 413, 422):  # too many options for this model, or labels without tokens
            self._refused.add(("typed", prompt.values))
        elif self._typed:
            raise self._client.refusal_error(reply, TYPED, self.name)
        else:
            self._typed = False
        return None

    def _sample(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer:
        """From the first numbers of sampled answers; samples finished before a failure are reused."""
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

    def _write(
        self, messages: list[dict[str, str]], seed: str, temperature: float, stop: threading.Event
    ) -> Completion:
        """One sampled answer."""
        number = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") >> 1
        wanted = {"temperature": temperature, "top_p": 1}
        reply = self._complete(
            messages, {**wanted, "seed": number} if self.takes_seeds else wanted, ANSWER_TOKENS, stop
        )
        if reply.status in (400, 422) and self.takes_seeds and "seed" in reply.text.lower():
            self.takes_seeds = False
            reply = self._complete(messages, wanted, ANSWER_TOKENS, stop)
        if reply.status in (400, 422) and temperature > 1:  # some servers allow at most 1
            return self._write(messages, seed, 1.0, stop)
        if not reply.ok:
            raise self._client.refusal_error(reply, CHAT, self.name)
        return self._read(text_of, reply)

    def _complete(
        self, messages: list[dict[str, str]], wanted: dict[str, Any], limit: int, stop: threading.Event
    ) -> Reply:
        """A chat completion; newer hosted models use another name for the token limit."""
        whole = {"model": self.name, "messages": messages, **wanted}
        reply = self._client.send(CHAT, {**whole, self._limit_name: limit}, stop)
        if reply.status == 400 and self._limit_name == "max_tokens" and "max_completion_tokens" in reply.text:
            self._limit_name = "max_completion_tokens"
            reply = self._client.send(CHAT, {**whole, self._limit_name: limit}, stop)
        if reply.ok:
            self._spend(reply, estimated_tokens(messages), limit)
        return reply

    def _spend(self, reply: Reply, prompt_tokens: int, answer_tokens: int) -> None:
        """Count the tokens of a request, by the server's count or else these estimates."""
        prompt, answer = used_tokens(reply.data) or (prompt_tokens, answer_tokens)
        with self._lock:
            self.counts.update({"prompt_tokens": prompt, "answer_tokens": answer})

    def _read(self, parse: Callable[[Any], T], reply: Reply) -> T:
        try:
            return parse(reply.data)
        except MalformedReplyError as error:
            raise ModelError(
                f"{self._client.url} does not reply like an OpenAI-compatible server: {without_key(str(error))[:300]} "
                f"(the reply begins {reply.text[:120]!r})"
            ) from None
