"""The way to both products for one company: sealed credentials, live tokens, shared sessions."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction

from syncapp.core.budgets import Allowance
from syncapp.core.sides import Side
from syncapp.gateways import billcom as billcom_gateway
from syncapp.gateways import oauth
from syncapp.gateways.billcom import SEND_WITHIN, BillcomCredentials, BillcomGateway, Session, SignIn
from syncapp.gateways.errors import Reason, Rejected, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from syncapp.gateways.oauth import OAuthEndpoints, OAuthSettings
from syncapp.gateways.pacing import Limits, Pacer
from syncapp.gateways.qbo import QboGateway, pacer_of
from syncapp.models import Company, Connection, ConnectionState
from syncapp.services import budgets
from syncapp.services.context import Remotes
from syncapp.services.errors import ServiceError

# Reference: BILL docs, sessions: a sync token's lives 48 h idle, any other 35 min. Kept shorter, to be sure.
SESSION_LIFE: Mapping[str, timedelta] = {SignIn.SYNC_TOKEN: timedelta(hours=40)}
OTHER_SESSION_LIFE = timedelta(minutes=30)
# A token is renewed this long before it runs out.
EARLY = timedelta(minutes=5)
# How long a token is used before the database is asked again whether it is still the one.
RECHECK = timedelta(minutes=1)

# A renewal under way keeps others from a second one; longer than its calls may take, so that it lapses only when
# whoever began it is dead.
CLAIM = timedelta(seconds=90)
POLL_SECONDS = 0.1

Clock = Callable[[], datetime]
Fetch = Callable[[int, Http, Clock, str], str]


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
def _places(organization_id: str) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(billcom_gateway.AT_ONCE)


class Gate:
    """A place among the calls at once of an organization, and each call paid from its developer key's hour."""

    def __init__(self, organization_id: str, key: str, clock: Clock) -> None:
        self.places, self.calls, self.clock = _places(organization_id), budgets.calls_of(key), clock

    def __enter__(self) -> None:
        self.places.acquire()
        try:
            budgets.take(self.calls, self.clock())
        except BaseException:
            self.places.release()
            raise

    def __exit__(self, *error: object) -> None:
        self.places.release()


def pacer(realm: str) -> Pacer:
    """The pace of one QuickBooks company, shared by everything in this process."""
    limits = Limits(settings.QBO_CALLS_A_SECOND, settings.QBO_CALLS_A_MINUTE, settings.QBO_BATCHES_A_MINUTE)
    return pacer_of(settings.QBO_BASE_URL, realm, limits)


def connected(company: Company, side: Side) -> Connection:
    """The live connection, or a refusal that says what to do."""
    found = Connection.objects.filter(company=company, side=side).first()
    if found is None or found.state == ConnectionState.DISCONNECTED:
        raise ServiceError(f"{company} is not connected to {side.label}. Connect it on the Get Started page.")
    if found.state == ConnectionState.NEEDS_RECONNECT:
        raise ServiceError(f"The connection to {side.label} was lost ({found.reason}). Connect it again.")
    return found


def open_both(company: Company, clock: Clock, http: Http | None = None) -> Remotes:
    http = http or Http()
    return Remotes(http, open_qbo(company, http, clock), open_billcom(company, http, clock))


class _Token:
    """Gives the gateway its token or session; a new one only where nobody else has renewed it already."""

    def __init__(self, connection_id: int, http: Http, clock: Clock, fetch: Fetch) -> None:
        self.connection_id, self.http, self.clock, self.fetch = connection_id, http, clock, fetch
        self.given = ""
        self.good_until = clock()
        self.lock = threading.Lock()

    def __call__(self, renew: bool) -> str:
        with self.lock:
            if renew or self.clock() >= self.good_until:
                self.given = self.fetch(self.connection_id, self.http, self.clock, self.given if renew else "")
                self.good_until = self.clock() + RECHECK
            return self.given


def open_qbo(company: Company, http: Http, clock: Clock) -> QboGateway:
    connection = connected(company, Side.QBO)
    return QboGateway(
        http,
        settings.QBO_BASE_URL,
        connection.remote_id,
        _Token(connection.pk, http, clock, access_token),
        minor_version=settings.QBO_MINOR_VERSION,
        pacer=pacer(connection.remote_id),
        pay=lambda: budgets.take_metered(company.pk, clock()),
        now=clock,
    )


def access_token(connection_id: int, http: Http, clock: Clock, refused: str) -> str:
    """A live access token; ``refused`` is one that Intuit no longer takes, or "".

    Raises Unauthorized when Intuit no longer accepts our refresh token; the connection then waits for a person.
    """
    return _live(_INTUIT, connection_id, http, clock, refused)


def _usable_token(connection: Connection, now: datetime, refused: str) -> str:
    held = str((connection.credentials or {}).get("access") or "")
    ends = connection.access_expires_at
    return held if held != refused and ends is not None and ends - EARLY > now else ""


def _new_tokens(connection: Connection, http: Http, now: datetime) -> dict[str, Any]:
    refresh = str((connection.credentials or {}).get("refresh", ""))
    tokens = oauth.refresh(http, app(), refresh, now=now)
    return {
        "credentials": {"access": tokens.access, "refresh": tokens.refresh},
        "access_expires_at": tokens.expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
    }


def open_billcom(company: Company, http: Http, clock: Clock) -> BillcomGateway:
    connection = connected(company, Side.BILLCOM)
    return BillcomGateway(
        http,
        settings.BILLCOM_BASE_URL,
        developer_key(connection),
        _Token(connection.pk, http, clock, session),
        gate=Gate(connection.remote_id, developer_key(connection), clock),
        organization_id=connection.remote_id,
        send_within=send_within(),
        now=clock,
    )


