"""A base whose layers several processes share out, for one that does not fit a single device (FSDP2).

Each process keeps a slice of every layer's frozen weights and gathers the whole layer for the time it is used. What
learns is small and stays whole everywhere, and so do the embeddings and the output matrix: gradients, optimiser,
checkpoints and the adapter are those of processes that each hold the whole base.

A pass needs every process: one that made a pass more, or a pass anew, would mix its layers with other layers of the
others. So all make equally many passes, and a process that runs out of memory ends the training.
"""

from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from socrates_core.errors import TrainingError


def check_processes(shard: bool, accelerator: Any) -> None:
    """Raise a TrainingError where accelerate set up its processes for something else than the recipe.

    Args:
        shard: Whether the recipe shares the base out.
        accelerator: Of accelerate.
    """
    kind = accelerator.distributed_type.value
    if kind not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise TrainingError(
            f"accelerate is set up for {kind}; launch with --multi_gpu or on one GPU. A base that does not fit one "
            "device is shared out with shard: true in the recipe"
        )
    if shard and accelerator.num_processes == 1:
        raise TrainingError(
            "shard: true shares the base out over processes and there is one; launch several with accelerate launch "
            "--num_processes N -m train.qlora …, or leave shard out"
        )


def shard_layers(tuned: Any, device: torch.device) -> None:
    """Share the layers of a base out over all processes; afterwards a pass through it needs all of them.

    Args:
        tuned: A PeftModel in the host's memory, whose adapter learns and nothing else.
        device: Of this process.

    Raises:
        TrainingError: If the network does not say what its layers are.
    """
    network = tuned.get_base_model()
    backbone = network.base_model
    whole = network._no_split_modules or ()
    layers = [module for module in backbone.modules() if type(module).__name__ in whole]
    if not layers:
        raise TrainingError(f"shard: {type(network).__name__} does not name its layers; leave shard out")
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    stay = {weight for weight in tuned.parameters() if weight.requires_grad}
    for layer in layers:
        layer.to(device)  # one at a time: together they do not fit
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=stay)
    network.to(device)
    sliced = {id(weight) for layer in layers for weight in layer.parameters()}
    # the layers have one root, which gathers the next layer while one computes; it has no weights of its own
    fully_shard(
        backbone, mesh=mesh, ignored_params=stay | {one for one in backbone.parameters() if id(one) not in sliced}
    )
