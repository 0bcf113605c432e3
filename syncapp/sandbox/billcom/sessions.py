"""Signing in: a user, a sync token, or the accountant console; sessions that die when nobody uses them; MFA.

Reference: https://developer.bill.com/docs/token-based-sign-in,
https://developer.bill.com/docs/bill-accountant-console-operations
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from syncapp.sandbox.billcom.declaring import Right
from syncapp.sandbox.billcom.errors import (
    Problem,
    Refused,
    denied,
    invalid,
    signed_out,
    untrusted,
    wrong_developer_key,
    wrong_sign_in,
)
from syncapp.sandbox.billcom.organization import Context, Organization
from syncapp.sandbox.billcom.values import Row

REMEMBERED = timedelta(days=30)
# Longer device names are refused by the real one; where exactly the line lies is not documented.
DEVICE_LENGTH = 40
# What a person would read on the phone.
TEXTED_CODE = "123456"


class Way(StrEnum):
    USER = "user"
    SYNC_TOKEN = "sync-token"
    CONSOLE = "console"


IDLE = {Way.USER: timedelta(minutes=35), Way.CONSOLE: timedelta(minutes=35), Way.SYNC_TOKEN: timedelta(hours=48)}


@dataclass(slots=True)
class Session:
    id: str
    organization_id: str
    user_id: str
    developer_key: str
    way: Way
    trusted: bool
    used_at: datetime


@dataclass(slots=True)
class Console:
    """An accounting firm's own account, above the organizations of its clients."""

    id: str
    name: str
    email: str
    api_token: str


