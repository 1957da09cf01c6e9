"""The marker of a stage: what it was made from and what it made, so that a rerun knows what is left to do.

    OUT/stages/data.json     written before the work begins, and again, with the digests of its files, after it

A stage that is done is skipped. One that was begun is continued. One that was made from other inputs, or whose files
have changed since, is refused: the stages after it would rest on something else than they say.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from socrates_core.command import refusal
from socrates_core.errors import RunError, SocratesError, shown
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.report.words import duration
from socrates_core.study.files import file_sha256, write_json

FORMAT: Final = 1
FOLDER: Final = "stages"

Setting = str | int | float | None
"""An input of a stage: an option, or the digest of a file."""

LATER: Final[Mapping[str, Setting]] = {"precision": "auto"}
"""Inputs that earlier markers do not name, with the value that they stood for."""


@dataclass(frozen=True)
class Marker:
    """The state of a stage."""

    format: int
    """Version of the file."""
    stage: str
    """Its name."""
    made_from: Mapping[str, Setting]
    """What determines its result."""
    pinned: Mapping[str, str | None]
    """What was looked up when it began, such as the newest commit, and stays the same when it is continued."""
    files: Mapping[str, str] | None
    """File, relative to OUT where it is below it → sha256; None while the stage is not done."""
    note: str | None
    """Why it made nothing, or what to know of what it made."""
    seconds: float | None
    """Time that the work took, that of the last process alone; None while it is not done."""

    def file(self, out: Path, name: str) -> str:
        """The sha256 of a file that the stage made."""
        assert self.files is not None
        return self.files[_inside(out, out / name)]


@dataclass(frozen=True)
class Made:
    """What a stage has made."""

    files: tuple[Path, ...]
    note: str | None = None


@dataclass(frozen=True)
class Stage:
    """A stage, before it is known whether it is done."""

    name: str
    made_from: Mapping[str, Setting]
    estimate: Callable[[], str]
    """How much there is to do, how long it takes and what it costs, in words."""
    work: Callable[[Mapping[str, str | None]], Made]
    """Does it, or goes on with it, with what was pinned."""
    place: Path
    """Where the work leaves its first traces; without any, a refused stage is not counted as begun."""
    pin: Callable[[], Mapping[str, str | None]] = dict


def read_marker(out: Path, name: str) -> Marker | None:
    """The marker of a stage; None if the stage has not begun.

    Raises:
        PredictionError: If the marker is damaged or of another version.
    """
    path = _path(out, name)
    if not path.exists():
        return None
    return read_record(Marker, FORMAT, path, "the marker of a stage", "start again in another --out")


def complete(out: Path, stage: Stage) -> Marker:
    """Do what is left of a stage.

    Returns:
        Its marker, with all its files.

    Raises:
        RunError: If it was begun or made from other inputs, or its files have changed since.
        SocratesError: As the work does.
    """
    earlier = read_marker(out, stage.name)
    if earlier is not None:
        refuse_others(out, stage, earlier)
        if earlier.files is not None:
            _tell(stage.name, f"done before{_in(earlier.seconds)}" + (f": {earlier.note}" if earlier.note else ""))
            return earlier
    pinned = earlier.pinned if earlier is not None else stage.pin()
    _tell(stage.name, f"{'to continue' if earlier else 'to do'}: {stage.estimate()}")
    begun = Marker(FORMAT, stage.name, stage.made_from, pinned, None, None, None)
    _write(out, begun)
    started = time.perf_counter()
    try:
        made = stage.work(pinned)
    except (SocratesError, SystemExit):
        if earlier is None and not stage.place.exists():
            _path(out, stage.name).unlink()
        else:
            _tell(stage.name, "not done; the same command resumes it")
        raise
    files = {_inside(out, path): file_sha256(path) for path in made.files}
    done = replace(begun, files=files, note=made.note, seconds=round(time.perf_counter() - started, 1))
    _write(out, done)
    _tell(stage.name, f"done{_in(done.seconds)}" + (f": {made.note}" if made.note else ""))
    return done


def refuse_others(out: Path, stage: Stage, earlier: Marker) -> None:
    """Raise a RunError for a stage that was made from other inputs, or whose files are no longer what it made."""
    names = sorted({*earlier.made_from, *stage.made_from})
    there, here = (
        {name: inputs.get(name, LATER.get(name)) for name in names} for inputs in (earlier.made_from, stage.made_from)
    )
    differing = [f"{name} {there[name]!r} there, {here[name]!r} here" for name in there if there[name] != here[name]]
    if differing:
        state = "made" if earlier.files is not None else "begun"
        raise RunError(
            f"the stage {stage.name} in {shown(out)} was {state} from other inputs ({'; '.join(differing)}); "
            "choose another --out"
        )
    for name, digest in (earlier.files or {}).items():
        path = out / name
        state = "is gone" if not path.is_file() else "has changed" if file_sha256(path) != digest else ""
        if state:
            raise RunError(
                f"{shown(path)} {state} since the stage {stage.name} made it; put it back, or choose another --out"
            )


def _inside(out: Path, path: Path) -> str:
    path, home = path.resolve(), out.resolve()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _path(out: Path, name: str) -> Path:
    return out / FOLDER / f"{name}.json"


def _write(out: Path, marker: Marker) -> None:
    path = _path(out, marker.stage)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, as_json(marker))
    except OSError as error:
        raise RunError(f"{refusal(error, path)}; then the same command resumes") from error


def _in(seconds: float | None) -> str:
    return "" if seconds is None else f" in {duration(seconds)}"


def _tell(name: str, text: str) -> None:
    say(f"== {name:<13}{text}")


def say(text: str) -> None:
    """Print a line now, not when the buffer is full: stages take hours."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
