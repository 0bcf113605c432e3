"""The few calls of the older API that v3 has no equal of: log-in, and the list of money movements.

A money movement is one debit of a bank account: the payments that BILL funded from it on a day, taken together.
Reference: https://developer.bill.com/v2/reference/org-basic-listmoneymovement
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.errors import Refused, invalid
from syncapp.sandbox.billcom.values import ZERO, Row
from syncapp.sandbox.http import decode

NOT_FUNDED = {"SCHEDULED", "READY_TO_FUND", "CANCELED", "CANCELLATION_IN_PROGRESS"}
OUTGOING = "1"
DONE = "1"
MOST = 999
COMPARED: dict[str, Callable[[str, str], bool]] = {
    "=": lambda shown, wanted: shown == wanted,
    "!=": lambda shown, wanted: shown != wanted,
    ">": lambda shown, wanted: shown > wanted,
    ">=": lambda shown, wanted: shown >= wanted,
    "<": lambda shown, wanted: shown < wanted,
    "<=": lambda shown, wanted: shown <= wanted,
}
FILTERED = ("id", "status", "type", "bankAccountId", "processDate", "createdTime", "updatedTime")


def done(data: Any) -> Row:
    return {"response_status": 0, "response_message": "Success", "response_data": data}


def failed(refused: Refused) -> Row:
    """v2 tells of errors with status 200. Reference: https://developer.bill.com/v2/docs/common-error-codes"""
    data = {"error_code": refused.code or "BDC_1001", "error_message": str(refused)}
    return {"response_status": 1, "response_message": "Error", "response_data": data}


def list_movements(books: Books, data: str) -> list[Row]:
    """``data={"start":0,"max":999,"filters":[{"field","op","value"}]}``."""
    try:
        asked = decode(data.encode() or b"{}")
        start, most = int(asked.get("start", 0)), int(asked.get("max", MOST))
        filters = [_read(each) for each in asked.get("filters", [])]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise invalid("data: cannot be read", "data", "BDC_1002") from None
    if not 1 <= most <= MOST or start < 0:
        raise invalid(f"max: must be between 1 and {MOST}", "max", "BDC_1002")
    rows = [row for row in movements(books) if all(passes(row) for passes in filters)]
    return rows[start : start + most]


def _read(asked: Row) -> Callable[[Row], bool]:
    field, operator, value = asked["field"], asked["op"], str(asked["value"])
    if field not in FILTERED or operator not in COMPARED:
        raise ValueError(field)
    return lambda row: COMPARED[operator](row[field], value)


def movements(books: Books) -> list[Row]:
    """Voided payments stay in: the bank was debited."""
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    alone = books.switches.billcom_movement_grouping == "payment"
    for row in books.organization.tables["payments"]:
        funding = row.get("fundingAccount", {})
        if row["onlinePayment"] and funding.get("type") == "BANK_ACCOUNT" and row["singleStatus"] not in NOT_FUNDED:
            groups[(row["processDate"], funding["id"], row["id"] if alone else "")].append(row)
    return [_movement(books, day, bank, rows) for (day, bank, _), rows in sorted(groups.items())]


def _movement(books: Books, day: str, bank_id: str, rows: list[Row]) -> Row:
    first = min(rows, key=lambda row: (row["createdTime"], row["id"]))
    vendors = books.organization.tables["vendors"].rows
    return {
        "entity": "MoneyMovement",
        # Made of the first payment's own id, so that it stays what it was.
        "id": f"mmt{first['id'][3:]}",
        "name": f"Transfer {day} {bank_id[-6:]}",
        "processDate": day,
        "bankAccountId": bank_id,
        "type": OUTGOING,
        "status": DONE,
        "amount": sum((Decimal(str(row["fundingAmount"])) for row in rows), ZERO),
        "createdTime": first["createdTime"].replace("+00:00", "+0000"),
        "updatedTime": max(row["updatedTime"] for row in rows).replace("+00:00", "+0000"),
        "moneyMovementItems": [
            {"entity": "MoneyMovementItem", "name": vendors[row["vendorId"]]["name"], "amount": row["fundingAmount"]}
            for row in rows
        ],
    }
