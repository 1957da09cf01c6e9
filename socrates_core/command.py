"""The entry point shared by all commands: one message and exit code 2 for what a user can fix, and a progress line."""

import sys
import time
from collections.abc import Callable

import typer

from socrates_core.errors import SocratesError

USER_ERROR = 2
INTERRUPTED = 130


def app_of(story: Callable[..., None]) -> typer.Typer:
    """The command line application of one function, whose arguments are its options.

    The traceback of an unexpected error shows no local variables: one of them may be a token.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    app.command()(story)
    return app


def run(app: typer.Typer | Callable[..., None]) -> None:
    """Run a command line application, or a function as one, and exit.

    Exit codes: 0 on success; 2 with one message on stderr, and no traceback, for a SocratesError or wrong arguments;
    130 when interrupted. Other errors are bugs and keep their traceback.
    """
    try:
        (app if isinstance(app, typer.Typer) else app_of(app))()
    except SocratesError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def progress(what: str) -> Callable[[int, int, int, int], None]:
    """A line on stderr that is rewritten about once a second: units done, the rate, the time left.

    Returns:
        A function of the units done and in all, and of those of this process (earlier results excluded), for rate and
        time left: done and to do.
    """
    started = time.perf_counter()
    last = [started]

    def show(done: int, total: int, worked: int, to_work: int) -> None:
        now = time.perf_counter()
        if done < total and now - last[0] < 1:
            return
        last[0] = now
        rate = worked / max(now - started, 1e-9)
        left = f"{(to_work - worked) / rate:.0f} s left" if worked else "time left unknown"
        ending = "\n" if done >= total else "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(f"{what:<12} {done:,} of {total:,} ({done / total:.0%}), {rate:,.0f}/s, {left}{ending}")
        sys.stderr.flush()

    return show
