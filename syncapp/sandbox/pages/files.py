"""The files of a bill, and a form that adds one, as both products' pages have it."""

from __future__ import annotations

import re
from typing import Any

from syncapp.sandbox.billcom.documents import LARGEST
from syncapp.sandbox.http import Request
from syncapp.sandbox.pages.books import Books, Record
from syncapp.sandbox.pages.markup import Safe, button, entry, form, table, tag
from syncapp.sandbox.qbo import attachments

TAKES_FILES = ("Bill", "bills")
_FILE_NAME = re.compile(r'filename="([^"]*)"')


def shown(books: Books, entity: str, record: Record) -> Safe:
    if entity not in TAKES_FILES:
        return Safe("")
    rows = [(name, size) for name, size in _attached(books, record)]
    add = form(entry("file", "Add a file", "", "file"), button("Attach"), class_="row", enctype="multipart/form-data")
    return tag("section", tag("h2", "Files"), table(("File", "Bytes"), rows, numbers=(1,)), add)


def _attached(books: Books, record: Record) -> list[tuple[str, Any]]:
    if books.side == "billcom":
        documents = books.world.billcom.organizations[books.company].documents.values()
        mine = [each for each in documents if each["billId"] == record["id"]]
        # Kept in base64: four characters for three bytes.
        return [(each["name"], len(each["content"].rstrip("=")) * 3 // 4) for each in mine]
    refers = {"type": "Bill", "value": record["Id"]}
    rows = books.table("Attachable").values()
    return [
        (each["FileName"], each.get("Size"))
        for each in rows
        if any(ref.get("EntityRef", {}).items() >= refers.items() for ref in each.get("AttachableRef") or [])
    ]


def sent(request: Request) -> bool:
    """Whether this is the form that adds a file."""
    return request.headers.get("content-type", "").startswith("multipart/form-data")


def attach(books: Books, entity: str, record: Record, request: Request) -> str:
    """Raises ValueError where the product refuses."""
    headers, content = attachments.parts(request).get("file", ({}, b""))
    given = _FILE_NAME.search(headers.get("content-disposition", ""))
    name = given.group(1) if given else ""
    if entity not in TAKES_FILES:
        raise ValueError("Files are attached to bills.")
    if not name or not content:
        raise ValueError("Choose a file that has something in it.")
    if books.side == "billcom" and len(content) > LARGEST:
        raise ValueError("The file must not be larger than 6 MB.")
    books.product.person_attaches(books.company, entity, record[books.key], name, content)
    return f"{name} is attached."
