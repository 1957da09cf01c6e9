"""Many other deals of the real groups into those fitted on and those tried: what a single test part can show.

Which groups are kept for a test is chance. Fitted on as many groups as the shipped calibrations, drawn anew each time,
and tried on all the others, the mean coverage says what the method does; its spread, how far one test may be from that.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from socrates_core.trust.error_model.coverage import Coverage, coverages_on
from socrates_core.trust.error_model.evidence import Evidence

DEALS: Final = 200


def dealt(evidence: Evidence, fitted: int, rng: np.random.Generator, deals: int = DEALS) -> dict[str, Any]:
    """What and level → mean coverage over deals, its spread between them, and the smallest.

    Args:
        evidence: Of all groups, with raw predictions.
        fitted: How many of them are fitted on.
        rng: Deals.
        deals: How often.
    """
    groups = np.array(evidence.groups)
    rows: dict[str, list[float]] = {}
    for _ in range(deals):
        order = rng.permutation(len(groups))
        known, new = (part_of(evidence, groups[some].tolist()) for some in (order[:fitted], order[fitted:]))
        for one in coverages_on(new, known):
            rows.setdefault(_name(one), []).append(one.covered)
    return {
        name: {"deals": len(found), "mean": float(np.mean(found)), "sd": float(np.std(found)), "lowest": min(found)}
        for name, found in rows.items()
    }


def part_of(evidence: Evidence, groups: Sequence[str]) -> Evidence:
    """The cells and effects of these groups."""
    chosen = set(groups)
    places = [place for place, cell in enumerate(evidence.cells) if cell.group in chosen]
    return evidence.select(places, [one for one in evidence.effects if one.group in chosen])


def _name(one: Coverage) -> str:
    return f"{one.what} {one.level:.0%}"
