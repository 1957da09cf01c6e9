"""Training examples of the demo base model: questions of many synthetic worlds, personas, and true distributions.

A lesson is a cell as shown to some people, with each person's answer distribution averaged over worlds, so that the
model learns what all worlds share. Answers alone are a weak signal for the underlying process, so a lesson also
contains *hints*: latent quantities that can be inferred once a part of the prompt has been read. Linear readers on
inner layers are trained to predict them (deep supervision; Lee et al. 2015) and are discarded afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from socrates_core.model.prefix_tree.encoding import PromptEncoder, Tokens
from socrates_core.prompt import SHARED_QUESTION, SHARED_SYSTEM, SOCRATES_ATTRIBUTES
from socrates_core.scale.distribution import Floats
from socrates_core.study.sources.society import people as society_people
from socrates_core.study.sources.society import society
from socrates_core.study.sources.society.question import RANGES, Form, FormPlan
from socrates_core.study.sources.society.society import Society, StudyDesign
from socrates_core.study.sources.society.world import latent_attitude, load_parts
from socrates_core.study.study_set import Cell
from train.demo.soft_targets import Pack, pack

FIRST_WORLD: Final = 100_000
"""Seed of the first training world; far from the bundled one."""

FORMS: Final = FormPlan(
    styles={"ends": 0.37, "agreement": 0.14, "bare": 0.11, "list": 0.18, "yes_no": 0.2},
    ranges=(
        *RANGES * 2,
        *[(0, high) for high in (1, 2, 3, 5, 7, 8, 9)],
        *[(1, 11), (1, 12), (0, 20), (1, 20), (1, 50), (1, 100), (-4, 4), (-10, 10)],
        *[(0, 100)] * 10,
    ),
    reversed_ranges=0.35,
    reversed_lists=0.35,
)
"""More ranges than in the bundled society, so that the base generalises to new ones, and more of what is hard to learn:
numbers of several digits, scales that start at their positive end, and questions with two options."""

AGE_GROUPS: Final = ((34, "18-34"), (54, "35-54"), (200, "55+"))
COLLEGE: Final = ("Bachelor's degree", "Post grad study/professional degree")
COARSE: Final = ("age", "gender", "education", "party_id")
"""The attributes in sources that count people by groups."""

HINTS: Final = {
    "topic": 8, "label": 1, "digits": 2, "direction": 1, "scale": 2, "traits": 5, "question": 6, "attitude": 2
}  # fmt: skip
"""Name → number of components F. `topic`, after the vignette: the topic's base and leans, and the manipulation's effect
overall and on the left. `label`, from the label of the first option to the end of the question: whether it is the
negative end. `digits`, after the question, after every line of the persona, at the answer and behind each of its
tokens: whether the largest option has two digits or more, and three. After every line of the persona and at the answer:
`direction`, as `label`; `scale`, its size and start; `traits`, those stated so far; `question`, the weight of each
trait for this outcome and the position of the centre; `attitude`, the latent attitude towards agreeing and towards the
upper end of the scale, given the lines so far.
Information from far back in the prompt is learnt soon if it is also a hint nearby, and hardly at all otherwise."""


@dataclass(frozen=True, eq=False)
class Hints:
    """Hints at some positions of a pack."""

    places: Tokens
    """(R,)"""
    values: Floats
    """(R, F)"""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A pack, and the hints that its inner layers should encode."""

    pack: Pack
    hints: Mapping[str, Hints]
    """By the names of `HINTS`; empty if the template puts the persona first."""


@dataclass(frozen=True)
class Shown:
    """A person as described in the prompt, line by line."""

    persona: dict[str, str | int]
    """As worded in the prompt, in its order."""
    known: tuple[tuple[str, str | int], ...]
    """The same lines as attributes and values of the society."""


@dataclass(frozen=True)
class LessonPlan:
    """The distribution of lessons."""

    worlds: int = 60
    """Number of worlds, with seeds from `FIRST_WORLD`."""
    averaged: int = 12
    """Number of worlds, drawn for each lesson, whose true distributions are averaged."""
    people: int = 3
    """Personas per lesson, which share its stimulus; only one if a template puts the persona first."""
    templates: tuple[tuple[str, float], ...] = (("shared", 0.92), ("socrates", 0.04), ("alpaca", 0.04))
    coarse: float = 0.15
    """Share of people with only the attributes of `COARSE`, in fewer categories."""


def make_worlds(count: int) -> list[Society]:
    """Societies of other worlds than the bundled one, on more scales."""
    return [society.make_society(FIRST_WORLD + i, forms=FORMS) for i in range(count)]


