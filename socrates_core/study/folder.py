"""Atomic writing of a study folder with its split: to a temporary folder, which is then renamed."""

import shutil
from pathlib import Path
from typing import Literal

from socrates_core.command import refusal
from socrates_core.errors import SourceError
from socrates_core.study.dataset_dict import export_dataset_dict
from socrates_core.study.files import check_folder, partial_of, put_in_place, unmade_on_error
from socrates_core.study.sources.alpaca import export_alpaca
from socrates_core.study.split import Split
from socrates_core.study.study_set import TABLES, StudySet

Export = Literal["alpaca", "datasets"]
"""The original run's files, or a `DatasetDict`."""

FILES = {*(f"{name}.parquet" for name in TABLES), "manifest.json", "split.json", "alpaca", "datasets"}
"""The only entries that a prepared folder may have to be replaced by a new one."""


def check_target(out: Path, source: str) -> None:
    """Raise a SourceError unless OUT is new, empty, or a study folder without other files."""
    if out.exists() and Path(source).exists() and out.resolve() == Path(source).resolve():
        raise SourceError(f"--out is the source itself ({out}); choose another folder")
    if out.is_file():
        raise SourceError(f"--out {out} is a file; choose a folder")
    check_folder(out)
    try:
        partial_of(out).exists()
    except OSError as error:  # the name under which it is written first is longer than its own
        raise SourceError(refusal(error, out)) from error
    if not out.exists():
        return
    found = {file.name for file in out.iterdir()}
    if found and ("manifest.json" not in found or found - FILES):
        strangers = ", ".join(sorted(found - FILES)[:5]) or "no manifest.json"
        raise SourceError(
            f"--out {out} is neither empty nor only a study folder ({strangers}); choose another folder, or empty it"
        )


def write_folder(
    studies: StudySet, split: Split, parts: dict[str, StudySet], out: Path, share: float, export: Export | None = None
) -> None:
    """Write to a temporary folder next to OUT and rename it, so that OUT is never incomplete.

    Args:
        studies: The studies to write.
        split: Their split.
        parts: The studies of each part of the split.
        out: The folder.
        share: Share of the source's responses that the studies hold.
        export: A form in which the parts are exported too, to a folder of that name.
    """
    out = out.resolve()
    partial = partial_of(out)
    try:
        with unmade_on_error(out.parent):
            try:
                shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
                saved = studies.save(partial)
                split.save(partial / "split.json")
                if export == "datasets":
                    digest = ":".join([*saved.manifest.hashes.values(), split.digest])
                    export_dataset_dict(parts, partial / "datasets", digest)
                elif export == "alpaca":
                    export_alpaca(parts, partial / "alpaca", round(share, 6), split.seed)
                put_in_place(partial, out)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise SourceError(refusal(error, out)) from error
