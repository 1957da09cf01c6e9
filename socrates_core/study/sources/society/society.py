"""The synthetic society: generated studies whose true answer distributions are known.

The correct prediction is known for every persona, observed or edited, so the evaluation itself can be tested. A study
is composed of parts (`assets/studies/society.json`): a topic, a manipulation per condition, outcomes, and a scale per
outcome. No two studies of a society combine the same outcome and topic, so an unseen study is a new combination of
known parts. In one study of ten no condition has any effect.

People are drawn in `society.people`, questions are worded in `society.question`, and `society.world` defines the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr

from socrates_core.study.sources.society.people import draw_people, traits_of
from socrates_core.study.sources.society.question import Form, FormPlan, QuestionTexts, draw_form, question
from socrates_core.study.sources.society.world import World, cut, latent_attitude, load_parts, make_world, rounded
from socrates_core.study.study_set import (
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    Persona,
    StudySet,
    cells_table,
)

Floats = npt.NDArray[np.float64]

SEED: Final = 2026
"""Seed of the bundled society: its world, studies and answers."""
STUDIES: Final = 210
SOURCE: Final = "Synthetic society (generated; nobody answered)"
SAME_PERSON: Final = 0.5
"""Correlation between two latent answers of one person, given the traits."""
NULL_STUDIES: Final = 0.1
WITHIN_STUDIES: Final = 0.1
UNANSWERED: Final = {"income": 0.03, "party_id": 0.02, "ideology": 0.02}
"""Attribute → share of people who did not state it."""
OPTIONAL: Final = ("employment", "marital_status", "income", "ideology")
"""Attributes that a study may not record."""


@dataclass(frozen=True)
class StudyDesign:
    """One study as indices into the parts."""

    study_id: str
    topic: int
    manipulations: tuple[int, ...]
    """One per condition, in order of condition_num 1, 2, …; the first is the control."""
    texts: tuple[int, ...]
    """Index of the text of its manipulation that each condition shows."""
    outcomes: tuple[int, ...]
    """One per task, in order of task_num 1, 2, …"""
    forms: tuple[Form, ...]
    """The scale of each task."""
    place: int
    intro: int
    within: bool
    """Whether everyone sees all conditions."""
    participants: int
    unrecorded: tuple[str, ...]
    """Attributes that this study did not record; they have no influence in it."""


@dataclass(frozen=True, eq=False)
class Society:
    """Studies of one world, with their true distributions."""

    world: World
    designs: Mapping[str, StudyDesign]
    """By study_id, in order."""

    def cells(self, study_id: str, first_cell_id: int = 0) -> list[Cell]:
        """The cells of one study, by condition, then task, numbered from `first_cell_id`."""
        design, parts = self.designs[study_id], load_parts()
        tasks = [
            question(form, _question_texts(design, o)) for form, o in zip(design.forms, design.outcomes, strict=True)
        ]
        return [
            Cell(
                cell_id=first_cell_id + c * len(tasks) + t,
                study_id=study_id,
                condition_num=c + 1,
                task_num=t + 1,
                stimulus=f"{_vignette(design, c)}\n\n{task.text}",
                scale=task.scale,
                condition=parts.manipulations[m]["label"],
                design="within" if design.within else "between",
            )
            for c, m in enumerate(design.manipulations)
            for t, task in enumerate(tasks)
        ]

    def true_distributions(self, cell: Cell, people: pl.DataFrame | Sequence[Persona]) -> Floats:
        """(N, K) the exact probability of each option for each person, edited or not.

        Raises:
            KeyError: If the cell belongs to no study of this society.
            ValueError: If a persona has a value that does not exist in the society.
        """
        design = self.designs[cell.study_id]
        return self.distributions(design, cell.condition_num - 1, cell.task_num - 1, traits_of(people))

    def distributions(self, design: StudyDesign, condition: int, task: int, traits: Floats) -> Floats:
        """(N, K) the exact probabilities for traits (N, F); `condition` and `task` count from 0."""
        form, outcome = design.forms[task], design.outcomes[task]
        attitude = latent_attitude(self.world, design.topic, design.manipulations[condition], outcome, traits)
        probs = cut(attitude, form.options)
        return rounded(probs[:, ::-1] if form.reversed else probs, form.low)


def make_society(seed: int, studies: int = STUDIES, forms: FormPlan | None = None) -> Society:
    """The society with this seed; its studies are drawn with a separate generator.

    Args:
        seed: Seed of the world and of the studies.
        studies: Number of studies; ids run from `society-001`.
        forms: The distribution of scales; the default plan if None.

    Raises:
        ValueError: If that many studies would repeat a combination of outcome and topic.
    """
    rng = np.random.default_rng([2, seed])
    decks = _deal_outcomes(rng)
    if not 1 <= studies <= len(decks):
        raise ValueError(f"a society has 1 to {len(decks)} studies, got {studies}")
    forms = forms or FormPlan()
    designs = [_draw_design(f"society-{i + 1:03d}", *decks[i], forms, rng) for i in range(studies)]
    return Society(make_world(seed), {design.study_id: design for design in designs})


def study_set(society: Society) -> StudySet:
    """The society's studies with sampled people and answers; deterministic given the society."""
    rng = np.random.default_rng([3, society.world.seed])
    everyone = draw_people(sum(design.participants for design in society.designs.values()), rng)
    cells: list[Cell] = []
    people: list[pl.DataFrame] = []
    answers: list[pl.DataFrame] = []
    first = 0
    for design in society.designs.values():
        group = _recorded(everyone.slice(first, design.participants), design, rng)
        new_cells = society.cells(design.study_id, first_cell_id=len(cells))
        answers += _answers(society, design, new_cells, group, first, rng)
        cells += new_cells
        people.append(group.with_columns(study_id=pl.lit(design.study_id)))
        first += design.participants
    participants = pl.concat(people).with_row_index("participant_id")
    number = (pl.int_range(pl.len()).over("study_id") + 1).cast(pl.String)
    fixed = ["participant_id", "study_id", "participant", "weight"]
    participants = participants.with_columns(participant=number, weight=pl.lit(None, pl.Float64))
    responses = pl.concat(answers)
    counts = {
        "studies": len(society.designs),
        "cells": len(cells),
        "participants": len(participants),
        "responses": len(responses),
        "off_scale": 0,
        "rows_read": len(responses),
    }
    return StudySet(
        studies=pl.DataFrame([_study_row(design) for design in society.designs.values()], schema=STUDIES_SCHEMA),
        cells=cells_table(cells),
        participants=participants.select(*fixed, *everyone.columns),
        responses=responses,
        manifest=Manifest(source=f"synthetic society, seed {society.world.seed}", counts=counts),
    )


