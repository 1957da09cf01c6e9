"""How many people a prediction is worth asking, in words."""

from socrates_core.trust.worth import Worth


def worth_words(worth: Worth) -> str:
    """`3 people (80 % interval 2 to 5)`."""
    people, low, high, most = (_people(one) for one in (worth.people, worth.low, worth.high, worth.most))
    top = f"{most} or more" if worth.people >= worth.most else people
    return f"{top} {'person' if top == '1' else 'people'} (80 % interval {low} to {high})"


def _people(people: float) -> str:
    return f"{people:,.0f}" if people >= 1.5 else f"{people:.1f}".removesuffix(".0")
