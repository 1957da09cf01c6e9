"""Whatever a study, a name or an answer holds, the page around it stays as it is."""

import pytest

from socrates_core.report.markup import joined, markup

OVERRIDE, EMBED, ISOLATE, POP, POP_ISOLATE = "\u202e", "\u202b", "\u2067", "\u202c", "\u2069"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain", "plain"),
        ("שלום", "שלום"),  # right to left by its letters: nothing is open at its end
        (f"a{OVERRIDE}b", f"a{OVERRIDE}b{POP}"),
        (f"{EMBED}a{ISOLATE}b", f"{EMBED}a{ISOLATE}b{POP_ISOLATE}{POP}"),  # closed from the inside out
        (f"{OVERRIDE}a{POP}b", f"{OVERRIDE}a{POP}b"),
        (f"a{POP}b{POP_ISOLATE}c", f"a{POP}b{POP_ISOLATE}c"),  # closes nothing of its own
        (f"{ISOLATE}{EMBED}a{POP_ISOLATE}b", f"{ISOLATE}{EMBED}a{POP_ISOLATE}b"),  # the outer end closes the inner too
        (f"{OVERRIDE}a\nb", f"{OVERRIDE}a{POP}\nb"),  # a line of its own in preformatted text
    ],
)
def test_a_text_that_turns_the_direction_of_writing_turns_nothing_after_it(name: str, shown: str) -> None:
    assert markup("<b>{{ name }}</b>: 5 people", name=name) == f"<b>{shown}</b>: 5 people"
    assert joined([name, ": 5 people"]) == f"{shown}: 5 people"
