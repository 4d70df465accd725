"""The outline of a value that holds rows: shapes, columns and counts, never a row.

A notebook prints whatever stands last in a cell, and a log whatever is put into it: what holds people's rows
must not show them then.
"""

from collections.abc import Mapping, Sized
from dataclasses import fields, is_dataclass
from typing import Final

_OF_ROWS: Final = frozenset({"polars", "narwhals", "pyarrow", "numpy"})


def outline(value: object) -> str:
    """Return what stands for a dataclass or a NamedTuple where it is printed: its ``__repr__`` returns it.

    Examples:
        >>> from typing import NamedTuple
        >>> import polars as pl
        >>> class Sent(NamedTuple):
        ...     table: str
        ...     records: pl.DataFrame
        ...     def __repr__(self):
        ...         return outline(self)
        >>> Sent("customer_landing", pl.DataFrame({"email": ["ann@example.com"]}))
        Sent(table='customer_landing', records=<1 row: email>)
    """
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.repr]
    else:
        names = list(getattr(value, "_fields", ()))
    held = ", ".join(f"{name}={_brief(getattr(value, name))}" for name in names)
    return f"{type(value).__qualname__}({held})"


def _brief(held: object) -> str:
    if type(held).__module__.partition(".")[0] in _OF_ROWS:
        return _shape(held)
    if isinstance(held, bytes):
        return f"<{_count(len(held), 'byte')}>"
    if isinstance(held, Mapping | list | tuple | set | frozenset):
        return f"<{_count(len(held), 'item')}>"
    return repr(held)


def _shape(held: object) -> str:
    """Return the shape of rows; of lazy ones nothing is known without reading them."""
    # Lazy frames have no height, and warn where they are asked for columns.
    height = getattr(held, "height", None) if "Lazy" not in type(held).__name__ else None
    if isinstance(height, int):
        return f"<{_count(height, 'row')}: {', '.join(getattr(held, 'columns', ()))}>"
    if isinstance(held, Sized) and "Lazy" not in type(held).__name__:
        return f"<{_count(len(held), 'value')}>"
    return f"<{type(held).__name__}>"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
