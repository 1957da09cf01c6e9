import hashlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import HubError
from socrates_core.hub.pull import install as placing
from socrates_core.hub.pull.installed import PulledAdapter, adapters_root, installed_adapters, remove
from socrates_core.hub.pull.retrieval import pull as fetch
from tests.hub.adapters import CONFIG, WEIGHTS, files, safetensors, shapes, write_adapter
from tests.hub.pulling import everything, refusal
from tests.servers.hub_server import Fault, HubServer

ROOT = Path(__file__).parents[2]


# -- where it goes


def test_a_folder_that_holds_something_else_is_left_alone(hub: HubServer, tmp_path: Path) -> None:
    hub.add("bob/it", files())
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("x")
    own = write_adapter(tmp_path / "own")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(mine)
    for folder, said in ((mine, "thesis.docx"), (own, "not pulled"), (tmp_path / "file", "file"), (Path(), "working")):
        assert said in refusal(hub, out=folder)
    assert "link" in refusal(hub, out=tmp_path / "link")
    assert everything(mine) == ["thesis.docx"]
    assert hub.requests == []


def test_an_empty_folder_is_filled_and_a_pulled_one_replaced(hub: HubServer) -> None:
    hub.add("bob/it", files())
    Path("mine").mkdir()
    fetch("bob/it", Path("mine"), endpoint=hub.url)
    second = hub.repos["bob/it"].commit(files(record=None))
    assert fetch("bob/it", Path("mine"), endpoint=hub.url).commit == second
    assert everything(Path()) == ["mine", f"mine/{CONFIG}", f"mine/{WEIGHTS}", "mine/source.json"]


def test_a_place_that_cannot_be_written_is_named(hub: HubServer, tmp_path: Path) -> None:
    hub.add("bob/it", files())
    (tmp_path / "file").write_text("x")
    assert "cannot be written" in refusal(hub, out=tmp_path / "file" / "below")


def test_a_full_disk_is_named_before_anything_is_fetched(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1000))
    hub.add("bob/it", files())
    assert "are free at" in refusal(hub)
    assert hub.asked("storage") == 0


def test_two_pulls_at_once_both_end_with_the_whole_adapter(hub: HubServer) -> None:
    weights = safetensors(shapes(width=100_000))
    hub.add("bob/it", files(weights=weights))
    hub.faults.append(Fault("GET /storage", "slow", 0.01))
    found: list[Any] = []

    def pull() -> None:
        try:
            found.append(fetch("bob/it", endpoint=hub.url))
        except HubError as error:
            found.append(error)

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {type(one) for one in found} == {PulledAdapter}
    assert (found[0].folder / WEIGHTS).read_bytes() == weights
    assert [path.name for path in Path("adapters").iterdir()] == [found[0].folder.name]


@pytest.mark.parametrize("out", [None, Path("mine")])
def test_many_pulls_of_two_commits_at_once_each_return_the_commit_they_asked_for(
    hub: HubServer, out: Path | None
) -> None:
    first = hub.add("bob/it", files())
    second = hub.repos["bob/it"].commit(files(record=None))
    revisions = [None, "main", first[:12], second[:12]]
    root = Path() if out else Path("adapters")

    def pull(number: int) -> tuple[str, str, Path]:
        asked = revisions[number % len(revisions)]
        found = fetch("bob/it" + (f"@{asked}" if asked else ""), out, endpoint=hub.url)
        installed_adapters(root)  # as the page does at any time
        return first if asked == first[:12] else second, found.commit, found.folder

    with ThreadPoolExecutor(8) as threads:
        for wanted, commit, folder in threads.map(pull, range(64)):
            assert commit == wanted
            assert out is None or folder == out
    kept = {one.commit for one in installed_adapters(root)}
    assert kept == {first, second} if out is None else kept in ({first}, {second})


KILLED = """
import sys
from pathlib import Path
from socrates_core.hub.pull.retrieval import pull
pull("bob/it", Path("mine") if sys.argv[2] else None, endpoint=sys.argv[1])
"""


