"""The edits of the simulated population as HTML: the active edits, and one slider per value for its share.

The sliders always add up to 100 %; their arithmetic is in assets/socrates.js, and what it sends is validated here.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.people.edit import Edit, Shares, Value, describe, value_words
from socrates_core.people.population import NoActualGroup, actual_of_same_group, attributes_of
from socrates_core.report.markup import markup
from socrates_core.ui.simulate.form import value_key


def edits_html(participants: pl.DataFrame, edits: Sequence[Edit], asked: npt.NDArray[np.uint32]) -> Markup:
    """The active edits with buttons to remove them, and the people the prediction will be compared with.

    Args:
        participants: Of the study.
        edits: The active edits.
        asked: Ids of the participants who answered the chosen outcome in the chosen condition.
    """
    if not attributes_of(participants):
        return markup(
            "<p class='quiet'>This study does not record who its participants were. All simulated people have an empty "
            "profile, so there is nothing to select or change.</p>"
        )
    if not edits:
        return markup(
            "<p class='quiet'>All observed profiles are simulated. Choose an attribute below to change that.</p>"
        )
    return markup(
        "<div class='edits'><p><span class='badge badge-edited'>edited</span></p><ul>"
        "{% for edit in edits %}<li><span>{{ edit }}</span><button type='button' data-remove='{{ loop.index0 }}' "
        "aria-label='Remove the edit {{ edit }}'>×</button></li>{% endfor %}</ul>"
        "<button type='button' class='reset' data-reset='1'>Reset to the observed profiles</button>"
        "<p class='quiet'>{{ compared }}</p></div>",
        edits=[describe(edit) for edit in edits], compared=_compared_with(participants, edits, asked),
    )  # fmt: skip


def shares_html(observed: Mapping[Value, float], edit: Edit | None) -> Markup:
    """One slider per value, next to its observed share."""
    given = dict(edit.shares) if isinstance(edit, Shares) else dict(observed)
    rows = [
        (
            value_key(value),
            value_words(value),
            f"{100 * observed.get(value, 0.0):.1f}",
            f"{100 * given.get(value, 0.0):.1f}",
        )
        for value in {**observed, **given}
    ]
    return markup(
        "<div class='shares' role='group' aria-label='Shares'>{% for key, name, seen, share in rows %}"
        "<div class='share' data-key='{{ key }}'><label for='share-{{ loop.index0 }}'>{{ name }}</label>"
        "<span class='seen'>observed {{ seen }} %</span>"
        "<input id='share-{{ loop.index0 }}' type='range' min='0' max='100' step='0.1' value='{{ share }}'>"
        "<span class='exact'><input type='number' min='0' max='100' step='0.1' value='{{ share }}' "
        "aria-label='Share of {{ name }} in percent'> %</span></div>{% endfor %}"
        "<p class='total'>Total 100 %</p></div>",
        rows=rows,
    )


def _compared_with(participants: pl.DataFrame, edits: Sequence[Edit], asked: npt.NDArray[np.uint32]) -> str:
    try:
        group = actual_of_same_group(participants, edits, among=asked)
    except SocratesError as error:
        return str(error)
    if isinstance(group, NoActualGroup):
        return f"There will be no comparison. {group.reason}"
    people = len(group.participant_ids)
    return f"Will be compared with the actual answers of {group.description} ({people:,} in this condition)."
