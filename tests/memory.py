"""The peak of what PyTorch allocates, from its own record of allocations: unlike a process's memory, it repeats."""

from collections.abc import Callable

import torch


def peak_bytes(action: Callable[[], object]) -> int:
    """The most bytes of tensors that an action holds at a time beyond those that were there before."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as record:
        action()
    profiler = record.profiler
    assert profiler is not None
    assert profiler.kineto_results is not None
    events = [event for event in profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most
