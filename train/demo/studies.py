"""Generate bundled data: the study folder of the synthetic society, and the split of all bundled studies.

    python -m train.demo.studies --out assets/studies

Both are pure functions of seeds, so running the script again writes the same studies.
"""

from pathlib import Path
from typing import Annotated

import typer

from socrates_core.study.sources import bundled
from socrates_core.study.sources.society import society
from socrates_core.study.split import make_split


def main(
    out: Annotated[Path, typer.Option(help="Folder for society/ and split.json.")],
    seed: Annotated[int, typer.Option(help="Seed of the society: its world, studies and answers.")] = society.SEED,
) -> None:
    """Generate the society, save it, and split the bundled studies."""
    made = society.study_set(society.make_society(seed))
    made.save(out / "society")
    print(f"society of seed {seed}: {dict(made.manifest.counts)}")
    split = make_split(bundled.joined(bundled.load_real(), made), "study")
    split.save(out / "split.json")
    print(f"split {split.digest[:12]}: { ({name: len(ids) for name, ids in split.parts.items()}) }")


if __name__ == "__main__":
    typer.run(main)
