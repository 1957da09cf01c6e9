"""The commands that push an adapter to the Hugging Face Hub, pull one, and show how to compute there."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
from huggingface_hub.utils.logging import set_verbosity_error

from socrates_core import command
from socrates_core.hub.access import saved_token
from socrates_core.hub.hired import FLAVOR, TIMEOUT, hired_command
from socrates_core.hub.pull.installed import PulledAdapter
from socrates_core.hub.pull.retrieval import pull as pull_adapter
from socrates_core.hub.push.plan import PushPlan, plan_push
from socrates_core.hub.push.publication import push as push_plan


def push(
    folder: Annotated[Path, typer.Argument(help="The adapter, as train.qlora wrote it.")],
    repository: Annotated[str, typer.Argument(help="The destination: OWNER/NAME.")],
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show card, files and destination only.")] = False,
    run: Annotated[
        Path | None, typer.Option(help="An evaluation run of the adapter, whose figures go into the card.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--license",
            help="Licence of the weights as a Hub identifier, such as apache-2.0. Default: the base's.",
        ),
    ] = None,
) -> None:
    """Push an adapter with a model card that reports how well it predicts."""
    _begin()
    token = saved_token()
    offline = dry_run and token is None
    plan = plan_push(folder, repository, private=not public, token=token, offline=offline, run=run, licence=licence)
    if dry_run:
        _write(f"{plan.card}\n")
    _show(plan)
    if dry_run:
        _write("dry run      nothing was pushed\n")
        return
    url = push_plan(plan, folder, token, _progress("push"))
    _write(f"pushed       {url}\n")


def pull(
    repository: Annotated[str, typer.Argument(help="OWNER/NAME, or OWNER/NAME@REV with a branch, tag or commit.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder of the adapter. Default: a new folder below adapters/.")
    ] = None,
) -> None:
    """Pull an adapter, verify it, and install it atomically."""
    _begin()
    _show_adapter(pull_adapter(repository, out, saved_token(), _progress("pull")))


def job(
    words: Annotated[
        list[str], typer.Argument(help="After --: train or run with their options, as they would be run here.")
    ],
    flavor: Annotated[str, typer.Option(help="The hardware, as hf jobs hardware lists it.")] = FLAVOR,
    timeout: Annotated[str, typer.Option(help="Longest duration: a whole number with m, h or d.")] = TIMEOUT,
    package: Annotated[
        str | None,
        typer.Option(help="Where the hired machine gets this software: socrates-core @ git+https://…; looked up."),
    ] = None,
) -> None:
    """Show the command that trains or evaluates on hired hardware (Hugging Face Jobs); nothing is started."""
    hired = hired_command(words, flavor, timeout, package, os.environ)
    _write(f"{hired.text}\n")
    for note in hired.notes:
        sys.stderr.write(f"note         {note}\n")


def _show(plan: PushPlan) -> None:
    state = {True: "exists", False: "will be created", None: "not checked: no token"}[plan.exists]
    _write(f"destination  {plan.url} ({state}), {'private' if plan.private else 'PUBLIC'}\n")
    if plan.account:
        _write(f"account      {plan.account}\n")
    for name, size in plan.files:
        _write(f"file         {name}, {size:,} bytes\n")
    for warning in plan.warnings:
        _write(f"note         {warning}\n")


def _show_adapter(found: PulledAdapter) -> None:
    config, at = found.config, f" at {found.base_revision}" if found.base_revision else ", revision not recorded"
    _write(f"pulled       {found.repo_id}@{found.commit}, {found.size / 1e6:,.1f} MB\n")
    _write(f"adapter      rank {config.rank} on {config.changes}, {found.parameters:,} parameters\n")
    _write(f"base         {found.base}{at}\n")
    _write(f"template     {found.template or 'not recorded: pass --template'}\n")
    if found.record is not None:
        _write(f"trained on   {len(found.record.trained_on):,} studies, split {found.record.split or 'not recorded'}\n")
    if found.demo:
        _write("demo         for trying out the software, not for science\n")
    for note in found.notes:
        _write(f"note         {note}\n")
    _write(f"folder       {found.folder}\n")


def _progress(what: str) -> Callable[[float, str], None]:
    """A line in a terminal; nothing in a log, which gets the result."""
    if not sys.stderr.isatty():
        return lambda _share, _step: None
    line = command.status_line(what)
    return lambda share, step: line(lambda _: f"{share:.0%} {step}", share >= 1)


def _write(text: str) -> None:
    sys.stdout.write(text)


def _begin() -> None:
    """Keep the Hub's client quiet."""
    # its retries and hints; what went wrong in the end is said once
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bars()
    warnings.simplefilter("ignore")