@dataclass(slots=True)
class Sessions:
    context: Context
    organizations: dict[str, Organization]
    console: Console
    developer_key: str
    alive: dict[str, Session] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)
    # What remembers a device: its organization, user, name, and until when.
    remembered: dict[str, tuple[str, str, str, datetime]] = field(default_factory=dict)

    def log_in(self, body: Row) -> Session:
        for name in ("username", "organizationId", "devKey"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise invalid(f"{name}: must not be null", name, self.context.switches.billcom_validation_code)
        if body["devKey"] != self.developer_key:
            raise wrong_developer_key()
        organization = self.organizations.get(body["organizationId"])
        if organization is None:
            raise wrong_sign_in()
        way, user_id = self._who(organization, body)
        trusted = way is Way.USER and self._remembers(organization.id, user_id, body)
        return self._open(organization.id, user_id, way, trusted)

    def _who(self, organization: Organization, body: Row) -> tuple[Way, str]:
        """Whose credentials they are: the console's, the sync token's, or a user's."""
        name, password = body["username"], body.get("password")
        if "consoleApiToken" in body:
            console = self.console
            if organization.console and (name, body["consoleApiToken"]) == (console.email, console.api_token):
                return Way.CONSOLE, self._user(organization, name)
        elif (name, password) == (organization.token_name, organization.token_value):
            return Way.SYNC_TOKEN, organization.token_user
        elif password == organization.password:
            return Way.USER, self._user(organization, name)
        raise wrong_sign_in()

    @staticmethod
    def _user(organization: Organization, email: str) -> str:
        users = organization.table("users")
        for identifier in users.ids_with("email", [email]):
            if not users.rows[identifier]["archived"]:
                return identifier
        raise wrong_sign_in()

    def _open(self, organization_id: str, user_id: str, way: Way, trusted: bool) -> Session:
        identifier = self.context.make_id("SES") + self.context.make_id("ION")
        session = Session(
            identifier, organization_id, user_id, self.developer_key, way, trusted, self.context.clock.now()
        )
        self.alive[identifier] = session
        return session

    def use(self, identifier: str, developer_key: str) -> Session:
        """The session of a call, kept alive by it."""
        if developer_key != self.developer_key:
            raise wrong_developer_key()
        session = self.alive.get(identifier)
        now = self.context.clock.now()
        if session is None:
            raise signed_out()
        if now - session.used_at > IDLE[session.way]:
            del self.alive[identifier]
            raise signed_out()
        session.used_at = now
        return session

    def log_out(self, session: Session) -> None:
        self.alive.pop(session.id, None)

    def drop(self, organization_id: str) -> int:
        """Forget all sessions of an organization, as a restart of BILL might."""
        gone = [each.id for each in self.alive.values() if each.organization_id == organization_id]
        for identifier in gone:
            del self.alive[identifier]
        return len(gone)

    def may(self, session: Session, right: Right) -> bool:
        if session.way is Way.SYNC_TOKEN:
            writes = self.context.switches.billcom_sync_token_writes_classifications
            if right not in ({Right.USE, Right.COMPANY} if writes else {Right.USE}):
                return False
        return right in self.organizations[session.organization_id].rights_of(session.user_id)

    def demand(self, session: Session, right: Right, what: str) -> None:
        if not self.may(session, right):
            raise denied(what, self.context.switches.billcom_permission_code)

    def demand_trust(self, session: Session) -> None:
        if not session.trusted:
            raise untrusted()

    # MFA. Reference: https://developer.bill.com/reference/setup

    def challenge(self, session: Session) -> Row:
        self._no_token(session)
        identifier = self.context.make_id("MFA")
        self.challenges[identifier] = session.id
        return {"challengeId": identifier}

    def validate(self, session: Session, body: Row) -> Row:
        self._no_token(session)
        if self.challenges.pop(str(body.get("challengeId")), "") != session.id:
            raise Refused(400, Problem("The MFA challenge has expired.", "BDC_1374"))
        if body.get("token") != TEXTED_CODE:
            raise Refused(400, Problem("The MFA code is wrong or has expired.", "BDC_1356"))
        device = self._device(body)
        session.trusted = True
        if not body.get("rememberMe"):
            return {}
        identifier = self.context.make_id("REM")
        until = self.context.clock.now() + REMEMBERED
        self.remembered[identifier] = (session.organization_id, session.user_id, device, until)
        return {"rememberMeId": identifier}

    def step_up(self, session: Session, body: Row) -> Row:
        self._no_token(session)
        session.trusted = self._remembers(session.organization_id, session.user_id, body)
        if not session.trusted:
            raise untrusted()
        return {"trusted": True}

    def _no_token(self, session: Session) -> None:
        """A sync token has no MFA operations at all."""
        if session.way is Way.SYNC_TOKEN:
            raise denied("use MFA with a sync token", self.context.switches.billcom_permission_code)

    def _device(self, body: Row) -> str:
        device = body.get("device")
        if not isinstance(device, str) or not 1 <= len(device) <= DEVICE_LENGTH:
            raise invalid(f"device: size must be between 1 and {DEVICE_LENGTH}", "device")
        return device

    def _remembers(self, organization_id: str, user_id: str, body: Row) -> bool:
        if "rememberMeId" not in body:
            return False
        known = self.remembered.get(str(body["rememberMeId"]))
        wanted = (organization_id, user_id, self._device(body))
        return known is not None and known[:3] == wanted and known[3] > self.context.clock.now()

    def shown(self, session: Session) -> Row:
        """What log-in answers."""
        return {
            "sessionId": session.id,
            "organizationId": session.organization_id,
            "userId": session.user_id,
            "trusted": session.trusted,
        }

    def described(self, session: Session) -> Row:
        """What ``GET /v3/login/session`` answers. Reference: https://developer.bill.com/reference/getsessioninfo"""
        return {
            "organizationId": session.organization_id,
            "userId": session.user_id,
            "mfaStatus": "COMPLETE" if session.trusted else "INCOMPLETE",
            "mfaBypass": False,
        }

    def reachable(self, session: Session) -> list[Row]:
        """The organizations of this sign-in: all the console's clients, or those where the user has an account."""
        mine = self.organizations[session.organization_id]
        if session.way is Way.CONSOLE:
            return [self._listed(each) for each in self.organizations.values() if each.console]
        if session.way is Way.SYNC_TOKEN:
            return [self._listed(mine)]
        email = mine.row("users", session.user_id)["email"]
        return [
            self._listed(each) for each in self.organizations.values() if each.table("users").ids_with("email", [email])
        ]

    def _listed(self, organization: Organization) -> Row:
        row: Row = {"id": organization.id, "name": organization.name}
        if organization.console:
            row["consoleOrganization"] = {"id": self.console.id, "name": self.console.name}
        return row

    def dump(self) -> dict[str, Any]:
        return {
            "alive": [asdict(each) | {"used_at": each.used_at.isoformat()} for each in self.alive.values()],
            "remembered": {key: [*who[:3], who[3].isoformat()] for key, who in self.remembered.items()},
        }

    def restore(self, kept: dict[str, Any]) -> None:
        self.alive = {
            each["id"]: Session(**{**each, "way": Way(each["way"]), "used_at": datetime.fromisoformat(each["used_at"])})
            for each in kept["alive"]
        }
        self.remembered = {
            key: (who[0], who[1], who[2], datetime.fromisoformat(who[3])) for key, who in kept["remembered"].items()
        }
