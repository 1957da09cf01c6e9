"""The training suite: QLoRA steps on packs that share prefixes, against a padded loop and TRL's SFTTrainer.

One network with random weights and the same LoRA adapter learns the same examples in the same optimiser steps: prompts
of random tokens of which the people of a cell share the first part, and answers of one token and the end of a turn.
Every repeat runs all contenders one after the other on a fresh adapter, so that a busy moment hits all; the figures
are medians of a step, the first of each contender left out. The losses of the first step must agree.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, TrainerCallback

from socrates_core.finetune.examples import Example
from socrates_core.finetune.learner import Learner
from socrates_core.finetune.loss import PackReader
from socrates_core.finetune.recipe import SEVEN_PROJECTIONS, Recipe
from socrates_core.finetune.step import StepLearner
from socrates_core.model import attention
from socrates_core.model.loading import LoadedNetwork
from socrates_core.scale import AnswerScale
from socrates_core.study import Cell

SHARED: Final = 448
"""Tokens that the people of a cell have in common."""
OWN: Final = 62
"""Tokens of a persona, give or take five."""
PEOPLE: Final = (16, 4, 1)
"""People of a cell that stand together, one configuration each; 1 shares nothing."""
STEP_EXAMPLES: Final = 32
STEPS: Final = 3
"""Of each contender in a repeat; the first is not timed."""
REPEATS: Final = 3
BATCH: Final = 8
"""Rows of a batch for the contenders that take batches."""
END: Final = 1
FIRST_WORD: Final = 100
RATE: Final = 1e-4
TOLERANCE: Final = 1e-3
"""Largest relative difference between the losses of the first step."""

SMALL: Final = Qwen2Config(
    vocab_size=4096,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=2,
    max_position_embeddings=4096,
    tie_word_embeddings=True,
)

Steps = Sequence[Sequence[Example]]


@dataclass(frozen=True)
class Timed:
    """How one contender did."""

    losses: list[float]
    """Of each step, mean over its examples of the summed loss of an answer."""
    seconds: list[float]
    """Of each step."""


def run_training_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time steps at several numbers of people a cell."""
    rng = np.random.default_rng(seed)
    return {
        "threads": torch.get_num_threads(),
        "parameters": _network().num_parameters(),
        "step_examples": STEP_EXAMPLES,
        "batch": BATCH,
        "configurations": [_configuration(people, rng) for people in PEOPLE],
    }


def _configuration(people: int, rng: np.random.Generator) -> dict[str, Any]:
    steps = [_examples(people, rng) for _ in range(STEPS)]
    contenders: dict[str, Callable[[Steps], Timed]] = {"packs": _packs, "padded loop": _padded_loop, "TRL": _trl}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    losses: dict[str, float] = {}
    for _ in range(REPEATS):
        for name, run in contenders.items():
            timed = run(steps)
            seconds[name] += timed.seconds[1:]
            losses[name] = timed.losses[0]
            gc.collect()
    for name, loss in losses.items():
        assert abs(loss / losses["packs"] - 1) < TOLERANCE, f"{name} has another loss: {losses}"
    a_second = {name: STEP_EXAMPLES / statistics.median(times) for name, times in seconds.items()}
    ratio = {name: a_second["packs"] / rate for name, rate in a_second.items()}
    told = ", ".join(f"{a_second[name]:.2f} ({ratio[name]:.2f}x) {name}" for name in contenders)
    print(f"training: {people} people a cell, examples a second: {told}")
    tokens = int(sum(one.tokens for one in steps[0]))
    return {
        "people": people,
        "shared_tokens": SHARED if people > 1 else 0,
        "tokens_per_example": tokens / STEP_EXAMPLES,
        "first_loss": losses,
        "examples_per_second": a_second,
        "times_faster_than": ratio,
    }


# -- contenders --------------------------------------------------------------------------------------------------


def _packs(steps: Steps) -> Timed:
    tuned = _tuned()
    named = sorted((name, weight) for name, weight in tuned.named_parameters() if weight.requires_grad)
    base = LoadedNetwork(tuned.get_base_model(), None, None, "float32", None)
    learner = Learner(tuned, base, tuple(name for name, _ in named), tuple(weight for _, weight in named))
    digits = torch.zeros(SMALL.vocab_size, dtype=torch.bool)
    reader = PackReader(learner.network, digits, dense=False, autocast=False)
    recipe = Recipe(base="random", learning_rate=RATE, warm_up=0.0, schedule="constant", weight_decay=0.0)
    step = StepLearner(recipe, learner, reader, None, Accelerator())
    step.pack_tokens = SHARED + max(PEOPLE) * (OWN + 6)
    told = [step.learn(members, number, len(steps), lambda: False) for number, members in enumerate(steps)]
    return Timed([one["loss"] for one in told if one], [one["seconds"] for one in told if one])


