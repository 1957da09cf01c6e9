"""The command that prepares studies: it reads a source and writes a study folder with a split."""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import polars as pl
import typer

from socrates_core.command import check_seed, progress
from socrates_core.errors import SourceError, SplitError, counted, shown
from socrates_core.study.folder import check_target, write_folder
from socrates_core.study.leaks import NearDuplicate, near_duplicates
from socrates_core.study.sources.file.frames import check_single
from socrates_core.study.sources.grouping import WORDING
from socrates_core.study.sources.hub_dataset import PREFIX, HubName, fetch
from socrates_core.study.sources.opening import Stated, open_source, stated_unseen, table_file
from socrates_core.study.sources.sample import sample_cells, sample_rows
from socrates_core.study.sources.table.map.example import MAP, PEOPLE, TABLE, write_example
from socrates_core.study.sources.table.map.form import read_map
from socrates_core.study.sources.table.map.recognition import propose
from socrates_core.study.sources.table.map.writing import proposal_text, write_map
from socrates_core.study.split import (
    OFFICIAL_UNSEEN,
    Split,
    make_split,
    part,
    refuse_split_groups,
    study_of,
    with_calibration,
)
from socrates_core.study.studies import split_of
from socrates_core.study.study_file.reading import is_study_file, read_study
from socrates_core.study.study_set import StudySet

MOST_COMPARED = 20_000
"""Up to this many cells, every stimulus is compared across parts."""

DEFAULT_SEED = 42

MOST_NOTES = 20
"""Notes that are printed; the manifest has all."""

VERSIONS = 5
"""Above that, only this many stimuli of each task in each condition are compared."""


def prepare(
    source: Annotated[
        str | None, typer.Option(help="bundled, socsci210, hub:OWNER/NAME, a study file, or a path.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The study folder to write.")] = None,
    split: Annotated[
        Literal["study", "official", "condition", "outcome", "participant"] | None,
        typer.Option(help="The unit of the split. Default: the split that the source states, else by study."),
    ] = None,
    fraction: Annotated[float, typer.Option(help="Keep this random share of all rows, in (0, 1].")] = 1.0,
    per_cell: Annotated[int | None, typer.Option(help="Keep at most this many random people of each cell.")] = None,
    calibration: Annotated[
        int, typer.Option(help="Set aside this many training studies as a part to calibrate on.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the split and the samples.")] = DEFAULT_SEED,
    export: Annotated[
        Literal["alpaca", "datasets"] | None,
        typer.Option(help="Also write train|val|test.jsonl to OUT/alpaca, or a DatasetDict to OUT/datasets."),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of a data set of the Hub; default: the newest.")
    ] = None,
    columns: Annotated[
        Path | None, typer.Option("--map", help="YAML or JSON that says what the columns of a table are.")
    ] = None,
    propose_map: Annotated[
        Path | None,
        typer.Option(help="Write what the columns of a table may be to this file, to be corrected, and nothing else."),
    ] = None,
    example: Annotated[
        Path | None, typer.Option(help="Write an example table and its map to this folder, and nothing else.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(help="Studies alike in this stay in one part: a column of the table, wording, source or title."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a table that is not UTF-8, such as windows-1251.")
    ] = None,
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="Go on without answers that cannot be read, and mark the studies.")
    ] = False,
) -> None:
    """Read studies from a source and write them as a study folder with a split."""
    started = time.perf_counter()
    if example is not None:
        show_example(example)
        return
    if source is None:
        raise SourceError("--source is missing: name a source, or --example and a folder for a table to begin with")
    if propose_map is not None:
        show_proposal(source, propose_map, revision, encoding)
        return
    if out is None:
        raise SourceError("--out is missing: name the study folder to write, or --propose-map and a file")
    check_target(out, source)
    check_seed(seed)
    check_sample(fraction, per_cell)
    if export == "datasets":
        check_single(out)
    print(f"source       {source}" + (f" at {revision}" if revision else ""))
    stated = Stated(read_map(columns) if columns else None, group_by, encoding)
    if is_study_file(source) and not (revision or columns or group_by or encoding):
        whole: StudySet = read_study(source)
    else:
        whole = open_source(source, revision, progress("read", None), allow_loss, stated)
    rng = np.random.default_rng(seed)
    studies = sample_rows(whole, fraction, rng)
    studies = sample_cells(studies, per_cell, rng) if per_cell is not None else studies
    show_studies(studies)
    chosen = choose_split(studies, source, split, seed)
    if calibration:
        chosen = with_calibration(studies, chosen, calibration)
    refuse_split_groups(studies, chosen)
    parts, pairs = show_split(studies, chosen)
    if group_by != WORDING and chosen.kind in ("study", "official"):
        options = {
            "--split": "study",
            "--fraction": fraction if fraction < 1 else None,
            "--per-cell": per_cell,
            "--calibration": calibration or None,
            "--seed": seed if seed != DEFAULT_SEED else None,
            "--export": export,
            "--revision": revision,
            "--map": columns,
            "--encoding": encoding,
        }
        synthetic = set(studies.studies.filter(~pl.col("real"))["study_id"].to_list())  # made of a few templates
        pairs = [pair for pair in pairs if not {pair.study_a, pair.study_b} <= synthetic]
        suggest_groups(pairs, source, out, options, allow_loss)
    share = len(studies.responses) / max(1, len(whole.responses))
    write_folder(studies, chosen, parts, out, share, export)
    print(f"wrote        {out} in {time.perf_counter() - started:.1f} s")


