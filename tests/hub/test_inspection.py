import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socrates_core.errors import HubError
from socrates_core.hub.inspection import FILES, inspect, read_config
from socrates_core.model.folder import DEMO_ADAPTER
from socrates_core.model.record import CALIBRATION
from tests.hub.adapters import (
    BASE,
    CONFIG,
    RECORD,
    REVISION,
    WEIGHTS,
    as_json,
    config,
    files,
    record,
    safetensors,
    shapes,
    write_adapter,
)

A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = A.replace("lora_A", "lora_B")


def refusal(folder: Path, **changes: bytes | None) -> str:
    with pytest.raises(HubError) as caught:
        inspect(write_adapter(folder, **changes))
    return str(caught.value)


def test_a_whole_adapter_says_what_it_is(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path))
    assert (found.config.rank, found.config.alpha, found.config.targets) == (2, 32.0, ("q_proj", "v_proj"))
    assert (found.config.base, found.config.base_revision) == (BASE, REVISION)
    assert found.parameters == 4 * 2 * 2 * 8
    assert found.record is not None
    assert found.record.trained_on == ("326nv", "3muqx")


def test_an_adapter_of_another_program_has_no_record(tmp_path: Path) -> None:
    assert inspect(write_adapter(tmp_path, record=None)).record is None


def test_what_peft_writes_is_what_the_tests_write(tmp_path: Path) -> None:
    import json

    from peft import LoraConfig

    LoraConfig(r=2, lora_alpha=32, lora_dropout=0.05, target_modules=["q_proj"], task_type="CAUSAL_LM").save_pretrained(
        tmp_path
    )
    written = json.loads((tmp_path / "adapter_config.json").read_text("utf-8"))
    assert set(written) == set(config())
    assert read_config({**written, "base_model_name_or_path": BASE}).rank == 2


def test_the_bundled_adapter_could_be_pushed_and_says_briefly_what_it_changes() -> None:
    found = inspect(DEMO_ADAPTER)
    assert found.record is not None
    assert found.config.changes == "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj of layers 0 to 3"


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (["v_proj", "q_proj"], "q_proj, v_proj"),
        (["model.layers.2.self_attn.q_proj"], "q_proj of layer 2"),
        (["layers.0.mlp.up_proj", "layers.1.mlp.up_proj"], "up_proj of layers 0 to 1"),
        (["layers.0.mlp.up_proj", "layers.2.mlp.up_proj"], "layers.0.mlp.up_proj, layers.2.mlp.up_proj"),
        (["layers.0.mlp.up_proj", "layers.1.mlp.down_proj"], "layers.0.mlp.up_proj, layers.1.mlp.down_proj"),
        (["layers.0.mlp.up_proj", "q_proj"], "layers.0.mlp.up_proj, q_proj"),
    ],
)
def test_targets_are_told_by_kind_and_layers_where_they_fill_a_range_of_layers(targets: list[str], told: str) -> None:
    assert read_config(config(target_modules=targets)).changes == told


