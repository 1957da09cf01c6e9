"""Sharding the base's layers over several processes, for a base that does not fit on one device (FSDP2).

Each process stores a slice of every layer's frozen weights and gathers the whole layer while it is in use. The adapter
is small and is replicated in every process, and so are the embeddings and the output matrix: gradients, optimiser,
checkpoints and adapter are the same as without sharding.

A forward or backward pass involves every process: an extra or repeated pass in one of them would pair its layers with
different layers of the others. So all make the same number of passes, and running out of memory ends the training.
"""

from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from socrates_core.errors import TrainingError


def check_processes(shard: bool, accelerator: Any) -> None:
    """Raise a TrainingError if the way accelerate launched the processes does not match the recipe.

    Args:
        shard: Whether the recipe shards the base.
        accelerator: accelerate's `Accelerator`.
    """
    kind = accelerator.distributed_type.value
    if kind not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise TrainingError(
            f"accelerate is set up for {kind}; launch with --multi_gpu or on one GPU. To train a base that does not "
            "fit on one device, set shard: true in the recipe"
        )
    if shard and accelerator.num_processes == 1:
        raise TrainingError(
            "shard: true shards the base over several processes, but there is only one; launch more with accelerate "
            "launch --num_processes N -m train.qlora …, or leave shard out"
        )


def shard_layers(peft_model: Any, device: torch.device) -> None:
    """Shard the layers of a base over all processes; afterwards every pass needs all of them.

    Args:
        peft_model: A PeftModel in host memory in which only the adapter is trainable.
        device: The device of this process.

    Raises:
        TrainingError: If the network does not declare its layers.
    """
    network = peft_model.get_base_model()
    backbone = network.base_model
    whole = network._no_split_modules or ()
    layers = [module for module in backbone.modules() if type(module).__name__ in whole]
    if not layers:
        raise TrainingError(f"shard: {type(network).__name__} does not declare its layers; leave shard out")
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    replicated = {weight for weight in peft_model.parameters() if weight.requires_grad}
    for layer in layers:
        layer.to(device)  # one at a time: together they would not fit
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=replicated)
    network.to(device)
    sliced = {id(weight) for layer in layers for weight in layer.parameters()}
    # one root for all layers prefetches the next layer while one computes; it shards no weights of its own
    whole_weights = {weight for weight in backbone.parameters() if id(weight) not in sliced}
    fully_shard(backbone, mesh=mesh, ignored_params=replicated | whole_weights)
