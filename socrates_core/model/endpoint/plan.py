"""What a run over an endpoint may take, what it is planned to take, and what it has taken."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from socrates_core.errors import ModelError
from socrates_core.study.incoming.fields import check_fields, number, one_of, whole

Way = Literal["auto", "exact", "typed", "sampled"]

ANSWER_TOKENS: Final = 16
"""Maximum tokens of a sampled answer: a few words and a number."""

_AT_LEAST_ONE: Final = whole(1)
_NONE_OR_MORE: Final = whole(0)
_SECONDS: Final = number("a number of seconds of 0 or more", ge=0)


@dataclass(frozen=True)
class EndpointSettings:
    """Method, limits and price; a value out of range raises a ModelError."""

    method: Annotated[Way, one_of(*get_args(Way))] = "auto"
    """`typed`: the server's typed decisions, over bins of the scale where it takes too few options; `exact`:
    log-probabilities of the first token; `sampled`: `samples` answers per persona; `auto`: the best of these that the
    server supports for the scale at hand."""
    samples: Annotated[int, _AT_LEAST_ONE] = 10
    """Answers drawn per persona when its distribution is sampled."""
    min_answers: Annotated[int, _AT_LEAST_ONE] = 5
    """The fewest answers on the scale that a sampled distribution may rest on, or half of `samples` if that is less. Up
    to four times `samples` are drawn to reach it, and a persona that does not is an error."""
    seed: int = 0
    """Seed of the samples, on a server that honours seeds."""
    concurrency: Annotated[int, _AT_LEAST_ONE] = 8
    """Maximum number of requests in flight."""
    retries: Annotated[int, _NONE_OR_MORE] = 5
    """Number of retries after a busy server, a network error or a time-out."""
    timeout: Annotated[float, number("a number of seconds above 0", gt=0)] = 120.0
    """Seconds within which a reply must be complete."""
    first_wait: Annotated[float, _SECONDS] = 0.5
    """Seconds before the first retry; doubles each time, shortened by up to half at random."""
    longest_wait: Annotated[float, _SECONDS] = 60.0
    """Maximum seconds to wait; a request is abandoned if the server asks for more."""
    max_requests: Annotated[int | None, _NONE_OR_MORE] = None
    """The budget: total requests of this model instance, retries included; None for no limit."""
    price_per_million: Annotated[float | None, number("a price of 0 or more", ge=0)] = None
    """Price of a million tokens, in any currency, the same for prompts and answers; None if unknown."""

    def __post_init__(self) -> None:
        try:
            check_fields(self)
        except ValueError as error:
            raise ModelError(str(error)) from None


@dataclass(frozen=True)
class EndpointPlan:
    """The planned requests of a run; cached answers cost nothing."""

    requests: int
    """Requests if every persona is answered by the best method not known to be unsupported."""
    most_requests: int
    """Requests if every persona has to be sampled; excludes retries."""
    prompt_tokens: int
    """Prompt tokens of `most_requests`, estimated as one token per four bytes of text."""
    answer_tokens: int
    """Maximum answer tokens of `most_requests`."""
    cost: float | None
    """Maximum cost of `most_requests`, in the currency of the price; None without a price."""


@dataclass(frozen=True)
class EndpointReport:
    """The requests to a server in this session, and what is to be known of its answers."""

    requests: int
    retries: int
    prompt_tokens: int
    """As counted by the server, or estimated if it does not count them."""
    answer_tokens: int
    cost: float | None
    """Cost at the price of the settings; None without one."""
    off_scale: int
    """Sampled answers whose first number is not an option."""
    unreadable: int
    """Sampled answers without a number."""
    defused: int
    """Prompts in which text that could end the turn (`<|im_end|>` and the like) was defused by a blank."""
    takes_seeds: bool
    """False if the server rejects seeds, so that its samples cannot be reproduced."""

    def __str__(self) -> str:
        """In words: what is zero is left out after the tokens."""
        told = [
            f"{_many(self.requests, 'request')}, {self.retries:,} of them retries",
            f"{self.prompt_tokens:,} tokens of prompts and {self.answer_tokens:,} of answers",
            "" if self.cost is None else f"cost {self.cost:,.2f}",
            f"{_many(self.off_scale, 'sampled answer')} off the scale" if self.off_scale else "",
            f"{_many(self.unreadable, 'sampled answer')} without a number" if self.unreadable else "",
            f"a blank put into {_many(self.defused, 'prompt')} with a control token" if self.defused else "",
            "" if self.takes_seeds else "the server takes no seeds, so its samples cannot be drawn again",
        ]
        return "; ".join(filter(None, told))


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
