import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, constants

from socrates_core.errors import HubError
from socrates_core.hub.pull.retrieval import pull
from socrates_core.hub.push.plan import plan_push
from socrates_core.hub.push.publication import push as publish
from tests.hub.adapters import BASE, CONFIG, RECORD, WEIGHTS, as_json, config, files, record, write_adapter
from tests.hub.conftest import ALICE, BOB, FINE, READER
from tests.servers.hub_server import Fault, HubServer, Token

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's upload of a file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")


def plan(hub: HubServer, folder: Path, name: str = "alice/it", token: str | None = ALICE, **options: Any) -> Any:
    return plan_push(folder, name, token=token, endpoint=hub.url, **options)


def push(hub: HubServer, folder: Path, name: str = "alice/it", token: str = ALICE, **options: Any) -> str:
    return publish(plan(hub, folder, name, token, **options), folder, token)


def refusal(hub: HubServer, folder: Path, name: str = "alice/it", token: str | None = ALICE, **options: Any) -> str:
    with pytest.raises(HubError) as caught:
        publish(plan(hub, folder, name, token, **options), folder, token)
    return str(caught.value)


# -- the plan


def test_a_plan_shows_card_files_and_destination_and_changes_nothing(hub: HubServer, folder: Path) -> None:
    found = plan(hub, folder)
    assert (found.repo_id, found.private, found.exists, found.parent_commit) == ("alice/it", True, False, None)
    assert (found.account, found.url) == ("alice", f"{hub.url}/alice/it")
    assert [name for name, _ in found.files] == [WEIGHTS, CONFIG, RECORD, "README.md"]
    assert dict(found.files)[WEIGHTS] == (folder / WEIGHTS).stat().st_size
    assert found.card.startswith("---\nlibrary_name: peft\n") or "library_name: peft" in found.card
    assert "alice/it" not in hub.repos
    assert hub.asked("POST|PUT") == 0


def test_without_the_hub_a_plan_shows_what_is_known_here(folder: Path) -> None:
    found = plan_push(folder, "alice/it", token=None, endpoint="http://127.0.0.1:9", offline=True)
    assert (found.exists, found.account, found.parent_commit) == (None, None, None)
    assert "library_name: peft" in found.card
    with pytest.raises(HubError, match="made offline"):
        publish(found, folder, ALICE)


def test_a_repository_that_is_there_tells_what_would_happen_to_it(hub: HubServer, folder: Path) -> None:
    head = hub.add("alice/it", {**files(), "adapter_model.bin": b"old"})
    found = plan(hub, folder)
    assert (found.exists, found.parent_commit, found.private) == (True, head, False)
    told = " / ".join(found.warnings)
    assert "alice/it is public, and a push does not change that" in told
    assert f"files to be replaced: {CONFIG}, {WEIGHTS}, {RECORD}" in told
    assert "files left unchanged: adapter_model.bin" in told
    assert "anyone can see and download it" in told


def test_the_licence_is_named_or_the_bases_or_none(hub: HubServer, folder: Path) -> None:
    assert "no licence is stated" in " ".join(plan(hub, folder).warnings)
    hub.add(BASE, {}, card={"license": "apache-2.0"})
    assert ModelCard(plan(hub, folder).card).data.license == "apache-2.0"
    assert "the licence of the base model; the adapter states none of its own" in plan(hub, folder).card
    assert ModelCard(plan(hub, folder, licence="mit").card).data.license == "mit"
    hub.add("alice/it", {}, card={"license": "cc-by-4.0"})
    assert ModelCard(plan(hub, folder).card).data.license == "cc-by-4.0"
    hub.repos[BASE].card = {"license": ["<script>"]}
    assert ModelCard(plan(hub, folder, "alice/other").card).data.license is None


@pytest.mark.parametrize("changes", [{"weights": None}, {"config": None}, {"record": None}, {"weights": b"x"}])
def test_what_could_not_be_pulled_is_not_pushed(hub: HubServer, tmp_path: Path, changes: dict[str, Any]) -> None:
    assert refusal(hub, write_adapter(tmp_path / "a", **changes))
    assert hub.requests == []


def test_an_adapter_for_a_base_of_this_machine_is_not_pushed(hub: HubServer, tmp_path: Path) -> None:
    changes = {"base_model_name_or_path": None, "revision": None}
    own = write_adapter(
        tmp_path / "a", config=as_json(config(**changes)), record=as_json(record(base=None, base_revision=None))
    )
    assert "does not name the base model" in refusal(hub, own)


