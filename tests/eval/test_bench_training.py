from dataclasses import replace

import numpy as np
import pytest
import torch

from eval.bench.contenders import shapes
from eval.bench.contenders.trainers import random_examples
from eval.bench.training import FOURTEEN_B, ON_A_CPU, matrix_weights, measure
from socrates_core.finetune.batch.packs import common_prefix

TINY = replace(
    ON_A_CPU,
    config=shapes.TINY,
    people=(4, 1),
    step_examples=8,
    repeats=1,
    batch=4,
)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("four_bits", "recompute"), [(False, False), (True, True)], ids=["float32", "nf4"])
def test_all_contenders_make_the_same_steps_and_each_is_timed(four_bits: bool, recompute: bool) -> None:
    size = replace(TINY, four_bits=four_bits, recompute=recompute)
    told = measure(size, torch.device("cpu"), np.random.default_rng(1))
    shared, alone = told["configurations"]
    for one in (shared, alone):
        assert len(one["losses"]["packs"]) == 3
        assert one["losses"]["TRL"] == pytest.approx(one["losses"]["packs"], rel=1e-3)
        assert one["losses"]["packs"][2] != pytest.approx(one["losses"]["packs"][0], rel=1e-4)
        assert all(len(times["all"]) == 2 for times in one["step_seconds"].values())
    # two cells of 448 shared tokens and four people each, against eight rows
    assert shared["tokens_per_step"]["packs"] < 0.4 * shared["tokens_per_step"]["TRL"]
    assert alone["tokens_per_step"]["packs"] < alone["tokens_per_step"]["TRL"]


def test_people_of_a_cell_share_exactly_what_they_are_said_to() -> None:
    members = random_examples(8, 4, 448, 60, 4096, np.random.default_rng(1))
    assert {one.group for one in members} == {0, 1}
    assert common_prefix(members[0].prompt, members[3].prompt) == 448
    assert common_prefix(members[0].prompt, members[4].prompt) == 0
    assert all(500 <= one.tokens <= 515 for one in members)


def test_the_large_shape_is_that_of_a_14b_model() -> None:
    # Qwen2.5-14B: 13.1 billion parameters without embeddings (its model card)
    assert matrix_weights(FOURTEEN_B) == pytest.approx(13.1e9, rel=0.01)
