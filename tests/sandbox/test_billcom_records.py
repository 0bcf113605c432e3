from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.billcom_client import (
    ACCOUNT,
    ARCHIVED_VENDOR,
    BANK,
    COMPANY,
    CUSTOMER,
    VENDOR,
    Client,
    Failed,
    Sample,
)

ACCOUNTS = "classifications/chart-of-accounts"


@pytest.fixture
def client() -> Client:
    return Sample().log_in()


def refused(client: Client, method: str, path: str, body: Any, **query: str) -> Failed:
    status, answer = client.call(method, path, body, **query)
    assert status >= 400, answer
    return Failed(status, answer)


def test_it_makes_a_vendor(client: Client) -> None:
    vendor = client.post("vendors", {"name": "New", "address": {"country": "US"}, "email": "new@example.com"})
    assert (vendor["id"][:3], len(vendor["id"])) == ("009", 20)
    assert client.get(f"vendors/{vendor['id']}") == vendor
    assert vendor["balance"]["amount"] == 0
    assert vendor["createdTime"] == "2026-11-02T12:00:00.000+00:00"
    assert "phone" not in vendor


@pytest.mark.parametrize(
    ("path", "body", "messages"),
    [
        ("vendors", {}, ["name: must not be null", "address: must not be null"]),
        ("vendors", {"name": "N", "address": {"city": "X"}}, ["address.country: must not be null"]),
        ("vendors", {"name": "", "address": {"country": "US"}}, ["name: must not be blank"]),
        (
            "vendors",
            {"name": "N", "address": {"country": "USA"}},
            ["address.country: must be an ISO 3166-1 alpha-2 country code"],
        ),
        ("vendors", {"name": "N" * 101, "address": {"country": "US"}}, ["name: size must be between 0 and 100"]),
        (
            "vendors",
            {"name": "N", "address": {"country": "US"}, "email": "none"},
            ["email: must be a well-formed email address"],
        ),
        (
            "vendors",
            {"name": "N", "address": {"country": "US"}, "accountType": "OTHER"},
            ["accountType: must be one of BUSINESS, NONE, PERSON, UNDEFINED"],
        ),
        ("customers", {"name": "N"}, ["email: must not be null"]),
        ("classifications/items", {"name": "N"}, ["type: must not be null"]),
        ("classifications/items", {"name": "N", "type": "SERVICE", "price": "1"}, ["price: must be a number"]),
        (ACCOUNTS, {"description": 5}, ["description: must be a string", "name: must not be null"]),
        ("vendors", [], [": must be an object"]),
    ],
)
def test_it_tells_all_that_is_wrong_at_once(client: Client, path: str, body: Any, messages: list[str]) -> None:
    assert refused(client, "POST", path, body).messages == messages


def test_it_may_tell_problems_without_a_code(client: Client) -> None:
    assert refused(client, "POST", "vendors", {}).code == "BDC_1000"
    client.sample.switches.billcom_validation_code = ""
    assert refused(client, "POST", "vendors", {}).code == ""


def test_it_refuses_or_passes_over_fields_it_does_not_know(client: Client) -> None:
    body = {"name": "N", "address": {"country": "US"}, "fax": "1"}
    failed = refused(client, "POST", "vendors", body)
    assert (failed.code, failed.messages) == ("BDC_1143", ["fax: unrecognized field"])
    client.sample.switches.billcom_unknown_fields = "ignore"
    assert "fax" not in client.post("vendors", body)


def test_it_passes_over_what_is_its_own_to_say(client: Client) -> None:
    shown = client.get(f"vendors/{VENDOR}")
    again = client.patch(f"vendors/{VENDOR}", {**shown, "networkStatus": "CONNECTED", "id": "x", "phone": "1"})
    assert (again["id"], again["networkStatus"], again["phone"]) == (VENDOR, "NOT_CONNECTED", "1")


def test_a_patch_merges_empties_and_keeps(client: Client) -> None:
    client.patch(f"vendors/{VENDOR}", {"email": "a@example.com", "phone": "1", "address": {"city": "Reno"}})
    row = client.patch(f"vendors/{VENDOR}", {"email": None, "phone": ""})
    assert "email" not in row and "phone" not in row
    assert row["address"] == {"country": "US", "city": "Reno"}
    assert refused(client, "PATCH", f"vendors/{VENDOR}", {"name": ""}).messages == ["name: must not be blank"]


def test_a_patch_may_keep_what_is_null_and_replace_objects(client: Client) -> None:
    client.sample.switches.billcom_null_clears = False
    client.sample.switches.billcom_patch_merges_objects = False
    client.patch(f"vendors/{VENDOR}", {"email": "a@example.com"})
    assert client.patch(f"vendors/{VENDOR}", {"email": None})["email"] == "a@example.com"
    failed = refused(client, "PATCH", f"vendors/{VENDOR}", {"address": {"city": "Reno"}})
    assert failed.messages == ["address.country: must not be null"]
    assert client.patch(f"vendors/{VENDOR}", {"address": {"country": "CA"}})["address"] == {"country": "CA"}


