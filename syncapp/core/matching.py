"""Who is whom: pairing one-sided records by their keys. It links only what is exact and unique."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from unicodedata import combining
from unicodedata import normalize as unicode_normalize

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Keys
from syncapp.core.sides import Side


def normalise(text: str) -> str:
    """A name or number without case, accents, spaces and punctuation: "ACME, Inc." and "Acme Inc" are one.

    Between two digits it matters that something stands ("1-23" is not "12-3"), and what has nothing but signs
    ("***") is told apart by them.
    """
    plain = "".join(char for char in unicode_normalize("NFKD", text) if not combining(char)).casefold()
    words = "".join(char if char.isalnum() else " " for char in plain).split()
    if not words:
        return "".join(plain.split())
    joined = words[0]
    for word in words[1:]:
        joined += f"-{word}" if joined[-1].isdigit() and word[0].isdigit() else word
    return joined


@dataclass(frozen=True, slots=True)
class Candidate:
    """A one-sided record that looks for its twin.

    ``told_apart``: a person said it has none, so none is looked for. ``gone``: deleted, archived or voided, and never
    to be made on the other side, so it waits for nobody; but what is like it there may not be made again unasked.
    ``details``: what tells two with one key apart, where none of it is the same; empty where the key says all.
    """

    key: int
    side: Side
    keys: Keys
    active: bool = True
    told_apart: bool = False
    gone: bool = False
    details: tuple[str, ...] = ()


@dataclass
class Matches:
    """``links``: (BILL's key, QuickBooks' key). ``holds``: key -> (hold, keys of the candidates)."""

    links: list[tuple[int, int]] = field(default_factory=list)
    holds: dict[int, tuple[Hold, tuple[int, ...]]] = field(default_factory=dict)


def _groups(candidates: Iterable[Candidate], level: str) -> list[list[Candidate]]:
    grouped: dict[str, list[Candidate]] = defaultdict(list)
    for each in candidates:
        if key := getattr(each.keys, level):
            grouped[key].append(each)
    return [group for group in grouped.values() if len({each.side for each in group}) == 2]


def _pair(group: Sequence[Candidate]) -> tuple[Candidate, Candidate] | None:
    ours = [each for each in group if each.side is Side.BILLCOM]
    theirs = [each for each in group if each.side is Side.QBO]
    return (ours[0], theirs[0]) if len(ours) == 1 == len(theirs) else None


def _differ(one: Candidate, other: Candidate) -> bool:
    """Whether none of the details is the same: then one key may be a mistake of whoever typed it."""
    if not one.details or not other.details:
        return False
    return all(ours != theirs for ours, theirs in zip(one.details, other.details, strict=True))


LEVELS = ("first", "second")


def pair_up(candidates: Sequence[Candidate], matched_by: str, exact: Sequence[str] = LEVELS) -> Matches:
    """Exact and unique -> link; several -> hold "ambiguous"; alike only, gone, or with no detail the same -> hold
    "possible match". ``exact``: the keys that link; the others only propose.
    """
    found = Matches()
    open_ = {each.key: each for each in candidates if not each.told_apart}
    for level in exact:
        for group in _groups(open_.values(), level):
            living = [each for each in group if not each.gone]
            pair = _pair(living) or _pair([each for each in living if each.active])
            if len({each.side for each in living}) < 2:
                _hold(found, open_, group, HoldCode.PROPOSED_MATCH, matched_by)
            elif pair and _differ(*pair):
                _hold(found, open_, pair, HoldCode.PROPOSED_MATCH, matched_by)
            elif pair:
                found.links.append((pair[0].key, pair[1].key))
                for each in pair:
                    del open_[each.key]
            else:
                _hold(found, open_, group, HoldCode.AMBIGUOUS_MATCH, matched_by)
    alike = (level for level in (*LEVELS, "proposal") if level not in exact)
    for group in (group for level in alike for group in _groups(open_.values(), level)):
        _hold(found, open_, group, HoldCode.PROPOSED_MATCH, "the same details under another name or number")
    return found


def _hold(
    found: Matches, open_: dict[int, Candidate], group: Sequence[Candidate], code: HoldCode, matched_by: str
) -> None:
    for each in group:
        if each.gone:
            continue
        others = tuple(other.key for other in group if other.side is not each.side)
        facts = {"by": matched_by}
        if all(other.gone for other in group if other.side is not each.side):
            there = each.side.other.label
            gone = "deleted, archived or voided"
            facts["meaning"] = f"One like it was {gone} in {there}, so it isn't made there again unasked."
            facts["fix"] = (
                f"If it was archived by mistake, restore it in {there}; the two are linked then. "
                f"To make it anew in {there}, choose They are different; otherwise exclude it."
            )
        elif len(group) == 2 and _differ(*group):
            facts["meaning"] = (
                f"{each.side.other.label} has one with the same {matched_by}, and nothing else is the same: here it is "
                f"{_told(group, each.side)}, there {_told(group, each.side.other)}. So it may be another one."
            )
            facts["fix"] = (
                "If the two are one, link them: the master's values are kept then. Otherwise say that they are "
                "different, and correct the number of the one that has it wrong."
            )
        found.holds[each.key] = (Hold(code, facts), others[:20])
        open_.pop(each.key, None)


def _told(group: Sequence[Candidate], side: Side) -> str:
    return ", ".join(next(each for each in group if each.side is side).details)
