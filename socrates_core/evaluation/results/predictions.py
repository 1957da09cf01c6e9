"""How many predictions the figures rest on, and single people's figures as the original run computed them."""

from dataclasses import dataclass

from socrates_core.metrics.study_bootstrap import Summary


@dataclass(frozen=True)
class UsedPredictions:
    """On cells with a stated scale: which predictions W rests on, and what the others cost."""

    predictions: int
    """One for each answer, in cells of which two people or more answered on the scale."""
    used: int
    """Those that W by the stated scale rests on."""
    off_scale: int
    """Numbers that are no option: off the scale, or between its options."""
    invalid: int
    """Those that could not be read as a number."""
    worst: Summary
    """W by the stated scale if each prediction that is no option were the option that makes W largest. Over all of
    these cells, those included that have no W because too few of their predictions are options."""


@dataclass(frozen=True)
class OriginalIndividual:
    """Single people's figures as the original run's report computed them: over all predictions alike, whatever their
    scale. For recognition; without predictions of one number each there are none.
    """

    n: int | None = None
    """Pairs of an answer and a predicted number."""
    exact: float | None = None
    """Share of pairs that are equal."""
    within_one: float | None = None
    """Share of pairs at most one apart, on scales of any width."""
    pearson: float | None = None
    """Of all pairs, absurd answers included, in [−1, 1]; None where a side does not vary."""
    absurd: int | None = None
    """Predicted numbers beyond 10¹⁵, which no answer could be."""
    pearson_without_absurd: float | None = None
    """Without these."""
    mae_up_to_ten: float | None = None
    """Mean absolute error over the pairs in which neither number exceeds 10, ≥ 0."""
    n_up_to_ten: int | None = None
    """Those pairs."""
