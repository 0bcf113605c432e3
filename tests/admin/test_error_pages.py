"""What a person sees where a page fails: the product's look, and a way back."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests.admin.support import Cast, change, text


def test_another_company_s_page_says_so_and_leads_back(cast: Cast) -> None:
    page = cast.client("bob").get(reverse("syncapp:sync", args=[cast.third.company.pk]))

    assert page.status_code == 404
    assert "There is nothing at this address" in text(page)
    assert f'href="{reverse("syncapp:home")}"' in text(page)
    assert "Xylo" not in text(page)


def test_a_stranger_gets_the_same_page(db: None) -> None:
    assert "There is nothing at this address" in text(Client().get("/nosuch/"))


@pytest.mark.parametrize("name", ["400", "500"])
def test_pages_for_the_worst_need_nothing_to_be_shown(name: str) -> None:
    page = render_to_string(f"{name}.html")

    assert "color-scheme: light dark" in page
    assert '<a href="/">Back to the companies</a>' in page


@pytest.mark.parametrize("name", ["alice", "bob", "dana"])
def test_who_is_offered_a_preview_may_open_it(cast: Cast, name: str) -> None:
    address = reverse("syncapp:preview", args=[cast.first.company.pk])

    assert address in text(cast.client(name).get(change("company", cast.first.company)))
    assert cast.client(name).get(address).status_code == 200
