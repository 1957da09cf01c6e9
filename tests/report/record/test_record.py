"""A prediction that is recorded before people answer, and scored afterwards."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from socrates_core.errors import SocratesError, SourceError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import SampledNumbers
from socrates_core.model.baselines import UniformModel
from socrates_core.model.loading import load_model
from socrates_core.report.prediction.files import model_words
from socrates_core.report.record.command import record as record_command
from socrates_core.report.record.frozen import FrozenClaim
from socrates_core.report.record.judging import Inside, judged
from socrates_core.report.record.making import digests, make_record, packed
from socrates_core.report.record.opening import LARGEST, open_record
from socrates_core.report.record.report import scored_files, scored_lines, scored_picture
from socrates_core.report.record.scoring import score_record
from socrates_core.report.record.words import OPEN, population_words
from socrates_core.simulation.robustness.asking import in_both_orders
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.sources.file.frames import column_names
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import read_form, study_of
from tests.ends import exit_code

STUDY = """socrates_study: 1
title: Menu <b>labels</b>
conditions:
  - {label: plain, text: You read a menu., control: true}
  - {label: climate, text: You read a menu with labels.}
outcomes:
  - name: intention
    question: "How likely?"
    scale: {from: 1, to: 3, labels: {1: Not, 3: Very}, off_axis: {8: Do not know}}
