"""Open-ended answers of a local model."""

import numpy as np
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import MAX_DIGITS, ModelDescription, NumberModel, check_numbers
from socrates_core.model.baselines import UniformModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.model.tiny import network, tokenizer

DOLLARS = Cell(7, "s", 1, 1, "How many dollars? Only return an integer representing dollars.", AnswerScale(None))
PEOPLE = [{"age": 20 + number % 3, "party": "A"} for number in range(60)]


def model(context: int = 2048) -> TransformerModel:
    words = tokenizer()
    return TransformerModel(network(len(words), context), words, ModelDescription("tiny", template="shared"))


def test_the_same_stream_gives_the_same_numbers_and_another_one_others() -> None:
    made = model()
    one, again, other = (made.sampled_numbers(DOLLARS, PEOPLE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.values.tolist() == again.values.tolist() != other.values.tolist()
    assert one.values[one.valid].max() < 10**MAX_DIGITS
    assert (one.values[~one.valid] == -1).all()
    assert ((one.mass >= 0) & (one.mass <= 1)).all()


def test_a_model_that_was_asked_for_options_before_writes_the_same_numbers() -> None:
    fresh, used = model(), model()
    used.answer_distributions(Cell(1, "s", 1, 1, "How high?", AnswerScale((1, 2, 3))), PEOPLE[:3])
    numbers = [made.sampled_numbers(DOLLARS, PEOPLE, np.random.default_rng(0)).values for made in (fresh, used)]
    assert numbers[0].tolist() == numbers[1].tolist()


def test_the_self_check_runs_before_the_first_number() -> None:
    made = model()
    scorer = made.shared.scorer
    told = scorer.log_probs
    scorer.log_probs = lambda *args, **named: [logs + 1 for logs in told(*args, **named)]  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="self-check failed: for study s, cell 7"):
        made.sampled_numbers(DOLLARS, PEOPLE[:2], np.random.default_rng(0))


def test_a_prompt_that_leaves_no_room_for_the_digits_is_named() -> None:
    with pytest.raises(ModelError, match=r"study s, cell 7: its prompt has .* tokens, but this model's context is 32"):
        model(context=32).sampled_numbers(DOLLARS, PEOPLE[:1], np.random.default_rng(0))


def test_nobody_to_ask_is_said() -> None:
    with pytest.raises(ModelError, match="no personas to simulate in study s, cell 7"):
        model().sampled_numbers(DOLLARS, [], np.random.default_rng(0))


def test_local_networks_write_numbers_and_baselines_and_endpoints_do_not() -> None:
    assert isinstance(model(), NumberModel)
    for other in (UniformModel(), EndpointModel("gpt", "http://127.0.0.1:9/v1")):
        with pytest.raises(
            ModelError, match=r"study s, cell 7 has an open-ended outcome, but .* only assigns probabilities"
        ):
            check_numbers(other, DOLLARS)
