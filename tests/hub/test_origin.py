"""A Hub that sends its client elsewhere, or more than anyone asked for."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants, get_session
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from socrates_core.errors import HubError, ModelError
from socrates_core.hub.access import client, hub_step, whoami
from socrates_core.hub.push.plan import plan_push
from socrates_core.hub.push.publication import push
from socrates_core.model.folder import local_folder
from socrates_core.study import hub_client
from tests.hub.adapters import CONFIG, RECORD, WEIGHTS, files, write_adapter
from tests.hub.conftest import ALICE, BOB
from tests.hub.pulling import refusal
from tests.servers.hub_server import Fault, HubServer

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's upload of a file


@pytest.fixture
def eve() -> Iterator[HubServer]:
    """Another host, which answers like a Hub and notes what it is sent."""
    with HubServer() as other:
        other.add("bob/it", files())
        yield other


def got_no_token(other: HubServer) -> bool:
    return all(token is None for _, _, token in other.requests)


# -- where the token goes ----------------------------------------------------------------------------------------


def test_a_listing_that_goes_on_at_another_host_is_refused_before_that_host_is_asked(
    hub: HubServer, eve: HubServer
) -> None:
    hub.add("bob/it", files())
    link = {"Link": f'<{eve.url}/api/models/bob/it/tree/main?cursor=3>; rel="next"'}
    hub.faults.append(Fault("/tree/", "headers", lambda: link))
    said = refusal(hub, token=BOB)
    assert said == f"the Hub at {hub.url} continues a list at {eve.url}, where the token may not be sent"
    assert eve.requests == []


@pytest.mark.parametrize("path", ["GET /api/models/bob/it", "/tree/"])
def test_an_answer_that_redirects_to_another_host_is_refused(hub: HubServer, eve: HubServer, path: str) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault(path, "redirect", eve.url))
    assert f"redirects to {eve.url}; if that is the Hub, set HF_ENDPOINT" in refusal(hub, token=BOB)
    assert eve.requests == []


def test_the_content_of_a_file_may_lie_at_another_host_which_gets_no_token(hub: HubServer, eve: HubServer) -> None:
    hub.add("bob/it", files())
    eve.lfs.update({WEIGHTS: b""})
    hub.storage = eve.url
    assert "HTTP 404" in refusal(hub, token=BOB)  # it does not have the file
    assert eve.asked("GET /storage")
    assert got_no_token(eve)


def test_a_small_file_may_be_redirected_too_and_its_hash_still_has_to_fit(hub: HubServer, eve: HubServer) -> None:
    commit = hub.add("bob/it", files())
    eve.repos["bob/it"].commits[commit] = eve.head("bob/it")
    eve.head("bob/it").files[CONFIG] = files()[CONFIG].replace(b"0.05", b"0.06")
    hub.faults.append(Fault(f"/resolve/.*{CONFIG}", "redirect", eve.url))
    hub.faults.append(Fault(f"HEAD .*{CONFIG}", "redirect", eve.url))
    assert refusal(hub, token=BOB)
    assert got_no_token(eve)


def test_an_upload_is_not_confirmed_at_another_host(hub: HubServer, eve: HubServer, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "mine")
    plan = plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url)
    there = f"{eve.url}/alice/it.git/info/lfs/verify".encode()
    here = f"{hub.url}/alice/it.git/info/lfs/verify".encode()
    hub.faults.append(Fault("/lfs/objects/batch", "bytes", lambda body: body.replace(here, there)))
    with pytest.raises(HubError, match=f"the Hub directs to {eve.url}, where the token may not be sent") as caught:
        push(plan, folder, ALICE)
    assert "\n" not in str(caught.value)
    assert eve.requests == []


def test_an_upload_to_another_host_carries_no_token(hub: HubServer, eve: HubServer, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "mine")
    plan = plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url)
    hub.storage = eve.url
    with pytest.raises(HubError):  # the Hub does not find there what was uploaded
        push(plan, folder, ALICE)
    assert eve.asked("PUT /storage")
    assert got_no_token(eve)


def test_a_token_for_one_hub_is_not_sent_to_another_one_named_before(hub: HubServer, eve: HubServer) -> None:
    client(BOB, eve.url)
    client(None, hub.url)
    with pytest.raises(HubError, match="where the token may not be sent"):
        get_session().get(f"{hub.url}/api/whoami-v2", headers={"Authorization": f"Bearer {BOB}"})
    assert hub.requests == []


def test_the_client_stays_bounded_after_a_connection_that_failed(hub: HubServer, eve: HubServer) -> None:
    with pytest.raises(HubError, match="cannot be reached"):
        whoami(BOB, "http://127.0.0.1:9")
    hub.add("bob/it", files())
    hub.faults.append(Fault("/api/models", "redirect", eve.url))
    assert "redirects to" in refusal(hub, token=BOB)


def test_only_the_hub_that_is_asked_is_reached(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    client(None)
    build_hf_headers(token=False)
    assert hub.requests == []  # without the bounded client it fetches a list of programs to recognise


@pytest.mark.parametrize("address", ["", "hub.example", "ftp://hub.example"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(HubError, match="is not the address of a Hub"):
        hub_client.guard(None, address)


# -- how much is taken -------------------------------------------------------------------------------------------


def test_a_listing_without_end_is_given_up_after_a_hundred_pages(hub: HubServer) -> None:
    hub.add("bob/it", files())
    numbers = itertools.count()

    def empty_page() -> dict[str, str]:
        return {"Link": f'<{hub.url}/api/models/bob/it/tree/main?cursor=999&n={next(numbers)}>; rel="next"'}

    hub.faults.append(Fault("/tree/", "headers", empty_page))
    assert "the Hub sent 100 pages of a list" in refusal(hub)
    assert hub.asked("/tree/") == 100


def test_a_page_that_names_itself_as_the_next_is_given_up_and_a_mended_hub_is_read_again(hub: HubServer) -> None:
    commit = hub.add("bob/it", files())
    link = {"Link": f'<{hub.url}/api/models/bob/it/tree/{commit}?recursive=True&cursor=999>; rel="next"'}
    hub.faults.append(Fault("/tree/", "headers", lambda: link))
    assert "the Hub sent 100 pages of a list" in refusal(hub)
    hub.faults.clear()
    with hub_step("listing", None):
        assert list(client(None, hub.url).list_repo_tree("bob/it", recursive=True))


def test_a_listing_of_a_gigabyte_is_refused_by_its_stated_size(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("/tree/", "headers", lambda: {"Content-Length": "1000000000"}))
    assert refusal(hub) == "the Hub sends an answer of 1,000,000,000 bytes; expected at most 16,777,216"


def test_a_listing_of_a_gigabyte_that_does_not_state_its_size_is_cut_off(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("/tree/", "endless", 1_000_000_000))
    assert refusal(hub) == "the Hub sent more than 16,777,216 bytes where it should not"
    assert hub.taken < 60_000_000  # what is on its way when the client hangs up


@pytest.mark.parametrize("path", ["GET /api/models/bob/it", "/tree/"])
@pytest.mark.parametrize("letter", [b"[", b'{"a":'])
def test_an_answer_that_is_nested_a_hundred_thousand_times_is_refused(hub: HubServer, path: str, letter: bytes) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault(path, "bytes", lambda body: letter * 100_000))
    assert refusal(hub) == ("pulling bob/it: the Hub sent an answer that is nested too deeply; check HF_ENDPOINT")


def test_a_compressed_answer_is_refused(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("/tree/", "headers", lambda: {"Content-Encoding": "gzip"}))
    assert "a compressed answer, which was not asked for" in refusal(hub)


@pytest.mark.parametrize("part", ["body", "headers"])
def test_a_server_that_drips_is_given_up_after_the_total_time(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(hub_client, "ANSWER_SECONDS", 1.0)
    hub.add("bob/it", files())
    hub.faults.append(Fault("/tree/", "drip", part))
    assert refusal(hub) == "the Hub did not finish its answer within 1 seconds; try again later"


def test_a_hub_that_asks_for_a_long_pause_is_not_waited_for(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("/tree/", "pause", 10**9))
    assert "asks to wait for more than five minutes" in refusal(hub)


# -- whether it is what was listed -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CONFIG, RECORD])
def test_a_small_file_with_another_git_hash_than_listed_is_refused(hub: HubServer, name: str) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault(f"GET .*{name}", "bytes", lambda body: body[:-1] + b" "))
    assert "the git hash does not match the listing" in refusal(hub)


def test_weights_without_a_pointer_are_compared_with_their_git_hash(hub: HubServer) -> None:
    hub.add("bob/it", files(), plain={WEIGHTS})
    hub.faults.append(Fault(f"GET .*{WEIGHTS}", "bytes", lambda body: body[:-1] + b"\x02"))
    assert "the git hash does not match the listing" in refusal(hub)


def test_a_file_that_is_listed_without_a_hash_is_not_fetched(hub: HubServer) -> None:
    hub.add("bob/it", {})
    hub.extra_entries = [
        {"type": "file", "path": name, "size": len(body), "oid": "none"} for name, body in files().items()
    ]
    assert "does not report the hash" in refusal(hub)


def test_a_file_that_grows_is_refused_by_its_stated_size(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault(f"GET .*{CONFIG}", "bytes", lambda body: body + b" " * 1000))
    assert "more than the listed" in refusal(hub)


# -- models ------------------------------------------------------------------------------------------------------


@pytest.fixture
def model(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HubServer:
    """A Hub with a model, which is the configured one; its cache is empty."""
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + template)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    monkeypatch.setenv("HF_TOKEN", BOB)
    hub.add("bob/model", {"config.json": b'{"a": 1}', "model.safetensors": b"weights" * 100})
    return hub


def no_model(hub: HubServer) -> str:
    with pytest.raises(ModelError) as caught:
        local_folder("bob/model", "model")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_model_is_fetched_and_hashed_once(model: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = local_folder("bob/model", "model")
    assert (folder / "model.safetensors").read_bytes() == b"weights" * 100
    checked = Path(constants.HF_HOME, "socrates", "checked")
    assert len(list(checked.iterdir())) == 2
    monkeypatch.setattr("socrates_core.model.folder.named_by_hash", lambda path: pytest.fail(f"{path} is hashed again"))
    assert local_folder("bob/model", "model") == folder
    assert {token for method, path, token in model.requests if "/storage/" not in path} == {BOB}
    assert {token for method, path, token in model.requests if "/storage/" in path} == {None}


def test_a_model_with_other_bytes_than_its_hash_says_is_removed_and_fetched_anew(model: HubServer) -> None:
    model.faults.append(Fault("GET /storage", "bytes", lambda body: body[::-1], 1))
    assert no_model(model) == (
        "model.safetensors of the model bob/model did not have the hash that the Hub states, and was removed from the "
        "cache; run the same command to fetch it again"
    )
    assert (local_folder("bob/model", "model") / "model.safetensors").read_bytes() == b"weights" * 100


def test_a_model_changed_in_the_cache_is_noticed(model: HubServer) -> None:
    path = local_folder("bob/model", "model") / "config.json"
    path.resolve().write_bytes(b'{"a": 2}')
    assert "did not have the hash" in no_model(model)


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        ("redirect", "http://localhost:9", "redirects to http://localhost:9"),
        ("endless", 100_000_000, "more than 16,777,216 bytes"),
        ("bytes", lambda body: b"[" * 100_000, "invalid answer"),
        ("bytes", lambda body: b"[]", "invalid answer"),
        ("bytes", lambda body: b"<html>", "invalid answer"),
    ],
)
def test_a_hub_that_misbehaves_over_a_model_ends_in_one_line(
    model: HubServer, fault: str, value: object, said: str
) -> None:
    model.faults.append(Fault("/api/models", fault, value))
    told = no_model(model)
    assert told.startswith("the model bob/model cannot be fetched: the Hub")
    assert said in told


@pytest.mark.parametrize("header", ["ETag", "X-Linked-Etag", "X-Repo-Commit"])
@pytest.mark.parametrize("way", ["{}", "../../../../{}", "..", "W/..", "C:\\{}", "a" * 300])
def test_a_hash_that_is_a_path_reaches_no_file_outside_of_the_cache(
    model: HubServer, tmp_path: Path, header: str, way: str
) -> None:
    # the library keeps a file below blobs/ by its hash, whatever that is; one that does not fit its bytes is deleted
    (tmp_path / "thesis.docx").write_text("mine")
    model.faults.append(Fault("HEAD ", "headers", lambda: {header: f'"{way.format(tmp_path / "thesis.docx")}"'}))
    assert "which could be written outside of the cache" in no_model(model)
    assert (tmp_path / "thesis.docx").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "home", "thesis.docx"]


def test_a_file_that_is_not_there_is_noted_in_the_cache_alone(model: HubServer, tmp_path: Path) -> None:
    # the library notes that a commit lacks a file, by the commit that the error names
    model.extra_entries = [{"type": "file", "path": "gone.json", "size": 1, "oid": "0" * 40}]
    model.faults.append(Fault("HEAD .*gone", "headers", lambda: {"X-Repo-Commit": f"{tmp_path}/evil"}))
    assert "which could be written outside of the cache" in no_model(model)
    assert list(tmp_path.glob("evil*")) == []


def test_the_page_of_an_error_may_have_any_etag(hub: HubServer) -> None:
    hub.add("bob/it", files(), gated=True)
    hub.faults.append(Fault("HEAD ", "headers", lambda: {"ETag": 'W/"29-a/b+c=="'}))
    assert "bob/it is gated" in refusal(hub)


@pytest.mark.parametrize("way", ["{}", "../../../../{}", "C:\\\\{}", "a/../../{}"])
def test_a_commit_that_is_a_path_is_not_asked_for(model: HubServer, tmp_path: Path, way: str) -> None:
    said = way.format(tmp_path / "evil").encode()
    commit = model.head("bob/model").oid.encode()
    model.faults.append(Fault("GET /api/models/bob/model", "bytes", lambda body: body.replace(commit, said)))
    assert "is no commit, branch or tag, and could be written outside of the cache" in no_model(model)
    assert model.asked("tree|resolve") == 0
    assert list(tmp_path.glob("evil*")) == []
