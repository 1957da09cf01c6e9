"""Fit how far off the bundled demo model is, with and without its adapter.

    python -m train.demo.calibrate --out assets/demo

It is fitted on the bundled real studies of the training and calibration parts, none of which base or adapter learned
from, and never on those of the test part, on which it is tried.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from socrates_core import command
from socrates_core.model.loading import load_model
from socrates_core.model.record import CALIBRATION
from socrates_core.study.studies import load_studies
from socrates_core.trust.calibration import save_calibration
from socrates_core.trust.command import summary
from socrates_core.trust.evaluated import evaluate_real
from socrates_core.trust.fitting import calibrate

PARTS: Final = ("train", "calibration")
PER_CELL: Final = 400
"""People a cell, at most."""
SEED: Final = 42


def fit_demo(out: Annotated[Path, typer.Option(help="The folder of `base` and `adapter`.")]) -> None:
    """Write calibration.json beside the weights of the demo base and of its adapter."""
    studies = load_studies("bundled")
    for folder, adapter in (("base", None), ("adapter", "demo")):
        model = load_model("demo", adapter)
        runs = [evaluate_real(studies, model, part, per_cell=PER_CELL, seed=SEED) for part in PARTS]
        test = evaluate_real(studies, model, "test", per_cell=PER_CELL, seed=SEED)
        calibration = calibrate(runs, SEED, test=[test])
        print(f"{folder}:", *summary(calibration), sep="\n  ")
        save_calibration(calibration, out / folder / CALIBRATION)


if __name__ == "__main__":
    command.run(fit_demo)
