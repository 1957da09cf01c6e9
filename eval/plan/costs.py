"""Tokens of a training on a share of the responses, by the plan that `train.qlora --dry-run` prints."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from eval.plan.whole import Whole
from socrates_core.finetune.batch.examples import ExampleEncoder, Ints, examples_of
from socrates_core.finetune.batch.order import Order, order_of
from socrates_core.finetune.batch.packs import OptionScales
from socrates_core.finetune.network import encoder_of
from socrates_core.finetune.plan import MEASURED_STEPS, plan_of
from socrates_core.finetune.recipe import Recipe
from socrates_core.model.loading import NetworkPlan
from socrates_core.study.sources.sample import drawn_in_groups
from socrates_core.study.study_set import StudySet

RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Design:
    """Which responses are drawn, and in which form and order they are learned from."""

    name: str
    template: str
    cell_people: int | None
    group_size: int


DESIGNS: Final = (
    Design("the original run: single answers, persona first", "alpaca", None, 1),
    Design("single answers, up to 8 of a cell together", "shared", None, 8),
    Design("8 people of a cell, together", "shared", 8, 8),
    Design("32 people of a cell, 16 together", "shared", 32, 16),
)


@dataclass(frozen=True)
class Cost:
    """What a training on a share of the responses computes; counted on some of its steps."""

    fraction: float
    design: str
    all_attributes: bool
    """Whether everybody states all sixteen attributes."""
    gpus: int
    examples: int
    steps: int
    people_a_cell: float
    """Mean number of drawn responses in a cell that has any."""
    full_tokens: float
    """Of all examples, each in a row of its own."""
    tokens: float
    """Computed by all GPUs."""
    busiest_tokens: float
    """Of the GPU with the most in each step, which the others wait for."""
    bound: float
    """`full_tokens` ÷ the tokens of the steps' prefix trees: the most that sharing can save."""
    pack_tokens: float
    """Mean tokens of a forward pass."""
    operations: float
    """Floating-point operations of the busiest GPU: 2 for each of its tokens, matrix weights, and passes."""
    memory_gb: float
    """Estimated peak of each GPU."""

    def hours(self, mfu: float, peak: float) -> float:
        """Hours at a share `mfu` of a GPU's rate of `peak` TFLOP/s."""
        return self.operations / (mfu * peak * 1e12) / 3600


def costs_of(
    wholes: Iterable[tuple[bool, Whole]], fractions: Iterable[float], recipe: Recipe, network: NetworkPlan, seed: int
) -> list[Cost]:
    """Every share, design, kind of profile, and number of GPUs.

    Args:
        wholes: The responses, without and with all attributes.
        fractions: Shares of the responses, in (0, 1].
        recipe: What the designs change.
        network: The base, without weights.
        seed: Of the samples and orders.
    """
    costs = []
    for all_attributes, whole in wholes:
        for fraction in fractions:
            for design in DESIGNS:
                if fraction == 1 and design.cell_people == design.group_size:
                    continue  # with everybody there is nothing to draw: the same as single answers
                varied = replace(recipe, template=design.template, group_size=design.group_size, group_cells=1)
                steps = steps_of(design, fraction, whole, varied, network, np.random.default_rng(seed))
                costs += [cost_of(design, fraction, all_attributes, steps, gpus, varied, network) for gpus in (1, 8)]
                print(f"{fraction:.0%}, {design.name}: {costs[-2].tokens / 1e6:,.1f} M tokens", flush=True)
    return costs


@dataclass(frozen=True, eq=False)
class Steps:
    """Some steps of a training, and what they are of."""

    encoder: ExampleEncoder
    order: Order
    examples: int
    """Of the whole training."""
    steps: int
    """Of the whole training."""
    people_a_cell: float


