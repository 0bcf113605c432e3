"""QuickBooks' refusals, turned into our errors. They come in two spellings, and sometimes with status 200."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncapp.core.sides import Side
from syncapp.gateways.errors import (
    BadAnswer,
    Duplicate,
    Facts,
    GatewayError,
    NotFound,
    RateLimited,
    Reason,
    Rejected,
    Scope,
    StaleVersion,
    Taken,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.http import Answer, decode

# Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
THROTTLED = "3001"
TOKEN_CODES = frozenset({"100", "3200"})
# 120: the person who connected is no longer an administrator. 3100: not this company, or the consent was withdrawn.
ACCESS_CODES = frozenset({"120", "3100"})
NOT_FOUND = "610"
STALE = "5010"
DUPLICATES = {"6240": Taken.NAME, "6140": Taken.NUMBER}
FIRST_SYSTEM_CODE = 10000
THROTTLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault says; of several errors the first names the code, and all are in the detail."""

    type: str = ""
    code: str = ""
    message: str = ""
    detail: str = ""
    element: str = ""


def fault_in(body: Any) -> Fault | None:
    """The fault of a decoded reply or of one batch item: `Fault`, or as its gateway spells it, `fault`."""
    if not isinstance(body, dict):
        return None
    fault = body.get("Fault") or body.get("fault")
    if not isinstance(fault, dict):
        return None
    errors = _get(fault, "Error")
    listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    first: dict[str, Any] = listed[0] if listed else {}
    details = dict.fromkeys(_text(each, "Detail") for each in listed)
    return Fault(
        type=_text(fault, "type"),
        code=_code(_text(first, "code")),
        message=_text(first, "Message") or "refused without a word",
        detail="; ".join(filter(None, details)),
        element=_text(first, "element"),
    )


def _get(found: dict[str, Any], name: str) -> Any:
    return found.get(name, found.get(name.lower()))


def _text(found: dict[str, Any], name: str) -> str:
    value = _get(found, name)
    return "" if value is None else str(value)


def _code(code: str) -> str:
    """Without the leading zeros that the gateway's codes have."""
    return (code.lstrip("0") or "0") if code.isdigit() else code


def error_in(answer: Answer) -> GatewayError | None:
    """The error a whole answer stands for; None when it is a good one."""
    try:
        body = decode(answer.body)
    except ValueError:
        body = None
    fault = fault_in(body)
    if fault is not None:
        return error_for(fault, answer)
    return None if answer.ok else _by_status(Fault(message=f"answered with status {answer.status}"), answer)


def error_for(fault: Fault, answer: Answer) -> GatewayError:
    """The class is chosen by the code; where there is none we know, by the type and the status."""
    make = _BY_CODE.get(fault.code)
    if make is not None:
        return make(fault, answer)
    if fault.type == "SystemFault" or (fault.code.isdigit() and int(fault.code) >= FIRST_SYSTEM_CODE):
        return _unavailable(fault, answer)
    return _by_status(fault, answer)


def _facts(fault: Fault, answer: Answer) -> Facts:
    scrub = answer.call.scrub
    return Facts(
        status=answer.status,
        code=scrub(fault.code),
        detail=scrub(fault.detail),
        element=scrub(fault.element),
        raw=answer.raw,
        retry_after=answer.retry_after(),
        trace=answer.trace,
    )


def _by_status(fault: Fault, answer: Answer) -> GatewayError:
    status = answer.status
    if status >= 500 or status == 408:
        return _unavailable(fault, answer)
    if status == 429:
        return _throttled(fault, answer)
    if status == 401:
        return _unauthorized(Reason.TOKEN)(fault, answer)
    if status == 403:
        return _unauthorized(Reason.ACCESS)(fault, answer)
    if status == 404:
        return _plain(NotFound)(fault, answer)
    if 300 <= status < 400:
        return _plain(BadAnswer)(fault, answer)
    return _plain(Rejected)(fault, answer)


_Maker = Callable[[Fault, Answer], GatewayError]


def _said(fault: Fault, answer: Answer) -> str:
    return answer.call.scrub(fault.message)


def _plain(kind: type[GatewayError]) -> _Maker:
    return lambda fault, answer: kind(Side.QBO, _said(fault, answer), **_facts(fault, answer))


def _unavailable(fault: Fault, answer: Answer) -> GatewayError:
    # It may have failed after it had saved.
    facts = _facts(fault, answer)
    facts["outcome_unknown"] = answer.call.write
    return Unavailable(Side.QBO, _said(fault, answer), **facts)


def _throttled(fault: Fault, answer: Answer) -> GatewayError:
    facts = _facts(fault, answer)
    # Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles ("wait 60 seconds")
    facts["retry_after"] = answer.retry_after(default=THROTTLE_SECONDS)
    return RateLimited(Side.QBO, _said(fault, answer), scope=Scope.MINUTE, **facts)


def _unauthorized(reason: Reason) -> _Maker:
    return lambda fault, answer: Unauthorized(
        Side.QBO, _said(fault, answer), reason=reason, **_facts(fault, answer)
    )


def _duplicate(kind: Taken) -> _Maker:
    return lambda fault, answer: Duplicate(Side.QBO, _said(fault, answer), kind=kind, **_facts(fault, answer))


_BY_CODE: dict[str, _Maker] = {
    THROTTLED: _throttled,
    STALE: _plain(StaleVersion),
    NOT_FOUND: _plain(NotFound),
    **{code: _unauthorized(Reason.TOKEN) for code in TOKEN_CODES},
    **{code: _unauthorized(Reason.ACCESS) for code in ACCESS_CODES},
    **{code: _duplicate(kind) for code, kind in DUPLICATES.items()},
}
