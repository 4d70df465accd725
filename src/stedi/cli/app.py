"""The commands and their options. What a command does is imported when it is called: ``--help`` is quick."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.core import TyperGroup

from stedi.cli.failure import INTERRUPTED, fail
from stedi.names import DISTRIBUTION, NAMESPACE


class Commands(TyperGroup):
    """The commands, with our own word on Ctrl-C."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override] # click's own name for it
        """Call a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail("interrupted: what was published stands, and nothing else was left behind", INTERRUPTED)


app = typer.Typer(
    name="stedi",
    cls=Commands,
    help="From raw step trainer data to a training set that holds only people who agreed.",
    epilog="Start with: stedi demo",
    no_args_is_help=True,
    add_completion=False,
    # Plain help starts in a third of the time that the decorated one takes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

LakeOption = Annotated[
    Path, typer.Option("--lake", metavar="DIR", help="The folder of the lake.", show_default=True)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
NowOption = Annotated[
    datetime | None,
    typer.Option(
        metavar="TIME",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
        help="Judge consent at this time (UTC) instead of now.",
    ),
]
WaitOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0, max=31_536_000, help="How long to wait for another run that holds the lake."
    ),
]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="RUN", help="A run id, a tag, or a time such as 2026-11-23.")
]
ReceiptOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="A receipt of an erasure that was kept elsewhere: the lake must have it. May be repeated.",
    ),
]
DEFAULT_LAKE = Path("lake")


def _version(*, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"stedi {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From raw step trainer data to a training set that holds only people who agreed."""


@app.command()
def demo(
    *,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to put the sample data and the lake.")
    ] = Path("stedi-demo"),
    customers: Annotated[int, typer.Option(min=1, help="How many customers to make up.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data.")] = 0,
    json: JsonOption = False,
) -> None:
    """Make sample data and run everything on it."""
    from stedi.cli.demo import demo as run_demo

    run_demo(folder, customers=customers, seed=seed, as_json=json)


@app.command()
def simulate(
    landing: Annotated[Path, typer.Argument(help="An empty or a new folder.", show_default=False)],
    *,
    customers: Annotated[int, typer.Option(min=1, help="How many customers to make up.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 0,
    dirt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RATE",
            help="The share of damaged records, from 0 to 1; or KIND=RATE, which may be repeated.",
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="How hard the signals are: easy, realistic or hard.")
    ] = "realistic",
    clocks: Annotated[
        str, typer.Option(metavar="WHICH", help="one: the app stamps both sensors. two: each its own.")
    ] = "one",
    order: Annotated[
        str, typer.Option(metavar="ORDER", help="How readings arrive: by time, or shuffled.")
    ] = "time",
    files: Annotated[int, typer.Option(min=1, help="Into how many files each sensor's readings go.")] = 12,
    json: JsonOption = False,
) -> None:
    """Write landing files of made-up customers."""
    from stedi.cli.simulate import simulate as run_simulate

    run_simulate(
        landing,
        customers=customers,
        seed=seed,
        dirt=dirt or [],
        preset=preset,
        clocks=clocks,
        order=order,
        files=files,
        as_json=json,
    )


