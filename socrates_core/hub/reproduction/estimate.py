"""How long a stage takes and what it costs, before it starts.

From the tokens of the work, the base's size and the peak matrix rate of the device (`finetune.plan`). Before the data
are there, tokens are those of SocSci210's published counts.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.evaluation.data import EvaluationData
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.finetune.recipe import Recipe
from socrates_core.hub.hired import A100_DOLLARS
from socrates_core.hub.reproduction.published import UNSEEN_RESPONSES
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.report.words import duration, duration_between
from socrates_core.study.files import read_json
from socrates_core.study.sources.sample import sample_rows
from socrates_core.study.split import Split, part
from socrates_core.study.study_set import StudySet

SEEN_RESPONSES: Final = 2_901_390 - UNSEEN_RESPONSES
SEEN_STUDIES: Final = 170
VALIDATION_STUDIES: Final = 20

PROMPT_TOKENS: Final = 227
"""Mean tokens of a prompt on 2,780 of SocSci210's rows, template `shared`, by the tokenizer of SmolLM2."""

PERSON_TOKENS: Final = 114
"""Of these, what people of one cell do not share."""

UNKNOWN: Final = "how long is not known, since the base is not on this machine and cannot be looked up on the Hub"

LITTLE: Final = 1 / 60
"""Hours below which starting takes longer than the work."""

MEASURED: Final = 2000
"""Examples whose tokens are counted."""


def of_training(recipe: Recipe, folder: Path) -> str:
    """How much a training has to do on studies that are there; at most, since packs share tokens."""
    try:
        tokens, examples = _counted(recipe, folder)
        return f"training on {examples:,} answers, at most {_passed(recipe, tokens)}; the exact plan follows"
    except ModelError:
        return UNKNOWN


def of_training_by_published_counts(recipe: Recipe, calibration: int) -> str:
    """The same before the studies are there."""
    share = recipe.fraction * max(0, SEEN_STUDIES - VALIDATION_STUDIES - calibration) / SEEN_STUDIES
    examples = round(SEEN_RESPONSES * share)
    try:
        passed = _passed(recipe, examples * PROMPT_TOKENS * recipe.epochs)
    except ModelError:
        return f"training on about {examples:,} answers by SocSci210's counts; {UNKNOWN}"
    return f"training on about {examples:,} answers by SocSci210's counts, at most {passed}"


def of_evaluation(model: str, data: EvaluationData, spec: EvaluationSpec, runs: Path) -> str:
    """How much an evaluation has to do.

    Args:
        model: As `load_model` takes it.
        data: What is evaluated.
        spec: Of the run.
        runs: The folder of earlier runs, whose pace counts where there is one of this model.
    """
    from socrates_core.runs.plan import count_tokens, measured_pace, plan_run

    plan = plan_run(data, spec)
    what = f"predicting {plan.answers:,} answers in {plan.cells:,} cells of {plan.studies:,} studies"
    pace = measured_pace(runs, spec)
    if pace is not None:
        seconds = pace.seconds(plan)
        cost = priced(seconds / 3600, seconds / 3600, _device_of(runs))
        return f"{what}, about {duration(seconds)} at the pace of the run before{cost}"
    if model.startswith(ENDPOINT):
        return f"{what}; time and cost are those of the endpoint"
    tokens = count_tokens(data, spec)
    if tokens is None:
        return f"{what}, seconds, at no cost"
    return f"{what}, {tokens.computed:,} tokens, {_time(Recipe(base=model), _config(model), tokens.computed)}"


def of_evaluation_by_published_counts(model: str, answers: int, device: str) -> str:
    """The same before the studies are there."""
    what = f"predicting {answers:,} answers by SocSci210's counts"
    if model in ("uniform", "marginal"):
        return f"{what}, seconds, at no cost"
    if model.startswith(ENDPOINT):
        return f"{what}; time and cost are those of the endpoint"
    try:
        return f"{what}, {_time(Recipe(base=model, device=device), _config(model), answers * PERSON_TOKENS)}"
    except ModelError:
        return f"{what}; {UNKNOWN}"


def _counted(recipe: Recipe, folder: Path) -> tuple[int, int]:
    """(tokens of all prompts of all epochs, examples of one), from some of them."""
    from socrates_core.finetune.batch.examples import ExampleEncoder, examples_of
    from socrates_core.finetune.network import base_name, encoder_of
    from socrates_core.model.loading import plan_network

    learned = part(StudySet.load(folder), Split.load(folder / "split.json"), "train")
    examples = round(recipe.fraction * len(learned.responses))
    share = min(1.0, MEASURED / max(1, len(learned.responses)))
    some = sample_rows(learned, share, np.random.default_rng(recipe.seed))
    network = plan_network(base_name(recipe))
    lengths = ExampleEncoder(examples_of(some), encoder_of(recipe, network.tokenizer, network.record)).lengths()
    return round(float(lengths.mean()) * examples * recipe.epochs), examples


def _passed(recipe: Recipe, tokens: int) -> str:
    from socrates_core.finetune.network import base_name

    return f"{tokens:,} tokens, {_time(recipe, _config(base_name(recipe)), tokens * (3 if recipe.recompute else 2))}"


def _config(model: str) -> Any:
    from socrates_core.model.loading import plan_network

    return plan_network(model).config


def _time(recipe: Recipe, config: Any, tokens: int) -> str:
    from socrates_core.finetune.plan import hours_of

    (least, most), device = hours_of(recipe, config, tokens)
    span = duration_between(3600 * least, 3600 * most) if most > LITTLE else "a minute or two"
    return f"{span} on {device}, loading apart{priced(least, most, device)}"


def _device_of(runs: Path) -> str:
    """The device of a run in this folder; empty if none says it."""
    found = [read_json(path).get("device") for path in sorted(runs.glob("*/provenance.json"))]
    return str(next(filter(None, found), ""))


def priced(least: float, most: float, device: str) -> str:
    """`, $1.20 to $2.40 at $2.50 an hour`, on an A100; else what an hour of this machine costs is not known."""
    if "A100" not in device:
        return ", at the price of this machine"
    dollars = dict.fromkeys(f"${hours * A100_DOLLARS:.2f}" for hours in (least, most))
    return f", {' to '.join(dollars)} at ${A100_DOLLARS:.2f} an hour"
