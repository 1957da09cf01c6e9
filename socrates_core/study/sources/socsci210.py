"""SocSci210, from the Hugging Face Hub or from a local folder of its Parquet shards.

The shards repeat every vignette in every row, so they are read in slices. The columns `prompt` and `reasoning` are
never read: prompts are rendered anew, and the reasoning was written with knowledge of the answer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import read_json
from socrates_core.study.sources.builder import Progress, StudySetBuilder
from socrates_core.study.sources.file.frames import column_names, slices
from socrates_core.study.sources.rows import check_columns
from socrates_core.study.study_set import Study, StudySet

DATASET: Final = "socratesft/SocSci210"
PAPER: Final = (
    "Kolluri, Wu, Park and Bernstein (2025), Finetuning LLMs for Human Behavior Prediction in Social Science "
    "Experiments, EMNLP, arXiv 2509.05830"
)
MARKS: Final = ("stimuli", "demographic")
"""The columns by which a Parquet file is recognised as SocSci210's."""

ATTRIBUTES: Final = (
    "age",
    "education",
    "employment",
    "ethnicity",
    "gender",
    "household_size",
    "housing_ownership",
    "housing_type",
    "ideology",
    "income",
    "internet_access",
    "location",
    "marital_status",
    "metro_status",
    "party_id",
    "phone_service",
)
"""SocSci210's attributes of a person; any of them may be null."""

COLUMNS: Final = ("study_id", "condition_num", "task_num", "stimuli", "participant", "response", "demographic")
MAPPING: Final = "metadata/participant_mapping.json"
"""The dataset's own split by study."""


def describe(study_id: str) -> Study:
    """The description of a study: SocSci210 states its id, but no licence."""
    return Study(
        study_id=study_id,
        title=study_id,
        source="SocSci210",
        licence="not stated by the source",
        citation=PAPER,
        kind="experiment",
        real=True,
    )


def load(
    shards: Sequence[Path], source: str, revision: str | None = None, progress: Progress | None = None
) -> StudySet:
    """Read SocSci210's shards, in the order given.

    Args:
        shards: Data files with the columns of `COLUMNS`, whatever their names.
        source: Name of the source in the manifest: the Hub id or the path.
        revision: The commit of the dataset, if known.
        progress: As for `frames.slices`.

    Raises:
        SourceError: If a file cannot be read, or lacks a column.
    """
    for shard in shards:
        check_columns(column_names(shard), COLUMNS, str(shard))
    builder = StudySetBuilder(source, describe, revision)
    for shard, rows in slices(shards, COLUMNS, progress):
        if not isinstance(rows.schema["demographic"], pl.Struct):
            raise SourceError(f"{shard}: the column demographic is {rows.schema['demographic']}, expected a struct")
        builder.add(rows.rename({"stimuli": "stimulus"}).unnest("demographic"))
    return builder.build()


def unseen_studies(path: Path) -> list[str]:
    """The ids that the dataset's own split keeps unseen.

    Args:
        path: The dataset's participant_mapping.json, which holds the split by study.

    Raises:
        SourceError: If the file cannot be read.
    """
    try:
        unseen = read_json(path)["unseen"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f'{path} cannot be read ({error}); expected {{"seen": [ids], "unseen": [ids]}}') from error
    return [str(study_id) for study_id in unseen]
