"""The recipes suite: the effect of the grouping of people and of the distribution term on validation loss and W.

    python -m eval.bench --suite recipes --studies studies --config train/configs/demo.yaml --out bench.json

One recipe is trained by `train.qlora` repeatedly, each time in its own folder under WORK: with and without the
distribution term for every seed, and with other group sizes for the first seed, since small groups take long. A
finished training is read and not repeated, an interrupted one is resumed, so the suite can be stopped at any time and
resumed with the same command.

A seed determines sample, order, initial weights and the people of the validation. Variants of one seed are therefore
validated on the same people, and differences from the base are paired.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import TrainingError
from socrates_core.finetune.recipe import Recipe, load_recipe, recipe_text
from socrates_core.model.record import ModelRecord
from socrates_core.study.study_set import StudySet

GROUP_SIZES: Final = (1, 4, 8, 16)
"""People of a cell in one group, with cross-entropy alone; compared for one seed."""
TERM_WEIGHTS: Final = (1.0, 10.0)
"""Weights of the distribution term, at the recipe's own group size (8 if that is 1: the term needs pairs)."""
PAIRS: Final = 8

BASE: Final = "base"
FIGURES: Final = ("loss", "wasserstein")


@dataclass(frozen=True)
class Variant:
    """A change of the recipe."""

    group_size: int
    distribution_weight: float

    @property
    def name(self) -> str:
        """Name in the table, and of its folders."""
        term = f", term × {self.distribution_weight:g}" if self.distribution_weight else ""
        return f"groups of {self.group_size}{term}"


@dataclass(frozen=True)
class Trained:
    """One finished training. Validation figures are those of the validation cells and people of its seed."""

    variant: str
    seed: int
    steps: int
    kept_step: int
    """The step of the kept adapter: the best by the recipe's `choose_by`."""
    base: dict[str, float]
    """Validation of the untouched base: loss, wasserstein, low, high, noise_floor, uniform."""
    kept: dict[str, float]
    """Validation of the kept adapter."""
    last: dict[str, float]
    """Validation after the last step, without a choice."""
    unique_share: float
    """Tokens computed ÷ tokens of the same examples in separate rows."""
    seconds: float
    """Seconds of all steps, without validation."""


def run_recipes_suite(
    studies: Path, config: Path, work: Path, seeds: int, seed: int, fraction: float | None
) -> dict[str, Any]:
    """Train what is missing, and make two tables: losses over all seeds, group sizes for the first seed.

    Args:
        studies: A study folder with a split.
        config: The recipe that is varied.
        work: The folder of the trainings.
        seeds: Number of seeds, from `seed` on.
        seed: The first seed.
        fraction: Share of the responses to learn from, in place of the recipe's, for shorter trainings.

    Raises:
        TrainingError: If a training fails or is stopped, or a folder holds another training.
    """
    recipe = load_recipe(config)
    recipe = replace(recipe, fraction=fraction) if fraction is not None else recipe
    hashes = dict(StudySet.load(studies).manifest.hashes)
    planned = [
        (variant, replace(recipe, **asdict(variant), seed=number))
        for number in range(seed, seed + seeds)
        for variant in (*losses_of(recipe), *(sizes_of(recipe) if number == seed else ()))
    ]
    done = []
    for place, (variant, varied) in enumerate(planned, 1):
        folder = work / f"{variant.name.replace(' × ', '-').replace(', ', '-').replace(' ', '-')}-seed-{varied.seed}"
        label = f"recipes: {place} of {len(planned)}: {variant.name}, seed {varied.seed}"
        if finished(folder, varied, hashes):
            print(f"{label}: done before, in {folder}", flush=True)
        else:
            print(label, flush=True)
            train_in(folder, varied, studies)
        done.append(trained(folder, variant, varied.seed))
    tables = tables_of(done, recipe, seed)
    print("\n\n".join(markdown_table(rows) for rows in tables.values()), flush=True)
    return {"recipe": asdict(recipe), "data": hashes, "trainings": [asdict(one) for one in done], "tables": tables}


def losses_of(recipe: Recipe) -> list[Variant]:
    """The variants compared for each seed: cross-entropy alone, and with the distribution term."""
    paired = _paired(recipe)
    return [Variant(paired, weight) for weight in (0.0, *TERM_WEIGHTS)]


def sizes_of(recipe: Recipe) -> list[Variant]:
    """The variants compared for one seed: the other group sizes, with cross-entropy alone."""
    return [Variant(size, 0.0) for size in reversed(GROUP_SIZES) if size != _paired(recipe)]


def _paired(recipe: Recipe) -> int:
    return recipe.group_size if recipe.group_size > 1 else PAIRS


# -- one training ------------------------------------------------------------------------------------------------


def finished(folder: Path, recipe: Recipe, hashes: dict[str, str]) -> bool:
    """Whether a training of this recipe on these studies is done in a folder.

    Raises:
        TrainingError: If it holds another training.
    """
    if not (folder / "adapter_model.safetensors").is_file():
        return False
    record = ModelRecord.load(folder)
    training = dict(record.training or {}) if record else {}
    same = training.get("recipe") == json.loads(json.dumps(asdict(recipe)))
    if not same or training.get("data", {}).get("hashes") != hashes:
        raise TrainingError(
            f"{folder} holds a training with another recipe or other studies; choose another --work, or delete it"
        )
    return True


