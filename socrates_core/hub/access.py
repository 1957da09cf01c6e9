"""Access to the Hub: repository names, tokens, the account of a token, and readable error messages.

Every function takes its token as an argument and uses it for requests only: `None` means no token, never the one saved
on this machine. Tokens are removed from every message before it leaves this module.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    OIDCError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from socrates_core.errors import HubError, NoAccessError
from socrates_core.study.hub_client import guard
from socrates_core.study.sources.hub_address import hub_name

Progress = Callable[[float, str], object]
"""Called with the share that is done, in [0, 1], and the current step; `gradio.Progress` is one."""

WRITERS: Final = ("admin", "write", "contributor")
"""Roles in an organisation that may create repositories there."""

_REVISION: Final = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
_TOKEN: Final = re.compile(r"\b(?:hf|api_org)_(?:oauth_)?[A-Za-z0-9_.-]{16,}|\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_LOG_IN: Final = "log in with `hf auth login`, or set HF_TOKEN"


# -- names -------------------------------------------------------------------------------------------------------


def check_repo_id(repo_id: str) -> str:
    """Return the name of a repository unchanged.

    Raises:
        HubError: If it is not OWNER/NAME, in letters, digits, `-`, `_` and `.`.
    """
    expected = "expected OWNER/NAME in letters, digits, -, _ and ., such as my-name/my-adapter"
    if repo_id.count("/") != 1:
        raise HubError(f"{_shown(repo_id)} is not a valid repository name; {expected}")
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise HubError(f"{_shown(repo_id)} is not a valid repository name; {expected}") from error
    return repo_id


def split_revision(name: str) -> tuple[str, str | None]:
    """Split OWNER/NAME[@REV] into repository and revision (a branch, tag or commit); None for the default branch.

    The address of a page of the Hub is read as the name of what it shows.

    Raises:
        HubError: If either is invalid.
    """
    repo_id, at, revision = hub_name(name.strip()).partition("@")
    check_repo_id(repo_id)
    if at and not _REVISION.fullmatch(revision):
        raise HubError(f"{_shown(revision)} is not a valid revision; give a branch, tag or commit after {repo_id}@")
    return repo_id, revision if at else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:120]}…")


# -- tokens ------------------------------------------------------------------------------------------------------


def saved_token() -> str | None:
    """The token of this machine's user: HF_TOKEN, or that of `hf auth login`; None where there is none.

    For commands and for an app on the user's own machine. A public app must use the visitor's token instead.

    Raises:
        HubError: If the machine is configured to obtain one through OIDC (HF_OIDC_RESOURCE) and fails to.
    """
    try:
        return get_token()
    except OIDCError as error:
        raise HubError(scrub(f"HF_OIDC_RESOURCE is set but yields no token: {error}")) from None


def scrub(text: str, token: str | None = None) -> str:
    """Remove from a text everything that is, or looks like, a token."""
    if token:
        text = text.replace(token, "[token]")
    return _TOKEN.sub("[token]", text)


def client(token: str | None, endpoint: str | None = None) -> HfApi:
    """A client of the Hub that uses this token and no other, and sends it to this endpoint and no other."""
    guard(token, endpoint)
    return HfApi(endpoint=endpoint, token=token or False, library_name="socrates")


# -- accounts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """The account of a token, and where it may write."""

    name: str
    organizations: tuple[tuple[str, str | None], ...]
    """Name, and the account's role there: admin, write, contributor, read; None where the Hub does not tell."""
    role: str | None
    """Role of the token: read, write, fineGrained; None where the Hub does not tell, as for a signed-in visitor."""
    scopes: tuple[tuple[str, str, frozenset[str]], ...] = ()
    """Scopes of a fine-grained token: kind (user, org, model, global), name, and the permissions there."""

    def refusal(self, repo_id: str) -> str | None:
        """The permission that is known to be missing for writing to a repository; None if there is none."""
        namespace = repo_id.partition("/")[0]
        known = {name.lower(): role for name, role in self.organizations}
        if namespace.lower() != self.name.lower() and namespace.lower() not in known:
            return (
                f"{namespace} is neither the account {self.name} nor an organisation it belongs to; push to "
                f"{self.name}/{repo_id.partition('/')[2]}, or ask {namespace} for membership"
            )
        role = known.get(namespace.lower())
        if role is not None and role not in WRITERS:
            return (
                f"the account {self.name} has the role {role} in {namespace}; writing requires the role contributor, "
                "write or admin, which an administrator of the organisation can grant"
            )
        if self.role == "read":
            return "the token may only read; create one with the role write at https://huggingface.co/settings/tokens"
        if self.role == "fineGrained" and not self._granted(repo_id):
            return (
                f"the fine-grained token lacks the permission repo.write for {namespace} (“Write access to contents/"
                "settings of all repos”); add it at https://huggingface.co/settings/tokens"
            )
        return None

    def _granted(self, repo_id: str) -> bool:
        wanted = {("user", repo_id.partition("/")[0].lower()), ("org", repo_id.partition("/")[0].lower())}
        wanted |= {("model", repo_id.lower()), ("global", "")}
        return any(
            (kind, name.lower()) in wanted and permissions & {"repo.write", "repo.content.write"}
            for kind, name, permissions in self.scopes
        )


def whoami(token: str | None, endpoint: str | None = None) -> Account:
    """Ask the Hub for the account of a token.

    Raises:
        HubError: If there is no token, the Hub does not accept it, or it cannot be reached.
    """
    if not token:
        raise HubError(f"there is no token: {_LOG_IN}; create tokens at https://huggingface.co/settings/tokens")
    with hub_step("checking the token", token, endpoint=endpoint):
        return _account(client(token, endpoint).whoami())


