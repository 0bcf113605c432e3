"""What a field may hold, and the reading of a request against it.

A kind of record is a mapping of names to ``Field``; ``Reader`` turns a payload into clean values and collects
everything that is wrong with it, since BILL answers with all problems at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from syncapp.sandbox.billcom.errors import Problem
from syncapp.sandbox.billcom.values import Row, exact, is_date

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
COUNTRY = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
# How large a number may be isn't documented: a quantity times a price must still be exact to the cent.
LARGEST = Decimal(10) ** 11


class Type(StrEnum):
    TEXT = "text"
    EMAIL = "email"
    COUNTRY = "country"
    CURRENCY = "currency"
    DATE = "date"
    NUMBER = "number"
    AMOUNT = "amount"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    REFERENCE = "reference"
    OBJECT = "object"
    LINES = "lines"


class Mode(StrEnum):
    CREATE = "create"
    PATCH = "patch"
    PUT = "put"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``required`` when a record is made; ``read_only`` is BILL's to say; ``least`` lines at least."""

    type: Type = Type.TEXT
    required: bool = False
    max: int = 0
    least: int = 0
    choices: frozenset[str] = frozenset()
    ref: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    read_only: bool = False
    create_only: bool = False


def text(max: int = 0, **more: Any) -> Field:
    return Field(Type.TEXT, max=max, **more)


def choice(*names: str, **more: Any) -> Field:
    return Field(Type.CHOICE, choices=frozenset(names), **more)


def reference(to: str, **more: Any) -> Field:
    return Field(Type.REFERENCE, ref=to, **more)


def group(fields: Mapping[str, Field], **more: Any) -> Field:
    return Field(Type.OBJECT, fields=fields, **more)


# BILL's to say: taken from a request without a word and left as it is.
READ_ONLY = Field(read_only=True)
NUMBER = Field(Type.NUMBER)
AMOUNT = Field(Type.AMOUNT)
BOOLEAN = Field(Type.BOOLEAN)
DATE = Field(Type.DATE)


