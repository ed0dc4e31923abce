"""What a workspace's plan allows: features, length of reports, number of webhooks, requests an hour.

The names of plans and features are those of the vendor's document (FeaturePlan, Feature); which plan has which is told there only for some.
The numbers for webhooks and the month of a free report are the document's; the free plan's requests an hour are the help centre's.
"""

from datetime import timedelta

from toolway.sandbox.clockify.house import forbidden, refuse
from toolway.sandbox.world import Workspace

_FREE = ("TIME_TRACKING", "SHARED_REPORTS", "CSV_EXPORT", "BILLABLE_HOURS", "PROJECT_ESTIMATE", "ONE_MONTH_RANGE_REPORTS")
_BASIC = (
    "ADD_TIME_FOR_OTHERS",
    "BULK_EDIT",
    "HISTORIC_RATES",
    "REQUIRED_FIELDS",
    "PROJECT_TEMPLATES",
    "XLSX_EXPORT",
    "ONE_YEAR_RANGE_REPORTS",
)
_STANDARD = ("TIME_OFF", "APPROVAL", "INVOICING", "TASK_RATES", "MANAGER_ROLE", "WORKSPACE_LOCK_TIMEENTRIES")
_PRO = ("LABOR_COST", "SCHEDULING", "EXPENSES", "CUSTOM_FIELDS", "CLIENT_CURRENCY")
_ENTERPRISE = ("UNLIMITED_REPORTS", "AUDIT_LOG", "CUSTOM_SUBDOMAIN", "SSO")

_PLANS = {
    "FREE": _FREE,
    "BASIC": (*_FREE, *_BASIC),
    "STANDARD": (*_FREE, *_BASIC, *_STANDARD),
    "PRO": (*_FREE, *_BASIC, *_STANDARD, *_PRO),
    "ENTERPRISE": (*_FREE, *_BASIC, *_STANDARD, *_PRO, *_ENTERPRISE),
}
FREE_REQUESTS, FREE_WINDOW = 30, timedelta(hours=1)


def features(home: Workspace) -> list[str]:
    """What the workspace's plan holds."""
    return list(_PLANS[home.plan])


def needs(home: Workspace, feature: str) -> None:
    """Refuse what the plan does not hold."""
    if feature not in _PLANS[home.plan]:
        raise forbidden(f"{feature} is not available on your current plan")


def check_length(home: Workspace, length: timedelta) -> None:
    """Refuse a report that is longer than the plan allows: 31 days on FREE, a year below ENTERPRISE."""
    most = 31 if home.plan == "FREE" else 366
    if home.plan != "ENTERPRISE" and length > timedelta(days=most):
        raise refuse(f"Date range cannot be longer than {most} days on your current plan")


def webhooks_left(home: Workspace, of_person: int, of_all: int) -> bool:
    """Whether one more webhook may be made: 3 on FREE; 10 a person and 100 in all; 100 and 300 on ENTERPRISE."""
    if home.plan == "FREE":
        return of_all < 3
    each, whole = (100, 300) if home.plan == "ENTERPRISE" else (10, 100)
    return of_person < each and of_all < whole
