"""A study set as a `DatasetDict` of `datasets`, for other software: the parts of its split, one response per row.

    datasets.load_from_disk("studies/datasets")["train"]

| column | holds |
| --- | --- |
| study_id, title, group | the study, and the group of studies that it belongs to |
| condition_num, condition | the arm, its number and its label (null if it has none) |
| task_num | the outcome within the study |
| stimulus | vignette, question and answer instruction, as shown |
| design | `between` or `within` |
| scale_values, scale_labels | the options on the axis, ascending, and their texts; null if the outcome is open-ended |
| off_axis, off_axis_labels | the options off the axis ("don't know"), and their texts; null if there are none |
| unit | what options and responses count: 0.5 on a scale in half steps, on which a response of 7 is 3.5 |
| measurement | `ordinal`, `nominal` (options without an order) or `open` |
| wording_contrast | whether the arms ask different questions and were matched by their options |
| participant | the person within the study |
| weight | of the person in the survey; null if there is none |
| demo_ANYTHING | what is known of the person; null if it is not |
| response, on_scale | the human answer, and whether it is one of the options |

Rows are ordered by cell, then participant, as in the tables. The columns are those of a tidy table, so an export can
be prepared again (`--source studies/datasets`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.frames import check_single
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, StudySet

SHARD_BYTES: Final = 200_000_000
"""Approximate bytes of text in one Arrow file, which is in memory while it is written."""

_PERSON: Final = PARTICIPANTS_SCHEMA.names()
_ROW_BYTES: Final = 500
"""Allowance in bytes for everything in a row but its stimulus."""


def export_dataset_dict(parts: Mapping[str, StudySet], folder: Path, digest: str) -> None:
    """Write the parts in the form of `DatasetDict.save_to_disk`, one Arrow file at a time.

    `save_to_disk` itself would need all rows in memory, or a second copy of them on the disk.

    Args:
        parts: Each part of the split (train, val, test and perhaps calibration) → its studies.
        folder: The target; created if it does not exist.
        digest: Digest of the tables and the split; the fingerprints by which `datasets` distinguishes data sets are
            derived from it.

    Raises:
        SourceError: If the path holds `::`, or what was written does not load with the same number of rows.
        OSError: If it cannot be written.
    """
    check_single(folder)
    import datasets  # slow to import, and needed for this export alone

    datasets.disable_progress_bars()  # of what takes no time
    features = _features(datasets, parts)
    empty = {name: datasets.Dataset.from_dict({key: [] for key in features}, features=features) for name in parts}
    datasets.DatasetDict(empty).save_to_disk(folder)  # the descriptions of the parts
    for name, held in parts.items():
        for file in (folder / name).glob("*.arrow"):
            file.unlink()
        fingerprint = hashlib.sha256(f"{digest}:{name}".encode()).hexdigest()[:16]
        _write_part(datasets, held, folder / name, features, fingerprint)
    loaded = datasets.load_from_disk(folder)
    for name, held in parts.items():
        if len(loaded[name]) != len(held.responses):
            raise SourceError(
                f"{folder / name} loads with {len(loaded[name]):,} rows in place of {len(held.responses):,}; report "
                "this as an error of the program"
            )


def _write_part(datasets: Any, held: StudySet, folder: Path, features: Any, fingerprint: str) -> None:
    """The Arrow files of one part, and their names in its state.json."""
    count = max(1, len(_bounds(held)))
    names = [f"data-{number:05d}-of-{count:05d}.arrow" for number in range(count)]
    for name, rows in zip(names, _shards(held), strict=True):
        table = rows.to_arrow().cast(features.arrow_schema)
        with datasets.arrow_writer.ArrowWriter(path=str(folder / name), features=features) as writer:
            writer.write_table(table)
            writer.finalize()
    state = json.loads((folder / "state.json").read_text("utf-8"))
    state |= {"_data_files": [{"filename": name} for name in names], "_fingerprint": fingerprint}
    (folder / "state.json").write_text(json.dumps(state, indent=2, sort_keys=True), "utf-8")


def _features(datasets: Any, parts: Mapping[str, StudySet]) -> Any:
    """The columns of all parts, with the types of the tables."""
    value, sequence = datasets.Value, datasets.List
    text, whole = value("string"), value("int64")
    types = next(iter(parts.values())).participants.schema  # the parts of one study set have the same columns
    known = {f"demo_{name}": text if types[name] == pl.String else whole for name in types if name not in _PERSON}
    return datasets.Features(
        {
            **dict.fromkeys(("study_id", "title", "group"), text),
            "condition_num": whole,
            "condition": text,
            "task_num": whole,
            "stimulus": text,
            "design": text,
            "scale_values": sequence(whole),
            "scale_labels": sequence(text),
            "unit": value("float64"),
            "measurement": text,
            "off_axis": sequence(whole),
            "off_axis_labels": sequence(text),
            "wording_contrast": value("bool"),
            "participant": text,
            "weight": value("float64"),
            **known,
            "response": whole,
            "on_scale": value("bool"),
        }
    )


def _bounds(held: StudySet) -> list[tuple[int, int]]:
    """(first row, rows) of each Arrow file: as many responses as have `SHARD_BYTES` of text together."""
    sizes = held.cells.select("cell_id", _bytes=pl.col("stimulus").str.len_bytes().cast(pl.Int64) + _ROW_BYTES)
    rows = held.responses.select("cell_id").join(sizes, on="cell_id", how="left", maintain_order="left")
    files = rows.select(file=pl.col("_bytes").cum_sum() // SHARD_BYTES)
    counts = files.group_by("file", maintain_order=True).len()["len"].to_list()
    firsts = [sum(counts[:number]) for number in range(len(counts))]
    return list(zip(firsts, counts, strict=True))


def _shards(held: StudySet) -> Iterator[pl.DataFrame]:
    """The rows of one Arrow file at a time; one empty frame if there are none."""
    titles = held.studies.select("study_id", "title", "group")
    cells = held.cells.join(titles, on="study_id", how="left", maintain_order="left")
    attributes = {name: f"demo_{name}" for name in held.attributes}
    people = held.participants.drop("study_id").rename(attributes)
    order = ["study_id", "title", "group", "condition_num", "condition", "task_num", "stimulus", "design"]
    order += ["scale_values", "scale_labels", "unit", "measurement", "off_axis", "off_axis_labels", "wording_contrast"]
    order += ["participant", "weight", *attributes.values(), "response", "on_scale"]
    for first, count in _bounds(held) or [(0, 0)]:
        yield (
            held.responses.slice(first, count)
            .join(cells, on="cell_id", how="left", maintain_order="left")
            .join(people, on="participant_id", how="left", maintain_order="left")
            .select(order)
        )
