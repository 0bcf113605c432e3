from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from syncapp.gateways.errors import (
    BadAnswer,
    Duplicate,
    GatewayError,
    NotFound,
    RateLimited,
    Reason,
    Rejected,
    Scope,
    StaleVersion,
    Taken,
    TooOld,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import Page, QboGateway, Write, quoted
from tests.gateways.support import TIME, Remote, Reply, Seen, qbo_fault, qbo_gateway_fault

NOW = datetime(2026, 1, 5, 16, 5, tzinfo=UTC)
MOMENT = datetime(2026, 1, 5, 16, 5, 0, 123000, tzinfo=UTC)
VENDOR = {"Id": "7", "SyncToken": "0", "DisplayName": "Acme"}
CREATE = Write("Vendor", "create", {"DisplayName": "Acme"}, request_id="r-1", item_id="1")


@pytest.fixture
def renewals() -> list[bool]:
    return []


@pytest.fixture
def qbo(remote: Remote, http: Http, renewals: list[bool]) -> QboGateway:
    tokens = ["token-one"]

    def access_token(renew: bool) -> str:
        renewals.append(renew)
        if renew:
            tokens.append("token-two")
        return tokens[-1]

    return QboGateway(http, f"{remote.url}/v3/company", "42", access_token, now=lambda: NOW)


def reply(entity: str, *rows: Any) -> Reply:
    return Reply({"QueryResponse": {entity: list(rows), "startPosition": 1, "maxResults": len(rows)}, "time": TIME})


# --- reading ---------------------------------------------------------------------------------------------------------


def test_it_reads_the_company(remote: Remote, http: Http, qbo: QboGateway) -> None:
    remote.will(Reply({"CompanyInfo": {"Id": "1", "CompanyName": "Acme"}, "time": TIME}))
    assert qbo.company_info()["CompanyName"] == "Acme"
    assert remote.last.path == "/v3/company/42/companyinfo/42"
    assert remote.last.query == {"minorversion": "75"}
    assert remote.last.headers["accept"] == "application/json"
    assert remote.last.headers["authorization"] == "Bearer token-one"
    assert qbo.server_time == MOMENT
    assert http.calls == {"metered": 1}


def test_it_has_no_server_time_before_the_first_answer(qbo: QboGateway) -> None:
    with pytest.raises(LookupError):
        _ = qbo.server_time


def test_it_reads_preferences_and_single_objects(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply({"Preferences": {"Id": "1"}, "time": TIME}), Reply({"Bill": {"Id": "9"}, "time": TIME}))
    assert qbo.preferences() == {"Id": "1"}
    assert remote.last.path.endswith("/preferences")
    assert qbo.read("Bill", "9") == {"Id": "9"}
    assert remote.last.path.endswith("/bill/9")


def test_it_queries(remote: Remote, qbo: QboGateway) -> None:
    remote.will(reply("Vendor", VENDOR))
    assert qbo.query("Vendor", where="Active IN (true,false)", order="Id DESC", start=5, size=10) == [VENDOR]
    assert remote.last.query["query"] == (
        "SELECT * FROM Vendor WHERE Active IN (true,false) ORDERBY Id DESC STARTPOSITION 5 MAXRESULTS 10"
    )


def test_it_posts_a_long_query(remote: Remote, qbo: QboGateway) -> None:
    remote.will(reply("Vendor"))
    where = f"DisplayName = {quoted('x' * 2000)}"
    qbo.query("Vendor", where=where)
    assert remote.last.method == "POST"
    assert remote.last.headers["content-type"] == "application/text"
    assert where in remote.last.body.decode()


def test_a_query_without_rows_is_empty(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply({"QueryResponse": {}, "time": TIME}))
    assert qbo.query("Vendor") == []


def test_it_quotes() -> None:
    assert quoted("O'Neil \\ Sons") == r"'O\'Neil \\ Sons'"


def test_it_counts(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply({"QueryResponse": {"totalCount": 29}, "time": TIME}))
    assert qbo.count("Bill", where="Balance > '0'") == 29
    assert remote.last.query["query"] == "SELECT COUNT(*) FROM Bill WHERE Balance > '0'"


def test_it_packs_pages_into_one_call(remote: Remote, http: Http, qbo: QboGateway) -> None:
    def answer(seen: Seen) -> Reply:
        asked = seen.json()["BatchItemRequest"]
        items = [{"bId": each["bId"], "QueryResponse": {}} for each in asked]
        items[0]["QueryResponse"] = {"Vendor": [VENDOR]}
        items[1]["QueryResponse"] = {"Bill": [{"Id": "1", "TotalAmt": 1.5}]}
        return Reply({"BatchItemResponse": items[::-1], "time": TIME})

    remote.will(answer)
    pages = [Page("Vendor"), Page("Bill", start=1001, size=500, order="MetaData.CreateTime"), Page("Class")]
    found = list(qbo.query_pages(pages))
    assert found == [(pages[0], [VENDOR]), (pages[1], [{"Id": "1", "TotalAmt": Decimal("1.5")}]), (pages[2], [])]
    assert qbo.server_time == MOMENT
    assert http.calls == {"metered": 1}
    assert "requestid" not in remote.last.query
    statement = remote.last.json()["BatchItemRequest"][1]["Query"]
    assert statement == "SELECT * FROM Bill ORDERBY MetaData.CreateTime STARTPOSITION 1001 MAXRESULTS 500"


def test_a_page_that_is_refused_comes_after_those_before_it(remote: Remote, qbo: QboGateway) -> None:
    items = [{"bId": "0", "QueryResponse": {"Vendor": [VENDOR]}}, {"bId": "1", **qbo_fault("4001")}]
    remote.will(Reply({"BatchItemResponse": items, "time": TIME}))
    pages = qbo.query_pages([Page("Vendor"), Page("Bill")])
    assert next(pages)[1] == [VENDOR]
    with pytest.raises(Rejected) as caught:
        next(pages)
    assert caught.value.code == "4001"


def test_no_pages_cost_nothing(http: Http, qbo: QboGateway) -> None:
    assert list(qbo.query_pages([])) == []
    assert not http.calls
    with pytest.raises(ValueError):
        qbo.query_pages([Page("Vendor")] * 31)


# --- changes ---------------------------------------------------------------------------------------------------------


def cdc(*parts: Any) -> Reply:
    return Reply({"CDCResponse": [{"QueryResponse": list(parts)}], "time": TIME})


def test_it_reads_changes(remote: Remote, qbo: QboGateway) -> None:
    gone = {"Id": "979", "status": "Deleted", "domain": "QBO"}
    remote.will(cdc({"Vendor": [VENDOR], "startPosition": 1, "maxResults": 1}, {"Bill": [gone, {"Id": "3"}]}))
    since = datetime(2026, 1, 4, 10, 0, 0, 999, tzinfo=timezone(timedelta(hours=-8)))
    found = qbo.changes(["Vendor", "Bill"], since)
    assert found.records == {"Vendor": [VENDOR], "Bill": [{"Id": "3"}]}
    assert found.deleted == {"Bill": ["979"]}
    assert found.time == MOMENT and not found.truncated
    assert remote.last.query["entities"] == "Vendor,Bill"
    assert remote.last.query["changedSince"] == "2026-01-04T18:00:00+00:00"


def test_nothing_changed(remote: Remote, qbo: QboGateway) -> None:
    remote.will(cdc({}))
    found = qbo.changes(["Vendor"], NOW)
    assert (found.records, found.deleted, found.truncated) == ({}, {}, False)


def test_a_thousand_changes_are_taken_for_more(remote: Remote, qbo: QboGateway) -> None:
    gone = [{"Id": str(number), "status": "Deleted"} for number in range(400)]
    remote.will(cdc({"Vendor": [VENDOR] * 600}, {"Bill": gone}))
    assert qbo.changes(["Vendor", "Bill"], NOW).truncated


def test_changes_are_kept_for_thirty_days(remote: Remote, http: Http, qbo: QboGateway) -> None:
    with pytest.raises(TooOld):
        qbo.changes(["Vendor"], NOW - timedelta(days=30))
    assert not http.calls
    remote.will(Reply(qbo_fault("4001", detail="changedSince must be within the last 30 days"), status=400))
    with pytest.raises(TooOld) as caught:
        qbo.changes(["Vendor"], NOW - timedelta(days=20))
    assert caught.value.code == "4001"
    remote.will(Reply(qbo_fault("4001", detail="No such entity"), status=400))
    with pytest.raises(Rejected):
        qbo.changes(["Vendor"], NOW - timedelta(days=20))


# --- writing ---------------------------------------------------------------------------------------------------------


def test_it_writes_for_free(remote: Remote, http: Http, qbo: QboGateway) -> None:
    remote.will(Reply({"Vendor": VENDOR, "time": TIME}))
    assert qbo.write(CREATE) == VENDOR
    assert (remote.last.method, remote.last.path) == ("POST", "/v3/company/42/vendor")
    assert remote.last.query == {"minorversion": "75", "requestid": "r-1"}
    assert remote.last.json() == {"DisplayName": "Acme"}
    assert http.calls == {"free": 1}


def test_money_goes_out_as_it_is(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply({"Bill": {"Id": "1"}, "time": TIME}))
    qbo.write(Write("Bill", "update", {"Id": "1", "Line": [{"Amount": Decimal("120.50")}]}))
    assert remote.last.body == b'{"Id":"1","Line":[{"Amount":120.50}]}'


@pytest.mark.parametrize(
    ("entity", "operation", "path", "expected"),
    [
        ("Bill", "delete", "bill", {"operation": "delete"}),
        ("BillPayment", "void", "billpayment", {"operation": "update", "include": "void"}),
        ("Invoice", "void", "invoice", {"operation": "void"}),
        ("CreditCardPaymentTxn", "update", "creditcardpayment", {}),
    ],
)
def test_it_deletes_and_voids(
    remote: Remote, qbo: QboGateway, entity: str, operation: Any, path: str, expected: dict[str, str]
) -> None:
    remote.will(Reply({entity: {"Id": "1", "status": "Deleted"}, "time": TIME}))
    qbo.write(Write(entity, operation, {"Id": "1", "SyncToken": "0"}))
    assert remote.last.path.endswith(f"/{path}")
    assert remote.last.query == {"minorversion": "75", **expected}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Write("Bill", "void", {}),
        lambda: Write("Bill", "create", {}, request_id="x" * 51),
        lambda: Write("Bill", "create", {}, item_id="x" * 11),
        lambda: Write("Bill", "retire", {}),  # type: ignore[arg-type]
    ],
)
def test_it_refuses_what_quickbooks_has_not(make: Callable[[], Write]) -> None:
    with pytest.raises(ValueError):
        make()


