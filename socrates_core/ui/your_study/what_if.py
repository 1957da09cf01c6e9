"""Compare: a prediction is kept as A, the visitor changes anything and runs again, and B stands beside it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.what_if.picture import MOST_PANELS, settings_figure, settings_means_figure
from socrates_core.simulation.what_if.comparison import OutcomeComparison, WhatIf
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import QUICK, Updates, kept, report_progress
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.your_study.side_by_side import against_baselines, baseline_models, beside, download, whole
from socrates_core.ui.your_study.what_if_view import comparison_html, files_html, kept_html, shares_html, verdict_html
from socrates_core.ui.your_study.work import Prediction

TRIO, PAIR = "Base, adapter, uniform", "Model and uniform"
"""What the button compares, with and without an adapter."""


@dataclass(frozen=True, eq=False)
class WhatIfPanel:
    """The components."""

    first: gr.State
    """The `Prediction` that is kept as A; None while nothing is compared."""
    found: gr.State
    """The `WhatIf` on the page."""
    tools: gr.Row
    compare: gr.Button
    baselines: gr.Button
    stop: gr.Button
    says: gr.HTML
    body: gr.Column
    verdict: gr.HTML
    picture: gr.Plot
    table: gr.HTML
    means: gr.Plot
    shares: gr.HTML
    files: gr.HTML

    @property
    def drawn(self) -> list[Block]:
        """Everything that shows one outcome of a comparison."""
        return [self.body, self.verdict, self.picture, self.table, self.means, self.shares, self.files]

    @property
    def all(self) -> list[Block]:
        """Everything that a handler changes."""
        return [self.first, self.found, self.tools, self.baselines, self.stop, self.says, *self.drawn]


def what_if_panel() -> WhatIfPanel:
    """Lay it out, hidden until there is a prediction."""
    with gr.Row(elem_classes="tools", visible=False) as tools:
        compare = gr.Button("Compare with…", size="sm", elem_id="what-if-compare", min_width=60)
        baselines = gr.Button(TRIO, size="sm", elem_id="what-if-baselines", min_width=60)
        stop = gr.Button("Stop comparing", size="sm", elem_id="what-if-stop", min_width=60, visible=False)
    says = gr.HTML(elem_id="what-if-says", js_on_load=None)
    with gr.Column(visible=False, elem_id="what-if") as body:
        verdict = gr.HTML(elem_id="what-if-verdict", js_on_load=None)
        picture = gr.Plot(show_label=False, container=False, elem_id="what-if-picture", elem_classes="figure")
        table = gr.HTML(elem_id="what-if-table", js_on_load=None)
        means = gr.Plot(show_label=False, container=False, elem_id="what-if-means", elem_classes="figure")
        shares = gr.HTML(elem_id="what-if-shares", js_on_load=None)
        files = gr.HTML(elem_id="what-if-files", js_on_load="yourStudy.keep(element, trigger)")
    return WhatIfPanel(
        kept(None),
        kept(None),
        tools,
        compare,
        baselines,
        stop,
        says,
        body,
        verdict,
        picture,
        table,
        means,
        shares,
        files,
    )


# -- listeners ---------------------------------------------------------------------------------------------------


def wire_what_if(
    panel: WhatIfPanel, made: gr.State, which: gr.Dropdown, saved: gr.Textbox, ran: Any, results: Results
) -> None:
    """Connect the panel.

    Args:
        panel: Its components.
        made: The latest `Prediction`.
        which: The place of the outcome that is shown.
        saved: Takes a file for the script to save.
        ran: The event of a run; its result is compared if something is kept as A.
        results: Models and limits.
    """

    def after_run(new: Prediction | None, first: Prediction | None, place: int) -> Updates:
        if new is None:
            return {panel.body: gr.skip()}
        tools = {panel.tools: gr.update(visible=True), panel.baselines: _button(results, new)}
        if first is None or first is new:
            return {**tools, **_cleared(panel, first)}
        try:
            return {**tools, **_drawn(panel, beside(first, new), new, place), panel.stop: gr.update(visible=True)}
        except SocratesError as error:
            return {**tools, panel.says: notice_html(f"{error}.")}

    def keep_first(new: Prediction | None) -> Updates:
        if new is None:
            return {panel.says: notice_html("This prediction is no longer in memory. Press Run again.")}
        try:
            return _cleared(panel, whole(new))
        except SocratesError as error:
            return {panel.says: notice_html(f"{error}.")}

    def compare_baselines(
        request: gr.Request,
        new: Prediction | None,
        place: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        if new is None:
            return {panel.says: notice_html("This prediction is no longer in memory. Press Run again.")}
        try:
            found = against_baselines(results, visitor_of(request), new, report_progress(progress))
        except SocratesError as error:
            return {panel.says: notice_html(f"{error}.")}
        return {**_drawn(panel, found, new, place), panel.first: None, panel.stop: gr.update(visible=True)}

    def choose(found: WhatIf | None, new: Prediction | None, place: int) -> Updates:
        if found is None or new is None or place not in range(len(new.found)):
            return {panel.body: gr.skip()}
        return _drawn(panel, found, new, place)

    def save_file(request: gr.Request, found: WhatIf | None, new: Prediction | None, event: gr.EventData) -> str:
        if found is None or new is None:
            raise SocratesError("This comparison is no longer in memory. Press Run again")
        kind = event._data.get("file") if isinstance(event._data, dict) else None
        return download(results, visitor_of(request), found, new.form.title, str(kind))

    show = "() => yourStudy.show('#what-if-verdict')"
    ran.then(after_run, [made, panel.first, which], panel.all, **QUICK).then(None, None, None, js=show)
    panel.compare.click(keep_first, made, panel.all, **QUICK)
    panel.stop.click(lambda: _cleared(panel, None), None, panel.all, **QUICK)
    panel.baselines.click(
        compare_baselines, [made, which], panel.all, show_progress_on=panel.says, api_visibility="private",
        concurrency_limit=4, concurrency_id="simulate",
    ).then(None, None, None, js=show)  # fmt: skip
    which.input(choose, [panel.found, made, which], panel.all, **QUICK)
    panel.files.download(save_file, [panel.found, made], saved, **QUICK)


def _button(results: Results, made: Prediction) -> Any:
    names = baseline_models(results, made.model)
    return gr.update(value=TRIO if "adapter" in names else PAIR, visible=len(names) > 1)


def _cleared(panel: WhatIfPanel, first: Prediction | None) -> Updates:
    """No comparison on the page; what is kept as A, if anything, is said."""
    return {
        panel.first: first,
        panel.found: None,
        panel.says: "" if first is None else kept_html(first.form.title, first.setting),
        panel.stop: gr.update(visible=first is not None),
        panel.body: gr.update(visible=False),
    }


def _drawn(panel: WhatIfPanel, found: WhatIf, made: Prediction, place: int) -> Updates:
    """One outcome of a comparison: the one that is shown of the latest prediction."""
    name = made.found[place if place in range(len(made.found)) else 0].name
    outcome = _named(found, name)
    shown = outcome if outcome is not None and outcome.arms else None
    several = shown is not None and len(shown.arms) <= MOST_PANELS and not shown.arms[0].arms[0].cell.scale.nominal
    return {
        panel.found: found,
        panel.says: "",
        panel.body: gr.update(visible=True),
        panel.verdict: verdict_html(found, outcome, name),
        panel.picture: _plot(settings_figure(shown) if shown is not None else None),
        panel.table: comparison_html(shown) if shown is not None else "",
        panel.means: _plot(settings_means_figure(shown) if shown is not None and several else None),
        panel.shares: shares_html(found, shown) if shown is not None else "",
        panel.files: files_html(),
    }


def _named(found: WhatIf, name: str) -> OutcomeComparison | None:
    """The outcome of this name; where the settings have one outcome each, that one."""
    same = (one for one in found.outcomes if one.name.casefold() == name.casefold())
    only = all(len(setting.found) == 1 for setting in found.settings)
    return next(same, found.outcomes[0] if only and found.outcomes else None)


def _plot(figure: go.Figure | None) -> Any:
    return gr.update(value=None if figure is None else styled(figure), visible=figure is not None)
