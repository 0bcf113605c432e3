"""The guide's preferences as forms: its fields, in its order, with its notes in its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from syncapp.core.sides import Cohort
from syncapp.kinds import KINDS
from syncapp.models import (
    AccountingPreferences,
    Attachments,
    Company,
    GLRole,
    SyncedObject,
    SyncPreferences,
    TransferPer,
)
from syncapp.models.connections import SIDE_CHOICES
from syncapp.services import preferences as service
from syncapp.services import setup
from syncapp.views.countries import COUNTRIES
from syncapp.views.forms import AccountChoices, AccountField, AccountsForm, account_options

# What each account is for, as the set-up guide says it.
ROLE_NOTES: Mapping[GLRole, str] = {
    GLRole.UNALLOCATED_EXPENSE: (
        "This is where bills with no GL accounts specified in BILL will post to during the sync."
    ),
    GLRole.UNALLOCATED_INCOME: (
        "Invoice lines with no item in BILL post to this account, by the one active product or service in your "
        "accounting software that is sold to it."
    ),
    GLRole.ACCOUNTS_PAYABLE: "Bills sent to QuickBooks Online post to this account.",
    GLRole.ACCOUNTS_RECEIVABLE: (
        "Customers' payments sent to QuickBooks Online post against this account. Choose the one that your invoices "
        "post to; QuickBooks Online refuses payments against another."
    ),
    GLRole.DEFAULT_BANK: "This is the default bank account used to record any payments made outside of BILL.",
    GLRole.DEPOSIT_TO: (
        "This is the default account to record payments received outside of BILL. Ex: Undeposited Funds is frequently "
        "used to record check payments received, but not yet deposited."
    ),
    GLRole.MONEY_OUT_CLEARING: "Payments made through BILL post here until their funds leave the bank.",
    GLRole.MONEY_IN_CLEARING: "Customers' payments received through BILL post here until their funds reach the bank.",
    GLRole.CARD: "Bills paid through BILL by credit card post to this account. Needed only where you pay by card.",
    GLRole.BANK_ACCOUNT: (
        "This is where funds transfers for payments made/received through the specified bank account will post. "
        "Transfers that are posted already stay where they are."
    ),
}
ROLES = tuple(role for role in ROLE_NOTES if role is not GLRole.BANK_ACCOUNT)
GUIDE_ORDER = ("sync_automatically", "approved_only", "one_way", "two_way_payments")
AFTER_ACCOUNTS = (
    "transfer_per",
    "attachments",
    "payment_terms",
    "credits_at_once",
    "master",
    "vendor_country",
    "customer_email",
)


@dataclass(frozen=True)
class Value:
    """One preference as it is, for reading. ``on`` is None where it is no switch."""

    label: str
    note: str
    why: str
    on: bool | None
    text: str


def values_of(form: forms.Form) -> list[Value]:
    """The same fields, in the same order and words, as they are stored."""
    shown = [form[name] for name in form.fields]
    return [_value(each) for each in shown if each.initial or not isinstance(each.field, MasterOfKind)]


def _value(bound: forms.BoundField) -> Value:
    field, stored = bound.field, bound.initial
    label, note = str(field.label), str(field.help_text)
    if isinstance(field, Switch):
        return Value(label, note, field.why, bool(stored), "")
    choices: Any = getattr(field, "choices", ())
    text = dict(choices).get(str(stored), "") if choices else stored
    return Value(label, note, "", None, str(text) if stored else "")


class Switch(forms.BooleanField):
    """On or off; where it can't be changed, ``why`` says so."""

    why = ""

    def grey(self, why: str, *, on: bool) -> None:
        self.disabled, self.initial, self.why = True, on, why


class MasterOfKind(forms.ChoiceField):
    """Whose value is kept for records of one kind; empty: the master's."""


