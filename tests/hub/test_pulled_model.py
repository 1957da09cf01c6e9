from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from socrates_core.finetune.adapter import save_adapter
from socrates_core.finetune.network import LoraNetwork
from socrates_core.hub.pull.retrieval import pull
from socrates_core.hub.push.plan import plan_push
from socrates_core.hub.push.publication import push
from socrates_core.model.loading import load_model, load_network
from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell
from tests.hub.conftest import ALICE
from tests.servers.hub_server import HubServer

CELL = Cell(1, "s", 1, 1, "Do you agree? Only return an integer from 1 to 7.", AnswerScale(tuple(range(1, 8))))
PEOPLE = [{"age": 20}, {"age": 70}]

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's upload of a file


def trained(folder: Path) -> Path:
    """An adapter of the demo model whose weights matter, saved as the trainer saves it."""
    base = load_network("demo", "float32")
    config = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM")
    tuned = get_peft_model(base.network, config)
    torch.manual_seed(3)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    record = ModelRecord("shared", tokenizer_hash(base.tokenizer), ("a", "b"), base="demo", split="c" * 64, demo=True)
    save_adapter(LoraNetwork(tuned, base, (), ()), record, folder)
    return folder


def test_what_was_trained_pushed_and_pulled_answers_as_before(hub: HubServer, tmp_path: Path) -> None:
    folder = trained(tmp_path / "trained")
    plan = plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url)
    assert "A demo for trying out the software" in plan.card
    push(plan, folder, ALICE)
    found = pull("alice/it", token=ALICE, endpoint=hub.url)
    assert (found.base, found.template, found.demo) == ("demo", "shared", True)
    assert found.obstacles("demo") == ()
    before, after = (
        load_model("demo", str(path)).answer_distributions(CELL, PEOPLE).probs for path in (folder, found.folder)
    )
    assert np.array_equal(before, after)
    plain = load_model("demo").answer_distributions(CELL, PEOPLE).probs
    assert np.abs(plain - after).max() > 0.01


def test_what_was_pulled_loads_with_peft_alone(hub: HubServer, tmp_path: Path) -> None:
    folder = trained(tmp_path / "trained")
    push(plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url), folder, ALICE)
    found = pull("alice/it", token=ALICE, endpoint=hub.url)
    PeftModel.from_pretrained(load_network("demo", "float32").network, str(found.folder))


def test_an_adapter_in_another_precision_is_an_adapter_all_the_same(hub: HubServer, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = trained(tmp_path / "trained")
    weights = {name: tensor.bfloat16() for name, tensor in load_file(folder / "adapter_model.safetensors").items()}
    save_file(weights, folder / "adapter_model.safetensors")
    plan = plan_push(folder, "alice/it", token=ALICE, endpoint=hub.url, private=False)
    push(plan, folder, ALICE)
    assert pull("alice/it", endpoint=hub.url).parameters == sum(one.numel() for one in weights.values())
