"""stedi ddl."""

import sys

from stedi.cli.output import print_json
from stedi.contract.athena import check_location, landing_ddl

_EXAMPLE = "s3://my-bucket/landing"


def ddl(location: str | None, *, database: str, as_json: bool) -> None:
    """Print the statements that make the raw landing files queryable in Athena."""
    root = check_location(location if location is not None else _EXAMPLE)
    statements = landing_ddl(location=root, database=database)
    if as_json:
        print_json({"database": database, "location": root, "statements": statements})
        return
    if location is None:
        sys.stdout.write(f"-- {_EXAMPLE} is an example: name your landing root with --location\n\n")
    sys.stdout.write("\n".join(f"{statement};\n" for statement in statements.values()))
