"""The panel in which a visitor edits who takes part: one attribute at a time, one edit for each attribute."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
import polars as pl

from socrates_core.errors import SocratesError
from socrates_core.people.edit import Edit, Filter, Range, SetValue, Shares
from socrates_core.people.population import attributes_of, check_edits, edits_from_json
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Catalogue, Source
from socrates_core.ui.html import text
from socrates_core.ui.simulate import form
from socrates_core.ui.simulate.people_view import edits_html, shares_html


@dataclass(frozen=True, eq=False)
class PeoplePanel:
    """The components of the panel."""

    edits: gr.Textbox
    """Hidden: the edits in force as JSON, so that they live in the visitor's page and nowhere else."""
    chips: gr.HTML
    editor: gr.Group
    attribute: gr.Dropdown
    mode: gr.Radio
    only: gr.CheckboxGroup
    low: gr.Number
    high: gr.Number
    everyone: gr.Dropdown
    everyone_number: gr.Number
    shares: gr.HTML

    @property
    def brief(self) -> list[Any]:
        """What changes with every edit."""
        return [self.edits, self.chips, self.attribute]

    @property
    def full(self) -> list[Any]:
        """What changes with the study, the attribute and the mode."""
        fields = [self.only, self.low, self.high, self.everyone, self.everyone_number, self.shares]
        return [*self.brief, self.editor, self.mode, *fields]


def people_panel() -> PeoplePanel:
    """Lay the panel out, empty."""
    edits = gr.Textbox("[]", visible="hidden", elem_id="edits", label="Edits")
    chips = gr.HTML(js_on_load="socrates.chips(element, trigger)", elem_id="chips")
    with gr.Group(elem_id="editor", elem_classes="plain") as editor:
        attribute = gr.Dropdown(label="Attribute", elem_id="attribute", filterable=False)
        mode = gr.Radio([form.OBSERVED], value=form.OBSERVED, label="Participants", elem_id="mode")
        only = gr.CheckboxGroup(label="Only these take part", elem_id="only")
        with gr.Row(elem_classes="pair"):
            low = gr.Number(label="From", precision=0, elem_id="low", min_width=90)
            high = gr.Number(label="To", precision=0, elem_id="high", min_width=90)
        everyone = gr.Dropdown(label="Everyone is", elem_id="everyone")
        everyone_number = gr.Number(label="Everyone is", precision=0, elem_id="everyone-number")
        shares = gr.HTML(js_on_load="socrates.shares(element, trigger, watch)", elem_id="shares")
    return PeoplePanel(edits, chips, editor, attribute, mode, only, low, high, everyone, everyone_number, shares)


def draw_panel(source: Source, cell: Cell, edits: tuple[Edit, ...], attribute: str | None = None) -> list[Any]:
    """Updates for `PeoplePanel.full`: the edits in force, and the controls for one attribute."""
    participants = source.studies.participants_of(cell.study_id)
    names = attributes_of(participants)
    brief = draw_edits(source, cell, edits, attribute if attribute in names else None)
    if not names:
        return [*brief, gr.update(visible=False), *[gr.skip() for _ in range(7)]]
    chosen = attribute if attribute in names else next((edit.attribute for edit in edits), names[0])
    if chosen not in names:
        chosen = names[0]
    mode = form.mode_of(edits, chosen)
    radio = gr.update(choices=form.modes_for(participants, chosen), value=mode)
    return [*brief[:2], gr.update(choices=brief[2]["choices"], value=chosen), gr.update(visible=True), radio,
            *_draw_fields(participants, chosen, mode, edits)]  # fmt: skip


def draw_edits(source: Source, cell: Cell, edits: tuple[Edit, ...], attribute: str | None, hint: str = "") -> list[Any]:
    """Updates for `PeoplePanel.brief`, with a hint where an edit was not taken."""
    participants = source.studies.participants_of(cell.study_id)
    asked = source.studies.answers(cell.cell_id).participant_ids
    notice = f"<p class='warning' role='alert'>{text(hint)}</p>" if hint else ""
    menu = gr.update(choices=form.attribute_choices(participants, edits), **({"value": attribute} if attribute else {}))
    return [form.edits_text(edits), notice + edits_html(participants, edits, asked), menu]


def _draw_fields(participants: pl.DataFrame, attribute: str, mode: str, edits: tuple[Edit, ...]) -> list[Any]:
    number = participants[attribute].dtype.is_integer()
    observed = form.observed_shares(participants, attribute)
    edit = next((edit for edit in reversed(edits) if edit.attribute == attribute), None)
    choices = form.value_choices(observed)
    keys = [key for _, key in choices]
    ticked = [form.value_key(value) for value in edit.values] if isinstance(edit, Filter) else keys
    bounds = (edit.low, edit.high) if isinstance(edit, Range) else _ends(participants[attribute])
    given = edit.value if isinstance(edit, SetValue) else next(iter(observed))
    given_key = form.value_key(given)
    if given_key not in keys:
        choices = [*choices, (str(given), given_key)]
    only, everyone = mode == form.ONLY, mode == form.EVERYONE
    return [
        gr.update(choices=choices, value=ticked, visible=only and not number),
        gr.update(value=bounds[0], visible=only and number),
        gr.update(value=bounds[1], visible=only and number),
        gr.update(choices=choices, value=given_key, visible=everyone and not number),
        gr.update(value=given if number else None, visible=everyone and number),
        gr.update(value=shares_html(observed, edit) if mode == form.SHARES else "", visible=mode == form.SHARES),
    ]


