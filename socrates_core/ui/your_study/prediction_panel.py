"""The prediction in the tab Your study: its settings, what it shows, and what Run and moved shares do."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.figures import arms_figure
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.simulation.whole_study import Sampling
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.design.panel import design_panel
from socrates_core.ui.design.predictions import OwnStudy
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates, kept, report_progress
from socrates_core.ui.record.panel import record_panel
from socrates_core.ui.results import Results
from socrates_core.ui.robustness.panel import OfStudy, robustness_panel
from socrates_core.ui.simulate.link import MAX_TEMPERATURE
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.trust.view import trust_html, with_errors
from socrates_core.ui.what_if.panel import WhatIfPanel, what_if_panel, wire_what_if
from socrates_core.ui.your_study.draft import TOO_LONG, Draft, draft_of
from socrates_core.ui.your_study.population import MARGINS
from socrates_core.ui.your_study.remix import live_json, only_shares_differ
from socrates_core.ui.your_study.side_by_side import ComparingPredictions, moved_on
from socrates_core.ui.your_study.view import WAITING, digest_html, keep_html, ranking_html, tables_html, verdict_html
from socrates_core.ui.your_study.work import Prediction, download, file_digest, predict, with_shares


@dataclass(frozen=True, eq=False)
class PredictionPanel:
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


def sampling_settings(results: Results) -> list[Any]:
    """Lay out model, people, seed, temperature, top-p: in the order of `_sampling`, after the model."""
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


def _sampling(n: float | None, seed: float | None, temperature: float | None, top_p: float | None) -> Sampling:
    """The settings as numbers.

    Raises:
        SocratesError: If one is empty, or a slider's is out of its range.
    """
    if n is None or seed is None:
        raise SocratesError("Simulated people and seed: enter whole numbers")
    if temperature is None or top_p is None:
        raise SocratesError("Temperature and top-p: enter numbers within the ranges of the sliders")
    return Sampling(int(n), temperature, top_p, int(seed))


def prediction_panel(results: Results, saved: gr.Textbox) -> PredictionPanel:
    """Lay it out; `saved` takes files for the script to save."""
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
    return PredictionPanel(
        made, shown, stale, notice, body, which, beside,
        verdict, trust, picture, ranking, means, tables, keep, digest, live,
    )  # fmt: skip


def checksum(value: str, chosen: tuple[Any, ...]) -> str:
    """Of a draft and the settings, which a prediction belongs to; shares can be moved afterwards."""
    draft = draft_of(value).model_dump()
    if draft["people"]["kind"] == MARGINS:
        draft["people"] |= {"margins": (), "tables": ""}
    content = json.dumps([draft, *chosen], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def wire_run(
    panel: PredictionPanel,
    editor: gr.HTML,
    saved: gr.Textbox,
    settings: list[Any],
    run: gr.Button,
    results: Results,
) -> None:
    """Predict the editor's draft when Run is pressed, and again when only shares of its people are moved."""

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
            return {panel.notice: notice_html(f"{error}.".replace("..", "."))}
        names = [(one.name, place) for place, one in enumerate(made.found)]
        return {
            panel.made: made,
            panel.shown: checksum(value, (model, *sampling)),
            panel.notice: "",
            panel.stale: "",
            panel.which: gr.update(choices=names, value=0, visible=len(names) > 1),
            panel.keep: keep_html(made.form, made.found),
            **_drawn(panel, made, 0),
        }

    def move_shares(request: gr.Request, value: str, made: Prediction | None, place: int, *chosen: Any) -> Updates:
        draft = Draft() if value == TOO_LONG else draft_of(value)
        if made is not None and draft == made.draft and place in range(len(made.found)):  # moved back
            return {panel.notice: "", panel.live: live_json(made.found[place])}
        if made is None or not only_shares_differ(draft, made.draft):
            return {panel.notice: gr.skip()}
        try:
            if (made.model, made.sampling) != (chosen[0], _sampling(*chosen[1:])):
                return {panel.notice: gr.skip()}
            moved = with_shares(results, visitor_of(request), made, draft)
        except SocratesError as error:
            told = f"The prediction below is for the shares before: {str(error)[:1].lower()}{str(error)[1:]}."
            return {panel.notice: notice_html(told.replace("..", ".")), panel.live: ""}
        return {
            panel.made: moved,
            panel.notice: "",
            panel.keep: keep_html(moved.form, moved.found),
            **_drawn(panel, moved, place if place in range(len(moved.found)) else 0),
        }

    def catch_up(request: gr.Request, value: str, made: Prediction | None, place: int, *chosen: Any) -> Updates:
        """After Run: shares that were moved meanwhile."""
        if made is None or value == TOO_LONG or draft_of(value) == made.draft:
            return {panel.notice: gr.skip()}
        caught = move_shares(request, value, made, place, *chosen)
        if panel.made in caught:  # the run has emptied the notice; what an edit since then has said stays
            caught = {**caught, panel.notice: gr.skip()}
        return caught

    def choose(made: Prediction | None, place: int) -> Updates:
        if made is None or place not in range(len(made.found)):  # the page offers no such outcome
            return {panel.which: gr.skip()}
        return _drawn(panel, made, place)

    def save_file(request: gr.Request, made: Prediction | None, event: gr.EventData) -> Updates:
        if made is None:
            raise SocratesError("This prediction is no longer in memory. Press Run again")
        kind = event._data.get("file") if isinstance(event._data, dict) else None
        file = download(results, visitor_of(request), made, str(kind))
        digest = file_digest(file)
        return {saved: file, panel.digest: digest_html(digest) if digest else ""}

    body = [panel.body, *panel.drawn]
    outputs = [panel.made, panel.shown, panel.notice, panel.stale, panel.keep, *body]
    ran = run.click(
        predict_study,
        [editor, *settings],
        outputs,
        show_progress_on=panel.verdict,
        api_visibility="private",
        concurrency_limit=4,
        concurrency_id="simulate",
    )
    moving = [editor, panel.made, panel.which, *settings]
    editor.input(move_shares, moving, [panel.made, panel.notice, panel.keep, *body], **LATEST)
    ran.then(None, None, None, js="() => yourStudy.show('#study-verdict')")
    ran.then(catch_up, moving, [panel.made, panel.notice, panel.keep, *body], **QUICK)
    panel.shown.change(None, None, None, js="() => yourStudy.ran()")
    panel.live.change(None, panel.live, None, js="(found) => yourStudy.live(found)")
    beside = panel.beside
    panel.live.change(
        lambda *compared: moved_on(*compared) or gr.skip(), [beside.first, beside.found, panel.made], beside.says,
        **QUICK,
    )  # fmt: skip
    wire_what_if(beside, panel.made, panel.which, ran, ComparingPredictions(results), results)
    panel.which.input(choose, [panel.made, panel.which], body, **LATEST)
    panel.keep.download(save_file, panel.made, [saved, panel.digest], **QUICK)
    panel.live.change(lambda: "", None, panel.digest, **QUICK)


def _drawn(panel: PredictionPanel, made: Prediction, place: int) -> Updates:
    """One outcome of a prediction."""
    one = made.found[place]
    found = one.simulation
    several = found is not None and len(found.arms) > 1 and not found.arms[0].cell.scale.nominal
    return {
        panel.body: gr.update(visible=True),
        panel.verdict: verdict_html(made.form, one),
        panel.trust: trust_html(found, "study-"),
        panel.picture: _plot(None if found is None else conditions_figure(found)),
        panel.ranking: ranking_html(found),
        panel.tables: tables_html(found),
        panel.live: live_json(one),
        panel.means: _plot(with_errors(arms_figure(found), found) if found is not None and several else None),
    }


def _plot(figure: go.Figure | None) -> Any:
    return gr.update(value=None if figure is None else styled(figure), visible=figure is not None)
