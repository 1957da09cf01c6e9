"""Settings for querying a server."""

from dataclasses import dataclass
from typing import Literal

from socrates_core.errors import ModelError

Way = Literal["auto", "exact", "typed", "sampled"]


@dataclass(frozen=True)
class EndpointSettings:
    """Method, limits and price; a value out of range raises a ModelError."""

    method: Way = "auto"
    """`typed`: the server's typed decisions, over bins of the scale where it takes too few options; `exact`:
    log-probabilities of the first token; `sampled`: `samples` answers per persona; `auto`: the best of these that the
    server supports for the scale at hand."""
    samples: int = 10
    """Answers drawn per persona when its distribution is sampled."""
    min_answers: int = 5
    """The fewest answers on the scale that a sampled distribution may rest on, or half of `samples` if that is less. Up
    to four times `samples` are drawn to reach it, and a persona that does not is an error."""
    seed: int = 0
    """Seed of the samples, on a server that honours seeds."""
    concurrency: int = 8
    """Maximum number of requests in flight."""
    retries: int = 5
    """Number of retries after a busy server, a network error or a time-out."""
    timeout: float = 120.0
    """Seconds within which a reply must be complete."""
    first_wait: float = 0.5
    """Seconds before the first retry; doubles each time, shortened by up to half at random."""
    longest_wait: float = 60.0
    """Maximum seconds to wait; a request is abandoned if the server asks for more."""
    max_requests: int | None = None
    """The budget: total requests of this model instance, retries included; None for no limit."""
    price_per_million: float | None = None
    """Price of a million tokens, in any currency, the same for prompts and answers; None if unknown."""

    def __post_init__(self) -> None:
        if self.method not in ("auto", "exact", "typed", "sampled"):
            raise ModelError(f"no method {self.method!r}; choose one of auto, exact, typed, sampled")
        whole = {"samples": (self.samples, 1), "min_answers": (self.min_answers, 1)}
        whole |= {"concurrency": (self.concurrency, 1), "retries": (self.retries, 0)}
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
