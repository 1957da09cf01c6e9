"""The whole chain on a small real language model: exact answers, training, evaluation, the app, an endpoint."""

import json
import signal
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from socrates_core import load_studies, simulate
from socrates_core.finetune.checkpoint import checkpoints
from socrates_core.finetune.trainer import CHECKPOINTS
from socrates_core.finetune.training_log import FILE as TRAINING_LOG
from socrates_core.model.endpoint.endpoint_model import load_endpoint
from socrates_core.model.loading import load_model
from socrates_core.model.prefix_tree.plain import plain_log_probs
from socrates_core.model.transformer import TransformerModel
from socrates_core.prompt import TEMPLATES
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.finetune.folders import command, make_recipe, make_studies, qlora
from tests.model.endpoint.typed import letter_probabilities
from tests.real.smollm2 import smollm2
from tests.servers.answering import transformers_serve
from tests.servers.app_server import app_server
from tests.servers.programs import Program, finished
from tests.ui.test_api import call

STUDY = "classic-allow-forbid"
SCALES = {"1 to 7": range(1, 8), "0 to 10": range(11), "0 to 100": range(101)}
PEOPLE = [{"age": 34, "gender": "Female"}, {"age": 71, "gender": "Male"}, {}]
CHECKED = {"1 to 7": (1, 4, 7), "0 to 10": (1, 10), "0 to 100": (0, 10, 100)}
"""Options whose probability is compared with a plain forward pass."""
TOLERANCE = {"bf16": 0.3, "nf4": 1e-3, "float32": 1e-3}
"""Of log-probabilities; NF4 computes in float32 on a CPU, and bf16 rounds each of thirty layers."""
NF4 = BitsAndBytesConfig(
    load_in_4bit=True,
    bnb_4bit_quant_type="nf4",
    bnb_4bit_use_double_quant=True,
    bnb_4bit_compute_dtype=torch.float32,
)
STEPS = 4
CHECKPOINT = 2
"""Steps between two checkpoints."""
BEFORE = "before.jsonl"
"""The training's log when it was killed."""


@pytest.fixture(scope="module")
def base() -> Path:
    return smollm2()


def loaded(base: Path, template: str, precision: str) -> TransformerModel:
    """The model under a template."""
    return _loaded(base, precision).with_template(template)


@lru_cache(1)
def _loaded(base: Path, precision: str) -> TransformerModel:
    model = load_model(str(base), precision=precision)  # type: ignore[arg-type]
    assert isinstance(model, TransformerModel)
    return model


@lru_cache(1)
def stock(base: Path, precision: str) -> Any:
    """The network as transformers loads it, without anything of ours."""
    options = {"quantization_config": NF4} if precision == "nf4" else {}
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    network = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, **options).eval()
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # it would compute in bf16
    return network


def cell(scale: str) -> Cell:
    values = SCALES[scale]
    asked = f"How much do you support public parks? Only return an integer from {values[0]} to {values[-1]}."
    return Cell(1, "parks", 1, 1, asked, AnswerScale(tuple(values)))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("precision", TOLERANCE)
def test_answers_are_those_of_plain_forward_passes(base: Path, template: str, precision: str) -> None:
    model = loaded(base, template, precision)
    encoded = model.encoded([(cell(scale), PEOPLE) for scale in SCALES])
    found = model._scorer.log_probs(encoded.prompts, encoded.trees)
    for at, scale in enumerate(SCALES):
        row = encoded.rows[at][0]
        options = [model._encoder.encode_option(value) for value in CHECKED[scale]]
        digits = torch.from_numpy(model.shared.digits)
        plain = plain_log_probs(stock(base, precision), encoded.prompts[row], options, encoded.trees[row].stops, digits)
        ours = found[row][[SCALES[scale].index(value) for value in CHECKED[scale]]]
        assert np.abs(ours - plain).max() < TOLERANCE[precision], scale


def test_the_template_decides_how_much_of_its_probability_is_an_answer(base: Path) -> None:
    mass = {
        template: loaded(base, template, "float32").answer_distributions(cell("1 to 7"), PEOPLE).on_scale_mass
        for template in ("alpaca", "shared")
    }
    assert mass["shared"].max() < 0.2
    assert mass["alpaca"].min() > 0.5


# -- training


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "studies"
    return make_studies(folder)


def recipe(folder: Path, base: Path) -> Path:
    return make_recipe(
        folder / "recipe.yaml",
        base,
        template="alpaca",
        lora_dropout=0.0,
        learning_rate=0.001,
        warm_up=0.0,
        step_examples=4,
        group_size=4,
        pack_tokens=1024,
        validation_cells=1,
        validation_people=2,
        validate_every=STEPS,
        checkpoint_every=CHECKPOINT,
        fraction=0.25,
        max_tokens=400,
    )


