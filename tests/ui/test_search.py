"""Search of the studies: where words are found, and in which order."""

import pytest

from socrates_core.ui.catalogue import Catalogue, open_catalogue
from socrates_core.ui.choosing.search import hits_html, search


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return open_catalogue([], frozenset())


@pytest.mark.parametrize(
    ("query", "field", "study"),
    [
        ("spending on the poor", "title", "gss-welfare"),
        ("ASSISTANCE to", "question", "gss-welfare"),  # case aside
        ("gss-welfare", "topic", "gss-welfare"),
        ("counseling ironwood", "text", "society-207"),
        ("oppose or support the mental health", "question", "society-207"),
    ],
)
def test_titles_questions_topics_and_texts_are_searched(
    catalogue: Catalogue, query: str, field: str, study: str
) -> None:
    found = {hit.entry.study.study_id: hit.place.field for hit in search(catalogue, query)}
    assert found[study] == field


def test_every_word_must_occur_and_titles_come_before_texts(catalogue: Catalogue) -> None:
    fields = [hit.place.field for hit in search(catalogue, "police")]
    assert fields == sorted(fields, key=("title", "question", "condition", "topic", "text").index)
    assert search(catalogue, "police zebra") == []
    assert search(catalogue, "  ") == []


def test_no_match_is_said_and_what_was_typed_stays_text(catalogue: Catalogue) -> None:
    said = hits_html(catalogue, "<img src=x> zebra")
    assert (
        "No match for “<bdi>&lt;img src=x&gt; zebra</bdi>” in the titles, questions, texts and topics of 276 studies."
        in said
    )
    assert "<img" not in hits_html(catalogue, "<img src=x>" * 50)
    assert hits_html(catalogue, " ") == ""


def test_a_hit_leads_to_the_cell_that_holds_the_words(catalogue: Catalogue) -> None:
    source = catalogue.sources[0]
    cell = next(cell for cell in source.studies.cells_of("gss-welfare") if cell.condition_num == 2)
    said = hits_html(catalogue, "the problem: assistance to the poor")
    assert f"data-pick='bundled {cell.cell_id}'" in said
    assert "<mark>" in said
