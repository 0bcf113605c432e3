from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from syncapp.core.sides import Side
from syncapp.gateways import http as http_module
from syncapp.gateways.errors import BadAnswer, Unauthorized, Unavailable
from syncapp.gateways.http import LONGEST_RETRY_AFTER, Answer, Call, Http, Purse, decode, encode, origin
from tests.gateways.support import Remote, Reply, free_port, running_remote, self_signed


def call(url: str, **changes: Any) -> Call:
    return Call(Side.QBO, Purse.FREE, changes.pop("method", "POST"), url, **{"write": True, **changes})


def test_it_keeps_money_exact_both_ways() -> None:
    text = b'{"Amount":123456789012345678.99,"Lines":2,"Qty":1.10}'
    found = decode(text)
    assert found == {"Amount": Decimal("123456789012345678.99"), "Qty": Decimal("1.10"), "Lines": 2}
    assert encode(found) == text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"\xff"', b"[" * 100_000, b"NaN", b"<html>"])
def test_it_calls_what_is_not_json_a_bad_answer(body: bytes) -> None:
    answer = Answer(call("http://x/"), 200, {"intuit_tid": "t-1"}, body)
    with pytest.raises(BadAnswer) as caught:
        answer.json()
    assert caught.value.outcome_unknown
    assert caught.value.trace == "t-1"
    assert caught.value.__context__ is None


def test_it_sends_and_counts(remote: Remote, http: Http) -> None:
    remote.will(Reply({"a": 1}, headers={"x-request-id": "r-9"}))
    answer = http.send(call(f"{remote.url}/v3/x", params={"q": "1+1 '&"}, headers={"A": "b"}, body=b"{}"))
    assert (answer.status, answer.json(), answer.trace) == (200, {"a": 1}, "r-9")
    assert (remote.last.method, remote.last.path, remote.last.query) == ("POST", "/v3/x", {"q": "1+1 '&"})
    assert remote.last.headers["a"] == "b"
    assert http.calls == {"free": 1}


def connections(remote: Remote, http: Http) -> set[str]:
    """Those that are used from now on: the test's server has one thread for each."""
    return {http.send(call(remote.url)).json()["thread"] for _ in range(3)}


def test_it_keeps_its_connection(remote: Remote, http: Http) -> None:
    remote.will(lambda seen: Reply({"thread": threading.current_thread().name}))
    first = connections(remote, http)
    assert len(first) == 1
    # A pool of threads comes and goes with each chunk of work; the connection stays.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(connections, remote, http).result() == first


def test_it_makes_a_new_connection_when_the_old_one_is_gone(remote: Remote, http: Http) -> None:
    remote.will(Reply({}, headers={"Connection": "close"}))
    for _ in range(3):
        assert http.send(call(remote.url)).ok


def test_it_keeps_no_cookie(remote: Remote, http: Http) -> None:
    remote.will(Reply({}, headers={"Set-Cookie": "company=1; Path=/"}))
    http.send(call(remote.url))
    http.send(call(remote.url))
    assert "cookie" not in remote.last.headers


def test_it_follows_no_redirect(remote: Remote, http: Http) -> None:
    remote.will(Reply({}, status=307, headers={"Location": f"{remote.url}/elsewhere"}))
    assert http.send(call(remote.url)).status == 307
    assert len(remote.seen) == 1


