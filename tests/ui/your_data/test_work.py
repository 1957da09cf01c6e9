import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyreadstat
import pytest
from starlette.requests import Request

from socrates_core.errors import SocratesError
from socrates_core.model.baselines import UniformModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.map.writing import raw_of
from socrates_core.ui.access.uploads import Upload
from socrates_core.ui.access.visitors import DEFAULTS, Policy, Visitor
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.upload import upload_route
from socrates_core.ui.your_data.view import found_html, preview_html
from socrates_core.ui.your_data.work import OwnData, opened, people_sent, predict, read, sends_the_same
from tests.real_files import REAL_STUDIES, needs_real_studies

STRANGER = Visitor(None, "anyone", "address:1")
ATTACK = "<img src=x onerror=alert(1)>"


def brought(content: str, name: str = "survey.csv") -> OwnData:
    upload = Upload(name)
    upload.path.write_text(content, "utf-8")
    return opened(upload)


@pytest.fixture(scope="module")
def results() -> Results:
    return Results(open_catalogue([], ()), UniformModel(), policy=Policy(DEFAULTS, space=False, sign_in=False))


@pytest.fixture(scope="module")
def own() -> OwnData:
    rows = "".join(f"p{i},{'ab'[i % 2]},{i % 5 + 1},{20 + i}\n" for i in range(40))
    found = brought(f"id,arm,q1,age\n{rows}")
    return read(found, found.base)


def test_a_visitors_data_is_predicted_and_nothing_is_kept_for_others(results: Results, own: OwnData) -> None:
    request = SimulationRequest(0, n=50)
    found = predict(results, STRANGER, own, results.model_name, request, confirmed=False)
    arm = found.arms[0]
    assert arm.n_actual == 20
    assert arm.actual_mean == pytest.approx(3.0)  # 1, 3, 5, 2, 4 again and again
    assert arm.score is not None
    assert arm.score.interval.low <= arm.score.wasserstein <= arm.score.interval.high
    assert any("read the same texts" in note for note in found.notes)
    assert results._results == {}
    assert len(results.memory._stores) == 0
    assert own.upload.name not in str(results.catalogue.sources[-1].studies.study_ids)


def test_the_preview_shows_cells_rows_and_what_is_left_out(own: OwnData) -> None:
    drawn = preview_html(own)
    assert "40 people, 40 answers, 2 conditions." in drawn
    assert drawn.count("<tr>") == 1 + 2 + 1 + 10
    assert "3.000" in drawn
    assert "<b>survey.csv</b>: 40 rows, 4 columns, a row a person." in found_html(own)


def test_html_and_formulas_in_cells_and_names_are_shown_as_text() -> None:
    own = brought(f'id,arm,"{ATTACK}",q1,demo_x\np1,{ATTACK},1,1,=1+2\np2,=cmd(),2,3,{ATTACK}\n', f"{ATTACK}.csv")
    own = read(own, own.base)
    drawn = preview_html(own) + found_html(own)
    assert "<img" not in drawn
    assert "=cmd()" in drawn
    assert "=1+2" in drawn


def test_messages_name_the_file_as_the_visitor_does() -> None:
    own = brought("id,q1\np1,1\np2,2\n")
    wrong = map_of({"outcomes": {"q2": {"question": "x"}}}, "the test")
    with pytest.raises(SocratesError, match=r"^survey\.csv has no column 'q2'"):
        read(own, wrong)
    with pytest.raises(SocratesError, match=r"^empty\.csv has no rows below its column names"):
        brought("a,b\n", "empty.csv")


def test_a_survey_file_that_cannot_be_read_is_named_without_its_place() -> None:
    upload = Upload("survey.csv")
    upload.path.write_text("id,q1\np1,1\n", "utf-8")
    upload.survey = "fair.qsf"
    upload.path.with_suffix(".qsf").write_text("{", "utf-8")
    with pytest.raises(SocratesError, match=r"^fair\.qsf"):
        opened(upload)


