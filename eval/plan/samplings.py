"""Which people to learn from, tried on the synthetic society: trainings that compute the same number of tokens.

A sampling that shares more of its prompts sees more answers for the same cost, but of fewer cells. Every training has a
folder of its own under WORK; a finished one is read and not repeated, an interrupted one is resumed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from eval.bench.recipes import finished, train_in
from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
from socrates_core.finetune.batch.order import order_of
from socrates_core.finetune.batch.packs import pack_of, partition
from socrates_core.finetune.network import base_name, encoder_of
from socrates_core.finetune.recipe import Recipe
from socrates_core.finetune.train import sampled
from socrates_core.model.loading import plan_network
from socrates_core.study.split import Split, part
from socrates_core.study.study_set import StudySet

CLOSE: Final = 0.01
"""Largest difference from the number of tokens, as a share, at which the search for a fraction ends."""

TRIES: Final = 6


@dataclass(frozen=True)
class Sampling:
    """Which answers are drawn, and how many people of a cell stand together in a step."""

    name: str
    cell_people: int | None
    group_size: int

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with this sampling."""
        return replace(recipe, cell_people=self.cell_people, group_size=self.group_size)


SAMPLINGS: Final = (
    Sampling("single answers, up to 8 of a cell together", None, 8),
    Sampling("8 people of a cell, together", 8, 8),
)


RECIPE: Final = SAMPLINGS[0].name
"""What the others are compared with."""


@dataclass(frozen=True)
class Compared:
    """One training."""

    sampling: str
    seed: int
    fraction: float
    """Share of the training answers."""
    examples: int
    steps: int
    tokens: int
    """Computed in all steps."""
    base_wasserstein: float
    wasserstein: float
    """After the last step, without a choice among checkpoints; validation studies, convention `scale`."""
    base_loss: float
    loss: float
    """As validation measures it, in nats."""
    noise_floor: float
    uniform: float


def compare(studies: Path, recipe: Recipe, work: Path, seeds: Iterable[int], tokens: int) -> list[Compared]:
    """Train what is missing: every sampling with every seed.

    Args:
        studies: A study folder with a split.
        recipe: What is varied.
        work: The folder of the trainings.
        seeds: Each determines sample, order, initial weights and the people of the validation.
        tokens: To compute in each training.
    """
    everything = StudySet.load(studies)
    hashes = dict(everything.manifest.hashes)
    learned = part(everything, Split.load(studies / "split.json"), "train")
    done = []
    for seed in seeds:
        for number, sampling in enumerate(SAMPLINGS, 1):
            varied = sampling.of(replace(recipe, seed=seed, validate_every=1_000_000))  # before and after, no choice
            varied = replace(varied, fraction=fraction_for(tokens, learned, varied))
            folder = work / f"sampling-{number}-seed-{seed}"
            if not finished(folder, varied, hashes):
                print(f"seed {seed}: {sampling.name}, {varied.fraction:.2%} of the answers", flush=True)
                train_in(folder, varied, studies)
            done.append(_compared(folder, sampling, varied))
    return done


def fraction_for(tokens: int, learned: StudySet, recipe: Recipe) -> float:
    """The share of the answers at which a recipe computes so many tokens, within `CLOSE` if `TRIES` are enough."""
    fraction = min(1.0, tokens / (100 * len(learned.responses)))
    for _ in range(TRIES):
        ratio = tokens / tokens_of(learned, replace(recipe, fraction=fraction))
        if abs(ratio - 1) < CLOSE or (fraction == 1 and ratio > 1):
            break
        fraction = min(1.0, round(fraction * ratio, 6))
    return fraction


def tokens_of(learned: StudySet, recipe: Recipe) -> int:
    """Tokens that all steps of a training compute, with a sample like the training's."""
    rng = np.random.default_rng(recipe.seed)
    network = plan_network(base_name(recipe))
    examples = examples_of(sampled(learned, recipe, rng))
    encoder = ExampleEncoder(examples, encoder_of(recipe, network.tokenizer, network.record))
    order = order_of(examples, recipe.epochs, recipe.group_size, recipe.group_cells, recipe.step_examples, rng)
    return sum(
        len(pack_of(some).tokens)
        for step in range(order.steps)
        for some in partition(encoder.encode_all(*order.step(step)), recipe.pack_tokens)
    )


def _compared(folder: Path, sampling: Sampling, recipe: Recipe) -> Compared:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if line["event"] == "step"]
    first, last = (line for line in lines if line["event"] == "validation")
    return Compared(
        sampling=sampling.name,
        seed=recipe.seed,
        fraction=recipe.fraction,
        examples=sum(line["examples"] for line in steps),
        steps=len(steps),
        tokens=round(sum(line["tokens"] for line in steps)),
        base_wasserstein=first["wasserstein"],
        wasserstein=last["wasserstein"],
        base_loss=first["loss"],
        loss=last["loss"],
        noise_floor=first["noise_floor"],
        uniform=first["uniform"],
    )


def wins(done: Sequence[Compared]) -> dict[str, int]:
    """For each sampling that draws groups, with how many seeds its W is lower than that of `RECIPE`."""
    own = {(one.sampling, one.seed): one.wasserstein for one in done}
    seeds = {one.seed for one in done}
    grouped = [name for name in dict.fromkeys(one.sampling for one in done) if name != RECIPE]
    return {name: sum(own[name, seed] < own[RECIPE, seed] for seed in seeds) for name in grouped}
