"""The calls of v3, by method and path, once the session is known.

Reference: https://developer.bill.com/reference
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncapp.sandbox.billcom import approvals, documents, invoices, notices, payments
from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.declaring import Resource, Right, Verb
from syncapp.sandbox.billcom.errors import denied, invalid, missing, no_such_path
from syncapp.sandbox.billcom.fields import Mode
from syncapp.sandbox.billcom.lists import page_of, read_query
from syncapp.sandbox.billcom.organization import Organization
from syncapp.sandbox.billcom.resources import BY_PATH, RESOURCES
from syncapp.sandbox.billcom.sessions import Session, Sessions, Way
from syncapp.sandbox.billcom.values import Row
from syncapp.sandbox.http import Request

Answer = tuple[int, Any]
TWO_STEP = ("classifications", "funding-accounts")
MODES = {"POST": Mode.CREATE, "PATCH": Mode.PATCH, "PUT": Mode.PUT}
VERBS = {"POST": Verb.CREATE, "PATCH": Verb.PATCH, "PUT": Verb.PUT}
SWAPS = {"archive": (Verb.ARCHIVE, True), "restore": (Verb.RESTORE, False)}
ORGANIZATION_FIELDS = ("name", "address", "mailingAddress", "phone", "taxId", "taxIdType", "industry", "accountType")


@dataclass(slots=True)
class Call:
    """One call of a signed-in client."""

    request: Request
    session: Session
    sessions: Sessions
    books: Books

    @property
    def organization(self) -> Organization:
        return self.books.organization

    def body(self) -> Any:
        try:
            return self.request.json()
        except ValueError:
            raise invalid("The body is not valid JSON") from None

    def refuse_path(self) -> Answer:
        raise no_such_path(self.request.method, self.request.path)

    def demand(self, right: Right, what: str) -> None:
        self.sessions.demand(self.session, right, what)


def answer(call: Call, rest: list[str]) -> Answer:
    """The status and body for a path below ``/connect/v3/``."""
    special = SPECIAL.get(rest[0])
    if special is not None:
        found = special(call, rest[1:])
        if found is not None:
            return found
    name = "/".join(rest[:2]) if rest[0] in TWO_STEP else rest[0]
    resource = BY_PATH.get(name)
    if resource is None:
        return call.refuse_path()
    return _generic(call, resource, rest[2:] if rest[0] in TWO_STEP else rest[1:])


def _generic(call: Call, resource: Resource, tail: list[str]) -> Answer:
    method, switches = call.request.method, call.books.switches
    if resource.name in switches.billcom_not_in_plan.split(","):
        raise denied(f"use {resource.path}", switches.billcom_permission_code)
    match tail:
        case [] if method == "GET":
            return _list(call, resource)
        case [] if method == "POST":
            return _create(call, resource)
        case ["bulk"] if method in VERBS and resource.bulk:
            return _bulk(call, resource)
        case ["bulk", swap] if method == "POST" and swap in SWAPS and resource.bulk:
            return _bulk_swap(call, resource, *SWAPS[swap])
        case [identifier] if method == "GET":
            row = call.books.find(resource, identifier)
            return 200, call.books.shown(resource, row, reading=True)
        case [identifier] if method in ("PATCH", "PUT") and VERBS[method] in resource.verbs:
            _allow(call, resource)
            row = call.books.change(resource, identifier, call.body(), MODES[method])
            return 200, call.books.shown(resource, row)
        case [identifier, swap] if method == "POST" and swap in SWAPS and SWAPS[swap][0] in resource.verbs:
            _allow(call, resource)
            row = call.books.set_archived(resource, identifier, SWAPS[swap][1])
            return 200, call.books.shown(resource, row)
    return call.refuse_path()


def _allow(call: Call, resource: Resource) -> None:
    call.demand(resource.right, f"change {resource.path}")


def _list(call: Call, resource: Resource) -> Answer:
    books = call.books
    query = read_query(resource, call.request.query, books.switches)
    table = books.organization.table(resource)
    return 200, page_of(table, query, lambda row: books.shown(resource, row, reading=True), books.switches)


def _create(call: Call, resource: Resource) -> Answer:
    if Verb.CREATE not in resource.verbs:
        return call.refuse_path()
    _allow(call, resource)
    if resource.name == "banks":
        call.demand(Right.ADMINISTER, "add a bank account")
        call.sessions.demand_trust(call.session)
    return 201, call.books.shown(resource, call.books.create(resource, call.body()))


def _bulk(call: Call, resource: Resource) -> Answer:
    bulk, method = resource.bulk, call.request.method
    assert bulk is not None
    if VERBS[method] not in bulk.verbs:
        return call.refuse_path()
    _allow(call, resource)
    payloads = call.body()
    if not isinstance(payloads, list) or not 1 <= len(payloads) <= bulk.create:
        raise invalid(f"size must be between 1 and {bulk.create}", resource.name)
    if method == "POST":
        return 201, _wrapped(call, resource, call.books.create_all(resource, payloads))
    return 200, _wrapped(call, resource, call.books.change_all(resource, payloads, MODES[method]))


def _bulk_swap(call: Call, resource: Resource, verb: Verb, archived: bool) -> Answer:
    bulk = resource.bulk
    assert bulk is not None
    if verb not in bulk.verbs:
        return call.refuse_path()
    _allow(call, resource)
    identifiers = [each for each in call.request.query.get("ids", "").split(",") if each]
    if not 1 <= len(identifiers) <= bulk.create:
        raise invalid(f"ids: size must be between 1 and {bulk.create}", "ids")
    return 200, _wrapped(call, resource, call.books.archive_all(resource, identifiers, archived))


def _wrapped(call: Call, resource: Resource, rows: list[Row]) -> Any:
    shown = [call.books.shown(resource, row) for row in rows]
    wrapper = resource.bulk.wrapper if resource.bulk else ""
    return {wrapper: shown} if wrapper else shown


# Paths of their own; None leaves the path to the common ways.


def _login(call: Call, rest: list[str]) -> Answer | None:
    match call.request.method, rest:
        case "GET", ["session"]:
            return 200, call.sessions.described(call.session)
        case "GET", ["organizations"]:
            return 200, {"results": call.sessions.reachable(call.session)}
    return None


def _logout(call: Call, rest: list[str]) -> Answer | None:
    if call.request.method != "POST" or rest:
        return None
    call.sessions.log_out(call.session)
    return 200, {}


def _mfa(call: Call, rest: list[str]) -> Answer | None:
    if call.request.method != "POST":
        return None
    match rest:
        case ["challenge"]:
            return 200, call.sessions.challenge(call.session)
        case ["challenge", "validate"]:
            return 200, call.sessions.validate(call.session, call.body())
        case ["step-up"]:
            return 200, call.sessions.step_up(call.session, call.body())
    return None


def _organizations(call: Call, rest: list[str]) -> Answer | None:
    method = call.request.method
    if rest[1:2] == ["payment-terms"]:
        return _payment_terms(call, rest[0], rest[2:])
    if len(rest) != 1 or method not in ("GET", "PATCH"):
        return None
    by_token = call.session.way is Way.SYNC_TOKEN and call.books.switches.billcom_sync_token_reads_organization
    if method == "PATCH" or not by_token:
        call.demand(Right.ADMINISTER, "see the organization's details")
    _check_organization(call, rest[0])
    if method == "PATCH":
        body = call.body()
        wanted = {name: body[name] for name in ORGANIZATION_FIELDS if name in body}
        call.organization.details |= {**wanted, "updatedTime": call.books.context.stamp()}
    return 200, call.organization.details


def _check_organization(call: Call, identifier: str) -> None:
    if identifier != call.organization.id:
        switches = call.books.switches
        raise missing("Organization", identifier, switches.billcom_missing_status, switches.billcom_missing_code)


def _payment_terms(call: Call, organization_id: str, tail: list[str]) -> Answer:
    """Reference: https://developer.bill.com/docs/payment-terms"""
    _check_organization(call, organization_id)
    return _generic(call, RESOURCES["payment-terms"], tail)


