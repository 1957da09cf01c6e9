"""The cache of results."""

import threading

from socrates_core.model.answer_model import AnswerDistributions
from socrates_core.model.baselines import UniformModel
from socrates_core.simulation import SimulationRequest
from socrates_core.study import Cell, Persona
from socrates_core.ui.catalogue import BUNDLED, open_catalogue
from socrates_core.ui.link import Link
from socrates_core.ui.results import Results


class CountingModel(UniformModel):
    """Counts how often it is asked, and can be made to wait."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def answer_distributions(self, cell: Cell, personas: list[Persona]) -> AnswerDistributions:  # type: ignore[override]
        self.asked += 1
        self.gate.wait(10)
        return super().answer_distributions(cell, personas)


def link(seed: int) -> Link:
    cell = open_catalogue([], frozenset()).source(BUNDLED).studies.cells_of("gss-welfare")[0]
    return Link(BUNDLED, SimulationRequest(cell.cell_id, n=10, seed=seed, max_arms=1))


def test_what_was_computed_is_kept_and_the_oldest_goes_first() -> None:
    model = CountingModel()
    results = Results(open_catalogue([], frozenset()), model, kept=2)
    first = results.get(link(1))
    assert results.get(link(1)) is first
    assert model.asked == 1
    results.get(link(2))
    results.get(link(1))  # used again, so 2 is the oldest
    results.get(link(3))
    assert model.asked == 3
    assert results.get(link(1)) is first
    results.get(link(2))
    assert model.asked == 4


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
