"""The network that learns: a frozen base, in four bits or not, with LoRA adapters on it."""

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
from socrates_core.model.prefix_tree.scoring import out_of_memory
from socrates_core.model.record import ModelRecord, tokenizer_hash

RECOMPUTING: Final = {"use_reentrant": False}
CPU: Final = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Learner:
    """A base with a new adapter."""

    tuned: Any
    """The PeftModel."""
    base: LoadedNetwork
    """What lies below; its network holds the adapter too, because PEFT puts it in place."""
    names: tuple[str, ...]
    """Of the P adapter weights, sorted."""
    weights: tuple[torch.nn.Parameter, ...]
    """(P,) the adapter weights, all that learns."""

    @property
    def network(self) -> Any:
        """The causal language model."""
        return self.tuned.get_base_model()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.weights[0].device


def base_name(recipe: Recipe) -> str:
    """The base as `load_model` takes it.

    Raises:
        TrainingError: If a revision is asked of a base that is not on the Hub.
    """
    if recipe.base_revision is None:
        return recipe.base
    if recipe.base == DEMO or Path(recipe.base).is_dir():
        raise TrainingError(f"base_revision is for a base on the Hub, and {recipe.base} is not one; leave it out")
    return f"{recipe.base}@{recipe.base_revision}"


def make_learner(recipe: Recipe) -> Learner:
    """Load the base and put a new adapter on it, whose first weights depend on the recipe's seed alone.

    Raises:
        TrainingError: If the recipe wants a GPU and there is none, or a target is no module of the base.
        ModelError: If the base cannot be loaded.
    """
    check_device(recipe)
    base = load_network(base_name(recipe), recipe.precision, to_shard=recipe.shard)  # type: ignore[arg-type]
    modules = [name for name, _ in base.network.named_modules()]
    targets = recipe.lora_targets
    unknown = [target for target in targets if not any(_is(name, target) for name in modules)]
    if unknown:
        raise TrainingError(f"lora_targets names {', '.join(unknown)}, and {recipe.base} has no module of that name")
    layers = base.network.config.get_text_config().num_hidden_layers
    if recipe.lora_layers is not None and recipe.lora_layers > layers:
        raise TrainingError(f"lora_layers is {recipe.lora_layers}, and {recipe.base} has {layers} layers")
    for weight in base.network.parameters():
        weight.requires_grad_(False)
    if recipe.recompute:
        base.network.activation_checkpointing_enable(RECOMPUTING)
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=[name for name in modules if adapts(recipe, name)] if recipe.lora_layers else list(targets),
    )
    with without_peft_warning():
        tuned = get_peft_model(base.network, config)
    if recipe.shard:
        shard_layers(tuned, torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else CPU)
    learned = sorted((name, weight) for name, weight in tuned.named_parameters() if weight.requires_grad)
    return Learner(tuned, base, tuple(name for name, _ in learned), tuple(weight for _, weight in learned))


def adapts(recipe: Recipe, module: str) -> bool:
    """Whether the recipe puts an adapter on a module of the base, by its full name (`model.layers.3.mlp.up_proj`)."""
    layer = re.search(r"\.(\d+)\.", module)
    adapted = recipe.lora_layers is None or (layer is not None and int(layer[1]) < recipe.lora_layers)
    return adapted and any(_is(module, target) for target in recipe.lora_targets)


def _is(module: str, target: str) -> bool:
    """Whether a module's full name is that of a target."""
    return module.endswith(f".{target}")


@contextmanager
def running_out_of_memory_told(advice: str) -> Iterator[None]:
    """Turn running out of memory within into a TrainingError.

    Args:
        advice: How its message goes on after "out of memory".
    """
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not no_memory_left(error):
            raise
        raise TrainingError(f"out of memory {advice}") from error


def no_memory_left(error: Exception) -> bool:
    """Whether an error says that a GPU or this machine has no memory left."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and out_of_memory(error))


def check_device(recipe: Recipe) -> None:
    """Raise a TrainingError if the recipe wants a GPU and there is none."""
    if recipe.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError(
            "this recipe needs a GPU (device: cuda) and none is found; run it where there is one, or try "
            "train/configs/demo.yaml, which needs none"
        )


def encoder_of(recipe: Recipe, tokenizer: Any, record: ModelRecord | None) -> PromptEncoder:
    """The encoder of the recipe's template.

    Raises:
        TrainingError: If the base was trained with another tokenizer than its folder holds.
    """
    if record is not None and record.tokenizer != tokenizer_hash(tokenizer):
        raise TrainingError(f"{recipe.base} was trained with another tokenizer than it has now; fetch it again")
    return PromptEncoder(tokenizer, recipe.template)
