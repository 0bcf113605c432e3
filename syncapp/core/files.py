"""Files attached to bills: what a product shows of them, what it takes, and which on one side is which on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncapp.core.schema import Raw
from syncapp.core.sides import Side

MEGABYTE = 1024 * 1024
# Reference: spec, sync matrix: 6 MB to BILL, 25 MB to QuickBooks.
LARGEST: Mapping[Side, int] = {Side.BILLCOM: 6 * MEGABYTE, Side.QBO: 25 * MEGABYTE}
# Reference: Intuit docs, attachments: the types that are taken.
QBO_TYPES = frozenset(
    ("ai", "csv", "doc", "docx", "eps", "gif", "jpeg", "jpg", "ods", "pdf", "png", "rtf", "tif", "txt", "xls", "xlsx")
    + ("xml",)
)
LONGEST_NAME = 1000
MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class File:
    """One file as its side shows it. ``size``: None where it isn't told. ``bills``: QuickBooks' ids of its bills."""

    id: str
    name: str
    size: int | None = None
    bills: tuple[str, ...] = ()


def read(shown: Iterable[Raw], side: Side) -> list[File]:
    """The files among what a side lists. What has no name is none: QuickBooks lists mere notes too."""
    id, name = ("Id", "FileName") if side is Side.QBO else ("id", "name")
    return [
        File(str(raw[id]), raw[name][:LONGEST_NAME], _size(raw.get("Size")), _bills(raw.get("AttachableRef")))
        for raw in shown
        if isinstance(raw.get(name), str) and raw[name]
    ]


def _size(shown: object) -> int | None:
    text = str(shown)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


def _bills(shown: object) -> tuple[str, ...]:
    refs = [each.get("EntityRef") for each in shown if isinstance(each, dict)] if isinstance(shown, list) else []
    named = [each for each in refs if isinstance(each, dict) and str(each.get("type")).lower() == "bill"]
    return tuple(each["value"] for each in named if isinstance(each.get("value"), str))


def wrong_type(name: str, to: Side) -> bool:
    return to is Side.QBO and name.rpartition(".")[2].lower() not in QBO_TYPES


class OtherSide:
    """The files that a bill has on the other side, each of which stands for one of this side's at most.

    ``pairs``: id here -> id there, of those that are known to be one. Two files of one name are told apart by their
    number alone where no size is told, so as many as there are of it count as there.
    """

    def __init__(self, files: Iterable[File], pairs: Mapping[str, str]) -> None:
        self._files = list(files)
        self._pairs = dict(pairs)

    def take(self, id: str, name: str, size: int | None) -> str:
        """The id there of what is this file, from now on this one's; "" where it isn't there."""
        own, taken = self._pairs.get(id), set(self._pairs.values())
        found = [each.id for each in self._files if each.id == own]
        found += [each.id for each in self._files if each.id not in taken and _alike(each, name, size)]
        if not found:
            return ""
        self._pairs[id] = found[0]
        return found[0]


def _alike(file: File, name: str, size: int | None) -> bool:
    return file.name == name and (file.size is None or size is None or file.size == size)
