"""The command `socrates`, with all commands of this software as subcommands.

    socrates app                    the page in the browser
    socrates simulate study.yaml --out prediction
    socrates what-if study.yaml other.yaml
    socrates prepare --source bundled --out studies
    socrates run --studies studies --model demo --out runs/demo

Each is the same function, with the same options, as the script of a checkout (`python app.py`,
`python -m train.prepare`, `python -m eval.run`, …).
"""

import sys
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from socrates_core import __version__, command

COMMANDS: Final = {
    "app": (
        "ui.app",
        "Start Socrates in the browser: predicted and actual answers of studies that the model has not seen.",
    ),
    "simulate": (
        "report.prediction.command",
        "Predict a study from a study file; beside people's answers, if the file names some.",
    ),
    "what-if": (
        "report.what_if.command",
        "Predict a study in two or more settings side by side: other texts, people, models or temperatures.",
    ),
    "design": (
        "report.design.command",
        "Say how many people to ask, from a predicted study; and what a few people's answers already teach.",
    ),
    "record": (
        "report.record.command",
        "Record a prediction before people are asked, as one zip; score the record when they have answered.",
    ),
    "prepare": ("study.prepare", "Read studies from a source and write them as a study folder with a split."),
    "train": ("finetune.train", "Train an adapter on the training part of a study folder."),
    "run": ("runs.evaluate", "Evaluate a model on a part of a split, as a run that can be stopped and resumed."),
    "score": ("report.commands", "Score predictions without a model."),
    "compare": ("report.commands", "Compare evaluations on the cells that they have in common."),
    "calibrate": (
        "trust.command",
        "Fit how far off a model's predictions are, from an evaluation on studies with answers.",
    ),
    "reproduce": (
        "hub.reproduction.command",
        "Reproduce the paper: train, evaluate on the 40 unseen studies, calibrate; each stage resumes.",
    ),
    "job": (
        "hub.commands",
        "Show the command that trains or evaluates on hired hardware (Hugging Face Jobs); nothing is started.",
    ),
    "push": ("hub.commands", "Push an adapter with a model card that reports how well it predicts."),
    "pull": ("hub.commands", "Pull an adapter, verify it, and install it atomically."),
}
"""Name of a command and of its function ↦ its module in the library, and the summary for `--help`."""


class OnDemand(TyperGroup):
    """Imports only the command that is run; some take seconds and need torch or gradio."""

    def __init__(self, **settings: Any) -> None:
        """List all commands, each as a name and a summary."""
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=summary) for name, (_, summary) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command in place of its entry in the list."""
        name, _, rest = super().resolve_command(ctx, args)
        return (name, None, rest) if name is None else (name, _load(name), rest)


def _load(name: str) -> Any:
    module, _ = COMMANDS[name]
    story = getattr(import_module(f"socrates_core.{module}"), name.replace("-", "_"))
    return typer.main.get_command(command.app_of(story))


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"Socrates {__version__}\n")
        raise typer.Exit


app = typer.Typer(cls=OnDemand, add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.callback()
def socrates(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Predict how people answer in a social-science experiment, and say how far to trust the prediction."""


def main() -> None:
    """Run the command `socrates`."""
    command.run(app)


if __name__ == "__main__":
    main()
