"""Reading stays quick, on hostile text too."""

import contextlib
import time

import pytest

from socrates_core.errors import ScaleError
from socrates_core.scale.instruction import parse_scale

FILLERS = [
    "7",
    "7 ",
    ",111",
    "'",
    "“",
    "'a ",
    "1 for 'a, ",
    "Only return ",
    "Only return 5 ",
    ". Respond with ",
    " ",
    "\n",
    "-",
    "(",
    "(a ",
    "1 means and ",
    "2 = b, 3 for c, ",
    "2 = b, ",
    ".",
    "... ",
    "and ",
    "on a scale ",
    "Please rate ",
    "A 1 is here. ",
    "Where 1 means a. ",
    "at least ",
    "ranging from a to b ",
    "x (1 ",
    "- ",
    " dollars",
    ":\n",
    '?" ',
    "\xa0",
    "nearest ",
    "1 ",
    "1, 2; ",
    "to ",
    "from 1 ",
    "A. ",
    "“” ",
    ", 2",
    "a, 2, 3 = ",
    " or 2",
    "1 (a), 2, ",
    ", from 1 (a) to 7 (",
    "1 and 7 mean a and ",
]

# an instruction that goes on for ever is what takes longest; behind these, reading goes other ways
IN_A_LIST = "Only return 1 for "
IN_LABELS = "Only return an integer from 1 to 7, where 1 means "
OTHER_STARTS = [
    ("", "on a scale "),
    ("", "Please rate "),
    ("", ". Respond with "),
    (IN_A_LIST, "2 = b, "),
    (IN_A_LIST, "a, 2, 3 = "),
    (IN_A_LIST, "1 (a), 2, "),
    (IN_LABELS, "1 for 'a, "),
    (IN_LABELS, "1 and 7 mean a and "),
    (IN_LABELS, ", from 1 (a) to 7 ("),
]


@pytest.mark.parametrize(("start", "filler"), [*(("Only return ", filler) for filler in FILLERS), *OTHER_STARTS])
def test_a_hostile_stimulus_of_100_kilobytes_takes_no_second(start: str, filler: str) -> None:
    stimulus = start + filler * (100_000 // len(filler))
    begin = time.process_time()
    with contextlib.suppress(ScaleError):
        parse_scale(stimulus)
    assert time.process_time() - begin < 1.0


def test_many_stimuli_are_read_in_a_few_seconds() -> None:
    stimuli = [f"{'A story of people. ' * 100} {n} came. Only return 1 for {n} or 2 for other." for n in range(3, 5003)]
    begin = time.process_time()
    for stimulus in stimuli:
        parse_scale(stimulus)
    assert time.process_time() - begin < 10.0
