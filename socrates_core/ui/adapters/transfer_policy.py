"""Transfers of adapters between this server and the Hub on behalf of a visitor: permissions and tokens.

On a Space, visitors cannot use the server to bypass the Hub's permissions: they push with their own token, to their own
namespace, and only copies of adapters that this token can read. What the owner fetches is for the owner alone or for
all visitors, as they say; a visitor's fetch is anonymous and for all, so it never brings or shows a private adapter.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from socrates_core.errors import HubError, NoAccessError, SocratesError
from socrates_core.hub.access import Progress, client, hub_step, split_revision, whoami
from socrates_core.hub.pull.installed import PulledAdapter, installed_adapters, remove
from socrates_core.hub.pull.retrieval import pull
from socrates_core.hub.push.plan import PushPlan, plan_push
from socrates_core.hub.push.publication import push
from socrates_core.model.folder import DEMO_ADAPTER, HUB_ID
from socrates_core.study.sources.hub_address import hub_name
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Action, Policy, Visitor
from socrates_core.ui.adapters.choices import Adapter

MAX_PULLED: Final = 40
"""Largest number of fetched adapters on one server."""

READING: Final = frozenset({"read-repos", "write-repos", "manage-repos"})
"""Scopes of a sign-in that open repositories which this app did not make."""

PULL_COST: Final = 2_000
"""Cost of a fetch in the rate limit, in simulated people."""


@dataclass(frozen=True)
class Caller:
    """A visitor together with their token and the policy."""

    visitor: Visitor
    token: str | None
    """On a Space the visitor's own, elsewhere that of the machine's owner; excluded from `repr`."""
    policy: Policy

    def __repr__(self) -> str:
        """A representation without the token."""
        return f"Caller({self.visitor!r})"

    def check(self, action: Action) -> None:
        """Raise a SocratesError unless the policy allows this action."""
        refusal = self.policy.refusal(self.visitor, action)
        if refusal:
            raise SocratesError(refusal)


def fetch(name: str, caller: Caller, limits: Limits, progress: Progress, owner_only: bool = True) -> PulledAdapter:
    """Pull an adapter.

    Args:
        name: OWNER/NAME, or OWNER/NAME@REVISION.
        caller: Who asks.
        limits: What a visitor's fetch is charged to.
        progress: Called with the share that is done and the current step.
        owner_only: Whether only the owner may see and use it; what another visitor fetches is for everybody.

    Raises:
        SocratesError: If the visitor may not pull or has exceeded the rate limit, or there are too many adapters.
        HubError: As for `pull`.
    """
    caller.check("pull")
    repo_id, revision = split_revision(name)
    if len(installed_adapters()) >= MAX_PULLED:
        raise SocratesError(f"This server already has {MAX_PULLED} fetched adapters, the maximum. Remove some first.")
    limits.take(caller.visitor, PULL_COST)
    if caller.visitor.role == "owner":
        with _worded_for_sign_in(caller, "pull"):
            return pull(name.strip(), token=caller.token, progress=progress, owner_only=owner_only)
    with hub_step(f"looking up {repo_id}", None, repo_id, revision):  # whatever is here already, anybody may read it
        client(None).model_info(repo_id, revision=revision)
    return pull(name.strip(), token=None, progress=progress, owner_only=False)


@contextmanager
def _worded_for_sign_in(caller: Caller, step: Action, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Say to who has signed in what it takes to open a repository; the Hub's words are about tokens.

    What a sign-in opens are its scopes: contribute-repos the repositories that the app itself made, read-repos all that
    the account may read, those of organisations that were ticked included (https://huggingface.co/docs/hub/oauth).
    """
    try:
        yield
    except NoAccessError as error:
        if not caller.policy.space or caller.visitor.name is None:
            raise
        scopes = set(environ.get("OAUTH_SCOPES", "").split())
        if step == "push":
            raise HubError(
                f"{error.repo_id} cannot be written: the account {caller.visitor.name} may not, or it was made "
                "elsewhere, and this sign-in writes only to repositories that this Space made. Choose a new name, or "
                "push from your own machine"
            ) from None
        missing = (
            ""
            if scopes & READING
            else (
                "this sign-in opens only repositories that this Space made; add read-repos to hf_oauth_scopes in the "
                "README.md of the Space, then sign out and in again. Or "
            )
        )
        raise HubError(
            f"{error.repo_id} cannot be fetched: {missing}it does not exist, or the account {caller.visitor.name} may "
            "not read it: check the name; for an organisation's, sign in again and tick that organisation"
        ) from None


def plan(adapter: Adapter, destination: str, private: bool, caller: Caller, licence: str | None = None) -> PushPlan:
    """Plan a push for a visitor who may push; nothing is uploaded yet.

    Raises:
        SocratesError: If the visitor is not signed in, or may not push this adapter or to this destination.
        HubError: As for `plan_push`.
    """
    if caller.token is None:
        raise SocratesError(
            "Sign in with Hugging Face to push adapters."
            if caller.policy.space
            else "Pushing requires a Hugging Face account: log in with `hf auth login`, or set HF_TOKEN."
        )
    destination = hub_name(destination.strip())
    if caller.policy.space:
        _check_namespace(destination, caller.token)
        _check_may_copy(adapter, caller)
    with _worded_for_sign_in(caller, "push"):
        stated = (licence or "").strip() or None
        return plan_push(adapter.folder, destination, private=private, token=caller.token, licence=stated)


def send(planned: PushPlan, adapter: Adapter, caller: Caller, progress: Progress) -> str:
    """Carry out a planned push and return the address of the commit.

    Raises:
        SocratesError: As for `plan`, because the visitor may have signed in as someone else in the meantime.
        HubError: As for `push`.
    """
    caller.check("push")
    if caller.policy.space:
        _check_namespace(planned.repo_id, caller.token)
        _check_may_copy(adapter, caller)
    with _worded_for_sign_in(caller, "push"):
        return push(planned, adapter.folder, caller.token, progress)


def discard(adapter: Adapter) -> None:
    """Remove a fetched adapter from this machine.

    Raises:
        SocratesError: If it was not fetched here.
    """
    if adapter.pulled is None:
        raise SocratesError(f"{adapter.title} was not fetched from the Hub, so it cannot be removed here.")
    remove(adapter.folder)


def _check_namespace(destination: str, token: str | None) -> None:
    """Check the destination against the account of the token, as the Hub reports it, not the page or the cookie."""
    name = whoami(token).name
    namespace, _, rest = destination.partition("/")
    if namespace.casefold() != name.casefold():
        raise HubError(f"from a Space you push to your own namespace: {name}/{rest or 'NAME'}, not {destination}")


def _check_may_copy(adapter: Adapter, caller: Caller) -> None:
    """Visitors may copy adapters that they can read on the Hub; only the owner may push local ones."""
    if caller.visitor.role == "owner" or adapter.folder == DEMO_ADAPTER:
        return
    name, _, revision = adapter.title.partition("@")
    source = (adapter.pulled.repo_id, adapter.pulled.commit) if adapter.pulled else (name, revision or None)
    if adapter.pulled is None and not HUB_ID.fullmatch(name):
        raise SocratesError(f"{adapter.title} belongs to the owner of this Space; only the owner may push it.")
    with hub_step(f"reading {source[0]}", caller.token, *source):
        client(caller.token).model_info(source[0], revision=source[1])
