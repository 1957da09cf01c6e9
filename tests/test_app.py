"""The command line of the app, without a browser."""

import gzip
import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.servers.app_server import app_server
from tests.servers.programs import ROOT, Program, finished, free_port


def app(*arguments: str) -> Program:
    return finished("app.py", *arguments, seconds=120)


def test_help_names_every_option_and_loads_neither_torch_nor_gradio() -> None:
    code = (
        "import atexit, runpy, sys; sys.argv = ['app.py', '--help'];"
        "atexit.register(lambda: print('LOADED', *({'torch', 'gradio'} & set(sys.modules))));"
        "runpy.run_path('app.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for option in (
        "--model",
        "--adapter",
        "--template",
        "--studies",
        "--host",
        "--port",
        "--allowed-host",
        "--no-token",
    ):
        assert option in done.stdout
    assert done.stdout.endswith("LOADED\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--model", "no such model"), "choose uniform, marginal, demo"),
        (("--model", "uniform", "--template", "haiku"), "choose one of shared, socrates, alpaca"),
        (("--model", "uniform", "--adapter", "x/y"), "takes no adapter"),
        (("--model", "uniform", "--studies", "tests"), "not a prepared study folder"),
        (("--model", "uniform", "--studies", "/no/such/folder"), "not a prepared study folder"),
        (("--model", "uniform", "--host", "999.1.1.1"), "cannot listen on port"),
        (("--port", "99999"), "--port"),
    ],
)
def test_what_a_user_can_fix_is_one_message_and_exit_code_2(arguments: tuple[str, ...], expected: str) -> None:
    done = app(*arguments)
    assert done.returncode == 2
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = app("--model", "uniform", "--port", str(port))
    assert done.returncode == 2
    assert f"cannot listen on port {port} of 127.0.0.1: it is in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_start_goes_past_a_proxy_to_reach_itself() -> None:
    with app_server("--model", "uniform", environ={"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "intern"}) as there:
        assert there.ask("GET", "/").status == 200


BUSY = """
import asyncio, pathlib, time
import gradio as gr
from socrates_core.model.loading import load_model
from socrates_core.ui.access.hosts import AllowedHosts
from socrates_core.ui.access.owner_token import NOBODY
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.page import serve
from socrates_core.ui.results import Results

async def hold_up():
    asyncio.get_running_loop().call_later(0, time.sleep, 4)  # nothing is answered meanwhile

with gr.Blocks() as page:
    page.extra_startup_events.append(hold_up)
results = Results(open_catalogue([], ()), load_model("uniform"))
print(serve(page, results, RunBoard(pathlib.Path("RUNS")), (AllowedHosts(), NOBODY), "127.0.0.1", PORT))
"""
"""A page on a machine that is busy for longer than Gradio would wait for it."""


def test_the_page_opens_on_a_machine_that_is_too_busy_to_show_it_at_once(tmp_path: Path) -> None:
    port = free_port()
    code = BUSY.replace("PORT", str(port)).replace("RUNS", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"http://127.0.0.1:{port}/\n", done.stderr


def test_the_page_is_sent_compressed_to_who_can_read_that_and_a_stream_of_events_to_nobody() -> None:
    def asked(path: str, encoding: str, most: int | None = None) -> tuple[str | None, str, bytes]:
        with urlopen(Request(app.address + path, headers={"accept-encoding": encoding}), timeout=120) as answer:
            return answer.headers["content-encoding"], answer.headers.get_content_type(), answer.read(most)

    with app_server("--model", "uniform") as app:
        for path in ("", "config", "gradio_api/info"):
            plain, small = asked(path, "identity"), asked(path, "gzip")
            assert plain[0] is None
            assert small[0] == "gzip"
            assert gzip.decompress(small[2]) == plain[2]
            assert len(small[2]) < len(plain[2]) / 5
        assert asked("theme.css", "br, gzip")[0] == "br"  # as before, by Gradio
        assert asked("gradio_api/queue/data?session_hash=nobody", "gzip", 5) == (None, "text/event-stream", b"data:")


def test_without_a_token_everybody_is_the_owner_and_the_start_says_so() -> None:
    with app_server("--model", "uniform", "--no-token") as free:
        assert free.token == ""
        assert "everyone who reaches it may do everything" in free.log()
        fetch = free.handler("fetch-go", "click")["id"]
        assert "is not a valid repository name" in free.call(fetch, ["a/b/c", None]).text
        evil = {"origin": "https://evil.example"}  # but no page of another site
        assert free.call(fetch, ["a/b/c", None], evil).status == 403


def test_a_damaged_split_beside_the_studies_is_named(tmp_path: Path) -> None:
    from tests.tables import plain

    plain("a", "b").save(tmp_path)
    (tmp_path / "split.json").write_text(json.dumps({"kind": "study"}))
    done = app("--model", "uniform", "--studies", str(tmp_path))
    assert done.returncode == 2
    assert "split.json" in done.stderr
    assert "Traceback" not in done.stderr
