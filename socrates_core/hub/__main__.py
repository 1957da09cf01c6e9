"""Push an adapter to the Hugging Face Hub, or pull one.

    python -m socrates_core.hub push adapter my-name/my-adapter --dry-run
    python -m socrates_core.hub push adapter my-name/my-adapter --run runs/tuned --license apache-2.0
    python -m socrates_core.hub pull my-name/my-adapter@main --out adapter

The token is that of `hf auth login`, or HF_TOKEN. A new repository is private unless --public is given.
"""

import signal
import sys
import warnings
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
from huggingface_hub.utils.logging import set_verbosity_error

from socrates_core import command
from socrates_core.hub.access import saved_token
from socrates_core.hub.pull.installed import PulledAdapter
from socrates_core.hub.pull.retrieval import pull as pull_adapter
from socrates_core.hub.push.plan import PushPlan, plan_push
from socrates_core.hub.push.publication import push as push_plan

# a traceback must not show local variables: one of them is the token
app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False, help="Adapters on the Hugging Face Hub.")


@app.command()
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
    token = saved_token()
    offline = dry_run and token is None
    plan = plan_push(folder, repository, private=not public, token=token, offline=offline, run=run, licence=licence)
    if dry_run:
        _write(f"{plan.card}\n")
    _show(plan)
    if dry_run:
        _write("dry run      nothing was pushed\n")
        return
    url = push_plan(plan, folder, token, _show_progress)
    _write(f"pushed       {url}\n")


@app.command()
def pull(
    repository: Annotated[str, typer.Argument(help="OWNER/NAME, or OWNER/NAME@REV with a branch, tag or commit.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder of the adapter. Default: a new folder below adapters/.")
    ] = None,
) -> None:
    """Pull an adapter, verify it, and install it atomically."""
    _show_adapter(pull_adapter(repository, out, saved_token(), _show_progress))


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


def _show_progress(share: float, step: str) -> None:
    """Show progress on one line of a terminal; write nothing to a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{share:4.0%} {step:<60}" + ("\n" if share >= 1 else ""))
        sys.stderr.flush()


def _write(text: str) -> None:
    sys.stdout.write(text)


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Run the command; SIGTERM exits it cleanly, so that partial files are removed."""
    signal.signal(signal.SIGTERM, _stop)
    set_verbosity_error()  # type: ignore[no-untyped-call] # hides the client's retries and hints; the final error is reported once
    disable_progress_bars()
    warnings.simplefilter("ignore")
    command.run(app)


if __name__ == "__main__":
    main()
