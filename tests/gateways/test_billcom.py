from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from syncapp.gateways import billcom as billcom_gateway
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, SignIn, login
from syncapp.gateways.errors import (
    BadAnswer,
    Duplicate,
    GatewayError,
    NotFound,
    RateLimited,
    Reason,
    Rejected,
    Scope,
    Taken,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.http import Http
from tests.gateways.support import Remote, Reply, Seen, billcom_errors

NOW = datetime(2026, 1, 5, 16, 40, tzinfo=UTC)
VENDOR = {"id": "00901ABCDEFGHIJKLMNO", "name": "Acme"}
LOST = Reply(billcom_errors(("BDC_1109", "Session is invalid")), status=401)
CROWDED = Reply(billcom_errors(("BDC_1322", "Too many requests at once")), status=429)


class Sessions:
    def __init__(self) -> None:
        self.number = 1
        self.log_ins = 0
        self.lock = threading.Lock()

    def __call__(self, anew: bool) -> str:
        with self.lock:
            self.log_ins += anew
            self.number += anew
            return f"session-{self.number}"


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def billcom(remote: Remote, http: Http, sessions: Sessions, slept: list[float]) -> BillcomGateway:
    return BillcomGateway(http, f"{remote.url}/connect", "key-1", sessions, sleep=slept.append, now=lambda: NOW)


# --- logging in ------------------------------------------------------------------------------------------------------

SESSION = {"sessionId": "s-1", "organizationId": "008X", "userId": "006Y", "trusted": False}


@pytest.mark.parametrize(
    ("sign_in", "secret"),
    [(SignIn.SYNC_TOKEN, "password"), (SignIn.USER, "password"), (SignIn.CONSOLE, "consoleApiToken")],
)
def test_it_logs_in(remote: Remote, http: Http, sign_in: SignIn, secret: str) -> None:
    remote.will(Reply(SESSION))
    session = login(http, f"{remote.url}/connect", BillcomCredentials("key-1", "008X", "name", "hidden", sign_in))
    assert (session.session_id, session.organization_id, session.user_id) == ("s-1", "008X", "006Y")
    assert not session.trusted
    assert remote.last.path == "/connect/v3/login"
    assert remote.last.json() == {"username": "name", secret: "hidden", "organizationId": "008X", "devKey": "key-1"}
    assert http.calls == {"login": 1}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("BDC_1101", Reason.CREDENTIALS),
        ("BDC_1102", Reason.CREDENTIALS),
        ("BDC_1105", Reason.ACCESS),
    ],
)
def test_a_log_in_may_be_refused(remote: Remote, http: Http, code: str, reason: Reason) -> None:
    remote.will(Reply(billcom_errors((code, "No")), status=401))
    with pytest.raises(Unauthorized) as caught:
        login(http, remote.url, BillcomCredentials("key-1", "008X", "name", "hidden"))
    assert (caught.value.reason, caught.value.code) == (reason, code)


