"""The numbers that weights are held in."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from socrates_core.errors import ModelError
from socrates_core.model.loading import load_model
from socrates_core.model.precision import (
    automatic_precision,
    automatic_precision_on_cpu,
    bf16_speed_up,
    stored_type,
)
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.model.folders import adapter_folder, base_folder, record

CELL = Cell(1, "s", 1, 1, "Only return an integer from 0 to 10.", AnswerScale(tuple(range(11))))
PEOPLE = [{"age": age} for age in (20, 45, 70)]
GB = 10**9


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    base_folder(root / "base")
    adapter_folder(root / "adapter", of=record(training={"recipe": {"precision": "nf4"}}))
    return root


def load(place: Path, precision: Any, adapter: bool = False) -> TransformerModel:
    made = load_model(str(place / "base"), str(place / "adapter") if adapter else None, precision=precision)
    assert isinstance(made, TransformerModel)
    return made


def logits(model: TransformerModel) -> torch.Tensor:
    with torch.inference_mode():
        return model.network(input_ids=torch.arange(3, 90)[None]).logits


@pytest.mark.parametrize("adapter", [False, True])
def test_nf4_unpacked_once_gives_what_nf4_gives(place: Path, adapter: bool) -> None:
    packed, once, full = (load(place, name, adapter) for name in ("nf4", "nf4-dequantised", "float32"))
    # the same numbers go into the same products; sums in float32 may be taken in another order
    assert torch.allclose(logits(once), logits(packed), atol=1e-4)
    assert (logits(once) - logits(full)).abs().max() > 1e-2
    a, b = (model.answer_distributions(CELL, PEOPLE).probs for model in (once, packed))
    assert np.abs(a - b).max() < 1e-5


def test_unpacked_weights_are_ordinary_layers_and_say_where_they_come_from(place: Path) -> None:
    once = load(place, "nf4-dequantised", adapter=True)
    assert once.description.precision == "nf4-dequantised"
    kinds = {type(module).__name__ for module in once.network.modules()}
    assert "Linear" in kinds
    assert "Linear4bit" not in kinds
    assert all(parameter.dtype == torch.float32 for parameter in once.network.parameters())
    assert not any(parameter.requires_grad for parameter in once.network.parameters())
    assert not getattr(once.network.config, "quantization_config", None)


def test_packed_weights_keep_off_the_kernel_that_loses_gradients(place: Path) -> None:
    modules = [one for one in load(place, "nf4").network.modules() if hasattr(one, "support_avx512bf16_for_cpu")]
    assert modules
    assert not any(module.support_avx512bf16_for_cpu for module in modules)


@pytest.mark.parametrize(
    ("parameters", "free", "stored", "learned_on", "chosen"),
    [
        # 14.8e9 parameters take 29.6 GB in bf16; two thirds of 80 GB hold them, two thirds of 40 GB do not
        (14_800_000_000, 80 * GB, "BF16", None, "bf16"),
        (14_800_000_000, 80 * GB, "BF16", "bf16", "bf16"),
        (14_800_000_000, 80 * GB, "BF16", "nf4", "nf4-dequantised"),
        (14_800_000_000, 40 * GB, "BF16", None, "nf4"),
        (14_800_000_000, 40 * GB, "BF16", "nf4", "nf4"),
        # stored in float32 they take 59.2 GB, which two thirds of 141 GB hold and two thirds of 80 GB do not
        (14_800_000_000, 141 * GB, "F32", None, "float32"),
        (14_800_000_000, 80 * GB, "F32", None, "bf16"),
        (14_800_000_000, 40 * GB, "F32", None, "nf4"),
        # float16 has three more digits than bf16
        (500_000_000, 8 * GB, "F16", None, "float32"),
        # an adapter gets what it was trained on, as far as it fits
        (500_000_000, 8 * GB, "BF16", "float32", "float32"),
        (500_000_000, 8 * GB, "F32", "bf16", "bf16"),
        (500_000_000, 8 * GB, "F32", "nf4", "nf4-dequantised"),
        (500_000_000, 2 * GB, "BF16", "float32", "bf16"),
        (500_000_000, 8 * GB, None, None, "bf16"),
    ],
)
def test_the_automatic_choice_on_a_gpu_rounds_nothing_that_is_stored_if_memory_allows(
    parameters: int, free: int, stored: str | None, learned_on: str | None, chosen: str
) -> None:
    assert automatic_precision(parameters, free, stored, learned_on) == chosen


@pytest.mark.parametrize(
    ("stored", "learned_on", "speed_up", "chosen"),
    [
        ("BF16", None, 3.3, "bf16"),
        ("BF16", None, 1.1, "float32"),  # no clear gain
        ("BF16", None, 0.2, "float32"),  # a processor that emulates it
        ("BF16", "float32", 3.3, "float32"),
        ("BF16", "nf4", 3.3, "bf16"),
        ("F32", None, 3.3, "float32"),
        ("F16", None, 3.3, "float32"),
        (None, None, 3.3, "float32"),
    ],
)
def test_the_automatic_choice_on_a_cpu_is_bf16_only_where_stored_and_faster(
    stored: str | None, learned_on: str | None, speed_up: float, chosen: str
) -> None:
    assert automatic_precision_on_cpu(stored, learned_on, speed_up) == chosen


def test_the_speed_of_bf16_is_measured_in_a_blink() -> None:
    bf16_speed_up.cache_clear()
    started = time.perf_counter()
    assert bf16_speed_up() > 0
    assert time.perf_counter() - started < 2


def test_the_stored_type_is_that_of_most_weights(tmp_path: Path) -> None:
    matrix, norm = torch.zeros(8, 8), torch.zeros(8)
    save_file({"a": matrix.bfloat16(), "norm": norm}, tmp_path / "model-1.safetensors")
    assert stored_type(tmp_path) == "BF16"
    save_file({"b": matrix, "c": matrix.clone()}, tmp_path / "model-2.safetensors")
    assert stored_type(tmp_path) == "F32"
    (tmp_path / "model-3.safetensors").write_bytes(b"damaged")
    assert stored_type(tmp_path) is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="there, free memory decides")
def test_weights_stored_in_float32_stay_so_on_a_cpu_whatever_the_adapter_learned_on(place: Path) -> None:
    assert load(place, "auto", adapter=True).description.precision == "float32"


def test_the_demo_model_computes_in_float32_with_and_without_its_adapter() -> None:
    # stored in bf16 to be small; bf16 arithmetic would move its figures
    assert load_model("demo").description.precision == "float32"
    assert load_model("demo", "demo").description.precision == "float32"


def test_a_description_has_the_precision_asked_for_beside_the_one_found(place: Path) -> None:
    described = load(place, "auto").description
    assert (described.requested_precision, described.precision) == ("auto", "float32")
    assert load(place, "bf16").description.requested_precision == "bf16"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("uniform", "the uniform model has no weights"),
        ("marginal", "the marginal model has no weights"),
        ("endpoint:any@http://127.0.0.1:1/v1", "an endpoint serves its own weights"),
    ],
)
def test_models_without_weights_here_refuse_a_precision(name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=f"{reason}; leave --precision out"):
        load_model(name, precision="bf16")


@pytest.mark.parametrize(
    ("training", "found"),
    [
        (None, None),
        ({}, None),
        ({"recipe": {"precision": "nf4"}}, "nf4"),
        ({"recipe": ["nf4"]}, None),
        ({"recipe": {"precision": 4}}, None),
    ],
)
def test_a_record_says_what_its_base_was_held_in(training: Any, found: str | None) -> None:
    assert record(training=training).base_precision == found


def test_an_unknown_precision_is_refused_with_the_choices(place: Path) -> None:
    with pytest.raises(ModelError, match="no precision 'int8'; choose auto, nf4, nf4-dequantised, bf16, float32"):
        load(place, "int8")
