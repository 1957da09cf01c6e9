import json
from pathlib import Path

import pytest

from socrates_core.errors import HubError
from socrates_core.hub.access import client
from socrates_core.hub.pull import transfer
from socrates_core.hub.pull.installed import installed_adapters
from socrates_core.hub.pull.retrieval import pull
from tests.hub.adapters import BASE, CONFIG, RECORD, REVISION, WEIGHTS, files
from tests.hub.conftest import ALICE, BOB
from tests.hub.pulling import everything, refusal
from tests.servers.hub_server import Fault, HubServer

# -- what a pull does


def test_an_adapter_arrives_byte_by_byte_and_says_what_it_is(hub: HubServer) -> None:
    commit = hub.add("bob/it", {**files(), "README.md": b"# card\n", ".gitattributes": b"", "notes.txt": b"x"})
    told: list[tuple[float, str]] = []
    found = pull("bob/it", endpoint=hub.url, progress=lambda share, doing: told.append((share, doing)))
    assert (found.repo_id, found.revision, found.commit) == ("bob/it", None, commit)
    assert found.folder == Path("adapters") / f"bob--it--{commit[:12]}"
    assert (found.base, found.base_revision, found.template, found.demo) == (BASE, REVISION, "shared", False)
    assert (found.config.rank, found.config.targets) == (2, ("q_proj", "v_proj"))
    assert found.notes == ("ignored in the repository: notes.txt",)
    for name, body in {**files(), "README.md": b"# card\n"}.items():
        assert (found.folder / name).read_bytes() == body
    assert everything(found.folder) == ["README.md", CONFIG, WEIGHTS, RECORD, "source.json"]
    assert json.loads((found.folder / "source.json").read_text("utf-8"))["commit"] == commit
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "bob/it is installed")


def test_nothing_but_the_adapters_files_is_asked_for(hub: HubServer) -> None:
    hub.add("bob/it", {**files(), "adapter_model.bin": b"pickle", "evil.py": b"import os", "a/b.pkl": b"x"})
    pull("bob/it", endpoint=hub.url)
    assert hub.asked(r"resolve/.*(bin|py|pkl)$") == 0


@pytest.mark.parametrize("way", ["branch", "tag", "commit", "short commit", "pull request"])
def test_every_kind_of_revision_is_resolved_to_its_commit(hub: HubServer, way: str) -> None:
    first = hub.add("bob/it", files())
    hub.repos["bob/it"].commit(files(record=None))
    hub.repos["bob/it"].tags["v1"] = first
    hub.repos["bob/it"].branches |= {"old": first, "refs/pr/1": first}
    name = {"branch": "old", "tag": "v1", "commit": first, "short commit": first[:8], "pull request": "refs/pr/1"}[way]
    found = pull(f"bob/it@{name}", endpoint=hub.url)
    assert (found.commit, found.revision) == (first, name)
    assert found.record is not None


def test_the_client_lists_what_the_server_has(hub: HubServer) -> None:
    commit = hub.add("alice/it", files())
    api = client(ALICE, hub.url)
    api.create_tag("alice/it", tag="v2")
    refs = api.list_repo_refs("alice/it")
    assert [(ref.name, ref.target_commit) for ref in (*refs.branches, *refs.tags)] == [("main", commit), ("v2", commit)]
    assert sorted(api.list_repo_files("alice/it", revision="v2")) == sorted(files())


def test_an_adapter_without_a_record_comes_and_wants_its_template_named(hub: HubServer) -> None:
    hub.add("bob/it", files(record=None))
    found = pull("bob/it", endpoint=hub.url)
    assert (found.record, found.template) == (None, None)


def test_a_private_adapter_comes_with_a_token_that_goes_to_the_hub_alone(hub: HubServer) -> None:
    hub.add("alice/it", files(), private=True)
    found = pull("alice/it", token=ALICE, endpoint=hub.url)
    stored = [token for _, path, token in hub.requests if path.startswith("/storage/")]
    assert stored == [None]
    assert all(ALICE.encode() not in path.read_bytes() for path in found.folder.iterdir())


