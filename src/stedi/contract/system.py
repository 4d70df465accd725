"""The contracts of the tables that keep the lake honest: quarantine, ledger, tombstones, runs."""

from typing import Final

from stedi.contract.column import Column, Kind, ListOf
from stedi.contract.landing import CUSTOMER, PROVENANCE
from stedi.contract.table import Contract
from stedi.names import OBJECT, QUARANTINE, RUN, TOMBSTONE, Zone

REJECTED: Final = Contract(
    name=QUARANTINE,
    zone=Zone.SYSTEM,
    grain="a rejected record",
    key=("table_name", "_digest", "_position"),
    columns=(
        Column(name="table_name", kind=Kind.STRING, doc="The landing table it was sent to.", required=True),
        Column(name="reason", kind=Kind.STRING, doc="Why it was rejected.", required=True),
        Column(name="field", kind=Kind.STRING, doc="The column at fault, where one is."),
        Column(name="raw", kind=Kind.STRING, doc="The record as it was sent: its first 64 KiB.", pii=True),
        Column(
            name="emails",
            kind=ListOf(element=Kind.STRING),
            doc="Every e-mail that can be read anywhere in the record, each once.",
            pii=True,
        ),
        Column(
            name="serial_numbers",
            kind=ListOf(element=Kind.STRING),
            doc="Every serial number that can be read anywhere in it, each once.",
            pii=True,
        ),
        Column(
            name="tombstones",
            kind=ListOf(element=Kind.STRING),
            doc="The digests of erased people whom it names without a time: it denies for them as well, "
            "until it is released.",
        ),
        Column(
            name="last_update_date",
            kind=Kind.TIMESTAMPTZ,
            doc="The latest plausible update time that can be read anywhere in it.",
        ),
        Column(
            name="released_at",
            kind=Kind.TIMESTAMPTZ,
            doc="When an operator released it: from then on it counts neither as a denial nor as a claim.",
        ),
        *PROVENANCE,
    ),
)

LEDGER: Final = Contract(
    name=OBJECT,
    zone=Zone.SYSTEM,
    grain="a landing object under one name",
    columns=(
        Column(name="table_name", kind=Kind.STRING, doc="The landing table it belongs to.", required=True),
        Column(name="path", kind=Kind.STRING, doc="The object's path or URL.", required=True, pii=True),
        Column(name="size", kind=Kind.LONG, doc="Its size in bytes.", required=True),
        Column(
            name="version",
            kind=Kind.STRING,
            doc="Its modification time in ns (local) or its ETag (S3).",
            required=True,
        ),
        Column(
            name="digest",
            kind=Kind.STRING,
            doc="128 bits of the SHA-256 of its bytes, in hex.",
            required=True,
        ),
        Column(
            name="duplicate",
            kind=Kind.BOOLEAN,
            doc="The same bytes were loaded before, under another name: nothing was loaded from this one.",
            required=True,
        ),
        Column(name="records", kind=Kind.LONG, doc="Records loaded from it.", required=True),
        Column(name="rejected", kind=Kind.LONG, doc="Records of it in quarantine.", required=True),
        Column(
            name="erased",
            kind=Kind.LONG,
            doc="Records of it that a tombstone kept out.",
            required=True,
        ),
        Column(
            name="consent_field",
            kind=Kind.BOOLEAN,
            doc=f"A record of it has the key {CUSTOMER.column('share_with_research_as_of_date').source}.",
            required=True,
        ),
        Column(
            name="newest_update",
            kind=Kind.TIMESTAMPTZ,
            doc="The newest update time among its good customer records: a rejected record of it whose own "
            "can't be read takes effect then, whatever is erased later. Null after an erasure if none is.",
        ),
        Column(name="run", kind=Kind.STRING, doc="The run that loaded it.", required=True),
    ),
)

