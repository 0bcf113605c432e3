"""The sandbox for people: both products' screens in small, and what makes them misbehave. Plain pages, no script.

Their addresses stay: the admin links to records, and tests click here. See `handle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncapp.sandbox.http import Request, Response
from syncapp.sandbox.pages import layout, records, tools
from syncapp.sandbox.pages.books import Books

if TYPE_CHECKING:
    from syncapp.sandbox.world import Sandbox

__all__ = ["handle"]


def handle(world: Sandbox, request: Request) -> Response:
    if request.method not in ("GET", "HEAD", "POST"):
        return layout.page("Not here", status=405)
    match request.path.strip("/").split("/"):
        case [""]:
            return tools.home(world, request)
        case ["tools"]:
            return tools.tools(world, request)
        case ["tools", "calls"]:
            return tools.calls(world, request)
        case ["ui", ("qbo" | "billcom") as side, company, *rest] if len(rest) <= 2:
            books = Books(world, side, company)
            return _books(books, rest, request) if books.there else layout.missing(f"There is no company {company}.")
    return layout.missing(f"There is nothing at {request.path}.")


def _books(books: Books, rest: list[str], request: Request) -> Response:
    """/ui/{side}/{company}[/{entity}[/new|/{id}]], and a realm's trial balance."""
    if not rest:
        return records.overview(books, request)
    if rest == ["trial-balance"] and books.side == "qbo":
        return tools.trial_balance(books)
    if rest[0] not in books.entities():
        return layout.missing(f"There are no {rest[0]}.")
    match rest:
        case [entity]:
            return records.listed(books, entity, request)
        case [entity, "new"]:
            return records.new(books, entity, request)
        case [entity, id]:
            return records.one(books, entity, id, request)
    return layout.missing(f"There is nothing at {request.path}.")
