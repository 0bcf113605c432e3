"""Syncs: asked for, worked off slice by slice, paused and gone on with, finished."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from syncapp.gateways.errors import BadAnswer, GatewayError, RateLimited, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from syncapp.models import (
    BudgetWait,
    Company,
    Connection,
    ConnectionState,
    Level,
    RunScope,
    RunState,
    SetupStep,
    SyncLogEntry,
    SyncRun,
    Trigger,
)
from syncapp.services import budgets, pace, remotes, stages, storing
from syncapp.services import terms as terms_service
from syncapp.services.context import Context, LeaseLost, Paused, Remotes, Stopped
from syncapp.services.errors import ServiceError

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

DAY = timedelta(hours=24)
TRY_AGAIN = timedelta(hours=1)
ATTEMPTS = 5
PAUSES = (30, 60, 120, 300, 600, 1800)
MOST_PAUSES = 24
MOST_BREAKS = 5


def request_run(
    company: Company,
    *,
    trigger: Trigger,
    user: User | None = None,
    scope: RunScope = RunScope.FULL,
    let_pass: bool = False,
    now: datetime,
) -> SyncRun:
    """The company's run: a new one, or the one under way, which then goes round once more if it has begun.

    ``RunScope.READ`` reads both sides and writes to neither, so that a preview shows all there is to do.
    ``let_pass``: a person lets it pass the guards. Raises ServiceError while the company isn't set up.
    """
    if scope != RunScope.ACCOUNTS and company.setup_step not in (SetupStep.FIRST_SYNC, SetupStep.DONE):
        raise ServiceError(f"{company} isn't set up yet. Finish the steps on its Get Started page first.")
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return SyncRun.objects.create(
                    company=company,
                    trigger=trigger,
                    scope=scope,
                    started_by=user,
                    let_pass=let_pass,
                    created_at=now,
                    phase="Waiting to start",
                )
        except IntegrityError:
            # It may have ended since; then a new one can be made.
            if joined := _join(company, scope, let_pass):
                return joined
    raise ServiceError(f"A sync of {company} is just starting or ending. Try again in a moment.")


def _join(company: Company, scope: RunScope, let_pass: bool) -> SyncRun | None:
    """Have the run under way do what was asked for; None: there is none any more."""
    with transaction.atomic():
        run = SyncRun.objects.active().select_for_update().filter(company=company).first()
        if run is None:
            return None
        # What has begun may be past what changed since; a run that only reads is followed by the sync.
        if scope == RunScope.FULL and (run.state == RunState.RUNNING or run.scope != scope):
            run.again = True
        if not run.position.get("told_to_wait"):
            run.not_before = None
        run.let_pass = run.let_pass or let_pass
        run.save(update_fields=["again", "not_before", "let_pass"])
        return run


def due_companies(now: datetime) -> list[Company]:
    """Companies whose daily sync is due."""
    return list(Company.objects.due(now).exclude(runs__state__in=[RunState.WAITING, RunState.RUNNING])[:500])


def start_due(now: datetime) -> int:
    """Start the daily sync of every company that is due; how many."""
    started = 0
    for company in due_companies(now):
        try:
            request_run(company, trigger=Trigger.CLOCK, now=now)
        except ServiceError as error:
            # One company must not keep the others from their sync.
            log.warning("%s: the daily sync was put off: %s", company, error.message)
            Company.objects.filter(pk=company.pk).update(next_sync_at=now + TRY_AGAIN)
        else:
            started += 1
    return started


def runs_to_wake(now: datetime) -> list[SyncRun]:
    """Runs that nobody works on: waiting ones, paused ones whose time has come, and those of dead workers."""
    free = Q(company__lease_until__isnull=True) | Q(company__lease_until__lt=Now())
    ready = Q(not_before__isnull=True) | Q(not_before__lte=now)
    # Who has waited longest for room in a budget goes first.
    order = F("wait_for_room__since").asc(nulls_last=True), "created_at", "pk"
    return list(SyncRun.objects.active().filter(free, ready).select_related("company").order_by(*order)[:500])


def first_due(company: Company, now: datetime) -> datetime:
    """The next daily sync: about 24 h from now, each company at its own time of day so that the load is spread."""
    spread = int(hashlib.sha256(str(company.pk).encode()).hexdigest(), 16) % 3600
    return now + DAY + timedelta(seconds=spread - 1800)


def work_slice(run_id: int, *, clock: Clock, http: Http | None = None) -> bool:
    """Work on a run for a bounded time. True: there is more to do, call again.

    Nobody else works on the company meanwhile: the lease is taken first, and held through every write.
    """
    company_id = SyncRun.objects.active().filter(pk=run_id).values_list("company_id", flat=True).first()
    if company_id is None:
        return False
    owner = uuid.uuid4()
    fence = Company.objects.take_lease(company_id, owner, timedelta(seconds=settings.LEASE_SECONDS))
    if fence is None:
        return False
    try:
        # Read only now: until the lease was ours, another worker may have gone on with it.
        run = SyncRun.objects.select_related("company").filter(pk=run_id).active().first()
        if run is None or (run.not_before is not None and run.not_before > clock()):
            return False
        return _Slice(run, owner, fence, clock, http or Http()).work()
    finally:
        try:
            Company.objects.give_back_lease(company_id, owner, fence)
        finally:
            budgets.settle()


class _Slice:
    def __init__(self, run: SyncRun, owner: uuid.UUID, fence: int, clock: Clock, http: Http) -> None:
        self.run, self.owner, self.fence, self.clock, self.http = run, owner, fence, clock, http
        self.began = time.monotonic()
        self.context: Context | None = None

    def out_of_time(self) -> bool:
        return time.monotonic() - self.began > settings.SLICE_SECONDS

    def work(self) -> bool:
        if not self._begin():
            return False
        try:
            self.context = self._open()
            self._take_turn()
            pace.take_over(self.run, self.context.remotes.qbo.realm_id, self.clock())
            finished = stages.work(self.context, self._save)
        except LeaseLost:
            log.warning("run %s: the lease was lost; another worker goes on", self.run.pk)
            return False
        except Stopped as stop:
            return self._stop(stop)
        except Paused as pause:
            return self._pause(pause.seconds, pause.why, told=True)
        except Unauthorized as error:
            self._lost(error)
            return self._fail(error.words, "needs-reconnect")
        except budgets.NoRoom as error:
            return self._wait_for_room(error)
        except (RateLimited, Unavailable, BadAnswer) as error:
            return self._pause(self._patience(error), error.words, told=bool(error.retry_after))
        except GatewayError as error:
            return self._fail(str(error), "refused")
        except ServiceError as error:
            return self._fail(error.message, "refused")
        except OperationalError as error:
            # Two waited for each other, or the database was away: what was committed stands, and the run goes on.
            log.warning("run %s: the database refused: %s", self.run.pk, error)
            return self._pause(PAUSES[0], "The database was busy.", told=False)
        except Exception as error:  # the edge of a task: whatever it was, the run says so and the worker lives
            log.exception("run %s failed", self.run.pk)
            return self._fail(f"Something unexpected went wrong ({type(error).__name__}). Support has the details.", "")
        return self._finish() if finished else self._save_and_go_on()

    def _take_turn(self) -> None:
        """Whoever met a limit before us goes first."""
        if BudgetWait.objects.in_line().exists():
            budgets.take_turn(self.run, remotes.allowances(self.run.company), self.clock())

    def _wait_for_room(self, error: budgets.NoRoom) -> bool:
        """Give way to the others, and go on where we are when there is room; however often, it is no failed try."""
        budgets.queue_up(self.run, error, self.clock())
        self.run.position["pauses"] = 0
        return self._pause(self._patience(error), error.words, told=True)

    def _lost(self, error: Unauthorized) -> None:
        """People are told on the company's pages, and nothing more is tried until somebody connects again."""
        live = Connection.objects.filter(company=self.run.company, side=error.side, state=ConnectionState.CONNECTED)
        for connection in live:
            Connection.objects.lost(connection.pk, error.words)

    def _begin(self) -> bool:
        """Count this slice; a run whose slices keep breaking off (a worker killed each time) ends and says so."""
        run, now = self.run, self.clock()
        broke_off = bool(run.position.get("open"))
        run.state, run.started_at = RunState.RUNNING, run.started_at or now
        run.slices, run.not_before = run.slices + 1, None
        run.failures += broke_off
        if broke_off:
            # What the dead worker was writing is settled first, and both sides are read anew for that.
            stages.start_over(run.position)
        if run.failures > MOST_BREAKS:
            self._fail(f"It broke off {run.failures} times and was given up. Support has the log.", "broke-off")
            return False
        run.position["open"] = True
        run.save(update_fields=_SAVED)
        return True

    def _open(self) -> Context:
        company = self.run.company
        if self.run.scope == RunScope.ACCOUNTS:
            both = Remotes(self.http, remotes.open_qbo(company, self.http, self.clock), None)  # type: ignore[arg-type]
        else:
            both = remotes.open_both(company, self.clock, self.http)
        return Context(
            company,
            self.run,
            both,
            terms_service.load(company),
            self.clock,
            self.owner,
            self.fence,
            self.out_of_time,
            Counter({name: int(number) for name, number in self.run.counts.items()}),
        )

    def _save(self) -> None:
        """Where the run is, what it did, and its log so far: in one short transaction, if the company is still ours."""
        context = self.context
        if context is not None:
            self.run.counts = dict(context.counts)
        calls = Counter(self.run.calls)
        calls.update(self.http.calls)
        self.run.calls = dict(calls)
        self.http.calls.clear()
        with transaction.atomic():
            if context is not None:
                context.confirm_lease()
            SyncRun.objects.filter(pk=self.run.pk).update(**{name: getattr(self.run, name) for name in _SAVED})
            if context is not None:
                storing.move_cursors(context)
                SyncLogEntry.objects.bulk_create(context.notes)
                context.notes.clear()

    def _close(self) -> None:
        self.run.position.pop("open", None)
        if self.context is not None:
            pace.keep(self.run, self.context.remotes.qbo.realm_id, self.clock())
        try:
            self._save()
        except LeaseLost:
            log.warning("run %s: the lease was lost at its end", self.run.pk)

    def _save_and_go_on(self) -> bool:
        # Only slices that break off one after the other mean that it can't go on.
        self.run.failures = 0
        self._close()
        return True

    def _note(self, message: str, level: Level) -> None:
        SyncLogEntry.objects.create(
            run=self.run, company=self.run.company, at=self.clock(), level=level, message=message
        )

    def _patience(self, error: RateLimited | Unavailable | BadAnswer) -> float:
        tries = int(self.run.position.get("pauses", 0))
        return float(error.retry_after or PAUSES[min(tries, len(PAUSES) - 1)])

    def _pause(self, seconds: float, why: str, *, told: bool) -> bool:
        """Give way and go on later; the slice's place is kept. ``told``: it must be so long, whoever asks."""
        tries = int(self.run.position.get("pauses", 0)) + 1
        if tries > MOST_PAUSES:
            return self._fail(f"Given up after {tries} tries: {why}", "gave-up")
        self.run.position.update(pauses=tries, told_to_wait=told)
        stages.start_over(self.run.position)
        self.run.not_before = self.clock() + timedelta(seconds=seconds)
        self.run.phase = f"Paused: {why}"[:120]
        self._note(f"Paused for {round(seconds)} seconds: {why}", Level.WARNING)
        self._close()
        return False

    def _stop(self, stop: Stopped) -> bool:
        message = f"Stopped before writing anything more, because {stop.what}."
        return self._break_off(RunState.STOPPED, f"{message} If this is right, let it pass and sync again.", stop.code)

    def _fail(self, message: str, code: str) -> bool:
        return self._break_off(RunState.FAILED, message, code)

    def _break_off(self, state: RunState, message: str, code: str) -> bool:
        self._end(state, message, code)
        if self.run.scope != RunScope.FULL:
            # Who asked for a sync meanwhile gets it, and its own outcome.
            self._go_round()
        return False

    def _finish(self) -> bool:
        """The end, what it means for the company, and the next run: all of it or nothing."""
        try:
            with transaction.atomic():
                if self.context is not None:
                    self.context.confirm_lease()
                self._end(RunState.DONE, "", "")
                self._mark_company()
                self._go_round()
        except LeaseLost:
            log.warning("run %s: the lease was lost at its end", self.run.pk)
        return False

    def _mark_company(self) -> None:
        run = self.run
        company, now = run.company, self.clock()
        if run.scope == RunScope.ACCOUNTS:
            Company.objects.filter(pk=company.pk, setup_step=SetupStep.IMPORT_ACCOUNTS).update(
                setup_step=SetupStep.MAP_BANKS
            )
        if run.scope != RunScope.FULL:
            return
        Company.objects.filter(pk=company.pk, set_up_at__isnull=True).update(set_up_at=run.created_at)
        Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
        if run.trigger == Trigger.CLOCK or company.next_sync_at is None:
            Company.objects.filter(pk=company.pk).update(next_sync_at=first_due(company, now))

    def _go_round(self) -> None:
        """Somebody asked for a sync while this one ran: that is the next run."""
        run = self.run
        asked = SyncRun.objects.filter(pk=run.pk, again=True).values_list("let_pass", flat=True).first()
        if asked is not None:
            company, trigger = Company.objects.get(pk=run.company_id), Trigger(run.trigger)
            try:
                request_run(company, trigger=trigger, user=run.started_by, let_pass=asked, now=self.clock())
            except ServiceError as error:
                self._note(f"It was asked for once more, but: {error.message}", Level.WARNING)

    def _end(self, state: RunState, message: str, code: str) -> None:
        run = self.run
        run.state, run.message, run.stop_code = state, message, code
        run.finished_at, run.progress = self.clock(), 100 if state == RunState.DONE else run.progress
        run.phase = "" if state == RunState.DONE else run.phase
        if message:
            self._note(message, Level.ERROR if state == RunState.FAILED else Level.WARNING)
        if run.trigger == Trigger.CLOCK and state != RunState.DONE:
            later = self.clock() + TRY_AGAIN
            Company.objects.filter(pk=run.company_id).update(next_sync_at=later)
        self._close()


