"""The entry point shared by all commands: one message and exit code 2 for what a user can fix, and a progress line."""

import errno
import io
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import typer
from typer.exceptions import TyperException

from socrates_core.errors import SocratesError, shown

USER_ERROR = 2
INTERRUPTED = 130

LARGEST_SEED: Final = 2**53
"""The largest that a browser's numbers hold exactly."""

PROGRESS_SECONDS: Final = 1.0
ARRIVAL_SECONDS: Final = 5.0
ERASE_TO_END: Final = "\x1b[K"
"""What makes a terminal forget the rest of its line."""

_WAYS_OUT: Final[Mapping[int, str]] = {
    errno.EACCES: "choose a place that you may use",
    errno.EDQUOT: "free some space",
    errno.EEXIST: "choose another name",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: "free some space",
    errno.ENOTDIR: "choose a folder",
    errno.EPERM: "choose a place that you may use",
    errno.EROFS: "choose a place that you may use",
}


LONGEST_NAME: Final = 80
"""Letters of the name of a file or folder that a message quotes in full."""

AGAIN_SECONDS: Final = 1.0
"""After which it is looked whether a command that was told to stop does."""


class _Terminated(SystemExit):
    """Ends a command that is told to stop, through every `finally` that cleans up."""


def app_of(story: Callable[..., None]) -> typer.Typer:
    """The command line application of one function, whose arguments are its options.

    The traceback of an unexpected error shows no local variables: one of them may be a token.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    app.command()(story)
    return app


def run(app: typer.Typer | Callable[..., None]) -> None:
    """Run a command line application, or a function as one, and exit.

    Exit codes: 0 when done; 2 with one line on stderr, and no traceback, for a SocratesError, wrong arguments, a name
    that is not UTF-8, what the operating system refuses (a full disk, a name that is too long) and SIGTERM; 130 when
    interrupted; both signals after everything half-written is removed. Other errors are ours and keep their traceback.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    before_alarm = signal.signal(signal.SIGALRM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal can show every name
    try:
        _check_names()
        program = app if isinstance(app, typer.Typer) else app_of(app)
        sys.exit(program(standalone_mode=False) or 0)  # the code of an exit on purpose, such as that of --help
    except TyperException as error:
        said = error.format_message().removesuffix(".").replace("Value error, ", "")
        if not said:  # no command at all, and the help is on the screen
            sys.exit(USER_ERROR)
        _fail(f"{said}{_named_value(said, error)}; --help lists what there is")
    except SocratesError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno is None:  # not of the operating system
            raise
        _fail(refusal(error))
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        near = error.object[max(0, error.start - 30) : error.end + 30]
        _fail(f"{near!r} is not text in UTF-8 (half a character, or a byte of another encoding); correct or rename it")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except _Terminated as stopped:
        sys.stderr.write("stopped by SIGTERM\n")
        sys.exit(stopped.code)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before_alarm)
        signal.signal(signal.SIGTERM, before)


def _named_value(said: str, error: TyperException) -> str:
    """How to name a value that stands alone, by the command's first option with a value; empty for other errors."""
    context = getattr(error, "ctx", None)
    if context is None or "unexpected extra argument" not in said:
        return ""
    options = [one for one in context.command.params if one.param_type_name == "option" and not one.is_flag]
    return f"; write the option before its value, as in {options[0].opts[0]} VALUE" if options else ""


def refusal(error: OSError, path: Path | None = None) -> str:
    """What the operating system refuses, on which file, and what to do where that is known.

    Args:
        error: Its error.
        path: What a user knows of, where the error is about a file within it or beside it.
    """
    named = error.filename if path is None else path
    where = f"{_abbreviated(os.fsdecode(named))}: " if isinstance(named, str | bytes | os.PathLike) else ""
    way_out = _WAYS_OUT.get(error.errno or 0)
    return f"{where}{error.strerror or error}{f'; {way_out}' if way_out else ''}"


def _abbreviated(path: str) -> str:
    """A path whose names of more letters than a line has are shortened, and counted."""
    return re.sub(
        rf"[^/\\\\]{{{LONGEST_NAME + 1},}}",
        lambda name: f"{name[0][:20]}…{name[0][-10:]} ({len(name[0])} letters)",
        path,
    )


def check_seed(seed: int) -> None:
    """Raise a SocratesError unless a seed is between 0 and 2⁵³."""
    if seed < 0:
        raise SocratesError(f"--seed {seed} is negative; choose 0 or more")
    if seed > LARGEST_SEED:
        raise SocratesError(f"--seed {seed} is too large; choose at most {LARGEST_SEED}")


