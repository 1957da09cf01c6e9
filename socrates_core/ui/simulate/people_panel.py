"""The panel for editing the simulated population: one attribute at a time, one edit per attribute."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
import polars as pl
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.people.edit import Edit, Filter, Range, SetValue, Shares
from socrates_core.people.population import attributes_of, check_edits, edits_from_json
from socrates_core.report.markup import markup
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Catalogue, Source
from socrates_core.ui.listeners import EACH, LATEST, QUICK, Updates, once
from socrates_core.ui.simulate import form
from socrates_core.ui.simulate.people_view import edits_html, shares_html


@dataclass(frozen=True, eq=False)
class PeoplePanel:
    """The components of the panel."""

    edits: gr.Textbox
    """Hidden: the active edits as JSON; they are stored in the visitor's page only."""
    chips: gr.HTML
    editor: gr.Group
    attribute: gr.Dropdown
    of: gr.Textbox
    """Hidden: the attribute that the fields below belong to; those of the chosen one may be on their way."""
    mode: gr.Radio
    only: gr.CheckboxGroup
    low: gr.Number
    high: gr.Number
    everyone: gr.Dropdown
    everyone_number: gr.Number
    shares: gr.HTML

    @property
    def brief(self) -> list[Block]:
        """Everything that changes with an edit."""
        return [self.edits, self.chips, self.attribute]

    @property
    def fields(self) -> list[Block]:
        """Everything that changes with the attribute."""
        return [self.of, self.mode, self.only, self.low, self.high, self.everyone, self.everyone_number, self.shares]

    @property
    def full(self) -> list[Block]:
        """Everything that changes with the study or the mode."""
        return [*self.brief, self.editor, *self.fields]


def people_panel() -> PeoplePanel:
    """Lay out the empty panel."""
    edits = gr.Textbox("[]", visible="hidden", elem_id="edits", label="Edits")
    of = gr.Textbox("", visible="hidden", elem_id="attribute-of", label="Attribute of the fields")
    chips = gr.HTML(js_on_load="socrates.chips(element, trigger)", elem_id="chips")
    with gr.Group(elem_id="editor", elem_classes="plain") as editor:
        attribute = gr.Dropdown(label="Attribute", elem_id="attribute", filterable=False)
        mode = gr.Radio([form.OBSERVED], value=form.OBSERVED, label="Profiles", elem_id="mode")
        only = gr.CheckboxGroup(label="Only these are simulated", elem_id="only")
        with gr.Row(elem_classes="pair"):
            over = "“Over 60” is 61 or more"
            low = gr.Number(label="From", precision=0, elem_id="low", min_width=90, info=over)
            high = gr.Number(label="To", precision=0, elem_id="high", min_width=90, info="Empty: no upper limit")
        everyone = gr.Dropdown(label="Everyone is", elem_id="everyone")
        everyone_number = gr.Number(label="Everyone is", precision=0, elem_id="everyone-number")
        shares = gr.HTML(js_on_load="socrates.shares(element, trigger, watch)", elem_id="shares")
    return PeoplePanel(edits, chips, editor, attribute, of, mode, only, low, high, everyone, everyone_number, shares)


def draw_panel(
    panel: PeoplePanel, source: Source, cell: Cell, edits: tuple[Edit, ...], attribute: str | None = None
) -> Updates:
    """Show the active edits, and the controls of one attribute."""
    participants = source.studies.participants_of(cell.study_id)
    names = attributes_of(participants)
    drawn = draw_edits(panel, source, cell, edits)
    if not names:
        return {**drawn, panel.attribute: gr.update(choices=[], value=None), panel.editor: gr.update(visible=False)}
    chosen = attribute if attribute in names else next((edit.attribute for edit in edits), names[0])
    if chosen not in names:
        chosen = names[0]
    mode = form.mode_of(edits, chosen)
    return {
        **drawn,
        panel.attribute: gr.update(choices=form.attribute_choices(participants, edits), value=chosen),
        panel.editor: gr.update(visible=True),
        **_draw_fields(panel, participants, chosen, mode, edits),
    }


