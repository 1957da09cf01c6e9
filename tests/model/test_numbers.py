"""Open-ended answers, digit by digit."""

import numpy as np
import pytest
import torch

from socrates_core.model.answer_model import MAX_DIGITS
from socrates_core.model.numbers import NumberSampler, turn_ends
from socrates_core.model.prefix_tree.encoding import digit_tokens
from socrates_core.model.prefix_tree.scoring import TreeScorer
from tests.model.tiny import network, tokenizer

PROMPT = np.array(tokenizer()("<|im_start|>user\nHow many dollars?<|im_end|>\n<|im_start|>assistant\n").input_ids)


def sampler(leaning: dict[str, float] | None = None, merges_digits: bool = False) -> NumberSampler:
    """A sampler on a random network whose output leans towards some tokens."""
    words = tokenizer(merges_digits)
    made = network(len(words))
    if leaning is not None:
        bias = torch.zeros(len(words))
        for token, strength in leaning.items():
            bias[words.convert_tokens_to_ids(token)] = strength
        head = torch.nn.Linear(64, len(words))
        torch.nn.init.zeros_(head.weight)
        head.bias.data = bias
        made.set_output_embeddings(head)
    return NumberSampler(TreeScorer(made, digit_tokens(words, len(words))), words)


@pytest.mark.parametrize("merges_digits", [False, True])
def test_answers_are_numbers_and_the_seed_repeats_them(merges_digits: bool) -> None:
    made = sampler({"<|im_end|>": 8.0, "4": 7.0, "2": 7.0}, merges_digits)
    one, again, other = (made.sample([PROMPT] * 40, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.values.tolist() == again.values.tolist() != other.values.tolist()
    assert one.valid.all()
    assert len(set(one.values.tolist())) > 3


def test_a_number_that_does_not_end_is_invalid_and_no_number() -> None:
    made = sampler({"7": 30.0, "<|im_end|>": -30.0}).sample([PROMPT] * 3, np.random.default_rng(0))
    assert not made.valid.any()
    assert made.values.tolist() == [-1, -1, -1]


def test_the_longest_answer_is_still_an_answer() -> None:
    words = tokenizer()
    made = sampler({"1": 20.0, "<|im_end|>": 0.0})
    long = made.sample([PROMPT] * 2000, np.random.default_rng(0), temperature=12.0)
    assert long.values[long.valid].max() < 10**MAX_DIGITS
    assert words.eos_token_id is not None


def test_what_the_model_would_rather_have_written_is_lost_mass() -> None:
    # "$" has e^3 of the weight, "5" 1, the end nothing to begin with; all other tokens are out of reach
    words = tokenizer()
    bias = dict.fromkeys(words.get_vocab(), -40.0) | {"$": 3.0, "5": 0.0}
    made = sampler(bias).sample([PROMPT], np.random.default_rng(0))
    expected = 1 / (1 + np.e**3)
    assert made.mass[0] == pytest.approx(expected ** (MAX_DIGITS + 1), rel=1e-3)


def test_temperature_zero_writes_the_likeliest_number() -> None:
    made = sampler({"3": 5.0, "<|im_end|>": 6.0}).sample([PROMPT] * 20, np.random.default_rng(0), temperature=0)
    assert set(made.values.tolist()) == {3}


def test_the_longest_numbers_of_a_tokenizer_that_merges_digits_are_cut_by_their_digits_and_not_their_tokens() -> None:
    # three tokens of three digits are nine digits and valid; a fourth token makes it invalid
    words = tokenizer(merges_digits=True)
    three = next(name for name in words.get_vocab() if name.isdigit() and len(name) == 3)
    made = sampler({three: 40.0}, merges_digits=True).sample([PROMPT], np.random.default_rng(0))
    assert made.values.tolist() == [-1]
    ending = sampler({three: 40.0, "<|im_end|>": 41.0}, merges_digits=True)
    numbers = ending.sample([PROMPT] * 300, np.random.default_rng(0))
    assert set(numbers.values.tolist()) == {-1, int(three), int(three * 2), int(three * 3)}


def test_digits_that_a_model_would_never_write_are_still_numbers_with_no_mass() -> None:
    # e^-1000 underflows: the choice among digits must not become a division of zero by zero
    words = tokenizer()
    bias = dict.fromkeys(words.get_vocab(), -2000.0) | {"$": 0.0, "5": -1000.0, "<|im_end|>": -999.0}
    made = sampler(bias).sample([PROMPT], np.random.default_rng(0), temperature=0)
    assert made.values.tolist() == [5]
    assert made.mass.tolist() == [0.0]


def test_a_number_is_drawn_with_the_probability_that_the_model_gives_it() -> None:
    # after every token: "1" and "2" have e^0 each, the end e^1; the first token is a digit
    words = tokenizer()
    bias = dict.fromkeys(words.get_vocab(), -40.0) | {"1": 0.0, "2": 0.0, "<|im_end|>": 1.0}
    made = sampler(bias).sample([PROMPT] * 4000, np.random.default_rng(0))
    end = np.e / (np.e + 2)
    for number, expected in {1: end / 2, 2: end / 2, 12: end * (1 - end) / 4}.items():
        assert (made.values == number).mean() == pytest.approx(expected, abs=0.02)


def test_top_p_keeps_the_likeliest_token_alone() -> None:
    made = sampler({"3": 5.0, "4": 4.0, "<|im_end|>": 6.0}).sample([PROMPT] * 50, np.random.default_rng(0), top_p=0.1)
    assert set(made.values.tolist()) == {3}


def test_progress_ends_with_everybody() -> None:
    told: list[tuple[int, int]] = []
    made = sampler({"3": 5.0, "<|im_end|>": 6.0})
    made.sample([PROMPT] * 9, np.random.default_rng(0), progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 9)
    assert told[-1] == (9, 9)


def test_an_answer_ends_where_the_chat_template_ends_it_or_with_the_text() -> None:
    words = tokenizer()
    assert turn_ends(words) == [words.convert_tokens_to_ids("<|im_end|>")]
