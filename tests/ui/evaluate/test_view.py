"""What the page says of runs; names and messages of folders are only text."""

import re
from dataclasses import replace

import pytest

from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.runs.index import KindFigures, RunRow
from socrates_core.runs.plan import Pace, RunPlan, TokenCount
from socrates_core.ui.evaluate.form import Preview
from socrates_core.ui.evaluate.preview import preview_html, seen_html
from socrates_core.ui.evaluate.view import (
    comparison_html,
    live_html,
    position_words,
    progress_words,
    report_html,
    table_html,
    title_of,
)

FREE: dict[str, str | None] = {"launch": None, "cancel": None, "delete": None}
REAL = KindFigures("real", 0.1978, 0.17, 0.22, 0.073, 0.99, 45)
ROW = RunRow(
    name="abc", model="demo", adapter=None, studies="bundled", part="test", per_cell=20, seed=42, state="finished",
    phase=None, ahead=None, done=7, total=7, rate=None, left=None, updated=1e9, owner=None, seconds=None,
    kinds=(REAL,), contaminated=False, message=None, readable=True, stamp="",
)  # fmt: skip
RUNNING = replace(ROW, state="running", phase="predicting", total=70, rate=120.0, left=300.0, ahead=0, kinds=())
EVIL = "<img src=x onerror=alert(1)>'\""


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "predicting, 7 of 70 cells, 120 answers per second, 5 min left"),
        ({"rate": 0.25, "left": 0.2}, "predicting, 7 of 70 cells, 0.25 answers per second, almost done"),
        ({"phase": "loading", "total": None, "rate": None, "left": None}, "loading studies and model"),
        ({"phase": "scoring", "done": 70, "left": None}, "scoring, 70 of 70 cells"),
        ({"phase": "stopping", "left": None}, "stopping after the current cells, 7 of 70 cells"),
        ({"state": "waiting", "phase": "waiting", "ahead": 1}, "waiting, next in the queue"),
        ({"state": "waiting", "phase": "waiting", "ahead": 2}, "waiting, 2nd in the queue"),
        ({"state": "waiting", "phase": "stopping", "ahead": 2}, "leaving the queue"),
    ],
)
def test_how_far_a_run_is(changed: dict[str, object], said: str) -> None:
    row = replace(RUNNING, **changed)  # type: ignore[arg-type]
    assert progress_words(row) == said
    assert said in words(live_html([row, ROW]))


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(1, "next"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (112, "112th")],
)
def test_places_in_line_are_ordinals(ahead: int, said: str) -> None:
    assert position_words(ahead) == f"{said} in the queue"


def test_a_finished_run_stands_with_interval_floor_and_stamp() -> None:
    page = table_html([replace(ROW, contaminated=True)], FREE)
    assert "0.198 [0.170, 0.220] 45 real studies, noise floor 0.073 CONTAMINATED" in words(page)
    assert "finished" in words(page)
    assert [act for act in ("open", "cancel", "resume", "delete") if f"data-act='{act}'" in page] == ["open", "delete"]


def test_real_and_synthetic_studies_have_their_own_w_and_there_is_none_over_both() -> None:
    synthetic = KindFigures("synthetic", 0.063, 0.054, 0.070, 0.035, 0.61, 20)
    page = words(table_html([replace(ROW, kinds=(REAL, synthetic))], FREE))
    assert "0.198 [0.170, 0.220] 45 real studies, noise floor 0.073" in page
    assert (
        "0.063 [0.054, 0.070] 20 synthetic studies, noise floor 0.035 only 61% of its probability is on the scale"
    ) in page
    assert "65 studies" not in page


def test_a_finished_run_whose_metrics_cannot_be_read_says_why() -> None:
    why = "metrics.json is of format 7, this version reads 1; score it again"
    page = table_html([replace(ROW, kinds=(), message=why)], FREE)
    assert f"finished {why}" in words(page)


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        ("running", ["duplicate", "cancel"]),
        ("waiting", ["duplicate", "cancel"]),
        ("interrupted", ["duplicate", "resume", "delete"]),
        ("cancelled", ["duplicate", "resume", "delete"]),
        ("failed", ["duplicate", "resume", "delete"]),
        ("new", ["duplicate", "resume", "delete"]),
    ],
)
def test_each_state_has_its_actions(state: str, acts: list[str]) -> None:
    page = table_html([replace(RUNNING, state=state, phase=None)], FREE)  # type: ignore[arg-type]
    assert re.findall(r"data-act='(\w+)'", page) == acts
    assert "data-choose" not in page


