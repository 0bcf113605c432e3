"""AP payments: recorded when made elsewhere, or made through BILL and moving on by themselves; cancelled, voided.

Reference: https://developer.bill.com/docs/record-ap-payments, https://developer.bill.com/docs/payment-overview
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom.bills import apply_credit, follow_payment, is_gone, still_due, take_back_credit
from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.errors import Problem, Refused, invalid
from syncapp.sandbox.billcom.fields import AMOUNT, BOOLEAN, Field, Mode, Reader, Type, choice, group, reference, text
from syncapp.sandbox.billcom.resources import CREDIT_USE, PAYMENTS
from syncapp.sandbox.billcom.values import ZERO, Row, cents

VOIDS = ("VOID_ONLY", "VOID_AND_CREDIT", "VOID_AND_REISSUE", "VOID_AND_REISSUE_VCARD")
# Not among the fields that reading a payment is documented to show.
ONLY_WHEN_RECORDED = ("toPrintCheck", "classifications", "syncReference", "allowExport")
NOT_WHEN_RECORDED = ("processingOptions", "disbursementInfo", "voidInfo", "cancelRequestSubmitted")

# Reference: https://developer.bill.com/hc/reference/recordpayment
RECORD = {
    "vendorId": reference("vendors", required=True),
    "processDate": Field(Type.DATE, required=True),
    "toPrintCheck": Field(Type.BOOLEAN, required=True),
    "payments": Field(
        Type.LINES,
        required=True,
        least=1,
        fields={
            "billId": reference("bills", required=True),
            "amount": Field(Type.AMOUNT, required=True),
            "vendorCredits": Field(Type.LINES, fields=CREDIT_USE),
        },
    ),
    "classifications": group({"chartOfAccountId": reference("chart-of-accounts")}),
    "description": text(),
    "syncReference": text(),
    "allowExport": BOOLEAN,
}
FUNDING = group(
    {"type": choice("BANK_ACCOUNT", "CARD_ACCOUNT", "WALLET", "AP_CARD", required=True), "id": text()}, required=True
)
OPTIONS = {"requestPayFaster": BOOLEAN, "createBill": BOOLEAN, "requestCheckDeliveryType": text()}
# Reference: BILL API, payments: create
PAY = {
    "vendorId": reference("vendors"),
    "billId": reference("bills"),
    "processDate": Field(Type.DATE),
    "fundingAccount": FUNDING,
    "amount": Field(Type.AMOUNT, required=True),
    "processingOptions": group(OPTIONS),
    "description": text(),
    "transactionNumber": text(50),
    # Silently passed over by the real one: one payment pays one bill.
    "billPayments": Field(read_only=True),
}
PAY_MANY = {
    "processDate": Field(Type.DATE),
    "fundingAccount": FUNDING,
    "payments": Field(Type.LINES, required=True, least=1, fields={"billId": PAY["billId"], "amount": AMOUNT}),
}
MOST_AT_ONCE = 50


class PaymentRules(Rules):
    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        hidden = () if books.switches.billcom_payments_show_reference else ONLY_WHEN_RECORDED
        shown = {name: value for name, value in row.items() if name not in hidden}
        shown["vendorName"] = books.organization.row("vendors", row["vendorId"])["name"]
        return shown


def read(books: Books, fields: dict[str, Field], body: Any) -> Row:
    reader: Reader = books.reader(Mode.CREATE, None)
    row = reader.read(fields, body)
    if reader.problems:
        raise Refused(400, *reader.problems)
    return row


# Made elsewhere


def record(books: Books, body: Any, user_id: str) -> Row:
    """A payment made outside BILL: it counts at once. The answer shows more than later reads do."""
    asked = read(books, RECORD, body)
    if len({share["billId"] for share in asked["payments"]}) < len(asked["payments"]):
        raise invalid("payments: a bill must not be there twice", "payments")
    for at, share in enumerate(asked["payments"]):
        _check_share(books, asked["vendorId"], share, f"payments[{at}]")
    if not sum(share["amount"] for share in asked["payments"]) and not books.switches.billcom_credit_only_payment:
        raise Refused(400, problem("must be greater than 0", "payments[0].amount"))
    shares = [_share(books, each) for each in asked.pop("payments")]
    row = _new(books, user_id, asked.pop("vendorId"), shares)
    row |= {
        **asked,
        "status": "PAID",
        "singleStatus": "CLEARED",
        "disbursementStatus": "DONE",
        "onlinePayment": False,
        "disbursementType": "OFFLINE",
        "allowExport": asked.get("allowExport", True),
    }
    keep(books, row)
    for share in shares:
        for use in share.get("vendorCredits", ()):
            apply_credit(books, use["id"], use["amount"], share["billId"], row["id"])
    _follow(books, row)
    return {name: value for name, value in row.items() if name not in NOT_WHEN_RECORDED}


def _check_share(books: Books, vendor_id: str, share: Row, where: str) -> None:
    bill = books.find("bills", share["billId"])
    if bill["vendorId"] != vendor_id:
        raise Refused(400, problem("is a bill of another vendor", f"{where}.billId"))
    covered = ZERO
    for at, use in enumerate(share.get("vendorCredits", ())):
        credit = books.find("vendor-credits", use["id"])
        if not 0 < use["amount"] <= credit["amount"] - credit["appliedAmount"] or credit["vendorId"] != vendor_id:
            raise Refused(400, problem("is more than the credit has left", f"{where}.vendorCredits[{at}].amount"))
        covered += use["amount"]
    check_amount(books, bill, share["amount"], covered, f"{where}.amount")


def check_amount(books: Books, bill: Row, amount: Decimal, covered: Decimal, where: str) -> None:
    if amount < 0 or not amount + covered:
        raise Refused(400, problem("must be greater than 0", where))
    if amount + covered > still_due(bill) and not books.switches.billcom_overpay:
        raise Refused(400, problem(f"is more than what is due on bill {bill['id']}", where))


def _share(books: Books, asked: Row) -> Row:
    return {"id": books.context.make_id("blp"), **asked, "amount": cents(asked["amount"])}


def _new(books: Books, user_id: str, vendor_id: str, shares: list[Row]) -> Row:
    now = books.context.stamp()
    amount = sum((share["amount"] for share in shares), ZERO)
    row: Row = {
        "id": books.context.make_id(PAYMENTS.prefix),
        "vendorId": vendor_id,
        "billPayments": shares,
        "amount": amount,
        "fundingAmount": amount,
        "exchangeRate": 1,
        "createdBy": user_id,
        "createdTime": now,
        "updatedTime": now,
    }
    return row | ({"billId": shares[0]["billId"]} if len(shares) == 1 else {})


def keep(books: Books, row: Row, operation: str = "created") -> None:
    for share in row["billPayments"]:
        books.organization.paid_by.setdefault(share["billId"], {})[row["id"]] = None
    books.keep(PAYMENTS, row, books.organization.tables["payments"].get(row["id"]), operation)


def _follow(books: Books, row: Row) -> None:
    for share in row["billPayments"]:
        follow_payment(books, share["billId"])


# Made through BILL


def pay(books: Books, body: Any, user_id: str) -> Row:
    asked = read(books, PAY, body)
    if "billId" not in asked and "vendorId" not in asked:
        raise invalid("billId: must not be null", "billId")
    if "billId" not in asked:
        raise invalid("billId: payments without a bill are not simulated", "billId")
    return _pay(books, asked, user_id)


def pay_many(books: Books, body: Any, user_id: str) -> list[Row]:
    """Many bills from one account on one day; all or none."""
    asked = read(books, PAY_MANY, body)
    payments = asked.pop("payments")
    if len(payments) > MOST_AT_ONCE:
        raise invalid(f"payments: size must be between 1 and {MOST_AT_ONCE}", "payments")
    if len({each["billId"] for each in payments}) < len(payments):
        raise invalid("payments: a bill must not be there twice", "payments")
    wanted = [{**asked, **each} for each in payments]
    for each in wanted:
        _check_payable(books, each)
    return [_pay(books, each, user_id) for each in wanted]


def _check_payable(books: Books, asked: Row) -> Row:
    bill = books.find("bills", asked["billId"])
    if asked.get("vendorId", bill["vendorId"]) != bill["vendorId"]:
        raise Refused(400, problem("is not the vendor of the bill", "vendorId"))
    waits = bill["approvalStatus"] in ("ASSIGNED", "APPROVING", "DENIED")
    if waits and books.switches.billcom_approval_before_payment:
        raise invalid("The bill must be approved before it can be paid.", "billId")
    if asked["fundingAccount"]["type"] == "BANK_ACCOUNT":
        _check_bank(books, asked["fundingAccount"].get("id", ""))
    if asked.get("processDate", books.context.today()) < books.context.today():
        raise Refused(400, Problem("processDate: must not be in the past", "BDC_1402", "processDate"))
    check_amount(books, bill, asked["amount"], ZERO, "amount")
    return bill


def _check_bank(books: Books, identifier: str) -> None:
    bank = books.find("banks", identifier)
    if bank["archived"] or bank["status"] != "VERIFIED":
        raise Refused(422, Problem("The funding account can't pay online.", "BDC_1151", "fundingAccount.id"))


def _pay(books: Books, asked: Row, user_id: str) -> Row:
    bill = _check_payable(books, asked)
    share = _share(books, {"billId": asked.pop("billId"), "amount": asked.pop("amount")})
    row = _new(books, user_id, bill["vendorId"], [share])
    asked.setdefault("processDate", (books.context.clock.now().date() + timedelta(days=1)).isoformat())
    row |= {
        "processingOptions": {},
        **asked,
        "vendorId": bill["vendorId"],
        "status": "SCHEDULED",
        "singleStatus": "SCHEDULED",
        "disbursementStatus": "SCHEDULED",
        "onlinePayment": True,
        "disbursementType": "CHECK",
        "disbursementInfo": {"isVoidable": False},
        "confirmationNumber": f"P{row['id'][-9:]}",
        "cancelRequestSubmitted": False,
    }
    keep(books, row)
    await_day(books, row["id"], row["processDate"])
    _follow(books, row)
    return row


def await_day(books: Books, identifier: str, day: str) -> None:
    books.organization.awaited[identifier] = day
    if day <= books.context.today():
        books.organization.moved_on = ""


# By itself, as the days go by


def move_on(books: Books) -> None:
    """Fund what has come to its day, clear what was funded, carry out the voids that were asked for."""
    today = books.context.today()
    organization = books.organization
    if organization.moved_on == today:
        return
    organization.moved_on = today
    awaited = organization.awaited
    for identifier in [each for each, day in awaited.items() if day <= today]:
        _move(books, books.organization.row("payments", identifier), today)


def _move(books: Books, row: Row, today: str) -> None:
    steps: dict[str, Callable[[Books, Row], Row]] = {
        "SCHEDULED": _fund,
        "FUNDING_STARTED": _clear,
        "VOID_PENDING": _finish_void,
    }
    awaited = books.organization.awaited
    while row["id"] in awaited and awaited[row["id"]] <= today:
        step = steps.get(row["singleStatus"])
        if step is None:
            del awaited[row["id"]]
        else:
            row = step(books, row)


def _fund(books: Books, row: Row) -> Row:
    days = timedelta(days=books.switches.billcom_clearing_days)
    clears = (date.fromisoformat(row["processDate"]) + days).isoformat()
    books.organization.awaited[row["id"]] = clears
    sent = {"sentDate": row["processDate"], "arrivesByDate": clears, "checkNumber": int(row["id"][-3:]) + 1000}
    info = {"isVoidable": True, "checkDisbursement": sent}
    return _changed(books, row, status="PAID", singleStatus="FUNDING_STARTED", disbursementInfo=info)


def _clear(books: Books, row: Row) -> Row:
    del books.organization.awaited[row["id"]]
    return _changed(books, row, singleStatus="CLEARED", disbursementStatus="DONE")


def _changed(books: Books, row: Row, **changes: Any) -> Row:
    fresh = {**row, **changes, "updatedTime": books.context.stamp()}
    keep(books, fresh, "updated")
    _follow(books, fresh)
    return fresh


# Undone


def cancel(books: Books, identifier: str) -> Row:
    """Only what is still scheduled. The two statuses are spelled differently, as they are in BILL."""
    row = books.find("payments", identifier)
    if row["singleStatus"] != "SCHEDULED":
        raise invalid("Only a scheduled payment can be cancelled.", "singleStatus")
    books.organization.awaited.pop(identifier, None)
    return _changed(books, row, status="CANCELLED", singleStatus="CANCELED", cancelRequestSubmitted=True)


def void(books: Books, identifier: str, body: Any, user_id: str) -> Row:
    row = books.find("payments", identifier)
    kind = body.get("type") if isinstance(body, dict) else None
    if kind not in VOIDS:
        raise invalid(f"type: must be one of {', '.join(VOIDS)}", "type")
    if is_gone(row) or row["singleStatus"] in ("SCHEDULED", "VOID_PENDING"):
        raise invalid("The payment can't be voided in its state.", "singleStatus")
    now = books.context.stamp()
    asked = {
        "id": books.context.make_id("voi"),
        "requestedBy": user_id,
        "type": kind,
        "status": "TO_BE_PROCESSED",
        "reason": str(body.get("reason", "")),
        "createdTime": now,
        "updatedTime": now,
    }
    row = {**row, "voidInfo": [*row.get("voidInfo", ()), asked], "singleStatus": "VOID_PENDING"}
    if books.switches.billcom_void_at_once:
        return _finish_void(books, row)
    tomorrow = books.context.clock.now().date() + timedelta(days=1)
    books.organization.awaited[identifier] = tomorrow.isoformat()
    return _changed(books, row)


def _finish_void(books: Books, row: Row) -> Row:
    books.organization.awaited.pop(row["id"], None)
    done = {**row["voidInfo"][-1], "status": "ACCEPTED", "updatedTime": books.context.stamp()}
    for share in row["billPayments"]:
        for use in share.get("vendorCredits", ()):
            take_back_credit(books, use["id"], row["id"])
    return _changed(books, row, status="VOID", singleStatus="VOIDED", voidInfo=[*row["voidInfo"][:-1], done])
