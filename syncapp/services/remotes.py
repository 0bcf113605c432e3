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
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, SignIn
from syncapp.gateways.errors import Reason, Rejected, Unauthorized
from syncapp.gateways.http import Http
from syncapp.gateways.oauth import OAuthEndpoints, OAuthSettings
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Company, Connection, ConnectionState
from syncapp.services.context import Remotes
from syncapp.services.errors import ServiceError

# Reference: BILL docs, sessions: a sync token's lives 48 h idle, any other 35 min. Kept shorter, to be sure.
SESSION_LIFE = {"sync-token": timedelta(hours=40)}
OTHER_SESSION_LIFE = timedelta(minutes=30)
# A token is renewed this long before it runs out.
EARLY = timedelta(minutes=5)
# How long a token is used before the database is asked again whether it is still the one.
RECHECK = timedelta(minutes=1)

Fetch = Callable[[int, Http, datetime, str], str]


@lru_cache(maxsize=1)
def _discovered() -> OAuthEndpoints:
    return oauth.discover(Http(), settings.QBO_DISCOVERY_URL)


def app() -> OAuthSettings:
    """Our app at Intuit, and where people sign in: the addresses of the settings, or its discovery document's."""
    if settings.QBO_TOKEN_URL:
        endpoints = OAuthEndpoints(
            settings.QBO_AUTHORIZE_URL, settings.QBO_TOKEN_URL, settings.QBO_REVOKE_URL, settings.QBO_USERINFO_URL
        )
    else:
        endpoints = _discovered()
    return OAuthSettings(settings.QBO_CLIENT_ID, settings.QBO_CLIENT_SECRET, endpoints)


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


class _Token:
    """Gives the gateway its token or session; a new one only where nobody else has renewed it already."""

    def __init__(self, connection_id: int, http: Http, clock: Callable[[], datetime], fetch: Fetch) -> None:
        self.connection_id, self.http, self.clock, self.fetch = connection_id, http, clock, fetch
        self.given = ""
        self.good_until = clock()
        self.lock = threading.Lock()

    def __call__(self, renew: bool) -> str:
        with self.lock:
            if renew or self.clock() >= self.good_until:
                self.given = self.fetch(self.connection_id, self.http, self.clock(), self.given if renew else "")
                self.good_until = self.clock() + RECHECK
            return self.given


def open_qbo(company: Company, http: Http, clock: Callable[[], datetime]) -> QboGateway:
    connection = connected(company, Side.QBO)
    return QboGateway(
        http,
        settings.QBO_BASE_URL,
        connection.remote_id,
        _Token(connection.pk, http, clock, access_token),
        minor_version=settings.QBO_MINOR_VERSION,
        now=clock,
    )


def access_token(connection_id: int, http: Http, now: datetime, refused: str) -> str:
    """A live access token; ``refused`` is one that Intuit no longer takes, or "".

    Renewing is done under a row lock, and the new refresh token is saved before any use. Raises Unauthorized,
    after marking the connection "needs reconnect", when Intuit no longer accepts ours.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        held = connection.credentials or {}
        fresh = connection.access_expires_at is not None and connection.access_expires_at - EARLY > now
        if fresh and held.get("access") and held["access"] != refused:
            return str(held["access"])
        try:
            tokens = oauth.refresh(http, app(), str(held.get("refresh", "")), now=now)
        except (Rejected, Unauthorized) as error:
            reason = error.words
        else:
            connection.credentials = {"access": tokens.access, "refresh": tokens.refresh}
            connection.access_expires_at = tokens.expires_at
            connection.refresh_expires_at = tokens.refresh_expires_at
            connection.save()
            return tokens.access
    Connection.objects.lost(connection_id, reason)
    words = "Intuit no longer accepts our sign-in; connect to QuickBooks again."
    raise Unauthorized(Side.QBO, words, reason=Reason.TOKEN)


def open_billcom(company: Company, http: Http, clock: Callable[[], datetime]) -> BillcomGateway:
    connection = connected(company, Side.BILLCOM)
    return BillcomGateway(
        http,
        settings.BILLCOM_BASE_URL,
        developer_key(connection),
        _Token(connection.pk, http, clock, session),
        gate=_gate(connection.remote_id),
        now=clock,
    )


def developer_key(connection: Connection) -> str:
    return str((connection.credentials or {}).get("developer_key") or settings.BILLCOM_DEVELOPER_KEY)


def credentials_of(connection: Connection) -> BillcomCredentials:
    held = connection.credentials or {}
    return BillcomCredentials(
        sign_in=SignIn(held["sign_in"]),
        username=held["username"],
        password=held["password"],
        organization_id=connection.remote_id,
        developer_key=developer_key(connection),
    )


def session(connection_id: int, http: Http, now: datetime, refused: str) -> str:
    """A live session id, shared by every worker so that log-ins stay rare; ``refused`` is one that has ended, or ""."""
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        held = connection.credentials or {}
        life = SESSION_LIFE.get(str(held.get("sign_in")), OTHER_SESSION_LIFE)
        if held.get("session") and held["session"] != refused and connection.access_is_fresh(now):
            # Every use makes the session live on, so its end moves too; saved only now and then.
            if connection.access_expires_at is not None and connection.access_expires_at < now + life / 2:
                Connection.objects.filter(pk=connection_id).update(access_expires_at=now + life)
            return str(held["session"])
        try:
            fresh = billcom_gateway.login(http, settings.BILLCOM_BASE_URL, credentials_of(connection))
        except (Rejected, Unauthorized) as error:
            reason = error.words
        else:
            connection.credentials = {**held, "session": fresh.session_id}
            connection.access_expires_at = now + life
            connection.save()
            return fresh.session_id
    Connection.objects.lost(connection_id, reason)
    words = "BILL no longer accepts our sign-in; connect BILL again."
    raise Unauthorized(Side.BILLCOM, words, reason=Reason.CREDENTIALS)
