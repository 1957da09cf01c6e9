"""Compare evaluations on the cells that they have in common.

    python -m eval.compare runs/base runs/demo --out compared

Takes folders with a metrics.json: finished runs, or what eval.score wrote. Differences are paired, with intervals from
the same resampled studies for all; uniform, marginal, pooled and human split-half are always in the table.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from socrates_core import command
from socrates_core.errors import PredictionError
from socrates_core.evaluation.comparison import Kind, compare, load_evaluations, save_comparison
from socrates_core.report.comparison import leaderboard_table, report
from socrates_core.study.files import write_file

app = typer.Typer(add_completion=False)


@app.command("compare")
def compare_runs(
    runs: Annotated[list[Path], typer.Argument(help="Two or more folders with a metrics.json.")],
    out: Annotated[Path, typer.Option(help="The folder for comparison.json, comparison.html and comparison.md.")],
    convention: Annotated[
        Literal["scale", "observed"], typer.Option(help="Which range counts: the stated scale, or the human answers'.")
    ] = "scale",
    kind: Annotated[Kind, typer.Option(help="Studies that count: all, real or synthetic ones.")] = "all",
    seed: Annotated[int, typer.Option(help="Of the resamples.")] = 42,
) -> None:
    """Compare evaluations on the cells that they have in common."""
    if out.is_file():
        raise PredictionError(f"--out {out} is a file; choose a folder")
    if seed < 0:
        raise PredictionError(f"--seed {seed} is negative; choose 0 or more")
    comparison = compare(load_evaluations(runs), convention, seed, kind)
    page, text = report(comparison)
    out.mkdir(parents=True, exist_ok=True)
    write_file(out / "comparison.html", page)
    write_file(out / "comparison.md", text)
    save_comparison(comparison, out / "comparison.json")
    print(f"compared     {len(runs)} evaluations on {comparison.cells:,} cells of {comparison.studies:,} studies")
    table = leaderboard_table(comparison)
    widths = [max(len(row[i]) for row in (table.header, *table.rows)) for i in range(4)]
    for row in (table.header, *table.rows):
        print("  ".join(row[i].ljust(widths[i]) for i in range(4)).rstrip())
    for pair in comparison.differences:
        print(pair.sentence)
    print(f"wrote        {out}/comparison.json, comparison.html, comparison.md")


if __name__ == "__main__":
    command.run(app)
