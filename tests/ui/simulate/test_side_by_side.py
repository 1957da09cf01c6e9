"""Two results of the tab Simulate side by side, each by its link, with people's answers beside them."""

from urllib.parse import parse_qsl

import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.loading import load_model
from socrates_core.people.edit import Filter
from socrates_core.report.what_if.picture import settings_figure
from socrates_core.report.what_if.tables import differences_table
from socrates_core.simulation.request import SimulationRequest
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import Link, beside_of, from_query, to_query
from socrates_core.ui.simulate.side_by_side import ComparingLinks

STRANGER = Visitor(None, "anyone", "address:1")


@pytest.fixture(scope="module")
def results() -> Results:
    policy = Policy(DEFAULTS, space=False, sign_in=False)
    return Results(open_catalogue([], ()), load_model("demo", "demo"), policy=policy)


def query(results: Results, **changes: object) -> str:
    source = results.catalogue.sources[0]
    cell = source.studies.cells_of("gss-welfare")[0]
    request = SimulationRequest(cell.cell_id, n=20, **changes)  # type: ignore[arg-type]
    return to_query(Link(source.name, request, results.model_name), results.catalogue)


def test_a_temperature_is_compared_with_another_for_the_same_people(results: Results) -> None:
    comparing = ComparingLinks(results)
    found = comparing.beside(STRANGER, query(results), query(results, temperature=0.5))
    (outcome,) = found.outcomes
    assert outcome.settings == ("A (temperature 1)", "B (temperature 0.5)")
    assert [one.label for one in outcome.arms] == ["Welfare", "Assistance to the poor"]
    assert {one.differences[0].basis.kind for one in outcome.arms} == {"paired"}
    shown = [simulation.answers for setting in found.settings for simulation in setting.predicted]
    assert shown == [(), ()]  # a page keeps nobody's answers
    table = differences_table(outcome)
    assert table.header[3] == "Actual"
    first = outcome.arms[0].arms[0]
    assert table.rows[0][3].startswith(f"{first.actual_mean:.2f} (")
    assert [bar.name for bar in settings_figure(outcome).data][2] == "Actual answers"
    assert comparing.kept(query(results)).startswith("<p class='stale' role='status'><b>Kept as A:</b> ")


def test_other_people_are_paired_as_far_as_they_are_the_same(results: Results) -> None:
    democrats = query(results, edits=(Filter("party_id", ("Democrat",)),))
    (outcome,) = ComparingLinks(results).beside(STRANGER, query(results), democrats).outcomes
    assert outcome.settings[1] == "B (party identification is Democrat)"
    assert differences_table(outcome).header[3] == "Actual, people of A"
    kinds = {one.differences[0].basis.kind for one in outcome.arms}
    assert kinds <= {"partly paired", "independent"}


def test_base_adapter_and_uniform_stand_beside_people_s_answers(results: Results) -> None:
    found = ComparingLinks(results).against_baselines(STRANGER, query(results))
    assert [one.name for one in found.settings] == ["base", "adapter", "uniform"]
    names = [bar.name for bar in settings_figure(found.outcomes[0]).data]
    assert names == ["base", "adapter", "uniform", "Actual answers"] * 2


def test_no_result_is_nothing_to_compare(results: Results) -> None:
    with pytest.raises(SocratesError, match="no result to compare"):
        ComparingLinks(results).kept("")


def test_a_link_to_two_settings_holds_both(results: Results) -> None:
    first, second = query(results), query(results, temperature=0.5)
    link = dict(parse_qsl(ComparingLinks(results).link(first, second)))
    kept, shown = beside_of(link, results.catalogue), from_query(link, results.catalogue)
    assert kept is not None
    assert shown is not None
    assert (to_query(kept, results.catalogue), to_query(shown, results.catalogue)) == (first, second)
    assert beside_of(dict(parse_qsl(second)), results.catalogue) is None
    for wrong in ("cell=99999999.x", f"{first}&seed=-1", "x" * 8_001):
        with pytest.raises(SocratesError):
            assert beside_of({"beside": wrong}, results.catalogue) is not None
