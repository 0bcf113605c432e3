"""What can go wrong on the way, asked for beforehand: each fault waits for the calls it is meant for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncapp.sandbox.http import Request


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
    """``side``: qbo, billcom or "" for both. ``skip``: so many fitting calls pass first. ``seconds``: its length."""

    kind: FaultKind
    side: str = ""
    method: str = ""
    path_contains: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 40.0
    hits: int = 0

    def meets(self, side: str, request: Request) -> bool:
        fits = (
            self.side in ("", side)
            and self.method in ("", request.method)
            and self.path_contains.lower() in request.path.lower()
        )
        if not fits or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.hits += 1
        return True

    def shown(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in _FIELDS}, "kind": self.kind.value, "hits": self.hits}


_FIELDS = ("side", "method", "path_contains", "times", "skip", "seconds")


def read(wanted: Any) -> Fault:
    """A fault from its JSON. Raises ValueError with what is wrong."""
    if not isinstance(wanted, dict) or "kind" not in wanted:
        raise ValueError(f"a fault needs a kind: {', '.join(FaultKind)}")
    unknown = set(wanted) - {"kind", *_FIELDS}
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    if wanted["kind"] not in tuple(FaultKind):
        raise ValueError(f"there is no fault {wanted['kind']}; there are {', '.join(FaultKind)}")
    rest = {name: wanted[name] for name in _FIELDS if name in wanted}
    if wanted.get("side", "") not in ("", "qbo", "billcom"):
        raise ValueError("side is qbo or billcom")
    return Fault(FaultKind(wanted["kind"]), **rest)


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def meet(self, side: str, request: Request) -> Fault | None:
        """The first fault meant for this call, used up by one."""
        for fault in self.waiting:
            if fault.meets(side, request):
                return fault
        return None
