"""An OpenID provider on a port of this machine, for signing in: discovery, authorisation, tokens, keys, userinfo.

Accounts stand on a page with one button each; whoever presses one is signed in. Codes are good once, for the redirect
address and the client they were made for.
"""

import html
import json
import secrets
import time
from base64 import b64decode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.servers.local_server import LocalServer

CLIENT, SECRET = "socrates-client", "socrates-secret"
SCOPES = "openid profile write-repos manage-repos"


@dataclass
class OpenIdServer(LocalServer):
    """Signs people in as one of `accounts`: name → the access token they get."""

    accounts: dict[str, str]
    expires_in: int = 3600
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                outer._answer(self, {key: values[0] for key, values in parse_qs(body).items()})

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(Handler)

    @property
    def environ(self) -> dict[str, str]:
        """What a Space with `hf_oauth: true` has in its environment."""
        return {
            "OAUTH_CLIENT_ID": CLIENT,
            "OAUTH_CLIENT_SECRET": SECRET,
            "OAUTH_SCOPES": SCOPES,
            "OPENID_PROVIDER_URL": self.url,
        }

    def _answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = urlsplit(handler.path).path
        query = {key: values[0] for key, values in parse_qs(urlsplit(handler.path).query).items()}
        self.asked.append(f"{handler.command} {path}")
        match handler.command, path:
            case "GET", "/.well-known/openid-configuration":
                _json(handler, self._discovery())
            case "GET", "/oauth/jwks":
                _json(handler, {"keys": [self._key.as_dict(private=False)]})
            case "GET", "/oauth/authorize":
                self._choose(handler, query)
            case "POST", "/oauth/authorize":
                self._authorise(handler, query, form)
            case "POST", "/oauth/token":
                self._token(handler, form)
            case "GET", "/oauth/userinfo":
                bearer = handler.headers.get("authorization", "").removeprefix("Bearer ")
                names = [name for name, token in self.accounts.items() if token == bearer]
                _json(handler, self._claims(names[0]) if names else {"error": "invalid_token"}, 200 if names else 401)
            case "GET", "/favicon.ico":
                _send(handler, b"", "image/x-icon")
            case _:
                _json(handler, {"error": "not_found"}, 404)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/oauth/authorize",
            "token_endpoint": f"{self.url}/oauth/token",
            "userinfo_endpoint": f"{self.url}/oauth/userinfo",
            "jwks_uri": f"{self.url}/oauth/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": SCOPES.split(),
        }

    def _choose(self, handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        wrong = self._wrong_request(query)
        if wrong:
            _json(handler, {"error": wrong}, 400)
            return
        buttons = "".join(
            f"<button name='account' value='{html.escape(name, quote=True)}'>{html.escape(name)}</button>"
            for name in self.accounts
        )
        page = (
            f"<!doctype html><title>Sign in</title><form method='post' action='?{html.escape(urlencode(query))}'>"
            f"{buttons}<button name='account' value=''>Deny</button></form>"
        )
        _send(handler, page.encode(), "text/html; charset=utf-8")

    def _authorise(self, handler: BaseHTTPRequestHandler, query: dict[str, str], form: dict[str, str]) -> None:
        wrong, name = self._wrong_request(query), form.get("account", "")
        if wrong:
            _json(handler, {"error": wrong}, 400)
            return
        back = {"state": query["state"]}
        if name in self.accounts:
            code = secrets.token_urlsafe(24)
            self._codes[code] = {"account": name, "nonce": query["nonce"], "redirect_uri": query["redirect_uri"]}
            back["code"] = code
        else:
            back |= {"error": "access_denied", "error_description": "the visitor said no"}
        joiner = "&" if "?" in query["redirect_uri"] else "?"
        handler.send_response(303)
        handler.send_header("location", f"{query['redirect_uri']}{joiner}{urlencode(back, quote_via=quote)}")
        handler.end_headers()

    def _wrong_request(self, query: dict[str, str]) -> str | None:
        needed = ("state", "nonce", "redirect_uri")
        if query.get("client_id") != CLIENT or not all(query.get(name) for name in needed):
            return "invalid_request"
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return "unsupported_response_type"
        return None if urlsplit(query["redirect_uri"]).path == "/login/callback" else "invalid_redirect_uri"

    def _token(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        basic = handler.headers.get("authorization", "").removeprefix("Basic ")
        named = b64decode(basic).decode().split(":") if basic else [form.get("client_id"), form.get("client_secret")]
        if [unquote(part or "") for part in named] != [CLIENT, SECRET]:
            _json(handler, {"error": "invalid_client"}, 401)
            return
        made = self._codes.pop(form.get("code", ""), None)
        if made is None or form.get("redirect_uri") != made["redirect_uri"]:
            _json(handler, {"error": "invalid_grant"}, 400)
            return
        name, now = made["account"], int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + self.expires_in, "nonce": made["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, {**self._claims(name), **claims}, self._key)
        _json(
            handler,
            {
                "access_token": self.accounts[name],
                "token_type": "bearer",
                "expires_in": self.expires_in,
                "id_token": signed,
                "scope": SCOPES,
            },
        )

    def _claims(self, name: str) -> dict[str, Any]:
        profile = {"preferred_username": name, "profile": f"{self.url}/{name}", "picture": f"{self.url}/{name}.png"}
        return {"sub": f"id-of-{name}", "name": name.title(), **profile}


def _json(handler: BaseHTTPRequestHandler, content: dict[str, Any], status: int = 200) -> None:
    _send(handler, json.dumps(content).encode(), "application/json", status)


def _send(handler: BaseHTTPRequestHandler, body: bytes, kind: str, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
