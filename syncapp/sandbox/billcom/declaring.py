"""How a kind of record is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncapp.sandbox.billcom.fields import Field


class Verb(StrEnum):
    LIST = "list"
    CREATE = "create"
    READ = "read"
    PATCH = "patch"
    PUT = "put"
    ARCHIVE = "archive"
    RESTORE = "restore"


class Right(StrEnum):
    """What a role may do."""

    USE = "use"
    COMPANY = "company"
    USERS = "users"
    PAY = "pay"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Bulk:
    """What can be done to many at once; ``whole`` is all-or-nothing, which is not promised everywhere."""

    create: int
    wrapper: str = ""
    verbs: frozenset[Verb] = frozenset({Verb.CREATE})
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    path: str
    prefix: str
    label: str
    fields: Mapping[str, Field]
    filters: Mapping[str, str]
    sorts: frozenset[str]
    verbs: frozenset[Verb] = frozenset(Verb) - {Verb.PUT}
    bulk: Bulk | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    lines: str = ""
    line_prefix: str = ""
    right: Right = Right.USE
    event: str = ""
    # Shown by GET and in lists, but not in the answer to a write.
    when_read: frozenset[str] = frozenset()
