"""The tab Adapters: list adapters, use one in Simulate, fetch from the Hub, push to it, remove."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.hub.push.plan import PushPlan
from socrates_core.ui.access.visitors import token_of, visitor_of
from socrates_core.ui.adapters.choices import Adapter, adapters_here
from socrates_core.ui.adapters.transfer_policy import Caller, discard, fetch, plan, send
from socrates_core.ui.adapters.view import (
    adapter_card,
    adapters_table,
    done_note,
    installed_words,
    push_preview,
    pushed_note,
    visitor_note,
)
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import EVERYBODY, LATEST, QUICK, Updates, audience_radio, kept
from socrates_core.ui.model_choice import ModelChoice, pick
from socrates_core.ui.results import Results

SLOW: Final[dict[str, Any]] = {"api_visibility": "private", "concurrency_limit": 2, "concurrency_id": "hub"}
"""For listeners that contact the Hub or load an adapter."""

LICENCES: Final = ("apache-2.0", "mit", "cc-by-4.0", "cc-by-nc-4.0", "other")
"""The licences that are offered; any other name that the Hub knows can be entered."""


@dataclass(frozen=True, eq=False)
class HerePanel:
    """The adapters on this machine."""

    table: gr.HTML
    adapter: gr.Dropdown
    """The selected adapter; its value is the title."""
    card: gr.HTML
    use: gr.Button
    remove: gr.Button
    confirm: gr.Group
    """Asks for confirmation before removing."""
    yes: gr.Button
    no: gr.Button
    note: gr.HTML

    @property
    def details(self) -> list[Any]:
        """What depends on the selected adapter."""
        return [self.card, self.use, self.remove, self.confirm, self.note]


@dataclass(frozen=True, eq=False)
class FetchPanel:
    """Fetching from the Hub."""

    name: gr.Textbox
    audience: gr.Radio
    """For whom the owner fetches; others fetch for everybody."""
    go: gr.Button
    note: gr.HTML


@dataclass(frozen=True, eq=False)
class PushPanel:
    """Pushing to the Hub."""

    who: gr.HTML
    destination: gr.Textbox
    licence: gr.Dropdown
    private: gr.Checkbox
    preview: gr.Button
    plan: gr.State
    """The `PushPlan` shown to the visitor; it stays on the server, so that exactly this plan is carried out."""
    planned: gr.HTML
    send: gr.Button
    note: gr.HTML

    @property
    def step(self) -> list[Any]:
        """Plan, its preview, the button that carries it out, and the note."""
        return [self.plan, self.planned, self.send, self.note]


def refresh_adapters(results: Results) -> tuple[Adapter, ...]:
    """Scan for adapters again and update the models."""
    found = adapters_here(results.models.default.description)
    results.models.set_adapters(found)
    return found


def adapters_tab(page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab, results: Results, choice: ModelChoice) -> None:
    """Lay out the tab and connect its listeners."""
    with gr.Column(elem_classes="card", elem_id="adapters-here"):
        here = _here_panel()
    with gr.Row(elem_classes="halves", equal_height=False):
        with gr.Column(elem_classes="card", min_width=300):
            fetching = _fetch_panel()
        with gr.Column(elem_classes="card", min_width=300):
            pushing = _push_panel()
    _wire_here(page, tabs, tab, here, fetching, pushing, results, choice)
    _wire_fetch(here, fetching, results)
    _wire_push(here, pushing, results)


# -- layout ------------------------------------------------------------------------------------------------------


def _here_panel() -> HerePanel:
    gr.HTML("<h2>Adapters</h2>", js_on_load=None)
    table = gr.HTML(elem_id="adapters-table", js_on_load=None)
    adapter = gr.Dropdown(label="Adapter", elem_id="adapter", filterable=False, visible="hidden")
    card = gr.HTML(elem_id="adapter-card", js_on_load=None)
    with gr.Row(elem_classes="presets"):
        use = gr.Button("Use in Simulate", variant="primary", elem_id="adapter-use", min_width=140, visible=False)
        remove = gr.Button("Remove …", elem_id="adapter-remove", min_width=120, visible=False)
    with gr.Group(visible=False, elem_classes="plain", elem_id="adapter-sure") as confirm:
        gr.HTML("<p class='warning'>Its files will be deleted from this server.</p>", js_on_load=None)
        with gr.Row(elem_classes="presets"):
            yes = gr.Button("Remove", variant="stop", elem_id="adapter-yes", min_width=120)
            no = gr.Button("Cancel", elem_id="adapter-no", min_width=120)
    note = gr.HTML(elem_id="adapter-note", js_on_load=None)
    return HerePanel(table, adapter, card, use, remove, confirm, yes, no, note)


def _fetch_panel() -> FetchPanel:
    gr.HTML("<h2>Fetch from the Hub</h2>", js_on_load=None)
    hint = "OWNER/NAME, OWNER/NAME@REVISION (a branch, a tag or a commit), or the address of its page"
    name = gr.Textbox(label="Repository", info=hint, elem_id="fetch-name", max_lines=1, max_length=300)
    audience = audience_radio("fetch-audience")
    go = gr.Button("Fetch", elem_id="fetch-go")
    note = gr.HTML(elem_id="fetch-note", js_on_load=None)
    return FetchPanel(name, audience, go, note)


def _push_panel() -> PushPanel:
    gr.HTML("<h2>Push to the Hub</h2><p class='quiet'>Pushes the adapter selected above.</p>", js_on_load=None)
    who = gr.HTML(elem_id="push-who", js_on_load=None)
    hint = "OWNER/NAME; created if it does not exist"
    destination = gr.Textbox(label="Destination", info=hint, elem_id="push-to", max_lines=1, max_length=200)
    licence = gr.Dropdown(
        [("that of the base model, if the Hub knows it", ""), *((name, name) for name in LICENCES)], value="",
        label="Licence", info="Or enter another short name of the Hub", elem_id="push-licence", allow_custom_value=True,
    )  # fmt: skip
    private = gr.Checkbox(True, label="Private", elem_id="push-private", container=False)
    preview = gr.Button("Preview", elem_id="push-preview")
    planned = gr.HTML(elem_id="push-plan", js_on_load=None)
    go = gr.Button("Push", variant="primary", visible=False, elem_id="push-go")
    note = gr.HTML(elem_id="push-note", js_on_load=None)
    return PushPanel(who, destination, licence, private, preview, kept(None), planned, go, note)


# -- handlers ----------------------------------------------------------------------------------------------------


def _caller(request: gr.Request, results: Results) -> Caller:
    return Caller(visitor_of(request), token_of(request), results.policy)


def _chosen(title: str | None, results: Results) -> Adapter:
    """The adapter with this title.

    Raises:
        SocratesError: If it does not exist, or no longer.
    """
    for adapter in results.models.adapters:
        if adapter.title == title:
            return adapter
    raise SocratesError(f"The adapter {title} no longer exists. Choose another one." if title else "Choose an adapter.")


def _draw_details(here: HerePanel, title: str | None, caller: Caller, results: Results) -> Updates:
    """Show this adapter, with nothing asked and nothing said."""
    adapter = next((one for one in results.models.adapters if one.title == title), None)
    return {
        here.card: "" if adapter is None else adapter_card(adapter, results.models),
        here.use: gr.update(
            visible=adapter is not None, interactive=adapter is not None and results.models.misfit(adapter) is None
        ),
        here.remove: gr.update(visible=adapter is not None and _removable(adapter, caller)),
        here.confirm: gr.update(visible=False),
        here.note: "",
    }


def _removable(adapter: Adapter, caller: Caller) -> bool:
    return adapter.pulled is not None and caller.policy.refusal(caller.visitor, "delete") is None


def _draw_here(here: HerePanel, title: str | None, caller: Caller, results: Results) -> Updates:
    """Scan for adapters, and show them all and this one, or the first where it is gone."""
    titles = [adapter.title for adapter in refresh_adapters(results)]
    chosen = title if title in titles else (titles[0] if titles else None)
    return {
        here.table: adapters_table(results.models.adapters, results.models),
        here.adapter: gr.update(choices=titles, value=chosen, visible=True if titles else "hidden"),
        **_draw_details(here, chosen, caller, results),
    }


def _wire_here(
    page: gr.Blocks,
    tabs: gr.Tabs,
    tab: gr.Tab,
    here: HerePanel,
    fetching: FetchPanel,
    pushing: PushPanel,
    results: Results,
    choice: ModelChoice,
) -> None:
    def look(title: str | None, request: gr.Request) -> Updates:
        caller = _caller(request, results)
        may_fetch, may_push = (results.policy.refusal(caller.visitor, action) for action in ("pull", "push"))
        drawn = {**_draw_here(here, title, caller, results), **_no_plan(pushing, notice_html(may_push or ""))}
        if drawn[here.adapter]["value"] == title:  # what was chosen, pressed or said since the tab was opened stays
            del drawn[here.adapter]["value"]
            stays = [*here.details, *([] if may_push else pushing.step)]
            drawn = {component: update for component, update in drawn.items() if component not in stays}
        return {
            **drawn,
            fetching.audience: gr.update(visible=caller.visitor.role == "owner"),
            fetching.go: gr.update(interactive=may_fetch is None),
            **({} if may_fetch is None else {fetching.note: notice_html(may_fetch)}),
            pushing.who: visitor_note(caller.visitor, results.policy.space),
            pushing.preview: gr.update(interactive=may_push is None),
        }

    def choose(title: str | None, request: gr.Request) -> Updates:
        return {**_draw_details(here, title, _caller(request, results), results), **_no_plan(pushing)}

    def use(title: str | None) -> Updates:
        """Load the adapter now, so that problems show up in this tab."""
        name = next(iter(results.models.names_of(_chosen(title, results))))
        try:
            results.models.get(name)
        except SocratesError as error:
            return {here.note: notice_html(str(error))}
        return {choice.picked: pick(name), tabs: gr.Tabs(selected="simulate"), here.note: ""}

    def drop(title: str | None, request: gr.Request) -> Updates:
        caller = _caller(request, results)
        try:
            caller.check("delete")
            discard(_chosen(title, results))
        except SocratesError as error:
            return {here.confirm: gr.update(visible=False), here.note: notice_html(str(error))}
        return {**_draw_here(here, None, caller, results), here.note: done_note(f"{title} was removed.")}

    listed = [here.table, here.adapter, *here.details]
    looked = [*listed, fetching.audience, fetching.go, fetching.note, pushing.who, pushing.preview, *pushing.step]
    gr.on([page.load, tab.select], look, here.adapter, looked, **QUICK)
    here.adapter.input(choose, here.adapter, [*here.details, *pushing.step], **LATEST)
    here.use.click(use, here.adapter, [choice.picked, tabs, here.note], **SLOW)
    for button, asks in ((here.remove, True), (here.no, False)):
        button.click(lambda asks=asks: gr.update(visible=asks), None, here.confirm, **QUICK)
    here.yes.click(drop, here.adapter, listed, **QUICK)


def _wire_fetch(here: HerePanel, fetching: FetchPanel, results: Results) -> None:
    def go(
        name: str | None,
        audience: str | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        caller = _caller(request, results)
        try:
            got = fetch(name or "", caller, results.limits, progress, owner_only=audience != EVERYBODY)
        except SocratesError as error:
            return {fetching.note: notice_html(str(error))}
        known = f"{got.repo_id}@{got.commit[:7]}"
        return {**_draw_here(here, known, caller, results), fetching.note: done_note(installed_words(got))}

    drawn = [here.table, here.adapter, *here.details, fetching.note]
    settings = {"inputs": [fetching.name, fetching.audience], "outputs": drawn, "show_progress_on": fetching.note}
    gr.on([fetching.go.click, fetching.name.submit], go, **settings, **SLOW)


def _no_plan(pushing: PushPanel, words: str = "") -> Updates:
    """Nothing is left to confirm."""
    return {pushing.plan: None, pushing.planned: "", pushing.send: gr.update(visible=False), pushing.note: words}


def _wire_push(here: HerePanel, pushing: PushPanel, results: Results) -> None:
    def preview(
        title: str | None, destination: str, licence: str | None, private: bool, request: gr.Request
    ) -> Updates:
        caller = _caller(request, results)
        try:
            caller.check("push")
            planned = plan(_chosen(title, results), destination, private, caller, licence)
        except SocratesError as error:
            return _no_plan(pushing, notice_html(str(error)))
        return {
            pushing.plan: planned,
            pushing.planned: push_preview(planned),
            pushing.send: gr.update(visible=True),
            pushing.note: "",
        }

    def go(
        title: str | None,
        planned: PushPlan | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        if planned is None:
            return _no_plan(pushing, notice_html("Preview the push first."))
        try:
            url = send(planned, _chosen(title, results), _caller(request, results), progress)
        except SocratesError as error:
            return _no_plan(pushing, notice_html(str(error)))
        return _no_plan(pushing, pushed_note(url))

    asked = [here.adapter, pushing.destination, pushing.licence, pushing.private]
    pushing.preview.click(preview, asked, pushing.step, show_progress_on=pushing.note, **SLOW)
    pushing.send.click(go, [here.adapter, pushing.plan], pushing.step, show_progress_on=pushing.note, **SLOW)
    changed = [pushing.destination.input, pushing.licence.input, pushing.private.input]
    gr.on(changed, lambda: _no_plan(pushing), None, pushing.step, **QUICK)
