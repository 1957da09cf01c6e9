"""A disk that fills up in the middle, and a push that is stopped: one line, and nothing half-written."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from socrates_core.hub.push.plan import plan_push
from socrates_core.hub.push.publication import push as publish
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from tests.ends import largest_file
from tests.hub.adapters import files, safetensors, shapes, write_adapter
from tests.hub.conftest import ALICE
from tests.hub.pulling import refusal
from tests.hub.test_hub_commands import command, environment, wait_for
from tests.servers.hub_server import Fault, HubServer
from tests.servers.programs import Program

STUDY = BUNDLED_STUDIES / "example.yaml"

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's upload of a file


@pytest.mark.parametrize("size", [0, 100, 2000])
@pytest.mark.parametrize("out", [None, "mine"])
def test_a_pull_onto_a_disk_that_fills_up_says_so_and_leaves_nothing(
    hub: HubServer, size: int, out: str | None, tmp_path: Path
) -> None:
    hub.add("bob/it", files(weights=safetensors(shapes(width=3000))))
    with largest_file(size):
        said = refusal(hub, out=None if out is None else Path(out))
    assert "cannot be written" in said
    assert "too large" in said
    assert not [path for path in (tmp_path / "here").rglob("*") if path.is_file() and not path.name.startswith(".")]


def test_a_model_that_does_not_fit_onto_the_disk_is_not_laid_to_the_network(hub: HubServer, tmp_path: Path) -> None:
    config = json.dumps({"model_type": "qwen2"}).encode()
    hub.add("bob/model", {"config.json": config, "model.safetensors": bytes(100_000)})
    arguments = ("-m", "socrates_core", "simulate", STUDY, "--model", "bob/model", "--out", tmp_path / "out")
    told = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
    done = Program(*arguments, environ=told, largest_file=2000)
    assert done.wait() == 2
    assert "the model bob/model cannot be stored in the Hub's cache: " in done.stderr
    assert "too large" in done.stderr


def test_a_push_needs_no_room_on_the_disk(hub: HubServer, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter")
    with largest_file(0):
        publish(plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url), folder, ALICE)
    assert hub.head("alice/it").files


def test_a_push_that_is_told_to_stop_publishes_nothing(hub: HubServer, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", weights=safetensors(shapes(width=30_000)))
    hub.faults.append(Fault("PUT", "stall", 30))
    process = subprocess.Popen(
        command("push", folder, "alice/it"),
        cwd=tmp_path / "here",
        env=environment(hub, tmp_path, ALICE),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: hub.asked("PUT") > 0)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "stopped by SIGTERM\n")
    # the Hub makes a repository first and adds all files in one commit, which never came
    assert list(hub.head("alice/it").files) == [".gitattributes"]
