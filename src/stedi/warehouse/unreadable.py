"""What is raised where a file of a lake is damaged or gone, by whichever library reads it."""

import struct
import zlib
from typing import Final

from polars.exceptions import PanicException, PolarsError
from pyarrow import ArrowException
from pyiceberg.exceptions import ValidationError

from stedi.errors import CatalogError

UNREADABLE: Final = (
    CatalogError,
    OSError,
    EOFError,
    # Decoders of Avro and JSON take the bytes of a damaged file for lengths, places and kinds of values.
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    ArrowException,
    PolarsError,
    PanicException,
    ValidationError,
)
