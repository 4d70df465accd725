"""Count the rows of Iceberg tables with DuckDB's own Iceberg extension.

Runs in an environment of its own, with DuckDB 1.4 and its packaged extensions; it imports nothing of the
tests. Started with ``duckdb_iceberg.py METADATA_FILE...``, it prints a count per line. Nothing is downloaded
by DuckDB itself.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb


def main() -> None:
    """Load the extensions from their packages and count."""
    connection = duckdb.connect(
        config={
            "allow_unsigned_extensions": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    for name in ("avro", "iceberg"):
        package = find_spec(f"duckdb_extension_{name}")
        assert package is not None
        assert package.origin is not None
        (extension,) = Path(package.origin).parent.rglob("*.duckdb_extension")
        connection.load_extension(str(extension))
    for metadata in sys.argv[1:]:
        (count,) = connection.execute("SELECT count(*) FROM iceberg_scan(?)", [metadata]).fetchone()
        sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main()
