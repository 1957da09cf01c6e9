import math
import multiprocessing
import resource
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from transformers import get_cosine_schedule_with_warmup

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.packs import pack_of
from socrates_core.finetune.network import LoraNetwork
from socrates_core.finetune.recipe import Recipe
from socrates_core.finetune.step import OptimiserStep, StepFailed, learning_rate
from socrates_core.model.loading import LoadedNetwork
from tests.finetune.people import examples, lora_model, reader
from tests.model.tiny import tokenizer

RECIPE = Recipe(base="tiny", learning_rate=0.01, warm_up=0.0, weight_decay=0.1, pack_tokens=300)


def made(recipe: Recipe = RECIPE) -> tuple[OptimiserStep, LoraNetwork]:
    tuned = lora_model()
    named = sorted((name, weight) for name, weight in tuned.named_parameters() if weight.requires_grad)
    base = LoadedNetwork(tuned.get_base_model(), tokenizer(), None, "float32", None)
    whole = LoraNetwork(tuned, base, tuple(name for name, _ in named), tuple(weight for _, weight in named))
    return OptimiserStep(recipe, whole, reader(tuned), None, Accelerator()), whole


def weights_after(recipe: Recipe, members: list[Example]) -> list[torch.Tensor]:
    step, whole = made(recipe)
    assert step.take(members, 0, 10, lambda: False) is not None
    return [weight.detach().clone() for weight in whole.weights]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_rate_rises_and_falls_as_it_does_in_transformers(schedule: str) -> None:
    recipe = replace(RECIPE, schedule=schedule, warm_up=0.1, learning_rate=2.0)
    rates = [learning_rate(recipe, step, 20) for step in range(20)]
    assert rates[:3] == [0, 1, 2]
    if schedule == "cosine":
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
        theirs = get_cosine_schedule_with_warmup(optimiser, 2, 20)
        for rate in rates:
            assert rate == pytest.approx(theirs.get_last_lr()[0])
            optimiser.step()
            theirs.step()
    else:
        assert rates[11] == pytest.approx({"linear": 1.0, "constant": 2.0}[schedule])


def test_a_step_is_the_same_in_one_pack_and_in_many() -> None:
    members = examples()
    many, one = (weights_after(replace(RECIPE, pack_tokens=size), members) for size in (40, 100_000))
    for a, b in zip(many, one, strict=True):
        assert torch.allclose(a, b, atol=2e-4)


def test_a_long_gradient_is_clipped_and_its_norm_before_clipping_reported() -> None:
    members = examples()
    free, _ = made()
    values = free.take(members, 0, 10, lambda: False)
    assert values is not None
    clipped, whole = made(replace(RECIPE, clip_norm=values["gradient_norm"] / 10))
    before = [weight.detach().clone() for weight in whole.weights]
    again = clipped.take(members, 0, 10, lambda: False)
    assert again is not None
    assert again["gradient_norm"] == pytest.approx(values["gradient_norm"], rel=1e-4)
    moments = [clipped.optimiser.state[weight]["exp_avg"] * 10 for weight in whole.weights]
    length = math.sqrt(sum(float((moment**2).sum()) for moment in moments))
    assert length == pytest.approx(values["gradient_norm"] / 10, rel=1e-4)
    assert any((weight != old).any() for weight, old in zip(whole.weights, before, strict=True))


def test_a_stop_leaves_everything_as_it_was() -> None:
    step, whole = made()
    before = [weight.detach().clone() for weight in whole.weights]
    asked = iter([False, True])
    assert step.take(examples(), 0, 10, lambda: next(asked)) is None
    assert all((weight == old).all() for weight, old in zip(whole.weights, before, strict=True))


def test_a_loss_that_is_not_finite_is_reported_and_no_weight_changes() -> None:
    step, whole = made()
    with torch.no_grad():
        whole.weights[0].fill_(math.nan)
    before = [weight.detach().clone() for weight in whole.weights]
    with pytest.raises(StepFailed, match=r"the loss is nan in (bridge|tea);"):
        step.take(examples(), 0, 10, lambda: False)
    assert all(torch.equal(w, old) for w, old in zip(whole.weights[1:], before[1:], strict=True))


@pytest.mark.parametrize("processes", [2, 5])
def test_processes_share_out_the_packs_by_tokens_and_none_is_idle(processes: int) -> None:
    members = examples(people=40)
    loads, assigned, groups = [], [], []
    for number in range(processes):
        accelerator = SimpleNamespace(num_processes=processes, process_index=number)
        step, _ = made(replace(RECIPE, pack_tokens=100_000))  # all would fit one pack
        step._accelerator = accelerator
        packs = step._own_packs(members)
        loads.append(sum(len(pack_of(some).tokens) for some in packs))
        assigned += [(one.cell.cell_id, one.prompt.tobytes(), one.answer) for some in packs for one in some]
        groups += [group for some in packs for group in {one.group for one in some}]
    assert sorted(assigned) == sorted((one.cell.cell_id, one.prompt.tobytes(), one.answer) for one in members)
    assert len(groups) == len(set(groups))  # a group stays in one piece
    assert max(loads) < 1.5 * min(loads)


def _step_in_little_memory(headroom: int, prompts: int, results: Any) -> None:
    """Take a step in a process with little memory.

    Args:
        headroom: Bytes that this process may still allocate.
        prompts: How often a prompt is repeated within an example.
        results: Queue for (pack size, examples, largest difference from a step with enough memory), or the message of
            the failure.
    """
    torch.set_num_threads(1)
    members = examples(people=40)
    expected = weights_after(replace(RECIPE, pack_tokens=200), members)
    members = [replace(one, prompt=np.tile(one.prompt, prompts)) for one in members]
    step, whole = made(replace(RECIPE, pack_tokens=20_000))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    free = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + headroom, free[1]))
    values, failure = None, ""
    try:
        values = step.take(members, 0, 10, lambda: False)
    except StepFailed as error:
        failure = str(error)
    resource.setrlimit(resource.RLIMIT_AS, free)
    if values is None:
        results.put(failure)
        return
    apart = max(float((a - b).abs().max()) for a, b in zip(whole.weights, expected, strict=True))
    results.put((step.pack_tokens, values["examples"], apart))


def step_in_little_memory(headroom: int, prompts: int) -> Any:
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    process = context.Process(target=_step_in_little_memory, args=(headroom, prompts, results))
    process.start()
    result = results.get(timeout=200)
    process.join(60)
    return result


def test_where_memory_runs_out_packs_become_smaller_and_the_step_stays_the_same() -> None:
    size, count, apart = step_in_little_memory(60_000_000, prompts=1)
    assert size < 20_000
    assert count == 160
    assert apart < 5e-4


def test_examples_that_do_not_fit_the_memory_end_in_a_message() -> None:
    # far longer than what the process has freed and could reuse, so the headroom is all that it can allocate
    message = step_in_little_memory(10_000, prompts=400)
    single, laid_out = "out of memory with a single example of", "out of memory before the 160 examples of a step"
    assert message.startswith((single, laid_out))  # which of the two depends on where the memory ends
