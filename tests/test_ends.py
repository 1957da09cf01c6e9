"""How commands end when a path, a file, a number or the disk is not as it should be: one line, exit 2, nothing left."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core import command
from socrates_core.errors import SourceError
from socrates_core.finetune.recipe import load_recipe
from socrates_core.finetune.train import MOST_EXAMPLES, check_length, train
from socrates_core.hub.commands import push
from socrates_core.hub.reproduction.command import reproduce
from socrates_core.report.commands import compare, score
from socrates_core.report.design.command import design
from socrates_core.report.prediction.command import simulate
from socrates_core.runs.evaluate import run
from socrates_core.study.files import parse_json, read_parquet, write_files
from socrates_core.study.prepare import prepare
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.opening import open_source
from socrates_core.study.sources.society.society import make_society, study_set
from socrates_core.study.split import make_split
from socrates_core.trust.command import calibrate
from tests.ends import largest_file

ROOT = Path(__file__).parents[1]
ADAPTER = ROOT / "assets" / "demo" / "adapter"
Story = Callable[..., None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder `studies`, a finished run `run` of it, and what can be met in place of a folder."""
    root = tmp_path_factory.mktemp("ends")
    society = study_set(make_society(3, studies=20)).save(root / "studies")
    make_split(society, "study").save(root / "studies" / "split.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run", *_evaluation(root), "--out", str(root / "run")])
        with pytest.raises(SystemExit, match="0"):
            command.run(run)
    shutil.copy(ROOT / "assets" / "studies" / "example.yaml", root / "menu.yaml")
    (root / "FILE").write_text("a file")
    os.mkfifo(root / "PIPE")
    return root


def _evaluation(root: Path) -> list[str]:
    return ["--studies", str(root / "studies"), "--model", "uniform", "--per-cell", "2"]


