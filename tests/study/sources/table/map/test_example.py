import shlex
from pathlib import Path

import pytest

from socrates_core.errors import SourceError
from socrates_core.study.prepare import prepare
from socrates_core.study.sources.table.map.example import PEOPLE, write_example
from socrates_core.study.study_set import StudySet


def test_the_example_goes_through_the_command_that_it_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(example=tmp_path / "try it")
    command = shlex.split(next(line for line in capsys.readouterr().out.splitlines() if "train.prepare" in line))
    source, columns, out = (command[command.index(option) + 1] for option in ("--source", "--map", "--out"))
    prepare(source=source, columns=Path(columns), out=Path(out))
    studies = StudySet.load(Path(out), verify=True)
    assert studies.cells["condition"].unique(maintain_order=True).to_list() == ["To everybody", "To women"]
    assert len(studies.participants) == PEOPLE
    assert studies.attributes == ["age", "gender"]
    assert studies.participants["weight"].min() == 0.8  # 0,8 in the table
    assert "example.org" not in "".join(path.read_text("utf-8", "ignore") for path in Path(out).iterdir())
    means = [float(studies.answers(cell).responses.mean()) for cell in range(4)]
    assert means[0] - means[2] == pytest.approx(1, abs=0.1)
    assert studies.cell(1).scale.off_axis == {8: "Don't know"}


def test_an_example_replaces_nothing(tmp_path: Path) -> None:
    write_example(tmp_path)
    with pytest.raises(SourceError, match=r"answers\.csv exists already"):
        write_example(tmp_path)


def test_without_a_source_the_command_says_what_there_is() -> None:
    with pytest.raises(SourceError, match="--source is missing: name a source, or --example"):
        prepare()
