"""A small evaluation as metrics.json has it, for tests of what reads such files."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.scores import evaluate
from tests.predictions import cell


@cache
def _told() -> str:
    arms = [(study, condition) for study in range(3) for condition in (1, 2)]
    cells = [
        cell([1, 2, 3, 3], [0.1, 0.2, 0.4, 0.2, 0.1], study=f"s{study}", condition=condition, cell_id=number)
        for number, (study, condition) in enumerate(arms)
    ]
    return json.dumps(as_json(evaluate(cells, {"model": "m"}).metrics))


def metrics_json(**changes: Any) -> dict[str, Any]:
    """All of it, with other figures where they are named: `wasserstein={"scale": {"mean": 0.1}}` changes that mean."""
    return _changed(json.loads(_told()), changes)


def write_metrics(folder: Path, **changes: Any) -> None:
    """Write it into a folder."""
    (folder / "metrics.json").write_text(json.dumps(metrics_json(**changes)), "utf-8")


def _changed(told: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    nested = {
        key: _changed(told[key], new)
        for key, new in changes.items()
        if isinstance(new, dict) and isinstance(told.get(key), dict)
    }
    return {**told, **changes, **nested}