def _account(answer: Mapping[str, Any]) -> Account:
    access = (answer.get("auth") or {}).get("accessToken") or {}
    fine = access.get("fineGrained") or {}
    scopes = [("global", "", frozenset(map(str, fine.get("global") or ())))]
    for scope in fine.get("scoped") or ():
        entity = scope.get("entity") or {}
        # a user's own entity comes with or without a name
        name = entity.get("name") or (answer["name"] if entity.get("type") == "user" else "")
        scopes.append((str(entity.get("type")), str(name), frozenset(map(str, scope.get("permissions") or ()))))
    organizations = tuple((str(one["name"]), one.get("roleInOrg")) for one in answer.get("orgs") or ())
    return Account(str(answer["name"]), organizations, access.get("role"), tuple(scopes))


# -- what went wrong ---------------------------------------------------------------------------------------------


@contextmanager
def hub_step(
    step: str,
    token: str | None,
    repo_id: str | None = None,
    revision: str | None = None,
    endpoint: str | None = None,
) -> Iterator[None]:
    """Convert whatever the client raises into one HubError that names the reason and a remedy.

    Args:
        step: The current step, as a gerund.
        token: The token in use, which no message may contain.
        repo_id: The repository in question, if any.
        revision: The requested revision.
        endpoint: Address of the Hub, if not the configured one.

    Raises:
        HubError: Instead of the client's errors, which may contain server output and are removed from the chain.
    """
    shut = False
    try:
        yield
    except (OfflineModeIsEnabled, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        reason = _reason(error, token, repo_id, revision, (endpoint or constants.ENDPOINT).rstrip("/"))
        shut = _is_shut(error)
    except RecursionError:
        reason = "the Hub sent an answer that is nested too deeply; check HF_ENDPOINT"
    except RuntimeError as error:
        # upload errors arrive wrapped
        if isinstance(error.__cause__, HubError):
            raise error.__cause__ from None
        if not isinstance(error.__cause__, httpx2.HTTPError):
            raise
        reason = _reason(error.__cause__, token, repo_id, revision, (endpoint or constants.ENDPOINT).rstrip("/"))
        shut = _is_shut(error.__cause__)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        detail = " ".join(str(error).split())[:500]
        reason = f"the Hub rejected the request or sent an invalid response ({type(error).__name__}: {detail})"
    else:
        return
    told = scrub(f"{step}: {reason}", token)
    raise (NoAccessError(told, repo_id) if shut and repo_id else HubError(told)) from None


def _is_shut(error: BaseException) -> bool:
    """Whether a repository does not exist for this token, or may not be read or written with it."""
    known = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403, 404)
    return known and not isinstance(error, GatedRepoError | DisabledRepoError | RevisionNotFoundError)


def is_unreachable(error: BaseException) -> bool:
    """Whether the Hub is unreachable or temporarily failing, so that an earlier download may be used instead."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code >= 500
    return isinstance(error, OfflineModeIsEnabled | httpx2.TransportError)


def _reason(error: Exception, token: str | None, repo_id: str | None, revision: str | None, endpoint: str) -> str:
    if isinstance(error, OfflineModeIsEnabled):
        return "offline mode is on (HF_HUB_OFFLINE); unset it to reach the Hub"
    if not isinstance(error, HfHubHTTPError):
        if isinstance(error, httpx2.TimeoutException):
            return f"{endpoint} did not answer in time; try again, or check the network"
        return f"{endpoint} cannot be reached ({error}); check the network, and HF_ENDPOINT if you set it"
    status = error.response.status_code
    message = "".join(letter for letter in " ".join((error.server_message or "").split()) if letter.isprintable())
    said = f" (the Hub says: {message[:300]})" if message else ""
    if isinstance(error, GatedRepoError):
        return (
            f"{repo_id} is gated{said}; request access at {endpoint}/{repo_id}, then use a token of that account "
            "(a fine-grained one needs “Read access to contents of all public gated repos you can access”)"
        )
    if isinstance(error, DisabledRepoError):
        return f"the Hub has disabled {repo_id}{said}; choose another repository"
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no branch, tag or commit {revision or 'main'}; see {endpoint}/{repo_id}/commits"
    found = not isinstance(error, RepositoryNotFoundError)
    if found and error.response.request.url.origin != httpx2.URL(endpoint).origin:
        return f"the storage behind the Hub rejected the request (HTTP {status}); try again later"
    if repo_id and (not found or (status == 401 and not token) or status == 404):
        return _not_found(repo_id, status, token)
    if status == 401:
        return f"the Hub rejected the token{said}: it is mistyped, expired or revoked; {_LOG_IN}"
    if status == 403:
        return f"the token lacks the permission{said}; writing requires repo.write, or manage-repos from a sign-in"
    return _by_status(status, said, error)


def _not_found(repo_id: str, status: int, token: str | None) -> str:
    if not token:
        return f"{repo_id} cannot be found without a token: check the name, or if it is private, {_LOG_IN}"
    if status == 401:
        return f"{repo_id} cannot be found with this token: check the name, and that the token has not expired"
    return (
        f"{repo_id} does not exist, or it is private and this token has no access: check the name; a fine-grained "
        "token needs the permission repo.content.read for it"
    )


def _by_status(status: int, said: str, error: HfHubHTTPError) -> str:
    known = {
        409: f"a repository of that name already exists{said}; choose another name",
        412: f"the repository has changed in the meantime{said}; review the changes, then try again",
        413: f"it is larger than the Hub accepts{said}",
        429: f"too many requests{said}; wait a few minutes",
    }
    if status in known:
        return known[status]
    if status >= 500:
        return f"the Hub reports a server error (HTTP {status}){said}; try again later, and see https://status.huggingface.co"
    return f"the Hub rejected the request (HTTP {status}){said or f' ({error})'}"