def lessons(plan: LessonPlan, tokenizer: Any, rng: np.random.Generator) -> Iterator[Lesson]:
    """Endless lessons: random cells of random worlds, with random people, in one of the templates."""
    worlds = make_worlds(plan.worlds)
    cells_of = cache(lambda world, study_id: worlds[world].cells(study_id))
    people = society_people.draw_people(20_000, rng).to_dicts()
    encoders = [PromptEncoder(tokenizer, template) for template, _ in plan.templates]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    while True:
        home = int(rng.integers(len(worlds)))
        designs = list(worlds[home].designs.values())
        design = designs[rng.integers(len(designs))]
        cells = cells_of(home, design.study_id)
        cell = cells[rng.integers(len(cells))]
        encoder = encoders[rng.choice(len(encoders), p=[share for _, share in plan.templates])]
        shared = encoder.template == "shared"
        asked = rng.integers(len(people), size=plan.people if shared else 1)
        crowd = [shown(people[index], rng, plan.coarse) for index in asked]
        truths = [Society(worlds[i].world, worlds[home].designs) for i in rng.choice(len(worlds), plan.averaged, False)]
        traits = _traits_by_line(crowd)
        spot = cell.condition_num - 1, cell.task_num - 1
        crowd_traits = np.stack([known[-1] for known in traits])
        probs = np.mean([truth.distributions(design, *spot, crowd_traits) for truth in truths], axis=0)
        row = pack(encoder, cell, [one.persona for one in crowd], probs, end, rng)
        yield Lesson(row, _hints(row, encoder, cell, design, truths, crowd, traits) if shared else {})


def shown(person: Mapping[str, Any], rng: np.random.Generator, coarse: float) -> Shown:
    """A person's description: all, some or no attributes, or for some people the coarse ones that some sources have."""
    keep = rng.choice([0.0, 0.5, 0.85, 1.0], p=[0.03, 0.3, 0.3, 0.37])
    in_groups = rng.random() < coarse
    names = [name for name in person if rng.random() < keep and (not in_groups or name in COARSE)]
    lines: dict[str, tuple[str, str | int]] = {}
    for name in names:
        title, value = _in_groups(name, person[name]) if in_groups else (name, person[name])
        lines[title] = (name, value)
    first = [title for title in SOCRATES_ATTRIBUTES if title in lines]
    order = [*first, *(title for title in lines if title not in first)]
    attributes = tuple((lines[title][0], person[lines[title][0]]) for title in order)
    return Shown({title: lines[title][1] for title in order}, attributes)


def _in_groups(name: str, value: Any) -> tuple[str, str]:
    """The attribute and the value as in sources that count people by groups."""
    if name == "age":
        return "age_group", next(group for limit, group in AGE_GROUPS if value <= limit)
    if name == "education":
        return name, "College degree" if value in COLLEGE else "No college degree"
    if name == "party_id":
        degree, party = value.split()
        return name, "Independent" if degree == "Don't" else party
    return name, value


def _traits_by_line(crowd: Sequence[Shown]) -> list[Floats]:
    """Per person (lines + 1, F): the traits known after 0, 1, … lines."""
    known = [dict(one.known[:lines]) for one in crowd for lines in range(len(one.known) + 1)]
    sizes = [len(one.known) + 1 for one in crowd]
    return np.split(society_people.traits_of(known), np.cumsum(sizes)[:-1])