def test_a_map_that_leaves_no_answer_says_so() -> None:
    own = brought("id,q1\np1,1\np2,2\n")
    raw = {"outcomes": {"q1": {"question": "x?", "scale": {"from": 1, "to": 2}, "missing": [1, 2]}}}
    with pytest.raises(SocratesError, match=r"nothing to prepare in survey\.csv: it has no rows"):
        read(own, map_of(raw, "the test"))


def test_more_answers_than_the_page_can_read_are_refused_with_the_way_out() -> None:
    rows = "".join(f"{i % 5 + 1},{i % 3 + 1}\n" for i in range(60_000))
    own = brought(f"q1,q2\n{rows}")
    assert "50,000 or more rows" in found_html(own)
    many = {f"q{i % 2 + 1}": {"question": "x?", "scale": "open"} for i in range(2)}
    assert read(own, map_of({"outcomes": many}, "the test")).studies is not None
    wide = "id," + ",".join(f"q{i}" for i in range(40))
    own = brought(wide + "\n" + ("1," * 40 + "2\n") * 50_001)
    asked = {f"q{i}": {"question": "x?", "scale": "open"} for i in range(40)}
    with pytest.raises(SocratesError, match="50,001 rows with 40 outcomes are 2,000,040 answers; the page reads up to"):
        read(own, map_of({"outcomes": asked}, "the test"))


def test_people_go_to_another_server_only_when_the_visitor_agrees(own: OwnData) -> None:
    model = EndpointModel("gpt", "http://127.0.0.1:9/v1")
    told = people_sent(own, "survey", model)
    assert told.startswith("I may send to http://127.0.0.1:9/v1, which answers as gpt: age of up to 40 people")
    assert people_sent(own, "survey", UniformModel()) == ""
    # who has agreed to one list of columns has not agreed to another
    bare = read(own, map_of({"outcomes": {"q1": {"question": "x?", "scale": "open"}}}, "the test"))
    assert ": nothing about people, and the texts" in people_sent(bare, "survey", model)
    assert sends_the_same(own, replace(own), model)
    assert not sends_the_same(bare, own, model)
    assert not sends_the_same(replace(own, studies=None), own, model)
    results = Results(open_catalogue([], ()), model, policy=Policy(DEFAULTS, space=False, sign_in=False))
    with pytest.raises(SocratesError, match="Tick the box that names what would be sent there"):
        predict(results, STRANGER, own, results.model_name, SimulationRequest(0, n=5), confirmed=False)


def test_two_visitors_have_two_studies(results: Results, own: OwnData) -> None:
    other = brought("id,q1\np1,1\np2,2\n")
    other = read(other, other.base)
    assert other.upload.path.parent != own.upload.path.parent
    other.upload.close()
    assert own.upload.path.is_file()
    with pytest.raises(SocratesError, match="Press Preview first"):
        predict(results, STRANGER, replace(other, studies=None), "", SimulationRequest(0), confirmed=False)


def test_a_workbook_and_a_file_of_spss_are_brought_like_a_text_table(results: Results) -> None:
    asked = {"q1": {1: "Never", 2: "Sometimes", 3: "Often"}}
    rows = pl.DataFrame({"id": ["a", "b", "c"], "arm": ["x", "y", "x"], "q1": [1, 3, 2]})
    book, spss = Upload("survey.xlsx"), Upload("survey.sav")
    workbook = openpyxl.Workbook()
    for row in (rows.columns, *rows.rows()):
        workbook.active.append(row)
    workbook.save(book.path)
    pyreadstat.write_sav(
        rows.to_pandas(), str(spss.path), variable_value_labels=asked, column_labels={"q1": "How often?"}
    )
    for upload in (book, spss):
        own = opened(upload)
        own = read(own, own.base)
        found = predict(results, STRANGER, own, results.model_name, SimulationRequest(0, n=10), confirmed=False)
        assert [(arm.cell.condition, arm.actual_mean) for arm in found.arms] == [("x", 1.5), ("y", 3.0)]
    assert found.arms[0].cell.scale.labels == asked["q1"]
    assert found.arms[0].cell.stimulus.startswith("How often?")


