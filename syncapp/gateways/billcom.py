"""BILL's v3 API for one organization.

Path: where a kind lives ("vendors", "classifications/chart-of-accounts"). Session: what a log-in opens, shared by all
workers of the organization. BILL has no version and no idempotency key: after outcome_unknown, look before a repeat.
Every method may raise any GatewayError.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from syncapp.core.schema import OF_ORGANIZATION
from syncapp.core.sides import Side
from syncapp.gateways.billcom_faults import error_in
from syncapp.gateways.billcom_sessions import BillcomCredentials, Session, SignIn, login
from syncapp.gateways.errors import GatewayError, RateLimited, Reason, Scope, Unauthorized, Unavailable
from syncapp.gateways.faults import of_content
from syncapp.gateways.held import Held
from syncapp.gateways.http import Answer, Call, Http, Purse, encode, is_id, origin

__all__ = ["AT_ONCE", "BillcomCredentials", "BillcomGateway", "ListPage", "Session", "SignIn", "login"]

Json = dict[str, Any]

# Reference: https://developer.bill.com/docs/api-rate-limits (3 at once for one developer key and organization)
AT_ONCE = 3
# Somebody else has the places (another worker process, another program): wait for them a little.
AT_ONCE_WAITS = (0.25, 0.5, 1.0, 2.0)
# Reference: https://developer.bill.com/docs/search-op-with-lists
LONGEST_PAGE = 100
SEND_WITHIN = 45.0
"""Seconds after which a write that couldn't be sent yet is given up."""
DOMAIN = ".bill.com"
BANK_ACCOUNTS = "funding-accounts/banks"


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some records, and the token of the page after them; None at the end."""

    records: list[Json]
    next_page: str | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BillcomGateway:
    """One organization. `session(anew)` gives its session id; with True, after a new log-in.

    Threads may share it. `gate` is held by each call while it is under way, and may refuse it; gateways of one
    organization in one process should share the places in it. Where a path says so, `organization_id` stands in it.
    """

    def __init__(
        self,
        http: Http,
        base_url: str,
        developer_key: str,
        session: Callable[[bool], str],
        gate: AbstractContextManager[Any] | None = None,
        *,
        organization_id: str = "",
        send_within: float = SEND_WITHIN,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._http = http
        self._organization_id = quote(organization_id, safe="")
        self._send_within = send_within
        self._url = f"{base_url.rstrip('/')}/v3"
        self._developer_key = developer_key
        self._session = Held(session)
        self._gate = gate or threading.BoundedSemaphore(AT_ONCE)
        self._sleep = sleep
        self._now = now
        self._server_time: datetime | None = None

    @property
    def server_time(self) -> datetime | None:
        """BILL's clock in its last answer (the Date header, to the second); None where it didn't say."""
        return self._server_time

    # --- the organization --------------------------------------------------------------------------------------------

    def current_session(self) -> Json:
        """organizationId, userId, mfaStatus of the session in use."""
        answer = self._ask("GET", "login/session")
        return _with(answer, answer.json(), "organizationId", "userId")

    def organization(self, organization_id: str) -> Json:
        return self.get("organizations", organization_id)

    def organizations(self) -> list[Json]:
        """Those this session can reach."""
        return self._all("login/organizations", sort="")

    def users(self) -> list[Json]:
        return self._all("users")

    def user(self, user_id: str) -> Json:
        return self.get("users", user_id)

    def roles(self) -> list[Json]:
        return self._all("roles", sort="")

    def bank_accounts(self) -> list[Json]:
        return self._all(BANK_ACCOUNTS)

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, path: str, remote_id: str) -> Json:
        answer = self._ask("GET", _one(path, remote_id))
        return _with(answer, answer.json(), "id")

    def pages(
        self,
        path: str,
        *,
        filters: str = "",
        sort: str = "createdTime:asc",
        page: str | None = None,
        size: int = LONGEST_PAGE,
    ) -> Iterator[ListPage]:
        """Page after page, each asked for when its turn comes; `page`: go on from there."""
        params = {"max": str(size), "sort": sort, "filters": filters}
        while True:
            asked = {name: value for name, value in {**params, "page": page or ""}.items() if value}
            answer = self._ask("GET", path, asked)
            found = _list_page(answer)
            if found.next_page is not None and found.next_page == page:
                raise answer.bad("the list names a page as its own next one")
            yield found
            page = found.next_page
            # An empty page may stand in the middle; only a missing nextPage is the end.
            if page is None:
                return

    def _all(self, path: str, *, sort: str = "createdTime:asc") -> list[Json]:
        return [record for page in self.pages(path, sort=sort) for record in page.records]

    def by_ids(self, path: str, ids: Sequence[str]) -> dict[str, Json]:
        """The records with these ids, 100 a call; what BILL does not list is left out."""
        found: dict[str, Json] = {}
        for start in range(0, len(ids), LONGEST_PAGE):
            listed = ",".join(ids[start : start + LONGEST_PAGE])
            for page in self.pages(path, filters=f'id:in:"{listed}"'):
                found.update((record["id"], record) for record in page.records)
        return found

    # --- files of bills ----------------------------------------------------------------------------------------------

    def documents(self, bill_id: str) -> list[Json]:
        """id, name, downloadLink of each. Reference: spec, BILL API 4.6: documents."""
        found = self.pages(f"documents/bills/{quote(bill_id, safe='')}", sort="")
        return [document for page in found for document in page.records]

    def document(self, document_id: str, largest: int) -> bytes | None:
        """Its content; None where that is longer than ``largest`` bytes."""
        answer = self._ask("GET", _one("documents", document_id))
        link = _with(answer, answer.json(), "id").get("downloadLink")
        if not isinstance(link, str) or not self._is_ours(link):
            raise answer.bad("the document has no link to BILL")
        content = self._content(link, largest)
        return content if len(content) <= largest else None

    def _is_ours(self, link: str) -> bool:
        """The session goes along, so the link must lead to where the API is, or to another host of BILL's."""
        ours, theirs = origin(self._url), origin(link)
        if ours is None or theirs is None:
            return False
        return ours == theirs or (
            theirs[0] == "https" and all(f".{host}".endswith(DOMAIN) for _, host, _ in (ours, theirs))
        )

    def _content(self, link: str, largest: int) -> bytes:
        # Reference: spec, BILL API 4.6: documents (a link is fetched with the session id, and nothing else).
        session = self._session.get()
        call = Call(
            side=Side.BILLCOM,
            purse=Purse.BILLCOM,
            method="GET",
            url=link,
            headers={"sessionId": session},
            secrets=(session,),
            confidential=True,
            largest=largest,
        )
        with self._gate:
            answer = self._http.send(call)
        if error := of_content(answer):
            raise error
        return answer.body

    def add_document(self, bill_id: str, name: str, content: bytes) -> Json:
        """Add a file to a bill; under a passing id at first (``filed``)."""
        path = f"documents/bills/{quote(bill_id, safe='')}"
        answer = self._ask("POST", path, {"name": name}, body=content, write=True)
        return _with(answer, answer.json(), "id")

    def filed(self, upload_ids: Sequence[str]) -> dict[str, str]:
        """Passing id -> the document's own, of those that have been filed."""
        answer = self._ask("GET", "documents/upload-status", {"ids": ",".join(upload_ids)})
        found = answer.json()
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise answer.bad("the answer to a question for uploads is not a list")
        return {str(each.get("uploadId")): str(each["documentId"]) for each in found if is_id(each.get("documentId"))}

    # --- writing -----------------------------------------------------------------------------------------------------

    def create(self, path: str, payload: Mapping[str, Any]) -> Json:
        return self._write("POST", path, payload)

    def create_bulk(self, path: str, payloads: Sequence[Mapping[str, Any]]) -> list[Json]:
        """All of them or none, by one call, in the order given; the most a path takes is its own."""
        answer = self._ask("POST", f"{path}/bulk", payload=list(payloads), write=True)
        return _created(answer, len(payloads))

    def patch(self, path: str, remote_id: str, payload: Mapping[str, Any]) -> Json:
        """Change what is named; lines only by their id."""
        return self._write("PATCH", _one(path, remote_id), payload)

    def put(self, path: str, remote_id: str, payload: Mapping[str, Any]) -> Json:
        """Replace a document with its lines; a line left out is removed."""
        return self._write("PUT", _one(path, remote_id), payload)

    def archive(self, path: str, remote_id: str) -> Json:
        return self._write("POST", f"{_one(path, remote_id)}/archive", None)

    def restore(self, path: str, remote_id: str) -> Json:
        return self._write("POST", f"{_one(path, remote_id)}/restore", None)

    def record_payment(self, payload: Mapping[str, Any]) -> Json:
        """Note bills as paid outside BILL."""
        # Reference: https://developer.bill.com/docs/record-ap-payments
        return self._write("POST", "bills/record-payment", payload)

    def void_payment(self, payment_id: str, reason: str = "Voided in QuickBooks Online") -> Json:
        # Reference: https://developer.bill.com/reference/voidpayment.md
        return self._write("POST", f"{_one('payments', payment_id)}/void", {"type": "VOID_ONLY", "reason": reason})

    def _write(self, method: str, path: str, payload: Mapping[str, Any] | None) -> Json:
        answer = self._ask(method, path, payload=payload, write=True)
        return _with(answer, answer.json(), "id")

    # --- the call itself ---------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        payload: object = None,
        body: bytes = b"",
        write: bool = False,
    ) -> Answer:
        """``body``: a file, instead of a payload."""
        kind = "application/octet-stream" if body else "application/json"
        call = Call(
            side=Side.BILLCOM,
            purse=Purse.BILLCOM,
            method=method,
            url=f"{self._url}/{path.replace(OF_ORGANIZATION, self._organization_id)}",
            write=write,
            params=params or {},
            headers={"Accept": "application/json", "Content-Type": kind},
            body=body if payload is None else encode(payload),
        )
        return self._carry_out(call)

    def _carry_out(self, call: Call) -> Answer:
        """A good answer, or the error it stands for. A session that has ended is opened anew, once."""
        began = time.monotonic()
        session = self._session.get()
        answer, error = self._send(self._signed(call, session), began)
        if isinstance(error, Unauthorized) and error.reason is Reason.TOKEN:
            renewed = self._session.instead_of(answer.call.secrets[-1])
            answer, error = self._send(self._signed(call, renewed), began)
        if error is not None:
            raise error
        return answer

    def _in_time(self, call: Call, began: float) -> None:
        """Whoever asked for a write was allowed to a moment ago; after a long wait another may have repeated it."""
        if call.write and time.monotonic() - began > self._send_within:
            raise Unavailable(Side.BILLCOM, "It took too long until it could be sent.", outcome_unknown=False)

    def _send(self, call: Call, began: float) -> tuple[Answer, GatewayError | None]:
        """Send it; refused for coming in too great a company, wait and send it again: nothing was done."""
        for wait in (*AT_ONCE_WAITS, None):
            with self._gate:
                self._in_time(call, began)
                answer = self._http.send(call)
            self._server_time = answer.date or self._server_time
            error = error_in(answer, self._now())
            at_once = isinstance(error, RateLimited) and error.scope is Scope.CONCURRENT
            if not at_once or wait is None:
                break
            self._sleep(wait)
        return answer, error

    def _signed(self, call: Call, session_id: str) -> Call:
        keys = {"devKey": self._developer_key, "sessionId": session_id}
        return replace(call, headers={**call.headers, **keys}, secrets=(self._developer_key, session_id))


