"""A remote's refusal, whichever remote's: what it says, and the error it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    Taken,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.http import Answer

THROTTLE_SECONDS = 60.0
NO_WORDS = "refused without a word"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal says. Of several errors the first names the code and the field; the words are everyone's."""

    code: str = ""
    message: str = NO_WORDS
    detail: str = ""
    element: str = ""
    type: str = ""


Maker = Callable[[Fault, Answer], GatewayError]


def by_status(fault: Fault, answer: Answer) -> GatewayError:
    """The error where the code says nothing."""
    status = answer.status
    if status >= 500 or status == 408:
        return unavailable(fault, answer)
    if status == 429:
        return limited(Scope.MINUTE, THROTTLE_SECONDS)(fault, answer)
    if status == 401:
        return unauthorized(Reason.TOKEN)(fault, answer)
    if status == 404:
        return plain(NotFound)(fault, answer)
    if 300 <= status < 400:
        return plain(BadAnswer)(fault, answer)
    return plain(Rejected)(fault, answer)


def of_content(answer: Answer) -> GatewayError | None:
    """The error that an answer to a fetched file stands for, by its status alone: what a file holds may look like a
    refusal. None of them says anything of the connection, which was asked for the file's address a moment ago.
    """
    if answer.ok:
        return None
    status = answer.status
    if status in (401, 408, 429) or status >= 500:
        return unavailable(no_words(answer), answer)
    return plain(NotFound if status in (404, 410) else Rejected)(no_words(answer), answer)


def no_words(answer: Answer) -> Fault:
    return Fault(message=f"answered with status {answer.status}")


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


def _said(fault: Fault, answer: Answer) -> str:
    return answer.call.scrub(fault.message)


def plain(kind: type[GatewayError]) -> Maker:
    return lambda fault, answer: kind(answer.call.side, _said(fault, answer), **_facts(fault, answer))


def unavailable(fault: Fault, answer: Answer) -> GatewayError:
    # It may have failed after it had saved.
    facts = _facts(fault, answer)
    facts["outcome_unknown"] = answer.call.write
    return Unavailable(answer.call.side, _said(fault, answer), **facts)


def not_now(seconds: float) -> Maker:
    """Nothing was done; better after so many seconds."""

    def make(fault: Fault, answer: Answer) -> GatewayError:
        facts = _facts(fault, answer)
        facts["retry_after"] = answer.retry_after(default=seconds)
        return Unavailable(answer.call.side, _said(fault, answer), **facts)

    return make


def limited(scope: Scope, seconds: float) -> Maker:
    def make(fault: Fault, answer: Answer) -> GatewayError:
        facts = _facts(fault, answer)
        facts["retry_after"] = answer.retry_after(default=seconds)
        return RateLimited(answer.call.side, _said(fault, answer), scope=scope, **facts)

    return make


def unauthorized(reason: Reason) -> Maker:
    return lambda fault, answer: Unauthorized(
        answer.call.side, _said(fault, answer), reason=reason, **_facts(fault, answer)
    )


def duplicate(kind: Taken) -> Maker:
    return lambda fault, answer: Duplicate(answer.call.side, _said(fault, answer), kind=kind, **_facts(fault, answer))