def show_proposal(source: str, target: Path, revision: str | None = None, encoding: str | None = None) -> None:
    """Print what the columns of a table may be, and write it as a map.

    Raises:
        SourceError: If the source is no table and no data set of the Hub, or the map exists already.
    """
    table = Path(source)
    if not table.is_file() and not source.startswith(PREFIX):
        raise SourceError(f"{source} is not a file; --propose-map looks at one table, such as answers.csv")
    if target.exists():
        raise SourceError(f"{target} exists already; name another file, so that nothing corrected by hand is lost")
    if source.startswith(PREFIX):
        found = fetch(HubName.parse(source, revision))
        table, source = found.files[0], f"{source.partition('@')[0]}@{found.commit}"
    else:
        table = table_file(table)
    proposal = propose(table, encoding)
    print(f"table        {table}: {'a row an answer' if proposal.long else 'a row a person'}")
    for sentence in proposal.said:
        print(f"note         {sentence}")
    for guess in proposal.guesses:
        print(f"{guess.role:<13}{shown(guess.name)}: {guess.reason}")
        for check in guess.checks:
            print(f"              please check: {check}")
    write_map(proposal_text(proposal), target)
    words = ["--source", source, "--map", str(target), "--out", "FOLDER"]
    print(f"wrote        {target}; correct it, then: python -m train.prepare {shlex.join(words)}")


def show_example(folder: Path) -> None:
    """Write an example table and its map, and print the two commands that go on from there."""
    write_example(folder)
    words = ["--source", str(folder / TABLE), "--map", str(folder / MAP), "--out", str(folder / "studies")]
    print(f"wrote        {folder / TABLE} ({PEOPLE} made-up people) and {folder / MAP}; try:")
    print(f"              python -m train.prepare {shlex.join(words)}")
    print(f"              python app.py --studies {shlex.quote(str(folder / 'studies'))}")


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
    print(f"off scale    {counted(counts['off_scale'], 'response')}, kept and flagged{off_scale_values(studies)}")
    if counts.get("off_axis"):
        print(f"off axis     {counted(counts['off_axis'], 'response')}, apart from the others")
    if counts.get("conflicting_participants"):
        who = counted(counts["conflicting_participants"], "participant")
        print(f"conflicts    {who} whose rows disagree; first value kept")
    notes = studies.manifest.notes
    for note in notes[:MOST_NOTES]:
        print(f"note         {note}")
    if len(notes) > MOST_NOTES:
        print(f"note         and {len(notes) - MOST_NOTES:,} more, in manifest.json")
    for loss in studies.manifest.losses:
        print(f"LOSS         {loss}; allowed by --allow-loss")
    for dropped in studies.manifest.dropped:
        print(f"dropped      {counted(dropped.rows, 'row')}: {dropped.reason}")
        for example in dropped.examples:
            print(f"              {example}")


def off_scale_values(studies: StudySet, most: int = 5) -> str:
    """`: -99 (10 times), 0 (once)`, the most frequent answers off the scale; empty if there are none."""
    found = (
        studies.responses.filter(~pl.col("on_scale"))["response"]
        .value_counts(sort=True)
        .sort("count", "response", descending=[True, False])
    )
    if found.is_empty():
        return ""
    listed = ", ".join(f"{value:,} ({count:,})" for value, count in found.head(most).iter_rows())
    more = f" and {counted(len(found) - most, 'other number')}" if len(found) > most else ""
    return f": {listed}{more}"


def show_split(studies: StudySet, split: Split) -> tuple[dict[str, StudySet], list[NearDuplicate]]:
    """Print the split's sizes and the near-duplicate stimuli across its parts.

    Returns:
        The studies of each part, and the near-duplicates.
    """
    parts = {name: held_by(studies, split, name) for name in split.names}
    sizes = ", ".join(f"{name} {_size(held)}" for name, held in parts.items())
    print(f"split        by {split.kind}, seed {split.seed}: {sizes}")
    print(f"digest       {split.digest}")
    compared = with_few_versions(studies)
    pairs = near_duplicates(compared, split)
    print(f"duplicates   {counted(len(pairs), 'pair')} of near-duplicate stimuli across parts")
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
    return parts, pairs


def _size(held: StudySet) -> str:
    """`12 studies in 9 groups / 4,000 responses`; groups are named where there are fewer than studies."""
    groups = held.studies["group"].n_unique()
    grouped = f" in {counted(groups, 'group')}" if groups < len(held.studies) else ""
    return f"{counted(len(held.studies), 'study')}{grouped} / {counted(len(held.responses), 'response')}"


def suggest_groups(
    pairs: Sequence[NearDuplicate], source: str, out: Path, options: Mapping[str, object], allow_loss: bool
) -> None:
    """Print the command that keeps studies with near-duplicate stimuli in one part, if there are any.

    Args:
        pairs: Near-duplicate stimuli in different parts.
        source: Of the studies.
        out: Their folder.
        options: The command's other options, None for those that were left out.
        allow_loss: Whether the command has this option.
    """
    if not pairs:
        return
    studies = {(pair.study_a, pair.study_b) for pair in pairs}
    given = [word for option, value in options.items() if value is not None for word in (option, str(value))]
    given += ["--allow-loss"] * allow_loss
    words = ["--source", source, "--out", str(out), *given, "--group-by", WORDING]
    print(
        f"groups       {counted(len(pairs), 'pair')} of stimuli in {counted(len(studies), 'pair')} of studies are "
        "nearly the same on both sides of the split, so testing there is in part testing memory. To keep such studies "
        "in one part:"
    )
    print(f"              python -m train.prepare {shlex.join(words)}")


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
