"""The one command that trains or evaluates on hired hardware: `hf jobs uv run …`, built here and run by the user.

Hugging Face Jobs start a container, install this package into it with uv, and bill by the minute until it ends. Nothing
of this software starts one. The folders that a command reads travel as read-only volumes. What it writes is written on
the container's own disk, because checkpoints and cells are renamed into place and a bucket cannot rename a folder; it
is copied to the volume of OUT when the command ends, with or without an error. A volume of a local folder is a copy in
a private bucket of the user's account.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import typer
from huggingface_hub import JobHardware

from socrates_core import __version__, command
from socrates_core.errors import HubError
from socrates_core.finetune.recipe import load_recipe, recipe_file
from socrates_core.finetune.train import train
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.folder import BUNDLED_MODELS
from socrates_core.runs.evaluate import run
from socrates_core.study.files import INSTALLED, parse_json
from socrates_core.study.sources.bundled import BUNDLED

ELSEWHERE: Final[Mapping[str, Callable[..., None]]] = {"train": train, "run": run}
"""Commands that can run on hired hardware, and their functions, whose options they are checked against."""

FLAVOR: Final = "a100-large"
"""One A100 with 80 GB, which holds Qwen2.5-14B."""

TIMEOUT: Final = "12h"
"""Hugging Face's own default is 30 minutes, after which a job is stopped, whatever it has done."""

A100_DOLLARS: Final = 2.50
"""Price of an hour of `a100-large`, as documented in November 2026."""

READ: Final = ("--studies", "--adapter", "--model")
"""Options whose value may be a folder of this machine, which then travels along."""

POINTLESS: Final = ("--detach", "--cancel", "--dry-run")
"""Options with which a hired machine would end at once."""

OUT: Final = "/tmp/out"
KEPT: Final = "/kept"

STORY: Final = f'mkdir -p {OUT} && cp -r {KEPT}/. {OUT}; timeout "$0" "$@"; code=$?; cp -r {OUT}/. {KEPT}; exit $code'
"""What the container does: bring what an earlier job left, run the command for so many seconds, keep what it wrote."""

RESERVE: Final = 20 * 60
"""Seconds of the longest duration that are left for installing at the beginning and copying at the end: a command that
is told to stop in time loses nothing, and a container that is stopped loses what was not copied."""

SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class HiredCommand:
    """A command to copy."""

    text: str
    """For a POSIX shell, over several lines."""
    notes: tuple[str, ...]
    """What to know before running it, a sentence or two each."""


def hired_command(
    words: Sequence[str],
    flavor: str = FLAVOR,
    timeout: str = TIMEOUT,
    package: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> HiredCommand:
    """The command that runs `socrates WORDS` on hired hardware. The token is named, its value appears nowhere.

    Args:
        words: A command of `ELSEWHERE` with its options.
        flavor: The hardware, as `hf jobs hardware` names it; `train` uses all of its GPUs.
        timeout: Longest duration, 30 minutes or more: a whole number with s, m, h or d.
        package: Where the container gets this package from, as `uv run --with` takes it; looked up when None.
        environ: Environment variables, which tell whether this is a Space.

    Raises:
        HubError: If the command cannot run elsewhere, or an argument is not valid.
        TrainingError: If its recipe cannot be read.
        typer.exceptions.TyperException: If an option does not exist, is missing or is not valid.
    """
    if flavor not in {one.value for one in JobHardware}:
        raise HubError(f"there is no hardware {flavor!r}; choose {', '.join(one.value for one in JobHardware)}")
    seconds = _seconds(timeout)
    pairs, options = _checked([part for word in words for part in _split(word)])
    volumes: list[list[str]] = []
    inside = [words[0]]
    for option, *value in pairs:
        place = {"--out": OUT}.get(option) or (f"/{option[2:]}" if option in READ and _is_folder(*value) else None)
        if place is not None:
            ending = f"{KEPT}:rw" if place == OUT else f"{place}:ro"
            volumes.append(["-v", f"{_local(*value)}:{ending}"])
        inside += [option, *([place] if place else value)]
    if words[0] == "train" and "--resume" not in inside:
        inside.append("--resume")  # the same command continues what a job before it kept
    first, wanted = _package(package, environ or {})
    lines = [
        [*("--flavor", flavor), *("--timeout", timeout), *("--secrets", "HF_TOKEN")],
        *volumes,
        *wanted,
        ["bash", "-c", STORY, str(seconds - RESERVE), *_program(words[0], flavor), *inside],
    ]
    hired = " \\\n  ".join(["hf jobs uv run", *(shlex.join(line) for line in lines)])
    made = " && ".join([*first, f"mkdir -p {shlex.quote(_local(str(options['out'])))}", hired])
    return HiredCommand(made, _notes(words[0], flavor, timeout, [one for _, one in volumes if one.endswith(":ro")]))


def _seconds(timeout: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,6})([smhd]?)", timeout)
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if seconds < 30 * 60:
        raise HubError(f"--timeout {timeout!r} is not a duration of 30 minutes or more; write 90m or 12h")
    return seconds


def _split(word: str) -> list[str]:
    """`--out=x` as two words."""
    return word.split("=", 1) if word.startswith("--") and "=" in word else [word]


