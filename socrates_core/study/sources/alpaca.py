r"""The original run's files: one JSON object a line with instruction, input, output, study_id, condition_num.

    {"instruction": "…", "input": "Demographics: Age: 74; Income: 40-49K\n\nScenario: …", "output": "Response: 2",
     "study_id": "kryns", "condition_num": 2}

They have no participant ids, so every line counts as a different participant, and no task numbers, so the distinct
stimuli of a study are numbered in order of appearance.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.scale.answer_scale import written
from socrates_core.study.alpaca_format import (
    ANSWER_PREFIX,
    ATTRIBUTE_NAMES,
    DEMOGRAPHICS,
    INSTRUCTION,
    SCENARIO,
    attribute_name,
    demographics_line,
)
from socrates_core.study.files import parse_json, read_json
from socrates_core.study.sources.builder import Progress, StudySetBuilder
from socrates_core.study.sources.file.frames import SLICE_ROWS, slices
from socrates_core.study.sources.rows import check_attributes
from socrates_core.study.sources.socsci210 import ATTRIBUTES, describe
from socrates_core.study.split import ALL_PARTS, CALIBRATION, PARTS
from socrates_core.study.study_set import StudySet, persona_rows

METADATA: Final = "metadata.json"

COLUMNS: Final = ("instruction", "input", "output", "study_id", "condition_num")
"""The columns by which a table is known to be of this form."""


# -- one line's demographics ----------------------------------------------------------------------------------


class DemographicsReader:
    """Parses a demographics line.

    A value can contain "; " and ": " itself ("Other; see notes: nurse"), so the line is split only where a known
    attribute name begins, and only at its first occurrence.
    """

    def __init__(self, attributes: Iterable[str] = ()) -> None:
        """
        Args:
            attributes: Attributes in the files beyond SocSci210's.
        """
        self._attributes = {attribute_name(key): key for key in [*ATTRIBUTE_NAMES, *ATTRIBUTES, *attributes]}
        names = "|".join(re.escape(name) for name in sorted(self._attributes, key=len, reverse=True))
        self._beginning = re.compile(rf"(?:^|; )({names}):(?: |$|(?=;))")

    def read(self, text: str) -> dict[str, str]:
        """Attribute → value of what follows `Demographics:`; empty values are left out.

        Raises:
            ValueError: If the text begins with no known attribute name.
        """
        text = text.strip()
        if not text:
            return {}
        begins: dict[str, re.Match[str]] = {}
        for match in self._beginning.finditer(text):
            begins.setdefault(match[1], match)
        found = list(begins.values())
        if not found or found[0].start() > 0:
            raise ValueError(
                f"the demographics begin with {text[:40]!r}, expected a name such as "
                f"{', '.join(list(self._attributes)[:4])}"
            )
        ends = [match.start() for match in found[1:]] + [len(text)]
        values = {
            self._attributes[match[1]]: text[match.end() : end].strip() for match, end in zip(found, ends, strict=True)
        }
        return {attribute: value for attribute, value in values.items() if value}


# -- reading --------------------------------------------------------------------------------------------------


def load(files: Sequence[Path], source: str, revision: str | None = None, progress: Progress | None = None) -> StudySet:
    """Read the files, in the order given.

    A participant is called FILE:LINE, as in `train:17`; where two files have one name, FILE holds their folders.

    Args:
        files: JSONL files, or others with the columns of `COLUMNS`.
        source: What the manifest names.
        revision: The source's revision, where it has one.
        progress: Told (done, in all) as it goes.

    Raises:
        SourceError: If a line is malformed; names the file, the line and what is wrong.
    """
    reader = DemographicsReader(_extra_attributes(files[0].parent))
    builder = StudySetBuilder(source, describe, revision)
    tasks: dict[str, dict[str, int]] = {}
    names = {file: file.stem for file in files}
    if len(set(names.values())) < len(files):
        shared = os.path.commonpath([file.parent for file in files])
        names = {file: file.relative_to(shared).with_suffix("").as_posix() for file in files}
    rows: list[dict[str, Any]] = []
    for file, number, unit, raw in _objects(files, progress):
        row = _row(raw, reader, f"{file}, {unit} {number}")
        numbers = tasks.setdefault(row["study_id"], {})
        row["task_num"] = numbers.setdefault(row["stimulus"].strip(), len(numbers))
        rows.append({**row, "participant": f"{names[file]}:{number}"})
        if len(rows) == SLICE_ROWS:
            builder.add(_frame(rows))
            rows.clear()
    if rows:
        builder.add(_frame(rows))
    return builder.build()


def stated_parts(folder: Path, studies: StudySet) -> dict[str, list[str]] | None:
    """The split stated by the files: in metadata.json, or else by their names; None if there is neither.

    Args:
        folder: The folder of the files.
        studies: The studies that `load` read from them.

    Raises:
        SourceError: If metadata.json cannot be read or contradicts the files.
    """
    people = studies.participants.select("study_id", part=pl.col("participant").str.extract(r"^(.*):\d+$", 1))
    named = [part for part in ALL_PARTS if part in PARTS or (folder / f"{part}.jsonl").is_file()]
    by_file = {
        part: people.filter(pl.col("part") == part)["study_id"].unique(maintain_order=True).to_list() for part in named
    }
    path = folder / METADATA
    if not path.is_file():
        return by_file if all((folder / f"{part}.jsonl").is_file() for part in PARTS) else None
    raw = _metadata(path)
    try:
        stated = [part for part in ALL_PARTS if part != CALIBRATION or f"{part}_studies" in raw]
        parts = {part: [str(study_id) for study_id in raw[f"{part}_studies"]] for part in stated}
    except (KeyError, TypeError) as error:
        raise SourceError(
            f"{path} lacks a list ({error}); expected train_studies, val_studies and test_studies"
        ) from error
    for part, study_ids in by_file.items():
        strangers = sorted(set(study_ids) - set(parts.get(part, ())))
        if strangers:
            raise SourceError(
                f"{part}.jsonl in {folder} has rows of {', '.join(strangers[:5])}, which {METADATA} does not list "
                f"under {part}_studies; correct one of them, or make a new split with --split"
            )
    return parts


def _objects(files: Sequence[Path], progress: Progress | None) -> Iterator[tuple[Path, int, str, dict[str, Any]]]:
    """(file, number from 1, what is numbered, object) of every line or row."""
    if any(file.suffix.lower() != ".jsonl" for file in files):
        counts = dict.fromkeys(files, 0)
        for file, frame in slices(files, COLUMNS, progress):
            for row in frame.iter_rows(named=True):
                counts[file] += 1
                yield file, counts[file], "row", row
        return
    total = sum(file.stat().st_size for file in files)
    done = read = 0
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                done += len(line)
                if not line.strip():
                    continue
                read += 1
                yield file, number, "line", _object(line, f"{file}, line {number}")
                if progress and read % SLICE_ROWS == 0:
                    progress(done, total)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        raw = parse_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    except ValueError as error:
        raise SourceError(f"{where}: not JSON ({error}); expected one object a line") from error
    if not isinstance(raw, dict):
        raise SourceError(f"{where}: expected an object, found {type(raw).__name__}")
    return raw


def _row(raw: Mapping[str, Any], reader: DemographicsReader, where: str) -> dict[str, Any]:
    """An object as a row of the builder; its demographics are under `persona`."""
    for key in ("input", "output", "study_id"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise SourceError(f"{where}: expected text under {key!r}, found {raw.get(key)!r:.60}")
    condition_num = raw.get("condition_num")
    if not isinstance(condition_num, int) or isinstance(condition_num, bool) or abs(condition_num) >= 2**63:
        raise SourceError(f"{where}: expected an integer under 'condition_num', found {condition_num!r:.60}")
    demographics, scenario, stimulus = raw["input"].partition(SCENARIO)
    if not demographics.startswith(DEMOGRAPHICS) or not scenario:
        raise SourceError(f"{where}: 'input' is not of the form 'Demographics: …', empty line, 'Scenario: …'")
    if not raw["output"].startswith(ANSWER_PREFIX.strip()):
        raise SourceError(f"{where}: 'output' is {raw['output']!r:.60}, expected 'Response: ' and a number")
    try:
        persona = reader.read(demographics.removeprefix(DEMOGRAPHICS))
    except ValueError as error:
        raise SourceError(f"{where}: {error}") from error
    return {
        "study_id": raw["study_id"],
        "condition_num": condition_num,
        "stimulus": stimulus,
        "response": raw["output"].removeprefix(ANSWER_PREFIX.strip()),
        "persona": persona,
    }


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = ("study_id", "condition_num", "task_num", "stimulus", "participant", "response")
    personas: list[dict[str, str]] = [row["persona"] for row in rows]
    named = {name for persona in personas for name in persona}
    order = list(dict.fromkeys([*ATTRIBUTE_NAMES, *ATTRIBUTES, *sorted(named)]))
    return pl.DataFrame(
        {
            **{name: [row[name] for row in rows] for name in columns},
            **{name: [persona.get(name) for persona in personas] for name in order if name in named},
        }
    )


def _metadata(path: Path) -> dict[str, Any]:
    try:
        raw = read_json(path)
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error})") from error
    if not isinstance(raw, dict):
        raise SourceError(f"{path} contains {type(raw).__name__}, expected an object")
    return raw


def _extra_attributes(folder: Path) -> list[str]:
    path = folder / METADATA
    attributes = _metadata(path).get("attributes", []) if path.is_file() else []
    if not isinstance(attributes, list):
        raise SourceError(f"{path}: 'attributes' is not a list of names")
    check_attributes(map(str, attributes), str(path))
    return [str(name) for name in attributes]


# -- writing --------------------------------------------------------------------------------------------------


def export_alpaca(parts: Mapping[str, StudySet], folder: Path, fraction: float, seed: int) -> None:
    """Write train|val|test.jsonl and metadata.json, byte for byte as the original run's tools did.

    A part `calibration`, which those did not have, becomes calibration.jsonl.

    Rows are sorted by participant, then cell. metadata.json also lists the attributes, so that lines with attributes
    beyond SocSci210's can be parsed.

    Args:
        parts: train, val, test and perhaps calibration → the studies of the part, or their units in it.
        folder: The target folder; created if it does not exist.
        fraction: The share of the source's rows in all parts together, for metadata.json.
        seed: Seed of the split and the sample, for metadata.json.

    Raises:
        SourceError: If a demographic value cannot be distinguished from an attribute name in this format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    attributes = list(dict.fromkeys(name for held in parts.values() for name in held.attributes))
    for part in parts:
        with (folder / f"{part}.jsonl").open("w", encoding="ascii", newline="") as file:
            file.writelines(_export_lines(parts[part], DemographicsReader(attributes)))
    metadata = {
        **{f"{part}_studies": sorted(held.study_ids) for part, held in parts.items()},
        "seed": seed,
        "subset_fraction": fraction,
        "attributes": attributes,
    }
    (folder / METADATA).write_text(json.dumps(metadata, indent=2) + "\n", "utf-8")


