"""BILL's other API: subscriptions to an organization's changes.

Reference: https://developer.bill.com/docs/working-with-bill-webhooks
Every method may raise any GatewayError.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import NotFound
from syncapp.gateways.http import Call

# What can be told of, by the path of the records. Nothing of customers, credits, classifications, received payments.
# Reference: https://developer.bill.com/docs/notification-payloads-reference
_LIST = ("created", "updated", "archived", "restored")
TOLD = {
    "vendors": tuple(f"vendor.{operation}" for operation in _LIST),
    "bills": tuple(f"bill.{operation}" for operation in _LIST),
    "invoices": tuple(f"invoice.{operation}" for operation in _LIST),
    "payments": ("payment.updated", "payment.failed"),
}
SUBSCRIPTIONS = "subscriptions"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription as BILL shows it; its key only in the answer to its creation."""

    id: str
    url: str
    enabled: bool
    events: frozenset[str]
    security_key: str = field(default="", repr=False)


class BillcomEvents(BillcomGateway):
    """The subscriptions of one organization. ``base_url`` is that of the events; the session is the same."""

    _request_id: UUID | None = None

    def subscribe(self, url: str, events: Iterable[str], request_id: UUID) -> Subscribed:
        """Asked again with the same request id, it answers as the first time. Raises Duplicate where there is one."""
        asked = {
            "name": "Tieout",
            "status": {"enabled": True},
            "events": [{"type": each, "version": "1"} for each in events],
            "notificationUrl": url,
        }
        self._request_id = request_id
        try:
            return _shown(self.create(SUBSCRIPTIONS, asked))
        finally:
            self._request_id = None

    def subscription(self, remote_id: str) -> Subscribed | None:
        with suppress(NotFound):
            return _shown(self.get(SUBSCRIPTIONS, remote_id))
        return None

    def subscriptions(self) -> list[Subscribed]:
        return [_shown(each) for each in self._all(SUBSCRIPTIONS, sort="")]

    def switch_on(self, remote_id: str) -> None:
        self.patch(SUBSCRIPTIONS, remote_id, {"status": {"enabled": True}})

    def unsubscribe(self, remote_id: str) -> None:
        with suppress(NotFound):
            self._ask("DELETE", f"{SUBSCRIPTIONS}/{remote_id}", write=True)

    def new_key(self, remote_id: str, request_id: UUID) -> str:
        """A new security key; the one before it counts no more."""
        self._request_id = request_id
        try:
            answer = self._ask("POST", f"{SUBSCRIPTIONS}/{remote_id}/security_key", write=True)
        finally:
            self._request_id = None
        found = answer.json()
        if not isinstance(found, dict) or not isinstance(found.get("securityKey"), str):
            raise answer.bad("the answer has no security key")
        return str(found["securityKey"])

    def _signed(self, call: Call, session_id: str) -> Call:
        """No answer of this API is kept anywhere: it may hold a security key."""
        signed = super()._signed(call, session_id)
        key = {"X-Idempotent-Key": str(self._request_id)} if self._request_id else {}
        return replace(signed, headers={**signed.headers, **key}, confidential=True)


def _shown(found: dict[str, Any]) -> Subscribed:
    status = found.get("status") or {}
    # Shown as {"enabled": true} in one place of BILL's documents, as {"value": "ENABLED"} in another.
    enabled = status.get("enabled", status.get("value") == "ENABLED")
    # As with the status: "type" where it is asked for, "value" where it is shown.
    events = frozenset(str(each.get("type") or each.get("value")) for each in found.get("events") or [])
    return Subscribed(
        id=str(found["id"]),
        url=str(found.get("notificationUrl") or ""),
        enabled=bool(enabled),
        events=events,
        security_key=str(found.get("securityKey") or ""),
    )
