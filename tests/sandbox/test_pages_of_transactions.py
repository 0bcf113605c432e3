"""What a person does on a transaction's page besides editing it: saving it as it stands, and attaching a file."""

from __future__ import annotations

import pytest

from syncapp.sandbox import loading
from syncapp.sandbox.http import Request, Response
from tests.sandbox.frame import Frame
from tests.sandbox.test_pages import typed, went_to


@pytest.mark.parametrize("entity", ["Invoice", "Bill", "VendorCredit", "BillPayment", "CreditMemo", "JournalEntry"])
def test_saving_a_transaction_as_it_stands_updates_it(frame: Frame, entity: str) -> None:
    frame.control("POST", "clock", {"now": "2030-03-01T10:00:00Z"})
    data = loading.checked(loading.named("harbor-bakery"))
    frame.company = loading.into(frame.world, data)
    if entity == "JournalEntry":
        _journal_entry(frame)
    before = frame.first("qbo", entity)
    balances = _balances(frame)
    frame.control("POST", "clock", {"now": "2030-03-02T10:00:00Z"})
    address = f"/ui/qbo/{frame.realm}/{entity}/{before['Id']}"
    shown = {name: typed(frame.page(address), name) for name in ("number", "date", "memo")}

    assert "updated" in went_to(frame.submit(address, do="save", **shown))

    after = frame.control("GET", f"person/qbo/{frame.realm}/{entity}/{before['Id']}")
    assert after["MetaData"]["LastUpdatedTime"].startswith("2030-03-02")
    assert int(after["SyncToken"]) == int(before["SyncToken"]) + 1
    said = ("DocNumber", "TxnDate", "PrivateNote", "TotalAmt", "Balance", "LinkedTxn")
    assert [after.get(name) for name in said] == [before.get(name) for name in said]
    assert _balances(frame) == balances


def _balances(frame: Frame) -> dict[str, object]:
    rows = frame.control("GET", f"trial_balance/{frame.realm}")
    return {row["account_id"]: (row["debit"], row["credit"]) for row in rows if row["debit"] or row["credit"]}


def _journal_entry(frame: Frame) -> None:
    one, other = (row["Id"] for row in frame.control("GET", f"books/qbo/{frame.realm}")["Account"][:2])
    detail = "JournalEntryLineDetail"
    lines = [
        {"Amount": 5, "DetailType": detail, detail: {"PostingType": way, "AccountRef": {"value": account}}}
        for way, account in (("Debit", one), ("Credit", other))
    ]
    frame.control("POST", f"person/qbo/{frame.realm}/JournalEntry", {"Line": lines})


# --- files -----------------------------------------------------------------------------------------------------------


def upload(frame: Frame, address: str, name: str, content: bytes) -> Response:
    head = (
        f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    )
    body = head.encode() + content + b"\r\n--edge--\r\n"
    return frame.world.handle(
        Request("POST", address, {}, {"content-type": "multipart/form-data; boundary=edge"}, body)
    )


def bill_of(frame: Frame, side: str) -> tuple[str, str]:
    """A bill's id and page."""
    company, entity, key = (frame.realm, "Bill", "Id") if side == "qbo" else (frame.organization, "bills", "id")
    bill = str(frame.first(side, entity)[key])
    return bill, f"/ui/{side}/{company}/{entity}/{bill}"


def test_a_file_is_attached_to_a_bill_in_quickbooks(frame: Frame) -> None:
    bill, address = bill_of(frame, "qbo")
    assert "scan.pdf is attached" in went_to(upload(frame, address, "scan.pdf", b"a scan\r\n of two lines")).replace(
        "+", " "
    )
    (kept,) = frame.control("GET", f"books/qbo/{frame.realm}")["Attachable"]
    assert (kept["FileName"], kept["Size"]) == ("scan.pdf", 21)
    assert kept["AttachableRef"] == [{"EntityRef": {"type": "Bill", "value": bill}}]
    page = frame.page(address)
    assert "scan.pdf" in page and '<td class="number">21</td>' in page


def test_a_file_is_attached_to_a_bill_in_bill(frame: Frame) -> None:
    bill, address = bill_of(frame, "billcom")
    went_to(upload(frame, address, "scan.pdf", b"a scan"))
    answer = frame.billcom("GET", f"documents/bills/{bill}", frame.log_in()).response
    assert answer.status == 200 and b'"scan.pdf"' in answer.body
    page = frame.page(address)
    assert "scan.pdf" in page and '<td class="number">6</td>' in page


@pytest.mark.parametrize("side", ["qbo", "billcom"])
def test_no_file_and_an_empty_one_are_refused_in_place(frame: Frame, side: str) -> None:
    _, address = bill_of(frame, side)
    for name, content in (("", b""), ("empty.pdf", b"")):
        refused = upload(frame, address, name, content)
        assert refused.status == 400 and "Choose a file" in refused.body.decode()


def test_what_is_too_large_for_bill_is_refused_in_place(frame: Frame) -> None:
    _, address = bill_of(frame, "billcom")
    refused = upload(frame, address, "film.mov", bytes(6 * 1024 * 1024 + 1))
    assert refused.status == 400 and "6 MB" in refused.body.decode()


def test_only_bills_take_files(frame: Frame) -> None:
    vendor = frame.first("qbo", "Vendor")["Id"]
    address = f"/ui/qbo/{frame.realm}/Vendor/{vendor}"
    assert 'type="file"' not in frame.page(address)
    assert upload(frame, address, "scan.pdf", b"a scan").status == 400
