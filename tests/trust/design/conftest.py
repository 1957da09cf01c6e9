import pytest

from socrates_core.trust.calibration import Calibration
from tests.trust.design.arms import half_right


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    return half_right()
