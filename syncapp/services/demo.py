"""The demonstration: a firm, its people and companies over the sandbox, and one full sync from nothing."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.gateways.http import Purse
from syncapp.kinds import KINDS
from syncapp.models import (
    Company,
    Firm,
    GLRole,
    Membership,
    ObjectState,
    Operation,
    Role,
    RunState,
    SetupStep,
    SyncedObject,
    SyncRun,
    Trigger,
    Verb,
)
from syncapp.services import connections, preferences, runs, setup, tie_out
from syncapp.services.errors import ServiceError

PEOPLE = (
    ("admin@tieout.example", Role.ADMINISTRATOR, "administers the firm: connects companies, sets preferences, syncs"),
    ("accountant@tieout.example", Role.ACCOUNTANT, "works on the firm's companies"),
    ("clerk@tieout.example", Role.CLERK, "looks at the first company only"),
    ("support@tieout.example", Role.SUPPORT, "inspects every company, connects none"),
)
PURSES = {
    Purse.BILLCOM: "to BILL",
    Purse.LOGIN: "log-ins to BILL",
    Purse.METERED: "metered to QuickBooks",
    Purse.FREE: "free to QuickBooks",
    Purse.OAUTH: "to Intuit for tokens",
}
# The one company goes one way, with what is approved only; the others as their cohort has it.
CHOSEN: Mapping[str, dict[str, Any]] = {"Lakeside Builders": {"one_way": True, "approved_only": True}}
# How to sign in to BILL, and where the sandbox's answer has what is entered.
AS_CONSOLE = ("console", "console_email", "console_api_token")
AS_TOKEN = ("sync-token", "sync_token_name", "sync_token_value")
Write = Callable[[str], object]


def prepare(loaded: Sequence[Mapping[str, Any]], *, password: str, now: datetime) -> list[tuple[str, str]]:
    """The firm, its people and its companies; calling it again changes nothing but the password. (name, may) each."""
    firm, _ = Firm.objects.get_or_create(name="Cedar & Main Accounting")
    companies = [_company(firm, each) for each in loaded]
    for name, role, _ in PEOPLE:
        user = _person(name, password)
        scope: dict[str, Any] = {}
        if role == Role.CLERK:
            scope = {"company": companies[0]}
        elif role != Role.SUPPORT:
            scope = {"firm": firm}
        Membership.objects.get_or_create(user=user, role=role, **scope)
    direct = [company for company in companies if company.firm_id is None]
    for company in direct:
        for name in (PEOPLE[0][0], PEOPLE[1][0]):
            Membership.objects.get_or_create(
                user=_person(name, password), company=company, defaults={"role": Role.ADMINISTRATOR}
            )
    return [(name, may) for name, _, may in PEOPLE]


def _company(firm: Firm, shown: Mapping[str, Any]) -> Company:
    found = Company.objects.filter(name=shown["name"]).first()
    if found is not None:
        return found
    return setup.make_company(
        name=str(shown["name"]),
        firm=firm if shown["console"] else None,
        signed_up_on=date.fromisoformat(shown["signed_up_on"]),
    )


def _person(name: str, password: str) -> User:
    user, _ = get_user_model().objects.get_or_create(username=name.split("@")[0], defaults={"email": name})
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return user


# --- One full sync ---------------------------------------------------------------------------------------------------


def show(loaded: Sequence[Mapping[str, Any]], *, now: datetime, write: Write) -> None:
    """Connect and sync fully each company that isn't set up yet, and say in a line what each is."""
    for shown in loaded:
        company = Company.objects.get(name=shown["name"])
        if company.setup_step != SetupStep.DONE:
            write(f"Connecting and syncing {company.name} …")
            make_ready(company, shown, now=now)
            run = sync(company)
            if run.state != RunState.DONE:
                write(f"  {run.get_state_display().lower()}: {run.message}")
        write(f"  {_line(company)}")


def _line(company: Company) -> str:
    objects = SyncedObject.objects.filter(company=company)
    linked = objects.filter(billcom_id__isnull=False, qbo_id__isnull=False).count()
    held = objects.filter(state=ObjectState.HELD).count()
    return f"{company.name:<20} {company.in_brief}: {linked} on both sides, {held} held"


def run_once(loaded: Sequence[Mapping[str, Any]], *, now: datetime, write: Write) -> bool:
    """Connect each company as its pages do, sync it fully, print what happened; whether all of them tie out."""
    tied = [_run_once(shown, now=now, write=write) for shown in loaded]
    return all(tied)


def _run_once(shown: Mapping[str, Any], *, now: datetime, write: Write) -> bool:
    company = Company.objects.get(name=shown["name"])
    if company.setup_step != SetupStep.DONE:
        make_ready(company, shown, now=now)
    began = time.monotonic()
    run = sync(company)
    seconds = time.monotonic() - began
    write(f"\n{company.name} ({company.in_brief}): {run.get_state_display().lower()} {run.message}".rstrip())
    for line in table(company, run):
        write(line)
    calls = ", ".join(f"{number} {PURSES[Purse(purse)]}" for purse, number in sorted(run.calls.items())) or "none"
    write(f"\nAPI calls: {calls}. Seconds: {seconds:.1f}.")
    by_verb = Counter(Operation.objects.filter(run=run).values_list("verb", flat=True))
    verbs = ", ".join(f"{number} {Verb(verb).label.lower()}" for verb, number in sorted(by_verb.items()))
    write(f"Writes: {by_verb.total()}{f' ({verbs})' if verbs else ''}.")
    found = tie_out.tie_out(company, now=timezone.now())
    for line in ("", *found.summary()):
        write(line)
    for row in (row for compared in found.both for row in compared.rows if row.difference):
        write(f"  {row.party}: unexplained {row.difference:,.2f}")
    return run.state == RunState.DONE and found.ties


