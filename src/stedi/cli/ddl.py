"""stedi ddl."""

import sys
from typing import Annotated

import typer

from stedi.cli import options as opt
from stedi.cli.output import Output
from stedi.contract.athena import check_location, landing_ddl
from stedi.names import NAMESPACE

_EXAMPLE = "s3://my-bucket/landing"


def ddl_command(
    *,
    location: Annotated[
        str | None, typer.Option(metavar="URL", help="The landing root, such as s3://my-bucket/landing.")
    ] = None,
    database: Annotated[str, typer.Option(metavar="NAME", help="The Athena database.")] = NAMESPACE,
    json: opt.JsonOption = False,
) -> None:
    """Print Athena tables over the raw landing files."""
    root = check_location(location if location is not None else _EXAMPLE)
    statements = landing_ddl(location=root, database=database)
    told = "\n".join(f"{statement};\n" for statement in statements.values())
    if location is None:
        told = f"-- {_EXAMPLE} is an example: name your landing root with --location\n\n{told}"
    Output(json=json).show(
        lambda: {"database": database, "location": root, "statements": statements},
        lambda _: sys.stdout.write(told),
    )
