"""The data-generating process of the synthetic society: its parts, its effects, and how attitudes become answers.

A person with traits x (left, age, female, education, income; centred, about unit size, 0 if unknown) has, for outcome o
about topic t after manipulation m, the latent attitude y* ~ Normal(μ, 1) with

  μ = base_o + habit_o · x + effect_m,o + λ_o · (base_t + lean_t · x + effect_m + effect_m,domain(t) + left_m · x_left)

The control and the two placebo manipulations have no effect in any world. y* is divided into K options at
τ_k = 1.8 · (2k/K − 1), k = 1..K−1, so P(option k) = Φ(τ_k − μ) − Φ(τ_{k−1} − μ). Response styles are added: 4 % choose
an end (the upper one with probability Φ(μ)) and, if there is a middle option, 3 % choose it. A reversed scale counts
from the other end. On sliders (more than 20 options) 8 % of all answers then move to the nearest multiple of 50, 30 %
of 10, and 22 % of 5.

A `World` contains the coefficients: those of the parts file, shared by all worlds, plus its own deviations.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from socrates_core.study.files import ASSETS
from socrates_core.study.sources.society.people import TRAITS

Floats = npt.NDArray[np.float64]

PARTS_FILE: Final = ASSETS / "studies" / "society.json"

REACH: Final = 1.8
"""Half-width of the scale, in standard deviations of the latent attitude."""
MIDDLE_SHARE: Final = 0.03
END_SHARE: Final = 0.04
SLIDER: Final = 20
"""Scales with more options are sliders, on which people prefer round numbers."""
ROUND_SHARES: Final = {50: 0.08, 10: 0.30, 5: 0.22}


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of studies; T topics, M manipulations, O outcomes, F traits."""

    topics: tuple[dict[str, Any], ...]
    manipulations: tuple[dict[str, Any], ...]
    outcomes: tuple[dict[str, Any], ...]
    places: tuple[str, ...]
    intros: tuple[str, ...]

    @property
    def domains(self) -> tuple[str, ...]:
        """The fields that topics belong to, in order of appearance."""
        return tuple(dict.fromkeys(topic["domain"] for topic in self.topics))

    @property
    def inert(self) -> tuple[int, ...]:
        """Manipulations without any effect: control first, then the placebos."""
        return tuple(i for i, part in enumerate(self.manipulations) if part["effect"] == 0 and part["left"] == 0)


@dataclass(frozen=True, eq=False)
class World:
    """The coefficients of one society, in standard deviations of the latent attitude."""

    seed: int
    topic_base: Floats
    """(T,)"""
    topic_lean: Floats
    """(T, F)"""
    effect: Floats
    """(M,)"""
    effect_left: Floats
    """(M,) how much stronger a manipulation's effect is on the left than in the centre."""
    effect_domain: Floats
    """(M, domains)"""
    effect_outcome: Floats
    """(M, O)"""
    outcome_loading: Floats
    """(O,) λ: negative if a high answer is unfavourable to the topic, as with worry."""
    outcome_base: Floats
    """(O,)"""
    outcome_habit: Floats
    """(O, F)"""


@cache
def load_parts() -> Parts:
    """The parts file."""
    raw = json.loads(PARTS_FILE.read_text("utf-8"))
    names = ("topics", "manipulations", "outcomes", "places", "intros")
    return Parts(**{name: tuple(raw[name]) for name in names})


