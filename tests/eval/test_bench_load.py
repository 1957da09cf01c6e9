"""Several visitors at once: everybody gets the own result. `python -m eval.bench --suite load` asks much more."""

import pytest

from eval.bench.load import Got, _differs, measure_load
from socrates_core.errors import SocratesError


def test_visitors_who_ask_at_once_get_their_own_results() -> None:
    found = measure_load(8, 32, 7)  # raises where anybody got an error or another's result
    assert found["requests"] == 32
    assert found["furthest_place"] >= 1  # somebody had to wait, and was told where in the line
    assert found["memory_peak_mb"] < found["memory_before_mb"] + 500


@pytest.mark.parametrize(
    ("shown", "body", "wrong"),
    [
        ("cell=1.ab&n=50&seed=7", "same", ""),
        ("cell=1.ab&n=50&seed=8", "same", "asked for seed 7 and 50 people"),
        ("cell=1.ab&n=51&seed=7", "same", "asked for seed 7 and 50 people"),
        ("", "same", "asked for seed 7"),
        ("cell=1.ab&n=50&seed=7", "other", "two answers to"),
    ],
)
def test_anothers_result_would_be_noticed(shown: str, body: str, wrong: str) -> None:
    first = Got(0.1, 0, "cell=1.ab&n=50&seed=7", "same")
    assert _differs(Got(0.1, 0, shown, body), 7, 50, first).startswith(wrong)


def test_an_app_that_does_not_start_is_an_error_with_its_words() -> None:
    with pytest.raises(SocratesError, match="choose uniform, marginal, demo"):
        measure_load(1, 1, 1, "--model", "no such model")
