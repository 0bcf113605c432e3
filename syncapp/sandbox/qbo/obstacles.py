"""What keeps a record from being changed or taken away, beyond what the books themselves say.

QuickBooks has banks' downloads, recurring templates, unbilled charges and tax forms, which nothing here keeps: a test,
or a person at the sandbox's pages, says that there is one. Reference: spec, behaviour of BILL's sync, section 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.store import Realm


@dataclass(frozen=True)
class Obstacle:
    """``words``: how QuickBooks says no. ``changes``: whether it refuses changes, too, and not only taking away."""

    words: str
    changes: bool = False


OBSTACLES = {
    "matched": Obstacle(
        "You can't edit or delete this transaction: it is matched to a downloaded transaction", changes=True
    ),
    "deleted": Obstacle("It can't be changed: the class may already be deleted", changes=True),
    "recurring": Obstacle("It can't be made inactive: it is used in a recurring template or a scheduled payment"),
    "unbilled": Obstacle("It can't be made inactive: it is used in unbilled charges"),
    "balance": Obstacle("It can't be made inactive: it has a non-zero balance"),
    "1099": Obstacle("It can't be made inactive: the account is tied to a box of Form 1099"),
    "invoiced": Obstacle("The transaction can't be deleted: an invoice that is linked to it would be left blank"),
}


def put(realm: Realm, entity: str, id: str, obstacle: str) -> None:
    """``obstacle``: its name, or "" for none any more. Raises ValueError, KeyError."""
    if obstacle and obstacle not in OBSTACLES:
        raise ValueError(f"an obstacle is one of {', '.join(OBSTACLES)}")
    if id not in realm.table(entity).rows:
        raise KeyError(id)
    if obstacle:
        realm.obstacles[entity, id] = obstacle
    else:
        realm.obstacles.pop((entity, id), None)


def check(realm: Realm, entity: str, id: str, payload: Any, *, taken_away: bool) -> None:
    """Refuse what the record's obstacle forbids."""
    obstacle = OBSTACLES.get(realm.obstacles.get((entity, id), ""))
    if obstacle is None:
        return
    if obstacle.changes or taken_away or payload.get("Active") is False:
        raise bodies.business(f"{obstacle.words}.")


def check_balance(old: Any, payload: Any) -> None:
    """Reference: spec, behaviour of BILL's sync, section 9: 30 and 31. Lists alone have both properties."""
    going = payload.get("Active") is False and old.get("Active") is not False
    if going and (old.get("CurrentBalance") or ("DisplayName" in old and old.get("Balance"))):
        raise bodies.business(f"{OBSTACLES['balance'].words}.")
