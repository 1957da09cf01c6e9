"""The command that prepares studies: it reads a source and writes a study folder with a split."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import polars as pl
import typer

from socrates_core.command import check_seed
from socrates_core.errors import SourceError, SplitError
from socrates_core.study.folder import check_target, write_folder
from socrates_core.study.leaks import near_duplicates
from socrates_core.study.sources.builder import Progress
from socrates_core.study.sources.opening import open_source, stated_unseen
from socrates_core.study.sources.sample import sample_cells, sample_rows
from socrates_core.study.split import OFFICIAL_UNSEEN, PARTS, Split, make_split, part, study_of
from socrates_core.study.studies import split_of
from socrates_core.study.study_file.reading import is_study_file, read_study
from socrates_core.study.study_set import StudySet

MOST_COMPARED = 20_000
"""Up to this many cells, every stimulus is compared across parts."""

VERSIONS = 5
"""Above that, only this many stimuli of each task in each condition are compared."""


def prepare(
    source: Annotated[str, typer.Option(help="bundled, socsci210, hub:OWNER/NAME, a study file, or a path.")],
    out: Annotated[Path, typer.Option(help="The study folder to write.")],
    split: Annotated[
        Literal["study", "official", "condition", "outcome", "participant"] | None,
        typer.Option(help="The unit of the split. Default: the split that the source states, else by study."),
    ] = None,
    fraction: Annotated[float, typer.Option(help="Keep this random share of all rows, in (0, 1].")] = 1.0,
    per_cell: Annotated[int | None, typer.Option(help="Keep at most this many random people of each cell.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split and the samples.")] = 42,
    export: Annotated[
        Literal["alpaca", "datasets"] | None,
        typer.Option(help="Also write train|val|test.jsonl to OUT/alpaca, or a DatasetDict to OUT/datasets."),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of a data set of the Hub; default: the newest.")
    ] = None,
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="Go on without answers that cannot be read, and mark the studies.")
    ] = False,
) -> None:
    """Read studies from a source and write them as a study folder with a split."""
    started = time.perf_counter()
    check_target(out, source)
    check_seed(seed)
    check_sample(fraction, per_cell)
    print(f"source       {source}" + (f" at {revision}" if revision else ""))
    if is_study_file(source) and not revision:
        whole: StudySet = read_study(source)
    else:
        whole = open_source(source, revision, show_progress(started), allow_loss)
    rng = np.random.default_rng(seed)
    studies = sample_rows(whole, fraction, rng)
    studies = sample_cells(studies, per_cell, rng) if per_cell is not None else studies
    show_studies(studies)
    chosen = choose_split(studies, source, split, seed)
    parts = show_split(studies, chosen)
    share = len(studies.responses) / max(1, len(whole.responses))
    write_folder(studies, chosen, parts, out, share, export)
    print(f"wrote        {out} in {time.perf_counter() - started:.1f} s")


def check_sample(fraction: float, per_cell: int | None) -> None:
    """Raise a SourceError for an empty sample, before anything is read."""
    if not 0 < fraction <= 1:
        raise SourceError(f"--fraction {fraction:g} is not a share of the rows; choose one above 0 and up to 1")
    if per_cell is not None and per_cell < 1:
        raise SourceError(f"--per-cell {per_cell} leaves no people; choose 1 or more")


def choose_split(studies: StudySet, source: str, kind: str | None, seed: int) -> Split:
    """The requested split; else the one that the source states; else by study.

    Fewer than three studies cannot be divided: without a requested or stated split, all of them are test.
    """
    if kind == "official":
        check_official(stated_unseen(source, studies))
    if kind is not None:
        return make_split(studies, kind, seed)
    chosen, why = split_of(studies, source, seed)
    if why:
        print(f"split        {why}")
    return chosen


def check_official(unseen: list[str] | None) -> None:
    """Raise a SplitError if the dataset's own split file keeps other studies unseen than the paper did."""
    if unseen is not None and set(unseen) != set(OFFICIAL_UNSEEN):
        others = ", ".join(sorted(set(unseen) ^ set(OFFICIAL_UNSEEN))[:5])
        raise SplitError(
            f"the dataset's participant_mapping.json does not keep the paper's 40 studies unseen (they differ in "
            f"{others}); pin the dataset with --revision, or choose --split study"
        )


