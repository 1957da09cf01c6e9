from collections import Counter

import numpy as np
import pytest

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch.examples import ExampleEncoder, end_of_turn, examples_of
from socrates_core.finetune.batch.order import order_of
from socrates_core.model.prefix_tree.encoding import PromptEncoder
from tests.finetune.people import encoder, studies
from tests.model.tiny import tokenizer

EXAMPLES = examples_of(studies(people=10))
"""Ten people in each of four cells; cells 0 and 1 are of one condition."""


def test_every_step_has_exactly_as_many_examples_and_every_example_comes_once_an_epoch() -> None:
    for group_size in (1, 3, 8, 100):
        order = order_of(EXAMPLES, 2, group_size, 1, 16, np.random.default_rng(1))
        steps = [order.step(number)[0] for number in range(order.steps)]
        assert [len(step) for step in steps] == [16, 16, 16, 16, 16]
        assert set(Counter(np.concatenate(steps).tolist()).values()) == {2}
    assert [len(order_of(EXAMPLES, 1, 8, 1, 30, np.random.default_rng(1)).step(n)[0]) for n in (0, 1)] == [30, 10]


@pytest.mark.parametrize("group_size", [1, 3, 4])
def test_groups_are_neighbours_of_one_cell_and_no_larger(group_size: int) -> None:
    order = order_of(EXAMPLES, 1, group_size, 1, 8, np.random.default_rng(2))
    assert (np.diff(order.group) >= 0).all()
    for group in np.unique(order.group):
        members = order.index[order.group == group]
        assert len(set(EXAMPLES.cell[members].tolist())) == 1
        assert 1 <= len(members) <= group_size


def test_the_order_is_a_function_of_the_seed_and_differs_between_epochs() -> None:
    one, same, other = (order_of(EXAMPLES, 2, 3, 1, 8, np.random.default_rng(seed)).index for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
    assert (one[:40] != one[40:]).any()


def test_people_meet_other_neighbours_in_every_epoch() -> None:
    order = order_of(EXAMPLES, 2, 5, 1, 8, np.random.default_rng(4))
    groups = [frozenset(order.index[order.group == group].tolist()) for group in range(16)]
    assert set(groups[:8]) != set(groups[8:])


def test_cells_of_one_condition_can_stand_together() -> None:
    order = order_of(EXAMPLES, 1, 5, 2, 10, np.random.default_rng(3))
    pairs = [set(EXAMPLES.cell[order.step(number)[0]].tolist()) for number in range(order.steps)]
    assert pairs.count({0, 1}) == 2


def test_off_scale_answers_are_counted_and_not_learned() -> None:
    import polars as pl

    made = studies(people=4)
    off = made.responses.with_columns(on_scale=pl.int_range(pl.len()) % 2 == 0)
    from dataclasses import replace

    kept = examples_of(replace(made, responses=off))
    assert (len(kept), kept.off_scale) == (8, 8)
    with pytest.raises(TrainingError, match="no answers to train on"):
        examples_of(replace(made, responses=off.filter(~pl.col("on_scale"))))


def test_an_example_is_the_prompt_of_its_person_and_their_answer() -> None:
    made = ExampleEncoder(EXAMPLES, encoder()).encode(13, group=5)
    text = tokenizer().decode(made.prompt)
    assert "How fair is it?" in text
    assert "- Age: 23" in text
    assert text.endswith("assistant\n")
    assert tokenizer().decode(made.answer) == f"{EXAMPLES.response[13]}<|im_end|>"
    assert (made.group, made.tokens) == (5, len(made.prompt) + 2)


@pytest.mark.parametrize("template", ["shared", "socrates", "alpaca"])
def test_lengths_are_counted_in_every_template(template: str) -> None:
    made = ExampleEncoder(EXAMPLES, PromptEncoder(tokenizer(), template))
    assert made.lengths()[7] == made.encode(7, 0).tokens


def test_a_turn_ends_with_what_the_chat_template_puts_there() -> None:
    assert tokenizer().convert_ids_to_tokens(end_of_turn(tokenizer())) == "<|im_end|>"
