"""The answer instructions of SocSci210's validation rows: their forms in other words, and the rows themselves."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from tests.scale.reading import span

REAL_ROWS = Path(__file__).parents[3] / "shared" / "data" / "socsci210_val.jsonl"


@dataclass(frozen=True)
class Form:
    """An instruction in other words; see instructions.yaml."""

    stimulus: str
    rows: int
    scale: AnswerScale

    @property
    def instruction(self) -> str:
        return self.stimulus[self.stimulus.rindex("Only return") :]

    @property
    def shape(self) -> str:
        return shape(self.instruction)


def form(entry: dict[str, Any]) -> Form:
    options = None if entry["span"] is None else tuple(span(*entry["span"]))
    return Form(entry["stimulus"], entry["rows"], AnswerScale(options, entry.get("labels", {})))


FORMS = [form(entry) for entry in yaml.safe_load(Path(__file__).with_name("instructions.yaml").read_text("utf-8"))]

_QUOTED = re.compile(r"(?<= )(['“]).+?(['”])(?=[,;.]| or | and )")
_UNQUOTED = re.compile(r"( means | = | representing |# for |# if )(?!['“]).+?(?=,|\.| and #| or #)")


def shape(instruction: str) -> str:
    """The instruction without what differs between studies: numbers are #, labels and what a number represents are …

    Quotes, punctuation and the order of the words stay.
    """
    return _UNQUOTED.sub(r"\1…", _QUOTED.sub(r"\1…\2", re.sub(r"\d+", "#", instruction)))


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (
            "Only return an integer from 0 to 10, where 0 means at no time and 10 means all 7 days, nothing else.”",
            "Only return an integer from # to #, where # means … and # means …, nothing else.”",
        ),
        (
            "Only return 1 for 'It isn't.'; 2 for 'So, so', nothing else.",
            "Only return # for '…'; # for '…', nothing else.",
        ),
        ("Only return 1 for A or 2 for B, nothing else.", "Only return # for … or # for …, nothing else."),
    ],
)
def test_a_shape_is_what_stays_when_numbers_and_labels_change(instruction: str, expected: str) -> None:
    assert shape(instruction) == expected


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.shape)
def test_every_form_of_instruction_is_read(form: Form) -> None:
    assert parse_scale(form.stimulus) == form.scale
    assert parse_scale(form.instruction) == form.scale


def test_the_forms_stand_for_2780_rows_of_which_2762_state_bounds() -> None:
    assert len(FORMS) == 51
    assert len({form.shape for form in FORMS}) == 23
    assert sum(form.rows for form in FORMS) == 2780
    assert sum(form.rows for form in FORMS if form.scale.values is not None) == 2762


@cache
def real_rows() -> list[dict[str, Any]]:
    if not REAL_ROWS.exists():
        pytest.skip(f"the real rows are not at {REAL_ROWS}")
    with REAL_ROWS.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def stimulus_of(row: dict[str, Any]) -> str:
    return str(row["input"]).split("\n\nScenario: ", 1)[1]


def test_every_real_row_has_one_of_the_shapes_and_each_is_as_frequent_as_the_forms_say() -> None:
    stimuli = [stimulus_of(row) for row in real_rows()]
    instructions = [stimulus[stimulus.rindex("Only return") :] for stimulus in stimuli]
    expected: Counter[str] = Counter()
    for form in FORMS:
        expected[form.shape] += form.rows
    assert Counter(map(shape, instructions)) == expected
    assert sorted(Counter(instructions).values()) == sorted(form.rows for form in FORMS)


def test_all_real_rows_that_state_bounds_are_read_and_hold_the_human_answers() -> None:
    bounded = read = on_scale = 0
    for row in real_rows():
        stimulus = stimulus_of(row)
        instruction = stimulus[stimulus.rindex("Only return") :]
        scale = parse_scale(stimulus)
        codes = [int(code) for code in re.findall(r"(?<![\w$])\d+(?= (?:to|means|for|if|=|rep)|[, .]|$)", instruction)]
        if not codes:
            assert scale.values is None
            continue
        bounded += 1
        assert scale.values is not None
        whole = (scale.values[0], scale.values[-1]) == (min(codes), max(codes))
        named = set(re.findall(r"(\d+) (?:means|=|for|if)", instruction)) == {str(code) for code in scale.labels}
        read += whole and named and all(label in instruction for label in scale.labels.values())
        on_scale += scale.contains(int(row["output"].removeprefix("Response: ")))
    assert (len(real_rows()), bounded, read) == (2780, 2762, 2762)
    assert on_scale / bounded >= 0.99
