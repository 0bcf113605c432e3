"""Intuit's OAuth 2: codes, access tokens of an hour, refresh tokens that change about every day.

Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from syncapp.sandbox.http import Request, Response, json_response
from syncapp.sandbox.qbo.store import User
from syncapp.sandbox.qbo.switches import QboSwitches

CLIENT_ID = "ABsandboxTieoutClientId0000000000000000000000000000"
CLIENT_SECRET = "sandboxTieoutClientSecret0000000000000000"
ACCOUNTING = "com.intuit.quickbooks.accounting"
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400
HARD_SECONDS = 5 * 365 * 86_400
CODE_SECONDS = 600


class Refused(Exception):
    """An OAuth error, by its name on the wire."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        return json_response(self.status, {"error": self.error, "error_description": self.description})


@dataclass
class Grant:
    """One consent: a person let the app into one company."""

    id: str
    realm: str
    email: str
    scope: str
    made: float
    refresh_token: str = ""
    #: When the refresh token got its value, and when it was last used.
    rotated: float = 0.0
    used: float = 0.0
    revoked: bool = False


@dataclass
class Code:
    realm: str
    email: str
    scope: str
    redirect_uri: str
    expires: float
    grant: str = ""


@dataclass
class OAuth:
    grants: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    #: access token -> (grant, expires)
    access: dict[str, tuple[str, float]] = field(default_factory=dict)
    #: refresh token, old values too -> grant
    refresh: dict[str, str] = field(default_factory=dict)

    # --- made by the consent page and by the loader ------------------------------------------------------------------

    def code(self, realm: str, user: User, scope: str, redirect_uri: str, now: float) -> str:
        code = f"AB{secrets.token_hex(24)}"
        self.codes[code] = Code(realm, user.email, scope, redirect_uri, now + CODE_SECONDS)
        return code

    def connect(self, realm: str, email: str, scope: str, now: float) -> tuple[Grant, str]:
        """A new consent with its first tokens."""
        grant = Grant(secrets.token_hex(8), realm, email, scope, now)
        self.grants[grant.id] = grant
        self._rotate(grant, now)
        return grant, self._access(grant, now)

    def _rotate(self, grant: Grant, now: float) -> None:
        grant.refresh_token = f"RT1-{secrets.token_hex(20)}"
        grant.rotated = grant.used = now
        self.refresh[grant.refresh_token] = grant.id

    def _access(self, grant: Grant, now: float) -> str:
        token = f"eyJsandbox.{secrets.token_urlsafe(48)}"
        self.access[token] = (grant.id, now + ACCESS_SECONDS)
        return token

    # --- used by the API ---------------------------------------------------------------------------------------------

    def holder(self, token: str) -> tuple[Grant, float] | None:
        """The consent behind an access token, and when the token ends."""
        found = self.access.get(token)
        return (self.grants[found[0]], found[1]) if found else None

    def expire_access(self, realm: str) -> None:
        for token, (grant, _) in list(self.access.items()):
            if self.grants[grant].realm == realm:
                self.access[token] = (grant, 0.0)

    def revoke_realm(self, realm: str) -> None:
        for grant in self.grants.values():
            if grant.realm == realm:
                grant.revoked = True

    # --- the token endpoint ------------------------------------------------------------------------------------------

    def token(self, request: Request, now: float, switches: QboSwitches) -> Response:
        try:
            form = request.form()
            check_client(request, form)
            grant, access = self._granted(form, now, switches)
        except Refused as refused:
            return refused.response()
        answer: dict[str, Any] = {
            "access_token": access,
            "refresh_token": grant.refresh_token,
            "token_type": "bearer",
            "expires_in": ACCESS_SECONDS,
            "x_refresh_token_expires_in": int(grant.used + REFRESH_SECONDS - now),
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = int(grant.made + HARD_SECONDS - now)
        return json_response(200, answer)

    def _granted(self, form: dict[str, str], now: float, switches: QboSwitches) -> tuple[Grant, str]:
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._by_code(form, now)
        if kind == "refresh_token":
            return self._by_refresh(form.get("refresh_token", ""), now, switches)
        raise Refused("unsupported_grant_type", f"grant_type {kind} is not supported")

    def _by_code(self, form: dict[str, str], now: float) -> tuple[Grant, str]:
        code = self.codes.get(form.get("code", ""))
        if code is None or code.expires <= now or code.redirect_uri != form.get("redirect_uri"):
            raise Refused("invalid_grant", "The code is unknown, over, or was given for another redirect_uri")
        if code.grant:
            self.grants[code.grant].revoked = True
            raise Refused("invalid_grant", "The code has been used")
        grant, access = self.connect(code.realm, code.email, code.scope, now)
        code.grant = grant.id
        return grant, access

    def _by_refresh(self, token: str, now: float, switches: QboSwitches) -> tuple[Grant, str]:
        grant = self.grants.get(self.refresh.get(token, ""))
        if grant is None or grant.revoked or now >= min(grant.used + REFRESH_SECONDS, grant.made + HARD_SECONDS):
            raise Refused("invalid_grant", "Incorrect or invalid refresh token")
        if token != grant.refresh_token:
            grant.revoked = switches.qbo_double_refresh_revokes
            raise Refused("invalid_grant", "Incorrect or invalid refresh token")
        grant.used = now
        if now - grant.rotated >= switches.qbo_refresh_rotation_hours * 3600:
            self._rotate(grant, now)
        return grant, self._access(grant, now)

    def revoke(self, request: Request) -> Response:
        try:
            form = _either(request)
            check_client(request, form)
        except Refused as refused:
            return refused.response()
        token = form.get("token", "")
        grant = self.refresh.get(token) or (self.access.get(token) or ("",))[0]
        if not grant:
            return Refused("invalid_request", "The token is unknown").response()
        self.grants[grant].revoked = True
        return Response(200)

    # --- kept over a restart -----------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        return {
            "grants": [asdict(grant) for grant in self.grants.values()],
            "codes": {code: asdict(value) for code, value in self.codes.items()},
            "access": {token: list(value) for token, value in self.access.items()},
            "refresh": self.refresh,
        }

    @classmethod
    def restored(cls, kept: dict[str, Any]) -> OAuth:
        return cls(
            {each["id"]: Grant(**_floats(each)) for each in kept["grants"]},
            {code: Code(**_floats(each)) for code, each in kept["codes"].items()},
            {token: (grant, float(expires)) for token, (grant, expires) in kept["access"].items()},
            dict(kept["refresh"]),
        )


def _floats(fields: dict[str, Any]) -> dict[str, Any]:
    times = ("made", "rotated", "used", "expires")
    return {name: float(value) if name in times else value for name, value in fields.items()}


def check_client(request: Request, form: dict[str, str]) -> None:
    """The app says who it is in the Authorization header, or in the body."""
    header = request.headers.get("authorization", "")
    client = (form.get("client_id", ""), form.get("client_secret", ""))
    if header.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, secret = "", ""
        client = (name, secret)
    if client != (CLIENT_ID, CLIENT_SECRET):
        raise Refused("invalid_client", "The client is unknown or its secret is wrong", 401)


def _either(request: Request) -> dict[str, str]:
    if "json" not in request.headers.get("content-type", ""):
        return request.form()
    try:
        body = request.json()
    except ValueError:
        raise Refused("invalid_request", "The body is not JSON") from None
    return {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}
