"""The tab Your study: an editor, a live preview with checks, and the prediction."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.figures import arms_figure
from socrates_core.report.markup import markup
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.study.study_file.presets import TITLES
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.design.panel import design_panel
from socrates_core.ui.design.predictions import OwnStudy
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import QUICK, Updates, kept, report_progress
from socrates_core.ui.model_choice import ModelChoice
from socrates_core.ui.record.panel import record_panel
from socrates_core.ui.results import Results
from socrates_core.ui.robustness.panel import OfStudy, robustness_panel
from socrates_core.ui.simulate.link import MAX_TEMPERATURE
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.trust.view import trust_html, with_errors
from socrates_core.ui.what_if.panel import WhatIfPanel, what_if_panel, wire_what_if
from socrates_core.ui.your_study.draft import LABELS, NOMINAL, OPEN, RANGE, TOO_LONG, Draft, draft_of, opened
from socrates_core.ui.your_study.population import MARGINS, levels_json, people_menus
from socrates_core.ui.your_study.preview import checked, findings_json, preview_html, summary_html
from socrates_core.ui.your_study.remix import live_json, only_shares_differ
from socrates_core.ui.your_study.side_by_side import ComparingPredictions, moved_on
from socrates_core.ui.your_study.view import (
    STALE,
    WAITING,
    digest_html,
    keep_html,
    ranking_html,
    tables_html,
    verdict_html,
)
from socrates_core.ui.your_study.work import (
    Prediction,
    download,
    file_digest,
    loaded_in,
    predict,
    study_file,
    with_shares,
)

EXAMPLE: Final = BUNDLED_STUDIES / "example.yaml"


@dataclass(frozen=True, eq=False)
class Desk:
    """The components of the editor and beside it."""

    editor: gr.HTML
    """Its value is the draft as JSON, in the visitor's browser alone."""
    findings: gr.Textbox
    """Hidden: what the checks found; the script puts each beside its field."""
    saved: gr.Textbox
    """Hidden: a file for the script to save."""
    levels: gr.Textbox
    """Hidden: attributes and values of the people who are weighted; the script makes sliders of them."""
    message: gr.HTML
    summary: gr.HTML
    condition: gr.Dropdown
    outcome: gr.Dropdown
    preview: gr.HTML

    @property
    def checks(self) -> list[Block]:
        """Everything that changes with the draft."""
        return [self.levels, self.findings, self.summary, self.condition, self.outcome, self.preview]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The components of the prediction."""

    made: gr.State
    """The latest `Prediction` of this session."""
    shown: gr.Textbox
    """Hidden: a checksum of the draft and the settings that it belongs to."""
    stale: gr.HTML
    notice: gr.HTML
    body: gr.Group
    which: gr.Dropdown
    beside: WhatIfPanel
    verdict: gr.HTML
    trust: gr.HTML
    picture: gr.Plot
    ranking: gr.HTML
    means: gr.Plot
    tables: gr.HTML
    keep: gr.HTML
    digest: gr.HTML
    """The SHA-256 of a record that was saved."""
    live: gr.Textbox
    """Hidden: the prediction in small, which the script shows beside the shares that can be moved."""

    @property
    def drawn(self) -> list[Block]:
        """Everything that shows one outcome."""
        return [self.which, self.verdict, self.trust, self.picture, self.ranking, self.means, self.tables, self.live]


def your_study_tab(results: Results, choice: ModelChoice) -> None:
    """Lay out the tab and connect its listeners."""
    saved = gr.Textbox("", visible="hidden", elem_id="study-saved", label="File")
    with gr.Row(elem_classes="columns study-columns", equal_height=False):
        with gr.Column(scale=6, min_width=320, elem_id="study-desk"):
            with gr.Row(elem_classes="tools"):
                example = gr.Button("Load the example", size="sm", elem_id="study-example", min_width=60)
                new = gr.Button("New", size="sm", elem_id="study-new", min_width=60)
                open_file = gr.Button("Open", size="sm", elem_id="study-open", min_width=60)
                save = gr.Button("Save", size="sm", elem_id="study-save", min_width=60)
                copy = gr.Button("Duplicate", size="sm", elem_id="study-copy", min_width=60)
            message = gr.HTML(elem_id="study-message", js_on_load=None)
            with gr.Column(elem_classes="card"):
                editor = study_editor(results)
        with gr.Column(scale=7, min_width=320, elem_id="study-side"):
            with gr.Column(elem_classes="card"):
                with gr.Row(elem_classes="pair"):
                    condition = gr.Dropdown([("Condition 1", 0)], value=0, label="Condition", elem_id="study-condition")
                    outcome = gr.Dropdown([("Outcome 1", 0)], value=0, label="Outcome", elem_id="study-outcome")
                preview = gr.HTML(preview_html(Draft(), *checked(Draft(), results.model), results.model, 0, 0),
                                  elem_id="study-preview", js_on_load=None)  # fmt: skip
                summary = gr.HTML(elem_id="study-summary", js_on_load=None)
                settings = _settings(results)
                run = gr.Button("Run", variant="primary", elem_id="study-run")
            outcomes = _outcomes(results, saved)
    findings = gr.Textbox("[]", visible="hidden", elem_id="study-findings", label="Findings")
    levels = gr.Textbox("", visible="hidden", elem_id="study-levels", label="Values")
    desk = Desk(editor, findings, saved, levels, message, summary, condition, outcome, preview)
    _wire_editor(desk, outcomes, settings, results)
    _wire_files(desk, example, new, open_file, save, copy, settings[0], results)
    _wire_run(desk, outcomes, settings, run, results)
    choice.menu.change(lambda name: gr.update(choices=results.models.choices(), value=name), choice.menu, settings[0],
                       **QUICK)  # fmt: skip


def study_editor(results: Results) -> gr.HTML:
    """The editor with what its menus offer."""
    menus = {
        "scales": [
            ["", "Choose …"], *([name, title] for name, title in TITLES.items()), [RANGE, "Numbers, from … to …"],
            [LABELS, "Own labels, in order"], [NOMINAL, "Options without an order"], [OPEN, "Any number"],
        ],
        **people_menus(results.catalogue),
    }  # fmt: skip
    return gr.HTML(
        Draft().model_dump_json(),
        # in percent-encoding, for Gradio fills templates in: a quotation mark in a study's title would end the JSON
        html_template=markup(
            "<div class='study-editor' data-menus='{{ menus }}'></div>", menus=quote(json.dumps(menus))
        ),
        js_on_load="yourStudy.edit(element, trigger, props, watch)",
        elem_id="study-editor",
    )


def _settings(results: Results) -> list[Any]:
    """Model, people, seed, temperature, top-p: in the order of `_sampling`, after the model."""
    choices = results.models.choices()
    model = gr.Dropdown(choices, value=results.model_name, label="Model", elem_id="study-model")
    with gr.Row(elem_classes="pair"):
        about = f"Per condition, up to {MAX_PEOPLE:,}"
        n = gr.Number(200, label="Simulated people", precision=0, elem_id="study-n", min_width=120, info=about)
        seed = gr.Number(
            0, label="Seed", precision=0, elem_id="study-seed", min_width=120, info="Same seed, same result"
        )
    with gr.Accordion("Temperature and top-p", open=False, elem_classes="more"):
        heat = gr.Slider(0, MAX_TEMPERATURE, 1, step=0.05, label="Temperature", elem_id="study-temperature")
        cut = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", elem_id="study-top-p")
    return [model, n, seed, heat, cut]


def _sampling(n: float | None, seed: float | None, temperature: float, top_p: float) -> Sampling:
    """The settings as numbers.

    Raises:
        SocratesError: If people or seed are empty.
    """
    if n is None or seed is None:
        raise SocratesError("Simulated people and seed: enter whole numbers")
    return Sampling(int(n), temperature, top_p, int(seed))


def _outcomes(results: Results, saved: gr.Textbox) -> Outcomes:
    with gr.Column(elem_id="study-result"):
        made = kept(None)
        shown = gr.Textbox("", visible="hidden", elem_id="study-shown", label="Shown study")
        notice = gr.HTML(elem_id="study-notice", js_on_load=None)
        stale = gr.HTML(elem_id="study-stale", js_on_load=None)
        which = gr.Dropdown(label="Outcome shown", elem_id="study-which", visible=False)
        beside = what_if_panel("what-if")
        verdict = gr.HTML(WAITING, elem_id="study-says", js_on_load=None)
        trust = gr.HTML(elem_id="study-trust", js_on_load=None)
        with gr.Group(elem_classes="plain", visible=False) as body:
            gr.HTML("<h3>Predicted answers</h3>", js_on_load=None)
            picture = gr.Plot(show_label=False, container=False, elem_id="study-picture", elem_classes="figure")
            ranking = gr.HTML(elem_id="study-ranking", js_on_load=None)
            means = gr.Plot(show_label=False, container=False, elem_id="study-means", elem_classes="figure")
            tables = gr.HTML(elem_id="study-tables", js_on_load=None)
            keep = gr.HTML(elem_id="study-keep", js_on_load="yourStudy.keep(element, trigger)")
            digest = gr.HTML(elem_id="study-digest", js_on_load=None)
        live = gr.Textbox("", visible="hidden", elem_id="study-live", label="In small")
        design_panel("study-design", made, live, OwnStudy(results), results)
        robustness_panel("study-other-ways", made, live, which, OfStudy(results))
        record_panel(results, saved)
    return Outcomes(
        made,
        shown,
        stale,
        notice,
        body,
        which,
        beside,
        verdict,
        trust,
        picture,
        ranking,
        means,
        tables,
        keep,
        digest,
        live,
    )


# -- the editor --------------------------------------------------------------------------------------------------


def _wire_editor(desk: Desk, outcomes: Outcomes, settings: list[Any], results: Results) -> None:
    def check(value: str, condition: int, outcome: int, shown: str, *chosen: Any) -> Updates:
        if value == TOO_LONG:  # the script has said so beside the field
            return {desk.summary: ""}
        model = results.models.get(chosen[0])
        draft = draft_of(value)
        found, studies = checked(draft, model, loaded_in(results))
        conditions = [(one.label.strip() or f"Condition {i}", i - 1) for i, one in enumerate(draft.conditions, 1)]
        asked = [(one.name.strip() or f"Outcome {i}", i - 1) for i, one in enumerate(draft.outcomes, 1)]
        condition = condition if condition in range(len(conditions)) else 0
        outcome = outcome if outcome in range(len(asked)) else 0
        # an untouched page is not reproached with what is missing
        findings = () if draft.untouched else found.findings
        return {
            desk.levels: levels_json(draft.people, loaded_in(results)),
            desk.findings: findings_json(findings),
            desk.summary: summary_html(draft, found),
            desk.condition: gr.update(choices=conditions, value=condition),
            desk.outcome: gr.update(choices=asked, value=outcome),
            desk.preview: preview_html(draft, found, studies, model, condition, outcome),
            outcomes.stale: STALE if shown and shown != _mark(value, chosen) else "",
        }

    def open_study(event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        if sent.get("tooLarge") or not isinstance(sent.get("yaml"), str):
            return {desk.message: notice_html("This file is too large for the page; use it on the command line.")}
        try:
            draft = opened(sent["yaml"])
        except SocratesError as error:
            return {desk.message: notice_html(f"Not opened: {error}.")}
        return {desk.editor: draft.model_dump_json(), desk.message: ""}

    state = [desk.editor, desk.condition, desk.outcome, outcomes.shown, *settings]
    outputs = [*desk.checks, outcomes.stale]
    changes = [desk.editor.input, desk.editor.change, desk.condition.input, desk.outcome.input]
    changes += [setting.change for setting in settings]
    gr.on(changes, check, state, outputs, **QUICK, trigger_mode="always_last")
    desk.editor.upload(open_study, None, [desk.editor, desk.message], **QUICK)
    desk.levels.change(None, desk.levels, None, js="(levels) => yourStudy.levels(levels)")
    desk.findings.change(None, desk.findings, None, js="(found) => yourStudy.mark(found)")
    desk.saved.change(None, desk.saved, None, js="(file) => yourStudy.save(file, true)")


def _mark(value: str, chosen: tuple[Any, ...]) -> str:
    """What a prediction belongs to: a checksum of the draft and the settings; shares can be moved afterwards."""
    draft = draft_of(value).model_dump()
    if draft["people"]["kind"] == MARGINS:
        draft["people"] |= {"margins": (), "tables": ""}
    content = json.dumps([draft, *chosen], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def _wire_files(
    desk: Desk,
    example: gr.Button,
    new: gr.Button,
    open_file: gr.Button,
    save: gr.Button,
    copy: gr.Button,
    model: gr.Dropdown,
    results: Results,
) -> None:
    def duplicate(value: str) -> str:
        draft = draft_of(value)
        return draft.model_copy(update={"title": f"{draft.title} (copy)".strip()}).model_dump_json()

    def save_study(value: str, name: str) -> str:
        return study_file(checked(draft_of(value), results.models.get(name), loaded_in(results))[0])

    example.click(lambda: opened(EXAMPLE.read_text("utf-8")).model_dump_json(), None, desk.editor, **QUICK)
    new.click(lambda: Draft().model_dump_json(), None, desk.editor, **QUICK)
    copy.click(duplicate, desk.editor, desk.editor, **QUICK)
    save.click(save_study, [desk.editor, model], desk.saved, **QUICK)
    open_file.click(None, None, None, js="() => yourStudy.open()")


# -- the prediction ----------------------------------------------------------------------------------------------


def _wire_run(desk: Desk, outcomes: Outcomes, settings: list[Any], run: gr.Button, results: Results) -> None:
    def predict_study(
        request: gr.Request,
        value: str,
        model: str,
        *sampling: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        try:
            visitor, draft = visitor_of(request), draft_of(value)
            made = predict(results, visitor, draft, model, _sampling(*sampling), report_progress(progress))
        except SocratesError as error:
            return {outcomes.notice: notice_html(f"{error}.".replace("..", "."))}
        names = [(one.name, place) for place, one in enumerate(made.found)]
        return {
            outcomes.made: made,
            outcomes.shown: _mark(value, (model, *sampling)),
            outcomes.notice: "",
            outcomes.stale: "",
            outcomes.which: gr.update(choices=names, value=0, visible=len(names) > 1),
            outcomes.keep: keep_html(made.form, made.found),
            **_drawn(outcomes, made, 0),
        }

    def move_shares(request: gr.Request, value: str, made: Prediction | None, place: int, *chosen: Any) -> Updates:
        draft = Draft() if value == TOO_LONG else draft_of(value)
        if made is not None and draft == made.draft and place in range(len(made.found)):  # moved back
            return {outcomes.notice: "", outcomes.live: live_json(made.found[place])}
        if made is None or not only_shares_differ(draft, made.draft):
            return {outcomes.notice: gr.skip()}
        try:
            if (made.model, made.sampling) != (chosen[0], _sampling(*chosen[1:])):
                return {outcomes.notice: gr.skip()}
            moved = with_shares(results, visitor_of(request), made, draft)
        except SocratesError as error:
            told = f"The prediction below is for the shares before: {str(error)[:1].lower()}{str(error)[1:]}."
            return {outcomes.notice: notice_html(told.replace("..", ".")), outcomes.live: ""}
        return {
            outcomes.made: moved,
            outcomes.notice: "",
            outcomes.keep: keep_html(moved.form, moved.found),
            **_drawn(outcomes, moved, place if place in range(len(moved.found)) else 0),
        }

    def catch_up(request: gr.Request, value: str, made: Prediction | None, place: int, *chosen: Any) -> Updates:
        """After Run: shares that were moved meanwhile."""
        if made is None or value == TOO_LONG or draft_of(value) == made.draft:
            return {outcomes.notice: gr.skip()}
        caught = move_shares(request, value, made, place, *chosen)
        if outcomes.made in caught:  # the run has emptied the notice; what an edit since then has said stays
            caught = {**caught, outcomes.notice: gr.skip()}
        return caught

    def choose(made: Prediction | None, place: int) -> Updates:
        if made is None or place not in range(len(made.found)):  # the page offers no such outcome
            return {outcomes.which: gr.skip()}
        return _drawn(outcomes, made, place)

    def save_file(request: gr.Request, made: Prediction | None, event: gr.EventData) -> Updates:
        if made is None:
            raise SocratesError("This prediction is no longer in memory. Press Run again")
        kind = event._data.get("file") if isinstance(event._data, dict) else None
        file = download(results, visitor_of(request), made, str(kind))
        digest = file_digest(file)
        return {desk.saved: file, outcomes.digest: digest_html(digest) if digest else ""}

    body = [outcomes.body, *outcomes.drawn]
    outputs = [outcomes.made, outcomes.shown, outcomes.notice, outcomes.stale, outcomes.keep, *body]
    ran = run.click(
        predict_study,
        [desk.editor, *settings],
        outputs,
        show_progress_on=outcomes.verdict,
        api_visibility="private",
        concurrency_limit=4,
        concurrency_id="simulate",
    )
    moving = [desk.editor, outcomes.made, outcomes.which, *settings]
    desk.editor.input(
        move_shares, moving, [outcomes.made, outcomes.notice, outcomes.keep, *body], **QUICK, trigger_mode="always_last"
    )
    ran.then(None, None, None, js="() => yourStudy.show('#study-verdict')")
    ran.then(catch_up, moving, [outcomes.made, outcomes.notice, outcomes.keep, *body], **QUICK)
    outcomes.shown.change(None, None, None, js="() => yourStudy.ran()")
    outcomes.live.change(None, outcomes.live, None, js="(found) => yourStudy.live(found)")
    beside = outcomes.beside
    outcomes.live.change(
        lambda *compared: moved_on(*compared) or gr.skip(), [beside.first, beside.found, outcomes.made], beside.says,
        **QUICK,
    )  # fmt: skip
    wire_what_if(beside, outcomes.made, outcomes.which, ran, ComparingPredictions(results), results)
    outcomes.which.input(choose, [outcomes.made, outcomes.which], body, **QUICK)
    outcomes.keep.download(save_file, outcomes.made, [desk.saved, outcomes.digest], **QUICK)
    outcomes.live.change(lambda: "", None, outcomes.digest, **QUICK)


def _drawn(outcomes: Outcomes, made: Prediction, place: int) -> Updates:
    """One outcome of a prediction."""
    one = made.found[place]
    found = one.simulation
    several = found is not None and len(found.arms) > 1 and not found.arms[0].cell.scale.nominal
    return {
        outcomes.body: gr.update(visible=True),
        outcomes.verdict: verdict_html(made.form, one),
        outcomes.trust: trust_html(found, "study-"),
        outcomes.picture: _plot(None if found is None else conditions_figure(found)),
        outcomes.ranking: ranking_html(found),
        outcomes.tables: tables_html(found),
        outcomes.live: live_json(one),
        outcomes.means: _plot(with_errors(arms_figure(found), found) if found is not None and several else None),
    }


def _plot(figure: go.Figure | None) -> Any:
    return gr.update(value=None if figure is None else styled(figure), visible=figure is not None)