def _bills(call: Call, rest: list[str]) -> Answer | None:
    if rest != ["record-payment"] or call.request.method != "POST":
        return None
    call.demand(Right.USE, "record payments")
    return 200, payments.record(call.books, call.body(), call.session.user_id)


def _invoices(call: Call, rest: list[str]) -> Answer | None:
    if rest != ["record-payment"] or call.request.method != "POST":
        return None
    call.demand(Right.USE, "record payments")
    return 200, invoices.record(call.books, call.body())


def _payments(call: Call, rest: list[str]) -> Answer | None:
    if call.request.method != "POST":
        return None
    resource = RESOURCES["payments"]
    match rest:
        case [] | ["bulk"]:
            call.sessions.demand_trust(call.session)
            call.demand(Right.PAY, "pay bills")
            if rest:
                rows = payments.pay_many(call.books, call.body(), call.session.user_id)
                return 201, {"payments": [call.books.shown(resource, row) for row in rows]}
            return 201, call.books.shown(resource, payments.pay(call.books, call.body(), call.session.user_id))
        case [identifier, "cancel"]:
            call.demand(Right.USE, "cancel payments")
            return 200, call.books.shown(resource, payments.cancel(call.books, identifier))
        case [identifier, "void"]:
            call.demand(Right.USE, "void payments")
            row = payments.void(call.books, identifier, call.body(), call.session.user_id)
            return 200, call.books.shown(resource, row)
    return None


def _approvals(call: Call, rest: list[str]) -> Answer | None:
    user_id = call.session.user_id
    match call.request.method, rest:
        case "POST", ["actions"]:
            return 200, approvals.act(call.books, user_id, call.body())
        case "GET", ["pending-user-approvals"]:
            return 200, {"bills": approvals.pending(call.books, user_id)}
        case "GET", ["policies"]:
            return 200, call.organization.policies
        case "POST", ["policies"]:
            call.demand(Right.ADMINISTER, "manage approval policies")
            return 201, approvals.add_policy(call.books, call.body())
        case "DELETE", ["policies", identifier]:
            call.demand(Right.ADMINISTER, "manage approval policies")
            return 200, approvals.drop_policy(call.books, identifier)
    return None


def _funding(call: Call, rest: list[str]) -> Answer | None:
    """Cards are not simulated: there are none."""
    match call.request.method, rest:
        case "GET", ["cards"]:
            return 200, {"cards": []}
        case "GET", ["ap-cards"]:
            return 200, []
    return None


def events(call: Call, rest: list[str]) -> Answer:
    """The status and body for a path below ``/connect-events/v3/``. A sync token may listen as well as a user."""
    key = call.request.headers.get("x-idempotent-key", "")
    try:
        return notices.answer(call.books, call.request.method, rest, call.body, key)
    except LookupError:
        return call.refuse_path()


SPECIAL: dict[str, Callable[[Call, list[str]], Answer | None]] = {
    "login": _login,
    "logout": _logout,
    "mfa": _mfa,
    "organizations": _organizations,
    "bills": _bills,
    "payments": _payments,
    "invoices": _invoices,
    "bill-approvals": _approvals,
    "funding-accounts": _funding,
    "documents": documents.answer,
}
