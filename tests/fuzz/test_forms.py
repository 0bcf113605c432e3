"""Whatever is typed into a form or chosen for an action: an answer, never a crash, and no row that breaks its rules.

Forms are found on the pages themselves, so new ones come in. The product takes no uploads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from syncapp.models import (
    AccountingPreferences,
    Company,
    Connection,
    Firm,
    GLMapping,
    Membership,
    SetupStep,
    SyncPreferences,
)
from syncapp.services import remotes
from tests.admin.support import Cast, change, changelist, make_cast
from tests.fuzz.settings import bounded, odd_text
from tests.support.sandbox import Sandbox
from tests.support.sandbox import sandbox as sandbox
from tests.tenancy.walk import PLAIN, Foreign, crossings, forms_in, shown

STEPS = tuple(SetupStep.values)
ODD = ("0", "-1", "9" * 19, "9" * 40, "²", "1e9", "NaN", "on", "true", "2026-13-45", "\0", "\ud800", "'\"><b>", "qbo")


@pytest.fixture
def cast(transactional_db: None, sandbox: Sandbox, settings: Any) -> Iterator[Cast]:
    """Made once for all examples; what would ask a product finds the sandbox, which knows no such company."""
    settings.QBO_BASE_URL = f"{sandbox.url}/qbo/v3/company"
    settings.QBO_DISCOVERY_URL = f"{sandbox.url}/qbo/.well-known/openid_configuration"
    settings.BILLCOM_BASE_URL = f"{sandbox.url}/billcom/connect"
    settings.QBO_TOKEN_URL = ""
    remotes._discovered.cache_clear()
    made = make_cast()
    Connection.objects.all().delete()
    yield made
    remotes._discovered.cache_clear()


def sent(word: str) -> str:
    return word.encode("utf-8", "replace").decode()


def pages(cast: Cast) -> list[str]:
    """The company's own pages and its screens in the admin, by what was there when the cast was made."""
    ours = [Foreign(cast.first).address(route) for route in PLAIN if route.startswith("companies/")]
    screens = [change("company", cast.first.company), change("syncedobject", cast.first.held)]
    return [*ours, *screens, change("conflict", cast.first.conflict), change("syncrun", cast.first.run)]


def check_rows() -> None:
    """What people write obeys the rules of its table, and nothing points at another company's rows."""
    for model in (AccountingPreferences, Company, Firm, GLMapping, Membership, SyncPreferences):
        for row in model._default_manager.all():
            row.full_clean(validate_unique=False)
    assert crossings() == []


words = st.one_of(odd_text, st.sampled_from(ODD)).map(lambda word: sent(word)[:2000])
changes = st.lists(st.tuples(st.integers(0, 60), words), min_size=1, max_size=4)


@bounded
@given(st.sampled_from(STEPS), st.integers(0, 200), changes)
@example(SetupStep.DONE, 0, [(0, "\0")])
@example(SetupStep.MAP_BANKS, 3, [(1, "²")])
def test_every_form_answers_whatever_is_typed(cast: Cast, step: str, which: int, change: list[tuple[int, str]]) -> None:
    Company.objects.filter(pk=cast.first.company.pk).update(setup_step=step)
    client = cast.client("root")
    where = pages(cast)[which % len(pages(cast))]
    for action, fields in forms_in(shown(client.get(where))):
        to = action if action.startswith("/") else where
        if not fields or "logout" in to:
            continue
        names = sorted(fields)
        spoilt = {**fields, **{names[number % len(names)]: word for number, word in change}}
        assert client.post(to, spoilt).status_code < 500, (to, spoilt)
    check_rows()


ACTIONS = sorted(
    {
        (str(model._meta.model_name), action)
        for model, screen in admin.site._registry.items()
        if model._meta.app_label == "syncapp"
        for action in screen.actions or ()
        for action in [getattr(action, "__name__", action)]
    }
)


def test_the_actions_are_found() -> None:
    assert ("syncedobject", "retry") in ACTIONS


@bounded
@given(
    st.sampled_from(ACTIONS),
    st.lists(words, max_size=3),
    st.dictionaries(st.sampled_from(("sure", "select_across", "index", "other", "what", "post")), words, max_size=3),
)
@example(("syncedobject", "retry"), ["²"], {})
@example(("syncedobject", "retry"), ["9" * 40], {"select_across": "1"})
def test_every_action_answers_whatever_is_chosen(
    cast: Cast, action: tuple[str, str], chosen: list[str], more: dict[str, str]
) -> None:
    screen, name = action
    data = {"action": name, "_selected_action": chosen, **more}
    assert cast.client("root").post(changelist(screen), data).status_code < 500
    check_rows()


@bounded
@given(st.sampled_from(("syncedobject", "conflict")), words, words, words)
@example("syncedobject", "link", "²", "yes")
@example("syncedobject", "link", "9" * 40, "yes")
@example("conflict", "restore", "", "yes")
def test_every_button_answers_whatever_it_sends(cast: Cast, screen: str, what: str, other: str, sure: str) -> None:
    row = cast.first.held if screen == "syncedobject" else cast.first.conflict
    where = f"/admin/syncapp/{screen}/{row.pk}/decide/"
    assert cast.client("root").post(where, {"what": what, "other": other, "sure": sure}).status_code < 500
    check_rows()


@bounded
@given(words, words, st.booleans())
@example("²", "code", True)
@example("77", "\ud800", True)
def test_coming_back_from_intuit_answers_whatever_it_brings(cast: Cast, realm: str, code: str, states: bool) -> None:
    """With a state of our own: signed for this person and company, as when somebody meddles with the address."""
    client = cast.client("root")
    Company.objects.filter(pk=cast.first.company.pk).update(setup_step=SetupStep.CONNECT_QBO)
    state = _state(client, cast.first.company) if states else realm
    query = {"state": state, "realmId": sent(realm), "code": sent(code)}
    assert client.get("/oauth/quickbooks/callback/", query).status_code < 500
    assert not Connection.objects.exists()


def _state(client: Client, company: Company) -> str:
    answer = client.post(f"/companies/{company.pk}/connect/quickbooks/")
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return str(answer["Location"]).split("state=")[1].split("&")[0]
