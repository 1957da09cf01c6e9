"""The owner's token: who opens the page with it is the owner.

The start prints an address with the token, `…/?token=…`, as Jupyter does. The first visit moves it from the address
into a cookie that scripts cannot read and other sites cannot send. No network address and no header of a proxy makes an
owner: behind a proxy on the same machine, every visitor seems to come from there.
"""

import hmac
import re
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from socrates_core.errors import LaunchError

VARIABLE: Final = "SOCRATES_TOKEN"
"""Sets the token, which is then not printed; the one way to be the owner of a Space without sign-in."""

PARAMETER: Final = "token"
"""Its name in the address."""

OWNER: Final = "socrates.owner"
"""Key of an ASGI scope that is true where the request proves that it is the owner's; nobody can set it from outside."""

_ALLOWED: Final = re.compile(r"[A-Za-z0-9._~-]{16,200}")
"""What needs no quoting in an address or a cookie, and cannot be guessed."""


@dataclass(frozen=True)
class OwnerToken:
    """What a request must carry to be the owner's."""

    secret: str = field(repr=False)
    """Empty if no request can be the owner's by a token."""
    everyone: bool = False
    """Whether every visitor is the owner (`--no-token`)."""
    printed: bool = False
    """Whether the start prints it: only what the app made up itself."""

    def owns(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether a request carries the token in its cookie, or, sent by a program, as `Authorization: Bearer …`."""
        if self.everyone:
            return True
        given = cookie_parser(headers.get("cookie", "")).get(_cookie_name(scope), "")
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        return self._is(given) or (scheme.lower() == "bearer" and self._is(bearer.strip()))

    def arrival(self, scope: MutableMapping[str, Any]) -> Response | None:
        """The answer to an address with a token: the same page without it, and a cookie; None without a token."""
        query = scope["query_string"].decode("latin-1")
        if not self.secret or scope["path"] != "/" or scope["method"] != "GET" or f"{PARAMETER}=" not in query:
            return None
        pairs = parse_qsl(query, keep_blank_values=True)
        given = next((value for name, value in pairs if name == PARAMETER), None)
        if given is None:
            return None
        if not self._is(given):
            return PlainTextResponse(
                "The token in this address is not that of this app: every start makes a new one. Open the address that "
                "the app printed when it started last, or this one without ?token=… to visit.\n",
                403,
            )
        rest = urlencode([(name, value) for name, value in pairs if name != PARAMETER])
        answer = RedirectResponse(f"./?{rest}" if rest else "./", 303, {"cache-control": "no-store"})
        secure = scope.get("scheme") == "https"
        answer.set_cookie(_cookie_name(scope), self.secret, httponly=True, samesite="strict", secure=secure)
        return answer

    def _is(self, given: str) -> bool:
        return bool(self.secret) and hmac.compare_digest(given.encode(), self.secret.encode())


NOBODY: Final = OwnerToken("")
"""No request is the owner's by a token."""


def owner_token(environ: Mapping[str, str], space: bool, sign_in: bool, no_token: bool = False) -> OwnerToken:
    """The token of this start.

    Args:
        environ: The environment; `SOCRATES_TOKEN` sets the token.
        space: Whether the app runs as a Space, which is public and whose log others may read: no token is made up.
        sign_in: Whether visitors can sign in: then accounts decide who is the owner, and nothing else.
        no_token: Everyone who reaches the app is its owner.

    Raises:
        LaunchError: If the variable is no token, or a Space asks for `--no-token`.
    """
    if no_token:
        if space:
            raise LaunchError("--no-token makes every visitor the owner; on a Space, which is public, it is refused")
        return OwnerToken("", everyone=True)
    own = environ.get(VARIABLE, "").strip()
    if own and not _ALLOWED.fullmatch(own):
        raise LaunchError(f"{VARIABLE}: set it to 16 to 200 letters, digits or any of - . _ ~; choose them at random")
    if sign_in:
        return NOBODY
    if own:
        return OwnerToken(own)
    return NOBODY if space else OwnerToken(secrets.token_urlsafe(32), printed=True)


def _cookie_name(scope: Mapping[str, Any]) -> str:
    """A name for each port: a browser sends the cookies of a host to all of its ports."""
    server = scope.get("server")
    return f"socrates-owner-{server[1] if server else 0}"
