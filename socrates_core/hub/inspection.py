"""Checks the folder of an adapter before anything loads it.

The same checks run before a push and after a pull, so whatever can be pushed can also be pulled. PEFT's config supports
options that change other weights or import code; only those that a plain LoRA adapter needs are allowed here.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, NoReturn

from socrates_core.errors import HubError, LeakError, ModelError, PredictionError
from socrates_core.hub.access import check_repo_id
from socrates_core.hub.weights import Tensor, read_header
from socrates_core.model.folder import DEMO
from socrates_core.model.record import CALIBRATION, FILE, ModelRecord
from socrates_core.study.files import read_json
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

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+){0,20}")
_KEY: Final = re.compile(r"base_model\.model\.((?:[A-Za-z0-9_]+\.)+)lora_([AB])\.weight")
_LAYERED: Final = re.compile(r"(?:[A-Za-z_]+\.)*layers\.(\d{1,4})\.(?:[A-Za-z_]+\.)*([A-Za-z_]+)")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_REVISION: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")


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
        _check_record(_json(folder / RECORD))
        try:
            record = ModelRecord.load(folder)
        except ModelError as error:
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
    for key, value in found.items():
        rule = _RULES.get(key)
        if rule is None and not _is_unset(value):
            _refuse(CONFIG, f"{key[:60]} is {_shown(value)}, but a plain LoRA adapter must not set it")
        if rule is not None and not rule[1](value):
            _refuse(CONFIG, f"{key} is {_shown(value)}; expected {rule[0]}")
    missing = [key for key in ("peft_type", "task_type", "r", "lora_alpha", "target_modules") if key not in found]
    if missing:
        _refuse(CONFIG, f"{', '.join(missing)} is missing")
    return AdapterConfig(
        rank=found["r"],
        alpha=float(found["lora_alpha"]),
        dropout=float(found.get("lora_dropout", 0.0)),
        targets=tuple(sorted(set(found["target_modules"]))),
        base=read_base(found.get("base_model_name_or_path")),
        base_revision=found.get("revision"),
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


Rule = tuple[str, Callable[[Any], bool]]
"""The expected value in words, and a check for it."""


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def _one_of(*allowed: Any) -> Rule:
    expected = " or ".join(str(one) for one in allowed)
    return expected, lambda value: any(type(value) is type(one) and value == one for one in allowed)


def _are_targets(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= 256
        and all(isinstance(name, str) and len(name) <= 200 and _NAME.fullmatch(name) for name in value)
    )


_RULES: Final[Mapping[str, Rule]] = {
    "peft_type": _one_of("LORA"),
    "task_type": _one_of("CAUSAL_LM"),
    "base_model_name_or_path": ("the base's Hub id", lambda value: value is None or isinstance(value, str)),
    "revision": (
        "a commit, branch or tag of the base",
        lambda value: value is None or (isinstance(value, str) and bool(_REVISION.fullmatch(value))),
    ),
    "r": (f"a whole number from 1 to {MAX_RANK}", lambda value: type(value) is int and 1 <= value <= MAX_RANK),
    "lora_alpha": ("a number above 0", lambda value: _number(0, 1e6)(value) and value > 0),
    "lora_dropout": ("a share from 0 to below 1", lambda value: _number(0, 1)(value) and value < 1),
    "target_modules": ("a list of plain module names, such as q_proj", _are_targets),
    "use_rslora": _one_of(True, False),
    "inference_mode": _one_of(True, False),
    # others, such as pissa and olora, change the base's own weights when the adapter is loaded
    "init_lora_weights": _one_of(True, False, "gaussian", "orthogonal"),
    "bias": _one_of("none"),
    # names a module to import if megatron_config is set
    "megatron_core": _one_of("megatron.core", None),
    "peft_version": ("a short text", lambda value: isinstance(value, str) and len(value) <= 60),
    # only used together with use_qalora, which is not allowed
    "qalora_group_size": ("a whole number", lambda value: type(value) is int),
}
"""The options that may be set. PEFT writes many more; these must be empty or false."""


def _is_unset(value: Any) -> bool:
    return value is None or value is False or value in ({}, [], "")


# -- our record --------------------------------------------------------------------------------------------------


def _is_text(most: int, empty: bool = True) -> Callable[[Any], bool]:
    return lambda value: (value is None and empty) or (isinstance(value, str) and 0 < len(value) <= most)


def _are_studies(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 1_000_000 and all(isinstance(one, str) for one in value)


_RECORD_RULES: Final[Mapping[str, Rule]] = {
    "template": ("the name of a prompt template", _is_text(60, empty=False)),
    "tokenizer": ("a sha256", lambda value: isinstance(value, str) and bool(_DIGEST.fullmatch(value))),
    "trained_on": ("a list of study ids", _are_studies),
    "base": ("a Hub id", _is_text(200)),
    "base_revision": (
        "a revision",
        lambda value: value is None or bool(isinstance(value, str) and _REVISION.match(value)),
    ),
    "base_weights": (
        "a sha256",
        lambda value: value is None or (isinstance(value, str) and bool(_DIGEST.fullmatch(value))),
    ),
    "split": ("a sha256", lambda value: value is None or (isinstance(value, str) and bool(_DIGEST.fullmatch(value)))),
    "demo": _one_of(True, False),
    "training": ("an object", lambda value: value is None or isinstance(value, dict)),
}


def _check_record(found: Mapping[str, Any]) -> None:
    """Reject a record whose fields do not have the expected types."""
    known = {one.name for one in fields(ModelRecord)}
    unknown = sorted(set(found) - known)
    if unknown:
        _refuse(RECORD, f"{unknown[0][:60]!r} is not a known field; the record may be from a newer version")
    for key, (expected, fits) in _RECORD_RULES.items():
        if key in found and not fits(found[key]):
            _refuse(RECORD, f"{key} is {_shown(found[key])}; expected {expected}")


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
