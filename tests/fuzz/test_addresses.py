"""Whatever stands in an address: every page answers, and reading changes nothing.

New pages come by themselves.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from syncapp.models import Company, Connection, GLMapping, SyncedObject, SyncRun
from tests.admin.support import Cast, make_cast
from tests.fuzz.settings import bounded, odd_text
from tests.tenancy.walk import PLAIN, filled

NAMES = (
    "p",
    "o",
    "q",
    "e",
    "all",
    "code",
    "state",
    "realmId",
    "error",
    "next",
    "page",
    "_changelist_filters",
    "_popup",
)
FILTERS = (
    "company__id__exact",
    "company",
    "kind__exact",
    "state__exact",
    "hold_code",
    "id__in",
    "pk__gte",
    "created__date",
)
NUMBERS = ("0", "1", "9" * 19, "9" * 40)


@pytest.fixture
def cast(db: None) -> Cast:
    made = make_cast()
    # Pages that would ask a product are without one.
    Connection.objects.all().delete()
    return made


def rows() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values()) for model in (Company, Connection, GLMapping, SyncedObject, SyncRun)
    ]


words = st.one_of(odd_text, st.sampled_from((*NUMBERS, "-1", "1.2.3", "2026-13-45", "None", "%00", "١")))
queries = st.dictionaries(st.sampled_from((*NAMES, *FILTERS)), words.map(lambda word: word[:2000]), max_size=3)


def ask(client: Client, where: str, query: dict[str, str]) -> None:
    sent = {name: word.encode("utf-8", "replace").decode() for name, word in query.items()}
    assert client.get(where, sent).status_code < 500


def test_the_walk_finds_our_pages_and_the_admin_s() -> None:
    assert {"companies/<int:company>/sync/", "admin/syncapp/syncedobject/"} <= set(PLAIN)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_page_answers_for_every_number(cast: Cast, number: str) -> None:
    before = rows()
    client = cast.client("root")
    for route in PLAIN:
        if "logout" not in route and "webhooks" not in route:
            ask(client, filled(route, lambda name: number), {})
            client.force_login(cast.people["root"])
    assert rows() == before


@bounded
@given(st.sampled_from(PLAIN), st.booleans(), queries)
@example("admin/syncapp/syncedobject/", True, {"p": "9" * 40})
@example("admin/syncapp/syncedobject/", True, {"q": "\0"})
@example("admin/syncapp/syncedobject/", True, {"company__id__exact": "9" * 40})
@example("admin/syncapp/syncedobject/", True, {"company__id__exact": "²"})
@example("oauth/quickbooks/callback/", True, {"code": "\0", "state": "\0", "realmId": "\0"})
def test_every_page_answers_for_every_query(cast: Cast, route: str, ours: bool, query: dict[str, str]) -> None:
    number = str(cast.first.company.pk) if ours else "9" * 40
    ask(cast.client("root"), filled(route, lambda name: number), query)
