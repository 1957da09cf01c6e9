"""Attacks on a running app, over the wire. Each must fail, and the app must stand afterwards."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.app_server import ROOT, AppServer, app_server

EVIL = {"origin": "https://evil.example"}


@pytest.fixture(scope="module")
def app() -> Iterator[AppServer]:
    with app_server("--model", "uniform", environ={"HF_TOKEN": "hf_TheTokenOfThisMachine00"}) as server:
        yield server


# -- files


FILES = [
    "/etc/passwd",
    "//etc/passwd",
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "app.py",
    f"{ROOT}/app.py",
    f"{ROOT}/assets/studies/split.json",
    "~/.cache/huggingface/token",
    "/proc/self/environ",
]
PAGES = [
    "http://127.0.0.1:1/",
    "https://example.com/",
    "http%3a%2f%2f169.254.169.254%2flatest%2fmeta-data",
]


@pytest.mark.parametrize(
    ("route", "place"),
    [
        *(("/gradio_api/file=", place) for place in FILES + PAGES),
        *(("/gradio_api/proxy=", place) for place in PAGES),
        *((route, FILES[0]) for route in ("/file=", "/gradio_api/file/", "/file/")),
        ("/proxy=", PAGES[0]),
    ],
)
def test_no_route_gives_a_file_or_another_hosts_page(app: AppServer, route: str, place: str) -> None:
    answer = app.ask("GET", route + place)
    assert answer.status in (403, 404)
    assert not re.search(r"root:|def main|HF_TOKEN|\"parts\"|Example Domain", answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/assets/../../../utils.py",
        "/assets/..%2f..%2f..%2futils.py",
        "/svelte/../../../utils.py",
        "/run/../app.py",
        "/run/..%2f..%2fapp.py/report.html",
        "/run/%2e%2e/report.html",
        "/comparison/..%2f..%2f/report.html",
        "/result/..%2f..%2fapp.py",
        "/?deep_link=../../../etc/passwd",
    ],
)
def test_paths_that_climb_give_nothing(app: AppServer, path: str) -> None:
    answer = app.ask("GET", path)
    assert not re.search(r"root:x|def main\(|import annotations", answer.text)


@pytest.mark.parametrize(
    "request_line",
    [
        "POST /gradio_api/upload",
        "POST /upload",
        "GET /gradio_api/upload_progress?upload_id=x",
        "GET /gradio_api/deep_link?session_hash=x",
        "POST /gradio_api/component_server",
        "POST /gradio_api/component_server/",
        "GET /gradio_api/custom_component/1/client/component/index.js",
        "POST /gradio_api/process_recording",
        "POST /gradio_api/vibe-edit",
        "GET /gradio_api/vibe-code",
        "POST /gradio_api/stream/x",
        "GET /gradio_api/stream/a/b/1/playlist.m3u8",
        "GET /gradio_api/dev/reload",
        "GET /gradio_api/runs",
        "GET /gradio_api/token",
        "GET /gradio_api/openapi.json",
        "GET /monitoring",
        "GET /monitoring/summary",
    ],
)
def test_routes_that_the_page_does_not_need_are_closed(app: AppServer, request_line: str) -> None:
    method, path = request_line.split(" ")
    body = b"x" * 100 if method == "POST" else None
    assert app.ask(method, path, {"content-type": "application/octet-stream"}, body).status == 403


# -- other people's pages


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/gradio_api/queue/join", EVIL, 403),
        ("POST", "/gradio_api/run/predict", EVIL, 403),
        ("POST", "/gradio_api/cancel", EVIL, 403),
        ("POST", "/gradio_api/queue/join", {"origin": "null"}, 403),
        ("POST", "/gradio_api/queue/join", {"origin": "http://127.0.0.1:1"}, 403),
        ("POST", "/login", {**EVIL, "content-type": "application/x-www-form-urlencoded"}, 403),
        ("GET", "/config", EVIL, 403),
        ("GET", "/result/csv?cell=1", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("GET", "/config", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ("POST", "/gradio_api/queue/join", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        # following a link to the app, the app's own page, and programs
        ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", "/config", {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
        ("GET", "/config", {}, 200),
    ],
)
def test_another_sites_page_cannot_act_for_a_visitor(
    app: AppServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert app.ask(method, path, headers, b"{}" if method == "POST" else None).status == status


@pytest.mark.parametrize("path", ["/", "/config", "/nowhere", "/result/csv", "/gradio_api/file=x", "/theme.css"])
def test_every_answer_has_the_headers_that_keep_a_browser_from_mischief(app: AppServer, path: str) -> None:
    headers = app.ask("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "huggingface" not in policy  # that is for Spaces
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


# -- too much


def test_a_large_request_is_refused_before_it_is_read(app: AppServer) -> None:
    kind = {"content-type": "application/json"}
    assert app.ask("POST", "/gradio_api/queue/join", kind, b'{"data": ["' + b"x" * 2_000_000 + b'"]}').status == 413
    said = {**kind, "content-length": "9999999999999999999999"}
    assert app.ask("POST", "/gradio_api/queue/join", said, b"{}").status in (400, 413)
    assert app.ask("POST", "/gradio_api/queue/join", {**kind, "content-length": "-1"}, b"{}").status in (400, 413)
    chunked = {**kind, "transfer-encoding": "chunked"}
    assert app.ask("POST", "/gradio_api/queue/join", chunked, b"2\r\n{}\r\n0\r\n\r\n").status == 411
    packed = {**kind, "content-encoding": "gzip"}  # no bomb either: nothing is unpacked
    assert app.ask("POST", "/gradio_api/queue/join", packed, b"\x1f\x8b\x08\x00").status >= 400


def test_a_handler_that_waits_in_line_cannot_be_called_past_it(app: AppServer) -> None:
    run = app.handler("run", "click")["id"]
    queued = next(one["id"] for one in app.config["dependencies"] if one["queue"] and one["id"] != run)
    body = json.dumps({"data": [], "fn_index": queued, "session_hash": "x"}).encode()
    answer = app.ask("POST", "/gradio_api/run/predict", {"content-type": "application/json"}, body)
    assert answer.status == 404
    assert "join the queue" in answer.text


# -- handlers called by hand


TAG = "<img src=x onerror=alert(1)>"
WRONG: list[Any] = [None, {"a": [1]}, -1, "\ud800", TAG]


def test_no_handler_shows_a_visitor_where_it_broke(app: AppServer) -> None:
    for one in app.config["dependencies"]:
        if not one["backend_fn"]:
            continue
        for wrong in WRONG:
            answer = app.call(one["id"], [wrong] * len(one["inputs"]))
            assert not re.search(r"Traceback|File \\?\"|site-packages|socrates_core[./]|TheTokenOf", answer.text), one
    assert app.ask("GET", "/").status == 200
    assert "TheTokenOf" not in app.log()


FORGED = {"host": "evil.example", "origin": "http://evil.example"}
"""What a page sends whose name was made to lead to this machine (DNS rebinding)."""


@pytest.mark.parametrize(
    ("element", "event", "data", "said"),
    [
        ("fetch-go", "click", ["ada/adapter"], "may fetch adapters"),
        ("push-preview", "click", [None, "ada/adapter", True], "may push adapters"),
        ("push-go", "click", [None, None], "Preview the push first"),
        ("adapter-yes", "click", [None], "may delete"),
    ],
)
def test_a_page_that_leads_here_by_another_name_gets_no_more_than_a_stranger(
    app: AppServer, element: str, event: str, data: list[Any], said: str
) -> None:
    assert re.search(said, app.call(app.handler(element, event)["id"], data, FORGED).text)
    through_proxy = {"x-forwarded-for": "127.0.0.1"}
    assert re.search(said, app.call(app.handler(element, event)["id"], data, through_proxy).text)


@pytest.mark.parametrize(
    "name",
    ["../../etc", "http://169.254.169.254/x", "a/b/c", "ada/..", "ada/x@../../main", "ada/x@" + "v" * 300, "", "\n"],
)
def test_a_name_that_is_none_is_not_asked_for_anywhere(app: AppServer, name: str) -> None:
    answer = app.call(app.handler("fetch-go", "click")["id"], [name])
    assert re.search("is not a valid repository name|is not a valid revision", answer.text)