def test_a_folder_that_is_none_is_named(hub: HubServer, tmp_path: Path) -> None:
    assert "is not a folder" in refusal(hub, tmp_path / "nowhere")


def test_a_record_with_a_token_is_not_pushed_and_one_with_a_path_is_told(hub: HubServer, tmp_path: Path) -> None:
    training = {"recipe": {"base": "/home/me/models/qwen"}}
    own = write_adapter(tmp_path / "a", record=as_json(record(training=training)))
    assert "/home/me/models/qwen" in " ".join(plan(hub, own).warnings)
    leaky = write_adapter(tmp_path / "b", record=as_json(record(training={"note": BOB})))
    said = refusal(hub, leaky)
    assert "looks like a token" in said
    assert BOB not in said


# -- the push


def test_a_new_repository_is_private_and_holds_the_adapter_after_one_commit(hub: HubServer, folder: Path) -> None:
    told: list[float] = []
    found = plan(hub, folder, licence="mit")
    url = publish(found, folder, ALICE, lambda share, doing: told.append(share))
    repo = hub.repos["alice/it"]
    assert repo.private
    assert url == f"{hub.url}/alice/it/commit/{hub.head('alice/it').oid}"
    assert len(repo.commits) == 2  # the Hub's own first one, and this
    assert {name: hub.head("alice/it").files[name] for name in files()} == files()
    assert hub.head("alice/it").files["README.md"].decode() == found.card
    assert told[-1] == 1.0
    assert all(0 <= share <= 1 for share in told)


def test_what_is_pushed_is_what_is_pulled(hub: HubServer, folder: Path) -> None:
    push(hub, folder)
    found = pull("alice/it", token=ALICE, endpoint=hub.url)
    for name in (WEIGHTS, CONFIG, RECORD):
        assert (found.folder / name).read_bytes() == (folder / name).read_bytes()


def test_a_public_repository_is_made_when_asked_for(hub: HubServer, folder: Path) -> None:
    push(hub, folder, private=False)
    assert not hub.repos["alice/it"].private


def test_an_organisation_takes_it_from_a_member_who_may_write(hub: HubServer, folder: Path) -> None:
    push(hub, folder, "lab/it")
    assert WEIGHTS in hub.head("lab/it").files


def test_a_visitor_who_signed_in_pushes_with_the_own_token(hub: HubServer, folder: Path) -> None:
    hub.tokens["visitor-token"] = Token("carol", role=None)
    push(hub, folder, "carol/it", "visitor-token")
    assert {token for _, path, token in hub.requests if not path.startswith("/storage")} <= {"visitor-token", None}


def test_nothing_but_the_four_files_is_pushed(hub: HubServer, folder: Path) -> None:
    (folder / ".env").write_text("SECRET=1")
    (folder / "checkpoint.pt").write_bytes(b"x")
    push(hub, folder)
    assert set(hub.head("alice/it").files) == {WEIGHTS, CONFIG, RECORD, "README.md", ".gitattributes"}


def test_pushing_the_same_again_makes_no_second_commit(hub: HubServer, folder: Path) -> None:
    first = push(hub, folder, licence="mit")
    assert push(hub, folder, licence="mit") == first


def test_a_change_between_plan_and_push_is_detected_on_both_sides(hub: HubServer, folder: Path) -> None:
    hub.add("alice/it", files())
    found = plan(hub, folder)
    other = hub.repos["alice/it"].commit({**files(), "README.md": b"somebody else"})
    with pytest.raises(HubError, match="has changed in the meantime"):
        publish(found, folder, ALICE)
    assert hub.head("alice/it").oid == other
    found = plan(hub, folder)
    (folder / RECORD).write_bytes(as_json(record(trained_on=["other"])))
    with pytest.raises(HubError, match="has changed since the push was planned"):
        publish(found, folder, ALICE)
    assert hub.head("alice/it").oid == other


def test_two_pushes_at_once_are_told_apart(hub: HubServer, folder: Path) -> None:
    hub.add("alice/it", {".gitattributes": b""})
    found = plan(hub, folder)
    hub.before_commit = lambda: hub.repos["alice/it"].commit({"README.md": b"quicker"})
    with pytest.raises(HubError, match="has changed in the meantime"):
        publish(found, folder, ALICE)
    assert hub.head("alice/it").files == {"README.md": b"quicker"}


