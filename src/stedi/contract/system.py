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
        Column("table_name", Kind.STRING, "The landing table it was sent to.", required=True),
        Column("reason", Kind.STRING, "Why it was rejected.", required=True),
        Column("field", Kind.STRING, "The column at fault, where one is."),
        Column("raw", Kind.STRING, "The record as it was sent: its first 64 KiB.", pii=True),
        Column(
            "emails",
            ListOf(element=Kind.STRING),
            "Every e-mail that can be read anywhere in the record, each once.",
            pii=True,
        ),
        Column(
            "serial_numbers",
            ListOf(element=Kind.STRING),
            "Every serial number that can be read anywhere in it, each once.",
            pii=True,
        ),
        Column(
            "tombstones",
            ListOf(element=Kind.STRING),
            "The digests of erased people whom it names without a time: it denies for them as well, "
            "until it is released.",
        ),
        Column(
            "last_update_date",
            Kind.TIMESTAMPTZ,
            "The latest plausible update time that can be read anywhere in it.",
        ),
        Column(
            "released_at",
            Kind.TIMESTAMPTZ,
            "When an operator released it: from then on it counts neither as a denial nor as a claim.",
        ),
        *PROVENANCE,
    ),
)

LEDGER: Final = Contract(
    name=OBJECT,
    zone=Zone.SYSTEM,
    grain="a landing object under one name",
    columns=(
        Column("table_name", Kind.STRING, "The landing table it belongs to.", required=True),
        Column("path", Kind.STRING, "The object's path or URL.", required=True, pii=True),
        Column("size", Kind.LONG, "Its size in bytes.", required=True),
        Column(
            "version", Kind.STRING, "Its modification time in ns (local) or its ETag (S3).", required=True
        ),
        Column("digest", Kind.STRING, "128 bits of the SHA-256 of its bytes, in hex.", required=True),
        Column(
            "duplicate",
            Kind.BOOLEAN,
            "The same bytes were loaded before, under another name: nothing was loaded from this one.",
            required=True,
        ),
        Column("records", Kind.LONG, "Records loaded from it.", required=True),
        Column("rejected", Kind.LONG, "Records of it in quarantine.", required=True),
        Column("erased", Kind.LONG, "Records of it that a tombstone kept out.", required=True),
        Column(
            "consent_field",
            Kind.BOOLEAN,
            f"A record of it has the key {CUSTOMER.column('share_with_research_as_of_date').source}.",
            required=True,
        ),
        Column(
            "newest_update",
            Kind.TIMESTAMPTZ,
            "The newest update time among its good customer records: a rejected record of it whose own "
            "can't be read takes effect then, whatever is erased later. Null after an erasure if none is.",
        ),
        Column("run", Kind.STRING, "The run that loaded it.", required=True),
    ),
)

TOMBSTONES: Final = Contract(
    name=TOMBSTONE,
    zone=Zone.SYSTEM,
    grain="an erasure of a person, or an erased device, name or phone number",
    key=("digest", "kind", "erased_at"),
    columns=(
        Column(
            "digest",
            Kind.STRING,
            "The customer_id or device_id of what was erased, or such a digest of a name or phone "
            "number; where the key was rotated since, and nothing of it came again, a keyed digest of that.",
            required=True,
        ),
        Column(
            "made_with",
            Kind.STRING,
            "The fingerprints of the keys that made the digest, with blanks between them: of the id, "
            "then of each that wrapped it when the key was rotated.",
            required=True,
        ),
        Column(
            "kind",
            Kind.STRING,
            "person, one for each time they were erased; "
            "device, which nobody else ever listed: its readings until then stay out; "
            "shared_device, which others listed too: its readings until then are never trusted; "
            "claimed_device, the same of one that only a record lists which was kept out since; or aside, "
            "a name or phone number: a rejected record that names nobody else is kept without its text.",
            required=True,
        ),
        Column("erased_at", Kind.TIMESTAMPTZ, "When it was erased.", required=True),
        Column(
            "latest_denial",
            Kind.TIMESTAMPTZ,
            "Of a person: the latest update time, after the erasure, of a denial that was kept out.",
        ),
    ),
)

RUNS: Final = Contract(
    name=RUN,
    zone=Zone.SYSTEM,
    grain="a run",
    key=("run_id",),
    columns=(
        Column("run_id", Kind.STRING, "The run's id: its start and a random part.", required=True),
        Column("base_run_id", Kind.STRING, "The run before it; null for the first."),
        Column(
            "kind",
            Kind.STRING,
            "run; maintenance, which changes files and no row, and judges nothing; erasing, a step of an "
            "erasure that is not finished; erasure, its end; rotating, a new pseudonym key whose rotation is "
            "not finished; or rotation, its end.",
            required=True,
        ),
        Column("started_at", Kind.TIMESTAMPTZ, "When it began.", required=True),
        Column("published_at", Kind.TIMESTAMPTZ, "When it was published.", required=True),
        Column("now", Kind.TIMESTAMPTZ, "The time at which consent was judged.", required=True),
        Column("consent", Kind.STRING, "The lake's consent mode.", required=True),
        Column(
            "key_fingerprint",
            Kind.STRING,
            "The fingerprint of the pseudonym key; the key itself is never here.",
            required=True,
        ),
        Column("code_version", Kind.STRING, "The version of stedi.", required=True),
        Column(
            "paired_exact",
            Kind.LONG,
            "Trusted step readings with a phone reading of the same customer at the same time.",
            required=True,
        ),
        Column(
            "paired_nearby",
            Kind.LONG,
            "Trusted step readings with a phone reading of the same customer within 20 ms.",
            required=True,
        ),
        Column(
            "tables",
            ListOf(
                element=(
                    Column("table_name", Kind.STRING, "The table.", required=True),
                    Column("snapshot_id", Kind.LONG, "Its snapshot in this run.", required=True),
                    Column("rows_in", Kind.LONG, "Rows of its driving input.", required=True),
                    Column("used", Kind.LONG, "Of those, rows that were used.", required=True),
                    Column("fan_out", Kind.LONG, "Rows out beyond one per used row.", required=True),
                    Column("rows_out", Kind.LONG, "Rows of the table.", required=True),
                    Column(
                        "dropped",
                        ListOf(
                            element=(
                                Column("reason", Kind.STRING, "Why.", required=True),
                                Column("rows", Kind.LONG, "How many.", required=True),
                            )
                        ),
                        "Rows that a rule kept out, by reason.",
                        required=True,
                    ),
                )
            ),
            "What the run did, table by table.",
            required=True,
        ),
    ),
)
