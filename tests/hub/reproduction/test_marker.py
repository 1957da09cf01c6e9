import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from socrates_core.errors import PredictionError, RunError, TrainingError
from socrates_core.hub.reproduction.marker import Made, Setting, Stage, complete, read_marker
from tests.ends import largest_file


class Work:
    """Writes a file, as often as it is called, and fails while it is told to."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.pinned: list[Mapping[str, str | None]] = []
        self.pins = 0
        self.traces = False
        self.failing = False

    def stage(self, **made_from: Setting) -> Stage:
        return Stage("data", made_from, lambda: "a second", self._work, self.out / "place", self._pin)

    def _pin(self) -> Mapping[str, str | None]:
        self.pins += 1
        return {"commit": f"c{self.pins}"}

    def _work(self, pinned: Mapping[str, str | None]) -> Made:
        self.pinned.append(pinned)
        if self.traces or not self.failing:
            (self.out / "place").mkdir(exist_ok=True)
        if self.failing:
            raise TrainingError("no memory")
        (self.out / "place" / "file").write_text("made")
        return Made((self.out / "place" / "file",))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def test_a_stage_that_is_done_is_skipped(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    first = complete(work.out, work.stage(seed=1))
    assert "== data         to do: a second\n" in capsys.readouterr().out
    assert complete(work.out, work.stage(seed=1)) == first
    assert "== data         done before in 1 s\n" in capsys.readouterr().out
    assert len(work.pinned) == 1
    assert first.files is not None
    assert list(first.files) == ["place/file"]


def test_a_stage_of_other_inputs_is_refused_by_what_differs(work: Work) -> None:
    complete(work.out, work.stage(seed=1, share=0.01))
    with pytest.raises(RunError, match=r"was made from other inputs \(share 0.01 there, 0.1 here\); choose another"):
        complete(work.out, work.stage(seed=1, share=0.1))


def test_a_marker_from_before_there_was_an_option_stands_for_its_default(work: Work) -> None:
    first = complete(work.out, work.stage(seed=1))
    assert complete(work.out, work.stage(seed=1, precision="auto")) == first
    with pytest.raises(RunError, match=r"\(precision 'auto' there, 'bf16' here\)"):
        complete(work.out, work.stage(seed=1, precision="bf16"))


@pytest.mark.parametrize(("content", "expected"), [("other", "has changed"), (None, "is gone")])
def test_a_stage_whose_file_is_no_longer_what_it_made_is_refused(
    content: str | None, expected: str, work: Work
) -> None:
    complete(work.out, work.stage())
    file = work.out / "place" / "file"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(RunError, match=f"file {expected} since the stage data made it"):
        complete(work.out, work.stage())


def test_an_interrupted_stage_goes_on_with_what_was_pinned_when_it_began(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    work.failing = work.traces = True
    with pytest.raises(TrainingError):
        complete(work.out, work.stage(seed=1))
    with pytest.raises(RunError, match=r"was begun from other inputs \(seed 1 there, 2 here\)"):
        complete(work.out, work.stage(seed=2))
    work.failing = False
    complete(work.out, work.stage(seed=1))
    said = capsys.readouterr().out
    assert said.startswith("== data         to do: a second\n== data         not done; the same command resumes it\n")
    assert "== data         to continue: a second\n" in said
    # the newest commit may be another by now; the stage keeps the one that it began with
    assert work.pinned == [{"commit": "c1"}, {"commit": "c1"}]


def test_a_stage_that_was_refused_before_it_did_anything_can_be_asked_for_otherwise(work: Work) -> None:
    work.failing = True
    with pytest.raises(TrainingError):
        complete(work.out, work.stage(model="mispelt"))
    assert read_marker(work.out, "data") is None
    work.failing = False
    assert complete(work.out, work.stage(model="misspelt")).files


def test_where_nothing_can_be_written_the_way_out_is_not_to_begin_anew(work: Work) -> None:
    with (
        redirect_stdout(io.StringIO()),  # pytest's is a file
        largest_file(0),
        pytest.raises(
            RunError, match=r"data\.json: File too large; allow larger files .*; then the same command resumes"
        ),
    ):
        complete(work.out, work.stage())
    assert complete(work.out, work.stage()).files


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 2, "stage": "data"}'])
def test_a_damaged_marker_is_named_with_the_way_out(text: str, work: Work) -> None:
    complete(work.out, work.stage())
    (work.out / "stages" / "data.json").write_text(text)
    with pytest.raises(PredictionError, match=r"stages/data.json.*start again in another --out"):
        complete(work.out, work.stage())