def test_it_archives_and_restores_as_often_as_one_likes(client: Client) -> None:
    first = client.post(f"vendors/{VENDOR}/archive")
    client.sample.clock.advance(5)
    assert client.post(f"vendors/{VENDOR}/archive") == first
    assert refused(client, "PATCH", f"vendors/{VENDOR}", {"phone": "1"}).status == 400
    assert client.post(f"vendors/{VENDOR}/restore")["archived"] is False
    assert client.post(f"vendors/{VENDOR}/restore")["archived"] is False
    client.sample.switches.billcom_archived_editable = True
    client.post(f"vendors/{VENDOR}/archive")
    assert client.patch(f"vendors/{VENDOR}", {"phone": "1"})["phone"] == "1"


def test_it_knows_no_such_record(client: Client) -> None:
    assert refused(client, "GET", "vendors/00900000000000009999", None).status == 404
    client.sample.switches.billcom_missing_status = 400
    assert refused(client, "GET", "vendors/00900000000000009999", None).status == 400


def test_references_must_exist_and_not_be_archived(client: Client) -> None:
    failed = refused(client, "POST", ACCOUNTS, {"name": "N", "parentId": "0ca00000000000009999"})
    assert failed.messages == ["parentId: Account 0ca00000000000009999 does not exist"]
    with pytest.raises(Failed, match="is archived"):
        client.bill(1, vendor=ARCHIVED_VENDOR)
    client.sample.switches.billcom_archived_references = "allow"
    client.bill(1, vendor=ARCHIVED_VENDOR)


def test_a_reference_that_was_there_may_stay_when_its_record_is_archived(client: Client) -> None:
    bill = client.bill(10)
    client.post(f"{ACCOUNTS}/{ACCOUNT}/archive")
    body = {name: bill[name] for name in ("vendorId", "dueDate", "invoice", "billLineItems")}
    assert client.put(f"bills/{bill['id']}", {**body, "description": "Later"})["description"] == "Later"


def test_a_parent_is_never_below_its_child(client: Client) -> None:
    above = client.post("classifications/locations", {"name": "Above"})["id"]
    below = client.post("classifications/locations", {"name": "Below", "parentId": above})["id"]
    assert refused(client, "PATCH", f"classifications/locations/{above}", {"parentId": below}).code == "BDC_1143"


def test_names_may_be_taken(client: Client) -> None:
    client.post(ACCOUNTS, {"name": "Rent"})
    client.sample.switches.billcom_unique_names = True
    failed = refused(client, "POST", ACCOUNTS, {"name": "RENT"})
    assert (failed.status, failed.code) == (422, "BDC_1171")
    client.post(ACCOUNTS, {"name": "Rent", "parentId": ACCOUNT})
    client.patch(f"vendors/{VENDOR}", {"name": "ACME"})


def test_many_are_made_or_none(client: Client) -> None:
    good = {"name": "Good", "address": {"country": "US"}}
    assert [row["name"] for row in client.post("vendors/bulk", [good, good])["vendors"]] == ["Good", "Good"]
    failed = refused(client, "POST", "vendors/bulk", [good, {"name": "Bad"}])
    assert failed.messages == ["[1].address: must not be null"]
    assert len(client.get("vendors", filters="name:eq:Good")["results"]) == 2
    for size in (0, 21):
        assert refused(client, "POST", "vendors/bulk", [good] * size).status == 400


def test_what_is_not_promised_to_be_whole_may_be_half_done(client: Client) -> None:
    bodies = [{"name": "One"}, {"name": ""}, {"name": "Three"}]
    assert refused(client, "POST", f"{ACCOUNTS}/bulk", bodies).messages == ["[1].name: must not be blank"]
    assert client.get(ACCOUNTS, filters="name:eq:One")["results"] == []
    client.sample.switches.billcom_partial_bulk = True
    refused(client, "POST", f"{ACCOUNTS}/bulk", bodies)
    assert len(client.get(ACCOUNTS, filters="name:eq:One")["results"]) == 1
    assert client.get(ACCOUNTS, filters="name:eq:Three")["results"] == []


