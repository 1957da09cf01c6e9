"""Fit how far off a model's predictions are, from a finished run on studies that it has not seen.

    python -m eval.run --studies bundled --split calibration --model demo --out runs/demo
    python -m eval.calibrate runs/demo
    python -m eval.calibrate runs/one runs/other --out calibration.json     # several runs of one model
    socrates simulate study.yaml --model demo --out DIR --calibration runs/demo/calibration.json

Writes RUN/calibration.json: intervals for the true mean and effect in a study that nobody has run, bounds of the
distance, and how often each of these held on groups of studies left out of the fit.
"""

from socrates_core import command
from socrates_core.trust.command import calibrate

if __name__ == "__main__":
    command.run(calibrate)