def _ends(column: pl.Series) -> tuple[int | None, int | None]:
    if not column.dtype.is_integer():
        return None, None
    low, high = column.min(), column.max()
    return (int(str(low)), int(str(high))) if low is not None else (None, None)


def at(catalogue: Catalogue, place: str) -> tuple[Source, Cell]:
    """The source and the cell that the page is at."""
    name, cell_id = form.place_of(place)
    source = catalogue.source(name)
    return source, source.studies.cell(cell_id)


def wire_people(
    panel: PeoplePanel,
    catalogue: Catalogue,
    place: gr.Textbox,
    after: Callable[[Any], None],
    released: Callable[[Any], None],
) -> None:
    """Connect the panel's controls.

    Args:
        panel: The panel.
        catalogue: Where the studies are.
        place: The hidden field that holds source and cell.
        after: Called with every listener that changes the edits, to chain what depends on them.
        released: Called with the listener of the share sliders, which fires when one is let go.
    """

    def show(place: str, edits: str, attribute: str) -> list[Any]:
        source, cell = at(catalogue, place)
        return draw_panel(source, cell, form.edits_of(edits), attribute)

    def choose_mode(place: str, edits: str, attribute: str, mode: str) -> list[Any]:
        source, cell = at(catalogue, place)
        participants = source.studies.participants_of(cell.study_id)
        old = form.edits_of(edits)
        changed = mode != form.mode_of(old, attribute)
        kept = form.replaced(old, attribute, None) if changed else old
        if changed and mode == form.EVERYONE:
            commonest = max(form.observed_shares(participants, attribute).items(), key=lambda pair: pair[1])[0]
            kept = form.replaced(kept, attribute, SetValue(attribute, commonest))
        fields = _draw_fields(participants, attribute, mode, kept)
        return [*draw_edits(source, cell, kept, attribute), gr.skip(), gr.skip(), *fields]

    def edit_with(make: Callable[..., Edit | None]) -> Callable[..., list[Any]]:
        def change(place: str, edits: str, attribute: str, *values: Any) -> list[Any]:
            source, cell = at(catalogue, place)
            old, participants = form.edits_of(edits), source.studies.participants_of(cell.study_id)
            try:
                new = form.replaced(old, attribute, make(participants, attribute, *values))
                check_edits(participants, new)
            except SocratesError as error:
                return draw_edits(source, cell, old, attribute, f"Not applied: {error}.")
            return draw_edits(source, cell, new, attribute)

        return change

    def give_shares(place: str, edits: str, attribute: str, event: gr.EventData) -> list[Any]:
        return edit_with(_shares_edit)(place, edits, attribute, event._data)

    def take_back(place: str, edits: str, attribute: str, event: gr.EventData) -> list[Any]:
        source, cell = at(catalogue, place)
        old = form.edits_of(edits)
        which = event._data.get("remove") if isinstance(event._data, dict) else None
        kept = () if which is None else tuple(edit for i, edit in enumerate(old) if str(i) != str(which))
        return draw_panel(source, cell, kept, attribute)

    base = [place, panel.edits, panel.attribute]
    quick: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    panel.attribute.input(show, base, panel.full, **quick)
    after(panel.mode.input(choose_mode, [*base, panel.mode], panel.full, **quick))
    after(panel.only.input(edit_with(_filter_edit), [*base, panel.only], panel.brief, **quick))
    for bound in (panel.low, panel.high):
        after(bound.input(edit_with(_range_edit), [*base, panel.low, panel.high], panel.brief, **quick))
    for field in (panel.everyone, panel.everyone_number):
        after(field.input(edit_with(_value_edit), [*base, field], panel.brief, **quick))
    sliders = panel.shares.input(give_shares, base, panel.brief, **quick)
    after(sliders)
    released(sliders)
    after(panel.chips.click(take_back, base, panel.full, **quick))


def _filter_edit(participants: pl.DataFrame, attribute: str, keys: list[str]) -> Edit | None:
    everybody = len(keys) == participants[attribute].n_unique()
    return None if everybody else Filter(attribute, tuple(form.value_of(key) for key in keys))


def _range_edit(participants: pl.DataFrame, attribute: str, low: float | None, high: float | None) -> Edit | None:
    bounds = tuple(None if bound is None else int(bound) for bound in (low, high))
    return None if bounds == (None, None) else Range(attribute, *bounds)


def _value_edit(participants: pl.DataFrame, attribute: str, value: str | float | None) -> Edit | None:
    if value is None:
        raise SocratesError("enter a value first")
    return SetValue(attribute, form.value_of(value) if isinstance(value, str) else int(value))


def _shares_edit(participants: pl.DataFrame, attribute: str, sent: object) -> Edit | None:
    """What the sliders send: pairs of a value's key and its percent."""
    pairs = sent.get("shares") if isinstance(sent, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise SocratesError("the shares that arrived cannot be read; move a slider again")
    try:
        plain = [[json.loads(key), round(float(percent) / 100, 6)] for key, percent in pairs]
    except (TypeError, ValueError, RecursionError):
        raise SocratesError("the shares that arrived cannot be read; move a slider again") from None
    edit = edits_from_json([{"edit": "shares", "attribute": attribute, "shares": plain}])[0]
    observed = form.observed_shares(participants, attribute)
    unchanged = isinstance(edit, Shares) and all(abs(observed.get(v, 0.0) - s) < 5e-4 for v, s in edit.shares)
    return None if unchanged else edit