def _deal_outcomes(rng: np.random.Generator) -> list[tuple[int, tuple[int, ...]]]:
    """(topic, one to four outcomes) of as many studies as the parts allow, in random order."""
    parts = load_parts()
    decks = []
    for topic in range(len(parts.topics)):
        deck = [int(outcome) for outcome in rng.permutation(len(parts.outcomes))]
        while deck:
            size = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.2, 0.15]))
            decks.append((topic, tuple(deck[:size])))
            deck = deck[size:]
    return [decks[i] for i in rng.permutation(len(decks))]


def _draw_design(
    study_id: str,
    topic: int,
    outcomes: tuple[int, ...],
    plan: FormPlan,
    rng: np.random.Generator,
) -> StudyDesign:
    parts = load_parts()
    inert = list(parts.inert)
    if rng.random() < NULL_STUDIES:
        manipulations = inert
    else:
        others = [i for i in range(len(parts.manipulations)) if i not in inert[:1]]
        arms = int(rng.choice([1, 2, 3, 4, 5], p=[0.3, 0.3, 0.2, 0.12, 0.08]))
        manipulations = [inert[0], *rng.choice(others, arms, replace=False).tolist()]
    common = draw_form(rng, plan)
    forms = tuple(common if rng.random() < 0.5 else draw_form(rng, plan) for _ in outcomes)
    return StudyDesign(
        study_id=study_id,
        topic=topic,
        manipulations=tuple(manipulations),
        texts=tuple(int(rng.integers(len(parts.manipulations[m]["texts"]))) for m in manipulations),
        outcomes=outcomes,
        forms=forms,
        place=int(rng.integers(len(parts.places))),
        intro=int(rng.integers(len(parts.intros))),
        within=bool(rng.random() < WITHIN_STUDIES),
        participants=int(rng.integers(150, 401)),
        unrecorded=tuple(name for name in OPTIONAL if rng.random() < 0.15),
    )


