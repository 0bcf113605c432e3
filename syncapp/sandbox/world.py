"""Both products, the control surface and the pages under one roof, driven by plain requests."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from syncapp.sandbox import control, pages
from syncapp.sandbox.billcom import Billcom
from syncapp.sandbox.clock import Clock
from syncapp.sandbox.faults import AFTER, Fault, FaultKind, Faults, refusal
from syncapp.sandbox.http import Request, Response, json_response
from syncapp.sandbox.loading import Company
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.switches import Switches
from syncapp.sandbox.webhooks import Webhooks

__all__ = ["Company", "Delivery", "Sandbox"]

CALLS_KEPT = 100_000
_REALM = re.compile(r"^/v3/company/([^/]+)")
_LOG_IN = ("/connect/v3/login", "/api/v2/Login.json")
_BEFORE = {FaultKind.TIMEOUT_BEFORE, FaultKind.RESET_BEFORE}


@dataclass
class Delivery:
    """A response and how it gets to the client: after so many seconds, or not at all (the connection is cut)."""

    response: Response
    seconds: float = 0.0
    dropped: bool = False


class Sandbox:
    """Everything there is. `handle` answers one request; `deliver` says as well how the answer travels."""

    def __init__(self, clock: Clock | None = None, switches: Switches | None = None) -> None:
        self.clock = clock or Clock()
        self.switches = switches or Switches()
        self.faults = Faults()
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.companies: dict[str, Company] = {}
        self.changed = False
        self.base_url = ""
        self._as_started = asdict(self.switches)
        self.reset()

    def reset(self) -> None:
        """Nothing has ever been: no company, call, fault or hook; the clock and the switches as at the start."""
        self.switches.set(self._as_started)
        self.clock.real()
        self.qbo = Qbo(self.clock, self.switches, self._emit)
        self.billcom = Billcom(self.clock, self.switches, self._emit)
        self.webhooks = Webhooks(self.qbo, self.billcom, self.clock, self.switches)
        self.companies.clear()
        self.calls.clear()
        self.faults.waiting.clear()
        self.changed = True

    def _emit(self, event: dict[str, Any]) -> None:
        self.webhooks.note(event)

    # --- requests ----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        return self.deliver(request).response

    def deliver(self, request: Request) -> Delivery:
        if request.path.startswith("/qbo/"):
            return self._product("qbo", _inside(request, "/qbo"))
        if request.path.startswith("/billcom/"):
            return self._product("billcom", _inside(request, "/billcom"))
        if request.path.startswith("/control/"):
            return Delivery(control.handle(self, request))
        self.changed = self.changed or request.method != "GET"
        return Delivery(pages.handle(self, request))

    def begin(self, request: Request) -> Delivery | None:
        """A call arrives that overlaps others in time. The refusal where BILL has too many of the organization."""
        if not request.path.startswith("/billcom/"):
            return None
        refused = self.billcom.begin(request)
        if refused is None:
            return None
        inner = _inside(request, "/billcom")
        self._note("billcom", self.billcom.company_of(inner), inner, refused.status)
        return Delivery(refused, self.switches.latency_ms / 1000)

    def end(self, request: Request) -> None:
        if request.path.startswith("/billcom/"):
            self.billcom.end(request)

    def _product(self, side: str, request: Request) -> Delivery:
        company = self._company(side, request)
        fault = self.faults.meet(side, company, request)
        delivery = self._faulty(side, request, fault) if fault else Delivery(self._answer(side, request))
        self.changed = True
        self._note(side, company, request, 0 if fault and fault.kind in _BEFORE else delivery.response.status)
        delivery.seconds = delivery.seconds or self.switches.latency_ms / 1000
        return delivery

    def _answer(self, side: str, request: Request) -> Response:
        return self.qbo.handle(request) if side == "qbo" else self.billcom.handle(request)

    # --- the calls made ----------------------------------------------------------------------------------------------

    def _note(self, side: str, company: str, request: Request, status: int) -> None:
        self.calls.append(
            {
                "side": side,
                "method": request.method,
                "path": request.path,
                "status": status,
                "purse": self._purse(side, request),
                "company": company,
                "at": self.clock.now().isoformat(),
            }
        )

    def _purse(self, side: str, request: Request) -> str:
        if side == "billcom":
            return "login" if request.path in _LOG_IN else "billcom"
        return "metered" if self.qbo.metered(request) else "free"

    def _company(self, side: str, request: Request) -> str:
        """Asked before the call, since a log-out ends what would tell it afterwards."""
        if side == "qbo":
            found = _REALM.match(request.path)
            return found.group(1) if found else ""
        if request.path in _LOG_IN:
            return next((id for id in self.billcom.organizations if id.encode() in request.body), "")
        return self.billcom.company_of(request)

    def counts(self, company: str = "") -> Counter[str]:
        """How many calls were made of each purse."""
        return Counter(call["purse"] for call in self.calls if company in ("", call["company"]))

    # --- faults ------------------------------------------------------------------------------------------------------

    def _faulty(self, side: str, request: Request, fault: Fault) -> Delivery:
        if fault.kind in AFTER:
            return _spoiled(fault, self._answer(side, request))
        if fault.kind is FaultKind.SLOW:
            return Delivery(self._answer(side, request), fault.seconds)
        if fault.kind in _BEFORE:
            seconds = fault.seconds if fault.kind is FaultKind.TIMEOUT_BEFORE else 0.0
            return Delivery(Response(503), seconds, dropped=True)
        refused = refusal(side, fault.kind)
        if refused is not None:
            return Delivery(refused)
        product = self.qbo if side == "qbo" else self.billcom
        return Delivery(product.misbehave(fault.kind.value, request, lambda: self._answer(side, request)))


def _inside(request: Request, prefix: str) -> Request:
    path = request.path.removeprefix(prefix)
    return Request(request.method, path, request.query, request.headers, request.body)


def _spoiled(fault: Fault, response: Response) -> Delivery:
    """What was asked for has been done; its answer does not arrive whole."""
    if fault.kind is FaultKind.TIMEOUT_AFTER:
        return Delivery(response, fault.seconds, dropped=True)
    if fault.kind is FaultKind.RESET_AFTER:
        return Delivery(response, dropped=True)
    if fault.kind is FaultKind.UNAVAILABLE_AFTER:
        return Delivery(Response(503, b"", {"content-type": "text/plain"}))
    if fault.kind is FaultKind.TRUNCATED_JSON:
        return Delivery(Response(response.status, response.body[: len(response.body) // 2], response.headers))
    return Delivery(json_response(response.status, {"unexpected": ["shape"]}))
