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
from syncapp.gateways import billcom as billcom_gateway
from syncapp.gateways import oauth
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, SignIn
from syncapp.gateways.errors import GatewayError, Rejected, Unauthorized
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Company, Connection, ConnectionState, SetupStep, SyncedObject
from syncapp.services.errors import ServiceError
from syncapp.services.remotes import OTHER_SESSION_LIFE, SESSION_LIFE, app

# Reference: the set-up article: Administrator or Accountant, or a custom role with manage company and sync.
SYNC_ROLES = ("ADMINISTRATOR", "ACCOUNTANT")
SYNC_PERMISSIONS = ("manage company", "sync")
STATE_SALT = "syncapp.connect-quickbooks"
STATE_SECONDS = 1800


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
        session = billcom_gateway.login(http, settings.BILLCOM_BASE_URL, credentials)
        gateway = BillcomGateway(http, settings.BILLCOM_BASE_URL, key, lambda renew: session.session_id)
        person, role = _who(gateway, session.user_id, sign_in)
        organization = gateway.organization(session.organization_id)
    except (Unauthorized, Rejected) as error:
        raise ServiceError(f"BILL didn't let us in: {error.words}") from None
    except GatewayError as error:
        raise ServiceError(f"BILL can't be reached just now: {error.words}. Try again in a few minutes.") from None
    held = {"sign_in": sign_in, "username": username, "password": password, "session": session.session_id}
    if developer_key:
        held["developer_key"] = developer_key
    return _keep(
        company,
        Side.BILLCOM,
        remote_id=session.organization_id,
        remote_name=str(organization.get("name") or ""),
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
    if not realm_id.isdigit():
        raise ServiceError("Intuit didn't say which company was chosen. Start again and choose one.")
    _same_realm(company, realm_id)
    http = Http()
    try:
        tokens = oauth.exchange_code(http, app(), code, redirect_uri, now=now)
        gateway = QboGateway(http, settings.QBO_BASE_URL, realm_id, lambda renew: tokens.access)
        info = gateway.company_info()
    except (Unauthorized, Rejected) as error:
        raise ServiceError(f"QuickBooks was not connected: {error.words}") from None
    except GatewayError as error:
        raise ServiceError(f"Intuit can't be reached just now: {error.words}. Try again in a few minutes.") from None
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


def _same_realm(company: Company, realm_id: str) -> None:
    """A company that has synced goes on with the QuickBooks company it began with."""
    before = company.connections.filter(side=Side.QBO).first()
    synced = SyncedObject.objects.filter(company=company, qbo_id__isnull=False, billcom_id__isnull=False).exists()
    if before is not None and before.remote_id != realm_id and synced:
        raise ServiceError(
            "This is another QuickBooks company than the one connected before. Its records would be mixed up with "
            "those already in step; connect the same company again, or set up a new company for this one."
        )


def _keep(company: Company, side: Side, *, remote_id: str, **held: Any) -> Connection:
    taken = Connection.objects.filter(side=side, remote_id=remote_id).exclude(company=company)
    if taken.exclude(state=ConnectionState.DISCONNECTED).exists():
        where = "QuickBooks company" if side is Side.QBO else "BILL organization"
        raise ServiceError(f"This {where} is already connected to another company here. Disconnect it there first.")
    if side is Side.BILLCOM:
        _same_organization(company, remote_id)
    try:
        with transaction.atomic():
            connection, _ = Connection.objects.update_or_create(
                company=company,
                side=side,
                defaults={**held, "remote_id": remote_id, "state": ConnectionState.CONNECTED, "reason": ""},
            )
    except IntegrityError:
        raise ServiceError("It was connected to another company here at the same moment.") from None
    advance(company)
    return connection


def _same_organization(company: Company, organization_id: str) -> None:
    before = company.connections.filter(side=Side.BILLCOM).first()
    synced = SyncedObject.objects.filter(company=company, billcom_id__isnull=False).exists()
    if before is not None and before.remote_id != organization_id and synced:
        raise ServiceError("This is another BILL organization than the one connected before. Connect the same one.")


def advance(company: Company) -> None:
    """On to the next step of the set-up, if this one was it."""
    live = set(company.connections.filter(state=ConnectionState.CONNECTED).values_list("side", flat=True))
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
    held = connection.credentials or {}
    if connection.side == Side.QBO and held.get("refresh"):
        try:
            with suppress(Rejected, Unauthorized):  # Intuit doesn't know it any more, which is what was wanted.
                oauth.revoke(Http(), app(), str(held["refresh"]))
        except GatewayError as error:
            raise ServiceError(
                f"Intuit can't be reached to take back our access: {error.message}. Try again."
            ) from None
    connection.credentials = None
    connection.state = ConnectionState.DISCONNECTED
    connection.reason = f"Disconnected by {user} on {now:%d %b %Y}"
    connection.access_expires_at = connection.refresh_expires_at = None
    connection.save()
