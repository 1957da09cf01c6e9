"""What predictions that nobody could have answered cost: the distance if each of them had been the worst option."""

import numpy as np

from socrates_core.metrics.cell.answers import ActualAnswers, PredictedAnswers
from socrates_core.metrics.cell.comparison import scale_shares, weight_counts
from socrates_core.scale.distribution import Floats


def worst_distance(actual: ActualAnswers, predicted: PredictedAnswers) -> float:
    """W by the stated scale, in [0, 1], with each prediction that is no option counted as the option that makes W
    largest: no answers in their place could have given more.

    With m the share of such predictions, A_k the cumulative share of the others minus that of the answers, and g_k the
    gap to the next option in shares of the width: max_o Σ_{k<o} g_k |A_k| + Σ_{k≥o} g_k |A_k + m|. One option for all
    of them is enough, because W is convex in where they lie. Without any, this is W.

    Args:
        actual: With a stated scale, and an answer on it.
        predicted: Of P ≥ 1 people.
    """
    assert actual.values is not None
    shares = _shares_of_everybody(actual, predicted)
    missing = max(0.0, 1 - float(shares.sum()))
    gaps = np.diff(actual.values) / (actual.values[-1] - actual.values[0])  # (K-1,)
    ahead = np.cumsum(shares - scale_shares(actual))[:-1]  # (K-1,)
    below = np.concatenate([[0.0], np.cumsum(gaps * np.abs(ahead))])
    above = np.concatenate([np.cumsum((gaps * np.abs(ahead + missing))[::-1])[::-1], [0.0]])
    return float((below + above).max())


def _shares_of_everybody(actual: ActualAnswers, predicted: PredictedAnswers) -> Floats:
    """(K,) the predictions that are options, as shares of all predictions."""
    assert actual.values is not None
    used = predicted.compared
    if predicted.drawn is None:
        assert predicted.probs is not None
        return np.asarray(predicted.weights[used] @ predicted.probs[used] / predicted.weights[used].sum())
    counts = weight_counts(predicted.drawn[used], predicted.weights[used], actual.values)
    return np.asarray(counts / predicted.weights.sum())
