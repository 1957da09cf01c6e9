"""Adapters in the page: fetch, use, push, remove; on one's own machine, and signed in on a Space."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from eval.bench.app import BROWSERS, FLAGS
from socrates_core.model.folder import DEMO_BASE
from tests.browser.conftest import PATIENCE, Visit, choose
from tests.demo_adapter import demo_adapter
from tests.servers.app_server import AppServer, app_server
from tests.servers.hub_server import HubServer, Token
from tests.servers.openid_server import OpenIdServer

expect.set_options(timeout=PATIENCE)
Begin = Callable[..., Visit]

ADA, BOB = "hf_AdaAdaAdaAdaAdaAdaAdaAdaAda1", "hf_BobBobBobBobBobBobBobBobBob1"
ATTACK = "<img src=x onerror=window.hit=1>"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@dataclass(frozen=True, eq=False)
class Place:
    """A Hub with adapters, and an app that knows it."""

    hub: HubServer
    app: AppServer


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub with two adapters for the demo model and one for another base."""
    folder = tmp_path_factory.mktemp("adapters")
    with HubServer() as hub:
        hub.tokens |= {ADA: Token("ada", role=None), BOB: Token("bob", role=None)}
        seen = files_of(demo_adapter(folder / "seen", 1, ("society-207",)))
        hub.add("ada/seen", seen)
        hub.add("ada/other", files_of(demo_adapter(folder / "other", 2)))
        other = b': "Qwen/Qwen2.5-14B-Instruct"'
        strange = {name: body.replace(b': "demo"', other) for name, body in seen.items()}
        hub.add("ada/strange", strange)
        hub.add("ada/tiny", files_of(DEMO_BASE))
        yield hub


