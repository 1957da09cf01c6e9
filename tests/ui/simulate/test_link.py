"""Links to results: what goes in comes out, and nothing else is believed."""

import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.people.population import Filter, Range, SetValue, Shares
from socrates_core.simulation.request import SimulationRequest
from socrates_core.ui.catalogue import Catalogue, open_catalogue
from socrates_core.ui.simulate.link import Link, from_query, model_name, to_query
from tests.tables import plain


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("own") / "two words"
    plain("a", "b").save(folder)
    return open_catalogue([folder], frozenset())


def query_of(link: Link, catalogue: Catalogue) -> dict[str, str]:
    return dict(parse_qsl(to_query(link, catalogue), strict_parsing=True))


@pytest.mark.parametrize(
    "request_",
    [
        SimulationRequest(0),
        SimulationRequest(1, n=77, temperature=0.6, top_p=0.9, seed=2**53),
        SimulationRequest(1, control=1),
        SimulationRequest(1, edits=(Filter("gender", ("Female", None)), Range("age", 20, None))),
        SimulationRequest(0, edits=(SetValue("gender", "a&b=c #?%+ ü"), Shares("age", ((20, 0.25), (21, 0.75))))),
    ],
)
def test_a_link_reads_back_as_it_was_written(catalogue: Catalogue, request_: SimulationRequest) -> None:
    link = Link("two words", request_, "demo shared")
    assert from_query(query_of(link, catalogue), catalogue) == link


def test_a_query_without_a_cell_asks_for_nothing(catalogue: Catalogue) -> None:
    assert from_query({"__theme": "dark"}, catalogue) is None


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("source", "elsewhere", "no source 'elsewhere'"),
        ("cell", "0.00000000", "different data"),
        ("cell", "0", "different data"),
        ("cell", "-1.x", "cell should be a whole number"),
        ("cell", "٣.x", "cell should be a whole number"),
        ("cell", "99999999999999999999.x", "cell should be a whole number"),
        ("cell", "424242.x", "no cell 424242"),
        ("n", "1e3", "n should be a whole number"),
        ("n", "10001", "n: expected a whole number from 1 to 10,000"),
        ("temperature", "hot", "temperature should be a number"),
        ("temperature", "nan", "temperature should be between 0 and 2"),
        ("temperature", "9", "temperature should be between 0 and 2"),
        ("top_p", "0", "top_p: expected"),
        ("seed", "9" * 5000, "seed should be a whole number"),
        ("control", "x", "control should be a whole number"),
        ("control", "7", "its study has no condition 7"),
        ("edits", "[" * 5000, "its edits are not valid"),
        ("edits", "x" * 9000, "longer than 8,000"),
        ("edits", '["\\ud800"]', "its edits are not valid"),
        ("edits", "{}", "expected a list"),
        ("edits", json.dumps([{"edit": "filter", "attribute": "age", "values": [1], "more": 1}]), "edits[0].more"),
    ],
)
def test_what_a_link_cannot_hold_is_named(catalogue: Catalogue, key: str, value: str, expected: str) -> None:
    query = {**query_of(Link("two words", SimulationRequest(0)), catalogue), key: value}
    with pytest.raises(SocratesError, match=r".*") as caught:
        from_query(query, catalogue)
    assert expected in str(caught.value)


def test_a_link_is_refused_where_the_answers_are_others(tmp_path: Path, catalogue: Catalogue) -> None:
    query = query_of(Link("two words", SimulationRequest(1)), catalogue)
    plain("a", "c").save(tmp_path / "two words")
    with pytest.raises(SocratesError, match="different data"):
        from_query(query, open_catalogue([tmp_path / "two words"], frozenset()))


def test_the_name_of_a_model_tells_adapters_and_templates_apart() -> None:
    assert model_name(ModelDescription("base", adapter="mine", template="shared")) == "base mine shared"
    assert model_name(ModelDescription("uniform")) == "uniform"