def send_within() -> float:
    """Seconds. A write is begun up to half a lease after it was renewed, and has to be sent before its end."""
    return min(SEND_WITHIN, settings.LEASE_SECONDS * 3 / 8)


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


def session(connection_id: int, http: Http, clock: Clock, refused: str) -> str:
    """A live session id, shared by every worker so that log-ins stay rare; ``refused`` is one that has ended, or "".

    Raises Unauthorized when BILL no longer accepts the sign-in; the connection then waits for a person.
    """
    return _live(_BILL, connection_id, http, clock, refused)


def _life(connection: Connection) -> timedelta:
    return SESSION_LIFE.get(connection.sign_in, OTHER_SESSION_LIFE)


def _usable_session(connection: Connection, now: datetime, refused: str) -> str:
    held = str((connection.credentials or {}).get("session") or "")
    ends, life = connection.access_expires_at, _life(connection)
    if not held or held == refused or ends is None or now >= ends:
        return ""
    # Every use makes the session live on, so its end moves too; saved only now and then.
    if ends < now + life / 2:
        Connection.objects.filter(pk=connection.pk, access_expires_at=ends).update(access_expires_at=now + life)
    return held


def log_in(http: Http, credentials: BillcomCredentials, now: datetime) -> Session:
    """A new session, paid from the developer key's hour. Raises NoRoom and what logging in raises."""
    budgets.take(budgets.log_ins_of(credentials.developer_key), now)
    budgets.take(budgets.calls_of(credentials.developer_key), now)
    return billcom_gateway.login(http, settings.BILLCOM_BASE_URL, credentials)


def allowances(company: Company) -> list[Allowance]:
    """Every budget that a sync of the company draws on."""
    connection = Connection.objects.filter(company=company, side=Side.BILLCOM).first()
    if connection is None:
        return [budgets.METERED]
    key = developer_key(connection)
    return [budgets.METERED, budgets.calls_of(key), budgets.log_ins_of(key)]


def _new_session(connection: Connection, http: Http, now: datetime) -> dict[str, Any]:
    fresh = log_in(http, credentials_of(connection), now)
    return {
        "credentials": {**(connection.credentials or {}), "session": fresh.session_id},
        "access_expires_at": now + _life(connection),
    }


@dataclass(frozen=True)
class _Way:
    """How one product lets us in: what of a connection can be used (or ""), and how to get it anew."""

    side: Side
    usable: Callable[[Connection, datetime, str], str]
    renew: Callable[[Connection, Http, datetime], dict[str, Any]]
    words: str
    reason: Reason


_INTUIT = _Way(
    Side.QBO,
    _usable_token,
    _new_tokens,
    "Intuit no longer accepts our sign-in; connect to QuickBooks again.",
    Reason.TOKEN,
)
_BILL = _Way(
    Side.BILLCOM,
    _usable_session,
    _new_session,
    "BILL no longer accepts our sign-in; connect BILL again.",
    Reason.CREDENTIALS,
)


def _live(way: _Way, connection_id: int, http: Http, clock: Clock, refused: str) -> str:
    """What is held if it can be used, else a new one: of our own renewal, or of the one that is under way."""
    patience = time.monotonic() + 2 * CLAIM.total_seconds()
    while time.monotonic() < patience:
        connection, now = Connection.objects.get(pk=connection_id), clock()
        if connection.state != ConnectionState.CONNECTED:
            raise Unauthorized(way.side, way.words, reason=way.reason)
        if found := way.usable(connection, now, refused):
            return found
        owner = uuid.uuid4()
        if Connection.objects.claim_renewal(connection_id, owner, CLAIM):
            _renew(way, connection_id, owner, http, clock, refused)
        else:
            time.sleep(POLL_SECONDS)
    raise Unavailable(way.side, f"Signing in to {way.side.label} again takes longer than it should.")


def _renew(way: _Way, connection_id: int, owner: uuid.UUID, http: Http, clock: Clock, refused: str) -> None:
    """Renew under our claim, with no transaction open while the product is asked."""
    try:
        # Read only now: whoever held the claim before us may just have saved.
        before = Connection.objects.get(pk=connection_id)
        if before.state != ConnectionState.CONNECTED or way.usable(before, clock(), refused):
            return
        try:
            _save(before, owner, way.renew(before, http, clock()))
        except (Rejected, Unauthorized) as error:
            _lose(before, owner, f"{way.side.label} answered: {error.words}")
    finally:
        Connection.objects.give_back_renewal(connection_id, owner)


def _save(before: Connection, owner: uuid.UUID, fields: dict[str, Any]) -> None:
    """Keep what a renewal brought, unless the connection was made anew, ended or renewed by others meanwhile.

    Even after our claim has lapsed: what it replaces is used up, and nothing else may bring a token any more.
    """
    with transaction.atomic():
        there = Connection.objects.select_for_update().get(pk=before.pk)
        if there.renewed_by(owner) or there.credentials == before.credentials:
            Connection.objects.filter(pk=before.pk).update(**fields, state=ConnectionState.CONNECTED, reason="")


def _lose(before: Connection, owner: uuid.UUID, reason: str) -> None:
    """Refused; but what was refused is no longer what counts if somebody has saved another meanwhile."""
    with transaction.atomic():
        there = Connection.objects.select_for_update().get(pk=before.pk)
        if there.renewed_by(owner) and there.credentials == before.credentials:
            Connection.objects.lost(before.pk, reason)
