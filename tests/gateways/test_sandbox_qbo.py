"""The gateway and the sandbox, each written from Intuit's documents on its own, have to understand one another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncapp.gateways import oauth
from syncapp.gateways.errors import (
    BadAnswer,
    Duplicate,
    GatewayError,
    NotFound,
    RateLimited,
    Reason,
    Rejected,
    StaleVersion,
    Taken,
    TooOld,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.http import Http
from syncapp.gateways.oauth import OAuthSettings
from syncapp.gateways.pacing import Pacer
from syncapp.gateways.qbo import Page, QboGateway, Write, quoted
from tests.support.sandbox import Sandbox


def account(number: str, name: str, kind: str, subtype: str) -> dict[str, Any]:
    return {"Id": number, "SyncToken": "0", "Name": name, "AccountType": kind, "AccountSubType": subtype}


COMPANY = {
    "name": "Gate Works",
    "console": True,
    "signed_up_on": "2019-01-02",
    "billcom": {},
    "qbo": {
        "Account": [
            account("1", "Checking", "Bank", "Checking"),
            account("2", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
            account("3", "Rent", "Expense", "RentOrLeaseOfBuildings"),
        ],
        "Vendor": [{"Id": "10", "SyncToken": "0", "DisplayName": "Acme Paper", "Active": True}],
    },
}


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    yield {**sandbox.load(data=COMPANY)["qbo"], "base_url": sandbox.qbo_url}
    sandbox.clear_faults()


@pytest.fixture
def app(sandbox: Sandbox, http: Http, company: dict[str, Any]) -> OAuthSettings:
    endpoints = oauth.discover(http, f"{sandbox.url}/qbo/.well-known/openid_configuration")
    return OAuthSettings(company["client_id"], company["client_secret"], endpoints)


class Tokens:
    """What the engine keeps: the newest of both tokens."""

    def __init__(self, http: Http, app: OAuthSettings, company: dict[str, Any]) -> None:
        self.http, self.app = http, app
        self.access, self.refresh = company["access_token"], company["refresh_token"]
        self.renewals = 0

    def __call__(self, renew: bool) -> str:
        if renew:
            self.renewals += 1
            renewed = oauth.refresh(self.http, self.app, self.refresh, now=datetime.now(UTC))
            self.access, self.refresh = renewed.access, renewed.refresh
        return self.access


@pytest.fixture
def tokens(http: Http, app: OAuthSettings, company: dict[str, Any]) -> Tokens:
    return Tokens(http, app, company)


@pytest.fixture
def qbo(http: Http, company: dict[str, Any], tokens: Tokens) -> QboGateway:
    return QboGateway(http, company["base_url"], company["realm_id"], tokens)


def vendor(name: str) -> Write:
    return Write("Vendor", "create", {"DisplayName": name}, request_id=f"v-{name}")


def bill(number: str, amount: str = "100.10", **more: Any) -> dict[str, Any]:
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": Decimal(amount),
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "3"}},
    }
    return {"VendorRef": {"value": "10"}, "DocNumber": number, "Line": [line], **more}


def payment(*bills: dict[str, Any]) -> dict[str, Any]:
    lines = [{"Amount": each["TotalAmt"], "LinkedTxn": [{"TxnId": each["Id"], "TxnType": "Bill"}]} for each in bills]
    return {
        "VendorRef": {"value": "10"},
        "TotalAmt": sum(each["TotalAmt"] for each in bills),
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "1"}},
        "Line": lines,
    }


def version(record: dict[str, Any]) -> dict[str, str]:
    return {"Id": record["Id"], "SyncToken": record["SyncToken"]}


def test_it_reads_the_company(qbo: QboGateway) -> None:
    assert qbo.company_info()["CompanyName"] == "Gate Works"
    assert qbo.preferences()["Id"]
    assert abs(qbo.server_time - datetime.now(UTC)) < timedelta(minutes=1)


def test_it_queries_and_counts(qbo: QboGateway) -> None:
    for name in ("O'Neil & Sons", "Café \\ Bar", "Zed"):
        qbo.write(vendor(name))
    assert qbo.count("Vendor") == 4
    [found] = qbo.query("Vendor", where=f"DisplayName = {quoted(chr(79) + chr(39) + 'Neil & Sons')}")
    assert found["DisplayName"] == "O'Neil & Sons"
    named = [each["DisplayName"] for each in qbo.query("Vendor", order="DisplayName DESC", start=1, size=2)]
    assert named == ["Zed", "O'Neil & Sons"]
    ids = ",".join(quoted(str(number)) for number in range(10, 900))
    assert "Acme Paper" in [each["DisplayName"] for each in qbo.query("Vendor", where=f"Id IN ({ids})")]


def test_it_packs_pages(qbo: QboGateway, http: Http) -> None:
    for number in range(5):
        qbo.write(vendor(f"Vendor {number}"))
    before = http.calls["metered"]
    everyone = "Active IN (true,false)"
    pages = [Page("Vendor", start, 2, everyone, "MetaData.CreateTime") for start in (1, 3, 5, 7)] + [Page("Bill")]
    found = list(qbo.query_pages(pages))
    assert [len(records) for _, records in found] == [2, 2, 2, 0, 0]
    assert len({each["Id"] for _, records in found for each in records}) == 6
    assert http.calls["metered"] == before + 1


def test_it_keeps_money_exact(qbo: QboGateway) -> None:
    made = qbo.write(Write("Bill", "create", bill("M-1", "1234567.89"), request_id="m-1"))
    assert made["TotalAmt"] == Decimal("1234567.89")
    assert qbo.read("Bill", made["Id"])["Line"][0]["Amount"] == Decimal("1234567.89")


def test_a_repeat_answers_as_the_first_did(qbo: QboGateway) -> None:
    first = qbo.write(vendor("Only Once"))
    assert qbo.write(vendor("Only Once"))["Id"] == first["Id"]
    writes = [Write("Bill", "create", bill(f"R-{each}"), item_id=each) for each in ("1", "2")]
    made = [each["Id"] for each in qbo.write_batch(writes, "batch-1") if isinstance(each, dict)]
    again = [each["Id"] for each in qbo.write_batch(writes, "batch-1") if isinstance(each, dict)]
    assert len(made) == 2 and made == again
    assert qbo.count("Bill") == 2


def test_refusals_become_their_class(qbo: QboGateway) -> None:
    made = qbo.write(vendor("Acme"))
    qbo.write(Write("Vendor", "update", {**version(made), "sparse": True, "CompanyName": "Acme Ltd"}))
    with pytest.raises(StaleVersion):
        qbo.write(Write("Vendor", "update", {**version(made), "sparse": True, "CompanyName": "Acme Inc"}))
    with pytest.raises(Duplicate) as caught:
        qbo.write(Write("Vendor", "create", {"DisplayName": "ACME"}))
    assert caught.value.kind is Taken.NAME and caught.value.code == "6240" and caught.value.trace
    with pytest.raises(Rejected) as refused:
        qbo.write(Write("Bill", "create", {"VendorRef": {"value": "10"}}))
    assert refused.value.code == "2020"
    with pytest.raises(NotFound):
        qbo.read("Bill", "999999")


def test_a_batch_has_an_outcome_for_each(qbo: QboGateway) -> None:
    one = qbo.write(Write("Bill", "create", bill("B-1")))
    two = qbo.write(Write("Bill", "create", bill("B-2")))
    paid = [qbo.write(Write("BillPayment", "create", payment(each))) for each in (one, two)]
    writes = [
        Write("BillPayment", "void", {**version(paid[0]), "sparse": True}, item_id="1"),
        Write("Vendor", "create", {"DisplayName": "Acme Paper"}, item_id="2"),
        Write("Bill", "create", bill("B-3"), item_id="3"),
        Write("BillPayment", "void", {**version(paid[1]), "sparse": True}, item_id="4"),
    ]
    first, second, third, fourth = qbo.write_batch(writes, "batch-2")
    assert isinstance(first, dict) and first["TotalAmt"] == 0
    assert isinstance(second, Duplicate)
    assert isinstance(third, dict) and third["DocNumber"] == "B-3"
    assert isinstance(fourth, dict) and fourth["Id"] == paid[1]["Id"]
    assert [qbo.read("Bill", each["Id"])["Balance"] for each in (one, two)] == [Decimal("100.1")] * 2


def test_it_sees_what_changed(qbo: QboGateway, http: Http) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    gone = qbo.write(Write("Bill", "create", bill("D-1")))
    kept = qbo.write(Write("Bill", "create", bill("D-2")))
    made = qbo.write(vendor("Retired"))
    qbo.write(Write("Vendor", "update", {**version(made), "sparse": True, "Active": False}))
    qbo.write(Write("Bill", "delete", version(gone)))
    before = http.calls["metered"]
    found = qbo.changes(["Bill", "Vendor", "Class", "Preferences"], since)
    assert http.calls["metered"] == before + 1
    assert found.deleted == {"Bill": [gone["Id"]]}
    assert [each["Id"] for each in found.records["Bill"]] == [kept["Id"]]
    assert [each["Active"] for each in found.records["Vendor"] if each["Id"] == made["Id"]] == [False]
    assert not found.truncated
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(NotFound):
        qbo.read("Bill", gone["Id"])


def test_the_remote_itself_says_too_old(http: Http, company: dict[str, Any], tokens: Tokens) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=40)
    qbo = QboGateway(http, company["base_url"], company["realm_id"], tokens, now=lambda: long_ago)
    with pytest.raises(TooOld):
        qbo.changes(["Bill"], long_ago)


def test_an_expired_token_is_renewed(sandbox: Sandbox, qbo: QboGateway, tokens: Tokens) -> None:
    sandbox.fault("qbo", "expire_token")
    assert qbo.write(vendor("After Renewal"))["Id"]
    assert tokens.renewals == 1


@pytest.mark.parametrize("fault", ["revoke_consent", "demote_user"])
def test_a_lost_consent_needs_a_person(sandbox: Sandbox, qbo: QboGateway, fault: str) -> None:
    sandbox.fault("qbo", fault)
    with pytest.raises(Unauthorized) as caught:
        qbo.company_info()
    assert caught.value.reason in (Reason.ACCESS, Reason.TOKEN)


def test_tokens_are_taken_back(http: Http, app: OAuthSettings, qbo: QboGateway, tokens: Tokens) -> None:
    assert oauth.userinfo(http, app, tokens.access)["sub"]
    oauth.revoke(http, app, tokens.refresh)
    with pytest.raises(Unauthorized):
        qbo.company_info()
    oauth.revoke(http, app, tokens.refresh)


def test_the_pacer_keeps_within_the_limits(http: Http, company: dict[str, Any], tokens: Tokens) -> None:
    paced = QboGateway(http, company["base_url"], company["realm_id"], tokens, pacer=Pacer())
    for number in range(25):
        paced.write(vendor(f"Paced {number}"))
    unpaced = QboGateway(http, company["base_url"], company["realm_id"], tokens, pacer=Pacer(1000, 100_000))
    with pytest.raises(RateLimited) as caught:
        for number in range(25):
            unpaced.write(vendor(f"Unpaced {number}"))
    assert caught.value.retry_after


@pytest.mark.parametrize(
    ("fault", "made", "expected"),
    [
        ("500", 0, Unavailable),
        ("503", 0, Unavailable),
        ("503_after", 1, Unavailable),
        ("reset_before", 0, Unavailable),
        ("reset_after", 1, Unavailable),
        ("timeout_before", 0, Unavailable),
        ("timeout_after", 1, Unavailable),
        ("truncated_json", 1, GatewayError),
        ("odd_shape", 1, BadAnswer),
    ],
)
def test_a_write_in_doubt_is_repeated_safely(
    sandbox: Sandbox, qbo: QboGateway, fault: str, made: int, expected: type[GatewayError]
) -> None:
    sandbox.fault("qbo", fault, method="POST", path_contains="/vendor", seconds=2)
    with pytest.raises(expected) as caught:
        qbo.write(vendor("In Doubt"))
    assert caught.value.outcome_unknown
    assert qbo.count("Vendor", where="DisplayName = 'In Doubt'") == made
    assert qbo.write(vendor("In Doubt"))["DisplayName"] == "In Doubt"
    assert qbo.count("Vendor", where="DisplayName = 'In Doubt'") == 1


@pytest.mark.parametrize(("fault", "expected"), [("429", RateLimited), ("fault_in_200", GatewayError)])
def test_a_refusal_is_a_refusal(sandbox: Sandbox, qbo: QboGateway, fault: str, expected: type[GatewayError]) -> None:
    sandbox.fault("qbo", fault, method="POST", path_contains="/vendor")
    with pytest.raises(expected):
        qbo.write(vendor("Refused"))
    assert qbo.write(vendor("Refused"))["Id"]


def test_a_version_that_moved_on_is_told(sandbox: Sandbox, qbo: QboGateway) -> None:
    made = qbo.write(vendor("Moving"))
    sandbox.fault("qbo", "stale_token")
    with pytest.raises(StaleVersion):
        qbo.write(Write("Vendor", "update", {**version(made), "sparse": True, "CompanyName": "Moved"}))
