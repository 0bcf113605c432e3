"""Requests and responses as plain values, so that the sandbox can be driven in process as well as over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

JSON = "application/json"
# Deeper than any record, and far less than what reading or writing it could bear.
DEEPEST = 100
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(rb"[\[\]{}]")
_WHOLE = re.compile(r"[0-9]{1,15}")


@dataclass(slots=True)
class Request:
    """One request. Header names are lower-case; of a repeated query name the last value counts."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body; a number with a point is a Decimal. Raises ValueError (msgspec.DecodeError is one)."""
        _check_depth(self.body)
        return decode(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def encode(value: Any) -> bytes:
    """JSON; a Decimal goes out as a number, digit for digit."""
    return _encoder.encode(value)


def decode(body: bytes) -> Any:
    """Raises ValueError, also for what is JSON but can't be held."""
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    except InvalidOperation:
        raise ValueError("JSON has a number that is out of range") from None


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            raise ValueError("JSON is nested too deeply")


def whole(text: str) -> int | None:
    """The number that plain digits say; None for anything else, and for more digits than anything has."""
    return int(text) if _WHOLE.fullmatch(text) else None


def json_response(status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(status, encode(value), {"content-type": JSON, **(headers or {})})


def html_response(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect(location: str) -> Response:
    return Response(302, b"", {"location": location})
