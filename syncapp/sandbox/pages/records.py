"""Lists of records, and one record: looked at, edited, ended, paid, approved, as its product's users would."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

import msgspec

from syncapp.sandbox.http import Request, Response, encode, whole
from syncapp.sandbox.pages import files, layout, lines
from syncapp.sandbox.pages.books import Books, Record, dig
from syncapp.sandbox.pages.inputs import ONLY_RAW, changes, control, inputs, value
from syncapp.sandbox.pages.markup import Safe, button, choice, entry, field, folded, form, joined, link, table, tag

PAGE = 50
STATES = ("APPROVED", "UNASSIGNED", "ASSIGNED", "APPROVING", "DENIED")
_AMOUNTS = ("TotalAmt", "amount", "CurrentBalance", "UnitPrice", "price")
_DATES = ("TxnDate", "processDate", "creditDate")
_OPEN = ("Balance", "dueAmount")


# --- a company and its lists -----------------------------------------------------------------------------------------


def overview(books: Books, request: Request) -> Response:
    rows = [
        (link(f"{books.address}/{entity}", books.plural(entity)), len(books.table(entity)))
        for entity in books.entities()
    ]
    extra: list[Safe] = []
    if books.side == "qbo":
        extra.append(tag("p", link(f"{books.address}/trial-balance", "Trial balance")))
    return layout.page(
        books.name,
        table(("Records", "How many"), rows, numbers=(1,)),
        *extra,
        side=books.side,
        said=request.query.get("said", ""),
    )


def listed(books: Books, entity: str, request: Request) -> Response:
    """Searched in everything that a record says, fifty at a time, the latest transactions first."""
    wanted, at = request.query.get("q", "").strip(), max(whole(request.query.get("page", "")) or 1, 1)
    found = [row for row in books.table(entity).values() if _says(row, wanted)]
    if entity in lines.TRANSACTIONS:
        found.reverse()
    shown = found[(at - 1) * PAGE : at * PAGE]
    search = form(
        entry("q", "Search", wanted, "search"),
        button("Search"),
        action=f"{books.address}/{entity}",
        method="get",
        class_="row",
    )
    new = tag("p", link(f"{books.address}/{entity}/new", f"New {books.singular(entity).lower()}"))
    return layout.page(
        books.plural(entity),
        search,
        new,
        _table(books, shown, entity),
        _pager(f"{books.address}/{entity}", wanted, at, len(found)),
        side=books.side,
        path=[(books.address, books.name)],
        said=request.query.get("said", ""),
    )


def _says(row: Record, wanted: str) -> bool:
    return not wanted or wanted.casefold() in encode(row).decode().casefold()


def _table(books: Books, records: list[Record], entity: str) -> Safe:
    """Only the columns that say something."""
    heads = ("Name or number", "Of", "E-mail", "Date", "Amount", "Open", "State")
    rows = list(_rows(books, entity, records))
    used = [at for at in range(len(heads)) if not at or any(row[at] not in ("", None) for row in rows)]
    numbers = [position for position, at in enumerate(used) if heads[at] in ("Amount", "Open")]
    return table([heads[at] for at in used], [[row[at] for at in used] for row in rows], numbers=numbers)


def _rows(books: Books, entity: str, records: Iterable[Record]) -> Iterable[tuple[Any, ...]]:
    off = "inactive" if books.side == "qbo" else "archived"
    for row in records:
        name = link(f"{books.address}/{entity}/{row[books.key]}", books.label(row))
        mail = dig(row, ("PrimaryEmailAddr", "Address")) or row.get("email")
        day = _first(row, _DATES) or dig(row, ("invoice", "invoiceDate"))
        state = row.get("approvalStatus", "") if books.in_use(row) else off
        yield name, lines.party(books, row), mail, day, _first(row, _AMOUNTS), _first(row, _OPEN), state


def _first(row: Record, names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None and not isinstance(row[name], dict)), "")


def _pager(address: str, wanted: str, at: int, count: int) -> Safe:
    def to(number: int, words: str) -> Safe:
        return link(f"{address}?{urlencode({'q': wanted, 'page': number})}", words)

    steps = [to(at - 1, "Before")] if at > 1 else []
    steps += [to(at + 1, "Next")] if at * PAGE < count else []
    said = f"{count} in all" + (f", page {at} of {-(-count // PAGE)}" if count > PAGE else "")
    return tag("p", said, " ", joined(joined((" ", step)) for step in steps), class_="quiet")


# --- one record ------------------------------------------------------------------------------------------------------


def new(books: Books, entity: str, request: Request) -> Response:
    if request.method == "POST":
        typed = request.form()
        try:
            saved = books.save(entity, _raw(typed) if "raw" in typed else _typed_new(books, entity, typed))
        except ValueError as error:
            return _new_page(books, entity, typed, str(error))
        return layout.there(f"{books.address}/{entity}/{saved[books.key]}", "Made.")
    return _new_page(books, entity, {})


def _typed_new(books: Books, entity: str, typed: dict[str, str]) -> Record:
    return books.with_sub_flag(entity, changes(books, inputs(books, entity, None), None, typed))


def _new_page(books: Books, entity: str, typed: dict[str, str], wrong: str = "") -> Response:
    known = [] if entity in ONLY_RAW else inputs(books, entity, None)
    today = books.world.clock.now().date()
    start = {"date": today.isoformat(), "due_date": today.isoformat(), "country": "US"}
    shown = [control(books, each, typed.get(each.name, start.get(each.name, ""))) for each in known]
    edit = form(tag("div", *shown, class_="fields"), button("Save")) if shown else Safe("")
    raw = form(_raw_field(typed.get("raw", "{}")), button("Save JSON", plain=True))
    return layout.page(
        f"New {books.singular(entity).lower()}",
        edit,
        folded("As JSON", raw) if shown else raw,
        side=books.side,
        path=[(books.address, books.name), (f"{books.address}/{entity}", books.plural(entity))],
        wrong=wrong,
        status=400 if wrong else 200,
    )


def _raw_field(text: str) -> Safe:
    area = tag("textarea", text, id="raw", name="raw", rows=18, spellcheck="false")
    return field("raw", "The record, as the API shows it", area)


def _raw(typed: dict[str, str]) -> Record:
    try:
        found = Request("POST", "", body=typed.get("raw", "").encode()).json()
    except ValueError as error:
        raise ValueError(f"This is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("A record is a JSON object.")
    return found


def one(books: Books, entity: str, id: str, request: Request) -> Response:
    record = books.get(entity, id)
    if record is None:
        return layout.missing(f"There is no {books.singular(entity).lower()} {id}.")
    if request.method != "POST":
        return _record_page(books, entity, record, said=request.query.get("said", ""))
    typed = {} if files.sent(request) else request.form()
    try:
        said = (
            files.attach(books, entity, record, request) if files.sent(request) else _act(books, entity, record, typed)
        )
    except ValueError as error:
        return _record_page(books, entity, record, typed, wrong=str(error))
    gone = books.get(entity, id) is None
    return layout.there(f"{books.address}/{entity}" if gone else f"{books.address}/{entity}/{id}", said)


def _act(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    act = _ACTS.get(typed.get("do", "save"))
    if act is None:
        raise ValueError("Nobody can do that here.")
    return act(books, entity, record, typed)


def _record_page(
    books: Books, entity: str, record: Record, typed: dict[str, str] | None = None, *, said: str = "", wrong: str = ""
) -> Response:
    typed = typed or {}
    fields = [
        control(books, each, typed.get(each.name, value(books, record, each))) for each in inputs(books, entity, record)
    ]
    return layout.page(
        f"{books.singular(entity)} {books.label(record)}",
        form(tag("div", *fields, class_="fields"), button("Save", "save")) if fields else "",
        lines.shown(books, entity, record),
        files.shown(books, entity, record),
        _acts(books, entity, record),
        folded("As JSON", _raw_form(books, entity, typed.get("raw") or _pretty(record))),
        side=books.side,
        path=[(books.address, books.name), (f"{books.address}/{entity}", books.plural(entity))],
        said=said,
        wrong=wrong,
        status=400 if wrong else 200,
    )


def _raw_form(books: Books, entity: str, text: str) -> Safe:
    if not books.can_change(entity):
        return tag("pre", text, class_="scroll")
    return form(_raw_field(text), button("Save JSON", "raw", plain=True))


def _pretty(record: Record) -> str:
    return msgspec.json.format(encode(record), indent=2).decode()


def _acts(books: Books, entity: str, record: Record) -> Safe:
    """The buttons below a record."""
    parts: list[Safe] = []
    if not books.in_use(record):
        parts.append(form(button("Make active" if books.side == "qbo" else "Restore", "restore")))
    elif books.can_end(entity):
        parts.append(form(button(books.end_words(entity), "end", plain=True)))
    if books.can_void(entity):
        parts.append(form(button("Void", "void", plain=True)))
    if entity == "bills":
        parts.append(_approval_form(record))
    if entity in ("Bill", "bills") and Decimal(str(_first(record, _OPEN) or 0)):
        parts.append(_pay_form(books, record))
    return tag("section", tag("h2", "What else can be done"), *parts) if parts else Safe("")


def _approval_form(record: Record) -> Safe:
    states = [(state, state.capitalize()) for state in STATES]
    approval = choice("state", "Approval", states, record.get("approvalStatus", ""))
    approve = [] if record.get("approvalStatus") == "APPROVED" else [button("Approve", "set-approved")]
    return form(approval, button("Set approval", "approve", plain=True), *approve, class_="row")


def _pay_form(books: Books, record: Record) -> Safe:
    today = books.world.clock.now().date().isoformat()
    return form(
        entry("pay_amount", "Pay", _first(record, _OPEN), "number", step="any"),
        entry("pay_date", "On", today, "date"),
        choice("pay_from", "From", _means(books)),
        button("Pay", "pay"),
        class_="row",
    )


def _means(books: Books) -> list[tuple[str, str]]:
    """What a bill can be paid with."""
    if books.side == "qbo":
        accounts = [row for row in books.table("Account").values() if row["Active"]]
        return [(row["Id"], books.label(row)) for row in accounts if row["AccountType"] in ("Bank", "Credit Card")]
    banks = [row for row in books.table("banks").values() if books.in_use(row)]
    return [("", "Paid outside BILL"), *((row["id"], f"Through BILL from {books.label(row)}") for row in banks)]


# --- acts: each says what it did, and raises ValueError where the product refuses ------------------------------------


def _save(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    payload = changes(books, inputs(books, entity, record), record, typed)
    # Saving a transaction as it stands is an update in QuickBooks. Reference: the set-up guide, "Edit and then Save".
    touches = books.side == "qbo" and entity in lines.TRANSACTIONS
    if not payload and not touches:
        return "Nothing was changed."
    name = books.name_field(entity)
    if payload.get(name) == "":
        raise ValueError(f"A {books.singular(entity).lower()} has to have a name.")
    # QuickBooks wants these even where nothing about them changes.
    must: Record = {name: record[name] for name in ("VendorRef", "PaymentType") if name in record}
    books.save(entity, {**must, **books.with_sub_flag(entity, payload), books.key: record[books.key]})
    return "Saved." if payload else "Saved as it was: it counts as updated now."


def _save_raw(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    given = _raw(typed)
    if given == record:
        return "Nothing was changed."
    if books.side == "qbo":
        # The whole record, as QuickBooks understands a full update: what was taken out is emptied.
        books.save(entity, {**given, "Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": False})
        return "Saved."
    payload = {name: value for name, value in given.items() if value != record.get(name)}
    payload |= {name: None for name in record if name not in given}
    books.save(entity, {**payload, "id": record["id"]})
    return "Saved."


def _end(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    if not books.can_end(entity):
        raise ValueError(f"A {books.singular(entity).lower()} can't be ended.")
    books.product.person_delete(books.company, entity, record[books.key])
    return "Done."


def _restore(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    if books.in_use(record):
        raise ValueError("It is in use.")
    if books.side == "qbo":
        books.save(entity, {"Id": record["Id"], "Active": True})
    else:
        books.product.person_restore(books.company, entity, record["id"])
    return "It is in use again."


def _void(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    books.product.person_void(books.company, entity, record[books.key])
    return "Voided."


def _approve(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    state = typed.get("state", "")
    if entity != "bills" or state not in STATES:
        raise ValueError("Only a bill's approval can be set, to one of its states.")
    books.product.person_approve(books.company, record["id"], state)
    return f"The approval is now: {state.lower()}."


def _pay(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    try:
        amount = Decimal(typed.get("pay_amount", ""))
        day = date.fromisoformat(typed.get("pay_date", "")).isoformat()
    except (InvalidOperation, ValueError):
        raise ValueError("A payment needs an amount and a date.") from None
    made = lines.pay_in_qbo if books.side == "qbo" else lines.pay_in_billcom
    made(books, record, amount, day, typed.get("pay_from", ""))
    return f"Paid {amount}."


def _approved(books: Books, entity: str, record: Record, typed: dict[str, str]) -> str:
    return _approve(books, entity, record, {"state": "APPROVED"})


_ACTS = {
    "save": _save,
    "raw": _save_raw,
    "end": _end,
    "restore": _restore,
    "void": _void,
    "approve": _approve,
    "set-approved": _approved,
    "pay": _pay,
}