TOMBSTONES: Final = Contract(
    name=TOMBSTONE,
    zone=Zone.SYSTEM,
    grain="an erasure of a person, or an erased device, name or phone number",
    key=("digest", "kind", "erased_at"),
    columns=(
        Column(
            name="digest",
            kind=Kind.STRING,
            doc="The customer_id or device_id of what was erased, or such a digest of a name or phone "
            "number; where the key was rotated since, and nothing of it came again, a keyed digest of that.",
            required=True,
        ),
        Column(
            name="made_with",
            kind=Kind.STRING,
            doc="The fingerprints of the keys that made the digest, with blanks between them: of the id, "
            "then of each that wrapped it when the key was rotated.",
            required=True,
        ),
        Column(
            name="kind",
            kind=Kind.STRING,
            doc="person, one for each time they were erased; "
            "device, which nobody else ever listed: its readings until then stay out; "
            "shared_device, which others listed too: its readings until then are never trusted; "
            "claimed_device, the same of one that only a record lists which was kept out since; or aside, "
            "a name or phone number: a rejected record that names nobody else is kept without its text.",
            required=True,
        ),
        Column(
            name="erased_at",
            kind=Kind.TIMESTAMPTZ,
            doc="When it was erased.",
            required=True,
        ),
        Column(
            name="latest_denial",
            kind=Kind.TIMESTAMPTZ,
            doc="Of a person: the latest update time, after the erasure, of a denial that was kept out.",
        ),
    ),
)

RUNS: Final = Contract(
    name=RUN,
    zone=Zone.SYSTEM,
    grain="a run",
    key=("run_id",),
    columns=(
        Column(
            name="run_id", kind=Kind.STRING, doc="The run's id: its start and a random part.", required=True
        ),
        Column(name="base_run_id", kind=Kind.STRING, doc="The run before it; null for the first."),
        Column(
            name="kind",
            kind=Kind.STRING,
            doc="run; maintenance, which changes files and no row, and judges nothing; erasing, a step of an "
            "erasure that is not finished; erasure, its end; rotating, a new pseudonym key whose rotation is "
            "not finished; or rotation, its end.",
            required=True,
        ),
        Column(name="started_at", kind=Kind.TIMESTAMPTZ, doc="When it began.", required=True),
        Column(name="published_at", kind=Kind.TIMESTAMPTZ, doc="When it was published.", required=True),
        Column(
            name="now",
            kind=Kind.TIMESTAMPTZ,
            doc="The time at which consent was judged.",
            required=True,
        ),
        Column(name="consent", kind=Kind.STRING, doc="The lake's consent mode.", required=True),
        Column(
            name="key_fingerprint",
            kind=Kind.STRING,
            doc="The fingerprint of the pseudonym key; the key itself is never here.",
            required=True,
        ),
        Column(name="code_version", kind=Kind.STRING, doc="The version of stedi.", required=True),
        Column(
            name="paired_exact",
            kind=Kind.LONG,
            doc="Trusted step readings with a phone reading of the same customer at the same time.",
            required=True,
        ),
        Column(
            name="paired_nearby",
            kind=Kind.LONG,
            doc="Trusted step readings with a phone reading of the same customer within 20 ms.",
            required=True,
        ),
        Column(
            name="tables",
            kind=ListOf(
                element=(
                    Column(name="table_name", kind=Kind.STRING, doc="The table.", required=True),
                    Column(
                        name="snapshot_id",
                        kind=Kind.LONG,
                        doc="Its snapshot in this run.",
                        required=True,
                    ),
                    Column(name="rows_in", kind=Kind.LONG, doc="Rows of its driving input.", required=True),
                    Column(name="used", kind=Kind.LONG, doc="Of those, rows that were used.", required=True),
                    Column(
                        name="fan_out",
                        kind=Kind.LONG,
                        doc="Rows out beyond one per used row.",
                        required=True,
                    ),
                    Column(name="rows_out", kind=Kind.LONG, doc="Rows of the table.", required=True),
                    Column(
                        name="dropped",
                        kind=ListOf(
                            element=(
                                Column(name="reason", kind=Kind.STRING, doc="Why.", required=True),
                                Column(name="rows", kind=Kind.LONG, doc="How many.", required=True),
                            )
                        ),
                        doc="Rows that a rule kept out, by reason.",
                        required=True,
                    ),
                )
            ),
            doc="What the run did, table by table.",
            required=True,
        ),
    ),
)
