"""Loading models by name: baselines, the demo model, a folder or a Hub id, with or without an adapter."""

import os
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from socrates_core.errors import ModelError, shown
from socrates_core.model.answer_model import AnswerModel, ModelDescription
from socrates_core.model.baselines import MarginalModel, UniformModel
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.endpoint.endpoint_model import RELEASED, load_endpoint
from socrates_core.model.fit import (
    check_base,
    check_tokenizer,
    fitting_template,
    mass_by_template,
    template_note,
    unrecorded_base,
)
from socrates_core.model.folder import Origin, local_folder, need_safetensors, origin_of, weights_digest
from socrates_core.model.precision import Precision, apply_precision, check_precision, chosen_precision, weight_options
from socrates_core.model.record import CALIBRATION, ModelRecord, calibration_file
from socrates_core.prompt import check_template
from socrates_core.study.sources.bundled import BUNDLED_STUDIES, load_bundled
from socrates_core.study.sources.hub_address import hub_name
from socrates_core.study.split import Split, part
from socrates_core.study.study_set import StudySet

if TYPE_CHECKING:
    from socrates_core.model.transformer import TransformerModel


def load_model(
    name: str = "demo",
    adapter: str | None = None,
    *,
    template: str | None = None,
    precision: Precision = "auto",
    training: StudySet | None = None,
    other_base: bool = False,
    calibration: str | Path | None = None,
) -> AnswerModel:
    """Load a model by name.

    >>> from socrates_core import load_model
    >>> load_model("uniform").description.name
    'uniform'
    >>> len(load_model("marginal").description.trained_on)  # the bundled training studies
    183

    Args:
        name: `uniform`, `marginal`, `demo`, a folder, a Hub id (with `@revision`), or `endpoint:NAME@URL`; only an
            endpoint and a Hub id that is not cached use the network.
        adapter: A folder, a Hub id (with `@revision`) or `demo` for the bundled LoRA adapter; None for the base alone.
        template: The prompt template, for a model without a record of its own.
        precision: Precision of the weights. `auto` rounds none that are stored if memory allows: float32 for weights
            stored in it and for adapters trained on a float32 base, bf16 for weights stored in it (on a CPU only where
            that is faster), dequantised NF4 for adapters trained on an NF4 base, and NF4 where nothing else fits in
            GPU memory. Baselines and endpoints take none.
        training: Studies for the marginal model; the bundled training studies when None.
        other_base: Load an adapter made elsewhere onto another base than the one that it names, too; the description's
            `base_note` says so.
        calibration: The calibration.json that `socrates calibrate` made of evaluations of this model, in place of the
            one that came with it; what is said of a prediction says so if it was fitted on others.

    Raises:
        ModelError: If there is no such model or calibration, or model, adapter and template do not fit together.
    """
    if calibration is not None:
        loaded = load_model(
            name, adapter, template=template, precision=precision, training=training, other_base=other_base
        )
        return with_calibration(loaded, Path(calibration))
    name, adapter = hub_name(name), None if adapter is None else hub_name(adapter)
    if template is not None:
        check_template(template)
    check_precision(precision)
    if precision != "auto" and not has_weights(name):
        whose = (
            "an endpoint serves its own weights" if name.startswith(ENDPOINT) else f"the {name} model has no weights"
        )
        raise ModelError(f"{whose}; leave --precision out")
    if name in ("uniform", "marginal"):
        if adapter is not None:
            raise ModelError(f"the {name} model takes no adapter; leave --adapter out or choose another --model")
        return UniformModel() if name == "uniform" else MarginalModel(training or _bundled_training())
    if name.startswith(ENDPOINT):
        if adapter is not None:
            raise ModelError("an endpoint serves its own weights; leave --adapter out")
        return load_endpoint(name, template)
    return _load_transformer(name, adapter, template, precision, other_base)


class _Described(Protocol):
    description: ModelDescription


def with_calibration(model: AnswerModel, file: Path) -> AnswerModel:
    """The same model, of whose predictions this calibration.json, or that of this run's folder, speaks.

    Raises:
        ModelError: If there is no such file.
    """
    named, file = file, file / CALIBRATION if file.is_dir() else file
    if not file.is_file():
        raise ModelError(f"there is no calibration {shown(named)}; make one of a run with socrates calibrate RUN")
    found = cast("_Described", copy(model))  # the weights are shared; what is said of the model given stays
    found.description = replace(model.description, calibration=file.resolve())
    return cast("AnswerModel", found)


def has_weights(name: str) -> bool:
    """Whether a model's weights are loaded here, so that it takes a precision: not those of baselines and endpoints."""
    return name not in ("uniform", "marginal") and not name.startswith(ENDPOINT)


def _bundled_training() -> StudySet:
    return part(load_bundled(), Split.load(BUNDLED_STUDIES / "split.json"), "train")


