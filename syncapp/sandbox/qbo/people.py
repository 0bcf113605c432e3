"""The companies of the simulated QuickBooks, and the people who work in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import decode, encode
from syncapp.sandbox.qbo import attachments, batch, ledger, load, merging, oauth, obstacles, search, snapshot, writing
from syncapp.sandbox.qbo.consent import PASSWORD
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import BY_PATH, ENTITIES
from syncapp.sandbox.qbo.store import Realm, Record, User
from syncapp.sandbox.qbo.work import Work

if TYPE_CHECKING:
    from syncapp.sandbox.switches import Switches

FIRST_REALM = 9_341_450_000_000_001
SCOPE = f"{oauth.ACCOUNTING} openid profile email"


class Companies:
    """What a process that drives the sandbox may do with QuickBooks. `emit` is told of every change."""

    def __init__(self, clock: Clock, switches: Switches, emit: Callable[[dict[str, Any]], None]) -> None:
        self.clock = clock
        self.switches = switches
        self.emit = emit
        self.realms: dict[str, Realm] = {}
        self.oauth = oauth.OAuth()

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def load(self, data: dict[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
        """Makes a company of raw QuickBooks JSON and connects it. Raises ValueError."""
        realm = Realm(str(FIRST_REALM + len(self.realms)), name)
        work = Work(realm, self.switches, self.clock.now(), _nobody)
        load.fill(work, data, name)
        realm.users = _users(realm)
        self.realms[realm.id] = realm
        grant, access = self.oauth.connect(realm.id, realm.users[0].email, SCOPE, self.now)
        return {
            "realm_id": realm.id,
            "access_token": access,
            "refresh_token": grant.refresh_token,
            "client_id": oauth.CLIENT_ID,
            "client_secret": oauth.CLIENT_SECRET,
            "users": [{"email": user.email, "role": user.role} for user in realm.users],
            "password": PASSWORD,
        }

    def companies(self) -> list[tuple[str, str]]:
        return [(realm.id, realm.name) for realm in self.realms.values()]

    def books(self, realm: str) -> dict[str, list[dict[str, Any]]]:
        """Everything that is there, as the API shows it; a copy."""
        tables = self.realms[realm].tables
        copy: dict[str, list[dict[str, Any]]] = decode(encode({name: list(table) for name, table in tables.items()}))
        return copy

    def trial_balance(self, realm: str) -> list[dict[str, Any]]:
        return ledger.trial_balance(self.realms[realm], self.clock.now())

    # --- people at QuickBooks ----------------------------------------------------------------------------------------

    def _work(self, realm: str) -> Work:
        return Work(self.realms[realm], self.switches, self.clock.now(), self.emit, by_person=True)

    def person_list(self, realm: str, entity: str) -> list[dict[str, Any]]:
        copy: list[dict[str, Any]] = decode(encode(list(self.realms[realm].table(_entity(entity).name))))
        return copy

    def person_get(self, realm: str, entity: str, id: str) -> dict[str, Any]:
        """Raises Fault (a ValueError) where there is none."""
        return _copy(search.single(self.realms[realm], _entity(entity), id))

    def person_save(self, realm: str, entity: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Creates without an Id; with one, changes what is sent and leaves the rest. Raises Fault (a ValueError)."""
        return _copy(writing.write(self._work(realm), _entity(entity), {"sparse": True, **payload}))

    def person_delete(self, realm: str, entity: str, id: str) -> dict[str, Any]:
        """A list record is made inactive, as the screens do it."""
        kind = _entity(entity)
        if kind.is_list:
            return _copy(writing.deactivate(self._work(realm), kind, id))
        return _copy(writing.delete(self._work(realm), kind, {"Id": id}))

    def person_void(self, realm: str, entity: str, id: str) -> dict[str, Any]:
        return _copy(batch.perform(self._work(realm), _entity(entity), "void", {"Id": id}))

    def person_attaches(self, realm: str, entity: str, id: str, name: str, content: bytes) -> dict[str, Any]:
        """A file to a transaction."""
        return _copy(attachments.attach(self._work(realm), _entity(entity).name, id, name, content))

    def person_merges(self, realm: str, entity: str, id: str, into: str) -> dict[str, Any]:
        """Make one of two vendors or customers; the one that stays. Raises Fault (a ValueError)."""
        return _copy(merging.merge(self._work(realm), _entity(entity), id, into))

    def person_obstructs(self, realm: str, entity: str, id: str, obstacle: str) -> dict[str, Any]:
        """Say what keeps a record from being taken away; "" = nothing. Raises ValueError, LookupError."""
        obstacles.put(self.realms[realm], _entity(entity).name, id, obstacle)
        return self.person_get(realm, entity, id)

    # --- kept over a restart -----------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        return {"realms": [snapshot.dump(realm) for realm in self.realms.values()], "oauth": self.oauth.dump()}

    def restore(self, kept: dict[str, Any]) -> None:
        self.realms = {}
        for each in kept["realms"]:
            realm = Realm(each["id"], each["name"])
            snapshot.restore(realm, each, Work(realm, self.switches, self.clock.now(), _nobody))
            self.realms[realm.id] = realm
        self.oauth = oauth.OAuth.restored(kept["oauth"])


def _nobody(event: dict[str, Any]) -> None:
    """What is loaded did not just happen."""


def _users(realm: Realm) -> list[User]:
    slug = "".join(sign for sign in realm.name.lower() if sign.isalnum())[:20] or "company"
    host = f"{slug}-{int(realm.id) % 1000}.example"
    return [
        User(f"owner@{host}", "Olivia Owner", "Primary Admin", realm.id),
        User(f"admin@{host}", "Adam Admin", "Company Admin", realm.id),
        User(f"clerk@{host}", "Chris Clerk", "Standard User", realm.id),
    ]


def _entity(name: str) -> Entity:
    found = ENTITIES.get(name) or BY_PATH.get(name.lower())
    if found is None:
        raise ValueError(f"there is no entity {name}")
    return found


def _copy(record: Record) -> dict[str, Any]:
    copy: dict[str, Any] = decode(encode(record))
    return copy
