"""Chat completions of one model on one server: samples, log-probabilities, and turns that the server continues.

A reply that does not follow the protocol is an error that names the field; nothing is guessed.
"""

import json
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.client import EndpointClient, Reply, without_key
from socrates_core.model.endpoint.plan import ANSWER_TOKENS
from socrates_core.model.endpoint.prompt import estimated_tokens
from socrates_core.study.incoming.fields import Expected, whole
from socrates_core.study.incoming.problems import Place, first_problem

T = TypeVar("T")
Part = TypeVar("Part", bound="ReplyPart")

CHAT: Final = "chat/completions"
CONTINUED: Final = {"continue_final_message": True, "add_generation_prompt": False}
"""How vLLM and SGLang are asked to continue the assistant's turn; llama.cpp continues one that stands last anyway."""
COPY: Final = ("zqxv-4821-mnop", "zqxv-48", "21")
"""A text to copy, its beginning as the beginning of the assistant's turn, and how a continuation of it begins."""

ROUNDING: Final = 1e-3
"""How far the sum of a server's probabilities may deviate from 1."""

SAYS_MISSING: Final = -9000.0
"""Servers write −9999 for a token of negligible probability."""


@dataclass(frozen=True)
class Completion:
    """The text that a model wrote."""

    text: str
    is_cut: bool
    """Whether it was cut off at the token limit."""


class MalformedReplyError(ValueError):
    """A reply that lacks fields of the protocol, or has impossible values in them."""


Text = Annotated[str, Expected("a text")]


class ReplyPart(BaseModel):
    """What is read of an object in a reply; other keys may stand beside it."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Message(ReplyPart):
    content: Text | None
    """None for a refusal, or for reasoning alone."""


class _Written(ReplyPart):
    message: _Message
    finish_reason: Any = None


class _Texts(ReplyPart):
    """A chat completion of which the text is read."""

    choices: Annotated[list[_Written], Field(min_length=1)]


class _Token(ReplyPart):
    token: Text
    logprob: Annotated[float, Expected("a log-probability of at most 0", le=ROUNDING)]

    @property
    def prob(self) -> float:
        return 0.0 if self.logprob <= SAYS_MISSING else min(1.0, math.exp(self.logprob))


class _Drawn(_Token):
    top_logprobs: list[_Token]


class _Logs(ReplyPart):
    content: list[Any]


def _logs(raw: Any) -> Any:
    """Log-probabilities as chat completions have them; servers without them fill the place with all sorts of things."""
    return raw if isinstance(raw, dict) and raw.get("content") else None


class _Logged(ReplyPart):
    logprobs: Annotated[_Logs | None, BeforeValidator(_logs)] = None


class _Logprobs(ReplyPart):
    """A chat completion of which the log-probabilities are read."""

    choices: Annotated[list[_Logged], Field(min_length=1)]


class _Usage(ReplyPart):
    prompt: Annotated[int, whole(0)] = Field(validation_alias=AliasChoices("prompt_tokens", "input_tokens"))
    answer: Annotated[int, whole(0)] = Field(0, validation_alias=AliasChoices("completion_tokens", "output_tokens"))


def read_part(kind: type[Part], data: Any, at: Place = ()) -> Part:
    """A reply, or the part of it at a place, as it has to be.

    Raises:
        MalformedReplyError: If it is not so, or holds an error; names the field.
    """
    if not at and isinstance(data, dict) and data.get("error"):
        raise MalformedReplyError(f"the reply holds an error: {data['error']}")
    try:
        return kind.model_validate(data)
    except ValidationError:
        try:  # once more without the key, a part of which the message could quote
            return kind.model_validate(json.loads(without_key(json.dumps(data))))
        except ValidationError as error:
            raise MalformedReplyError(first_problem(error, at=at)) from None


def text_of(data: Any) -> Completion:
    """The text of a chat completion.

    Raises:
        MalformedReplyError: If the reply has no text.
    """
    written = read_part(_Texts, data).choices[0]
    return Completion(written.message.content or "", is_cut=written.finish_reason == "length")


def first_tokens(data: Any) -> dict[str, float] | None:
    """Probabilities of the most likely first tokens, by their text without outer blanks; None if the server returned
    no log-probabilities.

    Tokens that differ only in blanks write the same number, so their probabilities are added.

    Raises:
        MalformedReplyError: If log-probabilities are present but malformed.
    """
    logs = read_part(_Logprobs, data).choices[0].logprobs
    if logs is None or (isinstance(logs.content[0], dict) and not logs.content[0].get("top_logprobs")):
        return None
    drawn = read_part(_Drawn, logs.content[0], ("choices", 0, "logprobs", "content", 0))
    listed: list[_Token] = [*drawn.top_logprobs]
    if drawn.token not in {one.token for one in listed}:  # it is listed separately if it is not among the top
        listed.append(drawn)
    out: dict[str, float] = {}
    for one in listed:
        out[one.token.strip()] = out.get(one.token.strip(), 0.0) + one.prob
    if sum(out.values()) > 1 + ROUNDING:
        raise MalformedReplyError(f"the first token's probabilities sum to {sum(out.values()):.4g}, more than 1")
    return out


def used_tokens(data: Any) -> tuple[int, int] | None:
    """Prompt and answer tokens as counted by the server; None if it does not count them."""
    try:
        usage = _Usage.model_validate(data.get("usage") if isinstance(data, dict) else None)
    except ValidationError:
        return None
    return usage.prompt, usage.answer


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
        text, begun, rest = COPY
        asked = [
            {"role": "user", "content": f"Copy this text exactly, and write nothing else: {text}"},
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
        body = {"model": self.name, "messages": messages, **wanted}
        reply = self._client.send(CHAT, {**body, self._limit_name: limit}, stop)
        if reply.status == 400 and self._limit_name == "max_tokens" and "max_completion_tokens" in reply.text:
            self._limit_name = "max_completion_tokens"
            reply = self._client.send(CHAT, {**body, self._limit_name: limit}, stop)
        if reply.ok:
            self.spend(reply, estimated_tokens(messages), limit)
        return reply

    def spend(self, reply: Reply, prompt_tokens: int, answer_tokens: int) -> None:
        """Count the tokens of a request, by the server's count or else these estimates."""
        prompt, answer = used_tokens(reply.data) or (prompt_tokens, answer_tokens)
        with self._lock:
            self.counts.update({"prompt_tokens": prompt, "answer_tokens": answer})

    def read(self, parse: Callable[[Any], T], reply: Reply) -> T:
        """What `parse` makes of a reply.

        Raises:
            ModelError: If it is malformed.
        """
        try:
            return parse(reply.data)
        except MalformedReplyError as error:
            raise ModelError(
                f"{self._client.url} does not reply like an OpenAI-compatible server: {without_key(str(error))[:300]} "
                f"(the reply begins {reply.text[:120]!r})"
            ) from None
