"""Adapters between this server and the Hub, on behalf of a visitor: what the policy allows, with whose token.

On a Space nobody gains by asking the server for what the Hub would refuse: a visitor's token pushes to the visitor's
own namespace, and only copies of what that token can read; fetches go without any token unless they are the owner's,
because what is fetched is there for everyone.
"""

from dataclasses import dataclass
from typing import Final

from socrates_core.errors import HubError, SocratesError
from socrates_core.hub.access import Progress, client, hub_step, split_revision, whoami
from socrates_core.hub.pull.installed import PulledAdapter, pulled, remove
from socrates_core.hub.pull.retrieval import pull
from socrates_core.hub.push.plan import PushPlan, plan_push
from socrates_core.hub.push.publication import push
from socrates_core.model.folder import DEMO_ADAPTER, HUB_ID
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Action, Policy, Visitor
from socrates_core.ui.adapters.choices import Adapter

MOST_PULLED: Final = 40
"""Adapters that can be fetched to one server before some have to be removed."""

PULL_COST: Final = 2_000
"""What a fetch counts for among a visitor's simulated participants."""


@dataclass(frozen=True)
class Caller:
    """A visitor with what acts for him."""

    visitor: Visitor
    token: str | None
    """On a Space the visitor's own, elsewhere that of the machine's owner. Never printed: `repr` leaves it out."""
    policy: Policy

    def __repr__(self) -> str:
        """Without the token."""
        return f"Caller({self.visitor!r})"

    def check(self, action: Action) -> None:
        """Raise a SocratesError unless the policy lets the visitor do this."""
        refusal = self.policy.refusal(self.visitor, action)
        if refusal:
            raise SocratesError(refusal)


def fetch(name: str, caller: Caller, limits: Limits, progress: Progress) -> PulledAdapter:
    """Pull an adapter for everybody who uses this server.

    Raises:
        SocratesError: If the visitor may not, or has fetched too much lately; or there is too much here already.
        HubError: As `pull` does.
    """
    caller.check("pull")
    split_revision(name)
    if len(pulled()) >= MOST_PULLED:
        raise SocratesError(f"There are {MOST_PULLED} fetched adapters here, and no room for more. Remove some first.")
    limits.take(caller.visitor, PULL_COST)
    everybody = caller.policy.space and caller.visitor.role != "owner"
    return pull(name.strip(), token=None if everybody else caller.token, progress=progress)


def plan(adapter: Adapter, destination: str, private: bool, caller: Caller) -> PushPlan:
    """What a push would do, for a visitor who may push; nothing is sent yet.

    Raises:
        SocratesError: If the visitor may not push this, or not there, or nobody is signed in.
        HubError: As `plan_push` does.
    """
    if caller.token is None:
        raise SocratesError(
            "Sign in with Hugging Face to push adapters."
            if caller.policy.space
            else "There is no Hugging Face account here to push with: log in with `hf auth login`, or set HF_TOKEN."
        )
    destination = destination.strip()
    if caller.policy.space:
        _check_namespace(destination, caller.token)
        _check_may_copy(adapter, caller)
    return plan_push(adapter.folder, destination, private=private, token=caller.token)


def send(planned: PushPlan, adapter: Adapter, caller: Caller, progress: Progress) -> str:
    """Push what was planned; returns the address of the commit.

    Raises:
        SocratesError: As `plan`; whoever signed in meanwhile is another visitor, who may not push at all perhaps.
        HubError: As `push` does.
    """
    caller.check("push")
    if caller.policy.space:
        _check_namespace(planned.repo_id, caller.token)
        _check_may_copy(adapter, caller)
    return push(planned, adapter.folder, caller.token, progress)


def discard(adapter: Adapter) -> None:
    """Remove a fetched adapter from this machine, for a visitor who may.

    Raises:
        SocratesError: If it was not fetched by this software.
    """
    if adapter.pulled is None:
        raise SocratesError(f"{adapter.title} was not fetched here, so it is not removed here either.")
    remove(adapter.folder)


def _check_namespace(destination: str, token: str | None) -> None:
    """Ask the Hub whose token it is: nothing that the page or the cookie says counts for this."""
    name = whoami(token).name
    namespace, _, rest = destination.partition("/")
    if namespace.casefold() != name.casefold():
        raise HubError(f"from a Space you push to your own namespace: {name}/{rest or 'NAME'}, not {destination}")


def _check_may_copy(adapter: Adapter, caller: Caller) -> None:
    """A copy of an adapter is for those who can read the original on the Hub; a local one is the owner's."""
    if caller.visitor.role == "owner" or adapter.folder == DEMO_ADAPTER:
        return
    name, _, revision = adapter.title.partition("@")
    source = (adapter.pulled.repo_id, adapter.pulled.commit) if adapter.pulled else (name, revision or None)
    if adapter.pulled is None and not HUB_ID.fullmatch(name):
        raise SocratesError(f"{adapter.title} belongs to the owner of this Space, who alone may push it.")
    with hub_step(f"reading {source[0]}", caller.token, *source):
        client(caller.token).model_info(source[0], revision=source[1])
