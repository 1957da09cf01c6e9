"""Several LoRA adapters on one network: each loaded once, one active at a time.

Adapters are identified by their content: a folder that is retrained is a different adapter, and the same weights under
two names are one. Only adapters that leave the base's weights unchanged can share it; others are refused.
"""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import ModelError
from socrates_core.model.folder import need_safetensors
from socrates_core.study.files import parse_json

WEIGHTS: Final = "adapter_model.safetensors"
CONFIG: Final = "adapter_config.json"

KEY: Final = "adapter_"
"""What an adapter's key begins with; its digest follows."""

UNSETTLED: Final = ""
"""Stands for the active adapter's key while PEFT may have switched adapters."""

HARMLESS_STARTS: Final = (True, False, None, "gaussian", "orthogonal", "eva")
"""Initialisations of an adapter (`init_lora_weights`) that leave the base's weights unchanged."""


class Adapters:
    """The adapters on one network. Not thread-safe: the caller serialises access to it and to the network."""

    def __init__(self, network: Any) -> None:
        """Wrap a causal language model, which is modified in place when the first adapter is loaded."""
        self._network = network
        self._peft: Any = None
        self._holders: dict[str, int] = {}
        self._active: str | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._holders

    def __len__(self) -> int:
        return len(self._holders)

    def acquire(self, folder: Path, adapter: str, name: str) -> str:
        """Load an adapter, or reuse it if it is already loaded; returns its key.

        Args:
            folder: The adapter's folder.
            adapter: The adapter's name, for messages.
            name: The model's name, for messages.

        Raises:
            ModelError: If its weights are not safetensors, do not fit the network, or would change the base itself.
        """
        need_safetensors(folder, adapter, WEIGHTS)
        if not (folder / CONFIG).is_file():
            raise ModelError(f"the adapter {adapter} has no {CONFIG} in {folder}; fetch it again")
        # read once, so that exactly the hashed bytes are loaded even if the folder is replaced meanwhile
        settings, weights = (folder / CONFIG).read_bytes(), (folder / WEIGHTS).read_bytes()
        key = KEY + _digest(settings, weights)
        if key not in self._holders:
            config = _config(settings, adapter)
            self._load(
                key, config, _tensors(weights, config, adapter), f"the adapter {adapter} does not fit the model {name}"
            )
        self._holders[key] = self._holders.get(key, 0) + 1
        return key

    def release(self, key: str) -> None:
        """Undo one `acquire`; the last release unloads the adapter."""
        self._holders[key] -= 1
        if self._holders[key]:
            return
        del self._holders[key]
        active = None if self._active == key else self._active
        self._unload(key)
        self.activate(active)

    def activate(self, key: str | None) -> None:
        """Make an adapter active, or none (the base alone) with None."""
        if self._peft is None or key == self._active:
            return
        if key is None:
            self._peft.base_model.disable_adapter_layers()
        else:
            self._peft.base_model.enable_adapter_layers()
            self._peft.base_model.set_adapter(key, inference_mode=True)
        self._active = key

    def _load(self, key: str, config: Any, tensors: dict[str, Any], clash: str) -> None:
        from peft import PeftModel, set_peft_model_state_dict

        if self._peft is None and hasattr(self._network, "peft_config"):
            raise ValueError("the network already has adapters that were not loaded here")
        before, self._active = self._active, UNSETTLED
        try:
            if self._peft is None:
                with without_peft_warning():
                    self._peft = PeftModel(self._network, config, adapter_name=key)
            else:
                self._peft.add_adapter(key, config)
            loaded = set_peft_model_state_dict(self._peft, tensors, adapter_name=key)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            self._unload(key)
            self.activate(before)
            raise ModelError(f"{clash}: {error}") from error
        self._peft.eval()
        wrong = [name for name in loaded.missing_keys if f".{key}" in name] + loaded.unexpected_keys
        if wrong:
            self._unload(key)
        self.activate(before)
        if wrong:
            shown = wrong[0].replace(f".{key}", "")
            raise ModelError(f"{clash}: {len(wrong)} matrices are missing or unexpected, such as {shown}")

    def _unload(self, key: str) -> None:
        """Remove an adapter that may be only partly loaded; afterwards it is undefined which one is active."""
        self._active = UNSETTLED
        if not self._holders:
            _strip(self._network)
            self._peft, self._active = None, None
        elif key in self._peft.peft_config:
            # another one must be active while this one is deleted, or PEFT picks one and warns
            self._peft.base_model.set_adapter(next(iter(self._holders)), inference_mode=True)
            self._peft.delete_adapter(key)


