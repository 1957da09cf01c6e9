"""Invented rows in the form of SocSci210: its columns, its 40 unseen ids, and its own split file."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.study.split import OFFICIAL_UNSEEN

ENDING: Final = "Only return an integer from 1 to 5, nothing else."
GENDERS: Final = ("Female", "Male", None)
TEXTS: Final = ("a tax on sugar", "longer school days", "a new park")


def write_rows(folder: Path, seen: int = 60, people: int = 6) -> Path:
    """A data set of two arms a study, in two shards with the split file beside them.

    Args:
        folder: Of the data set.
        seen: Studies beside the unseen ones.
        people: In each arm.
    """
    rng = np.random.default_rng(5)
    names = [*(f"seen{number:02}" for number in range(seen)), *OFFICIAL_UNSEEN]
    (folder / "data").mkdir(parents=True)
    (folder / "metadata").mkdir()
    mapping = {"seen": names[:seen], "unseen": list(OFFICIAL_UNSEEN)}
    (folder / "metadata" / "participant_mapping.json").write_text(json.dumps(mapping))
    rows = [row for number, name in enumerate(names) for row in _study(name, number, people, rng)]
    for shard, some in enumerate((rows[: len(rows) // 2], rows[len(rows) // 2 :])):
        pl.DataFrame(some).write_parquet(folder / "data" / f"train-{shard:05}.parquet")
    return folder


def _study(name: str, number: int, people: int, rng: np.random.Generator) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for arm in (1, 2):
        likely = rng.dirichlet(np.full(5, 1.0))
        text = f"Proposal {number}: {TEXTS[number % 3]} for town {number * 7}. {'Experts agree. ' * (arm - 1)}{ENDING}"
        for person in range(people):
            who = {"age": int(rng.integers(18, 80)), "gender": GENDERS[int(rng.integers(3))], "income": "40-49K"}
            found.append(
                {
                    "sample_id": len(found),
                    "participant": arm * 1000 + person,
                    "demographic": who,
                    "stimuli": text,
                    "response": int(rng.choice(5, p=likely)) + 1,
                    "condition_num": arm,
                    "task_num": 1,
                    "prompt": "THE PROMPT",
                    "reasoning": "THE ANSWER IS KNOWN HERE",
                    "study_id": name,
                }
            )
    return found
