"""Adapters for the tests of the Hub, written byte by byte: no torch, and anything can be made wrong."""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WEIGHTS, CONFIG, RECORD = "adapter_model.safetensors", "adapter_config.json", "socrates.json"
BASE = "Qwen/Qwen2.5-0.5B-Instruct"
REVISION = "7ae557604adf67be50417f59c2c2f167def9a775"
TARGETS = ("q_proj", "v_proj")


def shapes(rank: int = 2, layers: int = 2, width: int = 8) -> dict[str, tuple[int, ...]]:
    """A and B of two projections in every layer."""
    found: dict[str, tuple[int, ...]] = {}
    for layer in range(layers):
        for target in TARGETS:
            module = f"base_model.model.model.layers.{layer}.self_attn.{target}"
            found[f"{module}.lora_A.weight"] = (rank, width)
            found[f"{module}.lora_B.weight"] = (width, rank)
    return found


def safetensors(
    tensors: Mapping[str, tuple[int, ...]] | None = None, dtype: str = "F32", fill: bytes = b"\x01"
) -> bytes:
    """A safetensors file of these shapes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in (shapes() if tensors is None else tensors).items():
        start, end = end, end + math.prod(shape) * {"F32": 4, "F64": 8}.get(dtype, 2)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    return packed(header, fill * end)


def packed(header: Any, data: bytes = b"") -> bytes:
    """A safetensors file with this header, whatever it says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def config(**changes: Any) -> dict[str, Any]:
    """What PEFT 0.21 writes for a plain LoRA adapter, with changes; a change to `...` leaves the key out."""
    told = {
        "alora_invocation_tokens": None, "alpha_pattern": {}, "arrow_config": None, "auto_mapping": None,
        "base_model_name_or_path": BASE, "bias": "none", "corda_config": None, "ensure_weight_tying": False,
        "eva_config": None, "exclude_modules": None, "fan_in_fan_out": False, "inference_mode": True,
        "init_lora_weights": True, "kasa_config": None, "layer_replication": None, "layers_pattern": None,
        "layers_to_transform": None, "loftq_config": {}, "lora_alpha": 32, "lora_bias": False, "lora_dropout": 0.05,
        "lora_ga_config": None, "megatron_config": None, "megatron_core": "megatron.core", "modules_to_save": None,
        "monteclora_config": None, "peft_type": "LORA", "peft_version": "0.21.2", "qalora_group_size": 16, "r": 2,
        "rank_pattern": {}, "revision": REVISION, "target_modules": list(TARGETS), "target_parameters": None,
        "task_type": "CAUSAL_LM", "trainable_token_indices": None, "use_bdlora": None, "use_dora": False,
        "use_qalora": False, "use_rslora": False, "velora_config": None,
    }  # fmt: skip
    return {key: value for key, value in {**told, **changes}.items() if value is not ...}


def record(**changes: Any) -> dict[str, Any]:
    """What train.qlora writes, with changes; a change to `...` leaves the key out."""
    validation = {
        "loss": 1.5, "wasserstein": 0.151, "low": 0.12, "high": 0.18, "noise_floor": 0.05, "uniform": 0.2,
        "people": 320, "cells": 20, "studies": 5,
    }  # fmt: skip
    told = {
        "template": "shared",
        "tokenizer": "a" * 64,
        "trained_on": ["326nv", "3muqx"],
        "base": BASE,
        "base_revision": REVISION,
        "split": "b" * 64,
        "demo": False,
        "training": {
            "recipe": {"base": BASE, "lora_rank": 2, "learning_rate": 1e-5, "seed": 42},
            "data": {"source": "SocSci210", "revision": None, "hashes": {}},
            "validation_studies": ["v"],
            "plan": {"examples": 1000, "steps": 4},
            "versions": {"torch": "2.13.0", "peft": "0.21.2"},
            "step": 4,
            "validation": validation,
        },
    }
    return {key: value for key, value in {**told, **changes}.items() if value is not ...}


def as_json(told: Any) -> bytes:
    return json.dumps(told).encode()


def files(**changes: bytes | None) -> dict[str, bytes]:
    """The files of a repository with an adapter; by `weights`, `config`, `record`, or None to leave one out."""
    made = {"weights": safetensors(), "config": as_json(config()), "record": as_json(record())}
    names = {"weights": WEIGHTS, "config": CONFIG, "record": RECORD}
    return {names[key]: body for key, body in {**made, **changes}.items() if body is not None}


def write_adapter(folder: Path, **changes: bytes | None) -> Path:
    """The same as a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files(**changes).items():
        (folder / name).write_bytes(body)
    return folder
