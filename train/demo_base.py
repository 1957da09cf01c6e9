"""Train the bundled demo base model and its tokenizer from nothing, on one or two CPU cores.

    python -m train.demo_base --out assets/demo/base

The demo model exists so that every button of the app does the real thing, through the code that runs a 14B model. It
learns to read a scale, a persona and the parts of a stimulus from synthetic societies of *other* worlds than the
bundled one: it knows the language and the directions that all worlds share, and not the society that the app shows.
No answer of a person is ever used: the tokenizer sees texts only, and the targets are the true distributions of those
other worlds.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
import typer
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from socrates_core.finetune.soft_targets import Pack, loss_of, pack
from socrates_core.model.encoding import PromptEncoder
from socrates_core.model.record import ModelRecord, tokenizer_hash
from socrates_core.prompt import TEMPLATES, render
from socrates_core.sources import bundled, society, society_people
from socrates_core.sources.society_question import RANGES
from socrates_core.study import Persona

FIRST_WORLD: Final = 100_000
"""Seed of the first training world; far from the bundled one."""

SPECIALS: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PIECES: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts text before BPE; digits stand alone."""
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
AGE_GROUPS: Final = ((34, "18-34"), (54, "35-54"), (200, "55+"))
COLLEGE: Final = ("Bachelor's degree", "Post grad study/professional degree")
WIDE_RANGES: Final = (
    *RANGES * 2,
    *[(0, high) for high in (1, 2, 3, 5, 7, 8, 9)],
    *[(1, 11), (1, 12), (0, 20), (1, 20), (1, 50), (1, 100), (-4, 4), (-10, 10)],
)
"""More scales than the bundled society has, so that the base reads ranges that it never saw there."""


@dataclass(frozen=True)
class DemoConfig:
    """Everything that decides the outcome, beside the seed."""

    vocabulary: int = 2600
    hidden: int = 192
    layers: int = 4
    heads: int = 6
    kv_heads: int = 2
    feed_forward: int = 512
    context: int = 4096
    worlds: int = 60
    """Seeds from `FIRST_WORLD` on."""
    cells: int = 6
    """Cells in a step."""
    people: int = 4
    """Personas asked per cell, which share its stimulus."""
    lone_people: int = 2
    """The same where a template puts the persona first, so that nearly nothing is shared."""
    matrix_rate: float = 0.02
    """Of Muon, which trains the matrices of the layers."""
    rate: float = 3e-3
    """Of AdamW, which trains the embeddings and norms."""
    warm_up: float = 0.03
    weight_decay: float = 0.01
    templates: tuple[tuple[str, float], ...] = (("shared", 0.86), ("socrates", 0.07), ("alpaca", 0.07))


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer with Qwen's cut and ChatML's special tokens."""
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


def shown(person: dict[str, Any], rng: np.random.Generator) -> Persona:
    """What the prompt says of a person: all, some or no attributes, or the coarse ones that some sources have."""
    persona = dict(person)
    if rng.random() < 0.2:
        persona["age_group"] = next(name for limit, name in AGE_GROUPS if person["age"] <= limit)
        persona["education"] = "College degree" if persona["education"] in COLLEGE else "No college degree"
        degree, party = persona["party_id"].split()
        persona["party_id"] = "Independent" if degree == "Don't" else party
        persona = {name: persona[name] for name in ("age_group", "gender", "education", "party_id")}
    keep = rng.choice([0.0, 0.5, 0.85, 1.0], p=[0.03, 0.3, 0.3, 0.37])
    return {name: value for name, value in persona.items() if rng.random() < keep}


def packs(config: DemoConfig, encoders: Sequence[PromptEncoder], rng: np.random.Generator) -> Iterator[Pack]:
    """Endless training rows: any cell of any world, asked of random people in one of the templates."""
    worlds = [society.make_society(FIRST_WORLD + i, ranges=WIDE_RANGES) for i in range(config.worlds)]
    people = society_people.draw_people(20_000, rng)
    end = encoders[0].tokenizer.convert_tokens_to_ids("<|im_end|>")
    shares = [share for _, share in config.templates]
    while True:
        world = worlds[rng.integers(len(worlds))]
        cells = world.cells(list(world.designs)[rng.integers(len(world.designs))])
        cell = cells[rng.integers(len(cells))]
        encoder = encoders[rng.choice(len(encoders), p=shares)]
        count = config.people if encoder.template == "shared" else config.lone_people
        asked = people[rng.integers(len(people), size=count)]
        personas = [shown(person, rng) for person in asked.to_dicts()]
        probs = world.true_distributions(cell, asked)
        yield pack(encoder, cell, personas, probs, end, rng)


def tokenizer_texts(config: DemoConfig, rng: np.random.Generator) -> list[str]:
    """What the tokenizer is made of: stimuli of other worlds, personas in all templates, the real studies' stimuli."""
    worlds = [society.make_society(FIRST_WORLD + i, ranges=WIDE_RANGES) for i in range(3)]
    cells = [cell for world in worlds for study_id in world.designs for cell in world.cells(study_id)]
    people = society_people.draw_people(len(TEMPLATES) * 200, rng).to_dicts()
    personas = [render(list(TEMPLATES)[i % 3], cells[i], shown(person, rng)) for i, person in enumerate(people)]
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


