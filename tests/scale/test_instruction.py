"""Whole stimuli: which instruction counts, what is open-ended, and what is refused."""

import pytest

from socrates_core.errors import ScaleError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import instruction_start, parse_scale
from tests.scale.reading import ENDS, YES_NO, Labels, span

OPEN_ENDED = [
    "Only return an integer representing dollars, nothing else.",
    "Only return an integer representing the estimated weekly hours worked, nothing else.",
    "Only return an integer.",
    "Only return a number, nothing else.",
    "Only return a whole number of 0 or more.",
    "Only return a positive integer.",
    "Only return an integer greater than or equal to 0, nothing else.",
    "Only return an integer of at least 1.",
    "Only return a non-negative integer (0 or higher).",
    "Only return an integer representing the number of hours in the last 7 days.",
    "Only return a dollar amount, without the $ sign.",
    "Only return the number of children, nothing else.",
    "Only return a four-digit year as an integer.",
    "Respond with a single number in dollars.",
    "Only return an integer (minimum 0).",
    "Only return an integer ≥ 0.",
    "Only return an integer representing your income in 2014.",
]

# a question before the instruction, and what comes of both
WHOLE_STIMULI: list[tuple[str, list[int] | None, Labels]] = [
    (
        "On a scale from 1 (dull) to 5 (bright), how is it? Only return an integer from 1 to 5, nothing else.",
        span(1, 5),
        {},
    ),
    (
        "You were asked: 'Rate it from 0 to 10.' Then: 'Do you agree?' Only return 1 for Yes or 2 for No.",
        [1, 2],
        YES_NO,
    ),
    ("Only return an integer from 1 to 5. New item. Only return an integer from 0 to 3.", span(0, 3), {}),
    ("Only return an integer from 1 to 5. Only return your answer, nothing else.", span(1, 5), {}),
    ("On a scale from 1 (Never) to 7 (Always), how often? Only return an integer, nothing else.", span(1, 7), ENDS),
    ("Do you agree? 1 = Yes, 2 = No. Only return the number of your answer.", [1, 2], YES_NO),
    ("Do you agree?\n(1) Yes\n(2) No\nOnly return the number corresponding to your choice.", [1, 2], YES_NO),
    ("Between 10 and 20 people came, 3 to 5 left. Is it 7?Only return 1 for Yes; 2 for No", [1, 2], YES_NO),
    ("You earn $2,800 a month. How much would you save? Only return an integer representing dollars.", None, {}),
    (
        "Read this. Only return an integer from 1 to 4, nothing else. Your answers are kept for 10 years.",
        span(1, 4),
        {},
    ),
    ("How many of the 12 months? Only return an integer from 0 to 12, nothing else. [End of item 3]", span(0, 12), {}),
    ("On a scale from 1 (Never) to 7 (Always), how often do you vote?", span(1, 7), ENDS),
    ("How happy are you, from 1 (Never) to 7 (Always)?", span(1, 7), ENDS),
    ("How happy are you (from 1 (Never) to 7 (Always))?", span(1, 7), ENDS),
    ("In 2019, 3 of 4 were. How happy are you, from 1 “Never” to 7 “Always”?", span(1, 7), ENDS),
    ("How happy are you, from 1 (Never) to 7 (Always)? Only return an integer.", span(1, 7), ENDS),
    ("On a scale from 1 to 7, how likely is it? Only return an integer representing your rating.", span(1, 7), {}),
    ("Prices rose from 10 to 20. How many children would you want? Only return an integer.", None, {}),
    ("Consider: (1) taxes rose, (2) jobs fell. How many hours? Only return an integer.", None, {}),
    ("On a scale of 1 to 10 he was a 3. Give how much? Only return an integer representing dollars.", None, {}),
    ("Only return an integer from 1 to 7, nothing else. Respond in English.", span(1, 7), {}),
    ("Only return an integer from 1 to 7, nothing else. Respond as a 45-year-old would.", span(1, 7), {}),
]

