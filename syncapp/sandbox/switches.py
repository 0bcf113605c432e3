"""What isn't known of the real products, and what a test wants to turn: each a switch with a stated default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from syncapp.sandbox.billcom.switches import BillcomSwitches
from syncapp.sandbox.qbo.switches import QboSwitches


@dataclass(kw_only=True)
class Switches(BillcomSwitches, QboSwitches):
    """Set by POST /control/switches. QuickBooks' open points begin with qbo_, BILL's with billcom_."""

    enforce_limits: bool = True
    """Calls beyond the products' documented limits are refused."""
    latency_ms: int = 0
    """How long every API call takes at least."""
    webhooks_reorder: bool = False
    """Notifications that wait together are posted last first."""
    webhooks_duplicate: bool = False
    """Every notification is posted twice."""
    webhooks_drop_every: int = 0
    """Every so manieth notification is never posted; 0 = none is lost."""

    def set(self, wanted: dict[str, Any]) -> None:
        """Take over the named values. Raises ValueError for an unknown name or a value of another type."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in wanted.items():
            if name not in known:
                raise ValueError(f"there is no switch {name}")
            if type(value) is not type(known[name]):
                raise ValueError(f"{name} is a {type(known[name]).__name__}")
        for name, value in wanted.items():
            setattr(self, name, value)

    def shown(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}
