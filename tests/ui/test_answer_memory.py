"""What models have answered lately."""

import gc
import threading

import numpy as np
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import NumberModel
from socrates_core.model.baselines import UniformModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell, Persona
from socrates_core.ui.answer_memory import AnswerMemory, UnaskedError
from tests.experiments import ONE_TO_FIVE, AgeModel, AmountModel


def cell(number: int = 0, scale: AnswerScale = ONE_TO_FIVE) -> Cell:
    return Cell(number, "s", 1, 1, f"How high, {number}?", scale)


def aged(*ages: int) -> list[Persona]:
    return [{"age": age} for age in ages]


def test_nobody_is_asked_twice_and_the_answers_are_those_of_the_model() -> None:
    model, memory = AgeModel(), AnswerMemory()
    first = memory.asking(model).answer_distributions(cell(), aged(20, 80))
    again = memory.asking(model).answer_distributions(cell(), aged(80, 50, 20, 80))
    assert model.asked == [(0, 2), (0, 1)]
    expected = AgeModel().answer_distributions(cell(), aged(80, 50, 20, 80))
    assert again.probs == pytest.approx(expected.probs)
    assert again.on_scale_mass == pytest.approx(expected.on_scale_mass)
    assert (first.method, again.method) == ("exact", "exact")


def test_cells_models_and_personas_are_told_apart() -> None:
    model, memory = AgeModel(), AnswerMemory()
    asking = memory.asking(model)
    asking.answer_distributions(cell(), aged(20))
    asking.answer_distributions(cell(1), aged(20))
    asking.answer_distributions(cell(), [{"age": 20, "party": "A"}])
    asking.answer_distributions(cell(), [{"age": "20"}])
    asking.answer_distributions(cell(scale=AnswerScale((1, 2))), aged(20))
    assert len(model.asked) == 5
    other = AgeModel()
    memory.asking(other).answer_distributions(cell(), aged(20))
    assert len(other.asked) == 1


def test_the_cell_asked_for_longest_ago_is_forgotten_first() -> None:
    model = AgeModel()
    asking = AnswerMemory(most=20).asking(model)  # four rows of five
    for number in (0, 1, 0, 2):
        asking.answer_distributions(cell(number), aged(20, 80))
    assert model.asked == [(0, 2), (1, 2), (2, 2)]
    asking.answer_distributions(cell(0), aged(20, 80))
    assert len(model.asked) == 3
    asking.answer_distributions(cell(1), aged(20, 80))
    assert len(model.asked) == 4


def test_more_than_there_is_room_for_is_answered_and_not_kept() -> None:
    model = AgeModel()
    asking = AnswerMemory(most=10).asking(model)
    for _ in range(2):
        assert len(asking.answer_distributions(cell(), aged(*range(20, 80))).probs) == 60
    assert model.asked == [(0, 60), (0, 60)]


def test_a_model_that_is_gone_takes_its_memory_along() -> None:
    memory, model = AnswerMemory(), AgeModel()
    memory.asking(model).answer_distributions(cell(), aged(20))
    assert len(memory._stores) == 1
    del model
    gc.collect()
    assert len(memory._stores) == 0


def test_what_was_given_out_cannot_change_what_is_remembered() -> None:
    asking = AnswerMemory().asking(AgeModel())
    asking.answer_distributions(cell(), aged(20)).probs[:] = 0
    assert asking.answer_distributions(cell(), aged(20)).probs.sum() == pytest.approx(1)


def test_a_model_that_writes_numbers_still_does_and_each_time_anew() -> None:
    model, memory = AmountModel(), AnswerMemory()
    asking = memory.asking(model)
    assert isinstance(asking, NumberModel)
    assert not isinstance(memory.asking(AgeModel()), NumberModel)
    for _ in range(2):
        asking.sampled_numbers(cell(scale=AnswerScale(None)), aged(30), np.random.default_rng(0))
    assert len(model.asked) == 2


def test_nobody_to_ask_is_the_models_own_error() -> None:
    with pytest.raises(ModelError, match="no personas to simulate"):
        AnswerMemory().asking(AgeModel()).answer_distributions(cell(), [])


def test_many_at_once_get_their_own_answers() -> None:
    asking = AnswerMemory(most=200).asking(AgeModel())
    wrong: list[int] = []

    def ask(seed: int) -> None:
        made = np.random.default_rng(seed)
        for _ in range(50):
            number, ages = int(made.integers(5)), made.integers(20, 80, 8).tolist()
            given = asking.answer_distributions(cell(number), aged(*ages)).probs
            expected = AgeModel().answer_distributions(cell(number), aged(*ages)).probs
            wrong.extend([seed] * (not np.allclose(given, expected)))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_would_take_longer_than_allowed_is_not_asked() -> None:
    model, memory = AgeModel(), AnswerMemory()
    with pytest.raises(UnaskedError):  # nobody knows its pace yet
        memory.asking(model, 5.0).answer_distributions(cell(), aged(20))
    assert (model.asked, memory.pace(model)) == ([], None)
    memory.asking(model).answer_distributions(cell(), aged(20))
    memory._stores[model].pace = 1.0  # a slow machine
    memory.asking(model, 0.0).answer_distributions(cell(), aged(20))  # remembered
    within = memory.asking(model, 5.0)
    within.answer_distributions(cell(1), aged(20, 30, 40))
    memory._stores[model].pace = 1.0
    with pytest.raises(UnaskedError):  # three seconds are spent
        within.answer_distributions(cell(2), aged(20, 30, 40))
    assert model.asked == [(0, 1), (1, 3)]


def test_another_adapter_of_a_loaded_network_is_expected_to_be_as_quick() -> None:
    first, second, stranger = AgeModel(), AgeModel(), AgeModel()
    first.shared = second.shared = object()  # type: ignore[attr-defined]
    memory = AnswerMemory()
    memory.asking(first).answer_distributions(cell(), aged(20))
    assert memory.pace(second) == memory.pace(first)
    assert memory.pace(stranger) is None
    memory.asking(second, 5.0).answer_distributions(cell(), aged(20))
    assert second.asked == [(0, 1)]


def test_a_baseline_is_at_once_although_it_was_never_asked() -> None:
    model, memory = UniformModel(), AnswerMemory()
    assert memory.pace(model) == 0
    found = memory.asking(model, seconds=5).answer_distributions(cell(), aged(*range(20, 80)))
    assert found.probs == pytest.approx(0.2)
