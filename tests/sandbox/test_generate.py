"""Made-up companies: one seed, one company; both sides consistent; the fixtures are what the generator makes."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from syncapp.sandbox import loading
from syncapp.sandbox.generate import FIXTURES, from_text, generate, main, printed
from syncapp.sandbox.making import Size
from syncapp.sandbox.world import Sandbox

ROOT = Path(__file__).resolve().parent.parent.parent


def loaded(data: dict[str, Any]) -> tuple[dict[str, list[Any]], dict[str, list[Any]], list[Any]]:
    world = Sandbox()
    company = loading.into(world, loading.checked(data))
    realm = company.qbo["realm_id"]
    return (
        world.qbo.books(realm),
        world.billcom.books(company.billcom["organization_id"]),
        world.qbo.trial_balance(realm),
    )


@pytest.mark.parametrize("name", FIXTURES)
def test_the_fixture_is_what_the_generator_makes(name: str) -> None:
    assert (ROOT / "fixtures" / f"{name}.json").read_text() == printed(name)


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_has_something_of_everything(name: str) -> None:
    qbo, billcom, _ = loaded(loading.named(name))
    assert len(qbo["Account"]) == 90 and any(row.get("ParentRef") for row in qbo["Account"])
    assert any(not row["Active"] for row in qbo["Account"]) and any(not row["Active"] for row in qbo["Vendor"])
    assert len(qbo["Customer"]) == 29 and any(row.get("ParentRef") for row in qbo["Customer"])
    assert qbo["Class"] and qbo["Department"] and qbo["Item"] and len(qbo["Bill"]) + len(qbo["BillPayment"]) >= 60
    assert {row["approvalStatus"] for row in billcom["bills"]} == {
        *("APPROVED", "UNASSIGNED", "ASSIGNED", "APPROVING", "DENIED")
    }
    assert {row["type"] for row in billcom["roles"]} == {"ADMINISTRATOR", "ACCOUNTANT", "MEMBER", "CUSTOM"}
    assert len(billcom["banks"]) == 2 and any(row.get("chartOfAccountId") for row in billcom["banks"])
    assert {row["onlinePayment"] for row in billcom["payments"]} == {True, False}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_sides_are_consistent(seed: int) -> None:
    qbo, billcom, balance = loaded(generate(seed, bills=150))
    assert sum(row["debit"] for row in balance) == sum(row["credit"] for row in balance)
    payable = next(row for row in balance if row["name"] == "Accounts Payable (A/P)")
    assert (
        payable["credit"] == sum(row["Balance"] for row in qbo["Bill"]) == sum(row["Balance"] for row in qbo["Vendor"])
    )
    for bill in billcom["bills"]:
        assert bill["amount"] == sum(line["amount"] for line in bill["billLineItems"])
        assert bill["dueAmount"] == bill["amount"] - bill["paidAmount"]
    paid = Counter[str]()
    for payment in billcom["payments"]:
        paid[payment["billId"]] += payment["amount"]
    assert paid == {bill["id"]: bill["paidAmount"] for bill in billcom["bills"] if bill["paidAmount"]}


def test_a_bill_on_both_sides_can_be_recognised() -> None:
    qbo, billcom, _ = loaded(generate(4, bills=200, overlap=0.7))
    theirs = {row["DocNumber"]: row for row in qbo["Bill"]}
    names = {row["id"]: row["name"] for row in billcom["vendors"]}
    both = [bill for bill in billcom["bills"] if bill["invoice"]["invoiceNumber"] in theirs]
    assert 50 < len(both) < len(billcom["bills"]) and len(both) < len(qbo["Bill"])
    for ours in both:
        their = theirs[ours["invoice"]["invoiceNumber"]]
        assert _plain(names[ours["vendorId"]]) == _plain(their["VendorRef"]["name"])
        assert (ours["invoice"]["invoiceDate"], ours["dueDate"]) == (their["TxnDate"], their["DueDate"])
        assert [line["amount"] for line in ours["billLineItems"]] == [line["Amount"] for line in their["Line"]]


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def test_vendors_are_on_one_side_on_both_and_in_doubt() -> None:
    qbo, billcom, _ = loaded(generate(11))
    theirs, ours = (
        {_plain(row[name]) for row in rows}
        for rows, name in ((qbo["Vendor"], "DisplayName"), (billcom["vendors"], "name"))
    )
    assert theirs & ours and theirs - ours and ours - theirs
    exact = {row["DisplayName"] for row in qbo["Vendor"]} & {row["name"] for row in billcom["vendors"]}
    assert 0 < len(exact) < len(theirs & ours), "some are spelled otherwise"
    twice = [name for name, count in Counter(_plain(row["name"]) for row in billcom["vendors"]).items() if count > 1]
    assert twice == ["lanternstaffing"]


def test_the_same_numbers_make_the_same_company() -> None:
    assert generate(9, bills=30) == generate(9, bills=30) != generate(10, bills=30)


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_overlap_goes_from_nothing_to_all(overlap: float) -> None:
    made = generate(3, overlap=overlap)
    numbers = {row["DocNumber"] for row in made["qbo"]["Bill"]}
    ours = {row["invoice"]["invoiceNumber"] for row in made["billcom"].get("bills", [])}
    assert (numbers == ours) if overlap else not ours


@pytest.mark.parametrize("nothing", ["vendors", "customers", "items", "bills", "accounts"])
def test_a_company_may_lack_anything(nothing: str) -> None:
    loaded(from_text(f"seed=2,{nothing}=0"))


def test_a_text_says_how_large() -> None:
    made = from_text("seed=3,bills=7,overlap=0.25,payments=1")
    assert (made["name"], len({row["DocNumber"] for row in made["qbo"]["Bill"]}) <= 7) == ("Generated 3", True)
    with pytest.raises(ValueError, match="not colour"):
        from_text("colour=1")


def test_a_large_company_is_made_fast() -> None:
    began = time.process_time()
    made = generate(1, bills=5000, vendors=300)
    assert time.process_time() - began < 5
    assert len(made["qbo"]["Bill"]) + len(made["billcom"]["bills"]) >= 5000


def test_the_command_prints_a_fixture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harbor-bakery"]) == 0
    assert capsys.readouterr().out == printed("harbor-bakery")
    assert main(["no-such"]) == 2
    assert "harbor-bakery" in capsys.readouterr().err


def test_defaults_are_those_of_a_small_client() -> None:
    assert Size() == Size(seed=1, accounts=90, vendors=26, customers=29, items=12, bills=60)