@pytest.mark.parametrize("body", [b"{", [], {}, {**SESSION, "sessionId": ""}, {**SESSION, "userId": None}])
def test_an_odd_answer_to_a_log_in(remote: Remote, http: Http, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        login(http, remote.url, BillcomCredentials("key-1", "008X", "name", "hidden"))
    assert caught.value.raw == ""


# --- reading ---------------------------------------------------------------------------------------------------------


def test_it_sends_its_keys(remote: Remote, http: Http, billcom: BillcomGateway) -> None:
    remote.will(Reply({**SESSION, "mfaStatus": "UNDEFINED"}))
    assert billcom.current_session()["userId"] == "006Y"
    assert remote.last.path == "/connect/v3/login/session"
    assert (remote.last.headers["devkey"], remote.last.headers["sessionid"]) == ("key-1", "session-1")
    assert http.calls == {"billcom": 1}


def test_it_reads_the_organization_and_its_people(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply({"id": "1"}), Reply({"id": "2"}), Reply({"results": [{"id": "3"}]}))
    assert billcom.organization("008X") == {"id": "1"}
    assert billcom.user("006Y") == {"id": "2"}
    assert [each.path for each in remote.seen] == ["/connect/v3/organizations/008X", "/connect/v3/users/006Y"]
    for ask, path in (
        (billcom.users, "users"),
        (billcom.roles, "roles"),
        (billcom.bank_accounts, "funding-accounts/banks"),
        (billcom.organizations, "login/organizations"),
    ):
        assert ask() == [{"id": "3"}]
        assert remote.last.path == f"/connect/v3/{path}"


def test_it_follows_the_pages_to_their_end(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(
        Reply({"results": [VENDOR], "nextPage": "p2"}),
        # A page without rows in the middle is not the end.
        Reply({"results": [], "nextPage": "p3", "prevPage": "p1"}),
        Reply({"results": [VENDOR], "nextPage": None}),
    )
    filters = 'updatedTime:gte:"2026-01-01T00:00:00.000Z"'
    pages = list(billcom.pages("vendors", filters=filters))
    assert [page.next_page for page in pages] == ["p2", "p3", None]
    assert [len(page.records) for page in pages] == [1, 0, 1]
    assert remote.seen[0].query == {"max": "100", "sort": "createdTime:asc", "filters": filters}
    assert [each.query.get("page") for each in remote.seen] == [None, "p2", "p3"]


def test_it_goes_on_from_a_page(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply({"results": []}))
    list(billcom.pages("bills", page="p7", size=20))
    assert (remote.last.query["page"], remote.last.query["max"]) == ("p7", "20")


def test_it_asks_for_a_page_only_when_its_turn_comes(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply({"results": [VENDOR], "nextPage": "p2"}))
    next(billcom.pages("vendors"))
    assert len(remote.seen) == 1


def test_it_does_not_go_round_in_circles(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply({"results": [VENDOR], "nextPage": "p2"}))
    with pytest.raises(BadAnswer):
        list(billcom.pages("vendors"))
    assert len(remote.seen) == 2


def test_it_reads_by_ids(remote: Remote, billcom: BillcomGateway) -> None:
    def answer(seen: Seen) -> Reply:
        listed = seen.query["filters"].removeprefix('id:in:"').removesuffix('"').split(",")
        return Reply({"results": [{"id": each} for each in listed if each != "13"]})

    remote.will(answer)
    found = billcom.by_ids("bills", [str(number) for number in range(150)])
    assert len(remote.seen) == 2
    assert len(found) == 149 and found["149"] == {"id": "149"} and "13" not in found


# --- writing ---------------------------------------------------------------------------------------------------------


def test_it_writes(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply(VENDOR))
    amount = {"amount": Decimal("120.50")}
    for outcome in (
        billcom.create("vendors", amount),
        billcom.patch("vendors", "1", amount),
        billcom.put("bills", "1", amount),
        billcom.archive("vendors", "1"),
        billcom.restore("vendors", "1"),
        billcom.record_payment(amount),
        billcom.void_payment("1"),
    ):
        assert outcome == VENDOR
    assert [(each.method, each.path.removeprefix("/connect/v3/")) for each in remote.seen] == [
        ("POST", "vendors"),
        ("PATCH", "vendors/1"),
        ("PUT", "bills/1"),
        ("POST", "vendors/1/archive"),
        ("POST", "vendors/1/restore"),
        ("POST", "bills/record-payment"),
        ("POST", "payments/1/void"),
    ]
    assert remote.seen[0].body == b'{"amount":120.50}'
    assert remote.seen[3].body == b""
    assert remote.last.json()["type"] == "VOID_ONLY"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"vendors": rows}])
def test_it_creates_in_bulk(remote: Remote, billcom: BillcomGateway, wrap: Any) -> None:
    remote.will(Reply(wrap([{"id": "1"}, {"id": "2"}])))
    assert billcom.create_bulk("vendors", [{"name": "A"}, {"name": "B"}]) == [{"id": "1"}, {"id": "2"}]
    assert remote.last.path == "/connect/v3/vendors/bulk"
    assert remote.last.json() == [{"name": "A"}, {"name": "B"}]


