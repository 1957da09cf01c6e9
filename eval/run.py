"""Evaluate a model on studies that it was not trained on.

    python -m eval.run --studies bundled --model uniform --out runs/uniform
    python -m eval.run --studies studies --split test --model demo --adapter DIR --out runs/demo
    python -m eval.run --out runs/demo               # resume a run, or watch it

Every finished cell is a file in RUN/units. Re-running the same command resumes a run that was stopped or killed; while
a worker is running, the command shows its progress.
"""

from socrates_core import command
from socrates_core.runs.evaluate import run

if __name__ == "__main__":
    command.run(run)
