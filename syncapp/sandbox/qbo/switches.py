"""What is not known of the real QuickBooks Online, each as a switch with a stated default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class QboSwitches:
    """A field per open point. A default is what documents or recorded answers make likely."""

    qbo_unique_credit_numbers: bool = False
    """A number that another credit of the vendor has is refused."""
    qbo_merge_touches_transactions: bool = False
    """Transactions that a merge gives another vendor or customer are new versions, and told as changed."""
    qbo_balance_moves_time: bool = True
    """A balance that changes moves LastUpdatedTime of the account, vendor or customer, and not its SyncToken."""
    qbo_newest_first: bool = False
    """A query that asks for no order answers the highest ids first."""
    qbo_cdc_inclusive: bool = True
    """Change data capture answers what changed in the very second of changedSince, too."""
    qbo_cdc_too_old_code: str = "4001"
    """The code for a changedSince more than 30 days back."""
    qbo_open_balance_keeps_active: bool = True
    """The API can't make a vendor, customer or account with a balance inactive; otherwise the balance simply stays."""
    qbo_inactive_names_stay_taken: bool = True
    """An inactive vendor, customer, account … still keeps its name from others (6240)."""
    qbo_subcustomers_differ_by_path: bool = False
    """Two sub-customers may have one DisplayName when their parents differ."""
    qbo_account_number_length: int = 20
    """How long AcctNum of an account may be; some documents say 7 for the US."""
    qbo_inactive_reference_code: str = "610"
    """The code for naming something inactive: 610 or 2500."""
    qbo_kept_inactive_references_pass: bool = True
    """A record that already names something inactive can be updated without replacing it."""
    qbo_null_clears: bool = True
    """null in a sparse update empties the property; otherwise it is as if it was not sent. "" empties it always."""
    qbo_sparse_keeps_references: bool = False
    """A reference that a sparse update empties stays as it is, without an error."""
    qbo_untracked: str = "kept"
    """A class or location where the company tracks none: "kept", "dropped" without a word, or "refused" with 5020."""
    qbo_customer_line_is_billable: bool = True
    """An expense line with a customer and no BillableStatus becomes Billable."""
    qbo_duplicate_bill_numbers: str = "vendor"
    """Bill numbers that are warned about (6140) must differ per "vendor" or in the whole "company"."""
    qbo_dropped_link_lowers_total: bool = False
    """A payment line that is left out without an error takes its amount out of TotalAmt."""
    qbo_paid_bill_stays: bool = False
    """Deleting a bill or credit that is paid is refused; otherwise the payment stays, unapplied."""
    qbo_linked_invoice_stays: bool = True
    """Deleting an invoice that is paid is refused until it is unlinked."""
    qbo_void_reply: str = "full"
    """What a void answers: the "full" emptied record, or a "stub" with status Voided."""
    qbo_api_voids_everything: bool = False
    """The API can void purchases, transfers, credit memos and refunds as a person can."""
    qbo_requestid_hours: int = 24
    """For how long a request with the same requestid gets the first one's answer."""
    qbo_requestid_mismatch: str = "replay"
    """The same requestid with another body: "replay" the first answer, or "refuse"."""
    qbo_requestid_keeps_faults: bool = False
    """A refusal, too, is answered again to the same requestid."""
    qbo_refresh_rotation_hours: int = 24
    """After how long a refresh answers a new refresh token and the old one dies; 0 = every time."""
    qbo_double_refresh_revokes: bool = False
    """Using a refresh token that has been replaced ends the whole connection."""
    qbo_lost_access_status: int = 400
    """The status of code 120, when the person who connected is no administrator any more: 400 or 401."""
    qbo_subscription_ended: bool = False
    """Every write is refused with 6190."""
    qbo_retry_after: bool = False
    """A 429 names the seconds to wait in Retry-After."""
    qbo_needs_json_accept: bool = True
    """A call that does not accept application/json is refused, where the real one would answer in XML."""