@pytest.mark.parametrize(
    "body", [b"[", {}, [], [{"id": "1"}], {"vendors": [{"id": "1"}], "more": []}, [{"id": "1"}, {"name": "B"}]]
)
def test_an_odd_answer_to_a_bulk_call_leaves_it_in_doubt(remote: Remote, billcom: BillcomGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        billcom.create_bulk("vendors", [{"name": "A"}, {"name": "B"}])
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("body", [b"", b"{", [], {}, {"id": 7}, {"id": ""}])
def test_an_odd_answer_to_a_write_leaves_it_in_doubt(remote: Remote, billcom: BillcomGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        billcom.create("vendors", {})
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    "body",
    [[], {}, {"results": {}}, {"results": ["a"]}, {"results": [], "nextPage": 2}, {"results": [], "nextPage": {}}],
)
def test_an_odd_list(remote: Remote, billcom: BillcomGateway, body: Any) -> None:
    remote.will(Reply(body))
    with pytest.raises(BadAnswer) as caught:
        list(billcom.pages("vendors"))
    assert not caught.value.outcome_unknown


# --- sessions and limits ---------------------------------------------------------------------------------------------


def test_it_logs_in_again_once_and_goes_on(remote: Remote, billcom: BillcomGateway, sessions: Sessions) -> None:
    remote.will(LOST, Reply(VENDOR))
    assert billcom.create("vendors", {}) == VENDOR
    assert [each.headers["sessionid"] for each in remote.seen] == ["session-1", "session-2"]
    assert sessions.log_ins == 1


def test_a_session_refused_twice_needs_a_person(remote: Remote, billcom: BillcomGateway, sessions: Sessions) -> None:
    remote.will(LOST)
    with pytest.raises(Unauthorized) as caught:
        billcom.create("vendors", {})
    assert caught.value.reason is Reason.TOKEN
    assert (len(remote.seen), sessions.log_ins) == (2, 1)


def test_threads_refused_together_log_in_once(remote: Remote, billcom: BillcomGateway, sessions: Sessions) -> None:
    all_here = threading.Barrier(3)

    def answer(seen: Seen) -> Reply:
        if seen.headers["sessionid"] == "session-1":
            all_here.wait(5)
            return LOST
        return Reply(VENDOR)

    remote.will(answer)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: billcom.create("vendors", {}), range(3))) == [VENDOR] * 3
    assert sessions.log_ins == 1


def test_never_more_than_three_at_once(remote: Remote, billcom: BillcomGateway) -> None:
    def answer(seen: Seen) -> Reply:
        time.sleep(0.02)
        return Reply(VENDOR)

    remote.will(answer)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: billcom.get("vendors", "1"), range(24)))
    assert remote.most_at_once == 3


def test_it_waits_when_others_have_the_places(remote: Remote, billcom: BillcomGateway, slept: list[float]) -> None:
    remote.will(CROWDED, CROWDED, Reply(VENDOR))
    assert billcom.create("vendors", {}) == VENDOR
    assert slept == [0.25, 0.5]


def test_it_does_not_wait_for_ever(remote: Remote, billcom: BillcomGateway, slept: list[float]) -> None:
    remote.will(CROWDED)
    with pytest.raises(RateLimited) as caught:
        billcom.create("vendors", {})
    assert caught.value.scope is Scope.CONCURRENT and caught.value.retry_after
    assert not caught.value.outcome_unknown
    assert (len(remote.seen), len(slept)) == (5, 4)


