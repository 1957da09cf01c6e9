"""Generated rows in SocSci210's shape and size: no real text, but the same columns, types and repetition."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

STUDIES: Final = 210
CELLS: Final = 5_998
ROWS: Final = 2_901_390
LEAST_ROWS: Final = 4
"""Rows of the smallest study."""

ANSWERS_EACH: Final = 7.2
"""Answers per participant."""

SHARDS: Final = 17
DISTINCT_SHARE: Final = 0.05
"""Share of rows with a stimulus that no other participant saw, as in conjoint experiments."""

_STIMULUS_WORDS: Final = 205
_REASONING_WORDS: Final = 55
_SCALES: Final = (
    (1, 5, "Only return an integer from 1 to 5, nothing else."),
    (1, 7, "Only return an integer from 1 to 7, where 1 is not at all and 7 is completely."),
    (0, 100, "Only return an integer from 0 to 100, nothing else."),
    (1, 4, "Only return 1 for 'Never', 2 for 'Rarely', 3 for 'Often', or 4 for 'Always'."),
    (1, 2, "Only return 1 for Yes or 2 for No."),
    (0, 10, "Only return an integer from 0 to 10, nothing else."),
    (1, 6, "Only return an integer from 1 to 6, nothing else."),
)
_SCALE_SHARES: Final = (0.29, 0.21, 0.16, 0.12, 0.10, 0.08, 0.04)
_ATTRIBUTES: Final = {
    "education": ("High school graduate or equivalent", "Bachelor's degree", "Post grad study/professional degree"),
    "employment": ("Working - as a paid employee", "Retired", "Disabled", "Not working - looking for work"),
    "ethnicity": ("White, non-Hispanic", "Black, non-Hispanic", "Hispanic", "Other, non-Hispanic"),
    "gender": ("Male", "Female"),
    "housing_ownership": ("Owned or being bought by you or someone in your household", "Rented for cash"),
    "housing_type": ("A one-family house detached from any other house", "A building with 2 or more apartments"),
    "ideology": ("Very Liberal", "Liberal", "Moderate", "Conservative", "Very Conservative"),
    "income": ("<5K", "10-14K", "20-29K", "40-49K", "75-99K", "150-175K+"),
    "internet_access": ("Internet Household", "Non-internet household"),
    "location": ("CA", "NY", "TX", "OH", "WA", "GA", "IL"),
    "marital_status": ("Married", "Never married", "Divorced", "Widowed"),
    "metro_status": ("Metro Area", "Non-Metro Area"),
    "party_id": ("Strong Democrat", "Lean Democrat", "Don't Lean/Independent/None", "Strong Republican"),
    "phone_service": ("Cellphone only", "Have a landline, but mostly use cellphone"),
}


@dataclass(frozen=True)
class Written:
    """The size of the written rows."""

    rows: int
    text_bytes: int
    """Bytes of text in all rows, uncompressed."""
    disk_bytes: int
    cells: int
    """Distinct (study, condition, task, stimulus)."""


def write_shards(folder: Path, rows: int, rng: np.random.Generator) -> Written:
    """Write Parquet shards of this many rows, STUDIES × LEAST_ROWS or more.

    Studies follow each other; rows within a study are shuffled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shares = rng.dirichlet(np.full(STUDIES, 2.0))
    sizes = LEAST_ROWS + rng.multinomial(rows - STUDIES * LEAST_ROWS, shares)
    words = np.array(["".join(rng.choice(list("aeilnorstu"), size)) for size in rng.integers(2, 9, 4_000)])
    text_bytes = cells = 0
    disk_bytes = 0
    for shard, studies in enumerate(np.array_split(np.arange(STUDIES), SHARDS)):
        frames = [_study_rows(int(study), int(sizes[study]), words, rng) for study in studies]
        frame = pl.concat(frames)
        texts = ("stimuli", "prompt", "reasoning")
        text_bytes += int(frame.select(pl.sum_horizontal(pl.col(name).str.len_bytes().sum() for name in texts)).item())
        cells += int(frame.select(pl.struct("study_id", "condition_num", "task_num", "stimuli").n_unique()).item())
        path = folder / f"train-{shard:05d}-of-{SHARDS:05d}.parquet"
        frame.write_parquet(path, compression="snappy", row_group_size=20_000)
        disk_bytes += path.stat().st_size
    return Written(rows=int(sizes.sum()), text_bytes=text_bytes, disk_bytes=disk_bytes, cells=cells)


def _study_rows(study: int, rows: int, words: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """One study: a few conditions × tasks, and people who each answer about seven of them."""
    conditions = int(rng.integers(2, 10))
    tasks = max(1, round(CELLS / STUDIES / conditions))
    cells = conditions * tasks
    scale_of_cell = rng.choice(len(_SCALES), cells, p=_SCALE_SHARES)
    stimuli = [f"{_sentence(words, _STIMULUS_WORDS, rng)} {_SCALES[scale][2]}" for scale in scale_of_cell]
    people = max(1, round(rows / ANSWERS_EACH))
    person = rng.integers(0, people, rows)
    cell = (person % conditions) * tasks + rng.integers(0, tasks, rows)  # one condition a person
    low = np.array([_SCALES[scale][0] for scale in scale_of_cell])[cell]
    high = np.array([_SCALES[scale][1] for scale in scale_of_cell])[cell]
    response = rng.integers(low, high + 1)
    response[rng.random(rows) < 0.01] = 98
    reasons = pl.Series([_sentence(words, _REASONING_WORDS, rng) for _ in range(500)])
    text = pl.Series(stimuli).gather(cell)
    alone = pl.Series(rng.random(rows) < DISTINCT_SHARE)
    profile = _profiles(people, rng)
    frame = pl.DataFrame(
        {
            "sample_id": np.arange(rows),
            "participant": person,
            "demographic": profile.to_struct().gather(person),
            "stimuli": text,
            "response": response,
            "condition_num": cell // tasks,
            "task_num": cell % tasks,
            "reasoning": reasons.gather(rng.integers(0, 500, rows)),
        }
    )
    own = pl.format("Profile {}. {}", "sample_id", "stimuli")
    return frame.with_columns(
        stimuli=pl.when(alone).then(own).otherwise("stimuli"), study_id=pl.lit(f"s{study:04d}")
    ).with_columns(
        prompt=pl.format(
            "You are a survey respondent with the following demographic profile:\n{}\n\n{}",
            profile.select(
                pl.concat_str(
                    [pl.format(f"- {name}: {{}}", name) for name in profile.columns], separator="\n", ignore_nulls=True
                )
            )
            .to_series()
            .gather(person),
            "stimuli",
        )
    )


def _profiles(people: int, rng: np.random.Generator) -> pl.DataFrame:
    columns = {
        name: pl.Series(list(options)).gather(rng.integers(0, len(options), people))
        for name, options in _ATTRIBUTES.items()
    }
    frame = pl.DataFrame({"age": rng.integers(18, 95, people), "household_size": rng.integers(1, 7, people), **columns})
    unknown = rng.random((people, len(frame.columns))) < 0.3
    return frame.select(
        pl.when(~pl.Series(unknown[:, at])).then(pl.col(name)).alias(name)
        for at, name in enumerate(sorted(frame.columns))
    )


def _sentence(words: np.ndarray, count: int, rng: np.random.Generator) -> str:
    return " ".join(words[rng.integers(0, len(words), count)].tolist())