def test_it_writes_a_batch_in_order(remote: Remote, http: Http, qbo: QboGateway) -> None:
    items = [
        {"bId": "3", **qbo_fault("5010", "Stale Object Error")},
        {"bId": "1", "Vendor": VENDOR},
        {"bId": "2", **qbo_fault("6240", "Duplicate Name Exists Error")},
    ]
    remote.will(Reply({"BatchItemResponse": items, "time": TIME}))
    writes = [Write("Vendor", "update", {"Id": each}, item_id=each) for each in ("1", "2", "3", "4")]
    first, second, third, fourth = qbo.write_batch(writes, "b-1")
    assert first == VENDOR
    assert isinstance(second, Duplicate) and second.kind is Taken.NAME
    assert isinstance(third, StaleVersion)
    assert isinstance(fourth, BadAnswer) and fourth.outcome_unknown
    assert remote.last.query["requestid"] == "b-1"
    sent = remote.last.json()["BatchItemRequest"][0]
    assert sent == {"bId": "1", "operation": "update", "Vendor": {"Id": "1"}}
    assert http.calls == {"metered": 1}


def test_voids_of_a_batch_go_one_by_one(remote: Remote, http: Http, qbo: QboGateway) -> None:
    batch = Reply({"BatchItemResponse": [{"bId": "b", "BillPayment": {"Id": "2"}}], "time": TIME})
    void = Reply({"BillPayment": {"Id": "1"}, "time": TIME})
    remote.will(batch, void, Reply(qbo_fault("610", "Object Not Found"), status=400))
    writes = [
        Write("BillPayment", "void", {"Id": "1"}, request_id="run-1", item_id="a"),
        Write("BillPayment", "create", {}, request_id="run-1", item_id="b"),
        Write("BillPayment", "void", {"Id": "3"}, request_id="run-1", item_id="c"),
    ]
    one, two, three = qbo.write_batch(writes, "run-1")
    assert (one, two) == ({"Id": "1"}, {"Id": "2"})
    assert isinstance(three, NotFound)
    # Under the batch's request id, the second void would be answered with the first one's answer.
    assert [each.query["requestid"] for each in remote.seen] == ["run-1", "run-1-a", "run-1-c"]
    assert http.calls == {"metered": 1, "free": 2}


