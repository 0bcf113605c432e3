"""BILL's refusals: an array of errors, each with a code, or without."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from syncapp.gateways.errors import GatewayError, Reason, Rejected, Scope, Taken
from syncapp.gateways.faults import (
    NO_WORDS,
    Fault,
    Maker,
    by_status,
    duplicate,
    limited,
    no_words,
    not_now,
    plain,
    unauthorized,
    unavailable,
)
from syncapp.gateways.http import Answer, decode

LOCKED_SECONDS = 600.0
AT_ONCE_SECONDS = 5.0
# Our clock and theirs don't agree to the second; an hour begun too early is refused once more.
HOUR_MARGIN = 5.0

# Reference: https://developer.bill.com/docs/common-api-error-codes
# Reference: https://developer.bill.com/docs/api-rate-limits
HOURLY_LIMIT = "BDC_1144"
_BY_CODE: dict[str, Maker] = {
    "BDC_1001": unavailable,
    # Wrong user name or password; wrong developer key, or one of the other environment.
    "BDC_1101": unauthorized(Reason.CREDENTIALS),
    "BDC_1102": unauthorized(Reason.CREDENTIALS),
    # The organization may not use the API.
    "BDC_1105": unauthorized(Reason.ACCESS),
    # The organization is locked for some minutes, after too many bad log-ins or calls.
    "BDC_1107": not_now(LOCKED_SECONDS),
    "BDC_1109": unauthorized(Reason.TOKEN),
    "BDC_1120": unauthorized(Reason.TOKEN),
    # The call itself is wrong, whatever it was about: not a missing object, though the status says so.
    "BDC_1121": plain(Rejected),
    "BDC_1171": duplicate(Taken.NUMBER),
    "BDC_1322": limited(Scope.CONCURRENT, AT_ONCE_SECONDS),
}

_FIELD = re.compile(r"^((?:\[\d+\]\.)?[A-Za-z][\w.\[\]]*): \S")
_ALREADY_THERE = re.compile(r"duplicate|already (?:exists|in use|been used|taken)", re.IGNORECASE)
_MILD = ("WARNING", "INFORMATION")


def error_in(answer: Answer, now: datetime) -> GatewayError | None:
    """The error an answer stands for; None when it is a good one."""
    if answer.ok and b"BDC_" not in answer.body:
        return None
    try:
        body = decode(answer.body)
    except ValueError:
        body = None
    fault = _fault_in(body, refused=not answer.ok)
    if fault is not None:
        return _error_for(fault, answer, now)
    return None if answer.ok else by_status(no_words(answer), answer)


def _fault_in(body: Any, *, refused: bool) -> Fault | None:
    """Of the array, or of one object in its place. In an answer with status 200, only what can't be a record."""
    listed = [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict)]
    errors = [each for each in listed if refused or str(each.get("code", "")).startswith("BDC_")]
    # A warning may stand before the error.
    errors.sort(key=lambda each: each.get("severity") in _MILD)
    if not errors:
        return None
    messages = list(dict.fromkeys(filter(None, map(_message, errors))))
    field = _FIELD.match(messages[0]) if messages else None
    return Fault(
        code=str(errors[0].get("code") or ""),
        message="; ".join(messages) or NO_WORDS,
        element=field[1] if field else "",
    )


def _message(error: dict[str, Any]) -> str:
    return str(error.get("message") or error.get("detail") or error.get("error") or "")


def _error_for(fault: Fault, answer: Answer, now: datetime) -> GatewayError:
    if fault.code == HOURLY_LIMIT:
        return limited(Scope.HOUR, _until_next_hour(now))(fault, answer)
    make = _BY_CODE.get(fault.code)
    if make is not None:
        return make(fault, answer)
    if answer.status in (400, 409, 422) and _ALREADY_THERE.search(fault.message):
        # The codes for a taken name are not published. Where this reads it wrongly, no twin will be found.
        taken = Taken.NUMBER if "number" in fault.message.lower() else Taken.NAME
        return duplicate(taken)(fault, answer)
    return by_status(fault, answer)


def _until_next_hour(now: datetime) -> float:
    begun = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (begun + timedelta(hours=1) - now).total_seconds() + HOUR_MARGIN
