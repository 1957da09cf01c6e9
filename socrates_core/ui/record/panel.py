"""Below the editor: a record that was saved earlier, scored with people's answers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import gradio as gr
from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.report.document import Part, Picture, Section, Table
from socrates_core.report.markup import joined, markup
from socrates_core.report.record.report import scored_files, scored_picture, scored_sections
from socrates_core.ui.access.uploads import LARGEST, READ
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.html import notice_html, table_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates, kept
from socrates_core.ui.record.work import Scored, score_uploads
from socrates_core.ui.results import Results
from socrates_core.ui.saving.pictures import means_words, told
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.your_data.upload import PATH
from socrates_core.ui.your_study.work import file_json

TITLE: Final = "Score a record with people's answers"
Pictures = tuple[tuple[str, Picture], ...]
"""Name of an outcome, and its picture."""


def record_panel(results: Results, saved: gr.Textbox) -> None:
    """Lay the panel out where this is called, and connect it.

    Args:
        results: Takes the files.
        saved: Hidden: a file for the script to save.
    """
    with gr.Accordion(TITLE, open=False, elem_id="record", elem_classes="more"):
        picker = gr.HTML(picker_html(), elem_id="record-picker", js_on_load="yourData.record(element, trigger)")
        notice = gr.HTML(elem_id="record-notice", js_on_load=None)
        with gr.Column(elem_id="record-says"):
            head = gr.HTML(elem_id="record-head", js_on_load=None)
            which = gr.Radio([], label="Picture of", elem_id="record-which", visible=False)
            picture = gr.Plot(
                show_label=False, container=False, elem_id="record-picture", elem_classes="figure", visible=False
            )
            caption = gr.HTML(elem_id="record-caption", js_on_load=None)
            says = gr.HTML(elem_id="record-outcomes", js_on_load=None)
        save = gr.Button("Save this report", size="sm", elem_id="record-save", visible=False)
    made, drawn = kept(None), kept(())

    def score(request: gr.Request, event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        try:
            found = score_uploads(results, visitor_of(request), sent)
        except SocratesError as error:  # what was scored before belongs to other files
            told = notice_html(f"Not scored: {error}.".replace("..", "."))
            hidden = {one: gr.update(visible=False) for one in (save, which, picture)}
            return {notice: told, head: "", caption: "", says: "", made: None, drawn: (), **hidden}
        files = scored_files(found.record, found.scored)
        report = file_json(f"{found.scored.form.title} scored", "html", files["report.html"])
        above, below = scored_html(found)
        pictures = scored_pictures(found)
        names = [name for name, _ in pictures]
        return {
            notice: "",
            head: above,
            which: gr.update(choices=names, value=names[0] if names else None, visible=len(names) > 1),
            **choose(pictures, names[0] if names else None),
            says: below,
            save: gr.update(visible=True),
            made: report,
            drawn: pictures,
        }

    def choose(pictures: Pictures, name: str | None) -> Updates:
        found = dict(pictures).get(name or "")
        told = "" if found is None else markup("<p class='quiet'>{{ caption }}</p>", caption=found.caption)
        return {picture: gr.update(value=found and found.figure, visible=found is not None), caption: told}

    picker.upload(
        score,
        None,
        [notice, head, which, picture, caption, says, save, made, drawn],
        show_progress_on=says,
        api_visibility="private",
        concurrency_limit=2,
        concurrency_id="data",
    )
    which.input(choose, [drawn, which], [picture, caption], **LATEST)
    save.click(lambda report: report or gr.skip(), made, saved, **QUICK)


def picker_html() -> Markup:
    """Fields for both files, a map and the quoted SHA-256."""
    kinds = ",".join([*READ, *(f"{ending}.gz" for ending in READ)])
    return markup(
        "<div class='picker' data-address='{{ address }}' data-largest='{{ largest }}'>"
        "<p class='quiet'>Both files are deleted from the server as soon as they are scored.</p>"
        "<label for='record-zip'>Record (.zip)</label><input id='record-zip' type='file' accept='.zip'>"
        "<label for='record-answers'>People's answers, a row a person</label>"
        "<input id='record-answers' type='file' accept='{{ kinds }},.gz'>"
        "<label for='record-map'>A map.yaml, where columns are not named as the outcomes</label>"
        "<input id='record-map' type='file' accept='.yaml,.yml,.json'>"
        "<label for='record-digest'>SHA-256 quoted in the preregistration</label>"
        "<input id='record-digest' type='text' autocomplete='off' spellcheck='false' maxlength='100'>"
        "<button type='button' id='record-score' class='sm'>Score the record</button>"
        "<progress max='1' value='0' hidden aria-label='Sending the files'></progress><p role='status'></p></div>",
        address=PATH.lstrip("/"), largest=LARGEST, kinds=kinds,
    )  # fmt: skip


def scored_html(found: Scored) -> tuple[Markup, Markup]:
    """What was scored and what its columns were taken for; and what was registered beside what people answered."""
    opening, *outcomes = scored_sections(found.record, found.scored)
    head = markup(
        "<h3>{{ title }}: registered and answered</h3><p class='quiet'>{{ taken }}</p>{{ opening }}",
        title=found.scored.form.title, taken=found.taken, opening=_section_html(opening),
    )  # fmt: skip
    return head, joined(map(_section_html, outcomes))


def scored_pictures(found: Scored) -> Pictures:
    """Name of each outcome that has a picture, and the picture as in the report."""
    pictures = []
    for one in found.scored.outcomes:
        made, drawn = one.result.simulation, scored_picture(one)
        if made is not None and drawn is not None:
            figure = told(styled(drawn.figure), made, means_words(made), "means")
            pictures.append((one.name, replace(drawn, figure=figure)))
    return tuple(pictures)


def _section_html(section: Section) -> Markup:
    return markup(
        "{% if title %}<h4>{{ title }}</h4>{% endif %}{{ parts }}",
        title=section.title, parts=_parts_html(section.parts, section.title),
    )  # fmt: skip


def _parts_html(parts: Sequence[Part], title: str) -> Markup:
    drawn = []
    for part in parts:
        if isinstance(part, Table):
            drawn.append(table_html(part, f"Registered and observed, {title}: {part.header[1]}"))
        elif isinstance(part, str):
            drawn.append(markup("<p>{{ words }}</p>", words=part))
    return joined(drawn)
