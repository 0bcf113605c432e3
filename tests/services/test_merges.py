"""Two vendors or customers made one in QuickBooks: noticed, shown, and offered as a repair of links."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.models import Company, ObjectState, SyncedObject, SyncPreferences
from syncapp.services import links
from syncapp.services.errors import ServiceError
from tests.services.test_rules import bill_in_qbo
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


class Merging(Both):
    def two(self) -> tuple[SyncedObject, SyncedObject]:
        first, second = [row for row in linked(self.company, "vendor") if row.qbo_values["active"]][:2]
        return first, second

    def merges(self, gone: SyncedObject, stays: str) -> None:
        self.sandbox.merge(self.realm, "Vendor", str(gone.qbo_id), stays)

    def archived(self, row: SyncedObject) -> bool:
        return bool(self.billcom("vendors", str(row.billcom_id))["archived"])


@pytest.fixture
def merging(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Merging:
    synced(company, clock)
    return Merging(company, sandbox, loaded)


def decided(client: Client, row: SyncedObject, what: str) -> str:
    page = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    asked = client.post(page, {"what": what}).content.decode()
    assert "Are you sure?" in asked
    return client.post(page, {"what": what, "sure": "yes"}, follow=True).content.decode()


@pytest.mark.parametrize("touches", [False, True])
def test_a_merge_is_noticed_and_nothing_is_archived_for_it(
    company: Company, clock: Clock, merging: Merging, client: Client, admin_user: User, touches: bool
) -> None:
    """Also where QuickBooks doesn't tell that the transactions name another vendor now."""
    merging.sandbox.switch(qbo_merge_touches_transactions=touches)
    gone, stays = merging.two()
    bill_in_qbo(company, merging.sandbox, merging.realm, "G-1")
    synced(company, clock)

    merging.merges(gone, str(stays.qbo_id))
    synced(company, clock)

    gone.refresh_from_db()
    assert (gone.hold_code, merging.archived(gone)) == (HoldCode.PROPOSED_MATCH, False)
    client.force_login(admin_user)
    page = client.get(reverse("admin:syncapp_syncedobject_change", args=[gone.pk])).content.decode()
    assert f"It was merged with {stays} in QuickBooks Online" in page and "Merge the two in BILL as well" in page
    assert "They are different" in page and "Link BILL's record with" not in page
    assert writes(synced(company, clock)) == 0
    links.retry(SyncedObject.objects.filter(pk=gone.pk), admin_user)
    synced(company, clock)
    assert (SyncedObject.objects.get(pk=gone.pk).hold_code, merging.archived(gone)) == ("proposed-match", False)

    # Merged in BILL, too, which archives it there.
    merging.sandbox.person_deletes("billcom", merging.organization, "vendors", str(gone.billcom_id))
    synced(company, clock)
    assert SyncedObject.objects.get(pk=gone.pk).state == ObjectState.RETIRED


def test_the_link_follows_to_what_bill_does_not_have(
    company: Company, clock: Clock, merging: Merging, client: Client, admin_user: User
) -> None:
    gone, _ = merging.two()
    bill = bill_in_qbo(company, merging.sandbox, merging.realm, "G-2")
    # BILL wants a country, so this one stays in QuickBooks.
    SyncPreferences.objects.filter(company=company).update(vendor_country="")
    stays = merging.sandbox.person("qbo", merging.realm, "Vendor", {"DisplayName": "Merged Works"})
    synced(company, clock)

    merging.merges(gone, stays["Id"])
    synced(company, clock)
    gone.refresh_from_db()
    assert gone.hold is not None and "Link BILL's record with Merged Works" in gone.hold.fix()
    client.force_login(admin_user)
    page = decided(client, gone, "follow-merge")
    assert "linked with what it was merged with" in page

    synced(company, clock)
    pair = SyncedObject.objects.get(company=company, kind="vendor", qbo_id=stays["Id"])
    assert (pair.billcom_id, pair.hold_code) == (gone.billcom_id, "")
    there = merging.billcom("vendors", str(pair.billcom_id))
    assert (there["name"], there["archived"]) == ("Merged Works", False)
    assert there["address"]["line1"] == gone.billcom_values["address_line1"]
    paid = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert paid.linked and not paid.hold_code
    assert writes(synced(company, clock)) == 0
    with pytest.raises(ServiceError):
        links.follow_merge(pair, admin_user)


def test_one_that_was_let_go_after_all_is_archived(
    company: Company, clock: Clock, merging: Merging, client: Client, admin_user: User
) -> None:
    gone, stays = merging.two()
    bill_in_qbo(company, merging.sandbox, merging.realm, "G-3")
    synced(company, clock)
    merging.merges(gone, str(stays.qbo_id))
    synced(company, clock)
    client.force_login(admin_user)
    decided(client, SyncedObject.objects.get(pk=gone.pk), "different")
    synced(company, clock)
    assert merging.archived(gone)


@pytest.mark.parametrize("master", ["billcom", "qbo"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_edit_in_bill_decides_nothing_about_a_merge(
    company: Company, clock: Clock, merging: Merging, master: str, when: str
) -> None:
    """Neither is QuickBooks' half made active again, nor BILL's archived, before a person has decided."""
    SyncPreferences.objects.filter(company=company).update(master=master)
    gone, stays = merging.two()
    bill_in_qbo(company, merging.sandbox, merging.realm, "G-4")
    synced(company, clock)
    if when == "after":
        merging.merges(gone, str(stays.qbo_id))
        synced(company, clock)
    merging.sandbox.person(
        "billcom", merging.organization, "vendors", {"id": gone.billcom_id, "phone": "(555) 010-0101"}
    )
    if when == "before":
        merging.merges(gone, str(stays.qbo_id))

    run = synced(company, clock)
    gone.refresh_from_db()
    assert gone.hold is not None and f"It was merged with {stays}" in gone.hold.describe()
    assert not merging.archived(gone)
    assert not gone.operations.filter(run=run).exists()
    there = next(each for each in merging.qbo("Vendor") if each["Id"] == gone.qbo_id)
    assert there["Active"] is False
    assert writes(synced(company, clock)) == 0


def test_a_merge_shows_by_transactions_that_are_in_quickbooks_only(
    company: Company, clock: Clock, merging: Merging
) -> None:
    gone, stays = merging.two()
    bill_in_qbo(company, merging.sandbox, merging.realm, "")  # Without a number it stays there.
    synced(company, clock)
    merging.merges(gone, str(stays.qbo_id))
    synced(company, clock)
    gone.refresh_from_db()
    assert (gone.hold_code, merging.archived(gone)) == (HoldCode.PROPOSED_MATCH, False)


def test_one_without_a_merge_is_archived_as_ever(company: Company, clock: Clock, merging: Merging) -> None:
    made = {"DisplayName": "Nobody's vendor", "BillAddr": {"Line1": "9 Hill", "Country": "US"}}
    remote_id = str(merging.sandbox.person("qbo", merging.realm, "Vendor", made)["Id"])
    synced(company, clock)
    gone = SyncedObject.objects.get(company=company, kind="vendor", qbo_id=remote_id)
    assert gone.linked and not merging.archived(gone)
    merging.sandbox.person_deletes("qbo", merging.realm, "Vendor", remote_id)
    synced(company, clock)
    gone.refresh_from_db()
    assert (gone.hold_code, gone.state, merging.archived(gone)) == ("", ObjectState.RETIRED, True)
