"""The plan of the real run: what training on 1 %, 10 % and all of SocSci210 costs, and which people to learn from.

    python -m train.prepare --source socsci210_val.parquet --out sample     # a hundredth of some studies' rows
    python -m train.prepare --source assets/studies/society --out society
    python -m eval.plan --studies sample --society society --work trainings --out eval/measured/real_run.md

Tokens are counted by the code that trains, in a few minutes; hours and dollars follow from the assumptions, which are
options here. --ranks is Qwen's list of merges, as the package dashscope carries it, for a machine that does not reach
the Hub. With --society, short trainings on the synthetic society compare which people to learn from at the same number
of computed tokens, in half an hour of one core. They stay in --work, and the same command resumes them.
"""

import datetime
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from socrates_core import command
from socrates_core.errors import SourceError
from socrates_core.finetune.recipe import load_recipe, recipe_file
from socrates_core.study.files import write_file
from socrates_core.study.split import Split
from socrates_core.study.study_set import StudySet

FRACTIONS: Final = (0.01, 0.1, 1.0)


def plan(
    studies: Annotated[Path, typer.Option(help="A study folder made from one per cent of SocSci210's rows.")],
    out: Annotated[Path, typer.Option(help="The Markdown page; its figures go beside it as JSON.")],
    config: Annotated[Path, typer.Option(help="The recipe.")] = Path("socrates-qwen14b"),
    ranks: Annotated[Path | None, typer.Option(help="qwen.tiktoken, in place of the base's tokenizer.")] = None,
    low_mfu: Annotated[
        float, typer.Option(min=0.01, max=1, help="Least share of a GPU's rate that is reached.")
    ] = 0.25,
    high_mfu: Annotated[float, typer.Option(min=0.01, max=1, help="Largest such share.")] = 0.5,
    peak: Annotated[float, typer.Option(min=1, help="Rate of one GPU in TFLOP/s, by its data sheet.")] = 312.0,
    price: Annotated[float, typer.Option(min=0, help="Dollars for an hour of one GPU.")] = 2.5,
    society: Annotated[Path | None, typer.Option(help="A study folder of the synthetic society, to train on.")] = None,
    work: Annotated[Path, typer.Option(help="The folder of these trainings.")] = Path("plan-trainings"),
    small: Annotated[Path, typer.Option(help="The recipe of these trainings.")] = Path("demo"),
    tokens: Annotated[int, typer.Option(min=1, help="What each of them computes.")] = 200_000,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds each sampling is trained with.")] = 3,
    seed: Annotated[int, typer.Option(help="The first of them, and the seed of the plan.")] = 42,
) -> None:
    """Write the plan of the real run as a page."""
    if low_mfu > high_mfu:
        raise SourceError(f"--low-mfu {low_mfu} is above --high-mfu {high_mfu}")
    if out.suffix == ".json" or not out.resolve().parent.is_dir():
        raise SourceError(
            f"--out {out} is not a place for a page; name a file like real_run.md in a folder that exists"
        )
    sample = StudySet.load(studies)
    if society is not None:
        Split.load(society / "split.json")  # so that a wrong folder is told before minutes have passed
    # these import torch, which takes seconds
    from eval.plan.page import page_of
    from eval.plan.samplings import compare

    figures: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "assumed": {"low_mfu": low_mfu, "high_mfu": high_mfu, "peak": peak, "price": price},
        **counted(sample, config, ranks, seed),
        "samplings": None,
    }
    if society is not None:
        done = compare(society, load_recipe(recipe_file(small)), work, range(seed, seed + seeds), tokens)
        figures["samplings"] = [asdict(one) for one in done]
    write_file(out.with_suffix(".json"), json.dumps(figures, indent=1) + "\n")
    write_file(out, page_of(figures))
    print(f"wrote {out}")


def counted(sample: StudySet, config: Path, ranks: Path | None, seed: int) -> dict[str, Any]:
    """Lengths of the sample, and the costs of all designs."""
    import numpy as np

    from eval.plan.costs import DESIGNS, costs_of, lengths_of
    from eval.plan.stand_in import stand_in_base
    from eval.plan.whole import TRAINED_ON, whole_of
    from socrates_core.model.loading import plan_network

    recipe = load_recipe(recipe_file(config))
    wholes = [(all_attributes, whole_of(sample, all_attributes)) for all_attributes in (False, True)]
    sizes = wholes[0][1].sizes
    alone = [study for study, size in sizes.items() if size < 2]
    rows = sample.responses.join(sample.cells, on="cell_id", how="left")["study_id"]
    with tempfile.TemporaryDirectory() as folder:
        network = plan_network(recipe.base if ranks is None else str(stand_in_base(ranks, Path(folder) / "base")))
        rng = np.random.default_rng(seed)
        templates = dict.fromkeys(design.template for design in DESIGNS)
        lengths = [lengths_of(sample, template, recipe, network, rng) for template in templates]
        costs = costs_of(wholes, FRACTIONS, recipe, network, seed)
    return {
        "tokenizer": f"that of {recipe.base}"
        if ranks is None
        else "made from Qwen's list of merges (package dashscope)",
        "sample": {
            "rows": len(sample.responses),
            "people_a_cell": len(sample.responses) / len(sample.cells),
            "responses": TRAINED_ON,
            "sizes": sizes,
            "alone": int(rows.is_in(alone).sum()) / len(rows),
            "lengths": [asdict(one) for one in lengths],
        },
        "costs": [asdict(one) for one in costs],
    }


if __name__ == "__main__":
    command.run(plan)
