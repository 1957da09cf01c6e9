"""What a page computes is stopped by that page alone."""

import pytest

from socrates_core.errors import StoppedError
from socrates_core.ui.robustness.stopping import PageStops


def test_a_page_stops_its_own_work_at_the_next_report_and_no_other() -> None:
    stops, seen = PageStops(), []
    stops.stop("a")  # nothing is running
    with (
        stops.watching("a", lambda *part: seen.append(part)) as report,
        stops.watching("b", lambda *part: seen.append(part)) as other,
    ):
        report(1, 4)
        stops.stop("a")
        other(2, 4)
        with pytest.raises(StoppedError):
            report(2, 4)
    assert seen == [(1, 4), (2, 4)]
    with stops.watching("a", lambda *part: seen.append(part)) as report:
        report(3, 4)  # it was told to stop before, and this is another run
