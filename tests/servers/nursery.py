"""Forks programs from a process that has imported libraries: torch, PEFT and Gradio take five seconds.

Run by tests/servers/programs.py, with the number of the socket over which it asks and the libraries. A request is one
message: JSON of what to start, and three files: where the program prints, where it prints errors, and a socket that
tells the number of its process and, at its end, its exit code. Nothing of this repository is imported before the fork,
so a program has modules of its own.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import logging
import os
import resource
import runpy
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

LARGEST = 1_000_000
"""Bytes of a request."""


def main() -> None:
    logging.disable(logging.WARNING)
    for name in sys.argv[2:]:
        importlib.import_module(name)
    logging.disable(logging.NOTSET)
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends those who asked, and so this
    asked = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, files, _, _ = socket.recv_fds(asked, LARGEST, 3)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # those that have ended meanwhile
                pass
        if not message:  # those who asked are gone
            return
        if os.fork() == 0:
            asked.close()
            break
        for each in files:
            os.close(each)
    keep(json.loads(message), *files)


def keep(request: dict[str, Any], out: int, errors: int, answer: int) -> NoReturn:
    """Fork the program and tell how it ended."""
    told = socket.socket(fileno=answer)
    number = os.fork()
    if number:
        os.close(out)
        os.close(errors)
        told.sendall(array.array("q", [number]).tobytes())
        _, status = os.waitpid(number, 0)
        told.sendall(array.array("q", [os.waitstatus_to_exitcode(status)]).tobytes())
        os._exit(0)
    told.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for file, place in ((out, 1), (errors, 2)):
        os.dup2(file, place)
        os.close(file)
    try:
        become(**request)
    finally:
        leave(sys.exception())


def become(arguments: list[str], environ: dict[str, str], cwd: str, largest_file: int | None) -> None:
    """Run `python ARGUMENTS` in this process."""
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    if arguments[0] == "-m":
        sys.path[0] = cwd
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def leave(error: BaseException | None) -> NoReturn:
    """End as Python does, but for clearing away thousands of modules one by one, which takes 0.3 s."""
    code = error.code if isinstance(error, SystemExit) else error
    if isinstance(code, BaseException):
        traceback.print_exception(code)
    elif isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
