"""Training recipes: everything that determines how an adapter is trained, apart from the studies.

A recipe is a flat YAML file. Every line is validated on reading: an unknown key, a wrong type or an impossible value
is reported with its line number and the allowed values, before anything heavy is loaded.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import yaml

from socrates_core.command import LARGEST_SEED
from socrates_core.errors import TrainingError
from socrates_core.prompt import TEMPLATES
from socrates_core.study.files import ASSETS, INSTALLED, read_bytes

SEVEN_PROJECTIONS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""All matrices of a transformer block in the Qwen and Llama families."""

REPORTERS: Final = ("trackio", "tensorboard", "wandb")

RECIPES: Final = ASSETS / "recipes" if INSTALLED else ASSETS.parent / "train" / "configs"
"""Recipes that come with the software."""

Reader = Callable[[Any], Any]
"""A YAML value ↦ the setting; raises ValueError when it is not allowed."""


def _setting(default: Any, allowed: str, read: Reader) -> Any:
    return field(default=default, metadata={"allowed": allowed, "read": read})


def _whole(low: int, high: int = 10**9) -> tuple[str, Reader]:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return f"a whole number from {low} to {high:,}", read


def _number(low: float, high: float, allowed: str, low_itself: bool = True, high_itself: bool = False) -> Any:
    def read(value: Any) -> float:
        # YAML 1.1 reads 1e-5, which has no dot, as a string
        number = float("nan" if isinstance(value, bool) else value)
        inside = low < number < high or (low_itself and number == low) or (high_itself and number == high)
        if not math.isfinite(number) or not inside:
            raise ValueError
        return number

    return allowed, read


def _one_of(*names: str) -> tuple[str, Reader]:
    def read(value: Any) -> str:
        if value not in names or not isinstance(value, str):
            raise ValueError
        return value

    return f"one of {', '.join(names)}", read


