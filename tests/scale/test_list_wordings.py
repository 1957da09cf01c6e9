"""More wordings of instructions that list their options."""

import pytest

from tests.scale.reading import Example, Labels, assert_reads, span

WORDINGS: list[Example] = [
    (
        'Only return 1 for "Yes", 2 for "No", and 3 for "Maybe", nothing else.',
        span(1, 3),
        {1: "Yes", 2: "No", 3: "Maybe"},
    ),
    (
        "Only return 0 if you would not donate or 1 if you would donate, nothing else.",
        [0, 1],
        {0: "you would not donate", 1: "you would donate"},
    ),
    ("Only return 1 for Candidate 1 or 2 for Candidate 2, nothing else.", [1, 2], {1: "Candidate 1", 2: "Candidate 2"}),
    ("Only return 1 for Profile 1, 2 for Profile 2.", [1, 2], {1: "Profile 1", 2: "Profile 2"}),
    (
        "Only return 1 for 'Candidate 1' or 2 for 'Candidate 2', nothing else.",
        [1, 2],
        {1: "Candidate 1", 2: "Candidate 2"},
    ),
    ("Only return 1 for Immigrant 1 and 2 for Immigrant 2.", [1, 2], {1: "Immigrant 1", 2: "Immigrant 2"}),
    (
        "Only return 1 for Option A ($50 now) or 2 for Option B ($100 in 6 months), nothing else.",
        [1, 2],
        {1: "Option A ($50 now)", 2: "Option B ($100 in 6 months)"},
    ),
    (
        "Only return 1 for 1 time, 2 for 2 times, 3 for 3 or more times.",
        span(1, 3),
        {1: "1 time", 2: "2 times", 3: "3 or more times"},
    ),
    ("Only return 1 for 0, 2 for 1, 3 for 2, 4 for 3 or more.", span(1, 4), {1: "0", 2: "1", 3: "2", 4: "3 or more"}),
    (
        "Only return 0 for 0 days, 1 for 1-2 days, 2 for 3-4 days, or 3 for 5-7 days.",
        span(0, 3),
        {0: "0 days", 1: "1-2 days", 2: "3-4 days", 3: "5-7 days"},
    ),
    (
        "Only return 1 for 'Too much', 2 for 'Too little', 3 for 'About the right amount', nothing else.",
        span(1, 3),
        {1: "Too much", 2: "Too little", 3: "About the right amount"},
    ),
    (
        'Only return 1 for "A", 2 for "B", 3 for "Don\'t know/no opinion".',
        span(1, 3),
        {1: "A", 2: "B", 3: "Don't know/no opinion"},
    ),
    (
        "Only return 1 (strongly oppose) to 7 (strongly support), nothing else.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return 1 for 'strongly oppose' to 7 for 'strongly support', nothing else.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    ("Only return 1 if yes; otherwise return 0.", [0, 1], {1: "yes"}),
    ("Only return 1 if you would choose Plan A, otherwise 2.", [1, 2], {1: "you would choose Plan A"}),
    ("Only return 1 for yes and 0 for no, nothing else.", [0, 1], {0: "no", 1: "yes"}),
    ('Only return 1 for "yes" or 0 for "no", nothing else.', [0, 1], {0: "no", 1: "yes"}),
    ("Only return 1 if Yes, 0 if No.", [0, 1], {0: "No", 1: "Yes"}),
    ("Only return '1' or '2'.", [1, 2], {}),
    ('Only return "1" for Yes or "2" for No, nothing else.', [1, 2], {1: "Yes", 2: "No"}),
    (
        "Only return one of the following numbers: 1 (Very happy), 2 (Pretty happy), 3 (Not too happy).",
        span(1, 3),
        {1: "Very happy", 2: "Pretty happy", 3: "Not too happy"},
    ),
    (
        "Only return one of the following integers: 1 = Very happy, 2 = Pretty happy, 3 = Not too happy",
        span(1, 3),
        {1: "Very happy", 2: "Pretty happy", 3: "Not too happy"},
    ),
    (
        "Only return 1 for Yes, it's real; 2 for No, it isn't; 3 for I can't tell, nothing else.",
        span(1, 3),
        {1: "Yes, it's real", 2: "No, it isn't", 3: "I can't tell"},
    ),
    ("Only return 1 for Yes or 2 for No. Nothing else.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 for Yes or 2 for No - nothing else.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 for Yes or 2 for No (nothing else).", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 for Yes or 2 for No, and nothing else.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 for Yes or 2 for No, with no other text.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 for Yes, 2 for No, nothing else!", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return one of 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, nothing else.", span(0, 100, 10), {}),
    ("Only return 0, 10, 20, ..., 100.", span(0, 100, 10), {}),
    ("Only return 1-5.", span(1, 5), {}),
    (
        'Only return 1, 2, 3, 4, or 5, where 1 means "Strongly disagree" and 5 means "Strongly agree", nothing else.',
        span(1, 5),
        {1: "Strongly disagree", 5: "Strongly agree"},
    ),
    ("Only return number 1 for A; number 2 for B.", [1, 2], {1: "A", 2: "B"}),
    (
        "Only return 1 for 'First time', 2 for '2nd time', 3 for '3rd time or more', nothing else.",
        span(1, 3),
        {1: "First time", 2: "2nd time", 3: "3rd time or more"},
    ),
    ("How much? $0-$100. Only return an integer representing dollars from 0 to 100, nothing else.", span(0, 100), {}),
    (
        "Only return 1 for 'Yes, I would (for sure)', 2 for 'No', nothing else.",
        [1, 2],
        {1: "Yes, I would (for sure)", 2: "No"},
    ),
    ("Only return 1 for [Candidate A], 2 for [Candidate B].", [1, 2], {1: "[Candidate A]", 2: "[Candidate B]"}),
    ("Only return 1 for YES, 2 for NO, nothing else.", [1, 2], {1: "YES", 2: "NO"}),
    (
        "Only return 1 for Trump, 2 for Biden, 3 for Neither/Other.",
        span(1, 3),
        {1: "Trump", 2: "Biden", 3: "Neither/Other"},
    ),
    ("Only return 1 Never, 2 Rarely, or 3 Sometimes.", span(1, 3), {1: "Never", 2: "Rarely", 3: "Sometimes"}),
    (
        "Only return 1 for Very, 2 for Somewhat, 3 for Not very or 4 for Not at all confident, nothing else",
        span(1, 4),
        {1: "Very", 2: "Somewhat", 3: "Not very", 4: "Not at all confident"},
    ),
    (
        "On a scale from 1 to 7, how likely is it? Only return an integer representing your rating, nothing else.",
        span(1, 7),
        {},
    ),
    ("Only return 1 for Never, or 5 for Always, or any number in between.", span(1, 5), {1: "Never", 5: "Always"}),
    ("Only return 1 for Never or 5 for Always.", [1, 5], {1: "Never", 5: "Always"}),
    ("Only return 1 (low) - 10 (high), nothing else.", span(1, 10), {1: "low", 10: "high"}),
    (
        "Only return 1 - Strongly disagree to 5 - Strongly agree.",
        span(1, 5),
        {1: "Strongly disagree", 5: "Strongly agree"},
    ),
    (
        "Only return 1-Strongly disagree, 2-Disagree, 3-Agree.",
        span(1, 3),
        {1: "Strongly disagree", 2: "Disagree", 3: "Agree"},
    ),
    ("Only return 1 [not at all] – 7 [very].", span(1, 7), {1: "not at all", 7: "very"}),
    ("Only return 1 for Yes or 2 for No. Please be honest.", [1, 2], {1: "Yes", 2: "No"}),
    (
        "Only return 1 for 1 or 2 days, 2 for 3 or 4 days, 3 for 5 or 6 days.",
        span(1, 3),
        {1: "1 or 2 days", 2: "3 or 4 days", 3: "5 or 6 days"},
    ),
    (
        "Only return 1 if you'd prefer Candidate A and 2 if you'd prefer Candidate B, nothing else.",
        [1, 2],
        {1: "you'd prefer Candidate A", 2: "you'd prefer Candidate B"},
    ),
    ("Only return 1 to indicate Yes or 2 to indicate No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 indicating 'Yes' or 2 indicating 'No', nothing else.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1 representing Yes or 0 representing No.", [0, 1], {0: "No", 1: "Yes"}),
    (
        "Only return 1 for a lot, 2 for some, 3 for only a little, 4 for not at all, nothing else.",
        span(1, 4),
        {1: "a lot", 2: "some", 3: "only a little", 4: "not at all"},
    ),
    (
        "Only return 1 for Raise it to $15, 2 for Keep it at $7.25 or 3 for Lower it to $5, nothing else.",
        span(1, 3),
        {1: "Raise it to $15", 2: "Keep it at $7.25", 3: "Lower it to $5"},
    ),
    (
        "Only return 1 for Yes - definitely, 2 for Yes - probably, 3 for No.",
        span(1, 3),
        {1: "Yes - definitely", 2: "Yes - probably", 3: "No"},
    ),
    ("Only return 1 for: Yes; 2 for: No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return 1=for, 2=against.", [1, 2], {1: "for", 2: "against"}),
    ('Only return 1 for "For" or 2 for "Against".', [1, 2], {1: "For", 2: "Against"}),
    ("Only return 1 for In favor or 2 for Opposed, nothing else.", [1, 2], {1: "In favor", 2: "Opposed"}),
    (
        "Only return 1 for supporting the death penalty and 2 for supporting life in prison, nothing else.",
        [1, 2],
        {1: "supporting the death penalty", 2: "supporting life in prison"},
    ),
    ("Only return 1 for Mr. Smith, 2 for Dr. Jones.", [1, 2], {1: "Mr. Smith", 2: "Dr. Jones"}),
    ("Only return 1 for Washington D.C., 2 for New York.", [1, 2], {1: "Washington D.C.", 2: "New York"}),
    (
        "Only return 1 for True, 2 for False, 3 for Don't Know, nothing else.",
        span(1, 3),
        {1: "True", 2: "False", 3: "Don't Know"},
    ),
    (
        "Only return 1 for Less than 1 hour, 2 for 1 hour, 3 for 2 hours, 4 for 3 hours or more.",
        span(1, 4),
        {1: "Less than 1 hour", 2: "1 hour", 3: "2 hours", 4: "3 hours or more"},
    ),
    (
        "Only return 1 for 0%, 2 for 1-25%, 3 for 26-50%, 4 for 51-100%.",
        span(1, 4),
        {1: "0%", 2: "1-25%", 3: "26-50%", 4: "51-100%"},
    ),
    ("Only return 1 for $0; 2 for $1–$49; 3 for $50+, nothing else.", span(1, 3), {1: "$0", 2: "$1–$49", 3: "$50+"}),
    (
        "Only return 1 if you agree with statement 1, or 2 if you agree with statement 2, nothing else.",
        [1, 2],
        {1: "you agree with statement 1", 2: "you agree with statement 2"},
    ),
    (
        "Only return 1 for Statement 1, 2 for Statement 2, 3 for Both 1 and 2, nothing else.",
        span(1, 3),
        {1: "Statement 1", 2: "Statement 2", 3: "Both 1 and 2"},
    ),
]


@pytest.mark.parametrize(("instruction", "values", "labels"), WORDINGS)
def test_options_are_listed_in_many_words(instruction: str, values: list[int], labels: Labels) -> None:
    assert_reads(instruction, values, labels)
