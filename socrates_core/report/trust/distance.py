"""The Wasserstein distance (W) to expect, its bound, and what people showed of it, in words."""

from typing import Final

from socrates_core.report.trust.which import of_which
from socrates_core.report.trust.worth import worth_words
from socrates_core.trust.statement.record import CheckedDistance, Statement

MOST_NAMED: Final = 3
"""Conditions up to which a sentence names each."""


def distribution_sentences(found: Statement) -> list[str]:
    """W to expect, its bound, and what it is worth; empty where nothing is said of it."""
    at = found.distance
    if at is None:
        return []
    told = "" if at.inner is None else f", at most {at.inner:.2f} with a probability of 80 %"
    worth = "" if at.worth is None else f" For the distribution it is as good as asking {worth_words(at.worth)}."
    of = of_which(found, " of the ", " answers")
    return [f"The Wasserstein distance (W) to expect{of} is {at.expected:.2f}{told}.{worth}"]


def distances_sentence(found: Statement) -> str:
    """After people answered: W of the answers that the bound is of, and whether it lay inside; empty before."""
    far = [(arm.label, arm.distance) for arm in found.arms if arm.distance is not None]
    if not far:
        return ""
    of = f"To people's answers, W{of_which(found, ' of the ', ' answers')} is"
    if len(far) <= MOST_NAMED:
        *others, last = (f"{distance_words(at)} in {label}" for label, at in far)
        before = f"{', '.join(others)} and " if others else ""
        return f"{of} {before}{last}.{_few(found)}"
    shown, inside = [at.observed for _, at in far], sum(at.inner is True for _, at in far)
    within = f"; inside of the 80 % bound in {inside} of {len(far)} conditions" if far[0][1].inner is not None else ""
    return f"{of} {min(shown):.3f} to {max(shown):.3f}{within}.{_few(found)}"


def _few(found: Statement) -> str:
    """That an observed W is of fewer people than its bound; empty where it is not, or that is not known."""
    people = [arm.distance.people for arm in found.arms if arm.distance is not None]
    usual = None if found.distance is None else found.distance.people
    if usual is None or min(people) >= usual:
        return ""
    return (
        f" With {min(people):,.0f} people, where {usual:,.0f} answered a cell of the calibration (median), chance "
        "makes W larger, and a W outside says less."
    )


def comparable_of(said: Statement) -> str:
    """What an observed W may be compared with; empty where nothing is said of it."""
    found = said.distance
    if found is None:
        return ""
    median = "" if found.people is None else f" (median of {found.people:,.0f} in a cell)"
    return (
        f"W to expect and its bound are of W to the answers of as many people as answered in the calibration{median}, "
        "with their sampling noise: to the answers of fewer people W is larger by chance, and a W outside says less."
    )


def distance_words(found: CheckedDistance | None) -> str:
    """`0.331 (outside)`."""
    if found is None:
        return "too few answered"
    if found.inner is None:
        return f"{found.observed:.3f}"
    at = "inside" if found.inner else "outside at 80 %, inside at 95 %" if found.outer else "outside"
    return f"{found.observed:.3f} ({at})"
