"""No sentence of the set-up guide is without a test that proves it.

The three sections stand in tests/support/setup_guide.txt, as their author wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.services import test_matrix_runs as runs
from tests.services import test_setup_guide as guide
from tests.services import test_things_to_know as things
from tests.views import test_preferring as pages
from tests.views import test_syncing as syncing
from tests.views import test_walking_to_preferences as walks

GUIDE = Path(__file__).parent.parent / "support" / "setup_guide.txt"
HEADINGS = ("Sync preferences", "Accounting preferences", "Things to know")
Test = Callable[..., Any]

SWITCHES: tuple[Test, ...] = (guide.test_they_are_set_by_what_is_set_in_quickbooks,)
PROVED_BY: dict[str, tuple[Test, ...]] = {
    "After the first sync completes, fill out sync preferences.": (
        walks.test_sync_preferences_are_reached_edited_and_saved,
    ),
    "Some fields will be pre-filled, review to ensure the corrects accounts have been selected.": (
        guide.test_some_fields_will_be_pre_filled,
    ),
    "Select Settings": (walks.test_sync_preferences_are_reached_edited_and_saved,),
    "Under Sync, select Preferences": (walks.test_sync_preferences_are_reached_edited_and_saved,),
    "Select Edit": (walks.test_sync_preferences_are_reached_edited_and_saved,),
    "Select the QuickBooks Online accounts to use (we filled the list with your QuickBooks Online Chart of Accounts "
    "during the first sync) for the following settings (if applicable):": (
        pages.test_the_accounts_come_from_the_imported_chart,
        pages.test_every_field_of_the_guide_is_there_in_its_order,
    ),
    "Sync Automatically": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "Checking this box ensures that the sync is run at least once daily.": (
        guide.test_the_sync_is_run_at_least_once_daily,
    ),
    "However, the sync can always be run more often manually via the Sync Now button.": (
        guide.test_the_sync_can_always_be_run_more_often,
        syncing.test_sync_now_starts_a_run_and_shows_it,
    ),
    "Sync Only Approved Bills and Vendor Credits": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "Note: This setting is not reversible.": (guide.test_these_settings_are_not_reversible,),
    "Once turned on it can not be turned off.": (
        guide.test_these_settings_are_not_reversible,
        pages.test_what_is_on_for_good_is_greyed_and_stays_on,
    ),
    "This allows only those bills that have been fully Approved in Bill.com to sync to the accounting software": (
        guide.test_only_bills_that_have_been_fully_approved_sync,
    ),
    "Enable 1-Way Transactions Sync": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "Checking this box prevents transactions from syncing to Bill.com from your accounting software.": (
        guide.test_one_way_keeps_transactions_from_bill_and_lists_still_go_two_ways,
        runs.test_each_cell_is_what_a_run_does,
    ),
    "This only applies to bills/invoices and payments.": (
        guide.test_one_way_only_applies_to_bills_invoices_and_payments,
    ),
    "List items (vendors, accounts, customers, etc) will still sync 2 ways.": (
        guide.test_one_way_keeps_transactions_from_bill_and_lists_still_go_two_ways,
        runs.test_each_cell_is_what_a_run_does,
    ),
    "This change is irreversible and your account cannot be changed back to 2 way at any point in the future.": (
        guide.test_these_settings_are_not_reversible,
    ),
    "Enable 2-Way AP Payment Sync": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "This allows AP payments in your accounting software to sync to Bill.com": (
        guide.test_ap_payments_of_the_accounting_software_come_to_bill,
    ),
    "Unallocated Expense Account": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "This is where bills with no GL accounts specified in Bill.com will post to during the sync": (
        guide.test_bills_with_no_gl_account_post_to_the_unallocated_expense_account,
    ),
    "Default Bank Account in Accounting Software": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "This is the default bank account used to record any payments made outside of Bill.com": (
        guide.test_payments_made_outside_post_from_the_default_bank_account,
    ),
    "Deposit To Account": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "Ex: Undeposited Funds is frequently used to record check payments received, but not yet deposited": (
        guide.test_some_fields_will_be_pre_filled,
    ),
    "This is the default account to record payments received outside of Bill.com": (
        guide.test_payments_received_outside_are_recorded_in_the_deposit_to_account,
    ),
    "GL Account For Bank Account XXXX": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "This is where funds transfers for payments made/received through the specified bank account will post": (
        guide.test_funds_transfers_post_to_the_gl_account_of_the_bank_account,
    ),
    "Master In Case of Conflict": (pages.test_every_field_of_the_guide_is_there_in_its_order,),
    "If a record is updated with different values in Bill.com and the accounting software before the next sync, only "
    "the values for the record set as master will be kept.": (guide.test_only_the_values_of_the_master_are_kept,),
    "Select Save": (walks.test_sync_preferences_are_reached_edited_and_saved,),
    "The following settings will be set based on settings within QuickBooks Online:": SWITCHES,
    "Show Account Numbers": SWITCHES,
    "Use Locations": SWITCHES,
    "Use Classes": SWITCHES,
    "Use Customer/Jobs in Payables": SWITCHES,
    "Use Items in Payables": SWITCHES,
    "To set additional or update preferences:": (guide.test_others_can_be_turned_on_in_addition,),
    "Under Accounting, select Preferences": (
        walks.test_accounting_preferences_are_reached_edited_and_saved_and_another_sync_is_run,
    ),
    "Turn on any other settings that will need to be available in Bill.com": (
        guide.test_others_can_be_turned_on_in_addition,
        guide.test_what_is_on_in_quickbooks_is_turned_off_there,
    ),
    "Select Sync and Sync Now to run another sync": (
        walks.test_accounting_preferences_are_reached_edited_and_saved_and_another_sync_is_run,
    ),
    "The sync setup with QuickBooks Online is now complete.": (guide.test_others_can_be_turned_on_in_addition,),
    "The sync will only pull in invoices created or updated within the last 90 days from the date the sync is first "
    "set up": (
        guide.test_only_invoices_of_the_last_ninety_days_are_pulled_in,
        things.test_the_pages_say_which_invoices_come_before_the_first_sync_is_started,
    ),
    "If an invoice older than 90 days need to be synced over to Bill.com, select Edit and then Save on the invoice - "
    "this will trigger an update.": (guide.test_an_older_invoice_comes_after_edit_and_save,),
    "Since the sync queries for recent updates, the next sync will now pull in that invoice due to the update.": (
        guide.test_an_older_invoice_comes_after_edit_and_save,
    ),
    "The initial sync will bring in both active and inactive objects (chart of accounts, vendors, customers, etc.).": (
        guide.test_the_first_sync_brings_active_and_inactive_ones,
    ),
    "This allows future updates to those objects to sync.": (
        guide.test_the_first_sync_brings_active_and_inactive_ones,
    ),
    "If you don't see the described feature available in Bill.com, you may not have access to the feature based on "
    "permissions for your role and/or your plan doesn't have this feature.": (
        guide.test_what_the_role_or_plan_does_not_have_is_said,
    ),
    "If you wish to get access to the feature, please review the available plans for Bill.com and upgrade accordingly "
    "or contact the Administrator of your Bill.com account.": (
        guide.test_what_the_role_or_plan_does_not_have_is_said,
        things.test_the_pages_say_what_plan_and_role_have_to_do_with_it,
    ),
    "Changes in monthly user fees may apply.": (things.test_the_pages_say_what_plan_and_role_have_to_do_with_it,),
}


def sentences() -> set[str]:
    found: set[str] = set()
    for line in GUIDE.read_text().splitlines():
        words = line.strip().lstrip("-").strip()
        found |= {each.strip() for each in re.split(r"(?<=[a-z)]\.)\s+(?=[A-Z])", words) if each.strip()}
    return found - set(HEADINGS)


def test_every_sentence_of_the_guide_is_proved_by_a_test() -> None:
    assert sentences() == set(PROVED_BY)
