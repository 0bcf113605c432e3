"""Every entity of the simulator. A further one is a declaration here, in entities_lists or entities_transactions."""

from __future__ import annotations

from syncapp.sandbox.qbo.declaring import Entity, Kind
from syncapp.sandbox.qbo.entities_lists import ADDRESS, EMAIL, LISTS, PHONE, WEB
from syncapp.sandbox.qbo.entities_transactions import TRANSACTION_ENTITIES
from syncapp.sandbox.qbo.fields import Anything, Bag, Choice, Flag, Group, Many, Ref, Text, same

ATTACHABLE = Entity(
    "Attachable",
    Kind.FILE,
    {
        "FileName": Text(1000),
        "Note": Text(2000),
        "ContentType": Text(100),
        "Category": Choice(("Contact Photo", "Document", "Image", "Receipt", "Signature", "Sound", "Other")),
        "AttachableRef": Many(
            Group(
                {
                    "EntityRef": Group(same(("type", "value", "name"), Text())),
                    "IncludeOnSend": Flag(),
                    "LineInfo": Text(),
                    "Inactive": Flag(),
                    "NoRefOnly": Flag(),
                    "CustomField": Anything(),
                }
            )
        ),
        "Tag": Text(2000),
        "PlaceName": Text(2000),
        **same(("Lat", "Long"), Text()),
    },
    read_only=frozenset(
        {"FileAccessUri", "TempDownloadUri", "Size", "ThumbnailFileAccessUri", "ThumbnailTempDownloadUri"}
    ),
)
COMPANY_INFO = Entity(
    "CompanyInfo",
    Kind.SINGLE,
    {
        **same(("CompanyName", "LegalName", "EmployerId", "TaxPayerId"), Text(1024)),
        **same(("CompanyAddr", "LegalAddr", "CustomerCommunicationAddr"), ADDRESS),
        **same(("Email", "CustomerCommunicationEmailAddr"), EMAIL),
        "PrimaryPhone": PHONE,
        "WebAddr": WEB,
        **same(("Country", "FiscalYearStartMonth", "SupportedLanguages", "CompanyStartDate"), Text()),
        "NameValue": Anything(),
    },
    creatable=False,
)
PREFERENCES = Entity(
    "Preferences",
    Kind.SINGLE,
    {
        "CurrencyPrefs": Group({"MultiCurrencyEnabled": Flag(), "HomeCurrency": Ref(("CompanyCurrency",))}),
        "OtherPrefs": Group({"NameValue": Many(Group(same(("Name", "Value"), Text())))}),
        **same(
            (
                "AccountingInfoPrefs",
                "ProductAndServicesPrefs",
                "SalesFormsPrefs",
                "EmailMessagesPrefs",
                "VendorAndPurchasesPrefs",
                "TimeTrackingPrefs",
                "TaxPrefs",
                "ReportPrefs",
            ),
            Bag(),
        ),
    },
    creatable=False,
    not_queryable=frozenset({"Id", "SyncToken"}),
)

# In the order in which raw data are loaded: what is referred to comes first.
ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        COMPANY_INFO,
        PREFERENCES,
        *LISTS,
        *TRANSACTION_ENTITIES,
        ATTACHABLE,
    )
}
BY_PATH: dict[str, Entity] = {entity.path: entity for entity in ENTITIES.values()}
