import pytest

from socrates_core.scale.answer_scale import AnswerScale, written
from socrates_core.scale.instruction import parse_scale
from tests.scale.reading import YES_NO


def test_a_scale_does_not_share_its_labels_with_the_next_one() -> None:
    first = parse_scale("Only return 1 for Yes or 2 for No.")
    assert isinstance(first.labels, dict)
    first.labels.clear()
    assert parse_scale("Only return 1 for Yes or 2 for No.").labels == YES_NO


def test_the_columns_of_a_scale_give_it_back() -> None:
    scale = parse_scale("Only return an integer from 1 to 3, where 1 means Low and 3 means High.")
    assert scale.label_column == ["Low", None, "High"]
    assert AnswerScale.from_columns([1, 2, 3], scale.label_column) == scale
    assert AnswerScale(None).contains(12)
    assert not scale.contains(4)


def test_an_option_off_the_axis_can_be_chosen_and_has_no_place_among_the_others() -> None:
    scale = AnswerScale((1, 2, 3), {1: "Low"}, {98: "Don't know", -1: ""})
    assert scale.values == (1, 2, 3)
    assert scale.options == (-1, 1, 2, 3, 98)
    assert scale.texts == {1: "Low", 98: "Don't know"}
    assert scale.contains(98)
    assert not scale.contains(97)
    assert list(scale.off_axis) == [-1, 98]


def test_options_are_written_in_the_numbers_of_the_scale() -> None:
    halves = AnswerScale((2, 3, 4), unit=0.5)
    assert [halves.written(value) for value in (2, 3, 4)] == ["1", "1.5", "2"]
    assert [written(3, 0.1), written(-7, 0.25), written(5)] == ["0.3", "-1.75", "5"]  # 3 × 0.1 is 0.30000000000000004
    assert written(120, 10) == "1200"


def test_a_gap_is_where_options_are_left_out_and_even_steps_are_none() -> None:
    assert AnswerScale((1, 2, 4, 5, 6)).gaps == ((2, 4),)
    assert AnswerScale((0, 10, 20)).gaps == ()
    assert AnswerScale(None).gaps == ()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"values": (1, 2), "off_axis": {2: "Don't know"}}, "both on the axis and off it"),
        ({"values": None, "off_axis": {9: "Refused"}}, "no options"),
        ({"values": (1, 2), "unit": 0.0}, "positive number"),
    ],
)
def test_a_scale_that_contradicts_itself_is_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AnswerScale(**wrong)  # type: ignore[arg-type]
