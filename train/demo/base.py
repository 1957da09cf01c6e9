"""Train the bundled demo base model and its tokenizer from scratch, on one CPU core.

    python -m train.demo.base --out assets/demo/base

The demo model exists so that every button of the app runs the same code as a 14B model. It learns to read a scale, a
persona and the parts of a stimulus from synthetic societies of *other* worlds than the bundled one: it learns the
language and the effects that all worlds share, but not the society shown in the app. No real person's answer is used:
the tokenizer is trained on texts alone, and the targets are the true distributions of those other worlds
(`train.demo.lessons`).
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
import typer
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.prompt import TEMPLATES, render
from socrates_core.study.sources import bundled
from socrates_core.study.sources.society import people as society_people
from train.demo.lessons import FIRST_WORLD, HINTS, Lesson, LessonPlan, lessons, make_worlds, shown
from train.demo.soft_targets import PackLoss, answer_loss, hidden_states

SPECIALS: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PIECES: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenisation; every digit is a separate piece."""
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
HINT_LAYERS: Final = {
    "label": 2, "topic": 2, "digits": 3, "direction": 3, "scale": 2, "traits": 2, "question": 3, "attitude": 4
}  # fmt: skip
"""Name of a hint → the layer whose output should encode it."""

SAMPLE: Final = 300
"""Number of lessons used to standardise the hints."""


@dataclass(frozen=True)
class DemoConfig:
    """Everything that determines the result, apart from the seed."""

    vocabulary: int = 2600
    hidden: int = 192
    layers: int = 5
    heads: int = 6
    kv_heads: int = 2
    feed_forward: int = 512
    context: int = 4096
    plan: LessonPlan = field(default_factory=LessonPlan)
    lessons: int = 12
    """Lessons per step."""
    drawn: int = 4
    """Steps whose lessons are drawn together and sorted, so that those of one step have similar lengths."""
    hint_weight: float = 1.0
    """Weight of the readers' unexplained variance in the loss."""
    matrix_rate: float = 0.025
    """Learning rate of Muon, which trains the matrices of the layers."""
    rate: float = 4e-3
    """Learning rate of AdamW, which trains the embeddings, the norms and the readers."""
    warm_up: float = 0.02
    fall: float = 0.8
    """Final share of the steps over which the learning rates fall linearly to 0."""
    weight_decay: float = 0.01


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer with Qwen's pre-tokenisation and ChatML's special tokens."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=list(SPECIALS), initial_alphabet=alphabet, show_progress=False
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=DemoConfig.context,
        clean_up_tokenization_spaces=False,
    )


def tokenizer_texts(plan: LessonPlan, rng: np.random.Generator) -> list[str]:
    """The tokenizer's training texts: stimuli of other worlds, personas in all templates, stimuli of real studies."""
    cells = [cell for world in make_worlds(3) for study_id in world.designs for cell in world.cells(study_id)]
    people = society_people.draw_people(len(TEMPLATES) * 200, rng).to_dicts()
    crowd = [shown(person, rng, plan.coarse).persona for person in people]
    personas = [render(list(TEMPLATES)[i % 3], cells[i], persona) for i, persona in enumerate(crowd)]
    return [*(cell.stimulus for cell in cells), *personas, *bundled.paraphrased_texts() * 20]


def make_network(config: DemoConfig, tokenizer: Any) -> Any:
    """An untrained network for this tokenizer."""
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            intermediate_size=config.feed_forward,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.kv_heads,
            max_position_embeddings=config.context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


class Readers(nn.Module):
    """Linear probes for the hints, one per name, on the normalised output of its layer."""

    def __init__(self, width: int, sample: Sequence[Lesson]) -> None:
        """Readers for a network of this width; hints are standardised by the sample."""
        super().__init__()
        self.readers = nn.ModuleDict({name: nn.Linear(width, size) for name, size in HINTS.items()})
        self._centre, self._unit = {}, {}
        for name in HINTS:
            values = np.concatenate([lesson.hints[name].values for lesson in sample if name in lesson.hints])
            self._centre[name] = torch.from_numpy(values.mean(axis=0)).float()
            self._unit[name] = torch.from_numpy(values.std(axis=0)).float()

    def missed(self, hidden: Sequence[torch.Tensor], batch: Sequence[Lesson]) -> dict[str, torch.Tensor]:
        """Name → the unexplained share of its hints' variance, averaged over its components.

        Args:
            hidden: Per layer (lessons, T, width).
            batch: The lessons.
        """
        missed = {}
        for name, reader in self.readers.items():
            found = [(row, lesson.hints[name]) for row, lesson in enumerate(batch) if name in lesson.hints]
            if not found:
                continue
            rows = torch.cat([torch.full((len(hint.places),), row) for row, hint in found])
            places = torch.from_numpy(np.concatenate([hint.places for _, hint in found]))
            values = torch.from_numpy(np.concatenate([hint.values for _, hint in found])).float()
            seen = hidden[HINT_LAYERS[name]][rows, places]
            read = reader(nn.functional.rms_norm(seen, seen.shape[-1:]))
            missed[name] = (read - (values - self._centre[name]) / self._unit[name]).square().mean()
        return missed


