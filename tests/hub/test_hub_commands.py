"""The commands as a user runs them: the unmodified client, over HTTP, in a process of its own where that matters."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import enable_progress_bars, logging  # type: ignore[attr-defined]

from socrates_core import command as entry
from socrates_core.hub.__main__ import app
from tests.hub.adapters import CONFIG, RECORD, WEIGHTS, files, safetensors, shapes, write_adapter
from tests.hub.conftest import ALICE, READER
from tests.servers.hub_server import Fault, HubServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")


def environment(hub: HubServer | None, tmp_path: Path, token: str | None, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SOCRATES_"))}
    told = {"HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "home")}
    return {**kept, **told, **({"HF_TOKEN": token} if token else {}), "PYTHONPATH": str(ROOT), **more}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "socrates_core.hub", *map(str, arguments)]


def run(
    hub: HubServer | None, tmp_path: Path, *arguments: object, token: str | None = ALICE, **more: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments),
        cwd=tmp_path,
        env=environment(hub, tmp_path, token, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    return done


Refused = Callable[..., str]


@pytest.fixture
def refused(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """Runs a command in this process and returns the one line that refuses it."""
    verbosity = logging.get_verbosity()  # type: ignore[no-untyped-call]

    def run_here(url: str, *arguments: object, token: str | None = ALICE) -> str:
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "home" / "token"))
        monkeypatch.setattr(sys, "argv", ["socrates_core.hub", *map(str, arguments)])
        monkeypatch.chdir(tmp_path)
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(SystemExit) as ended:
            entry.run(app)
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        return said

    yield run_here
    # what a command silences in its own process
    logging.set_verbosity(verbosity)  # type: ignore[no-untyped-call]
    enable_progress_bars()


def token_stands(tmp_path: Path) -> list[str]:
    """Files below a folder that hold the token, or the larger part of it."""
    parts = (ALICE.encode(), ALICE[3:].encode())
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    return [str(path) for path in paths if any(part in path.read_bytes() for part in parts)]


def test_an_adapter_goes_to_the_hub_and_comes_back_the_same(hub: HubServer, tmp_path: Path, folder: Path) -> None:
    seen = run(hub, tmp_path, "push", folder, "alice/it", "--dry-run")
    assert "library_name: peft" in seen.stdout
    assert "dry run      nothing was pushed" in seen.stdout
    assert "alice/it" not in hub.repos
    pushed = run(hub, tmp_path, "push", folder, "alice/it", "--license", "mit")
    assert f"destination  {hub.url}/alice/it (will be created), private" in pushed.stdout
    assert pushed.stdout.endswith(f"pushed       {hub.url}/alice/it/commit/{hub.head('alice/it').oid}\n")
    pulled = run(hub, tmp_path, "pull", "alice/it@main", "--out", "back")
    assert f"pulled       alice/it@{hub.head('alice/it').oid}" in pulled.stdout
    assert "template     shared" in pulled.stdout
    for name in (WEIGHTS, CONFIG, RECORD):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()
    offline = run(hub, tmp_path, "pull", "alice/it@main", "--out", "back", HF_HUB_OFFLINE="1")
    assert "the Hub could not be reached: commit" in offline.stdout
    for done in (seen, pushed, pulled, offline):
        assert ALICE not in done.stdout
        assert done.stderr == ""
    assert token_stands(tmp_path) == []


def test_a_dry_run_needs_neither_token_nor_network(tmp_path: Path, folder: Path) -> None:
    done = run(None, tmp_path, "push", folder, "alice/it", "--dry-run", "--public", token=None)
    assert done.returncode == 0
    assert "(not checked: no token), PUBLIC" in done.stdout
    assert "note         anyone can see and download it" in done.stdout


def test_the_client_speaks_of_itself_only_when_asked_and_never_of_the_token(
    hub: HubServer, tmp_path: Path, folder: Path
) -> None:
    hub.faults.append(Fault("preupload", "echo", 403))
    done = run(hub, tmp_path, "push", folder, "alice/it", HF_DEBUG="1")
    assert done.returncode == 2
    assert ALICE not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (("push", "adapter", "alice/it"), None, "there is no token: log in with `hf auth login`, or set HF_TOKEN"),
        (("push", "adapter", "alice/it"), "hf_wrong", "the Hub rejected the token"),
        (("push", "adapter", "alice/it"), READER, "the token may only read"),
        (("push", "adapter", "nobody/it"), ALICE, "push to alice/it"),
        (("push", "adapter", "it"), ALICE, "expected OWNER/NAME"),
        (("push", "nowhere", "alice/it"), ALICE, "is not a folder"),
        (("push", "adapter", "alice/it", "--license", "MIT!"), ALICE, "not a licence of the Hub"),
        (("push", "adapter", "alice/it", "--run", "nowhere"), ALICE, "no figures can be read"),
        (("pull", "bob/it"), ALICE, "bob/it does not exist"),
        (("pull", "bob/it"), None, "bob/it cannot be found without a token"),
        (("pull", "../it"), ALICE, "expected OWNER/NAME"),
        (("pull", "bob/it", "--out", "adapter"), ALICE, "choose an empty or a new folder"),
    ],
)
def test_what_the_user_can_fix_is_one_message(
    hub: HubServer, refused: Refused, folder: Path, arguments: tuple[str, ...], token: str | None, said: str
) -> None:
    assert said in refused(hub.url, *arguments, token=token)
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS, RECORD]


@pytest.mark.parametrize("arguments", [("push", "adapter", "alice/it"), ("pull", "alice/it")])
def test_without_a_network_each_command_says_so(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert "cannot be reached" in refused(nowhere, *arguments)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "offline mode is on (HF_HUB_OFFLINE)" in refused(nowhere, *arguments)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 2), (signal.SIGINT, 130)])
def test_a_pull_that_is_told_to_stop_leaves_nothing(
    hub: HubServer, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    hub.add("bob/it", files(weights=safetensors(shapes(width=300_000))))
    hub.faults.append(Fault("GET /storage", "slow", 0.05))
    process = subprocess.Popen(
        command("pull", "bob/it", "--out", "mine"),
        cwd=tmp_path / "here",
        env=environment(hub, tmp_path, None),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: hub.asked("GET /storage") > 0)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    assert list((tmp_path / "here").iterdir()) == []


def test_two_commands_at_once_into_one_folder_both_succeed(hub: HubServer, tmp_path: Path) -> None:
    hub.add("bob/it", files(weights=safetensors(shapes(width=100_000))))
    hub.faults.append(Fault("GET /storage", "slow", 0.01))
    both = [
        subprocess.Popen(
            command("pull", "bob/it", "--out", "mine"), cwd=tmp_path / "here", env=environment(hub, tmp_path, None)
        )
        for _ in range(2)
    ]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["mine"]


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