def _check_names() -> None:
    """Raise a SocratesError for a name whose bytes are not UTF-8, since no report, Parquet or JSON file could hold it,
    and for an empty one, which as a path would be the current folder.
    """
    settings = [value for name, value in os.environ.items() if name.startswith("SOCRATES_")]
    try:
        here = str(Path.cwd())
    except FileNotFoundError as error:
        raise SocratesError("the current folder no longer exists; change to one that does") from error
    for before, given in zip(("", *sys.argv[1:]), sys.argv[1:], strict=False):
        if given == "" or (given.startswith("--") and given.endswith("=")):
            option = given.removesuffix("=") or (before if before.startswith("-") else "an argument")
            raise SocratesError(f"{option} is empty; give it a value, or leave it out")
    for name in (*sys.argv[1:], *settings, here):
        if not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise SocratesError(f"{name} is not UTF-8; rename it, or go there by a symbolic link whose name is")


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Raise _Terminated, and again until it arrives.

    Python drops what a signal raises within a callback, such as those of the locks of imports.
    """
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    handled = sys.exception()
    while handled is not None:
        if isinstance(handled, _Terminated):
            return  # on its way, through what cleans up
        handled = handled.__context__
    raise _Terminated(USER_ERROR)


def _fail(message: str) -> NoReturn:
    """Exit with one line."""
    sys.stderr.write(f"error: {shown(message)}\n")
    sys.exit(USER_ERROR)


def status_line(what: str, seconds: float = PROGRESS_SECONDS) -> Callable[[Callable[[float], str], bool], None]:
    """One line on stderr: rewritten in a terminal, another one each time where there is none.

    Args:
        what: What the line is about, its first column.
        seconds: At least this long between two lines.

    Returns:
        A thread-safe function of the text, which is made only if it is shown, from the seconds since the beginning; and
        of whether it is the last one, which is always shown.
    """
    started = last = time.perf_counter()
    lock = threading.Lock()

    def show(text: Callable[[float], str], ends: bool) -> None:
        nonlocal last
        with lock:
            now = time.perf_counter()
            if not ends and now - last < seconds:
                return
            last = now
            shown = f"{what:<12} {text(max(now - started, 1e-9))}"
            if sys.stderr.isatty():  # in one line, without the end of a longer one before
                shown = f"\r{shown[: shutil.get_terminal_size().columns - 1]}{ERASE_TO_END}"
            sys.stderr.write(shown + ("\n" if ends or not sys.stderr.isatty() else ""))
            sys.stderr.flush()

    return show


def arrivals(what: str) -> Callable[[int], None]:
    """A line on things whose total is not known: how many so far, and the rate.

    Returns:
        A thread-safe function of the number so far, which may start above 0.
    """
    line = status_line(what, ARRIVAL_SECONDS)
    first: list[int] = []

    def show(done: int) -> None:
        first.append(done - 1) if not first else None
        line(lambda passed: f"{done:,} so far, {rate_in_words((done - first[0]) / passed, what)}", False)

    return show


def rate_in_words(rate: float, what: str) -> str:
    """A rate per second in words, with its unit; one below 1 by the minute: 0.2 is `12.0 cells a minute`."""
    return f"{rate:,.0f} {what} a second" if rate >= 1 else f"{60 * rate:,.1f} {what} a minute"


def progress(what: str, worked_on: str | None = "") -> Callable[..., None]:
    """A line on units of which the total is known: how many are done, the rate, the time left.

    Args:
        what: The units, in the plural.
        worked_on: What the last two arguments of the function count, if not those units: the rate is of these. None for
            no rate.

    Returns:
        A function of the units done and in all; and, where others were done before, of those of this process for rate
        and time left: done and to do.
    """
    line = status_line(what)

    def show(done: int, total: int, worked: int | None = None, to_work: int | None = None) -> None:
        now_done, now_all = (done, total) if worked is None or to_work is None else (worked, to_work)

        def text(passed: float) -> str:
            rate = now_done / passed
            pace = "" if worked_on is None else f"{rate_in_words(rate, worked_on or what)}, "
            left = f"{(now_all - now_done) / rate:.0f} s left" if now_done else "time left unknown"
            return f"{done:,} of {total:,} ({done / total:.0%}), {pace}{left}"

        line(text, done >= total)

    return show
