"""What a new visitor sees, prepared before anybody is there.

The first prediction and the first figure load and compile what all later ones use. Done while the rest of the program
starts, none of it is left to whoever comes first.
"""

import threading
from contextlib import suppress
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Source, first_bounded
from socrates_core.ui.results import Results
from socrates_core.ui.running.compact_view import compact_html
from socrates_core.ui.running.runs import base_arm
from socrates_core.ui.simulate.link import Link, to_query
from socrates_core.ui.simulate.result_panel import drawn_result
from socrates_core.ui.zero_gpu import BorrowedGpu

WAIT: Final = 3.0
"""Seconds that the address waits for the first prediction of the demo model, which is done by then."""


def first_cell(source: Source, study_id: str) -> Cell:
    """The cell shown when a study is chosen: its first bounded outcome, or else its first cell.

    Raises:
        StudyFolderError: If there is no such study.
    """
    return first_bounded(source.studies.cells_of(source.entry(study_id).study.study_id))


def first_link(results: Results) -> Link:
    """What a new visitor sees."""
    catalogue = results.catalogue_of(results.model_name)
    source = catalogue.sources[0]  # the visitor's own studies, where there are some
    cell = first_cell(source, source.first_study(results.model.description.demo))
    return Link(source.name, SimulationRequest(cell.cell_id), results.model_name)


def prepare_first(results: Results) -> threading.Thread | None:
    """Predict and draw in the background what a new visitor sees, with the baseline beside it, and return the thread.

    Not by an endpoint, whose calls may cost money, nor where a GPU is borrowed by visitors: None then.
    """
    if isinstance(results.model, EndpointModel | BorrowedGpu):
        return None

    def work() -> None:
        with suppress(SocratesError):  # a visitor is told
            link = first_link(results)
            found = results.get(link)
            drawn_result(found, to_query(link, results.catalogue), base=base_arm(results, link, found))
            compact_html(found)

    thread = threading.Thread(target=work, name="first-result", daemon=True)
    thread.start()
    return thread


def wait_if_quick(results: Results, first: threading.Thread | None) -> None:
    """Wait for what `prepare_first` does where it is about to end: for the demo model.

    Whoever opens the page meanwhile would share the processor with it, and wait longer in all. Of a model that takes
    minutes they would only get the address later.
    """
    if first is not None and results.model.description.demo:
        first.join(WAIT)
