from socrates_core.people.distinct import distinct_personas, persona_key


def test_people_of_whom_the_same_is_known_are_one_question() -> None:
    found = distinct_personas([{"age": 30}, {"age": 40}, {"age": 30}, {}])
    assert found.personas == [{"age": 30}, {"age": 40}, {}]
    assert found.place.tolist() == [0, 1, 0, 2]


def test_another_order_of_attributes_is_another_prompt() -> None:
    assert persona_key({"age": 30, "sex": "f"}) != persona_key({"sex": "f", "age": 30})


def test_nobody_is_no_question() -> None:
    assert distinct_personas([]).personas == []