@pytest.mark.parametrize(
    ("writes", "request_id"),
    [
        ([CREATE] * 2, "b"),
        ([CREATE] * 31, "b"),
        ([CREATE], ""),
        ([CREATE], "x" * 37),
        ([Write("Bill", "create", {})], "b"),
    ],
)
def test_it_refuses_a_batch_that_could_not_be_repeated(qbo: QboGateway, writes: list[Write], request_id: str) -> None:
    with pytest.raises(ValueError):
        qbo.write_batch(writes, request_id)


def test_a_batch_may_be_refused_as_a_whole(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply(qbo_gateway_fault("003001", "ThrottleExceeded"), status=429))
    with pytest.raises(RateLimited):
        qbo.write_batch([CREATE], "b-1")
    with pytest.raises(RateLimited):
        qbo.query_pages([Page("Vendor")])


# --- tokens ----------------------------------------------------------------------------------------------------------

EXPIRED = Reply(qbo_gateway_fault("003200", "AuthenticationFailed", "Token expired"), status=401)


def test_it_renews_the_token_once_and_goes_on(remote: Remote, qbo: QboGateway, renewals: list[bool]) -> None:
    remote.will(EXPIRED, Reply({"Vendor": VENDOR, "time": TIME}))
    assert qbo.write(CREATE) == VENDOR
    assert [each.headers["authorization"] for each in remote.seen] == ["Bearer token-one", "Bearer token-two"]
    assert renewals.count(True) == 1


