"""The door of every command: what a user can fix ends in one message on stderr and exit code 2."""

import sys

import typer

from socrates_core.errors import SocratesError

USER_ERROR = 2
INTERRUPTED = 130


def run(app: typer.Typer) -> None:
    """Run a command line application and exit.

    Exit codes: 0 when done; 2 with one message on stderr, and no traceback, for a SocratesError or wrong arguments;
    130 when interrupted. Other errors are ours and keep their traceback.
    """
    try:
        app()
    except SocratesError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
