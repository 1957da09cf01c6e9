"""Attacks on a running app, over the wire. Each must fail, and the app must stand afterwards."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.servers.app_server import ROOT, AppServer, app_server
from tests.servers.reverse_proxy import ReverseProxy

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


def test_what_has_a_hash_in_its_name_is_kept_by_browsers_and_nothing_else_is(app: AppServer) -> None:
    script = re.search(r"/assets/index-[\w-]{8}\.js", app.ask("GET", "/").text)
    assert script
    assert "immutable" in app.ask("GET", script[0]).headers["cache-control"]
    for path in ("/", "/config", "/theme.css", script[0].replace("index", "indeX")):
        assert "immutable" not in app.ask("GET", path).headers.get("cache-control", "")


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


def test_a_web_socket_which_knows_no_same_origin_rule_is_never_opened(app: AppServer) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
               "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    for path in ("/", "/gradio_api/queue/join", "/gradio_api/stream/x"):
        assert app.ask("GET", path, {**upgrade, **EVIL}).status >= 400
    assert "Traceback" not in app.log()


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
    needed = next(len(one["inputs"]) for one in app.config["dependencies"] if one["id"] == queued)
    body = json.dumps({"data": [None] * needed, "fn_index": queued, "session_hash": "x"}).encode()
    answer = app.ask("POST", "/gradio_api/run/predict", {"content-type": "application/json"}, body)
    assert answer.status == 404
    assert "join the queue" in answer.text


# -- handlers called by hand


BROKEN = r"Traceback|File \\?\"|site-packages|socrates_core[./]|TheTokenOf"
TAG = "<img src=x onerror=alert(1)>"
WRONG: list[Any] = [
    None, {"a": [1]}, {"__type__": "update"}, {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, [], [[1]],
    -1, 1e308, True, "\ud800", "\0", "9" * 5000, "../../x", TAG,
]  # fmt: skip


def test_no_handler_shows_a_visitor_where_it_broke_or_fills_the_log(app: AppServer) -> None:
    handlers = [one for one in app.config["dependencies"] if one["backend_fn"]]
    for place, one in enumerate(handlers):
        for number, wrong in enumerate(WRONG):
            owner = bool((place + number) % 2)  # each handler and each value meets both
            asker, session = (app.owner, "owner") if owner else ({}, "stranger")
            answer = app.call(one["id"], [wrong] * len(one["inputs"]), asker, session)
            assert not re.search(r"Traceback|File \\?\"|site-packages|socrates_core[./]|TheTokenOf", answer.text), one
    assert app.ask("GET", "/").status == 200
    assert "TheTokenOf" not in app.log()
    assert "Traceback" not in app.log()


CALL = {"data": [], "fn_index": 1, "session_hash": "x"}
NO_CALLS = [
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 90_000,
    b'{"data": ' + b"[" * 500 + b"]" * 500 + b"}",
    b'{"data": [1e999], "fn_index": 1, "session_hash": "x"}',
    b'{"data": [NaN], "fn_index": 1, "session_hash": "x"}',
    b'{"data": [' + b"9" * 5000 + b'], "fn_index": 1}',
    *(
        json.dumps({**CALL, **change}).encode()
        for change in (
            {"fn_index": 99_999},
            {"fn_index": -1},
            {"fn_index": 10**30},
            {"fn_index": None},
            {"fn_index": "1"},
            {"fn_index": True},
            {"fn_index": 1.5},
            {"data": {}},
            {"data": None},
            {"data": ["one value too few"]},
            {"data": ["\ud800"] * 4},
            {"session_hash": "\ud800"},
            {"session_hash": ["x"]},
            {"session_hash": "../../x"},
            {"session_hash": "x" * 90_000},
        )
    ),
]


@pytest.mark.parametrize("path", ["queue/join", "run/predict", "run/nothing", "call/nothing", "cancel", "reset"])
def test_what_is_no_call_is_refused_in_a_sentence_without_a_traceback_in_the_log(app: AppServer, path: str) -> None:
    for body in NO_CALLS:
        answer = app.ask("POST", f"/gradio_api/{path}", {"content-type": "application/json"}, body)
        assert answer.status in ((200, 422) if path in ("cancel", "reset") else (422,)), body[:80]
        assert "socrates_core" not in answer.text
    assert "Traceback" not in app.log()


# -- who is the owner


@pytest.fixture(scope="module")
def fetch(app: AppServer) -> int:
    """The handler that fetches adapters, which is the owner's."""
    return int(app.handler("fetch-go", "click")["id"])


def test_the_token_of_the_start_makes_an_owner_and_is_then_out_of_the_address(app: AppServer, fetch: int) -> None:
    opened = app.ask("GET", f"/?cell=1&token={app.token}")
    assert (opened.status, opened.headers["location"]) == (303, "./?cell=1")
    cookie = opened.headers["set-cookie"]
    assert cookie.startswith(f"socrates-owner-{app.port}={app.token}; ")
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    assert opened.headers["cache-control"] == "no-store"
    assert "is not a valid repository name" in app.call(fetch, ["a/b/c", None], app.owner).text
    bearer = {"authorization": f"Bearer {app.token}"}  # for programs
    assert "is not a valid repository name" in app.call(fetch, ["a/b/c", None], bearer).text
    assert app.log().count(app.token) == 1  # the line of the start, and nowhere else


