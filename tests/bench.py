"""`make bench`: what a sync costs, next to its floor. Prints a table and writes bench.json.

It runs on a PostgreSQL of its own against the sandbox as a process of its own, at 0 and at 100 ms latency, with the
products' limits on. Counts are exact; seconds are this machine's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.postgres import postgres_server

SMALL = "generated:seed=3,accounts=90,vendors=1000,customers=200,items=20,bills=600"
NO_BILLS = "generated:seed=4,accounts=60,vendors=60,customers=10,items=5,bills=0,overlap=1.0"
BILLS = 1000
CHANGES = 1000
MEMORY = (5_000, 50_000)
PAIRS = 20_000


def start_django(url: str, folder: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TIEOUT_TEST_DATABASE_URL": url,
        "DATABASE_URL": url,
        "TIEOUT_TEST_DIR": folder,
        "LOG_LEVEL": "ERROR",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


class Statements:
    """Counts what goes to the database; a statement that is sent for many rows counts once for each."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += len(params) if many else 1
        return execute(sql, params, many, context)


class Bench:
    def __init__(self, sandbox: Any) -> None:
        from django.conf import settings

        from tests.support.syncing import Clock

        self.sandbox, self.clock = sandbox, Clock()
        settings.QBO_BASE_URL = f"{sandbox.url}/qbo/v3/company"
        settings.QBO_DISCOVERY_URL = f"{sandbox.url}/qbo/.well-known/openid_configuration"
        settings.BILLCOM_BASE_URL = f"{sandbox.url}/billcom/connect"

    def company(self, name: str) -> tuple[Any, dict[str, Any]]:
        from django.conf import settings

        from tests.support.syncing import set_up

        shown = self.sandbox.load(name)
        self._use_sales_tax(shown["qbo"]["realm_id"])
        settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
        return set_up(shown, self.clock, name=f"{name[:60]} {time.time_ns()}"), shown

    def _use_sales_tax(self, realm: str) -> None:
        """So that every kind there is is on."""
        self.sandbox.person("qbo", realm, "Preferences", {"Id": "1", "TaxPrefs": {"UsingSalesTax": True}})
        rate = self.sandbox.person("qbo", realm, "TaxRate", {"Name": "State", "RateValue": 8.25, "Active": True})
        rates = {"TaxRateDetail": [{"TaxRateRef": {"value": rate["Id"]}}]}
        self.sandbox.person("qbo", realm, "TaxCode", {"Name": "State", "Active": True, "SalesTaxRateList": rates})

    def later(self, seconds: float) -> None:
        """Both clocks, ours and the products', move on."""
        self.clock.wait(seconds)
        self.sandbox.clock(advance=seconds)

    def sync(self, company: Any) -> dict[str, Any]:
        """One sync, measured: calls by purse, statements, writes, seconds."""
        from django.db import connection

        from syncapp.models import Operation, RunState, Trigger
        from syncapp.services import runs

        statements, began = Statements(), time.perf_counter()
        waited = 0.0

        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += seconds
            time.sleep(seconds)

        with connection.execute_wrapper(statements):
            run = runs.request_run(company, trigger=Trigger.CLOCK, now=self.clock())
            run = runs.run_to_end(run, clock=self.clock, sleep=sleep)
        if run.state != RunState.DONE:
            raise SystemExit(f"The sync did not end well: {run.message}")
        written = Operation.objects.filter(run=run, state="done")
        return {
            "seconds": round(time.perf_counter() - began, 2),
            "paused": round(waited, 1),
            "calls": {purse: run.calls.get(purse, 0) for purse in ("metered", "free", "billcom", "login")},
            "statements": statements.count,
            "writes_qbo": written.filter(side="qbo").count(),
            "writes_billcom": written.filter(side="billcom").count(),
            # Files attached to bills are looked for in those that went over, one call to BILL each.
            "looked_at": written.filter(side="qbo", kind="bill", verb__in=("create", "update")).count(),
            "by_kind": {kind: written.filter(kind=kind).count() for kind in ("vendor", "bill", "bill_payment")},
        }


def first_floor(found: dict[str, Any], shown: dict[str, Any]) -> dict[str, int]:
    """design: reads packed into batches, writes by batches and bulk."""
    qbo = sum(max(1, math.ceil(len(rows) / 1000)) for entity, rows in shown["qbo_books"].items() if entity in KINDS)
    billcom = sum(max(1, math.ceil(len(rows) / 100)) for name, rows in shown["billcom_books"].items() if name in LISTS)
    metered = 2 + math.ceil(qbo / 30) + math.ceil(found["writes_qbo"] / 30)
    return {"metered": metered, "billcom": billcom + found["looked_at"]}


