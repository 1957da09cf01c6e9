"""Evaluate a model on studies that it has not seen.

    python -m eval.run --studies bundled --model uniform --out runs/uniform
    python -m eval.run --studies studies --split test --model demo --adapter DIR --out runs/demo
    python -m eval.run --out runs/demo               # go on with a run, or watch it

Every finished cell is a file in RUN/units. A run that was stopped, or whose process was killed, goes on where it was
when the same command is given again; while a worker is at work, the command shows its progress.
"""

from socrates_core import command
from socrates_core.runs.evaluate import run

if __name__ == "__main__":
    command.run(run)