def test_a_repository_made_by_somebody_else_in_between_is_named(hub: HubServer, folder: Path) -> None:
    found = plan(hub, folder)
    hub.add("alice/it", {})
    with pytest.raises(HubError, match="a repository of that name already exists"):
        publish(found, folder, ALICE)


@pytest.mark.parametrize("path", ["validate-yaml", "preupload", "batch", "/commit/", "GET /api/models/alice/it$"])
def test_a_push_that_fails_names_the_repository_that_stays_behind(
    hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)  # the client's own retries
    found = plan(hub, folder)
    hub.faults.append(Fault(path, "status", 500))
    with pytest.raises(HubError) as caught:
        publish(found, folder, ALICE)
    assert "the Hub reports a server error (HTTP 500)" in str(caught.value)
    assert f"The repository {hub.url}/alice/it was created by this push and is empty" in str(caught.value)
    assert set(hub.head("alice/it").files) == {".gitattributes"}
    hub.faults.clear()
    push(hub, folder)
    assert WEIGHTS in hub.head("alice/it").files


def test_a_storage_that_refuses_the_bytes_is_named(hub: HubServer, folder: Path) -> None:
    hub.add("alice/it", {})
    hub.faults.append(Fault("PUT /storage", "status", 403))
    assert refusal(hub, folder).startswith(
        "pushing to alice/it: the storage behind the Hub rejected the request (HTTP 403)"
    )
    assert hub.head("alice/it").files == {}


def test_a_gitignore_that_leaves_files_out_is_noticed(hub: HubServer, folder: Path) -> None:
    hub.add("alice/it", {".gitignore": b"socrates.json"})
    assert "lacks socrates.json" in refusal(hub, folder)


def test_a_card_that_the_hub_refuses_is_quoted(hub: HubServer, folder: Path) -> None:
    found = plan(hub, folder)
    with pytest.raises(HubError, match="Invalid metadata in README"):
        publish(replace(found, card="---\nbase_model: demo\n---\n"), folder, ALICE)


# -- who may not


@pytest.mark.parametrize(
    ("name", "token", "said"),
    [
        ("alice/it", None, "there is no token"),
        ("alice/it", "", "there is no token"),
        ("alice/it", "hf_wrongwrongwrongwrong", "rejected the token"),
        ("alice/it", READER, "may only read"),
        ("alice/it", FINE, "lacks the permission repo.write"),
        ("alice/it", BOB, "neither the account bob nor an organisation"),
        ("nobody/it", ALICE, "push to alice/it"),
        ("club/it", ALICE, "role read in club"),
        ("it", ALICE, "expected OWNER/NAME"),
        ("alice/../it", ALICE, "expected OWNER/NAME"),
    ],
)
def test_the_missing_right_is_named(hub: HubServer, folder: Path, name: str, token: str | None, said: str) -> None:
    before = set(hub.repos)
    assert said in refusal(hub, folder, name, token)
    assert set(hub.repos) == before
    assert hub.asked("POST|PUT") == 0


def test_a_right_that_only_the_hub_knows_to_be_missing_is_named(hub: HubServer, folder: Path) -> None:
    found = plan(hub, folder)
    hub.tokens[ALICE] = Token("alice", "read")
    with pytest.raises(HubError, match="creating the repository alice/it: the token lacks the permission"):
        publish(found, folder, ALICE)


def test_a_repository_that_was_renamed_is_not_followed(hub: HubServer, folder: Path) -> None:
    hub.add("alice/new", {})
    hub.moved["alice/it"] = "alice/new"
    assert "alice/it was renamed to alice/new" in refusal(hub, folder)


def test_without_a_network_it_says_so(hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HubError, match="cannot be reached"):
        plan_push(folder, "alice/it", token=ALICE, endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="offline mode is on"):
        plan(hub, folder)


def test_a_token_that_a_server_sends_back_is_never_shown(hub: HubServer, folder: Path) -> None:
    for path in ("whoami", "GET /api/models", "repos/create", "preupload", "/commit/"):
        hub.faults = [Fault(path, "echo", 403)]
        said = refusal(hub, folder, f"alice/it-{len(path)}")
        assert ALICE not in said
        assert "[token]" in said


def test_no_plan_holds_the_token(hub: HubServer, folder: Path) -> None:
    found = plan(hub, folder)
    assert ALICE not in json.dumps([str(found), found.card])
