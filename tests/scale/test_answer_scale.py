from socrates_core.scale.answer_scale import AnswerScale
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
