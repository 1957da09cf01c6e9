"""Converts the controls of the tab into a link, and edits into the state of the controls."""

import json
from collections.abc import Sequence
from typing import Final

import polars as pl

from socrates_core.errors import SocratesError
from socrates_core.people.edit import Edit, Filter, Range, SetValue, Shares, Value, attribute_words, value_words
from socrates_core.people.population import attributes_of, edit_population, edits_from_json, edits_to_json
from socrates_core.simulation.request import MAX_PEOPLE, SimulationRequest
from socrates_core.study.incoming.numbers import whole_in
from socrates_core.ui.simulate.link import Link

OBSERVED, ONLY, EVERYONE, SHARES = "As observed", "Only some", "Everyone is", "Shares"
"""How an attribute can be edited."""

MAX_SHARES: Final = 12
"""Numeric attributes with more distinct values than this (such as age) get no share sliders."""


def link_of(
    model: str,
    place: str,
    edits: str,
    n: float | None,
    temperature: float | None,
    top_p: float | None,
    seed: float | None,
    control: str | None = None,
) -> Link:
    """Read the controls; `model` is the name of the model that answers, `control` as `control_text` gives it.

    Raises:
        SocratesError: If a value is missing or out of range; the message uses the control's label.
    """
    source, cell_id = place_of(place)
    people = _whole("Simulated people", n, 1, MAX_PEOPLE)
    request = SimulationRequest(
        cell_id=cell_id,
        edits=edits_of(edits),
        n=people,
        temperature=_real("Temperature", temperature),
        top_p=_real("Top-p", top_p),
        seed=_whole("Seed", seed, 0, 2**53),
        control=control_of(control),
    )
    return Link(source, request, model)


def place_text(source: str, cell_id: int) -> str:
    """A source and a cell as one string."""
    return f"{cell_id} {source}"


def place_of(raw: str) -> tuple[str, int]:
    """Read source and cell from what `place_text` wrote.

    Raises:
        SocratesError: If `raw` has another form.
    """
    cell_id, _, source = raw.partition(" ")
    if not (cell_id.isascii() and cell_id.isdigit() and len(cell_id) < 12):
        raise SocratesError("Choose a study first.")
    return source, int(cell_id)


def control_text(number: int | None) -> str:
    """The condition to compare with as the menu holds it; empty for the study's own control."""
    return "" if number is None else str(number)


def control_of(raw: str | None) -> int | None:
    """Read what `control_text` wrote.

    Raises:
        SocratesError: If `raw` has another form.
    """
    if not raw:
        return None
    if not (raw.isascii() and raw.removeprefix("-").isdigit() and len(raw) < 12):
        raise SocratesError("Compare with: choose a condition from the list.")
    return int(raw)


def edits_of(raw: str) -> tuple[Edit, ...]:
    """Read the edits that the page stores as JSON.

    Raises:
        PopulationError: If they are not valid edits.
    """
    try:
        return edits_from_json(json.loads(raw or "[]"))
    except (ValueError, RecursionError):
        raise SocratesError("The edits on this page cannot be read. Press Reset and make them again.") from None


def edits_text(edits: Sequence[Edit]) -> str:
    """The edits as the JSON that the page stores."""
    return json.dumps(edits_to_json(edits), ensure_ascii=False)


def replaced(edits: Sequence[Edit], attribute: str, edit: Edit | None) -> tuple[Edit, ...]:
    """The edits after replacing those of one attribute by `edit`, or removing them if it is None; the order is kept."""
    others = [other for other in edits if other.attribute != attribute]
    place = next((i for i, other in enumerate(edits) if other.attribute == attribute), len(others))
    return (*others[:place], *([edit] if edit else []), *others[place:])


def mode_of(edits: Sequence[Edit], attribute: str) -> str:
    """How an attribute is edited; the last edit of it counts."""
    modes: dict[type[Edit], str] = {Filter: ONLY, Range: ONLY, SetValue: EVERYONE, Shares: SHARES}
    return next((modes[type(edit)] for edit in reversed(edits) if edit.attribute == attribute), OBSERVED)


def modes_for(participants: pl.DataFrame, attribute: str) -> list[str]:
    """The modes that an attribute offers."""
    column = participants[attribute]
    few = not column.dtype.is_integer() or column.n_unique() <= MAX_SHARES
    return [OBSERVED, ONLY, EVERYONE, *([SHARES] if few else [])]


def observed_shares(participants: pl.DataFrame, attribute: str) -> dict[Value, float]:
    """Value → its share among the observed participants, by survey weight where there is one.

    The most common value comes first; numbers are in ascending order.
    """
    people = edit_population(participants, ())
    table = people.personas.select(value=pl.col(attribute), weight=pl.Series(people.weights))
    table = table.group_by("value").agg(pl.col("weight").sum())
    if participants[attribute].dtype.is_integer():
        table = table.sort("value", nulls_last=True)
    else:
        table = table.sort(["weight", "value"], descending=[True, False])
    return dict(table.iter_rows())


def attribute_choices(participants: pl.DataFrame, edits: Sequence[Edit]) -> list[tuple[str, str]]:
    """(label, name) of every attribute for the menu; edited ones are marked."""
    edited = {edit.attribute for edit in edits}
    return [
        (attribute_words(name).capitalize() + (" · edited" if name in edited else ""), name)
        for name in attributes_of(participants)
    ]


def groups_hint(participants: pl.DataFrame, attribute: str) -> str:
    """Why no limit such as "over 60" can be set where ages are recorded in groups; empty for anything else."""
    if not attribute.startswith("age") or participants[attribute].dtype.is_integer():
        return ""
    if "age" in participants.columns and participants["age"].dtype.is_integer():
        return "These are groups. For a limit such as “over 60”, choose the attribute Age, which is a number."
    return (
        "Ages are recorded in groups here, so a limit within a group, such as “over 60” within 50 to 64, cannot be "
        "set: tick the groups that come closest."
    )


def value_key(value: Value) -> str:
    """A value as a control holds it: JSON, so that a missing value and the text "unknown" differ."""
    return json.dumps(value, ensure_ascii=False)


def value_of(key: str) -> Value:
    """The value that `value_key` encoded."""
    value: Value = json.loads(key)
    return value


def value_choices(shares: dict[Value, float]) -> list[tuple[str, str]]:
    """(label with the observed share, key) of every value."""
    return [(f"{value_words(value)} ({share:.0%})", value_key(value)) for value, share in shares.items()]


def _whole(name: str, raw: float | None, low: int, high: int) -> int:
    number = whole_in(raw, low, high)
    if number is None:
        got = "the field is empty" if raw is None else f"got {raw:,.15g}"
        raise SocratesError(f"{name}: enter a whole number from {low:,} to {high:,}; {got}.")
    return number


def _real(name: str, raw: float | None) -> float:
    if raw is None:
        raise SocratesError(f"{name}: enter a number within the range of the slider.")
    return float(raw)
