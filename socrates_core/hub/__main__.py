"""Push an adapter to the Hugging Face Hub, or pull one.

    python -m socrates_core.hub push adapter my-name/my-adapter --dry-run
    python -m socrates_core.hub push adapter my-name/my-adapter --run runs/tuned --license apache-2.0
    python -m socrates_core.hub pull my-name/my-adapter@main --out adapter

The token is that of `hf auth login`, or HF_TOKEN. A new repository is private unless --public is given.
"""

import typer

from socrates_core import command
from socrates_core.hub.commands import pull, push

# an unforeseen error must not show the variables of the frames that it came through: one of them is the token
app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False, help="Adapters on the Hugging Face Hub.")
app.command()(push)
app.command()(pull)

if __name__ == "__main__":
    command.run(app)
