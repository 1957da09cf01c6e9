"""Which options are taken off the axis by themselves, and which stay and are named."""

import pytest

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.scale.off_axis import doubtful, is_no_answer, with_off_axis

NO_ANSWER = """
    DK | D/K | don't know | Don’t know | DONT KNOW | Do not know | I don't know | I do not know. | (Don't know)
    (VOL) Don't know | Don't know (volunteered) | Don't know / not sure | Don't know/refused | Don't know or no opinion
    I really don't know | you don't know
    I don't know enough to say | Can't say | Cannot say | Can't choose | Unable to answer | No idea
    Refused | Refusal | REF | Refused to answer | Refuse to say | Declined | Decline to answer | Decline to state
    Prefer not to say | I prefer not to answer | I'd rather not say | Rather not say | Would rather not answer
    Choose not to respond | Do not wish to answer | I don't want to say | No answer | No response | NO ANSWER GIVEN
    N/A | n.a. | NA | Not applicable | Inapplicable | IAP | Does not apply | Doesn't apply to me
    This does not apply to me
    Weiß nicht | Keine Angabe | Ne sait pas | No sabe | NS/NC | Don´t know
"""
ANSWERS = """
    Not sure | Unsure | Uncertain | No opinion | Undecided | Other | None | Neither agree nor disagree | No | Never
    Refuse to comply | Refuse the vaccine | I would refuse | Prefer not to fly | Rather not | Know a lot
    Don't know him well at all
    Do not support | Don't agree | I do not apply for jobs | Not at all | Can't stand it | No answer is right
    Yes, or refused entry
    Haven't heard of it | Unknown to most people | Declined in number
"""


@pytest.mark.parametrize("label", [one.strip() for line in NO_ANSWER.strip().splitlines() for one in line.split("|")])
def test_no_answer_is_known_in_its_usual_spellings(label: str) -> None:
    assert is_no_answer(label)


@pytest.mark.parametrize("label", [one.strip() for line in ANSWERS.strip().splitlines() for one in line.split("|")])
def test_an_answer_is_not_taken_for_none(label: str) -> None:
    assert not is_no_answer(label)


@pytest.mark.parametrize(
    ("labels", "axis", "off"),
    [
        ({1: "Agree", 2: "Disagree", 98: "Don't know"}, (1, 2), (98,)),
        ({1: "Yes", 2: "No", 3: "Don't know", 4: "Refused"}, (1, 2), (3, 4)),
        ({-8: "Don't know", -1: "Inapplicable", 1: "Low", 2: "High"}, (1, 2), (-8, -1)),
        ({0: "Refused", 1: "Yes", 2: "No"}, (1, 2), (0,)),
        ({1: "Yes", 2: "Not sure", 3: "No"}, (1, 2, 3), ()),
        ({1: "Yes", 2: "Don't know", 3: "No"}, (1, 2, 3), ()),  # within the run: it may be meant as the middle
        ({1: "Car", 2: "Bus", 3: "Other", 9: "N/A"}, (1, 2, 3), (9,)),
        ({1: "trifft zu", 2: "trifft eher zu", 3: "trifft kaum zu", 4: "trifft nicht zu"}, (1, 2, 3, 4), ()),
        ({1: "Fully applies", 2: "Hardly applies", 3: "Does not apply"}, (1, 2, 3), ()),
        ({1: "Ja", 2: "Nein", 3: "Trifft nicht zu"}, (1, 2), (3,)),
        ({1: "Found", 2: "Stolen", 3: "Missing"}, (1, 2, 3), ()),
        ({1: "Busy", 2: "Talked", 3: "No answer"}, (1, 2, 3), ()),
        ({1: "Rose", 2: "Stayed", 3: "Declined"}, (1, 2, 3), ()),
        ({1: "Low", 2: "High", 9: "Missing"}, (1, 2), (9,)),
        ({1: "Low", 2: "High", 3: "No answer", 4: "Don't know"}, (1, 2), (3, 4)),
        ({1: "I blame them", 2: "I pity them", 3: "I don't judge people"}, (1, 2, 3), ()),
        ({1: "A lot", 2: "A little", 3: "Do not know about it"}, (1, 2, 3), ()),
        ({1: "Yes", 2: "Refused"}, (1, 2), ()),  # one option is no scale
    ],
)
def test_only_what_lies_outside_the_run_of_the_others_goes(
    labels: dict[int, str], axis: tuple[int, ...], off: tuple[int, ...]
) -> None:
    scale = with_off_axis(AnswerScale(tuple(labels), labels))
    assert (scale.values, tuple(scale.off_axis)) == (axis, off)
    assert scale.texts == labels
    assert with_off_axis(scale) == scale


@pytest.mark.parametrize(
    ("instruction", "axis", "off"),
    [
        ("Only return 1 for Agree, 2 for Disagree, or 98 for Don't know.", (1, 2), {98: "Don't know"}),
        (
            "Only return an integer from 1 to 3, or 8 for 'Prefer not to answer'.",
            (1, 2, 3),
            {8: "Prefer not to answer"},
        ),
        ("Only return an integer from 1 to 3, or 0 if you don’t know.", (1, 2, 3), {0: "you don’t know"}),
        (
            "Only return an integer from 1 to 3 (8 = Don't know, 9 = Refused).",
            (1, 2, 3),
            {8: "Don't know", 9: "Refused"},
        ),
        ("Only return 1 for Yes, 2 for Not sure, or 3 for No.", (1, 2, 3), {}),
    ],
)
def test_the_reader_of_instructions_takes_them_off(
    instruction: str, axis: tuple[int, ...], off: dict[int, str]
) -> None:
    scale = parse_scale(instruction)
    assert (scale.values, scale.off_axis) == (axis, off)


def test_a_code_within_a_slider_stays_on_it() -> None:
    scale = with_off_axis(AnswerScale(tuple(range(101)), {98: "Don't know"}))
    assert scale.off_axis == {}
    assert doubtful(scale) == {98: "Don't know"}


def test_what_may_be_meant_as_no_answer_and_stays_is_named() -> None:
    assert doubtful(AnswerScale((1, 2, 3), {1: "Yes", 2: "Not sure", 3: "No"})) == {2: "Not sure"}
    assert doubtful(AnswerScale((1, 2, 3), {1: "Car", 2: "Bus", 3: "Other"})) == {3: "Other"}
    assert doubtful(AnswerScale((1, 2), {1: "Agree", 2: "Disagree"})) == {}
