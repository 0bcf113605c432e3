"""Notifications as the two products send them: whether they are genuine, and what they say.

Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks,
https://developer.bill.com/docs/working-with-bill-webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from syncapp.gateways.http import decode

LONGEST_ID = 64
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """Something changed. ``what``: as the product names it. ``happened_at``: by its clock; None where it can't be read.

    ``subscription``: BILL's, by whose key the notice is signed.
    """

    event_id: str
    remote_company: str
    what: str
    remote_id: str
    happened_at: datetime | None
    subscription: str = ""


def signed_with(key: str, body: bytes, signature: str) -> bool:
    """Whether the signature is the key's over this body; takes the same time whatever is wrong with it."""
    if not key:
        return False
    made = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256))
    return hmac.compare_digest(made, signature.strip().encode(errors="replace"))


def noun(what: str) -> str:
    """vendor, for "qbo.vendor.updated.v1" as for "vendor.updated"."""
    return what.removeprefix("qbo.").partition(".")[0]


def read_qbo(body: bytes) -> list[Notice]:
    """CloudEvents, or the form before them; companies may be mixed in both. Raises ValueError on anything else."""
    said = decode(body)
    if isinstance(said, list):
        return [_cloud_event(_object(each)) for each in said]
    return [
        _older_event(_text(told, "realmId"), _object(entity))
        for told in map(_object, _list(_object(said), "eventNotifications"))
        for entity in _list(_object(told.get("dataChangeEvent")), "entities")
    ]


def _cloud_event(event: dict[str, Any]) -> Notice:
    # Reference: https://blogs.intuit.com/2025/11/12/upcoming-change-to-webhooks-payload-structure
    return Notice(
        event_id=_text(event, "id", LONGEST_NAME),
        remote_company=_text(event, "intuitaccountid"),
        what=_text(event, "type", LONGEST_NAME),
        remote_id=_text(event, "intuitentityid"),
        happened_at=moment(event.get("time")),
    )


def _older_event(realm: str, entity: dict[str, Any]) -> Notice:
    """These have no id of their own; what they say is one."""
    name, operation, remote_id = _text(entity, "name"), _text(entity, "operation"), _text(entity, "id")
    what = f"qbo.{name}.{operation}".lower()[:LONGEST_NAME]
    updated = entity.get("lastUpdated")
    said = "\n".join((realm, what, remote_id, str(updated)))
    return Notice(hashlib.sha256(said.encode()).hexdigest(), realm, what, remote_id, moment(updated))


def read_billcom(body: bytes) -> Notice:
    """One event, as JSON or as JSON within a JSON text. Raises ValueError on anything else."""
    said = decode(body)
    event = _object(decode(said.encode()) if isinstance(said, str) else said)
    about = _object(event.get("metadata"))
    what = _text(about, "eventType", LONGEST_NAME)
    # The record stands under its own name, and says when it was changed.
    record = event.get(noun(what))
    record = record if isinstance(record, dict) else {}
    return Notice(
        event_id=_text(about, "eventId", LONGEST_NAME),
        remote_company=_text(about, "organizationId"),
        what=what,
        remote_id=_text(record, "id") if "id" in record else "",
        happened_at=moment(record.get("updatedTime")),
        subscription=_text(about, "subscriptionId"),
    )


def billcom_signed(body: bytes, signature: str, key: str) -> bool:
    """Over the body as it came, or over the JSON within it: BILL's documents leave open which of the two."""
    said = decode(body)
    inner = said.encode() if isinstance(said, str) else body
    return any([signed_with(key, body, signature), signed_with(key, inner, signature)])


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    if not isinstance(found, list):
        raise ValueError(f"no list {name}")
    return found


def _text(value: dict[str, Any], name: str, longest: int = LONGEST_ID) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found or len(found) > longest or "\0" in found:
        raise ValueError(f"no fitting {name}")
    return found


def moment(value: Any) -> datetime | None:
    """Nanoseconds are cut; a time without a zone says nothing."""
    with suppress(ValueError, OverflowError):
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        return read.astimezone(UTC) if read is not None and read.tzinfo else None
    return None
