import pytest

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.sources.table.answers import BETWEEN, CONTRADICTION, SEVERAL, UNREADABLE, Reading, read_answer
from socrates_core.study.sources.table.map.rule import AnswerRule

SEVEN = AnswerScale(tuple(range(1, 8)), {1: "Strongly disagree", 7: "Strongly agree"})
TOOLS = AnswerScale((1, 2, 3), {1: "a hammer", 2: "a saw", 3: "a drill"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("3.0", 3), (" 7 ", 7), ("-99", -99),
        ("Strongly agree", 7), ("STRONGLY  AGREE.", 7), ("“Strongly agree”", 7),
        ("7 - Strongly agree", 7), ("7 – Strongly agree", 7), ("7: Strongly agree", 7), ("7 = Strongly agree", 7),
        ("7. Strongly agree", 7), ("7) Strongly agree", 7), ("(7) Strongly agree", 7), ("7 (Strongly agree)", 7),
        ("7 Strongly agree", 7), ("Strongly agree (7)", 7), ("Strongly agree - 7", 7), ("Strongly agree = 7", 7),
        ("4 - neither", 4), ("neither (4)", 4),
    ],
)  # fmt: skip
def test_a_number_a_text_or_both_name_an_option(text: str, value: int) -> None:
    assert read_answer(text, SEVEN).value == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("3.5", BETWEEN),
        ("1,3", SEVERAL), ("1;3", SEVERAL), ("[1, 3]", SEVERAL), ('["1", "3"]', SEVERAL), ("1|3", SEVERAL),
        ("1 3", SEVERAL), ("1 and 3", SEVERAL), ("a hammer, a drill", SEVERAL), ("1, a drill", SEVERAL),
        ("3 - a hammer", CONTRADICTION), ("a hammer (3)", CONTRADICTION),
        ("a spanner", UNREADABLE), ("1,9", UNREADABLE), ("3 days", UNREADABLE), ("12 or 13", UNREADABLE),
        ("1e3", UNREADABLE), ("12345678901234567890", UNREADABLE), ("10²", UNREADABLE), ("1½", UNREADABLE),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_says_why(text: str, problem: str) -> None:
    assert read_answer(text, TOOLS) == Reading(problem=problem)


@pytest.mark.parametrize("text", ["", "n/a", "NaN", "null", ".", "#N/A", "<NA>"])
def test_texts_of_programs_for_no_answer_are_missing(text: str) -> None:
    assert read_answer(text, SEVEN) == Reading()


def test_an_option_that_is_called_none_is_an_option() -> None:
    assert read_answer("None", AnswerScale((0, 1), {0: "None", 1: "Some"})).value == 0
    assert read_answer("don’t know", AnswerScale((1, 2), off_axis={98: "Don't know"})).value == 98


def test_a_text_that_two_options_have_names_neither() -> None:
    assert read_answer("Maybe", AnswerScale((1, 2), {1: "Maybe", 2: "maybe."})).problem == UNREADABLE


def test_half_steps_count_in_halves() -> None:
    # 1 to 5 in steps of 0.5 are 2 to 10 halves
    halves = AnswerScale(tuple(range(2, 11)), unit=0.5)
    assert [read_answer(text, halves).value for text in ("1", "3.5", "5.0")] == [2, 7, 10]
    assert read_answer("3.25", halves).problem == BETWEEN


def test_rounding_goes_to_the_nearest_option_and_to_the_even_one_between_two() -> None:
    rule = AnswerRule(to_nearest=True)
    found = [read_answer(text, SEVEN, rule).value for text in ("1.4", "1.5", "2.5", "6.9", "9")]
    assert found == [1, 2, 2, 7, 9]  # 9 is off the scale, and stays


def test_a_bin_holds_its_lower_edge_and_the_last_one_both() -> None:
    rule = AnswerRule(AnswerScale((1, 2, 3)), edges=(0, 10, 50, 100))
    found = [read_answer(text, rule.scale, rule).value for text in ("0", "9.9", "10", "50", "100", "-1", "101")]
    assert found == [1, 1, 2, 3, 3, 0, 4]  # 0 and 4 are off the scale