KINDS = {"Account", "Class", "Department", "Vendor", "Customer", "Item"}
KINDS |= {"Bill", "VendorCredit", "BillPayment", "JournalEntry", "Invoice", "CreditMemo", "Payment"}
LISTS = {
    "vendor-credits",
    "chart-of-accounts",
    "accounting-classes",
    "locations",
    "vendors",
    "customers",
    "items",
    "bills",
    "payments",
    "invoices",
    "credit-memos",
    "receivable-payments",
}


def measure(sandbox: Any) -> dict[str, Any]:
    bench = Bench(sandbox)
    company, shown = bench.company(SMALL)
    books = {
        "qbo_books": sandbox.books("qbo", shown["qbo"]["realm_id"]),
        "billcom_books": sandbox.books("billcom", shown["billcom"]["organization_id"]),
    }
    first = bench.sync(company)
    first["floor"] = first_floor(first, books)
    bench.later(900)
    bench.sync(company)
    bench.later(900)
    idle = bench.sync(company)
    idle["floor"] = {"metered": 1, "billcom": len(LISTS), "free": 0, "login": 0}
    change(bench, company, shown)
    changed = bench.sync(company)
    half = CHANGES // 2
    changed["floor"] = {
        "metered": 1 + half // 1000 + math.ceil(half / 30),
        "billcom": len(LISTS) - 1 + math.ceil(half / 100) + half,
    }
    return {"first sync": first, "idle sync": idle, "1,000 changes": changed, "1,000 new bills": new_bills(bench)}


def change(bench: Bench, company: Any, shown: dict[str, Any]) -> None:
    from syncapp.models import SyncedObject

    vendors = SyncedObject.objects.of(company, "vendor").filter(billcom_id__isnull=False, qbo_id__isnull=False)
    active = [row for row in vendors if row.qbo_values["active"]][:CHANGES]
    for position, row in enumerate(active):
        if position % 2:
            record = {"Id": row.qbo_id, "AcctNum": f"A-{position}"}
            bench.sandbox.person("qbo", shown["qbo"]["realm_id"], "Vendor", record)
        else:
            record = {"id": row.billcom_id, "accountNumber": f"B-{position}"}
            bench.sandbox.person("billcom", shown["billcom"]["organization_id"], "vendors", record)


def new_bills(bench: Bench) -> dict[str, Any]:
    from syncapp.models import SyncedObject

    company, shown = bench.company(NO_BILLS)
    bench.sync(company)
    vendors = SyncedObject.objects.of(company, "vendor").filter(billcom_id__isnull=False, qbo_id__isnull=False)
    ids = [row.billcom_id for row in vendors if row.qbo_values["active"]]
    organization = shown["billcom"]["organization_id"]
    for position in range(BILLS):
        bill = {
            "vendorId": ids[position % len(ids)],
            "dueDate": "2026-09-30",
            "invoice": {"invoiceNumber": f"BENCH-{position}", "invoiceDate": "2026-08-31"},
            "billLineItems": [{"amount": 10 + position, "description": "Bench"}],
        }
        bench.sandbox.person("billcom", organization, "bills", bill)
    found = bench.sync(company)
    found["metered_per_bill"] = round(found["calls"]["metered"] / BILLS, 4)
    found["statements_per_bill"] = round(found["statements"] / BILLS, 3)
    found["bills_per_second"] = round(BILLS / found["seconds"], 1)
    reading = len(LISTS) - 1 + math.ceil(BILLS / 100)
    found["floor"] = {"metered": 1 + math.ceil(BILLS / 30), "billcom": reading + found["looked_at"]}
    return found


# --- The pure planner ------------------------------------------------------------------------------------------------


def compare() -> dict[str, float]:
    """Records compared per second by the planner alone: pairs in step, and pairs where one side was edited."""
    from syncapp.core.codec import decode
    from syncapp.core.planning import decide
    from syncapp.core.records import Seen, View
    from syncapp.core.schema import Lookup, Target, Terms
    from syncapp.core.sides import Cohort, Side
    from syncapp.kinds import KINDS as ALL
    from syncapp.sandbox.generate import generate

    made = generate(9, vendors=PAIRS, bills=0, customers=0, overlap=0.0)
    kind, terms, lookup = ALL["vendor"], Terms(cohort=Cohort.A), Lookup({})
    assert isinstance(lookup.find("vendor", Side.QBO, "0"), Target | None)
    seen = []
    for raw in made["qbo"]["Vendor"][:PAIRS]:
        values = decode(kind, raw, Side.QBO)
        base = {"billcom": dict(values), "qbo": dict(values)}
        seen.append(Seen(int(raw["Id"]), View("b", dict(values)), View(raw["Id"], values), base))
    found = {"in step": _rate(kind, seen, terms, lookup, decide)}
    for each in seen:
        assert each.qbo is not None
        each.qbo.values["email"] = "edited@vendor.example"
    return found | {"edited": _rate(kind, seen, terms, lookup, decide)}


