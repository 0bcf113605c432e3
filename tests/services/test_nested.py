"""Records inside records: sub-accounts on both sides are paired, never made twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, set_up, synced, writes


def nested_on_both_sides(depth: int, branches: int) -> dict[str, Any]:
    """The same tree of classes and of accounts on both sides, without numbers, children before and after parents."""
    shown: dict[str, Any] = {"name": "Nested", "console": True, "signed_up_on": "2021-01-01", "qbo": {}, "billcom": {}}
    preferences = {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": True, "TrackDepartments": True}}
    shown["qbo"]["Preferences"] = [{"Id": "1", "SyncToken": "0", **preferences}]
    accounts = [
        {"Id": "900", "Name": "Checking", "AccountType": "Bank", "Active": True, "FullyQualifiedName": "Checking"},
        {"Id": "901", "Name": "Misc", "AccountType": "Expense", "Active": True, "FullyQualifiedName": "Misc"},
    ]
    ours: list[dict[str, Any]] = []
    number = 0
    for branch in range(branches):
        above, path, above_ours = "", "", ""
        for level in range(depth):
            number += 1
            name = f"Level {level}" if level else f"Branch {branch}"
            path = f"{path}:{name}" if path else name
            parent = {"ParentRef": {"value": above}, "SubAccount": True} if above else {}
            account = {"Id": str(number), "Name": name, "AccountType": "Expense", "Active": True}
            accounts.append({**account, "FullyQualifiedName": path, **parent})
            mine = f"0ca{number:017d}"
            more = {"parentId": above_ours} if above_ours else {}
            ours.append({"id": mine, "name": name, "account": {"type": "EXPENSE"}, "archived": False, **more})
            above, above_ours = str(number), mine
    shown["qbo"]["Account"] = accounts
    shown["billcom"]["chart-of-accounts"] = ours
    return shown


def test_sub_accounts_of_five_levels_on_both_sides_are_paired(sandbox: Sandbox, clock: Clock, settings: Any) -> None:
    loaded = sandbox.load(data=nested_on_both_sides(depth=5, branches=4))
    settings.QBO_CLIENT_ID = loaded["qbo"]["client_id"]
    settings.QBO_CLIENT_SECRET = loaded["qbo"]["client_secret"]
    company = set_up(loaded, clock)

    synced(company, clock)

    qbo = [each["FullyQualifiedName"] for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])["Account"]]
    assert not [name for name, times in Counter(qbo).items() if times > 1]
    billcom = sandbox.books("billcom", loaded["billcom"]["organization_id"])["chart-of-accounts"]
    places = Counter((each.get("parentId", ""), each["name"]) for each in billcom)
    assert not [place for place, times in places.items() if times > 1]
    assert len([each for each in billcom if each["name"] == "Level 4"]) == 4
    assert writes(synced(company, clock)) == 0
