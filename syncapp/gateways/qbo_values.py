"""What goes into a QuickBooks call and what comes out: pages, writes, changes, and the words of its query language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Json = dict[str, Any]
Verb = Literal["create", "update", "delete", "void"]

# Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
MOST_ROWS = 1000
# Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
MOST_ITEMS = 30
# Reference: https://blogs.intuit.com/2015/04/06/ (RequestID): 50 characters; in a batch 36, and 10 for each item.
LONGEST_REQUEST_ID = 50
LONGEST_BATCH_ID = 36
LONGEST_ITEM_ID = 10
# How each transaction is voided; the others have no void.
# Reference: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/billpayment (void)
_VOIDS: Mapping[str, Mapping[str, str]] = {
    "BillPayment": {"operation": "update", "include": "void"},
    "Payment": {"operation": "update", "include": "void"},
    "SalesReceipt": {"operation": "update", "include": "void"},
    "Invoice": {"operation": "void"},
}


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one entity. `where` and `order` are in QuickBooks' query language; `start` counts from 1.

    `columns` may name the only ones wanted; QuickBooks is free to answer with more.
    """

    entity: str
    start: int = 1
    size: int = MOST_ROWS
    where: str = ""
    order: str = ""
    columns: str = "*"

    @property
    def statement(self) -> str:
        parts = [f"SELECT {self.columns} FROM {self.entity}"]
        parts += [f"WHERE {self.where}"] if self.where else []
        parts += [f"ORDERBY {self.order}"] if self.order else []
        return " ".join([*parts, f"STARTPOSITION {self.start} MAXRESULTS {self.size}"])


def quoted(value: str) -> str:
    """A value for a `where`."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Write:
    """One object to be written.

    To deactivate is an update with Active false. `request_id` makes a single write repeatable, `item_id` (unique in
    its batch, and the same whenever the batch is repeated) one of a batch.
    """

    entity: str
    operation: Verb
    payload: Json
    request_id: str = ""
    item_id: str = ""

    def __post_init__(self) -> None:
        if len(self.request_id) > LONGEST_REQUEST_ID or len(self.item_id) > LONGEST_ITEM_ID:
            raise ValueError("The request id or the item id is too long.")
        if self.operation not in get_args(Verb):
            raise ValueError(f"An operation is one of {', '.join(get_args(Verb))}, not {self.operation!r}.")
        if self.operation == "void" and self.entity not in _VOIDS:
            raise ValueError(f"QuickBooks has no void for {self.entity}.")

    @property
    def params(self) -> dict[str, str]:
        """The query of a single write."""
        if self.operation == "void":
            found = dict(_VOIDS[self.entity])
        else:
            found = {"operation": "delete"} if self.operation == "delete" else {}
        return found | ({"requestid": self.request_id} if self.request_id else {})


def check_batch(writes: Sequence[Write], request_id: str) -> None:
    """Refuse what QuickBooks would refuse, or worse, would not tell apart."""
    if len(writes) > MOST_ITEMS:
        raise ValueError(f"A batch has at most {MOST_ITEMS} items.")
    if not request_id or len(request_id) > LONGEST_BATCH_ID:
        raise ValueError(f"A batch needs a request id of at most {LONGEST_BATCH_ID} characters.")
    ids = {write.item_id for write in writes}
    if "" in ids or len(ids) != len(writes):
        raise ValueError("Every item of a batch needs an id of its own.")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a moment. `time`: QuickBooks' clock, from which to ask the next time.

    deleted: entity -> ids. truncated: there may be more, and no way to ask for it but by query.
    """

    records: dict[str, list[Json]]
    deleted: dict[str, list[str]]
    time: datetime
    truncated: bool


def instant(text: object) -> datetime | None:
    """A moment QuickBooks wrote, in UTC; None where there is none. Without an offset it could be any of 24."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def multipart(name: str, kind: str, about: bytes, content: bytes) -> tuple[str, bytes]:
    """(boundary, body) of an upload: what describes the file, as JSON, and the file. Reference: Intuit docs, upload."""
    boundary = hashlib.sha256(about + content).hexdigest()
    quoted_name = name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
    parts = (
        ("file_metadata_0", "", "application/json", about),
        ("file_content_0", f'; filename="{quoted_name}"', kind, content),
    )
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{more}\r\nContent-Type: {of}\r\n\r\n'.encode()
        + piece
        + b"\r\n"
        for field, more, of, piece in parts
    )
    return boundary, body + f"--{boundary}--\r\n".encode()
