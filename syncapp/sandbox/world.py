"""Both products, the control surface and the pages under one roof, driven by plain requests."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from syncapp.sandbox import control, pages
from syncapp.sandbox.billcom import Billcom
from syncapp.sandbox.clock import Clock
from syncapp.sandbox.faults import AFTER, Fault, FaultKind, Faults
from syncapp.sandbox.http import Request, Response, json_response
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.switches import Switches

CALLS_KEPT = 200_000
_REALM = re.compile(r"^/v3/company/([^/]+)")
_LOGIN = ("/connect/v3/login", "/api/v2/Login.json", "/connect/v3/partner/login")


@dataclass
class Delivery:
    """A response and how it gets to the client: after so many seconds, cut short, or not at all."""

    response: Response
    seconds: float = 0.0
    dropped: bool = False


@dataclass
class Company:
    """One client: a QuickBooks company and a BILL organization."""

    id: str
    name: str
    console: bool
    signed_up_on: str
    qbo: dict[str, Any] = field(default_factory=dict)
    billcom: dict[str, Any] = field(default_factory=dict)


class Sandbox:
    """Everything there is. `handle` answers one request; `deliver` says as well how the answer travels."""

    def __init__(self, clock: Clock | None = None, switches: Switches | None = None) -> None:
        self.clock = clock or Clock()
        self.switches = switches or Switches()
        self.faults = Faults()
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.events: deque[dict[str, Any]] = deque(maxlen=10_000)
        self.companies: dict[str, Company] = {}
        self.changed = False
        self.base_url = ""
        self._refused: dict[int, Response] = {}
        self.reset_products()

    def reset_products(self) -> None:
        self.qbo = Qbo(self.clock, self.switches, self._emit)
        self.billcom = Billcom(self.clock, self.switches, self._emit)
        self.companies = {}

    def _emit(self, event: dict[str, Any]) -> None:
        self.changed = True
        self.events.append(event)

    # --- requests ----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        return self.deliver(request).response

    def deliver(self, request: Request) -> Delivery:
        if request.path.startswith("/qbo/"):
            return self._product("qbo", request, "/qbo")
        if request.path.startswith("/billcom/"):
            return self._product("billcom", request, "/billcom")
        if request.path.startswith("/control/"):
            return Delivery(control.handle(self, request))
        return Delivery(pages.handle(self, request))

    def begin(self, request: Request) -> Callable[[], None]:
        """A call of BILL's arrives; what to call when it is over. Three at once per organization are too many."""
        if not request.path.startswith("/billcom/"):
            return _nothing
        refused = self.billcom.begin(request)
        if refused is None:
            return lambda: self.billcom.end(request)
        self._refused[id(request)] = refused
        return lambda: self._refused.pop(id(request), None) and None

    def _product(self, side: str, request: Request, prefix: str) -> Delivery:
        inner = Request(request.method, request.path.removeprefix(prefix), request.query, request.headers, request.body)
        if refused := self._refused.get(id(request)):
            self._note(side, inner, refused.status)
            return Delivery(refused, self.switches.latency_ms / 1000)
        fault = self.faults.meet(side, inner)
        if fault is None:
            return Delivery(self._answer(side, inner), self.switches.latency_ms / 1000)
        return self._faulty(side, inner, fault)

    def _answer(self, side: str, request: Request) -> Response:
        product = self.qbo if side == "qbo" else self.billcom
        response = product.handle(request)
        self.changed = True
        self._note(side, request, response.status)
        return response

    def _note(self, side: str, request: Request, status: int) -> None:
        self.calls.append(
            {
                "side": side,
                "method": request.method,
                "path": request.path,
                "status": status,
                "purse": self._purse(side, request),
                "company": self._company(side, request),
                "at": self.clock.now().isoformat(),
            }
        )

    def _purse(self, side: str, request: Request) -> str:
        if side == "billcom":
            return "login" if request.path in _LOGIN else "billcom"
        return "metered" if self.qbo.metered(request) else "free"

    def _company(self, side: str, request: Request) -> str:
        if side == "qbo":
            found = _REALM.match(request.path)
            return found.group(1) if found else ""
        return ""

    # --- faults ------------------------------------------------------------------------------------------------------

    def _faulty(self, side: str, request: Request, fault: Fault) -> Delivery:
        if fault.kind in AFTER:
            return self._spoiled(fault, self._answer(side, request))
        if fault.kind is FaultKind.SLOW:
            return Delivery(self._answer(side, request), fault.seconds)
        refused = _refusals(side).get(fault.kind)
        if refused is not None:
            self._note(side, request, refused.status)
            return Delivery(refused)
        if fault.kind in (FaultKind.TIMEOUT_BEFORE, FaultKind.RESET_BEFORE):
            self._note(side, request, 0)
            waits = fault.seconds if fault.kind is FaultKind.TIMEOUT_BEFORE else 0.0
            return Delivery(Response(0), waits, dropped=True)
        if side == "billcom":
            self._billcom_mishap(fault.kind, request)
            return Delivery(self._answer(side, request))
        return Delivery(self.qbo.misbehave(fault.kind.value, request, lambda: self._answer(side, request)))

    def _billcom_mishap(self, kind: FaultKind, request: Request) -> None:
        session = self.billcom.sessions.alive.get(request.headers.get("sessionid", ""))
        if session is None:
            return
        if kind in (FaultKind.SESSION_LOST, FaultKind.EXPIRE_TOKEN, FaultKind.REVOKE_CONSENT):
            self.billcom.drop_sessions(session.organization_id)
        elif kind is FaultKind.DEMOTE_USER:
            self.billcom.demote_user(session.organization_id)

    def _spoiled(self, fault: Fault, response: Response) -> Delivery:
        if fault.kind is FaultKind.TIMEOUT_AFTER:
            return Delivery(response, fault.seconds, dropped=True)
        if fault.kind is FaultKind.RESET_AFTER:
            return Delivery(response, dropped=True)
        if fault.kind is FaultKind.UNAVAILABLE_AFTER:
            return Delivery(Response(503, b"", {"content-type": "text/plain"}))
        if fault.kind is FaultKind.TRUNCATED_JSON:
            return Delivery(Response(response.status, response.body[: len(response.body) // 2], response.headers))
        return Delivery(json_response(response.status, {"unexpected": ["shape"]}))


def _nothing() -> None:
    return None


def _refusals(side: str) -> dict[FaultKind, Response]:
    def refused(status: int, qbo_code: str, bdc: str, words: str, headers: dict[str, str] | None = None) -> Response:
        if side == "qbo":
            error = {"message": words, "detail": words, "code": qbo_code, "element": None}
            return json_response(status, {"fault": {"error": [error], "type": "SERVICE"}, "time": 0}, headers)
        one = {"code": bdc, "severity": "ERROR", "category": "DOWNSTREAM", "message": words}
        return json_response(status, [one], headers)

    return {
        FaultKind.TOO_MANY: refused(429, "003001", "BDC_1322", "ThrottleExceeded"),
        FaultKind.TOO_MANY_RETRY_AFTER: refused(429, "003001", "BDC_1144", "ThrottleExceeded", {"retry-after": "2"}),
        FaultKind.ERROR: refused(500, "10000", "BDC_1001", "An application error has occurred"),
        FaultKind.UNAVAILABLE: refused(503, "10000", "BDC_1001", "Service unavailable"),
    }
