"""Logging in to BILL: with a sync token, as a user, or through an accountant's console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from syncapp.core.sides import Side
from syncapp.gateways.billcom_faults import error_in
from syncapp.gateways.http import Answer, Call, Http, Purse, encode


class SignIn(StrEnum):
    """How a session is come by."""

    # Reference: https://developer.bill.com/docs/token-based-sign-in (lives 48 idle hours; the others 35 idle minutes)
    SYNC_TOKEN = "sync-token"
    USER = "user"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class BillcomCredentials:
    """Who logs in where. The password is the token's value for a sync token, the API token for a console."""

    developer_key: str = field(repr=False)
    organization_id: str
    username: str
    password: str = field(repr=False)
    sign_in: str = SignIn.SYNC_TOKEN

    @property
    def body(self) -> dict[str, str]:
        # Reference: https://developer.bill.com/reference/login.md
        secret = "consoleApiToken" if self.sign_in == SignIn.CONSOLE else "password"
        return {
            "username": self.username,
            secret: self.password,
            "organizationId": self.organization_id,
            "devKey": self.developer_key,
        }


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was opened. `trusted`: with a second factor, which paying through BILL asks for."""

    session_id: str = field(repr=False)
    organization_id: str
    user_id: str
    trusted: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


def login(
    http: Http, base_url: str, credentials: BillcomCredentials, *, now: Callable[[], datetime] = _utc_now
) -> Session:
    """Open a session; 200 an hour are allowed for one developer key, so keep it. Raises Unauthorized and the rest."""
    answer = http.send(_login_call(base_url, credentials))
    error = error_in(answer, now())
    if error is not None:
        raise error
    return _session_in(answer)


def _login_call(base_url: str, credentials: BillcomCredentials) -> Call:
    return Call(
        side=Side.BILLCOM,
        purse=Purse.LOGIN,
        method="POST",
        url=f"{base_url.rstrip('/')}/v3/login",
        headers={"Accept": "application/json", "Content-Type": "application/json"},
        body=encode(credentials.body),
        secrets=(credentials.password, credentials.developer_key),
        confidential=True,
    )


def _session_in(answer: Answer) -> Session:
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.bad("the answer to a log-in has no session")
    return Session(
        session_id=_text(answer, body, "sessionId"),
        organization_id=_text(answer, body, "organizationId"),
        user_id=_text(answer, body, "userId"),
        trusted=body.get("trusted") is True,
    )


def _text(answer: Answer, body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise answer.bad("the answer to a log-in has no session")
    return value
