"""Folders for tests that train: a tiny base, studies with a split, recipes."""

from pathlib import Path
from typing import Any

import torch
import yaml

from socrates_core.study.split import make_split
from tests.model.tiny import network, tokenizer
from tests.servers.programs import Program, finished
from tests.tables import study_set

STUDIES = tuple("abcdef")


def make_base(folder: Path) -> Path:
    """A tiny network without a record.

    Its layers are tamed, its embeddings are not: they are the output matrix too and stay frozen, so their length bounds
    the logits, and with short ones no adapter could learn an answer.
    """
    made = network(len(tokenizer()))
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.mul_(0.4 if parameter.ndim > 1 and "embed" not in name else 1)
    made.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def make_studies(folder: Path, people: int = 10) -> Path:
    """Six studies of two conditions, split by study: four to learn from, one to choose on, one to test on."""
    questions = {name: [(1, 1, f"Do you like {name}?"), (2, 1, f"And now {name}?")] for name in STUDIES}
    studies = study_set(questions, people=people).save(folder)
    make_split(studies, "study", seed=1).save(folder / "split.json")
    return folder


def make_recipe(path: Path, base: Path | str, **settings: Any) -> Path:
    """A recipe of short steps; `settings` stand in place of its own."""
    chosen = {
        "base": str(base),
        "precision": "float32",
        "lora_rank": 4,
        "lora_dropout": 0.1,
        "learning_rate": 0.003,
        "step_examples": 8,
        "group_size": 4,
        "pack_tokens": 300,
        "validate_every": 3,
        "checkpoint_every": 2,
        "seed": 7,
        **settings,
    }
    path.write_text(yaml.safe_dump(chosen), "utf-8")
    return path


def command(recipe: Path, studies: Path, out: Path, *more: str) -> list[str]:
    return ["-m", "train.qlora", "--config", str(recipe), "--studies", str(studies), "--out", str(out), *more]


def qlora(recipe: Path, studies: Path, out: Path, *more: str, anew: bool = False) -> Program:
    """A training, after its end."""
    return finished(*command(recipe, studies, out, *more), anew=anew)