def draw_edits(panel: PeoplePanel, source: Source, cell: Cell, edits: tuple[Edit, ...], hint: str = "") -> Updates:
    """Show the active edits; `hint` says why another one was not applied. The chosen attribute stays."""
    participants = source.studies.participants_of(cell.study_id)
    asked = source.studies.answers(cell.cell_id).participant_ids
    return {
        panel.edits: form.edits_text(edits),
        panel.chips: markup(
            "{% if hint %}<p class='warning' role='alert'>{{ hint }}</p>{% endif %}{{ chips }}",
            hint=hint,
            chips=edits_html(participants, edits, asked),
        ),
        panel.attribute: gr.update(choices=form.attribute_choices(participants, edits)),
    }


def _draw_fields(
    panel: PeoplePanel, participants: pl.DataFrame, attribute: str, mode: str, edits: tuple[Edit, ...]
) -> Updates:
    """Show the controls that a mode needs, filled from the last edit of the attribute, and hide the others."""
    number = participants[attribute].dtype.is_integer()
    observed = form.observed_shares(participants, attribute)
    edit = next((edit for edit in reversed(edits) if edit.attribute == attribute), None)
    choices = form.value_choices(observed)
    keys = [key for _, key in choices]
    ticked = [form.value_key(value) for value in edit.values] if isinstance(edit, Filter) else keys
    low, high = (edit.low, edit.high) if isinstance(edit, Range) else _ends(participants[attribute])
    given = edit.value if isinstance(edit, SetValue) else next(iter(observed))
    given_key = form.value_key(given)
    every_choice = choices if given_key in keys else [*choices, (str(given), given_key)]
    only, everyone = mode == form.ONLY, mode == form.EVERYONE
    shares = shares_html(observed, edit) if mode == form.SHARES else ""
    return {
        panel.of: attribute,
        panel.mode: gr.update(choices=form.modes_for(participants, attribute), value=mode),
        panel.only: gr.update(
            choices=choices, value=ticked, visible=only and not number, info=form.groups_hint(participants, attribute)
        ),
        panel.low: gr.update(value=low, visible=only and number),
        panel.high: gr.update(value=high, visible=only and number),
        panel.everyone: gr.update(choices=every_choice, value=given_key, visible=everyone and not number),
        panel.everyone_number: gr.update(value=given if number else None, visible=everyone and number),
        panel.shares: gr.update(value=shares, visible=mode == form.SHARES),
    }


def _ends(column: pl.Series) -> tuple[int | None, int | None]:
    if not column.dtype.is_integer():
        return None, None
    low, high = column.min(), column.max()
    return (int(str(low)), int(str(high))) if low is not None else (None, None)


def at(catalogue: Catalogue, place: str) -> tuple[Source, Cell]:
    """The source and the cell that the page shows."""
    name, cell_id = form.place_of(place)
    source = catalogue.source(name)
    return source, source.studies.cell(cell_id)