class SyncPreferencesForm(AccountsForm):
    sync_automatically = Switch(
        label="Sync Automatically",
        required=False,
        help_text=(
            "Checking this box ensures that the sync is run at least once daily. However, the sync can always be run "
            "more often manually via the Sync Now button."
        ),
    )
    approved_only = Switch(
        label="Sync Only Approved Bills and Vendor Credits",
        required=False,
        help_text=(
            "This allows only those bills that have been fully Approved in BILL to sync to the accounting software. "
            "Note: This setting is not reversible. Once turned on it can not be turned off."
        ),
    )
    one_way = Switch(
        label="Enable 1-Way Transactions Sync",
        required=False,
        help_text=(
            "Checking this box prevents transactions from syncing to BILL from your accounting software. This only "
            "applies to bills/invoices and payments. List items (vendors, accounts, customers, etc) will still sync "
            "2 ways. This change is irreversible and your account cannot be changed back to 2 way at any point in the "
            "future."
        ),
    )
    two_way_payments = Switch(
        label="Enable 2-Way AP Payment Sync",
        required=False,
        help_text="This allows AP payments in your accounting software to sync to BILL.",
    )
    transfer_per = forms.ChoiceField(
        label="One Funds Transfer Per",
        choices=TransferPer.choices,
        help_text=(
            "Funds transfers bring the clearing accounts back to zero. Choose what your bank's statement shows: one "
            "sum for each bank account and day, or each payment by itself. Transfers that are posted already stay as "
            "they are."
        ),
    )
    attachments = forms.ChoiceField(
        label="Attachments",
        choices=Attachments.choices,
        help_text=(
            "Files attached to bills: up to 25 MB to QuickBooks Online, up to 6 MB to BILL, each once. Those of a bill "
            "are looked for when the bill goes over or is changed; to BILL goes what is attached from then on, "
            "and nothing with 1-way transactions."
        ),
    )
    payment_terms = Switch(
        label="Sync Payment Terms",
        required=False,
        help_text=(
            "Payment terms sync both ways, and vendors carry theirs. BILL has one for each number of days; those with "
            "a discount or a day of the month stay in your accounting software. Due dates of bills sync in any case."
        ),
    )
    credits_at_once = Switch(
        label="Apply Vendor Credits At Once",
        required=False,
        help_text=(
            "A vendor credit that is applied to a bill in BILL is applied in your accounting software when the bill is "
            "paid in full. Checking this box applies it with the next sync."
        ),
    )
    master = forms.ChoiceField(
        label="Master In Case of Conflict",
        choices=SIDE_CHOICES,
        help_text=(
            "If a record is updated with different values in BILL and the accounting software before the next sync, "
            "only the values for the record set as master will be kept. The other values stay on record as a conflict."
        ),
    )
    vendor_country = forms.CharField(
        label="Country for vendors without an address",
        required=False,
        max_length=2,
        help_text=(
            "BILL needs at least a country in a vendor's address. Two letters, for example US. Left empty, vendors "
            "without an address are held until they have one."
        ),
    )
    customer_email = forms.EmailField(
        label="E-mail for customers without one",
        required=False,
        help_text=(
            "BILL needs an e-mail address for every customer. An address of your own. Left empty, customers without "
            "one are held until they have one."
        ),
    )

    def __init__(self, company: Company, stored: SyncPreferences, *args: Any, **kwargs: Any) -> None:
        names = (*GUIDE_ORDER, *AFTER_ACCOUNTS)
        super().__init__(*args, initial={name: getattr(stored, name) for name in names}, **kwargs)
        self.stored = stored
        self._add_accounts(company)
        self._add_masters()
        self._lock(company.cohort)
        self.order_fields([*GUIDE_ORDER, *self.keys, *AFTER_ACCOUNTS, *self.masters])

    def _add_accounts(self, company: Company) -> None:
        mappings = list(company.gl_mappings.select_related("account"))
        by_role = {mapping.role: mapping.account for mapping in mappings if mapping.role != GLRole.BANK_ACCOUNT}
        for role in ROLES:
            options = account_options(setup.account_choices(company, role))
            self._add_account(role, role.value, role, str(role.label), options, by_role.get(role))
        banks = [mapping for mapping in mappings if mapping.role == GLRole.BANK_ACCOUNT]
        options = account_options(setup.account_choices(company, GLRole.BANK_ACCOUNT)) if banks else []
        for mapping in banks:
            label = f"{GLRole.BANK_ACCOUNT.label} {mapping.label}"
            name = f"bank_{mapping.pk}"
            self._add_account(f"bank:{mapping.pk}", name, GLRole.BANK_ACCOUNT, label, options, mapping.account)

    def _add_masters(self) -> None:
        self.masters = {f"master_{kind.name}": kind.name for kind in service.contested_kinds()}
        choices = [("", "The same as above"), *SIDE_CHOICES]
        for name, kind in self.masters.items():
            initial = self.stored.masters.get(kind, "")
            field = MasterOfKind(label=f"Master for {KINDS[kind].plural}", choices=choices, required=False)
            field.initial = initial
            self.fields[name] = field

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.masters]

    @property
    def master_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name in self.masters]

    def _add_account(
        self, key: str, name: str, role: GLRole, label: str, options: AccountChoices, chosen: SyncedObject | None
    ) -> None:
        if chosen is not None and str(chosen.pk) not in dict(options):
            # Inactive meanwhile, or of another type: shown as what it is, and kept unless a person changes it.
            options = [(str(chosen.pk), f"{chosen} (no longer fits)"), *options]
        # A bank account always has its GL account: without one its payments could post nowhere.
        required = role is GLRole.BANK_ACCOUNT
        initial = chosen.pk if chosen else None
        note = ROLE_NOTES[role]
        self.add(key, name, AccountField(options, "Not chosen", label, note, required=required, initial=initial))

    def _lock(self, cohort: Cohort) -> None:
        """What can't be changed is greyed, and says why."""
        for name in SyncPreferences.LATCHES:
            if getattr(self.stored, name):
                self._grey(name, True, "It is on and cannot be turned off.")
        if self.stored.one_way:
            self._grey("two_way_payments", False, "Greyed because 1-Way Transactions Sync is on.")
        elif cohort is Cohort.B:
            why = "Always on for accounts signed up after 9/15/17 not created under an accountant console."
            self._grey("two_way_payments", True, why)

    def _grey(self, name: str, value: bool, why: str) -> None:
        field = self.fields[name]
        assert isinstance(field, Switch)
        field.grey(why, on=value)
        self.initial[name] = value

    def clean_vendor_country(self) -> str:
        country: str = self.cleaned_data["vendor_country"].strip().upper()
        if country and country not in COUNTRIES:
            raise forms.ValidationError("This is no country's code. Two letters of ISO 3166, for example US or GB.")
        return country

    def switched_on_for_good(self) -> list[str]:
        """The irreversible preferences that this form turns on."""
        return [name for name in SyncPreferences.LATCHES if self.cleaned_data[name] and not getattr(self.stored, name)]

    def changes(self) -> dict[str, Any]:
        """Only what differs, and nothing that is greyed."""
        names = [name for name in (*GUIDE_ORDER, *AFTER_ACCOUNTS) if not self.fields[name].disabled]
        new = {name: self.cleaned_data[name] for name in names}
        new["masters"] = {kind: side for name, kind in self.masters.items() if (side := self.cleaned_data[name])}
        return {name: value for name, value in new.items() if value != getattr(self.stored, name)}

    def accounts(self) -> dict[Any, int | None]:
        changed = set(self.changed_data)
        return {key: self.cleaned_data[name] for name, key in self.keys.items() if name in changed}


