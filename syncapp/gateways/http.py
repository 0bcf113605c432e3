"""HTTP for both remotes: kept-alive sessions, money as Decimal, and not a secret in any log or error."""

from __future__ import annotations

import io
import json
import logging
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import LocationParseError, MaxRetryError, NewConnectionError
from urllib3.util import parse_url

from syncapp.core.sides import Side
from syncapp.gateways.errors import BadAnswer, Reason, Unauthorized, Unavailable

logger = logging.getLogger("syncapp.gateways")

RAW_LIMIT = 2000
SCRUBBED = 65536
# "At once" would only be refused again, and again.
SHORTEST_RETRY_AFTER = 1.0
LONGEST_RETRY_AFTER = 3600.0
# Shorter ones would blank half the sentence; nothing that short is a secret.
SHORTEST_SECRET = 4
HOSTS_KEPT = 4
PIECE = 65536
# Bytes a second: no upload of 25 MB may take so long that the lease it is made under runs out (LEASE_SECONDS).
SLOWEST_UPLOAD = 320 * 1024
_PORTS = {"https": 443, "http": 80}
# What no parser of addresses reads otherwise than another.
_PLAIN = re.compile(r"[!-\[\]-~]+")

_ID = re.compile(r"[!-~]{1,40}")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
# In one order: a repeat is made of what was stored meanwhile, and must be the same to the byte.
_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def decode(body: bytes) -> Any:
    """JSON from the wire; what has a decimal point is a Decimal, exactly as written. Raises ValueError."""
    try:
        return _decoder.decode(body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def decode_records(body: bytes) -> Any:
    """The same without NUL characters, which no text of people's has and PostgreSQL doesn't take."""
    found = decode(body)
    return _without_nul(found) if rb"\u0000" in body else found


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return value


def is_id(value: object) -> bool:
    """Whether it may be a record's id: QuickBooks' are numbers or a few letters, BILL's twenty letters and digits."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def encode(value: Any) -> bytes:
    """JSON for the wire; a Decimal goes out as a number, digit for digit."""
    return _encoder.encode(value)


def origin(url: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of where a request to it goes; None where that could be read in more than one way.

    Read by the parser that sends it: others see another host in some addresses, so what they find proves nothing.
    """
    if not _PLAIN.fullmatch(url):
        return None
    try:
        found = parse_url(url)
    except LocationParseError:
        return None
    if found.scheme not in _PORTS or not found.host or found.auth is not None:
        return None
    return found.scheme, found.host, found.port or _PORTS[found.scheme]


class Purse(StrEnum):
    """What a call is paid from."""

    METERED = "metered"
    FREE = "free"
    BILLCOM = "billcom"
    LOGIN = "login"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `write`: carried out twice, it would do something twice. What is secret has no repr."""

    side: Side
    purse: Purse
    method: str
    url: str
    write: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    # The answer is a secret itself: none of it is kept.
    confidential: bool = False
    # Bytes of a file: of a longer one no more is read than shows that it is longer. 0: all of the answer.
    largest: int = 0

    def scrub(self, text: str) -> str:
        """The text without this call's secrets, should the remote have repeated one."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                for shape in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
                    text = text.replace(shape, "[hidden]")
        return text


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, read to its end."""

    call: Call
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def trace(self) -> str:
        """The remote's own name for this request."""
        # Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
        return self.headers.get("intuit_tid") or self.headers.get("x-request-id") or ""

    @property
    def date(self) -> datetime | None:
        """The remote's clock, as its Date header has it."""
        with suppress(ValueError, TypeError):
            moment = parsedate_to_datetime(self.headers.get("Date", ""))
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return None

    @property
    def raw(self) -> str:
        """The beginning of the body, fit to be kept."""
        if self.call.confidential:
            return ""
        # Scrubbed before it is cut: half a secret is one too.
        return self.call.scrub(self.body[:SCRUBBED].decode(errors="replace"))[:RAW_LIMIT]

    def json(self) -> Any:
        try:
            return decode_records(self.body)
        except ValueError:
            pass
        # Out here, the error carries no piece of the body along as its context.
        raise self.bad("the answer is not JSON")

    def bad(self, what: str) -> BadAnswer:
        return BadAnswer(
            self.call.side,
            what,
            status=self.status,
            raw=self.raw,
            trace=self.trace,
            outcome_unknown=self.call.write,
        )

    def retry_after(self, default: float | None = None) -> float | None:
        """The header in seconds, whichever of its two forms it has."""
        said = self.headers.get("Retry-After", "").strip()
        seconds: float | None = None
        if said.isdecimal():
            seconds = float(said)
        elif said:
            with suppress(ValueError, TypeError):
                seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        return default if seconds is None else min(max(seconds, SHORTEST_RETRY_AFTER), LONGEST_RETRY_AFTER)


class _BadHeader(Exception):
    """A credential that can't be put in a header."""


class Http:
    """Share one between threads. `calls` counts what was sent, by purse.

    A session is lent to one thread at a time and kept for the next: as many connections as there were calls at once.
    """

    def __init__(self, timeout: tuple[float, float] = (3.05, 30.0)) -> None:
        self.timeout = timeout
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []

    def send(self, call: Call) -> Answer:
        """Send it once. Raises Unavailable where no answer came, whatever the reason."""
        with self._lock:
            self.calls[call.purse] += 1
        started = time.monotonic()
        outcome = self.exchange(call)
        spent = (time.monotonic() - started) * 1000
        if isinstance(outcome, Exception):
            logger.warning("%s %s: %s after %.0f ms", call.method, _place(call), type(outcome).__name__, spent)
            # Raised anew and out here: the library's error holds the request, and so the credentials.
            raise _failure(call, outcome)
        logger.debug("%s %s: %d in %.0f ms %s", call.method, _place(call), outcome.status, spent, outcome.trace)
        return outcome

    def exchange(self, call: Call) -> Answer | Exception:
        """The network itself: an answer, or why there is none. What drives a sandbox in process puts its own here."""
        try:
            with self._session() as session:
                response = session.request(
                    call.method,
                    call.url,
                    params=dict(call.params),
                    headers=dict(call.headers),
                    data=_in_pieces(call.body, self.timeout[0]),
                    timeout=self.timeout,
                    # A redirect would carry the credentials to a place nobody named.
                    allow_redirects=False,
                    stream=bool(call.largest),
                )
                body = _beginning(response, call.largest) if call.largest else response.content
        except (requests.exceptions.InvalidHeader, UnicodeError):
            return _BadHeader()
        except requests.RequestException as error:
            return error
        return Answer(call, response.status_code, response.headers, body)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or _new_session()
        try:
            yield session
        finally:
            with self._lock:
                self._idle.append(session)

    def close(self) -> None:
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Pieces(io.BytesIO):
    """A long body, sent piece by piece.

    The library gives all that it sends at once the time for connecting: seconds, which no large file is out in. So
    each piece has that time, and the whole one that fits its length.
    """

    def __init__(self, body: bytes, seconds: float) -> None:
        super().__init__(body)
        self.latest = time.monotonic() + seconds + len(body) / SLOWEST_UPLOAD

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self.latest:
            raise TimeoutError("the upload is too slow")
        return super().read(size)


def _in_pieces(body: bytes, seconds: float) -> bytes | _Pieces:
    return _Pieces(body, seconds) if len(body) > PIECE else body


def _beginning(response: requests.Response, largest: int) -> bytes:
    """The body, or of a longer one a piece more than ``largest``."""
    with response:
        body = bytearray()
        for piece in response.iter_content(PIECE):
            body += piece
            if len(body) > largest:
                break
        return bytes(body)


def _new_session() -> requests.Session:
    session = requests.Session()
    # No proxy, no .netrc: the environment names no place for these credentials.
    session.trust_env = False
    # One session serves many companies; a cookie of one must not reach another.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "Tieout"
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=1, max_retries=0))
    return session


def _place(call: Call) -> str:
    """Where a call goes, without its query."""
    return f"{call.side} {urlsplit(call.url).path}"


def _failure(call: Call, error: Exception) -> Unavailable | Unauthorized:
    if isinstance(error, _BadHeader):
        words = "a stored credential has characters that can't be sent"
        return Unauthorized(call.side, words, reason=Reason.CREDENTIALS)
    words = "did not answer in time" if isinstance(error, requests.Timeout) else "could not be reached"
    unknown = call.write and not _never_sent(error)
    return Unavailable(call.side, words, detail=f"{words} ({type(error).__name__})", outcome_unknown=unknown)


def _never_sent(error: Exception) -> bool:
    """Whether there was no connection to send anything over."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    # Refused, no route, no such host; or a certificate refused before anything was said.
    return isinstance(reason, NewConnectionError) or _is_certificate(reason)


def _is_certificate(reason: object) -> bool:
    args = getattr(reason, "args", ())
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in (reason, *args))
