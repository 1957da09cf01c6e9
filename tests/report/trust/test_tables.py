"""How far off the demo may be, in every form that its predictions are given."""

import csv
import io
import json

import pytest

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.loading import load_model
from socrates_core.report.figures import arms_figure, histogram
from socrates_core.report.prediction.claims import prediction_claims_csv
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.report.prediction.tables import arms_table, summary
from socrates_core.report.simulation import to_csv, to_html, to_json
from socrates_core.report.trust.tables import shares_trust_table, trials_table, trust_sentences
from socrates_core.simulation.named import simulate
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.studies import Outcome, load_studies
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import ArmStatement, Claim, EffectStatement, ShareStatement, Statement
from socrates_core.ui.simulate.result_view import effects_html, metrics_html
from socrates_core.ui.trust.view import trust_html


@pytest.fixture(scope="module")
def welfare() -> Simulation:
    """A study of the test part, by the demo model."""
    return simulate(load_studies("bundled"), load_model("demo", "demo"), study="gss-welfare", people=20)


def test_shares_stand_in_text_table_csv_json_report_and_page(welfare: Simulation) -> None:
    said = trust(welfare)
    upper = said.arms[0].shares[1]
    assert upper.claim.inner is not None
    interval = f"{100 * upper.claim.inner.low:.0f} to {100 * upper.claim.inner.high:.0f} %"
    assert any(
        "of everybody would answer 2 (About the right amount) or above in" in one for one in trust_sentences(said)
    )
    table = shares_trust_table(said)
    assert table is not None
    assert [row[0] for row in table.rows] == ["2 (About the right amount) or above", "3 (Too much)"]
    assert table.rows[1][1] == f"{100 * upper.predicted:.1f} % ({interval})"
    assert table.rows[1][2].endswith(("(inside)", "(outside)"))
    rows = list(csv.DictReader(io.StringIO(to_csv(welfare))))
    first, middle, last = rows[:3]
    assert first["at_or_above_low"] == ""  # everybody is at or above the lowest option
    assert float(last["at_or_above"]) == pytest.approx(float(last["calibrated_share"]), abs=1e-6)
    assert float(middle["at_or_above"]) == pytest.approx(1 - float(first["calibrated_share"]), abs=2e-6)
    assert last["at_or_above_high"] == f"{upper.claim.inner.high:.6f}"
    told = json.loads(to_json(welfare))["trust"]["arms"][0]["shares"][1]
    assert told["claim"]["inner"] == [upper.claim.inner.low, upper.claim.inner.high]
    assert interval in to_html(welfare)
    assert f"{interval}" in trust_html(welfare, "")


def test_what_the_demo_says_is_what_held_on_left_out_and_on_test_groups(welfare: Simulation) -> None:
    table = trials_table(trust(welfare))
    assert table is not None
    assert table.header == ("Interval of", "Left-out groups", "Test groups", "Offered")
    offered = {row[0] for row in table.rows if row[-1] == "yes"}
    assert offered == {"mean, 80 %", "share, 80 %", "W, 80 %"}
    (effect,) = (row for row in table.rows if row[0] == "effect, 80 %")
    assert effect[2:] == ("56 ± 17 % of 8", "no")
    assert trust(welfare).effects[0].claim.inner is None
    assert trust(welfare).effects[0].positive is None
    assert any("did not hold on the 8 groups of the test part" in one for one in trust_sentences(trust(welfare)))


@pytest.fixture(scope="module")
def forbid() -> Simulation:
    """A study whose raw and calibrated answers are unequally far from people's."""
    return simulate(load_studies("bundled"), load_model("demo", "demo"), study="classic-allow-forbid", people=20)


def test_the_w_that_is_bounded_is_the_w_that_is_judged(forbid: Simulation) -> None:
    # calibrated answers are nearer to a half and half than the raw ones, which happen to be right: 12 % against 7 %
    raw, said = trust(forbid, sharpened=False), trust(forbid)
    arm, place = forbid.arms[1], 1
    assert arm.actual is not None
    assert said.distance is not None
    # two options one step apart: W is the difference of the shares of the first one
    by_hand = [abs(shares[0] - arm.actual.probs[0]) for shares in (said.arms[place].raw, said.arms[place].calibrated)]
    judged = [one.arms[place].distance for one in (raw, said)]
    assert [one and one.observed for one in judged] == pytest.approx(by_hand)
    assert by_hand[0] == pytest.approx(arm.w)
    assert by_hand[0] < 0.1 < said.distance.inner < 0.35 < by_hand[1]  # type: ignore[operator]
    assert [one and one.inner for one in judged] == [True, False]
    assert said.distance.people == 400


