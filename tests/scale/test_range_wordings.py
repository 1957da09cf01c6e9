"""More wordings of instructions that ask for a number."""

import pytest

from tests.scale.reading import Example, Labels, assert_reads, span

WORDINGS: list[Example] = [
    (
        "Only return an integer from 1 to 7, with 1 = Never and 7 = Always; do not include any text.",
        span(1, 7),
        {1: "Never", 7: "Always"},
    ),
    (
        "Only return an integer from 1-10, 1 being the least and 10 being the most.",
        span(1, 10),
        {1: "the least", 10: "the most"},
    ),
    (
        "Only return an integer from 1 to 5 representing how strongly you agree (1 = strongly "
        "disagree, 5 = strongly agree).",
        span(1, 5),
        {1: "strongly disagree", 5: "strongly agree"},
    ),
    (
        "Only return an integer from 1 (strongly disagree) to 5 (strongly agree) for statement 3.",
        span(1, 5),
        {1: "strongly disagree", 5: "strongly agree"},
    ),
    ("Only return an integer from 1 to 5 for question 3.", span(1, 5), {}),
    ("How likely are you to recommend us (0-10)?", span(0, 10), {}),
    ("How likely are you to recommend us? (0 to 10)", span(0, 10), {}),
    ("How did it change [-5 to 5]?", span(-5, 5), {}),
    ("Did you go? 0 means No and 1 means Yes.", span(0, 1), {0: "No", 1: "Yes"}),
    (
        "How often? 1 means never, 2 means once, 3 means more often.",
        span(1, 3),
        {1: "never", 2: "once", 3: "more often"},
    ),
    ("How was it (-1 = bad, 0 = so so, 1 = good)?", span(-1, 1), {-1: "bad", 0: "so so", 1: "good"}),
    (
        "Only return an integer from 1 to 3, where 1 is 'Too little', 2 is 'About right', and 3 is "
        "'Too much', nothing else.",
        span(1, 3),
        {1: "Too little", 2: "About right", 3: "Too much"},
    ),
    (
        "Only return the number corresponding to your answer: 1 for A, 2 for B, 3 for C, or 4 for D.",
        span(1, 4),
        {1: "A", 2: "B", 3: "C", 4: "D"},
    ),
    ("Only return an integer from 1 to 2, where 1 means Yes and 2 means No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return an integer from 0 to 100 indicating how much you'd give, nothing else.", span(0, 100), {}),
    ("Only return the integer from 0 to 100, nothing else.", span(0, 100), {}),
    ("Only return integer from 0 to 100.", span(0, 100), {}),
    ("Only return integers from 0 to 100.", span(0, 100), {}),
    ("Only return a single integer from 1 to 7 with no other text.", span(1, 7), {}),
    ("Only return an integer (1-5), nothing else.", span(1, 5), {}),
    ("Only return an integer: 1, 2, 3, 4 or 5.", span(1, 5), {}),
    ("Only return an integer among 1, 2, 3, 4, 5.", span(1, 5), {}),
    ("Only return an integer in {1, 2, 3}.", span(1, 3), {}),
    ("Only return an integer within 0-100.", span(0, 100), {}),
    ("Only return an integer from 1 to 100,000, nothing else.", span(1, 100000), {}),
    ("Only return an integer representing the number of days (0 to 365), nothing else.", span(0, 365), {}),
    ("Only return an integer representing the number of days from 0 to 7, nothing else.", span(0, 7), {}),
    (
        "Only return an integer representing the number of points, between 0 and 10, that you "
        "would allocate to Person A, nothing else.",
        span(0, 10),
        {},
    ),
    ("Only return an integer representing the amount in dollars, from 0 to 100.", span(0, 100), {}),
    ("Only return an integer representing cents from 0 to 50, nothing else.", span(0, 50), {}),
    ("Only return an integer for the number of items (0, 1, 2, 3, or 4).", span(0, 4), {}),
    (
        'Only return an integer from 1 to 5 where 1="Not at all" and 5="Extremely".',
        span(1, 5),
        {1: "Not at all", 5: "Extremely"},
    ),
    (
        "Only return an integer from 1 to 5, where 1 is definitely not, and 5 is definitely.",
        span(1, 5),
        {1: "definitely not", 5: "definitely"},
    ),
    (
        "Only return an integer from 1 to 5, with 1 as 'Not at all' and 5 as 'Very much'.",
        span(1, 5),
        {1: "Not at all", 5: "Very much"},
    ),
    (
        "Only return an integer from 1 to 7, where a 1 means strongly oppose and a 7 means strongly support.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 to 7, where '1' means strongly oppose and '7' means strongly support.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 to 7, in which 1 means strongly oppose and 7 means strongly support.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 to 7, such that 1 denotes strongly oppose, 4 neutral, and 7 strongly support.",
        span(1, 7),
        {1: "strongly oppose", 4: "neutral", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 (strongly oppose) to 4 (neutral) to 7 (strongly support).",
        span(1, 7),
        {1: "strongly oppose", 4: "neutral", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 to 7, 1 (strongly oppose) to 7 (strongly support).",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return an integer from 1 to 7, ranging from 'strongly oppose' to 'strongly support'.",
        span(1, 7),
        {1: "strongly oppose", 7: "strongly support"},
    ),
    (
        "Only return an integer from -3 (Strongly oppose) to 3 (Strongly favor), with 0 meaning neutral.",
        span(-3, 3),
        {-3: "Strongly oppose", 0: "neutral", 3: "Strongly favor"},
    ),
    (
        "Only return an integer from −100 (very cold) to 100 (very warm).",
        span(-100, 100),
        {-100: "very cold", 100: "very warm"},
    ),
    ("Only return an integer from '1' to '7'.", span(1, 7), {}),
    ("Only return an integer from 1 to 5, or 0 if you don't know.", span(0, 5), {0: "you don't know"}),
    (
        "Only return an integer from 1 to 5, or return 9 for no answer, nothing else.",
        [1, 2, 3, 4, 5, 9],
        {9: "no answer"},
    ),
    (
        "Only return an integer from 1 to 5, where 5 means Very likely and 1 means Not likely, or 6 for Don't know.",
        span(1, 6),
        {1: "Not likely", 5: "Very likely", 6: "Don't know"},
    ),
    (
        'Only return an integer from 1 to 7 (where 1 is "not at all" and 7 is "very much"), nothing else.',
        span(1, 7),
        {1: "not at all", 7: "very much"},
    ),
    (
        "Only return an integer from 1 to 7 - where 1 is not at all and 7 is very much - nothing else.",
        span(1, 7),
        {1: "not at all", 7: "very much"},
    ),
    (
        "Only return an integer from 1 to 7 (1: not at all – 7: very much).",
        span(1, 7),
        {1: "not at all", 7: "very much"},
    ),
    (
        "Only return an integer from 1 to 7 (1 = not at all / 7 = very much).",
        span(1, 7),
        {1: "not at all", 7: "very much"},
    ),
    ("Only return an integer from 1 to 7 (not at all – very much).", span(1, 7), {}),
    (
        "Only return an integer from 1 (not at all) through 7 (very much).",
        span(1, 7),
        {1: "not at all", 7: "very much"},
    ),
    (
        "Only return an integer from 1 (not at all [never]) to 7 (very much (always)).",
        span(1, 7),
        {1: "not at all [never]", 7: "very much (always)"},
    ),
    ("Only return an integer from 0 to 100 in which 0 is 0% and 100 is 100%.", span(0, 100), {0: "0%", 100: "100%"}),
    ("Only return a multiple of 10 from 0 to 100 representing dollars, nothing else.", span(0, 100, 10), {}),
    ("Only return an integer multiple of 10 between 0 and 100.", span(0, 100, 10), {}),
    ("Only return an integer from 0 to 100 that is a multiple of 10.", span(0, 100, 10), {}),
    ("Only return an integer from 0 to 100 divisible by 5.", span(0, 100, 5), {}),
    ("Only return a multiple of $5 between $0 and $50.", span(0, 50, 5), {}),
    ("Only return a number from 1 to 5 (e.g., 3).", span(1, 5), {}),
    ("Only return an integer from 1 to 5, for example 3.", span(1, 5), {}),
    ("Only return an integer, e.g. 3, from 1 to 5.", span(1, 5), {}),
    ("Only return an integer 1 through 5.", span(1, 5), {}),
    ("Only return an integer 1 to 5.", span(1, 5), {}),
    ("Only return an integer of 1 to 5.", span(1, 5), {}),
    (
        "Only return a number of 1, 2, or 3 representing your choice: 1 = A, 2 = B, 3 = C.",
        span(1, 3),
        {1: "A", 2: "B", 3: "C"},
    ),
    ("Only return the integer 1 for Yes or the integer 2 for No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return the number 1 for Yes or the number 2 for No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Only return the number 1 if you agree or 2 if you disagree.", [1, 2], {1: "you agree", 2: "you disagree"}),
    ("Only return your answer as an integer from 1 to 5.", span(1, 5), {}),
    ("Only return your rating from 1 to 5.", span(1, 5), {}),
    ("Only return the rating of Profile 2 as an integer from 1 to 7.", span(1, 7), {}),
    ("Only return an integer indicating your rating of the 2nd candidate, from 1 to 7.", span(1, 7), {}),
    ("Rate on a scale from 1 (low) to 5 (high). Only return the number.", span(1, 5), {1: "low", 5: "high"}),
    (
        "Only return an integer from 1 to 5, where 1 means (Not at all) and 5 means (Very).",
        span(1, 5),
        {1: "(Not at all)", 5: "(Very)"},
    ),
    (
        "Only return an integer from 1 to 7, where 1 means Bad and 7 means Good; numbers in "
        "between indicate intermediate views.",
        span(1, 7),
        {1: "Bad", 7: "Good"},
    ),
    (
        "Only return an integer from 1 to 5, where 1 means very low, 2 low, 3 medium, 4 high and 5 very high.",
        span(1, 5),
        {1: "very low", 2: "low", 3: "medium", 4: "high", 5: "very high"},
    ),
    (
        "Only return an integer from 1 to 5: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always.",
        span(1, 5),
        {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"},
    ),
    ("Only return an integer from 0 to 100 thousand.", span(0, 100000), {}),
    ("Only return an integer from 1 to 7, nothing else. Respond in English.", span(1, 7), {}),
    ("Only return an integer from 1 to 7, nothing else. Respond as a 45-year-old would.", span(1, 7), {}),
    (
        "Only return an integer from 1 to 7, where 1 means not even numbered and 7 means even numbered.",
        span(1, 7),
        {1: "not even numbered", 7: "even numbered"},
    ),
    ("Only return an integer. Use 1 for Yes and 2 for No.", [1, 2], {1: "Yes", 2: "No"}),
    ("Please indicate your agreement on a scale from 1 to 7.", span(1, 7), {}),
    (
        "Only return an integer from 0 to 10, where 0 means that 10 is too much and 10 means it is fine.",
        span(0, 10),
        {0: "10 is too much", 10: "it is fine"},
    ),
    (
        "Only return an integer from 1 to 5, where 1 means 5 or fewer and 5 means 20 or more.",
        span(1, 5),
        {1: "5 or fewer", 5: "20 or more"},
    ),
    ("Only return an integer from 0 to 7 representing the number of days, nothing else.", span(0, 7), {}),
    ("Only return an integer from 18 to 99 representing age.", span(18, 99), {}),
    ("Only return an integer from 1900 to 2020 representing the year.", span(1900, 2020), {}),
    ("Only return the number of days per week (0-7), nothing else.", span(0, 7), {}),
    ("Only return an integer between 0 and 24 (hours), nothing else.", span(0, 24), {}),
    (
        'Only return an integer from 1 to 11, with 1 being "0 – no chance" and 11 being "10 – certain".',
        span(1, 11),
        {1: "0 – no chance", 11: "10 – certain"},
    ),
    (
        'Only return an integer from 1 to 7, where 1 means "None/Not at all" and 7 means "A lot/Completely".',
        span(1, 7),
        {1: "None/Not at all", 7: "A lot/Completely"},
    ),
    (
        "Only return an integer from 1 to 4, where 1 means definitely 'yes' and 4 means definitely 'no', nothing else.",
        span(1, 4),
        {1: "definitely 'yes'", 4: "definitely 'no'"},
    ),
    (
        'Only return an integer from 1 to 5 for how likely you are to vote, with 1 meaning "very '
        'unlikely" and 5 meaning "very likely."',
        span(1, 5),
        {1: "very unlikely", 5: "very likely"},
    ),
    (
        "Only return an integer from 1 to 5 (strongly disagree=1, strongly agree=5).",
        span(1, 5),
        {1: "strongly disagree", 5: "strongly agree"},
    ),
    (
        "Only return an integer from 1 to 5, where strongly disagree is 1 and strongly agree is 5.",
        span(1, 5),
        {1: "strongly disagree", 5: "strongly agree"},
    ),
    ("Only return the integer (1 or 2), nothing else.", [1, 2], {}),
    ("Only return the integer 1, 2 or 3, nothing else.", span(1, 3), {}),
    ("Only return an integer from 1 to 7, where 7 is the highest.", span(1, 7), {7: "the highest"}),
    (
        "Only return an integer from 1 to 7, where 1 is lowest, 7 is highest, nothing more.",
        span(1, 7),
        {1: "lowest", 7: "highest"},
    ),
    (
        "Only return an integer from 1 to 7 — 1 meaning “not at all,” 7 meaning “completely.”",
        span(1, 7),
        {1: "not at all", 7: "completely"},
    ),
    (
        "Only return an integer from 1-7, where 1 means Not at all important and 7 means Extremely important",
        span(1, 7),
        {1: "Not at all important", 7: "Extremely important"},
    ),
    (
        "Only return an integer from -10 to 10, where -10 means 'Decrease a lot' and 10 means "
        "'Increase a lot', nothing else.",
        span(-10, 10),
        {-10: "Decrease a lot", 10: "Increase a lot"},
    ),
    (
        "Only return an integer from −3 to 3, where −3 means 'Much less' , 0 means 'Same' and 3 means 'Much more'.",
        span(-3, 3),
        {-3: "Much less", 0: "Same", 3: "Much more"},
    ),
    (
        "Only return an integer from 0 (“Strongly disagree”) to 100 (“Strongly agree”), nothing else.”",
        span(0, 100),
        {0: "Strongly disagree", 100: "Strongly agree"},
    ),
    ("Only return an integer from 1 (0% chance) to 7 (100% chance).", span(1, 7), {1: "0% chance", 7: "100% chance"}),
    ("Only return an integer from 0 to 4, representing the number of correct answers.", span(0, 4), {}),
]


@pytest.mark.parametrize(("instruction", "values", "labels"), WORDINGS)
def test_a_number_is_asked_for_in_many_words(instruction: str, values: list[int], labels: Labels) -> None:
    assert_reads(instruction, values, labels)
