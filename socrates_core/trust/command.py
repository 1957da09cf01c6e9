"""The command that fits the error model of a finished evaluation."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from socrates_core.command import check_seed
from socrates_core.errors import PredictionError, shown
from socrates_core.evaluation.prediction_files import load_predictions
from socrates_core.evaluation.results.provenance import read_provenance
from socrates_core.model.adapters import adapter_digest
from socrates_core.model.folder import local_folder
from socrates_core.model.record import CALIBRATION
from socrates_core.trust.calibration import AnswersModel, Calibration, save_calibration
from socrates_core.trust.error_model.coverage import LEAST_TRIED, SHARE_LEVEL, Coverage
from socrates_core.trust.fitting import Run
from socrates_core.trust.fitting import calibrate as fit_calibration


def calibrate(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs of one model, on different studies.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; default: calibration.json of the run.")] = None,
    kind: Annotated[
        Literal["real", "synthetic"], typer.Option(help="The studies that count; synthetic ones try the method alone.")
    ] = "real",
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 42,
    test: Annotated[
        list[Path] | None, typer.Option(help="A run to try it on and not to fit; what fails there is not claimed.")
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="Put it beside the weights of this adapter, too, for the page and for push.")
    ] = None,
) -> None:
    """Fit how far off a model's predictions are, from an evaluation on studies with answers."""
    check_seed(seed)
    if out is None and len(runs) > 1:
        raise PredictionError(f"name the file of these {len(runs)} runs together with --out")
    file = out or (runs[0] if runs[0].is_dir() else runs[0].parent) / CALIBRATION
    if (file.exists() and not file.is_file()) or not file.parent.is_dir():
        raise PredictionError(f"{shown(file)} cannot be written: name a file with --out, in a folder that is there")
    told, tested = ([_read(run) for run in some] for some in (runs, test or []))
    calibration = fit_calibration(told, seed, kind == "real", tested)
    beside = None if adapter is None else _beside(adapter, calibration)
    save_calibration(calibration, file)
    for line in summary(calibration):
        print(line)
    print(f"wrote        {shown(file)}")
    if beside is not None:
        save_calibration(calibration, beside)
        print(f"             {shown(beside)}")


def _read(run: Path) -> Run:
    loaded = load_predictions(run)
    return loaded.cells, read_provenance(loaded.provenance)


def _beside(adapter: str, calibration: Calibration) -> Path:
    """Where the calibration of this adapter goes.

    Raises:
        PredictionError: If the runs are of another adapter, or of one that was trained again since.
        ModelError: If there is no such adapter.
    """
    folder = local_folder(adapter, "adapter")
    try:
        digest = adapter_digest(folder)
    except OSError as error:
        raise PredictionError(f"{shown(folder)} is not the folder of an adapter ({error})") from error
    fitted = calibration.fingerprint.adapter_digest
    if fitted is None:
        raise PredictionError(
            "these runs do not state which weights their adapter had: they are of an older version, or of a model "
            "without one; evaluate the adapter again"
        )
    if digest != fitted:
        raise PredictionError(f"these runs are not of the weights in {shown(folder)}; evaluate that adapter")
    return folder / CALIBRATION


def summary(calibration: Calibration) -> list[str]:
    """What was fitted and how it did on groups left out, a line each."""
    lines = [f"fitted       on {calibration.studies} {calibration.kind} studies in {calibration.groups} groups"]
    if calibration.tested_on:
        lines.append(f"tested       on {calibration.tested_on} other groups")
    lines += [f"left out     {what}" for what in calibration.left_out]
    for name, family in calibration.families.items():
        lines.append(f"{name}: {family.cells} cells, {family.effects} effects, {family.groups} groups")
        lines += _answers_lines("as predicted", family.raw)
        if family.sharpness is None or family.change is None:
            continue
        setting, change = family.sharpness.setting, family.change
        of_w = f"W on groups left out {change.before:.3f} before, {change.after:.3f} after (± {change.se:.3f})"
        if family.sharpened is None:
            lines.append(f"  not sharpened: {of_w}")
        else:
            lines.append(f"  sharpened with T {setting.temperature:g}, λ {setting.mixture:g}: {of_w}")
            lines += _answers_lines("as sharpened", family.sharpened)
    if calibration.merged:
        lines.append(f"too few groups for parts of their own: {', '.join(calibration.merged)}")
    return lines


def _answers_lines(which: str, answers: AnswersModel) -> list[str]:
    lines = [f"  {which}"]
    if answers.distance is not None:
        lines.append(f"    W {answers.distance.expected:.3f} on average")
    worth = answers.distribution_worth
    if worth is not None:
        lines.append(
            f"    distribution as good as asking {worth.people:.0f} people ({worth.low:.0f} to {worth.high:.0f})"
        )
    if answers.effect is not None:
        slope = answers.effect.error
        shown = f"slope of actual on predicted effects {slope.coefficient:.2f} ± {slope.coefficient_se:.2f}"
        lines.append(f"    {shown if slope.coefficient_se else 'no effect was ever predicted, so there is no slope'}")
        if not answers.knows_effects:
            lines.append("    no information about the effect: assuming none does as well")
    return lines + [f"    {_coverage_line(one, answers)}" for one in answers.coverage]


def _coverage_line(one: Coverage, answers: AnswersModel) -> str:
    """`mean at 80 %: covered 81 ± 5 %, width 0.41 (ignoring the predictions 0.44), on the test part 78 ± 6 %`."""
    unit = " points" if one.what == "effect" else ""
    digits = 1 if one.what == "effect" else 3
    beside = "" if one.ignoring_width is None else f" (ignoring the predictions {one.ignoring_width:.{digits}f})"
    test = answers.test_of(one.what, one.level)
    tested = "" if test is None else f", on the test part {test.covered:.0%} ± {test.covered_se:.0%}"
    doubt = "" if answers.offered(one.what, one.level) else f": not offered, {_why_not(one)}"
    return (
        f"{one.what} at {one.level:.0%}: covered {one.covered:.0%} ± {one.covered_se:.0%}, "
        f"width {one.width:.{digits}f}{unit}{beside}{tested}{doubt}"
    )


def _why_not(one: Coverage) -> str:
    if one.groups < LEAST_TRIED[one.level]:
        return f"tried on {one.groups} groups alone"
    if one.what == "share" and one.level > SHARE_LEVEL:
        return "where the truth was known such intervals covered as few as 92 %"
    return "does not hold on the test part" if one.holds else "does not hold"
