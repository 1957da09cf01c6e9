"""Evaluation runs as folders, which survive whatever happens to the worker process.

    runs/<id>/spec.json            what is evaluated; the same specification is the same run
              units/<cell>.parquet one finished cell each, never changed: temporary file, fsync, rename
              provenance.json      model, versions, studies the model may have seen
              events.jsonl         events, in order
              log.txt              the same, human-readable
              worker.lock          locked by the operating system while a worker is alive
              cancel               present while a worker is requested to stop
              predictions.parquet, metrics.json, report.html, report.md   once the run is finished
         .queue/              the queue of waiting runs

A killed worker releases its lock and leaves its finished units; the next one predicts the missing cells. The runs of
one directory are queued in order of arrival (`runs.queue`).
"""

import os
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from socrates_core.command import refusal
from socrates_core.errors import RunError, SocratesError
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.runs import queue as run_queue
from socrates_core.runs.state import events, is_alive, record
from socrates_core.study.files import read_json, unmade_on_error, write_json

FORMAT: Final = 1
"""Version of the run folder format; other versions are refused."""

PATIENCE: Final = 5.0
"""Seconds to wait for a run's lock: longer than `is_alive` holds it to test it."""

HOME: Final = str(Path(__file__).resolve().parents[2])
"""Where Python finds this package: a checkout, or where packages are installed."""

_LAUNCHER: Final = (
    "import subprocess, sys; log = open(sys.argv[1], 'ab'); subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, "
    "stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)"
)


# -- opening -----------------------------------------------------------------------------------------------------


def open_run(folder: Path, spec: EvaluationSpec) -> None:
    """Create the run's folder, or attach to an existing one with the same specification.

    Raises:
        RunError: If the folder holds a different run (the message lists the differences), has another version, or is
            not a run.
    """
    if (folder / "spec.json").is_file():
        other = read_spec(folder)
        if other != spec:
            ours, theirs = spec.to_json(), other.to_json()
            differing = [f"{key} {theirs[key]!r} there, {ours[key]!r} here" for key in ours if ours[key] != theirs[key]]
            raise RunError(f"{folder} holds a different run ({'; '.join(differing)}); choose another --out")
        return
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder} is not empty and not a run; choose another --out")
    try:
        with unmade_on_error(folder / "units"):
            (folder / "units").mkdir(parents=True, exist_ok=True)
            write_json(folder / "spec.json", {"format": FORMAT, "id": spec.run_id, **spec.to_json()})
    except OSError as error:
        raise RunError(refusal(error, folder)) from error


def read_spec(folder: Path) -> EvaluationSpec:
    """The specification of a run.

    Raises:
        RunError: If the folder is not a run, or one of another version.
    """
    path = folder / "spec.json"
    try:
        raw = read_json(path)
        form = raw.pop("format")
        raw.pop("id")
    except OSError as error:
        raise RunError(
            f"{folder} is not a run (no spec.json); start one with python -m eval.run --studies … --model … "
            f"--out {folder}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}); start the run again in another folder") from error
    if form != FORMAT:
        raise RunError(
            f"{folder} is a run of format version {form}, but this software reads {FORMAT}; run the evaluation again"
        )
    return EvaluationSpec.from_json(raw)


# -- the worker --------------------------------------------------------------------------------------------------


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """Hold the run's lock; an error within the block is recorded as the run's state, and the lock is released.

    Raises:
        RunError: If another worker holds the lock, or the disk cannot be written.
    """
    lock = FileLock(folder / "worker.lock")
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise RunError(f"another worker is running {folder}; re-run the command to see its progress") from None
    try:
        (folder / "cancel").unlink(missing_ok=True)
        _end_line(folder / "events.jsonl")
        (folder / "events.jsonl").touch()  # the index reads a run again when this file has changed
        yield
    except SocratesError as error:
        with suppress(OSError):
            record(folder, "failed", message=str(error))
        raise
    except OSError as error:
        message = f"{refusal(error, folder)}; then re-run the command"
        with suppress(OSError):  # on a full disk this fails too, and the run counts as interrupted
            record(folder, "failed", message=message)
        raise RunError(message) from error
    finally:
        lock.release()


@contextmanager
def queued(folder: Path, on_wait: Callable[[int], None]) -> Iterator[bool]:
    """Wait until all earlier runs of the same directory are done, and keep later ones waiting.

    Call within `worker`. A waiting run can be cancelled like an active one.

    Args:
        folder: The run's folder.
        on_wait: Called with the number of runs ahead, whenever it changes.

    Yields:
        True once the run may start; False if it was cancelled, which is then recorded.

    Raises:
        RunError: If the queue cannot be written.
    """

    def waiting(ahead: int) -> None:
        record(folder, "queued", ahead=ahead)
        on_wait(ahead)

    home = folder.resolve()
    with run_queue.queued(home.parent, home.name, waiting, (folder / "cancel").exists) as granted:
        if not granted:
            (folder / "cancel").unlink(missing_ok=True)
            record(folder, "cancelled")
        yield granted


def launch(folder: Path, engine: str = "local") -> None:
    """Start a detached worker, which survives the end of this process and the closing of the page.

    It works where this process does, so that relative paths in variables such as HF_HOME lead to the same places, and
    runs this very package: Python files that lie there by chance (`queue.py`) are not on its path.

    Raises:
        RunError: If it does not start within a minute; names its log.
    """
    before = len(events(folder))
    python = [sys.executable, "-P"]
    command = [*python, "-m", "socrates_core.runs.worker", str(folder.resolve()), "--engine", engine]
    # what is installed is found anyway, and named here would come before Python's own modules
    places = [*([] if HOME in site.getsitepackages() else [HOME]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    subprocess.run([*python, "-c", _LAUNCHER, str(folder / "log.txt"), *command], env=environment, check=True)
    for _ in range(600):
        if len(events(folder)) > before or is_alive(folder):
            return
        time.sleep(0.1)
    raise RunError(f"the worker of {folder} did not start within a minute; its log is {folder / 'log.txt'}")


def cancel(folder: Path) -> None:
    """Request the worker to stop after its current cells, or to leave the queue; finished cells are kept.

    Raises:
        RunError: If no worker is running.
    """
    if not is_alive(folder):
        raise RunError(f"no worker is running {folder}; there is nothing to cancel")
    (folder / "cancel").touch()


def delete(folder: Path) -> None:
    """Delete a run with all its files.

    Raises:
        RunError: If it is not a run, a worker is running it, or its files cannot be removed.
    """
    read_spec(folder)
    if folder.is_symlink():
        raise RunError(f"{folder} is a symbolic link to a run elsewhere; remove the link by hand")
    if is_alive(folder):
        raise RunError(f"a worker is running {folder}; cancel it first")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be removed completely ({error.strerror}); remove it by hand") from error


# -- writing ---------------------------------------------------------------------------------------------------


def _end_line(path: Path) -> None:
    """Terminate the line that a killed worker left half-written, so that the next one starts on a line of its own."""
    if path.is_file() and path.stat().st_size and path.read_bytes()[-1:] != b"\n":
        with path.open("ab") as file:
            file.write(b"\n")
