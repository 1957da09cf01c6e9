"""The command that opens the page in the browser."""

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from socrates_core.errors import counted
from socrates_core.model.folder import BUNDLED_MODELS, DEMO, chosen_adapter

if TYPE_CHECKING:
    from socrates_core.model.answer_model import AnswerModel
    from socrates_core.model.precision import Precision
    from socrates_core.ui.access.hosts import AllowedHosts
    from socrates_core.ui.access.owner_token import OwnerToken
    from socrates_core.ui.access.visitors import Policy
    from socrates_core.ui.results import Results
    from socrates_core.ui.startup import Startup

ON_SPACE = os.environ.get("SYSTEM") == "spaces"

USUAL = gc.get_threshold()
SELDOM = (100_000, 50, 100)
"""Thresholds of the garbage collector while the program starts: importing what runs a model and the page makes millions
of objects that stay, and looking through them again and again takes a fifth of the time until the page is ready."""


@dataclass(frozen=True)
class AskedModel:
    """The model that the command names."""

    model: str
    adapter: str | None
    template: str | None
    """None leaves it to the model's own record."""
    precision: str
    zero_gpu: bool
    """Whether a GPU is borrowed for each call, as on ZeroGPU."""
    calibration: Path | None = None
    """None leaves it to the one beside the model's weights."""

    def load(self) -> "AnswerModel":
        """Load it.

        Raises:
            ModelError: If there is no such model or calibration, or model, adapter and template do not fit together.
            PredictionError: If the calibration that was named is not of this model's predictions.
        """
        from socrates_core.model.loading import load_model
        from socrates_core.trust.statement.finding import check_calibration
        from socrates_core.ui.zero_gpu import BorrowedGpu

        loaded = load_model(
            self.model,
            self.adapter,
            template=self.template,
            precision=cast("Precision", self.precision),
            calibration=self.calibration,
        )
        if self.calibration is not None:
            check_calibration(loaded.description)
        return BorrowedGpu(loaded) if self.zero_gpu else loaded

    @property
    def in_background(self) -> bool:
        """Whether the page opens before it is there: a variable names it, and it does not come with the software."""
        named = {os.environ.get("SOCRATES_MODEL"), os.environ.get("SOCRATES_ADAPTER")} - {None, ""}
        bundled = self.model in BUNDLED_MODELS and self.adapter in (None, DEMO)
        return bool({self.model, self.adapter} & named) and not bundled and not self.zero_gpu


@dataclass(frozen=True)
class Entrance:
    """Where the command asks the page to be, and whom to let in."""

    host: str
    port: int
    allowed: tuple[str, ...]
    """Names by which it may be reached, beside this machine's own."""
    no_token: bool
    """Whether everyone is the owner."""
    mcp: bool = False
    """Whether MCP clients may call the endpoints as tools."""

    def guarded(self) -> tuple["AllowedHosts", "OwnerToken"]:
        """The names by which the app may be reached, and what makes a visitor its owner.

        Raises:
            LaunchError: If a name or the token is not valid.
        """
        from socrates_core.ui.access.hosts import allowed_hosts
        from socrates_core.ui.access.owner_token import owner_token
        from socrates_core.ui.access.visitors import has_sign_in, on_space

        hosts = allowed_hosts(self.allowed, self.host, os.environ)
        return hosts, owner_token(os.environ, on_space(), has_sign_in(), self.no_token)


