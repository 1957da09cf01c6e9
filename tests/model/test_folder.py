"""Which model of the Hub a folder holds, and which adapters fit it."""

import json
from pathlib import Path

import pytest

from socrates_core.errors import ModelError
from socrates_core.model.fit import check_base
from socrates_core.model.folder import DEMO_BASE, Origin, origin_of
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
