"""QuickBooks Online as seen from outside: the calls of its API, the pages of its sign-in, and people at work in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import JSON, Request, Response, decode, encode, json_response
from syncapp.sandbox.qbo import (
    attachments,
    batch,
    bodies,
    cdc,
    ledger,
    load,
    oauth,
    replays,
    search,
    snapshot,
    times,
    writing,
)
from syncapp.sandbox.qbo import throttle as throttles
from syncapp.sandbox.qbo.consent import Consent
from syncapp.sandbox.qbo.declaring import Entity, Kind
from syncapp.sandbox.qbo.entities import BY_PATH, ENTITIES
from syncapp.sandbox.qbo.store import Realm, Record, User
from syncapp.sandbox.qbo.work import Work

if TYPE_CHECKING:
    from syncapp.sandbox.switches import Switches

FIRST_REALM = 9_341_450_000_000_001
ACCOUNTANT = User("accountant@firm.example", "Robin Ledger", "Accountant")
SCOPE = f"{oauth.ACCOUNTING} openid profile email"
_METERED_POSTS = ("query", "batch")


class Qbo:
    """Paths are those behind `/qbo`. `emit` is told of every change."""

    def __init__(self, clock: Clock, switches: Switches, emit: Callable[[dict[str, Any]], None]) -> None:
        self.clock = clock
        self.switches = switches
        self.emit = emit
        self.realms: dict[str, Realm] = {}
        self.oauth = oauth.OAuth()
        self.consent = Consent(lambda: self.realms.values(), lambda: self.oauth, ACCOUNTANT)
        self._numbers = count(1)

    # --- over HTTP ---------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        response = self._routed(request)
        tid = f"1-sandbox-{next(self._numbers):012x}"
        response.headers["intuit_tid"] = response.headers["x-request-id"] = tid
        return response

    def _routed(self, request: Request) -> Response:
        if request.path.startswith("/v3/company/"):
            return self._api(request)
        page = _PAGES.get(request.path.rstrip("/"))
        if page is not None:
            return page(self, request)
        if request.path.startswith("/files/"):
            return self._file(request)
        return json_response(404, {"error": f"there is nothing at {request.path}"})

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def _file(self, request: Request) -> Response:
        realm, _, id = request.path.removeprefix("/files/").partition("/")
        if realm not in self.realms:
            return Response(404)
        return attachments.fetch(self._work(realm), id, request.query.get("until", ""))

    # --- the API -----------------------------------------------------------------------------------------------------

    def _api(self, request: Request) -> Response:
        now = self.clock.now()
        try:
            realm, rest = self._admitted(request, now)
            answer = self._call(request, realm, rest, now)
        except bodies.Fault as fault:
            return self._refusal(fault, now)
        if isinstance(answer, Response):
            return answer
        return Response(200, encode(answer), {"content-type": JSON})

    def _refusal(self, fault: bodies.Fault, now: datetime) -> Response:
        body = fault.body(times.envelope_time(now), int(now.timestamp() * 1000))
        response = json_response(fault.status, body)
        if fault.status == 429 and self.switches.qbo_retry_after:
            response.headers["retry-after"] = str(throttles.WAIT)
        return response

    def _admitted(self, request: Request, now: datetime) -> tuple[Realm, list[str]]:
        """The company the call is for, if its token opens it and it has not been called too often."""
        id, *rest = request.path.removeprefix("/v3/company/").strip("/").split("/")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        held = self.oauth.holder(token.strip()) if scheme.lower() == "bearer" else None
        if held is None or held[1] <= now.timestamp():
            raise bodies.unauthenticated("Token expired" if held else "AuthenticationFailed: unknown token")
        grant = held[0]
        realm = self.realms.get(id)
        if realm is None or grant.realm != id or grant.revoked or oauth.ACCOUNTING not in grant.scope.split():
            raise bodies.forbidden("The app is not authorised for this company")
        if not self._is_admin(realm, grant.email):
            raise bodies.lost_access(self.switches.qbo_lost_access_status)
        if self.switches.enforce_limits:
            throttles.admit(realm.window, self.clock.monotonic(), batch=rest == ["batch"])
        return realm, rest

    def _is_admin(self, realm: Realm, email: str) -> bool:
        return email == ACCOUNTANT.email or any(user.email == email and user.is_admin for user in realm.users)

    def _call(self, request: Request, realm: Realm, rest: list[str], now: datetime) -> Any:
        accept = request.headers.get("accept", "")
        if self.switches.qbo_needs_json_accept and rest[:1] not in (["download"],) and JSON not in accept:
            raise bodies.unsupported(f"The sandbox speaks JSON: send Accept: {JSON}; the real one would answer in XML")
        work = Work(realm, self.switches, now, self.emit)
        time = times.envelope_time(now)
        special = _CALLS.get(rest[0] if rest else "")
        if special is not None:
            return special(self, work, request, rest, time)
        entity = BY_PATH.get(rest[0].lower() if rest else "")
        if entity is None:
            raise bodies.unsupported(f"Operation {'/'.join(rest)} is not supported")
        if request.method == "GET":
            return {entity.name: self._read(work, entity, rest), "time": time}
        if request.method == "POST" and len(rest) == 1:
            return self._write(work, entity, request, time)
        raise bodies.unsupported(f"{request.method} {'/'.join(rest)} is not supported")

    def _read(self, work: Work, entity: Entity, rest: list[str]) -> Record:
        if entity.name == "CompanyInfo" and len(rest) == 2:
            if rest[1] != work.realm.id:
                raise bodies.not_found(entity.name, rest[1])
            return work.realm.table(entity.name).rows["1"]
        if entity.kind is Kind.SINGLE and len(rest) == 1:
            return work.realm.table(entity.name).rows["1"]
        if len(rest) != 2:
            raise bodies.unsupported(f"GET {'/'.join(rest)} is not supported")
        return search.single(work.realm, entity, rest[1])

    def _write(self, work: Work, entity: Entity, request: Request, time: str) -> Any:
        payload = _json(request)
        work.include = frozenset(request.query.get("include", "").lower().split(",")) - {""}
        operation = request.query.get("operation", "").lower()
        # `operation=update` is sent by some clients with every update: the Id says what it is.
        operation = "update" if operation == "update" and "void" in work.include else operation
        operation = "" if operation in ("create", "update") and "void" not in work.include else operation

        def once() -> dict[str, Any]:
            return {entity.name: batch.perform(work, entity, operation, payload), "time": time}

        name = request.query.get("requestid", "")
        if not name:
            return once()
        replays.check_length(name, batch=False)
        print = replays.fingerprint(entity.path.encode() + operation.encode() + request.body)
        return replays.once(work, name, print, once)

    def _query(self, work: Work, request: Request, rest: list[str], time: str) -> Any:
        text = request.query.get("query", "") if request.method == "GET" else _text(request)
        return {"QueryResponse": search.run(work, text or request.query.get("query", "")), "time": time}

    def _cdc(self, work: Work, request: Request, rest: list[str], time: str) -> Any:
        entities, since = request.query.get("entities", ""), request.query.get("changedSince", "")
        return {"CDCResponse": cdc.changes(work, entities, since), "time": time}

    def _batch(self, work: Work, request: Request, rest: list[str], time: str) -> Any:
        if request.method != "POST":
            raise bodies.unsupported("A batch is posted")
        name = request.query.get("requestid", "")
        replays.check_length(name, batch=True)
        return {"BatchItemResponse": batch.run(work, _json(request), name), "time": time}

    def _upload(self, work: Work, request: Request, rest: list[str], time: str) -> Any:
        return {"AttachableResponse": attachments.upload(work, request), "time": time}

    def _download(self, work: Work, request: Request, rest: list[str], time: str) -> Any:
        return attachments.address(work, rest[1] if len(rest) > 1 else "", request.headers.get("host", "localhost"))

    def metered(self, request: Request) -> bool:
        """Whether a call of this kind counts against the paid allowance: reading does, writing does not.

        Reference: https://developer.intuit.com/app/developer/qbo/docs/get-started/partner-program"""
        if not request.path.startswith("/v3/company/"):
            return False
        rest = request.path.removeprefix("/v3/company/").strip("/").split("/")[1:]
        return request.method == "GET" or rest[:1] in ([each] for each in _METERED_POSTS)

    # --- signing in --------------------------------------------------------------------------------------------------

    def _discovery(self, request: Request) -> Response:
        root = f"http://{request.headers.get('host', 'localhost')}/qbo"
        return json_response(
            200,
            {
                "issuer": f"{root}/op/v1",
                "authorization_endpoint": f"{root}/connect/oauth2",
                "token_endpoint": f"{root}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{root}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{root}/oauth2/v1/tokens/revoke",
                "jwks_uri": f"{root}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            },
        )

    def _authorize(self, request: Request) -> Response:
        return self.consent.handle(request, self.now)

    def _token(self, request: Request) -> Response:
        return self.oauth.token(request, self.now, self.switches)

    def _revoke(self, request: Request) -> Response:
        return self.oauth.revoke(request)

    def _user_info(self, request: Request) -> Response:
        held = self.oauth.holder(request.headers.get("authorization", "").partition(" ")[2])
        if held is None or held[1] <= self.now or held[0].revoked or "openid" not in held[0].scope.split():
            return json_response(401, {"error": "invalid_token"})
        user = next((user for user in self.consent.people() if user.email == held[0].email), ACCOUNTANT)
        given, _, family = user.name.partition(" ")
        sub = f"sandbox-{user.email}"
        return json_response(
            200,
            {"sub": sub, "email": user.email, "emailVerified": True, "givenName": given, "familyName": family},
        )

    # --- companies ---------------------------------------------------------------------------------------------------

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
            "password": "sandbox",
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

    # --- what goes wrong when asked to -------------------------------------------------------------------------------

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
        connected = {grant.email for grant in self.oauth.grants.values() if grant.realm == realm}
        books = self.realms[realm]
        books.users = [
            User(user.email, user.name, "Standard User", user.realm) if user.email in connected else user
            for user in books.users
        ]

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


def _json(request: Request) -> Any:
    try:
        return request.json()
    except UnicodeDecodeError:
        raise bodies.unsupported("The body is not UTF-8") from None
    except ValueError as error:
        raise bodies.unreadable("request", str(error), "JSON") from None


def _text(request: Request) -> str:
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        raise bodies.unsupported("The statement is not UTF-8") from None


def _records_in(path: str, payload: Any) -> list[tuple[str, str]]:
    """Which records a write is about."""
    if not isinstance(payload, dict):
        return []
    if path in BY_PATH:
        return [(BY_PATH[path].name, str(payload.get("Id") or ""))]
    items = payload.get("BatchItemRequest") or []
    return [(name, str(item[name].get("Id") or "")) for item in items for name in item if name in ENTITIES]


_CALLS: dict[str, Callable[[Qbo, Work, Request, list[str], str], Any]] = {
    "query": Qbo._query,
    "cdc": Qbo._cdc,
    "batch": Qbo._batch,
    "upload": Qbo._upload,
    "download": Qbo._download,
}
_PAGES: dict[str, Callable[[Qbo, Request], Response]] = {
    "/.well-known/openid_configuration": Qbo._discovery,
    "/.well-known/openid_sandbox_configuration": Qbo._discovery,
    "/connect/oauth2": Qbo._authorize,
    "/oauth2/v1/tokens/bearer": Qbo._token,
    "/oauth2/v1/tokens/revoke": Qbo._revoke,
    "/v1/openid_connect/userinfo": Qbo._user_info,
    "/op/v1/jwks": lambda qbo, request: json_response(200, {"keys": []}),
}
_MISCHIEF: dict[str, Callable[[Qbo, Realm, Request], None]] = {
    "expire_token": lambda qbo, realm, request: qbo.expire_tokens(realm.id),
    "revoke_consent": lambda qbo, realm, request: qbo.revoke_consent(realm.id),
    "session_lost": lambda qbo, realm, request: qbo.expire_tokens(realm.id),
    "demote_user": lambda qbo, realm, request: qbo.demote_user(realm.id),
    "drop_link": lambda qbo, realm, request: qbo.drop_links(realm.id),
    "stale_token": Qbo._bump_sent,
}
