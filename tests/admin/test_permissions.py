"""Who may do what: clerks look, support puts back into the queue, accountants decide, nobody writes a row by hand."""

from __future__ import annotations

import pytest
from django.urls import reverse

from syncapp.models import Conflict, SyncedObject
from tests.admin.support import SCREENS, Cast, act, change, changelist, said, text

ACTIONS = {
    "alice": {"retry", "leave_out", "include", "let_in", "tell_apart", "export"},
    "bob": {"export"},
    "dana": {"retry", "export"},
    "root": {"retry", "leave_out", "include", "let_in", "tell_apart", "export"},
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ("alice", "bob", "dana"))
def test_no_row_is_written_by_hand(cast: Cast, name: str, screen: str) -> None:
    client, row = cast.client(name), cast.first.row(screen)

    assert client.get(reverse(f"admin:syncapp_{screen}_add")).status_code == 403
    assert client.get(reverse(f"admin:syncapp_{screen}_delete", args=[row.pk])).status_code == 403
    assert client.post(change(screen, row), {"name": "Mine now", "_save": "Save"}).status_code == 403
    assert (
        client.post(changelist(screen), {"action": "delete_selected", "_selected_action": [row.pk]}).status_code != 500
    )
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("screen", [screen for screen in SCREENS if screen != "company"])
def test_a_superuser_looks_only_as_well(cast: Cast, screen: str) -> None:
    client, row = cast.client("root"), cast.first.row(screen)

    assert client.post(change(screen, row), {"_save": "Save"}).status_code == 403
    assert client.get(reverse(f"admin:syncapp_{screen}_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_a_person_is_offered_what_they_may_do(cast: Cast, name: str) -> None:
    response = cast.client(name).get(changelist("syncedobject"))

    form = response.context["action_form"]
    assert {value for value, _ in form.fields["action"].choices if value} == ACTIONS[name]


@pytest.mark.parametrize("action", ("retry", "leave_out", "include", "let_in", "tell_apart"))
def test_a_clerk_changes_no_record(cast: Cast, action: str) -> None:
    before = SyncedObject.objects.filter(pk=cast.first.held.pk).values().get()
    act(cast.client("bob"), "syncedobject", action, cast.first.held, sure="yes")

    assert SyncedObject.objects.filter(pk=cast.first.held.pk).values().get() == before


@pytest.mark.parametrize("name", ("bob", "dana"))
@pytest.mark.parametrize("what", ("exclude", "include", "different", "alike"))
def test_neither_clerk_nor_support_decides_about_a_record(cast: Cast, name: str, what: str) -> None:
    before = SyncedObject.objects.filter(pk=cast.first.held.pk).values().get()
    address = reverse("admin:syncapp_syncedobject_decide", args=[cast.first.held.pk])
    response = cast.client(name).post(address, {"what": what, "sure": "yes"}, follow=True)

    assert SyncedObject.objects.filter(pk=cast.first.held.pk).values().get() == before
    assert any("may only look" in message for message in said(response))


def test_support_puts_a_record_back_into_the_queue(cast: Cast) -> None:
    response = act(cast.client("dana"), "syncedobject", "retry", cast.first.held, cast.third.held)

    assert said(response) == ["2 records will be tried again with the next sync."]
    assert SyncedObject.objects.filter(needs_look=True).count() == 2


def test_a_clerk_sees_no_buttons_that_would_refuse_them(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("syncedobject", cast.first.held)))

    assert "Total is zero" in page
    assert "Exclude" not in page
    assert ">Retry<" not in page
    assert ">Sync Now</button>" not in text(cast.client("bob").get(change("company", cast.first.company)))
    assert ">Sync Now</button>" in text(cast.client("alice").get(change("company", cast.first.company)))


@pytest.mark.parametrize("name", ("bob", "dana"))
def test_only_who_works_on_a_company_decides_its_conflicts(cast: Cast, name: str) -> None:
    client, row = cast.client(name), cast.first.conflict
    page = text(client.get(change("conflict", row)))
    assert "new@Harbor.test" in page
    assert "Put QuickBooks Online" not in page

    for what in ("restore", "review"):
        client.post(reverse("admin:syncapp_conflict_decide", args=[row.pk]), {"what": what})
    act(client, "conflict", "review", row)
    assert Conflict.objects.get(pk=row.pk).state == "open"


@pytest.mark.parametrize("path", ("syncedobject", "conflict"))
def test_nothing_is_changed_by_opening_an_address(cast: Cast, path: str) -> None:
    row = cast.first.held if path == "syncedobject" else cast.first.conflict

    assert cast.client("alice").get(reverse(f"admin:syncapp_{path}_decide", args=[row.pk])).status_code == 405
