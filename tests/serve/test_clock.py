"""Time as a person abroad means it, from the MCP endpoint to the service and back."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tests.serve.conftest import Fault, Router

DAY = date(2024, 3, 11)  # long before what the sandbox begins with
SAID = "Nine by the clock on my wall"


async def seen(router: Router, path: str, start: str, end: str) -> list[Any]:
    """The descriptions of the entries in a window, and the zone that the result tells."""
    found = await router.execute(path, "CLOCKIFY_GET_TIME_ENTRIES", start=start, end=end)
    assert found["successful"], found
    return [[entry["description"] for entry in found["data"]["timeEntries"]], found.get("zone")]


async def test_nine_is_nine_on_the_wall_of_the_user(router: Router, fault: Fault) -> None:
    """The owner of the sandbox's studio lives in Berlin. `fault` takes back what is done here."""
    await router.connect("clockify")
    path = await router.session("alice", "clockify")
    me = (await router.execute(path, "CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO"))["data"]
    zone = ZoneInfo(me["settings"]["timeZone"])
    nine = datetime.combine(DAY, time(9), zone).astimezone(UTC)
    assert nine.hour != 9  # else this test would tell nothing
    logged = await router.execute(
        path, "CLOCKIFY_CREATE_TIME_ENTRY", start=f"{DAY}T00:15:00", end=f"{DAY}T09:00:00", description=SAID, billable=False
    )
    assert logged["successful"], logged
    assert logged["zone"] == zone.key
    assert datetime.fromisoformat(logged["data"]["timeInterval"]["end"]) == nine
    # A quarter past midnight in Berlin is the day before in UTC: only a window by the wall's clock has it.
    assert await seen(router, path, f"{DAY}T00:00:00", f"{DAY}T23:59:59") == [[SAID], None]
    assert await seen(router, path, "2024-03-10T00:00:00", "2024-03-10T23:59:59") == [[], None]
    assert await seen(router, path, "2024-03-10T23:00:00Z", "2024-03-10T23:20:00Z") == [[SAID], zone.key]
    report = await router.execute(
        path,
        "CLOCKIFY_GENERATE_DETAILED_REPORT",
        dateRangeStart="2024-03-10T23:00:00Z",
        dateRangeEnd="2024-03-11T22:59:59Z",
        timeZone="Asia/Tokyo",
    )
    assert report["successful"], report
    assert report["zone"] == "Asia/Tokyo"
    assert [entry["description"] for entry in report["data"]["timeentries"]] == [SAID]
