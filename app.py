"""Socrates in the browser.

    python app.py [--model M] [--adapter A] [--template T] [--studies S] [--host H] [--port P]

Loads a model and studies, opens the page, and says where. Every option that says so in --help can also be set by a
variable, which is how a Hugging Face Space is configured. A model that a variable names is fetched and loaded while the
page is up already; the demo model answers until it is ready.
"""

from socrates_core import command
from socrates_core.ui.app import app

if __name__ == "__main__":
    command.run(app)
