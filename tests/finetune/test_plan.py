from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
from socrates_core.finetune.batch.order import order_of
from socrates_core.finetune.batch.packs import OptionScales, pack_of, partition
from socrates_core.finetune.batch.processes import packs_by_process
from socrates_core.finetune.plan import Plan, plan_of
from socrates_core.finetune.recipe import Recipe
from tests.finetune.people import encoder, lora_model, studies
from tests.model.tiny import network, tokenizer

RECIPE = Recipe(base="tiny", precision="float32", lora_rank=4, step_examples=16, pack_tokens=300, group_size=5)
MADE = ExampleEncoder(examples_of(studies(people=10)), encoder())
ORDER = order_of(MADE.examples, 1, 5, 1, 16, np.random.default_rng(1))
CONFIG: Any = network(len(tokenizer())).config
DEEP: Any = type(CONFIG)(**{**CONFIG.to_dict(), "num_hidden_layers": 24, "layer_types": None})


def planned(processes: int = 1, config: Any = CONFIG, **changes: Any) -> Plan:
    recipe = replace(RECIPE, **changes)
    return plan_of(recipe, MADE, ORDER, MADE.lengths(), 0, OptionScales(encoder()), config, processes)


def test_what_can_be_counted_is_counted_exactly() -> None:
    plan = planned()
    members = [MADE.encode_all(*ORDER.step(number)) for number in range(3)]
    packs = [pack_of(some) for one in members for some in partition(one, 300)]
    assert (plan.examples, plan.steps) == (40, 3)
    assert plan.tree_tokens == sum(len(pack.tokens) for pack in packs)
    assert plan.packs_a_step == pytest.approx(len(packs) / 3)
    assert plan.shared == pytest.approx(sum(p.tokens_unshared for p in packs) / plan.tree_tokens)
    assert plan.sharing_bound >= plan.shared > 1
    assert plan.parameters == network(len(tokenizer())).num_parameters()
    assert plan.adapter_parameters == sum(
        weight.numel() for weight in lora_model(4).parameters() if weight.requires_grad
    )


def test_only_layers_that_are_adapted_count() -> None:
    assert planned(lora_layers=1).adapter_parameters == planned().adapter_parameters / CONFIG.num_hidden_layers


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"precision": "nf4"}, {}),
        ({"recompute": True}, {}),
        ({}, {"distribution_weight": 1.0}),
        ({}, {"pack_tokens": 10_000}),
        ({"shard": True, "processes": 8, "config": DEEP}, {"processes": 8, "config": DEEP}),
    ],
    ids=["four bits", "recomputed", "the term's own rows", "longer packs", "shared out"],
)
def test_the_estimate_of_memory_follows_what_takes_it(less: dict[str, Any], more: dict[str, Any]) -> None:
    assert planned(**less).memory_gb < planned(**more).memory_gb


def test_processes_share_the_work() -> None:
    assert planned(8).hours[1] < planned(1).hours[1] / 2  # the rate is measured anew each time


def test_several_processes_wait_for_the_one_with_the_most_tokens() -> None:
    plan = planned(3)
    loads = [
        [sum(len(pack_of(some).tokens) for some in own) for own in packs_by_process(members, 300, None, 3)]
        for members in (MADE.encode_all(*ORDER.step(number)) for number in range(3))
    ]
    assert plan.tree_tokens == sum(map(sum, loads))
    assert plan.busiest_tokens == sum(map(max, loads))
    assert plan.tree_tokens / 3 <= plan.busiest_tokens < plan.tree_tokens
    assert planned(1).busiest_tokens == planned(1).tree_tokens


def test_recomputing_passes_the_matrices_once_more() -> None:
    assert (planned().passes, planned(recompute=True).passes) == (2, 3)
