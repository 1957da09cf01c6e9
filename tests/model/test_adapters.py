"""Several adapters on one loaded network: each answers as it does alone, in any order, from any thread."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from socrates_core.errors import ModelError
from socrates_core.model.adapters import CONFIG, WEIGHTS
from socrates_core.model.loading import load_model
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.model.folders import adapter_folder, base_folder, record

SEVEN = Cell(1, "s", 1, 1, "Only return an integer from 1 to 7.", AnswerScale(tuple(range(1, 8))))
ELEVEN = Cell(2, "s", 1, 2, "Only return an integer from 0 to 10.", AnswerScale(tuple(range(11))))
PEOPLE = [{"age": age} for age in (20, 45, 70)]
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base and some adapters for it."""
    root = tmp_path_factory.mktemp("models")
    base_folder(root / "base")
    adapter_folder(root / "a", seed=1, of=record(trained_on=("x",)))
    adapter_folder(root / "b", seed=2, targets=ALL)
    adapter_folder(root / "alpaca", seed=3, of=record(template="alpaca", trained_on=("y",)))
    adapter_folder(root / "dora", seed=4, use_dora=True)
    adapter_folder(root / "norm", seed=5, modules_to_save=["norm"])
    return root


def load(root: Path, adapter: str | None = None, **options: Any) -> TransformerModel:
    model = load_model(str(root / "base"), str(root / adapter) if adapter else None, **options)
    assert isinstance(model, TransformerModel)
    return model


def probs(model: TransformerModel, cell: Cell = SEVEN) -> np.ndarray:
    return model.answer_distributions(cell, PEOPLE).probs


def same(value: np.ndarray) -> Any:
    return pytest.approx(value, abs=1e-6)


@pytest.fixture(scope="module")
def alone(place: Path) -> dict[str | None, np.ndarray]:
    """What each gives when it is loaded by itself."""
    return {name: probs(load(place, name)) for name in (None, "a", "b", "dora", "norm")}


def test_views_of_one_network_answer_as_models_loaded_alone_in_any_order(
    place: Path, alone: dict[str | None, np.ndarray]
) -> None:
    base = load(place)
    views = {None: base, **{name: base.with_adapter(str(place / name)) for name in ("a", "b", "dora", "norm")}}
    assert len({id(view.network) for view in views.values()}) == 1
    for name in ("a", None, "b", "a", "norm", "dora", None, "norm", "b", "dora", "a", None):
        assert probs(views[name]) == same(alone[name]), name
    different = [alone[name] for name in alone]
    for one, other in pairwise(different):
        assert np.abs(one - other).max() > 1e-3


def test_views_say_what_they_are(place: Path) -> None:
    a = load(place, "a")
    alpaca = a.with_adapter(str(place / "alpaca"))
    assert (a.description.adapter, a.template, a.description.trained_on) == (str(place / "a"), "shared", {"x"})
    assert (alpaca.template, alpaca.description.trained_on) == ("alpaca", {"y"})
    assert alpaca.description.name == a.description.name == str(place / "base")
    assert (a.base_model().description.adapter, a.base_model().description.trained_on) == (None, frozenset())
    # this base records no template: it is asked in the words of the view that it stands beside
    assert (a.base_model().template, alpaca.base_model().template) == ("shared", "alpaca")


def test_threads_that_ask_different_views_get_what_each_gives_alone(
    place: Path, alone: dict[str | None, np.ndarray]
) -> None:
    base = load(place)
    views = {None: base, "a": base.with_adapter(str(place / "a")), "b": base.with_adapter(str(place / "b"))}
    start = threading.Barrier(6)

    def ask(name: str | None) -> list[np.ndarray]:
        start.wait()
        return [probs(views[name]) for _ in range(4)]

    with ThreadPoolExecutor(6) as pool:
        asked = [(name, pool.submit(ask, name)) for name in (None, "a", "b", "b", "a", None)]
        for name, answers in asked:
            for answer in answers.result():
                assert answer == same(alone[name])


