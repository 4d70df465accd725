"""The columns of a frame that holds one dataclass a row."""

from dataclasses import fields
from typing import Any, get_args


def columns_of(record: type) -> dict[str, Any]:
    """Return the name and the type of each field, as Polars takes them for a schema."""
    return {field.name: (get_args(field.type) or (field.type,))[0] for field in fields(record)}
