"""What is not known of the real BILL, each as a switch with a stated default, so that clients are tested both ways."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class BillcomSwitches:
    """A field per open point. A default is what the documents make likely, or else what is harder on a client."""

    billcom_paging: str = "keyset"
    """How page tokens work: "keyset" goes on after the last record; "offset" counts, so moving records are missed."""
    billcom_empty_last_page: bool = False
    """A full last page still has a nextPage, which leads to an empty page."""
    billcom_lists_include_archived: bool = True
    """Lists that don't filter by ``archived`` show archived records too."""
    billcom_default_sort: str = "createdTime:asc"
    """The order of a list that asks for none."""
    billcom_payments_filter_by_vendor: bool = True
    """Payments can be filtered by ``vendorId``, not by their times alone."""
    billcom_payments_show_reference: bool = False
    """Reading a recorded payment shows ``syncReference``, ``classifications`` and the like, not only its creation."""

    billcom_unknown_fields: str = "refuse"
    """A field that BILL does not know: "refuse" with BDC_1143, or "ignore"."""
    billcom_validation_code: str = "BDC_1000"
    """The code of "field: must not be null"; empty for problems without any code."""
    billcom_null_clears: bool = True
    """null in a PATCH empties a field; otherwise it is passed over (an empty text always empties it)."""
    billcom_patch_merges_objects: bool = True
    """A nested object in a PATCH is merged into the old one; otherwise it takes its place."""
    billcom_numeric_texts: bool = False
    """Amounts may be written as texts."""
    billcom_archived_editable: bool = False
    """An archived record can be edited without restoring it."""
    billcom_archived_references: str = "refuse"
    """A new reference to an archived record: "refuse" or "allow"."""

    billcom_not_in_plan: str = ""
    """What the company's plan or the user's role doesn't have, by name, with commas: "invoices,payment-terms"."""
    billcom_network_keeps_vendors: bool = True
    """Name, address, e-mail and phone of a vendor that is connected in the BILL network can't be changed."""
    billcom_document_polls: int = 1
    """How often an upload's status is asked for until the file is filed."""
    billcom_document_seconds: int = 3600
    """After how long a file is filed, whether its status is asked for or not."""
    billcom_tax_by_line: bool = False
    """Sales tax is rounded line by line, not once for the whole."""
    billcom_unique_names: bool = False
    """A name that another record of the kind has (in the same parent) is refused with BDC_1171."""
    billcom_unique_bill_numbers: bool = False
    """A number that another bill of the vendor has is refused with BDC_1171."""
    billcom_partial_bulk: bool = False
    """Where all-or-nothing is not promised, a bulk call keeps what came before the first bad record."""

    billcom_paid_bill_edits: str = "coding"
    """What may change on a bill with payments: "all", "coding" (texts and classifications) or "none"."""
    billcom_approved_bill_edits: str = "all"
    """What may change on an approved bill: "all", "no-amount" or "none"."""
    billcom_edit_resets_approval: bool = False
    """Changing the amount of an approved bill sends it back to its approvers."""
    billcom_archive_paid_bill: bool = False
    """A bill with payments can be archived."""
    billcom_approval_touches_bill: bool = False
    """``updatedTime`` of a bill moves when an approver acts."""
    billcom_payment_touches_bill: bool = False
    """``updatedTime`` of a bill moves when it is paid, scheduled, credited, or a payment of it voided."""
    billcom_due_less_scheduled: bool = True
    """``dueAmount`` is less what is scheduled, not only what is paid."""
    billcom_approval_before_payment: bool = True
    """A bill that waits for approval, or was denied, can't be paid through BILL."""

    billcom_overpay: bool = False
    """A payment may be more than what is due on a bill."""
    billcom_credit_only_payment: bool = True
    """A recorded payment of no money that applies credits alone is allowed."""
    billcom_void_at_once: bool = True
    """A void is done when it is asked for; otherwise it is pending until the next day."""
    billcom_clearing_days: int = 2
    """Days from the process date of a payment made through BILL until it is cleared."""

    billcom_permission_code: str = "BDC_1103"
    """The code of "you do not have permission" (403), which is not documented."""
    billcom_missing_status: int = 404
    """The status of an id that does not exist."""
    billcom_missing_code: str = "BDC_1143"
    """The code of an id that does not exist, which is not documented."""
    billcom_limit_status: int = 429
    """The status that goes with BDC_1144 and BDC_1322."""
    billcom_sync_token_reads_organization: bool = True
    """A sync token may read the organization, which is documented as the administrator's."""
    billcom_sync_token_writes_classifications: bool = True
    """A sync token may make and change accounts, classes and the like."""
    billcom_mask_tax_id: bool = False
    """A vendor's tax id is shown masked."""
    billcom_mask_account_number: bool = True
    """A bank account's number is shown masked but for its last four digits."""

    billcom_v3_session_in_v2: bool = True
    """A session of v3 is good for v2 as well."""
    billcom_sync_token_money_movement: bool = True
    """Money movements can be listed with a sync token."""
    billcom_movement_grouping: str = "day"
    """BILL debits the bank once per "day" and account, or once per "payment"."""
    billcom_webhook_escaped: bool = True
    """The body of a notification is a JSON text that holds JSON, as the documents say; otherwise plain JSON."""
