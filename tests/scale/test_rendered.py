"""Instructions put together from parts are read back, and any text is read or refused."""

from hypothesis import given, settings
from hypothesis import strategies as st

from socrates_core.errors import ScaleError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from tests.scale.reading import span

WORDS = st.sampled_from(
    ["red", "hot and dry", "up or down", "Don't", "U.S. made", "for sale", "to go", "ten", "Yes, so", "$5-$9"]
)

LABEL = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)

RENDERED_RANGES = [
    "an integer from {a} to {b}, where {a} means {x} and {b} means {y}, nothing else.",
    "a number between {a} and {b}, where {a} = {q}{x}{q} and {b} = {q}{y}{q}.",
    "an integer from {a} ({x}) to {b} ({y}), nothing else.",
    "an integer from {a} to {b} ({a} = {x}; {b} = {y}).",
    "an integer from {a} to {b}.\n{a}: {x}\n{b}: {y}",
    "{a} for {x}, up to {b} for {y}.",
]


@given(
    low=st.integers(-20, 20),
    width=st.integers(1, 200),
    texts=st.tuples(LABEL, LABEL),
    form=st.sampled_from(RENDERED_RANGES),
    quote=st.sampled_from(["'", '"']),
)
@settings(max_examples=300, deadline=None)
def test_a_rendered_range_is_read_back(low: int, width: int, texts: tuple[str, str], form: str, quote: str) -> None:
    high = low + width
    instruction = "Only return " + form.format(a=low, b=high, x=texts[0], y=texts[1], q=quote)
    scale = parse_scale(f"In 2020, 3 to 4 of 5 voted. How much? {instruction}")
    assert scale == AnswerScale(tuple(span(low, high)), {low: texts[0], high: texts[1]})


@given(
    texts=st.lists(LABEL, min_size=2, max_size=9),
    first=st.integers(0, 3),
    link=st.sampled_from([" for ", " = ", " if ", ": "]),
    separator=st.sampled_from(["; ", ", ", "\n"]),
    last=st.sampled_from(["", "or "]),
    quotes=st.sampled_from(["“”", '""', "''", "‘’", "  "]),
    tail=st.sampled_from([", nothing else.", ".", "", ', nothing else."']),
)
@settings(max_examples=500, deadline=None)
def test_a_rendered_option_list_is_read_back(
    texts: list[str], first: int, link: str, separator: str, last: str, quotes: str, tail: str
) -> None:
    items = [f"{code}{link}{quotes[0].strip()}{text}{quotes[1].strip()}" for code, text in enumerate(texts, first)]
    items[-1] = last + items[-1]
    scale = parse_scale(f"Choose 1, 2, or 3. Only return {separator.join(items)}{tail}")
    assert scale == AnswerScale(tuple(range(first, first + len(texts))), dict(enumerate(texts, first)))


@given(st.text(max_size=300), st.sampled_from(["Only return ", "Only return an integer from 1 to ", "Please rate 1 "]))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str, start: str) -> None:
    try:
        scale = parse_scale(start + text)
    except ScaleError:
        return
    assert scale.values is None or len(scale.values) > 1
