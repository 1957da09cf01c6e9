"""The packs of a step, shared out over the processes that train together."""

from collections.abc import Sequence
from typing import Final

from socrates_core.finetune.batch.examples import Example
from socrates_core.finetune.batch.packs import OptionScales, largest_group, pack_of, partition

PACKS_PER_PROCESS: Final = 2
"""Minimum per step: with fewer, larger packs some processes would sit idle while others work."""


def packs_by_process(
    members: Sequence[Example], pack_tokens: int, scales: OptionScales | None, processes: int
) -> list[list[list[Example]]]:
    """For each process its packs: largest first, each is assigned to the process with the fewest tokens so far.

    Args:
        members: The examples of the step.
        pack_tokens: As `partition` takes it; with several processes, packs are smaller if some would be idle otherwise.
        scales: As in `pack_of`.
        processes: 1 or more.
    """
    if processes == 1:
        return [partition(members, pack_tokens, scales)]
    whole = len(pack_of(members, scales).tokens)
    # groups stay whole, because the distribution term is defined on a whole group
    share = max(largest_group(members, scales), whole // (PACKS_PER_PROCESS * processes))
    packs = partition(members, min(pack_tokens, share), scales)
    sizes = [len(pack_of(some, scales).tokens) for some in packs]
    load, dealt = [0] * processes, [list[list[Example]]() for _ in range(processes)]
    for number in sorted(range(len(packs)), key=lambda number: -sizes[number]):
        least = load.index(min(load))
        load[least] += sizes[number]
        dealt[least].append(packs[number])
    return dealt
