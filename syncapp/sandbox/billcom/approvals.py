"""Approvals: policies that name approvers, and what approvers do.

Reference: https://developer.bill.com/changelog, bill approvals, September to November 2025
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.errors import invalid, missing
from syncapp.sandbox.billcom.resources import BILLS
from syncapp.sandbox.billcom.values import Row, texts

ACTIONS = {"APPROVE": "APPROVED", "DENY": "DENIED"}
COMPARED = {"gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__", "eq": "__eq__"}


def approvers_for(books: Books, bill: Row, wanted: bool) -> list[Row]:
    """Those whom the policies that match a new bill name, in order; nobody where no policy does.

    Reference: https://developer.bill.com/changelog/2025-09-22
    """
    users: list[str] = []
    for policy in books.organization.policies:
        if wanted or _matches(policy, bill):
            users += [each["userId"] for each in policy["approvers"]["users"] if each["userId"] not in users]
    now = books.context.stamp()
    return [
        {"userId": user, "status": "WAITING", "approverOrder": order, "statusChangedTime": now}
        for order, user in enumerate(users, 1)
    ]


def _matches(policy: Row, bill: Row) -> bool:
    return all(_holds(rule, bill) for rule in policy["rules"])


def _holds(rule: Row, bill: Row) -> bool:
    values = [each["value"] for each in rule["values"]]
    if rule["key"] == "BILL_AMOUNT":
        return bool(values) and getattr(bill["amount"], COMPARED[rule["op"]])(Decimal(values[0]))
    # VENDOR_ID, LOCATION_ID and the like: the bill mentions one of them.
    return bool(set(values) & set(texts(bill)))


def add_policy(books: Books, body: Any) -> Row:
    name, rules, users = _read_policy(books, body)
    policy = {
        "id": books.context.make_id("app"),
        "policyName": name,
        "status": "ACTIVE",
        "rules": [
            {"key": rule["key"], "op": rule["op"], "values": [{"value": str(value)} for value in rule["values"]]}
            for rule in rules
        ],
        "approvers": {"users": [{"userId": user, "fullName": _full_name(books, user)} for user in users]},
    }
    books.organization.policies.append(policy)
    return policy


def _read_policy(books: Books, body: Any) -> tuple[str, list[Row], list[str]]:
    if not isinstance(body, dict):
        raise invalid("must be an object")
    name, rules, users = body.get("policyName"), body.get("rules"), body.get("approvers")
    if not isinstance(name, str) or not isinstance(rules, list) or not isinstance(users, list) or not users:
        raise invalid("policyName, rules and approvers: must not be null")
    for rule in rules:
        amount = rule.get("key") == "BILL_AMOUNT"
        if not isinstance(rule.get("values"), list) or (amount and rule.get("op") not in COMPARED):
            raise invalid("rules: must have key, op and values", "rules")
    for user in users:
        books.find("users", user)
    return name, rules, users


def _full_name(books: Books, user_id: str) -> str:
    user = books.organization.row("users", user_id)
    return f"{user['firstName']} {user['lastName']}"


def drop_policy(books: Books, identifier: str) -> Row:
    kept = [each for each in books.organization.policies if each["id"] != identifier]
    if len(kept) == len(books.organization.policies):
        switches = books.switches
        raise missing("Policy", identifier, switches.billcom_missing_status, switches.billcom_missing_code)
    books.organization.policies[:] = kept
    return {"status": "SUCCESS"}


def act(books: Books, user_id: str, body: Any) -> Row:
    """Approve or deny bills, each by the approver whose turn it is; all or none."""
    if not isinstance(body, list) or not body:
        raise invalid("must be an array of actions")
    wanted = [(_turn(books, user_id, each), ACTIONS[each["action"]]) for each in body]
    for bill, status in wanted:
        decide(books, bill, user_id, status)
    return {"status": "SUCCESS"}


def _turn(books: Books, user_id: str, asked: Any) -> Row:
    if not isinstance(asked, dict) or asked.get("action") not in ACTIONS:
        raise invalid("action: must be one of APPROVE, DENY", "action")
    bill = books.find(BILLS, str(asked.get("billId")))
    if next_approver(bill) != user_id:
        raise invalid(f"Bill {bill['id']} does not wait for this user's approval", "billId")
    return bill


def next_approver(bill: Row) -> str | None:
    if bill["archived"] or bill["approvalStatus"] not in ("ASSIGNED", "APPROVING"):
        return None
    waiting = [each for each in bill.get("approvers", ()) if each["status"] == "WAITING"]
    return min(waiting, key=lambda each: each["approverOrder"])["userId"] if waiting else None


def pending(books: Books, user_id: str) -> list[Row]:
    table = books.organization.table(BILLS)
    shown = ("vendorId", "amount", "dueDate")
    return [
        {"billId": row["id"], **{name: row[name] for name in shown}} for row in table if next_approver(row) == user_id
    ]


def decide(books: Books, bill: Row, user_id: str, status: str) -> Row:
    now = books.context.stamp()
    told = {"status": status, "statusChangedTime": now}
    approvers = [
        {**each, **told} if each["userId"] == user_id and each["status"] == "WAITING" else each
        for each in bill.get("approvers", ())
    ]
    waiting = any(each["status"] == "WAITING" for each in approvers)
    overall = "DENIED" if status == "DENIED" else "APPROVING" if waiting else "APPROVED"
    return set_state(books, bill, overall, approvers)


def set_state(books: Books, bill: Row, overall: str, approvers: list[Row]) -> Row:
    row = {**bill, "approvalStatus": overall}
    if approvers:
        row["approvers"] = approvers
    if books.switches.billcom_approval_touches_bill:
        row["updatedTime"] = books.context.stamp()
        return books.keep(BILLS, row, bill)
    books.keep_quietly("bills", row)
    return row
