"""QuickBooks' refusals. They come in two spellings, and sometimes with status 200."""

from __future__ import annotations

from typing import Any

import msgspec

from syncapp.gateways.errors import GatewayError, NotFound, Reason, Scope, StaleVersion, Taken
from syncapp.gateways.faults import (
    NO_WORDS,
    THROTTLE_SECONDS,
    Fault,
    Maker,
    by_status,
    duplicate,
    limited,
    no_words,
    plain,
    unauthorized,
    unavailable,
)
from syncapp.gateways.http import Answer, decode

# Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
# Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles (3001: wait 60 seconds)
_BY_CODE: dict[str, Maker] = {
    "3001": limited(Scope.MINUTE, THROTTLE_SECONDS),
    "5010": plain(StaleVersion),
    "610": plain(NotFound),
    "6240": duplicate(Taken.NAME),
    "6140": duplicate(Taken.NUMBER),
    "100": unauthorized(Reason.TOKEN),
    "3200": unauthorized(Reason.TOKEN),
    # The person who connected is no longer an administrator.
    "120": unauthorized(Reason.ACCESS),
    # Not this company's token, or the consent was withdrawn.
    "3100": unauthorized(Reason.ACCESS),
}
FIRST_SYSTEM_CODE = 10000


class _Envelope(msgspec.Struct):
    """An answer, of which only the fault is decoded: the rest may be thirty pages."""

    Fault: msgspec.Raw = msgspec.Raw()
    fault: msgspec.Raw = msgspec.Raw()


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def error_in(answer: Answer) -> GatewayError | None:
    """The error a whole answer stands for; None when it is a good one."""
    fault = _fault_of(answer.body)
    if fault is not None:
        return error_for(fault, answer)
    return None if answer.ok else _by_status(no_words(answer), answer)


def _fault_of(body: bytes) -> Fault | None:
    try:
        envelope = _envelope_decoder.decode(body)
        raw = bytes(envelope.Fault) or bytes(envelope.fault)
        return fault_in({"Fault": decode(raw)}) if raw else None
    except (ValueError, RecursionError):
        return None


def fault_in(body: dict[str, Any]) -> Fault | None:
    """The fault of a decoded reply or of one batch item: `Fault`, or as its gateway spells it, `fault`."""
    fault = body.get("Fault") or body.get("fault")
    if not isinstance(fault, dict):
        return None
    errors = _get(fault, "Error")
    listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    first: dict[str, Any] = listed[0] if listed else {}
    details = dict.fromkeys(_text(each, "Detail") for each in listed)
    return Fault(
        code=_code(_text(first, "code")),
        message=_text(first, "Message") or NO_WORDS,
        detail="; ".join(filter(None, details)),
        element=_text(first, "element"),
        type=_text(fault, "type"),
    )


def _get(found: dict[str, Any], name: str) -> Any:
    return found.get(name, found.get(name.lower()))


def _text(found: dict[str, Any], name: str) -> str:
    value = _get(found, name)
    return "" if value is None else str(value)


def _code(code: str) -> str:
    """Without the leading zeros that the gateway's codes have."""
    return (code.lstrip("0") or "0") if code.isdecimal() else code


def error_for(fault: Fault, answer: Answer) -> GatewayError:
    """The class is chosen by the code; where there is none we know, by the type and the status."""
    make = _BY_CODE.get(fault.code)
    if make is not None:
        return make(fault, answer)
    if fault.type == "SystemFault" or (fault.code.isdecimal() and int(fault.code) >= FIRST_SYSTEM_CODE):
        return unavailable(fault, answer)
    return _by_status(fault, answer)


def _by_status(fault: Fault, answer: Answer) -> GatewayError:
    return unauthorized(Reason.ACCESS)(fault, answer) if answer.status == 403 else by_status(fault, answer)