def test_a_write_that_had_to_wait_too_long_is_not_sent(
    remote: Remote, http: Http, sessions: Sessions, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease under which it was begun may have gone to another worker meanwhile."""
    url = f"{remote.url}/connect"
    billcom = BillcomGateway(http, url, "key-1", sessions, send_within=0.5, sleep=slept.append)
    clock = SimpleNamespace(monotonic=lambda: sum(slept))
    monkeypatch.setattr(billcom_gateway, "time", clock)
    remote.will(CROWDED, CROWDED, Reply(VENDOR))
    with pytest.raises(Unavailable) as caught:
        billcom.create("vendors", {})
    assert (caught.value.outcome_unknown, len(remote.seen)) == (False, 2)


def test_the_hourly_limit_ends_with_the_hour(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply(billcom_errors(("BDC_1144", "Too many requests this hour")), status=429))
    with pytest.raises(RateLimited) as caught:
        billcom.create("vendors", {})
    assert caught.value.scope is Scope.HOUR
    assert caught.value.retry_after == 20 * 60 + 5


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "BDC_1143", Rejected),
        (400, "", Rejected),
        (400, "BDC_1002", Rejected),
        (403, "BDC_1361", Rejected),
        (404, "BDC_9999", NotFound),
        (404, "BDC_1121", Rejected),
        (422, "BDC_1171", Duplicate),
        (200, "BDC_1143", Rejected),
        (400, "BDC_1001", Unavailable),
        (500, "BDC_1002", Unavailable),
        (503, "", Unavailable),
        (429, "", RateLimited),
    ],
)
def test_the_code_chooses_the_class(
    remote: Remote, billcom: BillcomGateway, status: int, code: str, expected: type[GatewayError]
) -> None:
    remote.will(Reply(billcom_errors((code, "No")), status=status, headers={"x-request-id": "r-1"}))
    with pytest.raises(GatewayError) as caught:
        billcom.create("vendors", {})
    assert type(caught.value) is expected
    assert (caught.value.code, caught.value.trace) == (code, "r-1")
    assert caught.value.outcome_unknown is (expected is Unavailable)


def test_a_locked_organization_is_left_alone_for_a_while(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply(billcom_errors(("BDC_1107", "The organization is locked")), status=423))
    with pytest.raises(Unavailable) as caught:
        billcom.create("vendors", {})
    assert caught.value.retry_after == 600 and not caught.value.outcome_unknown


def test_every_field_is_told(remote: Remote, billcom: BillcomGateway) -> None:
    both = billcom_errors(("", "[1].address.country: must not be null"), ("", "name: must not be blank"))
    remote.will(Reply(both, status=400))
    with pytest.raises(Rejected) as caught:
        billcom.create("vendors", {})
    assert caught.value.element == "[1].address.country"
    assert caught.value.words == "[1].address.country: must not be null; name: must not be blank"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [(422, "Duplicate bill number", Taken.NUMBER), (400, "A vendor of this name already exists", Taken.NAME)],
)
def test_words_tell_what_is_taken(
    remote: Remote, billcom: BillcomGateway, status: int, message: str, kind: Taken
) -> None:
    remote.will(Reply(billcom_errors(("BDC_5000", message)), status=status))
    with pytest.raises(Duplicate) as caught:
        billcom.create("vendors", {})
    assert caught.value.kind is kind


def test_a_warning_does_not_hide_the_error(remote: Remote, billcom: BillcomGateway) -> None:
    warning, error = billcom_errors(("BDC_1", "Mind this"), ("BDC_1171", "Duplicate"))
    warning["severity"] = "WARNING"
    remote.will(Reply([warning, error], status=422))
    with pytest.raises(Duplicate):
        billcom.create("vendors", {})


@pytest.mark.parametrize("body", [b"<html>", b"", {"status": 502, "error": "Bad Gateway"}])
def test_an_answer_in_another_form(remote: Remote, billcom: BillcomGateway, body: Any) -> None:
    remote.will(Reply(body, status=502))
    with pytest.raises(Unavailable) as caught:
        billcom.create("vendors", {})
    assert caught.value.outcome_unknown
    remote.will(Reply(body, status=400))
    with pytest.raises(Rejected):
        billcom.create("vendors", {})


def test_a_record_that_names_a_code_is_no_error(remote: Remote, billcom: BillcomGateway) -> None:
    remote.will(Reply({"id": "1", "name": "BDC_ Holdings"}))
    assert billcom.get("vendors", "1")["name"] == "BDC_ Holdings"
