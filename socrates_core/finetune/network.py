"""The trainable network: a frozen base, in four bits or not, with a LoRA adapter on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, TaskType, get_peft_model

from socrates_core.errors import TrainingError
from socrates_core.finetune.recipe import Recipe
from socrates_core.finetune.shard import shard_layers
from socrates_core.model.adapters import without_peft_warning
from socrates_core.model.folder import DEMO
from socrates_core.model.loading import LoadedNetwork, load_network
from socrates_core.model.prefix_tree.encoding import PromptEncoder
from socrates_core.model.prefix_tree.memory import is_oom
from socrates_core.model.record import ModelRecord, tokenizer_hash

RECOMPUTING: Final = {"use_reentrant": False}
CPU: Final = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class LoraNetwork:
    """A frozen base network with a trainable LoRA adapter."""

    peft_model: Any
    """The PeftModel."""
    base: LoadedNetwork
    """The network underneath; it contains the adapter too, because PEFT replaces its layers in place."""
    names: tuple[str, ...]
    """(P,) names of the adapter weights, sorted."""
    weights: tuple[torch.nn.Parameter, ...]
    """(P,) the adapter weights, the only trainable ones."""

    @property
    def network(self) -> Any:
        """The causal language model."""
        return self.peft_model.get_base_model()

    @property
    def device(self) -> torch.device:
        """The device that the network runs on."""
        return self.weights[0].device


def base_name(recipe: Recipe) -> str:
    """The base as `load_model` takes it.

    Raises:
        TrainingError: If the recipe names a revision for a base that is not on the Hub.
    """
    if recipe.base_revision is None:
        return recipe.base
    if recipe.base == DEMO or Path(recipe.base).is_dir():
        raise TrainingError(f"base_revision is for a base on the Hub, and {recipe.base} is not one; leave it out")
    return f"{recipe.base}@{recipe.base_revision}"


def load_lora_network(recipe: Recipe) -> LoraNetwork:
    """Load the base and add a new adapter, whose initial weights depend on the recipe's seed alone.

    Raises:
        TrainingError: If the recipe requires a GPU and there is none, or a target is not a module of the base.
        ModelError: If the base cannot be loaded.
    """
    check_device(recipe)
    base = load_network(base_name(recipe), recipe.precision, to_shard=recipe.shard)  # type: ignore[arg-type]
    modules = [name for name, _ in base.network.named_modules()]
    targets = recipe.lora_targets
    unknown = [target for target in targets if not any(_is(name, target) for name in modules)]
    if unknown:
        raise TrainingError(f"lora_targets names {', '.join(unknown)}, but {recipe.base} has no module of that name")
    layers = base.network.config.get_text_config().num_hidden_layers
    if recipe.lora_layers is not None and recipe.lora_layers > layers:
        raise TrainingError(f"lora_layers is {recipe.lora_layers}, but {recipe.base} has {layers} layers")
    for weight in base.network.parameters():
        weight.requires_grad_(False)
    if recipe.recompute:
        recompute_activations(base.network)
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=[name for name in modules if adapts(recipe, name)] if recipe.lora_layers else list(targets),
    )
    with without_peft_warning():
        peft_model = get_peft_model(base.network, config)
    if recipe.shard:
        shard_layers(
            peft_model, torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else CPU
        )
    named = sorted((name, weight) for name, weight in peft_model.named_parameters() if weight.requires_grad)
    return LoraNetwork(peft_model, base, tuple(name for name, _ in named), tuple(weight for _, weight in named))


def recompute_activations(network: Any) -> None:
    """Keep only each layer's input in the forward pass, and compute the rest of the layer again in the backward pass.

    transformers before 5.22 has the method under its older name.
    """
    older = "gradient_checkpointing_enable"
    enable = getattr(network, "activation_checkpointing_enable", None) or getattr(network, older)
    enable(RECOMPUTING)


def adapts(recipe: Recipe, module: str) -> bool:
    """Whether the recipe adapts a module of the base, given by its full name (`model.layers.3.mlp.up_proj`)."""
    layer = re.search(r"\.(\d+)\.", module)
    adapted = recipe.lora_layers is None or (layer is not None and int(layer[1]) < recipe.lora_layers)
    return adapted and any(_is(module, target) for target in recipe.lora_targets)


def _is(module: str, target: str) -> bool:
    """Whether a module's full name matches a target."""
    return module.endswith(f".{target}")


@contextmanager
def raise_on_oom(advice: str) -> Iterator[None]:
    """Within the block, turn an out-of-memory error into a TrainingError.

    Args:
        advice: The rest of the message after "out of memory".
    """
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not is_oom(error):
            raise
        raise TrainingError(f"out of memory {advice}") from error


def check_device(recipe: Recipe) -> None:
    """Raise a TrainingError if the recipe requires a GPU and there is none."""
    if recipe.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "this recipe needs a GPU (device: cuda) and none was found; run it on a machine with one, or try "
            "the recipe demo, which needs none"
        )


def encoder_of(recipe: Recipe, tokenizer: Any, record: ModelRecord | None) -> PromptEncoder:
    """The prompt encoder for the recipe's template.

    Raises:
        TrainingError: If the base was trained with a different tokenizer from the one in its folder.
    """
    if record is not None and record.tokenizer != tokenizer_hash(tokenizer):
        raise TrainingError(
            f"{recipe.base} was trained with a different tokenizer from the one it has now; fetch it again"
        )
    return PromptEncoder(tokenizer, recipe.template)