class ConfirmationForm(forms.Form):
    """An irreversible preference is turned on by typing its name."""

    def __init__(self, labels: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labels = labels
        for name, label in labels.items():
            widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "size": 50})
            self.fields[f"confirm_{name}"] = forms.CharField(label=f"Type “{label}”", widget=widget)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, label in self.labels.items():
            typed = cleaned.get(f"confirm_{name}", "")
            if typed and " ".join(typed.split()).casefold() != label.casefold():
                self.add_error(f"confirm_{name}", f"This is not its name. Type: {label}")
        return cleaned


class AccountingPreferencesForm(forms.Form):
    """The five switches. What QuickBooks has on can't be turned off here."""

    NOTES: Mapping[str, str] = {
        "account_numbers": "Account numbers are shown with account names, and sync.",
        "locations": "Locations sync, and bills carry theirs.",
        "classes": "Classes sync, and the lines of bills carry theirs.",
        "customers_in_payables": "The lines of bills carry a customer or job.",
        "items_in_payables": "Items sync, and the lines of bills can name an item instead of an account.",
    }

    def __init__(self, stored: AccountingPreferences, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in AccountingPreferences.SWITCHES:
            label = _title(name)
            field = Switch(label=label, required=False, initial=stored.uses(name), help_text=self.NOTES[name])
            if getattr(stored, f"qbo_{name}"):
                field.grey("On in QuickBooks Online, so it cannot be turned off here.", on=True)
            self.fields[name] = field

    def switches(self) -> dict[str, bool]:
        return {name: self.cleaned_data[name] for name, field in self.fields.items() if not field.disabled}


def _title(switch: str) -> str:
    field = AccountingPreferences._meta.get_field(switch)
    return str(getattr(field, "verbose_name", switch))
