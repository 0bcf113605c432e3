"""`make chaos`: many companies, several workers, and somebody who kills them; then what must hold.

A PostgreSQL and a sandbox of its own. Clusters of queue workers sync all companies while people edit both sides and a
process of a cluster is killed (SIGKILL) every few seconds. Then the killing stops, all companies sync once more, and
the books of both sides are compared. Ends with 1 where something is there twice, doesn't tie out, or is stuck.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench import rig

ROOT = Path(__file__).resolve().parent.parent
COMPANY = "generated:seed={seed},accounts=12,vendors=5,customers=3,items=1,bills=8"
SETTLE_SECONDS = 600
# Longer than any pause but the one for an hour's budget.
RESTS = timedelta(seconds=120)
# Named in the environment of every process of a cluster, and of no other.
MARK = "TIEOUT_CHAOS"


@dataclass
class Client:
    """One company here and on both sides."""

    company: Any
    shown: dict[str, Any]
    made: int = 0

    @property
    def realm(self) -> str:
        return str(self.shown["qbo"]["realm_id"])

    @property
    def organization(self) -> str:
        return str(self.shown["billcom"]["organization_id"])


@dataclass
class Cluster:
    """`manage.py worker` and everything it started."""

    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker", "--grace", "5"],
                cwd=ROOT,
                env={**self.environment, MARK: str(self.log)},
                stdout=out,
                stderr=out,
            )

    def members(self) -> list[int]:
        """All processes of it that live, whoever their parent is by now."""
        mark = f"{MARK}={self.log}".encode()
        return [pid for pid in processes() if mark in _environment_of(pid)]

    def end(self) -> None:
        # The supervisor first, or it starts them again.
        self.process.kill()
        while members := self.members():
            for pid in members:
                _kill(pid)
            self.process.wait()
            time.sleep(0.1)


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


class Chaos:
    def __init__(self, sandbox: Any, options: argparse.Namespace) -> None:
        self.sandbox, self.options = sandbox, options
        self.random = random.Random(options.seed)
        self.counts: Counter[str] = Counter()
        self.clients: list[Client] = []

    # --- before ------------------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        from django.conf import settings
        from django.utils import timezone

        from syncapp.models import Company
        from tests.support.syncing import Clock, set_up

        settings.QBO_BASE_URL = f"{self.sandbox.url}/qbo/v3/company"
        settings.QBO_DISCOVERY_URL = f"{self.sandbox.url}/qbo/.well-known/openid_configuration"
        settings.BILLCOM_BASE_URL = f"{self.sandbox.url}/billcom/connect"
        clock = Clock()
        for number in range(self.options.companies):
            shown = self.sandbox.load(COMPANY.format(seed=self.options.seed * 1000 + number))
            settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
            settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
            company = set_up(shown, clock, name=f"Client {number:03}")
            self.clients.append(Client(company, shown))
        self.sandbox.clear_calls()
        # Due now: the workers' own clock finds them, as it does every night.
        Company.objects.update(set_up_at=timezone.now(), next_sync_at=timezone.now())

    def environment(self, folder: str) -> dict[str, str]:
        from django.conf import settings

        return {
            **os.environ,
            "QBO_BASE_URL": settings.QBO_BASE_URL,
            "QBO_DISCOVERY_URL": settings.QBO_DISCOVERY_URL,
            "BILLCOM_BASE_URL": settings.BILLCOM_BASE_URL,
            "QBO_CLIENT_ID": settings.QBO_CLIENT_ID,
            "QBO_CLIENT_SECRET": settings.QBO_CLIENT_SECRET,
            "LEASE_SECONDS": "5",
            "IN_DOUBT_SECONDS": "2",
            "SLICE_SECONDS": "10",
            "Q_WORKERS": "2",
            # A cluster that hangs is noticed in a minute and a half, not in six.
            "Q_TIMEOUT": "25",
            "Q_RETRY": "40",
            "Q_POLL": "0.2",
            "LOG_LEVEL": "WARNING",
            "TIEOUT_TEST_DIR": folder,
        }

    # --- while it goes on --------------------------------------------------------------------------------------------

    def rage(self, clusters: list[Cluster]) -> None:
        """Until the time is over: people edit, a sync is asked for, something is killed."""
        until = time.monotonic() + self.options.minutes * 60
        next_kill = time.monotonic() + 5.0
        while time.monotonic() < until:
            self.edit(self.random.choice(self.clients))
            if time.monotonic() >= next_kill:
                self.kill(self.random.choice(clusters))
                next_kill = time.monotonic() + self.random.uniform(1.0, 4.0)
            for cluster in clusters:
                if cluster.process.poll() is not None:
                    cluster.start()
                    self.counts["clusters started again"] += 1
            time.sleep(0.2)

    def kill(self, cluster: Cluster) -> None:
        members = cluster.members()
        if members and _kill(self.random.choice(members)):
            self.counts["processes killed"] += 1

    def edit(self, client: Client) -> None:
        """One person's work in one product, and now and then Sync Now."""
        self.random.choice((self.new_bill, self.new_vendor, self.new_address))(client)
        self.counts["edits by people"] += 1
        if self.random.random() < 0.3:
            ask(client.company)

    def new_bill(self, client: Client) -> None:
        vendors = [
            each for each in self.sandbox.books("billcom", client.organization)["vendors"] if not each["archived"]
        ]
        client.made += 1
        bill = {
            "vendorId": self.random.choice(vendors)["id"],
            "dueDate": "2026-12-31",
            "invoice": {"invoiceNumber": f"CH-{client.made}", "invoiceDate": "2026-12-01"},
            "billLineItems": [{"amount": 10 + client.made, "description": "Chaos"}],
        }
        self.sandbox.person("billcom", client.organization, "bills", bill)

    def new_vendor(self, client: Client) -> None:
        client.made += 1
        address = {"Line1": "1 Quay", "City": "Dover", "PostalCode": "19901", "Country": "US"}
        self.sandbox.person(
            "qbo", client.realm, "Vendor", {"DisplayName": f"Vendor made {client.made}", "BillAddr": address}
        )

    def new_address(self, client: Client) -> None:
        vendors = [each for each in self.sandbox.books("qbo", client.realm)["Vendor"] if each["Active"]]
        email = {"Address": f"chaos{self.random.randrange(10**6)}@vendor.example"}
        change = {"Id": self.random.choice(vendors)["Id"], "PrimaryEmailAddr": email}
        self.sandbox.person("qbo", client.realm, "Vendor", change)

    # --- afterwards --------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Nothing is killed any more: all runs end by themselves, and so does one more of every company."""
        self.wait("runs still under way after the killing")
        for client in self.clients:
            ask(client.company)
        self.wait("runs still under way after the last sync")

    def wait(self, what: str) -> None:
        """Until nothing is under way; what waits for the next hour's room at BILL is waited for."""
        from django.utils import timezone

        from syncapp.models import SyncRun

        until = time.monotonic() + SETTLE_SECONDS
        while (left := SyncRun.objects.active().count()) and time.monotonic() < until:
            time.sleep(1)
            if resting := SyncRun.objects.active().filter(not_before__gt=timezone.now() + RESTS).count():
                until = time.monotonic() + SETTLE_SECONDS
                self.counts["runs that waited for the next hour"] = max(
                    resting, self.counts["runs that waited for the next hour"]
                )
        if left:
            self.counts[f"!!! {what}"] = left

    def judge(self) -> None:
        from django.utils import timezone

        from syncapp.models import Operation, RunState, SyncRun
        from syncapp.services import tie_out

        for client in self.clients:
            for name, number in doubles(self.sandbox, client).items():
                self.counts[f"!!! {name} there twice"] += number
            if Operation.objects.unfinished(client.company).exists():
                self.counts["!!! companies with unfinished writes"] += 1
            if tie_out.tie_out(client.company, now=timezone.now()).ties:
                self.counts["companies that tie out"] += 1
            else:
                self.counts["!!! companies that don't tie out"] += 1
        runs = SyncRun.objects.all()
        self.counts["runs"] = runs.count()
        self.counts["slices that broke off in the runs' last stretch"] = sum(runs.values_list("failures", flat=True))
        self.counts["runs given up after five breaks"] = runs.filter(stop_code="broke-off").count()
        failed = runs.filter(state=RunState.FAILED).exclude(stop_code="broke-off")
        for message in failed.values_list("message", flat=True):
            self.counts[f"!!! run failed: {message}"] += 1
        self.count_calls()

    def count_calls(self) -> None:
        """What the sandbox saw, next to what the products allow; it has refused what came too fast or at once."""
        calls = self.sandbox.calls()
        self.counts["API calls"] = len(calls)
        for side in ("qbo", "billcom"):
            refused = sum(each["status"] == 429 and each["side"] == side for each in calls)
            self.counts[f"{'!!! ' if refused else ''}calls that {side} refused for being too many"] = refused
        for name, (number, most) in busiest(calls).items():
            self.counts[f"{'!!! ' if number > most else ''}{name} (at most {most:,})"] = number

    def count_restarts(self, clusters: list[Cluster]) -> None:
        for cluster in clusters:
            log = cluster.log.read_text(errors="replace")
            self.counts["hung clusters that were noticed"] += log.count("has stalled")
            self.counts["dead clusters that were replaced"] += log.count("it starts again") - log.count("has stalled")