@app.command()
def run(
    landing: Annotated[
        str, typer.Argument(help="The landing root: a folder or an s3:// URL.", show_default=False)
    ],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    consent: Annotated[
        str, typer.Option(metavar="MODE", help="as_of obeys when consent was given; current does not.")
    ] = "as_of",
    now: NowOption = None,
    max_rejected: Annotated[
        float, typer.Option(metavar="RATE", help="Stop if more of a table's new records are rejected.")
    ] = 0.5,
    full: Annotated[
        bool, typer.Option("--full", help="Derive everything anew: it must be what is there.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say what a run would read, add and remove.")
    ] = False,
    wait: WaitOption = 0,
    personal_data: Annotated[
        bool,
        typer.Option(
            "--personal-data", help="With --plan or --json: show the whole paths of landing objects."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Load what is new and publish all tables."""
    from stedi.cli.run import run as run_run

    run_run(
        landing,
        lake=lake,
        consent=consent,
        now=now,
        max_rejected=max_rejected,
        full=full,
        plan=plan,
        wait=wait,
        personal_data=personal_data,
        as_json=json,
    )


@app.command()
def status(
    *, lake: LakeOption = DEFAULT_LAKE, receipt: ReceiptOption = None, json: JsonOption = False
) -> None:
    """Show how the lake is: warnings, tables, runs, rejects, tags."""
    from stedi.cli.status import status as run_status

    run_status(lake, receipts=receipt or [], as_json=json)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="The table, such as machine_learning_curated.")],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many rows.")] = 10,
    at: AtOption = None,
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="Show the columns that name people.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show the first rows of a table."""
    from stedi.cli.show import show as run_show

    run_show(table, lake=lake, limit=limit, at=at, personal_data=personal_data, as_json=json)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One query, such as 'SELECT ... FROM customer_curated'.")],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    at: AtOption = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=0, help="At most so many rows.  [default: 100; with --json all]"),
    ] = None,
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="Let the query see the columns that name people.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Ask the tables a question in SQL."""
    from stedi.cli.sql import sql as run_sql

    run_sql(query, lake=lake, at=at, limit=limit, personal_data=personal_data, as_json=json)


@app.command()
def export(
    table: Annotated[str, typer.Argument(help="The table, such as machine_learning_curated.")],
    out: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    file_format: Annotated[
        str | None,
        typer.Option("--format", help="parquet, csv or ndjson; by default as the file's name ends."),
    ] = None,
    at: AtOption = None,
    personal_data: Annotated[
        bool,
        typer.Option(
            "--personal-data",
            help="Write the columns that name people, too (such as e-mail and serial number): whoever gets "
            "the file then has personal data, and no withdrawal or erasure reaches it.",
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a table into one file."""
    from stedi.cli.export import export as run_export

    run_export(
        table,
        out,
        lake=lake,
        file_format=file_format,
        at=at,
        personal_data=personal_data,
        overwrite=overwrite,
        as_json=json,
    )


@app.command()
def ddl(
    *,
    location: Annotated[
        str | None, typer.Option(metavar="URL", help="The landing root, such as s3://my-bucket/landing.")
    ] = None,
    database: Annotated[str, typer.Option(metavar="NAME", help="The Athena database.")] = NAMESPACE,
    json: JsonOption = False,
) -> None:
    """Print Athena tables over the raw landing files."""
    from stedi.cli.ddl import ddl as run_ddl

    run_ddl(location, database=database, as_json=json)


@app.command()
def quarantine(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    records: Annotated[bool, typer.Option("--records", help="List the records, not only counts.")] = False,
    personal_data: Annotated[
        bool,
        typer.Option(
            "--personal-data", help="With --records: show the raw text, and the object's whole path."
        ),
    ] = False,
    release: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Release a record: it no longer denies anything. May be repeated."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what was rejected, and why."""
    from stedi.cli.quarantine import quarantine as run_quarantine

    run_quarantine(lake, records=records, personal_data=personal_data, release=release or [], as_json=json)


@app.command()
def explain(
    who: Annotated[
        str, typer.Argument(help="An e-mail, a serial number, or a customer_id.", show_default=False)
    ],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    kind: Annotated[
        Literal["email", "serial_number", "customer_id"] | None,
        typer.Option("--as", help="What WHO is. Otherwise it is found out."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say why a person or a device is in the training data, or out."""
    from stedi.cli.explain import explain as run_explain

    run_explain(who, lake=lake, kind=kind, as_json=json)


@app.command()
def verify(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    older_than: Annotated[
        float,
        typer.Option(
            metavar="HOURS", min=0, max=876_000, help="Report files that nothing reaches from this age on."
        ),
    ] = 1.0,
    receipt: ReceiptOption = None,
    json: JsonOption = False,
) -> None:
    """Audit the whole lake by a second route."""
    from stedi.cli.verify import verify as run_verify

    run_verify(lake, older_than=older_than, receipts=receipt or [], as_json=json)


@app.command()
def report(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    at: AtOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="A file, or a folder for one of each kind; by default stdout."),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="html, md or json; by default as the file's name ends.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the privacy report of a run."""
    from stedi.cli.report import report as run_report

    run_report(lake, at=at, out=out, file_format=file_format, as_json=json)


@app.command()
def erase(
    email: Annotated[
        str, typer.Argument(help="The e-mail of the person, in any spelling.", show_default=False)
    ],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    serial: Annotated[
        bool, typer.Option("--serial", help="EMAIL is the serial number of a device of one person only.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, for the receipt; without the person's name.")
    ] = None,
    asked_by: Annotated[
        str | None, typer.Option("--by", metavar="TEXT", help="Who asked, for the receipt.  [default: you]")
    ] = None,
    device: Annotated[
        Literal["keep", "erase"] | None,
        typer.Option(
            help="Readings of devices that others listed too: keep them raw and untrusted, or erase them."
        ),
    ] = None,
    drop_tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Drop a tag that holds them. May be repeated.")
    ] = None,
    move_tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Move a tag that holds them to the newest run. May be repeated."),
    ] = None,
    rebuild_tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help="Rebuild a tag that holds them at its own run, without them. May be repeated."
        ),
    ] = None,
    landing: Annotated[
        str | None, typer.Option(metavar="ROOT", help="Rewrite the objects of a landing root, too.")
    ] = None,
    wait: WaitOption = 0,
    json: JsonOption = False,
) -> None:
    """Erase a person, with a signed receipt."""
    from stedi.cli.erase import erase as run_erase

    run_erase(
        email,
        serial=serial,
        lake=lake,
        plan=plan,
        yes=yes,
        reason=reason,
        asked_by=asked_by,
        device=device,
        drop_tags=drop_tag or [],
        move_tags=move_tag or [],
        rebuild_tags=rebuild_tag or [],
        landing=landing,
        wait=wait,
        as_json=json,
    )


@app.command("rotate-key")
def rotate_key(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    drop_tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Drop a tag: none outlives its key. May be repeated."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Give the lake a new pseudonym key."""
    from stedi.cli.rotate_key import rotate_key as run_rotate_key

    run_rotate_key(lake, plan=plan, yes=yes, drop_tags=drop_tag or [], as_json=json)


receipt_app = typer.Typer(
    name="receipt",
    help="List, show and check receipts of erasures.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(receipt_app)


@receipt_app.command("check")
def receipt_check(
    file: Annotated[Path, typer.Argument(help="The receipt, as JSON.", show_default=False)],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    json: JsonOption = False,
) -> None:
    """Check a receipt: its signature, and its place in the lake's chain."""
    from stedi.cli.receipt import check

    check(file, lake=lake, as_json=json)


@receipt_app.command("list")
def receipt_list(*, lake: LakeOption = DEFAULT_LAKE, json: JsonOption = False) -> None:
    """List the receipts of a lake."""
    from stedi.cli.receipt import listed

    listed(lake=lake, as_json=json)


@receipt_app.command("show")
def receipt_show(
    number: Annotated[int, typer.Argument(help="Its number, as stedi receipt list shows it.", min=1)],
    *,
    lake: LakeOption = DEFAULT_LAKE,
    json: JsonOption = False,
) -> None:
    """Show a receipt, for people."""
    from stedi.cli.receipt import show as run_show

    run_show(number, lake=lake, as_json=json)


@app.command()
def tag(
    name: Annotated[str | None, typer.Argument(help="The new tag; without one, the tags are listed.")] = None,
    *,
    lake: LakeOption = DEFAULT_LAKE,
    json: JsonOption = False,
) -> None:
    """Name the newest run, to find it again."""
    from stedi.cli.tag import tag as run_tag

    run_tag(name, lake=lake, as_json=json)


@app.command()
def upgrade(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would change, and change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Bring a lake of an older version to this one's format."""
    from stedi.cli.upgrade import upgrade as run_upgrade

    run_upgrade(lake, plan=plan, as_json=json)


@app.command()
def maintain(
    *,
    lake: LakeOption = DEFAULT_LAKE,
    keep_days: Annotated[
        int, typer.Option(metavar="N", min=0, max=36_500, help="For how many days old runs stay readable.")
    ] = 30,
    older_than: Annotated[
        float,
        typer.Option(
            metavar="HOURS", min=0, max=876_000, help="Delete files that nothing reaches from this age on."
        ),
    ] = 1.0,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and change nothing.")] = False,
    wait: WaitOption = 0,
    json: JsonOption = False,
) -> None:
    """Merge small files and remove what nobody needs."""
    from stedi.cli.maintain import maintain as run_maintain

    run_maintain(lake, keep_days=keep_days, older_than=older_than, plan=plan, wait=wait, as_json=json)
