"""Socrates in the browser.

    python app.py [--model M] [--adapter A] [--template T] [--studies S] [--host H] [--port P]

Loads a model and studies, opens the page, and says where. On a Hugging Face Space it listens on all interfaces.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from socrates_core.command import run

app = typer.Typer(add_completion=False)

ON_SPACE = os.environ.get("SYSTEM") == "spaces"


@app.command()
def main(
    model: Annotated[
        str,
        typer.Option(help="demo, uniform, marginal, a model folder, a Hub id (with @revision), or endpoint:NAME@URL."),
    ] = "demo",
    adapter: Annotated[str | None, typer.Option(help="LoRA adapter: a folder or a Hub id (with @revision).")] = None,
    template: Annotated[
        str | None, typer.Option(help="shared, socrates or alpaca, for a model that does not record its template.")
    ] = None,
    studies: Annotated[
        list[str] | None,
        typer.Option(help="bundled, or a study folder made by train.prepare; can be given several times."),
    ] = None,
    host: Annotated[str, typer.Option(help="Interface to listen on.")] = "0.0.0.0" if ON_SPACE else "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
) -> None:
    """Open Socrates in the browser: predicted against actual answers of studies the model has not seen."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # a second or two each: --help and a mistyped option should not wait for them
    from socrates_core.model import load_model
    from socrates_core.ui.catalogue import BUNDLED, open_catalogue
    from socrates_core.ui.page import build_page, check_port, serve
    from socrates_core.ui.results import Results

    check_port(host, port)
    print(f"Loading  {model}", flush=True)
    answering = load_model(model, adapter, template=template)
    folders = [Path(name) for name in studies or [] if name != BUNDLED]
    catalogue = open_catalogue(folders, answering.description.trained_on)
    results = Results(catalogue, answering)
    what = answering.description
    print(f"Model    {what.name}{f' with adapter {what.adapter}' if what.adapter else ''}")
    print(f"         {what.device}, {what.precision}, template {what.template or 'none'}")
    for source in catalogue.sources:
        unseen = sum(not entry.seen for entry in source.entries)
        print(f"Studies  {source.title}: {len(source.entries)} studies, {unseen} of them unseen by this model")
    page = build_page(results)
    address = serve(page, results, host, port)
    print(f"Ready    {address}  (stop with Ctrl+C)", flush=True)
    page.block_thread()


if __name__ == "__main__":
    run(app)
