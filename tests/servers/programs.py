"""Programs of this repository in processes of their own, most of them forked from one that has imported the libraries.

Starting Python anew costs up to five seconds of importing each time; tests/servers/nursery.py pays them once.
"""

import array
import atexit
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

READ_LATE: Final = (
    *("SOCRATES_", "SPACE_", "SYSTEM", "HF_TOKEN", "CPU_CORES", "MEMORY", "PYTEST_"),
    *("RANK", "LOCAL_", "WORLD_SIZE", "MASTER_", "ACCELERATE_"),
    *("TORCHINDUCTOR_CACHE_DIR", "_RJEM_"),  # torch's compiler and Polars set these when a test imports them
)
"""Beginnings of variables that no library reads when it is imported: a forked program heeds them as a new one does."""

ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
"""So that sums have one order."""

ALL: Final = ("accelerate", "bitsandbytes", "gradio", "peft", "scipy.sparse")
"""What programs import, but for Polars: it begins threads, which no fork outlives."""

OF_NO_HUB: Final = ("httpx2", "numpy", "pandas", "pyarrow.parquet", "scipy.sparse", "typer", "yaml")
"""Those of them that heed no variable of the Hub's."""

_IMPORTING: Final = {**os.environ, **ONE_THREAD}
"""The variables with which the nursery imports the libraries."""

Ended = Callable[[float], int | None]
"""Waits some seconds for a program to end: its exit code, or minus the signal that ended it; None if it still runs."""


@dataclass(frozen=True)
class _Start:
    arguments: list[str]
    environ: dict[str, str]
    cwd: str
    largest_file: int | None


class Program:
    """`python ARGUMENTS` in a process of its own."""

    def __init__(
        self,
        *arguments: object,
        environ: Mapping[str, str | None] | None = None,
        cwd: Path = ROOT,
        largest_file: int | None = None,
        anew: bool = False,
    ) -> None:
        """Start it.

        Args:
            arguments: Such as `-m eval.run --out folder`, or `app.py`.
            environ: Variables beside those of this process, or in their place; None takes one away.
            cwd: Where it runs.
            largest_file: Bytes beyond which no file of it can grow, as on a full disk.
            anew: Start Python itself, as a user does, and fork nothing.
        """
        self.returncode: int | None = None
        self._out, self._errors = _Said(), _Said()
        asked = {**os.environ, **ONE_THREAD, **(environ or {})}
        settings = {name: value for name, value in asked.items() if value is not None}
        libraries = () if anew or sys.platform != "linux" else imported_alike(settings)
        what = _Start([str(one) for one in arguments], settings, str(cwd), largest_file)
        files = self._out.file, self._errors.file
        self.pid, self._ended = _forked(_nursery(libraries), what, *files) if libraries else _started(what, *files)

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._out.text()

    @property
    def stderr(self) -> str:
        """What it has printed of errors so far."""
        return self._errors.text()

    def poll(self, seconds: float = 0) -> int | None:
        """Its exit code, or minus the signal that ended it; None if it still runs after these seconds."""
        if self.returncode is None:
            self.returncode = self._ended(seconds)
            if self.returncode is not None:
                self._out.close()
                self._errors.close()
        return self.returncode

    def wait(self, seconds: float = 300) -> int:
        """Wait for its end.

        Raises:
            TimeoutError: If it runs longer; it is killed then.
        """
        code = self.poll(seconds)
        if code is None:
            self.send_signal(signal.SIGKILL)
            self.poll(30)
            raise TimeoutError(f"it ran for more than {seconds:.0f} s: {self.stdout}{self.stderr}")
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def finished(
    *arguments: object, environ: Mapping[str, str | None] | None = None, anew: bool = False, seconds: float = 300
) -> Program:
    """`python ARGUMENTS` in the checkout, after its end."""
    program = Program(*arguments, environ=environ, anew=anew)
    program.wait(seconds)
    return program


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Said:
    """A file without a name that a program writes; its text outlives it."""

    def __init__(self) -> None:
        self.file, name = tempfile.mkstemp()
        Path(name).unlink()
        self._text: str | None = None

    def text(self) -> str:
        if self._text is not None:
            return self._text
        return os.pread(self.file, os.fstat(self.file).st_size, 0).decode("utf-8", "replace")

    def close(self) -> None:
        self._text = self.text()
        os.close(self.file)


def _started(what: _Start, out: int, errors: int) -> tuple[int, Ended]:
    """Python itself, started as a user does."""

    def bound() -> None:
        if what.largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (what.largest_file, what.largest_file))

    command = [sys.executable, *what.arguments]
    process = subprocess.Popen(command, cwd=what.cwd, env=what.environ, stdout=out, stderr=errors, preexec_fn=bound)

    def ended(seconds: float) -> int | None:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    return process.pid, ended


def _forked(nursery: socket.socket, what: _Start, out: int, errors: int) -> tuple[int, Ended]:
    """A fork of a nursery's process."""
    told, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(nursery, [json.dumps(asdict(what)).encode()], [out, errors, theirs.fileno()])

    def number(seconds: float) -> int | None:
        told.settimeout(seconds)
        try:
            said = told.recv(8)
        except (BlockingIOError, TimeoutError):
            return None
        assert said, "the process from which programs are forked has ended"
        return array.array("q", said)[0]

    def ended(seconds: float) -> int | None:
        code = number(seconds)
        if code is not None:
            told.close()
        return code

    pid = number(120)
    assert pid is not None, "nothing was forked"
    return pid, ended


def imported_alike(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The libraries that a nursery imports as a program with these variables would."""
    names = {name for name in {*environ, *_IMPORTING} if environ.get(name) != _IMPORTING.get(name)}
    unlike = {name for name in names if not name.startswith(READ_LATE)}
    return OF_NO_HUB if unlike and all(name.startswith("HF_") for name in unlike) else () if unlike else ALL


@cache
def _nursery(libraries: tuple[str, ...]) -> socket.socket:
    """Where forks of a process with these libraries are asked for; it ends with this one."""
    asked, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, str(Path(__file__).with_name("nursery.py")), str(theirs.fileno()), *libraries]
        process = subprocess.Popen(command, env=_IMPORTING, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        asked.close()
        process.wait()

    atexit.register(end)
    return asked