def wire_people(
    panel: PeoplePanel,
    catalogue: Catalogue,
    place: gr.Textbox,
    after: Callable[[Any], None],
) -> None:
    """Connect the panel's controls.

    Args:
        panel: The panel.
        catalogue: The studies.
        place: The hidden field that holds source and cell.
        after: Called with every listener that changes the edits, to chain what depends on them.
    """

    def show(place: str, edits: str, attribute: str, of: str) -> Updates:
        """Show the controls of an attribute; an edit of another one that is being answered stays."""
        if attribute == of:  # leaving the menu is an event too
            return {panel.of: gr.skip()}
        source, cell = at(catalogue, place)
        drawn = draw_panel(panel, source, cell, form.edits_of(edits), attribute)
        return {field: drawn[field] for field in panel.fields}

    def choose_mode(place: str, edits: str, attribute: str, mode: str) -> Updates:
        source, cell = at(catalogue, place)
        participants = source.studies.participants_of(cell.study_id)
        old = form.edits_of(edits)
        if mode not in form.modes_for(participants, attribute):  # of an attribute that is on its way out
            mode = form.mode_of(old, attribute)
        changed = mode != form.mode_of(old, attribute)
        new = form.replaced(old, attribute, None) if changed else old
        if changed and mode == form.EVERYONE:
            commonest = max(form.observed_shares(participants, attribute).items(), key=lambda pair: pair[1])[0]
            new = form.replaced(new, attribute, SetValue(attribute, commonest))
        return {**draw_edits(panel, source, cell, new), **_draw_fields(panel, participants, attribute, mode, new)}

    def edit_with(make: Callable[..., Edit | None], wanted: str, ticked: bool = False) -> Callable[..., Updates]:
        """A handler for fields of one mode; where an edit is refused, `ticked` boxes go back to the edit that stays."""

        def change(place: str, edits: str, attribute: str, mode: str, *values: Any) -> Updates:
            if mode != wanted:  # the fields have gone meanwhile
                return {panel.edits: gr.skip()}
            source, cell = at(catalogue, place)
            old, participants = form.edits_of(edits), source.studies.participants_of(cell.study_id)
            try:
                new = form.replaced(old, attribute, make(participants, attribute, *values))
                check_edits(participants, new)
            except SocratesError as error:
                drawn = draw_edits(panel, source, cell, old, f"Not applied: {error}.")
                fields = _draw_fields(panel, participants, attribute, form.ONLY, old) if ticked else {}
                return {**drawn, **({panel.only: fields[panel.only]} if ticked else {})}
            return draw_edits(panel, source, cell, new)

        return change

    def set_shares(place: str, edits: str, attribute: str, mode: str, event: gr.EventData) -> Updates:
        return edit_with(_shares_edit, form.SHARES)(place, edits, attribute, mode, event._data)

    def remove(place: str, edits: str, attribute: str, event: gr.EventData) -> Updates:
        source, cell = at(catalogue, place)
        old = form.edits_of(edits)
        which = event._data.get("remove") if isinstance(event._data, dict) else None
        left = () if which is None else tuple(edit for i, edit in enumerate(old) if str(i) != str(which))
        return draw_panel(panel, source, cell, left, attribute)

    shown = [place, panel.edits, panel.of]
    base = [*shown, panel.mode]
    once(panel.attribute, "show-attribute").click(
        show, [place, panel.edits, panel.attribute, panel.of], panel.fields, **LATEST
    )
    after(panel.mode.input(choose_mode, [place, panel.edits, panel.attribute, panel.mode], panel.full, **EACH))
    after(
        panel.only.input(
            edit_with(_filter_edit, form.ONLY, ticked=True), [*base, panel.only], [*panel.brief, panel.only], **LATEST
        )
    )
    for bound in (panel.low, panel.high):
        after(bound.input(edit_with(_range_edit, form.ONLY), [*base, panel.low, panel.high], panel.brief, **LATEST))
    for field in (panel.everyone, panel.everyone_number):
        after(field.input(edit_with(_value_edit, form.EVERYONE), [*base, field], panel.brief, **LATEST))
    after(panel.shares.input(set_shares, base, panel.brief, **EACH))
    after(panel.chips.click(remove, shown, panel.full, **QUICK))


def _filter_edit(participants: pl.DataFrame, attribute: str, keys: list[str]) -> Edit | None:
    unfiltered = len(keys) == participants[attribute].n_unique()
    return None if unfiltered else Filter(attribute, tuple(form.value_of(key) for key in keys))


def _range_edit(participants: pl.DataFrame, attribute: str, low: float | None, high: float | None) -> Edit | None:
    bounds = tuple(None if bound is None else int(bound) for bound in (low, high))
    return None if bounds == (None, None) else Range(attribute, *bounds)


def _value_edit(participants: pl.DataFrame, attribute: str, value: str | float | None) -> Edit | None:
    if value is None:
        raise SocratesError("enter a value first")
    return SetValue(attribute, form.value_of(value) if isinstance(value, str) else int(value))


def _shares_edit(participants: pl.DataFrame, attribute: str, sent: object) -> Edit | None:
    """Read what the sliders send: pairs of a value's key and its percentage."""
    pairs = sent.get("shares") if isinstance(sent, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise SocratesError("the shares cannot be read; move a slider again")
    try:
        plain = [[json.loads(key), round(float(percent) / 100, 6)] for key, percent in pairs]
    except (TypeError, ValueError, RecursionError):
        raise SocratesError("the shares cannot be read; move a slider again") from None
    edit = edits_from_json([{"edit": "shares", "attribute": attribute, "shares": plain}])[0]
    observed = form.observed_shares(participants, attribute)
    unchanged = isinstance(edit, Shares) and all(abs(observed.get(v, 0.0) - s) < 5e-4 for v, s in edit.shares)
    return None if unchanged else edit
