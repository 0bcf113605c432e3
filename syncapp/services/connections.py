"""Connect and disconnect the two products."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError, transaction

from syncapp.core.sides import Side
from syncapp.gateways import oauth
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, SignIn
from syncapp.gateways.errors import GatewayError, Rejected, Unauthorized
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds import KINDS
from syncapp.models import (
    AccountingPreferences,
    Company,
    Connection,
    ConnectionState,
    GLMapping,
    GLRole,
    ObjectState,
    Operation,
    OperationState,
    RunScope,
    RunState,
    SetupStep,
    SyncedObject,
    SyncRun,
)
from syncapp.models.companies import LEASE_FREE
from syncapp.services import budgets, remotes, subscriptions
from syncapp.services.errors import ServiceError
from syncapp.services.remotes import OTHER_SESSION_LIFE, SESSION_LIFE, app

# Reference: the set-up article: Administrator or Accountant, or a custom role with manage company and sync.
SYNC_ROLES = ("ADMINISTRATOR", "ACCOUNTANT")
SYNC_PERMISSIONS = ("manage company", "sync")
STATE_SALT = "syncapp.connect-quickbooks"
STATE_SECONDS = 1800
_WHERE = {Side.QBO: "QuickBooks company", Side.BILLCOM: "BILL organization"}
_ENDED = (
    "credentials", "state", "reason", "access_expires_at", "refresh_expires_at", "renewing_until", "renewing_by",
)  # fmt: skip
_WRITTEN = (OperationState.DONE, OperationState.ADOPTED)


# BILL's own words speak of a user name and a password whatever was entered.
ENTERED = {
    SignIn.SYNC_TOKEN: "the sync token's name or its value",
    SignIn.USER: "the user's e-mail or the password",
    SignIn.CONSOLE: "the console user's e-mail or the API token",
}


def connect_billcom(
    company: Company,
    user: User,
    *,
    sign_in: str,
    username: str,
    password: str,
    organization_id: str = "",
    developer_key: str = "",
    now: datetime,
) -> Connection:
    """Sign in to BILL, check the role there, and keep the sealed credentials. Raises ServiceError with what to do."""
    if sign_in not in tuple(SignIn):
        raise ServiceError("Choose how to sign in to BILL.")
    key = developer_key or settings.BILLCOM_DEVELOPER_KEY
    if not key:
        raise ServiceError("Enter the BILL developer key of this organization; the installation has none of its own.")
    credentials = BillcomCredentials(
        sign_in=SignIn(sign_in),
        username=username,
        password=password,
        organization_id=organization_id,
        developer_key=key,
    )
    http = Http()
    try:
        session = remotes.log_in(http, credentials, now)
        gate = remotes.Gate(session.organization_id, key, lambda: now)
        gateway = BillcomGateway(http, settings.BILLCOM_BASE_URL, key, lambda renew: session.session_id, gate)
        person, role = _who(gateway, session.user_id, sign_in)
        name = _name(gateway, session.organization_id)
    except Unauthorized as error:
        wrong = f"{ENTERED[SignIn(sign_in)]}, the organization's id or the developer key"
        raise ServiceError(f"BILL didn't let us in. Check which is wrong: {wrong}. BILL says: {error.words}") from None
    except Rejected as error:
        raise ServiceError(f"BILL didn't let us in: {error.words}") from None
    except budgets.NoRoom as error:
        raise ServiceError(error.words) from None
    except GatewayError as error:
        raise ServiceError(f"BILL can't be reached just now: {error.words}. Try again in a few minutes.") from None
    finally:
        budgets.settle()
    held = {"sign_in": sign_in, "username": username, "password": password, "session": session.session_id}
    if developer_key:
        held["developer_key"] = developer_key
    return _keep(
        company,
        Side.BILLCOM,
        remote_id=session.organization_id,
        remote_name=name,
        sign_in=sign_in,
        connected_as=person,
        role=role,
        connected_by=user,
        connected_at=now,
        access_expires_at=now + SESSION_LIFE.get(sign_in, OTHER_SESSION_LIFE),
        credentials=held,
    )


def _who(gateway: BillcomGateway, user_id: str, sign_in: str) -> tuple[str, str]:
    """(the user's name, the role); refused unless the role may manage the sync."""
    shown = gateway.user(user_id)
    role = shown.get("role") or {}
    kind, described = str(role.get("type") or ""), str(role.get("description") or "")
    allowed = kind in SYNC_ROLES or (
        kind == "CUSTOM" and all(word in _permissions(gateway, role, described) for word in SYNC_PERMISSIONS)
    )
    if not allowed:
        raise ServiceError(
            f"The BILL user has the role {described or kind or 'unknown'}. Use a user with the role Administrator or "
            "Accountant, or a custom role with the permissions manage company and sync."
        )
    name = " ".join(str(shown.get(part) or "") for part in ("firstName", "lastName")).strip()
    return name or str(shown.get("email") or ""), described or kind.capitalize()


def _name(gateway: BillcomGateway, organization_id: str) -> str:
    """The organization's name as this sign-in may see it; "" where it may not, which keeps nobody from syncing."""
    with suppress(Rejected):
        for each in gateway.organizations():
            if each.get("id") == organization_id and each.get("name"):
                return str(each["name"])
    # Reference: spec, BILL's API: an organization's details are shown to administrators only.
    with suppress(Rejected):
        return str(gateway.organization(organization_id).get("name") or "")
    return ""


def _permissions(gateway: BillcomGateway, role: dict[str, Any], described: str) -> str:
    """The words a custom role is described with; BILL's API names its permissions nowhere else."""
    listed = next((each for each in gateway.roles() if each.get("id") == role.get("id")), {})
    return f"{described} {listed.get('description') or ''} {listed.get('permissions') or ''}".lower()


def start_qbo(company: Company, user: User, *, redirect_uri: str, now: datetime) -> str:
    """Where to send the browser. The state is signed, bound to this user and company, and lives half an hour."""
    if not settings.QBO_CLIENT_ID:
        raise ServiceError("This installation has no QuickBooks app yet: set QBO_CLIENT_ID and QBO_CLIENT_SECRET.")
    state = signing.dumps({"user": user.pk, "company": company.pk, "nonce": secrets.token_urlsafe(8)}, salt=STATE_SALT)
    try:
        found = app()
    except budgets.NoRoom as error:
        raise ServiceError(error.words) from None
    except GatewayError as error:
        raise ServiceError(f"Intuit can't be reached just now: {error.words}. Try again in a few minutes.") from None
    return oauth.authorize_url(found, state, redirect_uri)


def company_of_state(user: User, state: str) -> Company:
    try:
        bound = signing.loads(state, salt=STATE_SALT, max_age=STATE_SECONDS)
    except signing.BadSignature:
        raise ServiceError("This answer doesn't belong to a connection you started. Start again.") from None
    if bound["user"] != user.pk:
        raise ServiceError("This connection was started by somebody else. Start again yourself.")
    company = Company.objects.workable_by(user).filter(pk=bound["company"]).first()
    if company is None:
        raise ServiceError("You may no longer connect this company.")
    return company


def qbo_denied(user: User, *, state: str, error: str) -> str:
    """What to tell the person who came back from Intuit without a connection."""
    if error == "access_denied":
        return (
            "QuickBooks was not connected: the request was declined. Only a Primary Administrator or Company "
            "Administrator of the QuickBooks company can connect it; sign in as one of them and select Connect."
        )
    return f"QuickBooks was not connected: Intuit answered “{error[:100]}”. Start again; if it stays, ask support."


def finish_qbo(user: User, *, state: str, code: str, realm_id: str, redirect_uri: str, now: datetime) -> Connection:
    """The browser came back: exchange the code, see which company it is, and keep the sealed tokens."""
    company = company_of_state(user, state)
    if not (realm_id.isascii() and realm_id.isdigit()):
        raise ServiceError("Intuit didn't say which company was chosen. Start again and choose one.")
    _may_become(company, Side.QBO, realm_id)
    http = Http()
    try:
        tokens = oauth.exchange_code(http, app(), code, redirect_uri, now=now)
        gateway = QboGateway(
            http,
            settings.QBO_BASE_URL,
            realm_id,
            lambda renew: tokens.access,
            pacer=remotes.pacer(realm_id),
            pay=lambda: budgets.take_metered(company.pk, now),
        )
        info = gateway.company_info()
    except (Unauthorized, Rejected) as error:
        raise ServiceError(f"QuickBooks was not connected: {error.words}") from None
    except GatewayError as error:
        raise ServiceError(f"Intuit can't be reached just now: {error.words}. Try again in a few minutes.") from None
    finally:
        budgets.settle()
    return _keep(
        company,
        Side.QBO,
        remote_id=realm_id,
        remote_name=str(info.get("CompanyName") or ""),
        sign_in="oauth",
        connected_as="",
        role="",
        scopes=oauth.ACCOUNTING,
        connected_by=user,
        connected_at=now,
        access_expires_at=tokens.expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
        credentials={"access": tokens.access, "refresh": tokens.refresh},
    )


def _may_become(company: Company, side: Side, remote_id: str) -> bool:
    """Whether ``remote_id`` is another company there than before; refused once something is in step or under way."""
    before = company.connections.filter(side=side).first()
    if before is None or before.remote_id == remote_id:
        return False
    if why := _bound(company):
        where = _WHERE[side]
        raise ServiceError(
            f"This is another {where} than the one connected before, and {why}. Connect the same {where} again, "
            "or set up a new company for this one."
        )
    return True


def _bound(company: Company) -> str:
    """Why the company can't change over to another QuickBooks company or BILL organization; "" if it can."""
    if SyncedObject.objects.filter(company=company, billcom_id__isnull=False, qbo_id__isnull=False).exists():
        return "records of that one are in step here already"
    if Operation.objects.unfinished(company).exists():
        return "something is still being written to that one"
    if Operation.objects.filter(company=company, state__in=_WRITTEN).exists():
        return "records have been written to that one already"
    running = SyncRun.objects.filter(company=company, state=RunState.RUNNING).exists()
    if running or not Company.objects.filter(LEASE_FREE, pk=company.pk).exists():
        return "a sync with that one is under way (if nothing is in step after it, try again then)"
    return ""


def _keep(company: Company, side: Side, *, remote_id: str, **held: Any) -> Connection:
    taken = Connection.objects.filter(side=side, remote_id=remote_id).exclude(company=company)
    if taken.exclude(state=ConnectionState.DISCONNECTED).exists():
        raise ServiceError(
            f"This {_WHERE[side]} is already connected to another company here. Disconnect it there first."
        )
    # Whoever is renewing the old sign-in must not save it over this one.
    fields = {**held, "remote_id": remote_id, "state": ConnectionState.CONNECTED, "reason": "", "renewing_until": None}
    try:
        with transaction.atomic():
            # No worker takes the company while it is decided whether it may change over.
            Company.objects.select_for_update().get(pk=company.pk)
            if _may_become(company, side, remote_id):
                _forget(company, side)
            connection, _ = Connection.objects.update_or_create(company=company, side=side, defaults=fields)
            advance(company)
    except IntegrityError:
        raise ServiceError("It was connected to another company here at the same moment.") from None
    return connection


def _forget(company: Company, side: Side) -> None:
    """Drop what was read from the company connected before on this side; nothing of it is in step with anything."""
    # A run that has not begun holds nothing yet; what it was asked for is asked for again after the set-up.
    waiting = SyncRun.objects.filter(company=company, state=RunState.WAITING)
    (waiting if side is Side.QBO else waiting.exclude(scope=RunScope.ACCOUNTS)).delete()
    mappings = GLMapping.objects.filter(company=company)
    (mappings if side is Side.QBO else mappings.filter(role=GLRole.BANK_ACCOUNT)).delete()
    company.cursors.filter(side=side).delete()
    company.unread_records.filter(side=side).delete()
    objects = SyncedObject.objects.filter(company=company)
    objects.filter(**{f"{side.value}_id__isnull": False}).delete()
    objects.filter(kind__in=[kind.name for kind in KINDS.values() if kind.billcom.derived]).delete()
    # What the others waited for, or could have been linked with, is gone.
    objects.update(state=ObjectState.NEW, hold_code="", hold_facts={}, candidates=[], told_apart=False, needs_look=True)
    if side is Side.QBO:
        _forget_settings(company)
    _set_back(company, SetupStep.IMPORT_ACCOUNTS if side is Side.QBO else SetupStep.MAP_BANKS)


def _forget_settings(company: Company) -> None:
    """The settings read from QuickBooks; what people turned on in addition stays."""
    read = [f"qbo_{switch}" for switch in AccountingPreferences.SWITCHES]
    AccountingPreferences.objects.filter(company=company).update(
        **dict.fromkeys(read, False), books_closed_on=None, home_currency="", read_at=None
    )
    Company.objects.filter(pk=company.pk).update(balances_read_at=None)


def _set_back(company: Company, step: SetupStep) -> None:
    """Back to this step of the set-up, if it is past it."""
    order = tuple(SetupStep)
    reached = Company.objects.values_list("setup_step", flat=True).get(pk=company.pk)
    if order.index(SetupStep(reached)) > order.index(step):
        Company.objects.filter(pk=company.pk).update(setup_step=step, set_up_at=None, next_sync_at=None)


def advance(company: Company) -> None:
    """On to the next step of the set-up, if this one was it."""
    live = set(company.connections.filter(state=ConnectionState.CONNECTED).values_list("side", flat=True))
    # Read now: a run may have gone a step further since the company was fetched.
    company.refresh_from_db(fields=["setup_step", "set_up_at", "next_sync_at"])
    step = company.setup_step
    if step in (SetupStep.CONNECT_BILLCOM, SetupStep.CONNECT_QBO):
        if Side.BILLCOM not in live:
            step = SetupStep.CONNECT_BILLCOM
        elif Side.QBO not in live:
            step = SetupStep.CONNECT_QBO
        else:
            step = SetupStep.IMPORT_ACCOUNTS
    Company.objects.filter(pk=company.pk).update(setup_step=step)
    company.setup_step = step


def disconnect(connection: Connection, user: User, *, now: datetime) -> None:
    """Take our access back at Intuit, forget the credentials, keep everything that is in step."""
    # The refresh token may have changed since the page was opened; Intuit knows only the last one.
    connection.refresh_from_db()
    held = connection.credentials or {}
    if connection.side == Side.QBO and held.get("refresh"):
        try:
            with suppress(Rejected, Unauthorized):  # Intuit doesn't know it any more, which is what was wanted.
                oauth.revoke(Http(), app(), str(held["refresh"]))
        except GatewayError as error:
            raise ServiceError(
                f"Intuit can't be reached to take back our access: {error.message}. Try again."
            ) from None
    if connection.side == Side.BILLCOM:
        subscriptions.end(connection, clock=lambda: now)
    with transaction.atomic():
        if Connection.objects.select_for_update().get(pk=connection.pk).credentials != connection.credentials:
            raise ServiceError("Its sign-in was changed at the same moment. Reload the page and try again.")
        # A renewal under way finds its claim gone, and saves nothing.
        connection.access_expires_at = connection.refresh_expires_at = connection.renewing_until = None
        connection.renewing_by = None
        connection.credentials = None
        connection.state = ConnectionState.DISCONNECTED
        connection.reason = f"Disconnected by {user} on {now:%d %b %Y}"
        connection.save(update_fields=_ENDED)
