"""Evaluations for tests of the error model, drawn with a seed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from socrates_core.evaluation.results.provenance import Provenance, read_provenance
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.folder import DEMO_ADAPTER
from socrates_core.model.record import CALIBRATION
from tests.predictions import cell


def provenance(**changes: Any) -> Provenance:
    said = {"model": "m", "revisions": {"model": "a1"}, "template": "shared", "precision": "float32"}
    return read_provenance({**said, **changes})


def evaluation(groups: int, seed: int = 0, values: Sequence[int] = (1, 2, 3, 4, 5)) -> list[CellPredictions]:
    """Groups of one study of two arms; predictions are half right and half evenly spread."""
    rng = np.random.default_rng(seed)
    cells = []
    for group in range(groups):
        base = rng.dirichlet(np.full(len(values), 2.0))
        for condition in (1, 2):
            truth = 0.8 * base + 0.2 * rng.dirichlet(np.ones(len(values)))
            answers = rng.choice(np.array(values, dtype=np.float64), 60, p=truth)
            prediction = (0.5 * truth + 0.5 / len(values)).tolist()
            study = f"s{len(values)}-{group:02d}"
            found = cell(
                answers.tolist(), prediction, values=values, study=study, cell_id=len(cells), condition=condition
            )
            cells.append(found)
    return cells


def untested(folder: Path) -> Path:
    """The demo adapter's calibration as it would be without its test part: it offers intervals of effects."""
    told = json.loads((DEMO_ADAPTER / CALIBRATION).read_text("utf-8")) | {"tested_on": 0}
    del told["tested_effects"]
    for family in told["families"].values():
        for kind in ("raw", "sharpened"):
            family[kind]["tested"] = []
    file = folder / CALIBRATION
    file.write_text(json.dumps(told), "utf-8")
    return file
