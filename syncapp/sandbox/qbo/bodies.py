"""Refusals, in the two spellings that QuickBooks has for them."""

from __future__ import annotations

from typing import Any

VALIDATION = "ValidationFault"
SYSTEM = "SystemFault"
AUTHORIZATION = "AuthorizationFault"


class Fault(ValueError):
    """What QuickBooks refuses, with the code it names. Business faults are 400 and capitalised (shape A).

    Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
    """

    def __init__(
        self, code: str, message: str, detail: str, *, element: str = "", type: str = VALIDATION, status: int = 400
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code = code
        self.message = message
        self.detail = detail
        self.element = element
        self.type = type
        self.status = status

    def fault(self) -> dict[str, Any]:
        error = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element:
            error["element"] = self.element
        return {"Error": [error], "type": self.type}

    def body(self, time: str, millis: int) -> dict[str, Any]:
        return {"Fault": self.fault(), "time": time}


class GatewayFault(Fault):
    """What the gateway in front of the books refuses: lower-case keys and an envelope of nulls (shape B)."""

    def body(self, time: str, millis: int) -> dict[str, Any]:
        error = {"message": self.message, "detail": self.detail, "code": self.code, "element": None}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.type},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": millis,
            "status": None,
            "cdcresponse": [],
        }


def unauthenticated(detail: str) -> Fault:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return GatewayFault("3200", message, detail, type="AUTHENTICATION", status=401)


def forbidden(detail: str) -> Fault:
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return GatewayFault("3100", message, detail, type="AUTHORIZATION", status=403)


def throttled() -> Fault:
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    return GatewayFault("3001", message, "You have exceeded the throttle limit.", type="THROTTLING", status=429)


def lost_access(status: int) -> Fault:
    detail = "-11014 You do not have access to this company: the user who connected is not an administrator."
    return Fault("120", "Authorization Failure", detail, type=AUTHORIZATION, status=status)


def unsupported(detail: str) -> Fault:
    return Fault("500", "Unsupported Operation", detail)


def unknown_property(name: str) -> Fault:
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return Fault("2010", "Request has invalid or unsupported property", detail, element=name)


def unreadable(name: str, value: object, wanted: str) -> Fault:
    detail = f"Property Name:{name}: cannot read {str(value)[:200]!r} as {wanted}"
    return Fault("2010", "Request has invalid or unsupported property", detail, element=name)


def required(name: str) -> Fault:
    message = "Required param missing, need to supply the required value for the API"
    return Fault("2020", message, f"Required parameter {name} is missing in the request", element=name)


def too_long(name: str, limit: int, length: int) -> Fault:
    detail = f"{name} has {length} characters; the most is {limit}"
    return Fault("2050", "String length is either shorter or longer than supported by specification", detail,
                 element=name)  # fmt: skip


def illegal_number(name: str, value: object) -> Fault:
    return Fault("2080", "Illegal number", f"{name}: {str(value)[:40]} is not a number that can be kept", element=name)


def invalid_choice(name: str, value: object) -> Fault:
    return Fault("2170", "Invalid Enumeration", f"Invalid Enumeration : {value} for {name}", element=name)


def unknown_reference(family: str, id: str, element: str) -> Fault:
    detail = f"Invalid Reference Id : {family} element id {id} not found"
    return Fault("2500", "Invalid Reference Id", detail, element=element)


def inactive_reference(code: str, family: str, id: str, element: str) -> Fault:
    detail = (
        f"Object Not Found : Something you're trying to use has been made inactive. "
        f"Check the fields with accounts, customers, items, vendors or employees. ({family} element id {id})"
    )
    return Fault(code, "Object Not Found" if code == "610" else "Invalid Reference Id", detail, element=element)


def not_found(name: str, id: str) -> Fault:
    detail = f"Object Not Found : Another user has deleted this transaction, or it never was: {name} {id}"
    return Fault("610", "Object Not Found", detail)


def stale(who: str) -> Fault:
    detail = (
        f"Stale Object Error : You and {who} were working on this at the same time. "
        f"{who} finished before you did, so your work was not saved."
    )
    return Fault("5010", "Stale Object Error", detail)


def business(detail: str, *, element: str = "") -> Fault:
    message = "A business validation error has occurred while processing your request"
    return Fault("6000", message, f"Business Validation Error: {detail}", element=element)


def amount_mismatch(element: str) -> Fault:
    message = "Amount calculation incorrect in the request"
    return Fault("6070", message, "Amount is not equal to UnitPrice * Qty", element=element)


def duplicate_number(number: str, kind: str, id: str) -> Fault:
    detail = f"Duplicate Document Number Error : You must specify a different number. {number} is used by {kind} {id}."
    return Fault("6140", "Duplicate Document Number Error", detail, element="DocNumber")


def period_closed(closed: str) -> Fault:
    detail = f"The account period has closed and the account books cannot be updated through this date: {closed}"
    return Fault("6210", "Account Period Closed, Cannot Update Through Services API", detail, element="TxnDate")


def duplicate_name(name: str, kind: str, id: str) -> Fault:
    detail = f"The name supplied already exists. : {name} is used by {kind} Id={id}"
    return Fault("6240", "Duplicate Name Exists Error", detail, element="Name")


def deposited(id: str) -> Fault:
    detail = f"Deposited Transaction cannot be changed : {id}. Delete the deposit first."
    return Fault("6540", "Deposited Transaction cannot be changed", detail)


def subscription_ended() -> Fault:
    detail = "The subscription of this company has ended: it can be read, not written."
    return Fault("6190", "Invalid Company Status", detail)


def query_error(detail: str) -> Fault:
    return Fault("4000", "Error parsing query", f"QueryParserError: {detail}")


def query_invalid(detail: str) -> Fault:
    return Fault("4001", "Invalid query", f"QueryValidationError: {detail}")