@pytest.mark.parametrize("given", ["", "x", "a" * 43, "é", "%00", "a" * 5000])
def test_another_token_is_refused_and_makes_nobody_the_owner(app: AppServer, fetch: int, given: str) -> None:
    asked = app.ask("GET", f"/?token={quote(given)}")
    assert asked.status == 403
    assert "set-cookie" not in asked.headers
    assert app.token not in asked.text
    for asker in ({"cookie": f"socrates-owner-{app.port}={quote(given)}"}, {"authorization": f"Bearer {quote(given)}"}):
        assert "Only the owner of this app may fetch adapters" in app.call(fetch, ["a/b/c", None], asker).text


@pytest.mark.parametrize(
    "adds",
    [
        {},
        {"X-Real-IP": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1;host=localhost;proto=http"},
        {"Via": "1.1 somewhere"},
        {"CF-Connecting-IP": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https"},
        {"True-Client-IP": "::1", "X-Client-IP": "127.0.0.1"},
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_on_this_machine_makes_its_visitors_owners(app: AppServer, adds: dict[str, str], host: str) -> None:
    with ReverseProxy(app.port, adds) as proxy:
        through = replace(app, port=int(proxy.url.rsplit(":", 1)[1]), token="")
        for element, data, said in (
            ("fetch-go", ["ada/adapter", None], "may fetch adapters"),
            ("push-preview", [None, "ada/adapter", "other", True], "may push adapters"),
            ("adapter-yes", [None], "may delete"),
            ("run-start", ["uniform", "", "bundled", "test", 2, 42, False], "may start evaluations"),
        ):
            asked = through.call(through.handler(element, "click")["id"], data, {"host": f"{host}:{proxy.url[-5:]}"})
            assert said in asked.text, (element, asked.text)
        assert "Only the owner" in through.ask("GET", "/run/any/report.html").text


def test_behind_a_proxy_the_owner_is_who_has_the_token(app: AppServer) -> None:
    with ReverseProxy(app.port, {"Via": "1.1 somewhere"}) as proxy:
        through = replace(app, port=int(proxy.url.rsplit(":", 1)[1]))
        fetch = through.handler("fetch-go", "click")["id"]
        assert "is not a valid repository name" in through.call(fetch, ["a/b/c", None], app.owner).text


# -- host and origin

FORGED = {"host": "evil.example", "origin": "http://evil.example", "sec-fetch-site": "same-origin"}
"""What a page sends whose name was made to lead to this machine (DNS rebinding)."""
ROUTES = [
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/call/any"),
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/mcp/"),
    ("GET", "/gradio_api/queue/data?session_hash=x"),
    ("GET", "/result/json?cell=1"),
    ("GET", "/run/any/report.html"),
    ("GET", "/config"),
    ("GET", "/"),
    ("POST", "/login"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_page_that_leads_here_by_another_name_reaches_nothing(app: AppServer, method: str, path: str) -> None:
    body = json.dumps(CALL).encode() if method == "POST" else None
    kind = {"content-type": "application/json", **app.owner}  # even with the owner's cookie
    for headers in (FORGED, {"host": "evil.example"}, {"host": f"evil.example:{app.port}"}, {"host": "localhost.evil"}):
        asked = app.ask(method, path, {**kind, **headers}, body)
        assert asked.status == 403
        assert "does not answer to the host name" in asked.text
    # a proxy may have replaced the name by the app's own: then the origin still tells it
    replaced = {**FORGED, "host": f"127.0.0.1:{app.port}"}
    if path != "/gradio_api/upload" and "mcp" not in path:
        asked = app.ask(method, path, {**kind, **replaced}, body)
        assert (asked.status, "other sites are refused" in asked.text) == (403, True)


def test_names_that_the_operator_allows_are_answered_and_their_pages_act() -> None:
    allowed = ("--model", "uniform", "--allowed-host", "socrates.example.org")
    with app_server(*allowed, environ={"SOCRATES_ALLOWED_HOSTS": "Other.example:8080"}) as app:
        for host in (
            "socrates.example.org",
            "SOCRATES.example.org:8443",
            "other.example:8080",
            "[::1]",
            "10.0.0.7:7860",
        ):
            assert app.ask("GET", "/config", {"host": host}).status == 200, host
        assert app.ask("GET", "/config", {"host": "other.example"}).status == 403
        kind = {"content-type": "application/json"}
        page = {"origin": "https://socrates.example.org", "sec-fetch-site": "same-origin"}
        assert app.ask("POST", "/gradio_api/queue/join", {**kind, **page}, b"{}").status == 422  # let in; it is no call
        other = {"origin": "https://socrates.example.org:9999"}  # another service of that host
        assert app.ask("POST", "/gradio_api/queue/join", {**kind, **other}, b"{}").status == 403


@pytest.mark.parametrize("name", ["https://a.example", "a b", "*", "a.example/x", "a.example:port", "é"])
def test_an_allowed_host_that_is_no_name_stops_the_start(name: str) -> None:
    misspelt = app_server("--model", "uniform", "--allowed-host", name)
    with pytest.raises(AssertionError, match="expected a name such as"), misspelt:
        pass


# -- names


@pytest.mark.parametrize(
    "name",
    ["../../etc", "http://169.254.169.254/x", "a/b/c", "ada/..", "ada/x@../../main", "ada/x@" + "v" * 300, "", "\n"],
)
def test_a_name_that_is_none_is_not_asked_for_anywhere(app: AppServer, name: str) -> None:
    answer = app.call(app.handler("fetch-go", "click")["id"], [name, None], app.owner)
    assert re.search("is not a valid repository name|is not a valid revision", answer.text)