@pytest.fixture
def ends(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command that should end in exit 2; returns its one line. A word `@NAME` is a path of `place`."""

    def call(story: Story, *arguments: object) -> str:
        words = [str(place / str(one)[1:]) if str(one).startswith("@") else str(one) for one in arguments]
        monkeypatch.setattr(sys, "argv", [story.__name__, *words])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            command.run(story)
        said = capsys.readouterr().err
        assert (ended.value.code, said.count("\n")) == (command.USER_ERROR, 1), said
        assert said.startswith("error: ")
        return said

    return call


COMMANDS: dict[str, tuple[Story, tuple[str, ...]]] = {
    "prepare": (prepare, ("--source", "@studies")),
    "score": (score, ("@run",)),
    "compare": (compare, ("@run", "@run")),
    "simulate": (simulate, ("@menu.yaml", "--model", "uniform")),
    "design": (design, ("@menu.yaml", "--model", "uniform")),
    "run": (run, ("--studies", "@studies", "--model", "uniform", "--per-cell", "2")),
    "train": (train, ("--config", "demo", "--studies", "@studies")),
    "calibrate": (calibrate, ("@run",)),
    "reproduce": (reproduce, ("--model", "uniform", "--source", "@studies")),
}
"""Those that write to --out."""

PLACES = {
    "under a file": "@FILE/x",
    "a pipe": "@PIPE",
    "under a pipe": "@PIPE/x",
    "a device": "/dev/null",
    "300 letters": "@" + "n" * 300,
    "bytes that are not UTF-8": os.fsdecode(b"caf\xe9"),
}


@pytest.mark.parametrize("out", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_where_nothing_can_be_written_a_command_says_so(name: str, out: str, ends: Any, tmp_path: Path) -> None:
    story, arguments = COMMANDS[name]
    ends(story, *arguments, "--out", out)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        (prepare, "--out", "o", "--source"),
        (score, "--out", "o"),
        (simulate, "--model", "uniform", "--out", "o"),
        (design, "--out", "o"),
        (design, "@menu.yaml", "--model", "uniform", "--out", "o", "--pilot"),
        (compare, "--out", "o", "@run"),
        (run, "--out", "o", "--model", "uniform", "--studies"),
        (run, "--out"),
        (calibrate, "--out", "o.json"),
        (train, "--out", "o", "--studies", "@studies", "--config"),
        (push, ADAPTER, "a/b", "--dry-run", "--run"),
    ],
    ids=lambda given: f"{given[0].__name__} {given[-1]}",
)
@pytest.mark.parametrize("given", ["@PIPE", "@FILE/x", "@" + "n" * 300, "no\nline", os.fsdecode(b"caf\xe9")])
def test_what_cannot_be_read_is_refused_by_name(
    arguments: tuple[Any, ...], given: str, ends: Any, tmp_path: Path
) -> None:
    ends(*arguments, given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["prepare", "prepare alpaca", "score", "compare", "run"])
@pytest.mark.parametrize("size", [0, 3000])
def test_a_full_disk_is_told_and_leaves_nothing(name: str, size: int, ends: Any, tmp_path: Path) -> None:
    kind, _, export = name.partition(" ")
    story, arguments = COMMANDS[kind]
    more = ("--export", export) if export else ()
    with largest_file(size):
        said = ends(story, *arguments, *more, "--out", "new/out")
    assert os.strerror(errno.EFBIG) in said
    assert "new/out" in said
    # a run keeps the cells that are done; a new one that did not get as far leaves its queue alone
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert not [name for name in left if name.endswith(".partial")]
    assert not left or kind == "run"
    assert (kind == "run" and size) or not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ((prepare, "--out", "o", "--source", ""), "--source"),
        ((prepare, "--out", "o", "--source="), "--source"),
        ((prepare, "--source", "bundled", "--out", ""), "--out"),
        ((score, "@run", "--out", ""), "--out"),
        ((score, ""), "an argument"),
    ],
)
def test_an_empty_value_is_not_the_current_folder(
    arguments: tuple[Any, ...], option: str, ends: Any, tmp_path: Path
) -> None:
    assert ends(*arguments) == f"error: {option} is empty; give it a value, or leave it out\n"
    assert not list(tmp_path.iterdir())


def test_a_value_without_its_option_is_told_which_option_it_may_belong_to(ends: Any) -> None:
    assert "write the option before its value, as in --source VALUE" in ends(prepare, "answers.csv", "--out", "o")


@pytest.mark.parametrize("name", ["prepare", "score", "run"])
def test_a_name_that_is_too_long_is_shortened_in_its_message(name: str, ends: Any, tmp_path: Path) -> None:
    story, arguments = COMMANDS[name]
    said = ends(story, *arguments, "--out", "n" * 256)
    assert "nnnnnnnnnnnnnnnnnnnn…nnnnnnnnnn (256 letters)" in said
    assert said.endswith("File name too long; choose a shorter name\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("given", "what"), [("@PIPE", "a named pipe"), ("/dev/null", "a device")])
def test_what_is_no_file_is_named_for_what_it_is(given: str, what: str, ends: Any) -> None:
    assert f"is {what}; save the rows as a file" in ends(prepare, "--out", "o", "--source", given)
    assert f"is {what}; save the predictions as a file" in ends(score, "--out", "o", given)


def test_files_that_belong_together_appear_together(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "old", "b": "old"})
    with largest_file(5), pytest.raises(OSError, match="too large") as raised:
        write_files(tmp_path, {"a": "new", "b": "much longer"})
    assert raised.value.filename == str(tmp_path)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["old", "old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


NESTED = ["[" * depth + "]" * depth for depth in (300, 100_000)]
NESTED += ['{"a":' * depth + "1" + "}" * depth for depth in (300, 100_000)]
NESTED_IDS = ["300 lists", "100,000 lists", "300 objects", "100,000 objects"]

FILES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "manifest.json": ("@studies", (run, "--model", "uniform", "--out", "o", "--studies", "copy")),
    "split.json": ("@studies", (prepare, "--out", "o", "--source", "copy")),
    "spec.json": ("@run", (run, "--out", "copy")),
    "metrics.json": ("@run", (compare, "@run", "copy", "--out", "o")),
    "recipe.yaml": ("", (train, "--config", "copy/recipe.yaml", "--studies", "@studies", "--out", "o", "--dry-run")),
    "predictions.json": ("", (score, "copy/predictions.json", "--out", "o")),
    "prediction.json": ("", (design, "copy", "--out", "o")),
    "lines.jsonl": ("", (prepare, "--source", "copy/lines.jsonl", "--out", "o")),
    "studies.json": ("", (prepare, "--source", "copy", "--out", "o")),
    "adapter_config.json": (str(ADAPTER), (push, "copy", "a/b", "--dry-run")),
    "socrates.json": (str(ADAPTER), (push, "copy", "a/b", "--dry-run")),
}
"""A file that is read ↦ the folder that holds it, and a command that reads it from a copy of the folder."""


@pytest.mark.parametrize("text", NESTED, ids=NESTED_IDS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_nested_without_end_is_refused(
    name: str, text: str, ends: Any, place: Path, tmp_path: Path
) -> None:
    source, arguments = FILES[name]
    copy = tmp_path / "copy"
    if source:
        shutil.copytree(place / source.removeprefix("@"), copy)
    else:
        copy.mkdir()
    if name == "studies.json":
        (copy / "a.csv").write_text("study_id,condition_num,stimulus,participant,response\na,1,From 1 to 7?,p,1\n")
    (copy / name).write_text(text)
    ends(*arguments)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("text", NESTED, ids=NESTED_IDS)
def test_a_setting_that_is_nested_without_end_is_refused(text: str, ends: Any, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"base: demo\nlora_targets: {text}\n")
    assert "r.yaml" in ends(train, "--config", "r.yaml", "--studies", "@studies", "--out", "o", "--dry-run")


def test_a_hundred_levels_of_json_are_read_and_one_more_is_not() -> None:
    assert parse_json("[" * 100 + "]" * 100)
    assert parse_json("[" + "[], " * 500 + "1]")[-1] == 1
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 101 + "]" * 101)


@pytest.mark.parametrize("seed", ["-1", str(2**53 + 1), str(10**40)])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_seed_is_between_0_and_2_to_the_53(name: str, seed: str, ends: Any, tmp_path: Path) -> None:
    story, arguments = COMMANDS[name]
    said = ends(story, *arguments, "--out", "o", "--seed", seed)
    assert seed in said
    assert "negative" in said or "at most 9007199254740992" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", ["nan", "1e400", "-1", "0", "-0.0", "1.0000001"])
def test_a_share_is_above_0_and_up_to_1(share: str, ends: Any) -> None:
    assert "choose one above 0 and up to 1" in ends(prepare, "--source", "@studies", "--out", "o", "--fraction", share)


@pytest.mark.parametrize("number", ["10000000000000000000000000000000000000000", "9223372036854775808"])
def test_more_people_of_a_cell_than_there_are_is_everybody(
    number: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["prepare", "--source", str(place / "studies"), "--out", str(tmp_path / "o"), "--per-cell", number]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match="0"):
        command.run(prepare)
    whole = pl.read_parquet(place / "studies" / "responses.parquet")
    assert read_parquet(tmp_path / "o" / "responses.parquet").equals(whole)


@pytest.mark.parametrize(
    "setting",
    [
        "epochs: 1000000000000000",
        "epochs: 10001",
        "lora_rank: 1000000000000",
        "step_examples: 1000000000000000000000000000000",
        "seed: 9007199254740993",
        "learning_rate: 1e400",
        "learning_rate: .nan",
        "weight_decay: .inf",
        "lora_alpha: -1",
        f"max_tokens: {'9' * 5000}",
    ],
    ids=lambda setting: setting[:30],
)
def test_an_absurd_setting_is_refused_before_anything_is_read(setting: str, ends: Any, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"base: demo\n{setting}\n")
    said = ends(train, "--config", "r.yaml", "--studies", "nowhere", "--out", "o", "--dry-run")
    assert f"line 2: {setting.partition(':')[0]} is" in said


def test_the_order_of_all_epochs_has_to_fit_in_memory() -> None:
    check_length(MOST_EXAMPLES // 10, 10)
    with pytest.raises(Exception, match=r"choose fewer epochs or a smaller fraction, up to 200,000,000"):
        check_length(MOST_EXAMPLES // 10, 11)


ODD = ["a [ab]*? {0} {x}", '100% %s %(x)s #b?c it\'s "quoted"', "two\nlines " + "ü" * 50, "~"]


@pytest.mark.parametrize("name", ODD)
def test_a_path_is_never_a_pattern(
    name: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()  # what `[ab]` would find
    for story, *arguments in (
        (prepare, "--source", str(place / "studies"), "--export", "datasets", "--out", f"{name}/studies"),
        (run, "--studies", f"{name}/studies", "--model", "uniform", "--per-cell", "2", "--out", f"{name}/run"),
        (score, f"{name}/run", "--out", f"{name}/score"),
        (compare, f"{name}/run", f"{name}/score", "--out", f"{name}/comparison"),
        (prepare, "--source", f"{name}/studies/datasets", "--out", f"{name}/again"),
    ):
        monkeypatch.setattr(sys, "argv", [story.__name__, *map(str, arguments)])  # type: ignore[attr-defined]
        with pytest.raises(SystemExit) as ended:
            command.run(story)  # type: ignore[arg-type]
        assert ended.value.code == 0, capsys.readouterr().err
    assert {path.name for path in (tmp_path / name).iterdir()} >= {"studies", "run", "score", "comparison", "again"}
    responses = [read_parquet(Path(name) / folder / "responses.parquet") for folder in ("studies", "again")]
    assert len(responses[0]) == len(responses[1])
    rows = tmp_path / name / "rows.json"
    rows.write_text('[{"x": 1}, {"x": 2}]')
    assert [frame["x"].to_list() for frame in frames(rows)] == [[1, 2]]


def test_two_colons_are_not_taken_for_a_chain_of_file_systems(place: Path, tmp_path: Path, ends: Any) -> None:
    # `datasets` would write the export of x::y to x
    arguments = ("--source", "@studies", "--export", "datasets", "--out", tmp_path / "x::y")
    assert "x::y" in ends(prepare, *arguments)
    assert not list(tmp_path.iterdir())
    (tmp_path / "x::y").mkdir()
    (tmp_path / "x::y" / "rows.json").write_text('[{"x": 1}]')
    rows = pl.concat(frames(tmp_path / "x::y" / "rows.json"))
    assert rows.columns == ["x"]
    assert len(rows) == 1


def test_a_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["prepare", "--source", "bundled", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="2"):
        command.run(prepare)
    assert capsys.readouterr().err == "error: the current folder no longer exists; change to one that does\n"
    assert not list(tmp_path.iterdir())


def test_a_file_of_a_folder_whose_name_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.parquet")).write_bytes(b"")
    with pytest.raises(SourceError, match="not UTF-8"):
        open_source(str(tmp_path))


def test_an_error_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def story() -> None:
        raise OSError("made up, not of the operating system")

    monkeypatch.setattr(sys, "argv", ["story"])
    with pytest.raises(OSError, match="made up"):
        command.run(story)


def test_what_a_terminal_cannot_show_is_escaped(place: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "eval.score", str(place / "run"), "--out", str(tmp_path / "süß")]
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert rb"s\xfc\xdf/metrics.json" in done.stdout


def test_a_command_that_is_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    arguments = ["--source", "bundled", "--out", str(tmp_path / "new" / "out"), "--export", "alpaca"]
    process = subprocess.Popen(
        [sys.executable, "-m", "train.prepare", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (2, "stopped by SIGTERM\n")
    assert not list(tmp_path.iterdir())


STOPPED = {
    "run": ("eval.run", "--studies", "@studies", "--split", "train", "--model", "uniform", "--out"),
    "score": ("eval.score", "@run", "--out"),
    "compare": ("eval.compare", "@run", "@run", "--out"),
    "app": ("app", "--model", "uniform", "--port"),
}


@pytest.mark.parametrize("seconds", [0.5, 1.5])
@pytest.mark.parametrize("name", STOPPED)
def test_sigterm_ends_every_command_in_a_line_and_leaves_nothing_half_written(
    name: str, seconds: float, place: Path, tmp_path: Path
) -> None:
    module, *arguments = (str(place / one[1:]) if one.startswith("@") else one for one in STOPPED[name])
    out = tmp_path / "new" / "out"
    last = str(_free_port()) if name == "app" else str(out)
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments, last],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    # -15: before Python had read our code, or after all was done; 0: it was done
    assert process.returncode in (command.USER_ERROR, -signal.SIGTERM, 0), said
    assert "Traceback" not in said
    assert process.returncode != command.USER_ERROR or said.endswith("stopped by SIGTERM\n")
    assert not list(tmp_path.rglob("*.partial"))
    assert name == "run" or process.returncode != command.USER_ERROR or not out.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--sourc", "a"], "No such option: --sourc (Possible options: --out, --source)"),
        (["--out"], "Option '--out' requires an argument"),
        (
            ["--source", "a", "--out", "b", "--seed", "x"],
            "Invalid value for '--seed': Input should be a valid integer, unable to parse string as an integer",
        ),
    ],
)
def test_a_wrong_option_is_one_line(
    arguments: list[str], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["prepare", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.run(prepare)
    assert ended.value.code == command.USER_ERROR
    assert capsys.readouterr().err == f"error: {expected}; --help lists what there is\n"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_demo_recipe_is_within_all_bounds() -> None:
    assert load_recipe(ROOT / "train" / "configs" / "demo.yaml").epochs >= 1
    assert json.loads(json.dumps(command.LARGEST_SEED)) == 2**53
