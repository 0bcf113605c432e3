from __future__ import annotations

from typing import Any

import pytest

from syncapp.sandbox.http import Request, decode
from tests.sandbox.billcom_client import COMPANY, Failed, Sample

MINUTE, HOUR = 60, 3600


@pytest.fixture
def sample() -> Sample:
    return Sample()


def test_it_signs_a_user_in(sample: Sample) -> None:
    session = sample.log_in_user().get("login/session")
    assert session["organizationId"] == sample.id
    assert sample.log_in_user().get(f"users/{session['userId']}")["role"]["type"] == "ADMINISTRATOR"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"password": "wrong"}, "BDC_1101"),
        ({"username": "nobody@example.com"}, "BDC_1101"),
        ({"organizationId": "00800000000000000000"}, "BDC_1101"),
        ({"devKey": "wrong"}, "BDC_1102"),
        ({"username": ""}, "BDC_1000"),
    ],
)
def test_it_refuses_wrong_credentials(sample: Sample, wrong: dict[str, str], code: str) -> None:
    with pytest.raises(Failed) as failed:
        sample.log_in(**{"username": "ada@example.com", "password": sample.company["password"], **wrong})
    assert failed.value.code == code


def test_it_forgets_a_user_after_35_idle_minutes(sample: Sample) -> None:
    client = sample.log_in_user()
    for _ in range(3):
        sample.clock.advance(34 * MINUTE)
        client.get("login/session")
    sample.clock.advance(36 * MINUTE)
    with pytest.raises(Failed) as failed:
        client.get("vendors")
    assert (failed.value.status, failed.value.code) == (401, "BDC_1109")


def test_it_keeps_a_sync_token_for_48_idle_hours(sample: Sample) -> None:
    client = sample.log_in()
    sample.clock.advance(47 * HOUR)
    client.get("vendors")
    sample.clock.advance(49 * HOUR)
    assert client.call("GET", "vendors")[0] == 401


def test_it_lets_a_console_into_its_clients_only() -> None:
    sample = Sample(console=True)
    other = sample.billcom.load(COMPANY, "Not a client")
    console = {"username": sample.company["console_email"], "consoleApiToken": sample.company["console_api_token"]}
    client = sample.log_in(**console)
    assert [each["id"] for each in client.get("login/organizations")["results"]] == [sample.id]
    user = client.get(f"users/{client.get('login/session')['userId']}")
    assert user["role"]["type"] == "ACCOUNTANT"
    with pytest.raises(Failed):
        sample.log_in(**console, organizationId=other["organization_id"])


def test_it_lists_the_organizations_of_a_user(sample: Sample) -> None:
    other = sample.billcom.load(COMPANY, "Other")
    reached = sample.log_in_user().get("login/organizations")["results"]
    assert {each["id"] for each in reached} == {sample.id, other["organization_id"]}
    assert len(sample.log_in().get("login/organizations")["results"]) == 1


def test_it_signs_out(sample: Sample) -> None:
    client = sample.log_in_user()
    client.post("logout")
    assert client.call("GET", "login/session")[0] == 401


def test_it_trusts_a_session_after_mfa_and_remembers_the_device(sample: Sample) -> None:
    client = sample.log_in_user()
    assert client.get("login/session")["mfaStatus"] == "INCOMPLETE"
    challenge = client.post("mfa/challenge", {"useBackup": "false"})["challengeId"]
    asked = {"challengeId": challenge, "token": "123456", "device": "tests", "rememberMe": True}
    remembered = client.post("mfa/challenge/validate", asked)["rememberMeId"]
    again = {"username": "ada@example.com", "password": sample.company["password"], "device": "tests"}
    assert sample.log_in(**again, rememberMeId=remembered).get("login/session")["mfaStatus"] == "COMPLETE"
    later = sample.log_in_user()
    assert later.post("mfa/step-up", {"rememberMeId": remembered, "device": "tests"}) == {"trusted": True}
    sample.clock.advance(31 * 24 * HOUR)
    assert sample.log_in(**again, rememberMeId=remembered).get("login/session")["mfaStatus"] == "INCOMPLETE"