def _hints(
    row: Pack,
    encoder: PromptEncoder,
    cell: Cell,
    design: StudyDesign,
    truths: Sequence[Society],
    crowd: Sequence[Shown],
    traits_by_line: Sequence[Floats],
) -> dict[str, Hints]:
    """The hints after the vignette, after the question, after each line of a persona, and at the answer."""
    header = _persona_start(encoder, cell)
    places, reached = _line_ends(row, encoder, cell, crowd, header)
    traits = np.stack([traits_by_line[person][lines] for person, lines in reached])
    outcome = design.outcomes[cell.task_num - 1]
    manipulation = design.manipulations[cell.condition_num - 1]
    probes = np.concatenate([traits, np.zeros((1, traits.shape[1])), np.eye(traits.shape[1])])
    attitude = np.mean(
        [latent_attitude(truth.world, design.topic, manipulation, outcome, probes) for truth in truths], axis=0
    )
    own, centre, ends = attitude[: len(traits)], attitude[len(traits)], attitude[len(traits) + 1 :]
    form = design.forms[cell.task_num - 1]
    sign = -1 if form.reversed else 1
    hints = {
        "direction": Hints(places, np.full((len(places), 1), float(sign))),
        "scale": Hints(places, np.tile([np.log(form.options), form.low / 3], (len(places), 1))),
        "traits": Hints(places, traits),
        "question": Hints(places, np.tile([*(ends - centre), centre], (len(places), 1))),
        "attitude": Hints(places, np.stack([own, sign * own], axis=1)),
    }
    after = np.arange(_place_in_stimulus(encoder, cell.stimulus), min(header, row.starts[0]))
    places = np.unique(np.concatenate([after, places, row.rows]))
    hints["digits"] = Hints(places, np.tile([float(form.high > 9), float(form.high > 99)], (len(places), 1)))
    label = _first_label_end(encoder, cell, form)
    if label < row.starts[0]:
        places = np.arange(label, min(header, row.starts[0]))
        hints["label"] = Hints(places, np.full((len(places), 1), float(sign)))
    vignette = _vignette_end(encoder, cell)
    if vignette < row.starts[0]:
        topic = np.mean([_topic(truth, design.topic, manipulation) for truth in truths], axis=0)
        hints["topic"] = Hints(np.array([vignette]), topic[None])
    return hints


def _line_ends(
    row: Pack, encoder: PromptEncoder, cell: Cell, crowd: Sequence[Shown], header: int
) -> tuple[Tokens, list[tuple[int, int]]]:
    """Positions in the pack where a line of a persona ends or an answer starts, with the person and the lines so far.

    `header` is where the first line begins; the position before it, shared by all, counts as the first person's.
    """
    places: list[int] = []
    reached: list[tuple[int, int]] = []
    if header <= row.starts[0]:
        places.append(header - 1)
        reached.append((0, 0))
    line_break = encoder.tokenizer("\n", add_special_tokens=False).input_ids[0]
    for person, one in enumerate(crowd):
        prompt = encoder.encode(cell, one.persona)
        breaks = [place for place in np.flatnonzero(prompt == line_break) if place >= header][
            : max(len(one.known) - 1, 0)
        ]
        for line, place in enumerate(breaks, 1):
            if place >= row.starts[0]:
                places.append(row.place(person, int(place)))
                reached.append((person, line))
        places.append(row.place(person, len(prompt) - 1))
        reached.append((person, len(one.known)))
    return np.array(places), reached


def _persona_start(encoder: PromptEncoder, cell: Cell) -> int:
    """Where the first line of any persona begins in a prompt of the `shared` template."""
    some, other = (encoder.encode(cell, {"age": age}) for age in (1, 2))
    first_line = encoder.tokenizer("- Age: 1", add_special_tokens=False).input_ids
    return int((some != other).argmax()) - len(first_line) + 1


def _vignette_end(encoder: PromptEncoder, cell: Cell) -> int:
    """The last token before the question of a `shared` prompt, excluding a token that extends into the question."""
    vignette, _, _ = cell.stimulus.rpartition("\n\n")
    return _place_in_stimulus(encoder, f"{vignette}\n\n")


def _first_label_end(encoder: PromptEncoder, cell: Cell, form: Form) -> int:
    """The last token of the label of the scale's first option."""
    text = cell.stimulus
    if form.style == "bare":
        return _place_in_stimulus(encoder, text[: text.index(f" and {form.high} for ", text.rindex(" stands for "))])
    label = cell.scale.labels[form.low]
    return _place_in_stimulus(encoder, text[: text.index(label, text.rindex("Only return")) + len(label)])


def _place_in_stimulus(encoder: PromptEncoder, beginning: str) -> int:
    """The last token of the beginning of a stimulus in a `shared` prompt, off by at most one if tokens overlap it."""
    texts = (SHARED_SYSTEM, f"{SHARED_QUESTION}\n{beginning}")
    frames = (encoder.frame.before_system, encoder.frame.before_user)
    counts = [len(encoder.tokenizer(text, add_special_tokens=False).input_ids) for text in (*frames, *texts)]
    return sum(counts) - 1


def _topic(truth: Society, topic: int, manipulation: int) -> Floats:
    """(8,) the topic's base and leans in a world, and the manipulation's effect there."""
    world, parts = truth.world, load_parts()
    domain = parts.domains.index(parts.topics[topic]["domain"])
    moved = world.effect[manipulation] + world.effect_domain[manipulation, domain]
    left = world.effect_left[manipulation]
    values: Floats = np.array([world.topic_base[topic], *world.topic_lean[topic], moved, left])
    return values
