"""Endpoints against `transformers serve`, compared with what the same network says on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.endpoint.endpoint_model import EndpointModel, load_endpoint
from socrates_core.model.endpoint.plan import EndpointSettings
from socrates_core.model.prefix_tree import attention
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.simulation.robustness.rewording import Rewording
from socrates_core.study.study_set import Cell
from tests.model.endpoint.typed import letter_probabilities
from tests.model.tiny import tokenizer
from tests.servers.answering import answering_network, save_model, transformers_serve

CELL: Final = Cell(
    1,
    "s1",
    1,
    1,
    "You read about a policy. Only return an integer from 1 to 7, nothing else.",
    AnswerScale(tuple(range(1, 8)), {1: "Not at all", 7: "Very much"}),
)
PEOPLE: Final = [{"age": 19, "gender": "Female"}, {"age": 78, "gender": "Male"}, {}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    save_model(folder / "sampling")
    save_model(folder / "greedy", samples=False)
    return folder


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with transformers_serve(home) as url:
        yield url


def served(home: Path, url: str, name: str = "sampling", **settings: object) -> EndpointModel:
    return load_endpoint(f"endpoint:{home / name}@{url}", settings=EndpointSettings(**settings))


def test_typed_decisions_are_the_next_token_probabilities_of_the_letters(home: Path, url: str) -> None:
    model = served(home, url)
    answer = model.answer_distributions(CELL, PEOPLE)
    assert answer.method == "typed"
    assert model.rests_on().startswith("3 from typed decisions")
    for row, persona in zip(answer.probs, PEOPLE, strict=True):
        expected = letter_probabilities(answering_network(), tokenizer(), CELL, persona)
        assert row == pytest.approx(expected, abs=1e-5)


def test_samples_follow_the_exact_distribution_of_the_local_network(home: Path, url: str) -> None:
    network = answering_network()
    network.set_attn_implementation(attention.NAME)
    local = TransformerModel(network, tokenizer(), ModelDescription("local", template="shared"))
    expected = local.answer_distributions(CELL, PEOPLE)
    model = served(home, url, method="sampled", samples=30)
    answer = model.answer_distributions(CELL, PEOPLE)
    assert answer.method == "sampled"
    assert answer.on_scale_mass == pytest.approx(expected.on_scale_mass, abs=0.1)
    # shares of 90 answers around p: one standard deviation is at most 0.053
    assert answer.probs.mean(axis=0) == pytest.approx(expected.probs.mean(axis=0), abs=0.21)
    assert np.ptp(answer.probs.mean(axis=0)) > 0.1
    assert model.report().answer_tokens == 90 * 2  # a digit and the end of the turn, as the server counts


def test_both_orders_of_the_options_are_what_the_letters_say_in_both(home: Path, url: str) -> None:
    answer = in_both_orders(served(home, url)).answer_distributions(CELL, PEOPLE[:1])
    one, other = (
        letter_probabilities(answering_network(), tokenizer(), Rewording(name).of(CELL), PEOPLE[0], backwards)
        for name, backwards in (("listed", False), ("reversed", True))
    )
    assert np.abs(one - other).max() > 0.01
    assert answer.probs[0] == pytest.approx((one + other) / 2, abs=1e-5)


def test_a_scale_of_more_options_than_letters_is_asked_in_bins(home: Path, url: str) -> None:
    wide = Cell(2, "s1", 1, 2, CELL.stimulus, AnswerScale(tuple(range(0, 101))))
    answer = served(home, url, samples=4).answer_distributions(wide, PEOPLE[:1])
    assert answer.method == "binned"
    assert len(set(answer.probs[0].tolist())) == 26  # 0 to 3, 4 to 7, …: a letter each


def test_a_served_model_that_is_not_set_to_sample_is_refused(home: Path, url: str) -> None:
    model = served(home, url, "greedy", method="sampled", samples=3)
    with pytest.raises(ModelError, match=r"does not sample.*do_sample"):
        model.answer_distributions(CELL, PEOPLE[:1])


def test_a_model_that_the_server_cannot_load_is_an_error(home: Path, url: str) -> None:
    model = served(home, url, "missing", retries=0)
    with pytest.raises(ModelError, match="study s1, cell 1"):
        model.answer_distributions(CELL, PEOPLE)