def optimisers(network: Any, config: DemoConfig, steps: int) -> tuple[list[Any], list[Any]]:
    """Muon for the layers' matrices and AdamW for the rest, each with a linear warm-up and a cosine to nothing.

    Muon (Jordan 2024) makes every update of a matrix orthogonal; in a network this small it reaches the same loss in
    fewer steps than AdamW alone.
    """
    matrices = [weight for name, weight in network.named_parameters() if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in network.named_parameters() if weight.ndim != 2 or "embed" in name]
    both = [
        torch.optim.Muon(matrices, lr=config.matrix_rate, momentum=0.95, weight_decay=config.weight_decay),
        torch.optim.AdamW(rest, lr=config.rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    warm = max(1, round(config.warm_up * steps))

    def share(step: int) -> float:
        return float(min((step + 1) / warm, 0.5 * (1 + np.cos(np.pi * step / steps))))

    return both, [torch.optim.lr_scheduler.LambdaLR(one, share) for one in both]


def fit(network: Any, rows: Iterator[Pack], config: DemoConfig, steps: int) -> float:
    """Train; returns the last mean loss above the truth's own entropy, in nats a token."""
    both, schedules = optimisers(network, config, steps)
    start, tokens, gaps = time.monotonic(), 0, []
    for step in range(1, steps + 1):
        gap = 0.0
        for item in (next(rows) for _ in range(config.cells)):
            result = loss_of(network, item)
            (result.loss / config.cells).backward()
            gap += (result.loss.item() - result.entropy) / config.cells
            tokens += len(item.tokens)
        gaps.append(gap)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimiser, schedule in zip(both, schedules, strict=True):
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
        if step % 50 == 0 or step == steps:
            took = time.monotonic() - start
            pace = f"{tokens / took:.0f} tokens/s, {took / step * (steps - step):.0f} s left"
            print(f"step {step}/{steps}: loss above the truth's {np.mean(gaps[-50:]):.4f}, {pace}", flush=True)
    return float(np.mean(gaps[-50:]))


def main(
    out: Annotated[Path, typer.Option(help="Folder for the model, its tokenizer and its records.")],
    steps: Annotated[int, typer.Option(help="Optimiser steps.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the weights, the people, the order and the answers.")] = 1,
    threads: Annotated[int, typer.Option(help="CPU threads; the weights depend on it in the last digits.")] = 1,
) -> None:
    """Train the demo base model and save it with its tokenizer."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    config = DemoConfig()
    tokenizer = train_tokenizer(tokenizer_texts(config, rng), config.vocabulary)
    network = make_network(config, tokenizer)
    size = sum(weight.numel() for weight in network.parameters())
    print(f"{config}\n{size / 1e6:.2f} million parameters, {len(tokenizer)} tokens, {steps} steps, seed {seed}")
    encoders = [PromptEncoder(tokenizer, template) for template, _ in config.templates]
    excess = fit(network, packs(config, encoders, rng), config, steps)
    network.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    ModelRecord(template="shared", tokenizer=tokenizer_hash(tokenizer), trained_on=(), demo=True).save(out)
    record = {
        "data": "synthetic societies of other worlds than the bundled one, their true distributions; nobody's answers",
        "world_seeds": [FIRST_WORLD, FIRST_WORLD + config.worlds - 1],
        "seed": seed,
        "steps": steps,
        "parameters": size,
        "loss_above_truth": round(excess, 4),
        "config": asdict(config),
    }
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"saved to {out}")


if __name__ == "__main__":
    typer.run(main)