def show_studies(studies: StudySet) -> None:
    """Print what was read, and how many rows were kept, flagged and dropped."""
    counts = studies.manifest.counts
    if studies.manifest.revision:
        print(f"revision     {studies.manifest.revision}")
    for name in ("studies", "cells", "participants", "responses"):
        print(f"{name:<13}{counts[name]:,}")
    print(f"off scale    {counts['off_scale']:,} responses, kept and flagged")
    if counts.get("off_axis"):
        print(f"off axis     {counts['off_axis']:,} responses, apart from the others")
    if counts.get("conflicting_participants"):
        print(f"conflicts    {counts['conflicting_participants']:,} participants whose rows disagree; first value kept")
    for note in studies.manifest.notes:
        print(f"scale        {note}")
    for loss in studies.manifest.losses:
        print(f"LOSS         {loss}; allowed by --allow-loss")
    for dropped in studies.manifest.dropped:
        print(f"dropped      {dropped.rows:,} rows: {dropped.reason}")
        for example in dropped.examples:
            print(f"              {example}")


def show_split(studies: StudySet, split: Split) -> dict[str, StudySet]:
    """Print the split's sizes and the near-duplicate stimuli across its parts; returns the studies of each part."""
    parts = {name: held_by(studies, split, name) for name in PARTS}
    sizes = ", ".join(
        f"{name} {len(held.studies):,} studies / {len(held.responses):,} responses" for name, held in parts.items()
    )
    print(f"split        by {split.kind}, seed {split.seed}: {sizes}")
    print(f"digest       {split.digest}")
    compared = with_few_versions(studies)
    pairs = near_duplicates(compared, split)
    print(f"duplicates   {len(pairs):,} pairs of near-duplicate stimuli across parts")
    if len(compared.cells) < len(studies.cells):
        print(
            f"              compared {len(compared.cells):,} of {len(studies.cells):,} cells, the first {VERSIONS} "
            "versions of each task in each condition"
        )
    for pair in pairs[:5]:
        print(
            f"              {pair.similarity:.2f}: {pair.study_a} ({pair.part_a}, cell {pair.cell_a}) and "
            f"{pair.study_b} ({pair.part_b}, cell {pair.cell_b})"
        )
    return parts


def held_by(studies: StudySet, split: Split, name: str) -> StudySet:
    """The studies of a part; empty if the studies that a stated split lists for it have no rows here."""
    here = {study_of(unit) for unit in split.parts[name]} & set(studies.study_ids)
    return part(studies, split, name) if here else studies.select([])


def with_few_versions(studies: StudySet) -> StudySet:
    """The studies; if they have very many stimuli, with only the first few of each task in each condition.

    In conjoint experiments nearly every participant reads a different text. A few of them show whether another study
    has the same wording; comparing all would take minutes and gigabytes.
    """
    if len(studies.cells) <= MOST_COMPARED:
        return studies
    group = ("study_id", "condition_num", "task_num")
    return replace(studies, cells=studies.cells.filter(pl.int_range(pl.len()).over(group) < VERSIONS))


def show_progress(started: float) -> Progress:
    """A line on stderr that is rewritten about once a second: share done, rate, time left."""
    last = [started]

    def show(done: int, total: int) -> None:
        now = time.perf_counter()
        if done < total and now - last[0] < 1:
            return
        last[0] = now
        rate = done / (now - started)
        ending = "\n" if done >= total else "\r" if sys.stderr.isatty() else "\n"
        left = (total - done) / rate
        sys.stderr.write(
            f"read         {done:,} of {total:,} ({done / total:.0%}), {rate:,.0f}/s, {left:.0f} s left{ending}"
        )
        sys.stderr.flush()

    return show
