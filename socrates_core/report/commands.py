"""The commands without a model: score predictions, compare evaluations."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from socrates_core.command import check_seed
from socrates_core.errors import PredictionError, counted, shown
from socrates_core.evaluation.comparison import compare as compare_evaluations
from socrates_core.evaluation.comparison import load_evaluations
from socrates_core.evaluation.prediction_files import PredictionFile, load_predictions
from socrates_core.evaluation.results.comparison import Kind, basis_sentences
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.scores import evaluate
from socrates_core.report.comparison import leaderboard_table, report
from socrates_core.report.document import Table
from socrates_core.report.evaluated.headline import answers_compared, headline
from socrates_core.report.evaluation import write_results
from socrates_core.study.files import check_folder, json_text, write_files


def score(
    predictions: Annotated[Path, typer.Argument(help="A run's folder, or a file of predictions.")],
    out: Annotated[Path, typer.Option(help="The folder for metrics.json, report.html and report.md.")],
    convention: Annotated[
        Literal["scale", "observed"], typer.Option(help="Convention of the printed W; metrics.json has both.")
    ] = "scale",
    effects: Annotated[
        Literal["control", "pairs"], typer.Option(help="Compare each arm with the first one, or every pair of arms.")
    ] = "control",
    seed: Annotated[int, typer.Option(help="Seed of all resamples.")] = 42,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a text file that is not UTF-8, such as windows-1251.")
    ] = None,
) -> None:
    """Score predictions without a model."""
    check_arguments(out, seed)
    loaded = load_predictions(predictions, encoding)
    print(f"read         {shown(predictions)}: {counted(len(loaded.cells), 'cell')}")
    for line in what_was_read(loaded):
        print(line)
    scored = evaluate(loaded.cells, loaded.provenance, seed, effects)
    write_results(scored, out)
    separate = scored.metrics.wasserstein.separate
    for warning in scored.metrics.provenance.warnings:
        print(shown(warning))
    print(headline(scored.metrics, convention))
    print(answers_compared(scored.metrics))
    if separate.flat_mean is not None:
        print(
            f"separate     flat mean {separate.flat_mean:.5f}, {counted(separate.cells, 'cell')}, "
            f"{counted(separate.studies, 'study')}. "
            f"{separate.invalid}"
        )
    print(f"wrote        {shown(out)}/metrics.json, report.html, report.md")


def what_was_read(loaded: PredictionFile) -> list[str]:
    """What a file held, what was assumed about it, and which of its lines and predictions are in no figure."""
    cells = loaded.cells
    predictions = sum(len(cell.responses) for cell in cells)
    off_scale = sum(int(cell.stray.sum()) for cell in cells)
    invalid = sum(int((~cell.valid).sum()) for cell in cells)
    answers = sum(int((~cell.on_scale & ~cell.answered_off_axis).sum()) for cell in cells)
    said = loaded.provenance if loaded.elsewhere else {}
    lines = [f"assumed      {what}" for what in said.get("assumed", [])]
    if said:
        read_as = ", ".join(f"{what} {shown(name)}" for what, name in said["columns"].items())
        lines += [f"rows         {said['rows']:,}", f"columns      {read_as}"]
    lines += [
        f"off scale    {off_scale:,} of {counted(predictions, 'prediction')} and {counted(answers, 'human answer')} "
        f"{'is' if answers == 1 else 'are'} no option of "
        "their scale",
        f"invalid predictions {invalid:,} of {predictions:,} cannot be read as a number",
    ]
    for key, what in (("unreadable_answers", "rows"), ("repeated_people", "people")):
        if key in said:
            found = said[key]
            examples = f": {'; '.join(found['examples'])}" if found["examples"] else ""
            lines.append(f"{key.replace('_', ' ')} {found[what]:,}{examples}")
    if said and said["repeated_people"]["people"]:
        lines.append("             a person who stands in a cell several times counts once")
    if said:
        lines.append(f"cells without scale {said['cells_without_scale']:,}")
    return lines


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more folders with a metrics.json.")],
    out: Annotated[Path, typer.Option(help="The folder for comparison.json, comparison.html and comparison.md.")],
    convention: Annotated[
        Literal["scale", "observed"],
        typer.Option(help="Measure W by the stated scale, or by the range of the human answers."),
    ] = "scale",
    kind: Annotated[Kind, typer.Option(help="The studies that count: all, real or synthetic ones.")] = "all",
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 42,
) -> None:
    """Compare evaluations on the cells that they have in common."""
    check_arguments(out, seed)
    comparison = compare_evaluations(load_evaluations(runs), convention, seed, kind)
    page, text = report(comparison)
    found = json_text(as_json(comparison))
    write_files(out, {"comparison.html": page, "comparison.md": text, "comparison.json": found})
    print(
        f"compared     {counted(len(runs), 'evaluation')} on {counted(comparison.cells, 'cell')} of "
        f"{counted(comparison.studies, 'study')}"
    )
    for of in comparison.kinds:
        if len(comparison.kinds) > 1:
            print(f"{of} studies")
        show_table(leaderboard_table(comparison, of))
    for line in basis_sentences(comparison):
        print(line)
    for pair in comparison.differences:
        print(pair.sentence)
    print(f"wrote        {out}/comparison.json, comparison.html, comparison.md")


def check_arguments(out: Path, seed: int) -> None:
    """Raise a SocratesError or an OSError unless OUT can be a folder and the seed is one."""
    if out.is_file():
        raise PredictionError(f"--out {out} is a file; choose a folder")
    check_folder(out)
    check_seed(seed)


def show_table(table: Table) -> None:
    """Print the first four columns of a table."""
    widths = [max(len(row[i]) for row in (table.header, *table.rows)) for i in range(4)]
    for row in (table.header, *table.rows):
        print("  ".join(row[i].ljust(widths[i]) for i in range(4)).rstrip())