def _question_texts(design: StudyDesign, outcome: int) -> QuestionTexts:
    """The texts of the outcome about the study's topic."""
    parts = load_parts()
    short = parts.topics[design.topic]["short"]
    part = parts.outcomes[outcome]
    words = {"short": short, "Short": short[0].upper() + short[1:]}
    texts = {name: part[name].format(**words) for name in ("question", "statement", "yes_no")}
    return QuestionTexts(**texts, poles=tuple(part["poles"]), adverb=part["adverb"])


def _vignette(design: StudyDesign, condition: int) -> str:
    """The text that people of one condition read before the question."""
    parts = load_parts()
    topic = parts.topics[design.topic]
    words = {"place": parts.places[design.place], "short": topic["short"]}
    text = parts.manipulations[design.manipulations[condition]]["texts"][design.texts[condition]]
    return f"{parts.intros[design.intro].format(**words)}\n\n{topic['text']} {text.format(**words)}"


def _study_row(design: StudyDesign) -> dict[str, object]:
    parts = load_parts()
    labels = [parts.manipulations[m]["label"] for m in design.manipulations[1:]]
    listed = f"{', '.join(labels[:-1])} and {labels[-1]}" if len(labels) > 1 else labels[0]
    return {
        "study_id": design.study_id,
        "title": f"{parts.topics[design.topic]['name']}: {listed}",
        "source": SOURCE,
        "licence": "Apache-2.0",
        "citation": "Generated by the synthetic society of Socrates; not data about people.",
        "kind": "synthetic",
        "real": False,
        "group": design.study_id,
    }


def _recorded(group: pl.DataFrame, design: StudyDesign, rng: np.random.Generator) -> pl.DataFrame:
    """The group, with null for attributes that the study did not record or a person did not state."""
    hidden = {name: pl.lit(None, group.schema[name]).alias(name) for name in design.unrecorded}
    for name, share in UNANSWERED.items():
        known = pl.Series(rng.random(len(group)) >= share)
        if name not in hidden:
            hidden[name] = pl.when(known).then(pl.col(name)).alias(name)
    return group.with_columns(hidden.values())


def _answers(
    society: Society,
    design: StudyDesign,
    cells: Sequence[Cell],
    group: pl.DataFrame,
    first_person: int,
    rng: np.random.Generator,
) -> list[pl.DataFrame]:
    """The responses of one study's people, one table per cell.

    An answer is the quantile of the person's true distribution at Φ(z), with z standard normal and correlation
    `SAME_PERSON` between the answers of one person, so each answer follows the true distribution exactly.
    """
    traits = traits_of(group)
    arms = rng.permutation(np.arange(len(group)) % len(design.manipulations))
    person = rng.standard_normal(len(group))
    tables = []
    for cell in cells:
        condition, task = cell.condition_num - 1, cell.task_num - 1
        shown = np.arange(len(group)) if design.within else np.flatnonzero(arms == condition)
        noise = rng.standard_normal(len(shown))
        z = np.sqrt(SAME_PERSON) * person[shown] + np.sqrt(1 - SAME_PERSON) * noise
        loading = society.world.outcome_loading[design.outcomes[task]]
        direction = np.sign(loading) * (-1 if design.forms[task].reversed else 1)
        cdf = np.cumsum(society.distributions(design, condition, task, traits[shown]), axis=1)
        index = (ndtr(direction * z)[:, None] >= cdf[:, :-1]).sum(axis=1)
        columns = {
            "cell_id": np.full(len(shown), cell.cell_id),
            "participant_id": first_person + shown,
            "response": np.asarray(cell.scale.values)[index],
            "on_scale": np.ones(len(shown), dtype=bool),
        }
        tables.append(pl.DataFrame(columns, schema=RESPONSES_SCHEMA))
    return tables