def _export_lines(studies: StudySet, reader: DemographicsReader) -> Iterator[str]:
    personas = {}
    people = studies.participants.select("participant_id", "study_id", "participant").iter_rows()
    for (participant_id, study_id, participant), persona in zip(
        people, persona_rows(studies.participants), strict=True
    ):
        known = {key: " ".join(str(value).split()) for key, value in persona.items() if value is not None}
        line = demographics_line(known)
        if reader.read(line.removeprefix(DEMOGRAPHICS)) != known:
            raise SourceError(
                f"study {study_id}, participant {participant}: {line!r} cannot be read back, because a value looks "
                "like another attribute; rename the value"
            )
        personas[participant_id] = _json_text(line + SCENARIO)
    cells = {
        cell_id: (_json_text(stimulus), f'"study_id":"{_json_text(study_id)}","condition_num":{condition_num}', unit)
        for cell_id, study_id, condition_num, stimulus, unit in studies.cells.select(
            "cell_id", "study_id", "condition_num", "stimulus", "unit"
        ).iter_rows()
    }
    start = f'{{"instruction":"{_json_text(INSTRUCTION)}","input":"'
    for cell_id, participant_id, response in (
        studies.responses.sort("participant_id", "cell_id", maintain_order=True)
        .select("cell_id", "participant_id", "response")
        .iter_rows()
    ):
        stimulus, ids, unit = cells[cell_id]
        answer = response if unit == 1 else written(response, unit)
        yield f'{start}{personas[participant_id]}{stimulus}","output":"{ANSWER_PREFIX}{answer}",{ids}}}\n'


def _json_text(text: str) -> str:
    """The inside of a JSON string in ASCII, with slashes escaped as in the original run's files."""
    return json.dumps(text)[1:-1].replace("/", "\\/")
