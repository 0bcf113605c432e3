"""QuickBooks Online's Accounting API for one company (realm).

Entity: a type of object, as QuickBooks names it ("Vendor"). Realm: a company's number. SyncToken: an object's version.
Metered calls (every read, every batch) are counted by Intuit against the whole app; single writes are free.
Every method may raise any GatewayError; TooOld comes from `changes` only.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError, Reason, Rejected, TooOld, Unauthorized
from syncapp.gateways.faults import of_content
from syncapp.gateways.held import Held
from syncapp.gateways.http import Answer, Call, Http, Purse, encode, origin
from syncapp.gateways.pacing import DOCUMENTED, Limits, Pacer, Pacers
from syncapp.gateways.qbo_faults import error_in
from syncapp.gateways.qbo_replies import (
    BatchReply,
    batch_items,
    change_lists,
    each_page,
    item_outcome,
    page_outcomes,
    read_batch,
    record_in,
    rows_in,
    says_too_old,
)
from syncapp.gateways.qbo_values import (
    MOST_ITEMS,
    MOST_ROWS,
    Changes,
    Json,
    Page,
    Verb,
    Write,
    check_batch,
    instant,
    multipart,
    quoted,
)

__all__ = ["Changes", "Page", "QboGateway", "TooOld", "Verb", "Write", "pacer_of", "quoted"]

# Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
CHANGES_KEPT = timedelta(days=30)
# Asked for in the last hour of the 30 days, the question may arrive after it.
CHANGES_MARGIN = timedelta(hours=1)
MOST_CHANGES = 1000
# A statement longer than this is posted: addresses have their limits.
LONGEST_QUERY_IN_URL = 1500
# The entity whose path is not its name in lower case.
_PATHS = {"CreditCardPaymentTxn": "creditcardpayment"}
# A name with a domain: neither a number nor a machine next door.
_OUTSIDE = re.compile(r"\.[a-z][a-z0-9-]*$")
_PACERS = Pacers()


def pacer_of(base_url: str, realm_id: str, limits: Limits = DOCUMENTED) -> Pacer:
    """The company's pacer, shared by everything in this process."""
    return _PACERS.of(_company_url(base_url, realm_id), limits)


