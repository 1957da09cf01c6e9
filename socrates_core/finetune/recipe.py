"""Training recipes: everything that determines how an adapter is trained, apart from the studies.

A recipe is a flat YAML file. Every line is validated on reading: an unknown key, a wrong type or an impossible value
is reported with its line number and the allowed values, before anything heavy is loaded.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BeforeValidator, Field

from socrates_core.command import LARGEST_SEED
from socrates_core.errors import TrainingError
from socrates_core.prompt import TEMPLATES
from socrates_core.study.files import ASSETS, INSTALLED, read_bytes
from socrates_core.study.incoming.fields import Expected, expectations, number, one_of, read_field, whole

SEVEN_PROJECTIONS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""All matrices of a transformer block in the Qwen and Llama families."""

REPORTERS: Final = ("trackio", "tensorboard", "wandb")

RECIPES: Final = ASSETS / "recipes" if INSTALLED else ASSETS.parent / "train" / "configs"
"""Recipes that come with the software."""


def _of_text(value: Any) -> Any:
    """YAML 1.1 reads 1e-5, which has no dot, as a text."""
    return float(value) if isinstance(value, str) else value


def _different(names: Any) -> Any:
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        raise ValueError
    return tuple(names)


Text = Annotated[str, Field(pattern=r"\S")]
Number = Annotated[float, BeforeValidator(_of_text)]
Targets = Annotated[
    tuple[Text, ...], BeforeValidator(_different), Expected("a list of different module names", min_length=1)
]
SHARE: Final = number("a share from 0 to below 1", ge=0, lt=1)
POSITIVE: Final = number("a number above 0", gt=0)
NOT_NEGATIVE: Final = number("a number of 0 or more", ge=0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an adapter is trained. Field names are the keys of the YAML file; only `base` is required."""

    base: Annotated[Text, Expected("a Hub id, demo, or the folder of a model")] = ""
    """The base model of the adapter."""
    base_revision: Annotated[Text | None, Expected("a commit, branch or tag of the base on the Hub")] = None
    """None is the newest; the commit it resolves to is recorded."""
    template: Annotated[str, one_of(*TEMPLATES)] = "shared"
    """Prompt template; `shared` puts the persona last, so that people of one cell share nearly all tokens."""
    precision: Annotated[str, one_of("nf4", "bf16", "float32")] = "nf4"
    """Precision of the frozen weights; NF4 uses double quantisation. The adapter itself is always float32."""
    device: Annotated[str, one_of("auto", "cuda")] = "auto"
    """`cuda` refuses to start without a GPU; `auto` uses one if there is one."""
    fraction: Annotated[Number, number("a share above 0 and up to 1", gt=0, le=1)] = 1.0
    """Share of the training part's responses to train on, drawn at random."""
    cell_people: Annotated[int | None, whole(1, 1_000_000)] = None
    """Draw that share in groups of this many people of a cell, study by study; null draws single responses."""
    max_tokens: Annotated[int, whole(16)] = 2048
    """Examples longer than this, answer included, are left out and counted; none is ever truncated."""
    lora_rank: Annotated[int, whole(1, 65_536)] = 16
    lora_alpha: Annotated[Number, POSITIVE] = 32.0
    lora_dropout: Annotated[Number, SHARE] = 0.05
    """Shared tokens share their dropout mask; with 0 the gradient is exactly that of a plain loop."""
    lora_targets: Targets = SEVEN_PROJECTIONS
    lora_layers: Annotated[int | None, whole(1)] = None
    """How many layers of the base are adapted, counted from the first; null adapts all."""
    epochs: Annotated[int, whole(1, 10_000)] = 1
    step_examples: Annotated[int, whole(1)] = 256
    """Examples per optimiser step, whatever the packing; only the last step of a run can have fewer."""
    learning_rate: Annotated[Number, POSITIVE] = 1e-5
    schedule: Annotated[str, one_of("cosine", "linear", "constant")] = "cosine"
    """How the learning rate falls after the warm-up: to 0 along a cosine or linearly, or not at all."""
    warm_up: Annotated[Number, SHARE] = 0.05
    """Share of the steps over which the learning rate rises linearly from 0."""
    weight_decay: Annotated[Number, NOT_NEGATIVE] = 0.1
    """AdamW's weight decay, on all adapter weights."""
    clip_norm: Annotated[Number | None, POSITIVE] = None
    """Maximum gradient norm; null does not clip."""
    group_size: Annotated[int, whole(1)] = 8
    """People of one cell that are grouped in a step. Larger groups share more tokens but make the step's examples less
    varied; 1 shuffles freely, as a plain loop does."""
    group_cells: Annotated[int, whole(1)] = 1
    """Cells of one condition whose groups are placed together, so that common text of their stimuli is shared too."""
    pack_tokens: Annotated[int, whole(16)] = 4096
    """Approximate tokens per forward pass; a longer example gets a pass of its own. Halved when memory runs out."""
    attention: Annotated[str, one_of("block", "dense")] = "block"
    """How a pack is masked: `block` skips blocks that are fully masked (FlexAttention on a GPU); `dense` computes all
    pairs of tokens, for a GPU on which FlexAttention does not compile."""
    recompute: Annotated[bool, Expected("true or false")] = False
    """Recompute activations in the backward pass (gradient checkpointing): a third more work for much less memory."""
    shard: Annotated[bool, Expected("true or false")] = False
    """Shard the base's layers over the processes (FSDP2), for a base that does not fit on one device. Every process
    first reads the whole base into host memory."""
    distribution_weight: Annotated[Number, NOT_NEGATIVE] = 0.0
    """Weight of the squared CDF difference between a group's mean prediction and its answers; 0 is cross-entropy
    alone."""
    validate_every: Annotated[int, whole(1)] = 20
    """Steps between validations; there is always one before the first step and one after the last."""
    validation_cells: Annotated[int, whole(1)] = 8
    """Maximum number of cells predicted in each validation study."""
    validation_people: Annotated[int, whole(1)] = 16
    """Maximum number of people predicted in each such cell."""
    choose_by: Annotated[str, one_of("loss", "wasserstein")] = "loss"
    """Whether the adapter with the lowest validation loss or the lowest W is published."""
    checkpoint_every: Annotated[int, whole(1)] = 20
    """Steps between checkpoints; one is also saved after the last step and on SIGTERM."""
    report_to: Annotated[str | None, one_of(*REPORTERS)] = None
    """Where metrics go in addition to metrics.jsonl."""
    seed: Annotated[int, whole(0, LARGEST_SEED)] = 42
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
        raise TrainingError(f"{path}: base is missing; name {expectations(Recipe)['base']}")
    return Recipe(**settings)


def recipe_text(recipe: Recipe) -> str:
    """A recipe as YAML, with all its settings."""
    return str(yaml.safe_dump(json.loads(json.dumps(asdict(recipe))), sort_keys=False))


def _read(where: str, key: str, node: Any) -> Any:
    allowed = expectations(Recipe)
    if key not in allowed:
        raise TrainingError(f"{where}: there is no setting {key!r}; choose one of {', '.join(allowed)}")
    loader = yaml.SafeLoader("")
    try:
        return read_field(Recipe, key, loader.construct_object(node, deep=True))
    except (ValueError, TypeError, OverflowError, RecursionError, yaml.YAMLError) as error:
        written = node.value if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
        shown = written if len(written) <= 60 else f"{written[:60]}…"
        raise TrainingError(f"{where}: {key} is {shown!r}; expected {allowed[key]}") from error
    finally:
        loader.dispose()
