"""Evaluation runs as folders, which survive whatever happens to the process that works on them.

    runs/<id>/spec.json            what is evaluated; the same specification is the same run
              units/<cell>.parquet one finished cell each, never changed: temporary file, fsync, rename
              provenance.json      model, versions, what the model may have known
              events.jsonl         what happened, in order
              log.txt              the same for people
              worker.lock          held, by the operating system, as long as a worker lives
              cancel               there while a worker is asked to stop
              predictions.parquet, metrics.json, report.html, report.md   when all is done
         .queue/              the line of the runs that wait for their turn

A worker that was killed leaves its lock free and its units behind; the next one does what is missing. Runs of one
directory take turns, in the order in which they came (`run_queue`).
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from socrates_core.errors import RunError, SocratesError
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.runs import queue as run_queue
from socrates_core.runs.state import events, is_alive, record
from socrates_core.study.files import write_json

FORMAT: Final = 1
"""Version of the run folder; a reader refuses any other."""

ROOT: Final = Path(__file__).parents[2]

_LAUNCHER: Final = (
    "import subprocess, sys; log = open(sys.argv[1], 'ab'); subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, "
    "stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)"
)


# -- opening -----------------------------------------------------------------------------------------------------


def open_run(folder: Path, spec: EvaluationSpec) -> None:
    """Make the run's folder, or attach to the one that is there.

    Raises:
        RunError: If the folder holds another run (says how it differs), is of another version, or is no run's.
    """
    if (folder / "spec.json").is_file():
        other = read_spec(folder)
        if other != spec:
            ours, theirs = spec.to_json(), other.to_json()
            differing = [f"{key} {theirs[key]!r} there, {ours[key]!r} here" for key in ours if ours[key] != theirs[key]]
            raise RunError(f"{folder} holds another run ({'; '.join(differing)}); choose another --out")
        return
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder} is not empty and no run; choose another --out")
    try:
        (folder / "units").mkdir(parents=True, exist_ok=True)
        write_json(folder / "spec.json", {"format": FORMAT, "id": spec.run_id, **spec.to_json()})
    except OSError as error:
        raise RunError(f"{folder} cannot be written ({error.strerror}); choose another --out") from error


def read_spec(folder: Path) -> EvaluationSpec:
    """What a run evaluates.

    Raises:
        RunError: If the folder is no run, or one of another version.
    """
    path = folder / "spec.json"
    try:
        raw = json.loads(path.read_text("utf-8"))
        form = raw.pop("format")
        raw.pop("id")
    except OSError as error:
        raise RunError(
            f"{folder} is no run (no spec.json); start one with python -m eval.run --studies … --model … --out {folder}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}); start the run again in another folder") from error
    if form != FORMAT:
        raise RunError(f"{folder} is a run of version {form}, this software reads {FORMAT}; run the evaluation again")
    return EvaluationSpec.from_json(raw)


# -- who works on it ---------------------------------------------------------------------------------------------


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """Hold the run's lock; what goes wrong is written down as the run's state, and the lock is let go.

    Raises:
        RunError: If another worker holds it, or the disk cannot be written.
    """
    lock = FileLock(folder / "worker.lock")
    try:
        lock.acquire(timeout=5)  # longer than anybody takes who only looks whether it is held
    except Timeout:
        raise RunError(f"another worker is at work on {folder}; the same command shows its progress") from None
    try:
        (folder / "cancel").unlink(missing_ok=True)
        _end_line(folder / "events.jsonl")
        yield
    except SocratesError as error:
        with suppress(OSError):
            record(folder, "failed", message=str(error))
        raise
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror or error}); free some space, then run the same command"
        with suppress(OSError):  # on a full disk this is lost too, and the run counts as interrupted
            record(folder, "failed", message=message)
        raise RunError(message) from error
    finally:
        lock.release()


@contextmanager
def turn(folder: Path, tell: Callable[[int], None]) -> Iterator[bool]:
    """Wait until the runs of the same directory that came earlier are done, and keep later ones waiting.

    Call within `worker`. Somebody who waits can be cancelled like somebody who works.

    Args:
        folder: Of the run.
        tell: Told how many are ahead, whenever that changes.

    Yields:
        Whether the turn came; False when the run was cancelled, which is then recorded.

    Raises:
        RunError: If the line cannot be written.
    """

    def waiting(ahead: int) -> None:
        record(folder, "queued", ahead=ahead)
        tell(ahead)

    home = folder.resolve()
    with run_queue.turn(home.parent, home.name, waiting, (folder / "cancel").exists) as came:
        if not came:
            (folder / "cancel").unlink(missing_ok=True)
            record(folder, "cancelled")
        yield came


def launch(folder: Path, engine: str = "local") -> None:
    """Start a worker on its own: it lives on when this process ends, or the page that asked for it is closed.

    Raises:
        RunError: If it ends before it is at work; with the last lines of its log.
    """
    before = len(events(folder))
    command = [sys.executable, "-m", "socrates_core.runs.worker", str(folder.resolve()), "--engine", engine]
    subprocess.run([sys.executable, "-c", _LAUNCHER, str(folder / "log.txt"), *command], cwd=ROOT, check=True)
    for _ in range(600):
        if len(events(folder)) > before or is_alive(folder):
            return
        time.sleep(0.1)
    raise RunError(f"the worker of {folder} did not start within a minute; its log is {folder / 'log.txt'}")


def cancel(folder: Path) -> None:
    """Ask the worker to stop after the cells that it is at, or to leave the line; what is done stays.

    Raises:
        RunError: If no worker is at work.
    """
    if not is_alive(folder):
        raise RunError(f"nobody is at work on {folder}; there is nothing to cancel")
    (folder / "cancel").touch()


def delete(folder: Path) -> None:
    """Remove a run with all its files.

    Raises:
        RunError: If it is no run, a worker is at work on it, or its files cannot be removed.
    """
    read_spec(folder)
    if folder.is_symlink():
        raise RunError(f"{folder} is a link to a run elsewhere; remove the link by hand")
    if is_alive(folder):
        raise RunError(f"a worker is at work on {folder}; cancel it first")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be removed as a whole ({error.strerror}); remove it by hand") from error


# -- writing ---------------------------------------------------------------------------------------------------


def _end_line(path: Path) -> None:
    """End the line that a killed worker left half-written, so that the next one stands on its own."""
    if path.is_file() and path.stat().st_size and path.read_bytes()[-1:] != b"\n":
        with path.open("ab") as file:
            file.write(b"\n")
