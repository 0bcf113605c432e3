"""Files are fetched from where a product says they are: with no more than it wants to see, whatever they hold."""

from __future__ import annotations

import pytest

from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import BadAnswer, GatewayError, NotFound, Rejected, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from tests.gateways.support import Remote, Reply

MOST = 1000
REFUSALS = (
    b'[{"code":"BDC_1109","message":"Session is invalid"}]',
    b'{"Fault":{"Error":[{"code":"3200","Message":"Token expired"}]}}',
)


@pytest.fixture
def billcom(remote: Remote, http: Http) -> BillcomGateway:
    return BillcomGateway(http, f"{remote.url}/connect", "key-1", lambda anew: "session-1")


@pytest.fixture
def qbo(remote: Remote, http: Http) -> QboGateway:
    return QboGateway(http, f"{remote.url}/v3/company", "42", lambda renew: "token-1")


def in_billcom(remote: Remote, file: Reply, link: str = "") -> None:
    remote.will(Reply({"id": "00h1", "downloadLink": link or f"{remote.url}/file"}), file)


def in_qbo(remote: Remote, file: Reply, address: str = "") -> None:
    remote.will(Reply((address or f"{remote.url}/file").encode()), file)


@pytest.mark.parametrize("content", [*REFUSALS, b"%PDF", b""])
def test_what_a_file_holds_is_no_refusal(
    remote: Remote, billcom: BillcomGateway, qbo: QboGateway, content: bytes
) -> None:
    in_billcom(remote, Reply(content))
    assert billcom.document("00h1", MOST) == content
    in_qbo(remote, Reply(content))
    assert qbo.file("7", MOST) == content


def test_a_link_gets_the_session_and_nothing_else(remote: Remote, billcom: BillcomGateway, qbo: QboGateway) -> None:
    in_billcom(remote, Reply(b"x"))
    billcom.document("00h1", MOST)
    assert remote.last.headers["sessionid"] == "session-1"
    assert not {"devkey", "authorization", "content-type"} & set(remote.last.headers)
    in_qbo(remote, Reply(b"x"))
    qbo.file("7", MOST)
    assert not {"sessionid", "authorization"} & set(remote.last.headers)


def test_a_longer_file_is_none(remote: Remote, billcom: BillcomGateway, qbo: QboGateway) -> None:
    in_billcom(remote, Reply(b"x" * (MOST + 1)))
    assert billcom.document("00h1", MOST) is None
    in_qbo(remote, Reply(b"x" * (MOST + 1)))
    assert qbo.file("7", MOST) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [(503, Unavailable), (401, Unavailable), (429, Unavailable), (404, NotFound), (403, Rejected), (302, Rejected)],
)
@pytest.mark.parametrize("content", [*REFUSALS, b"<Error>AccessDenied</Error>"])
def test_a_file_that_is_not_handed_out_says_nothing_of_the_connection(
    remote: Remote, billcom: BillcomGateway, qbo: QboGateway, status: int, expected: type[GatewayError], content: bytes
) -> None:
    for fill, fetch in ((in_billcom, billcom.document), (in_qbo, qbo.file)):
        fill(remote, Reply(content, status))
        with pytest.raises(expected) as caught:
            fetch("7", MOST)
        assert not isinstance(caught.value, Unauthorized)
        assert (caught.value.raw, caught.value.outcome_unknown) == ("", False)


PRODUCTION = "https://gateway.prod.bill.com/connect"


@pytest.mark.parametrize(
    ("link", "ours"),
    [
        ("https://gateway.prod.bill.com/connect/v3/documents/1/content", True),
        ("https://files.bill.com/x", True),
        ("http://files.bill.com/x", False),
        ("https://elsewhere.example\\.bill.com/x", False),
        ("https://files.bill.com@elsewhere.example/x", False),
        ("https://elsewhere.example/x?y=.bill.com", False),
        ("https://elsewhere.example#.bill.com", False),
        ("https://notbill.com/x", False),
        ("https://files.bill.com\n.elsewhere.example/x", False),
    ],
)
def test_the_session_goes_to_hosts_of_bill_alone(http: Http, link: str, ours: bool) -> None:
    gateway = BillcomGateway(http, PRODUCTION, "key-1", lambda anew: "session-1")
    assert gateway._is_ours(link) is ours


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/x", "https://127.0.0.1\\.bill.com/x", "file:///etc/passwd"]
)
def test_a_link_that_leads_elsewhere_is_not_followed(remote: Remote, billcom: BillcomGateway, link: str) -> None:
    in_billcom(remote, Reply(b"x"), link)
    with pytest.raises(BadAnswer):
        billcom.document("00h1", MOST)
    assert len(remote.seen) == 1


@pytest.mark.parametrize(
    "address",
    ["https://169.254.169.254/x", "https://localhost/x", "https://[::1]/x", "http://files.example/x", "", "nothing"]
    + ["https://127.0.0.1\\.files.example/x", "https://files.example@10.0.0.1/x"],
)
def test_a_file_of_quickbooks_is_not_fetched_from_inside(remote: Remote, qbo: QboGateway, address: str) -> None:
    remote.will(Reply(address.encode()), Reply(b"x"))
    with pytest.raises(BadAnswer):
        qbo.file("7", MOST)
    assert len(remote.seen) == 1
    assert qbo._may_fetch("https://intuit-files.s3.amazonaws.com/x?y=%5C")