def make_world(seed: int) -> World:
    """The coefficients of the world with this seed: the common ones of the parts file plus its own deviations."""
    parts = load_parts()
    topics, manipulations, outcomes = parts.topics, parts.manipulations, parts.outcomes
    common, own = np.random.default_rng([0, 0]), np.random.default_rng([1, seed])
    shape = (len(manipulations), len(parts.domains)), (len(manipulations), len(outcomes))
    effect = np.array([part["effect"] for part in manipulations])
    effect = effect * own.normal(1, 0.25, len(effect)) + own.normal(0, 0.06, len(effect))
    effect_left = np.array([part["left"] for part in manipulations]) + own.normal(0, 0.06, len(effect))
    effect_domain = common.normal(0, 0.1, shape[0]) + own.normal(0, 0.1, shape[0])
    effect_outcome = common.normal(0, 0.06, shape[1]) + own.normal(0, 0.06, shape[1])
    for deviation in (effect, effect_left, effect_domain, effect_outcome):
        deviation[list(parts.inert)] = 0
    lean = np.array([part["lean"] for part in topics])
    habit = np.array([part["habit"] for part in outcomes])
    return World(
        seed=seed,
        topic_base=np.array([part["base"] for part in topics]) + own.normal(0, 0.3, len(topics)),
        topic_lean=lean + own.normal(0, [0.15, 0.08, 0.08, 0.08, 0.08], lean.shape),
        effect=effect,
        effect_left=effect_left,
        effect_domain=effect_domain,
        effect_outcome=effect_outcome,
        outcome_loading=np.array([part["loading"] for part in outcomes]),
        outcome_base=np.array([part["base"] for part in outcomes]) + own.normal(0, 0.2, len(outcomes)),
        outcome_habit=habit + own.normal(0, 0.04, habit.shape),
    )


def latent_attitude(world: World, topic: int, manipulation: int, outcome: int, traits: Floats) -> Floats:
    """(N,) μ of the module's formula for people with these traits (N, F)."""
    towards_topic, moved, general = attitude_parts(world, topic, manipulation, outcome, traits).T
    attitude: Floats = general + world.outcome_loading[outcome] * (towards_topic + moved)
    return attitude


def attitude_parts(world: World, topic: int, manipulation: int, outcome: int, traits: Floats) -> Floats:
    """(N, 3) the components of μ: attitude towards the topic, effect of the manipulation, and habit of the outcome."""
    parts = load_parts()
    domain = parts.domains.index(parts.topics[topic]["domain"])
    towards_topic = world.topic_base[topic] + traits @ world.topic_lean[topic]
    moved = world.effect[manipulation] + world.effect_domain[manipulation, domain]
    moved_left = world.effect_left[manipulation] * traits[:, TRAITS.index("left")]
    general = world.outcome_base[outcome] + traits @ world.outcome_habit[outcome]
    return np.stack([towards_topic, moved + moved_left, general + world.effect_outcome[manipulation, outcome]], axis=1)


def cut(attitude: Floats, options: int) -> Floats:
    """(N, K) probabilities of K options in rising order, for latent attitudes (N,) with unit noise."""
    edges = REACH * (2 * np.arange(1, options) / options - 1)
    below = ndtr(edges - attitude[:, None])  # (N, K-1)
    upper = ndtr(attitude)
    middle = MIDDLE_SHARE if options % 2 else 0.0
    probs: Floats = (1 - END_SHARE - middle) * np.diff(below, axis=1, prepend=0, append=1)
    probs[:, -1] += END_SHARE * upper
    probs[:, 0] += END_SHARE * (1 - upper)
    probs[:, options // 2] += middle
    return probs


def rounded(probs: Floats, first: int) -> Floats:
    """(N, K) the probabilities after people's preference for round numbers, on a slider from `first`.

    Scales of up to `SLIDER` options are unchanged.
    """
    options = probs.shape[1]
    if options <= SLIDER:
        return probs
    moved: Floats = probs @ _rounding(options, first)
    return moved


@cache
def _rounding(options: int, first: int) -> Floats:
    """(K, K) transition matrix of rounding on a slider of K options from `first`; rows sum to 1.

    A share of each option's mass moves to the nearest multiple, on the scale, of each number of `ROUND_SHARES` (to the
    lower one of two equally near).
    """
    values = np.arange(first, first + options)
    stay = 1 - sum(ROUND_SHARES.values())
    matrix = stay * np.eye(options)
    for step, share in ROUND_SHARES.items():
        multiples = np.flatnonzero(values % step == 0)
        nearest = multiples[np.abs(values[:, None] - values[multiples]).argmin(axis=1)]
        matrix[np.arange(options), nearest] += share
    return matrix
