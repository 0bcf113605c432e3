"""How a field is read from a request. An entity is a table of these (entities.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Protocol

from syncapp.sandbox.qbo import bodies

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
# Reference: Intuit docs, Line.Amount: at most 15 digits.
LARGEST = Decimal(10) ** 15
_QUANTA = {places: Decimal(1).scaleb(-places) for places in range(8)}


def cents(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


@dataclass(slots=True)
class Found:
    """What is met while reading a payload, besides its values."""

    #: (the reference as it will be kept, the entities it may name, where it stood)
    references: list[tuple[dict[str, Any], tuple[str, ...], str]] = field(default_factory=list)
    #: Names at the top that were sent empty: a sparse update clears them.
    cleared: set[str] = field(default_factory=set)
    #: Whether null is such an emptiness, or as good as not sent.
    null_clears: bool = True


class Field(Protocol):
    def take(self, value: Any, path: str, found: Found) -> Any:
        """The value as it is kept, or None for nothing; raises Fault."""


@dataclass(frozen=True, slots=True)
class Text:
    length: int = 4000
    forbidden: str = ""

    def take(self, value: Any, path: str, found: Found) -> Any:
        if isinstance(value, (dict, list)):
            raise bodies.unreadable(path, value, "a text")
        text = value if isinstance(value, str) else str(value)
        if len(text) > self.length:
            raise bodies.too_long(path, self.length, len(text))
        if self.forbidden and any(sign in text for sign in self.forbidden):
            raise bodies.business(f"{path} may not contain any of {self.forbidden!r}", element=path)
        return text


@dataclass(frozen=True, slots=True)
class Email:
    length: int = 100

    def take(self, value: Any, path: str, found: Found) -> Any:
        text = Text(self.length).take(value, path, found)
        if "@" not in text or "." not in text:
            raise bodies.Fault("2210", "Invalid Email Address format", f"{path}: {text}", element=path)
        return text


@dataclass(frozen=True, slots=True)
class Flag:
    def take(self, value: Any, path: str, found: Found) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise bodies.unreadable(path, value, "true or false")


@dataclass(frozen=True, slots=True)
class Number:
    places: int = 2
    least: int | None = None
    most: int | None = None

    def take(self, value: Any, path: str, found: Found) -> Any:
        number = _number(value, path)
        if not -LARGEST < number < LARGEST:
            raise bodies.illegal_number(path, value)
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise bodies.illegal_number(path, value)
        if self.places == 2 or number.as_tuple().exponent < -self.places:  # type: ignore[operator]
            return number.quantize(_QUANTA[self.places], ROUND_HALF_UP)
        return number


def _number(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise bodies.unreadable(path, value, "a number")
    try:
        number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise bodies.illegal_number(path, value) from None
    if not number.is_finite():
        raise bodies.illegal_number(path, value)
    return number


@dataclass(frozen=True, slots=True)
class Whole:
    least: int = -(2**31)
    most: int = 2**31

    def take(self, value: Any, path: str, found: Found) -> Any:
        number = _number(value, path)
        if not self.least <= number <= self.most or number != int(number):
            raise bodies.illegal_number(path, value)
        return int(number)


@dataclass(frozen=True, slots=True)
class Day:
    """A date; a time behind it is accepted and dropped."""

    def take(self, value: Any, path: str, found: Found) -> Any:
        try:
            return date.fromisoformat(str(value)[:10]).isoformat()
        except ValueError:
            raise bodies.unreadable(path, value, "a date") from None


@dataclass(frozen=True, slots=True)
class Choice:
    values: tuple[str, ...]

    def take(self, value: Any, path: str, found: Found) -> Any:
        if value not in self.values:
            raise bodies.invalid_choice(path, value)
        return value


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference by id. The label that comes with it is output: what is sent is not looked at."""

    targets: tuple[str, ...]
    keep_type: bool = False

    def take(self, value: Any, path: str, found: Found) -> Any:
        if not isinstance(value, dict):
            raise bodies.unreadable(path, value, "a reference")
        id = value.get("value")
        if id is None or id == "":
            return None
        kept = {"value": str(id)}
        if self.keep_type and value.get("type"):
            kept["type"] = str(value["type"])
        found.references.append((kept, self.targets, path))
        return kept


def ref(*targets: str, keep_type: bool = False) -> Ref:
    return Ref(targets, keep_type)


@dataclass(frozen=True, slots=True)
class Group:
    """An object of named fields; a name that is not one of them is refused."""

    fields: Mapping[str, Field]
    ignored: frozenset[str] = frozenset()

    def take(self, value: Any, path: str, found: Found) -> Any:
        if not isinstance(value, dict):
            raise bodies.unreadable(path, value, "an object")
        kept = {}
        for name, part in value.items():
            known = self.fields.get(name)
            if known is None:
                if name in self.ignored:
                    continue
                raise bodies.unknown_property(f"{path}.{name}" if path else name)
            if part is None or part == "":
                if not path and (part == "" or found.null_clears):
                    found.cleared.add(name)
                continue
            taken = known.take(part, f"{path}.{name}" if path else name, found)
            if taken is not None:
                kept[name] = taken
            elif not path:
                found.cleared.add(name)
        return kept


@dataclass(frozen=True, slots=True)
class Many:
    part: Field

    def take(self, value: Any, path: str, found: Found) -> Any:
        if not isinstance(value, list):
            raise bodies.unreadable(path, value, "a list")
        return [self.part.take(item, path, found) for item in value]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a transaction: DetailType says which detail belongs to a line."""

    details: Mapping[str, Group]
    plain: Group

    def take(self, value: Any, path: str, found: Found) -> Any:
        if not isinstance(value, list):
            raise bodies.unreadable(path, value, "a list")
        return [self._line(line, path, found) for line in value]

    def _line(self, line: Any, path: str, found: Found) -> dict[str, Any]:
        if not isinstance(line, dict):
            raise bodies.unreadable(path, line, "a line")
        detail_type = str(line.get("DetailType") or "")
        detail = self.details.get(detail_type)
        if detail_type and detail is None:
            raise bodies.invalid_choice(f"{path}.DetailType", detail_type)
        key = "DescriptionLineDetail" if detail_type == "DescriptionOnly" else detail_type
        rest = {name: part for name, part in line.items() if name != key}
        kept: dict[str, Any] = self.plain.take(rest, path, found)
        if detail is not None:
            kept[str(key)] = detail.take(line.get(key) or {}, f"{path}.{key}", found)
        return kept


@dataclass(frozen=True, slots=True)
class Bag:
    """An object of settings, kept as it comes."""

    def take(self, value: Any, path: str, found: Found) -> Any:
        if not isinstance(value, dict):
            raise bodies.unreadable(path, value, "an object")
        return value


@dataclass(frozen=True, slots=True)
class Anything:
    """Kept as it comes."""

    def take(self, value: Any, path: str, found: Found) -> Any:
        return value


def same(names: Iterable[str], kind: Field) -> dict[str, Field]:
    return dict.fromkeys(names, kind)
