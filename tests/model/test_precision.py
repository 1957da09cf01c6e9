"""The numbers that weights are held in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from socrates_core.errors import ModelError
from socrates_core.model.loading import load_model
from socrates_core.model.precision import automatic_precision
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
    ("parameters", "free", "learned_on", "chosen"),
    [
        # 14.8e9 parameters take 29.6 GB in bf16; two thirds of 80 GB hold them, two thirds of 40 GB do not
        (14_800_000_000, 80 * GB, None, "bf16"),
        (14_800_000_000, 80 * GB, "bf16", "bf16"),
        (14_800_000_000, 80 * GB, "nf4", "nf4-dequantised"),
        (14_800_000_000, 40 * GB, None, "nf4"),
        (14_800_000_000, 40 * GB, "nf4", "nf4"),
        (500_000_000, 8 * GB, "float32", "bf16"),
    ],
)
def test_the_automatic_choice_on_a_gpu(parameters: int, free: int, learned_on: str | None, chosen: str) -> None:
    assert automatic_precision(parameters, free, learned_on) == chosen


def test_a_cpu_takes_float32_whatever_the_adapter_learned_on(place: Path) -> None:
    assert load(place, "auto", adapter=True).description.precision == "float32"


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