def test_w_is_named_raw_or_calibrated_wherever_it_stands_beside_a_bound(forbid: Simulation) -> None:
    said = trust(forbid)
    (told,) = (one for one in trust_sentences(said) if one.startswith("To people's answers, W of the calibrated"))
    assert f"{said.arms[1].distance.observed:.3f} (outside) in asked whether to forbid" in told  # type: ignore[union-attr]
    assert "chance makes W larger" not in told  # 3,170 people answered, more than in the calibration
    assert "of the calibrated answers is 0.18, at most 0.31" in " ".join(trust_sentences(said))
    assert "figures are of raw answers" in str(forbid)
    rows = list(csv.DictReader(io.StringIO(to_csv(forbid))))
    last = rows[-1]
    assert float(last["wasserstein"]) == pytest.approx(forbid.arms[1].w, abs=1e-6)
    assert float(last["calibrated_wasserstein"]) == pytest.approx(said.arms[1].distance.observed, abs=1e-6)  # type: ignore[union-attr]
    assert last["calibrated_wasserstein_inside"] == "no"
    told_json = json.loads(to_json(forbid))["trust"]["arms"][1]["distance"]
    assert told_json["inner"] is False
    page = f"{metrics_html(forbid.arms[0], None, said)}{effects_html(forbid)}{to_html(forbid)}"
    assert "<h4>Wasserstein distance (W), raw</h4>" in page
    assert "<h4>W, calibrated</h4>" in page
    legends = [trace.name for trace in (*arms_figure(forbid).data, *histogram(forbid.arms[0], ", raw").data)]
    assert legends == ["Predicted mean, raw", "Actual mean", "Predicted, raw (20 simulated)", legends[-1]]
    assert conditions_figure(forbid).layout.yaxis.title.text == "Predicted share, raw (%)"
    assert "<th>Wasserstein distance (W), raw, stated scale</th>" in page
    assert f"{said.arms[1].distance.observed:.3f} (outside)" in page  # type: ignore[union-attr]


def test_everything_that_is_claimed_stands_in_a_table_of_claims(forbid: Simulation) -> None:
    said = trust(forbid)
    outcome = Outcome(1, "=speech", "Allow or forbid?", forbid.control.scale)
    unable = OutcomeResult(Outcome(2, "spend", "How much?", forbid.control.scale), None, "It is open-ended.")
    content = prediction_claims_csv([OutcomeResult(outcome, forbid, None), unable])
    rows = list(csv.DictReader(io.StringIO(content)))
    assert {row["simulated"] for row in rows} == {"true"}
    assert rows[0]["outcome"] == "'=speech"  # no formula
    means = [row for row in rows if row["claim"] == "true_mean" and row["condition"] == forbid.arms[1].label]
    assert [(row["answers"], row["level"]) for row in means] == [("calibrated", "0.8"), ("calibrated", "0.95")]
    at = said.arms[1].mean_claim.inner
    assert at is not None
    figures = [float(means[0][name]) for name in ("value", "low", "high")]
    assert figures == pytest.approx([said.arms[1].mean, at.low, at.high], rel=1e-5)
    assert means[1]["low"] == ""
    assert "must be tried on 19 groups" in means[1]["why_not"]
    (effect, _) = (row for row in rows if row["claim"] == "true_effect")
    assert "did not hold on the 8 groups of the test part" in effect["why_not"]
    far = next(row for row in rows if row["claim"] == "wasserstein")
    assert (far["condition"], far["level"], far["low"]) == ("", "0.8", "0")
    assert said.distance is not None
    assert float(far["high"]) == pytest.approx(said.distance.inner, rel=1e-5)
    worth = next(row for row in rows if row["claim"] == "worth_of_distribution")
    assert float(worth["value"]) == pytest.approx(3.305935, rel=1e-5)
    assert (rows[-1]["claim"], rows[-1]["why_not"]) == ("nothing", "It is open-ended.")


def test_a_summary_says_that_its_figures_are_raw_and_that_the_prediction_adds_nothing(forbid: Simulation) -> None:
    assert "predicted mean (raw), 1.8" in summary(forbid)
    assert arms_table(forbid).header[2] == "Mean, raw (95 % interval)"
    told = " ".join(trust_sentences(trust(forbid)))
    assert "(error of the model included; predicted 1.53, calibrated)" in told
    assert "the prediction adds nothing to that" in told
    assert trust_html(forbid, "").count("the prediction adds nothing") == 2  # of calibrated and of raw answers


def test_a_sentence_names_the_probability_of_its_own_interval_where_levels_are_missing() -> None:
    # at 80 % the intervals of means and effects did not hold, at 95 % they did; shares have those at 80 % alone
    wide = Claim(None, Interval(1.1, 2.9), "the 80 % interval did not hold")
    share = ShareStatement(2.0, "2 or above", 0.5, Claim(Interval(0.3, 0.7), None, "none"), None)
    arm = ArmStatement(1, "Plain", (0.5, 0.5), (0.5, 0.5), 1.5, wide, (share,), None, None, None)
    effects = (
        EffectStatement(2, "Alike", 0.0, Claim(None, None, "both read the same"), None, None, None),
        EffectStatement(3, "Label", 4.0, Claim(None, Interval(-9.0, 17.0), "did not hold"), None, None, None),
    )
    told = trust_sentences(Statement(True, None, arms=(arm,), effects=effects))
    assert told[0].startswith("With a probability of 95 %, the true mean of Plain is between 1.10 and 2.90")
    assert told[1].startswith("With a probability of 80 %, 30 to 70 % of everybody would answer 2 or above")
    # not "above 0 with a probability of 0 %", which nobody computed
    assert (
        told[2]
        == "With a probability of 95 %, the true effect of Label (predicted +4.0 % of the scale) is −9.0 to +17.0."
    )