def _or_none(rule: tuple[str, Reader]) -> tuple[str, Reader]:
    return f"{rule[0]}, or null", lambda value: None if value is None else rule[1](value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if value is not True and value is not False:
        raise ValueError
    return bool(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or len(set(map(str, value))) < len(value):
        raise ValueError
    return tuple(_text(name) for name in value)


SHARE: Final = _number(0, 1, "a share from 0 to below 1")
POSITIVE: Final = _number(0, math.inf, "a number above 0", low_itself=False)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an adapter is trained. Field names are the keys of the YAML file; only `base` is required."""

    base: str = _setting("", "a Hub id, demo, or the folder of a model", _text)
    """The base model of the adapter."""
    base_revision: str | None = _setting(None, *_or_none(("a commit, branch or tag of the base on the Hub", _text)))
    """None is the newest; the commit it resolves to is recorded."""
    template: str = _setting("shared", *_one_of(*TEMPLATES))
    """Prompt template; `shared` puts the persona last, so that people of one cell share nearly all tokens."""
    precision: str = _setting("nf4", *_one_of("nf4", "bf16", "float32"))
    """Precision of the frozen weights; NF4 uses double quantisation. The adapter itself is always float32."""
    device: str = _setting("auto", *_one_of("auto", "cuda"))
    """`cuda` refuses to start without a GPU; `auto` uses one if there is one."""
    fraction: float = _setting(1.0, *_number(0, 1, "a share above 0 and up to 1", low_itself=False, high_itself=True))
    """Random share of the training part's responses to train on."""
    max_tokens: int = _setting(2048, *_whole(16))
    """Examples longer than this, answer included, are left out and counted; none is ever truncated."""
    lora_rank: int = _setting(16, *_whole(1, 65_536))
    lora_alpha: float = _setting(32.0, *POSITIVE)
    lora_dropout: float = _setting(0.05, *SHARE)
    """Shared tokens share their dropout mask; with 0 the gradient is exactly that of a plain loop."""
    lora_targets: tuple[str, ...] = _setting(SEVEN_PROJECTIONS, "a list of different module names", _names)
    lora_layers: int | None = _setting(None, *_or_none(_whole(1)))
    """How many layers of the base are adapted, counted from the first; null adapts all."""
    epochs: int = _setting(1, *_whole(1, 10_000))
    step_examples: int = _setting(256, *_whole(1))
    """Examples per optimiser step, whatever the packing; only the last step of a run can have fewer."""
    learning_rate: float = _setting(1e-5, *POSITIVE)
    schedule: str = _setting("cosine", *_one_of("cosine", "linear", "constant"))
    """How the learning rate falls after the warm-up: to 0 along a cosine or linearly, or not at all."""
    warm_up: float = _setting(0.05, *SHARE)
    """Share of the steps over which the learning rate rises linearly from 0."""
    weight_decay: float = _setting(0.1, *_number(0, math.inf, "a number of 0 or more"))
    """AdamW's weight decay, on all adapter weights."""
    clip_norm: float | None = _setting(None, *_or_none(POSITIVE))
    """Maximum gradient norm; null does not clip."""
    group_size: int = _setting(8, *_whole(1))
    """People of one cell that are grouped in a step. Larger groups share more tokens but make the step's examples less
    varied; 1 shuffles freely, as a plain loop does."""
    group_cells: int = _setting(1, *_whole(1))
    """Cells of one condition whose groups are placed together, so that common text of their stimuli is shared too."""
    pack_tokens: int = _setting(4096, *_whole(16))
    """Approximate tokens per forward pass; a longer example gets a pass of its own. Halved when memory runs out."""
    attention: str = _setting("block", *_one_of("block", "dense"))
    """How a pack is masked: `block` skips blocks that are fully masked (FlexAttention on a GPU); `dense` computes all
    pairs of tokens, for a GPU on which FlexAttention does not compile."""
    recompute: bool = _setting(False, "true or false", _flag)
    """Recompute activations in the backward pass (gradient checkpointing): a third more work for much less memory."""
    shard: bool = _setting(False, "true or false", _flag)
    """Shard the base's layers over the processes (FSDP2), for a base that does not fit on one device. Every process
    first reads the whole base into host memory."""
    distribution_weight: float = _setting(0.0, *_number(0, math.inf, "a number of 0 or more"))
    """Weight of the squared CDF difference between a group's mean prediction and its answers; 0 is cross-entropy
    alone."""
    validate_every: int = _setting(20, *_whole(1))
    """Steps between validations; there is always one before the first step and one after the last."""
    validation_cells: int = _setting(8, *_whole(1))
    """Maximum number of cells predicted in each validation study."""
    validation_people: int = _setting(16, *_whole(1))
    """Maximum number of people predicted in each such cell."""
    choose_by: str = _setting("loss", *_one_of("loss", "wasserstein"))
    """Whether the adapter with the lowest validation loss or the lowest W is published."""
    checkpoint_every: int = _setting(20, *_whole(1))
    """Steps between checkpoints; one is also saved after the last step and on SIGTERM."""
    report_to: str | None = _setting(None, *_or_none(_one_of(*REPORTERS)))
    """Where metrics go in addition to metrics.jsonl."""
    seed: int = _setting(42, *_whole(0, LARGEST_SEED))
    """Seed of the sample, the order of the examples, the adapter's initial weights, dropout, and the people sampled for
    validation."""


def recipe_file(name: Path) -> Path:
    """The file of a recipe: a path as it is, where there is such a file; else the bundled recipe of that name.

    Raises:
        TrainingError: If a bare name is no recipe; names those that there are.
    """
    if name.exists() or len(name.parts) != 1 or name.suffix:
        return name
    bundled = {path.stem: path for path in sorted(RECIPES.glob("*.yaml"))}
    if name.name not in bundled:
        raise TrainingError(f"there is no recipe {name}; choose {', '.join(bundled)}, or name a YAML file")
    return bundled[name.name]


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        TrainingError: If there is no such file, it is not YAML, or a line is invalid; names file and line.
    """
    try:
        text = read_bytes(path).decode("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise TrainingError(f"{path} is not a recipe: it is nested too deeply") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"the recipe {path} cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise TrainingError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(root, yaml.MappingNode):
        raise TrainingError(f"{path} is not a recipe: expected lines of the form `key: value`")
    settings: dict[str, Any] = {}
    for key_node, value_node in root.value:
        where = f"{path}, line {key_node.start_mark.line + 1}"
        key = str(key_node.value)
        if key in settings:
            raise TrainingError(f"{where}: {key} appears twice; leave one out")
        settings[key] = _read(where, key, value_node)
    if "base" not in settings:
        raise TrainingError(f"{path}: base is missing; name {_RULES['base'].metadata['allowed']}")
    return Recipe(**settings)


_RULES: Final = {one.name: one for one in fields(Recipe)}


def _read(where: str, key: str, node: Any) -> Any:
    if key not in _RULES:
        raise TrainingError(f"{where}: there is no setting {key!r}; choose one of {', '.join(_RULES)}")
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
        return _RULES[key].metadata["read"](value)
    except (ValueError, TypeError, OverflowError, RecursionError, yaml.YAMLError) as error:
        written = node.value if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
        shown = written if len(written) <= 60 else f"{written[:60]}…"
        raise TrainingError(f"{where}: {key} is {shown!r}; expected {_RULES[key].metadata['allowed']}") from error
    finally:
        loader.dispose()
