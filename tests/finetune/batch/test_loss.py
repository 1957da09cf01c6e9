from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.loss import block_mask, group_difference, option_log_probs
from socrates_core.finetune.batch.packs import OptionScales, Pack, pack_of, partition
from socrates_core.finetune.network import recompute_activations
from socrates_core.model.prefix_tree.encoding import digit_tokens
from socrates_core.model.prefix_tree.plain import plain_log_probs
from socrates_core.scale.answer_scale import AnswerScale
from tests.finetune.people import encoder, examples, lora_model, reader, trained_parameters
from tests.model.tiny import tokenizer

DIGITS = torch.from_numpy(digit_tokens(tokenizer(), len(tokenizer())))


def plain_gradient(tuned: Any, members: list[Example]) -> tuple[float, list[torch.Tensor]]:
    """The obvious way: one full row for each person, labels on the answer alone, summed and divided by their number."""
    total = 0.0
    tuned.zero_grad()
    for one in members:
        row = torch.tensor([[*one.prompt.tolist(), *one.answer]])
        labels = row.clone()
        labels[0, : len(one.prompt)] = -100
        loss = tuned(input_ids=row, labels=labels, use_cache=False).loss * len(one.answer) / len(members)
        loss.backward()
        total += loss.item()
    return total, [parameter.grad.clone() for parameter in trained_parameters(tuned)]


def packed_gradient(tuned: Any, packs: list[Pack], count: int, dense: bool = False) -> tuple[float, list[torch.Tensor]]:
    total = 0.0
    tuned.zero_grad()
    for pack in packs:
        loss = reader(tuned, dense).loss(pack).cross_entropy / count
        loss.backward()
        total += loss.item()
    return total, [parameter.grad.clone() for parameter in trained_parameters(tuned)]


