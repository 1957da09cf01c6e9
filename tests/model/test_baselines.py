"""Models without a network."""

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.baselines import MarginalModel, UniformModel
from socrates_core.model.loading import load_model
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    StudySet,
    cells_table,
)

SEVEN = AnswerScale(tuple(range(1, 8)))
YES_NO = AnswerScale((1, 2))
SOMEBODY = [{"age": 30}, {}]


def cell(scale: AnswerScale) -> Cell:
    return Cell(9, "s", 1, 1, "?", scale)


def training(*cells: tuple[AnswerScale, list[int]]) -> StudySet:
    """One study with the answers of each cell; answers off the scale are flagged."""
    cells_held = [Cell(i, "s", 1, i, "?", scale) for i, (scale, _) in enumerate(cells)]
    answers = [(i, 0, answer, scale.contains(answer)) for i, (scale, given) in enumerate(cells) for answer in given]
    return StudySet(
        studies=pl.DataFrame([("s", "s", "", "", "", "survey", True, "s")], schema=STUDIES_SCHEMA, orient="row"),
        cells=cells_table(cells_held),
        participants=pl.DataFrame([(0, "s", "0", None)], schema=PARTICIPANTS_SCHEMA, orient="row"),
        responses=pl.DataFrame(answers, schema=RESPONSES_SCHEMA, orient="row"),
        manifest=Manifest(source="test"),
    )


def test_uniform_gives_every_option_the_same() -> None:
    answer = UniformModel().answer_distributions(cell(SEVEN), SOMEBODY)
    assert answer.probs == pytest.approx(np.full((2, 7), 1 / 7))
    assert answer.on_scale_mass.tolist() == [1, 1]


def test_marginal_repeats_the_training_answers_cell_by_cell() -> None:
    # shares .5/.5 and 0/1 of two cells average to .25/.75, however many people the second cell has
    model = MarginalModel(training((YES_NO, [1, 2]), (YES_NO, [2] * 50)))
    assert model.answer_distributions(cell(YES_NO), SOMEBODY).probs[1] == pytest.approx([0.25, 0.75])


def test_marginal_leaves_off_scale_answers_out() -> None:
    model = MarginalModel(training((YES_NO, [1, 2, 99])))
    assert model.answer_distributions(cell(YES_NO), SOMEBODY).probs[0] == pytest.approx([0.5, 0.5])


def test_a_scale_that_training_lacks_borrows_the_mean_shape() -> None:
    # .25/.75 over halves is .125/.125/.375/.375 over quarters
    model = MarginalModel(training((YES_NO, [1, 2, 2, 2])))
    four = AnswerScale((1, 2, 3, 4))
    assert model.answer_distributions(cell(four), SOMEBODY).probs[0] == pytest.approx([0.125, 0.125, 0.375, 0.375])


def test_marginal_needs_answers() -> None:
    with pytest.raises(ModelError, match="no answers on a bounded scale"):
        MarginalModel(training((AnswerScale(None), [5])))


@pytest.mark.parametrize("name", ["uniform", "marginal"])
def test_baselines_load_by_name_and_take_no_adapter(name: str) -> None:
    model = load_model(name)
    assert model.description.name == name
    assert model.answer_distributions(cell(SEVEN), SOMEBODY).probs.sum(axis=1) == pytest.approx(1)
    with pytest.raises(ModelError, match="takes no adapter"):
        load_model(name, adapter="x")


@pytest.mark.parametrize(("scale", "personas"), [(SEVEN, []), (AnswerScale(None), SOMEBODY)])
def test_nobody_to_ask_and_nothing_to_choose_from_are_errors(
    scale: AnswerScale, personas: list[dict[str, int]]
) -> None:
    with pytest.raises(ModelError):
        UniformModel().answer_distributions(cell(scale), personas)


def test_the_uniform_model_spreads_over_options_on_the_axis_and_off_it() -> None:
    answer = UniformModel().answer_distributions(cell(AnswerScale((1, 2, 3), {}, {9: "Don't know"})), SOMEBODY)
    assert answer.probs == pytest.approx(np.full((2, 4), 1 / 4))


def test_the_marginal_model_knows_how_many_answered_off_the_axis() -> None:
    asked = AnswerScale((1, 2), {}, {9: "Don't know"})
    model = MarginalModel(training((asked, [1, 1, 2, 9])))
    assert model.answer_distributions(cell(asked), SOMEBODY).probs[0] == pytest.approx([0.5, 0.25, 0.25])
    # another code off the axis, or two of them: the shape of the axis, and the mean share off it
    other = AnswerScale((1, 2), {}, {-1: "Refused", 9: "Don't know"})
    assert model.answer_distributions(cell(other), SOMEBODY).probs[0, [0, 3]] == pytest.approx([0.125, 0.125])
    plain = model.answer_distributions(cell(AnswerScale((1, 2))), SOMEBODY).probs[0]
    assert plain == pytest.approx([2 / 3, 1 / 3])
