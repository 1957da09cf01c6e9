"""The command for hired hardware: read back by a shell, by the platform's own client, and run in place of it."""

import itertools
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.exceptions import TyperException

from socrates_core.errors import HubError, SocratesError
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.hub import hired
from socrates_core.hub.hired import KEPT, OUT, RESERVE, STORY, gpus, hired_command, without_account
from socrates_core.ui.evaluate.hired import hired_html, run_words

SPACE = {"SYSTEM": "spaces", "SPACE_ID": "ada/socrates"}
TRAIN = ["train", "--config", "socrates-qwen14b", "--studies", "studies", "--out", "adapter"]
RUN = ["run", "--studies", "bundled", "--model", "Qwen/Qwen2.5-14B-Instruct", "--out", "runs/x"]
HOSTILE = [
    "it's $(touch gone) `touch gone`; touch gone",
    "new\nline",
    '"quoted" \\ back',
    "hf:x",
    "~home",
    "-dash",
    "a=b",
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "studies").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_by_shell(text: str, here: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """The arguments that `hf` gets when a shell runs a command."""
    seen, client = here / "seen", here / "bin" / "hf"
    client.parent.mkdir(exist_ok=True)
    client.write_text(f'#!/bin/bash\nprintf "%s\\0" "$@" > {shlex.quote(str(seen))}\n')
    client.chmod(0o755)
    path = {"PATH": f"{client.parent}:{os.environ['PATH']}", **(environ or {})}
    subprocess.run(["bash", "-c", text], check=True, cwd=here, env={**os.environ, **path}, timeout=20)
    return seen.read_text().split("\0")[:-1]


def test_a_training_becomes_one_command_with_its_folders_and_the_name_of_the_token(here: Path) -> None:
    found = read_by_shell(hired_command(TRAIN, environ=SPACE).text, here)
    assert found == [
        *("jobs", "uv", "run", "--flavor", "a100-large", "--timeout", "12h", "--secrets", "HF_TOKEN"),
        *("-v", "./studies:/studies:ro", "-v", f"./adapter:{KEPT}:rw"),
        *("--with", "socrates-core @ git+https://huggingface.co/spaces/ada/socrates"),
        *("bash", "-c", STORY, str(12 * 3600 - RESERVE)),
        *("socrates", "train", "--config", "socrates-qwen14b", "--studies", "/studies", "--out", OUT, "--resume"),
    ]
    assert (here / "adapter").is_dir()  # which the client uploads, so that a second job continues the first


def test_the_value_of_the_token_appears_nowhere(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_SECRET")
    made = hired_command(TRAIN, environ={**os.environ, **SPACE})
    assert "hf_SECRET" not in made.text + "".join(made.notes)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_arrive_as_they_are_and_nothing_runs(name: str, here: Path) -> None:
    (here / name).mkdir()
    words = ["train", "--config", "demo", f"--studies={name}", f"--out={name}/out"]
    found = read_by_shell(hired_command(words, environ=SPACE).text, here)
    volumes = [value for flag, value in itertools.pairwise(found) if flag == "-v"]
    assert volumes == [f"./{name}:/studies:ro", f"./{name}/out:{KEPT}:rw"]
    assert found[found.index("--studies") + 1] == "/studies"
    assert not (here / "gone").exists()
    run = ["run", "--studies", "bundled", "--model", "some/model", f"--study={name}", "--out", "runs/x"]
    found = read_by_shell(hired_command(run, environ=SPACE).text, here)
    assert found[found.index("--study") + 1] == name


def test_the_platforms_own_client_takes_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # its dry run reads every option and submits nothing; the token is in the environment and is not shown
    from huggingface_hub.cli.hf import app

    monkeypatch.setenv("HF_TOKEN", "hf_SECRET")
    made = hired_command(TRAIN, "a100x8", "90m", environ=SPACE).text
    arguments = shlex.split(made.partition("hf jobs uv run")[2].replace("\\\n", " "))
    app.main(["jobs", "uv", "run", "--dry-run", *arguments], standalone_mode=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "hf_SECRET" not in said
    assert "HF_TOKEN=***" in said
    assert "flavor a100x8" in said or "flavor=a100x8" in said
    assert "accelerate launch --multi_gpu --num_processes 8 -m socrates_core train" in said


@pytest.mark.parametrize(("does", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$; sleep 9", 143)])
def test_what_was_written_is_kept_also_when_the_command_fails_or_is_stopped(does: str, code: int, here: Path) -> None:
    kept = here / "kept"
    kept.mkdir()
    (kept / "before").write_text("of an earlier job")
    story = STORY.replace(OUT, str(here / "out")).replace(KEPT, str(kept))
    made = f"cat {here}/out/before > {here}/out/after; {does}"
    done = subprocess.run(["bash", "-c", story, "60", "bash", "-c", made], check=False, timeout=20)
    assert done.returncode == code
    assert (kept / "after").read_text() == "of an earlier job"


def test_a_command_is_stopped_in_time_to_be_kept(here: Path) -> None:
    (here / "kept").mkdir()
    story = STORY.replace(OUT, str(here / "out")).replace(KEPT, str(here / "kept"))
    made = f"echo part > {here}/out/cell; sleep 30"
    done = subprocess.run(["bash", "-c", story, "1", "bash", "-c", made], check=False, timeout=20)
    assert (done.returncode, (here / "kept" / "cell").read_text()) == (124, "part\n")


@pytest.mark.parametrize(
    ("words", "changed", "said"),
    [
        ([], {}, "train or run"),
        (["push", "adapter"], {}, "train or run"),
        (TRAIN, {"flavor": "a100-huge"}, "there is no hardware"),
        (TRAIN, {"timeout": "12 h"}, "not a duration"),
        (TRAIN, {"timeout": "29m"}, "30 minutes or more"),
        (TRAIN, {"package": "--index-url=http://evil"}, "not a package"),
        ([*TRAIN, "--dry-run"], {}, "--dry-run makes no sense"),
        ([*RUN, "--detach"], {}, "--detach makes no sense"),
        (RUN[:-2], {}, "--out"),
        (["run", "--out", "runs/x"], {}, "name --studies and --model"),
        (["run", "--studies", "bundled", "--model", "endpoint:a@http://b/v1", "--out", "x"], {}, "computes elsewhere"),
    ],
)
def test_what_cannot_run_elsewhere_is_refused(words: list[str], changed: dict[str, str], said: str) -> None:
    with pytest.raises(HubError, match=said):
        hired_command(words, **{"environ": SPACE, **changed})  # type: ignore[arg-type]


def test_options_are_checked_as_the_command_itself_would(here: Path) -> None:
    with pytest.raises(TyperException, match="No such option"):
        hired_command([*TRAIN, "--modle", "x"])
    with pytest.raises(SocratesError, match="no recipe"):
        hired_command(["train", "--config", "missing", "--studies", "studies", "--out", "adapter"])
    (here / "base").mkdir()
    (here / "own.yaml").write_text("base: base\n")
    with pytest.raises(HubError, match="folder of this machine"):
        hired_command(["train", "--config", "own.yaml", "--studies", "studies", "--out", "adapter"])


def test_a_folder_called_like_a_bundled_model_stays_at_home(here: Path) -> None:
    for name in ("demo", "bundled"):
        (here / name).mkdir()
    found = hired_command(["run", "--studies", "bundled", "--model", "demo", "--out", "x"], environ=SPACE)
    assert "/studies" not in found.text
    assert "/model" not in found.text


def test_the_package_is_named_a_space_or_a_wheel_of_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--with 'a @ b'" in hired_command(RUN, package="a @ b", environ=SPACE).text
    monkeypatch.setattr(hired, "_installed_source", lambda: None)
    made = hired_command(RUN).text
    assert made.startswith("pip wheel --no-deps --wheel-dir dist ")
    assert "-v ./dist:/package:ro" in made
    monkeypatch.setattr(hired, "INSTALLED", True)
    with pytest.raises(HubError, match="--package"):
        hired_command(RUN)
    # what is no name of a Space never becomes part of an address
    with pytest.raises(HubError, match="--package"):
        hired_command(RUN, environ={"SYSTEM": "spaces", "SPACE_ID": "ada/x@evil"})


def test_an_address_is_shown_without_its_password() -> None:
    assert without_account("https://ada:secret@example.org:8443/a/b.git") == "https://example.org:8443/a/b.git"


@pytest.mark.parametrize(("flavor", "number"), [("a100-large", 1), ("a100x8", 8), ("a10g-largex2", 2), ("cpu-xl", 1)])
def test_the_number_of_gpus_is_read_off_the_name(flavor: str, number: int) -> None:
    assert gpus(flavor) == number


# -- in the page


def spec(model: str, adapter: str | None = None) -> EvaluationSpec:
    return specify(*open_studies("bundled"), "bundled", "test", model, adapter, per_cell=5, allow_seen=True)


def test_the_page_shows_the_command_of_the_form_as_text() -> None:
    wanted = spec("some/model", "<b>&'; rm -rf ~")
    shown = hired_html(wanted, True, SPACE)
    assert "<b>" not in shown
    assert "&lt;b&gt;&amp;" in shown
    assert "hf jobs uv run" in shown
    options = dict(zip(run_words(wanted)[1:-1:2], run_words(wanted)[2:-1:2], strict=True))
    assert options["--adapter"] == "<b>&'; rm -rf ~"
    assert (options["--per-cell"], run_words(wanted)[-1]) == ("5", "--allow-seen")


@pytest.mark.parametrize("model", ["demo", "uniform", "marginal", "endpoint:a@http://127.0.0.1:1/v1"])
def test_what_needs_no_hardware_is_offered_none(model: str) -> None:
    assert hired_html(spec(model), True, SPACE) == ""


def test_only_the_owner_reads_the_names_of_folders(here: Path) -> None:
    assert hired_html(spec(str(here)), False, SPACE) == ""
    assert f"{here.resolve()}:/model:ro" in hired_html(spec(str(here)), True, SPACE)
