"""QuickBooks Online as seen from outside: the calls of its API, the pages of its sign-in, and people at work in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import JSON, Request, Response, encode, json_response
from syncapp.sandbox.qbo import attachments, batch, bodies, cdc, oauth, replays, search, throttle, times
from syncapp.sandbox.qbo.consent import Consent
from syncapp.sandbox.qbo.declaring import Entity, Kind
from syncapp.sandbox.qbo.entities import BY_PATH
from syncapp.sandbox.qbo.mischief import Mischief
from syncapp.sandbox.qbo.store import Realm, Record, User
from syncapp.sandbox.qbo.work import Work

if TYPE_CHECKING:
    from syncapp.sandbox.switches import Switches

ACCOUNTANT = User("accountant@firm.example", "Robin Ledger", "Accountant")
_METERED_POSTS = ("query", "batch")


class Qbo(Mischief):
    """All of it. Paths are those behind `/qbo`."""

    def __init__(self, clock: Clock, switches: Switches, emit: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(clock, switches, emit)
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
            response.headers["retry-after"] = str(throttle.WAIT)
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
            throttle.admit(realm.window, self.clock.monotonic(), batch=rest == ["batch"])
        return realm, rest

    def _is_admin(self, realm: Realm, email: str) -> bool:
        return any(user.email == email and user.administers(realm) for user in (ACCOUNTANT, *realm.users))

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
        if operation in ("create", "update") and "void" not in work.include:
            operation = ""

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
