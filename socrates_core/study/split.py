"""Splits of studies into train, val and test, and the guard that no study leaks between them.

A split can have a fourth part, `calibration`: studies that show how far predictions are off, and that neither train a
model nor test it.

A split lists ids. For the kinds `study` and `official` these are study ids; for the other three they are units within a
study, written `STUDY/condition:NUM`, `STUDY/outcome:NUM` (the task number) and `STUDY/participant:ID` (the
source's id), where a `%` or `/` in the study's own id becomes `%25` or `%2F`.

Ids are ranked by sha256("SEED ID") and divided by rank. A hash does not depend on a random generator whose stream could
change between library versions, gives the same split whatever the order of rows, and keeps nearly every study in its
part when a study is added.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast, get_args

import polars as pl

from socrates_core.errors import LeakError, SplitError
from socrates_core.study.files import read_json, write_file
from socrates_core.study.incoming.fields import read_as
from socrates_core.study.study_set import StudySet

Kind = Literal["study", "official", "condition", "outcome", "participant"]
PARTS: Final = ("train", "val", "test")
"""The parts that every split has."""
CALIBRATION: Final = "calibration"
"""The part that a split may have besides."""
ALL_PARTS: Final = ("train", "val", CALIBRATION, "test")
"""All of them, in the order in which they are used."""

VAL_SHARE: Final = 20 / 190
"""Validation share of everything outside test: 20 validation studies to 170 for training."""

_UNSEEN: Final = """
326nv 3muqx 3pcdm 3rvgz 53kjy 5an26 5hqan 5vm8g 7jt2f 8ctbk 9nphm a5v96 a693y a7uk3 ak35q b3ve6 c38xe c5r2f ervm8 jkspw
jmtyn kwfs3 nhgxf py9kw qkhdg rj3aw rpw4u s43kb tcg8p ux8qt vnm9y w72cz wn3y9 xtvu5 xym9d y9nb7 yjvpn yp736 zsekp ztwqy
"""
OFFICIAL_UNSEEN: Final = tuple(_UNSEEN.split())
"""SocSci210's 40 unseen studies (`unseen` in its metadata/participant_mapping.json)."""

_COLUMNS: Final = {
    "study": ("studies", "study_id"),
    "official": ("studies", "study_id"),
    "condition": ("cells", "condition_num"),
    "outcome": ("cells", "task_num"),
    "participant": ("participants", "participant"),
}
"""Kind → the table and column that identify the units to split."""

