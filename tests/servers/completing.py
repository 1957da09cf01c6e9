"""Servers that differ in how many log-probabilities they give and in whether they continue the assistant's turn."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.chat_server import Asked, Say, completion


@dataclass(frozen=True)
class Completing:
    """A server: llama.cpp continues a turn that stands last, vLLM does when asked to, most hosted ones never do."""

    continues: Literal["last", "asked", "never"] = "never"
    strict: bool = False
    """Whether fields that it does not know are refused."""
    most: int = 20
    """Log-probabilities that it gives."""
    cuts: bool = False
    """Whether a request for more is cut down without a word, in place of being refused."""
    first: Mapping[str, float] = field(default_factory=dict)
    """Token ↦ probability at the start of the model's turn."""
    after_prefix: Mapping[str, float] = field(default_factory=dict)
    """The same after the beginning of a turn."""

    def __call__(self, asked: Asked, _: int) -> Say:
        """Answer a chat completion."""
        body = asked.body
        known = self.continues == "asked"
        if self.strict and not known and "continue_final_message" in body:
            return _refusal("Unrecognized request argument supplied: continue_final_message")
        begun = body["messages"][-1]["content"] if body["messages"][-1]["role"] == "assistant" else ""
        goes_on = begun and (self.continues == "last" or (known and body.get("continue_final_message")))
        if "Copy this text" in body["messages"][0]["content"]:
            whole = body["messages"][0]["content"].rpartition(" ")[2]
            return completion(whole.removeprefix(begun) if goes_on else whole)
        return self._tokens(body, self.after_prefix if goes_on else self.first)

    def _tokens(self, body: dict[str, Any], probs: Mapping[str, float]) -> Say:
        if body["top_logprobs"] > self.most and not self.cuts:
            return _refusal(f"top_logprobs must be at most {self.most}")
        ranked = sorted(probs.items(), key=lambda pair: -pair[1])[: min(body["top_logprobs"], self.most)]
        return completion(ranked[0][0], {token: math.log(prob) for token, prob in ranked})


def chatting(server: Callable[[Asked, int], Say]) -> Callable[[Asked, int], Say]:
    """A list of models, and chat completions by `server`."""

    def answer(asked: Asked, before: int) -> Say:
        if asked.path == "/v1/models":
            return Say({"object": "list", "data": [{"id": "some/model:7b"}]})
        return server(asked, before) if asked.path == "/v1/chat/completions" else _refusal("no such path", 404)

    return answer


def _refusal(message: str, status: int = 400) -> Say:
    return Say({"error": {"message": message}}, status=status)
