"""SocSci210, from the Hugging Face Hub or from a local folder of its Parquet shards.

The shards repeat every vignette in every row, so they are read in slices. The columns `prompt` and `reasoning` are
never read: the first is rendered anew, the second was written with the answer known.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.sources.builder import Progress, StudySetBuilder
from socrates_core.study.sources.rows import check_columns
from socrates_core.study.study_set import Study, StudySet

DATASET: Final = "socratesft/SocSci210"
PAPER: Final = (
    "Kolluri, Wu, Park and Bernstein (2025), Finetuning LLMs for Human Behavior Prediction in Social Science "
    "Experiments, EMNLP, arXiv 2509.05830"
)
MARKS: Final = ("stimuli", "demographic")
"""The columns by which a Parquet file is known to be SocSci210's."""

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
"""What SocSci210 knows of a person; any of it may be null."""

COLUMNS: Final = ("study_id", "condition_num", "task_num", "stimuli", "participant", "response", "demographic")
SLICE_ROWS: Final = 50_000
"""Rows in memory at a time: about 100 MB of text."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


def describe(study_id: str) -> Study:
    """What SocSci210 says of a study: its id, and no licence."""
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
        shards: Parquet files with the columns of `COLUMNS`, whatever their names.
        source: What the manifest names: the Hub id or the path.
        revision: The commit of the dataset, where it is known.
        progress: Told after every slice.

    Raises:
        SourceError: If a file is no Parquet file, or lacks a column.
    """
    builder = StudySetBuilder(source, describe, revision)
    scans = [_scan(shard) for shard in shards]
    total = sum(int(scan.select(pl.len()).collect().item()) for scan in scans)
    done = 0
    for shard, scan in zip(shards, scans, strict=True):
        for batch in _slices(shard, scan):
            builder.add(batch)
            done += len(batch)
            if progress and done:
                progress(done, total)
    return builder.build()


def find_commit(revision: str | None = None) -> str:
    """The commit of the dataset that a branch, a tag or nothing (the newest) stands for; asks the Hub.

    Raises:
        SourceError: If the Hub cannot be reached or has no such revision.
    """
    if revision and _COMMIT.fullmatch(revision):
        return revision
    from huggingface_hub import HfApi  # slow to import, needed for the Hub alone
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        commit = HfApi().dataset_info(DATASET, revision=revision).sha
    except RevisionNotFoundError as error:
        raise SourceError(
            f"{DATASET} has no revision {revision!r}; pass a commit, branch or tag that it has"
        ) from error
    except _hub_errors() as error:
        raise _unreachable(error) from error
    if not commit:
        raise SourceError(f"the Hub names no commit for {DATASET}; pass one with --revision")
    return commit


def download(commit: str) -> Path:
    """The dataset's files in the Hub cache; files that are there already are not fetched again.

    Raises:
        SourceError: If the Hub cannot be reached and the commit is not whole in the cache.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            DATASET, repo_type="dataset", revision=commit, allow_patterns=["*.parquet", "metadata/*.json"]
        )
    except _hub_errors() as error:
        raise _unreachable(error) from error
    return Path(folder)


def unseen_studies(folder: Path) -> list[str] | None:
    """The ids that the dataset's own split keeps unseen; None where its split file is not beside the shards.

    The file is called participant_mapping.json and holds the split by study.

    Raises:
        SourceError: If the file cannot be read.
    """
    path = folder / "metadata" / "participant_mapping.json"
    if not path.is_file():
        return None
    try:
        unseen = json.loads(path.read_text("utf-8"))["unseen"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f'{path} cannot be read ({error}); expected {{"seen": [ids], "unseen": [ids]}}') from error
    return [str(study_id) for study_id in unseen]


def _scan(shard: Path) -> pl.LazyFrame:
    try:
        scan = pl.scan_parquet(shard, glob=False)
        schema = scan.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{shard} is no readable Parquet file ({_first_line(error)}); download it again") from error
    check_columns(schema.names(), COLUMNS, str(shard))
    if not isinstance(schema["demographic"], pl.Struct):
        raise SourceError(f"{shard}: the column demographic is {schema['demographic']}, expected a struct")
    return scan.select(COLUMNS)


def _slices(shard: Path, scan: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    try:
        for rows in scan.collect_batches(chunk_size=SLICE_ROWS, maintain_order=True):
            yield rows.rename({"stimuli": "stimulus"}).unnest("demographic")
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{shard} cannot be read to its end ({_first_line(error)}); download it again") from error


def _hub_errors() -> tuple[type[Exception], ...]:
    import httpx2
    from huggingface_hub import errors

    return (
        errors.HfHubHTTPError,
        errors.OfflineModeIsEnabled,
        errors.LocalEntryNotFoundError,
        httpx2.HTTPError,
        OSError,
    )


def _unreachable(error: Exception) -> SourceError:
    return SourceError(
        f"{DATASET} cannot be fetched from the Hugging Face Hub ({_first_line(error)}); check the connection and run "
        "the same command again (finished files are kept), pass --revision with a commit that is already in the "
        "cache, or pass a folder with its Parquet files as --source"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
