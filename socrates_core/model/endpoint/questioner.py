"""The four methods of obtaining one persona's answer from a server, and which of them the server supports."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import Method
from socrates_core.model.endpoint.answer import Answer, first_number, option_probs
from socrates_core.model.endpoint.chat import CHAT, Chat, Completion, first_tokens
from socrates_core.model.endpoint.client import EndpointClient, without_key
from socrates_core.model.endpoint.decision import Decider
from socrates_core.model.endpoint.plan import Way
from socrates_core.model.endpoint.prompt import EndpointPrompt

TOP: Final = (20, 5)
"""Log-probabilities requested per token: the most that hosted servers return, then what the strictest allows."""
MORE: Final = (1000, 100)
"""Requested where `TOP[0]` leave options undetermined: llama.cpp returns any number, vLLM what it is started with."""
NO_LOGPROBS: Final = re.compile("logprob|top_n_tokens", re.IGNORECASE)
"""Terms in a refusal for log-probabilities; the second is TGI's word."""
PATIENCE: Final = 4
"""Multiple of `samples`: the maximum number of answers drawn for a persona with too few answers on the scale."""
WAYS: Final[tuple[Method, ...]] = ("typed", "exact", "binned", "sampled")
"""Best first."""
TRAINED: Final[tuple[Method, ...]] = ("exact", "typed", "binned", "sampled")
"""Best first for a model that answers after its prompt template, which a typed decision puts aside."""
ALLOWED: Final[Mapping[Way, Collection[str]]] = {
    "auto": WAYS,
    "exact": ("exact",),
    "typed": ("typed", "binned"),
    "sampled": ("sampled",),
}
"""Method of the settings ↦ the ways that it leaves."""
PROBE: Final = [{"role": "user", "content": "Write ten random words and numbers. Be surprising."}]


class Questioner:
    """Queries one model on one server, one persona per call. Thread-safe."""

    def __init__(self, client: EndpointClient, name: str, prefix: str = "", trained: bool = False) -> None:
        """Start without knowledge of what the server supports.

        Args:
            client: The connection.
            name: The model's name on the server.
            prefix: What the answer is to follow in the assistant's turn, if the server can continue one.
            trained: Whether the model was trained to answer after its template.
        """
        self.name = name
        self.ways = TRAINED if trained else WAYS
        """The methods, best first."""
        self.chat = Chat(client, name, prefix)
        self.decider = Decider(client, self.chat)
        self.counts: Counter[str] = Counter()
        """off_scale, unreadable."""
        self._client = client
        self._settings = client.settings
        self._lock = threading.Lock()
        self._samples: dict[str, dict[int, Completion]] = {}
        # None: not known yet
        self._logprobs: bool | None = None
        self._samples_differ: bool | None = None
        self._undetermined: set[tuple[str, ...]] = set()
        """Scales on which log-probabilities do not determine every option."""
        self._top = TOP[0]
        self._more: tuple[int, ...] = MORE

    def fewest_requests(self, prompt: EndpointPrompt) -> int:
        """Requests with the best method not known to be unsupported."""
        return self._settings.samples if self._methods(prompt)[:1] == ["sampled"] else 1

    def most_requests(self, prompt: EndpointPrompt) -> int:
        """Requests if all better methods turn out to be unsupported."""
        most = {"exact": 1, "sampled": self._settings.samples}
        most |= {way: self.decider.requests(prompt, bins) for way, bins in (("typed", False), ("binned", True))}
        return sum(most[way] for way in self._methods(prompt))

    def answer(self, prompt: EndpointPrompt, stop: threading.Event) -> Answer:
        """Answer a prompt by the best method that the server supports.

        Raises:
            ModelError: If it supports none, or a request fails permanently or returns a malformed reply.
        """
        methods: dict[Method, Callable[[EndpointPrompt, threading.Event], Answer | None]] = {
            "exact": self._exact,
            "typed": lambda *asked: self._decide("typed", *asked),
            "binned": lambda *asked: self._decide("binned", *asked),
            "sampled": self._sample,
        }
        for name in self.ways:
            if name not in self._methods(prompt):  # checked each time: one method's reply can rule out the next
                continue
            if self.chat.prefills is None and name in ("exact", "sampled"):
                self.chat.learn(stop)
            answer = methods[name](prompt, stop)
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

    # -- the four methods -----------------------------------------------------------------------------------

    def _methods(self, prompt: EndpointPrompt) -> list[Method]:
        """The methods not known to be unsupported for a prompt, best first."""
        method = self._settings.method
        fits = len(prompt.values) <= max(self._top, *self._more, 0) and prompt.values not in self._undetermined
        # where log-probabilities go first, samples of the same answer stand in for them, not the answer to a question
        # in other words
        decides = self.ways is WAYS or self._logprobs is not True or method == "typed"
        possible = {
            "exact": fits and self._logprobs is not False,
            "typed": decides and self.decider.requests(prompt, bins=False) > 0,
            "binned": decides and self.decider.requests(prompt, bins=True) > 0,
            "sampled": True,
        }
        return [way for way in self.ways if possible[way] and way in ALLOWED[method]]

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
            self._undetermined.add(prompt.values)  # options of several tokens, for every persona alike
        return None

    def _first_tokens(self, prompt: EndpointPrompt, stop: threading.Event) -> dict[str, float] | None:
        """The probabilities of the most likely first tokens; None if the server has no log-probabilities."""
        reply = self.chat.log_probs(prompt.messages, self._top, stop)
        if reply.status in (400, 422) and NO_LOGPROBS.search(reply.text) and self._top != TOP[-1]:
            reply = self.chat.log_probs(prompt.messages, TOP[-1], stop)
            if reply.ok:
                self._top, self._more = TOP[-1], ()
        if not reply.ok and not NO_LOGPROBS.search(reply.text):
            if self._logprobs is None and self.decider.requests(prompt, bins=True):
                return None  # a server of decisions alone has no chat
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

    def _decide(self, way: Method, prompt: EndpointPrompt, stop: threading.Event) -> Answer | None:
        """From a typed decision over all options, or over bins of them; None if the server answers no such question."""
        made = self.decider.decide(prompt, way == "binned", stop)
        if made is None:
            return None
        offer, decision = made
        return Answer(offer.spread(decision.probs), decision.mass, way)

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
