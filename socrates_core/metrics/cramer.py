"""The squared-CDF (Cramér) distance, which unlike Wasserstein's can be freed of the bias that small samples bring."""

import numpy as np

from socrates_core.scale.distribution import Floats


def cramer(predicted: Floats, actual: Floats, positions: Floats, n: float, draws: float | None = None) -> float | None:
    """Unbiased estimate of ∫ (F − G)² dx between the people's distribution F and the predicted G, on [0, 1].

    Σ_k gap_k · ((F_n − G)² − F_n(1 − F_n)/(n − 1)): the second term is the square's expectation from sampling n people.
    0 for a perfect prediction on average whatever n is, so single cells can be negative. 1 is all mass on opposite
    ends. Szekely and Rizzo's energy distance is twice this.

    Args:
        predicted: (K,) probabilities, or shares of `draws` drawn answers.
        actual: (K,) shares of the answers of n people.
        positions: (K,) where the options lie in [0, 1], ascending.
        n: How many equally weighted people the answers are worth.
        draws: How many answers the prediction was drawn with; None for exact probabilities.

    Returns:
        None where one person, or one draw, leaves the bias unknown.
    """
    if n <= 1 or (draws is not None and draws <= 1):
        return None
    gaps = np.diff(positions)
    human, model = (np.cumsum(side)[:-1].clip(0, 1) for side in (actual, predicted))
    square = (human - model) ** 2 - human * (1 - human) / (n - 1)
    if draws is not None:
        square = square - model * (1 - model) / (draws - 1)
    return float((square * gaps).sum())
