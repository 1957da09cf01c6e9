"""Training on answers off the axis, and in half steps."""

from dataclasses import replace

import numpy as np
import polars as pl

from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
from socrates_core.finetune.batch.packs import OptionScales
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import StudySet, cells_table
from tests.finetune.people import encoder, studies
from tests.model.tiny import tokenizer


def on_scale(scale: AnswerScale, responses: list[int]) -> StudySet:
    """The tea study with this scale, and these answers of its people."""
    made = studies(people=len(responses)).select(["tea"])
    (cell,) = made.cells_of("tea")
    return replace(
        made,
        cells=cells_table([replace(cell, scale=scale)]),
        responses=made.responses.with_columns(response=pl.Series(responses, dtype=pl.Int64)),
    )


def test_who_does_not_know_is_learnt_from_and_has_no_place_in_the_distribution_term() -> None:
    scale = AnswerScale((1, 2, 3), {}, {9: "Don't know"})
    made = ExampleEncoder(examples_of(on_scale(scale, [1, 9, 3])), encoder())
    examples = made.encode_all([0, 1, 2], [0, 0, 0])
    assert [tokenizer().decode(one.answer[:-1]) for one in examples] == ["1", "9", "3"]
    assert [one.has_place for one in examples] == [True, False, True]
    options = OptionScales(encoder()).of(scale)
    assert options.values.tolist() == [1, 2, 3]
    assert options.gaps.tolist() == [0.5, 0.5]


def test_half_steps_are_learnt_as_they_are_written() -> None:
    made = ExampleEncoder(examples_of(on_scale(AnswerScale((2, 3, 4), unit=0.5), [2, 3, 4])), encoder())
    examples = made.encode_all(np.arange(3), np.zeros(3, dtype=np.int64))
    assert [tokenizer().decode(one.answer[:-1]) for one in examples] == ["1", "1.5", "2"]


def test_options_without_an_order_have_no_distance_to_learn_from() -> None:
    made = ExampleEncoder(examples_of(on_scale(AnswerScale((1, 2, 3), nominal=True), [1, 2, 3])), encoder())
    assert not any(one.has_place for one in made.encode_all([0, 1, 2], [0, 0, 0]))