population: gss-answers
"""
MAP = "participant: id\ncondition: {column: arm}\noutcomes: {intention: {}}\n"
WHEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


BASIS = {"kind": "real", "groups": 15, "studies": 34, "family": "all scales", "sharpened": True}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(STUDY)
    form = read_form(folder / "study.yaml")
    found = simulate_study(study_of(form, folder, "s"), load_model("uniform"), Sampling(20), keep_answers=True)
    return make_record(form, found, population_words(form.population), WHEN)


@pytest.fixture
def path(record: bytes, tmp_path: Path) -> Path:
    (tmp_path / "record.zip").write_bytes(record)
    return tmp_path / "record.zip"


def files_of(record: bytes) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(record)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_everything_and_says_what_it_is(path: Path, record: bytes) -> None:
    files = files_of(record)
    assert json.loads(files["manifest.json"]) == digests({k: v for k, v in files.items() if k != "manifest.json"})
    about = json.loads(files["record.json"])
    assert about["made"] == "2026-11-28T12:00:00Z"
    assert about["simulated"] is True
    assert "synthetic data" in about["disclosure"]
    assert len(about["to_report"]) == 14
    assert any(one["answer"] == OPEN for one in about["to_report"])
    assert "Menu &lt;b&gt;labels&lt;/b&gt;" in files["index.html"]
    assert open_record(path).study.startswith("socrates_study: 1")
    assert packed(files) == record  # equal contents are equal bytes


def test_the_frozen_prediction_is_scored_against_people(path: Path, tmp_path: Path) -> None:
    rows = ["id,arm,intention", *(f"{i},{('plain', 'climate')[i % 2]},{(1, 3)[i % 2]}" for i in range(40))]
    (tmp_path / "answers.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "map.yaml").write_text(MAP)
    opened = open_record(path)
    scored = score_record(opened, tmp_path / "answers.csv", tmp_path / "map.yaml")
    simulation = scored.found[0].simulation
    assert simulation is not None
    # uniform over 1, 2, 3 against everybody at one end: (1 + 2) / 3 steps of 2
    assert [arm.w for arm in simulation.arms] == [pytest.approx(0.5), pytest.approx(0.5)]
    assert simulation.arms[0].predicted_off_axis == pytest.approx(0.25)
    assert simulation.effects[0].actual == pytest.approx(100)
    files = scored_files(opened, scored)
    assert opened.digest in files["report.md"]
    assert "which somebody who changed them could have changed too" in files["report.md"]
    assert "as they were made" not in files["report.md"]
    assert "W = 0.500" in files["report.md"]
    # nobody states anew how far off a registered prediction is
    assert "was registered with the prediction" in next(text for name, text in files.items() if name.endswith("json"))


def test_the_quoted_digest_is_checked_and_shows_that_it_is_the_record_of_then(path: Path, record: bytes) -> None:
    digest = sha256(record).hexdigest()
    assert open_record(path, f" {digest[:32].upper()} {digest[32:]}\n").standing.endswith("that was registered.")
    with pytest.raises(SocratesError, match="is another file than was registered"):
        open_record(path, "0" * 64)
    for wrong in ("", "abc", "g" * 64):
        with pytest.raises(SocratesError, match="a SHA-256 has 64 digits from 0 to f"):
            open_record(path, wrong)


def forged(record: bytes, change: Callable[[dict[str, str]], None]) -> bytes:
    """A record whose files and digests were changed together."""
    files = {name: text for name, text in files_of(record).items() if name != "manifest.json"}
    change(files)
    return packed({**files, "manifest.json": json.dumps(digests(files))})


def relabel(files: dict[str, str]) -> None:
    files["study.yaml"] = files["study.yaml"].replace("label: plain", "label: plan")


def rescale(files: dict[str, str]) -> None:
    files["study.yaml"] = files["study.yaml"].replace("to: 3", "to: 5").replace("3: Very", "5: Very")


def reword(files: dict[str, str]) -> None:
    files["study.yaml"] = files["study.yaml"].replace("menu with labels", "menu with red labels")


def drop_an_arm(files: dict[str, str]) -> None:
    told = json.loads(files["prediction.json"])
    del told["outcomes"][0]["arms"][1]
    files["prediction.json"] = json.dumps(told)


def count_more(files: dict[str, str]) -> None:
    files["record.json"] = json.dumps({**json.loads(files["record.json"]), "people": 2000})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (relabel, "label of intention in condition plan differ"),
        (rescale, "text of intention in condition plain differ"),
        (reword, "text of intention in condition climate differ"),
        (drop_an_arm, "intention has 2 conditions in one and 1 in the other"),
        (count_more, "people is 2000 in one and 20 in the other"),
    ],
)
def test_a_study_that_is_not_the_predicted_one_is_refused_in_one_line(
    change: Callable[[dict[str, str]], None], said: str, record: bytes, tmp_path: Path
) -> None:
    (tmp_path / "r.zip").write_bytes(forged(record, change))
    with pytest.raises(SocratesError, match=said) as refused:
        score_record(open_record(tmp_path / "r.zip"), *people(tmp_path, "intention", "1331"))
    assert "\n" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def people(folder: Path, outcome: str, answers: Sequence[object]) -> tuple[Path, Path]:
    """A table in which plain and climate take turns, and its map."""
    rows = [f"id,arm,{outcome}", *(f"{i},{('plain', 'climate')[i % 2]},{one}" for i, one in enumerate(answers))]
    (folder / "answers.csv").write_text("\n".join(rows) + "\n")
    (folder / "map.yaml").write_text(MAP.replace("intention", outcome))
    return folder / "answers.csv", folder / "map.yaml"


class Numbers(UniformModel):
    """Writes as many dollars as the person is years old."""

    def sampled_numbers(self, cell, personas, *_: object, **__: object) -> SampledNumbers:  # type: ignore[no-untyped-def]
        ages = np.array([persona["age"] + cell.condition_num - 1 for persona in personas], dtype=np.int64)
        return SampledNumbers(ages, ages < 90, np.ones(len(ages)))


def test_an_open_ended_prediction_is_scored_by_the_observed_range(tmp_path: Path) -> None:
    kinds = [{"age": 30, "weight": 3.0}, {"age": 40, "weight": 1.0}, {"age": 95, "weight": 1.0}]
    form = made_study([{"name": "spend", "question": "How many dollars?", "scale": "open"}], population=kinds)
    found = simulate_study(study_of(form, None, "s"), Numbers(), Sampling(5))
    (tmp_path / "r.zip").write_bytes(make_record(form, found, "", WHEN))
    scored = score_record(open_record(tmp_path / "r.zip"), *people(tmp_path, "spend", [30, 31, 50, 31, 30, 51]))
    simulation = scored.outcomes[0].result.simulation
    assert simulation is not None
    first = simulation.arms[0]
    assert first.numbers is not None
    assert found[0].simulation is not None
    registered = found[0].simulation.arms[0]
    assert registered.numbers is not None
    # weights are kept: 30 counts three times as much as 40, and 95 is no answer
    assert (first.numbers.n_valid, first.numbers.n_invalid) == (
        registered.numbers.n_valid,
        registered.numbers.n_invalid,
    )
    assert first.numbers.worth == pytest.approx(registered.numbers.worth)
    assert {
        v: p for v, p in zip(first.predicted.values.tolist(), first.predicted.probs.tolist(), strict=True) if p
    } == (pytest.approx({30: 0.75, 40: 0.25}))
    # people: 30, 50, 30; by their range, F is 3/4 against 2/3 up to 40, and 1 against 2/3 from there on
    assert first.w == pytest.approx((10 / 20) * (0.75 - 2 / 3) + (10 / 20) * (1 / 3))
    assert "by the observed range, 30 to 50" in scored_files(open_record(tmp_path / "r.zip"), scored)["report.md"]


def test_options_without_an_order_are_scored_by_their_total_variation(tmp_path: Path) -> None:
    dishes = {"nominal": True, "labels": {1: "Soup", 2: "Salad", 3: "Fish"}}
    form = made_study([{"name": "dish", "question": "Which?", "scale": dishes}])
    found = simulate_study(study_of(form, None, "s"), load_model("uniform"), Sampling(20), keep_answers=True)
    (tmp_path / "r.zip").write_bytes(make_record(form, found, "", WHEN))
    opened = open_record(tmp_path / "r.zip")
    scored = score_record(opened, *people(tmp_path, "dish", [1, 2, 1, 2]))
    # all on one dish against a third on each
    assert "total variation 0.667 against 2 answers; noise floor" in scored_files(opened, scored)["report.md"]


def test_an_outcome_that_was_not_predicted_says_why(tmp_path: Path) -> None:
    asked = [{"name": "spend", "question": "How many?", "scale": "open"}, {"name": "like", "question": "Like it?",
             "scale": {"from": 1, "to": 3}}]  # fmt: skip
    form = made_study(asked)
    found = simulate_study(study_of(form, None, "s"), load_model("uniform"), Sampling(20))
    (tmp_path / "r.zip").write_bytes(make_record(form, found, "", WHEN))
    front = files_of((tmp_path / "r.zip").read_bytes())["index.html"]
    assert "spend was not predicted. It is open-ended" in front
    assert front.index("spend was not predicted") < front.index("Disclosure")
    data, table_map = people(tmp_path, "like", [1, 2, 1, 2])
    scored = score_record(open_record(tmp_path / "r.zip"), data, table_map)
    assert [one.result.simulation is None for one in scored.outcomes] == [True, False]
    assert str(scored.outcomes[0].result.refused).startswith(
        "It was not predicted when the record was made. It is open"
    )


def made_study(outcomes: list[dict[str, object]], **more: object) -> StudyForm:
    arms = [{"label": "plain", "text": "A menu.", "control": True}, {"label": "climate", "text": "A menu with labels."}]
    raw = {"socrates_study": 1, "title": "Menu", "conditions": arms, "outcomes": outcomes, **more}
    return form_of(raw, "s")


def test_registered_intervals_are_compared_and_not_computed_anew(record: bytes, tmp_path: Path) -> None:
    def claim(files: dict[str, str]) -> None:
        told = json.loads(files["prediction.json"])
        at = {"inner": [2.4, 2.6], "outer": [2.2, 2.8], "why": None}
        shares = {"raw": [1 / 3, 1 / 3, 1 / 3], "calibrated": [0.0, 0.5, 0.5]}
        kept = {"mean": 2.5, "mean_claim": at, "shares": [], "highest": None, "checked": None}
        arms = [{"condition": i, "label": name, **shares, **kept} for i, name in ((1, "plain"), (2, "climate"))]
        told["outcomes"][0]["trust"] = {
            "applied": True, "why": None, "basis": {**BASIS, "telling": True, "informed": True, "trials": []},
            "support": None, "can_sharpen": True, "arms": arms, "effects": [], "distance": None,
        }  # fmt: skip
        files["prediction.json"] = json.dumps(told)

    (tmp_path / "r.zip").write_bytes(forged(record, claim))
    answers = [1, 1, 3, 3] * 10  # means of 2 in both arms, outside of 2.2 to 2.8
    opened = open_record(tmp_path / "r.zip")
    scored = score_record(opened, *people(tmp_path, "intention", answers))
    plain = scored.outcomes[0].means[0]
    assert plain.claim.inner == Interval(2.4, 2.6)
    assert (plain.observed, plain.registered) == (pytest.approx(2), Inside(False, False))
    report = scored_files(opened, scored)["report.md"]
    assert "outside at 80 and 95 %" in report
    assert (
        "True mean, 80 %" in scored_files(opened, scored)["report.html"].split("<script")[-1]
    )  # in the picture's legend


@pytest.fixture(scope="module")
def stated(record: bytes) -> bytes:
    """A record that states everything: raw shares of a third each, sharpened to 0, 1/2, 1/2."""

    def state(files: dict[str, str]) -> None:
        told = json.loads(files["prediction.json"])
        at = {"inner": [2.2, 2.8], "outer": None, "why": "too few groups"}
        upper = {"value": 3, "answers": "3 (Very)", "predicted": 0.5, "checked": None}
        upper["claim"] = {"inner": [0.3, 0.7], "outer": None, "why": "too few groups"}
        arms = [
            {
                "condition": i, "label": name, "raw": [1 / 3] * 3, "calibrated": [0.0, 0.5, 0.5], "mean": 2.5,
                "mean_claim": at, "shares": [upper], "highest": chance, "checked": None,
            }
            for i, name, chance in ((1, "plain", 0.4), (2, "climate", 0.6))
        ]  # fmt: skip
        effect = {"condition": 2, "label": "climate", "predicted": 0.0, "positive": 0.7, "worth": None, "checked": None}
        effect["claim"] = {"inner": [-20.0, 20.0], "outer": None, "why": "too few groups"}
        told["outcomes"][0]["trust"] = {
            "applied": True, "why": None, "basis": {**BASIS, "telling": False, "informed": True, "trials": []},
            "support": None, "can_sharpen": True, "arms": arms, "effects": [effect],
            "distance": {"expected": 0.2, "inner": 0.3, "outer": None, "people": 400, "worth": None},
        }  # fmt: skip
        files["prediction.json"] = json.dumps(told)

    return forged(record, state)


def test_everything_that_was_registered_is_judged(stated: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(stated)
    opened = open_record(tmp_path / "r.zip")
    answers = [2, 3, 2, 3, 3, 3, 2, 3] * 5  # plain: 2 three times in four, 3 once; climate: all 3
    scored = score_record(opened, *people(tmp_path, "intention", answers))
    (one,) = scored.outcomes
    picture = scored_picture(one)
    assert picture is not None
    assert [trace.name for trace in picture.figure.data] == [
        "True mean, 80 %", "Predicted mean, raw", "Actual mean", "Registered mean, calibrated",
    ]  # fmt: skip
    assert (
        "that the true mean lies with a probability of 80 %. Pale parts are of the calibrated answers"
        in picture.caption
    )
    assert [list(picture.figure.data[k].x) for k in (1, 3)] == [[2, 2], [2.5, 2.5]]  # pale bars lie around the latter
    plain, climate = one.said.arms
    # W of 0, 1/2, 1/2: a quarter, and a half, of the answers moved by half of the scale's width
    assert plain.distance is not None
    assert climate.distance is not None
    assert [plain.distance.observed, climate.distance.observed] == pytest.approx([0.125, 0.25])
    assert [plain.distance.inner, climate.distance.inner] == [True, True]
    # raw thirds: (1/3 + 1/12) / 2 and (1/3 + 2/3) / 2
    assert one.result.simulation is not None
    assert [arm.w for arm in one.result.simulation.arms] == pytest.approx([5 / 24, 0.5])
    assert [arm.shares[0].checked and arm.shares[0].checked.inner for arm in one.said.arms] == [True, False]
    # all answer 3. Brier, raw: 1/9 + 1/9 + 4/9, calibrated: 1/4 + 1/4; ranked, raw: (1/9 + 4/9) / 2
    assert one.scores[1].raw.brier == pytest.approx(2 / 3)
    assert one.scores[1].raw.rps == pytest.approx(5 / 18)
    assert one.scores[1].calibrated is not None
    assert one.scores[1].calibrated.brier == pytest.approx(1 / 2)
    assert one.scores[1].calibrated.log == pytest.approx(np.log(2))
    report = scored_files(opened, scored)["report.md"]
    assert "| plain | 0.208 | 0.125 (inside) | 0.200 | 0.300 | 20 |" in report
    assert "| climate | 70.0 % | +37.5 (" in report
    assert "above 0 |" in report
    assert "| climate | 60.0 % | 3.00 (2.74 to 3.00) | highest |" in report
    assert "| Condition | Registered mean, calibrated | True mean, 80 % |" in report
    assert "cannot show it to be right or wrong" in report
    assert "the prediction adds nothing to that" in report
    assert "The means registered here are calibrated" in report
    # everybody answers 3, so the ranked score is 1/8, and that of thirds (1/9 + 4/9) / 2
    assert "| climate | calibrated | 0.500 (0.500 to 0.6" in report
    assert "| climate | uniform baseline minus calibrated | +0.167 (" in report
    better = one.scores[1].calibrated_better
    assert better is not None
    assert better.scores.rps == pytest.approx(5 / 18 - 1 / 8)
    assert better.intervals.brier.low < 1 / 6 <= better.intervals.brier.high
    told = json.loads(scored_files(opened, scored)["scored.json"])
    assert told["record_sha256"] == opened.digest
    assert told["outcomes"][0]["said"]["arms"][0]["distance"]["inner"] is True
    assert told["outcomes"][0]["scores"][1]["calibrated"]["brier"] == pytest.approx(0.5)
    lines = " ".join(scored_lines(one))
    assert "With 20 people, where 400 answered a cell of the calibration (median), chance makes W larger" in lines
    for said in (
        "climate: uniform baseline minus calibrated, Brier score: +0.167 (",
        "W (raw) = 0.208",
        "0.125 (inside) in plain",
        "effect above 0 was given 70.0 %",
        "1 of 2 shares",
    ):
        assert said in lines


def test_two_means_that_are_equal_are_both_as_high_as_the_other(stated: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(stated)
    opened = open_record(tmp_path / "r.zip")
    # of three answers each: 2.333… as 1 + 3 + 3 and as 2 + 2 + 3
    scored = score_record(opened, *people(tmp_path, "intention", [1, 2, 3, 2, 3, 3] * 7))
    lines = " ".join(scored_lines(scored.outcomes[0]))
    assert lines.count("as high as another's") == 2
    assert "not the highest" not in lines


def test_where_one_person_answered_a_condition_nothing_is_shown_and_said_so(stated: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(stated)
    opened = open_record(tmp_path / "r.zip")
    lines = scored_lines(score_record(opened, *people(tmp_path, "intention", [1, 3])).outcomes[0])
    assert "climate: effect above 0 was given 70.0 %; too few people answered" in lines
    assert "plain: highest true mean was given 40.0 %; too few people answered" in lines


def test_calibrated_means_are_named_so_though_they_happen_to_be_the_raw_ones(stated: bytes, tmp_path: Path) -> None:
    def even(files: dict[str, str]) -> None:
        told = json.loads(files["prediction.json"])
        for arm in told["outcomes"][0]["trust"]["arms"]:
            arm |= {"calibrated": [0.5, 0.0, 0.5], "mean": 2.0}  # raw: a third each, of the same mean
        files["prediction.json"] = json.dumps(told)

    (tmp_path / "r.zip").write_bytes(forged(stated, even))
    opened = open_record(tmp_path / "r.zip")
    scored = score_record(opened, *people(tmp_path, "intention", [1, 3, 2, 2] * 5))
    assert "The means registered here are calibrated" in scored_files(opened, scored)["report.md"]


def test_the_tables_of_a_scored_record_carry_the_calibration_that_was_registered(stated: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(stated)
    opened = open_record(tmp_path / "r.zip")
    files = scored_files(opened, score_record(opened, *people(tmp_path, "intention", [2, 3] * 20)))
    rows = list(csv.DictReader(io.StringIO(files["compared-1-intention.csv"])))
    assert {row["calibration_applied"] for row in rows} == {"yes"}
    assert [row["calibrated_share"] for row in rows[:3]] == ["0.000000", "0.500000", "0.500000"]
    assert (rows[2]["at_or_above_low"], rows[2]["at_or_above_high"]) == ("0.300000", "0.700000")
    assert rows[0]["calibrated_wasserstein_at_most"] == "0.300000"
    said = json.loads(files["compared-1-intention.json"])["trust"]
    assert said["applied"] is True
    assert said["arms"][0]["mean_claim"]["inner"] == [2.2, 2.8]
    assert "was registered with the prediction" in files["compared-1-intention.html"]


@pytest.mark.parametrize(
    ("place", "wrong", "why"),
    [
        (("arms", 0, "calibrated"), [0.5, 0.5, 0.5], "calibrated shares of the options do not add up to 1"),
        (("arms", 0, "mean"), 1.0, "a mean that it states is not that of its calibrated shares"),
        (("arms", 0, "highest"), 1.5, "a probability that it states is not in"),
        (("arms", 0, "condition"), 7, "of other conditions than it predicts"),
        (("effects", 0, "claim", "inner"), [3.0, -3.0], "an interval begins above its end"),
        (("distance", "inner"), 4.0, "a distance that it states is not in"),
        (("arms", 0, "shares", 0, "value"), 9, "a share at or above what is not an option"),
        (("basis",), 3, "what it states of its error is not readable"),
        (("basis",), None, "intervals without what they rest on"),
        (("basis", "sharpened"), False, "that no answers were calibrated, and calibrated ones that are not raw"),
        (("effects", 0, "predicted"), 5.0, "an effect that it states is not the difference of its means"),
        (("effects", 0, "claim", "inner"), [-200.0, 5.0], "goes beyond what an effect can be"),
        (("arms", 0, "mean_claim", "inner"), [0.0, 2.8], "goes beyond what a mean can be"),
        (("arms", 0, "shares", 0, "predicted"), 0.4, "a share that it states is not that of its calibrated shares"),
    ],
)
def test_a_statement_that_cannot_be_is_refused_in_words(
    place: tuple[str | int, ...], wrong: object, why: str, stated: bytes, tmp_path: Path
) -> None:
    def spoil(files: dict[str, str]) -> None:
        told = json.loads(files["prediction.json"])
        inside = told["outcomes"][0]["trust"]
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = wrong
        files["prediction.json"] = json.dumps(told)

    (tmp_path / "r.zip").write_bytes(forged(stated, spoil))
    with pytest.raises(SocratesError, match=why) as refused:
        score_record(open_record(tmp_path / "r.zip"), *people(tmp_path, "intention", [1, 3]))
    assert not any(word in str(refused.value) for word in ("Error(", "\n"))


def test_an_interval_is_widened_by_the_sampling_error_of_the_people() -> None:
    claim = FrozenClaim("plain", 0.0, Interval(-3, 3), Interval(-4, 4))
    # 95 % of ±3.92 is a standard error of 2: ±√(3² + 2.563²) = 3.946 at 80 %, ±√(4² + 3.92²) = 5.601 at 95 %
    assert judged(claim, 3.9, Interval(-0.02, 7.82)).sampled == Inside(True, True)
    assert judged(claim, 4.0, Interval(0.08, 7.92)).sampled == Inside(False, True)
    assert judged(claim, 5.7, Interval(1.78, 9.62)).sampled == Inside(False, False)
    assert judged(claim, 3.9, Interval(-0.02, 7.82)).registered == Inside(False, True)
    assert judged(claim, None, None).registered == Inside(None, None)


def test_every_profile_stands_in_a_table_that_is_marked_as_simulated(record: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(files_of(record)["profiles.csv"])))
    assert len(rows) == 2 * 20
    assert {row["simulated"] for row in rows} == {"true"}
    # uniform over 1, 2, 3 and 8, which is off the axis
    assert {(row["predicted_mean"], row["its_probability"]) for row in rows} == {("2.000000", "0.250000")}
    assert any(row["attribute_gender"] for row in rows)


def test_a_model_without_weights_and_without_a_template_is_described_in_words(record: bytes) -> None:
    reached = next(
        one for one in json.loads(files_of(record)["record.json"])["to_report"] if one["topic"] == "How it was reached"
    )
    assert reached["answer"] == "Run by this software; it has no weights."
    assert model_words(in_both_orders(load_model("uniform")).description) == "uniform, options in both orders"


def changed(record: bytes, **files: str | None) -> bytes:
    found: dict[str, str | None] = {**files_of(record), **{k.replace("_", ".", 1): v for k, v in files.items()}}
    return packed({name: text for name, text in found.items() if text is not None})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"study_yaml": "socrates_study: 1"}, "study.yaml was changed after the record was made"),
        ({"prediction_json": None}, "prediction.json is missing"),
        ({"manifest_json": None}, "manifest.json is missing"),
        ({"manifest_json": "{}"}, "SHA-256 does not fit"),
        ({"evil_sh": "rm"}, "it holds evil.sh"),
    ],
)
def test_one_that_was_changed_is_refused_and_names_the_file(
    files: dict[str, str | None], said: str, record: bytes, tmp_path: Path
) -> None:
    (tmp_path / "r.zip").write_bytes(changed(record, **files))
    with pytest.raises(SocratesError, match=said) as refused:
        open_record(tmp_path / "r.zip")
    assert "\n" not in str(refused.value)


def test_paths_bombs_and_other_files_are_refused(record: bytes, tmp_path: Path) -> None:
    for name, content, said in (
        ("climbs.zip", packed({"../study.yaml": ""}), "no record of this software"),
        ("bomb.zip", changed(record, report_html="0" * (LARGEST + 1)), "unpacks to more than"),
        ("text.zip", b"no zip", "not a zip"),
        ("cut.zip", record[:-40], "not a zip"),
        ("flipped.zip", record[:5000] + bytes([record[5000] ^ 255]) + record[5001:], "is not a zip|was changed"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SocratesError, match=said):
            open_record(tmp_path / name)
    with pytest.raises(SocratesError, match="cannot be read"):
        open_record(tmp_path / "none.zip")


def test_answers_of_people_are_refused_before_any_model_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    responses = "responses: {file: answers.csv, map: map.yaml}\n"
    (tmp_path / "study.yaml").write_text(STUDY.replace("population: gss-answers\n", responses))
    asked = ("--model", "endpoint:m@http://127.0.0.1:9/v1", "--out", tmp_path / "r.zip")
    assert exit_code(monkeypatch, record_command, tmp_path / "study.yaml", *asked) == 2
    assert "a record is made before they are known" in capsys.readouterr().err


@pytest.mark.parametrize(
    "forged",
    [{"people": "abc"}, {"people": -3}, {"title": None}, {"made": 5}],
    ids=["text", "negative", "none", "number"],
)
def test_one_with_forged_fields_is_refused_though_its_digests_fit(
    forged: dict[str, object], record: bytes, tmp_path: Path
) -> None:
    files = {name: text for name, text in files_of(record).items() if name != "manifest.json"}
    files["record.json"] = json.dumps({**json.loads(files["record.json"]), **forged})
    (tmp_path / "r.zip").write_bytes(packed({**files, "manifest.json": json.dumps(digests(files))}))
    with pytest.raises(SocratesError, match="lacks what every record has"):
        open_record(tmp_path / "r.zip")


def test_a_study_that_people_have_answered_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.replace("population: gss-answers\n", ""))
    form = read_form(tmp_path / "study.yaml")
    found = simulate_study(study_of(form, tmp_path, "s"), load_model("uniform"), Sampling(5))
    answered = form.model_copy(update={"responses": "answers.csv"})
    with pytest.raises(SocratesError, match="before they are known"):
        make_record(answered, found, "")


def test_a_table_of_predictions_is_not_taken_for_peoples_answers(record: bytes, tmp_path: Path) -> None:
    (tmp_path / "prediction.csv").write_text(files_of(record)["prediction.csv"])
    with pytest.raises(SourceError, match="holds simulated answers, which are no people's"):
        column_names(tmp_path / "prediction.csv")
    (tmp_path / "renamed.csv").write_text("id, Simulated \n1,true\n")
    with pytest.raises(SourceError, match="holds simulated answers"):
        column_names(tmp_path / "renamed.csv")
