"""Real survey files, which are no part of the repository."""

from pathlib import Path
from typing import Final

import pytest

REAL_STUDIES: Final = Path(__file__).parents[2] / "shared" / "data" / "real_studies"

needs_real_studies = pytest.mark.skipif(
    not REAL_STUDIES.is_dir(), reason="the real studies are not here (../shared/data)"
)
