"""Frozen values between the tables and the decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncapp.core.holds import Hold
from syncapp.core.schema import Raw, Values
from syncapp.core.sides import Side

Base = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """One object as one side last showed it."""

    id: str
    values: Values
    version: str = ""
    raw: Raw | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One pair as we know it. ``base``: the values each side had when they last agreed, or None before that.

    ``included``: a person wants it in though it was paid before it was first seen.
    """

    key: int
    billcom: View | None
    qbo: View | None
    base: Base | None = None
    included: bool = False

    def view(self, side: Side) -> View | None:
        return self.billcom if side is Side.BILLCOM else self.qbo


class WriteVerb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    RETIRE = "retire"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one side. ``values``: the whole record in that side's terms; ``changed``: what differs."""

    side: Side
    verb: WriteVerb
    values: Values
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed the same field since base; ``kept`` is the side whose value is written."""

    field: str
    base: Any
    billcom: Any
    qbo: Any
    kept: Side


class Outcome(StrEnum):
    IN_STEP = "in-step"
    WRITE = "write"
    HELD = "held"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one pair. ``agreed``: fields on which both sides agree now, or that don't flow."""

    key: int
    outcome: Outcome
    writes: tuple[Write, ...] = ()
    hold: Hold | None = None
    clashes: tuple[Clash, ...] = ()
    agreed: frozenset[str] = field(default_factory=frozenset)
