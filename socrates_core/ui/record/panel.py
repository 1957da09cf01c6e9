"""Below the editor: a record that was saved earlier, scored with people's answers."""

from collections.abc import Sequence
from typing import Final

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.report.document import Part, Section, Table
from socrates_core.report.record.report import scored_files, scored_sections
from socrates_core.ui.access.uploads import LARGEST, READ
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.html import notice_html, table_html, text
from socrates_core.ui.listeners import QUICK, Updates, kept
from socrates_core.ui.record.work import Scored, score_uploads
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.upload import PATH
from socrates_core.ui.your_study.work import file_json

TITLE: Final = "Score a record with people's answers"


def record_panel(results: Results, saved: gr.Textbox) -> None:
    """Lay the panel out where this is called, and connect it.

    Args:
        results: Takes the files.
        saved: Hidden: a file for the script to save.
    """
    with gr.Accordion(TITLE, open=False, elem_id="record", elem_classes="more"):
        picker = gr.HTML(picker_html(), elem_id="record-picker", js_on_load="yourData.record(element, trigger)")
        notice = gr.HTML(elem_id="record-notice", js_on_load=None)
        says = gr.HTML(elem_id="record-says", js_on_load=None)
        save = gr.Button("Save this report", size="sm", elem_id="record-save", visible=False)
    made = kept(None)

    def score(request: gr.Request, event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        try:
            found = score_uploads(results, visitor_of(request), sent)
        except SocratesError as error:  # what was scored before belongs to other files
            told = notice_html(f"Not scored: {error}.".replace("..", "."))
            return {notice: told, says: "", save: gr.update(visible=False), made: None}
        files = scored_files(found.record, found.scored)
        report = file_json(f"{found.scored.form.title} scored", "html", files["report.html"])
        return {notice: "", says: scored_html(found), save: gr.update(visible=True), made: report}

    picker.upload(
        score,
        None,
        [notice, says, save, made],
        show_progress_on=says,
        api_visibility="private",
        concurrency_limit=2,
        concurrency_id="data",
    )
    save.click(lambda report: report or gr.skip(), made, saved, **QUICK)


def picker_html() -> str:
    """Fields for both files, a map and the quoted SHA-256."""
    kinds = ",".join([*READ, *(f"{ending}.gz" for ending in READ)])
    return (
        f"<div class='picker' data-address='{PATH.lstrip('/')}' data-largest='{LARGEST}'>"
        "<p class='quiet'>Both files are deleted from the server as soon as they are scored.</p>"
        "<label for='record-zip'>Record (.zip)</label><input id='record-zip' type='file' accept='.zip'>"
        f"<label for='record-answers'>People's answers, a row a person</label>"
        f"<input id='record-answers' type='file' accept='{kinds},.gz'>"
        "<label for='record-map'>A map.yaml, where columns are not named as the outcomes</label>"
        "<input id='record-map' type='file' accept='.yaml,.yml,.json'>"
        "<label for='record-digest'>SHA-256 quoted in the preregistration</label>"
        "<input id='record-digest' type='text' autocomplete='off' spellcheck='false' maxlength='100'>"
        "<button type='button' id='record-score' class='sm'>Score the record</button>"
        "<progress max='1' value='0' hidden aria-label='Sending the files'></progress><p role='status'></p></div>"
    )


def scored_html(found: Scored) -> str:
    """What was registered beside what people answered."""
    sections = scored_sections(found.record, found.scored)
    head = f"<h3>{text(found.scored.form.title)}: registered and answered</h3><p class='quiet'>{text(found.taken)}</p>"
    return head + "".join(map(_section_html, sections))


def _section_html(section: Section) -> str:
    title = f"<h4>{text(section.title)}</h4>" if section.title else ""
    return title + _parts_html(section.parts, section.title)


def _parts_html(parts: Sequence[Part], title: str) -> str:
    drawn = []
    for part in parts:
        if isinstance(part, Table):
            drawn.append(table_html(part, f"Registered and observed, {title}: {part.header[1]}"))
        elif isinstance(part, str):
            drawn.append(f"<p>{text(part)}</p>")
    return "".join(drawn)
