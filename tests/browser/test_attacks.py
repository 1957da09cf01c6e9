"""Another site's page, open in the same browser, against an app on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.servers.app_server import AppServer, app_server

PAGE = """<!doctype html><title>evil</title><iframe id='frame' src='{app}'></iframe>
<form id='form' method='post' action='{app}gradio_api/queue/join' enctype='text/plain' target='_blank'>
<input name='{{"data":[],"fn_index":1,"session_hash":"x","a":"' value='"}}'></form>"""

POST = """async (app) => {
  const tries = [
    [app + 'gradio_api/queue/join', {method: 'POST', body: '{}', mode: 'no-cors', credentials: 'include'}],
    [app + 'gradio_api/queue/join', {method: 'POST', body: '{}', headers: {'content-type': 'application/json'}}],
    [app + 'config', {}],
  ];
  const read = [];
  for (const [url, how] of tries) {
    try { read.push(await (await fetch(url, how)).text()) } catch (error) { read.push('refused') }
  }
  return read;
}"""


@pytest.fixture(scope="module")
def app() -> Iterator[AppServer]:
    with app_server("--model", "uniform") as server:
        yield server


@pytest.fixture(scope="module")
def evil(app: AppServer) -> Iterator[str]:
    """The address of a page that means no good, on another port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.format(app=app.address).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_another_sites_page_can_neither_read_nor_act_nor_show_the_app_in_a_frame(
    app: AppServer, evil: str, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    statuses: dict[str, int] = {}
    context.on("response", lambda got: statuses.update({f"{got.request.method} {got.url}": got.status}))
    page.goto(evil)
    # refused by the browser, or with the app's own sentence
    assert {words.split()[-1].strip(".") for words in page.evaluate(POST, app.address)} == {"refused"}
    with context.expect_page() as opened:
        page.evaluate("document.getElementById('form').submit()")
    opened.value.wait_for_load_state()
    assert "other sites are refused" in opened.value.content()
    frame = next(frame for frame in page.frames if frame != page.main_frame)
    assert "Socrates" not in frame.content()
    assert {status for url, status in statuses.items() if "queue/join" in url} == {403}
    context.close()
