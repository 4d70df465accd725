"""A column of a table: its name, its type, and what a value must be to be let in."""

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The type of a column, in Iceberg's words."""

    STRING = "string"
    LONG = "long"
    INT = "int"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMPTZ = "timestamptz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """The type of a column that holds a list: of values of a kind, or of records, each with these fields."""

    element: "Kind | tuple[Column, ...]"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract.

    Attributes:
        name: The column's name in frames and tables: snake_case.
        kind: Its type.
        doc: What it means, with its unit where it has one.
        source: The name that the source gives it; ``None`` for a column that stedi makes. Matched
            without regard to case.
        required: A value must be there (and, for a string, not be blank).
        pii: The column can name a person, by itself or with little help.
    """

    name: str
    kind: Kind | ListOf
    doc: str
    _: KW_ONLY
    source: str | None = None
    required: bool = False
    pii: bool = False
