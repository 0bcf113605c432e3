"""The query language, from text to a Statement.

Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from syncapp.sandbox.http import whole
from syncapp.sandbox.qbo.bodies import Fault, query_error, query_invalid

PAGE = 100
LARGEST_PAGE = 1000

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_][\w.]*)
    | (?P<sign><=|>=|=|<|>|\(|\)|,|\*)
    )""",
    re.VERBOSE,
)
OPERATORS = ("=", "<", ">", "<=", ">=")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str

    def says(self, word: str) -> bool:
        return self.kind == "word" and self.text.upper() == word


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: `DisplayName LIKE 'A%'`. The value is a list for IN."""

    property: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Statement:
    entity: str
    count: bool = False
    where: tuple[Term, ...] = ()
    #: (property, descending)
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    size: int = PAGE


END = Token("end", "end of statement")


def tokens(text: str) -> list[Token]:
    """Raises Fault 4000 at what is no word of the language, with it in the detail as the real one does."""
    found, at = [], 0
    text = text.strip().rstrip(";").rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise query_error(f"Lexical error at column {at + 1}. Encountered: {ascii(rest[:1])[1:-1]}")
        kind = str(match.lastgroup)
        found.append(Token(kind, _unquoted(match[kind]) if kind == "text" else match[kind]))
        at = match.end()
    return found


def _unquoted(text: str) -> str:
    if not text.isascii() and any(sign in text for sign in "’‘“”–—"):
        wrong = next(sign for sign in text if sign in "’‘“”–—")
        raise query_error(f"Lexical error. Encountered: {ascii(wrong)[1:-1]}")
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class Parser:
    """Reads one statement. The keywords may be in any case; ORDERBY may be written as one word or two."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else END

    def next(self) -> Token:
        token = self.here
        self.at += 1
        return token

    def wrong(self, wanted: str) -> Fault:
        return query_error(f"Encountered '{self.here.text}' where {wanted} was expected")

    def skip(self, *words: str) -> bool:
        """Takes these words if they come next."""
        ahead = self.tokens[self.at : self.at + len(words)]
        if len(ahead) == len(words) and all(token.says(word) for token, word in zip(ahead, words, strict=True)):
            self.at += len(words)
            return True
        return False

    def sign(self, text: str) -> bool:
        if self.here.kind == "sign" and self.here.text == text:
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.skip(word):
            raise self.wrong(word)

    def word(self, wanted: str) -> str:
        if self.here.kind != "word":
            raise self.wrong(wanted)
        return self.next().text

    def statement(self) -> Statement:
        self.expect("SELECT")
        count = self._columns()
        self.expect("FROM")
        entity = self.word("an entity")
        where = self._where() if self.skip("WHERE") else ()
        order = self._order() if self.skip("ORDERBY") or self.skip("ORDER", "BY") else ()
        start, size = self._window()
        if self.here is not END:
            raise self.wrong("the end")
        return Statement(entity, count, where, order, start, size)

    def _columns(self) -> bool:
        """True for COUNT(*). Named columns are read and make no difference: whole objects are answered."""
        if self.skip("COUNT"):
            if not (self.sign("(") and self.sign("*") and self.sign(")")):
                raise self.wrong("(*)")
            return True
        while True:
            if not self.sign("*"):
                self.word("a property")
            if not self.sign(","):
                return False

    def _where(self) -> tuple[Term, ...]:
        terms = [self._term()]
        while self.skip("AND"):
            terms.append(self._term())
        return tuple(terms)

    def _term(self) -> Term:
        bracket = self.sign("(")
        name = self.word("a property")
        if self.skip("IN"):
            term = Term(name, "IN", self._values())
        elif self.skip("LIKE"):
            term = Term(name, "LIKE", self._value())
        elif self.here.kind == "sign" and self.here.text in OPERATORS:
            term = Term(name, self.next().text, self._value())
        else:
            raise self.wrong("an operator")
        if bracket and not self.sign(")"):
            raise self.wrong(")")
        return term

    def _value(self) -> str | bool:
        token = self.here
        if token.kind in ("text", "number"):
            return self.next().text
        for word, value in (("TRUE", True), ("FALSE", False)):
            if self.skip(word):
                return value
        if self.skip("CURRENT_DATE"):
            return "CURRENT_DATE"
        raise self.wrong("a value")

    def _values(self) -> list[str | bool]:
        if not self.sign("("):
            raise self.wrong("(")
        values = [self._value()]
        while self.sign(","):
            values.append(self._value())
        if not self.sign(")"):
            raise self.wrong(")")
        return values

    def _order(self) -> tuple[tuple[str, bool], ...]:
        order = [self._order_by()]
        while self.sign(","):
            order.append(self._order_by())
        return tuple(order)

    def _order_by(self) -> tuple[str, bool]:
        name = self.word("a property")
        descending = self.skip("DESC")
        if not descending:
            self.skip("ASC")
        return name, descending

    def _window(self) -> tuple[int, int]:
        start, size = 1, PAGE
        while self.here.says("STARTPOSITION") or self.here.says("MAXRESULTS"):
            starting = self.next().says("STARTPOSITION")
            if self.here.kind != "number" or "." in self.here.text:
                raise self.wrong("a whole number")
            number = self._whole()
            if starting:
                start = number
            else:
                size = number
        return start, size

    def _whole(self) -> int:
        text = self.next().text
        number = whole(text.removeprefix("-"))
        if number is None:
            raise query_invalid(f"value {text[:20]} is too large")
        return -number if text.startswith("-") else number


def parse(text: str) -> Statement:
    statement = Parser(text).statement()
    if statement.start < 1:
        raise query_invalid(f"value {statement.start} is too small. Min allowed value is 1")
    if statement.size < 1:
        raise query_invalid(f"value {statement.size} is too small. Min allowed value is 1")
    if statement.size > LARGEST_PAGE:
        raise query_invalid(f"value {statement.size} is too large. Max allowed value is {LARGEST_PAGE}")
    return statement
