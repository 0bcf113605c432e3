from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncapp.gateways import oauth
from syncapp.gateways.errors import BadAnswer, GatewayError, RateLimited, Reason, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from syncapp.gateways.oauth import OAuthEndpoints, OAuthSettings
from tests.gateways.support import Remote, Reply

NOW = datetime(2026, 1, 5, 16, 5, tzinfo=UTC)
GRANTED = {
    "access_token": "access-1",
    "refresh_token": "refresh-1",
    "token_type": "bearer",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
}


@pytest.fixture
def settings(remote: Remote) -> OAuthSettings:
    endpoints = OAuthEndpoints(*(f"{remote.url}/{name}" for name in ("authorize", "token", "revoke", "userinfo")))
    return OAuthSettings("client-1", "client-secret-1", endpoints)


def test_it_discovers(remote: Remote, http: Http) -> None:
    names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint")
    remote.will(Reply({**{name: f"https://x/{name}" for name in names}, "issuer": "https://x"}))
    found = oauth.discover(http, f"{remote.url}/.well-known/openid_configuration")
    assert found.token_url == "https://x/token_endpoint"
    assert http.calls == {"oauth": 1}
    remote.will(Reply({"token_endpoint": "https://x"}))
    with pytest.raises(BadAnswer):
        oauth.discover(http, remote.url)


def test_it_sends_the_person_to_consent(settings: OAuthSettings) -> None:
    parts = urlsplit(oauth.authorize_url(settings, "state+/=", "https://us/callback/?a=b"))
    assert parts.path == "/authorize"
    assert parse_qs(parts.query) == {
        "client_id": ["client-1"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": ["https://us/callback/?a=b"],
        "state": ["state+/="],
    }


def test_it_exchanges_a_code(remote: Remote, http: Http, settings: OAuthSettings) -> None:
    remote.will(Reply(GRANTED))
    tokens = oauth.exchange_code(http, settings, "code-1", "https://us/callback/", now=NOW)
    assert (tokens.access, tokens.refresh) == ("access-1", "refresh-1")
    assert tokens.expires_at == NOW + timedelta(hours=1)
    assert tokens.refresh_expires_at == NOW + timedelta(days=101)
    assert remote.last.form() == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "https://us/callback/",
    }
    basic = base64.b64encode(b"client-1:client-secret-1").decode()
    assert remote.last.headers["authorization"] == f"Basic {basic}"


def test_it_renews(remote: Remote, http: Http, settings: OAuthSettings) -> None:
    remote.will(Reply({**GRANTED, "x_refresh_token_hard_expires_in": 86400}))
    tokens = oauth.refresh(http, settings, "refresh-0", now=NOW)
    assert remote.last.form() == {"grant_type": "refresh_token", "refresh_token": "refresh-0"}
    assert tokens.refresh_expires_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "error", "expected", "reason"),
    [
        (400, "invalid_grant", Unauthorized, Reason.TOKEN),
        (401, "invalid_client", Unauthorized, Reason.CREDENTIALS),
        (401, "", Unauthorized, Reason.TOKEN),
        (429, "", RateLimited, None),
        (503, "", Unavailable, None),
    ],
)
def test_a_renewal_may_be_refused(
    remote: Remote,
    http: Http,
    settings: OAuthSettings,
    status: int,
    error: str,
    expected: type[GatewayError],
    reason: Reason | None,
) -> None:
    remote.will(Reply({"error": error, "error_description": "Incorrect token"}, status=status))
    with pytest.raises(expected) as caught:
        oauth.refresh(http, settings, "refresh-0", now=NOW)
    assert caught.value.message == "Incorrect token"
    assert getattr(caught.value, "reason", None) is reason


@pytest.mark.parametrize("change", [{"access_token": ""}, {"refresh_token": None}, {"expires_in": "3600"}])
def test_an_odd_grant(remote: Remote, http: Http, settings: OAuthSettings, change: dict[str, Any]) -> None:
    remote.will(Reply({**GRANTED, **change}))
    with pytest.raises(BadAnswer) as caught:
        oauth.refresh(http, settings, "refresh-0", now=NOW)
    # The refresh token may have been changed.
    assert caught.value.outcome_unknown
    assert caught.value.raw == ""


def test_it_revokes(remote: Remote, http: Http, settings: OAuthSettings) -> None:
    remote.will(Reply(b""))
    oauth.revoke(http, settings, "refresh-0")
    assert remote.last.json() == {"token": "refresh-0"}
    remote.will(Reply({"error": "invalid_grant"}, status=400))
    oauth.revoke(http, settings, "refresh-0")
    remote.will(Reply(b"", status=500))
    with pytest.raises(Unavailable):
        oauth.revoke(http, settings, "refresh-0")


def test_it_knows_who_consented(remote: Remote, http: Http, settings: OAuthSettings) -> None:
    remote.will(Reply({"sub": "person-1", "email": "a@b.example"}))
    assert oauth.userinfo(http, settings, "access-1")["sub"] == "person-1"
    assert remote.last.headers["authorization"] == "Bearer access-1"
    remote.will(Reply({"email": "a@b.example"}))
    with pytest.raises(BadAnswer):
        oauth.userinfo(http, settings, "access-1")
