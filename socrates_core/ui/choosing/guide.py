"""Two examples for whoever meets the demo model: an invented study that it can predict, a real one that it cannot.

Both buttons stand together and each says what it leads to, so that neither a good figure nor a bad one is mistaken for
what the software can do with another model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block
from markupsafe import Markup

from socrates_core.report.markup import markup
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui.catalogue import INVENTED_EXAMPLE, REAL_EXAMPLE
from socrates_core.ui.listeners import EACH, Updates

HOW_TO_LOAD: Final = Markup(
    "Any open chat model of the Hugging Face Hub can answer instead, where there is memory for it: one of 14 billion "
    "parameters takes about 30 GB of a GPU, or 10 GB in 4-bit. Choose one under <b>Model</b>, the first menu of the "
    "tab Simulate; the owner of the app can load more there, or start it with another model: the section Models of the "
    "README has the line to copy, and on a Hugging Face Space it is the setting <code>SOCRATES_MODEL</code>."
)


@dataclass(frozen=True)
class Example:
    """A bundled study to begin with."""

    study_id: str
    name: str
    """On its button."""
    says: str
    """What it is, while it is the chosen study."""


EXAMPLES: Final = (
    Example(
        INVENTED_EXAMPLE,
        "An invented study, which this toy can predict",
        "This study is invented, and so are its “actual” answers: a program made them. The toy model learned from "
        "other studies of the same invented society, so it should do well here. That says nothing about people.",
    ),
    Example(
        REAL_EXAMPLE,
        "A real experiment, where it fails",
        "People answered this one, and the toy model fails: it has read nothing about the world, so it cannot know "
        "that two names for the same help divide people. To predict people, load a language model.",
    ),
)


def guide_html(toy: bool, study_id: str) -> Markup:
    """The two buttons, and what the chosen example is; empty but for the bundled model and adapter."""
    if not toy:
        return Markup()
    return markup(
        "<section class='guide' aria-label='Two examples'><div>{% for one in examples %}"
        "<button type='button' data-pick='{{ source }} {{ one.study_id }}' "
        "aria-pressed='{{ 'true' if one.study_id == chosen else 'false' }}'>{{ one.name }}</button>{% endfor %}</div>"
        "{% for one in examples if one.study_id == chosen %}<p>{{ one.says }}</p>{% endfor %}"
        "<details><summary>How to load a real model</summary><p>{{ how }}</p></details></section>",
        examples=EXAMPLES, source=BUNDLED, chosen=study_id, how=HOW_TO_LOAD,
    )  # fmt: skip


def guide_panel() -> gr.HTML:
    """Lay it out, empty; the load event of the page draws it."""
    return gr.HTML(elem_id="guide", js_on_load="reading.picks(element, trigger)")


Pick = Callable[[str, str, str], Updates]
"""Takes the names of a model and of a source, and what a button names in that source."""


def wire_picks(place: gr.HTML, pick: Pick, model: gr.Dropdown, outputs: list[Block]) -> Any:
    """Choose the study whose button was pressed, and run it.

    Args:
        place: Where the buttons are.
        pick: Makes the choice.
        model: The menu of models.
        outputs: What `pick` updates.

    Returns:
        The event of the choice.
    """

    def picked(name: str, event: gr.EventData) -> Updates:
        sent = event._data.get("pick") if isinstance(event._data, dict) else None
        source, _, named = str(sent or "").rpartition(" ")
        return pick(name, source, named)

    chosen = place.click(picked, model, outputs, **EACH)
    return chosen.then(None, None, None, js="() => reading.run()")
