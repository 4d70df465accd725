"""What is raised where a file of a lake is damaged or gone, by whichever library reads it."""

import struct
import zlib
from typing import Final

from polars.exceptions import ComputeError, PanicException, PolarsError
from pyarrow import ArrowException
from pyiceberg.exceptions import ValidationError

from stedi.errors import CatalogError

DECODING: Final = (
    ArrowException,
    ComputeError,
    PanicException,
    ValidationError,
    EOFError,
    UnicodeDecodeError,
    struct.error,
    zlib.error,
    # C code that is told to read a negative number of bytes.
    SystemError,
)
"""What hardly anything but a damaged file raises."""

DOUBTFUL: Final = (
    # Decoders of Avro and JSON take the bytes of a damaged file for lengths, places and kinds of values.
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
    PolarsError,
)
"""What a damaged file raises, and a wrong argument, too."""

UNREADABLE: Final = (CatalogError, OSError, *DECODING, *DOUBTFUL)
