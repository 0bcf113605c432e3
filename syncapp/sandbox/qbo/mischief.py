"""What goes wrong behind the scenes when a test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syncapp.sandbox.http import Request, Response, json_response
from syncapp.sandbox.qbo import bodies, times
from syncapp.sandbox.qbo.entities import BY_PATH, ENTITIES
from syncapp.sandbox.qbo.people import Companies
from syncapp.sandbox.qbo.store import Realm


class Mischief(Companies):
    def misbehave(self, kind: str, request: Request, answer: Callable[[], Response]) -> Response:
        """Carries out a call while something goes wrong behind the scenes, by the name of the fault."""
        realm = self.realms.get(request.path.removeprefix("/v3/company/").partition("/")[0])
        if kind == "fault_in_200":
            now = self.clock.now()
            fault = bodies.Fault("10000", "An application error has occurred", "System failure", type=bodies.SYSTEM)
            return json_response(200, fault.body(times.envelope_time(now), 0))
        action = _MISCHIEF.get(kind)
        if realm is not None and action is not None:
            action(self, realm, request)
        return answer()

    def expire_tokens(self, realm: str) -> None:
        self.oauth.expire_access(realm)

    def revoke_consent(self, realm: str) -> None:
        self.oauth.revoke_realm(realm)

    def demote_user(self, realm: str) -> None:
        """Whoever connected the app is no administrator any more."""
        self.realms[realm].demoted |= {grant.email for grant in self.oauth.grants.values() if grant.realm == realm}

    def bump_version(self, realm: str, entity: str, id: str) -> None:
        """Somebody else saves the record, unchanged."""
        if id in self.realms[realm].table(entity).rows:
            self._work(realm).bump(entity, id, {})

    def drop_links(self, realm: str, times: int = 1) -> None:
        """The next payments lose their links, without an error."""
        self.realms[realm].drop_links += times

    def _bump_sent(self, realm: Realm, request: Request) -> None:
        try:
            payload = request.json()
        except ValueError:
            return
        for entity, id in _records_in(request.path.rpartition("/")[2], payload):
            self.bump_version(realm.id, entity, id)


def _records_in(path: str, payload: Any) -> list[tuple[str, str]]:
    """Which records a write is about."""
    if not isinstance(payload, dict):
        return []
    if path in BY_PATH:
        return [(BY_PATH[path].name, str(payload.get("Id") or ""))]
    items = payload.get("BatchItemRequest") or []
    return [(name, str(item[name].get("Id") or "")) for item in items for name in item if name in ENTITIES]


_MISCHIEF: dict[str, Callable[[Mischief, Realm, Request], None]] = {
    "expire_token": lambda qbo, realm, request: qbo.expire_tokens(realm.id),
    "revoke_consent": lambda qbo, realm, request: qbo.revoke_consent(realm.id),
    "session_lost": lambda qbo, realm, request: qbo.expire_tokens(realm.id),
    "demote_user": lambda qbo, realm, request: qbo.demote_user(realm.id),
    "drop_link": lambda qbo, realm, request: qbo.drop_links(realm.id),
    "stale_token": Mischief._bump_sent,
}
