"""Generate bundled data: the study folder of the synthetic society, and the split of all bundled studies.

    python -m train.demo.studies --out assets/studies

Both are pure functions of seeds, so running the script again writes the same studies.

The society is divided into train, val and test as `make_split` does. The groups of real studies are dealt to
calibration, test and train, about 2 : 2 : 1, by a rule that knows no answers:

- The General Social Survey's group is tested, because page and documentation open with it.
- The others are put in order: by the scale (two options, up to seven, more), within it experiments before surveys,
  within these by sha256("SEED GROUP"), as `make_split` ranks ids. They are dealt in that order, five at a time, to
  calibration, test, train, test, calibration, so that every kind of study is spread over the parts.
"""

from itertools import cycle
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer

from socrates_core.study.sources import bundled
from socrates_core.study.sources.society import society
from socrates_core.study.split import CALIBRATION, Split, by_hash, make_split, parts_digest
from socrates_core.study.study_set import StudySet

SEED: Final = 42
DEALT: Final = (CALIBRATION, "test", "train", "test", CALIBRATION)
TESTED: Final = "gss-spending"
SHORT: Final = 7
"""Most options of a scale of middle length."""


def divided(real: StudySet, made: StudySet) -> Split:
    """The split of all bundled studies.

    Args:
        real: The real studies, in groups.
        made: The society.
    """
    parts = {name: list(units) for name, units in make_split(made, "study", SEED).parts.items()}
    home = {TESTED: "test", **dict(zip(in_order(real), cycle(DEALT), strict=False))}
    parts[CALIBRATION] = []
    for study_id, group in real.studies.select("study_id", "group").iter_rows():
        parts[home[group]].append(study_id)
    ordered = {name: tuple(sorted(units)) for name, units in parts.items()}
    return Split("study", SEED, bundled.BUNDLED, ordered, parts_digest(ordered))


def in_order(real: StudySet) -> list[str]:
    """The groups in the order in which they are dealt."""
    options = real.cells.group_by("study_id").agg(options=pl.col("scale_values").list.len().max())
    groups = real.studies.join(options, on="study_id").group_by("group").agg(pl.max("options"), pl.min("kind"))
    kinds = {group: (options > 2, options > SHORT, kind) for group, options, kind in groups.iter_rows()}
    return sorted((group for group in by_hash(kinds, SEED) if group != TESTED), key=kinds.__getitem__)


def main(
    out: Annotated[Path, typer.Option(help="Folder for society/ and split.json.")],
    seed: Annotated[int, typer.Option(help="Seed of the society: its world, studies and answers.")] = society.SEED,
) -> None:
    """Generate the society, save it, and split the bundled studies."""
    made = society.study_set(society.make_society(seed))
    made.save(out / "society")
    print(f"society of seed {seed}: {dict(made.manifest.counts)}")
    split = divided(bundled.load_real(), made)
    split.save(out / "split.json")
    print(f"split {split.digest[:12]}: { ({name: len(ids) for name, ids in split.parts.items()}) }")


if __name__ == "__main__":
    typer.run(main)
