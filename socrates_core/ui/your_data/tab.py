"""The tab Your data: a file, what its columns were taken for, the study that comes out, and its prediction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import gradio as gr

from socrates_core.errors import ColumnError, SocratesError
from socrates_core.report.simulation import to_csv, to_html, to_json
from socrates_core.simulation.result import Simulation
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.map.writing import map_text
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.ui.access.limits import DOWNLOAD_COST
from socrates_core.ui.access.uploads import Upload
from socrates_core.ui.access.visitors import token_of, visitor_of
from socrates_core.ui.html import about_columns, notice_html
from socrates_core.ui.listeners import KEPT_SECONDS, QUICK, Updates, report_progress
from socrates_core.ui.model_choice import ModelChoice
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.result_panel import ResultPanel, draw_problem, draw_result, result_panel, stale_html
from socrates_core.ui.your_data.bench import HUB_NAME, Bench, Choice, choice_of, picker_html
from socrates_core.ui.your_data.hub import hub_upload, report_bytes
from socrates_core.ui.your_data.mapping import draft_of, map_from, table_json
from socrates_core.ui.your_data.menus import cell_of_menus, draw_menus, request_of, wire_menus
from socrates_core.ui.your_data.view import EMPTY, STALE, WAITING, found_html, intro_html, keep_html, preview_html
from socrates_core.ui.your_data.work import OwnData, opened, predict, read, sends_the_same
from socrates_core.ui.your_study.work import file_json

_WRITERS: Final[Mapping[str, Callable[[Simulation], str]]] = {"csv": to_csv, "html": to_html, "json": to_json}
_MAPPING: Final = "(...inputs) => [yourData.mapping(), ...inputs.slice(1)]"
"""What the table of columns says now takes the place of the hidden field."""


def your_data_tab(results: Results, choice: ModelChoice) -> None:
    """Lay out the tab and connect its listeners."""
    with gr.Row(elem_classes="columns study-columns", equal_height=False):
        with gr.Column(scale=6, min_width=320, elem_id="data-desk"), gr.Column(elem_classes="card"):
            gr.HTML(intro_html(results.policy.space), elem_id="data-intro", js_on_load=None)
            picker = gr.HTML(picker_html(), elem_id="data-picker", js_on_load="yourData.pick(element, trigger)")
            with gr.Accordion("Or a data set of the Hugging Face Hub", open=False, elem_classes="more"):
                hub = gr.Textbox(label="Data set", info=HUB_NAME, elem_id="data-hub", max_lines=1, max_length=300)
                fetch = gr.Button("Fetch from the Hub", size="sm", elem_id="data-fetch")
            message = gr.HTML(elem_id="data-message", js_on_load=None)
            found = gr.HTML(elem_id="data-found", js_on_load=None)
            with gr.Row(elem_classes="tools", visible=False) as tools:
                look = gr.Button("Preview", size="sm", elem_id="data-look", min_width=60)
                save = gr.Button("Save map.yaml", size="sm", elem_id="data-save", min_width=60)
                forget = gr.Button("Delete the file", size="sm", elem_id="data-forget", min_width=60)
            table = gr.HTML(
                "", html_template="<div class='study-editor data-table'></div>", elem_id="data-table",
                js_on_load="yourData.draw(element, trigger, props, watch)",
            )  # fmt: skip
        with gr.Column(scale=7, min_width=320, elem_id="data-side"):
            with gr.Column(elem_classes="card"):
                stale = gr.HTML(elem_id="data-changed", js_on_load=None)
                preview = gr.HTML(EMPTY, elem_id="data-preview", js_on_load=None)
                asked = choice_of(results)
            with gr.Column(elem_id="data-result"):
                made = gr.State(None, time_to_live=KEPT_SECONDS)
                panel = result_panel("data-", WAITING, "yourData.keep(element, trigger)")
    own = gr.State(None, time_to_live=KEPT_SECONDS, delete_callback=_close)
    mapping = gr.Textbox("", visible="hidden", elem_id="data-mapping", label="Map")
    saved = gr.Textbox("", visible="hidden", elem_id="data-saved", label="File")
    bench = Bench(own, picker, hub, fetch, table, mapping, found, message, tools, preview, stale, saved)
    _wire_file(bench, asked, panel, forget, results)
    _wire_map(bench, asked, look, save, results)
    wire_menus(bench, asked, results, choice)
    _wire_run(bench, asked, panel, made, results)


def _sentence(error: SocratesError) -> str:
    return f"{str(error).removesuffix('.')}."


def _refused(error: SocratesError, before: str = "") -> str:
    """A message in a notice."""
    told = notice_html(before + _sentence(error))
    return about_columns(told, error.columns) if isinstance(error, ColumnError) else told


def _close(own: OwnData | None) -> None:
    """Delete the file of a page that is closed or has been idle for long."""
    if own is not None:
        own.upload.close()


# -- the file ----------------------------------------------------------------------------------------------------


def _wire_file(bench: Bench, asked: Choice, panel: ResultPanel, forget: gr.Button, results: Results) -> None:
    def take(before: OwnData | None, model: str, event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        upload = results.uploads.take(sent.get("word"))
        _close(before)
        return look_at(upload, model)

    def take_from_hub(
        request: gr.Request,
        words: str,
        before: OwnData | None,
        model: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        try:
            visitor, token = visitor_of(request), token_of(request)
            upload = hub_upload(results, visitor, token, words, report_bytes(progress))
        except SocratesError as error:  # what was there before stays
            return {bench.message: _refused(error, "Not fetched: ")}
        _close(before)
        return look_at(upload, model)

    def look_at(upload: Upload, model: str) -> Updates:
        try:
            own = opened(upload)
        except SocratesError as error:
            upload.close()
            return {
                **_nothing(bench, asked, panel),
                bench.message: _refused(error, "Not read: "),
            }
        return {
            **_nothing(bench, asked, panel),
            **_read(bench, asked, results, own, model),
            bench.table: table_json(own.proposal, own.base),
            bench.found: found_html(own),
            bench.tools: gr.update(visible=True),
            asked.run: gr.update(interactive=True),
        }

    def drop(before: OwnData | None) -> Updates:
        _close(before)
        return {**_nothing(bench, asked, panel), bench.message: notice_html("The file is deleted.", problem=False)}

    outputs = [
        bench.own, bench.table, bench.found, bench.message, bench.tools, bench.preview, bench.stale, *asked.menus,
        asked.confirm, asked.run, panel.body, panel.verdict, panel.notice,
    ]  # fmt: skip
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": 2, "concurrency_id": "data"}
    bench.picker.upload(take, [bench.own, asked.model], outputs, **private, show_progress_on=bench.preview)
    gr.on(
        [bench.fetch.click, bench.hub.submit], take_from_hub, [bench.hub, bench.own, asked.model], outputs,
        api_visibility="private", concurrency_limit=2, concurrency_id="hub", show_progress_on=bench.message,
    )  # fmt: skip
    bench.picker.input(lambda: "", None, bench.message, **QUICK)
    forget.click(drop, bench.own, outputs, **QUICK)


def _nothing(bench: Bench, asked: Choice, panel: ResultPanel) -> Updates:
    """The tab before there is a file."""
    return {
        bench.own: None,
        bench.table: "",
        bench.found: "",
        bench.message: "",
        bench.tools: gr.update(visible=False),
        bench.preview: EMPTY,
        bench.stale: "",
        asked.body: gr.update(visible=False),
        asked.confirm: gr.update(visible=False, value=False),
        asked.run: gr.update(interactive=False),
        panel.body: gr.update(visible=False),
        panel.verdict: WAITING,
        panel.notice: "",
    }


def _read(bench: Bench, asked: Choice, results: Results, own: OwnData, model: str) -> Updates:
    """The data as the proposed map reads it; what is wrong with that is said, and the columns can be corrected."""
    try:
        done = read(own, own.base)
    except SocratesError as error:
        return {bench.own: own, bench.message: _refused(error, "Not read yet: ")}
    return {bench.own: done, bench.preview: preview_html(done), **draw_menus(asked, done, results, model, None)}


# -- the map -----------------------------------------------------------------------------------------------------


def _wire_map(bench: Bench, asked: Choice, look: gr.Button, save: gr.Button, results: Results) -> None:
    def show(mapping: str, own: OwnData | None, model: str, place: int | None) -> Updates:
        try:
            done = _reread(mapping, own)
        except SocratesError as error:
            return {bench.message: _refused(error)}
        drawn = {bench.own: done, bench.message: "", bench.stale: "", bench.preview: preview_html(done)}
        return {**drawn, **draw_menus(asked, done, results, model, place)}

    def save_map(mapping: str, own: OwnData | None) -> Updates:
        try:
            done = _mapped(mapping, own)
        except SocratesError as error:
            return {bench.message: _refused(error)}
        return {bench.saved: file_json("map", "yaml", map_text(done)), bench.message: ""}

    def open_map(own: OwnData | None, model: str, event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        if own is None or not isinstance(sent.get("yaml"), str):
            return {bench.message: notice_html("Choose the survey file first; then the map that belongs to it.")}
        try:
            base = map_of(read_yaml(sent["yaml"], "this map"), "this map")
            base = base.model_copy(update={"qsf": None})  # a path of this machine; here it comes with the file
            done = read(own, base)
        except SocratesError as error:
            return {bench.message: _refused(error)}
        done = replace(done, base=base)
        return {
            bench.own: done,
            bench.table: table_json(done.proposal, base),
            bench.message: "",
            bench.stale: "",
            bench.preview: preview_html(done),
            **draw_menus(asked, done, results, model, None),
        }

    shown = [bench.own, bench.message, bench.stale, bench.preview, *asked.menus, asked.confirm]
    look.click(
        show, [bench.mapping, bench.own, asked.model, asked.cell], shown, js=_MAPPING, api_visibility="private",
        concurrency_limit=2, concurrency_id="data", show_progress_on=bench.preview,
    )  # fmt: skip
    save.click(save_map, [bench.mapping, bench.own], [bench.saved, bench.message], js=_MAPPING, **QUICK)
    bench.table.upload(open_map, [bench.own, asked.model], [bench.table, *shown], **QUICK)
    bench.table.input(lambda own: STALE if own else "", bench.own, bench.stale, **QUICK)
    for told in (bench.message, bench.preview):
        told.change(None, [bench.message, bench.preview], None, js="(...told) => yourData.mark(told)")
    bench.saved.change(None, bench.saved, None, js="(file) => yourStudy.save(file)")


def _mapped(mapping: str, own: OwnData | None) -> Any:
    if own is None:
        raise SocratesError("Choose a file first")
    return map_from(draft_of(mapping), own.proposal, own.base)


def _reread(mapping: str, own: OwnData | None) -> OwnData:
    """The data as the table of columns says now; as it is where nothing has changed."""
    form = _mapped(mapping, own)
    assert own is not None
    return own if own.studies is not None and own.form == form else read(own, form)


# -- the result --------------------------------------------------------------------------------------------------


def _wire_run(bench: Bench, asked: Choice, panel: ResultPanel, made: gr.State, results: Results) -> None:
    def run(
        request: gr.Request,
        mapping: str,
        own: OwnData | None,
        study: str | None,
        condition: int | None,
        cell_id: int | None,
        control: int | None,
        model: str,
        n: float | None,
        seed: float | None,
        confirmed: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        drawn: Updates = {}
        try:
            done = _reread(mapping, own)
            drawn = {bench.stale: ""}
            assert done.studies is not None
            if cell_id is not None and cell_id in done.studies.cells["cell_id"]:
                there = cell_of_menus(done.studies, study, condition, cell_id)
                if there.study_id != done.studies.cell(cell_id).study_id:
                    control, confirmed = None, False  # these were chosen for the other study
                cell_id = there.cell_id
            if done is not own:  # perhaps other cells and columns than those on the page
                drawn |= draw_menus(asked, done, results, model, cell_id, control=control)
                drawn |= {bench.own: done, bench.preview: preview_html(done)}
                cell_id, control = drawn[asked.outcome]["value"], drawn[asked.control]["value"]
                confirmed = confirmed and sends_the_same(own, done, results.models.get(model))
                drawn[asked.confirm]["value"] = confirmed
            wanted = request_of(cell_id, control, n, seed)
            found = predict(results, visitor_of(request), done, model, wanted, confirmed, report_progress(progress))
        except SocratesError as error:
            beside = {bench.message: _refused(error)} if isinstance(error, ColumnError) else {}
            return {**drawn, **beside, **draw_problem(panel, _sentence(error))}
        shown = {**draw_result(panel, found, ""), panel.keep: keep_html(done)}
        return {**drawn, **shown, bench.message: "", made: found}

    def save_file(request: gr.Request, found: Simulation | None, event: gr.EventData) -> str:
        kind = str(event._data.get("file")) if isinstance(event._data, dict) else ""
        if found is None or kind not in _WRITERS:
            raise SocratesError("This result is no longer in memory. Press Use this study again")
        results.limits.take(visitor_of(request), DOWNLOAD_COST)
        return file_json(found.study.title, kind, _WRITERS[kind](found))

    inputs = [
        bench.mapping, bench.own, asked.study, asked.condition, asked.cell, asked.control, asked.model, asked.n,
        asked.seed, asked.confirm,
    ]  # fmt: skip
    outputs = [
        *panel.outputs, made, bench.own, bench.preview, bench.stale, bench.message, *asked.menus, asked.confirm,
    ]  # fmt: skip
    ran = asked.run.click(
        run, inputs, outputs, js=_MAPPING, show_progress_on=panel.verdict, api_visibility="private",
        concurrency_limit=4, concurrency_id="simulate",
    )  # fmt: skip
    ran.then(None, None, None, js="() => yourData.show()")
    panel.keep.download(save_file, made, bench.saved, **QUICK)
    for control in (asked.study, asked.condition, asked.outcome, asked.control, asked.model, asked.n, asked.seed):
        control.input(lambda found: stale_html("Use this study") if found else "", made, panel.stale, **QUICK)
