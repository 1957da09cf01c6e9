"""Prompt templates: from a cell and a persona to the text up to where the answer starts.

There are three, because a fine-tuned model answers well only in the wording it was trained on:

- `socrates`: the wording of the released `socratesft/*` models, persona first.
- `alpaca`: the format of the original run's files, persona first; the answer follows "Response: ".
- `shared`: instruction, stimulus, then persona, so that everyone in a cell shares the longest prefix. The default
  for new training.

A template reads a `Cell` and a `Persona` and nothing else, so it cannot leak a response. A prompt is a sequence of
segments. Control segments contain the chat frame's special tokens; text segments contain user-written text and are
encoded as plain text, so that a stimulus with an end-of-turn token in it cannot end the turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from socrates_core.errors import ModelError
from socrates_core.study.alpaca_format import ANSWER_PREFIX, INSTRUCTION, demographics_line
from socrates_core.study.study_set import Cell, Persona


@dataclass(frozen=True)
class Segment:
    """A part of a prompt that many prompts have in common.

    Text segments meet at a line break, near which most tokenizers cut too, so that each distinct stimulus and persona
    has to be encoded only once.
    """

    text: str
    control: bool = False
    """True for the chat frame, whose special tokens are recognised; False for text, in which none are."""


@dataclass(frozen=True)
class PromptText:
    """What a template makes of a stimulus and a persona, before the chat frame is added."""

    system: str
    """The system message; empty for none."""
    user: tuple[str, ...]
    """The user message, in parts that other prompts have too."""
    answer_prefix: str = ""
    """Text at the beginning of the assistant's turn, which the answer follows."""


@dataclass(frozen=True)
class ChatFrame:
    """The text that a model's chat template puts around a system and a user message."""

    before_system: str
    before_user: str
    before_answer: str
    before_lone_user: str
    """Replaces the first two when there is no system message; some models insert a default one here."""


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
        cell: Provides the stimulus.
        persona: Attributes of the person who answers; unknown ones (None or empty) are left out.
        frame: The model's chat frame.

    Raises:
        ModelError: If there is no such template.
    """
    return "".join(segment.text for segment in segments(template, cell, persona, frame))


def segments(template: str, cell: Cell, persona: Persona, frame: ChatFrame = CHATML) -> tuple[Segment, ...]:
    """The prompt as segments, whose concatenation is `render`'s text.

    Raises:
        ModelError: If there is no such template.
    """
    check_template(template)
    text = TEMPLATES[template](cell.stimulus.strip(), persona)
    opening = (
        (Segment(frame.before_system, control=True), Segment(text.system), Segment(frame.before_user, control=True))
        if text.system
        else (Segment(frame.before_lone_user, control=True),)
    )
    return (
        *opening,
        *(Segment(part) for part in text.user),
        Segment(frame.before_answer, control=True),
        *([Segment(text.answer_prefix)] if text.answer_prefix else []),
    )


def messages(template: str, cell: Cell, persona: Persona) -> list[dict[str, str]]:
    """The prompt as chat messages, for a server that adds its own frame.

    They end with the user's turn. `answer_prefix` is what the assistant's turn begins with, for a server that can
    continue one; on others it is left for the model to write.

    Raises:
        ModelError: If there is no such template.
    """
    check_template(template)
    text = TEMPLATES[template](cell.stimulus.strip(), persona)
    user = {"role": "user", "content": "".join(text.user)}
    return [{"role": "system", "content": text.system}, user] if text.system else [user]


def answer_prefix(template: str) -> str:
    """Text at the beginning of the assistant's turn, which the answer follows; empty for most templates.

    Raises:
        ModelError: If there is no such template.
    """
    check_template(template)
    return TEMPLATES[template]("", {}).answer_prefix


def check_template(template: str) -> None:
    """Raise a ModelError unless a template of this name exists."""
    if template not in TEMPLATES:
        raise ModelError(f"no template {template!r}; choose one of {', '.join(TEMPLATES)}")


def attribute_title(attribute: str) -> str:
    """`party_id` → `Party Id`: an attribute's name in a prompt, as in the released models' prompts."""
    return attribute.replace("_", " ").title()


def _known(persona: Persona) -> dict[str, str]:
    """The attributes with a value: first those of the released prompts, in their order, then the others."""
    named = {one_line(key): one_line(value) for key, value in persona.items() if value is not None and one_line(value)}
    first = [key for key in SOCRATES_ATTRIBUTES if key in named]
    return {key: named[key] for key in [*first, *(key for key in named if key not in SOCRATES_ATTRIBUTES)]}


def one_line(value: str | int) -> str:
    """A name or value as written in a prompt: on one line, without leading or trailing blanks."""
    return " ".join(str(value).split())


def _lines(named: dict[str, str]) -> str:
    return "\n".join(f"- {attribute_title(key)}: {value}" for key, value in named.items())


def _socrates(stimulus: str, persona: Persona) -> PromptText:
    named = _known(persona)
    named.pop("ethnicity", None)
    profile = f"{SOCRATES_OPENING}\n{_lines(named)}\n\n" if named else f"{SOCRATES_OPENING}\n\n"
    return PromptText(SOCRATES_SYSTEM, (profile, f"{SOCRATES_REQUEST}\n\n", stimulus))


def _alpaca(stimulus: str, persona: Persona) -> PromptText:
    user = (f"{INSTRUCTION}\n\n", f"{demographics_line(_known(persona))}\n\n", f"Scenario: {stimulus}")
    return PromptText("", user, ANSWER_PREFIX)


def _shared(stimulus: str, persona: Persona) -> PromptText:
    profile = _lines(_known(persona)) or SHARED_NOBODY
    return PromptText(SHARED_SYSTEM, (f"{SHARED_QUESTION}\n{stimulus}\n\n", f"{SHARED_PERSONA}\n{profile}"))


TEMPLATES: Final[dict[str, Callable[[str, Persona], PromptText]]] = {
    "shared": _shared,
    "socrates": _socrates,
    "alpaca": _alpaca,
}
"""Name → the template, a function of stimulus and persona. A new template is one function and one entry here."""
