"""Templates: from a cell and a persona to the text up to where the answer starts.

Three templates, because a fine-tuned model answers well only in the words it was trained on:

- `socrates`: the words of the released `socratesft/*` models, persona first.
- `alpaca`: the form of the original run's files, persona first; the answer follows "Response: ".
- `shared`: instruction, stimulus, then persona, so that everyone in a cell shares the longest prefix. The default
  for new training.

A template reads a `Cell` and a `Persona` and nothing else, so it cannot reach a response. A prompt is a row of
segments. Control segments hold the chat frame's special tokens; text segments hold what people wrote and are
encoded as plain text, so that a stimulus that contains an end-of-turn token cannot end the turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from socrates_core.errors import ModelError
from socrates_core.study.alpaca_format import ANSWER_PREFIX, INSTRUCTION, demographics_line
from socrates_core.study.study_set import Cell, Persona


@dataclass(frozen=True)
class Segment:
    """A stretch of a prompt that is tokenised on its own.

    Neighbouring segments meet at a line break that no byte-level tokenizer merges over, so encoding them one by one
    gives the tokens of the whole and each distinct stimulus and persona is encoded once.
    """

    text: str
    control: bool = False
    """True for the chat frame, whose special tokens count as such; False for text, which has none."""


@dataclass(frozen=True)
class ChatFrame:
    """What a model's chat template puts around a system and a user message."""

    before_system: str
    before_user: str
    before_answer: str
    before_lone_user: str
    """In place of the first two, where a template has no system message; some models put a default one here."""


CHATML: Final = ChatFrame(
    before_system="<|im_start|>system\n",
    before_user="<|im_end|>\n<|im_start|>user\n",
    before_answer="<|im_end|>\n<|im_start|>assistant\n",
    before_lone_user="<|im_start|>user\n",
)
"""The frame of the Qwen2.5 family and of the demo model."""

SOCRATES_SYSTEM: Final = (
    "You are simulating a survey respondent. Answer exactly as instructed, following the specified response format "
    "without additional commentary."
)
SOCRATES_OPENING: Final = "You are a survey respondent with the following demographic profile:"
SOCRATES_REQUEST: Final = (
    "Read the question below and answer exactly as this person would. Follow the response instructions precisely."
)
SOCRATES_ATTRIBUTES: Final = (
    "age",
    "gender",
    "education",
    "employment",
    "marital_status",
    "housing_ownership",
    "housing_type",
    "location",
    "metro_status",
    "income",
    "internet_access",
    "household_size",
    "party_id",
    "ideology",
    "phone_service",
)
"""The attributes of the released models' prompts, in their order (SocSci210's ethnicity is not among them)."""

SHARED_SYSTEM: Final = (
    "You predict how one person answers a question in a study. "
    "Reply with the number of that person's answer and nothing else."
)
SHARED_QUESTION: Final = "What the person is shown and asked:"
SHARED_PERSONA: Final = "Who the person is:"
SHARED_NOBODY: Final = "- nothing is known about this person"


def render(template: str, cell: Cell, persona: Persona, frame: ChatFrame = CHATML) -> str:
    """The prompt as one string, up to where the answer starts.

    Args:
        template: `socrates`, `alpaca` or `shared`.
        cell: Whose stimulus is shown.
        persona: Who answers; unknown attributes (None or empty) are left out.
        frame: The model's chat frame.

    Raises:
        ModelError: If there is no such template.
    """
    return "".join(segment.text for segment in segments(template, cell, persona, frame))


def segments(template: str, cell: Cell, persona: Persona, frame: ChatFrame = CHATML) -> tuple[Segment, ...]:
    """The prompt as segments; joined, they are `render`'s text.

    Raises:
        ModelError: If there is no such template.
    """
    check_template(template)
    system, user, answer_prefix = TEMPLATES[template](cell.stimulus.strip(), persona)
    opening = (
        (Segment(frame.before_system, control=True), Segment(system), Segment(frame.before_user, control=True))
        if system
        else (Segment(frame.before_lone_user, control=True),)
    )
    return (
        *opening,
        *(Segment(text) for text in user),
        Segment(frame.before_answer, control=True),
        *([Segment(answer_prefix)] if answer_prefix else []),
    )


def messages(template: str, cell: Cell, persona: Persona) -> list[dict[str, str]]:
    """The prompt as chat messages, for a server that puts its own frame around them.

    What precedes the answer in the `alpaca` template is left to the model: a server takes no half-written answer.

    Raises:
        ModelError: If there is no such template.
    """
    check_template(template)
    system, user, _ = TEMPLATES[template](cell.stimulus.strip(), persona)
    asked = {"role": "user", "content": "".join(user)}
    return [{"role": "system", "content": system}, asked] if system else [asked]


def check_template(template: str) -> None:
    """Raise a ModelError unless there is a template of this name."""
    if template not in TEMPLATES:
        raise ModelError(f"no template {template!r}; choose one of {', '.join(TEMPLATES)}")


def attribute_title(attribute: str) -> str:
    """`party_id` → `Party Id`: how a prompt names an attribute, as the released models' prompts do."""
    return attribute.replace("_", " ").title()


def _known(persona: Persona) -> dict[str, str]:
    """The attributes with a value: those of the released prompts first and in their order, then the others."""
    named = {one_line(key): one_line(value) for key, value in persona.items() if value is not None and one_line(value)}
    first = [key for key in SOCRATES_ATTRIBUTES if key in named]
    return {key: named[key] for key in [*first, *(key for key in named if key not in SOCRATES_ATTRIBUTES)]}


def one_line(value: str | int) -> str:
    """A name or value as it stands in a prompt: on one line, without outer blanks."""
    return " ".join(str(value).split())


def _lines(named: dict[str, str]) -> str:
    return "\n".join(f"- {attribute_title(key)}: {value}" for key, value in named.items())


def _socrates(stimulus: str, persona: Persona) -> tuple[str, tuple[str, ...], str]:
    named = _known(persona)
    named.pop("ethnicity", None)
    profile = f"{SOCRATES_OPENING}\n{_lines(named)}\n\n" if named else f"{SOCRATES_OPENING}\n\n"
    return SOCRATES_SYSTEM, (profile, f"{SOCRATES_REQUEST}\n\n", stimulus), ""


def _alpaca(stimulus: str, persona: Persona) -> tuple[str, tuple[str, ...], str]:
    return (
        "",
        (f"{INSTRUCTION}\n\n", f"{demographics_line(_known(persona))}\n\n", f"Scenario: {stimulus}"),
        ANSWER_PREFIX,
    )


def _shared(stimulus: str, persona: Persona) -> tuple[str, tuple[str, ...], str]:
    profile = _lines(_known(persona)) or SHARED_NOBODY
    return SHARED_SYSTEM, (f"{SHARED_QUESTION}\n{stimulus}\n\n", f"{SHARED_PERSONA}\n{profile}"), ""


TEMPLATES: Final[dict[str, Callable[[str, Persona], tuple[str, tuple[str, ...], str]]]] = {
    "shared": _shared,
    "socrates": _socrates,
    "alpaca": _alpaca,
}
"""Name → (stimulus, persona) ↦ system text, the parts of the user's text, and what precedes the answer."""
