"""Reports as files: `exportType` CSV, or ZIP with the CSV in it. The document has PDF and XLSX too; these are not played."""

import csv
import io
import zipfile
from typing import cast

from toolway.sandbox.clockify.house import Row, refuse
from toolway.sandbox.wire import Reply

_ROWS = ("timeentries", "groupOne", "expenses")


def as_asked(report: Row, kind: str, headers: dict[str, str] | None = None) -> Reply:
    """A report in the form that is asked for."""
    if kind in ("JSON", "JSON_V1"):
        return Reply(report, headers=headers or {})
    if kind not in ("CSV", "ZIP"):
        raise refuse(f"the sandbox does not play this yet: exportType {kind}")
    text = _csv(report)
    if kind == "CSV":
        return _file(text, "text/csv", "report.csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("report.csv"), text)
    return _file(packed.getvalue(), "application/zip", "report.zip")


def _csv(report: Row) -> bytes:
    """The rows of a report, whichever it has; what is nested stands under its own name."""
    name = next(name for name in _ROWS if name in report)
    rows = [_flat(row) for row in cast(list[Row], report[name])]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _flat(row: Row) -> Row:
    """A row without rows in it; the tags by their names."""
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found.update(cast(Row, value))
        elif name == "tags" and isinstance(value, list):
            found[name] = ", ".join(str(tag["name"]) for tag in cast(list[Row], value))
        elif not isinstance(value, list):
            found[name] = value
    return found


def _file(body: bytes, kind: str, name: str) -> Reply:
    return Reply(body, headers={"content-type": kind, "content-disposition": f'attachment; filename="{name}"'})
