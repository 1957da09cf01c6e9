"""Instructions that state a range."""

import pytest

from socrates_core.errors import ScaleError
from socrates_core.scale.instruction import parse_scale
from tests.scale.reading import ENDS, Example, Labels, assert_reads, span

# instruction → options, labels
RANGES: list[Example] = [
    ("Only return an integer from 1 (Never) to 7 (Always), nothing else.", span(1, 7), ENDS),
    ("Only return an integer from 1 ('Never') to 7 ('Always').", span(1, 7), ENDS),
    ('Only return an integer from 1 "Never" to 7 "Always".', span(1, 7), ENDS),
    ("Only return an integer from 1 = Never to 7 = Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 meaning Never to 7 meaning Always, nothing else.", span(1, 7), ENDS),
    ("Only return an integer from 1 for Never to 7 for Always.", span(1, 7), ENDS),
    ("Only return an integer between 1 (Never) and 7 (Always).", span(1, 7), ENDS),
    ("Only return an integer from 1 (Never) to 7.", span(1, 7), {1: "Never"}),
    ("Only return an integer from 1 to 7 (1 = Never, 7 = Always), nothing else.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7 (1 = Never; 7 = Always).", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7 [1: Never, 7: Always].", span(1, 7), ENDS),
    ("Only return an integer 1-7 (1 being Never and 7 being Always).", span(1, 7), ENDS),
    ("Only return an integer from 1–7, with 1 being 'Never' and 7 being 'Always'.", span(1, 7), ENDS),
    ("Only return an integer on a scale of 1 to 7, with 1 indicating Never and 7 indicating Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where 1 corresponds to Never and 7 corresponds to Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7 where 1 represents 'Never' and 7 represents 'Always'.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, 1 is Never and 7 is Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where 1 stands for Never and 7 stands for Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, 1 – Never, 7 – Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7: 1 labelled 'Never', 7 labelled 'Always'.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7. 1 means Never and 7 means Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7.\n1 = Never\n7 = Always", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where Never = 1 and Always = 7.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where 'Never' is 1 and 'Always' is 7.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, from Never (1) to Always (7).", span(1, 7), ENDS),
    ("Only return an integer from 7 to 1, where 7 means Always and 1 means Never.", span(1, 7), ENDS),
    ("ONLY RETURN AN INTEGER FROM 1 TO 7, WHERE 1 MEANS Never AND 7 MEANS Always, NOTHING ELSE.", span(1, 7), ENDS),
    ("Only return an integer from 1 to\n7, where 1 means Never and\u00a07 means\nAlways.", span(1, 7), ENDS),
    (
        "Only return an integer from 1 to 7, where 1 means Never, 4 means Now and then, and 7 means Always.",
        span(1, 7),
        {1: "Never", 4: "Now and then", 7: "Always"},
    ),
    (
        "Only return an integer from 1 to 5, where 1 means “Much worse”, 3 means “About the same” "
        "and 5 means “Much better.”",
        span(1, 5),
        {1: "Much worse", 3: "About the same", 5: "Much better"},
    ),
    (
        "Only return an integer from 0 to 10, where 0 is the worst possible life and 10 is the best possible life.",
        span(0, 10),
        {0: "the worst possible life", 10: "the best possible life"},
    ),
    (
        "Only return an integer from -5 to 5, where -5 means Very bad, 0 means Neutral, and 5 means Very good.",
        span(-5, 5),
        {-5: "Very bad", 0: "Neutral", 5: "Very good"},
    ),
    ("Only return an integer from −3 to +3, nothing else.", span(-3, 3), {}),
    ("Only return an integer between –2 and 2.", span(-2, 2), {}),
    ("Only return an integer from -3 to -1.", span(-3, -1), {}),
    ("Only return an integer, -2 – 2.", span(-2, 2), {}),
    ("Only return a number between 0 and 1,000.", span(0, 1000), {}),
    ("Only return an integer from 0 to $500, nothing else.", span(0, 500), {}),
    ("Only return an integer from $0 to $500 in dollars.", span(0, 500), {}),
    ("Only return a percentage from 0% to 100%, nothing else.", span(0, 100), {}),
    ("Only return a percentage (0-100), nothing else.", span(0, 100), {}),
    ("Only return a percentage between 0 and 100 percent.", span(0, 100), {}),
    ("Only return an integer from 0 to 100 (percent).", span(0, 100), {}),
    ("Only return an integer from 0 percent to 100 percent.", span(0, 100), {}),
    ("Only return a multiple of 100 between 0 and 1000, nothing else.", span(0, 1000, 100), {}),
    (
        "Only return a multiple of 5 from 0 to 20, where 0 means none and 20 means all.",
        span(0, 20, 5),
        {0: "none", 20: "all"},
    ),
    ("Only return an integer from 0 to 100 in steps of 5, nothing else.", span(0, 100, 5), {}),
    ("Only return an integer between 0 and 50 in increments of 10.", span(0, 50, 10), {}),
    ("Only return an integer from 0 to 100 in 10-point increments.", span(0, 100, 10), {}),
    ("Only return a number from 0 to 100 rounded to the nearest ten.", span(0, 100, 10), {}),
    ("Only return an even number between 0 and 10.", span(0, 10, 2), {}),
    ("Only return an odd integer from 1 to 9.", span(1, 9, 2), {}),
    ("Only return a number from 0.0 to 10.0 with up to 2 decimal places.", span(0, 10), {}),
    ("Only return an integer from zero to ten.", span(0, 10), {}),
    ("Only return an integer that is at least 0 and at most 12.", span(0, 12), {}),
    ("Only return an integer greater than or equal to 1 and less than or equal to 9.", span(1, 9), {}),
    ("Only return an integer greater than 0 and less than 10.", span(1, 9), {}),
    ("Only return an integer with a minimum of 0 and a maximum of 30.", span(0, 30), {}),
    ("Only return a positive integer up to 20.", span(1, 20), {}),
    ("Return only a number from 1 to 5.", span(1, 5), {}),
    ("Respond with an integer from 1 to 5 only.", span(1, 5), {}),
    ("Respond only with a number (1-5).", span(1, 5), {}),
    ("Please answer with a single integer from 1 to 5 and nothing else.", span(1, 5), {}),
    ("Please respond with a number between 1 and 5, without any explanation.", span(1, 5), {}),
    ("Answer with a single number on a scale from 1 to 5.", span(1, 5), {}),
    ("Your answer should be a whole number between 1 and 5.", span(1, 5), {}),
    ("Your response must be an integer in the range 1 to 5.", span(1, 5), {}),
    ("Response format: an integer from 1 to 5", span(1, 5), {}),
    ("Only return an integer in the range [0, 10].", span(0, 10), {}),
    ("Please rate your agreement from 1 (Never) to 7 (Always).", span(1, 7), ENDS),
    ("Only return the number, on a 7-point scale from 1 (Never) to 7 (Always).", span(1, 7), ENDS),
    ("Only return an integer on a 7-point scale, where 1 = Never and 7 = Always.", span(1, 7), ENDS),
    ("Only return a number where 1 means Never and 7 means Always.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where higher numbers mean more trust.", span(1, 7), {}),
    ("Only return an integer from 1 to 7, where 1-3 means no and 5-7 means yes.", span(1, 7), {}),
    (
        "Only return an integer from 1 to 7, where 1 means Never and 7 means Always, with higher numbers meaning more.",
        span(1, 7),
        ENDS,
    ),
    (
        "Only return an integer from 1 to 7, where 1 means Never and 7 means Always. Do not add 2 "
        "sentences of comment.",
        span(1, 7),
        ENDS,
    ),
    (
        "Only return an integer from 1 to 7, where 1 means Never and 7 means Always, and "
        "intermediate values in between.",
        span(1, 7),
        ENDS,
    ),
    ("Only return an integer from 1 to 7, where 1 means Never and 7 means Always (do not explain).", span(1, 7), ENDS),
    ("Only return an integer from 1 to 5, or 99 for Don't know.", [*span(1, 5), 99], {99: "Don't know"}),
    (
        "Only return an integer from 1 to 5, or 6 if you have not heard of it.",
        span(1, 6),
        {6: "you have not heard of it"},
    ),
    (
        "Only return an integer from 1 to 5 (8 = Don't know, 9 = Refused).",
        [*span(1, 5), 8, 9],
        {8: "Don't know", 9: "Refused"},
    ),
    ("Only return an integer from 0 to 10, or -1.", span(-1, 10), {}),
    (
        "Only return an integer from 1 to 4, where 1 means the U.S. Congress and 4 means the U.N. Council.",
        span(1, 4),
        {1: "the U.S. Congress", 4: "the U.N. Council"},
    ),
    (
        "Only return an integer from 1 to 5, where 1 means very unlikely (0-20%) and 5 means very likely (81-100%).",
        span(1, 5),
        {1: "very unlikely (0-20%)", 5: "very likely (81-100%)"},
    ),
]


@pytest.mark.parametrize(("instruction", "values", "labels"), RANGES)
def test_an_instruction_with_a_range_gives_options_and_labels(
    instruction: str, values: list[int], labels: Labels
) -> None:
    assert_reads(instruction, values, labels)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("How good is it, where 0 is awful and 10 is great?", {0: "awful", 10: "great"}),
        ("How good is it, with 1 being 'awful' and 7 being 'great'?", {1: "awful", 7: "great"}),
        ("How good is it, where 0 is awful and 10 is great? Only return an integer.", {0: "awful", 10: "great"}),
        ("On a scale where 0 is awful and 10 is great, how good is it?", {0: "awful", 10: "great"}),
        ("How good is it? 1 - very bad, 5 - very good", {1: "very bad", 5: "very good"}),
        ("How good is it (0 = awful, 10 = great, 99 = don't know)?", {0: "awful", 10: "great", 99: "don't know"}),
        (
            "How good is it, where 0 is awful and 10 is great? If you don't know, return 99.",
            {0: "awful", 10: "great", 99: "don't know"},
        ),
    ],
)
def test_two_options_that_may_be_ends_are_left_to_the_answers(text: str, ends: dict[int, str]) -> None:
    with pytest.raises(ScaleError, match="unclear whether other options exist") as refusal:
        parse_scale(text)
    assert refusal.value.ends == ends


@pytest.mark.parametrize(
    ("text", "values", "labels"),
    [
        ("Left or right, where 1 is left and 2 is right?", [1, 2], {1: "left", 2: "right"}),
        ("How was it? 1 - bad, 2 - so so, 3 - good", [1, 2, 3], {1: "bad", 2: "so so", 3: "good"}),
        ("How was it? [1 = bad ... 5 = good]", [1, 2, 3, 4, 5], {1: "bad", 5: "good"}),
        ("How was it (1 = bad ... 5 = good)?", [1, 2, 3, 4, 5], {1: "bad", 5: "good"}),
    ],
)
def test_options_of_a_question_that_nothing_introduces_are_read(
    text: str, values: list[int], labels: dict[int, str]
) -> None:
    assert_reads(text, values, labels)
