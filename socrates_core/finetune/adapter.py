"""Adapters on disk: the weights, PEFT's configuration, and our own record."""

import copy
import shutil
from pathlib import Path
from typing import Final

from peft import get_peft_model_state_dict
from safetensors.torch import save_file

from socrates_core.finetune.network import LoraNetwork
from socrates_core.model.record import FILE, ModelRecord
from socrates_core.study.files import partial_of, put_in_place, replacing
from socrates_core.study.leaks import STIMULI

WEIGHTS: Final = "adapter_model.safetensors"
CONFIG: Final = "adapter_config.json"
ADAPTER_FILES: Final = (WEIGHTS, CONFIG, FILE, STIMULI)


def save_adapter(lora: LoraNetwork, record: ModelRecord, folder: Path, stimuli: str = "") -> None:
    """Write an adapter folder atomically, replacing an existing one.

    PEFT would write the base's path on this machine; the record's Hub id and revision are written instead.

    Args:
        lora: The network with the adapter.
        record: How it was made.
        folder: Where to.
        stimuli: The sketches of the stimuli that it was trained on, as `sketches_text` gives them; empty for none.

    Raises:
        OSError: If it cannot be written; an existing folder is left as it was.
    """
    partial = partial_of(folder)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weights = get_peft_model_state_dict(lora.peft_model, save_embedding_layers=False)
    on_host = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    save_file(on_host, partial / WEIGHTS, metadata={"format": "pt"})
    config = copy.copy(lora.peft_model.peft_config["default"])
    config.base_model_name_or_path = record.base
    config.revision = record.base_revision
    config.inference_mode = True
    config.target_modules = sorted(config.target_modules)  # PEFT uses a set, whose order differs between runs
    config.save_pretrained(str(partial))
    record.save(partial)
    if stimuli:
        (partial / STIMULI).write_text(stimuli, "utf-8")
    put_in_place(partial, folder)


def publish_adapter(source: Path, out: Path) -> None:
    """Copy an adapter's files into a folder with other contents; weights last, since they mark it as an adapter."""
    for name in reversed(ADAPTER_FILES):
        if (source / name).is_file():
            with replacing(out / name, durable=True) as partial:
                shutil.copyfile(source / name, partial)
