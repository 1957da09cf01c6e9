"""Chat completions of one model on one server: samples, log-probabilities, and turns that the server continues."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, TypeVar

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.client import EndpointClient, Reply, without_key
from socrates_core.model.endpoint.plan import ANSWER_TOKENS, estimated_tokens
from socrates_core.model.endpoint.reply import Completion, MalformedReplyError, text_of, used_tokens

T = TypeVar("T")

CHAT: Final = "chat/completions"
CONTINUED: Final = {"continue_final_message": True, "add_generation_prompt": False}
"""How vLLM and SGLang are asked to continue the assistant's turn; llama.cpp continues one that stands last anyway."""
COPY: Final = ("zqxv-4821-mnop", "zqxv-48", "21")
"""A text to copy, its beginning as the beginning of the assistant's turn, and how a continuation of it begins."""


class Chat:
    """Sends chat completions and learns in which words the server takes them. Thread-safe."""

    def __init__(self, client: EndpointClient, name: str, prefix: str = "") -> None:
        """Start without knowledge of what the server supports.

        Args:
            client: The connection.
            name: The model's name on the server.
            prefix: What the answer is to follow in the assistant's turn, if the server can continue one.
        """
        self.name = name
        self.prefix = prefix
        self.prefills: bool | None = None if prefix else False
        """Whether the assistant's turn begins with the prefix; None until `learn` has found out."""
        self.takes_seeds = True
        """False once the server has rejected a seed; its samples then cannot be reproduced."""
        self.counts: Counter[str] = Counter()
        """prompt_tokens, answer_tokens."""
        self._client = client
        self._limit_name = "max_tokens"
        self._continued: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._learning = threading.Lock()

    def learn(self, stop: threading.Event) -> None:
        """Find out whether the server continues the assistant's turn; one request, or two.

        Given the beginning of a copy, a server that does writes the rest, and one that starts a new turn all of it.

        Raises:
            ModelError: If a request fails permanently.
        """
        whole, begun, rest = COPY
        asked = [
            {"role": "user", "content": f"Copy this text exactly, and write nothing else: {whole}"},
            {"role": "assistant", "content": begun},
        ]
        with self._learning:
            for extra in (CONTINUED, {}) if self.prefills is None else ():
                reply = self._complete(asked, {"temperature": 0, **extra}, ANSWER_TOKENS, stop)
                if reply.ok and self.read(text_of, reply).text.startswith(rest):
                    self._continued, self.prefills = dict(extra), True
                    return
            self.prefills = bool(self.prefills)

    def log_probs(self, messages: list[dict[str, str]], top: int, stop: threading.Event) -> Reply:
        """The reply to a request for the `top` most likely first tokens of an answer."""
        asked, extra = self._with_prefix(messages)
        wanted = {"logprobs": True, "temperature": 1, "top_p": 1, "top_logprobs": top, **extra}
        return self._complete(asked, wanted, 1, stop)

    def sample(self, messages: list[dict[str, str]], seed: str, stop: threading.Event) -> Completion:
        """One sampled answer."""
        asked, extra = self._with_prefix(messages)
        return self.write(asked, seed, 1.0, stop, extra)

    def _with_prefix(self, messages: list[dict[str, str]]) -> tuple[list[dict[str, str]], Mapping[str, Any]]:
        """The messages with the beginning of the answer, and how to ask for its continuation."""
        if not self.prefills:
            return messages, {}
        return [*messages, {"role": "assistant", "content": self.prefix}], self._continued

    def write(
        self,
        messages: list[dict[str, str]],
        seed: str,
        temperature: float,
        stop: threading.Event,
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> Completion:
        """One sampled answer."""
        number = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") >> 1
        wanted = {"temperature": temperature, "top_p": 1, **extra}
        reply = self._complete(
            messages, {**wanted, "seed": number} if self.takes_seeds else wanted, ANSWER_TOKENS, stop
        )
        if reply.status in (400, 422) and self.takes_seeds and "seed" in reply.text.lower():
            self.takes_seeds = False
            reply = self._complete(messages, wanted, ANSWER_TOKENS, stop)
        if reply.status in (400, 422) and temperature > 1:  # some servers allow at most 1
            return self.write(messages, seed, 1.0, stop, extra)
        if not reply.ok:
            raise self._client.refusal_error(reply, CHAT, self.name)
        return self.read(text_of, reply)

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
            self.spend(reply, estimated_tokens(messages), limit)
        return reply

    def spend(self, reply: Reply, prompt_tokens: int, answer_tokens: int) -> None:
        """Count the tokens of a request, by the server's count or else these estimates."""
        prompt, answer = used_tokens(reply.data) or (prompt_tokens, answer_tokens)
        with self._lock:
            self.counts.update({"prompt_tokens": prompt, "answer_tokens": answer})

    def read(self, parse: Callable[[Any], T], reply: Reply) -> T:
        try:
            return parse(reply.data)
        except MalformedReplyError as error:
            raise ModelError(
                f"{self._client.url} does not reply like an OpenAI-compatible server: {without_key(str(error))[:300]} "
                f"(the reply begins {reply.text[:120]!r})"
            ) from None
