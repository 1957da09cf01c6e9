"""From a name to a model, and what is refused."""

import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from socrates_core.errors import ModelError
from socrates_core.model.fit import template_note
from socrates_core.model.folder import weights_digest
from socrates_core.model.loading import load_model
from socrates_core.model.record import FILE, ModelRecord, tokenizer_hash
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.leaks import STIMULI
from socrates_core.study.study_set import Cell
from tests.model.tiny import network, tokenizer

CELL = Cell(1, "s", 1, 1, "Only return an integer from 1 to 7.", AnswerScale(tuple(range(1, 8))))
PEOPLE = [{"age": 20}, {"age": 70}]
RECORD = ModelRecord(template="alpaca", tokenizer=tokenizer_hash(tokenizer()), trained_on=("a", "b"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A model folder without a record."""
    folder = tmp_path / "base"
    network(len(tokenizer())).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A LoRA adapter with weights that matter, and a record."""
    folder = tmp_path / "adapter"
    tuned = get_peft_model(network(len(tokenizer())), LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    torch.manual_seed(1)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    tuned.save_pretrained(folder)
    RECORD.save(folder)
    return folder


def loaded(name: Path | str, adapter: Path | None = None, **options: str) -> TransformerModel:
    model = load_model(str(name), str(adapter) if adapter else None, **options)  # type: ignore[arg-type]
    assert isinstance(model, TransformerModel)
    return model


def test_a_folder_loads_and_says_what_it_is(base: Path) -> None:
    model = loaded(base)
    assert (model.template, model.description.device, model.description.precision) == ("shared", "CPU", "float32")
    assert model.description.trained_on == frozenset()
    assert model.answer_distributions(CELL, PEOPLE).probs.sum(axis=1) == pytest.approx(1)


def test_an_adapter_changes_the_answers_and_brings_its_template_and_studies(base: Path, adapter: Path) -> None:
    plain, tuned = loaded(base, template="alpaca"), loaded(base, adapter)
    assert tuned.template == "alpaca"
    assert tuned.description.trained_on == {"a", "b"}
    difference = plain.answer_distributions(CELL, PEOPLE).probs - tuned.answer_distributions(CELL, PEOPLE).probs
    assert abs(difference).max() > 1e-3


def test_four_bit_weights_run_on_a_cpu_and_stay_near_the_full_ones(base: Path, adapter: Path) -> None:
    full, small = loaded(base, adapter), loaded(base, adapter, precision="nf4")
    assert small.description.precision == "nf4"
    modules = [module for module in small.network.modules() if hasattr(module, "support_avx512bf16_for_cpu")]
    assert modules
    assert not any(module.support_avx512bf16_for_cpu for module in modules)
    assert small.answer_distributions(CELL, PEOPLE).probs.sum(axis=1) == pytest.approx(1)
    assert full.answer_distributions(CELL, PEOPLE).probs.shape == (2, 7)


def test_a_base_without_a_record_says_how_much_mass_each_template_keeps_on_the_scale(base: Path, adapter: Path) -> None:
    model = loaded(base)
    note = model.description.template_note
    assert re.fullmatch(
        r"share of the probability on the scale in typical prompts: shared \d+%, socrates \d+%, alpaca \d+%; "
        r"(shared has the most|--template (socrates|alpaca) has the most, shared is in use)",
        note,
    )
    assert model.template == "shared"  # never changed by itself
    assert loaded(base, adapter).description.template_note == ""
    assert load_model("demo").description.template_note == ""


@pytest.mark.parametrize(
    ("masses", "used", "advice"),
    [
        (
            {"shared": 0.03, "socrates": 0.4, "alpaca": 0.68},
            "shared",
            "--template alpaca has the most, shared is in use",
        ),
        ({"shared": 0.03, "socrates": 0.4, "alpaca": 0.68}, "alpaca", "alpaca has the most"),
        ({"shared": 0.9, "socrates": 0.9, "alpaca": 0.1}, "socrates", "socrates has the most"),
    ],
)
def test_the_template_with_the_most_mass_is_named(masses: dict[str, float], used: str, advice: str) -> None:
    assert template_note(masses, used).rpartition("; ")[2] == advice


def test_an_adapter_brings_the_sketches_of_its_stimuli(base: Path, adapter: Path) -> None:
    assert loaded(base, adapter).description.stimuli is None
    (adapter / STIMULI).write_text("{}", "utf-8")
    assert loaded(base, adapter).description.stimuli == adapter / STIMULI


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    RECORD.save(tmp_path)
    assert ModelRecord.load(tmp_path) == RECORD
    assert ModelRecord.load(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"template": "shared"}', '{"surprise": 1, "trained_on": []}'])
def test_a_broken_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError, match=r"socrates\.json cannot be read"):
        ModelRecord.load(tmp_path)


@pytest.mark.parametrize("name", ["gpt-9", "", "../etc", "a b/c", "/nowhere/at/all", "uniform "])
def test_an_unknown_name_says_what_can_be_chosen(name: str) -> None:
    with pytest.raises(ModelError, match="choose uniform, marginal, demo"):
        load_model(name)


def test_an_unknown_adapter_says_which_adapters_can_be_chosen() -> None:
    with pytest.raises(ModelError, match="no adapter 'gpt-9'; choose demo, the folder of an adapter"):
        load_model("demo", "gpt-9")


def test_the_bundled_model_and_adapter_load_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model("demo", "demo")


def test_a_hub_id_without_a_network_says_so() -> None:
    with pytest.raises(ModelError, match="not on this machine, and the Hub cannot be reached"):
        load_model("somebody/some-model")


def test_weights_that_could_run_code_are_refused(base: Path) -> None:
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no \*.safetensors weights .*pytorch_model.bin"):
        load_model(str(base))


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(str(tmp_path))


def test_another_template_than_the_recorded_one_is_refused(base: Path, adapter: Path) -> None:
    with pytest.raises(ModelError, match="trained on the template alpaca, not shared"):
        load_model(str(base), str(adapter), template="shared")


def test_an_adapter_without_a_record_needs_a_template(base: Path, adapter: Path) -> None:
    (adapter / FILE).unlink()
    with pytest.raises(ModelError, match="name it with --template"):
        load_model(str(base), str(adapter))
    assert loaded(base, adapter, template="socrates").template == "socrates"


def test_another_tokenizer_than_the_recorded_one_is_refused(base: Path, adapter: Path) -> None:
    replace(RECORD, tokenizer="0" * 64).save(adapter)
    with pytest.raises(ModelError, match="a different tokenizer"):
        load_model(str(base), str(adapter))


def test_another_base_than_the_recorded_one_is_refused_and_both_are_named(base: Path, adapter: Path) -> None:
    replace(RECORD, base="Qwen/Qwen2.5-14B-Instruct").save(adapter)
    with pytest.raises(ModelError, match=r"trained on Qwen/Qwen2.5-14B-Instruct and does not fit the model .*base"):
        load_model(str(base), str(adapter))


def named_base(adapter: Path, base: str) -> Path:
    """The adapter as other software writes it: no record, and a base by name."""
    (adapter / FILE).unlink(missing_ok=True)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": base}))
    return adapter


def test_an_adapter_made_elsewhere_for_another_base_is_refused_unless_one_insists(base: Path, adapter: Path) -> None:
    replace(RECORD, trained_on=(), base="Qwen/Qwen2.5-14B-Instruct").save(base)
    named_base(adapter, "Qwen/Qwen2.5-7B-Instruct")
    with pytest.raises(ModelError, match=r"trained on Qwen/Qwen2.5-7B-Instruct and does not fit .* --other-base"):
        load_model(str(base), str(adapter), template="alpaca")
    insisted = load_model(str(base), str(adapter), template="alpaca", other_base=True)
    assert "another model than" in insisted.description.base_note


@pytest.mark.parametrize(
    ("named", "note"),
    [
        ("Qwen/Qwen2.5-14B-Instruct", "^$"),
        ("unsloth/Qwen2.5-14B-Instruct-bnb-4bit", "taken by its name for a copy of Qwen/Qwen2.5-14B-Instruct"),
        ("/home/somebody/qwen", "trained on /home/somebody/qwen; whether that is .* is unknown"),
    ],
)
def test_what_is_known_of_a_foreign_adapters_base_is_said(base: Path, adapter: Path, named: str, note: str) -> None:
    replace(RECORD, trained_on=(), base="Qwen/Qwen2.5-14B-Instruct").save(base)
    assert re.search(note, loaded(base, named_base(adapter, named), template="alpaca").description.base_note)


def test_an_adapter_with_the_digest_of_its_base_fits_those_weights_alone(base: Path, adapter: Path) -> None:
    replace(RECORD, base_weights=weights_digest(base)).save(adapter)
    assert loaded(base, adapter).description.base_note == ""
    other = network(len(tokenizer()))
    other.lm_head.weight.data.mul_(1.01)
    other.save_pretrained(base)
    with pytest.raises(ModelError, match="whose weights are others"):
        load_model(str(base), str(adapter))


def test_a_record_without_a_digest_of_its_base_is_written_as_before(tmp_path: Path) -> None:
    RECORD.save(tmp_path)
    assert "base_weights" not in json.loads((tmp_path / FILE).read_text())


def test_an_adapter_of_another_shape_is_refused(base: Path, adapter: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(
        {name: tensor[..., :1].contiguous() for name, tensor in weights.items()}, adapter / "adapter_model.safetensors"
    )
    with pytest.raises(ModelError, match="does not fit the model"):
        load_model(str(base), str(adapter))
