"""The cache of results."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerDistributions
from socrates_core.model.baselines import UniformModel
from socrates_core.people.edit import Shares
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.study.study_set import Cell, Persona
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.answer_memory import UnaskedError
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import Link


class CountingModel:
    """Answers evenly, counts how often it is asked, and can be made to wait."""

    description = UniformModel.description

    def __init__(self) -> None:
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        self.asked += 1
        self.gate.wait(10)
        return UniformModel().answer_distributions(cell, personas)


def link(seed: int, n: int = 10) -> Link:
    cell = open_catalogue([], frozenset()).source(BUNDLED).studies.cells_of("gss-welfare")[0]
    return Link(BUNDLED, SimulationRequest(cell.cell_id, n=n, seed=seed, max_arms=1))


def test_what_was_computed_is_kept_and_the_oldest_goes_first() -> None:
    results = Results(open_catalogue([], frozenset()), CountingModel(), capacity=2)
    first = results.get(link(1))
    assert results.get(link(1)) is first
    second = results.get(link(2))
    assert results.get(link(1)) is first  # used again, so 2 is the oldest
    results.get(link(3))
    assert results.get(link(1)) is first
    assert results.get(link(2)) is not second


@pytest.mark.parametrize(
    "change", [{"temperature": 0.5}, {"top_p": 0.9}, {"edits": (Shares("gender", (("Female", 0.9), ("Male", 0.1))),)}]
)
def test_decoding_and_shares_ask_the_model_nothing_again(change: dict[str, Any]) -> None:
    model = CountingModel()
    results = Results(open_catalogue([], frozenset()), model)
    first = link(1, n=5000)
    results.get(first)
    before = model.asked
    assert results.get(replace(first, request=replace(first.request, **change))) is not results.get(first)
    assert model.asked == before


def test_two_who_ask_the_same_at_once_wait_for_one_computation() -> None:
    model = CountingModel()
    model.gate.clear()
    results = Results(open_catalogue([], frozenset()), model)
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(results.get(link(1)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    model.gate.set()
    for thread in threads:
        thread.join(30)
    assert model.asked == 1
    assert got[0] is got[1] is got[2]


def test_nobody_waits_without_end_for_somebody_elses_computation() -> None:
    model = CountingModel()
    model.gate.clear()
    results = Results(open_catalogue([], frozenset()), model, patience=0.1)
    first = threading.Thread(target=results.get, args=(link(1),))
    first.start()
    while not model.asked:
        time.sleep(0.01)
    with pytest.raises(SocratesError, match="still being computed"):
        results.get(link(1))
    model.gate.set()
    first.join(30)
    assert results.get(link(1)) is results.get(link(1))
    assert results._running == {}


def test_a_change_that_the_model_would_take_too_long_for_costs_a_visitor_nothing() -> None:
    model = CountingModel()
    results = Results(open_catalogue([], frozenset()), model)
    visitor = Visitor("visitor", "anyone", "a")
    with pytest.raises(UnaskedError):
        results.get(link(1), visitor=visitor, seconds=0.0)
    assert model.asked == 0
    results.limits.take(visitor, results.limits.burst)  # the whole bucket is still there
    assert results.people_of(link(1)) == 10
