"""Checks the folder of an adapter before anything loads it.

The same checks run before a push and after a pull, so whatever can be pushed can also be pulled. PEFT's config supports
options that change other weights or import code; only those that a plain LoRA adapter needs are allowed here.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import Field

from socrates_core.errors import HubError, LeakError, ModelError, PredictionError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.weights import Tensor, read_header
from socrates_core.model.folder import DEMO
from socrates_core.model.record import CALIBRATION, FILE, REVISION, ModelRecord
from socrates_core.prompt import check_template
from socrates_core.study.files import read_json
from socrates_core.study.incoming.fields import Expected, number, one_of, read_as, whole
from socrates_core.study.leaks import STIMULI, load_sketches
from socrates_core.trust.calibration import FORMAT, load_calibration

WEIGHTS: Final = "adapter_model.safetensors"
CONFIG: Final = "adapter_config.json"
RECORD: Final = FILE
CARD: Final = "README.md"
FILES: Final = (WEIGHTS, CONFIG, RECORD, STIMULI, CALIBRATION, CARD)
"""The only files that are pushed or pulled."""

MAX_TEXT: Final = 8 * 1024**2
"""Bytes of a config, a record, a file of sketches or a card."""
MAX_RANK: Final = 1024
MAX_WIDTH: Final = 2**20
"""Rows or columns of a weight matrix of the base model."""

_KEY: Final = re.compile(r"base_model\.model\.((?:[A-Za-z0-9_]+\.)+)lora_([AB])\.weight")
_LAYERED: Final = re.compile(r"(?:[A-Za-z_]+\.)*layers\.(\d{1,4})\.(?:[A-Za-z_]+\.)*([A-Za-z_]+)")


@dataclass(frozen=True)
class AdapterConfig:
    """The config of a plain LoRA adapter, as PEFT writes it."""

    rank: int
    alpha: float
    dropout: float
    targets: tuple[str, ...]
    """Names of the adapted modules, sorted."""
    base: str
    """Hub id of the base model, or `demo`."""
    base_revision: str | None
    """Commit or other revision of the base model; None where unknown."""

    @property
    def changes(self) -> str:
        """The targets in short form, grouped by kind where they name their layer: `q_proj, v_proj of layers 0 to 3`."""
        layered = [_LAYERED.fullmatch(target) for target in self.targets]
        layers = sorted({int(one[1]) for one in layered if one})
        kinds = sorted({one[2] for one in layered if one})
        if None in layered or len(self.targets) != len(layers) * len(kinds) or layers[-1] - layers[0] >= len(layers):
            return ", ".join(self.targets)
        return f"{', '.join(kinds)} of layer{f's {layers[0]} to {layers[-1]}' if len(layers) > 1 else f' {layers[0]}'}"


@dataclass(frozen=True)
class Inspection:
    """The result of a successful inspection."""

    config: AdapterConfig
    record: ModelRecord | None
    """None for an adapter made with other software: its template must be given when it is loaded."""
    parameters: int
    """Number of parameters."""


def inspect(folder: Path) -> Inspection:
    """Check all files in the folder of an adapter.

    Raises:
        HubError: If something is missing, unreadable or not allowed in a plain LoRA adapter; names file and reason.
    """
    config, record = inspect_config(folder)
    if not (folder / WEIGHTS).is_file():
        raise HubError(f"{WEIGHTS} is missing in {folder}; an adapter consists of that file and {CONFIG}")
    tensors = read_header(folder / WEIGHTS)
    _check_weights(tensors, config)
    return Inspection(config, record, sum(math.prod(one.shape) for one in tensors.values()))


def inspect_config(folder: Path) -> tuple[AdapterConfig, ModelRecord | None]:
    """Check the files beside the weights: PEFT's config, and our record where there is one.

    Raises:
        HubError: As for `inspect`.
    """
    if not (folder / CONFIG).is_file():
        raise HubError(f"{CONFIG} is missing in {folder}; PEFT writes it beside the weights")
    config = read_config(_json(folder / CONFIG))
    record = None
    if (folder / RECORD).is_file():
        try:
            record = read_as(ModelRecord, _json(folder / RECORD))
            check_template(record.template)
        except (ValueError, ModelError) as error:
            raise HubError(f"{RECORD}: {error}") from error
    if record is not None:
        _check_agreement(config, record)
    if (folder / STIMULI).is_file():
        _json(folder / STIMULI)
        try:
            load_sketches(folder / STIMULI)
        except LeakError as error:
            raise HubError(f"{STIMULI}: {error}") from error
    if (folder / CALIBRATION).is_file():
        form = _json(folder / CALIBRATION).get("format")
        try:
            if form not in range(1, FORMAT):  # an older one says so wherever it would be applied
                load_calibration(folder / CALIBRATION)
        except PredictionError as error:
            raise HubError(f"{CALIBRATION}: {error}") from error
    return config, record


def _json(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > MAX_TEXT:
        _refuse(path.name, f"it has {path.stat().st_size:,} bytes; expected a few thousand")
    try:
        found = read_json(path, strict=True)
    except ValueError as error:
        _refuse(path.name, f"it is not valid JSON ({error})")
    if not isinstance(found, dict):
        _refuse(path.name, "it is not a JSON object")
    return found


# -- PEFT's config -----------------------------------------------------------------------------------------------


def read_config(found: Mapping[str, Any]) -> AdapterConfig:
    """Read the config of a plain LoRA adapter.

    Raises:
        HubError: If an option is not allowed in a plain LoRA adapter, or has an invalid value.
    """
    known = {one.name for one in fields(_Options)}
    for key, value in found.items():
        if key not in known and not _is_unset(value):
            _refuse(CONFIG, f"{key[:60]} is {_shown(value)}, but a plain LoRA adapter must not set it")
    try:
        options = read_as(_Options, {key: value for key, value in found.items() if key in known})
    except ValueError as error:
        _refuse(CONFIG, str(error))
    return AdapterConfig(
        rank=options.r,
        alpha=options.lora_alpha,
        dropout=options.lora_dropout,
        targets=tuple(sorted(set(options.target_modules))),
        base=read_base(options.base_model_name_or_path),
        base_revision=options.revision,
    )


def read_base(base: Any) -> str:
    """The base model that an adapter names: a Hub id, or `demo`.

    Raises:
        HubError: If it does not name one, or names a local folder.
    """
    if not base or not isinstance(base, str):
        _refuse(
            CONFIG,
            "it does not name the base model (base_model_name_or_path); train with the Hub id of the base, so that "
            "others can find it",
        )
    try:
        return base if base == DEMO else check_repo_id(base)
    except HubError:
        _refuse(
            CONFIG,
            f"its base model is {_shown(base)}, which is neither a Hub id nor {DEMO}; others cannot load a local "
            "folder",
        )


_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+){0,20}$"
_Name = Annotated[str, Field(pattern=_NAME, max_length=200)]
_TRUE_OR_FALSE: Final = Expected("true or false")


@dataclass(frozen=True, kw_only=True)
class _Options:
    """The options that may be set. PEFT writes many more; these must be empty or false."""

    peft_type: Annotated[str, one_of("LORA")]
    task_type: Annotated[str, one_of("CAUSAL_LM")]
    base_model_name_or_path: Annotated[str | None, Expected("the base's Hub id")] = None
    revision: Annotated[str | None, Expected("a commit, branch or tag of the base", pattern=REVISION)] = None
    r: Annotated[int, whole(1, MAX_RANK)]
    lora_alpha: Annotated[float, number("a number above 0", gt=0, le=1e6)]
    lora_dropout: Annotated[float, number("a share from 0 to below 1", ge=0, lt=1)] = 0.0
    target_modules: Annotated[
        tuple[_Name, ...], Expected("a list of plain module names, such as q_proj", min_length=1, max_length=256)
    ]
    use_rslora: Annotated[bool, _TRUE_OR_FALSE] = False
    inference_mode: Annotated[bool, _TRUE_OR_FALSE] = False
    # others, such as pissa and olora, change the base's own weights when the adapter is loaded
    init_lora_weights: Annotated[
        bool | Literal["gaussian", "orthogonal"], Expected("true, false, gaussian or orthogonal")
    ] = True
    bias: Annotated[str, one_of("none")] = "none"
    # names a module to import if megatron_config is set
    megatron_core: Annotated[str | None, one_of("megatron.core")] = None
    peft_version: Annotated[str, Expected("a short text", max_length=60)] = ""
    # only used together with use_qalora, which is not allowed
    qalora_group_size: Annotated[int, Expected("a whole number")] = 16


def _is_unset(value: Any) -> bool:
    return value is None or value is False or value in ({}, [], "")


# -- our record --------------------------------------------------------------------------------------------------


def _check_agreement(config: AdapterConfig, record: ModelRecord) -> None:
    for what, described, recorded in (
        ("base model", config.base, record.base),
        ("base revision", config.base_revision, record.base_revision),
    ):
        if recorded is not None and described is not None and described != recorded:
            raise HubError(
                f"{CONFIG} names the {what} {_shown(described)} and {RECORD} {_shown(recorded)}; they must match"
            )


# -- weights -----------------------------------------------------------------------------------------------------


def _check_weights(tensors: Mapping[str, Tensor], config: AdapterConfig) -> None:
    """Reject weights other than the matrices A (rank, in) and B (out, rank) of the modules in the config."""
    pairs: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, tensor in tensors.items():
        match = _KEY.fullmatch(name)
        if not match:
            _refuse(WEIGHTS, f"{name[:200]!r} is not the LoRA matrix A or B of a module")
        pairs.setdefault(match[1].rstrip("."), {})[match[2]] = tensor.shape
    if not pairs:
        _refuse(WEIGHTS, "it contains no tensors")
    found = set()
    for module, sides in pairs.items():
        target = next((one for one in config.targets if f".{module}".endswith(f".{one}")), None)
        if target is None:
            _refuse(WEIGHTS, f"{module[:200]} is not among the targets {', '.join(config.targets)[:200]} of {CONFIG}")
        found.add(target)
        if set(sides) != {"A", "B"}:
            _refuse(WEIGHTS, f"{module[:200]} has no matrix {'B' if 'A' in sides else 'A'}")
        _check_shapes(module, sides["A"], sides["B"], config.rank)
    unused = [one for one in config.targets if one not in found]
    if unused:
        _refuse(WEIGHTS, f"it contains nothing for the target {unused[0]} of {CONFIG}")


def _check_shapes(module: str, a: tuple[int, ...], b: tuple[int, ...], rank: int) -> None:
    fits = len(a) == len(b) == 2 and a[0] == b[1] == rank and 0 < a[1] <= MAX_WIDTH and 0 < b[0] <= MAX_WIDTH
    if not fits:
        _refuse(
            WEIGHTS, f"{module[:200]} has A of shape {a} and B of shape {b}; expected ({rank}, in) and (out, {rank})"
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _refuse(file: str, reason: str) -> NoReturn:
    raise HubError(f"{file}: {reason}")
