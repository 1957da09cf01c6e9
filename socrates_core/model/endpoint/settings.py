"""How a server is asked."""

from dataclasses import dataclass
from typing import Literal

from socrates_core.errors import ModelError

Way = Literal["auto", "exact", "typed", "sampled"]


@dataclass(frozen=True)
class EndpointSettings:
    """Ways, limits and the price; a value out of range is a ModelError."""

    method: Way = "auto"
    """`exact`: log-probabilities of the first token; `typed`: the server's typed decisions; `sampled`: `samples`
    answers for each persona; `auto`: the first of these that the server offers for the scale at hand."""
    samples: int = 10
    """Answers drawn for each persona where its distribution is sampled."""
    seed: int = 0
    """Of the samples, on a server that honours seeds."""
    concurrency: int = 8
    """Requests under way at once."""
    retries: int = 5
    """How often a request is sent again after a busy server, a fault on the way, or a time-out."""
    timeout: float = 120.0
    """Seconds until a reply must be complete."""
    first_wait: float = 0.5
    """Seconds before the first retry; doubles each time, shortened by up to half at random."""
    longest_wait: float = 60.0
    """Seconds; a server that asks for more is given up."""
    max_requests: int | None = None
    """The budget: requests in the life of the model, retries included; None for no limit."""
    price_per_million: float | None = None
    """What a million tokens cost, in any currency, for prompts and answers alike; None when unknown."""

    def __post_init__(self) -> None:
        if self.method not in ("auto", "exact", "typed", "sampled"):
            raise ModelError(f"no method {self.method!r}; choose one of auto, exact, typed, sampled")
        whole = {"samples": (self.samples, 1), "concurrency": (self.concurrency, 1), "retries": (self.retries, 0)}
        if self.max_requests is not None:
            whole["max_requests"] = (self.max_requests, 0)
        for name, (value, least) in whole.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ModelError(f"{name} must be a whole number from {least} up, got {value!r}")
        parts = {"timeout": self.timeout, "first_wait": self.first_wait, "longest_wait": self.longest_wait}
        if self.price_per_million is not None:
            parts["price_per_million"] = self.price_per_million
        for name, amount in parts.items():
            if not 0 <= amount < float("inf") or (name == "timeout" and amount == 0):
                raise ModelError(f"{name} must be a positive number, got {amount!r}")