@pytest.fixture(scope="module")
def adapter(base: Path, studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained for some steps, killed after the first checkpoint, and gone on with."""
    folder = tmp_path_factory.mktemp("training")
    out, chosen = folder / "adapter", recipe(folder, base)
    run = Program(*command(chosen, studies, out))
    try:
        end = time.monotonic() + 200
        while not checkpoints(out / CHECKPOINTS):
            assert run.poll() is None, run.stderr
            assert time.monotonic() < end, run.stdout + run.stderr
            time.sleep(0.1)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    (folder / BEFORE).write_bytes((out / TRAINING_LOG).read_bytes())
    result = qlora(chosen, studies, out, "--resume")
    assert result.returncode == 0, result.stderr
    return out


def steps_of(log: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [line for line in lines if line["event"] == "step"]


def test_a_training_that_was_killed_goes_on_and_its_loss_falls(adapter: Path) -> None:
    steps, before = (steps_of(log) for log in (adapter / TRAINING_LOG, adapter.parent / BEFORE))
    assert steps[:CHECKPOINT] == before[:CHECKPOINT]  # with their seconds: none was taken again
    assert [line["step"] for line in steps] == list(range(1, len(steps) + 1))
    assert len(steps) >= STEPS
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_plain_peft_gives_the_same_answers_with_the_adapter(base: Path, adapter: Path) -> None:
    model = load_model(str(base), str(adapter), precision="float32")
    assert isinstance(model, TransformerModel)
    answer = model.answer_distributions(cell("1 to 7"), PEOPLE[:1])
    stock = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()
    encoded = model.encoded([(cell("1 to 7"), PEOPLE[:1])])
    ids = AutoTokenizer.from_pretrained(base).convert_tokens_to_ids([str(value) for value in SCALES["1 to 7"]])
    with torch.inference_mode():
        logits = stock(input_ids=torch.from_numpy(encoded.prompts[0])[None]).logits[0, -1].double()
    expected = torch.softmax(logits, dim=-1)[ids].numpy()
    assert answer.on_scale_mass[0] == pytest.approx(expected.sum(), abs=1e-3)
    assert answer.probs[0] == pytest.approx(expected / expected.sum(), abs=1e-3)
    before = loaded(base, "alpaca", "float32").answer_distributions(cell("1 to 7"), PEOPLE[:1])
    assert np.abs(before.probs - answer.probs).max() > 1e-3  # it learned something


def test_a_run_evaluates_it_on_studies_that_it_never_saw(base: Path, adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    made = ("-m", "eval.run", "--studies", "bundled", "--split", "test", "--study", STUDY)
    result = finished(*made, "--model", base, "--adapter", adapter, "--per-cell", 4, "--out", out)
    assert result.returncode == 0, result.stderr
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert 0 <= metrics["wasserstein"]["scale"]["mean"] <= 1
    assert metrics["provenance"]["adapter"] == str(adapter)


# -- serving


def test_the_app_answers_with_it(base: Path) -> None:
    settings = {"SOCRATES_MODEL": str(base), "SOCRATES_PRECISION": "float32", "HF_HUB_OFFLINE": "1"}
    with app_server(environ=settings) as app:
        end = time.monotonic() + 200
        while f"{base} is ready" not in app.log():
            assert time.monotonic() < end, app.log()
            time.sleep(0.5)
        answer, error = call(app, "simulate", study=STUDY, people=4, seed=0)
        assert "Traceback" not in app.log()
    assert error == ""
    assert answer["model"]["name"] == str(base)
    local = simulate(load_studies("bundled"), _loaded(base, "float32"), study=STUDY, people=4, seed=0)
    shares = [arm["predicted"]["shares"] for arm in answer["outcomes"][0]["arms"]]
    assert shares == [pytest.approx(arm.predicted.probs.tolist(), abs=1e-4) for arm in local.arms]
    assert np.ptp(shares[0]) > 0.01  # no uniform answer


def test_an_endpoint_that_serves_it_agrees_with_the_local_numbers(base: Path, tmp_path: Path) -> None:
    asked = cell("1 to 7")
    with transformers_serve(tmp_path) as url:
        answer = load_endpoint(f"endpoint:{base}@{url}").answer_distributions(asked, PEOPLE[:2])
    assert answer.method == "typed"
    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    words = AutoTokenizer.from_pretrained(base)
    for row, persona in zip(answer.probs, PEOPLE, strict=False):
        # the server computes in the bfloat16 of the weights
        assert row == pytest.approx(letter_probabilities(network, words, asked, persona), abs=0.05)