def app(
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
    calibration: Annotated[
        Path | None,
        typer.Option(
            envvar="SOCRATES_CALIBRATION",
            help="calibration.json of this model's evaluations; default: the one that came with the model.",
        ),
    ] = None,
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
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Name by which the app may be reached, such as that of a proxy in front of it; can be given several "
            "times. SOCRATES_ALLOWED_HOSTS takes names separated by commas.",
        ),
    ] = None,
    confirm_people: Annotated[
        bool,
        typer.Option(
            "--confirm-people",
            envvar="SOCRATES_CONFIRM_PEOPLE",
            help="Let an endpoint have attributes of the people of --studies that are not public.",
        ),
    ] = False,
    no_token: Annotated[
        bool,
        typer.Option("--no-token", help="Ask for no token: everyone who reaches the app is its owner."),
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve the endpoints for programs as MCP tools too; needs the package mcp.")
    ] = False,
) -> None:
    """Start Socrates in the browser: predicted and actual answers of studies that the model has not seen."""
    gc.set_threshold(*SELDOM)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    entrance = Entrance(host, port, tuple(allowed_host or ()), no_token, mcp)
    asked = asked_model(model, adapter, template, precision, calibration)
    open_page(asked, studies or [], runs.resolve(), entrance, confirm_people)


def asked_model(
    model: str, adapter: str | None, template: str | None, precision: str, calibration: Path | None = None
) -> AskedModel:
    """The model that the options name; the demo model comes with its adapter."""
    # a second or two: --help and a mistyped option should not wait for it
    from socrates_core.model.loading import has_weights
    from socrates_core.study.sources.hub_address import hub_name
    from socrates_core.ui.zero_gpu import prepare_zero_gpu

    zero_gpu = prepare_zero_gpu()
    model, adapter = hub_name(model), None if adapter is None else hub_name(adapter)
    adapter = chosen_adapter(model, adapter)
    if zero_gpu and precision == "auto" and has_weights(model):
        # no GPU is visible before the first call, so its memory cannot be queried
        precision = "float32" if model == DEMO else "bf16"
    return AskedModel(model, adapter, template, precision, zero_gpu, calibration)


def open_page(
    asked: AskedModel, studies: Sequence[str], runs: Path, entrance: Entrance, confirmed: bool = False
) -> None:
    """Load model and studies, open the page, say where it is, and serve it until the process is stopped.

    Args:
        asked: The model.
        studies: Study folders.
        runs: The directory of the evaluation runs.
        entrance: Where the page is, and whom to let in.
        confirmed: Whether an endpoint may have attributes of people whose rows are not public.
    """
    from socrates_core.ui.access.uploads import delete_leftovers
    from socrates_core.ui.access.visitors import Policy
    from socrates_core.ui.api.tools import PATH, check_installed
    from socrates_core.ui.evaluate.board import RunBoard
    from socrates_core.ui.loading.loader import Loader
    from socrates_core.ui.page import build_page, check_port, serve
    from socrates_core.ui.running.first import prepare_first, wait_if_quick

    if entrance.mcp:
        check_installed()
    delete_leftovers()
    policy = Policy.from_environment()
    guarded = entrance.guarded()
    check_port(entrance.host, entrance.port)
    results = load_results(asked, studies, policy, confirmed)
    print_model(results)
    first = prepare_first(results)
    startup = load_in_background(results, asked) if asked.in_background else None
    mirror_runs(runs)
    board = RunBoard(runs)
    loader = Loader(results, confirmed, fixed=asked.zero_gpu, log=lambda words: print(words, flush=True))
    page = build_page(results, board, startup, loader)
    address = serve(page, results, board, guarded, entrance.host, entrance.port, entrance.mcp)
    wait_if_quick(results, first)
    settle()
    print_address(address, guarded[1], entrance.host)
    if entrance.mcp:
        print(f"Tools    {address.rstrip('/')}{PATH}  (MCP over HTTP)", flush=True)
    page.block_thread()


