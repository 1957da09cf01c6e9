"""The plan of a push: card, files and destination, for the user to see before anything is sent."""

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
from socrates_core.study.files import file_sha256

PUSHED: Final = (WEIGHTS, CONFIG, RECORD)
"""Files of the adapter's folder that are pushed, beside the card."""

_PLACE: Final = re.compile(r'"((?:/[\w.~-]|~/|[A-Za-z]:\\\\)[^"]{0,200})"')
"""A path of one machine as a JSON text."""


@dataclass(frozen=True)
class PushPlan:
    """What a push would do, as far as it can be known before."""

    repo_id: str
    private: bool
    """Whether others can see it afterwards: as asked for a new repository, as it is for one that is there."""
    exists: bool | None
    """Whether the repository is there; None where the Hub was not asked."""
    parent_commit: str | None
    """What the repository is at; a push refuses if it has changed since."""
    files: tuple[tuple[str, int], ...]
    """Names and bytes of all that goes there."""
    card: str
    """The text of README.md."""
    warnings: tuple[str, ...]
    """What a user should know before agreeing."""
    digests: tuple[tuple[str, str], ...]
    """Names and sha256 of the adapter's files, which a push compares."""
    account: str | None
    """Whom the token belongs to; None where the Hub was not asked."""
    endpoint: str
    """The Hub's address."""

    @property
    def url(self) -> str:
        """Where the adapter will stand."""
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
    """Read an adapter's folder, make its card, and ask the Hub who the token belongs to and what is there.

    Args:
        folder: With the three files of an adapter.
        repo_id: OWNER/NAME, where it goes.
        private: Whether a new repository is private.
        token: With the right to write there.
        endpoint: Of the Hub; HF_ENDPOINT or the public one when None.
        offline: Do not ask the Hub: show what can be known without it.
        run: A finished evaluation run of this adapter, whose figures go into the card.
        licence: The Hub's name of the licence of the weights, such as apache-2.0; the base's where None and the Hub
            knows it.

    Raises:
        HubError: If the folder is no adapter that others could load, the name is none, or the token may not write
            there; says which permission is missing.
    """
    check_repo_id(repo_id)
    if licence is not None:
        check_licence(licence)
    with readable(folder):
        content = _content(folder, repo_id, run, licence)
        warnings = _told_by_record(folder)
        sizes = tuple((name, (folder / name).stat().st_size) for name in PUSHED)
        digests = tuple((name, file_sha256(folder / name)) for name in PUSHED)
    account, info = (None, None) if offline else _ask(repo_id, token, endpoint)
    if info is not None:
        warnings += _warnings(info, repo_id, private)
        private = bool(info.private)
    if account is not None and licence is None:
        content = _with_known_licence(content, info, token, endpoint)
    if content.licence is None:
        warnings.append("no licence is stated, so others may not use it: name one with --license")
    if not private:
        warnings.append("anybody can see and download it")
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
    """Within it, what the disk refuses is a HubError."""
    try:
        yield
    except OSError as error:
        raise HubError(f"{folder} cannot be read ({error}); name the folder that train.qlora wrote") from error


def _content(folder: Path, repo_id: str, run: Path | None, licence: str | None) -> CardContent:
    if not folder.is_dir():
        raise HubError(f"{folder} is no folder; name the one that train.qlora wrote the adapter to")
    found = inspect(folder)
    if found.record is None:
        raise HubError(
            f"{folder} has no {RECORD}, which says what the adapter was trained on; push what train.qlora wrote"
        )
    evaluated = None if run is None else read_run(run, folder, found.config, found.record)
    return CardContent(repo_id, found.config, found.record, evaluated, licence)


def _told_by_record(folder: Path) -> list[str]:
    """What the record would tell the world beside what it is for.

    Raises:
        HubError: If it holds what looks like a token.
    """
    text = (folder / RECORD).read_text("utf-8")
    if scrub(text) != text:
        raise HubError(f"{folder / RECORD} holds what looks like a token; take it out before it is pushed")
    places = sorted(set(_PLACE.findall(text)))
    return [f"{RECORD} names places of this machine: {', '.join(places[:3])}"] if places else []


def _with_known_licence(
    content: CardContent, there: ModelInfo | None, token: str | None, endpoint: str | None
) -> CardContent:
    """With the licence that an earlier card names, or else the base model's, where the Hub shows one."""
    if (own := _stated(there)) is not None or content.config.base == DEMO:
        return replace(content, licence=own)
    base = content.config.base
    try:
        with hub_step(f"asking for {base}", token, base, endpoint=endpoint):
            found = _stated(client(token, endpoint).model_info(base))
    except HubError:
        return content  # one that cannot be seen says nothing, and so does the card
    return replace(content, licence=found, inherited=found is not None)


def _stated(info: ModelInfo | None) -> str | None:
    """The licence on a repository's card, where there is one and it can be one."""
    licence = info.card_data.get("license") if info is not None and info.card_data is not None else None
    try:
        return check_licence(licence) if isinstance(licence, str) else None
    except HubError:
        return None


def _ask(repo_id: str, token: str | None, endpoint: str | None) -> tuple[Account, ModelInfo | None]:
    """Whom the token belongs to, who may write there, and what is there."""
    account = whoami(token, endpoint)
    if refusal := account.refusal(repo_id):
        raise HubError(f"pushing to {repo_id}: {refusal}")
    info = _existing(repo_id, token, endpoint)
    if info is not None:
        check_name(info, repo_id)
    return account, info


def _existing(repo_id: str, token: str | None, endpoint: str | None) -> ModelInfo | None:
    with hub_step(f"asking for {repo_id}", token, repo_id, endpoint=endpoint):
        try:
            return client(token, endpoint).model_info(repo_id)
        except RepositoryNotFoundError as error:
            if isinstance(error, GatedRepoError) or error.response.status_code not in (401, 404):
                raise  # it is there
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
        found.append(f"{repo_id} is public, and a push does not change that; choose another name to keep it private")
    if not private and info.private:
        found.append(f"{repo_id} is private, and a push does not change that; its settings on the Hub do")
    if replaced:
        found.append(f"replaced there: {', '.join(replaced)}; earlier commits keep them")
    if staying:
        found.append(f"left there as it is: {', '.join(staying[:8])}{' and more' if len(staying) > 8 else ''}")
    return found
