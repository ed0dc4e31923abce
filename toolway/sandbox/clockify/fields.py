"""Custom fields of time entries: written as `customFields`, read as `customFieldValues`."""

from typing import cast

import msgspec

from toolway.sandbox.clockify.house import Row, owned, refuse
from toolway.sandbox.clockify.plans import needs
from toolway.sandbox.world import CustomField, Entry, Workspace, World


class Value(msgspec.Struct, rename="camel"):
    """One value as it is written (schema UpdateCustomFieldRequest)."""

    custom_field_id: str
    value: object = None
    source_type: str | None = None


def check_values(world: World, home: Workspace, given: list[Value]) -> None:
    """Refuse a field that is not of the workspace, and a value that the field cannot hold."""
    if given:
        needs(home, "CUSTOM_FIELDS")
    for one in given:
        field = owned(world.custom_fields, home, one.custom_field_id, "Custom field")
        if one.source_type not in (None, "WORKSPACE", "PROJECT", "TIMEENTRY"):
            raise refuse(f"sourceType '{one.source_type}' is not one of WORKSPACE, PROJECT, TIMEENTRY")
        if one.value is not None and not _holds(field, one.value):
            raise refuse(f"Value of custom field '{field.name}' is not valid")


def _holds(field: CustomField, value: object) -> bool:
    """Whether a field of that kind can hold the value."""
    match field.kind:
        case "NUMBER":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "CHECKBOX":
            return isinstance(value, bool)
        case "DROPDOWN_SINGLE":
            return value in field.choices
        case "DROPDOWN_MULTIPLE":
            return isinstance(value, list) and all(one in field.choices for one in cast(list[object], value))
        case _:
            return isinstance(value, str)


def show_values(world: World, entry: Entry) -> list[Row]:
    """The values of an entry (schema CustomFieldValueDtoV1, whose `type` is where the value comes from)."""
    return [
        {"customFieldId": id, "timeEntryId": entry.id, "name": world.custom_fields[id].name, "type": "WORKSPACE", "value": value}
        for id, value in entry.fields.items()
        if id in world.custom_fields
    ]
