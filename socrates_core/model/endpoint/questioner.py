"""The three methods of obtaining one persona's answer from a server, and which of them the server supports."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import Method
from socrates_core.model.endpoint.chat import CHAT, Chat
from socrates_core.model.endpoint.client import EndpointClient, without_key
from socrates_core.model.endpoint.plan import EndpointPrompt, estimated_tokens
from socrates_core.model.endpoint.reply import (
    Completion,
    decision_probs,
    first_number,
    first_tokens,
    option_probs,
)
from socrates_core.scale.distribution import Floats

TOP: Final = (20, 5)
"""Log-probabilities requested per token: the most that hosted servers return, then what the strictest allows."""
MORE: Final = (1000, 100)
"""Requested where `TOP[0]` leave options undetermined: llama.cpp returns any number, vLLM what it is started with."""
NO_LOGPROBS: Final = re.compile("logprob|top_n_tokens", re.IGNORECASE)
"""Terms in a refusal for log-probabilities; the second is TGI's word."""
PATIENCE: Final = 4
"""Multiple of `samples`: the maximum number of answers drawn for a persona with too few answers on the scale."""
QUESTION: Final = "Which of these answers does this person give?"
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
    answers: int | None = None
    """Sampled answers on the scale that `probs` rests on; None if it is not sampled."""


class Questioner:
    """Queries one model on one server, one persona per call. Thread-safe."""

    def __init__(self, client: EndpointClient, name: str, prefix: str = "") -> None:
        """Start without knowledge of what the server supports.

        Args:
            client: The connection.
            name: The model's name on the server.
            prefix: What the answer is to follow in the assistant's turn, if the server can continue one.
        """
        self.name = name
        self.chat = Chat(client, name, prefix)
        self.counts: Counter[str] = Counter()
        """off_scale, unreadable."""
        self._client = client
        self._settings = client.settings
        self._lock = threading.Lock()
        self._samples: dict[str, dict[int, Completion]] = {}
        # None: not known yet
        self._logprobs: bool | None = None
        self._typed: bool | None = None
        self._samples_differ: bool | None = None
        self._refused: set[tuple[Method, tuple[str, ...]]] = set()
        self._top = TOP[0]
        self._more: tuple[int, ...] = MORE

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
        if self.chat.prefills is None:
            self.chat.learn(stop)
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
            texts = {self.chat.write(PROBE, f"probe:{index}", 2.0, stop).text for index in range(3)}
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
        if (
            method in ("auto", "exact")
            and len(values) <= max(self._top, *self._more, 0)
            and self._logprobs is not False
        ):
            ways.append("exact")
        if method == "typed" or (method == "auto" and self._logprobs is not True and self._typed is not False):
            ways.append("typed")
        if method in ("auto", "sampled"):
            ways.append("sampled")
        return [way for way in ways if (way, values) not in self._refused]

    def _exact(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer | None:
        """From the log-probabilities of the first token; None if they do not cover every option."""
        tokens = self._first_tokens(prompt, stop)
        if tokens is None:
            self._logprobs = bool(self._logprobs)  # one reply without them does not override earlier ones with them
            return None
        self._logprobs = True
        probs = option_probs(tokens, prompt.values)
        while probs is None and self._more:
            longer = self._longer_list(prompt, len(tokens), stop)
            tokens = tokens if longer is None else longer
            probs = option_probs(tokens, prompt.values)
        if probs is not None:
            return Answer(probs / probs.sum(), min(1.0, float(probs.sum())), "exact")
        if any(len(value) > 1 and value not in tokens for value in prompt.values):
            self._refused.add(("exact", prompt.values))  # options of several tokens, for every persona alike
        return None

    def _first_tokens(self, prompt: EndpointPrompt, stop: threading.Event) -> dict[str, float] | None:
        """The probabilities of the most likely first tokens; None if the server has no log-probabilities."""
        reply = self.chat.log_probs(prompt.messages, self._top, stop)
        if reply.status in (400, 422) and NO_LOGPROBS.search(reply.text) and self._top != TOP[-1]:
            reply = self.chat.log_probs(prompt.messages, TOP[-1], stop)
            if reply.ok:
                self._top, self._more = TOP[-1], ()
        if not reply.ok and not NO_LOGPROBS.search(reply.text):
            raise self._client.refusal_error(reply, CHAT, self.name)
        return self.chat.read(first_tokens, reply) if reply.ok else None

    def _longer_list(self, prompt: EndpointPrompt, listed: int, stop: threading.Event) -> dict[str, float] | None:
        """The same from the next longer list of `_more`, which is kept if the server returns it; otherwise None."""
        with self._lock:
            wanted, self._more = (self._more[0], self._more[1:]) if self._more else (0, ())
        if not wanted:
            return None
        reply = self.chat.log_probs(prompt.messages, wanted, stop)
        tokens = self.chat.read(first_tokens, reply) if reply.ok else None
        if tokens is None or len(tokens) <= listed:  # refused, or cut down without a word
            return None
        self._top, self._more = wanted, ()
        return tokens

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
            self.chat.spend(reply, estimated_tokens([message]), 0)
            probs = self.chat.read(lambda data: decision_probs(data, "answer", prompt.values), reply)
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
        wanted = self._settings.samples
        fewest = min(self._settings.min_answers, (wanted + 1) // 2)
        while index < wanted or (counts.sum() < fewest and index < PATIENCE * wanted):
            if index not in drawn:
                seed = f"{self._settings.seed}:{index}:{prompt.key}"
                drawn[index] = self.chat.sample(prompt.messages, seed, stop)
            reading = first_number(drawn[index])
            if reading.value in prompt.values:
                counts[prompt.values.index(reading.value)] += 1
            else:
                off_scale += reading.is_number
                unreadable += not reading.is_number
            index += 1
        if counts.sum() < fewest:
            usable = "none" if not counts.any() else f"only {counts.sum():.0f}"
            raise ModelError(
                f"{self._client.url}: {usable} of {index} sampled answers of {self.name!r} is on the scale "
                f"{prompt.values[0]} to {prompt.values[-1]}, and a distribution has to rest on at least {fewest}; it "
                f"wrote {without_key(drawn[0].text)[:80]!r}; choose another template or model"
            )
        with self._lock:
            self.counts.update({"off_scale": off_scale, "unreadable": unreadable})
            if len({written.text for written in drawn.values()}) > 1:
                self._samples_differ = True
            self._samples.pop(prompt.key, None)
        return Answer(counts / counts.sum(), float(counts.sum()) / index, "sampled", int(counts.sum()))
