"""Every address there is, filled with the ids of one company; what a company's rows are; what a form holds.

Pages, screens, actions and tables that are new come in by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, Model
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver

from syncapp.core.sides import Side
from syncapp.models import Company
from tests.admin.support import Rows, text

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_ADMIN = re.compile(r"admin/syncapp/(\w+)/")


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    for each in (resolver or get_resolver()).url_patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(each, URLResolver):
            yield from routes(each, route)
        elif isinstance(each, URLPattern):
            yield route


# What a route that is a regular expression takes can't be made up of its parts; Django's own last one takes the rest.
PLAIN = sorted({route for route in routes() if "(?" not in route})
WITH_IDS = [route for route in PLAIN if "<" in route]


def filled(route: str, value: Callable[[str], object]) -> str:
    """The route as an address, each of its parameters by its name."""
    return "/" + _PARAMETER.sub(lambda found: str(value(found[1])), route)


def screen_of(route: str) -> str:
    """The table that the admin's route is about; empty for other routes."""
    found = _ADMIN.match(route)
    return found[1] if found else ""


def rows_of(company: Company) -> dict[str, list[dict[str, Any]]]:
    """All that is stored of one company, by table."""
    return {
        model.__name__: list(model._default_manager.filter(**{path: company.pk}).order_by("pk").values())
        for model, path in _paths().items()
    }


def _paths() -> dict[type[Model], str]:
    """Table -> the way from it to its company."""
    models = list(apps.get_app_config("syncapp").get_models())
    found: dict[type[Model], str] = {Company: "pk"}
    while True:
        more = {
            model: f"{each.name}__{found[each.related_model]}".removesuffix("__pk")
            for model in models
            if model not in found and model.__name__ != "Membership"
            for each in model._meta.concrete_fields
            if each.related_model in found
        }
        if not more:
            return found
        found |= more


def crossings() -> list[str]:
    """Rows that point at a row of another company."""
    paths = _paths()
    found = []
    for model, path in paths.items():
        for each in model._meta.concrete_fields:
            if each.related_model in paths and each.related_model is not Company:
                found += _crossing(model, path, each, f"{each.name}__{paths[each.related_model]}")
    return found


def _crossing(model: type[Model], own: str, each: Field[Any, Any], other: str) -> list[str]:
    pointing = model._default_manager.exclude(**{each.name: None}).values_list("pk", own, other)
    return [f"{model.__name__} {pk} names a {each.name} of another company" for pk, one, two in pointing if one != two]


@dataclass
class Foreign:
    """One company as an address may name it."""

    rows: Rows
    within: Company | None = None
    """Another company, under whose pages its runs are asked for."""

    def address(self, route: str) -> str:
        return filled(route, partial(self._value, route))

    def _value(self, route: str, name: str) -> object:
        if name in ("object_id", "pk", "id"):
            return self.row(screen_of(route)).pk
        values = {
            "company": (self.within or self.rows.company).pk,
            "run": self.rows.run.pk,
            "side": Side.QBO.value,
            "content_type_id": ContentType.objects.get_for_model(Company).pk,
        }
        return values[name]

    def row(self, screen: str) -> Any:
        try:
            return self.rows.row(screen)
        except KeyError:
            return self.rows.company.firm if screen == "firm" else self.rows.company

    @property
    def word(self) -> str:
        """Stands in every name, number and message of this company, and in none of another."""
        return self.rows.company.name.split()[0]


def shown(response: HttpResponseBase) -> str:
    """All that reaches the browser."""
    return f"{text(response)}\n{response.headers}\n{response.cookies}"


@dataclass
class Form(HTMLParser):
    """The fields of a page's forms that post, by the form's address."""

    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _within: dict[str, str] | None = None
    _select: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._within = {} if given.get("method", "").lower() == "post" else None
            if self._within is not None:
                self.forms.append((given.get("action", ""), self._within))
        elif self._within is not None and (name := given.get("name", "")):
            if tag == "select":
                self._select = name
                self._within[name] = ""
            elif tag in ("input", "textarea", "button"):
                self._within.setdefault(name, given.get("value", ""))
        elif tag == "option" and self._within is not None and self._select and "selected" in given:
            self._within[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._within = None
        elif tag == "select":
            self._select = ""


def forms_in(page: str) -> list[tuple[str, dict[str, str]]]:
    found = Form()
    found.feed(page)
    return found.forms
