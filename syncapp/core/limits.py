"""Stop rather than guess: what no honest day's work looks like."""

from __future__ import annotations

from dataclasses import dataclass

from syncapp.core.holds import HoldCode

RETIRED_AT_LEAST = 20
RETIRED_SHARE = 0.2


@dataclass(frozen=True)
class Stop:
    """Why a run stops before it writes; ``what`` completes "because …"."""

    code: str
    what: str


def too_many_retired(kind_plural: str, retired: int, linked: int) -> Stop | None:
    """More than a fifth of a kind (and more than twenty records) went inactive or away since the last sync."""
    if retired <= RETIRED_AT_LEAST or retired <= linked * RETIRED_SHARE:
        return None
    what = f"{retired} of {linked} {kind_plural.lower()} became inactive or were deleted since the last sync"
    return Stop(HoldCode.TOO_MANY_CHANGES, what)


def came_back_empty(side_label: str, kind_plural: str, read: int, linked: int) -> Stop | None:
    """A whole list is empty where records were linked before."""
    if read or linked <= RETIRED_AT_LEAST:
        return None
    return Stop("empty-side", f"{side_label} shows no {kind_plural.lower()} at all, where {linked} were in step before")


def other_company(expected: str, found: str) -> Stop | None:
    """The QuickBooks company answers with another name than it had when it was connected."""
    if not expected or not found or expected == found:
        return None
    return Stop("company-renamed", f'the QuickBooks company is now called "{found}", and was "{expected}" before')
