"""Socrates in the browser.

    python app.py [--model M] [--adapter A] [--template T] [--studies S] [--host H] [--port P]

Loads a model and studies, opens the page, and says where. Every option that says so in --help can also be set by a
variable, which is how a Hugging Face Space is configured. A model that a variable names is fetched and loaded while the
page is up already; the demo model answers until it is ready.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from socrates_core.command import run

if TYPE_CHECKING:
    from socrates_core.model.answer_model import AnswerModel
    from socrates_core.model.precision import Precision
    from socrates_core.ui.results import Results
    from socrates_core.ui.startup import Startup

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

ON_SPACE = os.environ.get("SYSTEM") == "spaces"

NO_ADAPTER = "none"


@app.command()
def main(
    model: Annotated[
        str,
        typer.Option(
            envvar="SOCRATES_MODEL",
            help="demo, uniform, marginal, a model folder, a Hub id (with @revision), or endpoint:NAME@URL.",
        ),
    ] = "demo",
    adapter: Annotated[
        str | None,
        typer.Option(
            envvar="SOCRATES_ADAPTER",
            help="LoRA adapter: a folder, a Hub id (with @revision), demo, or none. The demo model comes with its own.",
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            envvar="SOCRATES_TEMPLATE",
            help="shared, socrates or alpaca, for a model that does not record its template.",
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(envvar="SOCRATES_PRECISION", help="auto, nf4, nf4-dequantised, bf16 or float32."),
    ] = "auto",
    studies: Annotated[
        list[str] | None,
        typer.Option(
            envvar="SOCRATES_STUDIES",
            help="bundled, or a study folder made by train.prepare; can be given several times.",
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option(envvar="SOCRATES_RUNS", help="The directory of the evaluation runs.", file_okay=False)
    ] = Path("runs"),
    host: Annotated[str, typer.Option(help="Interface to listen on.")] = "0.0.0.0" if ON_SPACE else "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
) -> None:
    """Open Socrates in the browser: predicted against actual answers of studies the model has not seen."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # a second or two each: --help and a mistyped option should not wait for them
    from socrates_core.ui.zero_gpu import BorrowedGpu, prepare_zero_gpu

    lent = prepare_zero_gpu()
    from socrates_core.model.folder import BUNDLED_MODELS, DEMO
    from socrates_core.model.loading import load_model
    from socrates_core.ui.access.visitors import Policy
    from socrates_core.ui.catalogue import BUNDLED, open_catalogue
    from socrates_core.ui.evaluate.board import RunBoard
    from socrates_core.ui.page import build_page, check_port, serve
    from socrates_core.ui.results import Results

    policy = Policy.from_environment()
    check_port(host, port)
    if lent and precision == "auto":
        precision = "bf16"  # before the first call there is no GPU whose memory could be asked for

    if adapter is None and model == DEMO:
        adapter = DEMO
    elif adapter == NO_ADAPTER:
        adapter = None

    def load() -> "AnswerModel":
        loaded = load_model(model, adapter, template=template, precision=cast("Precision", precision))
        return BorrowedGpu(loaded) if lent else loaded

    named = {os.environ.get("SOCRATES_MODEL"), os.environ.get("SOCRATES_ADAPTER")} - {None, ""}
    bundled = model in BUNDLED_MODELS and adapter in (None, DEMO)
    awaited = bool({model, adapter} & named) and not bundled and not lent
    print(f"Loading  {'demo, until ' + model + ' is ready' if awaited else model}", flush=True)
    answering = load_model(DEMO, DEMO) if awaited else load()
    folders = [Path(name) for name in studies or [] if name != BUNDLED]
    catalogue = open_catalogue(folders, answering.description.trained_on)
    results = Results(catalogue, answering, policy=policy)
    tell_what_stands(results)
    startup = await_model(results, model, adapter, load) if awaited else None
    mirror_runs(runs.resolve())
    board = RunBoard(runs.resolve())
    page = build_page(results, board, startup)
    address = serve(page, results, board, host, port)
    print(f"Ready    {address}  (stop with Ctrl+C)", flush=True)
    tell_who_may(host)
    page.block_thread()


def tell_what_stands(results: "Results") -> None:
    """Say which model answers and what it has not seen."""
    what = results.model.description
    print(f"Model    {what.name}{f' with adapter {what.adapter}' if what.adapter else ''}")
    print(f"         {what.device}, {what.precision}, template {what.template or 'none'}")
    for source in results.catalogue.sources:
        unseen = sum(not entry.seen for entry in source.entries)
        print(f"Studies  {source.title}: {len(source.entries)} studies, {unseen} of them unseen by this model")


def mirror_runs(runs: Path) -> None:
    """Bring back finished runs from the folder SOCRATES_MIRROR, and copy new ones there from now on."""
    mirror = os.environ.get("SOCRATES_MIRROR")
    if not mirror:
        return
    from socrates_core.runs.mirror import RunMirror

    keeper = RunMirror(runs, Path(mirror), lambda words: print(words, flush=True))
    print(f"Mirror   {mirror}: {len(keeper.restore())} finished runs brought back")
    keeper.watch()


def tell_who_may(host: str) -> None:
    """Say what visitors from elsewhere may do, where there can be any."""
    if not ON_SPACE and host not in ("127.0.0.1", "localhost", "::1"):
        print(
            "Visitors from other machines can simulate; the rest is for this machine, unless variables such as "
            "SOCRATES_LAUNCH=anyone allow it."
        )


def await_model(results: "Results", model: str, adapter: str | None, load: Callable[[], "AnswerModel"]) -> "Startup":
    """Begin to load a model that takes over when it is ready."""
    from socrates_core.model.folder import HUB_ID
    from socrates_core.model.size import check_size
    from socrates_core.ui.adapters.tab import refresh_adapters
    from socrates_core.ui.startup import Startup, Wanted

    def load_if_it_fits() -> "AnswerModel":
        if HUB_ID.fullmatch(model.partition("@")[0]) or Path(model).is_dir():
            check_size(model)
        return load()

    def use(loaded: "AnswerModel") -> None:
        results.models.start_with(loaded)
        refresh_adapters(results)

    startup = Startup(Wanted(model, adapter), load_if_it_fits, use, lambda words: print(words, flush=True))
    startup.start()
    return startup


if __name__ == "__main__":
    run(app)
