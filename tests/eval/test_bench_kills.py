import pytest

from eval.bench import kills


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "MODELS", {"uniform": 5})
    monkeypatch.setattr(kills, "PREDICTED", {"uniform": kills.STUDIES})


@pytest.mark.usefixtures("few")
def test_runs_killed_in_every_phase_come_out_the_same_to_the_last_byte() -> None:
    found = kills.run_kills_suite(rows=1000, seed=3)
    assert found["different"] == []
    assert found["kills"] + found["ended_before"] == 5
    assert found["kills"] >= 3
    assert set(found["by_phase"]) <= set(kills.PHASES)
