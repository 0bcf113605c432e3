"""The pages for people: all can be reached, edits go through the books' rules, refusals are said in place."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from syncapp.sandbox import loading
from syncapp.sandbox.http import Response, encode
from tests.sandbox.frame import SMALL, Frame

LINK = re.compile(r'href="(/[^"]*)"')


def went_to(answer: Response) -> str:
    assert answer.status == 303, answer.body.decode()
    return answer.headers["location"]


def typed(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'<input id="{name}" name="{name}"[^>]* value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found.group(1))


def test_every_link_leads_somewhere(frame: Frame) -> None:
    seen: set[str] = set()
    todo = ["/", "/tools"]
    while todo:
        address = todo.pop()
        if address not in seen:
            seen.add(address)
            todo += [unescape(each) for each in LINK.findall(frame.page(address))]
    assert len(seen) > 150
    assert f"/ui/qbo/{frame.realm}/Vendor/new" in seen and f"/ui/qbo/{frame.realm}/trial-balance" in seen
    assert f"/ui/billcom/{frame.organization}/chart-of-accounts/new" in seen


@pytest.mark.parametrize(
    "address", ["/nothing", "/ui/xero/1", "/ui/qbo/1", "/ui/qbo/{realm}/Unicorn", "/ui/qbo/{realm}/Vendor/9999", "/ui"]
)
def test_what_there_is_not_is_said(frame: Frame, address: str) -> None:
    assert "There " in frame.page(address.format(realm=frame.realm), status=404)


def test_nothing_of_a_record_is_taken_for_html(frame: Frame) -> None:
    name = '<script>alert("1")</script>'
    made = frame.control("POST", f"person/qbo/{frame.realm}/Vendor", {"DisplayName": name})
    for address in ("Vendor", f"Vendor/{made['Id']}", "Vendor?q=%22><script>"):
        page = frame.page(f"/ui/qbo/{frame.realm}/{address}")
        assert "<script>" not in page
    assert typed(frame.page(f"/ui/qbo/{frame.realm}/Vendor/{made['Id']}"), "name") == name


def test_a_link_to_nothing_known_is_not_taken_for_html(frame: Frame) -> None:
    script = "<script>alert(1)</script>"
    bill = {"Id": "5", "VendorRef": {"value": "1"}, "LinkedTxn": [{"TxnId": script, "TxnType": script}]}
    data = loading.raw({"Vendor": [{"Id": "1", "DisplayName": "Acme"}], "Bill": [bill]}, "Linked")
    realm = frame.control("POST", "companies", {"data": data})["qbo"]["realm_id"]
    page = frame.page(f"/ui/qbo/{realm}/Bill/5")
    assert "<script>" not in page and script in unescape(page)


@pytest.mark.parametrize(("side", "entity"), [("qbo", "Vendor"), ("billcom", "vendors")])
def test_a_vendors_email_is_edited(frame: Frame, side: str, entity: str) -> None:
    vendor = frame.first(side, entity)
    company = frame.realm if side == "qbo" else frame.organization
    address = f"/ui/{side}/{company}/{entity}/{vendor.get('Id') or vendor['id']}"
    before = typed(frame.page(address), "phone")
    assert went_to(frame.submit(address, email="new@example.com")).startswith(address)
    page = frame.page(address)
    assert (typed(page, "email"), typed(page, "phone")) == ("new@example.com", before)
    assert "Nothing" in went_to(frame.submit(address, email="new@example.com"))
    went_to(frame.submit(address, email=""))
    assert typed(frame.page(address), "email") == ""


@pytest.mark.parametrize(("side", "entity"), [("qbo", "Vendor"), ("billcom", "vendors")])
def test_a_part_of_an_address_is_edited_and_the_rest_stays(frame: Frame, side: str, entity: str) -> None:
    vendor = frame.first(side, entity)
    company = frame.realm if side == "qbo" else frame.organization
    address = f"/ui/{side}/{company}/{entity}/{vendor.get('Id') or vendor['id']}"
    street = typed(frame.page(address), "street")
    went_to(frame.submit(address, city="Astoria"))
    page = frame.page(address)
    assert (typed(page, "city"), typed(page, "street")) == ("Astoria", street)


@pytest.mark.parametrize(
    ("entity", "flag"),
    [("Class", "SubClass"), ("Department", "SubDepartment"), ("Account", "SubAccount"), ("Customer", "Job")],
)
def test_a_parent_is_set_and_taken_away(frame: Frame, entity: str, flag: str) -> None:
    more = {"AccountType": "Expense"} if entity == "Account" else {}
    name = "DisplayName" if entity == "Customer" else "Name"
    above, below = (
        frame.control("POST", f"person/qbo/{frame.realm}/{entity}", {name: each, **more})["Id"]
        for each in ("Above", "Below")
    )
    address = f"/ui/qbo/{frame.realm}/{entity}/{below}"
    went_to(frame.submit(address, parent=above))
    after = frame.control("GET", f"person/qbo/{frame.realm}/{entity}/{below}")
    assert (after["ParentRef"]["value"], after[flag], after["FullyQualifiedName"]) == (above, True, "Above:Below")
    went_to(frame.submit(address, parent=""))
    after = frame.control("GET", f"person/qbo/{frame.realm}/{entity}/{below}")
    assert "ParentRef" not in after and after[flag] is False and after["FullyQualifiedName"] == "Below"


def test_a_class_is_made_below_another(frame: Frame) -> None:
    above = frame.control("POST", f"person/qbo/{frame.realm}/Class", {"Name": "Above"})["Id"]
    went_to(frame.submit(f"/ui/qbo/{frame.realm}/Class/new", name="Below", parent=above))
    made = frame.control("GET", f"books/qbo/{frame.realm}")["Class"][-1]
    assert made["FullyQualifiedName"] == "Above:Below" and made["SubClass"] is True


@pytest.mark.parametrize("entity", ["Vendor", "Customer", "Account"])
def test_a_name_cannot_be_emptied(frame: Frame, entity: str) -> None:
    before = frame.first("qbo", entity)
    refused = frame.submit(f"/ui/qbo/{frame.realm}/{entity}/{before['Id']}", name="")
    assert refused.status == 400 and "has to have a name" in refused.body.decode()
    assert frame.control("GET", f"person/qbo/{frame.realm}/{entity}/{before['Id']}") == before


def test_what_quickbooks_refuses_is_said_in_place(frame: Frame) -> None:
    one, other = frame.control("GET", f"books/qbo/{frame.realm}")["Vendor"][:2]
    answer = frame.submit(f"/ui/qbo/{frame.realm}/Vendor/{one['Id']}", name=other["DisplayName"])
    page = answer.body.decode()
    assert answer.status == 400 and 'role="alert"' in page and "6240" in page
    assert typed(page, "name") == other["DisplayName"], "what was typed stays"


def test_what_bill_refuses_is_said_in_place(frame: Frame) -> None:
    answer = frame.submit(f"/ui/billcom/{frame.organization}/vendors/new", name="No Address", country="")
    assert answer.status == 400 and "country" in answer.body.decode()


def test_records_are_made_on_both_sides(frame: Frame) -> None:
    qbo, billcom = f"/ui/qbo/{frame.realm}", f"/ui/billcom/{frame.organization}"
    vendor = went_to(frame.submit(f"{qbo}/Vendor/new", name="Made Here", email="a@b.example", city="Salem"))
    assert "Made Here" in frame.page(vendor)
    account = frame.first("qbo", "Account")["Id"]
    id = vendor.partition("?")[0].rpartition("/")[2]
    line = {"amount": "12.50", "account": account, "words": "Thing"}
    bill = went_to(frame.submit(f"{qbo}/Bill/new", vendor=id, number="N-1", date="2026-03-01", **line))
    assert "12.5" in frame.page(bill)
    ours = went_to(frame.submit(f"{billcom}/vendors/new", name="Made There", country="US", street="1 Main St"))
    bill_line = {"amount": "9.99", "words": "Thing"}
    dates = {"date": "2026-03-01", "due_date": "2026-03-31"}
    theirs = frame.submit(
        f"{billcom}/bills/new", vendor=ours.partition("?")[0].rpartition("/")[2], number="N-2", **dates, **bill_line
    )
    assert "9.99" in frame.page(went_to(theirs))
    customer = frame.submit(f"{billcom}/customers/new", name="New Customer", email="c@d.example")
    assert "New Customer" in frame.page(went_to(customer))
    klass = frame.submit(f"{qbo}/Class/new", name="New Class")
    assert "New Class" in frame.page(went_to(klass))


def test_a_one_line_bill_is_changed(frame: Frame) -> None:
    for side, entity, company in (("qbo", "Bill", frame.realm), ("billcom", "bills", frame.organization)):
        rows = frame.control("GET", f"person/{side}/{company}/{entity}")
        bill = next(
            row
            for row in rows
            if len(row.get("Line") or row["billLineItems"]) == 1
            and (row["Balance"] == row["TotalAmt"] if side == "qbo" else row["dueAmount"] == row["amount"])
        )
        address = f"/ui/{side}/{company}/{entity}/{bill.get('Id') or bill['id']}"
        went_to(frame.submit(address, amount="77.25", memo="Changed by hand"))
        page = frame.page(address)
        assert (typed(page, "amount"), typed(page, "memo")) == ("77.25", "Changed by hand")
        assert frame.submit(address, amount="lots").status == 400


def test_bills_are_paid(frame: Frame) -> None:
    bill = next(row for row in frame.control("GET", f"books/qbo/{frame.realm}")["Bill"] if row["Balance"])
    bank = next(
        row for row in frame.control("GET", f"books/qbo/{frame.realm}")["Account"] if row["AccountType"] == "Bank"
    )
    address = f"/ui/qbo/{frame.realm}/Bill/{bill['Id']}"
    pay = {"do": "pay", "pay_date": "2026-03-01"}
    went_to(frame.submit(address, **pay, pay_amount=bill["Balance"], pay_from=bank["Id"]))
    assert frame.control("GET", f"person/qbo/{frame.realm}/Bill/{bill['Id']}")["Balance"] == 0
    assert "BillPayment" in frame.page(address)
    books = frame.control("GET", f"books/billcom/{frame.organization}")
    for through in ("", books["banks"][0]["id"]):
        rows = frame.control("GET", f"books/billcom/{frame.organization}")["bills"]
        due = next(row for row in rows if row["dueAmount"])
        here = f"/ui/billcom/{frame.organization}/bills/{due['id']}"
        went_to(frame.submit(here, do="set-approved"))
        today = frame.world.clock.now().date().isoformat()
        went_to(frame.submit(here, do="pay", pay_date=today, pay_amount=due["dueAmount"], pay_from=through))
        after = frame.control("GET", f"person/billcom/{frame.organization}/bills/{due['id']}")
        assert after["dueAmount"] == 0 and after["paymentStatus"] == ("SCHEDULED" if through else "PAID")
    assert frame.submit(address, do="pay", pay_amount="x").status == 400


def test_records_are_ended_and_brought_back(frame: Frame) -> None:
    vendor = frame.first("qbo", "Vendor")
    address = f"/ui/qbo/{frame.realm}/Vendor/{vendor['Id']}"
    went_to(frame.submit(address, do="end"))
    assert f"{vendor['DisplayName']} (deleted)" in unescape(frame.page(address))
    went_to(frame.submit(address, do="restore"))
    assert "(deleted)" not in frame.page(address)
    ours = frame.first("billcom", "vendors")
    here = f"/ui/billcom/{frame.organization}/vendors/{ours['id']}"
    went_to(frame.submit(here, do="end"))
    assert "Restore" in frame.page(here)
    went_to(frame.submit(here, do="restore"))
    assert "Archive" in frame.page(here)


def test_a_payment_is_voided_and_a_bill_deleted(frame: Frame) -> None:
    books = frame.control("GET", f"books/qbo/{frame.realm}")
    payment = books["BillPayment"][0]
    address = f"/ui/qbo/{frame.realm}/BillPayment/{payment['Id']}"
    went_to(frame.submit(address, do="void"))
    assert frame.control("GET", f"person/qbo/{frame.realm}/BillPayment/{payment['Id']}")["TotalAmt"] == 0
    bill = next(row for row in books["Bill"] if not row["LinkedTxn"])
    gone = went_to(frame.submit(f"/ui/qbo/{frame.realm}/Bill/{bill['Id']}", do="end"))
    assert gone.startswith(f"/ui/qbo/{frame.realm}/Bill?")
    frame.page(f"/ui/qbo/{frame.realm}/Bill/{bill['Id']}", status=404)


def test_approval_takes_every_state(frame: Frame) -> None:
    bill = next(row for row in frame.control("GET", f"books/billcom/{frame.organization}")["bills"] if row["dueAmount"])
    address = f"/ui/billcom/{frame.organization}/bills/{bill['id']}"
    for state in ("ASSIGNED", "APPROVING", "DENIED", "APPROVED", "UNASSIGNED"):
        went_to(frame.submit(address, do="approve", state=state))
        shown = frame.control("GET", f"person/billcom/{frame.organization}/bills/{bill['id']}")
        assert shown["approvalStatus"] == state
    assert frame.submit(address, do="approve", state="MAYBE").status == 400


@pytest.mark.parametrize(("side", "entity"), [("qbo", "Vendor"), ("billcom", "vendors")])
def test_a_record_is_edited_as_json(frame: Frame, side: str, entity: str) -> None:
    vendor = frame.first(side, entity)
    company, key = (frame.realm, "Id") if side == "qbo" else (frame.organization, "id")
    address = f"/ui/{side}/{company}/{entity}/{vendor[key]}"
    gone, name = ("PrimaryPhone", "AcctNum") if side == "qbo" else ("phone", "accountNumber")
    changed = {each: value for each, value in vendor.items() if each != gone} | {name: "A-7"}
    went_to(frame.submit(address, do="raw", raw=encode(changed).decode()))
    after = frame.control("GET", f"person/{side}/{company}/{entity}/{vendor[key]}")
    assert after[name] == "A-7" and not after.get(gone)
    for text in ("{", "[]", ""):
        assert frame.submit(address, do="raw", raw=text).status == 400


@pytest.mark.parametrize("side", ["qbo", "billcom"])
def test_json_saved_as_it_stands_changes_nothing(frame: Frame, side: str) -> None:
    company = frame.realm if side == "qbo" else frame.organization
    before = frame.control("GET", f"books/{side}/{company}")
    for entity, rows in before.items():
        for row in rows[:2]:
            address = f"/ui/{side}/{company}/{entity}/{row.get('Id') or row['id']}"
            shown = re.search(r'<textarea id="raw"[^>]*>(.*?)</textarea>', frame.page(address), re.DOTALL)
            if shown:
                assert "Nothing" in went_to(frame.submit(address, do="raw", raw=unescape(shown.group(1))))
    assert frame.control("GET", f"books/{side}/{company}") == before


def test_a_payment_of_bill_is_shown_as_json_but_not_edited(frame: Frame) -> None:
    payment = frame.control("GET", f"books/billcom/{frame.organization}")["payments"][0]["id"]
    page = unescape(frame.page(f"/ui/billcom/{frame.organization}/payments/{payment}"))
    assert f'"id": "{payment}"' in page and "<textarea" not in page and "Save JSON" not in page


def test_an_employee_is_made_with_both_names(frame: Frame) -> None:
    made = frame.submit(f"/ui/qbo/{frame.realm}/Employee/new", first_name="Emily", last_name="Platt")
    assert "Emily Platt" in frame.page(went_to(made))


def test_a_record_is_made_of_json(frame: Frame) -> None:
    made = frame.submit(f"/ui/qbo/{frame.realm}/Term/new", raw='{"Name": "Net 12", "DueDays": 12}')
    assert "Net 12" in frame.page(went_to(made))


def test_lists_are_searched_and_paged(frame: Frame) -> None:
    for number in range(60):
        frame.control("POST", f"person/qbo/{frame.realm}/Class", {"Name": f"Searched {number:02d}"})
    address = f"/ui/qbo/{frame.realm}/Class"
    first, second = frame.page(f"{address}?q=searched"), frame.page(f"{address}?q=searched&page=2")
    assert first.count("Searched ") == 50 and second.count("Searched ") == 10 and "60 in all" in first
    assert frame.page(f"{address}?q=Searched+07").count("Searched 07") >= 1
    assert "Nothing here" in frame.page(f"{address}?q=zzz&page=x")


def test_the_books_are_closed_by_hand(frame: Frame) -> None:
    went_to(frame.submit(f"/ui/qbo/{frame.realm}/Preferences/1", closed="2030-01-01"))
    bill = next(row for row in frame.control("GET", f"books/qbo/{frame.realm}")["Bill"] if not row["LinkedTxn"])
    refused = frame.qbo("POST", "bill?operation=delete", {"Id": bill["Id"], "SyncToken": bill["SyncToken"]}).response
    assert b"6210" in refused.body


def test_samples_are_loaded(frame: Frame) -> None:
    assert "Harbor Bakery" in frame.page(went_to(frame.submit("/", load="harbor-bakery")))
    refused = frame.submit("/", load="no-such")
    assert refused.status == 400 and "no-such" in refused.body.decode()


def test_nothing_is_loaded_without_a_name(frame: Frame, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(b"[1]")
    for name, words in (
        ("", "harbor-bakery"),
        (str(tmp_path / "list.json"), "an object of lists"),
        ("x" * 5000, "can't be read"),
    ):
        refused = frame.submit("/", load=name)
        assert refused.status == 400 and words in unescape(refused.body.decode())
    (tmp_path / "list.json").unlink()
    assert "has no JSON" in unescape(frame.submit("/", load=str(tmp_path)).body.decode())
    assert len(frame.world.companies) == 1


def test_faults_clock_and_switches_are_set_by_hand(frame: Frame) -> None:
    went_to(frame.submit("/tools", do="add-fault", kind="500", side="qbo", path_contains="vendor", times="2"))
    assert frame.qbo("GET", "vendor/1").response.status == 500
    assert "refused: internal error" in frame.page("/tools")
    went_to(frame.submit("/tools", do="forget-faults"))
    assert frame.qbo("GET", "vendor/1").response.status == 200
    went_to(frame.submit("/tools", do="set", now="2026-03-01T10:00"))
    went_to(frame.submit("/tools", do="advance", seconds="86400"))
    assert "It is 2026-03-02 10:00:00 UTC" in frame.page("/tools")
    went_to(frame.submit("/tools", do="real"))
    went_to(frame.submit("/tools", do="switch", billcom_overpay="true"))
    went_to(frame.submit("/tools", do="switch", latency_ms="3"))
    assert frame.world.switches.billcom_overpay is True and frame.world.switches.latency_ms == 3
    for wrong in ({"do": "switch", "no_such": "1"}, {"do": "switch", "billcom_overpay": "maybe"}, {"do": "dance"}):
        assert frame.submit("/tools", **wrong).status == 400
    assert frame.submit("/tools", do="add-fault", kind="earthquake").status == 400


def test_a_switch_that_was_turned_says_what_it_usually_is(frame: Frame) -> None:
    assert "usually" not in frame.page("/tools")
    went_to(frame.submit("/tools", do="switch", billcom_overpay="true", latency_ms="3"))
    went_to(frame.submit("/tools", do="switch", latency_ms="3"))
    page = frame.page("/tools")
    overpay = page[page.index('<select id="billcom_overpay"') :]
    assert 'aria-describedby="billcom_overpay-hint"' in overpay[: overpay.index(">")]
    assert '<option value="true" selected>' in overpay[: overpay.index("</select>")]
    assert "usually false" in overpay[: overpay.index("</form>")] and "usually 0" in page


def test_calls_are_shown_and_forgotten(frame: Frame) -> None:
    frame.qbo("GET", "vendor/1")
    frame.log_in()
    page = frame.page("/tools/calls")
    assert "metered" in page and "login" in page and "/vendor/1" in page
    assert "/vendor/1" not in frame.page("/tools/calls?side=billcom")
    went_to(frame.submit("/tools/calls"))
    assert "/vendor/1" not in frame.page("/tools/calls")


def test_pages_can_be_read_by_everybody(frame: Frame) -> None:
    """Each has a title, one heading, a language, and a label for every field."""
    vendor = frame.first("qbo", "Vendor")["Id"]
    for address in ("/", "/tools", "/tools/calls", f"/ui/qbo/{frame.realm}/Vendor/{vendor}"):
        page = frame.page(address)
        assert '<html lang="en">' in page and page.count("<h1>") == 1 and "<title>" in page
        fields = set(re.findall(r'<(?:input|select|textarea) id="([^"]+)"', page))
        assert '<th scope="col"></th>' not in page, "every column says what it holds"
        assert fields <= set(re.findall(r'<label for="([^"]+)"', page))
        assert "http" not in "".join(re.findall(r'(?:href|src|action)="([^"]*)"', page)), "nothing from elsewhere"


@pytest.mark.parametrize("console", [True, False])
def test_whoever_tries_it_finds_what_to_sign_in_with(frame: Frame, console: bool) -> None:
    made = loading.into(frame.world, {**loading.named(SMALL), "console": console})
    page = frame.page("/")
    names = ["username", "password", "sync_token_name", "sync_token_value", "organization_id", "developer_key"]
    for name in names + ["console_email", "console_api_token"] * console:
        assert made.billcom[name] in page