def test_what_the_trainer_names_is_what_is_pushed() -> None:
    from socrates_core.finetune.adapter import ADAPTER_FILES

    assert {*ADAPTER_FILES, CALIBRATION, "README.md"} == set(FILES)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"peft_type": "IA3"}, "expected LORA"),
        ({"peft_type": ...}, "peft_type is missing"),
        ({"task_type": None}, "expected CAUSAL_LM"),
        ({"task_type": "SEQ_CLS"}, "expected CAUSAL_LM"),
        ({"r": 0}, "from 1 to"),
        ({"r": 100_000}, "from 1 to"),
        ({"r": True}, "from 1 to"),
        ({"r": 2.0}, "from 1 to"),
        ({"r": "2"}, "from 1 to"),
        ({"r": ...}, "r is missing"),
        ({"lora_alpha": 0}, "above 0"),
        ({"lora_alpha": 1e300}, "above 0"),
        ({"lora_dropout": 1}, "below 1"),
        ({"target_modules": "all-linear"}, "plain module names"),
        ({"target_modules": "(a+)+$"}, "plain module names"),
        ({"target_modules": []}, "plain module names"),
        ({"target_modules": ["q_proj", "../x"]}, "plain module names"),
        ({"target_modules": [["q_proj"]]}, "plain module names"),
        ({"target_modules": ["q_proj"] * 300}, "plain module names"),
        ({"auto_mapping": {"base_model_class": "X", "parent_library": "os"}}, "auto_mapping"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"rank_pattern": {"q_proj": 900}}, "rank_pattern"),
        ({"alpha_pattern": {"q_proj": 900}}, "alpha_pattern"),
        ({"layers_to_transform": [0]}, "layers_to_transform"),
        ({"layer_replication": [[0, 1]]}, "layer_replication"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"target_parameters": ["w"]}, "target_parameters"),
        ({"use_dora": True}, "use_dora"),
        ({"use_qalora": True}, "use_qalora"),
        ({"bias": "all"}, "expected none"),
        ({"lora_bias": True}, "lora_bias"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"init_lora_weights": 1}, "init_lora_weights"),
        ({"megatron_config": {"a": 1}}, "megatron_config"),
        ({"megatron_core": "os"}, "megatron_core"),
        ({"loftq_config": {"bits": 4}}, "loftq_config"),
        ({"trust_remote_code": True}, "trust_remote_code"),
        ({"custom_code": "import os"}, "custom_code"),
        ({"base_model_name_or_path": None}, "does not name the base"),
        ({"base_model_name_or_path": ""}, "does not name the base"),
        ({"base_model_name_or_path": 7}, "Hub id"),
        ({"base_model_name_or_path": "/home/me/qwen"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "./qwen"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "../evil/qwen"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "C:\\models\\qwen"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "~/qwen"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "http://evil/x"}, "others cannot load a local folder"),
        ({"base_model_name_or_path": "qwen"}, "others cannot load a local folder"),
        ({"revision": "../../x"}, "revision"),
        ({"revision": "x\n---\n"}, "revision"),
        ({"peft_version": "x" * 100}, "peft_version"),
    ],
)
def test_a_description_that_says_more_than_a_plain_lora_needs_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    said = refusal(tmp_path, config=as_json(config(**changes)), record=None)
    assert said.startswith("adapter_config.json: ")
    assert reason in said


@pytest.mark.parametrize(
    "changes",
    [
        {"future_setting": None},
        {"future_setting": False},
        {"megatron_core": ...},
        {"use_rslora": True},
        {"init_lora_weights": "gaussian"},
        {"lora_alpha": 0.5, "lora_dropout": 0},
        {"revision": None},
        {"base_model_name_or_path": "demo", "revision": None},
        {"target_modules": ["self_attn.q_proj", "v_proj"]},
    ],
)
def test_what_changes_nothing_is_let_pass(tmp_path: Path, changes: dict[str, Any]) -> None:
    inspect(write_adapter(tmp_path, config=as_json(config(**changes)), record=None))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"r": 1, "r": 2}', b"[" * 300_000, b'{"r": NaN}'])
