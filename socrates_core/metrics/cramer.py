"""The squared-CDF (Cramér) distance, which unlike W has an estimate without small-sample bias."""

import numpy as np

from socrates_core.scale.distribution import Floats


def cramer(predicted: Floats, actual: Floats, positions: Floats, n: float, draws: float | None = None) -> float | None:
    """Unbiased estimate of ∫ (F − G)² dx between the people's distribution F and the predicted G, on [0, 1].

    Σ_k gap_k · ((F_n − G)² − F_n(1 − F_n)/(n − 1)): the second term is what sampling n people adds to the square in
    expectation. For a perfect prediction the mean is 0 at any n, so single cells can be negative. 1 is all mass on
    opposite ends. Szekely and Rizzo's energy distance is twice this.

    Args:
        predicted: (K,) probabilities, or shares of `draws` drawn answers.
        actual: (K,) shares of the answers of n people.
        positions: (K,) where the options lie in [0, 1], ascending.
        n: Effective number of people who answered.
        draws: Number of drawn answers behind the prediction; None for exact probabilities.

    Returns:
        None for one person, or one draw, from which the bias cannot be estimated.
    """
    if n <= 1 or (draws is not None and draws <= 1):
        return None
    gaps = np.diff(positions)
    human, model = (np.cumsum(side)[:-1].clip(0, 1) for side in (actual, predicted))
    square = (human - model) ** 2 - human * (1 - human) / (n - 1)
    if draws is not None:
        square = square - model * (1 - model) / (draws - 1)
    return float((square * gaps).sum())