def _load_transformer(
    name: str, adapter: str | None, template: str | None, precision: Precision, other_base: bool
) -> "TransformerModel":
    folder = local_folder(name, "model", weights=False)  # a mistyped name is an error before anything takes seconds
    # torch and transformers take seconds to import, so only models that need them do so
    import torch

    from socrates_core.model.shared_network import SharedNetwork
    from socrates_core.model.transformer import TransformerModel

    learned_on = None
    if adapter is not None:
        adapter_folder = local_folder(adapter, "adapter")
        record = ModelRecord.load(adapter_folder)
        # checked before gigabytes are read
        check_base(name, origin_of(folder), adapter, record, lambda: weights_digest(folder))
        if record is None:
            unrecorded_base(name, folder, origin_of(folder), adapter, adapter_folder, other_base)
        learned_on = record.base_precision if record else None
    base = load_network(name, precision, learned_on)
    check_tokenizer(name, None, base.record, base.tokenizer)
    requested = None if adapter else template
    description = ModelDescription(
        name,
        template=fitting_template(name, None, requested, base.record),
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        precision=base.precision,
        requested_precision=precision,
        demo=bool(base.record and base.record.demo),
        calibration=calibration_file(base.folder),
        model_digest=None if base.folder is None else weights_digest(base.folder),
        trained_on=frozenset(base.record.trained_on if base.record else ()),
    )
    origin = Origin(base.hub_id, base.revision)
    shared = SharedNetwork(base.network.eval(), base.tokenizer, description, base.record, origin, base.folder)
    if torch.cuda.is_available():
        device = f"{description.device} (attention: {shared.scorer.kernels.names})"
        shared.description = replace(description, device=device)
    model = TransformerModel(shared.network, shared.tokenizer, shared.description, shared=shared)
    if adapter is not None:
        return model.with_adapter(adapter, template, other_base=other_base)
    if base.record is None and not name.startswith(RELEASED) and not os.environ.get("SPACES_ZERO_GPU"):
        note = _template_note(model)
        shared.description = model.description = replace(model.description, template_note=note)
    return model


def _template_note(model: "TransformerModel") -> str:
    """`template_note` of a base without a record; empty where even typical prompts exceed its context."""
    with suppress(ModelError):
        return template_note(mass_by_template(model.with_template), model.template)
    return ""


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A causal language model without adapter, with what is known about it."""

    network: Any
    """On the GPU of this process if there is one; its attention implementation is `attention.NAME`."""
    tokenizer: Any
    record: ModelRecord | None
    precision: Precision
    """Precision of the weights; never `auto`."""
    revision: str | None
    """The Hub commit; None if the folder does not record it, and for the demo model."""
    hub_id: str | None = None
    """The Hub id, or `demo`; None if the folder does not record which model it contains."""
    folder: Path | None = None
    """The folder that it was loaded from."""


def hide_progress_bars() -> None:
    """Load models without the progress bars that transformers draws on stderr."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()


def load_network(
    name: str, precision: Precision = "auto", learned_on: str | None = None, to_shard: bool = False
) -> LoadedNetwork:
    """Load a network and its tokenizer by name, as `load_model` does.

    Args:
        name: `demo`, a folder, or a Hub id (with `@revision`).
        precision: As `load_model` takes it.
        learned_on: Precision of the base that its adapter was trained on, which `auto` follows if it can.
        to_shard: Leave the weights in host memory, to be sharded over processes.

    Raises:
        ModelError: If there is no such model, or its weights are not safetensors.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    from socrates_core.model.prefix_tree import attention

    check_precision(precision)
    folder = local_folder(name, "model")
    need_safetensors(folder, name)
    plan = _network_plan(name, folder)
    if plan.record is not None and plan.record.demo:
        # stored in bf16 to be small; it was trained, and its figures are stated, in float32
        learned_on = learned_on or "float32"
        hide_progress_bars()  # of what takes a second
    precision = chosen_precision(precision, plan.config, folder, learned_on)
    try:
        network = AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, attn_implementation=attention.NAME, **weight_options(precision, to_shard)
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"the model {name} cannot be loaded from {folder}: {error}") from error
    apply_precision(network, precision)
    return LoadedNetwork(network, plan.tokenizer, plan.record, precision, plan.revision, plan.hub_id, folder)


@dataclass(frozen=True, eq=False)
class NetworkPlan:
    """What is known about a network before its weights are read."""

    config: Any
    tokenizer: Any
    record: ModelRecord | None
    revision: str | None
    """The Hub commit; None if the folder does not record it, and for the demo model."""
    hub_id: str | None
    """The Hub id, or `demo`; None if the folder does not record which model it contains."""


def plan_network(name: str) -> NetworkPlan:
    """Read a model's configuration and tokenizer by name; its weights are neither read nor fetched.

    Raises:
        ModelError: If there is no such model.
    """
    return _network_plan(name, local_folder(name, "model", weights=False))


def _network_plan(name: str, folder: Path) -> NetworkPlan:
    from transformers import AutoConfig, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the model {name} cannot be loaded from {folder}: {error}") from error
    origin = origin_of(folder)
    return NetworkPlan(config, tokenizer, ModelRecord.load(folder), origin.revision, origin.hub_id)
