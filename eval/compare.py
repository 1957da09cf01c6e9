"""Compare evaluations on the cells that they have in common.

    python -m eval.compare runs/base runs/demo --out compared

Takes folders with a metrics.json: finished runs, or what eval.score wrote. Differences are paired, with intervals from
the same resampled studies for all; uniform, marginal, pooled and human split-half are always in the table.
"""

from socrates_core import command
from socrates_core.report.commands import compare

if __name__ == "__main__":
    command.run(compare)
