"""The cast before the admin, and companies with a row on every screen.

Alice administers the firm of two companies, Bob may look at one of them, Charlie works for another firm, Dana supports.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncapp.core.codec import blanks
from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import (
    AccountingPreferences,
    Attachment,
    Company,
    Conflict,
    Connection,
    Firm,
    GLMapping,
    GLRole,
    Membership,
    ObjectState,
    Operation,
    OperationState,
    Role,
    RunState,
    SetupStep,
    SyncedObject,
    SyncLogEntry,
    SyncPreferences,
    SyncRun,
    Trigger,
    UnreadRecord,
    Verb,
)

SECRET = "a-token-nobody-may-read"
SCREENS = (
    "company",
    "syncedobject",
    "syncrun",
    "conflict",
    "operation",
    "connection",
    "syncpreferences",
    "accountingpreferences",
    "glmapping",
    "unreadrecord",
    "attachment",
)
STAFF_SCREENS = ("firm", "membership")
PEOPLE = ("alice", "bob", "charlie", "dana", "root")


@dataclass
class Rows:
    """One company with a row on every screen; all its words begin with its name."""

    company: Company
    account: SyncedObject
    vendor: SyncedObject
    bill: SyncedObject
    held: SyncedObject
    run: SyncRun
    conflict: Conflict
    operation: Operation
    connections: list[Connection]
    mapping: GLMapping
    unread: UnreadRecord
    file: Attachment

    def row(self, screen: str) -> Any:
        return {
            "company": self.company,
            "syncedobject": self.bill,
            "syncrun": self.run,
            "conflict": self.conflict,
            "operation": self.operation,
            "connection": self.connections[0],
            "syncpreferences": self.company.preferences,
            "accountingpreferences": self.company.accounting,
            "glmapping": self.mapping,
            "unreadrecord": self.unread,
            "attachment": self.file,
        }[screen]


@dataclass
class Cast:
    firm: Firm
    other_firm: Firm
    people: dict[str, User]
    # Alice and Bob see the first, Alice the second too, Charlie the third only, Dana and root all.
    first: Rows
    second: Rows
    third: Rows

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(self.people[name])
        return client

    def seen_by(self, name: str) -> list[Rows]:
        everything = [self.first, self.second, self.third]
        return {"alice": everything[:2], "bob": everything[:1], "charlie": everything[2:]}.get(name, everything)

    def hidden_from(self, name: str) -> list[Rows]:
        seen = self.seen_by(name)
        return [each for each in (self.first, self.second, self.third) if each not in seen]


def make_cast() -> Cast:
    firm, other = Firm.objects.create(name="Alder & Finch"), Firm.objects.create(name="Quarry Street")
    people = {name: User.objects.create_user(name, f"{name}@example.com") for name in PEOPLE[:4]}
    people["root"] = User.objects.create_superuser("root", "root@example.com")
    cast = Cast(
        firm, other, people, *(make_rows(n, f) for n, f in (("Harbor", firm), ("Lantern", firm), ("Xylo", other)))
    )
    Membership.objects.create(user=people["alice"], firm=firm, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=people["bob"], company=cast.first.company, role=Role.CLERK)
    Membership.objects.create(user=people["charlie"], firm=other, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=people["dana"], role=Role.SUPPORT)
    return cast


def make_rows(name: str, firm: Firm) -> Rows:
    company = Company.objects.create(name=f"{name} Company", firm=firm, setup_step=SetupStep.DONE)
    SyncPreferences.objects.create(company=company)
    AccountingPreferences.objects.create(company=company)
    account = make_object(company, "account", label=f"{name} Supplies", qbo_id="a1", billcom_id="0ca1")
    vendor = make_object(company, "vendor", label=f"{name} Paper Co", qbo_id="v1", billcom_id="009v1")
    run = SyncRun.objects.create(company=company, trigger=Trigger.PERSON, state=RunState.DONE, message=f"{name} synced")
    SyncLogEntry.objects.create(run=run, company=company, message=f"{name} was read")
    bill = make_bill(company, name)
    return Rows(
        company=company,
        account=account,
        vendor=vendor,
        bill=bill,
        held=make_held(company, f"{name}-77"),
        run=run,
        conflict=Conflict.objects.create(
            company=company,
            run=run,
            object=vendor,
            kind="vendor",
            field="email",
            base_value=f"old@{name}.test",
            billcom_value=f"new@{name}.test",
            qbo_value=f"other@{name}.test",
            kept=Side.BILLCOM,
        ),
        operation=make_operation(company, run, bill),
        connections=[make_connection(company, side) for side in Side],
        mapping=GLMapping.objects.create(company=company, role=GLRole.UNALLOCATED_EXPENSE, account=account),
        unread=UnreadRecord.objects.create(
            company=company, kind="vendor", side=Side.QBO, remote_id="77", why=f"{name}: no name", since=timezone.now()
        ),
        file=Attachment.objects.create(
            company=company, object=bill, side=Side.BILLCOM, remote_id="00h1", name=f"{name} scan.pdf", size=1000
        ),
    )


def make_object(company: Company, kind: str, **fields: Any) -> SyncedObject:
    return SyncedObject.objects.create(
        **{"company": company, "kind": kind, "state": ObjectState.LINKED, "needs_look": False, **fields}
    )


def make_bill(company: Company, name: str) -> SyncedObject:
    """In step but for a new due date in BILL; the two sides call vendor and account by ids of their own."""
    lines = {
        "billcom": [{"amount": Decimal("1234.5"), "account": "0ca1", "description": "Reams"}],
        "qbo": [{"amount": Decimal("1234.5"), "account": "a1", "description": "Reams"}],
    }
    ids = {"billcom": "009v1", "qbo": "v1"}
    values = {
        side: {
            "vendor": ids[side],
            "number": f"{name}-1",
            "total": Decimal("1234.5"),
            "date": "2026-11-05",
            "due_date": "2026-12-05",
        }
        | {"lines": lines[side], "active": True}
        for side in ids
    }
    base = {side: dict(values[side]) for side in values}
    values["billcom"]["due_date"] = "2026-12-20"
    return make_object(
        company,
        "bill",
        billcom_id="00nb1",
        qbo_id="b1",
        label=f"{name}-1",
        number=f"{name}-1",
        amount=Decimal("1234.5"),
        date=date(2026, 11, 5),
        billcom_values=values["billcom"],
        qbo_values=values["qbo"],
        billcom_raw={"id": "00nb1", "note": f"{name} raw"},
        qbo_raw={"Id": "b1"},
        base=base,
    )


def make_held(company: Company, number: str, **fields: Any) -> SyncedObject:
    values = {**blanks(KINDS["bill"].fields), "lines": [], "number": number, "active": True}
    held = {"state": ObjectState.HELD, "hold_code": HoldCode.ZERO_AMOUNT, "billcom_values": values}
    return make_object(
        company, "bill", **{"billcom_id": f"00n{number}", "label": number, "number": number, **held, **fields}
    )


def make_operation(company: Company, run: SyncRun | None, row: SyncedObject, **fields: Any) -> Operation:
    return Operation.objects.create(
        id=uuid.uuid4(),
        company=company,
        run=run,
        object=row,
        **{
            "kind": row.kind,
            "side": Side.QBO,
            "verb": Verb.CREATE,
            "state": OperationState.DONE,
            "payload": {"DocNumber": row.number},
            "remote_id": row.qbo_id or "",
            **fields,
        },
    )


def make_connection(company: Company, side: Side) -> Connection:
    return Connection.objects.create(
        company=company,
        side=side,
        remote_id=f"{side}-{company.pk}",
        remote_name=f"{company.name} there",
        credentials={"access": SECRET, "password": SECRET},
    )


def changelist(screen: str, **query: Any) -> str:
    address = reverse(f"admin:syncapp_{screen}_changelist")
    return f"{address}?{'&'.join(f'{name}={value}' for name, value in query.items())}" if query else address


def change(screen: str, row: Any) -> str:
    return reverse(f"admin:syncapp_{screen}_change", args=[row.pk])


def act(client: Client, screen: str, action: str, *rows: Any, **more: Any) -> Any:
    """Choose rows in the list and an action for them."""
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(changelist(screen), data, follow=True)


def text(response: Any) -> str:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(response).decode()
    return str(response.content.decode())


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
