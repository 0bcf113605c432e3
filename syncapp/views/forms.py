"""What people type, checked where it comes in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from syncapp.models import Firm, Role
from syncapp.models.connections import SIDE_CHOICES

AccountChoices = Sequence[tuple[str, str]]


class NewCompanyForm(forms.Form):
    name = forms.CharField(label="Company name", max_length=200)
    firm = forms.ModelChoiceField(
        queryset=Firm.objects.none(),
        required=False,
        empty_label="No firm: the company has a BILL account of its own",
        help_text="Choose your firm when the company is under its accountant console.",
    )
    signed_up_on = forms.DateField(
        label="Signed up with BILL on",
        initial=date.today,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Decides, for a company without a firm, which payments sync: the rules changed on 9/15/17.",
    )

    def __init__(self, firms: QuerySet[Firm], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["firm"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.initial = firms, firms.first()

    def clean_signed_up_on(self) -> date:
        day: date = self.cleaned_data["signed_up_on"]
        if day > timezone.now().date():
            raise forms.ValidationError("This day is still to come.")
        return day


def administered_firms(user: User) -> QuerySet[Firm]:
    """The firms in which this person may make companies."""
    if user.is_superuser:
        return Firm.objects.all()
    return Firm.objects.filter(memberships__user=user, memberships__role=Role.ADMINISTRATOR)


def _secret(label: str) -> forms.CharField:
    """Never sent back to the browser, whatever else is wrong with the form."""
    widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}, render_value=False)
    return forms.CharField(label=label, required=False, strip=True, max_length=500, widget=widget)


def _plain(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, required=False, max_length=254, help_text=help_text, widget=widget)


class ConnectBillcomForm(forms.Form):
    """Three ways to sign in to BILL; only the fields of the chosen one count."""

    # Each way: the two fields that carry it, in the order of name and secret.
    WAYS: Mapping[str, tuple[str, str]] = {
        "sync-token": ("token_name", "token_value"),
        "user": ("username", "password"),
        "console": ("console_email", "console_api_token"),
    }

    sign_in = forms.ChoiceField(
        label="Sign in with",
        initial="sync-token",
        widget=forms.RadioSelect,
        choices=[
            ("sync-token", "Sync token (recommended)"),
            ("user", "BILL user"),
            ("console", "Accountant console"),
        ],
    )
    token_name = _plain("Token name", "In BILL: Settings, Sync & Integrations, Tokens.")
    token_value = _secret("Token value")
    username = _plain("User name", "A user with the Administrator or Accountant role, or a custom role that may sync.")
    password = _secret("Password")
    console_email = _plain("Console e-mail", "What you sign in to the accountant console with.")
    console_api_token = _secret("Console API token")
    organization_id = forms.CharField(
        label="Organization ID",
        max_length=40,
        help_text="In BILL: Settings, Sync & Integrations, Manage Developer Keys. It starts with 008.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    developer_key = _secret("Developer key")

    def __init__(self, *args: Any, key_needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if key_needed:
            self.fields["developer_key"].required = True
        else:
            del self.fields["developer_key"]

    def clean_organization_id(self) -> str:
        # Reference: BILL docs, API conventions: ids are 20 characters, and an organization's start with 008.
        given: str = self.cleaned_data["organization_id"]
        if not re.fullmatch(r"008[0-9A-Za-z]{17}", given):
            raise forms.ValidationError("An organization ID has 20 letters and digits and starts with 008.")
        return given

    def clean_console_email(self) -> str:
        given: str = self.cleaned_data["console_email"]
        if given and self.data.get("sign_in") == "console":
            forms.EmailField().clean(given)
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.WAYS.get(cleaned.get("sign_in", ""), ()):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, f"Enter the {str(self.fields[name].label).lower().replace('api', 'API')}.")
        return cleaned

    def arguments(self) -> dict[str, str]:
        """What ``connect_billcom`` wants to know."""
        name, secret = self.WAYS[self.cleaned_data["sign_in"]]
        return {
            "sign_in": self.cleaned_data["sign_in"],
            "username": self.cleaned_data[name],
            "password": self.cleaned_data[secret],
            "organization_id": self.cleaned_data["organization_id"],
            "developer_key": self.cleaned_data.get("developer_key", ""),
        }

    def ways(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(way, [self[name] for name in names]) for way, names in self.WAYS.items()]


def account_options(accounts: Any) -> list[tuple[str, str]]:
    """An account list as a select shows it: number first, as a chart of accounts is read."""
    rows = accounts.order_by("number", "label").values_list("pk", "number", "label")
    return [(str(pk), f"{number} {label}".strip()) for pk, number, label in rows]


class AccountField(forms.TypedChoiceField):
    """One account of the imported chart, by its key."""

    def __init__(self, options: AccountChoices, empty: str, label: str, help_text: str = "", **kwargs: Any) -> None:
        choices = [("", empty), *options]
        super().__init__(choices=choices, coerce=int, empty_value=None, label=label, help_text=help_text, **kwargs)


class FirstSyncForm(forms.Form):
    """Asked before the first sync, because that is when the two sides differ most."""

    master = forms.ChoiceField(
        label="Master In Case of Conflict",
        choices=SIDE_CHOICES,
        widget=forms.RadioSelect,
        help_text=(
            "If a record has different values in BILL and the accounting software, only the values of the master are "
            "kept. It can be changed any time in Sync preferences."
        ),
    )


class AccountsForm(forms.Form):
    """One select per thing an account is chosen for; ``keys`` maps its name in the form to what it stands for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys: dict[str, Any] = {}

    def add(self, key: Any, name: str, field: AccountField) -> None:
        self.keys[name] = key
        self.fields[name] = field

    def chosen(self) -> dict[Any, int | None]:
        return {key: self.cleaned_data[name] for name, key in self.keys.items()}