def test_many_are_changed_archived_and_restored(client: Client) -> None:
    made = client.post(f"{ACCOUNTS}/bulk", [{"name": "One"}, {"name": "Two"}])["chartOfAccounts"]
    changed = client.patch(f"{ACCOUNTS}/bulk", [{"id": row["id"], "description": row["name"]} for row in made])
    assert [row["description"] for row in changed["chartOfAccounts"]] == ["One", "Two"]
    both = ",".join(row["id"] for row in made)
    assert all(row["archived"] for row in client.post(f"{ACCOUNTS}/bulk/archive", ids=both)["chartOfAccounts"])
    assert not any(row["archived"] for row in client.post(f"{ACCOUNTS}/bulk/restore", ids=both)["chartOfAccounts"])


def test_customers_have_no_bulk(client: Client) -> None:
    assert refused(client, "POST", "customers/bulk", [{}]).code == "BDC_1121"


def test_a_bank_account_is_mapped_and_shown_masked(client: Client) -> None:
    bank = client.patch(f"funding-accounts/banks/{BANK}", {"chartOfAccountId": ACCOUNT})
    assert (bank["chartOfAccountId"], bank["accountNumber"]) == (ACCOUNT, "*****6789")
    assert client.get("funding-accounts/banks", filters=f"bankAccountId:eq:{BANK}")["results"] == [bank]
    assert client.call("POST", "funding-accounts/banks", {})[0] == 403


def test_a_new_bank_account_waits_to_be_verified() -> None:
    client = Sample().log_in_trusted()
    names = {"nameOnAccount": "S", "routingNumber": "1", "accountNumber": "2222", "type": "SAVINGS"}
    bank = client.post("funding-accounts/banks", {**names, "ownerType": "BUSINESS"})
    assert bank["status"] == "PENDING"
    assert refused(client, "PATCH", f"funding-accounts/banks/{bank['id']}", {"bankName": "X"}).status == 400


def test_a_user_gets_a_role_by_its_id() -> None:
    client = Sample().log_in_user()
    roles = {row["type"]: row["id"] for row in client.get("roles")["results"]}
    names = {"firstName": "New", "lastName": "One", "email": "new@example.com", "acceptTermsOfService": True}
    user = client.post("users", {**names, "roleId": roles["ACCOUNTANT"]})
    assert user["role"]["type"] == "ACCOUNTANT"
    assert client.patch(f"users/{user['id']}", {"roleId": roles["MEMBER"]})["role"]["type"] == "MEMBER"


def test_a_tax_id_may_be_masked(client: Client) -> None:
    client.patch(f"vendors/{VENDOR}", {"additionalInfo": {"taxId": "12-3456789", "track1099": True}})
    assert client.get(f"vendors/{VENDOR}")["additionalInfo"]["taxId"] == "12-3456789"
    client.sample.switches.billcom_mask_tax_id = True
    assert client.get(f"vendors/{VENDOR}")["additionalInfo"] == {"taxId": "******6789", "track1099": True}


def test_the_network_keeps_its_vendors() -> None:
    connected = {**COMPANY["vendors"][0], "networkStatus": "CONNECTED"}
    client = Sample({"vendors": [connected]}).log_in()
    assert client.patch(f"vendors/{VENDOR}", {"accountNumber": "7"})["accountNumber"] == "7"
    assert "network" in refused(client, "PATCH", f"vendors/{VENDOR}", {"phone": "1"}).messages[0]
    client.sample.switches.billcom_network_keeps_vendors = False
    assert client.patch(f"vendors/{VENDOR}", {"phone": "1"})["phone"] == "1"


def test_an_object_of_which_nothing_is_left_is_gone(client: Client) -> None:
    client.patch(f"vendors/{VENDOR}", {"additionalInfo": {"companyName": "Acme Inc."}})
    assert "additionalInfo" not in client.patch(f"vendors/{VENDOR}", {"additionalInfo": {"companyName": None}})


def test_a_customer_keeps_two_addresses(client: Client) -> None:
    row = client.patch(f"customers/{CUSTOMER}", {"billingAddress": {"country": "US", "line1": "1 Road"}})
    assert row["billingAddress"]["line1"] == "1 Road" and row["balance"] == {"amount": 0}


TERMS = "organizations/{}/payment-terms"


def test_payment_terms_are_one_for_each_number_of_days(client: Client) -> None:
    path = TERMS.format(client.sample.id)
    made = client.post(path, {"name": "Net 45", "daysDue": 45})
    assert client.get(f"{path}/{made['id']}") == made
    assert "already exists" in str(refused(client, "POST", path, {"name": "Forty-five", "daysDue": 45}).messages)
    for days in (-1, 1000, 1.5):
        assert "between 0 and 999" in str(refused(client, "POST", path, {"name": "Odd", "daysDue": days}).messages)


def test_payment_terms_of_another_organization_are_not_there(client: Client) -> None:
    path = TERMS.format("00899999999999999999")
    assert refused(client, "GET", path, None).status == client.sample.switches.billcom_missing_status