def adapter_digest(folder: Path) -> str:
    """What tells an adapter from others, whatever its name: 32 hexadecimal digits of its settings and weights.

    Raises:
        OSError: If one of the two files cannot be read.
    """
    return _digest((folder / CONFIG).read_bytes(), (folder / WEIGHTS).read_bytes())


def _digest(settings: bytes, weights: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(settings).digest() + weights).hexdigest()[:32]


@contextmanager
def without_peft_warning() -> Iterator[None]:
    """Suppress a deprecation warning of PEFT 0.21.2 on wrapping a network, which a user can do nothing about."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def _strip(network: Any) -> None:
    """Restore a network's own layers in place of PEFT's."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    for name, module in list(network.named_modules()):
        if isinstance(module, BaseTunerLayer):
            network.set_submodule(name, module.get_base_layer())
        elif isinstance(module, AuxiliaryTrainingWrapper):
            network.set_submodule(name, module.original_module)
    if hasattr(network, "peft_config"):
        del network.peft_config


def _config(settings: bytes, adapter: str) -> Any:
    """PEFT's configuration of an adapter that leaves the base's weights unchanged.

    Raises:
        ModelError: If it cannot be read, or the adapter is of another kind.
    """
    from peft import LoraConfig

    try:
        raw = parse_json(settings.decode("utf-8"))
        kind = raw["peft_type"]
        config = LoraConfig.from_peft_type(**raw) if kind == "LORA" else None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the {CONFIG} of the adapter {adapter} cannot be read ({error}); fetch it again") from error
    if config is None:
        raise ModelError(f"the adapter {adapter} is of the kind {kind}; only LoRA adapters can be loaded")
    changes = {
        "bias": config.bias != "none",
        "layer_replication": bool(config.layer_replication),
        "alora_invocation_tokens": bool(config.alora_invocation_tokens),
        "megatron_config": bool(config.megatron_config),
        "init_lora_weights": config.init_lora_weights not in HARMLESS_STARTS,
    }
    named = [f"{name}: {getattr(config, name)}" for name, changed in changes.items() if changed]
    if named:
        raise ModelError(
            f"the adapter {adapter} uses features beyond plain LoRA matrices ({', '.join(named)}), which this software "
            "does not load; convert it to a plain LoRA adapter"
        )
    config.init_lora_weights = True
    config.inference_mode = True
    return config


def _tensors(weights: bytes, config: Any, adapter: str) -> dict[str, Any]:
    """An adapter's matrices.

    Raises:
        ModelError: If the file is damaged, or contains weights of the base, which would replace those of the network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(weights)
    except SafetensorError as error:
        raise ModelError(f"{WEIGHTS} of the adapter {adapter} is damaged ({error}); fetch it again") from error
    # PEFT matches modules to save by the end of their names
    own = ("lora_", "trainable_tokens", *(f"{name}." for name in config.modules_to_save or ()))
    strangers = [name for name in tensors if not any(part in name for part in own)]
    if strangers:
        raise ModelError(
            f"the adapter {adapter} contains weights of its base, such as {strangers[0]}; save it without them "
            "(save_embedding_layers=False)"
        )
    return dict(tensors)
