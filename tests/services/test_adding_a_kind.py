"""A ninth kind: one file dropped among the others, and every part of the product knows it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp import kinds
from syncapp.kinds import KINDS, discover
from syncapp.models import Company, Membership, Role, SyncedObject
from syncapp.services import demo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, set_up, synced, writes

# BILL's departments and QuickBooks' payment methods have nothing to do with each other, but both are there.
PAYMENT_METHOD = '''
"""Payment methods: both ways."""

from __future__ import annotations

from syncapp.core.schema import BillcomShape, Field, Kind, QboShape
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, name_keys, read_list

KIND = Kind(
    name="payment_method",
    label="Payment method",
    plural="Payment methods",
    billcom=BillcomShape(path="classifications/departments", bulk=50),
    qbo=QboShape(entity="PaymentMethod", always=("name",)),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={Side.QBO: 31}),
        "active": ACTIVE,
    },
    keys=name_keys,
    read=read_list,
)
'''


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file lies in a folder of its own that counts as part of the package, and leaves with the test."""
    (tmp_path / "payment_method.py").write_text(PAYMENT_METHOD)
    folders = [*kinds.__path__, str(tmp_path)]
    monkeypatch.setattr(kinds, "__path__", folders)
    monkeypatch.delitem(sys.modules, "syncapp.kinds.payment_method", raising=False)
    found = discover(folders, kinds.__name__)
    assert found.keys() - KINDS.keys() == {"payment_method"}
    monkeypatch.setitem(kinds._declared, "payment_method", found["payment_method"])


@pytest.fixture
def methods(loaded: dict[str, Any], sandbox: Sandbox) -> None:
    """One on both sides, under nearly the same name, and one on each side only."""
    for name in ("Wire Transfer", "Only in QuickBooks"):
        sandbox.person("qbo", loaded["qbo"]["realm_id"], "PaymentMethod", {"Name": name})
    for name in ("WIRE TRANSFER", "Only in BILL"):
        sandbox.person("billcom", loaded["billcom"]["organization_id"], "departments", {"name": name})


@pytest.fixture
def admin(client: Client) -> Client:
    user = User.objects.create_superuser("root", "root@example.com")
    Membership.objects.create(user=user, role=Role.SUPPORT)
    client.force_login(user)
    return client


def names(sandbox: Sandbox, loaded: dict[str, Any]) -> tuple[set[str], set[str]]:
    qbo = sandbox.books("qbo", loaded["qbo"]["realm_id"])["PaymentMethod"]
    billcom = sandbox.books("billcom", loaded["billcom"]["organization_id"])["departments"]
    return {each["Name"] for each in qbo}, {each["name"] for each in billcom}


def test_it_is_read_linked_and_created_on_both_sides(
    methods: None, dropped_in: None, loaded: dict[str, Any], clock: Clock, sandbox: Sandbox
) -> None:
    company = set_up(loaded, clock)

    run = synced(company, clock)

    assert all(row.billcom_values["name"] == row.qbo_values["name"] for row in linked(company, "payment_method"))
    qbo, billcom = names(sandbox, loaded)
    assert qbo == billcom >= {"Only in QuickBooks", "Only in BILL"}
    assert run.counts["payment_method.linked"] == 1
    assert any(line.startswith("Payment methods") for line in demo.table(company, run))
    assert writes(synced(company, clock)) == 0


def test_an_edit_goes_over_to_the_other_side(
    methods: None, dropped_in: None, loaded: dict[str, Any], clock: Clock, sandbox: Sandbox
) -> None:
    company = set_up(loaded, clock)
    synced(company, clock)
    row = linked(company, "payment_method")[0]
    organization = loaded["billcom"]["organization_id"]
    sandbox.person("billcom", organization, "departments", {"name": "Renamed in BILL"}, str(row.billcom_id))

    synced(company, clock)

    assert "Renamed in BILL" in names(sandbox, loaded)[0]


def test_a_company_that_has_been_syncing_for_long_reads_it_whole(
    methods: None, company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], request: Any
) -> None:
    synced(company, clock)
    clock.wait(600)
    synced(company, clock)
    request.getfixturevalue("dropped_in")

    synced(company, clock)

    qbo, billcom = names(sandbox, loaded)
    assert qbo == billcom >= {"Only in QuickBooks", "Only in BILL"}
    assert writes(synced(company, clock)) == 0


def test_the_admin_lists_it_and_shows_it(
    methods: None, dropped_in: None, loaded: dict[str, Any], clock: Clock, admin: Client
) -> None:
    company = set_up(loaded, clock)
    synced(company, clock)
    row = SyncedObject.objects.of(company, "payment_method").get(label="Only in BILL")
    listed = reverse("admin:syncapp_syncedobject_changelist")

    found = admin.get(listed, {"company__id__exact": str(company.pk), "kind__exact": "payment_method"})
    shown = admin.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk]))

    assert found.status_code == shown.status_code == 200
    assert "Payment method" in found.content.decode()
    assert "Only in QuickBooks" in found.content.decode()
    assert "Payment method Only in BILL" in shown.content.decode()