def test_it_refuses_a_wrong_code_and_a_long_device(sample: Sample) -> None:
    client = sample.log_in_user()
    for wrong, code in (({"token": "000000"}, "BDC_1356"), ({"device": "d" * 49}, "BDC_1143")):
        challenge = client.post("mfa/challenge", {"useBackup": "false"})["challengeId"]
        asked = {"challengeId": challenge, "token": "123456", "device": "tests", "rememberMe": True}
        with pytest.raises(Failed) as failed:
            client.post("mfa/challenge/validate", {**asked, **wrong})
        assert failed.value.code == code


def test_it_gives_a_sync_token_no_mfa(sample: Sample) -> None:
    assert sample.log_in().call("POST", "mfa/challenge", {"useBackup": "false"})[0] == 403


def test_it_keeps_members_from_managing_the_company(sample: Sample) -> None:
    client = sample.log_in_user("max@example.com")
    for path, body in (
        ("classifications/chart-of-accounts", {"name": "New"}),
        ("users", {"firstName": "A", "lastName": "B", "email": "ab@example.com", "roleId": "x"}),
    ):
        assert client.call("POST", path, body)[0] == 403
    assert client.call("PATCH", "funding-accounts/banks/bac00000000000000001", {"bankName": "X"})[0] == 403
    assert client.call("GET", f"organizations/{sample.id}")[0] == 403
    assert client.bill(10)["amount"] == 10


def test_it_demotes_a_user(sample: Sample) -> None:
    client = sample.log_in()
    client.post("classifications/locations", {"name": "Here"})
    sample.billcom.demote_user(sample.id)
    assert client.call("POST", "classifications/locations", {"name": "There"})[0] == 403


def test_it_shows_the_organization_to_administrators_and_by_switch_to_sync_tokens(sample: Sample) -> None:
    assert sample.log_in_user().get(f"organizations/{sample.id}")["name"] == "Sample"
    token = sample.log_in()
    assert token.get(f"organizations/{sample.id}")["id"] == sample.id
    sample.switches.billcom_sync_token_reads_organization = False
    assert token.call("GET", f"organizations/{sample.id}")[0] == 403


def test_it_stops_after_200_log_ins_until_the_next_hour(sample: Sample) -> None:
    for _ in range(200):
        sample.log_in()
    with pytest.raises(Failed) as failed:
        sample.log_in()
    assert (failed.value.status, failed.value.code) == (429, "BDC_1144")
    sample.clock.advance(HOUR)
    sample.log_in()


def test_it_stops_after_20_000_calls_of_all_organizations_together(sample: Sample) -> None:
    client = sample.log_in()
    sample.billcom.limits.calls[sample.company["developer_key"]] = 19_999
    client.get("login/session")
    assert client.call("GET", "login/session")[1][0]["code"] == "BDC_1144"
    sample.switches.enforce_limits = False
    client.get("login/session")


def test_it_carries_out_three_calls_at_once_and_no_more(sample: Sample) -> None:
    client = sample.log_in()
    under_way = [Request("GET", "/connect/v3/vendors", {}, client.headers) for _ in range(4)]
    answers = [sample.billcom.begin(request) for request in under_way]
    assert answers[:3] == [None, None, None]
    refused: Any = answers[3]
    assert decode(refused.body)[0]["code"] == "BDC_1322"
    sample.billcom.end(under_way[3])
    sample.billcom.end(under_way[0])
    assert sample.billcom.begin(under_way[3]) is None


@pytest.mark.parametrize("path", ["nothing", "Vendors", "bills/x/approve", "payments/bulk/archive"])
def test_it_knows_no_other_paths(sample: Sample, path: str) -> None:
    status, answer = sample.log_in_trusted().call("POST", path, {})
    assert (status, answer[0]["code"]) == (404, "BDC_1121")


def test_it_misbehaves_when_told(sample: Sample) -> None:
    client = sample.log_in()
    request = Request("GET", "/connect/v3/vendors", {}, client.headers)
    spoiled = sample.billcom.misbehave("fault_in_200", request, lambda: sample.billcom.handle(request))
    assert spoiled.status == 200 and decode(spoiled.body)[0]["code"] == "BDC_1001"
    lost = sample.billcom.misbehave("session_lost", request, lambda: sample.billcom.handle(request))
    assert lost.status == 401