def _checked(words: Sequence[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """The options of a command as written, each with its value if it takes one; and as the command would read them."""
    if not words or words[0] not in ELSEWHERE:
        raise HubError(f"name the command to run elsewhere, after --: {' or '.join(ELSEWHERE)}")
    name, *rest = words
    program = typer.main.get_command(command.app_of(ELSEWHERE[name]))
    options: dict[str, Any] = dict(program.make_context(f"socrates {name}", list(rest)).params)
    alone = {spelt for one in program.params if getattr(one, "is_flag", False) for spelt in one.opts}
    pairs: list[list[str]] = []
    while rest:
        length = 1 if rest[0] in alone else 2
        pairs.append(rest[:length])
        rest = rest[length:]
    if pointless := [option for option, *_ in pairs if option in POINTLESS]:
        raise HubError(f"{', '.join(pointless)} makes no sense on hired hardware, which is paid until the command ends")
    _refuse_local(name, options)
    return pairs, options


def _refuse_local(name: str, options: Mapping[str, Any]) -> None:
    """Raise a HubError for what cannot be computed on another machine."""
    if options.get("out") is None:
        raise HubError("name the folder of the result with --out")
    if name == "train":
        base = load_recipe(recipe_file(options["config"])).base
        if _is_folder(base):
            raise HubError(f"the recipe's base {base} is a folder of this machine; name one of the Hub")
    elif options["studies"] is None or options["model"] is None:
        raise HubError("name --studies and --model; a run that exists here cannot be resumed elsewhere")
    elif str(options["model"]).startswith(ENDPOINT):
        raise HubError("an endpoint computes elsewhere already; evaluate it from this machine")


def _program(name: str, flavor: str) -> list[str]:
    """How a command is started there: a training on several GPUs by accelerate, one process each."""
    processes = gpus(flavor)
    if name == "train" and processes > 1:
        return ["accelerate", "launch", "--multi_gpu", "--num_processes", str(processes), "-m", "socrates_core"]
    return ["socrates"]


def gpus(flavor: str) -> int:
    """Number of GPUs of a flavor, by its name; 1 for a CPU too."""
    found = re.search(r"x(\d+)$", flavor)
    return int(found[1]) if found else 1


def _notes(name: str, flavor: str, timeout: str, read: Sequence[str]) -> tuple[str, ...]:
    price = f"; an hour of {FLAVOR} was ${A100_DOLLARS:.2f} in November 2026" if flavor == FLAVOR else ""
    notes = [
        "Only shown: nothing is started. Running it hires hardware for your account and is billed by the minute until "
        f"the command ends, at most {timeout} ({flavor}{price}; hf jobs hardware lists prices).",
        "Add --dry-run after hf jobs uv run to see what would be submitted. Your token goes along as the secret "
        "HF_TOKEN, from hf auth login or the variable of that name.",
        "The result is kept in a private bucket of yours; hf prints the command that brings it back to the folder. "
        f"What is not done {RESERVE // 60} minutes before the end is stopped and kept, and the same command continues "
        "it once the folder is back.",
    ]
    if name == "run" and gpus(flavor) > 1:
        notes.append(f"An evaluation uses one GPU; {flavor} has {gpus(flavor)}.")
    if read:
        folders = ", ".join(one.rsplit(":/", 1)[0] for one in read)
        notes.append(f"Uploaded to a private bucket of yours: {folders}. Check that its rows may leave this machine.")
    return tuple(notes)


# -- where the container gets this package from


def _package(package: str | None, environ: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """(commands to run before, options) with which the container gets this package."""
    source = package or _space_source(environ) or _installed_source()
    if source is not None:
        if source.startswith("-"):
            raise HubError(f"--package {source!r} is not a package; write socrates-core @ git+https://…")
        return [], [["--with", source]]
    if INSTALLED:
        raise HubError(
            "it is not known where this software was installed from; name it: --package 'socrates-core @ git+https://…'"
        )
    checkout = Path(__file__).parents[2]
    here = "." if checkout == Path.cwd() else str(checkout)
    wheel = f"/package/socrates_core-{__version__}-py3-none-any.whl"
    build = f"pip wheel --no-deps --wheel-dir dist {shlex.quote(here)}"
    return [build], [["-v", "./dist:/package:ro"], ["--with", wheel]]


def _space_source(environ: Mapping[str, str]) -> str | None:
    """The Space that this runs on, whose repository is the package."""
    space = environ.get("SPACE_ID", "")
    known = environ.get("SYSTEM") == "spaces" and re.fullmatch(r"[\w.-]+/[\w.-]+", space, re.ASCII)
    return f"socrates-core @ git+https://huggingface.co/spaces/{space}" if known else None


def _installed_source() -> str | None:
    """The commit that pip installed this package from (PEP 610), without a user name or password in its address."""
    try:
        written = parse_json(distribution("socrates-core").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    commit = written.get("vcs_info", {}).get("commit_id") if isinstance(written, dict) else None
    return f"socrates-core @ git+{without_account(written['url'])}@{commit}" if commit else None


def without_account(address: str) -> str:
    """An address without user name and password."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


# -- names


def _is_folder(name: str) -> bool:
    try:
        return name not in (BUNDLED, *BUNDLED_MODELS) and Path(name).is_dir()
    except (OSError, ValueError):  # too long for a path, or with a zero byte in it
        return False


def _local(folder: str) -> str:
    """A folder as a volume names it: never to be taken for an address of the Hub, an option or a home."""
    return folder if folder.startswith(("/", "./", "../")) else f"./{folder}"
