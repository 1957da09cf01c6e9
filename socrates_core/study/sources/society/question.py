"""Questions of the synthetic society: an outcome's answer scale, and the question and instruction that state it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from socrates_core.scale.answer_scale import AnswerScale

RANGES: Final = (
    *[(1, 5)] * 6,
    *[(1, 7)] * 6,
    *[(0, 100)] * 5,
    *[(0, 10)] * 4,
    *[(1, 4)] * 2,
    *[(1, 6)] * 2,
    *[(-2, 2)] * 2,
    *[(1, 3), (0, 4), (0, 6), (1, 8), (1, 9), (1, 10), (-3, 3), (-5, 5)],
)
"""First and last option of scales without a label for every option; drawn uniformly, so repeated entries weigh more."""

Style = Literal["ends", "agreement", "bare", "list", "yes_no"]
STYLES: Final[Mapping[Style, float]] = {"ends": 0.42, "agreement": 0.16, "bare": 0.12, "list": 0.2, "yes_no": 0.1}
"""Style → its relative frequency. `ends` labels both ends in the instruction, `agreement` presents a statement, `bare`
names the ends only in the question, `list` labels every option, `yes_no` has two options."""


@dataclass(frozen=True)
class FormPlan:
    """The distribution that scales are drawn from."""

    styles: Mapping[Style, float] = field(default_factory=lambda: STYLES)
    """Style → its probability."""
    ranges: tuple[tuple[int, int], ...] = RANGES
    reversed_ranges: float = 0.15
    """Probability that a range from 0 or more starts at its most positive end."""
    reversed_lists: float = 0.2
    """Probability that a list starts at its most positive option."""


@dataclass(frozen=True)
class QuestionTexts:
    """An outcome's question about a topic, in every form that a scale may require."""

    question: str
    statement: str
    yes_no: str
    poles: tuple[str, ...]
    """(negative, positive), as in oppose and support; or one adjective, as in worried."""
    adverb: str
    """Adverb that intensifies a pole, as in strongly oppose; empty for one adjective."""


@dataclass(frozen=True)
class Form:
    """The scale of one outcome in one study, and the words that state it."""

    style: Style
    low: int
    """The smallest option."""
    high: int
    """The largest option."""
    reversed: bool
    """Whether the smallest option is the most positive one."""
    wording: int
    """Index of the wording among equivalent ones, modulo their number."""

    @property
    def options(self) -> int:
        """K."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class Question:
    """The end of a stimulus and the scale that its answer instruction states."""

    text: str
    scale: AnswerScale


def draw_form(rng: np.random.Generator, plan: FormPlan) -> Form:
    """A random scale and wording."""
    style = list(plan.styles)[rng.choice(len(plan.styles), p=list(plan.styles.values()))]
    wording = int(rng.integers(12))
    if style == "yes_no":
        low = int(rng.random() < 0.6)
        return Form(style, low, low + 1, low == 1 and bool(rng.random() < 0.7), wording)
    if style == "list":
        count = int(rng.choice([3, 4, 5], p=[0.35, 0.3, 0.35]))
        low = int(rng.choice([1, 0, -(count // 2)], p=[0.75, 0.15, 0.1])) if count % 2 else 1
        return Form(style, low, low + count - 1, bool(rng.random() < plan.reversed_lists), wording)
    low, high = plan.ranges[int(rng.integers(len(plan.ranges)))]
    return Form(style, low, high, bool(rng.random() < plan.reversed_ranges) and low >= 0, wording)


def question(form: Form, texts: QuestionTexts) -> Question:
    """The text of a question, ending with the answer instruction, and the scale that the instruction states."""
    values = tuple(range(form.low, form.high + 1))
    if form.style in ("list", "yes_no"):
        names = ("No", "Yes") if form.style == "yes_no" else _names(texts, form.options)
        labels = dict(zip(values, names[::-1] if form.reversed else names, strict=True))
        text = texts.yes_no if form.style == "yes_no" else texts.question
        return Question(f"{text} {_list_instruction(labels, form.wording)}", AnswerScale(values, labels))
    ends = ("Strongly disagree", "Strongly agree") if form.style == "agreement" else _names(texts, 2)
    first, last = ends[::-1] if form.reversed else ends
    if form.style == "bare":
        text = f"{texts.question} On the scale, {form.low} stands for {first} and {form.high} for {last}."
        return Question(
            f"{text} Only return an integer from {form.low} to {form.high}, nothing else.", AnswerScale(values)
        )
    text = texts.question
    if form.style == "agreement":
        text = f'How far do you disagree or agree with the following statement? "{texts.statement}"'
    instruction = _range_instruction(form, first, last)
    return Question(f"{text} {instruction}", AnswerScale(values, {form.low: first, form.high: last}))


def _names(texts: QuestionTexts, count: int) -> tuple[str, ...]:
    """Labels from the most negative to the most positive: the two ends alone, or all of 3, 4 or 5 options."""
    if len(texts.poles) == 1:
        (word,) = texts.poles
        steps = {
            2: ("Not at all", "Extremely"),
            3: ("Not", "Somewhat", "Very"),
            4: ("Not at all", "A little", "Quite", "Very"),
            5: ("Not at all", "Slightly", "Moderately", "Very", "Extremely"),
        }
        return tuple(f"{step} {word}" for step in steps[count])
    negative, positive = texts.poles
    low, high = f"{texts.adverb} {negative}", f"{texts.adverb} {positive}"
    neither = f"Neither {negative} nor {positive}"
    names = {
        2: (low, high),
        3: (negative.capitalize(), neither, positive.capitalize()),
        4: (low, f"Somewhat {negative}", f"Somewhat {positive}", high),
        5: (low, f"Somewhat {negative}", neither, f"Somewhat {positive}", high),
    }
    return names[count]


def _range_instruction(form: Form, first: str, last: str) -> str:
    low, high = form.low, form.high
    wordings = (
        f"from {low} to {high}, where {low} means {first} and {high} means {last}",
        f"from {low} ({first}) to {high} ({last})",
        f"from {low} to {high}, where {low} = '{first}' and {high} = '{last}'",
    )
    return f"Only return an integer {wordings[form.wording % len(wordings)]}, nothing else."


def _list_instruction(labels: dict[int, str], wording: int) -> str:
    quoted = [f"{value} for '{label}'" for value, label in labels.items()]
    plain = [f"{value} for {label}" for value, label in labels.items()]
    joint = ", or " if len(labels) > 2 else " or "
    wordings = (
        f"{', '.join(quoted[:-1])}{joint}{quoted[-1]}",
        "; ".join(quoted),
        f"{', '.join(plain[:-1])}{joint}{plain[-1]}",
    )
    return f"Only return {wordings[wording % len(wordings)]}, nothing else."