def steps_of(
    design: Design, fraction: float, whole: Whole, recipe: Recipe, network: NetworkPlan, rng: np.random.Generator
) -> Steps:
    """Draw the responses and order them as `train.qlora` does; only some steps become prompts."""
    drawn = draw(design, fraction, whole, rng)
    only_cells = replace(whole.sample, cells=(), cell=whole.cell[drawn], response=drawn)
    order = order_of(only_cells, 1, recipe.group_size, 1, recipe.step_examples, rng)
    some = _some_steps(order)
    examples = whole.examples(drawn[some.index], rng)
    return Steps(
        encoder=ExampleEncoder(examples, encoder_of(recipe, network.tokenizer, network.record)),
        order=replace(some, index=np.arange(len(some.index))),
        examples=len(drawn),
        steps=order.steps,
        people_a_cell=len(drawn) / len(np.unique(whole.cell[drawn])),
    )


def cost_of(
    design: Design,
    fraction: float,
    all_attributes: bool,
    steps: Steps,
    gpus: int,
    recipe: Recipe,
    network: NetworkPlan,
) -> Cost:
    """Build the packs of the steps, as so many GPUs share them out, and scale up to the whole training."""
    unknown: Any = np.zeros(1, np.int64)  # lengths of all examples; their sum is that of the steps, scaled up
    scales = OptionScales(encoder_of(recipe, network.tokenizer, network.record))
    plan = plan_of(recipe, steps.encoder, steps.order, unknown, 0, scales, network.config, gpus)
    scale = steps.examples / len(steps.order.index)
    return Cost(
        fraction=fraction,
        design=design.name,
        all_attributes=all_attributes,
        gpus=gpus,
        examples=steps.examples,
        steps=steps.steps,
        people_a_cell=steps.people_a_cell,
        full_tokens=plan.tree_tokens * plan.shared * scale,
        tokens=plan.tree_tokens * scale,
        busiest_tokens=plan.busiest_tokens * scale,
        bound=plan.sharing_bound,
        pack_tokens=plan.tree_tokens / steps.order.steps / plan.packs_a_step,
        operations=2.0 * plan.busiest_tokens * scale * plan.matrices * plan.passes,
        memory_gb=plan.memory_gb,
    )


@dataclass(frozen=True)
class Lengths:
    """Tokens of the sample's rows, answer included, under one template."""

    template: str
    mean: float
    low: float
    """Lower end of the mean's 95 % percentile interval over resampled studies."""
    high: float
    longest: int


def lengths_of(
    sample: StudySet, template: str, recipe: Recipe, network: NetworkPlan, rng: np.random.Generator
) -> Lengths:
    """How long prompts are, and how much that depends on which studies were sampled."""
    examples = examples_of(sample)
    lengths = ExampleEncoder(
        examples, encoder_of(replace(recipe, template=template), network.tokenizer, network.record)
    ).lengths()
    study = np.unique([cell.study_id for cell in examples.cells], return_inverse=True)[1][examples.cell]
    sums, counts = np.bincount(study, weights=lengths), np.bincount(study)
    drawn = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return Lengths(template, float(lengths.mean()), float(low), float(high), int(lengths.max()))


def draw(design: Design, fraction: float, whole: Whole, rng: np.random.Generator) -> Ints:
    """The responses of a sample, as `train.qlora` draws them."""
    total = len(whole.cell)
    if design.cell_people is not None:
        return drawn_in_groups(whole.study, whole.cell, fraction, design.cell_people, rng)
    return np.sort(rng.choice(total, max(1, round(fraction * total)), replace=False))


def _some_steps(order: Order) -> Order:
    """Full steps, evenly spaced, `MEASURED_STEPS` at most; all of a training of one step."""
    whole = max(1, len(order.index) // order.step_examples)
    chosen = np.unique(np.linspace(0, whole - 1, MEASURED_STEPS).round().astype(int))
    steps = [order.step(number) for number in chosen.tolist()]
    return replace(
        order, index=np.concatenate([index for index, _ in steps]), group=np.concatenate([group for _, group in steps])
    )
