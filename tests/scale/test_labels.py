"""Labels on some options only, labels given "respectively", and words around labels that are not of them."""

import pytest

from tests.scale.reading import ENDS, YES_NO, Example, Labels, assert_reads, span

FIVE = {1: "Never", 5: "Always"}
THREE = {3: "3 or more"}

OPTIONS_WITHOUT_TEXT: list[Example] = [
    ("Only return 1 = Never, 2, 3, 4, 5 = Always.", span(1, 5), FIVE),
    ("Only return an integer: 1 = Never, 2, 3, 4, 5 = Always.", span(1, 5), FIVE),
    ("Only return an integer from 1 to 5 (1 = Never, 2, 3, 4, 5 = Always).", span(1, 5), FIVE),
    ("Only return 1 = 'Never', 2, 3, 4, 5 = 'Always'.", span(1, 5), FIVE),
    ("Only return 1 (Never), 2, 3, 4, or 5 (Always), nothing else.", span(1, 5), FIVE),
    ("Only return 1 - Never, 2, 3, 4, 5 - Always.", span(1, 5), FIVE),
    ("Only return 1=Never/2/3/4/5=Always.", span(1, 5), FIVE),
    ("Only return 5 = Always, 4, 3, 2, 1 = Never.", span(1, 5), FIVE),
    ("Only return 1: Never, 2, 3: Now and then, 4, 5: Always.", span(1, 5), {**FIVE, 3: "Now and then"}),
    # numbers at the end of a label that lead to no other option are of the label
    ("Only return 1 for $1,002 or 3 for $3,004.", [1, 3], {1: "$1,002", 3: "$3,004"}),
    ("Only return 1 for rooms 4, 5, 2 for rooms 6, 7.", [1, 2], {1: "rooms 4, 5", 2: "rooms 6, 7"}),
    # the ends of a range are known, their texts are not
    ("Only return an integer from 1 to 5 (1 = Never 2 3 4 5 = Always).", span(1, 5), {}),
]

LAST_OPTION_OPEN: list[Example] = [
    ("Only return 0, 1, 2, or 3 or more.", span(0, 3), THREE),
    ("Only return 0, 1, 2, 3 or more, nothing else.", span(0, 3), THREE),
    ('Only return 0, 1, 2, or "3 or more".', span(0, 3), THREE),
    ("Only return an integer (0, 1, 2, or 3 or more).", span(0, 3), THREE),
    ("Only return 0/1/2/3+.", span(0, 3), {3: "3+"}),
    ("Only return 1, 2, ..., 7 or higher.", span(1, 7), {7: "7 or higher"}),
    ("Only return 0, 1, 2, or 3 or more, where 0 means none.", span(0, 3), {0: "none", **THREE}),
    ("Only return 0, 1, 2, or 3 or more, where 3 means a lot.", span(0, 3), {3: "a lot"}),
    ("Only return 0, 1, 2, 3 or more, or 9 for Refused.", [0, 1, 2, 3, 9], {**THREE, 9: "Refused"}),
]

GIVEN_RESPECTIVELY: list[Example] = [
    ("Only return an integer from 1 to 7, where 1 and 7 mean Never and Always respectively.", span(1, 7), ENDS),
    ("Only return an integer from 1 to 7, where 7 and 1 mean Always and Never, respectively.", span(1, 7), ENDS),
    ('Only return an integer from 1 to 7, where 1 and 7 mean "Never" and "Always" respectively.', span(1, 7), ENDS),
    (
        "Only return an integer from 1 to 7, where 1, 4 and 7 represent Never, Now, and Always, respectively.",
        span(1, 7),
        {**ENDS, 4: "Now"},
    ),
    (
        "Only return an integer from 1 to 7, where 1 and 7 mean “cold, or wet” and “hot and dry” respectively.",
        span(1, 7),
        {1: "cold, or wet", 7: "hot and dry"},
    ),
    (
        "Only return an integer from 1 to 7, where 1 and 7 mean 'I don't' and 'I do' respectively.",
        span(1, 7),
        {1: "I don't", 7: "I do"},
    ),
    ("Only return 1 or 2 for Yes or No respectively.", [1, 2], YES_NO),
    ("Only return 1, 2 or 3 for A, B or C respectively.", span(1, 3), {1: "A", 2: "B", 3: "C"}),
    # which text is whose is not certain
    ("Only return an integer from 1 to 7, where 1 and 7 mean hot and dry and cold respectively.", span(1, 7), {}),
    ("Only return an integer from 1 to 7, where 1 and 7 mean bad, ugly and good respectively.", span(1, 7), {}),
    ("Only return an integer from 1 to 7, where 1 and 8 mean Never and Always respectively.", span(1, 7), {}),
    ("Only return 1 or 2 for either Yes or No respectively.", [1, 2], {}),
]

WORDS_AROUND: list[Example] = [
    ("Only return 1 (for Yes) or 2 (for No).", [1, 2], YES_NO),
    ("Only return 1 (if Yes) or 2 (if No).", [1, 2], YES_NO),
    ("Only return an integer from 1 (for Never) to 7 (for Always).", span(1, 7), ENDS),
    ("Only return 1 (For) or 2 (Against).", [1, 2], {1: "For", 2: "Against"}),
    ("Only return 1 (for the bill) or 2 (against it).", [1, 2], {1: "for the bill", 2: "against it"}),
    ("Only return 1 (for 'Yes') or 2 (for 'No').", [1, 2], YES_NO),
    ("Only return 1 (for yes) or 2 (for no).", [1, 2], {1: "yes", 2: "no"}),
    ("Only return 1 (for sale) or 2 (for rent).", [1, 2], {1: "for sale", 2: "for rent"}),
    ("Only return 1 “for sale” or 2 “for rent”.", [1, 2], {1: "for sale", 2: "for rent"}),
    ("Return 1 for Yes or 2 for No only.", [1, 2], YES_NO),
    ("Return 1 for “Yes” or 2 for “No” only.", [1, 2], YES_NO),
    ("Only return 1 for Men only or 2 for Women only.", [1, 2], {1: "Men only", 2: "Women only"}),
]


@pytest.mark.parametrize(
    ("instruction", "values", "labels"),
    [*OPTIONS_WITHOUT_TEXT, *LAST_OPTION_OPEN, *GIVEN_RESPECTIVELY, *WORDS_AROUND],
)
def test_a_label_is_read_where_it_is_certain_whose_it_is(instruction: str, values: list[int], labels: Labels) -> None:
    assert_reads(instruction, values, labels)
