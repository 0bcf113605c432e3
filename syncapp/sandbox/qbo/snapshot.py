"""A company as a value that can be written down, and back."""

from __future__ import annotations

import base64
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from syncapp.sandbox.qbo import names
from syncapp.sandbox.qbo.bodies import Fault
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.replays import SAVED, Replay
from syncapp.sandbox.qbo.store import Key, Realm, Table, User
from syncapp.sandbox.qbo.validation import note_number
from syncapp.sandbox.qbo.work import Work


def dump(realm: Realm) -> dict[str, Any]:
    return {
        "id": realm.id,
        "name": realm.name,
        "users": [asdict(user) for user in realm.users],
        "demoted": sorted(realm.demoted),
        "counters": realm.counters,
        "tables": {name: _dump_table(table) for name, table in realm.tables.items() if table.rows or table.deleted},
        "postings": [
            [*key, [[account, amount, *(name or ())] for account, amount, name in postings]]
            for key, postings in realm.postings.items()
        ],
        "settles": [
            [*source, [[*target, amount] for target, amount in amounts.items()]]
            for source, amounts in realm.settles.items()
        ],
        "obstacles": [[*key, name] for key, name in realm.obstacles.items()],
        "system_accounts": realm.system_accounts,
        "files": {id: base64.b64encode(content).decode() for id, content in realm.files.items()},
        "replays": [[name, *kept] for name, kept in _saved_replays(realm)],
    }


def _saved_replays(realm: Realm) -> list[tuple[str, tuple[int, str, Any]]]:
    last = list(realm.replays.items())[-SAVED:]
    return [(name, (kept.second, kept.print, kept.answer)) for name, kept in last if not isinstance(kept.answer, Fault)]


def _dump_table(table: Table) -> dict[str, Any]:
    return {"rows": list(table.rows.values()), "deleted": table.deleted, "changes": table.changes}


def restore(realm: Realm, kept: dict[str, Any], work: Work) -> None:
    """Fills an empty realm. The indexes are made anew."""
    realm.users = [User(**user) for user in kept["users"]]
    realm.demoted = set(kept["demoted"])
    realm.counters = dict(kept["counters"])
    for name, table in kept["tables"].items():
        _restore_table(realm.table(name), table)
    realm.obstacles = {(entity, id): name for entity, id, name in kept.get("obstacles", ())}
    realm.system_accounts = dict(kept["system_accounts"])
    realm.files = {id: base64.b64decode(content) for id, content in kept["files"].items()}
    realm.replays = {name: Replay(second, print, answer) for name, second, print, answer in kept["replays"]}
    _restore_books(realm, kept)
    _restore_names(realm, work)


def _restore_table(table: Table, kept: dict[str, Any]) -> None:
    for record in kept["rows"]:
        table.put(record, 0)
    table.deleted = dict(kept["deleted"])
    table.changes = {}
    for id, (_, second) in kept["changes"].items():
        table.note(id, second)


def _restore_books(realm: Realm, kept: dict[str, Any]) -> None:
    for entity, id, postings in kept["postings"]:
        key: Key = (entity, id)
        realm.postings[key] = tuple(
            (account, Decimal(amount), (name[0], name[1]) if name else None) for account, amount, *name in postings
        )
    for entity, id, amounts in kept["settles"]:
        source: Key = (entity, id)
        realm.settles[source] = {(kind, target): Decimal(amount) for kind, target, amount in amounts}
        for target, amount in realm.settles[source].items():
            realm.settled.setdefault(target, {})[source] = amount
    for postings in realm.postings.values():
        for account, amount, name in postings:
            realm.account_balances[account] = realm.account_balances.get(account, Decimal("0.00")) + amount
            if name is not None:
                realm.name_balances[name] = realm.name_balances.get(name, Decimal("0.00")) + amount


def _restore_names(realm: Realm, work: Work) -> None:
    for name, entity in ENTITIES.items():
        for record in realm.table(name):
            if entity.is_list and entity.name_field:
                names.register(work, entity, record)
            elif entity.is_transaction:
                note_number(work, name, record, None)
