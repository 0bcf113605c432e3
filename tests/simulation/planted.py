"""Mistakes planted on purpose: each must be caught, or the simulation would prove nothing.

Each replaces a piece of the engine by one that lacks what keeps records from being lost or doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from tests.simulation.start import Replaced


def no_journal(replaced: Replaced) -> None:
    """What is to be written is not written down first."""
    from syncapp.models import Operation

    replaced.set(Operation.objects, "bulk_create", lambda operations, **how: operations)


def no_overlap(replaced: Replaced) -> None:
    """Each reading begins where the last one ended, to the second."""
    from syncapp.services import pulling_billcom, pulling_qbo

    replaced.set(pulling_billcom, "OVERLAP", timedelta())
    replaced.set(pulling_qbo, "OVERLAP", timedelta())


def no_fencing(replaced: Replaced) -> None:
    """A worker doesn't ask whether the company is still its own."""
    from syncapp.services.context import Context

    replaced.set(Context, "hold_lease", lambda self: None)
    replaced.set(Context, "confirm_lease", lambda self: None)
    replaced.set(Context, "surely_ours", lambda self, seconds: True)


def no_request_id(replaced: Replaced) -> None:
    """QuickBooks can't tell a repeat from a new wish."""
    from syncapp.gateways.qbo import QboGateway

    ask = QboGateway._ask

    def without(self: Any, method: str, path: str, params: Any = None, **more: Any) -> Any:
        kept = {name: value for name, value in (params or {}).items() if name != "requestid"}
        return ask(self, method, path, kept, **more)

    replaced.set(QboGateway, "_ask", without)


def base_not_updated(replaced: Replaced) -> None:
    """What both sides have in common is noted when they are linked, and never again."""
    from syncapp.services import rows

    for name in ("agree", "agree_as_sent"):
        replaced.set(rows, name, _only_at_first(getattr(rows, name)))


def no_second_look(replaced: Replaced) -> None:
    """After pages that were read while people went on, ids are not compared: what moved up is not missed."""
    from syncapp.services import pulling_qbo

    replaced.set(pulling_qbo, "_compare_ids", lambda context, compared: None)


def _only_at_first(agree: Callable[..., None]) -> Callable[..., None]:
    return lambda row, *values: agree(row, *values) if row.base is None else None


class Planted(NamedTuple):
    mistake: Callable[[Replaced], None]
    most: int
    """Within how many seeds it must be caught."""
    known: int
    """A seed that caught it when this was written: the suite begins there."""


PLANTED = {
    "no journal": Planted(no_journal, 20, 1),
    "no overlap": Planted(no_overlap, 60, 6),
    "no fencing": Planted(no_fencing, 60, 27),
    "no request id": Planted(no_request_id, 20, 1),
    "base not updated": Planted(base_not_updated, 20, 3),
    "no second look": Planted(no_second_look, 300, 106),
}
