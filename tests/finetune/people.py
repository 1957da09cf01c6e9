"""A little study set, a network with an adapter, and its examples, for the tests of training."""

from functools import cache
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from socrates_core.finetune.batch.examples import Example, ExampleEncoder, examples_of
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS
from socrates_core.model.prefix_tree.encoding import PromptEncoder, digit_tokens
from socrates_core.study.study_set import StudySet
from tests.model.tiny import network, tokenizer
from tests.tables import study_set

VIGNETTE = "The town council wants to close the old bridge for cars."


def studies(people: int = 6) -> StudySet:
    """Two studies: one of a condition with two outcomes and another condition, one of a single cell."""
    return study_set(
        {
            "bridge": [
                (1, 1, f"{VIGNETTE} How much do you like it?"),
                (1, 2, f"{VIGNETTE} How fair is it?"),
                (2, 1, "How much do you like the bridge?"),
            ],
            "tea": [(1, 1, "How much do you like tea?")],
        },
        people=people,
    )


@cache
def encoder() -> PromptEncoder:
    return PromptEncoder(tokenizer(), "shared")


def examples(group_size: int = 6, people: int = 6) -> list[Example]:
    """All of the studies' answers, in groups of neighbours."""
    made = ExampleEncoder(examples_of(studies(people)), encoder())
    every = range(len(made.examples))
    return made.encode_all(every, [int(made.examples.cell[i]) * 100 + i // group_size for i in every])


def lora_model(rank: int = 4) -> Any:
    """The tiny network with an adapter whose weights matter; in training mode, without dropout."""
    base = network(len(tokenizer()))
    with torch.no_grad():
        for parameter in base.parameters():
            parameter.mul_(0.5 if parameter.ndim > 1 else 1)
    tuned = get_peft_model(base, LoraConfig(r=rank, target_modules=list(SEVEN_PROJECTIONS)))
    torch.manual_seed(3)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return tuned.train()


def reader(tuned: Any, dense: bool = False) -> PackReader:
    digits = torch.from_numpy(digit_tokens(tokenizer(), len(tokenizer())))
    return PackReader(tuned.get_base_model(), digits, dense=dense, autocast=False)


def trained_parameters(tuned: Any) -> list[torch.Tensor]:
    return [parameter for parameter in tuned.parameters() if parameter.requires_grad]