def _one(path: str, remote_id: str) -> str:
    return f"{path}/{quote(remote_id, safe='')}"


def _with(answer: Answer, found: object, *names: str) -> Json:
    """What was found, if it is an object with these ids."""
    if not isinstance(found, dict) or not all(is_id(found.get(name)) for name in names):
        raise answer.bad(f"the answer is not an object with {' and '.join(names)}")
    return found


def _records(answer: Answer, found: object) -> list[Json]:
    if not isinstance(found, list):
        raise answer.bad("the answer is not a list")
    return [_with(answer, each, "id") for each in found]


def _list_page(answer: Answer) -> ListPage:
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.bad("the answer to a list is not an object with results")
    next_page = body.get("nextPage")
    if next_page is not None and not isinstance(next_page, str):
        raise answer.bad("nextPage is not a text")
    return ListPage(_records(answer, body.get("results")), next_page or None)


def _created(answer: Answer, expected: int) -> list[Json]:
    """The created records: a bare array for bills, else an object whose only array they are."""
    body = answer.json()
    lists = [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else [body]
    if len(lists) != 1:
        raise answer.bad("the answer to a bulk call holds no list of its own")
    records = _records(answer, lists[0])
    if len(records) != expected:
        raise answer.bad(f"{expected} were sent in bulk, {len(records)} came back")
    return records
