"""Plans a push: card, files and destination, for the user to review before anything is uploaded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo

from socrates_core.errors import HubError
from socrates_core.hub.access import Account, check_repo_id, client, hub_step, scrub, whoami
from socrates_core.hub.inspection import CARD, CONFIG, RECORD, WEIGHTS, inspect
from socrates_core.hub.pull.listing import check_name
from socrates_core.hub.push.card import CardContent, check_licence, make_card
from socrates_core.hub.push.figures import read_run
from socrates_core.model.folder import DEMO
from socrates_core.model.record import CALIBRATION
from socrates_core.study.files import file_sha256
from socrates_core.study.leaks import STIMULI
from socrates_core.study.sources.hub_address import hub_name
from socrates_core.trust.calibration import load_calibration

PUSHED: Final = (WEIGHTS, CONFIG, RECORD, STIMULI, CALIBRATION)
"""Files of the adapter that are pushed together with the card."""

_PLACE: Final = re.compile(r'"((?:/[\w.~-]|~/|[A-Za-z]:\\\\)[^"]{0,200})"')
"""A local path inside a JSON string."""


@dataclass(frozen=True)
class PushPlan:
    """What a push will do."""

    repo_id: str
    private: bool
    """Visibility afterwards: as requested for a new repository, unchanged for an existing one."""
    exists: bool | None
    """Whether the repository exists; None if the Hub was not contacted."""
    parent_commit: str | None
    """Current commit of the repository; the push fails if it has changed since."""
    files: tuple[tuple[str, int], ...]
    """Names and sizes in bytes of all files."""
    card: str
    """The text of README.md."""
    warnings: tuple[str, ...]
    """What the user should know before confirming."""
    digests: tuple[tuple[str, str], ...]
    """Names and sha256 of the adapter's files; the push checks that they have not changed."""
    account: str | None
    """The account of the token; None if the Hub was not contacted."""
    endpoint: str
    """Address of the Hub."""

    @property
    def url(self) -> str:
        """Address of the repository."""
        return f"{self.endpoint}/{self.repo_id}"


