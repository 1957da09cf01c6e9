"""Words that messages share."""

import pytest

from socrates_core.errors import counted, listed


@pytest.mark.parametrize(
    ("number", "what", "said"),
    [
        (1, "effect", "1 effect"), (0, "line", "0 lines"), (1200, "study", "1,200 studies"), (1, "study", "1 study"),
        (2, "human answer", "2 human answers"), (3, "person", "3 people"),
        (2, "simulated person", "2 simulated people"),
        (2, "day", "2 days"), (2, "class", "2 classes"), (2, "batch", "2 batches"),
    ],
)  # fmt: skip
def test_things_are_counted_in_words(number: int, what: str, said: str) -> None:
    assert counted(number, what) == said


def test_what_is_not_listed_is_counted() -> None:
    assert listed(["a", "b", "c"], 3) == "a, b, c"
    assert listed(["a", "b", "c"], 1, "; ") == "a and 2 more"
