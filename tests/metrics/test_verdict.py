import pytest

from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import VerdictCode, verdict


@pytest.mark.parametrize(
    ("w", "limit", "gain", "n", "code", "words"),
    [
        (0.02, 0.05, (0.1, 0.2), 200, "within_chance", "no more than two samples of people would differ"),
        (0.02, 0.05, (-0.1, 0.2), 200, "within_chance", "cannot be distinguished from the uniform baseline"),
        (0.30, 0.05, (-0.2, -0.1), 200, "worse_than_uniform", "worse than the uniform baseline"),
        (0.10, 0.05, (0.1, 0.2), 200, "better_than_uniform", "closer than the uniform baseline"),
        (0.10, 0.05, (-0.1, 0.2), 200, "like_uniform", "not reliably closer than the uniform baseline"),
        (0.10, 0.05, (-1e-15, -1e-16), 200, "like_uniform", "not reliably closer"),  # the uniform model itself
        (0.10, 0.20, (0.1, 0.2), 29, "too_few", "rests on 29 answers"),
        (0.90, 0.20, (-0.9, -0.8), 2, "too_few", "more than chance explains"),
        (0.10, 0.20, (0.1, 0.2), 30, "within_chance", "no more than"),
        (0.05 + 1e-9, 0.05, (0.1, 0.2), 200, "within_chance", "no more than"),
    ],
)
def test_the_sentence_that_fits(
    w: float, limit: float, gain: tuple[float, float], n: float, code: VerdictCode, words: str
) -> None:
    found = verdict(w, limit, Interval(*gain), n)
    assert found.code == code
    assert words in found.sentence


@pytest.mark.parametrize("w", [0.0, 0.04, 0.5])
@pytest.mark.parametrize("n", [5, 500])
def test_no_sentence_says_that_people_gave_the_simulated_answers(w: float, n: int) -> None:
    sentence = verdict(w, 0.05, Interval(-0.1, 0.1), n).sentence
    assert "respondents" not in sentence
    assert "said" not in sentence