def difference(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """Relative, in the norm of the whole gradient."""
    gap = sum(float(((a - b) ** 2).sum()) for a, b in zip(one, other, strict=True))
    return float(np.sqrt(gap / sum(float((b**2).sum()) for b in other)))


@pytest.mark.parametrize("dense", [False, True], ids=["block", "dense"])
@pytest.mark.parametrize(
    ("group_size", "budget"),
    [(6, 1), (2, 150), (1, 100_000), (6, 100_000)],
    ids=["each alone", "some together", "all together", "all together in large groups"],
)
def test_the_gradient_is_that_of_full_rows_whatever_the_grouping_and_packing(
    group_size: int, budget: int, dense: bool
) -> None:
    everybody = examples(group_size)
    tuned = lora_model()
    expected_loss, expected = plain_gradient(tuned, everybody)
    packs = [pack_of(members) for members in partition(everybody, budget)]
    loss, gradient = packed_gradient(tuned, packs, len(everybody), dense)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert difference(gradient, expected) < 1e-5


def test_the_self_check_passes_and_notices_a_pack_that_shows_too_much() -> None:
    checked = reader(lora_model())
    pack = pack_of(examples()[:6])
    checked.check(pack)
    with pytest.raises(TrainingError, match="self-check failed"):
        checked.check(replace(pack, last=np.full(len(pack.last), len(pack.last))))


def test_recomputed_activations_give_the_same_gradient() -> None:
    everybody = examples()
    tuned = lora_model()
    packs = [pack_of(everybody)]
    _, expected = packed_gradient(tuned, packs, len(everybody))
    recompute_activations(tuned.get_base_model())
    _, gradient = packed_gradient(tuned, packs, len(everybody))
    assert difference(gradient, expected) < 1e-6


def test_options_that_hang_in_the_pack_do_not_touch_the_cross_entropy() -> None:
    everybody = examples()
    tuned = lora_model()
    scales = OptionScales(encoder())
    _, expected = packed_gradient(tuned, [pack_of(everybody)], len(everybody))
    _, gradient = packed_gradient(tuned, [pack_of(everybody, scales)], len(everybody))
    assert difference(gradient, expected) < 1e-5


def test_the_most_likely_answers_are_counted() -> None:
    tuned = lora_model()

    def guess(tokens: list[int]) -> int:
        with torch.no_grad():
            return int(tuned(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax())

    one, other = examples()[:2]
    first = guess(one.prompt.tolist())
    second = guess([*one.prompt.tolist(), first])
    right = replace(one, answer=(first, second))
    begins_right = replace(one, answer=(first, second + 1))
    ends_right = replace(one, answer=(first + 1, guess([*one.prompt.tolist(), first + 1])))
    assert reader(tuned).loss(pack_of([right])).correct == 1
    assert reader(tuned).loss(pack_of([begins_right])).correct == 0
    assert reader(tuned).loss(pack_of([ends_right])).correct == 0
    assert reader(tuned).loss(pack_of([right, other, right])).correct == 2


@pytest.mark.parametrize("values", [tuple(range(1, 6)), tuple(range(8, 13)), tuple(range(101)), (-2, -1, 0, 1, 2)])
def test_the_options_probabilities_are_those_of_the_plain_path(values: tuple[int, ...]) -> None:
    options = OptionScales(encoder()).of(AnswerScale(values))
    network = lora_model().get_base_model().eval()
    prompt = examples()[0].prompt
    tree = options.tree
    paths = {-1: prompt.tolist()}
    rows = [paths[-1]]
    for node in range(len(tree.tokens)):
        paths[node] = [*paths[int(tree.parent[node])], int(tree.tokens[node])]
    rows += [paths[int(node)] for node in tree.fed]
    with torch.no_grad():
        logs = torch.stack([network(torch.tensor([row])).logits[0, -1].float().log_softmax(-1) for row in rows])
        ours = option_log_probs(options, logs[None], DIGITS)[0]
    texts = [encoder().encode_option(value) for value in values]
    plain = plain_log_probs(network, prompt, texts, tree.stops, DIGITS)
    assert ours.numpy() == pytest.approx(plain, abs=1e-4)


def test_the_distribution_term_by_hand() -> None:
    # three people, one gap of the whole width: d = 0.5, -0.25, 0.25; pairs: 0.5² - (0.25 + 0.0625 + 0.0625) = -0.125
    d = torch.tensor([[0.5], [-0.25], [0.25]])
    assert group_difference(d, torch.tensor([1.0])).item() == pytest.approx(-0.125 / 2)


def test_the_distribution_term_is_unbiased() -> None:
    # everybody answers 1 with probability 0.3, the model says 0.5: the squared difference is 0.04, times n
    rng = np.random.default_rng(1)
    for n in (2, 8):
        answered = torch.from_numpy((rng.random((100_000, n)) < 0.3).astype(np.float64))
        estimates = [group_difference(row[:, None] - 0.5, torch.ones(1)).item() / n for row in answered[:20_000]]
        assert np.mean(estimates) == pytest.approx(0.04, abs=4 * np.std(estimates) / np.sqrt(len(estimates)))


def test_the_distribution_term_pulls_the_mean_prediction_to_the_answers() -> None:
    fives = [replace(one, response=5) for one in examples()[:6]]
    tuned = lora_model()
    pack = pack_of(fives, OptionScales(encoder()))
    weights = trained_parameters(tuned)
    optimiser = torch.optim.AdamW(weights, lr=1e-2)
    first = reader(tuned).loss(pack).distribution.item()
    for _ in range(15):
        optimiser.zero_grad()
        reader(tuned).loss(pack).distribution.backward()
        optimiser.step()
    assert reader(tuned).loss(pack).distribution.item() < first - 0.01


def test_the_block_mask_hides_what_the_dense_one_hides() -> None:
    pack = pack_of(examples())
    sees = block_mask(pack, torch.device("cpu")).mask_mod
    at = torch.arange(len(pack.tokens))
    zero = torch.zeros((), dtype=torch.long)
    assert (sees(zero, zero, at[:, None], at[None, :]).numpy() == pack.attends).all()