UNREADABLE = [
    ("", "ends without an answer instruction"),
    ("   \n", "ends without an answer instruction"),
    ("A vignette about 3 dogs and 4 cats. Nothing is asked.", "ends without an answer instruction"),
    ("On a scale of 1 to 10 his teacher gave him 3. What do you think of him?", "ends without"),
    ("Only return 'Yes' or 'No', nothing else.", "it states no numbers"),
    ("Only return an integer from 5 to 5.", "two or more options"),
    ("Only return an integer from 0 to 5,000,000.", "more than 1,000,001"),
    ("Only return an integer from 0 to 10 billion.", "more than 1,000,001"),
    ("Only return a number from 0.5 to 4.5.", "0.5 is not an integer"),
    ("Only return 1 for Yes.", "a single option"),
    ("Only return 1 for Yes, 1 for No.", "twice"),
    ("Only return 1 for Awful and 7 for Superb.", "whether other options exist"),
    ("Only return an integer from 1 to 5, where 1 means Low and 10 means High.", "names 10"),
    ("Only return an integer on a 7-point scale.", "7 points"),
    ("Only return the number 5.", "unclear"),
    ("Only return an integer from 1 and nothing else.", "unclear"),
    ("Only return an integer from 0 to 100 in steps of 7.", "do not lead"),
    ("Only return a multiple of 0 between 0 and 10.", "step of 0"),
    ("Only return 1 and 7.", "may mean"),
    ("Only return 1 = Never, 3, 5 = Always.", "hold another option"),
    ("Only return an integer: 1 = Never, 3, 5 = Always.", "hold another option"),
    ("Only return 1 = Never, 2 = Rarely, 3, 4, 5.", "hold another option"),
    ("Only return 1 (Never), 2 (Rarely), 3 (Often), 4, 5.", "4 stands behind its last text"),
    ("Only return an integer from 1 (Never) to 5 (Always), or 9.", "9 stands behind its last text"),
    ("Only return 1 for 'A', 2 for 'B', or 3.", "3 stands behind its last text"),
    ("Only return 1 for Yes or 2 for Both or 3.", "hold another option"),
    ("Only return 1 = Never 2 3 4 5 = Always.", "hold another option"),
    ("Only return 1 for Level 1, 2, 3 for Level 3.", "hold another option"),
    ("Only return 1 for Refused, 5 for Skip.", "whether other options exist"),
    ("Only return an integer from - 3 to 3.", "sign"),
    ("Only return an integer from 1--7.", "double hyphen"),
    ("Only return the number corresponding to your choice.", "options before it cannot be read"),
    ("On a 7-point scale, how happy are you? Only return an integer.", "options before it cannot be read"),
    ("Only return an integer from " + "9" * 10_000 + " to 3.", "too long"),
    ("Only return 1 for 'Yes or 2 for No", "quotation"),
    ("Only return 1 for 'A', 2 for 'B' (in part), 3 for 'C'.", "hold another option"),
    ("Only return 1 for 'A', 2 for 'B' or maybe 3 for 'C'.", "hold another option"),
    ("Only return 1 for A, 2 for B, and finally 3 for C.", "hold another option"),
    ("Only return an integer from 0 to 10 or more.", "open upwards"),
    ("Only return 0 or 1 or more.", "open upwards"),
    ("Only return 0 or 100 or more.", "open upwards"),
    ("Only return 0, 10, 20 or more.", "open upwards"),
    ("Only return 0, 1, 2, 3 or more, or 9.", "open upwards"),
    ("Only return 0, 1, 2, 3+, 9.", "open upwards"),
    ("Only return 1, 2, 3 or more than 3.", "open upwards"),
    ("Only return 0, 1, 2 or up to 10.", "open upwards"),
    ("Only return 3 or more, 2, 1, or 0.", "open upwards"),
    ("Only return 1 or less, 2, 3, or 4.", "open upwards or downwards"),
    ("Only return an integer between 0 and 10, exclusive.", "exclusive"),
    ("Only return two integers from 0 to 10.", "two integers"),
    ("Only return an integer from one (never) to five (always).", "spells its numbers"),
    ("Only return an integer from one to five, where one means never and five means always.", "spells its numbers"),
    ("Only return an integer from one to seven, where 1 means Never and 5 means Often.", "spells its numbers"),
    ("Only return the number one for Yes or two for No.", "spells its numbers"),
    ("Only return an integer from one to 5.", "what 5 stands for"),
    ("Please rate it out of 10.", "what 10 stands for"),
    ("Only return your rating out of 10.", "what 10 stands for"),
    ("Only return an integer on the Likert scale, nothing else.", "options before it cannot be read"),
    ("Only return an integer from 10 to 50 thousand.", "same unit"),
    ("Only return an integer from ١ to ٧.", "leaves its options open"),
    ("Only return an integer representing how many of the 10 statements you agree with.", "unclear"),
    ("Only return " + "".join(f"{code} for a; " for code in range(10_000)), "longer than 20,000 characters"),
    ("Would you go from 5 to 10?", "ends without an answer instruction"),
    ("Would you go from 1 (High Street) to 7 (Low Road)?", "ends without an answer instruction"),
    ("How happy are you, from 1 to 7?", "ends without an answer instruction"),
    ("Rooms run from 1 (small) to 7 (large). Which one, from 1 (small) to 7?", "ends without an answer instruction"),
]


@pytest.mark.parametrize("instruction", OPEN_ENDED)
def test_an_amount_without_bounds_is_open_ended(instruction: str) -> None:
    assert parse_scale(f"How much would it be for the 2 of you? {instruction}") == AnswerScale(None)


@pytest.mark.parametrize(("stimulus", "values", "labels"), WHOLE_STIMULI)
def test_the_last_format_that_is_stated_counts(stimulus: str, values: list[int] | None, labels: Labels) -> None:
    assert parse_scale(stimulus) == AnswerScale(None if values is None else tuple(values), labels)


@pytest.mark.parametrize(("stimulus", "why"), UNREADABLE)
def test_what_is_uncertain_is_an_error_and_not_a_guess(stimulus: str, why: str) -> None:
    with pytest.raises(ScaleError, match=why):
        parse_scale(stimulus)


def test_the_error_quotes_the_instruction() -> None:
    with pytest.raises(ScaleError, match=r"“Only return the number 5, please\.”.*an integer from 1 to 7"):
        parse_scale("A long story. Only return the number 5, please.")


@pytest.mark.parametrize(
    ("question", "instruction"),
    [
        ("Do you like tea?", " Only return an integer from 1 to 7, nothing else."),
        ("Only answer if you agree. Do you?", " Respond with a number from 1 (no) to 5 (yes)."),
        ("Do you like tea?", " Just give the number of your answer, whatever it is."),
        ("Do you like tea?", " Only return an integer between some and many."),
        ("Do you like tea, on the whole?", ""),
    ],
)
def test_an_instruction_begins_where_the_question_ends(question: str, instruction: str) -> None:
    start = instruction_start(question + instruction)
    assert (question + instruction)[:start].strip() == question
