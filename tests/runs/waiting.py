"""A process that stands in the queue of runs and writes down what happens to it."""

import time
from pathlib import Path

from socrates_core.runs.queue import queued


def wait_and_work(root: Path, name: str, seconds: float) -> None:
    """Join the queue, work for so many seconds, or leave it once there is a file `stop-NAME`."""

    def say(word: str) -> None:
        with (root / "diary").open("a") as diary:
            diary.write(f"{word} {name}\n")

    stop = root / f"stop-{name}"
    with queued(root, name, lambda before: say(f"waits-{before}"), stop.exists, poll=0.01) as came:
        say("begins" if came else "gives-up")
        if came:
            time.sleep(seconds)
            say("ends")
