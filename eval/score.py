"""Score predictions without a model: those of a run, or those that were made elsewhere.

    python -m eval.score runs/demo --out scored
    python -m eval.score predictions.json --out scored

Reads a run's folder, its predictions.parquet, or one answer a line as JSON, JSONL, CSV or Parquet with a study, a
condition, what somebody answered and what was predicted (`study_id, condition_num, true, predicted`; also `task_num`,
`stimulus`, `scale_min`, `scale_max`, `participant_id`), the original run's predictions file too.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from socrates_core import command
from socrates_core.errors import PredictionError
from socrates_core.evaluation.prediction_files import load_predictions
from socrates_core.evaluation.scores import evaluate
from socrates_core.report.evaluation import write_results
from socrates_core.report.words import headline

app = typer.Typer(add_completion=False)


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(help="A run's folder, or a file of predictions.")],
    out: Annotated[Path, typer.Option(help="The folder for metrics.json, report.html and report.md.")],
    convention: Annotated[
        Literal["scale", "observed"], typer.Option(help="Of the figure that is printed; metrics.json has both.")
    ] = "scale",
    effects: Annotated[
        Literal["control", "pairs"], typer.Option(help="Each arm against the first one, or every pair of arms.")
    ] = "control",
    seed: Annotated[int, typer.Option(help="Of all resamples.")] = 42,
) -> None:
    """Score predictions without a model."""
    if out.is_file():
        raise PredictionError(f"--out {out} is a file; choose a folder")
    if seed < 0:
        raise PredictionError(f"--seed {seed} is negative; choose 0 or more")
    loaded = load_predictions(predictions)
    print(f"read         {predictions}: {len(loaded.cells):,} cells")
    for key in ("rows", "invalid_predictions", "unreadable_answers", "cells_without_scale"):
        if key in loaded.provenance:
            print(f"{key.replace('_', ' '):<12} {loaded.provenance[key]}")
    scored = evaluate(loaded.cells, loaded.provenance, seed, effects)
    write_results(scored, out)
    separate = scored.metrics.wasserstein.separate
    print(headline(scored.metrics, convention))
    if separate.flat_mean is not None:
        print(
            f"separate     flat mean {separate.flat_mean:.5f}, {separate.cells} cells, {separate.studies} studies. "
            f"{separate.invalid}"
        )
    print(f"wrote        {out}/metrics.json, report.html, report.md")


if __name__ == "__main__":
    command.run(app)
