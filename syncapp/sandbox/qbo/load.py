"""Raw QuickBooks JSON made into the books of a company: what it says is kept, what it leaves out is worked out.

Balances follow from the transactions. Where an account says it has more or less than they explain, the rest is an
opening balance: it was there before them. So is every account of the balance sheet taken at its word as soon as one of
them names a balance (0 counts); data in which none does are taken to have no opening balances."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncapp.sandbox.qbo import accounts, ledger, links, names, preferences, times
from syncapp.sandbox.qbo.catalog import masked
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.entities_lists import ACCOUNT_TYPES
from syncapp.sandbox.qbo.fields import ZERO, Group, Lines, Ref, cents
from syncapp.sandbox.qbo.posting import Posting, amount_of
from syncapp.sandbox.qbo.store import Key, Record, id_order, value_of
from syncapp.sandbox.qbo.validation import note_number
from syncapp.sandbox.qbo.work import Work

_SETTLED = ("Bill", "VendorCredit", "Invoice", "CreditMemo")
_OPENING: Key = ("Opening", "balances")


def fill(work: Work, data: dict[str, Any], name: str) -> None:
    """Raises ValueError where the data cannot be books."""
    unknown = [entity for entity in data if entity not in ENTITIES and not entity.startswith("_")]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not an entity of the sandbox")
    given = _normal(data)
    _singles(work, given, name)
    for lists in (True, False):
        for entity in ENTITIES.values():
            if entity.is_list is lists:
                _load_rows(work, entity, given.get(entity.name, []))
        work.realm.count_ids()
        _name_all(work)
    _label_all(work)
    _post_all(work, given.get("Account", []))
    _link_all(work)
    _show_balances(work)


def _normal(value: Any) -> Any:
    """A copy in which an amount is a Decimal."""
    if isinstance(value, dict):
        return {name: _normal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_normal(part) for part in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def _singles(work: Work, data: dict[str, Any], name: str) -> None:
    for entity, default in (("CompanyInfo", preferences.company_info(name)), ("Preferences", preferences.defaults())):
        record = dict((data.pop(entity, None) or [default])[0])
        work.realm.table(entity).put(_complete(work, {**record, "Id": "1"}), work.second)


def _complete(work: Work, record: Record) -> Record:
    meta = {"CreateTime": work.stamp, "LastUpdatedTime": work.stamp, **(record.get("MetaData") or {})}
    return {"SyncToken": "0", **record, "domain": "QBO", "sparse": False, "Id": str(record["Id"]), "MetaData": meta}


def _load_rows(work: Work, entity: Entity, rows: list[Record]) -> None:
    table = work.realm.table(entity.name)
    taken = {str(row["Id"]) for row in rows if row.get("Id")}
    if len(taken) != sum(1 for row in rows if row.get("Id")):
        raise ValueError(f"{entity.name}: an Id stands twice")
    free = _free_ids(entity, taken)
    records = [_complete(work, {**row, "Id": row.get("Id") or next(free)}) for row in rows]
    for record in sorted(records, key=lambda record: id_order(record["Id"])):
        table.rows[record["Id"]] = record
    stamps = {record["Id"]: int(times.seconds(record["MetaData"]["LastUpdatedTime"])) for record in records}
    for record in list(table.rows.values()):
        _fill_row(work, entity, record)
    _enter(work, entity, stamps)


def _free_ids(entity: Entity, taken: set[str]) -> Any:
    number = max([int(id) for id in taken if id.isdigit()] or [entity.first_id - 1])
    while True:
        number += 1
        yield str(number)


def _enter(work: Work, entity: Entity, stamps: dict[str, int]) -> None:
    """Into the indexes by id, then into the log of changes by time."""
    table = work.realm.table(entity.name)
    records = list(table.rows.values())
    table.rows.clear()
    for record in records:
        table.put(record, 0)
    for id in sorted(stamps, key=stamps.__getitem__):
        table.note(id, stamps[id])


def _fill_row(work: Work, entity: Entity, record: Record) -> None:
    if entity.is_list:
        _fill_list(work, entity, record)
    elif entity.is_transaction:
        _fill_transaction(work, entity, record)


def _fill_list(work: Work, entity: Entity, record: Record) -> None:
    record.setdefault("Active", True)
    if not record.get(entity.name_field):
        raise ValueError(f"{entity.name} {record['Id']} has no {entity.name_field}")
    if entity.name == "Account":
        _fill_account(work, record)
    if entity.name in ("Vendor", "Customer"):
        record.setdefault("CurrencyRef", work.realm.home_currency)
        record.setdefault("PrintOnCheckName", names.plain(record["DisplayName"]))
    if entity.name == "Customer":
        record.setdefault("Job", "ParentRef" in record)
    if record.get("TaxIdentifier"):
        record["TaxIdentifier"] = masked(record["TaxIdentifier"])
    record[entity.name_field] = names.shown(record[entity.name_field], active=record["Active"])


def _fill_account(work: Work, record: Record) -> None:
    if record.get("AccountType") not in ACCOUNT_TYPES:
        raise ValueError(f"Account {record['Id']} has the AccountType {record.get('AccountType')!r}")
    record["Classification"], subtype = ACCOUNT_TYPES[record["AccountType"]]
    record.setdefault("AccountSubType", subtype)
    record.setdefault("SubAccount", "ParentRef" in record)
    record.setdefault("CurrencyRef", work.realm.home_currency)


def _fill_transaction(work: Work, entity: Entity, record: Record) -> None:
    record.setdefault("TxnDate", str(record["MetaData"]["CreateTime"])[:10])
    record.setdefault("CurrencyRef", work.realm.home_currency)
    record["LinkedTxn"] = list(record.get("LinkedTxn") or ())
    if entity.name not in ("BillPayment", "Payment"):
        _number_lines(record)
    if "TotalAmt" not in record and entity.name not in ("Transfer", "JournalEntry"):
        record["TotalAmt"] = _line_total(record)
    if entity.name in ("Bill", "VendorCredit", "BillPayment") and "APAccountRef" not in record:
        record["APAccountRef"] = {"value": work.books.account(accounts.PAYABLE)}
    for name in ("TotalAmt", "Balance"):
        if name in record:
            record[name] = cents(record[name])


def _number_lines(record: Record) -> None:
    lines = record.get("Line") or []
    highest = max((int(line["Id"]) for line in lines if str(line.get("Id", "")).isdigit()), default=0)
    for number, line in enumerate(lines, 1):
        if line.get("DetailType") == "SubTotalLineDetail" or line.get("LinkedTxn"):
            continue
        if "Id" not in line:
            highest += 1
            line["Id"] = str(highest)
        line.setdefault("LineNum", number)


def _line_total(record: Record) -> Decimal:
    total = amount_of(record.get("TxnTaxDetail") or {}, "TotalTax")
    for line in record.get("Line") or ():
        if line.get("DetailType") == "DiscountLineDetail":
            total -= amount_of(line)
        elif line.get("DetailType") != "SubTotalLineDetail":
            total += amount_of(line)
    return total - amount_of(record.get("CashBack") or {})


def _name_all(work: Work) -> None:
    for entity in ENTITIES.values():
        if not entity.is_list:
            continue
        table = work.realm.table(entity.name)
        for record in list(table):
            if "FullyQualifiedName" in entity.read_only:
                path = _path(work, entity, record)
                if record.get("FullyQualifiedName") != path:
                    record["FullyQualifiedName"] = path
            names.register(work, entity, record)
        _reindex(work, entity)


def _reindex(work: Work, entity: Entity) -> None:
    """The paths were filled in after the records were entered."""
    table = work.realm.table(entity.name)
    index = table.indexes.get("FullyQualifiedName")
    if index is not None:
        index.clear()
        for record in table:
            index.setdefault(record["FullyQualifiedName"].casefold(), {})[record["Id"]] = None


def _path(work: Work, entity: Entity, record: Record) -> str:
    above = list(ledger.ancestors(work.realm, entity.name, record))
    parts = [names.plain(each[entity.name_field]) for each in (record, *above)]
    # Raw data may name an account by its path.
    return ":".join(part.rpartition(":")[2] if above or ":" in part else part for part in reversed(parts))


def _label_all(work: Work) -> None:
    """A reference shows what it leads to."""
    for entity in ENTITIES.values():
        for record in work.realm.table(entity.name):
            _label(work, entity.payload, record)


def _label(work: Work, kind: object, value: Any) -> None:
    if isinstance(kind, Ref):
        _label_reference(work, kind, value)
    elif isinstance(kind, Group):
        for name, part in kind.fields.items():
            if name in value:
                _label(work, part, value[name])
    elif isinstance(kind, Lines):
        for line in value:
            detail = line.get("DetailType")
            if detail in kind.details and detail in line:
                _label(work, kind.details[detail], line[detail])


def _label_reference(work: Work, kind: Ref, value: Any) -> None:
    for target in kind.targets if "name" not in value else ():
        record = work.realm.get(target, value_of(value))
        if record is not None and target != "TaxCode":
            value["name"] = names.label(target, record)
            return


# --- the books ------------------------------------------------------------------------------------------------------


def _post_all(work: Work, given: list[Record]) -> None:
    realm = work.realm
    for entity in ENTITIES.values():
        for record in list(realm.table(entity.name)) if entity.is_transaction else ():
            postings = work.books.postings(entity.name, record)
            _check_postings(work, entity, record, postings)
            if postings:
                realm.postings[entity.name, record["Id"]] = postings
            note_number(work, entity.name, record, None)
    _open(work, given)
    realm.account_balances, realm.name_balances = ledger.differences((), _all_postings(work))


def _all_postings(work: Work) -> Iterable[Posting]:
    return (posting for postings in work.realm.postings.values() for posting in postings)


def _check_postings(work: Work, entity: Entity, record: Record, postings: Iterable[Posting]) -> None:
    for account, _, _ in postings:
        if account not in work.realm.table("Account").rows:
            raise ValueError(f"{entity.name} {record['Id']} posts to account {account!r}, which is not in the data")
    rest = sum((amount for _, amount, _ in postings), ZERO)
    if rest:
        raise ValueError(f"{entity.name} {record['Id']} does not balance: {rest} too much on the left")


def _open(work: Work, given: list[Record]) -> None:
    """What the accounts had before the first transaction, against the equity they were opened with."""
    said = {
        str(row["Id"]): Decimal(str(row["CurrentBalance"])) for row in given if row.get("CurrentBalance") is not None
    }
    if not any(said.values()):
        return
    explained, _ = ledger.differences((), _all_postings(work))
    equity = work.books.account(accounts.OPENING_EQUITY)
    postings: list[Posting] = []
    for account in work.realm.table("Account"):
        if account["Id"] in said and account["Id"] != equity and accounts.on_balance_sheet(account):
            shown = cents(said[account["Id"]])
            missing = accounts.shown(account, shown) - explained.get(account["Id"], ZERO)
            if missing and account.get("AccountSubType") != accounts.RETAINED.subtype:
                postings += [(account["Id"], missing, None), (equity, -missing, None)]
    if postings:
        work.realm.postings[_OPENING] = tuple(postings)


def _link_all(work: Work) -> None:
    realm = work.realm
    for source in ("BillPayment", "Payment", "Deposit"):
        for record in realm.table(source):
            for wish in links.wishes(record.get("Line") or ()):
                if realm.get(*wish.target) is not None:
                    key = (source, record["Id"])
                    amounts = realm.settles.setdefault(key, {})
                    amounts[wish.target] = amounts.get(wish.target, ZERO) + abs(wish.amount)
                    realm.settled.setdefault(wish.target, {})[key] = amounts[wish.target]
    _show_links(work)


def _show_links(work: Work) -> None:
    for entity in ENTITIES:
        for record in list(work.realm.table(entity)) if ENTITIES[entity].is_transaction else ():
            key = (entity, record["Id"])
            if key in work.realm.settled or entity in _SETTLED:
                record.update(links.settled_fields(work.realm, key, record))
            if entity == "Payment":
                record["UnappliedAmt"] = _unapplied(work, key, record)


def _unapplied(work: Work, key: Key, record: Record) -> Decimal:
    amounts = work.realm.settles.get(key, {}).items()
    applied = sum((-amount if kind in links.CREDITS["Payment"] else amount for (kind, _), amount in amounts), ZERO)
    return max(amount_of(record, "TotalAmt") - applied, ZERO)


def _show_balances(work: Work) -> None:
    """On the records, without moving a time: that is how they were found."""
    realm = work.realm
    for account in realm.table("Account"):
        shown = accounts.shown(account, realm.account_balances.get(account["Id"], ZERO))
        account["CurrentBalance"] = account["CurrentBalanceWithSubAccounts"] = shown
    for vendor in realm.table("Vendor"):
        vendor["Balance"] = -realm.name_balances.get(("Vendor", vendor["Id"]), ZERO)
    for customer in realm.table("Customer"):
        balance = realm.name_balances.get(("Customer", customer["Id"]), ZERO)
        customer["Balance"] = customer["BalanceWithJobs"] = balance
    _roll_up(work, "Account", "CurrentBalance", "CurrentBalanceWithSubAccounts")
    _roll_up(work, "Customer", "Balance", "BalanceWithJobs")


def _roll_up(work: Work, entity: str, field: str, total: str) -> None:
    for record in work.realm.table(entity):
        for above in ledger.ancestors(work.realm, entity, record) if record[field] else ():
            above[total] += record[field]
