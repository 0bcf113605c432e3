"""The records of one kind in one organization, kept in the orders that lists ask for.

Two lists stay sorted by time, and some fields have an index, so that neither a look at what changed since
nor a look at one vendor's bills ever goes through all of them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from syncapp.sandbox.billcom.values import Row, dig

Key = tuple[str, str]
TIMES = ("createdTime", "updatedTime")


class Table:
    def __init__(self, indexed: Iterable[str] = ()) -> None:
        self.rows: dict[str, Row] = {}
        self.by_time: dict[str, list[Key]] = {name: [] for name in TIMES}
        self.indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in indexed}
        self.version = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def get(self, identifier: str) -> Row | None:
        return self.rows.get(identifier)

    def put(self, row: Row) -> None:
        """Keep a row, new or changed; the one that it replaces must not have been altered in place."""
        identifier = row["id"]
        old = self.rows.get(identifier)
        self.rows[identifier] = row
        self.version += 1
        for name, ordered in self.by_time.items():
            self._place(ordered, name, old, row)
        for name, index in self.indexes.items():
            self._file(index, name, old, row)

    @staticmethod
    def _place(ordered: list[Key], name: str, old: Row | None, row: Row) -> None:
        if old is not None:
            if old[name] == row[name]:
                return
            del ordered[bisect_left(ordered, (old[name], old["id"]))]
        insort(ordered, (row[name], row["id"]))

    @staticmethod
    def _file(index: dict[str, dict[str, None]], name: str, old: Row | None, row: Row) -> None:
        value = folded(dig(row, name))
        if old is not None:
            before = folded(dig(old, name))
            if before == value:
                return
            index.get(before, {}).pop(row["id"], None)
        index.setdefault(value, {})[row["id"]] = None

    def ids_with(self, name: str, values: Iterable[str]) -> list[str]:
        """The ids of the rows whose indexed field has one of the values (upper and lower case alike)."""
        index = self.indexes[name]
        return [identifier for value in values for identifier in index.get(folded(value), ())]

    def since(self, name: str, value: str) -> int:
        """Where, in the order of a time, the rows at or after a moment begin."""
        return bisect_left(self.by_time[name], (value, ""))


def folded(value: object) -> str:
    return str(value).casefold() if value is not None else ""
