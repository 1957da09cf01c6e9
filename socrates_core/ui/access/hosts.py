"""The names by which the app may be reached, and the sites whose pages may act for a visitor.

Another site can make its own name lead to this machine (DNS rebinding), and its pages then count as the app's own for
the browser. So a request must name a host that is allowed: this machine, any numeric address (which nobody can make
lead elsewhere), the host of a Space, and what `--allowed-host` adds.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from socrates_core.errors import LaunchError

VARIABLE: Final = "SOCRATES_ALLOWED_HOSTS"
"""More names, separated by commas, as `--allowed-host` takes them."""

_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::(\d{1,5}))?")


@dataclass(frozen=True)
class AllowedHosts:
    """The names that are allowed beside this machine's own."""

    names: frozenset[str] = frozenset()
    """In lower case, with or without a port."""

    def answer_to(self, host: str) -> bool:
        """Whether a request may name this host (of the header `Host`)."""
        found = _AUTHORITY.fullmatch(host.lower())
        if found is None:
            return False
        name = found[1] or found[2]
        return name == "localhost" or _is_address(name) or not self.names.isdisjoint({name, host.lower()})

    def trust(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may act: of the requested host itself, or of a name that is allowed.

        Args:
            origin: The header `Origin`.
            host: The header `Host`, which a proxy may have replaced by the app's own address.
        """
        authority = origin.lower().partition("//")[2]
        return authority == host.lower() or (authority in self.names and self.answer_to(authority))


def allowed_hosts(asked: Sequence[str], listening: str, environ: Mapping[str, str]) -> AllowedHosts:
    """The hosts that the options and the environment allow.

    Args:
        asked: Names from `--allowed-host`.
        listening: The interface that the app listens on, which may be a name.
        environ: `SPACE_HOST` names the hosts of a Space; `SOCRATES_ALLOWED_HOSTS` adds names.

    Raises:
        LaunchError: If one of them is not the name of a host.
    """
    more = [name for variable in ("SPACE_HOST", VARIABLE) for name in environ.get(variable, "").split(",")]
    names = {name.strip().lower() for name in [*asked, *more] if name.strip()}
    wrong = sorted(name for name in names if not _AUTHORITY.fullmatch(name))
    if wrong:
        raise LaunchError(f"--allowed-host {wrong[0]!r}: expected a name such as socrates.example.org, or NAME:PORT")
    return AllowedHosts(frozenset(names | {listening.lower()}))


def is_foreign(method: str, headers: Mapping[str, str], hosts: AllowedHosts) -> bool:
    """Whether a request is cross-site. Following a link to the app does not count.

    Browsers send `Sec-Fetch-Site` where the connection is trustworthy, and `Origin` with everything that changes a
    state; both are checked, since behind a proxy that replaces `Host` the first cannot tell a name that is not
    allowed. Programs send neither.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin is not None and not hosts.trust(origin, headers.get("host", "")):
        return True
    if site is None:
        return False
    followed = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
    return site not in ("same-origin", "none") and not followed


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
