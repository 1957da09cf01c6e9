"""LoRA adapters for the bundled demo model, with random weights that matter."""

import warnings
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from socrates_core.model.folder import DEMO_BASE
from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.study.split import Split

VALIDATION = {"loss": 1.9, "wasserstein": 0.183, "low": 0.16, "high": 0.21, "noise_floor": 0.07, "uniform": 0.19}


def demo_adapter(folder: Path, seed: int = 1, trained_on: tuple[str, ...] = ()) -> Path:
    """Write one, as `train.qlora` would leave it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tuned = get_peft_model(
        AutoModelForCausalLM.from_pretrained(DEMO_BASE),
        LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"),
    )
    torch.manual_seed(seed)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    tuned.peft_config["default"].base_model_name_or_path = "demo"
    with warnings.catch_warnings():  # PEFT looks for a config.json of "demo"
        warnings.simplefilter("ignore", UserWarning)
        tuned.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    training = {"validation": {**VALIDATION, "people": 300, "cells": 40, "studies": 20}}
    tokenizer = tokenizer_hash(AutoTokenizer.from_pretrained(DEMO_BASE))
    split = Split.load(BUNDLED_STUDIES / "split.json").digest
    record = ModelRecord("shared", tokenizer, trained_on, base="demo", split=split, demo=True, training=training)
    record.save(folder)
    return folder
