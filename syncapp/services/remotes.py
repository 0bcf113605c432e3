"""The way to both products for one company: sealed credentials, live tokens, shared sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from syncapp.core.sides import Side
from syncapp.gateways import billcom as billcom_gateway
from syncapp.gateways import oauth
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway
from syncapp.gateways.errors import GatewayError, Reason, Rejected, Unauthorized
from syncapp.gateways.http import Http
from syncapp.gateways.pacing import Pacer
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Company, Connection, ConnectionState
from syncapp.services.context import Remotes
from syncapp.services.errors import ServiceError

# Reference: BILL docs, sessions: a sync token's lives 48 h idle, any other 35 min. Kept shorter, to be sure.
SESSION_LIFE = {"sync-token": timedelta(hours=40)}
OTHER_SESSION_LIFE = timedelta(minutes=30)
# A token is renewed this long before it runs out.
EARLY = timedelta(minutes=5)


@lru_cache(maxsize=1)
def endpoints() -> oauth.OAuthEndpoints:
    """Where Intuit signs people in: the addresses of the settings, or its discovery document."""
    if settings.QBO_TOKEN_URL:
        return oauth.OAuthEndpoints(
            authorize=settings.QBO_AUTHORIZE_URL,
            token=settings.QBO_TOKEN_URL,
            revoke=settings.QBO_REVOKE_URL,
            userinfo=settings.QBO_USERINFO_URL,
        )
    return oauth.discover(Http(), settings.QBO_DISCOVERY_URL)


@lru_cache(maxsize=1000)
def _pacer(realm_id: str) -> Pacer:
    return Pacer()


@lru_cache(maxsize=1000)
def _gate(organization_id: str) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(3)


def connected(company: Company, side: Side) -> Connection:
    """The live connection, or a refusal that says what to do."""
    found = Connection.objects.filter(company=company, side=side).first()
    if found is None or found.state == ConnectionState.DISCONNECTED:
        raise ServiceError(f"{company} is not connected to {side.label}. Connect it on the Get Started page.")
    if found.state == ConnectionState.NEEDS_RECONNECT:
        raise ServiceError(f"The connection to {side.label} was lost ({found.reason}). Connect it again.")
    return found


def open_both(company: Company, clock: Callable[[], datetime], http: Http | None = None) -> Remotes:
    http = http or Http()
    return Remotes(http, open_qbo(company, http, clock), open_billcom(company, http, clock))


def open_qbo(company: Company, http: Http, clock: Callable[[], datetime]) -> QboGateway:
    connection = connected(company, Side.QBO)
    return QboGateway(
        http,
        settings.QBO_BASE_URL,
        connection.remote_id,
        lambda renew: access_token(connection.pk, http, clock(), renew=renew),
        minor_version=settings.QBO_MINOR_VERSION,
        pacer=_pacer(connection.remote_id),
    )


def access_token(connection_id: int, http: Http, now: datetime, *, renew: bool) -> str:
    """A live access token. Renewing is done under a row lock, and the new refresh token is saved before any use.

    Raises Unauthorized, after marking the connection "needs reconnect", when Intuit no longer accepts ours.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        held = connection.credentials or {}
        if not renew and connection.access_expires_at and connection.access_expires_at - EARLY > now:
            return str(held["access"])
        try:
            tokens = oauth.refresh(
                http,
                endpoints(),
                client_id=settings.QBO_CLIENT_ID,
                client_secret=settings.QBO_CLIENT_SECRET,
                refresh_token=str(held.get("refresh", "")),
                now=now,
            )
        except (Rejected, Unauthorized) as error:
            words = "Intuit no longer accepts our sign-in; connect to QuickBooks again."
            failure: GatewayError | None = Unauthorized(Side.QBO, words, reason=Reason.TOKEN)
            reason = error.words
        else:
            failure, reason = None, ""
            connection.credentials = {"access": tokens.access, "refresh": tokens.refresh}
            connection.access_expires_at = tokens.expires_at
            connection.refresh_expires_at = tokens.refresh_expires_at
            connection.save()
    if failure is not None:
        Connection.objects.lost(connection_id, reason or str(failure))
        raise failure
    return tokens.access


def open_billcom(company: Company, http: Http, clock: Callable[[], datetime]) -> BillcomGateway:
    connection = connected(company, Side.BILLCOM)
    return BillcomGateway(
        http,
        settings.BILLCOM_BASE_URL,
        developer_key(connection),
        lambda renew: session(connection.pk, http, clock(), renew=renew),
        gate=_gate(connection.remote_id),
    )


def developer_key(connection: Connection) -> str:
    return str((connection.credentials or {}).get("developer_key") or settings.BILLCOM_DEVELOPER_KEY)


def credentials_of(connection: Connection) -> BillcomCredentials:
    held = connection.credentials or {}
    return BillcomCredentials(
        sign_in=held["sign_in"],
        username=held["username"],
        password=held["password"],
        organization_id=connection.remote_id,
        developer_key=developer_key(connection),
    )


def session(connection_id: int, http: Http, now: datetime, *, renew: bool) -> str:
    """A live session id, shared by every worker so that log-ins stay rare."""
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        held = connection.credentials or {}
        if not renew and held.get("session") and connection.access_is_fresh(now):
            return str(held["session"])
        try:
            fresh = billcom_gateway.login(http, settings.BILLCOM_BASE_URL, credentials_of(connection))
        except (Rejected, Unauthorized) as error:
            failure, reason = error, error.words
        else:
            failure = None
            connection.credentials = {**held, "session": fresh.session_id}
            connection.access_expires_at = now + SESSION_LIFE.get(held["sign_in"], OTHER_SESSION_LIFE)
            connection.save()
    if failure is not None:
        Connection.objects.lost(connection_id, reason)
        words = "BILL no longer accepts our sign-in; connect BILL again."
        raise Unauthorized(Side.BILLCOM, words, reason=Reason.CREDENTIALS) from None
    return fresh.session_id