def test_a_token_refused_twice_needs_a_person(remote: Remote, qbo: QboGateway, renewals: list[bool]) -> None:
    remote.will(EXPIRED)
    with pytest.raises(Unauthorized) as caught:
        qbo.company_info()
    assert caught.value.reason is Reason.TOKEN
    assert len(remote.seen) == 2 and renewals.count(True) == 1


@pytest.mark.parametrize(("status", "code"), [(401, "120"), (403, "3100"), (403, "")])
def test_a_new_token_would_not_help(
    remote: Remote, qbo: QboGateway, renewals: list[bool], status: int, code: str
) -> None:
    remote.will(Reply(qbo_gateway_fault(code, "AuthorizationFailed"), status=status))
    with pytest.raises(Unauthorized) as caught:
        qbo.company_info()
    assert caught.value.reason is Reason.ACCESS
    assert True not in renewals


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "5010", StaleVersion),
        (400, "6240", Duplicate),
        (400, "6140", Duplicate),
        (400, "610", NotFound),
        (400, "6210", Rejected),
        (400, "2020", Rejected),
        (404, "", NotFound),
        (200, "6000", Rejected),
        (500, "10000", Unavailable),
        (200, "10000", Unavailable),
        (503, "", Unavailable),
        (429, "003001", RateLimited),
        (403, "003001", RateLimited),
        (503, "3001", RateLimited),
        (429, "", RateLimited),
    ],
)
def test_the_code_chooses_the_class(
    remote: Remote, qbo: QboGateway, status: int, code: str, expected: type[GatewayError]
) -> None:
    remote.will(Reply(qbo_fault(code, element="Line"), status=status, headers={"intuit_tid": "tid-1"}))
    with pytest.raises(GatewayError) as caught:
        qbo.write(CREATE)
    assert type(caught.value) is expected
    assert (caught.value.trace, caught.value.element, caught.value.words) == ("tid-1", "Line", "Because")
    assert caught.value.outcome_unknown is (expected is Unavailable)