def busiest(calls: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """The fullest window of each limit, and the limit.

    Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
    Reference: https://developer.bill.com/docs/api-rate-limits
    """
    qbo = [each for each in calls if each["side"] == "qbo" and each["company"]]
    batches = [each for each in qbo if each["path"].endswith("/batch")]
    billcom = [each for each in calls if each["side"] == "billcom"]
    log_ins = [each for each in billcom if each["path"].endswith("/login")]
    return {
        "calls of one QuickBooks company in a second": (fullest(qbo, 1, "company"), 10),
        "calls of one QuickBooks company in a minute": (fullest(qbo, 60, "company"), 500),
        "batches of one QuickBooks company in a minute": (fullest(batches, 60, "company"), 40),
        "calls to BILL in an hour of the clock": (fullest_hour(billcom), 20_000),
        "log-ins to BILL in an hour of the clock": (fullest_hour(log_ins), 200),
    }


def fullest_hour(calls: list[dict[str, Any]]) -> int:
    """What is used up at BILL comes back when the next hour of the clock begins."""
    hours = Counter(datetime.fromisoformat(call["at"]).strftime("%Y-%m-%d %H") for call in calls)
    return max(hours.values(), default=0)


def fullest(calls: list[dict[str, Any]], seconds: float, by: str) -> int:
    """The most calls of one owner in any stretch of so many seconds."""
    most, recent = 0, defaultdict[str, deque[float]](deque)
    for call in calls:
        window, at = recent[call[by]], datetime.fromisoformat(call["at"]).timestamp()
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def ask(company: Any) -> None:
    """Sync Now."""
    from django.utils import timezone

    from syncapp import tasks
    from syncapp.models import Trigger
    from syncapp.services import runs

    tasks.enqueue(runs.request_run(company, trigger=Trigger.PERSON, now=timezone.now()))


def doubles(sandbox: Any, client: Client) -> Counter[str]:
    """What a person made once and is there twice, by the books of both sides."""
    qbo, billcom = sandbox.books("qbo", client.realm), sandbox.books("billcom", client.organization)
    keys = {
        "QuickBooks bills": [(each["VendorRef"]["value"], each.get("DocNumber")) for each in qbo["Bill"]],
        "QuickBooks vendors": [each["DisplayName"] for each in qbo["Vendor"]],
        "BILL bills": [(each["vendorId"], each["invoice"]["invoiceNumber"]) for each in billcom["bills"]],
        "BILL vendors": [each["name"].casefold() for each in billcom["vendors"]],
        "BILL customers": [each["name"].casefold() for each in billcom["customers"]],
    }
    return Counter({name: len(found) - len(set(found)) for name, found in keys.items() if len(found) > len(set(found))})


@contextmanager
def clusters_of(chaos: Chaos, folder: str) -> Iterator[list[Cluster]]:
    environment = chaos.environment(folder)
    with ExitStack() as stack:
        found = []
        for number in range(chaos.options.clusters):
            cluster = Cluster(environment, Path(folder) / f"cluster-{number}.log")
            stack.callback(cluster.end)
            found.append(cluster)
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--clusters", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # Ended by whom it may be: the clusters are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with rig("0") as sandbox:
        chaos = Chaos(sandbox, options)
        began = time.monotonic()
        print(f"Setting up {options.companies} companies …", flush=True)
        chaos.set_up()
        folder = os.environ["TIEOUT_TEST_DIR"]
        with clusters_of(chaos, folder) as clusters:
            print(f"{options.clusters} clusters, {options.minutes:g} minutes of killing …", flush=True)
            chaos.rage(clusters)
            print("Settling …", flush=True)
            chaos.settle()
        chaos.judge()
        chaos.count_restarts(clusters)
        chaos.counts["seconds"] = round(time.monotonic() - began)
    print(f"Load of the machine (1, 5, 15 minutes): {' '.join(f'{each:.1f}' for each in os.getloadavg())}")
    for name, number in chaos.counts.items():
        print(f"{number:>8,}  {name}")
    return int(any(name.startswith("!!!") for name in chaos.counts))


if __name__ == "__main__":
    sys.exit(main())