def optimisers(network: Any, readers: Readers, config: DemoConfig, steps: int) -> tuple[list[Any], list[Any]]:
    """Muon for the layers' matrices and AdamW for the rest, each with linear warm-up, plateau and linear decay.

    Muon (Jordan 2024) orthogonalises every update of a matrix; in a network this small it reaches the same loss in
    fewer steps than AdamW alone.
    """
    matrices = [weight for name, weight in network.named_parameters() if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in network.named_parameters() if weight.ndim != 2 or "embed" in name]
    both = [
        torch.optim.Muon(matrices, lr=config.matrix_rate, momentum=0.95, weight_decay=config.weight_decay),
        torch.optim.AdamW([*rest, *readers.parameters()], lr=config.rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    warm = max(1, round(config.warm_up * steps))

    def share(step: int) -> float:
        return min((step + 1) / warm, 1.0, (steps - step) / (config.fall * steps))

    return both, [torch.optim.lr_scheduler.LambdaLR(one, share) for one in both]


def batches(course: Iterator[Lesson], config: DemoConfig, rng: np.random.Generator) -> Iterator[list[Lesson]]:
    """Endless batches of lessons of similar length, to minimise padding; in random order."""
    while True:
        drawn = [next(course) for _ in range(config.lessons * config.drawn)]
        drawn.sort(key=lambda lesson: len(lesson.pack.tokens))
        for first in rng.permutation(config.drawn) * config.lessons:
            yield drawn[first : first + config.lessons]


def learn(
    network: Any, readers: Readers, batch: Sequence[Lesson], config: DemoConfig
) -> tuple[PackLoss, dict[str, float]]:
    """Accumulate the gradients of some lessons; returns the loss of the answers, and unexplained shares by hint."""
    packs = [lesson.pack for lesson in batch]
    hidden = hidden_states(network, packs)
    answers = answer_loss(network, hidden[-1], packs)
    missed = readers.missed(hidden, batch)
    hints = sum(missed.values(), hidden[0].new_zeros(())) / len(HINTS)
    (answers.loss + config.hint_weight * hints).backward()
    return answers, {name: share.item() for name, share in missed.items()}


def fit(network: Any, course: Iterator[Lesson], config: DemoConfig, steps: int, rng: np.random.Generator) -> float:
    """Train; returns the final mean loss above the entropy of the truth, in nats per person."""
    readers = Readers(config.hidden, [next(course) for _ in range(SAMPLE)])
    both, schedules = optimisers(network, readers, config, steps)
    start, tokens = time.monotonic(), 0
    gaps: list[float] = []
    missed: list[dict[str, float]] = []
    drawn = batches(course, config, rng)
    for step in range(1, steps + 1):
        batch = next(drawn)
        answers, shares = learn(network, readers, batch, config)
        gaps.append(answers.loss.item() - answers.entropy)
        missed.append(shares)
        tokens += sum(len(lesson.pack.tokens) for lesson in batch)
        torch.nn.utils.clip_grad_norm_([*network.parameters(), *readers.parameters()], 1.0)
        for optimiser, schedule in zip(both, schedules, strict=True):
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
        if step % 50 == 0 or step == steps:
            took = time.monotonic() - start
            pace = f"{tokens / took:,.0f} tokens a second, {took / step * (steps - step):.0f} s left"
            recent = {name: [one[name] for one in missed[-50:] if name in one] for name in HINTS}
            hints = ", ".join(f"{name} {np.mean(share):.2f}" for name, share in recent.items() if share)
            summary = f"loss above the entropy of the truth {np.mean(gaps[-50:]):.4f}, unexplained {hints}"
            print(f"step {step}/{steps}: {summary}, {pace}", flush=True)
    return float(np.mean(gaps[-100:]))


def main(
    out: Annotated[Path, typer.Option(help="Folder for the model, its tokenizer and its records.")],
    steps: Annotated[int, typer.Option(help="Optimiser steps.", min=1)] = 2200,
    seed: Annotated[int, typer.Option(help="Seed of the weights, the people, the order and the answers.")] = 1,
    threads: Annotated[int, typer.Option(help="CPU threads; the weights depend on it in the last digits.")] = 1,
) -> None:
    """Train the demo base model and save it with its tokenizer."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    config = DemoConfig()
    tokenizer = train_tokenizer(tokenizer_texts(config.plan, rng), config.vocabulary)
    network = make_network(config, tokenizer)
    size = sum(weight.numel() for weight in network.parameters())
    print(f"{config}\n{size / 1e6:.2f} million parameters, {len(tokenizer)} tokens, {steps} steps, seed {seed}")
    excess = fit(network, lessons(config.plan, tokenizer, rng), config, steps, rng)
    network.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    ModelRecord(template="shared", tokenizer=tokenizer_hash(tokenizer), trained_on=(), demo=True).save(out)
    record = {
        "data": "synthetic societies of other worlds than the bundled one, their true distributions; nobody's answers",
        "world_seeds": [FIRST_WORLD, FIRST_WORLD + config.plan.worlds - 1],
        "seed": seed,
        "steps": steps,
        "threads": threads,
        "parameters": size,
        "loss_above_truth": round(excess, 4),
        "config": asdict(config),
    }
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"saved to {out}")


if __name__ == "__main__":
    typer.run(main)