@pytest.mark.parametrize("out", ["", "mine"])
def test_a_killed_pull_leaves_nothing_that_looks_like_an_adapter_and_the_next_one_cleans_up(
    hub: HubServer, out: str
) -> None:
    hub.add("bob/it", files(weights=safetensors(shapes(width=300_000))))
    hub.faults.append(Fault("GET /storage", "slow", 0.05))
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(Path.cwd())}
    process = subprocess.Popen([sys.executable, "-c", KILLED, hub.url, out], env=environment)
    wait_for(lambda: hub.asked("GET /storage") > 0)
    time.sleep(0.3)
    process.kill()
    process.wait()
    assert installed_adapters() == []
    assert not Path("mine").exists()
    hub.faults.clear()
    root = Path() if out else Path("adapters")
    assert any(path.name.endswith(".socrates-pull") for path in root.iterdir())
    found = fetch("bob/it", Path("mine") if out else None, endpoint=hub.url)
    assert [path.name for path in root.iterdir() if "socrates-pull" in path.name] == []
    assert found.folder.is_dir()


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_adapters_are_listed_where_no_lock_can_be_written(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("bob/it", files())
    pulled = fetch("bob/it", endpoint=hub.url)
    Path("adapters/.socrates-pull.lock").mkdir()  # for root too, who may write in every folder
    assert [one.folder for one in installed_adapters()] == [pulled.folder]


def test_one_lock_at_a_time_and_no_file_of_it_is_left(tmp_path: Path) -> None:
    inside = most = 0

    def hold(_: int) -> None:
        nonlocal inside, most
        with placing.locked(tmp_path):
            inside += 1
            most = max(most, inside)
            time.sleep(0.001)
            inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hold, range(100)))
    assert most == 1
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_is_at_work_on_is_not_cleaned_up(tmp_path: Path) -> None:
    with placing.partial_folder(tmp_path, "a") as first, placing.partial_folder(tmp_path, "a") as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second
    assert list(tmp_path.iterdir()) == []


def test_hidden_folders_of_others_are_left_alone(hub: HubServer) -> None:
    hub.add("bob/it", files())
    Path(".adapter.partial").mkdir()
    fetch("bob/it", Path("mine"), endpoint=hub.url)
    assert Path(".adapter.partial").is_dir()


# -- what is here


def test_what_was_pulled_is_listed_and_removed(hub: HubServer) -> None:
    assert installed_adapters() == []
    hub.add("bob/it", files())
    hub.add("alice/one", files(record=None))
    one, two = (fetch(name, endpoint=hub.url) for name in ("alice/one", "bob/it"))
    Path("adapters/own").mkdir()
    assert [(found.repo_id, found.folder) for found in installed_adapters()] == [
        ("alice/one", one.folder),
        ("bob/it", two.folder),
    ]
    remove(one.folder)
    assert [found.repo_id for found in installed_adapters()] == ["bob/it"]
    assert sorted(path.name for path in Path("adapters").iterdir()) == [two.folder.name, "own"]


def test_only_what_was_pulled_is_removed(hub: HubServer, tmp_path: Path) -> None:
    own = write_adapter(tmp_path / "own")
    with pytest.raises(HubError, match="was not created by a pull"):
        remove(own)
    hub.add("bob/it", files())
    folder = fetch("bob/it", endpoint=hub.url).folder
    (tmp_path / "link").symlink_to(folder.resolve())
    with pytest.raises(HubError, match="was not created by a pull"):
        remove(tmp_path / "link")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(HubError, match=r"notes\.txt"):
        remove(folder)
    assert (folder / WEIGHTS).is_file()


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"format": 1}', "\ud800", '{"format": 1, "files": {"../x": 1}}'])
def test_a_damaged_note_hides_its_folder_and_is_no_licence_to_delete(hub: HubServer, note: str) -> None:
    hub.add("bob/it", files())
    folder = fetch("bob/it", endpoint=hub.url).folder
    (folder / "source.json").write_bytes(note.encode("utf-8", "surrogatepass"))
    assert installed_adapters() == []
    with pytest.raises(HubError):
        remove(folder)


def test_the_folder_of_adapters_can_be_set(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOCRATES_ADAPTERS", str(tmp_path / "kept"))
    hub.add("bob/it", files())
    found = fetch("bob/it", endpoint=hub.url)
    assert found.folder.parent == tmp_path / "kept" == adapters_root()
    assert [one.folder for one in installed_adapters()] == [found.folder]
    assert (
        hashlib.sha256((found.folder / WEIGHTS).read_bytes()).hexdigest() in (found.folder / "source.json").read_text()
    )