@pytest.mark.parametrize("file", ["config", "record"])
def test_a_description_that_is_no_json_object_is_refused(tmp_path: Path, file: str, body: bytes) -> None:
    assert "JSON" in refusal(tmp_path, **{file: body})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"template": "mine"}, "mine"),
        ({"template": 3}, "template"),
        ({"template": ...}, "template"),
        ({"tokenizer": "x"}, "tokenizer"),
        ({"tokenizer": ...}, "tokenizer"),
        ({"trained_on": "abc"}, "trained_on"),
        ({"trained_on": [1]}, "trained_on"),
        ({"trained_on": ...}, "trained_on"),
        ({"split": "../x"}, "split"),
        ({"demo": "yes"}, "demo"),
        ({"demo": 1}, "demo"),
        ({"training": [1]}, "training"),
        ({"code": "import os"}, "code"),
        ({"base": "meta-llama/Llama-3.1-8B"}, "must match"),
        ({"base_revision": "f" * 40}, "must match"),
        ({"base": 7}, "base"),
    ],
)
def test_a_record_that_cannot_be_trusted_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    said = refusal(tmp_path, record=as_json(record(**changes)))
    assert RECORD in said
    assert reason in said


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({}, "no tensors"),
        ({"model.embed_tokens.weight": (2, 8)}, "not the LoRA matrix"),
        ({A: (2, 8), B: (8, 2), "base_model.model.lm_head.weight": (9, 9)}, "not the LoRA matrix"),
        ({A.replace("lora_A.weight", "lora_magnitude_vector"): (2,)}, "not the LoRA matrix"),
        ({A.replace("lora_A.weight", "lora_A.bias"): (2,)}, "not the LoRA matrix"),
        ({A.replace("lora_A", "lora_embedding_A"): (2, 8)}, "not the LoRA matrix"),
        ({"../" + A: (2, 8)}, "not the LoRA matrix"),
        ({A.replace("q_proj", "k_proj"): (2, 8)}, "not among the targets"),
        ({A.replace("q_proj", "xq_proj"): (2, 8)}, "not among the targets"),
        ({A: (2, 8)}, "no matrix B"),
        ({B: (8, 2)}, "no matrix A"),
        ({A: (3, 8), B: (8, 3)}, "expected (2, in)"),
        ({A: (2, 8), B: (2, 8)}, "expected (2, in)"),
        ({A: (16,), B: (8, 2)}, "expected (2, in)"),
        ({A: (2, 4, 2), B: (8, 2)}, "expected (2, in)"),
        ({A: (2, 0), B: (8, 2)}, "expected (2, in)"),
        ({A: (2, 8), B: (8, 2)}, "nothing for the target v_proj"),
    ],
)
def test_weights_that_are_not_those_of_the_description_are_refused(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]], reason: str
) -> None:
    said = refusal(tmp_path, weights=safetensors(tensors))
    assert said.startswith("adapter_model.safetensors: ")
    assert reason in said


@pytest.mark.parametrize("missing", ["weights", "config"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    assert "is missing" in refusal(tmp_path, **{missing: None})


def test_a_large_adapter_of_many_layers_is_read(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, weights=safetensors(shapes(layers=200), dtype="BF16"))
    assert inspect(folder).parameters == 200 * 2 * 2 * 16


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except HubError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(
    file=st.sampled_from(("weights", "config", "record")),
    place=st.floats(0, 1, exclude_max=True),
    put=st.binary(max_size=6),
    cut=st.integers(0, 8),
)
def test_whatever_is_changed_in_a_file_it_is_read_or_refused_in_words(
    file: str, place: float, put: bytes, cut: int
) -> None:
    whole = files()[{"weights": WEIGHTS, "config": CONFIG, "record": RECORD}[file]]
    at = int(place * len(whole))
    with tempfile.TemporaryDirectory() as folder:
        write_adapter(Path(folder), **{file: whole[:at] + put + whole[at + cut :]})
        found = outcome(lambda: inspect(Path(folder)))
    if isinstance(found, HubError):
        assert len(str(found)) < 1000
    else:
        assert (found.config.rank, found.parameters) == (2, 128)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from(sorted(config())) | st.text(max_size=10), value=JSON)
def test_whatever_stands_in_the_description_it_is_read_or_refused_in_words(key: str, value: Any) -> None:
    found = outcome(lambda: read_config({**config(), key: value}))
    assert not isinstance(found, HubError) or str(found).startswith(f"{CONFIG}: ")


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from(sorted(record())) | st.text(max_size=10), value=JSON)
def test_whatever_stands_in_the_record_it_is_read_or_refused_in_words(key: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_adapter(Path(folder), record=as_json({**record(), key: value}))
        found = outcome(lambda: inspect(Path(folder)))
    assert not isinstance(found, HubError) or RECORD in str(found) or CONFIG in str(found)
