"""Below a prediction: how many people to ask, and what a few human answers already teach."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.design.files import design_csv, design_html, design_json
from socrates_core.report.design.picture import pilot_figure, power_figure
from socrates_core.trust.design.advice import Advice, Plan, advise
from socrates_core.trust.design.answers import answers_of_text
from socrates_core.trust.design.learnt import Learnt, learn
from socrates_core.trust.design.power import TESTS
from socrates_core.trust.design.study import PredictedStudy
from socrates_core.ui.access.limits import DOWNLOAD_COST, MIN_COST
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.design.predictions import Predicted
from socrates_core.ui.design.view import advice_html, all_html, files_html, pilot_html
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.your_study.work import file_json

MOST_EFFECTS: Final = 24
"""Advised on at once: each takes up to a tenth of a second."""
LARGEST_PILOT: Final = 1_000_000
"""Characters of a table of answers."""
PASTED: Final = "the pasted table"
READ_FILE: Final = """
const input = element.querySelector("input");
element.querySelector("button").addEventListener("click", () => input.click());
input.addEventListener("change", async () => {
  const file = input.files[0];
  const sent = !file ? null : file.size > LARGEST ? { tooLarge: true } : { text: await file.text() };
  input.value = "";
  if (sent) trigger("upload", sent);
});
""".replace("LARGEST", str(LARGEST_PILOT))

IF_OPEN: Final = """() => {
  if (document.querySelector("#NAME > .label-wrap.open")) document.querySelector("#NAME-again").click();
}"""
"""The script that asks for advice on another prediction where somebody sees it, and else leaves the server alone."""


@dataclass(frozen=True, eq=False)
class DesignPanel:
    """The components."""

    name: str
    """What their ids begin with."""
    open: gr.State
    """Whether the visitor has opened it: nothing is computed before."""
    whole: gr.Accordion
    effect: gr.Dropdown
    test: gr.Radio
    people: gr.Slider
    alpha: gr.Slider
    power: gr.Slider
    ratio: gr.Slider
    notice: gr.HTML
    says: gr.HTML
    picture: gr.Plot
    table: gr.HTML
    pilot: gr.Textbox
    upload: gr.HTML
    pilot_says: gr.HTML
    pilot_picture: gr.Plot
    files: gr.HTML
    saved: gr.Textbox
    """Hidden: a file for the script to save."""
    again: gr.Button
    """Hidden: the script presses it after another prediction."""

    @property
    def chosen(self) -> list[Block]:
        """What a visitor sets, in the order of `_plan`, after the effect."""
        return [self.effect, self.test, self.people, self.alpha, self.power, self.ratio, self.pilot]

    @property
    def drawn(self) -> list[Block]:
        """Everything that an update changes."""
        return [
            self.open, self.effect, self.notice, self.says, self.picture, self.table, self.pilot_says,
            self.pilot_picture, self.files,
        ]  # fmt: skip


def design_panel(name: str, current: Block, changed: gr.Textbox, predicted: Predicted, results: Results) -> DesignPanel:
    """Lay the panel out where this is called, and connect it.

    Args:
        name: What its ids begin with.
        current: Stands for the prediction on the page.
        changed: A component that changes with every prediction.
        predicted: Finds the study.
        results: Models and limits.
    """
    panel = _laid_out(name, *predicted.columns)
    _wire(panel, current, changed, predicted, results)
    return panel


def _laid_out(name: str, columns: str, column: str) -> DesignPanel:
    with gr.Accordion("How many people to ask", open=False, elem_id=name, elem_classes="more design") as whole:
        with gr.Row(elem_classes="pair"):
            effect = gr.Dropdown([], label="Effect", elem_id=f"{name}-effect", min_width=160)
            tests = [(words, key) for key, words in TESTS.items()]
            test = gr.Radio(tests, value="wmw", label="Test", elem_id=f"{name}-test")
        with gr.Row(elem_classes="pair"):
            people = gr.Slider(2, 2000, 200, step=1, label="People asked in each arm", elem_id=f"{name}-people")
            ratio = gr.Slider(0.25, 4, 1, step=0.25, label="Times as many in the control", elem_id=f"{name}-ratio")
        with gr.Row(elem_classes="pair"):
            alpha = gr.Slider(0, 0.2, 0.05, step=0.005, label="Alpha, two-sided", elem_id=f"{name}-alpha")
            power = gr.Slider(0.5, 0.99, 0.8, step=0.01, label="Wanted power", elem_id=f"{name}-power")
        notice = gr.HTML(elem_id=f"{name}-notice", js_on_load=None)
        says = gr.HTML(elem_id=f"{name}-says", js_on_load=None)
        picture = gr.Plot(show_label=False, container=False, elem_id=f"{name}-picture", elem_classes="figure")
        table = gr.HTML(elem_id=f"{name}-table", js_on_load=None)
        with gr.Accordion("Add a few human answers", open=False, elem_classes="more", elem_id=f"{name}-pilot"):
            pilot = gr.Textbox(
                label=f"Answers: a row a person, with the columns condition and {columns}",
                placeholder=f"condition,{column}\nPlain menu,4\nClimate label,6",
                lines=5, max_lines=12, max_length=LARGEST_PILOT, elem_id=f"{name}-answers",
            )  # fmt: skip
            upload = gr.HTML(
                "<p class='files'><button type='button'>Read a CSV file</button>"
                "<input type='file' accept='.csv,.tsv,.txt' hidden aria-label='A CSV file of answers'></p>"
                "<p class='quiet'>Read in your browser. Other columns are not used, and nothing is kept.</p>",
                js_on_load=READ_FILE, elem_id=f"{name}-upload", elem_classes="keep",
            )  # fmt: skip
            pilot_says = gr.HTML(elem_id=f"{name}-pilot-says", js_on_load=None)
            pilot_picture = gr.Plot(
                show_label=False, container=False, elem_id=f"{name}-pilot-picture", elem_classes="figure", visible=False
            )
        files = gr.HTML(elem_id=f"{name}-files", js_on_load="yourStudy.keep(element, trigger)")
        saved = gr.Textbox("", visible="hidden", elem_id=f"{name}-saved", label="Advice file")
        again = gr.Button("Advise again", visible="hidden", elem_id=f"{name}-again")
    parts = (effect, test, people, alpha, power, ratio, notice, says, picture, table, pilot, upload, pilot_says)
    return DesignPanel(name, gr.State(False), whole, *parts, pilot_picture, files, saved, again)


def _wire(panel: DesignPanel, current: Block, changed: gr.Textbox, predicted: Predicted, results: Results) -> None:
    def advised(request: gr.Request, now: Any, chosen: tuple[Any, ...]) -> tuple[Advice, Learnt | None, str]:
        """Advice, what a pilot taught, and what is wrong with the pilot."""
        visitor = visitor_of(request)
        results.limits.take(visitor, MIN_COST)
        return work(predicted.study(visitor, now), chosen)

    def draw(request: gr.Request, opened: bool, now: Any, effect: int | None, *chosen: Any) -> Updates:
        if not opened or not now:
            return {panel.notice: gr.skip()}
        try:
            advice, learnt, wrong = advised(request, now, chosen)
        except SocratesError as error:
            return {panel.notice: notice_html(f"{error}.".replace("..", "."))}
        return _drawn(panel, advice, learnt, wrong, effect)

    def unfold(request: gr.Request, now: Any, effect: int | None, *chosen: Any) -> Updates:
        return {panel.open: True, **draw(request, True, now, effect, *chosen)}

    def read(event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        if not isinstance(sent.get("text"), str) or len(sent["text"]) > LARGEST_PILOT:
            return {panel.notice: notice_html("This file is too large for the page: use socrates design --pilot.")}
        return {panel.pilot: sent["text"], panel.notice: ""}

    def save_file(request: gr.Request, event: gr.EventData, now: Any, *chosen: Any) -> str:
        kind = event._data.get("file") if isinstance(event._data, dict) else None
        visitor = visitor_of(request)
        advice, learnt, _ = advised(request, now, chosen)
        return advice_file(results, visitor, advice, learnt, str(kind))

    asked = [current, *panel.chosen]
    panel.whole.expand(unfold, asked, panel.drawn, **QUICK)
    panel.whole.collapse(lambda: False, None, panel.open, **QUICK)
    changes = [component.change for component in panel.chosen if isinstance(component, gr.Slider)]
    changes += [panel.effect.input, panel.test.input, panel.pilot.change, panel.again.click]
    gr.on(changes, draw, [panel.open, *asked], panel.drawn, **LATEST)
    changed.change(None, None, None, js=IF_OPEN.replace("NAME", panel.name))
    panel.upload.upload(read, None, [panel.pilot, panel.notice], **QUICK)
    panel.files.download(save_file, [current, *panel.chosen[1:]], panel.saved, **QUICK)
    panel.saved.change(None, panel.saved, None, js="(file) => yourStudy.save(file)")


def work(study: PredictedStudy, chosen: tuple[Any, ...]) -> tuple[Advice, Learnt | None, str]:
    """Advice, what a pilot taught, and what is wrong with the pilot.

    Raises:
        SocratesError: If a number is out of range, or the study has no effect.
    """
    test, people, alpha, power, ratio, pilot = chosen
    if any(one is None for one in (people, alpha, power, ratio)):
        raise SocratesError("Choose people, alpha, power and ratio: one is empty or out of its range")
    plan = Plan(test, float(alpha), float(power), int(people), float(ratio))
    advice = advise(study, plan, most=MOST_EFFECTS)
    if not str(pilot or "").strip():
        return advice, None, ""
    try:
        return advice, learn(study, answers_of_text(str(pilot), study, PASTED)), ""
    except SocratesError as error:
        return advice, None, f"{error}.".replace("..", ".")


def _drawn(panel: DesignPanel, advice: Advice, learnt: Learnt | None, wrong: str, effect: int | None) -> Updates:
    place = effect if isinstance(effect, int) and 0 <= effect < len(advice.effects) else 0
    names = [(of.contrast.name, number) for number, of in enumerate(advice.effects)]
    none = notice_html("The study has no effect to detect: it needs a second condition on an ordered scale.", False)
    shown = None if learnt is None else [one for one in learnt.quantities if one.what == "effect"]
    shown = list(learnt.quantities) if learnt is not None and not shown else shown
    return {
        panel.effect: gr.update(choices=names, value=place if names else None),
        panel.notice: "",
        panel.says: advice_html(advice, place) if names else none,
        panel.picture: _plot(power_figure(advice.effects[place], advice.plan) if names else None),
        panel.table: all_html(advice),
        panel.pilot_says: notice_html(wrong) if learnt is None else pilot_html(learnt),
        panel.pilot_picture: _plot(pilot_figure(shown) if shown else None),
        panel.files: files_html(),
    }


def advice_file(results: Results, visitor: Visitor, advice: Advice, learnt: Learnt | None, kind: str) -> str:
    """A file of the advice, as the page saves it.

    Raises:
        SocratesError: If there is no such file, or the visitor has exceeded the rate limit.
    """
    writers = {
        "csv": lambda: design_csv(advice),
        "html": lambda: design_html(advice, learnt),
        "json": lambda: design_json(advice, learnt),
    }
    if kind not in writers:
        raise SocratesError(f"There is no download {kind!r}")
    results.limits.take(visitor, DOWNLOAD_COST)
    return file_json(f"{advice.study.title} design", kind, writers[kind]())


def _plot(figure: go.Figure | None) -> Any:
    return gr.update(value=None if figure is None else styled(figure), visible=figure is not None)
