"""OAuth 2 with Intuit: from a person's consent to tokens, and their renewal."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError, Reason
from syncapp.gateways.faults import Fault, by_status, no_words, unauthorized
from syncapp.gateways.http import Answer, Call, Http, Purse, decode, encode

ACCOUNTING = "com.intuit.quickbooks.accounting"
# Reference: RFC 6749, 5.2; invalid_client is our own secret, the others are the person's consent.
_CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
_CONSENT_ERRORS = frozenset({"invalid_grant", "invalid_token", "access_denied"})


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """Where each step happens."""

    authorize_url: str
    token_url: str
    revoke_url: str
    userinfo_url: str


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Our app, as it is registered with Intuit."""

    client_id: str
    client_secret: str = field(repr=False)
    endpoints: OAuthEndpoints
    scope: str = ACCOUNTING

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()

    @property
    def headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "Authorization": f"Basic {self.basic}"}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.client_secret, self.basic)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a consent or a renewal gave. The refresh token changes about daily and the old one dies: save, then use."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime


def discover(http: Http, url: str) -> OAuthEndpoints:
    """Read the endpoints from Intuit's discovery document."""
    # Reference: https://developer.intuit.com/.well-known/openid_configuration/
    call = Call(Side.QBO, Purse.OAUTH, "GET", url, headers={"Accept": "application/json"})
    answer = _good(http.send(call))
    body = _object(answer)
    return OAuthEndpoints(
        authorize_url=_text(answer, body, "authorization_endpoint"),
        token_url=_text(answer, body, "token_endpoint"),
        revoke_url=_text(answer, body, "revocation_endpoint"),
        userinfo_url=_text(answer, body, "userinfo_endpoint"),
    )


def authorize_url(settings: OAuthSettings, state: str, redirect_uri: str) -> str:
    """Where to send the person who is to consent."""
    query = {
        "client_id": settings.client_id,
        "response_type": "code",
        "scope": settings.scope,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    joint = "&" if "?" in settings.endpoints.authorize_url else "?"
    return f"{settings.endpoints.authorize_url}{joint}{urlencode(query)}"


def exchange_code(http: Http, settings: OAuthSettings, code: str, redirect_uri: str, *, now: datetime) -> Tokens:
    """The tokens for a consent's code, which can be used once. Raises Unauthorized when it is too old or used."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _granted(http, settings, form, code, now)


def refresh(http: Http, settings: OAuthSettings, refresh_token: str, *, now: datetime) -> Tokens:
    """New tokens. Never two at a time for one company: Intuit may withdraw both. Raises Unauthorized when it's over."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _granted(http, settings, form, refresh_token, now)


def revoke(http: Http, settings: OAuthSettings, token: str) -> None:
    """Withdraw a consent. One that is withdrawn already is no error."""
    call = Call(
        side=Side.QBO,
        purse=Purse.OAUTH,
        method="POST",
        url=settings.endpoints.revoke_url,
        headers={**settings.headers, "Content-Type": "application/json"},
        body=encode({"token": token}),
        secrets=(*settings.secrets, token),
        confidential=True,
    )
    answer = http.send(call)
    if not answer.ok and _said(answer, "error") not in _CONSENT_ERRORS:
        raise _error(answer)


def userinfo(http: Http, settings: OAuthSettings, access_token: str) -> dict[str, Any]:
    """Who consented: sub, and email and the rest where the scope allows them."""
    call = Call(
        side=Side.QBO,
        purse=Purse.OAUTH,
        method="GET",
        url=settings.endpoints.userinfo_url,
        headers={"Accept": "application/json", "Authorization": f"Bearer {access_token}"},
        secrets=(access_token,),
    )
    answer = _good(http.send(call))
    body = _object(answer)
    _text(answer, body, "sub")
    return body


def _granted(http: Http, settings: OAuthSettings, form: Mapping[str, str], secret: str, now: datetime) -> Tokens:
    call = Call(
        side=Side.QBO,
        purse=Purse.OAUTH,
        method="POST",
        url=settings.endpoints.token_url,
        # Carried out unseen, it has used up the code or changed the refresh token.
        write=True,
        headers={
            **settings.headers,
            "Content-Type": "application/x-www-form-urlencoded",
            # Reference: https://github.com/intuit/oauth-pythonclient/releases (1.2.7)
            "x-include-refresh-token-hard-expires-in": "true",
        },
        body=urlencode(form).encode(),
        secrets=(*settings.secrets, secret),
        confidential=True,
    )
    return _tokens(_good(http.send(call)), now)


def _tokens(answer: Answer, now: datetime) -> Tokens:
    body = _object(answer)
    lives = _seconds(answer, body, "x_refresh_token_expires_in")
    if "x_refresh_token_hard_expires_in" in body:
        # However often it is renewed, it ends five years after the consent.
        lives = min(lives, _seconds(answer, body, "x_refresh_token_hard_expires_in"))
    return Tokens(
        access=_text(answer, body, "access_token"),
        refresh=_text(answer, body, "refresh_token"),
        expires_at=now + timedelta(seconds=_seconds(answer, body, "expires_in")),
        refresh_expires_at=now + timedelta(seconds=lives),
    )


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.bad("the answer is not an object")
    return body


def _text(answer: Answer, body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise answer.bad(f"the answer has no {name}")
    return value


def _seconds(answer: Answer, body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**9:
        raise answer.bad(f"the answer has no {name}")
    return value


def _good(answer: Answer) -> Answer:
    if answer.ok:
        return answer
    raise _error(answer)


def _said(answer: Answer, name: str) -> str:
    try:
        body = decode(answer.body)
    except ValueError:
        return ""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def _error(answer: Answer) -> GatewayError:
    code = _said(answer, "error")
    fault = Fault(code=code, message=_said(answer, "error_description") or code or no_words(answer).message)
    if answer.status < 500 and code in _CLIENT_ERRORS:
        return unauthorized(Reason.CREDENTIALS)(fault, answer)
    if answer.status < 500 and code in _CONSENT_ERRORS:
        return unauthorized(Reason.TOKEN)(fault, answer)
    return by_status(fault, answer)