def _padded_loop(steps: Steps) -> Timed:
    """Batches of rows sorted by length, padded on the right; labels on the answers alone."""
    tuned = _tuned()
    optimiser = torch.optim.AdamW([w for w in tuned.parameters() if w.requires_grad], lr=RATE, weight_decay=0.0)
    losses, seconds = [], []
    for members in steps:
        started, total = time.perf_counter(), 0.0
        for ids, mask, labels in _batches(members):
            scores = tuned(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
            learned = labels[:, 1:] >= 0
            loss = torch.nn.functional.cross_entropy(
                scores[learned].float(), labels[:, 1:][learned], reduction="sum"
            ) / len(members)
            loss.backward()
            total += loss.item()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(total)
        seconds.append(time.perf_counter() - started)
    return Timed(losses, seconds)


def _trl(steps: Steps) -> Timed:
    """SFTTrainer with loss on the completion alone, nothing cut, rows of like length together."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = [
        {"input_ids": [*one.prompt.tolist(), *one.answer], "completion_mask": [0] * len(one.prompt) + [1, 1]}
        for members in steps
        for one in sorted(members, key=lambda one: one.tokens)
    ]
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = SFTConfig(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=STEP_EXAMPLES // BATCH,
            num_train_epochs=1,
            learning_rate=RATE,
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=0.0,
            max_length=None,
            completion_only_loss=True,
            train_sampling_strategy="sequential",
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(
            model=_tuned(),
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=_tokenizer(),
            callbacks=[clock],
        )
        trainer.train()
        # it reports the mean over tokens; an answer has two, the end of the turn included
        losses = [2 * row["loss"] for row in trainer.state.log_history if "loss" in row]
    return Timed(losses, [after - before for before, after in pairwise(clock.times)])


class _Clock(TrainerCallback):
    """Notes when training begins and each step ends."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_begin(self, *_args: Any, **_more: Any) -> None:
        self.times.append(time.perf_counter())

    def on_step_end(self, *_args: Any, **_more: Any) -> None:
        self.times.append(time.perf_counter())


# -- what they learn ---------------------------------------------------------------------------------------------


def _examples(people: int, rng: np.random.Generator) -> list[Example]:
    """A step's examples: cells of so many people each."""
    cell = Cell(0, "random", 1, 1, "random", AnswerScale((1, 2)))
    made = []
    for group in range(STEP_EXAMPLES // people):
        shared = rng.integers(FIRST_WORD, SMALL.vocab_size, SHARED)
        for _ in range(people):
            own = rng.integers(FIRST_WORD, SMALL.vocab_size, rng.integers(OWN - 5, OWN + 6))
            answer = int(rng.integers(FIRST_WORD, SMALL.vocab_size))
            made.append(Example(np.concatenate([shared, own]), (answer, END), 1, cell, group))
    return made


def _batches(members: Sequence[Example]) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    ordered = sorted(members, key=lambda one: one.tokens)
    for start in range(0, len(ordered), BATCH):
        rows = ordered[start : start + BATCH]
        shape = (len(rows), max(one.tokens for one in rows))
        ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, -100)
        for place, one in enumerate(rows):
            text = torch.tensor([*one.prompt.tolist(), *one.answer])
            ids[place, : len(text)], mask[place, : len(text)] = text, 1
            labels[place, len(one.prompt) : len(text)] = text[len(one.prompt) :]
        yield ids, mask, labels


def _network() -> Any:
    torch.manual_seed(1)
    return Qwen2ForCausalLM(SMALL)


def _tuned() -> Any:
    """The same network and adapter every time."""
    network = _network()
    network.set_attn_implementation(attention.NAME)
    config = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=list(SEVEN_PROJECTIONS))
    return get_peft_model(network, config).train()


def _tokenizer() -> Any:
    words = {str(token): token for token in range(SMALL.vocab_size)}
    backend = Tokenizer(models.WordLevel(words, unk_token="0"))
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="0", eos_token=str(END))
