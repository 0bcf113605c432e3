"""BILL, all of it, as one object: hand it a request, it hands back a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syncapp.sandbox.billcom import calls, documents, loading, notices, payments, people, state, v2
from syncapp.sandbox.billcom.bills import BillRules
from syncapp.sandbox.billcom.books import Books, Rules
from syncapp.sandbox.billcom.credits import CreditRules
from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import Problem, Refused, denied, invalid, no_such_path, wrong_developer_key
from syncapp.sandbox.billcom.invoices import InvoiceRules
from syncapp.sandbox.billcom.limits import Limits
from syncapp.sandbox.billcom.memos import CreditMemoRules
from syncapp.sandbox.billcom.organization import Clock, Context, Emit, Organization
from syncapp.sandbox.billcom.parties import (
    BankRules,
    ClassificationRules,
    CustomerRules,
    PaymentTermRules,
    UserRules,
    VendorRules,
)
from syncapp.sandbox.billcom.payments import PaymentRules
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.sessions import Console, Session, Sessions, Way
from syncapp.sandbox.billcom.values import Row
from syncapp.sandbox.http import Request, Response, json_response

RULES: dict[str, Rules] = {
    **{name: ClassificationRules(name) for name, each in RESOURCES.items() if each.path.startswith("classifications/")},
    "payment-terms": PaymentTermRules(),
    "vendors": VendorRules(),
    "customers": CustomerRules(),
    "bills": BillRules(),
    "vendor-credits": CreditRules(),
    "payments": PaymentRules(),
    "invoices": InvoiceRules(),
    "credit-memos": CreditMemoRules(),
    "receivable-payments": Rules(),
    "banks": BankRules(),
    "users": UserRules(),
    "roles": Rules(),
}
CONSOLE_EMAIL = "console@accountants.example"


class Billcom:
    """All organizations of the simulated BILL.

    ``handle`` carries out a call. A server that lets calls overlap in time brackets each by ``begin`` and ``end``,
    so that the limit of three at once per organization is felt.
    """

    def __init__(self, clock: Clock, switches: Any, emit: Emit) -> None:
        self.context = Context(clock, switches, emit)
        self.organizations: dict[str, Organization] = {}
        self.developer_key = f"01{loading.secret('developer key')[:30].upper()}"
        console = Console("008CONSOLE0000000001", "Sample Accountants", CONSOLE_EMAIL, loading.secret("console"))
        self.limits = Limits(self.context)
        self.sessions = Sessions(self.context, self.organizations, console, self.developer_key)
        self._books: dict[str, Books] = {}
        self._begun: dict[int, tuple[str, str]] = {}

    # Calls

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/api/v2/"):
            return json_response(200, self._older(request))
        try:
            status, body = self._answer(request)
        except Refused as refused:
            status, body = refused.status, refused.body(self.context.stamp())
        if isinstance(body, bytes):
            return Response(status, body, {"content-type": "application/octet-stream"})
        return json_response(status, body)

    def begin(self, request: Request) -> Response | None:
        """A call arrives. Where three are under way, the refusal to send instead of carrying it out."""
        session = self.sessions.alive.get(request.headers.get("sessionid", ""))
        if session is None:
            return None
        key = (session.developer_key, session.organization_id)
        refused = self.limits.begin(key)
        if refused is not None:
            return json_response(refused.status, refused.body(self.context.stamp()))
        self._begun[id(request)] = key
        return None

    def end(self, request: Request) -> None:
        """The call is over; of no effect for one that was refused at its beginning."""
        key = self._begun.pop(id(request), None)
        if key is not None:
            self.limits.end(key)

    def _answer(self, request: Request) -> calls.Answer:
        match request.path.strip("/").split("/"):
            case ["connect", "v3", "login"] if request.method == "POST":
                return self._log_in(request)
            case ["connect", "v3", "health"]:
                return 200, {"appId": "sandbox", "appEnv": "sandbox", "appVersion": "1", "bdcRegion": "us"}
            case ["connect", "v3", *rest] if rest:
                return calls.answer(self._call(request), rest)
            case ["connect-events", "v3", *rest] if rest:
                return calls.events(self._call(request), rest)
        raise no_such_path(request.method, request.path)

    def _log_in(self, request: Request) -> calls.Answer:
        try:
            body = request.json()
        except ValueError:
            raise invalid("The body is not valid JSON") from None
        if not isinstance(body, dict):
            raise invalid("must be an object")
        session = self._enter(body)
        return 200, self.sessions.shown(session)

    def _enter(self, body: Row) -> Session:
        """Log-ins count twice: as calls, and as log-ins."""
        if body.get("devKey") == self.developer_key:
            self.limits.count_call(self.developer_key)
            self.limits.count_log_in(self.developer_key)
        return self.sessions.log_in(body)

    def _call(self, request: Request) -> calls.Call:
        headers = request.headers
        session_id, developer_key = headers.get("sessionid", ""), headers.get("devkey", "")
        # A file is fetched with the session alone.
        if request.path.startswith("/connect/v3/documents/") and request.path.endswith("/content"):
            developer_key = self.developer_key
        session = self._use(session_id, developer_key)
        return calls.Call(request, session, self.sessions, self._ready(session.organization_id))

    def _use(self, session_id: str, developer_key: str) -> Session:
        if developer_key != self.developer_key:
            raise wrong_developer_key()
        self.limits.count_call(developer_key)
        return self.sessions.use(session_id, developer_key)

    def _older(self, request: Request) -> Row:
        """v2: a form in, status 200 out whatever happens."""
        form = request.form()
        try:
            name = request.path.removeprefix("/api/v2/")
            if name == "Login.json":
                return v2.done(self._older_log_in(form))
            session = self._use(form.get("sessionId", ""), form.get("devKey", ""))
            if name != "List/MoneyMovement.json":
                raise no_such_path(request.method, request.path)
            self._allow_older(session)
            return v2.done(v2.list_movements(self._ready(session.organization_id), form.get("data", "")))
        except Refused as refused:
            return v2.failed(refused)

    def _older_log_in(self, form: dict[str, str]) -> Row:
        names = {"userName": "username", "password": "password", "orgId": "organizationId", "devKey": "devKey"}
        session = self._enter({ours: form.get(theirs, "") for theirs, ours in names.items()})
        return {
            "sessionId": session.id,
            "orgId": session.organization_id,
            "usersId": session.user_id,
            "apiEndPoint": "/api/v2",
        }

    def _allow_older(self, session: Session) -> None:
        switches = self.context.switches
        if session.way is Way.SYNC_TOKEN and not switches.billcom_sync_token_money_movement:
            raise denied("list money movements with a sync token", switches.billcom_permission_code)

    # Companies

    def load(self, data: dict[str, Any], name: str, console: bool = False) -> dict[str, str]:
        """Make an organization of records; the answer has what is needed to sign in to it in every way."""
        organization = loading.new_organization(self.context, data, name, console)
        self.organizations[organization.id] = organization
        loading.fill(self.books_of(organization.id), data, self.sessions.console.email)
        return self.credentials(organization.id)

    def credentials(self, organization_id: str) -> dict[str, str]:
        """All users of an organization have the one password."""
        organization = self.organizations[organization_id]
        return {
            "organization_id": organization.id,
            "developer_key": self.developer_key,
            "username": organization.row("users", organization.token_user)["email"],
            "password": organization.password,
            "sync_token_name": organization.token_name,
            "sync_token_value": organization.token_value,
            "console_email": self.sessions.console.email if organization.console else "",
            "console_api_token": self.sessions.console.api_token if organization.console else "",
        }

    def companies(self) -> list[tuple[str, str]]:
        return [(each.id, each.name) for each in self.organizations.values()]

    def books_of(self, organization_id: str) -> Books:
        books = self._books.get(organization_id)
        if books is None:
            books = Books(self.context, self.organizations[organization_id], RULES)
            self._books[organization_id] = books
        return books

    def _ready(self, organization_id: str) -> Books:
        """The books, with what has become of payments by now."""
        books = self.books_of(organization_id)
        payments.move_on(books)
        return books

    def books(self, organization_id: str) -> dict[str, list[Row]]:
        """Every record as the API shows it."""
        return people.everything(self._ready(organization_id))

    # A person at BILL's own pages. All raise Refused where the books' rules say no.

    def person_list(self, organization_id: str, entity: str) -> list[Row]:
        return people.listed(self._ready(organization_id), self._resource(entity))

    def person_get(self, organization_id: str, entity: str, identifier: str) -> Row:
        books, resource = self._ready(organization_id), self._resource(entity)
        return books.shown(resource, books.find(resource, identifier), reading=True)

    def person_save(self, organization_id: str, entity: str, payload: Row) -> Row:
        """Make a record, or with ``id`` change it; ``approvalStatus`` of a bill may be set."""
        books, resource = self._ready(organization_id), self._resource(entity)
        row = people.save(books, resource, payload)
        return self.person_get(organization_id, entity, row["id"])

    def person_delete(self, organization_id: str, entity: str, identifier: str) -> Row:
        """Archive; a payment is cancelled or voided."""
        return people.remove(self._ready(organization_id), self._resource(entity), identifier)

    def person_restore(self, organization_id: str, entity: str, identifier: str) -> Row:
        return self._ready(organization_id).set_archived(self._resource(entity), identifier, False)

    def person_void(self, organization_id: str, entity: str, identifier: str) -> Row:
        if entity not in ("payments", "receivable-payments"):
            raise invalid("Only payments can be voided.", "id")
        return people.remove(self._ready(organization_id), self._resource(entity), identifier)

    def person_attaches(self, organization_id: str, entity: str, identifier: str, name: str, content: bytes) -> Row:
        """A file to a bill."""
        if entity != "bills":
            raise invalid("Files are attached to bills.", "entity")
        row = documents.add(self._ready(organization_id), identifier, name, content, filed=True)
        return {"id": row["id"], "name": row["name"]}

    def person_approve(self, organization_id: str, bill_id: str, state: str = "APPROVED") -> Row:
        return people.approve(self._ready(organization_id), bill_id, state)

    @staticmethod
    def _resource(entity: str) -> Resource:
        if entity not in RESOURCES:
            raise invalid(f"{entity} is not kept here", "entity")
        return RESOURCES[entity]

    # Mishaps and notifications

    def drop_sessions(self, organization_id: str) -> int:
        return self.sessions.drop(organization_id)

    def demote_user(self, organization_id: str) -> None:
        """The user of the credentials becomes a mere member: sync can't be managed any more."""
        organization = self.organizations[organization_id]
        user = organization.row("users", organization.token_user)
        member = next(row for row in organization.tables["roles"] if row["type"] == "MEMBER")
        role = {name: member[name] for name in ("id", "type", "description")}
        organization.tables["users"].put({**user, "role": role, "updatedTime": self.context.stamp()})

    def misbehave(self, kind: str, request: Request, answer: Callable[[], Response]) -> Response:
        """Carry out a call while something goes wrong behind the scenes, by the name of the fault."""
        session = self.sessions.alive.get(request.headers.get("sessionid", ""))
        if kind == "fault_in_200":
            problem = Problem("System error", "BDC_1001")
            refused = Refused(200, problem, category="SERVER")
            older = request.path.startswith("/api/v2/")
            return json_response(200, v2.failed(refused) if older else refused.body(self.context.stamp()))
        if session is not None and kind in ("session_lost", "expire_token", "revoke_consent"):
            self.sessions.log_out(session)
        elif session is not None and kind == "demote_user":
            self.demote_user(session.organization_id)
        return answer()

    def company_of(self, request: Request) -> str:
        """The organization that a call is about; empty where that can't be told."""
        session = self.sessions.alive.get(request.headers.get("sessionid", ""))
        return session.organization_id if session else ""

    def notices(self, event: dict[str, Any]) -> list[notices.Notice]:
        """The signed notifications that an event of ``emit`` calls for."""
        return notices.notices(self.books_of(event["company"]), event)

    # Kept over a restart

    def dump(self) -> dict[str, Any]:
        return state.dump(self.context, self.organizations, self.sessions)

    def restore(self, kept: dict[str, Any]) -> None:
        self._books.clear()
        state.restore(self.context, self.organizations, self.sessions, kept)
        for identifier in self.organizations:
            loading.follow_all(self.books_of(identifier))
