"""What is chosen in the menus of sources, studies, conditions and outcomes.

Far from the server somebody chooses again before the answer to an earlier choice has come. The page therefore remembers
the last choice, and the cell that it showed then; it is sent when the answer is there.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import gradio as gr
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Catalogue, Source, same_outcome
from socrates_core.ui.listeners import LATEST, Updates
from socrates_core.ui.running.first import first_cell
from socrates_core.ui.simulate.people_panel import at

MENUS: Final = {"source": str, "study": str, "condition": int, "outcome": int}
"""Name of a menu → the type of its values."""


@dataclass(frozen=True)
class Chosen:
    """A choice in one of the menus."""

    menu: str
    """One of `MENUS`."""
    value: str | int
    place: str
    """The source and the cell that the page showed, as `form.place_text` writes them."""


def chosen_of(raw: str) -> Chosen:
    """Read what the page sends.

    Raises:
        SocratesError: If it has another form.
    """
    try:
        sent = json.loads(raw)
        menu, value, place = sent["menu"], sent["value"], sent["place"]
        known = type(value) is MENUS[menu] and isinstance(place, str)
    except (ValueError, TypeError, KeyError, RecursionError):
        known = False
    if not known:
        raise SocratesError("Choose again from the list")
    return Chosen(menu, value, place)


def chosen_cell(catalogue: Catalogue, place: str, chosen: Chosen, demo: bool) -> tuple[Source, Cell] | None:
    """The cell to show after a choice, by a page that shows `place` meanwhile.

    Args:
        catalogue: The studies.
        place: What the page shows when the choice arrives.
        chosen: The choice.
        demo: Whether the demo model answers, for which another study of a source comes first.

    Returns:
        None where nothing changes: what was chosen is shown already, or the menu was that of another source or study.

    Raises:
        SocratesError: If there is no such source, study, condition or cell.
    """
    source, shown = at(catalogue, place)
    menu_source, menu_cell = at(catalogue, chosen.place)
    here = menu_source.name == source.name
    cells = source.studies.cells_of(shown.study_id)
    match chosen.menu, chosen.value:
        case "source", str(name) if name != source.name:
            other = catalogue.source(name)
            return other, first_cell(other, other.first_study(demo))
        case "study", str(study_id) if here and study_id != shown.study_id:
            return source, first_cell(source, study_id)
        case "condition", int(condition) if here and menu_cell.study_id == shown.study_id:
            cell = same_outcome(cells, condition, shown.task_num)
        case "outcome", int(cell_id) if here and menu_cell.study_id == shown.study_id:
            cell = source.studies.cell(cell_id)
            if cell.condition_num != shown.condition_num:
                cell = same_outcome(cells, shown.condition_num, cell.task_num)
        case _:
            return None
    return None if cell.cell_id == shown.cell_id else (source, cell)


def wire_menus(
    menus: Mapping[str, gr.Dropdown],
    place: gr.Textbox,
    choose: Callable[..., Updates],
    inputs: list[Block],
    outputs: list[Block],
) -> None:
    """Connect the menus, by name.

    Args:
        menus: The menus, named as in `MENUS`.
        place: The hidden field with what the page shows.
        choose: Takes what the page sends and the values of `inputs`.
        inputs: Further arguments of `choose`.
        outputs: What `choose` updates.
    """
    sent = gr.Textbox("", visible="hidden", elem_id="chosen", label="Chosen")
    send = gr.Button("Show what was chosen", visible="hidden", elem_id="choose")
    for name, menu in menus.items():
        menu.input(None, [menu, place], None, js=f"(value, place) => socrates.choose('{name}', value, place)")
    send.click(choose, [sent, *inputs], outputs, js="(_sent, ...others) => [socrates.chosen(), ...others]", **LATEST)
