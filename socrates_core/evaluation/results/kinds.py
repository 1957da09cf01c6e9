"""The figures of real and of synthetic studies separately: a mean over both would speak of neither."""

from dataclasses import dataclass

from socrates_core.evaluation.results.distances import ByConvention, GroupingDistance, NominalDistances
from socrates_core.evaluation.results.predictions import UsedPredictions
from socrates_core.metrics.study_bootstrap import Summary


@dataclass(frozen=True)
class KindDistances:
    """The figures on the studies of one kind."""

    scale: Summary
    """W by the scale that the question states."""
    observed: Summary
    """W by the range of the human answers."""
    noise_floor: ByConvention[Summary]
    """Expected W of a perfect prediction with as many people."""
    uniform: ByConvention[Summary]
    """W of the uniform baseline."""
    marginal: ByConvention[Summary]
    """W of the marginal baseline: the training answers on the scale."""
    paper: GroupingDistance
    """W as in the Socrates paper: by the observed range, a cell being study, condition and task."""
    predictions: UsedPredictions
    """How many predictions W by the stated scale rests on, and what the others cost."""
    on_scale_mass: Summary
    """Share of the model's probability mass on the scale, in [0, 1]."""
    nominal: NominalDistances | None
    """Total variation of outcomes whose options have no order; None if there are none."""