def test_one_adapter_under_two_names_is_loaded_once_and_leaves_with_its_last_view(
    place: Path, tmp_path: Path, alone: dict[str | None, np.ndarray]
) -> None:
    copy = shutil.copytree(place / "a", tmp_path / "copy")
    base = load(place)
    weights = sum(parameter.numel() for parameter in base.network.parameters())
    first, second = base.with_adapter(str(place / "a")), base.with_adapter(str(copy))
    assert first.adapter_key == second.adapter_key
    assert len(base.shared.adapters) == 1
    first.release()
    first.release()
    assert probs(second) == same(alone["a"])
    with pytest.raises(ModelError, match="was released"):
        probs(first)
    other = base.with_adapter(str(place / "b"))
    second.release()
    assert len(base.shared.adapters) == 1
    assert probs(other) == same(alone["b"])
    assert probs(base) == same(alone[None])
    other.release()
    assert len(base.shared.adapters) == 0
    assert sum(parameter.numel() for parameter in base.network.parameters()) == weights
    assert probs(base) == same(alone[None])
    assert probs(base.with_adapter(str(place / "norm"))) == same(alone["norm"])


def test_a_folder_whose_content_changes_holds_another_adapter(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "a", tmp_path / "adapter")
    base = load(place)
    before = base.with_adapter(str(folder))
    old = probs(before)
    weights = {name: 2 * tensor for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    after = base.with_adapter(str(folder))
    assert after.adapter_key != before.adapter_key
    assert np.abs(probs(after) - old).max() > 1e-3
    assert probs(before) == same(old)


def test_the_same_weights_at_another_strength_are_another_adapter(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "a", tmp_path / "adapter")
    settings = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**settings, "lora_alpha": 4 * settings["lora_alpha"]}))
    base = load(place)
    weak, strong = base.with_adapter(str(place / "a")), base.with_adapter(str(folder))
    assert np.abs(probs(weak) - probs(strong)).max() > 1e-3


# -- what is refused, and leaves the others as they were


def edit_config(**settings: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        raw = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps({**raw, **settings}))

    return edit


def edit_weights(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Path], None]:
    return lambda folder: save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS)


def as_pickle(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "adapter_model.bin")
    (folder / WEIGHTS).rename(folder / "other.safetensors")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "prompt tuning": (edit_config(peft_type="PROMPT_TUNING"), "kind PROMPT_TUNING; only LoRA"),
    "changed biases": (edit_config(bias="all"), "bias: all"),
    "repeated layers": (edit_config(layer_replication=[[0, 1]]), "layer_replication"),
    "a base without its main part": (edit_config(init_lora_weights="pissa"), "init_lora_weights: pissa"),
    "another rank": (edit_config(r=3), "does not fit the model"),
    "no such module": (edit_config(target_modules=["c_attn"]), "does not fit the model"),
    "broken settings": (lambda folder: (folder / CONFIG).write_text("{") and None, "cannot be read"),
    "no settings": (lambda folder: (folder / CONFIG).unlink(), "has no adapter_config.json"),
    "pickled weights": (as_pickle, r"no adapter_model.safetensors weights .*adapter_model.bin"),
    "damaged weights": (lambda folder: (folder / WEIGHTS).write_bytes(b"nothing") and None, "is damaged"),
    "a matrix missing": (edit_weights(lambda all_: dict(list(all_.items())[1:])), "missing or unexpected, such as"),
    "a matrix too many": (
        edit_weights(lambda all_: {**all_, "base_model.model.model.layers.9.mlp.up_proj.lora_A.weight": torch.ones(2)}),
        "missing or unexpected, such as .*layers.9",
    ),
    "weights of the base": (
        edit_weights(lambda all_: {**all_, "base_model.model.model.embed_tokens.weight": torch.ones(2)}),
        "contains weights of its base",
    ),
}


@pytest.mark.parametrize("before", [None, "b"], ids=["first", "beside another"])
@pytest.mark.parametrize("case", REFUSED)
def test_an_adapter_that_does_not_fit_is_refused_and_changes_nothing(
    place: Path, tmp_path: Path, case: str, before: str | None, alone: dict[str | None, np.ndarray]
) -> None:
    spoil, message = REFUSED[case]
    folder = shutil.copytree(place / "a", tmp_path / "adapter")
    spoil(folder)
    base = load(place)
    view = base.with_adapter(str(place / before)) if before else base
    with pytest.raises(ModelError, match=message):
        base.with_adapter(str(folder))
    assert probs(view) == same(alone[before])
    assert probs(base) == same(alone[None])
    assert probs(base.with_adapter(str(place / "a"))) == same(alone["a"])


def test_a_network_that_carries_adapters_of_its_own_takes_no_more(place: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model = load(place)
    get_peft_model(model.network, LoraConfig(r=2, target_modules=["q_proj"]))
    with pytest.raises(ValueError, match="not loaded here"):
        model.with_adapter(str(place / "a"))
