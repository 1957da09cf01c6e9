"""Instructions that list their options."""

import pytest

from tests.scale.reading import ENDS, YES_NO, Example, Labels, assert_reads, span

LISTS: list[Example] = [
    ("Only return 1 for Yes, 2 for No, or 99 for Don't know.", [1, 2, 99], {1: "Yes", 2: "No", 99: "Don't know"}),
    ("Only return 0 for No and 1 for Yes.", [0, 1], {0: "No", 1: "Yes"}),
    ("Only return 1 (Yes) or 2 (No), nothing else.", [1, 2], YES_NO),
    ("Only return 1 = Yes, 2 = No.", [1, 2], YES_NO),
    ("Only return 1: Yes; 2: No.", [1, 2], YES_NO),
    ("Only return 1 if Yes, 2 if No.", [1, 2], YES_NO),
    ("Only return Yes = 1 or No = 2.", [1, 2], YES_NO),
    ("Only return either 'Yes' (1) or 'No' (2).", [1, 2], YES_NO),
    ("Only return the number: 1. Yes 2. No", [1, 2], YES_NO),
    ("Only return the number: (1) Yes (2) No", [1, 2], YES_NO),
    ("Only return the number: 1) Yes, 2) No.", [1, 2], YES_NO),
    ("Only return the number of your choice:\n1 = Yes\n2 = No", [1, 2], YES_NO),
    ("Only return the number of your choice:\n1. Yes\n2. No\n", [1, 2], YES_NO),
    ("Only return the number of your choice:\n1 - Yes\n2 - No\nnothing else", [1, 2], YES_NO),
    ("Only return 1 “Yes”, 2 “No”.", [1, 2], YES_NO),
    ('Only return 1 for "Yes," or 2 for "No."', [1, 2], YES_NO),
    ("Only return 1 for Yes / 2 for No.", [1, 2], YES_NO),
    ("Only return 1 for Yes and return 2 for No.", [1, 2], YES_NO),
    ("Only return '1' for Yes or '2' for No.", [1, 2], YES_NO),
    ("Only return an integer: 1 for Yes or 2 for No.", [1, 2], YES_NO),
    ("Only return an integer, 1 means Yes, 2 means No, nothing else.", [1, 2], YES_NO),
    (
        "Only return 1 for $1-$10; 2 for $11-$25; 3 for $26 or more, nothing else.",
        [1, 2, 3],
        {1: "$1-$10", 2: "$11-$25", 3: "$26 or more"},
    ),
    (
        "Only return 1 for less than 5 hours, 2 for 5 to 10 hours, or 3 for more than 10 hours.",
        [1, 2, 3],
        {1: "less than 5 hours", 2: "5 to 10 hours", 3: "more than 10 hours"},
    ),
    (
        "Only return 1 for '0-1 times', 2 for '2 or 3 times', 3 for '4 to 5 times', or 4 for '6+ times'.",
        span(1, 4),
        {1: "0-1 times", 2: "2 or 3 times", 3: "4 to 5 times", 4: "6+ times"},
    ),
    (
        "Only return 1 for 'I don't know', 2 for 'The doctors' choice', or 3 for 'It's up to me'.",
        [1, 2, 3],
        {1: "I don't know", 2: "The doctors' choice", 3: "It's up to me"},
    ),
    (
        "Only return 1 for “I would say “no””, 2 for “I’d wait”, or 3 for “I’d say ‘yes’”, nothing else.",
        [1, 2, 3],
        {1: "I would say “no”", 2: "I’d wait", 3: "I’d say ‘yes’"},
    ),
    (
        "Only return 1 for Black and white, 2 for Red or green, or 3 for Give up, nothing else.",
        [1, 2, 3],
        {1: "Black and white", 2: "Red or green", 3: "Give up"},
    ),
    (
        "Only return 1 for Yes, definitely; 2 for Yes, maybe; 3 for No, for now; or 4 for No, never.",
        span(1, 4),
        {1: "Yes, definitely", 2: "Yes, maybe", 3: "No, for now", 4: "No, never"},
    ),
    (
        "Only return 1 for Send money to the fund, 2 for Vote for Smith, 3 for If needed, both.",
        [1, 2, 3],
        {1: "Send money to the fund", 2: "Vote for Smith", 3: "If needed, both"},
    ),
    (
        "Only return 1 for ‘Agree’, 2 for ‘Neither agree nor disagree’, 3 for ‘Disagree’.",
        [1, 2, 3],
        {1: "Agree", 2: "Neither agree nor disagree", 3: "Disagree"},
    ),
    (
        "Only return 1 for 'I agree. Strongly.', 2 for 'I do not. Never.', nothing else.",
        [1, 2],
        {1: "I agree. Strongly.", 2: "I do not. Never."},
    ),
    (
        "Only return 1 for 'Only give to the needy' or 2 for 'Only return what was stolen', nothing else.",
        [1, 2],
        {1: "Only give to the needy", 2: "Only return what was stolen"},
    ),
    (
        "Only return 5 for Excellent, 4 for Good, 3 for Fair, 2 for Poor, or 1 for Bad.",
        span(1, 5),
        {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Excellent"},
    ),
    (
        "Only return -1 for Worse, 0 for The same, or 1 for Better.",
        [-1, 0, 1],
        {-1: "Worse", 0: "The same", 1: "Better"},
    ),
    (
        "Only return 0 for Never, 50 for Sometimes, or 100 for Always.",
        [0, 50, 100],
        {0: "Never", 50: "Sometimes", 100: "Always"},
    ),
    ("Only return 1 = Never ... 7 = Always.", span(1, 7), ENDS),
    ("Only return 1 for Never through 7 for Always.", span(1, 7), ENDS),
    ("Only return 1 for Never, and so on up to 7 for Always.", span(1, 7), ENDS),
    ("Only return 0 or 1, nothing else.", [0, 1], {}),
    ("Only return either 1 or 2.", [1, 2], {}),
    ("Only return 1 or 2, where 1 means Yes and 2 means No.", [1, 2], YES_NO),
    ("Only return 1, 2, 3, or 4, nothing else.", span(1, 4), {}),
    ("Only return one of 1, 2, 3, 4.", span(1, 4), {}),
    ("Only return 1/2/3.", span(1, 3), {}),
    ("Only return 1, 2, ..., 7.", span(1, 7), {}),
    ("Only return 1, 2, 3, or 9.", [1, 2, 3, 9], {}),
    ("Only return 0, 25, 50, 75, or 100.", span(0, 100, 25), {}),
    ("Only return 1, 2, or 3 (1 = Low, 2 = Middle, 3 = High).", span(1, 3), {1: "Low", 2: "Middle", 3: "High"}),
    (
        "Only return 1 for Democrat, 2 for Republican, 3 for Independent, 98 for Don't know, or 99 for Refused.",
        [1, 2, 3, 98, 99],
        {1: "Democrat", 2: "Republican", 3: "Independent", 98: "Don't know", 99: "Refused"},
    ),
    (
        "Only return 1 for a $1,000 bonus, 2 for a $2,000 bonus, or 3 for no bonus, nothing else.",
        [1, 2, 3],
        {1: "a $1,000 bonus", 2: "a $2,000 bonus", 3: "no bonus"},
    ),
    (
        "Only return 1 if you would pay more, 2 if you would pay the same, or 3 if you would pay less.",
        [1, 2, 3],
        {1: "you would pay more", 2: "you would pay the same", 3: "you would pay less"},
    ),
    (
        'Only return 1 for "18 to 29", 2 for "30 to 49", 3 for "50 to 64", or 4 for "65 or older".',
        span(1, 4),
        {1: "18 to 29", 2: "30 to 49", 3: "50 to 64", 4: "65 or older"},
    ),
    (
        "Only return 1 for Program A (200 saved) or 2 for Program B (1/3 chance).",
        [1, 2],
        {1: "Program A (200 saved)", 2: "Program B (1/3 chance)"},
    ),
    ("Only return 1 for “Yes” and 2 for “No”. Thank you!", [1, 2], YES_NO),
    ("Please choose 1 for Yes or 2 for No.", [1, 2], YES_NO),
]


@pytest.mark.parametrize(("instruction", "values", "labels"), LISTS)
def test_an_instruction_that_lists_its_options_gives_them(instruction: str, values: list[int], labels: Labels) -> None:
    assert_reads(instruction, values, labels)
