"""Files of bills: uploaded as they are under a passing id, filed a little later, listed, fetched by a link.

Reference: spec, BILL API 4.6: documents.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.errors import invalid, missing
from syncapp.sandbox.billcom.values import Row

if TYPE_CHECKING:
    from syncapp.sandbox.billcom.calls import Answer, Call

LARGEST = 6 * 1024 * 1024


def answer(call: Call, rest: list[str]) -> Answer | None:
    books, method = call.books, call.request.method
    host = call.request.headers.get("host", "localhost")
    match rest:
        case ["bills", bill_id] if method == "GET":
            books.find("bills", bill_id)
            return 200, {"results": [shown(each, host) for each in of(books, bill_id)]}
        case ["bills", bill_id] if method == "POST":
            if len(call.request.body) > LARGEST:
                raise invalid("The file must not be larger than 6 MB.", "file")
            row = add(books, bill_id, call.request.query.get("name", ""), call.request.body)
            return 201, {"id": row["uploadId"], "name": row["name"], "createdTime": row["createdTime"]}
        case ["upload-status"] if method == "GET":
            asked = [each for each in call.request.query.get("ids", "").split(",") if each]
            return 200, [status(books, each) for each in asked]
        case [identifier] if method == "GET":
            return 200, shown(_filed(books, identifier), host)
        case [identifier, "content"] if method == "GET":
            return 200, base64.b64decode(_filed(books, identifier)["content"])
    return None


def add(books: Books, bill_id: str, name: str, content: bytes, *, filed: bool = False) -> Row:
    """``filed``: at once, as where a person attaches it at BILL's own pages."""
    books.find("bills", bill_id)
    if not name or not content:
        raise invalid("name and a file must be there", "name")
    row: Row = {
        "id": books.context.make_id("00h"),
        "uploadId": books.context.make_id("0du"),
        "billId": bill_id,
        "name": name,
        "createdTime": books.context.stamp(),
        "content": base64.b64encode(content).decode(),
        "polls": 0 if filed else books.switches.billcom_document_polls,
    }
    books.organization.documents[row["id"]] = row
    return row


def status(books: Books, upload_id: str) -> Row:
    row = next((each for each in books.organization.documents.values() if each["uploadId"] == upload_id), None)
    if row is None:
        raise missing("Upload", upload_id, books.switches.billcom_missing_status, books.switches.billcom_missing_code)
    row["polls"] = max(row["polls"] - 1, 0)
    if not _is_filed(books, row):
        return {"uploadId": upload_id, "status": "IN_PROGRESS"}
    return {"uploadId": upload_id, "documentId": row["id"], "status": "UPLOADED"}


def of(books: Books, bill_id: str) -> list[Row]:
    """What has been filed."""
    found = [each for each in books.organization.documents.values() if each["billId"] == bill_id]
    return [each for each in found if _is_filed(books, each)]


def _is_filed(books: Books, row: Row) -> bool:
    age = books.context.clock.now() - datetime.fromisoformat(row["createdTime"])
    return not row["polls"] or age.total_seconds() >= books.switches.billcom_document_seconds


def _filed(books: Books, identifier: str) -> Row:
    row = books.organization.documents.get(identifier)
    if row is None or not _is_filed(books, row):
        raise missing(
            "Document", identifier, books.switches.billcom_missing_status, books.switches.billcom_missing_code
        )
    return row


def shown(row: Row, host: str) -> Row:
    link = f"http://{host}/billcom/connect/v3/documents/{row['id']}/content"
    return {"id": row["id"], "name": row["name"], "createdTime": row["createdTime"], "downloadLink": link}
