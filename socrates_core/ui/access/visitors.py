"""Visitors of the page and their permissions.

Who opens the page with the token that the start printed is the owner and may do everything; on a Space with sign-in,
accounts decide instead. For all others a policy names the least privileged role for each action; environment variables
set it, such as `SOCRATES_LAUNCH=signed-in`. By default everyone may simulate, signed-in visitors may push (to their own
namespace), visitors of a Space may read its evaluations, and everything else is for the owner.
"""

import ipaddress
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import gradio as gr
from gradio.context import LocalContext

from socrates_core.errors import LaunchError
from socrates_core.hub.access import saved_token
from socrates_core.ui.access.owner_token import OWNER

Role = Literal["owner", "signed-in", "anyone"]
"""From the most to the least privileged."""

Action = Literal["simulate", "read", "launch", "cancel", "delete", "pull", "push", "load"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

DEFAULTS: Final[Mapping[Action, Role]] = {
    "simulate": "anyone",
    "read": "owner",
    "launch": "owner",
    "cancel": "owner",
    "delete": "owner",
    "pull": "owner",
    "push": "signed-in",
    "load": "owner",
}
"""The least privileged role allowed for each action, unless an environment variable sets another one."""

NARROWED: Final[Mapping[Action, tuple[Role, ...]]] = {"push": ("owner", "signed-in"), "load": ("owner",)}
"""Actions that not everybody can be allowed: a name to load is a folder, a download or an address that this machine
opens with its owner's tokens."""

ON_SPACE: Final[Mapping[Action, Role]] = {"read": "anyone"}
"""What differs on a Space, whose evaluations are there to be seen; elsewhere they are of somebody's own studies."""

WORDS: Final[Mapping[Action, str]] = {
    "simulate": "simulate",
    "read": "read and compare evaluations",
    "launch": "start evaluations",
    "cancel": "cancel evaluations",
    "delete": "delete runs and adapters",
    "pull": "fetch adapters and data sets from the Hub",
    "push": "push adapters",
    "load": "load further models",
}
"""How an action is worded in a refusal."""


@dataclass(frozen=True)
class Visitor:
    """A person who has opened the page."""

    name: str | None
    """The signed-in Hugging Face account; None if not signed in, and always None outside a Space."""
    role: Role
    key: str
    """Identifies a visitor across pages; used by the rate limits."""


def on_space(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a Hugging Face Space."""
    return environ.get("SYSTEM") == "spaces"


def has_sign_in(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether visitors can sign in: on a Space whose card says `hf_oauth: true`."""
    needed = ("SPACE_ID", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
    return on_space(environ) and all(environ.get(name) for name in needed)


def visitor_of(request: gr.Request | None, environ: Mapping[str, str] = os.environ) -> Visitor:
    """The visitor who sent a request; without a request it is the program itself, which is the owner outside a Space.

    The guard has checked whether a request carries the owner's token. Where it comes from says nothing: through a proxy
    on the same machine, everybody comes from there, and headers are what the proxy or the visitor makes of them.
    """
    raw = getattr(request, "request", None)
    proven = raw is not None and raw.scope.get(OWNER) is True
    key = f"address:{_network(_address(request, environ))}"
    if not on_space(environ):
        return Visitor(None, "owner" if proven or request is None else "anyone", key)
    name = (signed_in(request) or {}).get("userinfo", {}).get("preferred_username")
    if not isinstance(name, str) or not name:
        return Visitor(None, "owner" if proven else "anyone", key)
    owner = proven or name.casefold() in _owners(environ)
    return Visitor(name, "owner" if owner else "signed-in", f"name:{name.casefold()}")


def asking() -> Visitor | None:
    """The visitor whose request a handler of the page is working on; None outside of one."""
    request = LocalContext.request.get(None)
    return None if request is None else visitor_of(request)


def token_of(request: gr.Request | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The Hub token to use for a visitor; None if there is none.

    On a Space this is only ever the visitor's own token, never that of the Space. Elsewhere it is the token of
    `hf auth login` or `HF_TOKEN`, for the owner only.
    """
    if on_space(environ):
        token = (signed_in(request) or {}).get("access_token")
        return token if isinstance(token, str) and token else None
    if visitor_of(request, environ).role != "owner":
        return None
    return saved_token()


def signed_in(request: gr.Request | None) -> Mapping[str, Any] | None:
    """The sign-in data in the visitor's signed cookie; None if not signed in or expired."""
    raw = getattr(request, "request", None)
    scope = getattr(raw, "scope", None)
    session = scope.get("session") if isinstance(scope, dict) else None
    info = session.get("oauth_info") if session else None
    if not isinstance(info, dict) or not isinstance(info.get("userinfo"), dict):
        return None
    expires = info.get("expires_at")
    return None if expires is not None and float(expires) < time.time() else info


@dataclass(frozen=True)
class Policy:
    """The least privileged role allowed for each action."""

    least: Mapping[Action, Role]
    space: bool
    """Whether the app runs as a Space, where visitors can sign in by name."""
    sign_in: bool
    """Whether visitors can sign in."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Policy":
        """The policy that the variables `SOCRATES_SIMULATE`, `SOCRATES_LAUNCH`, … set.

        Raises:
            LaunchError: If one of them is not a role, or would let anonymous visitors push.
        """
        least = {**DEFAULTS, **(ON_SPACE if on_space(environ) else {})}
        for action in DEFAULTS:
            variable = f"SOCRATES_{action.upper()}"
            asked = environ.get(variable, "").strip()
            allowed = NARROWED.get(action, ROLES)
            if asked and asked not in allowed:
                choice = " or ".join(filter(None, (", ".join(allowed[:-1]), allowed[-1])))
                raise LaunchError(f"{variable} is {asked!r}; set it to {choice}")
            if asked:
                least[action] = next(role for role in allowed if role == asked)
        return cls(least, on_space(environ), has_sign_in(environ))

    def refusal(self, visitor: Visitor, action: Action) -> str | None:
        """None if the visitor may do this; otherwise the sentence to show."""
        least = self.least[action]
        if ROLES.index(visitor.role) <= ROLES.index(least):
            return None
        words = WORDS[action]
        if not self.space:
            how = "" if action in NARROWED else f" SOCRATES_{action.upper()}=anyone allows it to everyone."
            return (
                f"Only the owner of this app may {words}: open the address with ?token=… that it printed when it "
                f"started.{how}"
            )
        if least == "owner":
            how = "" if action == "load" else f" The variable SOCRATES_{action.upper()} changes this."
            return f"Only the owner of this Space may {words}.{how}"
        if not self.sign_in:
            return f"Sign-in is required to {words}, and this Space has none: its card lacks hf_oauth: true."
        return f"Sign in with Hugging Face to {words}."


def _owners(environ: Mapping[str, str]) -> set[str]:
    """Account names in lower case: the author of the Space, and those in `SOCRATES_OWNERS`."""
    names = [environ.get("SPACE_AUTHOR_NAME", ""), *environ.get("SOCRATES_OWNERS", "").split(",")]
    return {name.strip().casefold() for name in names if name.strip()}


def _address(request: gr.Request | None, environ: Mapping[str, str]) -> str:
    """The IP address of a request.

    A Space is behind proxies that append to `X-Forwarded-For`; a visitor can forge the entries before that, so the last
    public address counts. Elsewhere the server itself evaluates the header, and only for proxies on the same machine.
    """
    raw = getattr(request, "request", None)
    if raw is None:
        return ""
    if on_space(environ):
        forwarded = raw.headers.get("x-forwarded-for", "").split(",")
        for candidate in reversed([part.strip() for part in forwarded]):
            try:
                if ipaddress.ip_address(candidate).is_global:
                    return candidate
            except ValueError:
                continue
    return raw.client.host if raw.client else "unknown"


def _network(address: str) -> str:
    """The network that rate limits count by; an IPv6 visitor controls a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address or "here"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address