def plan_push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = True,
    token: str | None = None,
    endpoint: str | None = None,
    offline: bool = False,
    run: Path | None = None,
    licence: str | None = None,
) -> PushPlan:
    """Read the folder of an adapter, write its card, and check account and destination on the Hub.

    Args:
        folder: The folder of the adapter.
        repo_id: The destination, OWNER/NAME.
        private: Make a new repository private.
        token: With write permission for the destination.
        endpoint: Address of the Hub; HF_ENDPOINT or the public Hub when None.
        offline: Do not contact the Hub; the plan then cannot be carried out.
        run: A finished evaluation run of this adapter, whose figures go into the card.
        licence: The Hub's identifier of the licence of the weights, such as apache-2.0; when None, that of the base
            model if the Hub knows it.

    Raises:
        HubError: If others could not load the adapter, the name is invalid, or the token lacks a permission; the
            message names it.
    """
    repo_id = check_repo_id(hub_name(repo_id))
    if licence is not None:
        check_licence(licence)
    with readable(folder):
        content = _content(folder, repo_id, run, licence)
        warnings = _check_record_text(folder)
        # adapters of earlier versions have no sketches of their stimuli, and not every one has been calibrated
        present = [name for name in PUSHED if name not in (STIMULI, CALIBRATION) or (folder / name).is_file()]
        sizes = tuple((name, (folder / name).stat().st_size) for name in present)
        digests = tuple((name, file_sha256(folder / name)) for name in present)
    account, info = (None, None) if offline else _check_destination(repo_id, token, endpoint)
    if info is not None:
        warnings += _warnings(info, repo_id, private)
        private = bool(info.private)
    if account is not None and licence is None:
        content = _with_known_licence(content, info, token, endpoint)
    if content.licence is None:
        warnings.append("no licence is stated, so others may not use the adapter: choose one with --license")
    if not private:
        warnings.append("anyone can see and download it")
    card = make_card(content)
    return PushPlan(
        repo_id=repo_id,
        private=private,
        exists=None if account is None else info is not None,
        parent_commit=None if info is None else info.sha,
        files=(*sizes, (CARD, len(card.encode()))),
        card=card,
        warnings=tuple(warnings),
        digests=digests,
        account=account.name if account else None,
        endpoint=(endpoint or constants.ENDPOINT).rstrip("/"),
    )


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Convert file errors into a HubError."""
    try:
        yield
    except OSError as error:
        raise HubError(f"{folder} cannot be read ({error}); give the folder that train.qlora wrote") from error


def _content(folder: Path, repo_id: str, run: Path | None, licence: str | None) -> CardContent:
    if not folder.is_dir():
        raise HubError(f"{folder} is not a folder; give the one that train.qlora wrote the adapter to")
    found = inspect(folder)
    if found.record is None:
        raise HubError(
            f"{folder} has no {RECORD}, which records what the adapter was trained on; push what train.qlora wrote"
        )
    evaluated = None if run is None else read_run(run, folder, found.config, found.record)
    calibration = load_calibration(folder) if (folder / CALIBRATION).is_file() else None
    return CardContent(repo_id, found.config, found.record, evaluated, licence, calibration=calibration)


def _check_record_text(folder: Path) -> list[str]:
    """Warnings about private information in the record.

    Raises:
        HubError: If it contains what looks like a token.
    """
    text = (folder / RECORD).read_text("utf-8")
    if scrub(text) != text:
        raise HubError(f"{folder / RECORD} contains what looks like a token; remove it before pushing")
    places = sorted(set(_PLACE.findall(text)))
    return [f"{RECORD} contains paths of this machine: {', '.join(places[:3])}"] if places else []


def _with_known_licence(
    content: CardContent, there: ModelInfo | None, token: str | None, endpoint: str | None
) -> CardContent:
    """Add the licence of an earlier card or else of the base model, if the Hub shows one."""
    if (own := _stated(there)) is not None or content.config.base == DEMO:
        return replace(content, licence=own)
    base = content.config.base
    try:
        with hub_step(f"looking up {base}", token, base, endpoint=endpoint):
            found = _stated(client(token, endpoint).model_info(base))
    except HubError:
        return content  # an inaccessible base: the card states no licence
    return replace(content, licence=found, inherited=found is not None)


def _stated(info: ModelInfo | None) -> str | None:
    """The licence on the card of a repository; None if missing or invalid."""
    licence = info.card_data.get("license") if info is not None and info.card_data is not None else None
    try:
        return check_licence(licence) if isinstance(licence, str) else None
    except HubError:
        return None


def _check_destination(repo_id: str, token: str | None, endpoint: str | None) -> tuple[Account, ModelInfo | None]:
    """The account of the token, after checking its permissions, and the existing repository."""
    account = whoami(token, endpoint)
    if refusal := account.refusal(repo_id):
        raise HubError(f"pushing to {repo_id}: {refusal}")
    info = _existing(repo_id, token, endpoint)
    if info is not None:
        check_name(info, repo_id)
    return account, info


def _existing(repo_id: str, token: str | None, endpoint: str | None) -> ModelInfo | None:
    with hub_step(f"looking up {repo_id}", token, repo_id, endpoint=endpoint):
        try:
            return client(token, endpoint).model_info(repo_id)
        except RepositoryNotFoundError as error:
            if isinstance(error, GatedRepoError) or error.response.status_code not in (401, 404):
                raise  # it exists
            return None
        except HfHubHTTPError as error:
            if error.response.status_code != 404:
                raise
            return None


def _warnings(info: ModelInfo, repo_id: str, private: bool) -> list[str]:
    names = sorted(str(one.rfilename) for one in info.siblings or ())
    replaced = [name for name in names if name in (*PUSHED, CARD)]
    staying = [name for name in names if name not in (*PUSHED, CARD, ".gitattributes")]
    found = []
    if private and not info.private:
        found.append(
            f"{repo_id} is public, and a push does not change that; choose another name to keep the adapter private"
        )
    if not private and info.private:
        found.append(f"{repo_id} is private, and a push does not change that; change it in its settings on the Hub")
    if replaced:
        found.append(f"files to be replaced: {', '.join(replaced)}; the old versions stay in earlier commits")
    if staying:
        found.append(f"files left unchanged: {', '.join(staying[:8])}{' and more' if len(staying) > 8 else ''}")
    return found
