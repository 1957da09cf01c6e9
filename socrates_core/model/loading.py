"""From a name to an answer model: baselines, the demo model, a folder or a Hub id, with or without an adapter."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerModel, ModelDescription
from socrates_core.model.baselines import MarginalModel, UniformModel
from socrates_core.model.endpoint import PREFIX as ENDPOINT
from socrates_core.model.endpoint import RELEASED, load_endpoint
from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.prompt import check_template
from socrates_core.sources.bundled import ASSETS, load_bundled
from socrates_core.split import Split, part
from socrates_core.study import StudySet

if TYPE_CHECKING:
    from socrates_core.model.transformer import TransformerModel

DEMO: Final = Path(__file__).parents[2] / "assets" / "demo"
"""The bundled demo model: `base/`."""

CHOICES: Final = (
    "uniform, marginal, demo, the folder of a model, a Hub id like Qwen/Qwen2.5-14B-Instruct, or endpoint:NAME@URL"
)

HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

Precision = Literal["auto", "nf4", "bf16", "float32"]


def load_model(
    name: str,
    adapter: str | None = None,
    *,
    template: str | None = None,
    precision: Precision = "auto",
    training: StudySet | None = None,
) -> AnswerModel:
    """Load a model by name.

    Args:
        name: `uniform`, `marginal`, `demo`, a folder, a Hub id (with `@revision`), or `endpoint:NAME@URL`; only a
            Hub id that is not cached and an endpoint reach for the network.
        adapter: A folder or a Hub id (with `@revision`) of a LoRA adapter; None for the base alone.
        template: The prompt template, for a model without a record of its own.
        precision: Of the weights; `auto` takes bf16 where the GPU's memory holds it and NF4 where not, and float32
            on a CPU.
        training: What the marginal model learns from; the bundled training studies when None.

    Raises:
        ModelError: If there is no such model, or model, adapter and template do not fit together.
    """
    if template is not None:
        check_template(template)
    if name in ("uniform", "marginal"):
        if adapter is not None:
            raise ModelError(f"the {name} model takes no adapter; leave --adapter out or choose another --model")
        return UniformModel() if name == "uniform" else MarginalModel(training or _bundled_training())
    if name.startswith(ENDPOINT):
        if adapter is not None:
            raise ModelError("an endpoint serves its own weights; leave --adapter out")
        return load_endpoint(name, template)
    return _load_transformer(name, adapter, template, precision)


def _bundled_training() -> StudySet:
    return part(load_bundled(), Split.load(ASSETS / "split.json"), "train")


def _load_transformer(name: str, adapter: str | None, template: str | None, precision: Precision) -> "TransformerModel":
    # torch and transformers take seconds to import: only a model that needs them pays
    import torch

    from socrates_core.model.transformer import TransformerModel

    base = load_network(name, precision)
    network, record, tuned = base.network, base.record, None
    if adapter is not None:
        tuned, network = _with_adapter(network, base.tokenizer, name, adapter)
    template = _template(name, adapter, template, tuned or record)
    _check_tokenizer(name, adapter, tuned or record, base.tokenizer)
    description = ModelDescription(
        name,
        adapter=adapter,
        template=template,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        precision=base.precision,
        demo=bool(record and record.demo),
        trained_on=frozenset((record.trained_on if record else ()) + (tuned.trained_on if tuned else ())),
    )
    return TransformerModel(network.eval(), base.tokenizer, description)


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A causal language model without adapter, with all that is known of it."""

    network: Any
    """On the GPU of this process, where there is one; its attention is `attention.NAME`."""
    tokenizer: Any
    record: ModelRecord | None
    precision: Precision
    """Of the weights; never `auto`."""
    revision: str | None
    """The Hub's commit; None for a folder of this machine and the demo model."""


def load_network(name: str, precision: Precision = "auto") -> LoadedNetwork:
    """Load a network and its tokenizer by name, as `load_model` does.

    Raises:
        ModelError: If there is no such model, or its weights are not safetensors.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    from socrates_core.model import attention

    folder = _weights(name, "model")
    _need_safetensors(folder, name)
    plan = _network_plan(name, folder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = _precision(precision, device, plan.config)
    try:
        network = AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, attn_implementation=attention.NAME, **_weight_options(precision, device)
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"the model {name} cannot be loaded from {folder}: {error}") from error
    _without_avx512_bf16(network)
    return LoadedNetwork(network, plan.tokenizer, plan.record, precision, plan.revision)


@dataclass(frozen=True, eq=False)
class NetworkPlan:
    """All that is known of a network before its weights are read."""

    config: Any
    tokenizer: Any
    record: ModelRecord | None
    revision: str | None
    """The Hub's commit; None for a folder of this machine and the demo model."""


