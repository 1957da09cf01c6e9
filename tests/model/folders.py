"""Folders of tiny models and adapters, made on the spot."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from socrates_core.model.record import ModelRecord, tokenizer_hash
from tests.model.tiny import network, tokenizer


def base_folder(folder: Path) -> Path:
    """A model without a record."""
    network(len(tokenizer())).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def record(**fields: Any) -> ModelRecord:
    """Of an adapter for the tiny model."""
    return ModelRecord(**{"template": "shared", "tokenizer": tokenizer_hash(tokenizer()), "trained_on": (), **fields})


def adapter_folder(
    folder: Path,
    seed: int = 1,
    targets: tuple[str, ...] = ("q_proj", "v_proj"),
    of: ModelRecord | None = None,
    **config: Any,
) -> Path:
    """A LoRA adapter whose random weights matter, with a record."""
    tuned = get_peft_model(network(len(tokenizer())), LoraConfig(r=2, target_modules=list(targets), **config))
    torch.manual_seed(seed)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
        elif "modules_to_save" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    tuned.save_pretrained(folder)
    (of or record()).save(folder)
    return folder