@needs_real_studies
@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("gss_spend_welfare.sav", {"standard wording (form X)": 2.135, "alternate wording (form Y)": 1.340}),
        ("targeting_fairness.csv", {"broad": 6.380, "female": 7.472}),
    ],
)
def test_real_files_come_out_as_they_are_without_a_correction(name: str, means: dict[str, float]) -> None:
    upload = Upload(name)
    upload.path.write_bytes((REAL_STUDIES / name).read_bytes())
    if (REAL_STUDIES / name).with_suffix(".qsf").is_file():
        upload.path.with_suffix(".qsf").write_bytes((REAL_STUDIES / name).with_suffix(".qsf").read_bytes())
    own = opened(upload)
    studies = read(own, own.base).studies
    assert studies is not None
    assert studies.cell(0).scale.labels
    found = {
        cell.condition: float(studies.answers(cell.cell_id).responses.mean())
        for cell in studies.cells_of(studies.study_ids[0])
    }
    assert found == pytest.approx(means, abs=5e-4)


def test_answers_that_the_scale_does_not_have_are_named_above_the_figures_and_with_the_result(
    results: Results, own: OwnData
) -> None:
    # 1 to 5 in turn, read on a scale from 1 to 3: two of five are lost, and the mean is 2 instead of 3
    scale = {"from": 1, "to": 3}
    raw = {"participant": "id", "condition": "arm", "outcomes": {"q1": {"question": "Like?", "scale": scale}}}
    narrow = read(own, map_of(raw, "the test"))
    told = "a: 8 of 20 answers (40%) are not on the scale of “Like?”, such as 4, 5; they are left out of every figure"
    assert narrow.beyond[0][0] == ("q1",)  # the script repeats it beside this column
    assert narrow.beyond[0][1].startswith(told)
    assert f"<div data-columns='[&#34;q1&#34;]'><p class='warning'>{told}" in preview_html(narrow)
    found = predict(results, STRANGER, narrow, results.model_name, SimulationRequest(0, n=5), confirmed=False)
    assert found.notes[0].startswith(told)
    assert own.beyond == ()


def test_an_answer_column_of_a_long_table_is_named_where_its_scale_does_not_fit() -> None:
    rows = "".join(f"s,{i % 2 + 1},p{i},Like?,{i % 5 + 1}\n" for i in range(20))
    own = brought(f"study_id,condition_num,participant_id,question,response\n{rows}")
    narrow = read(own, map_of({**raw_of(own.base), "scale": {"from": 1, "to": 3}}, "the test"))
    assert narrow.beyond[0][0] == ("response",)


@pytest.mark.parametrize("end", ["the page is closed", "the page is stuck"])
def test_a_file_that_is_not_sent_to_its_end_leaves_nothing(
    results: Results, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socrates_core.ui.your_data.upload.PATIENCE", 0.2)
    parts = [{"type": "http.request", "body": b"a,b\n", "more_body": True}]
    parts += [{"type": "http.disconnect"}] * (end == "the page is closed")

    async def receive() -> dict[str, Any]:
        return parts.pop(0) if parts else await asyncio.sleep(60, {})

    headers = [(b"content-length", b"4000"), (b"x-file-name", b"half.csv"), (b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/your-data", "headers": headers, "query_string": b"",
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "session": {}}  # fmt: skip
    made: set[Path] = set(Path(tempfile.gettempdir()).glob("socrates-data-*"))
    with ThreadPoolExecutor() as apart:  # this thread may have a loop of its own
        answer = apart.submit(asyncio.run, upload_route(results).endpoint(Request(scope, receive))).result()
    assert answer.status_code == 400
    assert set(Path(tempfile.gettempdir()).glob(f"socrates-data-{os.getpid()}-*")) <= made