def test_it_is_told_when_to_come_again(remote: Remote, qbo: QboGateway) -> None:
    refused = qbo_gateway_fault("003001", "ThrottleExceeded")
    remote.will(Reply(refused, status=429, headers={"Retry-After": "7"}), Reply(refused, status=429))
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            qbo.company_info()
        assert caught.value.scope is Scope.MINUTE
        waits.append(caught.value.retry_after)
    assert waits == [7.0, 60.0]


def test_several_errors_are_all_told(remote: Remote, qbo: QboGateway) -> None:
    body = qbo_fault("2020", "Required", "Line is missing", "Line")
    body["Fault"]["Error"].append({"Message": "Required", "Detail": "VendorRef is missing", "code": "2020"})
    remote.will(Reply(body, status=400))
    with pytest.raises(Rejected) as caught:
        qbo.write(CREATE)
    assert str(caught.value) == (
        "QuickBooks Online: Required: Line is missing; VendorRef is missing (code 2020, field Line)"
    )


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"[]", {}, {"Vendor": None}, {"Vendor": {"SyncToken": "1"}}, {"Vendor": {"Id": 7}}, {"Bill": VENDOR}],
)
def test_an_odd_answer_to_a_write_leaves_it_in_doubt(remote: Remote, qbo: QboGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        qbo.write(CREATE)
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    "body",
    [
        {"time": TIME},
        {"QueryResponse": [], "time": TIME},
        {"QueryResponse": {"Vendor": {}}, "time": TIME},
        {"QueryResponse": {"Vendor": [{"SyncToken": "1"}]}, "time": TIME},
        {"QueryResponse": {"Vendor": ["7"]}, "time": TIME},
    ],
)
def test_an_odd_answer_to_a_query(remote: Remote, qbo: QboGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        qbo.query("Vendor")
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"CDCResponse": {}, "time": TIME},
        {"CDCResponse": [[]], "time": TIME},
        {"CDCResponse": [{"QueryResponse": {}}], "time": TIME},
        {"CDCResponse": [{"QueryResponse": [{"Bill": [{}]}]}], "time": TIME},
        {"CDCResponse": [{"QueryResponse": [{}]}]},
        {"CDCResponse": [{"QueryResponse": [{}]}], "time": "2026-01-05T08:05:00"},
    ],
)
def test_an_odd_answer_to_a_question_for_changes(remote: Remote, qbo: QboGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer):
        qbo.changes(["Bill"], NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        {},
        {"BatchItemResponse": [{}], "time": TIME},
        {"BatchItemResponse": [], "time": TIME},
        {"BatchItemResponse": [{"bId": "0"}], "time": TIME},
        {"BatchItemResponse": [{"bId": "0", "QueryResponse": {"Vendor": [1]}}], "time": TIME},
        {"BatchItemResponse": [{"bId": "0", "QueryResponse": {}}]},
    ],
)
def test_an_odd_answer_to_a_batch_of_pages(remote: Remote, qbo: QboGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer):
        list(qbo.query_pages([Page("Vendor")]))


def test_an_error_page_in_html(remote: Remote, qbo: QboGateway) -> None:
    remote.will(Reply(b"<html>Bad gateway</html>", status=502), Reply(b"<html>", status=302))
    with pytest.raises(Unavailable) as caught:
        qbo.write(CREATE)
    assert caught.value.outcome_unknown and "Bad gateway" in caught.value.raw
    with pytest.raises(BadAnswer):
        qbo.write(CREATE)
