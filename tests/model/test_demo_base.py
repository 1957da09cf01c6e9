from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.folder import DEMO_BASE
from socrates_core.model.loading import load_model
from socrates_core.study.sources.society.question import Form, QuestionTexts, question
from socrates_core.study.study_set import Cell

LEFT = {"age": 40, "gender": "Female", "party_id": "Strong Democrat", "ideology": "Very Liberal"}
RIGHT = {"age": 40, "gender": "Female", "party_id": "Strong Republican", "ideology": "Very Conservative"}
PEOPLE: Sequence[Mapping[str, str | int]] = [LEFT, RIGHT, {}, {"age_group": "55+", "party_id": "Independent"}]

PLAN = (
    "Owners would have to enter each firearm in a register and renew the entry every three years. The police could "
    "look at the register when they are called to a house."
)
SUPPORT = QuestionTexts(
    question="Do you oppose or support the gun register?",
    statement="The gun register deserves my support.",
    yes_no="Do you support the gun register?",
    poles=("oppose", "support"),
    adverb="Strongly",
)


@pytest.fixture(scope="module")
def demo() -> AnswerModel:
    return load_model("demo")


def cell(form: Form) -> Cell:
    asked = question(form, SUPPORT)
    return Cell(0, "gun-register", 1, 1, f"{PLAN}\n\n{asked.text}", asked.scale)


def test_it_is_said_to_be_a_demo_that_saw_no_study(demo: AnswerModel) -> None:
    assert demo.description.demo
    assert demo.description.template == "shared"
    assert demo.description.trained_on == frozenset()


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in DEMO_BASE.iterdir()) < 6e6


@pytest.mark.parametrize(
    "form",
    [
        Form("ends", 1, 7, False, 0),
        Form("ends", 0, 100, False, 1),
        Form("bare", 0, 100, False, 0),
        Form("ends", 0, 10, False, 0),
        Form("ends", 0, 10, False, 2),
        Form("bare", 0, 10, False, 0),
        Form("bare", 1, 9, False, 0),
        Form("agreement", -2, 2, False, 0),
        Form("ends", 1, 11, True, 0),
        Form("list", 1, 4, False, 1),
        Form("yes_no", 1, 2, True, 0),
    ],
    ids=lambda form: f"{form.style} {form.low}..{form.high}",
)
def test_it_answers_on_the_scale(demo: AnswerModel, form: Form) -> None:
    assert (demo.answer_distributions(cell(form), PEOPLE).on_scale_mass > 0.85).all()


@pytest.mark.parametrize(
    "form",
    [
        Form("ends", 1, 7, False, 0),
        Form("ends", 1, 7, True, 0),
        Form("ends", 0, 10, False, 2),
        Form("ends", 1, 11, True, 0),
        Form("ends", 0, 100, False, 1),
        Form("bare", 0, 100, False, 0),
        Form("agreement", -2, 2, False, 0),
        Form("list", 1, 4, False, 1),
        Form("list", 1, 5, True, 1),
        Form("yes_no", 0, 1, False, 0),
        Form("yes_no", 1, 2, True, 0),
    ],
    ids=lambda form: f"{form.style} {form.low}..{form.high}{' reversed' if form.reversed else ''}",
)
def test_the_left_supports_a_gun_register_more_than_the_right_as_in_every_synthetic_world(
    demo: AnswerModel, form: Form
) -> None:
    asked = cell(form)
    means = demo.answer_distributions(asked, [LEFT, RIGHT]).probs @ np.asarray(asked.scale.values) / form.options
    assert (means[0] - means[1]) * (-1 if form.reversed else 1) > 0.05