@pytest.fixture(scope="module")
def own(adapters: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An app on somebody's own machine, logged in as ada, with an empty cache."""
    hub = {"HF_ENDPOINT": adapters.url, "HF_TOKEN": ADA, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    with app_server(environ={**hub, "HF_HOME": str(tmp_path_factory.mktemp("cache"))}) as app:
        yield Place(adapters, app)
        assert ADA not in app.log()


@pytest.fixture(scope="module")
def space(adapters: HubServer) -> Iterator[Place]:
    """A Space of ada's with sign-in; it has a token of its own."""
    with OpenIdServer({"ada": ADA, "bob": BOB}) as provider:
        settings = {"SYSTEM": "spaces", "SPACE_ID": "ada/socrates", "SPACE_AUTHOR_NAME": "ada", "HF_TOKEN": ADA}
        hub = {"HF_ENDPOINT": adapters.url, "HF_HUB_OFFLINE": "0"}
        with app_server(environ={**provider.environ, **settings, **hub}) as app:
            yield Place(adapters, app)
            assert ADA not in app.log()
            assert BOB not in app.log()


def open_adapters(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#histogram .main-svg .bars", timeout=PATIENCE)
    page.get_by_role("tab", name="Adapters").click()


def fetch(page: Page, name: str) -> None:
    page.fill("#fetch-name textarea, #fetch-name input", name)
    page.click("#fetch-go")


def sign_in(page: Page, name: str) -> None:
    """From the tab Adapters, and back to it."""
    page.click("#sign-in")
    page.click(f"button[value='{name}']")
    expect(page.locator("#account")).to_contain_text(f"Signed in as {name}")
    expect(page.locator("#push-who")).to_contain_text(name)


def test_an_adapter_is_fetched_used_and_removed(own: Place, visit: Begin) -> None:
    page = visit().page
    open_adapters(page, own.app.address)
    fetch(page, "ada/seen@main")
    commit = own.hub.repos["ada/seen"].branches["main"][:7]
    expect(page.locator("#fetch-note")).to_contain_text(f"ada/seen@{commit} is installed")
    row = page.locator("#adapters-table tbody tr", has_text="ada/seen")
    expect(row).to_contain_text("0.183")
    expect(row).to_contain_text("1 study")
    expect(row).to_contain_text("Yes")
    page.click("#adapter-use")
    expect(page.locator("#top .banner")).to_contain_text(f"ada/seen@{commit}")
    expect(page.locator("#about .badge-seen")).to_be_visible()  # what it has learned from is marked at once
    page.locator("#confirm").click()
    page.click("#run")
    expect(page.locator("#verdict .request")).to_contain_text("ada/seen")
    expect(page).to_have_url(re.compile(r"model=demo\+ada%2Fseen"))  # the address follows the result
    # gone, and a link to it says so
    address = page.url
    page.get_by_role("tab", name="Adapters").click()
    page.click("#adapter-remove")
    page.click("#adapter-yes")
    expect(page.locator("#adapter-note")).to_contain_text("was removed")
    expect(page.locator("#adapters-table tbody tr", has_text="ada/seen")).to_have_count(0)
    page.goto(address)
    expect(page.locator("#arrival")).to_contain_text("demo with its bundled adapter is used instead")


def test_what_is_pressed_before_a_slow_tab_has_looked_for_adapters_stays(own: Place, visit: Begin) -> None:
    page = visit().page
    open_adapters(page, own.app.address)
    fetch(page, "ada/other")
    expect(page.locator("#fetch-note")).to_contain_text("is installed")
    page.get_by_role("tab", name="Help").click()
    held: list[Route] = []
    page.route("**/gradio_api/run/**", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/gradio_api/run/**"):
        page.get_by_role("tab", name="Adapters").click()
    page.click("#adapter-remove")
    expect(page.locator("#adapter-yes")).to_be_visible()
    with page.expect_response("**/gradio_api/run/**"):
        held[0].continue_()
    page.wait_for_timeout(300)  # until the answer is drawn
    expect(page.locator("#adapter-yes")).to_be_visible()


def test_two_visitors_with_different_adapters_do_not_disturb_each_other(own: Place, visit: Begin) -> None:
    first, second = visit(apart=True).page, visit(apart=True).page
    for page, name in ((first, "ada/seen"), (second, "ada/other")):
        open_adapters(page, own.app.address)
        fetch(page, name)
        expect(page.locator("#fetch-note")).to_contain_text(f"{name}@")
        choose(page, "adapter", name)
        page.click("#adapter-use")
        expect(page.locator("#top .banner")).to_contain_text(name)
    second.click("#run")
    expect(second.locator("#verdict .request")).to_contain_text("ada/other")
    expect(first.locator("#about .badge-seen")).to_be_visible()
    expect(second.locator("#about .badge-unseen")).to_be_visible()
    first.locator("#confirm").click()
    first.click("#run")
    expect(first.locator("#verdict .request")).to_contain_text("ada/seen")
    assert first.locator("#options").inner_text() != second.locator("#options").inner_text()


def test_the_owner_loads_a_model_of_the_hub_and_keeps_it_or_lets_it_go(own: Place, visit: Begin) -> None:
    page, stranger = visit().page, visit(stranger=True).page
    for one in (page, stranger):
        one.goto(own.app.address)
        one.wait_for_selector("#histogram .main-svg .bars", timeout=PATIENCE)
    expect(stranger.locator("#loading")).to_have_count(0)
    page.click("#loading > button")
    name = page.locator("#load-name input")
    name.fill("ada/tiny")
    name.press("Enter")
    page.click("#load-ask")
    expect(page.locator("#load-note .quote")).to_contain_text("5.2 MB; ")  # to download
    page.click("#load-go")
    expect(page.locator("#load-note")).to_contain_text("ada/tiny is ready, for the owner only, and chosen")
    expect(page.locator("#model input")).to_have_value("ada/tiny")
    expect(page.locator("#top .banner")).to_contain_text("ada/tiny")
    # the demo's result is gone from the page, which says what to do
    expect(page.locator("#verdict .request")).to_have_count(0)
    expect(page.get_by_text("Another model is chosen. Press Run to see what it predicts.")).to_be_visible()
    page.click("#run")
    expect(page.locator("#verdict .request")).to_contain_text("model ada/tiny")
    expect(page).to_have_url(re.compile(r"model=ada%2Ftiny"))
    stranger.goto(page.url)
    expect(stranger.locator("#arrival")).to_contain_text("is not available here")
    page.click("#load-unload")
    expect(page.locator("#load-note")).to_contain_text("ada/tiny is unloaded")
    expect(page.locator("#model input")).to_have_value("demo with its bundled adapter")


def test_what_cannot_be_fetched_is_a_message(own: Place, visit: Begin) -> None:
    page = visit().page
    open_adapters(page, own.app.address)
    for name, said in (
        ("ada/nothing", "ada/nothing"),
        ("not a name", "'not a name' is not a valid repository name"),
        ("ada/seen@v9", "v9"),
        (ATTACK, "hit=1>' is not a valid repository name"),
    ):
        fetch(page, name)
        expect(page.locator("#fetch-note .notice")).to_contain_text(said)
        assert page.evaluate("window.hit") is None


def test_an_adapter_for_another_base_is_shown_with_the_reason_and_cannot_be_used(own: Place, visit: Begin) -> None:
    page = visit().page
    open_adapters(page, own.app.address)
    fetch(page, "ada/strange")
    row = page.locator("#adapters-table tbody tr", has_text="ada/strange")
    expect(row).to_contain_text("No:")
    expect(row).to_contain_text("Qwen/Qwen2.5-14B-Instruct")
    expect(page.locator("#adapter-use")).to_be_disabled()


def test_a_push_is_shown_first_and_then_leads_to_its_commit(own: Place, visit: Begin) -> None:
    page = visit().page
    open_adapters(page, own.app.address)
    fetch(page, "ada/other")
    expect(page.locator("#fetch-note")).to_contain_text("is installed")
    page.fill("#push-to textarea, #push-to input", "ada/mine")
    page.click("#push-preview")
    expect(page.locator("#push-plan")).to_contain_text("will be created. It will be private.")
    expect(page.locator("#push-plan .files")).to_contain_text("adapter_model.safetensors")
    page.locator("#push-plan summary").click()
    expect(page.locator("#push-plan pre")).to_contain_text("library_name: peft")
    assert "ada/mine" not in own.hub.repos
    page.click("#push-go")
    link = page.locator("#push-note a")
    expect(link).to_be_visible()
    head = own.hub.head("ada/mine")
    assert str(link.get_attribute("href")).endswith(f"/ada/mine/commit/{head.oid}")
    assert own.hub.repos["ada/mine"].private
    assert head.files["adapter_model.safetensors"] == own.hub.head("ada/other").files["adapter_model.safetensors"]


def test_on_a_space_somebody_signs_in_pushes_signs_out_and_the_owner_fetches_it(space: Place, visit: Begin) -> None:
    page = visit(apart=True).page
    open_adapters(page, space.app.address)
    expect(page.locator("#push-note")).to_contain_text("Sign in with Hugging Face to push adapters.")
    expect(page.locator("#fetch-note")).to_contain_text("Only the owner of this Space may fetch adapters")
    expect(page.locator("#fetch-go")).to_be_disabled()
    # who changes his mind comes back
    page.click("#sign-in")
    page.click("button[value='']")
    expect(page.locator("#sign-in")).to_be_visible()
    # the owner fetches
    owner = visit(apart=True).page
    open_adapters(owner, space.app.address)
    sign_in(owner, "ada")
    fetch(owner, "ada/other")
    expect(owner.locator("#fetch-note")).to_contain_text("is installed")
    # bob pushes a copy to his own namespace, with his own token, and nowhere else
    open_adapters(page, space.app.address)
    sign_in(page, "bob")
    page.fill("#push-to textarea, #push-to input", "ada/stolen")
    page.click("#push-preview")
    expect(page.locator("#push-note .notice")).to_contain_text("your own namespace: bob/stolen")
    page.fill("#push-to textarea, #push-to input", "bob/copy")
    page.click("#push-preview")
    expect(page.locator("#push-plan")).to_contain_text("Account: bob")
    before = len(space.hub.requests)
    page.click("#push-go")
    expect(page.locator("#push-note a")).to_be_visible()
    assert {token for _, path, token in space.hub.requests[before:] if "commit" in path} == {BOB}
    # signed out, nobody pushes
    page.click("#sign-out")
    expect(page.locator("#push-note")).to_contain_text("Sign in with Hugging Face")
    expect(page.locator("#push-preview")).to_be_disabled()


EMBEDDING = "https://huggingface.co/spaces/ada/socrates"
PROBE = "() => { document.cookie = 'probe=1; SameSite=None; Secure'; return document.cookie }"


def test_in_another_sites_frame_without_its_cookies_signing_in_opens_a_tab_and_comes_back(
    space: Place, browser: Browser
) -> None:
    # the default of many browsers: a frame of another site gets no cookies
    strict = browser.browser_type.launch(
        executable_path=next(filter(None, map(shutil.which, BROWSERS))),
        args=[*FLAGS, "--test-third-party-cookie-phaseout", "--disable-features=LocalNetworkAccessChecks"],
    )
    try:
        context = strict.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        framing = f"<!doctype html><title>Hub</title><iframe src='{space.app.address}' width=1200 height=800></iframe>"
        context.route(EMBEDDING, lambda route: route.fulfill(body=framing, content_type="text/html"))
        outer = context.new_page()
        outer.goto(EMBEDDING)
        frame = outer.frame_locator("iframe")
        frame.get_by_role("tab", name="Adapters").click()
        assert outer.frames[1].evaluate(PROBE) == ""
        with context.expect_page() as opening:
            frame.locator("#sign-in").click()
        tab = opening.value
        tab.click("button[value='bob']")
        expect(tab.locator("#account")).to_contain_text("Signed in as bob")
        expect(tab.locator("#push-who")).to_contain_text("bob")  # in the tab that bob came from
        expect(tab.locator("#push-preview")).to_be_enabled()
        assert "probe" in tab.evaluate(PROBE)
        expect(frame.locator(".sign-in-opened")).to_be_visible()
        # whatever leads the frame itself there, it shows a way out and no circle
        outer.frames[1].evaluate("() => { location.href = '/login/huggingface?_target_url=/' }")
        expect(frame.get_by_text("Sign in in a tab of its own")).to_be_visible()
    finally:
        strict.close()