def test_it_ignores_proxies_of_the_environment(remote: Remote, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    assert http.send(call(remote.url)).status == 200


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize("reply", [Reply(reset=True), Reply(hang=True), Reply({"a": 1}, missing=50)])
def test_it_doubts_a_write_whose_answer_is_lost(remote: Remote, http: Http, reply: Reply, write: bool) -> None:
    remote.will(reply)
    with pytest.raises(Unavailable) as caught:
        http.send(call(remote.url, write=write))
    assert caught.value.outcome_unknown is write
    assert len(remote.seen) == 1
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/", "http://no-such-host.invalid/", "http:///x", "nowhere"])
def test_it_knows_what_was_never_sent(http: Http, place: str) -> None:
    with pytest.raises(Unavailable) as caught:
        http.send(call(place.format(port=free_port())))
    assert not caught.value.outcome_unknown


def test_it_knows_that_a_connection_never_made_sent_nothing(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "timeout", (0.05, 0.05))
    # A documentation address (RFC 5737): nobody answers; where the network says so at once, that will do too.
    with pytest.raises(Unavailable) as caught:
        http.send(call("http://192.0.2.1/"))
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("secret", ["line\nbreak", "not latin \u2713"])
def test_it_refuses_a_credential_that_can_not_be_sent(remote: Remote, http: Http, secret: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        http.send(call(remote.url, headers={"Authorization": secret}))
    assert secret not in str(caught.value)
    assert not remote.seen


@pytest.fixture
def soon() -> Iterator[str]:
    yield format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("7", 7.0),
        ("", 60.0),
        ("later", 60.0),
        ("0", 1.0),
        ("999999", LONGEST_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0),
    ],
)
def test_it_reads_when_to_come_again(said: str, expected: float) -> None:
    answer = Answer(call("http://x/"), 429, {"Retry-After": said}, b"")
    assert answer.retry_after(default=60.0) == expected


def test_it_reads_a_date_to_come_again(soon: str) -> None:
    wait = Answer(call("http://x/"), 429, {"Retry-After": soon}, b"").retry_after()
    assert wait is not None and 80 < wait <= 90


def test_it_logs_where_it_went_and_nothing_else(remote: Remote, http: Http, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "syncapp.gateways")
    http.send(call(f"{remote.url}/v3/vendor", params={"query": "name"}, headers={"A": "b"}, body=b'{"c":"d"}'))
    [record] = caplog.records
    assert "POST qbo /v3/vendor: 200" in record.getMessage()
    assert "name" not in record.getMessage()


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[str]:
    """A TLS server whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with running_remote(context) as running:
        yield running.url.replace("http:", "https:")


def test_it_tells_a_stranger_nothing(stranger: str, http: Http) -> None:
    with pytest.raises(Unavailable) as caught:
        http.send(call(stranger))
    assert not caught.value.outcome_unknown
    assert "SSLError" in caught.value.detail


@contextmanager
def reading_at(bytes_a_second: int) -> Iterator[str]:
    """A server that takes what is sent to it slowly, and then answers."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=_take_slowly, args=(listening, bytes_a_second))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


def _take_slowly(listening: socket.socket, bytes_a_second: int) -> None:
    with listening.accept()[0] as taken, suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            head += taken.recv(1024)
        said, _, body = head.partition(b"\r\n\r\n")
        left = int(said.lower().partition(b"content-length:")[2].split()[0]) - len(body)
        while left > 0 and (piece := taken.recv(65536)):
            left -= len(piece)
            time.sleep(len(piece) / bytes_a_second)
        taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


LARGE = bytes(16 * 1024 * 1024)


def test_a_large_body_has_more_time_than_connecting() -> None:
    with reading_at(16 * 1024 * 1024) as url, Http(timeout=(0.2, 5.0)) as http:
        assert http.send(call(url, body=LARGE)).status == 200


def test_it_gives_up_a_large_body_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "SLOWEST_UPLOAD", 64 * 1024 * 1024)
    with (
        reading_at(16 * 1024 * 1024) as url,
        Http(timeout=(0.2, 5.0)) as http,
        pytest.raises(Unavailable) as caught,
    ):
        http.send(call(url, body=LARGE))
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.bill.com/x", ("https", "app.bill.com", 443)),
        ("HTTP://Files.Example:8080/x?y=1#z", ("http", "files.example", 8080)),
        ("https://elsewhere.example\\.bill.com/x", None),
        ("https://app.bill.com@elsewhere.example/", None),
        ("https://app.bill.com/\t", None),
        ("https://app.bill.com/ x", None),
        ("https://\u2024bill.com/", None),
        ("ftp://app.bill.com/", None),
        ("//app.bill.com/", None),
        ("https:///x", None),
        ("https://[::1/", None),
    ],
)
def test_it_knows_where_a_request_really_goes(url: str, expected: object) -> None:
    assert origin(url) == expected
