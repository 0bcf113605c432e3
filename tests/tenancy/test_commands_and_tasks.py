"""Commands and tasks work for the company they are told, and touch or name no other."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.utils import timezone

import syncapp.tasks as tasks
from syncapp.models import Company, Connection, SyncRun, Trigger
from syncapp.services import runs
from tests.admin.support import Cast
from tests.tenancy.walk import Foreign, crossings, rows_of

NOT_FOR_ONE = {"demo", "demo_prepare", "worker", "rotate_keys"}
"""They make or serve the whole installation."""
OF_A_COMPANY = {"sync", "sync_matrix", "tie_out"}


def said(*command: str) -> str:
    """What it prints, its refusal included."""
    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    except SystemExit:
        out.write("")
    return out.getvalue()


def test_every_command_is_known_here() -> None:
    ours = {name for name, app in get_commands().items() if app == "syncapp"}
    assert ours == NOT_FOR_ONE | OF_A_COMPANY


@pytest.mark.parametrize(
    "command",
    [
        ("sync", "{own}"),
        ("sync", "{own}", "--json"),
        ("sync", "{own}", "--preview"),
        ("sync", "{own}", "--why", "vendor", "{theirs}"),
        ("sync", "{own}", "--why", "vendor", "Xylo Paper Co"),
        ("sync_matrix", "{own}"),
        ("tie_out", "{own}"),
    ],
)
def test_a_command_for_one_company_neither_names_nor_changes_another(cast: Cast, command: tuple[str, ...]) -> None:
    own, theirs = cast.first, cast.third
    Connection.objects.filter(company=own.company).delete()
    before = rows_of(theirs.company)
    names = {"own": str(own.company.pk), "theirs": str(theirs.vendor.pk)}

    printed = said(*(part.format(**names) for part in command))

    assert printed.replace("Xylo Paper Co", "", 1).count("Xylo") == 0
    assert rows_of(theirs.company) == before
    assert crossings() == []


@pytest.mark.parametrize("named", ["²", "9" * 40, "-1", "0", "", "None"])
def test_a_company_that_is_not_there_is_said_to_be_missing(cast: Cast, named: str) -> None:
    assert "No company is called" in said("sync", named)


@pytest.mark.parametrize("record", ["²", "9" * 40, "0"])
def test_a_record_that_is_not_there_is_said_to_be_missing(cast: Cast, record: str) -> None:
    assert "No vendor has the id" in said("sync", str(cast.first.company.pk), "--why", "vendor", record)


def test_a_woken_run_touches_its_own_company_only(cast: Cast) -> None:
    Connection.objects.filter(company=cast.first.company).delete()
    others = [rows_of(rows.company) for rows in (cast.second, cast.third)]
    run = runs.request_run(cast.first.company, trigger=Trigger.PERSON, now=timezone.now())

    tasks.wake(run.pk)

    assert [rows_of(rows.company) for rows in (cast.second, cast.third)] == others
    words = " ".join(SyncRun.objects.get(pk=run.pk).log.values_list("message", flat=True))
    assert Foreign(cast.third).word not in words


@pytest.mark.parametrize("number", [0, 2**62])
def test_a_task_for_what_is_gone_does_nothing(cast: Cast, number: int) -> None:
    before = [rows_of(company) for company in Company.objects.order_by("pk")]

    tasks.wake(number)
    tasks.check_subscription(number)
    tasks.look_at_webhooks()

    assert [rows_of(company) for company in Company.objects.order_by("pk")] == before
