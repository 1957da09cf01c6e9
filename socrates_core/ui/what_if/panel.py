"""Compare: a prediction is kept as A, the visitor changes anything and runs again, and B stands beside it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.what_if.files import what_if_csv, what_if_html, what_if_json
from socrates_core.report.what_if.picture import MOST_PANELS, settings_figure, settings_means_figure
from socrates_core.simulation.what_if.comparison import OutcomeComparison, WhatIf
from socrates_core.ui.access.limits import DOWNLOAD_COST
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates, kept, report_progress
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.what_if.view import comparison_html, files_html, shares_html, verdict_html
from socrates_core.ui.your_study.work import file_json

TRIO, PAIR = "Base, adapter, uniform", "Model and uniform"
"""What the button compares, with and without an adapter."""

Report = Callable[[int, int], None]


class Comparing(Protocol):
    """What a tab compares; `current` is what stands for its prediction in the page."""

    def kept(self, current: Any) -> str:
        """What is said of a prediction that is kept as A.

        Raises:
            SocratesError: If it cannot be compared.
        """
        ...

    def beside(self, visitor: Visitor, first: Any, current: Any, progress: Report | None = None) -> WhatIf:
        """A prediction that was kept, and the one after a change.

        Raises:
            SocratesError: If one of them cannot be compared.
        """
        ...

    def against_baselines(self, visitor: Visitor, current: Any, progress: Report | None = None) -> WhatIf:
        """A prediction beside those of its base and of the uniform baseline, for the same people.

        Raises:
            SocratesError: If there is none, or the visitor may not simulate it now.
        """
        ...

    def baselines(self, current: Any) -> list[str]:
        """Names of what it would be compared with, itself among them."""
        ...

    def title(self, current: Any) -> str:
        """The study's title."""
        ...

    def outcome(self, current: Any, place: int) -> str:
        """The name of the outcome at a place."""
        ...

    def link(self, first: Any, current: Any) -> str:
        """A link to A and B, without the question mark; empty if there is none."""
        ...


@dataclass(frozen=True, eq=False)
class WhatIfPanel:
    """The components."""

    name: str
    """What their ids begin with."""
    first: gr.State
    """The prediction that is kept as A; None while nothing is."""
    found: gr.State
    """The `WhatIf` on the page."""
    saved: gr.Textbox
    """Hidden: a file for the script to save."""
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
    def outputs(self) -> list[Block]:
        """Everything that a handler changes."""
        parts = [getattr(self, field.name) for field in fields(self) if field.name not in ("name", "saved", "compare")]
        return [part for part in parts if isinstance(part, Block)]


def what_if_panel(name: str) -> WhatIfPanel:
    """Lay it out, hidden until there is a prediction."""

    def plot(part: str) -> gr.Plot:
        return gr.Plot(show_label=False, container=False, elem_id=f"{name}-{part}", elem_classes="figure")

    def html(part: str, script: str | None = None) -> gr.HTML:
        return gr.HTML(elem_id=f"{name}-{part}", elem_classes="what-if-part", js_on_load=script)

    def button(part: str, text: str, visible: bool = True) -> gr.Button:
        return gr.Button(text, size="sm", elem_id=f"{name}-{part}", min_width=60, visible=visible)

    saved = gr.Textbox("", visible="hidden", elem_id=f"{name}-saved", label="Comparison file")
    with gr.Row(elem_classes="tools", visible=False) as tools:
        compare, baselines = button("compare", "Compare with…"), button("baselines", TRIO)
        stop = button("stop", "Stop comparing", visible=False)
    says = html("says")
    with gr.Column(visible=False, elem_id=name, elem_classes="what-if") as body:
        verdict, picture, table, means, shares = (
            html("verdict"),
            plot("picture"),
            html("table"),
            plot("means"),
            html("shares"),
        )
        files = html("files", "yourStudy.keep(element, trigger)")
    shown = (says, body, verdict, picture, table, means, shares, files)
    return WhatIfPanel(name, kept(None), kept(None), saved, tools, compare, baselines, stop, *shown)


# -- listeners ---------------------------------------------------------------------------------------------------