def _company_url(base_url: str, realm_id: str) -> str:
    return f"{base_url.rstrip('/')}/{quote(realm_id, safe='')}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class QboGateway:
    """One company. `access_token(renew)` gives its token; with True, a new one.

    Threads may share it. Unless another is given, the company's pacer is shared by everything in this process.
    `pay` is asked before each metered call, and may refuse it.
    """

    def __init__(
        self,
        http: Http,
        base_url: str,
        realm_id: str,
        access_token: Callable[[bool], str],
        minor_version: int = 75,
        pacer: Pacer | None = None,
        *,
        pay: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.realm_id = realm_id
        self._http = http
        self._url = _company_url(base_url, realm_id)
        self._token = Held(access_token)
        self._minor_version = str(minor_version)
        self._pacer = pacer or pacer_of(base_url, realm_id)
        self._pay = pay
        self._now = now
        self._server_time: datetime | None = None

    @property
    def server_time(self) -> datetime:
        """QuickBooks' clock in its last answer."""
        if self._server_time is None:
            raise LookupError("QuickBooks has not been asked anything yet.")
        return self._server_time

    # --- reading -----------------------------------------------------------------------------------------------------

    def company_info(self) -> Json:
        return self._single("CompanyInfo", f"companyinfo/{quote(self.realm_id, safe='')}")

    def preferences(self) -> Json:
        return self._single("Preferences", "preferences")

    def read(self, entity: str, remote_id: str) -> Json:
        """One object; NotFound when it was deleted."""
        return self._single(entity, f"{_path(entity)}/{quote(remote_id, safe='')}")

    def _single(self, entity: str, path: str) -> Json:
        answer = self._ask("GET", path)
        return record_in(answer, self._body(answer), entity)

    def query(self, entity: str, where: str = "", order: str = "", start: int = 1, size: int = MOST_ROWS) -> list[Json]:
        """One page. List entities leave out inactive rows unless `where` asks for them."""
        answer = self._select(Page(entity, start, size, where, order).statement)
        return rows_in(answer, self._body(answer).get("QueryResponse"), entity)

    def count(self, entity: str, where: str = "") -> int:
        answer = self._select(f"SELECT COUNT(*) FROM {entity}" + (f" WHERE {where}" if where else ""))
        found = self._body(answer).get("QueryResponse")
        if not isinstance(found, dict) or not isinstance(found.get("totalCount"), int):
            raise answer.bad("the answer to a count has no totalCount")
        return int(found["totalCount"])

    def _select(self, statement: str) -> Answer:
        if len(statement) <= LONGEST_QUERY_IN_URL:
            return self._ask("GET", "query", {"query": statement})
        return self._ask("POST", "query", body=statement.encode(), content_type="application/text")

    def query_pages(self, pages: Sequence[Page]) -> Iterator[tuple[Page, list[Json]]]:
        """Up to 30 pages by one metered call, each decoded when its turn comes; a page's own fault is raised then."""
        return each_page(*self._ask_pages(pages)) if pages else iter(())

    def _ask_pages(self, pages: Sequence[Page]) -> tuple[Answer, Sequence[Page], BatchReply]:
        if len(pages) > MOST_ITEMS:
            raise ValueError(f"A batch has at most {MOST_ITEMS} items.")
        items = [{"bId": str(number), "Query": page.statement} for number, page in enumerate(pages)]
        answer = self._ask("POST", "batch", body=encode({"BatchItemRequest": items}))
        reply = read_batch(answer)
        self._note_time(answer, reply.time, required=True)
        return answer, pages, reply

    def changes(self, entities: Sequence[str], since: datetime) -> Changes:
        """What changed in these entities since then, by one metered call. Raises TooOld beyond 30 days."""
        if since < self._now() - CHANGES_KEPT + CHANGES_MARGIN:
            raise TooOld(Side.QBO, "changes are told for 30 days only")
        # With its offset: a time without one would be read as the company's own.
        params = {"entities": ",".join(entities), "changedSince": since.astimezone(UTC).isoformat(timespec="seconds")}
        try:
            answer = self._ask("GET", "cdc", params)
        except Rejected as error:
            if not says_too_old(error):
                raise
            raise TooOld(Side.QBO, error.message, code=error.code, detail=error.detail, trace=error.trace) from error
        return self._changes_in(answer)

    def _changes_in(self, answer: Answer) -> Changes:
        body = self._body(answer, time_required=True)
        records: dict[str, list[Json]] = {}
        deleted: dict[str, list[str]] = {}
        total = 0
        for entity, rows in change_lists(answer, body):
            total += len(rows)
            for row in rows:
                if row.get("status") == "Deleted":
                    deleted.setdefault(entity, []).append(row["Id"])
                else:
                    records.setdefault(entity, []).append(row)
        return Changes(records, deleted, self.server_time, truncated=total >= MOST_CHANGES)

    # --- files -------------------------------------------------------------------------------------------------------

    def attached(self, entity: str, remote_ids: Sequence[str]) -> dict[str, list[Json] | GatewayError]:
        """Id -> the files attached to that object or why they aren't told, of up to 30 by one metered call."""
        refs = [
            f"AttachableRef.EntityRef.Type = '{entity.lower()}' AND AttachableRef.EntityRef.value = {quoted(each)}"
            for each in remote_ids
        ]
        answered = page_outcomes(*self._ask_pages([Page("Attachable", where=where) for where in refs]))
        return {each: found for each, (_, found) in zip(remote_ids, answered, strict=True)}

    def attachables(self, since: datetime) -> Iterator[Json]:
        """All files that were attached or changed since then, each page asked for when its turn comes."""
        where = f"MetaData.LastUpdatedTime >= '{since.astimezone(UTC).isoformat(timespec='seconds')}'"
        read = 0
        while True:
            page = self.query("Attachable", where, "MetaData.CreateTime, Id", read + 1)
            yield from page
            read += len(page)
            if len(page) < MOST_ROWS:
                return

    def attach(self, entity: str, remote_id: str, name: str, content: bytes) -> Json:
        """Upload a file to an object; the Attachable. One free call."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        about = {
            "FileName": name,
            "ContentType": kind,
            "AttachableRef": [{"EntityRef": {"type": entity, "value": remote_id}}],
        }
        boundary, body = multipart(name, kind, encode(about), content)
        form = f"multipart/form-data; boundary={boundary}"
        answer = self._ask("POST", "upload", body=body, content_type=form, purse=Purse.FREE, write=True)
        items = self._body(answer).get("AttachableResponse")
        if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
            raise answer.bad("the answer to an upload has no AttachableResponse of one file")
        outcome = item_outcome(answer, items[0], Write("Attachable", "create", about, request_id="", item_id=""))
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome

    def file(self, attachable_id: str, largest: int) -> bytes | None:
        """A file's content; None where that is longer than ``largest`` bytes. The address it is at lives shortly."""
        answer = self._ask("GET", f"download/{quote(attachable_id, safe='')}")
        address = answer.body.decode("utf-8", "replace").strip()
        if not self._may_fetch(address):
            raise answer.bad("the answer to a download is no address of a file")
        call = Call(side=Side.QBO, purse=Purse.FREE, method="GET", url=address, largest=largest, confidential=True)
        fetched = self._http.send(call)
        if error := of_content(fetched):
            raise error
        return fetched.body if len(fetched.body) <= largest else None

    def _may_fetch(self, address: str) -> bool:
        """No credentials go along; but it is to be where the API is, or somewhere outside: by a name, and by https."""
        theirs = origin(address)
        if theirs is None:
            return False
        return theirs == origin(self._url) or (theirs[0] == "https" and bool(_OUTSIDE.search(theirs[1])))

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, write: Write) -> Json:
        """One free call; the object as it is now. A repeat with the same request id answers as the first did."""
        path, body = _path(write.entity), encode(write.payload)
        answer = self._ask("POST", path, write.params, body=body, purse=Purse.FREE, write=True)
        return record_in(answer, self._body(answer), write.entity)

    def write_batch(self, writes: Sequence[Write], request_id: str) -> list[Json | GatewayError]:
        """Up to 30 writes by one metered call: for each, in order, the object or the error. Raises if none was read.

        Voids go one by one all the same: for a batch QuickBooks documents none of the options they need.
        """
        check_batch(writes, request_id)
        together = [write for write in writes if write.operation != "void"]
        outcomes = self._write_together(together, request_id) if together else {}
        for write in writes:
            if write.operation == "void":
                # The batch's own request id is the same for all of them.
                outcomes[write.item_id] = self._outcome(replace(write, request_id=f"{request_id}-{write.item_id}"))
        return [outcomes[write.item_id] for write in writes]

    def _outcome(self, write: Write) -> Json | GatewayError:
        try:
            return self.write(write)
        except GatewayError as error:
            return error

    def _write_together(self, writes: Sequence[Write], request_id: str) -> dict[str, Json | GatewayError]:
        items = [{"bId": write.item_id, "operation": write.operation, write.entity: write.payload} for write in writes]
        body = encode({"BatchItemRequest": items})
        answer = self._ask("POST", "batch", {"requestid": request_id}, body=body, write=True)
        found = batch_items(answer, self._body(answer))
        return {write.item_id: item_outcome(answer, found.get(write.item_id), write) for write in writes}

    # --- the call itself ---------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        purse: Purse = Purse.METERED,
        write: bool = False,
    ) -> Answer:
        """A good answer, or the error it stands for. A token that is no longer taken is renewed, once."""
        call = Call(
            side=Side.QBO,
            purse=purse,
            method=method,
            url=f"{self._url}/{path}",
            write=write,
            params={**(params or {}), "minorversion": self._minor_version},
            # XML is what it answers unless asked.
            headers={"Accept": "application/json", **({"Content-Type": content_type} if body else {})},
            body=body,
        )
        answer = self._send(_signed(call, self._token.get()))
        error = error_in(answer)
        if isinstance(error, Unauthorized) and error.reason is Reason.TOKEN:
            answer = self._send(_signed(call, self._token.instead_of(answer.call.secrets[-1])))
            error = error_in(answer)
        if error is not None:
            raise error
        return answer

    def _send(self, call: Call) -> Answer:
        if call.purse is Purse.METERED:
            self._pay()
        with self._pacer.place(batch=call.url.endswith("/batch")):
            return self._http.send(call)

    def _body(self, answer: Answer, *, time_required: bool = False) -> Json:
        body = answer.json()
        if not isinstance(body, dict):
            raise answer.bad("the answer is not an object")
        self._note_time(answer, body.get("time"), required=time_required)
        return body

    def _note_time(self, answer: Answer, text: object, *, required: bool) -> None:
        moment = instant(text)
        if moment is not None:
            self._server_time = moment
        elif required:
            raise answer.bad("the answer has no time, from which the next reading would go on")


def _path(entity: str) -> str:
    return _PATHS.get(entity, entity.lower())


def _signed(call: Call, token: str) -> Call:
    return replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"}, secrets=(token,))
