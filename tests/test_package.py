"""What `pip install .` gives: a wheel with the library alone, its assets, and the command `socrates` from anywhere."""

import inspect
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from importlib import import_module
from pathlib import Path

import pytest

import socrates_core
from socrates_core.__main__ import COMMANDS
from socrates_core.runs.state import is_alive, state
from tests.servers.app_server import app_server
from tests.test_house import repository

ROOT = Path(__file__).parents[1]
SHOWN_IN_THE_README = {
    "assets/architecture.svg", "assets/screenshot.png", "assets/your-study.png", "assets/what-if.png",
}  # fmt: skip
"""Pictures, which nothing reads after an installation."""


def pip(*arguments: object) -> None:
    # no network, and nothing built in a place of its own: what builds the wheel is pinned in tests/requirements.txt
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed into; what it depends on is there already."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel)
    return folder


def environment(installed: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOCRATES_")}
    return {**kept, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def socrates(installed: Path, cwd: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, run in a folder that has nothing to do with the software."""
    command = [str(installed / "bin" / "socrates"), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=environment(installed), capture_output=True, text=True, timeout=240, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def description(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as files:
        (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(files.read(name).decode())


def plain(requirement: str) -> str:
    return re.sub(r"[-_.]+(?=.*==)", "-", requirement).lower()


# -- what is in it


def test_the_wheel_holds_the_library_alone_and_all_of_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        held = {name for name in files.namelist() if not name.endswith("/")}
    about = f"socrates_core-{socrates_core.__version__}.dist-info"
    assert {name.split("/")[0] for name in held} == {"socrates_core", about}
    tracked = {path.as_posix() for path in repository()}
    library = {name for name in tracked if name.startswith("socrates_core/")}
    assert "socrates_core/py.typed" in library
    assets = {f"socrates_core/{name}" for name in tracked if name.startswith("assets/")}
    recipes = {name.replace("train/configs", "socrates_core/assets/recipes") for name in tracked if "/configs/" in name}
    pictures = {f"socrates_core/{name}" for name in SHOWN_IN_THE_README}
    assert {name for name in held if not name.startswith(about)} == library | assets - pictures | recipes


def test_it_needs_what_requirements_txt_pins_and_no_more(wheel: Path) -> None:
    stated = description(wheel).get_all("Requires-Dist", [])
    always = {plain(one) for one in stated if ";" not in one}
    lines = [line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()]
    assert always == {plain(line) for line in lines if line}
    extras = sorted(one for one in stated if ";" in one)
    assert extras == ["mcp==1.30.0; extra == 'mcp'", "ray==2.60.0; extra == 'ray'"]
    tests = (ROOT / "tests/requirements.txt").read_text("utf-8").splitlines()
    assert {"mcp==1.30.0", "ray==2.60.0"} <= set(tests)


def test_its_description_states_version_python_and_licence(wheel: Path) -> None:
    about = description(wheel)
    assert (about["Version"], about["Requires-Python"]) == (socrates_core.__version__, ">=3.11")
    assert about["License-Expression"] == "Apache-2.0"


def test_what_builds_it_is_what_the_tests_pin() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert set(needed) <= set((ROOT / "tests/requirements.txt").read_text("utf-8").splitlines())


# -- the command


def test_the_command_says_its_version(installed: Path, tmp_path: Path) -> None:
    said = socrates(installed, tmp_path, "--version")
    assert (said.returncode, said.stdout) == (0, f"Socrates {socrates_core.__version__}\n")


def test_help_lists_every_command_with_the_summary_that_the_command_itself_gives(
    installed: Path, tmp_path: Path
) -> None:
    listed = socrates(installed, tmp_path, "--help").stdout
    for name, (module, summary) in COMMANDS.items():
        story = getattr(import_module(f"socrates_core.{module}"), name.replace("-", "_"))
        assert str(inspect.getdoc(story)).partition("\n\n")[0] == summary
        assert re.search(rf"^\W*{name}  ", listed, re.MULTILINE), name


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("train.prepare", "prepare"),
        ("train.qlora", "train"),
        ("eval.run", "run"),
        ("eval.score", "score"),
        ("eval.compare", "compare"),
        ("eval.calibrate", "calibrate"),
        ("app", "app"),
        ("socrates_core.hub.__main__", "push"),
        ("socrates_core.hub.__main__", "pull"),
    ],
)
def test_script_and_command_are_one_function(script: str, name: str) -> None:
    module, _ = COMMANDS[name]
    assert getattr(import_module(script), name) is getattr(import_module(f"socrates_core.{module}"), name)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("rnu",), "Did you mean 'run'?"),
        (("prepare", "--out", "x"), "--source"),
        (("run",), "name the run with --out"),
        (("score", "nothing.json", "--out", "x"), "there is no file or run"),
        (("train", "--config", "mine", "--studies", "x", "--out", "y"), "choose demo, socrates-qwen14b, or name"),
        (("pull", "nonsense"), "OWNER/NAME"),
    ],
)
def test_what_a_user_can_fix_is_one_message_and_exit_code_2(
    installed: Path, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    done = socrates(installed, tmp_path, *arguments)
    assert done.returncode == 2
    assert expected in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


# -- what it does, from a folder elsewhere


def test_predictions_are_scored(installed: Path, tmp_path: Path) -> None:
    # on 1 to 7: everybody at the other end is W 1, everybody at the same option W 0
    rows = [
        {"study_id": "s", "condition_num": arm, "task_num": 1, "true": 1, "predicted": predicted, "scale_min": 1,
         "scale_max": 7}
        for arm, predicted in ((1, 7), (1, 7), (2, 1), (2, 1))
    ]  # fmt: skip
    (tmp_path / "mine.json").write_text(json.dumps(rows))
    done = socrates(installed, tmp_path, "score", "mine.json", "--out", "scored")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "scored" / "metrics.json").read_text("utf-8"))
    assert metrics["wasserstein"]["scale"]["mean"] == 0.5


def test_bundled_studies_are_prepared_and_a_detached_run_finds_them_by_a_relative_path(
    installed: Path, tmp_path: Path
) -> None:
    prepared = socrates(installed, tmp_path, "prepare", "--source", "bundled", "--out", "mine", "--per-cell", 5)
    assert prepared.returncode == 0, prepared.stderr
    parts = json.loads((tmp_path / "mine" / "split.json").read_text("utf-8"))["parts"]
    # files of the user's that have names of Python's own modules are no business of the worker
    for name in ("queue.py", "subprocess.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of mine')")
    started = socrates(
        installed, tmp_path, "run", "--studies", "mine", "--model", "uniform", "--study", parts["test"][0],
        "--out", "runs/one", "--detach",
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    run = tmp_path / "runs" / "one"
    end = time.monotonic() + 120
    while state(run).code != "finished":
        assert time.monotonic() < end, (run / "log.txt").read_text()
        assert is_alive(run) or state(run).code in ("finished", "running", "waiting"), (run / "log.txt").read_text()
        time.sleep(0.2)
    assert json.loads((run / "spec.json").read_text("utf-8"))["studies"] == str(tmp_path / "mine")
    versions = json.loads((run / "metrics.json").read_text("utf-8"))["provenance"]["versions"]
    assert versions["socrates"] == socrates_core.__version__
    shown = socrates(installed, tmp_path, "run", "--out", "runs/one")
    assert "nothing to do" in shown.stdout
    assert "W = " in shown.stdout


def test_bundled_recipes_are_found_by_name(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from socrates_core.finetune.recipe import load_recipe, recipe_file;"
        "print(load_recipe(recipe_file(Path('demo'))).base, recipe_file(Path('demo')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(installed),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == ["demo", str(installed / "socrates_core" / "assets" / "recipes" / "demo.yaml")]


def test_the_page_opens_with_its_styles_and_states_the_version(installed: Path, tmp_path: Path) -> None:
    program = (str(installed / "bin" / "socrates"), "app")
    with app_server("--model", "uniform", environ=environment(installed), program=program, cwd=tmp_path) as page:
        assert page.ask("GET", "/").status == 200
        config = json.dumps(page.config)
        assert f">Socrates {socrates_core.__version__}<" in config
        assert ".masthead" in config
