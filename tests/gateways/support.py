"""A remote on the loopback that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

TIME = "2026-01-05T08:05:00.123-08:00"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """One answer. `missing`: bytes promised and never sent. `reset`: no answer, the connection is cut."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    reset: bool = False
    hang: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answers = Reply | Callable[[Seen], Reply]


class Remote:
    """Answers in the order told; the last one again and again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        self.most_at_once = 0
        self._answers: list[Answers] = [Reply({})]
        self._lock = threading.Lock()
        self._at_once = 0

    def will(self, *answers: Answers) -> None:
        self._answers = list(answers)

    def answer(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            told = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return told(seen) if callable(told) else told

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    remote: Remote

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        with self.remote.counted():
            self._send(self.remote.answer(seen))

    do_GET = do_POST = do_PUT = do_PATCH = handle_any

    def _send(self, reply: Reply) -> None:
        if reply.hang:
            self.remote.closing.wait(20)
        if reply.reset or reply.hang:
            # A linger of nothing makes the close a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(reply.content) + reply.missing))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.content)
        self.close_connection = bool(reply.missing)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests do."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""


def self_signed(folder: Path) -> Path:
    """A certificate and its key, for a name nobody asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    encoded = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(encoded + plain)
    return folder / "both.pem"


@contextmanager
def running_remote(tls: ssl.SSLContext | None = None) -> Iterator[Remote]:
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    remote = Remote(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"remote": remote})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield remote
    finally:
        remote.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def qbo_fault(code: str, message: str = "Refused", detail: str = "Because", element: str = "", **more: str) -> Any:
    """Intuit's business fault."""
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return {"Fault": {"Error": [error], "type": more.get("type", "ValidationFault")}, "time": TIME}


def qbo_gateway_fault(code: str, message: str, detail: str = "") -> Any:
    """The same from Intuit's gateway, which spells it in lower case."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return {"warnings": None, "fault": {"error": [error], "type": "SERVICE"}, "queryResponse": None, "time": 1}


def billcom_errors(*pairs: tuple[str, str]) -> Any:
    return [
        {"code": code, "severity": "ERROR", "category": "REQUEST", "message": message, "params": []}
        for code, message in pairs
    ]
