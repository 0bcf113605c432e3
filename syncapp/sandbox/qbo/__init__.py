"""QuickBooks Online as seen from outside: its Accounting API, its OAuth, and the books behind them."""

from __future__ import annotations

from syncapp.sandbox.qbo.bodies import Fault
from syncapp.sandbox.qbo.service import Qbo

__all__ = ["Fault", "Qbo"]
