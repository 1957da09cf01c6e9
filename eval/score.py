"""Score predictions without a model: those of a run, or predictions that were made elsewhere.

    python -m eval.score runs/demo --out scored
    python -m eval.score predictions.json --out scored

Reads a run's folder, its predictions.parquet, or a file with one answer per row as JSON, JSONL, CSV or Parquet: study,
condition, human answer and prediction (`study_id, condition_num, true, predicted`; also `task_num`, `stimulus`,
`scale_min`, `scale_max`, `participant_id`). The original run's predictions file is read too.
"""

from socrates_core import command
from socrates_core.report.commands import score

if __name__ == "__main__":
    command.run(score)
