from socrates_core.study.question import ending


def test_a_cut_question_begins_with_an_ellipsis_and_a_short_one_is_whole() -> None:
    assert ending("How warm?") == "How warm?"
    assert ending("A long story. How warm is it?", most=12) == "…warm is it?"
