"""Tables and the questions asked of them."""

from __future__ import annotations

from syncapp.models.attachments import Attachment, AttachmentState
from syncapp.models.budgets import ApiBudget, BudgetWait, BudgetWarning, MeteredCalls
from syncapp.models.companies import Company, Firm, Membership, Role, SetupStep, is_support
from syncapp.models.connections import Connection, ConnectionState
from syncapp.models.objects import (
    OPEN_STATES,
    Conflict,
    ConflictState,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    Verb,
)
from syncapp.models.preferences import (
    AccountingPreferences,
    Attachments,
    GLMapping,
    GLRole,
    SyncPreferences,
    TransferPer,
)
from syncapp.models.runs import Cursor, Level, RunScope, RunState, SyncLogEntry, SyncRun, Trigger, UnreadRecord
from syncapp.models.webhooks import Outcome, Subscription, WebhookEvent

__all__ = [
    "OPEN_STATES",
    "AccountingPreferences",
    "ApiBudget",
    "Attachment",
    "AttachmentState",
    "Attachments",
    "BudgetWait",
    "BudgetWarning",
    "Company",
    "Conflict",
    "ConflictState",
    "Connection",
    "ConnectionState",
    "Cursor",
    "Firm",
    "GLMapping",
    "GLRole",
    "Level",
    "Membership",
    "MeteredCalls",
    "ObjectState",
    "Operation",
    "OperationState",
    "Outcome",
    "Role",
    "RunScope",
    "RunState",
    "SetupStep",
    "Subscription",
    "SyncLogEntry",
    "SyncPreferences",
    "SyncRun",
    "TransferPer",
    "SyncedObject",
    "Trigger",
    "UnreadRecord",
    "Verb",
    "WebhookEvent",
    "is_support",
]
