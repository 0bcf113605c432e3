"""Requests and responses as plain values, so that the sandbox can be driven in process as well as over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

JSON = "application/json"


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
        return _decoder.decode(self.body)

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
    return _decoder.decode(body)


def json_response(status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(status, encode(value), {"content-type": JSON, **(headers or {})})


def html_response(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect(location: str) -> Response:
    return Response(302, b"", {"location": location})