def test_without_a_token_none_is_taken_from_the_machine(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", ALICE)
    hub.add("bob/it", files())
    pull("bob/it", endpoint=hub.url)
    assert {token for _, _, token in hub.requests} == {None}


# -- again, and without a network


def test_the_same_commit_is_never_fetched_twice(hub: HubServer) -> None:
    commit = hub.add("bob/it", files())
    pull("bob/it", endpoint=hub.url)
    hub.requests.clear()
    again = pull("bob/it", endpoint=hub.url)
    assert hub.asked("resolve|tree|storage") == 0
    assert again.notes == (f"commit {commit[:12]} is on this machine already; nothing was downloaded",)
    hub.requests.clear()
    assert pull(f"bob/it@{commit}", endpoint=hub.url).commit == commit
    copied = pull("bob/it", Path("mine"), endpoint=hub.url)
    assert hub.asked("resolve|tree|storage") == 0
    assert everything(Path("mine")) == everything(again.folder)
    assert copied.folder == Path("mine")


def test_a_damaged_copy_is_fetched_again(hub: HubServer) -> None:
    hub.add("bob/it", files())
    folder = pull("bob/it", endpoint=hub.url).folder
    body = bytearray((folder / WEIGHTS).read_bytes())
    body[-1] ^= 1
    (folder / WEIGHTS).write_bytes(body)
    pull("bob/it", endpoint=hub.url)
    assert (folder / WEIGHTS).read_bytes() == files()[WEIGHTS]


def test_a_branch_that_moved_brings_the_new_commit_beside_the_old(hub: HubServer) -> None:
    first = hub.add("bob/it", files())
    pull("bob/it@main", endpoint=hub.url)
    second = hub.repos["bob/it"].commit(files(record=None))
    assert pull("bob/it@main", endpoint=hub.url).commit == second
    assert {one.commit for one in installed_adapters()} == {first, second}
    assert pull("bob/it@main", offline=True).commit == second
    assert pull(f"bob/it@{first[:7]}", offline=True).commit == first


@pytest.mark.parametrize("way", ["asked for", "set", "no server", "server in trouble"])
def test_what_was_pulled_stands_in_without_a_network_and_says_so(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    commit = hub.add("bob/it", files())
    pull("bob/it@main", endpoint=hub.url)
    endpoint = "http://127.0.0.1:9" if way == "no server" else hub.url
    if way == "set":
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    if way == "server in trouble":
        hub.faults.append(Fault("/api/models", "status", 503))
    found = pull("bob/it@main", offline=way == "asked for", endpoint=endpoint)
    assert found.commit == commit
    assert found.notes[0].endswith(f"commit {commit[:12]} was pulled earlier")


def test_what_was_never_pulled_is_not_there_without_a_network(hub: HubServer) -> None:
    assert "not on this machine" in refusal(hub, offline=True)
    with pytest.raises(HubError, match="cannot be reached"):
        pull("bob/it", endpoint="http://127.0.0.1:9")


def test_what_the_hub_refuses_is_not_replaced_by_what_was_pulled(hub: HubServer) -> None:
    hub.add("bob/it", files())
    pull("bob/it", endpoint=hub.url)
    hub.repos["bob/it"].private = True
    assert "without a token" in refusal(hub)


# -- who may not


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"private": True}, {}, "bob/it cannot be found without a token"),
        ({"private": True}, {"token": ALICE}, "this token has no access"),
        ({"private": True}, {"token": "hf_wrong"}, "token"),
        ({"gated": True}, {}, "bob/it is gated"),
        ({"gated": True}, {"token": ALICE}, "request access at"),
        ({"disabled": True}, {"token": BOB}, "the Hub has disabled bob/it"),
    ],
)
def test_the_reason_is_named_when_it_may_not_be_seen(
    hub: HubServer, change: dict[str, bool], options: dict[str, str], said: str
) -> None:
    hub.add("bob/it", files(), **change)
    assert said in refusal(hub, **options)


def test_a_repository_or_revision_that_is_not_there_is_named(hub: HubServer) -> None:
    hub.add("bob/it", files())
    assert "bob/nothing does not exist" in refusal(hub, "bob/nothing", token=BOB)
    assert "bob/it has no branch, tag or commit nix" in refusal(hub, "bob/it@nix")


def test_a_renamed_repository_is_named_and_not_followed(hub: HubServer) -> None:
    hub.add("eve/it", files())
    hub.moved["bob/it"] = "eve/it"
    assert "bob/it was renamed to eve/it" in refusal(hub)
    assert hub.asked("resolve|storage") == 0


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize("path", ["/api/models/bob/it$", "tree", "HEAD .*config", "GET /storage"])
def test_trouble_at_any_step_is_one_message(
    hub: HubServer, status: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)  # the client's own retries
    monkeypatch.setattr(transfer, "PAUSE", 0.0)
    hub.add("bob/it", files())
    hub.faults.append(Fault(path, "status", status))
    assert refusal(hub).startswith("pulling bob/it: ")