def make_ready(company: Company, shown: Mapping[str, Any], *, now: datetime) -> None:
    """Connected and set up, with the preferences that this company of the demonstration is to show."""
    user = _administrator()
    set_up(company, user, shown, now=now)
    if chosen := CHOSEN.get(company.name):
        preferences.save_sync_preferences(company, user, chosen, {}, now=now)
    company.refresh_from_db()


def sync(company: Company) -> SyncRun:
    run = runs.request_run(company, trigger=Trigger.COMMAND, user=_administrator(), now=timezone.now())
    run = runs.run_to_end(run, clock=timezone.now)
    company.refresh_from_db()
    return run


def _administrator() -> User:
    return get_user_model().objects.get(username=PEOPLE[0][0].split("@")[0])


def set_up(company: Company, user: User, shown: Mapping[str, Any], *, now: datetime) -> None:
    """The guide's steps, through the same services as its pages."""
    billcom = shown["billcom"]
    # A firm's clients are connected as a firm connects them: through its console.
    sign_in, name, secret = AS_CONSOLE if shown["console"] else AS_TOKEN
    connections.connect_billcom(
        company,
        user,
        sign_in=sign_in,
        username=billcom[name],
        password=billcom[secret],
        organization_id=billcom["organization_id"],
        developer_key="" if settings.BILLCOM_DEVELOPER_KEY else billcom["developer_key"],
        now=now,
    )
    callback = f"{settings.PUBLIC_URL}/oauth/quickbooks/callback/"
    url = connections.start_qbo(company, user, redirect_uri=callback, now=now)
    answer = consent(url, shown["qbo"])
    connections.finish_qbo(
        user,
        state=answer["state"],
        code=answer["code"],
        realm_id=answer["realmId"],
        redirect_uri=callback,
        now=now,
    )
    company.refresh_from_db()
    runs.run_to_end(setup.start_import(company, user, now=now), clock=timezone.now)
    company.refresh_from_db()
    mappings = setup.bank_mappings(company, now=now)
    choices = list(setup.account_choices(company, GLRole.BANK_ACCOUNT))
    free = [each for each in choices if each.pk not in {known.account_id for known in mappings}]
    spare = [each for each in free if "clearing" not in str(each).casefold()] or choices
    picked = {each.pk: each.account.pk if each.account else spare[0].pk for each in mappings}
    setup.save_bank_mappings(company, picked, now=now)
    account = setup.propose_uncategorized(company) or setup.account_choices(company, GLRole.UNALLOCATED_EXPENSE).first()
    setup.save_uncategorized(company, account.pk if account else None, now=now)
    operating = next((each.account for each in mappings if each.account), choices[0])
    setup.set_account(company, GLRole.DEFAULT_BANK, operating)


def table(company: Company, run: SyncRun) -> list[str]:
    """Kind by kind: what there is on both sides, what was made, and what is held and why."""
    head = f"{'Kind':<18}{'BILL':>7}{'QuickBooks':>12}{'linked':>8}{'→ BILL':>8}{'→ QBO':>8}{'held':>6}  why"
    lines = ["", head, "-" * len(head)]
    for kind in KINDS.values():
        objects = SyncedObject.objects.of(company, kind.name)
        holds = Counter(objects.exclude(hold_code="").values_list("hold_code", flat=True))
        made = Counter(Operation.objects.filter(run=run, kind=kind.name, verb="create").values_list("side", flat=True))
        ours, theirs = objects.filter(billcom_id__isnull=False), objects.filter(qbo_id__isnull=False)
        lines.append(
            f"{kind.plural:<18}{ours.count():>7}{theirs.count():>12}{ours.filter(qbo_id__isnull=False).count():>8}"
            f"{made[Side.BILLCOM]:>8}{made[Side.QBO]:>8}{sum(holds.values()):>6}  "
            + ", ".join(f"{code} {number}" for code, number in sorted(holds.items()))
        )
    unexplained = SyncedObject.objects.filter(company=company, state=ObjectState.HELD, hold_code="").count()
    return [*lines, f"Held without a reason: {unexplained}"]


class _Form(HTMLParser):
    """The first form of a page: its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.over = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and not self.over:
            self.fields[found.get("name") or ""] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.over = self.over or tag == "form"


class _Stay(urllib.request.HTTPRedirectHandler):
    """The way back leads to our own pages; here only its address is wanted."""

    def redirect_request(self, *args: Any) -> None:
        return None


def consent(url: str, qbo: Mapping[str, Any]) -> dict[str, str]:
    """Sign in on the sandbox's page and choose the company, as the browser would; what it sends back to us."""
    administrator = next(each["email"] for each in qbo["users"] if each["role"] == "Primary Admin")
    page = _open(url)
    page = _open(url, {**_Form(page).fields, "email": administrator, "password": qbo["password"]})
    try:
        _open(url, {**_Form(page).fields, "realm": qbo["realm_id"]})
    except urllib.error.HTTPError as answer:
        with answer:
            sent_to = urllib.parse.urlsplit(answer.headers.get("Location") or "")
        found = {name: values[0] for name, values in urllib.parse.parse_qs(sent_to.query).items()}
        if "code" in found:
            return found
    raise ServiceError("The sandbox's sign-in page did not send us back with a code.")


def _open(url: str, form: Mapping[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    with urllib.request.build_opener(_Stay()).open(url, data=data, timeout=30) as response:
        return str(response.read().decode())