def load_results(asked: AskedModel, studies: Sequence[str], policy: "Policy", confirmed: bool) -> "Results":
    """Load studies, and the model or what stands in for it, which is freed when another one replaces it.

    Args:
        asked: The model.
        studies: Study folders.
        policy: Who may do what.
        confirmed: Whether an endpoint may have attributes of people whose rows are not public.

    Raises:
        SocratesError: If model or studies cannot be loaded, or an endpoint may not have the people.
    """
    from socrates_core.model.loading import load_model
    from socrates_core.study.sources.bundled import BUNDLED
    from socrates_core.ui.catalogue import open_catalogue
    from socrates_core.ui.loading.sending import check_people
    from socrates_core.ui.results import Results

    loading = f"demo, then {asked.model} in the background" if asked.in_background else asked.model
    print(f"Loading  {loading}", flush=True)
    answering = load_model(DEMO, DEMO) if asked.in_background else asked.load()
    folders = [Path(name) for name in studies if name != BUNDLED]
    catalogue = open_catalogue(folders, answering.description.trained_on)
    if not confirmed:
        check_people(catalogue, asked.model)
    return Results(catalogue, answering, policy=policy)


def settle() -> None:
    """Collect garbage as usual from now on, but never again among what the start has made.

    It stays, and looking through it holds up every request for the third of a second that this takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*USUAL)


def print_model(results: "Results") -> None:
    """Print the model in use and how many studies it has not seen."""
    what = results.model.description
    print(f"Model    {what.name}{f' with adapter {what.adapter}' if what.adapter else ''}")
    print(f"         {what.device}, {what.precision}, template {what.template or 'none'}")
    if what.template_note:
        print(f"Template {what.template_note}")
    for source in results.catalogue.sources:
        unseen = sum(not entry.seen for entry in source.entries)
        print(
            f"Studies  {source.title}: {counted(len(source.entries), 'study')}, {unseen} of them unseen by this model"
        )


def mirror_runs(runs: Path) -> None:
    """Restore finished runs from the folder SOCRATES_MIRROR, and mirror new ones there from now on."""
    mirror = os.environ.get("SOCRATES_MIRROR")
    if not mirror:
        return
    from socrates_core.runs.mirror import RunMirror

    keeper = RunMirror(runs, Path(mirror), lambda words: print(words, flush=True))
    print(f"Mirror   {mirror}: {len(keeper.restore())} finished runs restored")
    keeper.watch()


def print_address(address: str, owner: "OwnerToken", host: str) -> None:
    """Print where the page is: the only place where the token is ever shown."""
    from socrates_core.ui.access.owner_token import PARAMETER, VARIABLE

    link = f"{address}?{PARAMETER}={owner.secret}" if owner.printed else address
    print(f"Ready    {link}  (stop with Ctrl+C)", flush=True)
    if owner.everyone:
        print(
            "         Without a token, everyone who reaches it may do everything, with this account's files and tokens."
        )
    elif owner.printed:
        print("         This address makes whoever opens it the owner; without ?token=… visitors can only simulate.")
    elif owner.secret:
        print(f"         The owner opens it with ?{PARAMETER}= and the value of {VARIABLE}.")
    if not ON_SPACE and host not in ("127.0.0.1", "localhost", "::1"):
        print("         From other machines, use this machine's address, or a name that --allowed-host allows.")


def load_in_background(results: "Results", asked: AskedModel) -> "Startup":
    """Start loading a model that replaces the demo model once it is ready."""
    from socrates_core.model.folder import HUB_ID
    from socrates_core.model.loading import hide_progress_bars
    from socrates_core.model.size import check_size
    from socrates_core.ui.adapters.tab import refresh_adapters
    from socrates_core.ui.startup import Startup, Wanted

    def load_if_it_fits() -> "AnswerModel":
        hide_progress_bars()  # they would be drawn into the lines that the start prints meanwhile
        if HUB_ID.fullmatch(asked.model.partition("@")[0]) or Path(asked.model).is_dir():
            check_size(asked.model, cast("Precision", asked.precision))
        return asked.load()

    def use(loaded: "AnswerModel") -> None:
        results.models.start_with(loaded)
        refresh_adapters(results)

    startup = Startup(Wanted(asked.model, asked.adapter), load_if_it_fits, use, lambda words: print(words, flush=True))
    results.models.start_with(results.model, startup.words)
    startup.start()
    return startup