def _rate(kind: Any, seen: list[Any], terms: Any, lookup: Any, decide: Any) -> float:
    began = time.perf_counter()
    for each in seen:
        decide(kind, each, terms, lookup)
    return round(2 * len(seen) / (time.perf_counter() - began))


# --- Memory ----------------------------------------------------------------------------------------------------------


def memory(objects: int) -> int:
    """Peak memory, in kilobytes, of a process that runs the first sync of so many bills."""
    command = [sys.executable, "-m", "tests.bench", "--one", str(objects)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return int(done.stdout.strip().splitlines()[-1])


def one(objects: int) -> None:
    from syncapp.gateways import qbo
    from syncapp.gateways.pacing import Pacer, Pacers

    with rig("0") as sandbox:
        # Limits lengthen it by a quarter of an hour and change nothing in what it needs.
        sandbox.switch(enforce_limits=False)
        much = 1_000_000
        qbo._PACERS = Pacers(lambda: Pacer(much, much, batches_per_minute=much))
        bench = Bench(sandbox)
        company, _ = bench.company(f"generated:seed=6,accounts=60,vendors=200,customers=10,items=5,bills={objects}")
        bench.sync(company)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


# --- The whole -------------------------------------------------------------------------------------------------------


@contextmanager
def rig(latency: str) -> Iterator[Any]:
    import tempfile

    from tests.support.sandbox import running_sandbox

    with (
        tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder,
        postgres_server() as url,
        running_sandbox("--latency-ms", latency) as sandbox,
    ):
        start_django(url, folder)
        yield sandbox
        from django.db import connections

        connections.close_all()


def latency_run(latency: str) -> dict[str, Any]:
    """A process of its own, since Django is started on one database only."""
    command = [sys.executable, "-m", "tests.bench", "--latency", latency]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def show(results: dict[str, Any]) -> None:
    head = f"{'':<18}{'latency':>9}{'metered':>14}{'free':>8}{'BILL':>14}{'log-ins':>9}"
    print(head + f"{'writes':>8}{'statements':>12}{'each':>8}{'seconds':>9}{'a second':>10}")
    for latency in ("0", "100"):
        for name, each in results[latency].items():
            writes, floor, calls = each["writes_qbo"] + each["writes_billcom"], each["floor"], each["calls"]
            print(
                f"{name:<18}{latency + ' ms':>9}{_next_to(calls['metered'], floor.get('metered')):>14}"
                f"{calls['free']:>8}"
                f"{_next_to(calls['billcom'], floor.get('billcom')):>14}{calls['login']:>9}{writes:>8}"
                f"{each['statements']:>12}{each['statements'] / max(writes, 1):>8.2f}{each['seconds']:>9}"
                f"{writes / each['seconds']:>10.1f}"
            )
    print("Calls stand next to their floor. BILL's floor counts reads and bulk writes; single writes come on top.")
    for latency in ("0", "100"):
        bills = results[latency]["1,000 new bills"]
        print(
            f"Bills in bulk at {latency} ms: {bills['metered_per_bill']} metered calls and "
            f"{bills['statements_per_bill']} statements each, {bills['bills_per_second']} a second."
        )
    for name, rate in results["records compared per second"].items():
        print(f"Planner: {rate:,.0f} records compared a second ({name}).")
    if "memory" in results:
        for objects, kilobytes in results["memory"].items():
            print(f"Peak memory, {objects} bills: {kilobytes / 1024:.1f} MB.")


def _next_to(found: int, floor: int | None) -> str:
    return f"{found} / {floor}" if floor is not None else str(found)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--latency", help=argparse.SUPPRESS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--without-memory", action="store_true", help="leave out the two large first syncs")
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return 0
    if options.latency:
        with rig(options.latency) as sandbox:
            found = measure(sandbox)
        print(json.dumps(found))
        return 0
    results: dict[str, Any] = {latency: latency_run(latency) for latency in ("0", "100")}
    results["records compared per second"] = compare()
    if not options.without_memory:
        results["memory"] = {str(objects): memory(objects) for objects in MEMORY}
    show(results)
    Path("bench.json").write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
