from typing import Any

import pytest

from socrates_core.hub.pull import transfer
from socrates_core.hub.pull.retrieval import pull
from socrates_core.study import hub_client
from tests.hub.adapters import CONFIG, WEIGHTS, as_json, config, files, record, safetensors, shapes
from tests.hub.pulling import refusal
from tests.servers.hub_server import Fault, HubServer


def evil(**changes: Any) -> dict[str, bytes]:
    return files(config=as_json(config(**changes)), record=None)


PICKLES = {"adapter_model.bin": b"x", "optimizer.pt": b"y", CONFIG: as_json(config())}
HOSTILE: dict[str, tuple[dict[str, bytes], str]] = {
    "empty": ({}, "holds no adapter"),
    "pickles alone": (PICKLES, "loading these can execute code"),
    "no description": (files(config=None), "no adapter_config.json"),
    "a whole model": ({"model.safetensors": b"x", "config.json": b"{}"}, "load it with --model bob/it"),
    "an adapter further down": (
        {f"last/{name}": body for name, body in files().items()},
        "has its adapter in last/adapter_model.safetensors",
    ),
    "code in the description": (evil(auto_mapping={"parent_library": "os"}), "auto_mapping"),
    "another kind": (evil(peft_type="LOHA"), "expected LORA"),
    "a rank that is none": (evil(r=10**9), "expected a whole number"),
    "rank and weights apart": (evil(r=4), "expected (4, in)"),
    "targets and weights apart": (evil(target_modules=["k_proj"]), "not among the targets"),
    "a base of one machine": (evil(base_model_name_or_path="/etc"), "others cannot load a local folder"),
    "no base": (evil(base_model_name_or_path=None), "does not name the base"),
    "no json": (files(config=b"{"), "JSON"),
    "a record with code": (files(record=as_json(record(run="os.system"))), "run: there is no such key"),
    "an unknown template": (files(record=as_json(record(template="jailbreak"))), "jailbreak"),
    "weights that are a pickle": (files(weights=b"\x80\x04cos\nsystem\n" * 9), "its header claims"),
    "weights that are cut off": (files(weights=safetensors()[:-1]), "cut off"),
    "weights with more behind": (files(weights=safetensors() + b"\x00"), "more than its tensors"),
    "weights of integers": (files(weights=safetensors(dtype="I64")), "data type"),
    "weights of the base": (files(weights=safetensors({**shapes(), "lm_head.weight": (2, 2)})), "not the LoRA matrix"),
    "a description of ten megabytes": (files(config=b" " * 10_000_000), "expected a few thousand"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_repository_is_refused_by_name_of_the_reason(hub: HubServer, case: str) -> None:
    content, said = HOSTILE[case]
    hub.add("bob/it", content)
    assert said in refusal(hub)


def test_weights_are_not_fetched_for_a_description_that_is_refused(hub: HubServer) -> None:
    hub.add("bob/it", evil(peft_type="LOHA"))
    refusal(hub)
    assert hub.asked("safetensors") == 0


OUTSIDE = (
    *("../evil.py", "/etc/passwd", "a/../../b", "..", "./a", "a\\b", "C:\\x", ".git/config", "a/.git/hooks/x"),
    *("a\x00b", "a\nb", "a\u202etxt.exe", "x/" * 60 + "y", "n" * 2000),
)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_name_that_leads_out_of_its_folder_is_refused(hub: HubServer, path: str) -> None:
    hub.add("bob/it", files())
    hub.extra_entries = [{"type": "file", "path": path, "size": 1, "oid": "0" * 40}]
    assert "could be written outside" in refusal(hub)
    assert hub.asked("resolve|storage") == 0


def test_a_repository_of_endless_files_is_refused(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.hub_requests.PAGE", 5000)
    hub.add("bob/it", files())
    hub.extra_entries = [{"type": "file", "path": f"f{n}", "size": 1, "oid": "0" * 40} for n in range(10_001)]
    assert "more than 10,000 files" in refusal(hub)


def test_an_adapter_above_the_cap_is_refused_before_it_is_fetched(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("bob/it", files())
    monkeypatch.setenv("SOCRATES_ADAPTER_MAX_GB", "0.000001")
    assert "SOCRATES_ADAPTER_MAX_GB" in refusal(hub)
    assert hub.asked("resolve|storage") == 0
    monkeypatch.setenv("SOCRATES_ADAPTER_MAX_GB", "lots")
    assert "a number above 0" in refusal(hub)


def test_more_bytes_than_were_listed_are_cut_off(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("GET /storage", "bytes", lambda body: body + b"x" * 10_000_000))
    assert "more than the listed" in refusal(hub)


def test_bytes_that_are_others_than_the_pointer_says_are_refused(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("GET /storage", "bytes", lambda body: body[:-1] + b"\x02"))
    assert "sha256 does not match the listing" in refusal(hub)


def test_a_pointer_that_changes_between_list_and_offer_is_refused(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("HEAD .*safetensors", "etag", '"' + "0" * 64 + '"'))
    assert "the sha256 of the server differs" in refusal(hub)


def test_a_pointer_of_another_size_than_its_entry_is_refused(hub: HubServer) -> None:
    hub.add("bob/it", {name: body for name, body in files().items() if name != WEIGHTS})
    lfs = {"oid": "a" * 64, "size": 10**15, "pointerSize": 134}
    hub.extra_entries = [{"type": "file", "path": WEIGHTS, "size": 10, "oid": "0" * 40, "lfs": lfs}]
    assert "pointer" in refusal(hub)


@pytest.mark.parametrize("times", [1, 3, 10**9])
def test_a_transfer_that_breaks_off_is_taken_up_again_and_given_up_in_the_end(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(transfer, "PAUSE", 0.0)
    weights = safetensors(shapes(width=200_000))
    hub.add("bob/it", files(weights=weights))
    hub.faults.append(Fault("GET /storage", "truncate", 0.5, times))
    if times == 1:
        found = pull("bob/it", endpoint=hub.url)
        assert (found.folder / WEIGHTS).read_bytes() == weights
        assert hub.asked("GET /storage") == 2
    elif times > 3:
        hub.faults[0].value = 0
        assert "0 of" in refusal(hub)
    else:
        pull("bob/it", endpoint=hub.url)


def test_a_server_that_does_not_answer_is_given_up(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    monkeypatch.setattr(hub_client, "TIMEOUT", httpx2.Timeout(0.3))
    hub.add("bob/it", files())
    hub.faults.append(Fault("/api/models", "stall", 2, 1))
    assert "did not answer in time" in refusal(hub)


def test_a_transfer_that_trickles_is_given_up(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_client, "ANSWER_SECONDS", 1.0)
    hub.add("bob/it", files())
    hub.faults.append(Fault("GET /storage", "drip", "body"))
    assert refusal(hub) == "the Hub did not finish its answer within 1 seconds; try again later"


def test_an_answer_that_is_no_hub_is_named(hub: HubServer) -> None:
    hub.add("bob/it", files())
    hub.faults.append(Fault("/api/models", "bytes", lambda body: b"<html>hello</html>"))
    assert refusal(hub).startswith("pulling bob/it: the Hub rejected the request or sent an invalid response")
