"""BILL as seen from outside: its v3 API, the calls of v2 that v3 lacks, and the books behind them."""

from __future__ import annotations

from syncapp.sandbox.billcom.errors import Refused
from syncapp.sandbox.billcom.service import Billcom

__all__ = ["Billcom", "Refused"]
