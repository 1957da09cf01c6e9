"""A calibration goes to the Hub and comes from there with the adapter that it was fitted on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.errors import HubError, PredictionError
from socrates_core.hub.inspection import MAX_TEXT, inspect
from socrates_core.hub.push.plan import plan_push
from socrates_core.model.adapters import adapter_digest
from socrates_core.model.record import CALIBRATION
from socrates_core.trust.calibration import Calibration, load_calibration, save_calibration
from socrates_core.trust.command import _beside
from socrates_core.trust.fitting import calibrate
from tests.hub.adapters import write_adapter
from tests.trust.evidence import evaluation, provenance


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")


def fitted(digest: str | None) -> Calibration:
    return calibrate([(evaluation(6), provenance(adapter="/home/somebody/adapter", adapter_digest=digest))])


def test_it_is_put_beside_the_weights_that_it_was_fitted_on_and_beside_no_others(adapter: Path) -> None:
    calibration = fitted(adapter_digest(adapter))
    assert calibration.fingerprint.adapter == "adapter"  # not the place on this machine
    assert _beside(str(adapter), calibration) == adapter / CALIBRATION
    with pytest.raises(PredictionError, match="not of the weights in"):
        _beside(str(adapter), fitted("0f" * 16))
    with pytest.raises(PredictionError, match="do not state which weights"):
        _beside(str(adapter), fitted(None))


def test_the_same_weights_are_recognised_under_another_name_and_other_weights_are_not(adapter: Path) -> None:
    one = fitted(adapter_digest(adapter)).fingerprint
    assert one.differences(replace(one, adapter="somebody/else", adapter_revision="main")) == ()
    assert one.differences(replace(one, adapter_digest="0f" * 16)) == (
        f"adapter digest {one.adapter_digest!r} there, {'0f' * 16!r} here",
    )


def test_it_is_pushed_and_the_card_says_how_often_each_interval_held(adapter: Path) -> None:
    save_calibration(fitted(adapter_digest(adapter)), adapter / CALIBRATION)
    plan = plan_push(adapter, "me/it", offline=True)
    assert CALIBRATION in dict(plan.files)
    assert CALIBRATION in dict(plan.digests)
    assert "## How far off it may be" in plan.card
    assert "Fitted on 6 real studies in 6 independent groups" in plan.card
    assert "| as predicted | mean, 80 % |" in plan.card
    (adapter / CALIBRATION).unlink()
    plan = plan_push(adapter, "me/it", offline=True)
    assert CALIBRATION not in dict(plan.files)
    assert "How far off" not in plan.card


def test_an_adapter_with_a_calibration_of_an_older_version_can_be_used_without_it(adapter: Path) -> None:
    save_calibration(fitted(adapter_digest(adapter)), adapter / CALIBRATION)
    told = json.loads((adapter / CALIBRATION).read_text("utf-8"))
    (adapter / CALIBRATION).write_text(json.dumps(told | {"format": 2}), "utf-8")
    inspect(adapter)
    with pytest.raises(PredictionError, match="is of format 2, this version reads 3; calibrate again"):
        load_calibration(adapter)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace('"tau": ', '"tau": -1', 1), "standard deviations and errors are 0 or more"),
        (lambda text: text.replace('"groups": 6', '"groups": 1', 1), "5 groups"),
        (lambda text: text[:-20], "not valid JSON"),
        (lambda text: "[]", "not a JSON object"),
        (lambda text: "{}", "names no format"),
        (lambda text: text + " " * MAX_TEXT, "bytes"),
    ],
)
def test_one_that_no_fit_gives_is_refused_with_the_adapter(damage, said: str, adapter: Path) -> None:  # type: ignore[no-untyped-def]
    save_calibration(fitted(adapter_digest(adapter)), adapter / CALIBRATION)
    text = json.dumps(json.loads((adapter / CALIBRATION).read_text("utf-8")))
    (adapter / CALIBRATION).write_text(damage(text), "utf-8")
    with pytest.raises(HubError, match=said) as refused:
        inspect(adapter)
    assert "\n" not in str(refused.value)
