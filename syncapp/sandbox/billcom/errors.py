"""How BILL says no: an array of problems, each with a code of its own.

Refused
├── invalid      400  a field is wrong; one problem per field
├── signed_out   401  BDC_1109, the session is gone
├── denied       403  the session's user may not do this
├── untrusted    403  BDC_1361, a session without MFA
├── missing      404  no such record, or no such path (BDC_1121)
├── duplicate    422  BDC_1171, a number or name that is taken
└── limited           BDC_1144 an hour's calls, BDC_1322 three at once

Reference: https://developer.bill.com/docs/common-api-error-codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. Field rules may come without a code, as BILL's own do."""

    message: str
    code: str = ""
    field: str = ""

    def shown(self, at: str) -> dict[str, Any]:
        body: dict[str, Any] = {"timestamp": at, "severity": "ERROR", "category": "REQUEST", "message": self.message}
        if self.code:
            body["code"] = self.code
        if self.field:
            body["params"] = [{"name": "field", "value": self.field, "additional": {}}]
        return body

    def inside(self, prefix: str) -> Problem:
        """The same problem, told of one record of several."""
        return Problem(f"{prefix}{self.message}", self.code, f"{prefix}{self.field}" if self.field else "")


class Refused(ValueError):
    """A call that BILL does not carry out, since something in it is wrong; nothing has been changed."""

    def __init__(self, status: int, *problems: Problem, category: str = "REQUEST") -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.status = status
        self.problems = problems
        self.category = category

    @property
    def code(self) -> str:
        return self.problems[0].code if self.problems else ""

    def body(self, at: str) -> list[dict[str, Any]]:
        return [problem.shown(at) | {"category": self.category} for problem in self.problems]


def invalid(message: str, field: str = "", code: str = "BDC_1143") -> Refused:
    return Refused(400, Problem(message, code, field))


def signed_out() -> Refused:
    return Refused(401, Problem("Session is invalid. Please log in.", "BDC_1109"), category="APPLICATION")


def wrong_sign_in() -> Refused:
    return Refused(401, Problem("User name or password is incorrect.", "BDC_1101"), category="APPLICATION")


def wrong_developer_key() -> Refused:
    return Refused(401, Problem("Developer key is invalid.", "BDC_1102"), category="APPLICATION")


def denied(what: str, code: str) -> Refused:
    return Refused(403, Problem(f"You do not have permission to {what}.", code), category="APPLICATION")


def untrusted() -> Refused:
    return Refused(403, Problem("Untrusted session. Complete the MFA process.", "BDC_1361"), category="APPLICATION")


def missing(what: str, identifier: str, status: int, code: str) -> Refused:
    return Refused(status, Problem(f"{what} with id {identifier} was not found.", code, "id"))


def no_such_path(method: str, path: str) -> Refused:
    return Refused(404, Problem(f"{method} {path} is not supported.", "BDC_1121"))


def duplicate(message: str, field: str) -> Refused:
    return Refused(422, Problem(message, "BDC_1171", field))


def too_many_this_hour(what: str, status: int) -> Refused:
    message = f"The maximum number of {what} per hour has been reached. Wait for the next hour."
    return Refused(status, Problem(message, "BDC_1144"), category="DOWNSTREAM")


def too_many_at_once(status: int) -> Refused:
    message = "The maximum number of simultaneous requests of this organization has been reached."
    return Refused(status, Problem(message, "BDC_1322"), category="DOWNSTREAM")
