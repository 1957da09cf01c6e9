"""Socrates in the browser.

    python app.py [--model M] [--adapter A] [--template T] [--studies S] [--host H] [--port P]

Loads a model and studies, starts the page and prints its address. Options can also be set by the environment variables
shown in --help, which is how a Hugging Face Space is configured. A model named by a variable is downloaded and loaded
in the background; the demo model is used until it is ready.
"""

from socrates_core import command
from socrates_core.ui.app import app

if __name__ == "__main__":
    command.run(app)
