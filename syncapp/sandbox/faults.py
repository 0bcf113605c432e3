"""What can go wrong on the way, asked for beforehand: each fault waits for the calls it is meant for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from syncapp.sandbox.http import Request, Response, json_response

SIDES = ("qbo", "billcom")
# Seconds that a fault may last: longer than any client waits.
LONGEST = 3600


class FaultKind(StrEnum):
    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429_retry_after"
    ERROR = "500"
    UNAVAILABLE = "503"
    UNAVAILABLE_AFTER = "503_after"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    TRUNCATED_JSON = "truncated_json"
    ODD_SHAPE = "odd_shape"
    SLOW = "slow"
    FAULT_IN_200 = "fault_in_200"
    DROP_LINK = "drop_link"
    STALE_TOKEN = "stale_token"
    EXPIRE_TOKEN = "expire_token"
    REVOKE_CONSENT = "revoke_consent"
    SESSION_LOST = "session_lost"
    DEMOTE_USER = "demote_user"


MEANINGS: dict[FaultKind, str] = {
    FaultKind.TOO_MANY: "refused: too many calls",
    FaultKind.TOO_MANY_RETRY_AFTER: "refused: too many calls, with Retry-After",
    FaultKind.ERROR: "refused: internal error",
    FaultKind.UNAVAILABLE: "refused: service unavailable",
    FaultKind.UNAVAILABLE_AFTER: "done, but answered with service unavailable",
    FaultKind.TIMEOUT_BEFORE: "not done and not answered",
    FaultKind.TIMEOUT_AFTER: "done, but never answered",
    FaultKind.RESET_BEFORE: "not done, the connection is cut",
    FaultKind.RESET_AFTER: "done, then the connection is cut",
    FaultKind.TRUNCATED_JSON: "done, but half of the answer is missing",
    FaultKind.ODD_SHAPE: "done, but the answer has an unknown shape",
    FaultKind.SLOW: "done and answered, late",
    FaultKind.FAULT_IN_200: "not done; a fault inside an answer of status 200",
    FaultKind.DROP_LINK: "QuickBooks leaves out a payment's links without a word",
    FaultKind.STALE_TOKEN: "somebody else saves the record just before",
    FaultKind.EXPIRE_TOKEN: "the access token or session has run out",
    FaultKind.REVOKE_CONSENT: "the client's consent is withdrawn",
    FaultKind.SESSION_LOST: "the session is gone",
    FaultKind.DEMOTE_USER: "whoever connected may not do so any more",
}

# These let the request through and spoil the answer: what was asked for has been done.
AFTER = {
    FaultKind.UNAVAILABLE_AFTER,
    FaultKind.TIMEOUT_AFTER,
    FaultKind.RESET_AFTER,
    FaultKind.TRUNCATED_JSON,
    FaultKind.ODD_SHAPE,
}


@dataclass
class Fault:
    """``side``: qbo, billcom or "" for both; ``company``: a realm or organization, or "" for any.

    ``skip``: so many fitting calls pass first. ``times``: how many it spoils. ``seconds``: how long it lasts.
    """

    kind: FaultKind
    side: str = ""
    company: str = ""
    method: str = ""
    path_contains: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 40.0
    hits: int = 0

    def meets(self, side: str, company: str, request: Request) -> bool:
        if self.times <= 0 or not self._fits(side, company, request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.hits += 1
        return True

    def _fits(self, side: str, company: str, request: Request) -> bool:
        return (
            self.side in ("", side)
            and self.company in ("", company)
            and self.method in ("", request.method)
            and self.path_contains.lower() in request.path.lower()
        )

    def shown(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in _TYPES}, "kind": self.kind.value, "hits": self.hits}


_TYPES: dict[str, type | tuple[type, ...]] = {
    "side": str,
    "company": str,
    "method": str,
    "path_contains": str,
    "times": int,
    "skip": int,
    "seconds": (int, float),
}


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def read(wanted: Any) -> Fault:
    """A fault from its JSON. Raises ValueError with what is wrong."""
    if not isinstance(wanted, dict) or wanted.get("kind") not in tuple(FaultKind):
        raise ValueError(f"a fault needs a kind: {', '.join(FaultKind)}")
    given = {name: value for name, value in wanted.items() if name != "kind"}
    if unknown := set(given) - set(_TYPES):
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    given = {name: _plain(value) for name, value in given.items()}
    for name, value in given.items():
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise ValueError(f"{name} of a fault can't be {value!r}")
    if not 0 <= given.get("seconds", 0) <= LONGEST:
        raise ValueError(f"seconds of a fault are from 0 to {LONGEST}")
    if given.get("side", "") not in ("", *SIDES):
        raise ValueError(f"the side is one of {', '.join(SIDES)}")
    return Fault(FaultKind(wanted["kind"]), **{**given, "method": given.get("method", "").upper()})


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def meet(self, side: str, company: str, request: Request) -> Fault | None:
        """The first fault meant for this call, used up by one."""
        return next((fault for fault in self.waiting if fault.meets(side, company, request)), None)


# --- how refusals look -----------------------------------------------------------------------------------------------

_WORDS = {
    FaultKind.TOO_MANY: (429, "003001", "BDC_1322", "ThrottleExceeded"),
    FaultKind.TOO_MANY_RETRY_AFTER: (429, "003001", "BDC_1144", "ThrottleExceeded"),
    FaultKind.ERROR: (500, "10000", "BDC_1001", "An application error has occurred"),
    FaultKind.UNAVAILABLE: (503, "10000", "BDC_1001", "Service unavailable"),
}
RETRY_AFTER = "2"


def refusal(side: str, kind: FaultKind) -> Response | None:
    """What is answered instead of carrying the call out; None where this fault is of another kind."""
    if kind not in _WORDS:
        return None
    status, qbo_code, billcom_code, words = _WORDS[kind]
    headers = {"retry-after": RETRY_AFTER} if kind is FaultKind.TOO_MANY_RETRY_AFTER else {}
    if side == "qbo":
        error = {"message": words, "detail": words, "code": qbo_code, "element": None}
        return json_response(status, {"fault": {"error": [error], "type": "SERVICE"}, "time": 0}, headers)
    one = {"code": billcom_code, "severity": "ERROR", "category": "DOWNSTREAM", "message": words}
    return json_response(status, [one], headers)
