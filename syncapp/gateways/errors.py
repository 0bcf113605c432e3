"""What can go wrong at a remote; the class alone decides what happens next.

GatewayError
├── Unavailable      no answer, or "not now": try again later
├── RateLimited      asked too often: wait `retry_after` seconds, then go on
├── BadAnswer        answered, but not in the shape it promises: a person has to look
├── Unauthorized     the connection has to be made anew
├── StaleVersion     changed there since we read it: read it again, plan again
├── Duplicate        such a name or number is there already: look for the twin
├── TooOld           the remote no longer knows what changed since then: read everything
└── Rejected         this one object is refused: it waits, the others go on
    └── NotFound     there is no such object

`outcome_unknown` is True where the remote may have done what was asked: before a repeat, find out.
No class ever holds a token, a password, a session id or a key: what a remote says is scrubbed of them first.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict, Unpack

from syncapp.core.sides import Side

NOT_ALLOWED = 403
"""BILL: the user's role or the plan doesn't have it. Its code isn't documented, so the status tells."""


class Scope(StrEnum):
    """Which limit was met."""

    MINUTE = "minute"
    HOUR = "hour"
    CONCURRENT = "concurrent"
    MONTH = "month"


class Reason(StrEnum):
    """Why the connection has to be made anew."""

    TOKEN = "token"
    """The token or session was revoked, or is too old to be renewed."""
    ACCESS = "access"
    """The person who connected may no longer work with this company, or it is not this company's token."""
    CREDENTIALS = "credentials"
    """The user name, password, client secret or developer key is wrong."""


class Taken(StrEnum):
    """What there is already one of."""

    NAME = "name"
    NUMBER = "number"


class Facts(TypedDict, total=False):
    """Everything an error may carry besides its class."""

    status: int | None
    code: str
    detail: str
    element: str
    raw: str
    retry_after: float | None
    trace: str
    outcome_unknown: bool


class GatewayError(Exception):
    """A remote did not do what was asked.

    message, detail, code, element: the remote's own words (or ours, where it said nothing) and the field they name.
    raw: the beginning of the answer. trace: the remote's name for this request, which its support asks for.
    """

    def __init__(self, side: Side, message: str, **facts: Unpack[Facts]) -> None:
        self.side = side
        self.message = message
        self.status: int | None = facts.get("status")
        self.code: str = facts.get("code", "")
        self.detail: str = facts.get("detail", "")
        self.element: str = facts.get("element", "")
        self.raw: str = facts.get("raw", "")
        self.retry_after: float | None = facts.get("retry_after")
        self.trace: str = facts.get("trace", "")
        self.outcome_unknown: bool = facts.get("outcome_unknown", False)
        super().__init__(str(self))

    @property
    def words(self) -> str:
        """The sentence that says most: what to show to a person."""
        return self.detail or self.message

    def __str__(self) -> str:
        said = f"{self.message}: {self.detail}" if self.detail and self.detail != self.message else self.message
        named = [f"code {self.code}"] if self.code else []
        named += [f"field {self.element}"] if self.element else []
        return f"{self.side.label}: {said}" + (f" ({', '.join(named)})" if named else "")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class Unavailable(GatewayError):
    """No network, a time-out, or the remote's own trouble."""


class RateLimited(GatewayError):
    """Refused for being asked too often; nothing was done. `retry_after` is always set."""

    def __init__(self, side: Side, message: str, *, scope: Scope, **facts: Unpack[Facts]) -> None:
        super().__init__(side, message, **facts)
        self.scope = scope


class BadAnswer(GatewayError):
    """The answer can't be read, or lacks what it must have."""


class Unauthorized(GatewayError):
    """Renewing the token or the session did not help, or could not."""

    def __init__(self, side: Side, message: str, *, reason: Reason, **facts: Unpack[Facts]) -> None:
        super().__init__(side, message, **facts)
        self.reason = reason


class StaleVersion(GatewayError):
    """QuickBooks holds a newer version than the one the write named."""


class Duplicate(GatewayError):
    """The name or the number is taken."""

    def __init__(self, side: Side, message: str, *, kind: Taken, **facts: Unpack[Facts]) -> None:
        super().__init__(side, message, **facts)
        self.kind = kind


class TooOld(GatewayError):
    """QuickBooks tells changes of the last 30 days only."""


class Rejected(GatewayError):
    """The remote refuses this object, by its rules or its user's."""


class NotFound(Rejected):
    """It was never there, or was deleted."""
