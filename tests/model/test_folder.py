"""Which model of the Hub a folder holds, and which adapters fit it."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from socrates_core.errors import ModelError
from socrates_core.model.fit import base_match, check_base
from socrates_core.model.folder import DEMO_BASE, Origin, origin_of, weights_digest
from tests.model.folders import record

QWEN = "Qwen/Qwen2.5-14B-Instruct"
FIRST, SECOND = "a" * 40, "b" * 40


def folder(root: Path, *, config: object = None, of: str | None = None, commit: str | None = None) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (root / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if of is not None:
        record(base=of, base_revision=commit).save(root)
    elif commit is not None:
        note = root / ".cache" / "huggingface" / "download" / "config.json.metadata"
        note.parent.mkdir(parents=True)
        note.write_text(f"{commit}\netag\n1.0\n")
    return root


def test_the_demo_model_is_known_wherever_it_is_called_from() -> None:
    assert origin_of(DEMO_BASE) == Origin("demo", None)


def test_the_hubs_cache_says_what_a_snapshot_is(tmp_path: Path) -> None:
    snapshot = folder(tmp_path / "models--Qwen--Qwen2.5-14B-Instruct" / "snapshots" / FIRST)
    assert origin_of(snapshot) == Origin(QWEN, FIRST)


@pytest.mark.parametrize(
    ("config", "of", "commit", "origin"),
    [
        (None, None, None, Origin(None, None)),
        ({"model_type": "qwen2"}, None, None, Origin(None, None)),
        ({"_name_or_path": QWEN}, None, None, Origin(None, None)),  # a fine-tune of it says so too
        ("{", None, None, Origin(None, None)),
        ("[1]", None, None, Origin(None, None)),
        ({}, None, FIRST, Origin(None, FIRST)),  # filled by the Hub's client
        ({}, None, "main", Origin(None, None)),
        ({}, QWEN, SECOND, Origin(QWEN, SECOND)),  # its own record comes first
    ],
)
def test_other_folders_are_what_they_say(
    tmp_path: Path, config: object, of: str | None, commit: str | None, origin: Origin
) -> None:
    assert origin_of(folder(tmp_path / "model", config=config, of=of, commit=commit)) == origin


@pytest.mark.parametrize(
    ("origin", "base", "revision"),
    [
        (Origin(None, None), None, None),  # trained on a folder: tokenizer and shapes decide
        (Origin("other/model", FIRST), None, None),
        (Origin(QWEN, FIRST), QWEN, FIRST),
        (Origin(QWEN, None), QWEN, FIRST),
        (Origin(QWEN, FIRST), QWEN, None),
        (Origin(QWEN, FIRST), QWEN, "main"),  # a branch says nothing of the commit
        (Origin(None, FIRST), QWEN, FIRST),  # a commit is enough
        (Origin("demo", None), "demo", None),
    ],
)
def test_an_adapter_fits_the_base_that_it_names(origin: Origin, base: str | None, revision: str | None) -> None:
    check_base("model", origin, "adapter", record(base=base, base_revision=revision))


@pytest.mark.parametrize(
    ("origin", "base", "revision", "message"),
    [
        (
            Origin("other/model", None),
            QWEN,
            None,
            f"trained on {QWEN} and does not fit the model m, which contains other",
        ),
        (Origin("demo", None), QWEN, None, "does not fit the model m, which contains demo"),
        (Origin(QWEN, None), "demo", None, "was trained on demo and does not fit"),
        (Origin(QWEN, SECOND), QWEN, FIRST, f"at revision {FIRST}, but the model m is at {SECOND}; load --model .*@a"),
        (Origin(None, None), QWEN, FIRST, "nothing in its folder identifies the model"),
        (Origin(None, SECOND), QWEN, FIRST, "nothing in its folder identifies the model"),
    ],
)
def test_an_adapter_for_another_base_is_refused_and_both_are_named(
    origin: Origin, base: str, revision: str | None, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        check_base("m", origin, "adapter", record(base=base, base_revision=revision))


def test_an_adapter_without_a_record_is_not_held_to_a_base() -> None:
    check_base("m", Origin(None, None), "adapter", None)


@pytest.mark.parametrize(
    ("named", "hub_id", "match"),
    [
        (QWEN, QWEN, "same"),
        ("demo", "demo", "same"),
        ("unsloth/Qwen2.5-14B-Instruct-bnb-4bit", QWEN, "twin"),
        ("unsloth/Qwen2.5-14B-Instruct-unsloth-bnb-4bit", QWEN, "twin"),
        ("Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4", QWEN, "twin"),
        ("Qwen/Qwen2.5-14B-Instruct-AWQ", QWEN, "twin"),
        ("unsloth/llama-3-8b-Instruct-bnb-4bit", "meta-llama/Meta-Llama-3-8B-Instruct", "twin"),
        (None, QWEN, "unknown"),
        ("", QWEN, "unknown"),
        ("/home/somebody/models/qwen", QWEN, "unknown"),
        ("./qwen", QWEN, "unknown"),
        (QWEN, None, "unknown"),  # a folder that does not record which model it contains
        ("Qwen/Qwen2.5-7B-Instruct", QWEN, "another"),
        ("Qwen/Qwen2.5-14B", QWEN, "another"),
        ("unsloth/Qwen2.5-7B-Instruct-bnb-4bit", QWEN, "another"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistralai/Mistral-7B-Instruct-v0.1", "another"),
        ("demo", QWEN, "another"),
    ],
)
def test_the_base_that_an_adapter_names_is_compared_with_the_model(
    tmp_path: Path, named: str | None, hub_id: str | None, match: str
) -> None:
    assert base_match(named, None, tmp_path, Origin(hub_id, None)) == match


def test_a_base_named_by_its_folder_is_that_folder(tmp_path: Path) -> None:
    assert base_match(str(tmp_path), None, tmp_path, Origin(None, None)) == "same"


def test_two_commits_of_one_model_are_two_models(tmp_path: Path) -> None:
    assert base_match(QWEN, FIRST, tmp_path, Origin(QWEN, FIRST)) == "same"
    assert base_match(QWEN, FIRST, tmp_path, Origin(QWEN, SECOND)) == "another"


def test_a_digest_of_weights_survives_other_file_names_and_notices_a_training_step(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(60_000.0).reshape(300, 200), "b": torch.ones(3)}
    one, shared_out, trained = tmp_path / "one", tmp_path / "shared", tmp_path / "trained"
    for each in (one, shared_out, trained):
        each.mkdir()
    save_file(tensors, one / "model.safetensors")
    for name in tensors:
        save_file({name: tensors[name]}, shared_out / f"model-{name}.safetensors")
    index = {"weight_map": {name: f"model-{name}.safetensors" for name in tensors}}
    (shared_out / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({**tensors, "a": tensors["a"] * 1.001}, trained / "model.safetensors")
    assert weights_digest(one) == weights_digest(shared_out)
    assert weights_digest(one) != weights_digest(trained)
    assert weights_digest(tmp_path) is None


def test_damaged_weights_have_no_digest(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be read"):
        weights_digest(tmp_path)


def test_the_weights_of_the_base_decide_before_its_name() -> None:
    adapter = record(base=QWEN, base_revision=FIRST, base_weights="c" * 64)
    check_base("folder", Origin(None, None), "adapter", adapter, lambda: "c" * 64)
    with pytest.raises(
        ModelError, match=f"was trained on {QWEN} and does not fit the model m, whose weights are others"
    ):
        check_base("m", Origin(QWEN, FIRST), "adapter", adapter, lambda: "d" * 64)
    with pytest.raises(ModelError, match="nothing in its folder identifies the model"):
        check_base("m", Origin(None, None), "adapter", adapter)  # weights that are not here yet
