import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.distributed.tensor import DTensor

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.batch.packs import pack_of
from socrates_core.finetune.shard import check_processes, shard_layers
from tests.finetune.people import examples, lora_model, reader, trained_parameters

PROCESSES = 2


def gradient_of(tuned: Any, losses: PackReader, number: int) -> list[torch.Tensor]:
    """Of the pack of one process."""
    members = [one for place, one in enumerate(examples()) if place % PROCESSES == number]
    return list(torch.autograd.grad(losses.loss(pack_of(members)).cross_entropy, trained_parameters(tuned)))


def _take_part(number: int, meeting: str, told: Any) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=number, world_size=PROCESSES)
    plain = lora_model()
    expected = gradient_of(plain, reader(plain), number)
    tuned = lora_model()
    shard_layers(tuned, torch.device("cpu"))
    losses = reader(tuned)
    with torch.no_grad():
        losses.loss(pack_of(examples()[:1]))
    apart = [
        float((one - other).abs().max())
        for _ in range(2)  # layers are gathered anew in every pass
        for one, other in zip(gradient_of(tuned, losses, number), expected, strict=True)
    ]
    backbone = tuned.get_base_model().base_model
    kept = {
        name: (type(weight) is DTensor, weight.to_local().numel() if type(weight) is DTensor else weight.numel())
        for name, weight in backbone.named_parameters()
    }
    whole = {name: weight.numel() for name, weight in plain.get_base_model().base_model.named_parameters()}
    told.put((max(apart), kept, whole))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_shared_out_layers_give_the_gradient_of_whole_ones_and_each_process_keeps_its_slice(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    meeting = f"file://{tmp_path / 'meeting'}"
    processes = [context.Process(target=_take_part, args=(number, meeting, told)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    reports = [told.get(timeout=200) for _ in processes]
    for process in processes:
        process.join(60)
    for apart, kept, whole in reports:
        assert apart == 0
        for name, (sliced, numbers) in kept.items():
            assert sliced == (name.startswith("layers.") and "lora_" not in name), name
            assert numbers == (whole[name] // PROCESSES if sliced else whole[name]), name


def test_a_network_that_does_not_name_its_layers_is_refused() -> None:
    tuned = lora_model()
    tuned.get_base_model()._no_split_modules = None
    with pytest.raises(TrainingError, match="Qwen2ForCausalLM does not declare its layers"):
        shard_layers(tuned, torch.device("cpu"))


@pytest.mark.parametrize(
    ("shard", "kind", "count", "message"),
    [
        (False, "NO", 1, None),
        (False, "MULTI_GPU", 8, None),
        (True, "MULTI_CPU", 2, None),
        (True, "NO", 1, "there is only one"),
        (False, "FSDP", 8, "set up for FSDP.*shard: true"),
        (True, "DEEPSPEED", 8, "set up for DEEPSPEED"),
    ],
)
def test_processes_that_do_not_fit_the_recipe_are_refused(
    shard: bool, kind: str, count: int, message: str | None
) -> None:
    accelerator = SimpleNamespace(distributed_type=SimpleNamespace(value=kind), num_processes=count)
    if message is None:
        check_processes(shard, accelerator)
        return
    with pytest.raises(TrainingError, match=message):
        check_processes(shard, accelerator)
