"""The menus of what is simulated, and the box that says what would be sent to another server."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import control_of
from socrates_core.study.study_set import Cell, StudySet
from socrates_core.ui.catalogue import conditions, first_bounded, outcomes, same_outcome
from socrates_core.ui.listeners import LATEST, QUICK, Updates
from socrates_core.ui.model_choice import ModelChoice
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.bench import Bench, Choice
from socrates_core.ui.your_data.work import OwnData, people_sent

NOTHING_SENT: Final = "Nothing is sent to another server."


def draw_menus(
    asked: Choice,
    own: OwnData,
    results: Results,
    model: str,
    cell_id: int | None,
    study: str | None = None,
    control: int | None = None,
) -> Updates:
    """The menus for one cell of the data, the chosen one if it is there, else the first; likewise the control."""
    studies = own.studies
    assert studies is not None
    known = set(studies.cells["cell_id"].to_list())
    if study is not None or cell_id not in known:
        cell = first_bounded(studies.cells_of(study or studies.study_ids[0]))
    else:
        assert cell_id is not None
        cell = studies.cell(cell_id)
    cells = studies.cells_of(cell.study_id)
    labels = conditions(cells)
    told = people_sent(own, cell.study_id, results.models.get(model))
    return {
        asked.body: gr.update(visible=True),
        asked.study: gr.update(choices=studies.study_ids, value=cell.study_id, visible=len(studies.study_ids) > 1),
        asked.condition: gr.update(choices=[(label, n) for n, label in labels.items()], value=cell.condition_num),
        asked.outcome: gr.update(choices=_asked(cells, cell), value=cell.cell_id),
        asked.control: _controls(studies, cell, labels, control),
        # who has agreed to one list of columns has not agreed to another
        asked.confirm: gr.update(visible=bool(told), label=told or NOTHING_SENT, value=False),
    }


def request_of(cell_id: int | None, control: int | None, n: float | None, seed: float | None) -> SimulationRequest:
    """What is simulated.

    Raises:
        SocratesError: If a number is missing or out of range.
    """
    if n is None or seed is None or cell_id is None:
        raise SocratesError("Simulated people and seed: enter whole numbers")
    return SimulationRequest(int(cell_id), n=int(n), seed=int(seed), control=control)


def cell_of_menus(studies: StudySet, study: str | None, condition: int | None, cell_id: int) -> Cell:
    """What the menus say: an outcome of the chosen study and condition, whose own may still be on their way."""
    cell = studies.cell(cell_id)
    if study in studies.study_ids and study != cell.study_id:
        return first_bounded(studies.cells_of(study))
    cells = studies.cells_of(cell.study_id)
    if condition is None or condition == cell.condition_num or all(one.condition_num != condition for one in cells):
        return cell
    return same_outcome(cells, condition, cell.task_num)


def _asked(cells: Sequence[Cell], cell: Cell) -> list[tuple[str, int]]:
    return [(label, number) for number, label in outcomes(cells, cell.condition_num).items()]


def _controls(studies: StudySet, cell: Cell, labels: Mapping[int, str], chosen: int | None) -> Any:
    own = chosen if chosen in labels else control_of(studies, cell)
    choices = [(label, number) for number, label in labels.items()]
    return gr.update(choices=choices, value=own, visible=len(labels) > 1)


def wire_menus(bench: Bench, asked: Choice, results: Results, choice: ModelChoice) -> None:
    def choose_study(own: OwnData | None, study: str, model: str) -> Updates:
        if own is None or own.studies is None or study not in own.studies.study_ids:
            return {asked.body: gr.skip()}
        drawn = draw_menus(asked, own, results, model, None, study)
        return {component: update for component, update in drawn.items() if component is not asked.study}

    def choose_condition(own: OwnData | None, condition: int, cell_id: int | None) -> Any:
        if own is None or own.studies is None or cell_id is None:
            return gr.skip()
        cell = cell_of_menus(own.studies, None, condition, cell_id)
        return gr.update(choices=_asked(own.studies.cells_of(cell.study_id), cell), value=cell.cell_id)

    def choose_model(own: OwnData | None, cell_id: int | None, model: str) -> Any:
        if own is None or own.studies is None or cell_id is None:
            return gr.skip()
        told = people_sent(own, own.studies.cell(cell_id).study_id, results.models.get(model))
        return gr.update(visible=bool(told), label=told or NOTHING_SENT, value=False)

    menus = [*asked.menus, asked.confirm]
    asked.outcome.change(None, asked.outcome, asked.cell, js="(cell) => cell")
    asked.study.input(choose_study, [bench.own, asked.study, asked.model], menus, **LATEST)
    asked.condition.input(choose_condition, [bench.own, asked.condition, asked.cell], asked.outcome, **LATEST)
    asked.model.change(choose_model, [bench.own, asked.cell, asked.model], asked.confirm, **QUICK)
    choice.menu.change(
        lambda name: gr.update(choices=results.models.choices(), value=name), choice.menu, asked.model, **QUICK
    )
