"""Compare evaluations on the cells that they have in common.

    python -m eval.compare runs/base runs/demo --out compared

Takes folders with a metrics.json: finished runs, or outputs of eval.score. Differences are paired, with intervals from
the same resampled studies for all; the uniform and marginal baselines, pooled human answers, human split-half and noise
floor are always in the table.
"""

from socrates_core import command
from socrates_core.report.commands import compare

if __name__ == "__main__":
    command.run(compare)