def wire_what_if(
    panel: WhatIfPanel, current: Block, which: Block, ran: Any, comparing: Comparing, results: Results
) -> None:
    """Connect the panel.

    Args:
        panel: Its components.
        current: Stands for the prediction on the page; empty before there is one.
        which: The place of the outcome that is shown.
        ran: The event of a run; its result is compared if something is kept as A.
        comparing: What is compared.
        results: Models and limits.
    """

    def after_run(request: gr.Request, now: Any, first: Any, found: WhatIf | None, place: int) -> Updates:
        if not now:
            return {panel.body: gr.skip()}
        names = comparing.baselines(now)
        label = gr.update(value=TRIO if "adapter" in names else PAIR, visible=len(names) > 1)
        tools = {panel.tools: gr.update(visible=True), panel.baselines: label}
        if first is None and found is None:  # nothing is compared, and every redrawing ends here
            return tools
        try:
            if first is None or first is now or first == now:
                return {**tools, **_cleared(panel, first, comparing)}
            both = shown(comparing.beside(visitor_of(request), first, now), now, place)
            return {**tools, **both, panel.files: files_html(comparing.link(first, now))}
        except SocratesError as error:
            return {**tools, panel.says: notice_html(f"{error}.")}

    def keep_first(now: Any) -> Updates:
        try:
            return _cleared(panel, _there(now), comparing)
        except SocratesError as error:
            return {panel.says: notice_html(f"{error}.")}

    def compare_baselines(
        request: gr.Request,
        now: Any,
        place: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        try:
            found = comparing.against_baselines(visitor_of(request), _there(now), report_progress(progress))
            return {**shown(found, now, place), panel.first: None}
        except SocratesError as error:
            return {panel.says: notice_html(f"{error}.")}

    def shown(found: WhatIf, now: Any, place: int) -> Updates:
        return {**_drawn(panel, found, comparing.outcome(now, place)), panel.stop: gr.update(visible=True)}

    def choose(found: WhatIf | None, now: Any, place: int) -> Updates:
        return {panel.body: gr.skip()} if found is None or not now else shown(found, now, place)

    def save_file(request: gr.Request, found: WhatIf | None, now: Any, event: gr.EventData) -> str:
        if found is None:
            raise SocratesError("This comparison is no longer in memory. Press Run again")
        kind = event._data.get("file") if isinstance(event._data, dict) else None
        return download(results, visitor_of(request), found, comparing.title(_there(now)), str(kind))

    show = f"() => yourStudy.show('#{panel.name}-verdict')"
    slow = {"show_progress_on": panel.says, "api_visibility": "private", "concurrency_limit": 4,
            "concurrency_id": "compare"}  # fmt: skip
    ran.then(after_run, [current, panel.first, panel.found, which], panel.outputs, **slow).then(
        None, None, None, js=show
    )
    panel.compare.click(keep_first, current, panel.outputs, **QUICK)
    panel.stop.click(lambda: _cleared(panel, None, comparing), None, panel.outputs, **QUICK)
    panel.baselines.click(compare_baselines, [current, which], panel.outputs, **slow).then(None, None, None, js=show)
    if isinstance(which, gr.Dropdown):
        which.input(choose, [panel.found, current, which], panel.outputs, **LATEST)
    panel.files.download(save_file, [panel.found, current], panel.saved, **QUICK)
    panel.saved.change(None, panel.saved, None, js="(file) => yourStudy.save(file)")


def download(results: Results, visitor: Visitor, found: WhatIf, title: str, kind: str) -> str:
    """A file of a comparison, as the page saves it.

    Raises:
        SocratesError: If there is no such file, or the visitor has exceeded the rate limit.
    """
    writers: dict[str, Callable[[], str]] = {
        "csv": lambda: what_if_csv(found),
        "html": lambda: what_if_html(title, found),
        "json": lambda: what_if_json(found),
    }
    if kind not in writers:
        raise SocratesError(f"There is no download {kind!r}")
    results.limits.take(visitor, DOWNLOAD_COST)
    return file_json(f"{title} what if", kind, writers[kind]())


def _there(now: Any) -> Any:
    if not now:
        raise SocratesError("This prediction is no longer in memory. Press Run again")
    return now


def _cleared(panel: WhatIfPanel, first: Any, comparing: Comparing) -> Updates:
    """No comparison on the page; what is kept as A, if anything, is said."""
    return {
        panel.first: first,
        panel.found: None,
        panel.says: "" if first is None else comparing.kept(first),
        panel.stop: gr.update(visible=first is not None),
        panel.body: gr.update(visible=False),
    }


def _drawn(panel: WhatIfPanel, found: WhatIf, name: str) -> Updates:
    """The outcome of this name."""
    outcome = _named(found, name)
    shown = outcome if outcome is not None and outcome.arms else None
    several = shown is not None and len(shown.arms) <= MOST_PANELS and not shown.arms[0].arms[0].cell.scale.nominal
    return {
        panel.found: found,
        panel.says: "",
        panel.body: gr.update(visible=True),
        panel.verdict: verdict_html(found, outcome, name),
        panel.picture: _plot(settings_figure(shown) if shown is not None else None),
        panel.table: comparison_html(found, shown) if shown is not None else "",
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