def plan_network(name: str) -> NetworkPlan:
    """Read a model's configuration and tokenizer by name; its weights are neither read nor fetched.

    Raises:
        ModelError: If there is no such model.
    """
    return _network_plan(name, _weights(name, "model", weights=False))


def _network_plan(name: str, folder: Path) -> NetworkPlan:
    from transformers import AutoConfig, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the model {name} cannot be loaded from {folder}: {error}") from error
    revision = folder.name if folder.parent.name == "snapshots" else None
    return NetworkPlan(config, tokenizer, ModelRecord.load(folder), revision)


def _weights(name: str, what: str, weights: bool = True) -> Path:
    """The local folder of a model or an adapter, fetched from the Hub where the name is a Hub id.

    Without `weights` only the small files beside them are fetched.

    Raises:
        ModelError: If the name is neither, or the Hub does not give it.
    """
    if name == "demo":
        return DEMO / "base"
    if name and Path(name).is_dir():
        return Path(name)
    identity, _, revision = name.partition("@")
    if not HUB_ID.fullmatch(identity) or identity.startswith("."):
        raise ModelError(f"no {what} {name!r}; choose {CHOICES}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        small = ["*.json", "*.txt", "*.jinja"]
        patterns = [*small, "*.safetensors"] if weights else small
        path = snapshot_download(identity, revision=revision or None, allow_patterns=patterns)
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the Hub has no {what} {identity}, or it is private: check the name, or log in with `hf auth login`"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"the {what} {name} is not on this machine and the Hub cannot be reached"
            f"{' (offline mode is on)' if os.environ.get('HF_HUB_OFFLINE') else ''}; choose {CHOICES}"
        ) from error
    return Path(path)


def _need_safetensors(folder: Path, name: str) -> None:
    if not any(folder.glob("*.safetensors")):
        found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise ModelError(
            f"{name} holds no *.safetensors weights ({found} in {folder}); other weight files can run code when "
            "loaded and are refused"
        )


def _precision(asked: Precision, device: str, config: Any) -> Precision:
    """NF4 only where bf16 weights would fill more than two thirds of the GPU's free memory."""
    if asked != "auto":
        return asked
    if device == "cpu":
        return "float32"
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        parameters = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    free, _ = torch.cuda.mem_get_info()
    return "bf16" if 2 * parameters < free * 2 / 3 else "nf4"


def _weight_options(precision: Precision, device: str) -> dict[str, Any]:
    import torch
    from transformers import BitsAndBytesConfig

    options: dict[str, Any] = {"dtype": torch.float32 if precision == "float32" else torch.bfloat16}
    if device == "cuda":
        options["device_map"] = {"": torch.cuda.current_device()}
    if precision == "nf4":
        compute = torch.bfloat16 if device == "cuda" else torch.float32
        options["dtype"] = compute
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute,
        )
    return options


def _with_adapter(network: Any, tokenizer: Any, name: str, adapter: str) -> tuple[ModelRecord | None, Any]:
    from peft import PeftModel
    from safetensors import SafetensorError

    folder = _weights(adapter, "adapter")
    _need_safetensors(folder, adapter)
    record = ModelRecord.load(folder)
    if record and record.base and record.base != name.partition("@")[0]:
        raise ModelError(f"the adapter {adapter} was trained on {record.base} and does not fit the model {name}")
    try:
        tuned = PeftModel.from_pretrained(network, str(folder), is_trainable=False)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"the adapter {adapter} does not fit the model {name}: {error}") from error
    return record, tuned.get_base_model()


def _template(name: str, adapter: str | None, asked: str | None, record: ModelRecord | None) -> str:
    """The template that the weights were trained on; for weights without a record the asked one.

    Raises:
        ModelError: If the asked one is not the recorded one, or an adapter without a record comes without any.
    """
    known = record.template if record else "socrates" if name.startswith(RELEASED) and not adapter else None
    if known:
        if asked and asked != known:
            raise ModelError(
                f"{adapter or name} was trained on the template {known}, not {asked}; leave --template out"
            )
        return known
    if asked is None and adapter is not None:
        raise ModelError(
            f"the adapter {adapter} does not say which template it was trained on; name it with --template"
        )
    return asked or "shared"


def _check_tokenizer(name: str, adapter: str | None, record: ModelRecord | None, tokenizer: Any) -> None:
    if record and record.tokenizer != tokenizer_hash(tokenizer):
        raise ModelError(
            f"{adapter or name} was trained with another tokenizer than the one that {name} has now; "
            "load the base model's revision that it was trained on"
        )


def _without_avx512_bf16(network: Any) -> None:
    """Keep bitsandbytes off its AVX512-BF16 kernel: it crashes on layers with bias or loses gradients in silence."""
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