def test_a_visitor_sees_why_a_button_is_not_his() -> None:
    refused = dict.fromkeys(FREE, "Only the owner of this Space may.")
    page = table_html([ROW, replace(RUNNING, name="b")], refused)
    assert page.count("disabled") == 4
    assert page.count("title='Only the owner of this Space may.'") == 4
    assert "data-act='open'" in page


def test_no_runs_say_what_to_do() -> None:
    assert "No runs yet" in table_html([], FREE)
    assert live_html([ROW]) == ""


def test_whatever_a_folder_says_is_only_text() -> None:
    evil = replace(ROW, name=EVIL, model=EVIL, adapter=EVIL, studies=EVIL, part=EVIL, message=EVIL)
    pages = [
        table_html(
            [evil, replace(evil, state="failed"), replace(evil, readable=False)], {"delete": EVIL, "launch": EVIL}
        ),
        live_html([replace(evil, state="running", phase="predicting")]),
        report_html(evil, single_answers=True),
        comparison_html("0123", [EVIL, EVIL]),
        seen_html([EVIL]),
    ]
    for page in pages:
        assert "<img" not in page
        assert not re.search(r"(?<!data-run=)(?<!data-choose=)'\"", page.replace("&#39;", "").replace("&#34;", ""))
    assert "run/%3Cimg" in pages[2]


def test_a_name_that_is_no_text_does_not_break_the_page() -> None:
    page = table_html([replace(ROW, name="run\udcff", model="m\udcff")], FREE) + report_html(
        replace(ROW, name="run\udcff"), single_answers=False
    )
    assert page.encode("utf-8")
    assert "predictions.parquet" not in page


def test_folders_are_shown_by_their_own_name() -> None:
    assert title_of(replace(ROW, model="/data/models/mine", adapter="/data/adapters/tuned")) == "mine + tuned"
    assert title_of(replace(ROW, model="Qwen/Qwen2.5-14B-Instruct")) == "Qwen/Qwen2.5-14B-Instruct"


SPEC = EvaluationSpec(studies="bundled", data="d", part="test", split="s", model="demo", per_cell=20)
PLAN = RunPlan(studies=45, cells=177, answers=3540, given=21_012, left_out=2, fewest=20)


def test_a_preview_names_size_tokens_sharing_and_where_its_time_is_from() -> None:
    tokens = TokenCount(175_009, 638_530, estimated=False)
    pace = Pace(59.0, 3.0, 0.01, "same studies")
    page = words(preview_html(Preview(SPEC, PLAN, tokens, "", pace, (), False), active=2))
    for said in ("Studies 45", "Cells 177", "2 more cannot be evaluated", "3,540 of 21,012: at most 20 per cell",
                 "175k", "3.6×", "639k tokens without sharing", "about 65 s at 59 answers per second, from this model",
                 "2 runs are running or queued"):  # fmt: skip
        assert said in page
    assert "not compared; enter 0 as People per cell to compare all" in page
    every = preview_html(Preview(SPEC, replace(PLAN, answers=21_012), None, "", None, (), False), active=0)
    assert "21,012 all of these cells" in words(every)
    guessed = replace(pace, source="calibration")
    page = words(preview_html(Preview(SPEC, PLAN, replace(tokens, estimated=True), "", guessed, (), True), active=0))
    for said in ("about 175k", "measured on a few cells", "the same model on the GPU"):
        assert said in page


def test_a_preview_without_estimate_says_why() -> None:
    small = replace(PLAN, fewest=2)
    unknown = words(preview_html(Preview(SPEC, small, None, "the model x is not here", None, (), False), 0))
    assert "cannot be estimated: the model x is not here" in unknown
    assert "The smallest cell has 2 people" in unknown
    assert "no comparable run" in words(preview_html(Preview(SPEC, PLAN, None, "", None, (), False), 0))
    not_asked = Preview(SPEC, PLAN, None, "", None, (), False, measured=False)  # by somebody who may not start it
    assert "estimate" not in words(preview_html(not_asked, 0))


def test_studies_that_were_seen_are_named_up_to_a_dozen() -> None:
    assert seen_html([]) == ""
    assert "trained on 1 of these studies: a." in words(seen_html(["a"]))
    assert "s11 and 8 more" in words(seen_html([f"s{i:02}" for i in range(20)]))
