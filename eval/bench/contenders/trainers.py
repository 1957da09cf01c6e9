"""Three ways to make the same optimiser steps: packs that share prefixes, a padded loop, TRL's SFTTrainer.

All train the same LoRA adapter on the same frozen network with the same examples: prompts of random tokens of which the
people of a cell share the first part, and answers of one token and the end of a turn.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast, TrainerCallback

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.loss import PackReader
from socrates_core.finetune.network import RECOMPUTING, LoraNetwork, recompute_activations
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS, Recipe
from socrates_core.finetune.step import OptimiserStep
from socrates_core.model.loading import LoadedNetwork
from socrates_core.model.prefix_tree import attention
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell

END: Final = 1
FIRST_WORD: Final = 100
RATE: Final = 1e-4

Steps = Sequence[Sequence[Example]]


@dataclass(frozen=True, eq=False)
class Setting:
    """The setting shared by all contenders."""

    network: Any
    """Frozen, with random weights; each contender gets a new adapter on it."""
    recompute: bool
    """Recompute activations in the backward pass."""
    batch: int
    """Rows of a batch, for the contenders that take batches."""
    pack_tokens: int
    """Tokens of a pack."""

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        found: torch.device = self.network.get_input_embeddings().weight.device
        return found

    @property
    def autocast(self) -> bool:
        """Whether it computes in bfloat16: on a GPU."""
        return self.device.type == "cuda"


@dataclass(frozen=True)
class Timed:
    """The measurements of one contender."""

    losses: list[float]
    """Loss of each step: mean over its examples of the summed loss of an answer."""
    seconds: list[float]
    """Seconds of each step."""
    tokens: float
    """Tokens through the network in a step, padding included; mean over the steps."""


def packs(setting: Setting, steps: Steps) -> Timed:
    """Ours."""
    tuned = _tuned(setting)
    named = sorted((name, weight) for name, weight in tuned.named_parameters() if weight.requires_grad)
    base = LoadedNetwork(tuned.get_base_model(), None, None, "float32", None)
    lora = LoraNetwork(tuned, base, tuple(name for name, _ in named), tuple(weight for _, weight in named))
    digits = torch.zeros(lora.network.config.vocab_size, dtype=torch.bool)
    reader = PackReader(lora.network, digits, dense=False, autocast=setting.autocast)
    recipe = Recipe(base="random", learning_rate=RATE, warm_up=0.0, schedule="constant", weight_decay=0.0)
    step = OptimiserStep(recipe, lora, reader, None, Accelerator())
    step.pack_tokens = setting.pack_tokens
    told = [step.take(members, number, len(steps), lambda: False) for number, members in enumerate(steps)]
    tuned.unload()
    made = [one for one in told if one]
    tokens = float(np.mean([one["tokens"] for one in made]))
    return Timed([one["loss"] for one in made], [one["seconds"] for one in made], tokens)


def padded_loop(setting: Setting, steps: Steps) -> Timed:
    """Batches of rows sorted by length, padded on the right; labels on the answers alone."""
    tuned = _tuned(setting)
    optimiser = torch.optim.AdamW([w for w in tuned.parameters() if w.requires_grad], lr=RATE, weight_decay=0.0)
    losses, seconds, tokens = [], [], 0
    for members in steps:
        started, total = time.perf_counter(), 0.0
        for ids, mask, labels in _batches(members, setting.batch):
            rows, seen, learn = (part.to(setting.device) for part in (ids, mask, labels))
            with torch.autocast(setting.device.type, torch.bfloat16, enabled=setting.autocast):
                scores = tuned(input_ids=rows, attention_mask=seen, use_cache=False).logits[:, :-1]
            learned = learn[:, 1:] >= 0
            found = scores[learned].float()
            loss = torch.nn.functional.cross_entropy(found, learn[:, 1:][learned], reduction="sum") / len(members)
            loss.backward()
            total += loss.item()
            tokens += rows.numel()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(total)
        seconds.append(time.perf_counter() - started)
    tuned.unload()
    return Timed(losses, seconds, tokens / len(steps))


def trl(setting: Setting, steps: Steps) -> Timed:
    """SFTTrainer with loss on the completion alone, without truncation, rows grouped by length."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = [
        {"input_ids": [*one.prompt.tolist(), *one.answer], "completion_mask": [0] * len(one.prompt) + [1, 1]}
        for members in steps
        for one in sorted(members, key=lambda one: one.tokens)
    ]
    clock, tuned = _Clock(), _tuned(setting)
    with tempfile.TemporaryDirectory() as folder:
        settings = SFTConfig(
            output_dir=folder,
            per_device_train_batch_size=setting.batch,
            gradient_accumulation_steps=len(steps[0]) // setting.batch,
            num_train_epochs=1,
            learning_rate=RATE,
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=0.0,
            max_length=None,
            completion_only_loss=True,
            train_sampling_strategy="sequential",
            gradient_checkpointing=setting.recompute,
            gradient_checkpointing_kwargs=RECOMPUTING,
            bf16=setting.autocast,
            use_cpu=setting.device.type == "cpu",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(
            model=tuned,
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=_tokenizer(tuned.config.vocab_size),
            callbacks=[clock],
        )
        trainer.train()
        # it reports the mean over tokens; an answer has two, the end of the turn included
        losses = [2 * row["loss"] for row in trainer.state.log_history if "loss" in row]
    tuned.unload()
    tokens = [sum(rows.numel() for rows, _, _ in _batches(members, setting.batch)) for members in steps]
    return Timed(losses, [after - before for before, after in pairwise(clock.times)], float(np.mean(tokens)))


CONTENDERS: Final = {"packs": packs, "padded loop": padded_loop, "TRL": trl}


class _Clock(TrainerCallback):
    """Records the times at which training begins and each step ends."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_begin(self, *_args: Any, **_more: Any) -> None:
        self.times.append(time.perf_counter())

    def on_step_end(self, *_args: Any, **_more: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())


def _tuned(setting: Setting) -> Any:
    """The network with a new adapter, initialised the same every time, in training mode."""
    setting.network.set_attn_implementation(attention.NAME)
    torch.manual_seed(1)
    config = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=list(SEVEN_PROJECTIONS))
    tuned = get_peft_model(setting.network, config)
    if setting.recompute:
        recompute_activations(tuned.get_base_model())
    return tuned.train()


# -- what they learn ---------------------------------------------------------------------------------------------


def random_examples(
    count: int, people: int, shared: int, own: int, words: int, rng: np.random.Generator
) -> list[Example]:
    """The examples of a step: cells of `people` each.

    Args:
        count: Number of examples.
        people: People per cell.
        shared: Tokens that the people of a cell have in common.
        own: Tokens of a persona, ± 1/12.
        words: Size of the vocabulary.
        rng: Draws all tokens.
    """
    cell = Cell(0, "random", 1, 1, "random", AnswerScale((1, 2)))
    made = []
    for group in range(count // people):
        common = rng.integers(FIRST_WORD, words, shared)
        for _ in range(people):
            persona = rng.integers(FIRST_WORD, words, rng.integers(own - own // 12, own + own // 12 + 1))
            answer = int(rng.integers(FIRST_WORD, words))
            made.append(Example(np.concatenate([common, persona]), (answer, END), 1, cell, group))
    return made


def _batches(members: Sequence[Example], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    ordered = sorted(members, key=lambda one: one.tokens)
    for start in range(0, len(ordered), size):
        rows = ordered[start : start + size]
        shape = (len(rows), max(one.tokens for one in rows))
        ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, -100)
        for place, one in enumerate(rows):
            text = torch.tensor([*one.prompt.tolist(), *one.answer])
            ids[place, : len(text)], mask[place, : len(text)] = text, 1
            labels[place, len(one.prompt) : len(text)] = text[len(one.prompt) :]
        yield ids, mask, labels


def _tokenizer(words: int) -> Any:
    backend = Tokenizer(models.WordLevel({str(token): token for token in range(words)}, unk_token="0"))
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="0", eos_token=str(END))
