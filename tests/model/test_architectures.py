"""Models of other families than the demo's: what the tree computes for them, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from socrates_core.errors import ModelError
from socrates_core.finetune.batch.blocks import chunk_attention
from socrates_core.model.loading import load_model
from socrates_core.model.prefix_tree.plain import plain_log_probs
from socrates_core.model.transformer import TransformerModel
from socrates_core.prompt import TEMPLATES
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.model.architectures import gemma2_folder, gemma_folder, llama_folder, mistral_folder

FAMILIES: dict[str, Callable[[Path], Path]] = {"llama": llama_folder, "gemma": gemma_folder}
SCALES = {"1 to 7": range(1, 8), "0 to 10": range(11), "0 to 100": range(101)}
PEOPLE = [{"age": 19, "gender": "Female"}, {"age": 78, "gender": "Männlich 😀"}, {}]
LONG = "Read about a policy. " * 12


def cell(values: range, stimulus: str = "Read about a policy é.") -> Cell:
    asked = f"{stimulus} Only return an integer from {values[0]} to {values[-1]}, nothing else."
    return Cell(1, "s", 1, 1, asked, AnswerScale(tuple(values)))


def stock_probabilities(folder: Path, model: TransformerModel, asked: Cell, row: int) -> np.ndarray:
    """(K,) by plain forward passes of transformers' own network and attention over whole rows."""
    stock = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    encoded = model.encoded([(asked, [PEOPLE[row]])])
    options = [model._encoder.encode_option(value) for value in asked.scale.values or ()]
    digits = torch.from_numpy(model.shared.digits)
    logs = plain_log_probs(stock, encoded.prompts[0], options, encoded.trees[0].stops, digits)
    return np.exp(logs)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_tree_equals_the_familys_own_forward_passes(family: str, template: str, tmp_path: Path) -> None:
    folder = FAMILIES[family](tmp_path)
    model = load_model(str(folder), template=template)
    assert isinstance(model, TransformerModel)
    for values in SCALES.values():
        answer = model.answer_distributions(cell(values), PEOPLE)
        expected = stock_probabilities(folder, model, cell(values), 1)
        assert answer.on_scale_mass[1] == pytest.approx(expected.sum(), abs=1e-5)
        assert answer.probs[1] == pytest.approx(expected / expected.sum(), abs=1e-4)
        assert np.ptp(answer.probs[:, 0]) > 1e-6  # people differ


@pytest.mark.parametrize("family", FAMILIES)
def test_the_prompt_is_what_the_familys_tokenizer_makes_of_the_whole(family: str, tmp_path: Path) -> None:
    model = load_model(str(FAMILIES[family](tmp_path)), template="shared")
    assert isinstance(model, TransformerModel)
    prompt = model.encoded([(cell(range(1, 8)), PEOPLE[:1])]).prompts[0].tolist()
    text = model.tokenizer.decode(prompt)
    assert model.tokenizer(text, add_special_tokens=False).input_ids == prompt
    assert prompt.count(model.tokenizer.bos_token_id) == 1
    assert prompt[0] == model.tokenizer.bos_token_id


def test_an_attention_that_caps_its_scores_is_refused_and_not_computed_without(tmp_path: Path) -> None:
    model = load_model(str(gemma2_folder(tmp_path)), template="shared")
    with pytest.raises(ModelError, match=r"caps its scores \(softcap\).*Choose a model of another family"):
        model.answer_distributions(cell(range(1, 8)), PEOPLE)


def test_training_refuses_it_too() -> None:
    rows = torch.zeros(1, 2, 3, 4)
    with pytest.raises(ModelError, match="has sinks beside its scores"):
        chunk_attention(torch.nn.Identity(), rows, rows, rows, None, s_aux=torch.zeros(2))


def test_a_prompt_longer_than_the_window_that_layers_see_is_refused(tmp_path: Path) -> None:
    model = load_model(str(mistral_folder(tmp_path, window=250)), template="shared")
    assert isinstance(model, TransformerModel)
    short = cell(range(1, 8))
    expected = stock_probabilities(tmp_path, model, short, 1)
    assert model.answer_distributions(short, PEOPLE).probs[1] == pytest.approx(expected / expected.sum(), abs=1e-4)
    with pytest.raises(ModelError, match=r"its prompt has \d+ tokens, but this model's context is 250"):
        model.answer_distributions(cell(range(1, 8), LONG * 3), PEOPLE)
