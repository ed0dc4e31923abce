"""The expense report: `generateDetailedReportV1`. Pages stand in the body; amounts are in minor units, as in every report."""

from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.files import as_asked
from toolway.sandbox.clockify.filters import Chosen, Window, fits, span
from toolway.sandbox.clockify.house import Row, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Expense, Workspace, World


class Asked(Window, rename="camel", kw_only=True):
    """The body of an expense report (schema ExpenseReportFilterV1)."""

    categories: Chosen | None = None
    note: str | None = None
    without_note: bool = False
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    sort_column: Literal["ID", "PROJECT", "USER", "CATEGORY", "DATE", "AMOUNT"] = "DATE"


def show(world: World, one: Expense) -> Row:
    """One line of the report (schema ExpenseReportDtoV1)."""
    person, category = world.people[one.person], world.categories[one.category]
    project = world.projects.get(one.project) if one.project else None
    return {
        "id": one.id,
        "workspaceId": one.workspace,
        "userId": person.id,
        "userName": person.name,
        "userEmail": person.email,
        "userStatus": person.status,
        "projectId": one.project,
        "projectName": project.name if project else None,
        "projectColor": project.color if project else None,
        "categoryId": category.id,
        "categoryName": category.name,
        "categoryUnit": category.unit,
        "categoryHasUnitPrice": category.unit is not None,
        "date": f"{one.day.isoformat()}T00:00:00Z",
        "quantity": one.quantity,
        "amount": float(one.amount),
        "billable": one.billable,
        "notes": one.notes,
        "fileId": one.file,
        "fileName": f"{one.file}.pdf" if one.file else None,
        "locked": False,
        "approvalRequestId": None,
        "invoicingInfo": None,
    }


def report(call: Call, home: Workspace, asked: Asked) -> tuple[Row, bool]:
    """One page of the report with the totals of all pages, and whether it is the last one."""
    world, window = call.world, span(call, home, asked)
    first, last = (moment.astimezone(window.zone).date() for moment in (window.begin, window.end))
    archived = {one.id for one in world.categories.values() if one.archived}
    word = (asked.note or "").casefold()
    rows = [
        one
        for one in world.expenses.values()
        if one.workspace == home.id
        and first <= one.day <= last
        and fits(world, asked, one.person, one.project, one.task)
        and (asked.categories is None or asked.categories.lets({one.category}, archived))
        and asked.billable in (None, one.billable)
        and word in one.notes.casefold()
        and not (asked.without_note and one.notes)
    ]

    def key(one: Expense) -> tuple[str | float, str, str]:
        shown = show(world, one)
        names = {"ID": "id", "PROJECT": "projectName", "USER": "userName", "CATEGORY": "categoryName"}
        if asked.sort_column == "AMOUNT":
            return one.amount, one.day.isoformat(), one.id
        name = names.get(asked.sort_column)
        return str(shown[name] or "").casefold() if name else one.day.isoformat(), one.day.isoformat(), one.id

    rows.sort(key=key, reverse=asked.sort_order != "ASCENDING")
    begin = (asked.page - 1) * asked.page_size
    totals: Row = {
        "expensesCount": len(rows),
        "totalAmount": float(sum(one.amount for one in rows)),
        "totalAmountBillable": float(sum(one.amount for one in rows if one.billable)),
    }
    shown = [show(world, one) for one in rows[begin : begin + asked.page_size]]
    return {"totals": totals, "expenses": shown}, begin + asked.page_size >= len(rows)


def _report(call: Call) -> Reply:
    home, asked = workspace_of(call), call.read(Asked)
    body, last = report(call, home, asked)
    return as_asked(body, asked.export_type, {"Last-Page": "true" if last else "false"})


ROUTES = (Route("POST", "/v1/workspaces/{workspaceId}/reports/expenses/detailed", _report, feature="EXPENSES"),)
