"""Score predictions without a model: those of a run, or those that were made elsewhere.

    python -m eval.score runs/demo --out scored
    python -m eval.score predictions.json --out scored

Reads a run's folder, its predictions.parquet, or one answer a line as JSON, JSONL, CSV or Parquet with a study, a
condition, what somebody answered and what was predicted (`study_id, condition_num, true, predicted`; also `task_num`,
`stimulus`, `scale_min`, `scale_max`, `participant_id`), the original run's predictions file too.
"""

from socrates_core import command
from socrates_core.report.commands import score

if __name__ == "__main__":
    command.run(score)