_SAVED = (
    "state",
    "started_at",
    "finished_at",
    "not_before",
    "slices",
    "failures",
    "position",
    "counts",
    "calls",
    "progress",
    "phase",
    "stop_code",
    "message",
)


def run_to_end(run: SyncRun, *, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> SyncRun:
    """Work a run off here and now, waiting out its pauses; used by commands."""
    while True:
        more = work_slice(run.pk, clock=clock)
        run.refresh_from_db()
        if not run.active:
            return run
        if not more:
            wait = (run.not_before - clock()).total_seconds() if run.not_before else 1
            sleep(max(0.05, min(wait, 60)))


def progress(run: SyncRun) -> dict[str, Any]:
    """What a progress bar shows: percent, phase, state, message, counts."""
    return {
        "percent": run.progress,
        "phase": run.phase,
        "state": run.state,
        "state_label": run.get_state_display(),
        "active": run.active,
        "message": run.message,
        "counts": {name: int(number) for name, number in run.counts.items()},
        "goes_on_at": run.not_before.isoformat() if run.not_before else None,
    }


def let_pass(run: SyncRun, user: User, *, now: datetime) -> SyncRun:
    """A person has looked at why a guard stopped the run and lets it pass: a new run that doesn't stop there."""
    if run.state != RunState.STOPPED:
        raise ServiceError("Only a run that a guard stopped can be let pass.")
    scope = RunScope(run.scope)
    return request_run(run.company, trigger=Trigger.PERSON, user=user, scope=scope, let_pass=True, now=now)