def trained(folder: Path, variant: Variant, seed: int) -> Trained:
    """Read a finished training's figures from its metrics."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if line["event"] == "step"]
    validated = [line for line in lines if line["event"] == "validation"]
    record = ModelRecord.load(folder)
    assert record is not None
    assert record.training is not None
    kept = next(line for line in validated if line["step"] == record.training["step"])
    tokens = sum(line["tokens"] for line in steps)
    return Trained(
        variant=variant.name,
        seed=seed,
        steps=len(steps),
        kept_step=kept["step"],
        base=_figures(validated[0]),
        kept=_figures(kept),
        last=_figures(validated[-1]),
        unique_share=tokens / sum(line["tokens"] / line["unique_share"] for line in steps),
        seconds=sum(line["seconds"] for line in steps),
    )


def _figures(line: dict[str, Any]) -> dict[str, float]:
    return {name: line[name] for name in ("loss", "wasserstein", "low", "high", "noise_floor", "uniform")}


def train_in(folder: Path, recipe: Recipe, studies: Path) -> None:
    """Train or resume; a signal that ends this process ends the training first, which keeps a checkpoint."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    written = folder.with_suffix(".yaml")
    written.write_text(recipe_text(recipe), "utf-8")
    places = {"--config": written, "--studies": studies, "--out": folder}
    options = [text for name, path in places.items() for text in (name, str(path))]
    child = subprocess.Popen([sys.executable, "-m", "train.qlora", *options, "--resume"], stdout=subprocess.DEVNULL)
    before = {
        number: signal.signal(number, lambda number, _frame: child.send_signal(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code > 128 or code < 0:
        raise TrainingError(f"stopped while training in {folder}; the same command resumes it")
    if code != 0:
        raise TrainingError(f"the training in {folder} failed, see its message above")


# -- the tables --------------------------------------------------------------------------------------------------


def tables_of(done: Sequence[Trained], recipe: Recipe, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Separate tables of losses and of group sizes: a table compares only trainings with the same seeds.

    Args:
        done: All trainings.
        recipe: The varied recipe.
        seed: The first seed, for which all group sizes were trained.
    """
    losses = losses_of(recipe)
    sizes = sorted([losses[0], *sizes_of(recipe)], key=lambda variant: variant.group_size)
    first = {one.variant: one for one in done if one.seed == seed}
    return {
        "losses": table_rows([one for one in done if one.variant in {variant.name for variant in losses}]),
        "group_sizes": table_rows([first[variant.name] for variant in sizes]),
    }


def table_rows(done: Sequence[Trained]) -> list[dict[str, Any]]:
    """For the base and each variant, mean, lowest and highest over seeds of validation loss, W, and gain in W.

    `gain` is W minus the base's W, seed by seed: below 0 the variant is closer to the answers.
    """
    by_name: dict[str, list[Trained]] = {}
    for one in done:
        by_name.setdefault(one.variant, []).append(one)
    seeds = {one.seed: one for one in done}.values()
    base = {name: _spread([one.base[name] for one in seeds]) for name in FIGURES}
    rows: list[dict[str, Any]] = [{"variant": BASE, "seeds": len(seeds), **base}]
    for variant, members in by_name.items():
        rows.append(
            {
                "variant": variant,
                "seeds": len(members),
                **{name: _spread([one.kept[name] for one in members]) for name in FIGURES},
                "gain": _spread([one.kept["wasserstein"] - one.base["wasserstein"] for one in members]),
                "last_wasserstein": _spread([one.last["wasserstein"] for one in members]),
                "unique_share": float(np.mean([one.unique_share for one in members])),
                "seconds": float(np.mean([one.seconds for one in members])),
            }
        )
    for name, figure in (("noise floor", "noise_floor"), ("uniform baseline", "uniform")):
        spread = _spread([one.base[figure] for one in seeds])
        rows.append({"variant": name, "seeds": len(seeds), "wasserstein": spread})
    return rows


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), "lowest": min(values), "highest": max(values)}


def markdown_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown; figures are means over seeds with the lowest and highest."""
    lines = [
        "| validation, mean (lowest to highest) over seeds | seeds | loss | W | W minus base's | tokens computed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = [
            _cell(row.get(name), form) for name, form in (("loss", ".3f"), ("wasserstein", ".4f"), ("gain", "+.4f"))
        ]
        share = f"{row['unique_share']:.0%}" if "unique_share" in row else ""
        lines.append(f"| {row['variant']} | {row['seeds']} | {' | '.join(cells)} | {share} |")
    return "\n".join(lines)


def _cell(spread: dict[str, float] | None, form: str) -> str:
    if spread is None:
        return ""
    if spread["lowest"] == spread["highest"]:
        return f"{spread['mean']:{form}}"
    return f"{spread['mean']:{form}} ({spread['lowest']:{form}} to {spread['highest']:{form}})"
