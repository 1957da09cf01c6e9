"""Typed decisions of one model on one server, and what is known of which it answers."""

import math
import threading
from collections.abc import Callable
from typing import Any, Final

from socrates_core.errors import ModelError
from socrates_core.model.endpoint.chat import Chat
from socrates_core.model.endpoint.client import EndpointClient, Reply, UnusableReplyError
from socrates_core.model.endpoint.decision import FORMATS, Decision, Format, read_decision, request_body
from socrates_core.model.endpoint.offer import Offer, can_be_binned, in_bins, one_by_one
from socrates_core.model.endpoint.plan import EndpointPrompt, estimated_tokens

SIZES: Final = (255, 208, 26)
"""Most options of a question on different servers, tried in turn for a longer scale: OpenAI's and vLLM's `decisions`,
Fireworks's, and servers that read the answer as one letter."""
NO_DECISIONS: Final = (
    "if it has no typed decisions and cannot say so, name the template (--template shared): then it is asked for "
    "log-probabilities first"
)
UNFIT: Final = frozenset({400, 413, 422})
"""Statuses that refuse a question, as one with more options than the model has labels, and not the path."""


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
                decision = self._chat.read(_reader(form, offer), reply)
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


def _reader(form: Format, offer: Offer) -> Callable[[Any], Decision]:
    return lambda data: read_decision(form, data, offer.names)
