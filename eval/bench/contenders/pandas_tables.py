"""The steps of preparing SocSci210 in pandas, as the reference of `eval.bench --suite data`.

    python -m eval.bench.contenders.pandas_tables SHARD_FOLDER OUT ROWS

Reads whole shards until ROWS are there, makes the same four tables, reads them back, and prints the times as JSON.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd

from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.socsci210 import COLUMNS
from socrates_core.study.study_set import TABLES

CELL = ["study_id", "condition_num", "task_num", "stimuli"]
PERSON = ["study_id", "participant"]


def main(folder: Path, out: Path, most_rows: int) -> None:
    started, cpu_started = time.perf_counter(), time.process_time()
    frames: list[pd.DataFrame] = []
    for shard in sorted(folder.glob("*.parquet")):
        if sum(map(len, frames)) < most_rows:
            frames.append(pd.read_parquet(shard, columns=list(COLUMNS)))
    rows = pd.concat(frames, ignore_index=True)
    frames.clear()
    tables = prepare(rows)
    out.mkdir()
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", compression="zstd")
    prepared, cpu = time.perf_counter(), time.process_time() - cpu_started
    for name in TABLES:
        pd.read_parquet(out / f"{name}.parquet")
    loaded = time.perf_counter()
    counts = {name: len(table) for name, table in tables.items()}
    times = {"prepare_s": prepared - started, "prepare_cpu_s": cpu, "load_s": loaded - prepared}
    print(json.dumps({"rows": len(rows), **times, **counts}))


def prepare(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The four tables of `rows`, which is consumed on the way to save memory."""
    demographics = pd.DataFrame(rows.pop("demographic").tolist(), index=rows.index)
    persons = pd.concat([rows[PERSON], demographics], axis=1).groupby(PERSON, sort=False, as_index=False).first()
    del demographics
    persons.insert(0, "participant_id", range(len(persons)))
    rows["cell_id"] = rows.groupby(CELL, sort=False).ngroup()
    cells = rows.drop_duplicates("cell_id")[["cell_id", *CELL]]
    rows.drop(columns="stimuli", inplace=True)
    scales = {text: parse_scale(text) for text in cells["stimuli"].unique()}
    cells["scale_values"] = [list(scales[text].values or []) for text in cells["stimuli"]]
    crossed = rows.groupby(PERSON)["condition_num"].nunique().gt(1).groupby("study_id").any()
    cells["design"] = cells["study_id"].map(crossed).map({True: "within", False: "between"})
    options = cells[["cell_id", "scale_values"]].explode("scale_values").rename(columns={"scale_values": "response"})
    options["response"] = options["response"].astype("int64")
    responses = rows.merge(persons[["participant_id", *PERSON]], on=PERSON)[["cell_id", "participant_id", "response"]]
    responses = responses.merge(options.assign(on_scale=True), on=["cell_id", "response"], how="left")
    responses["on_scale"] = responses["on_scale"].notna()
    studies = pd.DataFrame({"study_id": cells["study_id"].unique()})
    return {"studies": studies, "cells": cells, "participants": persons, "responses": responses}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