_UNIT: Final = re.compile(r"([^/]+)/(condition|outcome|participant):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Split:
    """The ids for training, model selection (val) and testing. Create one with `make_split` or `Split.load`."""

    kind: Kind
    seed: int
    source: str
    """The source of the studies, as in their manifest."""
    parts: Mapping[str, tuple[str, ...]]
    """train, val, test and, in some splits, calibration → sorted ids; no id occurs twice."""
    digest: str
    """`parts_digest(parts)`."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise SplitError(f"no split of kind {self.kind!r}; choose one of {', '.join(get_args(Kind))}")
        if set(self.parts) - {CALIBRATION} != set(PARTS):
            found = _some(sorted(self.parts))
            raise SplitError(
                f"a split has the parts train, val and test, and may have calibration; this one has {found}"
            )
        units = Counter(unit for name in self.names for unit in self.parts[name])
        form, unit_kind = (f"STUDY/{self.kind}:ID", self.kind) if _within_study(self.kind) else ("STUDY", "")
        strays = [unit for unit in units if _kind_of(unit) != unit_kind]
        if strays:
            raise SplitError(f"ids of a split of kind {self.kind} have the form {form}, not {_some(strays)}")
        if units.total() > len(units):
            twice = sorted(unit for unit, times in units.items() if times > 1)
            named = ", ".join(f"{unit} ({' and '.join(self._places(unit))})" for unit in twice[:50])
            raise LeakError(
                f"{len(twice)} ids occur more than once in this split: {named}{' and others' * (len(twice) > 50)}. A "
                "model would be tested on what it was trained on; make the split again"
            )
        if self.digest != parts_digest(self.parts):
            raise SplitError("the parts of this split do not match its digest; make the split again")

    def _places(self, unit: str) -> list[str]:
        return [name for name in self.names for other in self.parts[name] if other == unit]

    @property
    def names(self) -> tuple[str, ...]:
        """Its parts, in the order of ALL_PARTS."""
        return tuple(name for name in ALL_PARTS if name in self.parts)

    @classmethod
    def load(cls, path: Path) -> "Split":
        """Read a split file.

        Raises:
            LeakError: If an id is in two parts; names the ids.
            SplitError: If there is no such file, it is not a split, or it was modified after it was made.
        """
        try:
            found = read_as(cls, read_json(path), others=True)
        except OSError as error:
            raise SplitError(f"the split {path} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise SplitError(f"{path} is not a split file: {error}") from error
        except SplitError as error:
            raise type(error)(f"{path}: {error}") from None
        ordered = {name: tuple(sorted(units)) for name, units in found.parts.items()}
        return found if ordered == found.parts else replace(found, parts=ordered)

    def save(self, path: Path) -> None:
        """Write the split as JSON: kind, seed, source, parts, digest."""
        parts = {name: list(self.parts[name]) for name in self.names}
        raw = {"kind": self.kind, "seed": self.seed, "source": self.source, "parts": parts, "digest": self.digest}
        write_file(path, json.dumps(raw, indent=1) + "\n")


def parts_digest(parts: Mapping[str, Iterable[str]]) -> str:
    """Hex sha256 of the parts as canonical JSON.

    The bytes are those of `json.dumps(parts, sort_keys=True, separators=(",", ":"))` with the ids of each part sorted
    by code point, for example `{"test":["c"],"train":["a","b"],"val":[]}`; non-ASCII characters are escaped.
    """
    ordered = {name: sorted(units) for name, units in parts.items()}
    return hashlib.sha256(json.dumps(ordered, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


# -- making a split -------------------------------------------------------------------------------------------


def make_split(studies: StudySet, kind: str, seed: int = 42) -> Split:
    """Split studies, or the conditions, outcomes or participants within them.

    - `study`: 170/20/20 of 210 studies, in proportion otherwise, with at least one in each part. If there are both real
      and synthetic studies, all real ones are test: models are trained on the synthetic society and tested on reality.
    - `official`: SocSci210's 40 unseen studies are test; 2 of every 17 others are val.
    - `condition`, `outcome`, `participant`: in each study a quarter is test (at least one of two), the paper's 75/25.
      A study with a single unit is for training. About a tenth of the rest is val, taken from studies that keep units
      to train on.

    Studies of one group stay in one part. Within studies, a group counts as one study: its condition 1 is that of all
    of them, and a participant's id the same person in each. A group that is larger than a part goes to train.

    The parts depend on ids, groups and seed alone.

    Raises:
        SplitError: If there is no such kind, too little to fill the parts, the official studies are missing, or one of
            them shares its group with another study.
    """
    if kind not in get_args(Kind):
        raise SplitError(f"no split of kind {kind!r}; choose one of {', '.join(get_args(Kind))}")
    blocks = _blocks(studies, kind)
    if kind == "study":
        real = set(studies.studies.filter(pl.col("real"))["group"].to_list())
        synthetic = set(blocks) - real
        parts = _by_study(blocks, real if synthetic else set(), seed)
    elif kind == "official":
        parts = _official(blocks, seed)
    else:
        parts = _within_studies(list(blocks), kind, seed)
    ordered = {name: tuple(sorted(unit for block in parts[name] for unit in blocks[block])) for name in PARTS}
    return Split(cast(Kind, kind), seed, studies.manifest.source, ordered, parts_digest(ordered))


def _blocks(studies: StudySet, kind: str) -> dict[str, list[str]]:
    """What stays together → its units; each unit is on its own where studies have no groups."""
    placed = _placed(studies, kind).unique("_unit", maintain_order=True)
    groups = studies.studies.select("study_id", pl.col("group").alias("_group"))
    named = placed.select("study_id", "_unit", *([] if kind in ("study", "official") else [_COLUMNS[kind][1]]))
    block = _unit_of(pl.col("_group"), kind)
    joined = named.join(groups, on="study_id", how="left", maintain_order="left").with_columns(_block=block)
    return {str(name): units for name, units in joined.group_by("_block", maintain_order=True).agg("_unit").iter_rows()}


def _by_study(blocks: Mapping[str, list[str]], tested: set[str], seed: int) -> dict[str, list[str]]:
    """170/20/20 of the studies in blocks that are not among the `tested`, which join the test part."""
    ranked = by_hash((block for block in blocks if block not in tested), seed)
    if len(ranked) < (2 if tested else 3):
        rule = (
            "two or more synthetic studies besides the real ones, which are all test"
            if tested
            else "three or more studies"
        )
        grouped = ", each a group of its own" if any(len(units) > 1 for units in blocks.values()) else ""
        raise SplitError(
            f"a split by study needs {rule}{grouped}; found {_some(sorted(ranked))}; "
            "add studies, or split within them by condition, outcome or participant"
        )
    total = sum(len(blocks[block]) for block in ranked)
    share = max(1, (total * 20 + 105) // 210)
    test = [] if tested and len(ranked) < 3 else _filled(ranked, blocks, share)
    rest = [block for block in ranked if block not in test]
    val = _filled(rest, blocks, share)
    return {"test": [*tested, *test], "val": val, "train": [block for block in rest if block not in val]}


def _filled(ranked: Sequence[str], blocks: Mapping[str, list[str]], most: int) -> list[str]:
    """The first blocks that fit into a part of so many units; if none does, the smallest one."""
    chosen: list[str] = []
    left = most
    for block in ranked:
        if len(blocks[block]) <= left:
            chosen.append(block)
            left -= len(blocks[block])
    return chosen or [min(ranked, key=lambda block: len(blocks[block]))]


def _official(blocks: Mapping[str, list[str]], seed: int) -> dict[str, list[str]]:
    unseen = set(OFFICIAL_UNSEEN)
    mixed = [units for units in blocks.values() if set(units) & unseen and set(units) - unseen]
    if mixed:
        raise SplitError(
            f"the official split keeps some studies of a group unseen and not others ({_some(sorted(mixed[0]))}); "
            "choose --split study, or leave --group-by out"
        )
    found = sorted(block for block, units in blocks.items() if set(units) <= unseen)
    others = by_hash(set(blocks) - set(found), seed)
    seen = sum(len(blocks[block]) for block in others)
    kept = sum(len(blocks[block]) for block in found)
    if kept < len(OFFICIAL_UNSEEN) or len(others) < 2:
        raise SplitError(
            f"the official split needs SocSci210's {len(OFFICIAL_UNSEEN)} unseen studies and two or more others; found "
            f"{kept} unseen and {seen} others. Prepare all of SocSci210, or choose the split 'study'"
        )
    val = _filled(others, blocks, max(1, round(seen * 2 / 17)))
    return {"test": found, "val": val, "train": [block for block in others if block not in val]}


def _within_studies(units: list[str], kind: str, seed: int) -> dict[str, list[str]]:
    homes = {unit: study_of(unit) for unit in by_hash(units, seed)}
    groups: dict[str, list[str]] = {}
    for unit, study in homes.items():
        groups.setdefault(study, []).append(unit)
    test: set[str] = set()
    for ranked in groups.values():
        if len(ranked) > 1:
            test.update(ranked[: max(1, (len(ranked) + 2) // 4)])
    rest = [unit for unit in homes if unit not in test]
    if not test or len(rest) < 2:
        raise SplitError(
            f"a split by {kind} needs a study with two of them or more and another one for validation; found "
            f"{len(units)} in {len(groups)} studies. Add studies, or choose another kind of split"
        )
    left = Counter(homes[unit] for unit in rest)
    vals = max(1, round(len(rest) * VAL_SHARE))
    val: list[str] = []
    for unit in rest:
        if len(val) < vals and left[homes[unit]] > 1:
            val.append(unit)
            left[homes[unit]] -= 1
    chosen = set(val or rest[:1])  # if every study has only one left
    return {"test": sorted(test), "val": sorted(chosen), "train": [unit for unit in rest if unit not in chosen]}


def by_hash(units: Iterable[str], seed: int) -> list[str]:
    """The units in a pseudo-random order that is the same on every machine."""
    return sorted(units, key=lambda unit: hashlib.sha256(f"{seed} {unit}".encode()).digest())


def with_calibration(studies: StudySet, split: Split, count: int) -> Split:
    """The split with studies of its training part set aside as the part `calibration`.

    They are the first by hash that fit, so the choice depends on ids, groups and seed alone, and is made before any
    model is trained.

    Args:
        studies: The split ones.
        split: One by study, without such a part.
        count: Studies to set aside, 1 or more; groups stay together.

    Raises:
        SplitError: If the split is within studies or has such a part, or nothing would be left to train on.
    """
    if count < 1:
        raise SplitError(f"{count} studies cannot be set aside to calibrate on; choose 1 or more")
    if _within_study(split.kind) or CALIBRATION in split.parts:
        state = f"a split by {split.kind}" if _within_study(split.kind) else "a split that has a calibration part"
        raise SplitError(f"studies to calibrate on cannot be taken from {state}; make a split by study without one")
    train = set(split.parts["train"])
    blocks = {name: units for name, units in _blocks(studies, split.kind).items() if train.issuperset(units)}
    chosen = _filled(by_hash(blocks, split.seed), blocks, count) if blocks else []
    aside = sorted(unit for name in chosen for unit in blocks[name])
    left = tuple(unit for unit in split.parts["train"] if unit not in set(aside))
    if not aside or not left:
        raise SplitError(
            f"{count} of {len(train)} training studies cannot be set aside to calibrate on: none would be left to "
            "train on; choose fewer"
        )
    parts = {**split.parts, "train": left, CALIBRATION: tuple(aside)}
    return Split(split.kind, split.seed, split.source, parts, parts_digest(parts))


def refuse_split_groups(studies: StudySet, split: Split) -> None:
    """Raise a LeakError if studies of one group are in several parts of a split by study."""
    if _within_study(split.kind):
        return
    placed = _placed(studies, split.kind, split)
    parts = placed.group_by("group", maintain_order=True).agg("study_id", pl.col("part").unique(maintain_order=True))
    for group, ids, found in parts.filter(pl.col("part").list.len() > 1).head(1).iter_rows():
        raise LeakError(
            f"studies of the group {group!r} ({_some(ids)}) are in the parts {' and '.join(found)}; a model would be "
            "tested on what it was trained on. Make a split that keeps groups together with --split study"
        )


# -- using a split --------------------------------------------------------------------------------------------


def part(studies: StudySet, split: Split, name: str) -> StudySet:
    """The studies of a part or, for a split within studies, their units in it.

    For a split within studies, cells and participants are kept that have a response in the part, or none anywhere.

    Raises:
        SplitError: If there is no such part, it contains nothing of these studies, or the split does not cover them.
    """
    if name not in split.parts:
        raise SplitError(f"no part {name!r}; choose one of {', '.join(split.names)}")
    placed = _placed(studies, split.kind, split)
    rows = placed.filter(pl.col("part") == name).drop("_unit", "part")
    if rows.is_empty():
        raise SplitError(
            f"the part {name} of this split by {split.kind} contains nothing of the studies {_some(studies.study_ids)}"
        )
    if not _within_study(split.kind):
        return studies.select(rows["study_id"].to_list())
    here = pl.col("study_id").is_in(rows["study_id"].unique().implode())
    cells, people, responses = studies.cells.filter(here), studies.participants.filter(here), studies.responses
    if split.kind == "participant":
        people = rows
        responses = responses.filter(_among("participant_id", people))
        cells = cells.filter(_among("cell_id", responses) | ~_among("cell_id", studies.responses))
    else:
        cells = rows
        responses = responses.filter(_among("cell_id", cells))
        people = people.filter(_among("participant_id", responses) | ~_among("participant_id", studies.responses))
    return replace(studies, studies=studies.studies.filter(here), cells=cells, participants=people, responses=responses)


def study_of(unit: str) -> str:
    """The study of a unit; a study id is returned as it is."""
    match = _UNIT.fullmatch(unit)
    return match[1].replace("%2F", "/").replace("%25", "%") if match else unit


# -- ids ------------------------------------------------------------------------------------------------------


def _placed(studies: StudySet, kind: str, split: Split | None = None) -> pl.DataFrame:
    """The table that a kind divides, with each row's `_unit` and, if a split is given, its `part`.

    Raises:
        SplitError: If the split does not contain a row's unit.
    """
    rows: pl.DataFrame = getattr(studies, _COLUMNS[kind][0]).with_columns(_unit=_unit_of(pl.col("study_id"), kind))
    if split is None:
        return rows
    homes = pl.DataFrame(
        [(unit, name) for name in split.names for unit in split.parts[name]],
        schema={"_unit": pl.String, "part": pl.String},
        orient="row",
    )
    rows = rows.join(homes, on="_unit", how="left", maintain_order="left")
    strangers = rows.filter(pl.col("part").is_null())["_unit"].unique().sort().to_list()
    if strangers:
        raise SplitError(
            f"the split does not contain {len(strangers)} of these ids ({_some(strangers)}); it was made for other "
            "studies. Make one for these with python -m train.prepare --split"
        )
    return rows


def _unit_of(study: pl.Expr, kind: str) -> pl.Expr:
    """The unit of a row of the table that a kind divides, in this study (or group)."""
    if not _within_study(kind):
        return study
    escaped = study.str.replace_all("%", "%25", literal=True).str.replace_all("/", "%2F", literal=True)
    return pl.concat_str(escaped, pl.lit(f"/{kind}:"), pl.col(_COLUMNS[kind][1]).cast(pl.String))


def _within_study(kind: str) -> bool:
    return kind not in ("study", "official")


def _kind_of(unit: str) -> str:
    match = _UNIT.fullmatch(unit)
    return match[2] if match else ""


def _ids(ids: Collection[str]) -> Collection[str]:
    if isinstance(ids, str):
        raise TypeError(f"expected a collection of ids, got the string {ids!r}")
    return ids


def _among(column: str, rows: pl.DataFrame) -> pl.Expr:
    return pl.col(column).is_in(rows[column].unique().implode())


def _some(names: Collection[str], most: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more if listed else "none"
