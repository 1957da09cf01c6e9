"""The first stage: the studies, from their source to a study folder with the official split and a calibration part."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socrates_core.errors import RunError
from socrates_core.hub.reproduction.marker import Made, Marker, Stage, complete
from socrates_core.hub.reproduction.request import Request
from socrates_core.study.prepare import prepare
from socrates_core.study.sources.hub_dataset import PREFIX, HubName, find_commit
from socrates_core.study.sources.socsci210 import DATASET

NAMED: Final = "socsci210"
FOLDER: Final = "studies"
FILES: Final = ("manifest.json", "split.json")
"""The first has the hashes of all tables."""

SIZE: Final = "1.45 GB to fetch (2 min at 100 Mbit/s), 2,901,390 rows to read (1 to 3 min on two cores, 2 GB of memory)"
"""Of SocSci210; measured on rows of its shape and number (eval/measured/README.md)."""


@dataclass(frozen=True)
class Prepared:
    """The studies of a reproduction."""

    folder: Path
    digests: Mapping[str, str]
    """`studies` and `split` → sha256, for the stages that are made from them."""


def studies_stage(request: Request) -> Stage:
    """The stage `data`."""
    folder = request.out / FOLDER

    def pin() -> Mapping[str, str | None]:
        name = hub_name(request)
        return {"commit": None if name is None else find_commit(name)}

    def work(pinned: Mapping[str, str | None]) -> Made:
        prepare(
            source=request.source,
            out=folder,
            split="official",
            seed=request.seed,
            revision=pinned["commit"],
            calibration=request.calibration,
        )
        return Made(tuple(folder / name for name in FILES))

    made_from = {
        "source": request.source,
        "revision": request.revision,
        "calibration": request.calibration,
        "seed": request.seed,
    }
    return Stage("data", made_from, lambda: estimate(request), work, folder, pin)


def prepared(request: Request) -> Prepared:
    """Complete the stage."""
    return Prepared(request.out / FOLDER, digests_of(request.out, complete(request.out, studies_stage(request))))


def digests_of(out: Path, marker: Marker) -> dict[str, str]:
    """`studies` and `split` → sha256, of a stage that is done."""
    manifest, split = (marker.file(out, f"{FOLDER}/{name}") for name in FILES)
    return {"studies": manifest, "split": split}


def hub_name(request: Request) -> HubName | None:
    """The data set of the Hub that the studies come from; None for one of this machine.

    Raises:
        RunError: If one of this machine is asked for at a revision.
    """
    if request.source == NAMED:
        return HubName(DATASET, revision=request.revision)
    if request.source.startswith(PREFIX):
        return HubName.parse(request.source, request.revision)
    if request.revision is not None:
        raise RunError(
            f"--revision belongs to a data set of the Hub ({NAMED}, {PREFIX}…), not to {request.source}; leave it out"
        )
    return None


def is_socsci210(request: Request) -> bool:
    """Whether the studies are those of SocSci210 on the Hub, whose counts are published."""
    name = hub_name(request)
    return name is not None and name.repo_id == DATASET


def estimate(request: Request) -> str:
    """How much there is to fetch and read."""
    if is_socsci210(request):
        return f"{SIZE}, at the price of this machine"
    return "how long depends on its size, which is not known before it is read; at the price of this machine"