@dataclass(slots=True)
class Reader:
    """Reads one payload. ``refers`` says what is wrong with a reference; empty when nothing is."""

    mode: Mode
    refers: Callable[[str, str, str], str]
    code: str = ""
    unknown: str = "refuse"
    null_clears: bool = True
    merges: bool = True
    numeric_texts: bool = False
    problems: list[Problem] = field(default_factory=list)

    def read(self, fields: Mapping[str, Field], payload: Any, old: Row | None = None, path: str = "") -> Row:
        """The clean values of a payload, on top of the old ones where it only patches."""
        if not isinstance(payload, dict):
            self.wrong(path, "must be an object")
            return {}
        values: Row = dict(old) if old is not None and self.mode is Mode.PATCH else {}
        before = old or {}
        for name, value in payload.items():
            self._take(fields, values, name, value, path, before.get(name))
        self._require(fields, values, payload, path, fresh=old is None or self.mode is not Mode.PATCH)
        return values

    def _take(self, fields: Mapping[str, Field], values: Row, name: str, value: Any, path: str, old: Any) -> None:
        where = f"{path}{name}"
        known = fields.get(name)
        if known is None:
            if self.unknown == "refuse":
                self.problems.append(Problem(f"{where}: unrecognized field", "BDC_1143", where))
        elif known.read_only or (known.create_only and self.mode is not Mode.CREATE):
            return
        elif value is None or value == "":
            # An empty text empties a field; whether null does as well is not documented.
            if value == "" or self.null_clears:
                values.pop(name, None)
        else:
            cleaned = self.value(known, value, where, old)
            if cleaned is None:
                # Refused, or an object of which nothing is left.
                values.pop(name, None)
            else:
                values[name] = cleaned

    def _require(self, fields: Mapping[str, Field], values: Row, payload: Row, path: str, *, fresh: bool) -> None:
        """A patch has to give a required field only if it names it: what is there already may stay."""
        for name, known in fields.items():
            if not known.required or values.get(name) is not None or not (fresh or name in payload):
                continue
            where = f"{path}{name}"
            if not any(problem.field.startswith(where) for problem in self.problems):
                self.wrong(where, "must not be blank" if payload.get(name) == "" else "must not be null")

    def wrong(self, where: str, message: str, code: str | None = None) -> None:
        self.problems.append(Problem(f"{where}: {message}", self.code if code is None else code, where))

    def value(self, known: Field, value: Any, where: str, old: Any) -> Any:
        if known.type is Type.OBJECT:
            merges = self.merges and self.mode is Mode.PATCH
            return self.read(known.fields, value, old if merges else None, f"{where}.") or None
        if known.type is Type.LINES:
            return self._lines(known, value, where, old or [])
        message = self._fault(known, value, where)
        if message:
            self.wrong(where, message, "BDC_1143" if known.type is Type.REFERENCE else None)
            return None
        if known.type in (Type.NUMBER, Type.AMOUNT):
            return exact(Decimal(value) if isinstance(value, str) else value)
        return value

    def _lines(self, known: Field, value: Any, where: str, old: list[Row]) -> list[Row] | None:
        """A patch edits lines by their ids and leaves the others; a replacement is the whole list.

        Reference: https://developer.bill.com/hc/reference/replacebill
        """
        if not isinstance(value, list):
            self.wrong(where, "must be an array")
            return None
        if len(value) < known.least:
            self.wrong(where, f"size must be at least {known.least}")
            return None
        if self.mode is Mode.CREATE or "id" not in known.fields or known.fields["id"].type is Type.REFERENCE:
            return [self.read(known.fields, each, None, f"{where}[{at}].") for at, each in enumerate(value)]
        return self._by_id(known, value, where, {line["id"]: line for line in old})

    def _by_id(self, known: Field, value: list[Any], where: str, kept: dict[str, Row]) -> list[Row]:
        lines: dict[str, Row] = dict(kept) if self.mode is Mode.PATCH else {}
        for at, each in enumerate(value):
            identifier = each.get("id") if isinstance(each, dict) else None
            if identifier is None and self.mode is Mode.PATCH:
                self.wrong(f"{where}[{at}].id", "must not be null")
            elif identifier is not None and identifier not in kept:
                self.wrong(f"{where}[{at}].id", "does not exist on this record", "BDC_1143")
            else:
                line = self.read(known.fields, each, kept.get(identifier or ""), f"{where}[{at}].")
                lines[identifier or f"new {at}"] = line
        return list(lines.values())

    def _fault(self, known: Field, value: Any, where: str) -> str:
        """What is wrong with a plain value, in the words of the field's type; empty when nothing is."""
        if known.type in (Type.NUMBER, Type.AMOUNT):
            return self._number_fault(known, value)
        if known.type is Type.BOOLEAN:
            return "" if isinstance(value, bool) else "must be a boolean"
        if not isinstance(value, str):
            return "must be a string"
        if known.type is Type.REFERENCE:
            return self.refers(known.ref, value, where)
        return self._text_fault(known, value)

    def _number_fault(self, known: Field, value: Any) -> str:
        if isinstance(value, str) and self.numeric_texts and re.fullmatch(r"-?\d+(\.\d+)?", value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
            return "must be a number"
        number = Decimal(str(value))
        if not number.is_finite() or not -LARGEST < number < LARGEST:
            return "numeric value out of bounds"
        if known.type is Type.AMOUNT and number != round(number, 2):
            return "must have at most 2 decimals"
        return ""

    @staticmethod
    def _text_fault(known: Field, value: str) -> str:
        if not value.strip():
            return "must not be blank"
        if known.max and len(value) > known.max:
            return f"size must be between 0 and {known.max}"
        if known.type is Type.CHOICE and value not in known.choices:
            return f"must be one of {', '.join(sorted(known.choices))}"
        if known.type is Type.DATE and not is_date(value):
            return "must be a date of the form yyyy-MM-dd"
        if known.type is Type.EMAIL and not EMAIL.fullmatch(value):
            return "must be a well-formed email address"
        if known.type is Type.COUNTRY and not COUNTRY.fullmatch(value):
            return "must be an ISO 3166-1 alpha-2 country code"
        if known.type is Type.CURRENCY and not CURRENCY.fullmatch(value):
            return "must be an ISO 4217 currency code"
        return ""
