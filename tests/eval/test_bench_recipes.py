import json
import signal
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from eval.bench.recipes import Trained, Variant, losses_of, markdown_table, sizes_of, table_rows, tables_of
from socrates_core.finetune.recipe import Recipe
from tests.finetune.folders import make_base, make_recipe, make_studies, qlora
from tests.servers.programs import Program


def bench(*arguments: object) -> Program:
    return Program("-m", "eval.bench", "--suite", "recipes", *arguments)


def figures(loss: float, distance: float) -> dict[str, float]:
    return {"loss": loss, "wasserstein": distance, "low": 0, "high": 1, "noise_floor": 0.05, "uniform": 0.3}


def test_the_table_has_means_and_ranges_over_seeds_and_gains_of_pairs() -> None:
    done = [
        Trained("groups of 8", seed, 10, 8, figures(2.0, base), figures(1.0, kept), figures(1.1, kept), 0.25, 60.0)
        for seed, base, kept in ((1, 0.20, 0.10), (2, 0.30, 0.14))
    ]
    rows = {row["variant"]: row for row in table_rows(done)}
    assert rows["base"]["wasserstein"] == pytest.approx({"mean": 0.25, "lowest": 0.20, "highest": 0.30})
    assert rows["groups of 8"]["wasserstein"] == pytest.approx({"mean": 0.12, "lowest": 0.10, "highest": 0.14})
    # seed by seed -0.10 and -0.16, and not the difference of any other two
    assert rows["groups of 8"]["gain"] == pytest.approx({"mean": -0.13, "lowest": -0.16, "highest": -0.10})
    table = markdown_table(table_rows(done))
    assert "| groups of 8 | 2 | 1.000 | 0.1200 (0.1000 to 0.1400) | -0.1300 (-0.1600 to -0.1000) | 25% |" in table
    assert "| noise floor | 2 |  | 0.0500 |  |  |" in table


def test_what_was_trained_for_one_seed_is_not_put_beside_means_over_several() -> None:
    recipe = Recipe(base="demo", group_size=8)
    done = [
        Trained(variant.name, seed, 10, 8, figures(2.0 + seed, 0.2), figures(1.0 + seed, 0.1), figures(1, 0.1), 0.3, 60)
        for seed in (5, 6, 7)
        for variant in (*losses_of(recipe), *(sizes_of(recipe) if seed == 5 else ()))
    ]
    tables = tables_of(done, recipe, 5)
    told = {
        name: [(row["variant"], row["seeds"], row.get("loss", {}).get("mean")) for row in rows]
        for name, rows in tables.items()
    }
    losses = [("base", 3, 8), ("groups of 8", 3, 7), ("groups of 8, term × 1", 3, 7), ("groups of 8, term × 10", 3, 7)]
    sizes = [("base", 1, 7), *((f"groups of {size}", 1, 6) for size in (1, 4, 8, 16))]
    ends = [("noise floor", None), ("uniform baseline", None)]
    assert told["losses"] == losses + [(name, 3, loss) for name, loss in ends]
    assert told["group_sizes"] == sizes + [(name, 1, loss) for name, loss in ends]


@pytest.mark.parametrize(
    ("group_size", "paired", "others"), [(8, 8, [16, 4, 1]), (4, 4, [16, 8, 1]), (1, 8, [16, 4, 1])]
)
def test_the_term_is_compared_where_there_are_pairs_and_all_group_sizes_are(
    group_size: int, paired: int, others: list[int]
) -> None:
    recipe = Recipe(base="demo", group_size=group_size)
    assert losses_of(recipe) == [Variant(paired, weight) for weight in (0.0, 1.0, 10.0)]
    assert sizes_of(recipe) == [Variant(size, 0.0) for size in others]
    assert Variant(8, 10.0).name == "groups of 8, term × 10"


def test_the_suite_goes_on_where_it_was_stopped_and_repeats_nothing(tmp_path: Path) -> None:
    base, studies = make_base(tmp_path / "base"), make_studies(tmp_path / "studies")
    recipe, work = make_recipe(tmp_path / "recipe.yaml", base, fraction=0.2), tmp_path / "work"
    arguments = ("--studies", studies, "--config", recipe, "--work", work, "--seeds", 1, "--out", tmp_path / "b.json")
    stopped, limit = bench(*arguments), time.monotonic() + 200
    first = work / "groups-of-4-seed-42"
    while stopped.poll() is None and time.monotonic() < limit and not (first / "adapter_model.safetensors").is_file():
        time.sleep(0.01)
    assert stopped.poll() is None
    while stopped.poll() is None:  # once may not do: Python drops what a signal raises within a callback of C code
        stopped.send_signal(signal.SIGTERM)
        stopped.poll(2)
    assert stopped.returncode != 0
    for variant in (Variant(4, 10.0), Variant(16, 0.0), Variant(8, 0.0), Variant(1, 0.0)):  # trained elsewhere
        varied = make_recipe(tmp_path / "varied.yaml", base, fraction=0.2, seed=42, **asdict(variant))
        folder = "-".join(variant.name.replace(",", "").replace("×", "").split())
        assert qlora(varied, studies, work / f"{folder}-seed-42").returncode == 0
    made = (first / "adapter_model.safetensors").stat().st_mtime_ns
    again = bench(*arguments)
    assert again.wait() == 0, again.stderr
    assert ["done before" in line for line in again.stdout.splitlines() if " of 6: " in line] == [
        True,
        False,
        True,
        True,
        True,
        True,
    ]
    assert (first / "adapter_model.safetensors").stat().st_mtime_ns == made
    assert "| groups of 4, term × 10 |" in again.stdout
    suite = json.loads((tmp_path / "b.json").read_text("utf-8"))["suites"]["recipes"]
    assert len(suite["trainings"]) == 6
    assert len({one["base"]["wasserstein"] for one in suite["trainings"]}) == 1  # the same people are asked
    other = make_recipe(tmp_path / "recipe.yaml", base, fraction=0.2, lora_rank=2)
    refused = bench(*arguments[:2], "--config", other, *arguments[4:])
    assert (refused.wait(100), "holds a training with another recipe" in refused.stderr) == (2, True)


def test_the_suite_needs_studies(tmp_path: Path) -> None:
    run = bench("--out", tmp_path / "b.json")
    assert (run.wait(100), "needs --studies" in run.stderr) == (2, True)
