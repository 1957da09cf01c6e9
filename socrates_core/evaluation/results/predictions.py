"""How many predictions the figures rest on, and single people's figures as the original run computed them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from socrates_core.evaluation.results.provenance import GivenAnswers
from socrates_core.metrics.cell_predictions import CellPredictions
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
class UsedAnswers:
    """What became of the human answers: `given` is the sum of all the others."""

    given: int
    """All answers of the evaluated studies; of predictions made elsewhere, those in the file."""
    compared: int
    """Those that predictions are compared with, by W or, where options have no order, by total variation."""
    in_cells_left_out: int
    """In cells that are not predicted, such as open-ended outcomes."""
    not_drawn: int
    """Of people who were not drawn, where a cell has more than the run takes."""
    in_unscored_cells: int
    """In predicted cells that cannot be scored, such as those that one person answered."""
    off_axis: int
    """Options without a place on the axis, such as "don't know"; compared by their share alone."""
    off_scale: int
    """No option at all; in no figure but those by the observed range."""
    without_weight: int
    """Of people whose survey weight is 0."""

    @classmethod
    def of(
        cls, cells: Sequence[CellPredictions], scored: Collection[int], before: GivenAnswers | None
    ) -> "UsedAnswers":
        """Count the answers of all predicted cells.

        Args:
            cells: All of them.
            scored: The ids of those that have a distance.
            before: What became of answers before the prediction; None if nothing is known of it.
        """
        counts = {cell.cell_id: cell.mass_of > 0 for cell in cells}
        judged = [cell for cell in cells if cell.cell_id in scored]
        predicted = sum(len(cell.responses) for cell in cells)
        return cls(
            given=before.given if before else predicted,
            compared=sum(int((counts[cell.cell_id] & cell.on_scale).sum()) for cell in judged),
            in_cells_left_out=before.in_cells_left_out if before else 0,
            not_drawn=before.not_drawn if before else 0,
            in_unscored_cells=predicted - sum(len(cell.responses) for cell in judged),
            off_axis=sum(int((counts[cell.cell_id] & cell.answered_off_axis).sum()) for cell in judged),
            off_scale=sum(
                int((counts[cell.cell_id] & ~cell.on_scale & ~cell.answered_off_axis).sum()) for cell in judged
            ),
            without_weight=sum(int((~counts[cell.cell_id]).sum()) for cell in judged),
        )


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
