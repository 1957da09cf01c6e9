import json
import re
from pathlib import Path

import pytest

from socrates_core.scale.instruction import parse_scale

REAL_ROWS = Path(__file__).parents[3] / "shared" / "data" / "socsci210_val.jsonl"


def test_nearly_all_real_rows_are_read_and_hold_the_human_answers() -> None:
    if not REAL_ROWS.exists():
        pytest.skip(f"the real rows are not at {REAL_ROWS}")
    bounded = read = on_scale = 0
    with REAL_ROWS.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            stimulus = row["input"].split("\n\nScenario: ", 1)[1]
            instruction = stimulus[stimulus.rindex("Only return") :]
            scale = parse_scale(stimulus)
            codes = [
                int(code) for code in re.findall(r"(?<![\w$])\d+(?= (?:to|means|for|if|=|rep)|[, .]|$)", instruction)
            ]
            if not codes:
                assert scale.values is None
                continue
            bounded += 1
            assert scale.values is not None
            whole = (scale.values[0], scale.values[-1]) == (min(codes), max(codes))
            named = set(re.findall(r"(\d+) (?:means|=|for|if)", instruction)) == {str(code) for code in scale.labels}
            read += whole and named and all(label in instruction for label in scale.labels.values())
            on_scale += scale.contains(int(row["output"].removeprefix("Response: ")))
    assert bounded > 2700
    assert read / bounded >= 0.99
    assert on_scale / bounded >= 0.99
