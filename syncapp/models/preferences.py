"""What a company has chosen: sync preferences, accounting preferences, and which account stands for what."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q

from syncapp.models.companies import Company
from syncapp.models.connections import SIDE_CHOICES
from syncapp.models.fields import ExactJSONField


class CompanyOwnedQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))


class TransferPer(models.TextChoices):
    """What one funds transfer is of."""

    DAY = "day", "Bank account and day"
    PAYMENT = "payment", "Payment"


class Attachments(models.TextChoices):
    """Which way files attached to bills are sent."""

    OFF = "off", "Not sent"
    TO_QBO = "to-qbo", "From BILL to QuickBooks Online"
    BOTH = "both", "Both ways"


class SyncPreferences(models.Model):
    """The guide's Sync preferences. The two latches never go back: a database trigger holds them."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="preferences", primary_key=True)
    sync_automatically = models.BooleanField(
        default=True, help_text="Run the sync at least once daily. Sync Now works at any time besides."
    )
    approved_only = models.BooleanField(
        "Sync Only Approved Bills and Vendor Credits",
        default=False,
        help_text="Not reversible: once turned on it can't be turned off.",
    )
    one_way = models.BooleanField(
        "Enable 1-Way Transactions Sync",
        default=False,
        help_text="Transactions no longer come from QuickBooks to BILL; lists still sync both ways. Not reversible.",
    )
    two_way_payments = models.BooleanField(
        "Enable 2-Way AP Payment Sync", default=False, help_text="AP payments made in QuickBooks come to BILL."
    )
    credits_at_once = models.BooleanField(
        "Apply Vendor Credits At Once",
        default=False,
        db_default=False,
        help_text="Off: a credit applied to a bill in BILL is applied in QuickBooks when the bill is paid in full.",
    )
    transfer_per = models.CharField(
        "One Funds Transfer Per",
        max_length=10,
        choices=TransferPer.choices,
        default=TransferPer.DAY,
        db_default=TransferPer.DAY,
        help_text="As the bank's statement shows what BILL moves: in one sum a day, or payment by payment.",
    )
    attachments = models.CharField(
        max_length=10,
        choices=Attachments.choices,
        default=Attachments.TO_QBO,
        db_default=Attachments.TO_QBO,
        help_text="Which way files that are attached to bills are sent.",
    )
    payment_terms = models.BooleanField(
        "Sync Payment Terms",
        default=False,
        db_default=False,
        help_text="Payment terms sync both ways, and vendors carry theirs.",
    )
    master = models.CharField(
        "Master In Case of Conflict",
        max_length=10,
        choices=SIDE_CHOICES,
        default="billcom",
        help_text="When both sides changed the same thing, this side's value is kept; the other is on record.",
    )
    masters = ExactJSONField(
        "masters by kind",
        default=dict,
        db_default="{}",
        blank=True,
        help_text="Kind -> side, where another side than the master's is kept for records of that kind.",
    )
    vendor_country = models.CharField(
        "Country for vendors without an address",
        max_length=2,
        blank=True,
        help_text="Two letters. Empty: such vendors are held until they have an address.",
    )
    customer_email = models.EmailField(
        "E-mail for customers without one",
        blank=True,
        help_text="An address of your own. Empty: such customers are held until they have one.",
    )

    objects = CompanyOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "sync preferences"
        constraints = [
            models.CheckConstraint(
                condition=Q(vendor_country="") | Q(vendor_country__regex=r"^[A-Z]{2}$"), name="country_is_iso"
            )
        ]

    def __str__(self) -> str:
        return f"Sync preferences of {self.company}"

    @property
    def turned_on(self) -> list[str]:
        """The preferences that decide directions and are on, as people know them."""
        known = (
            ("1-Way Transactions Sync", self.one_way),
            ("2-Way AP Payment Sync", self.two_way_payments and not self.one_way),
            ("Sync Only Approved", self.approved_only),
        )
        return [name for name, on in known if on]

    LATCHES = ("approved_only", "one_way")


class AccountingPreferences(models.Model):
    """Five switches read from QuickBooks; each can be turned on in addition, never off below QuickBooks' own."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="accounting", primary_key=True)
    qbo_account_numbers = models.BooleanField(default=False, editable=False)
    qbo_locations = models.BooleanField(default=False, editable=False)
    qbo_classes = models.BooleanField(default=False, editable=False)
    qbo_class_per_line = models.BooleanField(default=False, db_default=False, editable=False)
    qbo_sales_tax = models.BooleanField(default=False, db_default=False, editable=False)
    qbo_customers_in_payables = models.BooleanField(default=False, editable=False)
    qbo_items_in_payables = models.BooleanField(default=False, editable=False)
    account_numbers = models.BooleanField("Show Account Numbers", default=False)
    locations = models.BooleanField("Use Locations", default=False)
    classes = models.BooleanField("Use Classes", default=False)
    customers_in_payables = models.BooleanField("Use Customer/Jobs in Payables", default=False)
    items_in_payables = models.BooleanField("Use Items in Payables", default=False)
    books_closed_on = models.DateField("books closed on", null=True, blank=True, editable=False)
    home_currency = models.CharField(max_length=3, blank=True, editable=False)
    read_at = models.DateTimeField("read from QuickBooks", null=True, blank=True, editable=False)

    objects = CompanyOwnedQuerySet.as_manager()

    SWITCHES = ("account_numbers", "locations", "classes", "customers_in_payables", "items_in_payables")

    class Meta:
        verbose_name = verbose_name_plural = "accounting preferences"

    def __str__(self) -> str:
        return f"Accounting preferences of {self.company}"

    def uses(self, switch: str) -> bool:
        """On in QuickBooks, or turned on here in addition."""
        return bool(getattr(self, f"qbo_{switch}") or getattr(self, switch))


class GLRole(models.TextChoices):
    """What an account can stand for."""

    BANK_ACCOUNT = "bank-account", "GL Account For Bank Account"
    UNALLOCATED_EXPENSE = "unallocated-expense", "Unallocated Expense Account"
    UNALLOCATED_INCOME = "unallocated-income", "Unallocated Income Account"
    ACCOUNTS_PAYABLE = "accounts-payable", "Accounts Payable Account"
    ACCOUNTS_RECEIVABLE = "accounts-receivable", "Accounts Receivable Account"
    DEFAULT_BANK = "default-bank", "Default Bank Account in Accounting Software"
    DEPOSIT_TO = "deposit-to", "Deposit To Account"
    MONEY_OUT_CLEARING = "money-out-clearing", "Money Out Clearing Account"
    MONEY_IN_CLEARING = "money-in-clearing", "Money In Clearing Account"
    CARD = "card", "Card Account"


class GLMapping(models.Model):
    """Which QuickBooks account stands for a BILL bank account, or for a role."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="gl_mappings")
    role = models.CharField(max_length=30, choices=GLRole.choices)
    billcom_bank_id = models.CharField("BILL bank account", max_length=40, blank=True)
    label = models.CharField(max_length=120, blank=True, help_text="The bank's name and last four digits.")
    account = models.ForeignKey(
        "SyncedObject",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": "account"},
    )

    objects = CompanyOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["company_id", "role", "label"]
        verbose_name = "GL mapping"
        constraints = [
            models.UniqueConstraint(fields=["company", "role", "billcom_bank_id"], name="one_account_per_role"),
            models.CheckConstraint(
                condition=Q(role=GLRole.BANK_ACCOUNT, billcom_bank_id__gt="")
                | (~Q(role=GLRole.BANK_ACCOUNT) & Q(billcom_bank_id="")),
                name="bank_id_only_for_banks",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.label}".strip()
